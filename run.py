# /// script
# requires-python = ">=3.11,<3.16"
# dependencies = []
# ///
"""Open or test the module on a machine that has nothing but Python.

    python run.py                    make .venv once, then open JupyterLab at the first lesson
    python run.py --no-browser       the same, but only print the address to open
    python run.py --port 8890        the same, on this port: options go to JupyterLab
    python run.py test               run all tests, then the notebooks, then the style check
    python run.py test -k figures    run pytest alone, with these arguments
    python run.py test --without browser,sandbox,npm    the same without these parts
    python run.py test --matrix      the notebooks with the oldest and the newest packages, by uv
    python run.py test --faults      faults put in on purpose, which the tests must catch
    python run.py test --bare        the first two commands on bare Debian systems, made for it

uv is used where it is installed, pip where it is not. Standard library only.
"""

# One file, though a long one: whoever opens it alone, out of the ZIP file, is told so.
# The syntax stays that of Python 3.8 (newer annotations in quotes, no match), so that an old Python
# can still run this far and say what it needs.
import ast
import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

# Python 2 cannot read the f and stops here; what it shows of the file is this line.
_ = f"This is Python 2; the module needs Python 3.11 to 3.15: try python3 run.py"  # noqa: F541

OLDEST, NEWEST = (3, 11), (3, 15)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
FIRST_LESSON = "notebooks/00_start_here.ipynb"
NOTHING_MATCHED = 5  # pytest's exit status
FREE_MB = 1000  # what the packages take on disk, with room to unpack them

# For each purpose, what is installed. The tests' environment holds the student's.
REQUIREMENTS = {"lessons": "requirements.txt", "tests": "requirements-dev.txt"}
# .venv is brought up to date when one of these has changed.
SOURCES = [
    *REQUIREMENTS.values(),
    "constraints.txt",
    "pyproject.toml",
    "jupyter/default_setting_overrides.json",
    "jupyter/ipython_kernel_config.json",
    "jupyter/jupyter_server_config.json",
]

# Fragments of pip's, uv's and the operating systems' messages, in lower case.
DISK_FULL = ["no space left", "errno 28", "os error 28", "not enough space", "os error 112"]
NOT_WRITABLE = ["permission denied", "read-only file system", "access is denied", "errno 13"]
NO_VENV = ["ensurepip is not", "no module named ensurepip", "no module named venv"]
# A proxy that puts its own certificate in the place of the package index's.
CERTIFICATE = [
    "certificate verify failed",
    "certificate_verify_failed",
    "invalid peer certificate",
    "self-signed certificate",
    "self signed certificate",
    "unknownissuer",
    "unable to get local issuer",
]
OFFLINE = [
    "failed to establish a new connection",
    "newconnectionerror",
    "name resolution",
    "name or service not known",
    "getaddrinfo failed",
    "nodename nor servname",
    "max retries exceeded",
    "connection reset",
    "connection aborted",
    "timed out",
    "network is unreachable",
    "error sending request",
    "dns error",
    "tcp connect error",
    "failed to fetch",
    "request failed after",
]


# What a personal setting may change in the installers: how packages are reached, and nothing that
# would put them elsewhere or take others.
INSTALLER_SETTINGS = {
    "PIP_": (
        "INDEX_URL EXTRA_INDEX_URL NO_INDEX FIND_LINKS PROXY CERT CLIENT_CERT TRUSTED_HOST TIMEOUT "
        "DEFAULT_TIMEOUT RETRIES CACHE_DIR NO_CACHE_DIR KEYRING_PROVIDER CONFIG_FILE "
        "DISABLE_PIP_VERSION_CHECK"
    ),
    "UV_": (
        "INDEX INDEX_URL DEFAULT_INDEX EXTRA_INDEX_URL FIND_LINKS NO_INDEX INDEX_STRATEGY "
        "INSECURE_HOST NATIVE_TLS SYSTEM_CERTS KEYRING_PROVIDER CACHE_DIR NO_CACHE LINK_MODE "
        "HTTP_TIMEOUT REQUEST_TIMEOUT HTTP_CONNECT_TIMEOUT HTTP_RETRIES OFFLINE"
    ),
}


class Problem(Exception):
    """Something the person at the keyboard can mend; its text says how."""


class Offline(Problem):
    """The installer could not download; nothing has been changed yet."""


