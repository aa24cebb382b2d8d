"""The outer wall: one warm process in bubblewrap, and the kernels that it forks.

What it shows: the system's programs and libraries, this Python, the package without the parts for
instructors, the data. All read-only. What it hides: everything else, the network, other processes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from belgrade import data
from belgrade.checks.words import AS_IN_JUPYTER
from belgrade.grading import GradingError
from belgrade.grading.cgroup import group_for, leave
from belgrade.grading.remedies import remedy
from belgrade.grading.zygote import CHANNELS, MESSAGE, SCRATCH

PACKAGE = Path(__file__).resolve().parents[1]
# What a student's code has no business with, where the package is seen.
HIDDEN = ("authoring", "grading", "checks/packed")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "fonts", "localtime",
       "timezone", "nsswitch.conf")  # fmt: skip
DEVICES = ("null", "zero", "full", "random", "urandom")
NOBODY = 65534
START_TIMEOUT_S = 120
KERNEL_TIMEOUT_S = 30
MODULES = (
    "belgrade.figures", "belgrade.report", "belgrade.journal", "belgrade.takeaway",
    "belgrade.methods", "belgrade.explorers", "statistics", "datetime", "itertools",
    "collections", "json", "math", "random", "re",
)  # fmt: skip


class KernelError(GradingError):
    """A kernel cannot be had; the text says why and what to do."""


class SandboxError(KernelError):
    """The sandbox does not work here; the text says what to do."""


def shown() -> list[Path]:
    """Return the folders, besides the system's, that a kernel in the sandbox can read.

    A place and what it resolves to are both among them.
    """
    places = [Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parents[1]]
    places += [
        Path(p) for p in sys.path if p and {"site-packages", "dist-packages"} & {*Path(p).parts}
    ]
    places += [PACKAGE, data.folder().resolve()]
    found: list[Path] = []
    for place in [*places, *(p.resolve() for p in places)]:
        inside = any(place.is_relative_to(f) for f in [*found, *map(Path, SYSTEM)])
        if place.is_dir() and place != Path("/") and not inside:
            found.append(place)
    return found


def covered(private: Iterable[Path] = ()) -> list[Path]:
    """Return the folders to hide in what is shown: those in `private`, this checkout, the home.

    A checkout in /usr/src or below Python's own folder would be seen with its keys otherwise.
    """
    checkout = [PACKAGE.parent] if (PACKAGE.parent / "pyproject.toml").is_file() else []
    seen = [Path(place).resolve() for place in [*SYSTEM, *shown()]]
    needed = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), PACKAGE}
    places = {Path(p).resolve() for p in [*private, *checkout, os.path.expanduser("~")]}
    return sorted(
        p for p in places - needed
        if p.is_dir() and any(p != s and p.is_relative_to(s) for s in seen)
    )  # fmt: skip


def command(
    arguments: list[str], user: int, memory: int, private: Iterable[Path] = ()
) -> list[str]:
    """Return the bubblewrap command that runs this Python with `arguments` behind the wall.

    `user` is whom the process becomes by itself when root starts it, else 0; `memory` is the
    size in bytes of the only place that can be written; `private` are folders that nobody may see.
    """
    wall = ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    wall += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    wall += ["--unshare-cgroup-try", "--hostname", "grading"]
    wall += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if user else ["--unshare-user"]
    for place in SYSTEM:
        if os.path.islink(place):
            wall += ["--symlink", os.readlink(place), place]
        elif os.path.isdir(place):
            wall += ["--ro-bind", place, place]
    wall += ["--proc", "/proc", "--size", "65536", "--tmpfs", "/dev", "--dir", "/dev/shm"]
    for name in DEVICES:
        wall += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    wall += ["--remount-ro", "/dev"]
    for place in ("/box", "/etc"):
        wall += ["--perms", "0755", "--dir", place]
    for name in ETC:
        wall += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    hidden = covered(private)
    needed = PACKAGE, data.folder().resolve(), Path(sys.prefix), Path(sys.base_prefix)
    inner = [p for p in needed if any(p.is_relative_to(h) for h in hidden)]
    # Outer folders first: what is hidden in them covers them, and what is needed covers that.
    for place in sorted({*shown(), *hidden, *inner}, key=lambda p: len(p.parts)):
        # bubblewrap would make the folders above for its own user alone.
        for above in reversed(place.parents[:-1]):
            wall += ["--perms", "0755", "--dir", str(above)]
        if place in hidden:
            wall += ["--size", "65536", "--perms", "0755", "--tmpfs", str(place)]
        elif place.resolve() != place:
            wall += ["--symlink", str(place.resolve()), str(place)]
        else:
            wall += ["--ro-bind", str(place), str(place)]
    for place in hidden:
        wall += ["--remount-ro", str(place)]
    for name in HIDDEN:
        if (PACKAGE / name).is_dir():
            wall += ["--size", "4096", "--perms", "0555", "--tmpfs", str(PACKAGE / name)]
            wall += ["--remount-ro", str(PACKAGE / name)]
    for name in ("zygote.py", "walls.py"):
        wall += ["--ro-bind", str(Path(__file__).with_name(name)), f"/box/{name}"]
    wall += ["--size", str(memory), "--perms", "1777", "--tmpfs", SCRATCH, "--chdir", SCRATCH]
    if not any(p.is_relative_to("/tmp") for p in shown()):
        wall += ["--symlink", SCRATCH, "/tmp"]
    for name, value in environment().items():
        wall += ["--setenv", name, value]
    return [*wall, "--remount-ro", "/", "--", sys.executable, *arguments]


def environment() -> dict[str, str]:
    """Return all environment variables of a kernel in the sandbox."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "LANG": "C.UTF-8",
        "IPYTHONDIR": f"{SCRATCH}/.ipython",
        "MPLCONFIGDIR": f"{SCRATCH}/.matplotlib",
        "BELGRADE_WORK": f"{SCRATCH}/my_work",
        "BELGRADE_DATA": str(data.folder().resolve()),
        "BELGRADE_EXAM": "1",
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        # One thread a kernel: several kernels share the processors.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
        **AS_IN_JUPYTER,
    }


