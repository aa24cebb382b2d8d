"""The outer wall: one warm process in bubblewrap, and the kernels that it forks.

What it shows: the system's programs and libraries, this Python, the package without the parts for
instructors, the data. All read-only. What it hides: everything else, the network, other processes.
"""

from __future__ import annotations

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
from dataclasses import asdict
from pathlib import Path
from typing import Any

from belgrade import data
from belgrade.checks.live import AS_IN_JUPYTER
from belgrade.grading.zygote import CHANNELS, CONTROL_FD, MESSAGE, SCRATCH

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


class SandboxError(Exception):
    """The sandbox does not work here; the text says what to do."""


def shown() -> list[Path]:
    """Return the folders, besides the system's, that a kernel in the sandbox can read."""
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


def command(arguments: list[str], user: int, memory: int) -> list[str]:
    """Return the bubblewrap command that runs this Python with `arguments` behind the wall.

    `user` is whom the process becomes by itself when root starts it, else 0; `memory` is the
    size in bytes of the only place that can be written.
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
    for name in ETC:
        wall += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    wall += ["--proc", "/proc", "--size", "65536", "--tmpfs", "/dev", "--dir", "/dev/shm"]
    for name in DEVICES:
        wall += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    wall += ["--remount-ro", "/dev"]
    # bubblewrap would make the folders above what it binds for its own user alone.
    above = {a for place in shown() for a in place.parents} | {Path("/box")}
    for place in sorted(above - {Path("/")}):
        wall += ["--perms", "0755", "--dir", str(place)]
    for place in shown():
        wall += ["--ro-bind", str(place), str(place)]
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
        self._init, self.kernel = init, kernel

    def is_alive(self) -> bool:
        """Tell whether the kernel runs."""
        return self.kernel >= 0 and not select.select([self.kernel], [], [], 0)[0]

    def signal(self, number: int) -> None:
        """Send the kernel a signal, if it is still there."""
        if self.kernel >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.kernel, number)

    def kill(self) -> None:
        """End the kernel and all that it started, at once."""
        if self._init >= 0:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._init, signal.SIGKILL)

    def close(self) -> None:
        """Kill, and let go of the handles."""
        self.kill()
        for handle in (self._init, self.kernel):
            if handle >= 0:
                os.close(handle)
        self._init = self.kernel = -1


class Sandbox:
    """The outer wall with its warm process; `launch` gives a kernel. A context manager."""

    def __init__(self, limits: Any) -> None:
        self.limits = limits
        self._process: subprocess.Popen | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Sandbox:
        if platform.system() != "Linux" or not shutil.which("bwrap"):
            raise SandboxError(remedy(""))
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        user = NOBODY if os.geteuid() == 0 else 0
        settings = {"user": user, "paths": [str(PACKAGE.parent), *sys.path], "modules": MODULES}
        start = ["-I", "-u", "-c", START, json.dumps(settings)]
        self._folder = tempfile.TemporaryDirectory(prefix="belgrade-")
        self.folder = Path(self._folder.name)
        self._told = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the sandbox
        os.set_inheritable(theirs.fileno(), True)
        self._control = mine
        full = command(start, user, self.limits.scratch)
        try:
            self._process = subprocess.Popen(
                ["sh", "-c", f'exec "$@" {CONTROL_FD}<&{theirs.fileno()}', "sh", *full],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._told,
                pass_fds=[theirs.fileno()],
            )  # fmt: skip
            theirs.close()
            mine.settimeout(START_TIMEOUT_S)
            try:
                ready = mine.recv(16)
            except TimeoutError:
                ready = b""
            if ready != b"ready":
                raise SandboxError(remedy(self._words()))
            self.launch(self.folder).close()  # the inner wall works as well
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        self._control.close()
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._told.close()
        self._folder.cleanup()

    def _words(self) -> str:
        self._told.seek(0)
        return self._told.read()[-2000:].decode("utf-8", "replace")

    def request(self, folder: Path) -> dict[str, Any]:
        """Ask for a kernel that listens in `folder`; return what `collect` and a client need."""
        ports = {name: number for number, name in enumerate(CHANNELS, 1)}
        connection = {
            "ip": str(folder / "k"), "transport": "ipc", "key": os.urandom(16).hex(),
            "signature_scheme": "hmac-sha256", "hb_port": 5,
            **{f"{name}_port": number for name, number in ports.items()},
        }  # fmt: skip
        message = {
            "ip": "k", "key": connection["key"], "ports": ports,
            "signature_scheme": connection["signature_scheme"], "limits": asdict(self.limits),
        }  # fmt: skip
        listening = []
        for number in ports.values():
            one = socket.socket(socket.AF_UNIX)
            one.bind(f"{connection['ip']}-{number}")
            one.listen(16)
            listening.append(one)
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with self._lock:
                handles = [one.fileno() for one in [theirs, *listening]]
                socket.send_fds(self._control, [json.dumps(message).encode()], handles)
        except OSError:
            raise SandboxError(remedy(self._words())) from None
        finally:
            for one in [theirs, *listening]:
                one.close()
        return {"connection": connection, "answer": mine}

    def collect(self, asked: dict[str, Any]) -> Handle:
        """Return the handle of the kernel that was asked for."""
        with asked["answer"] as answer:
            answer.settimeout(KERNEL_TIMEOUT_S)
            try:
                told, handles, _, _ = socket.recv_fds(answer, MESSAGE, 2)
            except TimeoutError:
                told, handles = b"no answer", []
        if told != b"ok" or len(handles) != 2:
            raise SandboxError(remedy(told.decode("utf-8", "replace") or self._words()))
        return Handle(*handles)

    def launch(self, folder: Path) -> Handle:
        """Ask for a kernel in `folder` and wait until it is there."""
        return self.collect(self.request(folder))


# Beside its file the warm process needs `walls`; an isolated Python has no folder of its own.
START = """\
import sys
sys.path.insert(0, "/box")
import walls, zygote
del sys.path[0]
zygote.main()
"""


def remedy(words: str) -> str:
    """Return what to do where the sandbox does not work, given what it said."""
    return words or "no bubblewrap"