def python_problem(version: "tuple[Any, ...]") -> "str | None":
    """Why this Python will not do, or None."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    span = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    return (
        f"This needs Python {span}; this is Python {'.'.join(map(str, version[:3]))}.\n"
        "Get one from https://www.python.org/downloads/, or use uv, which brings its own: "
        "uv run run.py"
    )


def diagnose(output: str, doing: str) -> Problem:
    """The Problem behind a failed command, from what it printed."""
    text = output.lower()

    def says(fragments: "list[str]") -> bool:
        return any(fragment in text for fragment in fragments)

    if says(DISK_FULL):
        temporary = Path(tempfile.gettempdir())
        if free_mb(temporary) < 100 < free_mb(ROOT):
            return Problem(
                f"The folder for temporary files, {temporary}, is full; the project's is not.\n"
                "Name another in TMPDIR (on Windows TEMP), or make room, and run the command again."
            )
        return Problem(
            f"The disk is full: this needs about {FREE_MB} MB in {ROOT}.\n"
            "Make room, then run the same command again."
        )
    if says(NO_VENV):
        return Problem(
            "This Python cannot make virtual environments (Debian and Ubuntu leave that out).\n"
            "Install it and try again: sudo apt install python3-venv"
        )
    if says(CERTIFICATE):
        return Offline(
            "The network (a campus or company proxy) shows a certificate of its own, which is not "
            "trusted here.\nAsk for it as a file and name it for pip and uv: "
            "PIP_CERT=FILE.pem SSL_CERT_FILE=FILE.pem python run.py"
        )
    if says(OFFLINE):
        return Offline(
            "Could not download packages. Are you online?\n"
            "Nothing is lost: run the same command again when you are."
        )
    if says(NOT_WRITABLE):
        return not_writable()
    tail = "\n".join(output.strip().splitlines()[-6:])
    return Problem(f"{doing} failed. The installer's last words:\n{tail}")


def is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def free_mb(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free // 10**6
    except OSError:
        return FREE_MB


def place_problem() -> "str | None":
    """Why the module cannot be used where it lies, or None."""
    if not (ROOT / REQUIREMENTS["lessons"]).is_file():
        return (
            f"run.py stands alone in {ROOT}: it was opened inside the ZIP file, or copied out.\n"
            "Unpack the whole ZIP file first, then run it in the folder that comes out."
        )
    odd = [sign for sign in (os.pathsep, "[", "]") if sign in str(ROOT)]
    if odd:
        return (
            f"The path of this folder has the sign {odd[0]!r}, with which Python's environments or "
            f"JupyterLab's widgets do not work: {ROOT}\n"
            "Rename the folder, or move the project to another, then run the same command again."
        )
    return None


# Where Jupyter and IPython keep what they need, by system; it may be root's after a `sudo`.
IN_HOME = [".jupyter", ".ipython", ".local/share/jupyter", "Library/Jupyter"]


def settle() -> None:
    """Where the home folder cannot be written, take one in .venv: Jupyter stops without."""
    home = there = Path(os.path.expanduser("~"))
    try:
        for folder in (home / name for name in IN_HOME):
            there = next(each for each in (folder, *folder.parents) if each.exists())
            with tempfile.TemporaryFile(dir=str(there)):
                pass
    except OSError as error:
        print(
            f"{there} cannot be written ({error.strerror}): .venv/home serves in place of {home}."
        )
        for name in ("HOME", "USERPROFILE"):
            os.environ[name] = str(VENV / "home")


def not_writable() -> Problem:
    return Problem(
        f"Cannot write to {VENV}.\n"
        "Close what uses it, or copy the project to a folder of your own, then try again."
    )


# --- the environment ---------------------------------------------------------------------


def scripts_folder() -> Path:
    return VENV / ("Scripts" if os.name == "nt" else "bin")


def venv_python() -> Path:
    return scripts_folder() / ("python.exe" if os.name == "nt" else "python")


def child_env(**more: str) -> "dict[str, str]":
    """The environment of everything started here: this .venv, UTF-8, bytecode kept.

    Without bytecode every kernel compiles its imports anew, which triples its start.
    """
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    kept = {start + name for start, names in INSTALLER_SETTINGS.items() for name in names.split()}
    env = {
        name: value
        for name, value in os.environ.items()
        if name not in dropped
        and (name in kept or not name.upper().startswith(tuple(INSTALLER_SETTINGS)))
    }
    env["PATH"] = str(scripts_folder()) + os.pathsep + env.get("PATH", "")
    env["VIRTUAL_ENV"] = str(VENV)
    env["PYTHONUTF8"] = "1"
    env["UV_NO_CONFIG"] = "1"  # a uv.toml can put packages elsewhere; `install` may look at it
    env["JUPYTER_PREFER_ENV_PATH"] = "1"  # our kernel and settings before those of the home folder
    env.update(more)
    return env


def certificates() -> "dict[str, str]":
    """Settings that let installers trust what this system trusts, with a campus's own in it."""
    env = {"UV_NATIVE_TLS": "true", "UV_SYSTEM_CERTS": "true"}
    bundles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
    bundles = [bundle for bundle in bundles if os.path.exists(bundle)]
    if bundles and sys.platform == "linux":  # elsewhere pip asks the system by itself
        env["PIP_CERT"] = os.environ.get("SSL_CERT_FILE") or bundles[0]
    return {name: value for name, value in env.items() if name not in os.environ}


