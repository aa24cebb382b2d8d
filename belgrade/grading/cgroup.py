"""A control group for all kernels together, where this user may make one.

The limits of a process do not bound what many processes use. A control group does (version 2, see
https://docs.kernel.org/admin-guide/cgroup-v2.html): of memory, which files in memory count to, and
of the number of processes. Where there is none to be had, each process still has its own limits,
and the system ends a submission's processes first if memory runs out.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

MOUNT = Path("/sys/fs/cgroup")
NEEDED = {"memory", "pids"}
# What the warm process itself and the pages that the system keeps may take, in bytes.
COMMON_MEMORY = 2**30
LEAVE_S = 2


def group_for(limits: Any, workers: int, mount: Path = MOUNT, own: str | None = None) -> str:
    """Return the path of a new group for `workers` kernels within `limits`, or "".

    It is made below the nearest group above this process where this user may; `own` is this
    process's, read from /proc if not given.
    """
    own = _own() if own is None else own
    if not own:
        return ""
    place = mount / own.lstrip("/")
    for parent in [place, *place.parents]:
        if not parent.is_relative_to(mount):
            break
        if not _passes_on(parent):
            continue
        group = parent / f"belgrade-{os.getpid()}-{time.monotonic_ns()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            memory = COMMON_MEMORY + (workers + 1) * limits.memory
            _write(group / "memory.max", memory)
            _write(group / "pids.max", 64 + (workers + 1) * limits.processes)
            with contextlib.suppress(OSError):  # a system without swap
                _write(group / "memory.swap.max", 0)
            if os.access(parent / "cgroup.procs", os.W_OK):
                return str(group)
        except OSError:
            pass
        leave(str(group))
    return ""


def leave(group: str) -> None:
    """Remove a group once its processes, which have been killed, are gone."""
    end = time.monotonic() + LEAVE_S
    while group:
        try:
            os.rmdir(group)
            return
        except FileNotFoundError:
            return
        except OSError:
            if time.monotonic() > end:
                return
            time.sleep(0.02)


def _own() -> str:
    """Return this process's group of version 2, or ""."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            if line.startswith("0::"):
                return line.removeprefix("0::")
    return ""


def _passes_on(group: Path) -> bool:
    """Tell whether groups below this one can have the limits that are needed."""
    try:
        passed = (group / "cgroup.subtree_control").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return set(passed) >= NEEDED


def _write(file: Path, value: int) -> None:
    file.write_text(str(value), encoding="ascii")
