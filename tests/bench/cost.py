"""What commands cost with all that they start: seconds, processor time, peak memory.

Kernels are killed and nobody waits for them, so that the system's own count of children misses
them. Where a control group (version 2) can be made, its count is used, which is exact; elsewhere
each process counts with what it had used when last looked at, a little too low.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SAMPLE_S = 0.2
MB = 2**20


@dataclass
class Cost:
    """Seconds, processor seconds and megabytes of memory; `exact` is about the processor's.

    `peak_pss` counts memory that processes share once (PSS), `peak_rss` for each. `samples`
    holds a row each time it was looked: (what `progress` told, MB of the command, MB of the warm
    process).
    """

    seconds: float = 0
    cpu: float = 0
    exact: bool = False
    peak_pss: float = 0
    peak_rss: float = 0
    samples: list[tuple[int, float, float]] = field(default_factory=list)


def lines_of(path: str | Path) -> list[str]:
    """Return the lines of a file of the system's."""
    return Path(path).read_text(encoding="utf-8").splitlines()


class Group:
    """A control group of our own, or none where this user may make none."""

    def __init__(self) -> None:
        self.path: Path | None = None
        with contextlib.suppress(OSError, StopIteration):
            mounts = [line.split() for line in lines_of("/proc/mounts")]
            mount = next(m[1] for m in mounts if m[2] == "cgroup2")
            group = next(x[3:] for x in lines_of("/proc/self/cgroup") if x.startswith("0::"))
            path = Path(mount, group.lstrip("/"), f"bench-{os.getpid()}-{time.monotonic_ns()}")
            path.mkdir()
            self.path = path
            (path / "run").mkdir()
            if lines_of(path / "cgroup.controllers"):
                # The sandbox then makes its own group in here.
                (path / "cgroup.subtree_control").write_text("+memory +pids", encoding="ascii")

    def enter(self) -> str:
        """Return what a shell runs to put itself into the group."""
        return f'echo $$ >"{self.path}/run/cgroup.procs"; ' if self.path else ""

    def cpu(self) -> float | None:
        """Return the processor seconds of all that was ever in it, None without a group."""
        if not self.path:
            return None
        rows = dict(line.split() for line in lines_of(self.path / "cpu.stat"))
        return int(rows["usage_usec"]) / 1e6

    def close(self) -> None:
        """Remove it, once what was in it has ended."""
        for _ in range(50):
            with contextlib.suppress(OSError):
                for folder in (self.path / "run", self.path) if self.path else ():
                    if folder.exists():
                        folder.rmdir()
                return
            time.sleep(0.05)


def measured(
    scripts: list[str],
    folder: Path,
    environment: dict[str, str] | None = None,
    progress: Callable[[], int] | None = None,
) -> Cost:
    """Return the Cost of shell scripts that run at the same time in `folder`.

    Raises RuntimeError with its last words where one fails.
    """
    cost, group, cpu_by_process = Cost(), Group(), {}
    start = time.monotonic()
    logs = [folder / f"bench-{n}.log" for n in range(len(scripts))]
    running = []
    for script, log in zip(scripts, logs, strict=True):
        with log.open("wb") as file:
            process = subprocess.Popen(
                ["/bin/sh", "-c", group.enter() + script],
                cwd=folder,
                env=os.environ | (environment or {}),
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
            running.append(process)
    try:
        while alive := [process for process in running if process.poll() is None]:
            sample(running, cost, cpu_by_process, progress)
            with contextlib.suppress(subprocess.TimeoutExpired):
                alive[0].wait(SAMPLE_S)
        cost.seconds = time.monotonic() - start
        group_cpu = group.cpu()
        cost.exact, cost.cpu = group_cpu is not None, group_cpu or sum(cpu_by_process.values())
    finally:
        for process in running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        group.close()
    for process, log in zip(running, logs, strict=True):
        if process.returncode != 0:
            raise RuntimeError(log.read_text(encoding="utf-8", errors="replace")[-3000:])
    return cost


def sample(
    running: list[subprocess.Popen],
    cost: Cost,
    cpu_by_process: dict[tuple[int, float], float],
    progress: Callable[[], int] | None,
) -> None:
    """Look once at all processes and note in `cost` and `cpu_by_process` what is new."""
    rss = pss = command = 0.0
    fork_servers: list[tuple[float, float]] = []
    for started in running:
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(started.pid)
            for process in [root, *root.children(recursive=True)]:
                with contextlib.suppress(psutil.Error, OSError):
                    times, born = process.cpu_times(), process.create_time()
                    cpu_by_process[process.pid, born] = times.user + times.system
                    size = process.memory_info().rss / MB
                    rss += size
                    pss += pss_mb(process.pid, size)
                    line = process.cmdline()
                    if "forkserver.main" in "".join(line) and "bwrap" not in line[0]:
                        fork_servers.append((born, size))
                    elif "belgrade.cli" in line:
                        command = size
    cost.peak_rss, cost.peak_pss = max(cost.peak_rss, rss), max(cost.peak_pss, pss)
    if progress and command and fork_servers:
        cost.samples.append((progress(), command, min(fork_servers)[1]))


def pss_mb(pid: int, rss: float) -> float:
    """Return a process's memory in MB, where what it shares counts in part (PSS); else `rss`."""
    with contextlib.suppress(OSError, StopIteration):
        lines = lines_of(f"/proc/{pid}/smaps_rollup")
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
    return rss