def pip_settings() -> "dict[str, str]":
    """What pip's own files say of the way to packages, as variables; pip then reads no file."""
    listed = subprocess.run(
        [str(venv_python()), "-m", "pip", "config", "list"],
        env=child_env(PIP_PYTHON=str(venv_python())),  # a file may name another
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    ).stdout
    env = {}
    for line in listed.splitlines():  # global.proxy='…', and after it what holds for install alone
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        key = key.upper().replace("-", "_")
        if section in ("global", "install") and key in INSTALLER_SETTINGS["PIP_"].split():
            env["PIP_" + key] = ast.literal_eval(value)
    env = {name: value for name, value in env.items() if name not in os.environ}
    return {**env, "PIP_CONFIG_FILE": os.devnull}


@contextlib.contextmanager
def alone() -> "Iterator[None]":
    """Let one start at a time make or mend .venv; a second one waits until the first is done."""
    with open(ROOT / ".venv.lock", "a+b") as file:
        if not lock(file):
            print("Another start is setting up .venv: waiting for it.", flush=True)
            while not lock(file):
                time.sleep(0.2)
        yield  # the system opens the lock again when the file is closed, or the process ends


def lock(file: "IO[bytes]") -> bool:
    """Whether this process now holds the lock."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Anything else: a file system without locks.
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True


def fingerprint() -> str:
    """What .venv must have been made from: this Python, in this place, these files."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {sys.platform} {ROOT}".encode())
    for name in SOURCES:
        path = ROOT / name
        digest.update(name.encode() + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()


def stamp_file() -> Path:
    return VENV / "belgrade-setup.json"


def read_stamp() -> "dict[str, Any]":
    """What is known of .venv: {} if it is not ours, {"finished": False} if it is half made."""
    try:
        stamp = json.loads(stamp_file().read_text(encoding="utf-8"))
        return stamp if isinstance(stamp, dict) else {"finished": False}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {"finished": False}


def write_stamp(**stamp: Any) -> None:
    stamp_file().write_text(json.dumps(stamp), encoding="utf-8")


def find_uv() -> "str | None":
    """uv's path: `uv run` tells it, or it is on PATH."""
    return os.environ.get("UV") or shutil.which("uv")


def is_usable(stamp: "dict[str, Any]") -> bool:
    """Whether packages can be installed into .venv as it stands."""
    if stamp.get("finished") is False or not venv_python().exists():
        return False
    question = "import sys, pip; print(sys.version_info[:2], sys.prefix)"
    try:
        answer = subprocess.run(
            [str(venv_python()), "-c", question],
            env=child_env(),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        ).stdout
    except OSError:
        return False
    return answer.strip() == f"{sys.version_info[:2]} {VENV}"


def is_ready(purpose: str) -> bool:
    stamp = read_stamp()
    return bool(
        stamp.get("finished")
        and stamp.get("fingerprint") == fingerprint()
        and purpose in stamp.get("purposes", [])
        and venv_python().exists()
    )


def set_up(purpose: str) -> None:
    """Make or mend .venv so that it serves the purpose; quick if it does already."""
    if is_ready(purpose):
        return
    try:
        with alone():
            if not is_ready(purpose):
                _set_up(purpose)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise diagnose("no space left", "") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise not_writable() from error
        raise Problem(f"Setting up failed: {error}") from error


def _set_up(purpose: str) -> None:
    wanted, stamp = fingerprint(), read_stamp()
    uv = find_uv()
    installer = "uv" if uv else "pip"
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Setting up {VENV} with Python {version} and {installer}.")
    print("This is needed once, and takes a few minutes.")
    if not is_usable(stamp):
        make_venv(uv)
        stamp = {}
    write_stamp(finished=False)
    install(uv, REQUIREMENTS[purpose], stamp)
    purposes = sorted(REQUIREMENTS) if purpose == "tests" else [purpose]
    write_stamp(finished=True, fingerprint=wanted, purposes=purposes)


def make_venv(uv: "str | None") -> None:
    """An empty .venv in the place of any unusable one."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        print("  The .venv that is there is unfinished or was made elsewhere: making it anew")
        shutil.rmtree(VENV)
    if free_mb(ROOT) < FREE_MB:
        raise Problem(
            f"This needs about {FREE_MB} MB of free disk space; {ROOT} has {free_mb(ROOT)} MB.\n"
            "Make room, then run the same command again."
        )
    if not uv and is_root() and shutil.which("apt-get"):
        try:
            import ensurepip  # noqa: F401
        except ImportError:  # Debian and Ubuntu leave it out; root, in a container, may bring it
            apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
            step("Asking for packages", [*apt, "update"])
            step("Installing python3-venv", [*apt, "install", "-y", "python3-venv"])
    VENV.mkdir()
    write_stamp(finished=False)  # first, so that nothing half made is ever taken for whole
    if uv:
        command = [uv, "venv", "--allow-existing", "--seed", "--python", sys.executable, str(VENV)]
    else:
        command = [sys.executable, "-m", "venv", str(VENV)]
    step("Making the environment", command)


def install(uv: "str | None", requirements: str, stamp: "dict[str, Any]") -> None:
    """Install a requirements file; offline, .venv stays what its stamp said it was."""
    if uv:
        # --compile-bytecode: pip does that unasked.
        command = [uv, "pip", "install", "--python", str(venv_python()), "--compile-bytecode"]
    else:
        command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check"]
    # pip's five retries, at every nested step, would take minutes to find itself offline.
    settings = {**certificates(), **({} if uv else pip_settings()), "PIP_RETRIES": "2"}
    ways = [settings]
    if uv and has_uv_file():  # it may say how packages are reached
        ways.append({**settings, "UV_NO_CONFIG": "0"})
    for way in ways:
        try:
            return step("Installing packages", [*command, "-r", requirements], **way)
        except Offline:
            if way is ways[-1]:
                if stamp:
                    write_stamp(**stamp)
                raise


def has_uv_file() -> bool:
    """Whether uv has settings of this user or this system."""
    homes = [os.environ.get(name) for name in ("XDG_CONFIG_HOME", "APPDATA", "PROGRAMDATA")]
    homes += [os.path.expanduser("~/.config"), "/etc"]
    return any(home and Path(home, "uv", "uv.toml").is_file() for home in homes)


def step(title: str, command: "list[str]", **env: str) -> None:
    """Run a command quietly, showing the time and its latest line; Problem if it fails."""
    started, lines = time.monotonic(), []
    live = sys.stdout.isatty()
    process = subprocess.Popen(
        command,
        cwd=str(ROOT),
        env=child_env(PYTHONUNBUFFERED="1", **env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )

    def read() -> None:
        for line in process.stdout or ():
            lines.append(line.decode("utf-8", "replace").rstrip())

    def show(text: str, end: str = "") -> None:
        width = shutil.get_terminal_size().columns - 1
        print("\r" + text[:width].ljust(width), end=end, flush=True)

    def elapsed() -> str:
        return f"  {title}: {time.monotonic() - started:.0f} s"

    if not live:
        print(f"  {title} ...", flush=True)
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while reader.is_alive():
            reader.join(0.2)
            if live:
                show(elapsed() + "  " + (lines[-1].strip() if lines else ""))
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if live:
        show(elapsed(), end="\n")
    else:
        print(elapsed(), flush=True)
    if code:
        raise diagnose("\n".join(lines), title)


def run(arguments: "list[str]", **env: str) -> int:
    """Run .venv's Python in the foreground and return its exit status; Ctrl-C is its to handle."""
    process = subprocess.Popen(
        [str(venv_python()), *arguments], cwd=str(ROOT), env=child_env(**env)
    )
    try:
        return process.wait()
    except KeyboardInterrupt:  # the child got it too: let it close its kernels and files
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        raise
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


# --- JupyterLab --------------------------------------------------------------------------


def lab(arguments: "list[str]") -> int:
    set_up("lessons")
    page = "/lab/tree/" + FIRST_LESSON if (ROOT / FIRST_LESSON).exists() else "/lab"
    readme = ROOT / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else []
    print("Opening JupyterLab. Ctrl-C here stops it.", flush=True)
    for line in lines:
        if line.startswith("No launch links yet: "):  # as `belgrade links` leaves it
            words = line.partition(" ([")[0].replace("`", "")
            print(f"(Only for whoever puts this on the web: {words}.)", flush=True)
    options = [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url={page}",
        "--ServerApp.answer_yes=True",  # one Ctrl-C is enough
        "--Application.log_level=WARN",
    ]
    if is_root():  # in a container, most often
        options.append("--allow-root")
    return run(["-m", "jupyterlab", *options, *arguments])


# --- tests -------------------------------------------------------------------------------


def at_once(processors: int) -> int:
    """How many processes test: five for two processors.

    Half of their time they wait, for browsers, kernels and code that stalls on purpose. Beyond
    ten, the longest group of tests would have the last word anyway.
    """
    return min(10, processors * 2 + 1)


def test_parts(arguments: "list[str]") -> "dict[str, list[str]]":
    """What is run one after the other, by name: pytest alone where it is given arguments."""
    # A file opened without an encoding warns; kernels do not inherit the option.
    pytest = ["-X", "warn_default_encoding", "-m", "pytest"]
    if arguments:
        return {"Tests": [*pytest, *arguments]}
    workers = ["-n", str(at_once(os.cpu_count() or 1))]
    # In the order of tests/conftest.py, not by how many tests a group has.
    parts = {"Tests": [*pytest, *workers, "--dist", "loadgroup", "--no-loadscope-reorder"]}
    folders = [
        name for name in ("notebooks", "exercises/keys") if any((ROOT / name).glob("*.ipynb"))
    ]
    if folders:
        spread = [*workers, "--dist", "loadfile"]  # a notebook's cells stay together
        parts["Notebooks"] = ["-m", "pytest", "--nbval", *spread, *folders]
    parts["Style"] = ["-m", "ruff", "check", "."]
    return parts


def test(arguments: "list[str]") -> int:
    env: dict[str, str] = {}
    ours = (ROOT / "tests" / "machine.py").exists()  # students' copies need less for their tests
    if ours:
        sys.path.insert(0, str(ROOT / "tests"))
        import machine

        if arguments[:1] == ["--bare"]:
            import bare_system

            return bare_system.test(ROOT, arguments[1:])
        if arguments[:1] == ["--matrix"]:
            import matrix

            return matrix.test(ROOT, arguments[1:], child_env)
        if arguments[:1] == ["--faults"]:
            set_up("tests")
            return run(["tests/faults.py", *arguments[1:]])
        try:
            arguments, without = machine.take_without(arguments)
        except machine.UnknownPart as error:
            raise Problem(str(error)) from None
        left = machine.bring(without, step)
    set_up("tests")
    if ours:
        left = machine.bring_browser(left, venv_python(), step)
        env["BELGRADE_WITHOUT"] = json.dumps(left)
    parts = test_parts(arguments)
    results = []
    with tempfile.TemporaryDirectory() as work:
        told = Path(work) / "left_out.json"
        env["BELGRADE_WORK"] = str(Path(work) / "my_work")  # not anyone's own
        env["BELGRADE_LEFT_OUT"] = str(told)
        for name, command in parts.items():
            print(f"\n{name}: python {' '.join(command)}", flush=True)
            started = time.monotonic()
            code = run(command, **env)
            seconds = time.monotonic() - started
            nothing = code == NOTHING_MATCHED and name != "Style"
            how = "matched nothing: no test ran" if nothing else "FAILED" if code else "ok"
            results.append((code, f"{name} {how} ({seconds:.0f} s)"))
        print("\n" + ", ".join(line for _, line in results), flush=True)
        missed = machine.say_left_out(told) if ours else 0
    if any(code not in (0, NOTHING_MATCHED) for code, _ in results):
        return 1
    return max(code for code, _ in results) or missed


# --- the command -------------------------------------------------------------------------


def dispatch(arguments: "list[str]") -> int:
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if arguments[:1] == ["test"]:
        return test(arguments[1:])
    if arguments and not arguments[0].startswith("-"):
        raise Problem(f"There is no command {arguments[0]!r}. Use: python run.py, or: run.py test")
    return lab(arguments)


def main(arguments: "list[str]") -> int:
    """The exit status; what goes wrong is said in a line or two."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a folder's name that the console cannot show
    try:
        problem = python_problem(sys.version_info) or place_problem()
        if problem:
            raise Problem(problem)
        settle()
        return dispatch(arguments)
    except Problem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    # So that what was started here is stopped here as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main(sys.argv[1:]))
