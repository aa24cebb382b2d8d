"""The sandbox holds: what a question sees, reaches, uses up and leaves; what to do without."""

from __future__ import annotations

import os
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import pytest
from sandboxes import TIGHT, question_process, shared_sandbox, until, value

from belgrade.grading import bubblewrap, cgroup, remedies
from belgrade.grading.bubblewrap import PACKAGE, shown
from belgrade.grading.remedies import System, remedy
from belgrade.grading.sandbox import KernelError, Limits, Sandbox, SandboxError

pytestmark = pytest.mark.xdist_group("sandbox")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return shared_sandbox()


@pytest.fixture(scope="module")
def one(sandbox: Sandbox) -> Iterator[Any]:
    with question_process(sandbox) as started:
        yield started


def test_a_question_sees_python_the_package_and_the_data_and_nothing_else(one: Any) -> None:
    listing = value(
        one,
        "{p: sorted(os.listdir(p)) if os.path.isdir(p) else None for p in places}",
        f"import os; places = {['/', '/proc', '/etc', '/dev', '/box', '/home', '/scratch']!r}",
    )
    assert listing["/proc"] == [] and listing["/scratch"] == []
    assert listing["/box"] == ["forkserver.py", "isolation.py"]
    assert listing["/dev"] == ["full", "null", "random", "shm", "urandom", "zero"]
    assert "/home" not in listing or not listing["/home"]
    assert not {"shadow", "passwd", "hosts", "ssl"} & set(listing["/etc"])
    hidden = ["/var", "/run", "/sys", "/etc/shadow", "/root/.bash_history", __file__]
    hidden += [Path.home() / ".bashrc", Path.home() / ".ssh", PACKAGE / "cli.py" / "x"]
    hidden += [ROOT / "exercises", ROOT / "tests", ROOT / ".git"]
    seen = value(one, "[p for p in ps if os.path.exists(p)]", f"ps = {[*map(str, hidden)]!r}")
    assert seen == []
    for name in ("authoring", "grading", "publishing", "checks/packed"):
        assert value(one, "os.listdir(p)", f"p = {str(PACKAGE / name)!r}") == []
    used = value(one, "len(data.load('sources'))", "from belgrade import data")
    assert used > 10