class Handle:
    """A kernel behind the inner wall: process 1 of its namespace, and the kernel itself."""

    def __init__(self, init: int, kernel: int) -> None:
        self._init, self.kernel, self._lock = init, kernel, threading.Lock()

    def is_alive(self) -> bool:
        """Tell whether the kernel runs."""
        with self._lock:
            return self.kernel >= 0 and not select.select([self.kernel], [], [], 0)[0]

    async def ended(self) -> None:
        """Return once the kernel has ended."""
        while self.is_alive():
            await asyncio.sleep(0.02)

    def signal(self, number: int) -> None:
        """Send the kernel a signal, if it is still there."""
        self._send(self.kernel, number)

    def kill(self) -> None:
        """End the kernel and all that it started, at once."""
        self._send(self._init, signal.SIGKILL)

    def _send(self, handle: int, number: int) -> None:
        with self._lock, contextlib.suppress(ProcessLookupError):
            if handle >= 0 and self.kernel >= 0:
                signal.pidfd_send_signal(handle, number)

    def close(self) -> None:
        """Kill, and let go of the handles."""
        self.kill()
        with self._lock:
            for handle in (self._init, self.kernel):
                if handle >= 0:
                    os.close(handle)
            self._init = self.kernel = -1


@dataclass
class Asked:
    """A kernel that was asked for: how to connect to it, and where the answer comes."""

    connection: dict[str, Any]
    answer: socket.socket


