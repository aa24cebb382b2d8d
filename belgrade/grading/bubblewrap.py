"""The outer layer of the sandbox: what of this machine the process in bubblewrap sees.

What it shows: the system's programs and libraries, this Python, the package without the parts for
instructors, the data. All read-only. What it hides: everything else, the network, other processes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from belgrade import INSTRUCTORS, data
from belgrade.checks.status import AS_IN_JUPYTER
from belgrade.grading.forkserver import SCRATCH

PACKAGE = Path(__file__).resolve().parents[1]
# What a student's code has no business with, where the package is seen.
HIDDEN = (*INSTRUCTORS, "checks/packed")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
ETC = "alternatives fonts ld.so.cache ld.so.conf ld.so.conf.d localtime nsswitch.conf timezone"
DEVICES = ("null", "zero", "full", "random", "urandom")


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
    seen = [place.resolve() for place in [*map(Path, SYSTEM), *shown()]]
    needed = {Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), PACKAGE}
    home = Path(os.path.expanduser("~"))
    places = {Path(p).resolve() for p in [*private, *checkout, home]}
    return sorted(
        p
        for p in places - needed
        if p.is_dir() and any(p != s and p.is_relative_to(s) for s in seen)
    )


def command(
    arguments: list[str], user: int, memory: int, private: Iterable[Path] = ()
) -> list[str]:
    """Return the bubblewrap command that runs this Python with `arguments`.

    `user` is whom the process becomes by itself when root starts it, else 0; `memory` is the
    size in bytes of the only place that can be written; `private` are folders that nobody may see.
    """
    options = ["bwrap", "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL"]
    options += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    options += ["--unshare-cgroup-try", "--hostname", "grading"]
    options += (
        ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if user else ["--unshare-user"]
    )
    for name in SYSTEM:
        if os.path.islink(name):
            options += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            options += ["--ro-bind", name, name]
    options += ["--proc", "/proc", "--size", "65536", "--tmpfs", "/dev", "--dir", "/dev/shm"]
    for name in DEVICES:
        options += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    options += ["--remount-ro", "/dev"]
    for name in ("/box", "/etc"):
        options += ["--perms", "0755", "--dir", name]
    for name in ETC.split():
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    hidden = covered(private)
    needed = PACKAGE, data.folder().resolve(), Path(sys.prefix), Path(sys.base_prefix)
    inner = [p for p in needed if any(p.is_relative_to(h) for h in hidden)]
    # Outer folders first: what is hidden in them covers them, and what is needed covers that.
    for place in sorted({*shown(), *hidden, *inner}, key=lambda p: len(p.parts)):
        # bubblewrap would make the folders above for its own user alone.
        for above in reversed(place.parents[:-1]):
            options += ["--perms", "0755", "--dir", str(above)]
        if place in hidden:
            options += ["--size", "65536", "--perms", "0755", "--tmpfs", str(place)]
        elif place.resolve() != place:
            options += ["--symlink", str(place.resolve()), str(place)]
        else:
            options += ["--ro-bind", str(place), str(place)]
    for place in hidden:
        options += ["--remount-ro", str(place)]
    for name in HIDDEN:
        if (PACKAGE / name).is_dir():
            options += ["--size", "4096", "--perms", "0555", "--tmpfs", str(PACKAGE / name)]
            options += ["--remount-ro", str(PACKAGE / name)]
    for name in ("forkserver.py", "isolation.py"):
        options += ["--ro-bind", str(Path(__file__).with_name(name)), f"/box/{name}"]
    options += ["--size", str(memory), "--perms", "1777", "--tmpfs", SCRATCH, "--chdir", SCRATCH]
    if not any(p.is_relative_to("/tmp") for p in shown()):
        options += ["--symlink", SCRATCH, "/tmp"]
    for name, value in environment().items():
        options += ["--setenv", name, value]
    return [*options, "--remount-ro", "/", "--", sys.executable, *arguments]


def environment() -> dict[str, str]:
    """Return all environment variables of students' code in the sandbox."""
    return {
        "PATH": f"{sys.prefix}/bin:/usr/bin:/bin",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "LANG": "C.UTF-8",
        "BELGRADE_WORK": f"{SCRATCH}/my_work",
        "BELGRADE_DATA": str(data.folder().resolve()),
        "PYTHONDONTWRITEBYTECODE": "1",
        # pip gives up at once where there is no network.
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        **ENVIRONMENT,
    }


ENVIRONMENT = {
    "BELGRADE_EXAM": "1",
    "PYTHONUTF8": "1",
    "PYTHONHASHSEED": "0",
    # One thread for each: several share the processors.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    **AS_IN_JUPYTER,
}