def test_what_lies_in_a_folder_that_is_shown_can_be_hidden(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As keys in /usr/src are to be; and an environment that is reached by a link."""
    place = tmp_path / "usr"
    (place / "keys").mkdir(parents=True)
    (place / "other").mkdir()
    (place / "keys" / "key.ipynb").write_text("{}", encoding="utf-8")
    link = tmp_path / "environment"
    link.symlink_to(sys.prefix)
    monkeypatch.setattr(sys, "prefix", str(link))
    monkeypatch.setattr(bubblewrap, "shown", lambda: [*shown(), place])
    with Sandbox(private=[place / "keys"]) as source, question_process(source) as one:
        listing = f"[sorted(os.listdir(p)) for p in {[str(place), str(place / 'keys')]!r}]"
        assert value(one, listing, "import os") == [["keys", "other"], []]
        assert value(one, f"os.path.islink({str(link)!r})")
        assert value(one, f"os.path.exists({str(link / 'bin')!r})")


def test_nothing_can_be_written_but_the_scratch_folder(one: Any) -> None:
    places = [
        "/",
        "/box",
        "/dev",
        "/dev/null/x",
        "/proc",
        "/etc",
        "/usr",
        "/tmp",
        *map(str, shown()),
    ]
    tried = """
def tried(place):
    try:
        with open(place + "/probe.txt", "w") as file:
            file.write("x")
    except OSError as error:
        return error.errno
"""
    wrote = value(one, "[p for p in places if tried(p) is None]", f"{tried}\nplaces = {places!r}")
    assert set(wrote) <= {"/tmp"}  # which is the scratch folder, where nothing else lies below it
    assert value(one, "tried('/scratch')") is None
    assert not Path("/probe.txt").exists() and not (PACKAGE / "probe.txt").exists()
    assert stat.S_ISDIR(os.stat(PACKAGE).st_mode)


def test_the_environment_tells_nothing(one: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    names = set(value(one, "dict(os.environ)", "import os"))
    known = """PATH HOME TMPDIR LANG IPYTHONDIR MPLCONFIGDIR PWD TERM PAGER GIT_PAGER PYTHONUTF8
        BELGRADE_WORK BELGRADE_DATA BELGRADE_EXAM PYTHONHASHSEED PYTHONDONTWRITEBYTECODE MPLBACKEND
        OPENBLAS_NUM_THREADS OMP_NUM_THREADS MALLOC_ARENA_MAX CLICOLOR FORCE_COLOR CLICOLOR_FORCE
        PIP_NO_INDEX PIP_DISABLE_PIP_VERSION_CHECK"""
    assert names <= set(known.split())
    assert value(one, "[os.getcwd(), os.path.expanduser('~')]") == ["/scratch", "/scratch"]


def test_a_question_is_run_by_nobody_and_stays_it(one: Any) -> None:
    assert 0 not in value(one, "[*os.getresuid(), *os.getresgid()]", "import os")
    calls = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def refused(name, *arguments):
    got = getattr(libc, name)(*arguments)
    return got == -1 and errno.errorcode[ctypes.get_errno()]
class Data(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32),
                ("inheritable", ctypes.c_uint32)]
data = (Data * 2)()
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
libc.capget(header, data)
"""
    rights = "[[d.effective, d.permitted, d.inheritable] for d in data]"
    assert value(one, rights, calls) == [[0, 0, 0], [0, 0, 0]]
    attempts = {"unshare": "0x10000000", "mount": "b'x', b'/scratch', b'tmpfs', 0, None"}
    attempts |= {"umount2": "b'/proc', 2", "memfd_create": "b'x', 0", "shmget": "0, 4096, 0o1600"}
    attempts |= {"ptrace": "16, 1, 0, 0", "chroot": "b'/scratch'"}
    pairs = ", ".join(f"{k!r}: refused({k!r}, {v})" for k, v in attempts.items())
    got = value(one, "{" + pairs + "}")
    assert set(got.values()) == {"EPERM"}, got
    assert value(one, "refused('setresuid', 0, 0, 0)") == "EINVAL"  # there is no root inside
    clone = (
        "refused('syscall', 56 if os.uname().machine == 'x86_64' else 220, 0x10000011, 0, 0, 0, 0)"
    )
    assert value(one, clone) == "EPERM"


def test_there_is_no_network(one: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"""
import socket
def tried(family, *address):
    try:
        with socket.socket(family) as one:
            one.settimeout(2)
            one.connect(*address)
        return "connected"
    except OSError as error:
        return type(error).__name__
results = [tried(socket.AF_INET, ("127.0.0.1", {server.getsockname()[1]})),
           tried(socket.AF_INET, ("192.0.2.1", 80)), tried(40, (2, 80)),
           tried(socket.AF_UNIX, "/run/systemd/private")]
try:
    socket.getaddrinfo("example.org", 80)
    results.append("resolved")
except OSError:
    pass
"""
        results = value(one, "results", code)
    assert not {"connected", "resolved"} & set(results)
    assert results[2] == "PermissionError"  # sockets to a virtual machine's host


def test_a_question_uses_up_its_own_share_and_goes_on(one: Any) -> None:
    assert one.run("hog = bytearray(4 * 2**30)", 20).error.startswith("MemoryError")
    assert one.run("open('big', 'wb').write(bytes(2**22))", 20).error.startswith(
        "OSError: [Errno 27]"
    )
    many = "for n in range(20): open(f'f{n}', 'wb').write(bytes(10**6))"
    assert "No space left" in one.run(many, 20).error
    assert one.run("import glob\nfor f in glob.glob('*'): os.remove(f)", 5).error is None
    assert (
        "Too many open files" in one.run("kept = [open('/dev/null') for _ in range(200)]", 20).error
    )
    one.run("del kept", 20)
    bomb = """
import os, time
children = []
try:
    while len(children) < 1000:
        pid = os.fork()
        if pid == 0:
            time.sleep(30); os._exit(0)
        children.append(pid)
except BlockingIOError:
    pass
for pid in children:
    os.kill(pid, 9)
    os.wait()
"""
    assert 1 <= value(one, "len(children)", bomb) < TIGHT.processes
    assert value(one, "6 * 7") == 42


def test_a_question_cannot_harm_who_started_it(sandbox: Sandbox) -> None:
    with question_process(sandbox) as one:
        code = "import os, signal\nos.kill(1, 9)\nos.kill(1, 15)\nhere = os.getppid()"
        parent = value(one, "here", code)
        assert parent == 1  # in a namespace of its own, the setup process is first
        all_others = "try:\n    os.kill(-1, 9)\nexcept ProcessLookupError:\n    pass"
        cell = one.run(f"{all_others}\nos.kill(os.getpid(), 9)", 20)
        assert cell.died and cell.error == "the kernel died"  # and not late
    with question_process(sandbox) as next_one:
        assert value(next_one, "1 + 1") == 2


def test_nothing_of_a_submission_outlives_it_or_is_seen_by_another(sandbox: Sandbox) -> None:
    mark = f"mark-{os.getpid()}-{time.monotonic_ns()}"
    with question_process(sandbox) as one, question_process(sandbox) as other:
        code = f"""
import os, random, socket, subprocess, sys, time
open("/scratch/note", "w").write("mine")
listening = socket.socket(socket.AF_UNIX); listening.bind("\\0{mark}"); listening.listen()
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(999)", "{mark}"],
                 start_new_session=True)
import numpy
drawn = [random.random(), numpy.random.random()]
"""
        first = value(one, "drawn", code)
        assert until(lambda: _processes(mark))  # /proc has no words of it until it has begun
        look = """
import os, random, socket
def reached():
    try:
        socket.socket(socket.AF_UNIX).connect("\\0%s")
        return True
    except OSError:
        return False
import numpy
"""
        second = value(other, "[random.random(), numpy.random.random()]", look % mark)
        assert not set(first) & set(second)
        assert value(other, "[reached(), os.path.exists('/scratch/note')]") == [False, False]
    assert until(lambda: not _processes(mark))


def _processes(mark: str) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(process.name)
        except OSError:
            continue
    return found


STATE = """
import json, matplotlib, warnings, sys, io, contextlib
from matplotlib import pyplot
pyplot.close(pyplot.figure())
before = {k: str(v) for k, v in matplotlib.rcParams.items()}
names = sorted(n for n in dict(globals()) if not n.startswith("_"))
"""


def test_a_question_process_is_as_fresh_as_an_ordinary_one(sandbox: Sandbox) -> None:
    found = []
    for source in (sandbox, shared_sandbox(isolated=False)):
        with question_process(source) as one:
            shown = "[before, names, get_ipython().execution_count, pyplot.get_fignums()]"
            found.append(value(one, shown, STATE))
            cell = one.run("pyplot.plot([1, 3, 2])\npyplot.title('t')\nNone", 20)
            assert [o["kind"] for o in cell.shown] == ["png"]
            cell = one.run("input('?')", 20)
            assert cell.error.startswith("StdinNotImplementedError")
    assert found[0] == found[1]
    assert found[0][2:] == [1, []]


def test_a_hint_says_that_there_is_none_here(one: Any) -> None:
    cell = one.run("from belgrade.checks import hint\nhint('01.1')", 20)
    assert cell.error is None
    assert "There are no checks for exercise 01" in cell.shown[-1]["text"]


def test_when_the_sandbox_ends_nobody_is_blamed() -> None:
    machine.need("sandbox")
    with Sandbox(workers=1) as sandbox, sandbox.setup_process(()) as setup:
        one = setup.fork()
        sandbox._process.kill()
        with pytest.raises(KernelError, match="sandbox has ended"):
            one.run("while True: pass", 20)
        with pytest.raises(KernelError, match="has ended"):
            setup.fork()
    with pytest.raises(KernelError, match="has ended"), sandbox.setup_process(("1",)):
        pass


def test_everything_can_be_stopped_from_another_thread(sandbox: Sandbox) -> None:
    with Sandbox(workers=1) as sandbox, sandbox.setup_process(()) as setup:
        one = setup.fork()
        threading.Timer(0.2, sandbox.stop).start()
        with pytest.raises(KernelError, match="was stopped"):
            one.run("while True: pass", 999)


REMEDIES = [
    (System("Darwin"), "", "dev container"),
    (System("Windows"), "", "wsl --install"),
    (System(bubblewrap=False, installer=remedies.INSTALLERS["apt-get"]), "", "apt-get install"),
    (System(bubblewrap=False), "", "package bubblewrap"),
    (
        System(apparmor_restricts=True),
        "bwrap: setting up uid map: Permission denied",
        "/etc/apparmor.d/bwrap",
    ),
    (
        System(apparmor_restricts=True, container=True),
        "bwrap: No permissions to create a new namespace",
        "--security-opt seccomp=unconfined",
    ),
    (
        System(namespaces_off="kernel.unprivileged_userns_clone"),
        "bwrap: Creating new namespace failed: Operation not permitted",
        "kernel.unprivileged_userns_clone=1",
    ),
    (
        System(namespaces_off="user.max_user_namespaces"),
        "bwrap: Creating new namespace failed: No space left on device",
        "user.max_user_namespaces=15000",
    ),
    (System(), "PermissionError: [Errno 13] Permission denied: import", "chmod -R o+rX"),
    (System(), "bwrap: Something new\n", "Something new"),
]


@pytest.mark.parametrize(("system", "words", "part"), REMEDIES)
def test_each_system_has_its_remedy(system: System, words: str, part: str) -> None:
    advice = remedy(words, system)
    assert part in advice and "--no-sandbox" in advice and "\n" not in advice


def test_the_probe_runs_bubblewrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "bwrap"
    fake.write_text("#!/bin/sh\necho 'bwrap: it broke' >&2\nexit 1\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    if sys.platform == "linux":
        with pytest.raises(SandboxError, match="it broke"):
            Sandbox().__enter__()
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    with pytest.raises(SandboxError, match="--no-sandbox"):
        Sandbox().__enter__()


def test_a_control_group_is_made_where_it_can_be(tmp_path: Path) -> None:
    user = tmp_path / "user.slice" / "user@1.service"
    scope = user / "app.slice" / "terminal.scope"
    scope.mkdir(parents=True)
    for folder, passed in ((user, "cpu memory pids"), (user / "app.slice", "cpu")):
        (folder / "cgroup.subtree_control").write_text(passed, encoding="ascii")
        (folder / "cgroup.procs").touch()
    limits = Limits()
    made = Path(
        cgroup.group_for(limits, 2, tmp_path, "/user.slice/user@1.service/app.slice/terminal.scope")
    )
    assert made.parent == user
    assert int((made / "memory.max").read_text()) == 2**30 + 3 * limits.memory
    assert int((made / "pids.max").read_text()) == 64 + 3 * limits.processes
    assert cgroup.group_for(limits, 2, tmp_path, "") == ""
    (user / "cgroup.subtree_control").write_text("cpu", encoding="ascii")
    assert cgroup.group_for(limits, 2, tmp_path, "/user.slice/user@1.service") == ""


def test_filters_are_refused_by_no_process() -> None:
    """The seccomp program is well formed: each jump ends within it."""
    from belgrade.grading.isolation import AUDIT_ARCH, _filter

    for chip in AUDIT_ARCH:
        program = _filter(chip)
        steps = [program[n : n + 8] for n in range(0, len(program), 8)]
        for at, step in enumerate(steps):
            assert at + 1 + max(step[2], step[3]) < len(steps) or step[0] == 0x06
    assert _filter("riscv64") == b""
