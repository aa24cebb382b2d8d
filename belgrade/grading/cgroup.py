"""A control group for all kernels together, where this user may make one.

The limits of a process do not bound what many processes use; a control group of version 2 does
(https://docs.kernel.org/admin-guide/cgroup-v2.html): memory, to which files in memory count, and
the number of processes. Where there is none to be had, the system ends a submission's processes
first if memory runs out.
"""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Any

MOUNT = Path("/sys/fs/cgroup")
NEEDED = {"memory", "pids"}
# What the fork server itself and the pages that the system keeps may take, in bytes.
COMMON_MEMORY = 2**30
LEAVE_S = 2


def group_for(limits: Any, workers: int, mount: Path = MOUNT, own: str | None = None) -> str:
    """Return the path of a new group for `workers` kernels within `limits`, or "".

    It is made below the nearest group above this process where this user may; `own` is this
    process's, read from /proc if not given.
    """
    if own is None:
        own = ""
        with contextlib.suppress(OSError):
            lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
            own = next((line[3:] for line in lines if line.startswith("0::")), "")
    place = mount / own.lstrip("/")
    made = {
        "memory.max": COMMON_MEMORY + (workers + 1) * limits.memory,
        "pids.max": 64 + (workers + 1) * limits.processes,
    }
    for parent in [place, *place.parents] if own else []:
        if not parent.is_relative_to(mount):
            break
        group = parent / f"belgrade-{os.getpid()}-{time.monotonic_ns()}"
        with contextlib.suppress(OSError):
            passed_on = (parent / "cgroup.subtree_control").read_text(encoding="utf-8").split()
            if not {*passed_on} >= NEEDED or not os.access(parent / "cgroup.procs", os.W_OK):
                continue
            group.mkdir()
            for name, value in made.items():
                (group / name).write_text(str(value), encoding="ascii")
            with contextlib.suppress(OSError):  # a system without swap
                (group / "memory.swap.max").write_text("0", encoding="ascii")
            return str(group)
        leave(str(group))
    return ""


def leave(group: str) -> None:
    """Remove a group once its processes, which have been killed, are gone."""
    end = time.monotonic() + LEAVE_S
    while group and os.path.isdir(group) and time.monotonic() < end:
        with contextlib.suppress(OSError):
            os.rmdir(group)
            return
        time.sleep(0.02)