class Sandbox:
    """The outer wall with its warm process. A context manager; SandboxError if it fails."""

    def __init__(self, limits: Any, workers: int = 1, private: Iterable[Path] = ()) -> None:
        self.limits, self.workers, self.private = limits, workers, list(private)
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Sandbox:
        if platform.system() != "Linux" or not shutil.which("bwrap"):
            raise SandboxError(remedy())
        self._folder = tempfile.TemporaryDirectory(prefix="belgrade-", ignore_cleanup_errors=True)
        self.folder = Path(self._folder.name)
        self._told = tempfile.TemporaryFile()
        self._group = group_for(self.limits, self.workers)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        user = NOBODY if os.geteuid() == 0 else 0
        settings = {
            "user": user, "paths": [str(PACKAGE.parent), *sys.path], "modules": MODULES,
            "control": theirs.fileno(),
        }  # fmt: skip
        start = ["-I", "-c", START, json.dumps(settings)]
        full = command(start, user, self.limits.scratch, self.private)
        # The shell puts itself, and so what it becomes, into the group.
        enter = f'echo $$ >"{self._group}/cgroup.procs" || exit 1; ' if self._group else ""
        try:
            with theirs:
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", f'{enter}exec "$@"', "sh", *full],
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._told,
                    pass_fds=[theirs.fileno()],
                )  # fmt: skip
            self._await()
            (self.folder / "first").mkdir()
            self.collect(self.request(self.folder / "first")).close()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _await(self) -> None:
        """Wait until the warm process has imported everything."""
        self._control.settimeout(START_TIMEOUT_S)
        try:
            ready = self._control.recv(16)
        except (TimeoutError, ConnectionError):
            ready = b""
        if ready != b"ready":
            raise SandboxError(remedy(self._words()))

    def __exit__(self, *error: Any) -> None:
        with self._lock:
            self._control.close()
            if self._process:
                self._process.kill()
                self._process.wait()
                self._process = None
            self._told.close()
            self._folder.cleanup()
            leave(self._group)

    def is_alive(self) -> bool:
        """Tell whether the warm process is there, and with it the kernels."""
        process = self._process
        return process is not None and process.poll() is None

    def _words(self) -> str:
        """Return what bubblewrap and the warm process said."""
        self._told.seek(0)
        return self._told.read()[-2000:].decode("utf-8", "replace")

    def request(self, folder: Path) -> Asked:
        """Ask for a kernel that listens in the empty folder `folder`, and do not wait for it."""
        ports = {name: number for number, name in enumerate(CHANNELS, 1)}
        connection = {
            "ip": str(folder / "k"), "transport": "ipc", "key": os.urandom(16).hex(),
            "signature_scheme": "hmac-sha256", "hb_port": len(CHANNELS) + 1,
            **{f"{name}_port": number for name, number in ports.items()},
        }  # fmt: skip
        message = {
            "ports": ports, "key": connection["key"], "limits": asdict(self.limits),
            "signature_scheme": connection["signature_scheme"],
        }  # fmt: skip
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as stack:
            sockets = [stack.enter_context(theirs)]
            for number in ports.values():
                one = stack.enter_context(socket.socket(socket.AF_UNIX))
                one.bind(f"{connection['ip']}-{number}")
                one.listen(16)
                sockets.append(one)
            handles = [one.fileno() for one in sockets]
            with self._lock:
                if not self.is_alive():
                    mine.close()
                    raise KernelError("The sandbox has ended.")
                socket.send_fds(self._control, [json.dumps(message).encode()], handles)
        return Asked(connection, mine)

    def collect(self, asked: Asked) -> Handle:
        """Return the handle of the kernel that was asked for, once it is there."""
        with asked.answer as answer:
            answer.settimeout(KERNEL_TIMEOUT_S)
            try:
                told, handles, _, _ = socket.recv_fds(answer, MESSAGE, 2)
            except OSError:
                told, handles = b"no answer", []
        if told == b"ok" and len(handles) == 2:
            return Handle(*handles)
        if not self.is_alive():
            raise KernelError("The sandbox has ended.")
        raise SandboxError(remedy(told.decode("utf-8", "replace")))


# Isolated, Python has no folder of its own to import from; afterwards nobody needs this one.
START = """\
import sys
sys.path.insert(0, "/box")
import walls, zygote
del sys.path[0]
zygote.main()
"""
