# /// script
# requires-python = ">=3.11,<3.16"
# dependencies = []
# ///
"""Open or test the module on a machine that has nothing but Python.

    python run.py                    make .venv once, then open JupyterLab at the first lesson
    python run.py --no-browser       the same, but only print the address to open
    python run.py --port 8890        the same, on this port; other options go to JupyterLab
    python run.py test               run all tests, then the notebooks, then the style check
    python run.py test -k figures    run pytest alone, with these arguments

uv is used where it is installed, pip where it is not. Standard library only.
"""

# The syntax stays that of Python 3.8 (no newer annotations, no match), so that an old Python
# can still run this far and say what it needs.
import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 15)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
FIRST_LESSON = "notebooks/00_start_here.ipynb"
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
]

# Fragments of pip's, uv's and the operating systems' messages, in lower case.
DISK_FULL = ["no space left", "errno 28", "os error 28", "not enough space", "os error 112"]
NOT_WRITABLE = ["permission denied", "read-only file system", "access is denied", "errno 13"]
NO_VENV = ["ensurepip is not", "no module named ensurepip", "no module named venv"]
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


class Problem(Exception):
    """Something the person at the keyboard can mend; its text says how."""


class Offline(Problem):
    """The installer could not download; nothing has been changed yet."""


def python_problem(version):
    """Why this Python will not do, or None."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    span = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    return (
        f"This needs Python {span}; this is Python {'.'.join(map(str, version[:3]))}.\n"
        "Get one from https://www.python.org/downloads/, or use uv, which brings its own: "
        "uv run run.py"
    )


def diagnose(output, doing):
    """The Problem behind a failed command, from what it printed."""
    text = output.lower()

    def says(fragments):
        return any(fragment in text for fragment in fragments)

    if says(DISK_FULL):
        return Problem(
            f"The disk is full: this needs about {FREE_MB} MB in {ROOT}.\n"
            "Make room, then run the same command again."
        )
    if says(NO_VENV):
        return Problem(
            "This Python cannot make virtual environments (Debian and Ubuntu leave that out).\n"
            "Install it and try again: sudo apt install python3-venv"
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


def not_writable():
    return Problem(
        f"Cannot write to {VENV}.\n"
        "Close what uses it, or copy the project to a folder of your own, then try again."
    )


# --- the environment ---------------------------------------------------------------------


def scripts_folder():
    return VENV / ("Scripts" if os.name == "nt" else "bin")


def venv_python():
    return scripts_folder() / ("python.exe" if os.name == "nt" else "python")


def child_env(**more):
    """The environment of everything started here: this .venv, UTF-8, bytecode kept.

    Without bytecode every kernel compiles its imports anew, which triples its start.
    """
    dropped = {"PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__"}
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    env["PATH"] = str(scripts_folder()) + os.pathsep + env.get("PATH", "")
    env["VIRTUAL_ENV"] = str(VENV)
    env["PYTHONUTF8"] = "1"
    env["JUPYTER_PREFER_ENV_PATH"] = "1"  # our kernel and settings before those of the home folder
    env.update(more)
    return env


def fingerprint():
    """What .venv must have been made from: this Python, in this place, these files."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {sys.platform} {ROOT}".encode())
    for name in SOURCES:
        path = ROOT / name
        digest.update(name.encode() + (path.read_bytes() if path.exists() else b""))
    return digest.hexdigest()


def stamp_file():
    return VENV / "belgrade-setup.json"


def read_stamp():
    """What is known of .venv: {} if it is not ours, {"finished": False} if it is half made."""
    try:
        stamp = json.loads(stamp_file().read_text(encoding="utf-8"))
        return stamp if isinstance(stamp, dict) else {"finished": False}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {"finished": False}


def write_stamp(**stamp):
    stamp_file().write_text(json.dumps(stamp), encoding="utf-8")


def find_uv():
    """uv's path: `uv run` tells it, or it is on PATH."""
    return os.environ.get("UV") or shutil.which("uv")


def is_usable(stamp):
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


def set_up(purpose):
    """Make or mend .venv so that it serves the purpose; quick if it does already."""
    wanted, stamp = fingerprint(), read_stamp()
    if (
        stamp.get("finished")
        and stamp.get("fingerprint") == wanted
        and purpose in stamp.get("purposes", [])
        and venv_python().exists()
    ):
        return
    uv = find_uv()
    installer = "uv" if uv else "pip"
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Setting up {VENV} with Python {version} and {installer}. This is needed once.")
    try:
        if not is_usable(stamp):
            make_venv(uv)
            stamp = {}
        write_stamp(finished=False)
        install(uv, REQUIREMENTS[purpose], stamp)
        purposes = sorted(REQUIREMENTS) if purpose == "tests" else [purpose]
        write_stamp(finished=True, fingerprint=wanted, purposes=purposes)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise diagnose("no space left", "") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise not_writable() from error
        raise Problem(f"Setting up failed: {error}") from error


def make_venv(uv):
    """An empty .venv in the place of any unusable one."""
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        print("  The .venv that is there is unfinished or was made elsewhere: making it anew")
        shutil.rmtree(VENV)
    free_mb = shutil.disk_usage(ROOT).free // 10**6
    if free_mb < FREE_MB:
        raise Problem(
            f"This needs about {FREE_MB} MB of free disk space; {ROOT} has {free_mb} MB.\n"
            "Make room, then run the same command again."
        )
    VENV.mkdir()
    write_stamp(finished=False)  # first, so that nothing half made is ever taken for whole
    if uv:
        command = [uv, "venv", "--allow-existing", "--seed", "--python", sys.executable, str(VENV)]
    else:
        command = [sys.executable, "-m", "venv", str(VENV)]
    step("Making the environment", command)


def install(uv, requirements, stamp):
    """Install a requirements file; offline, .venv stays what its stamp said it was."""
    if uv:
        # --compile-bytecode: pip does that unasked.
        command = [uv, "pip", "install", "--python", str(venv_python()), "--compile-bytecode"]
    else:
        command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check"]
    try:
        # pip's five retries, at every nested step, would take minutes to find itself offline.
        step("Installing packages", [*command, "-r", requirements], PIP_RETRIES="2")
    except Offline:
        if stamp:
            write_stamp(**stamp)
        raise


def step(title, command, **env):
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

    def read():
        for line in process.stdout:
            lines.append(line.decode("utf-8", "replace").rstrip())

    def show(text, end=""):
        width = shutil.get_terminal_size().columns - 1
        print("\r" + text[:width].ljust(width), end=end, flush=True)

    def elapsed():
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


def run(arguments, **env):
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


def port_is_free(port):
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family, socket.SOCK_STREAM) as trial:
                if os.name != "nt":  # there it would let two servers share a port
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False  # anything else: no IPv6 here, say
    return True


def choose_port(asked):
    """The port asked for, or the first free one from 8888 on."""
    if asked is None:
        free = (port for port in range(8888, 8988) if port_is_free(port))
        port = next(free, None)
        if port is None:
            raise Problem("Ports 8888 to 8987 are all taken. Choose one: python run.py --port N")
        return port
    if not asked.isdigit() or not 0 < int(asked) < 65536:
        raise Problem("--port takes a number from 1 to 65535, such as --port 8890.")
    if not port_is_free(int(asked)):
        raise Problem(
            f"Port {asked} is taken. Leave out --port to get a free one, or choose another."
        )
    return int(asked)


def take_port(arguments):
    """(the port asked for or None, the other arguments)"""
    rest, asked = list(arguments), None
    for place, argument in enumerate(arguments):
        if argument == "--port":
            asked = rest[place + 1] if place + 1 < len(rest) else ""
            del rest[place : place + 2]
            break
        if argument.startswith("--port="):
            asked = argument[len("--port=") :]
            del rest[place]
            break
    return asked, rest


def lab(arguments):
    asked, rest = take_port(arguments)
    choose_port(asked)  # a taken port is told before the installation, not after it
    set_up("lessons")
    port = choose_port(asked)
    page = "/lab/tree/" + FIRST_LESSON if (ROOT / FIRST_LESSON).exists() else "/lab"
    readme = ROOT / "README.md"
    lines = readme.read_text(encoding="utf-8").splitlines() if readme.is_file() else []
    for line in lines:
        if line.startswith("No launch links yet: "):  # as `belgrade links` leaves it
            print(line.partition(" ([")[0].replace("`", "") + ".", flush=True)
    print(f"Opening JupyterLab on port {port}. Ctrl-C here stops it.", flush=True)
    options = [
        f"--ServerApp.root_dir={ROOT}",
        f"--LabApp.default_url={page}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.answer_yes=True",  # one Ctrl-C is enough
        "--Application.log_level=WARN",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in a container, most often
        options.append("--allow-root")
    return run(["-m", "jupyterlab", *options, *rest])


# --- tests -------------------------------------------------------------------------------


def test(arguments):
    set_up("tests")
    # A file opened without an encoding warns; kernels do not inherit the option.
    pytest = ["-X", "warn_default_encoding", "-m", "pytest"]
    if arguments:
        parts = {"Tests": [*pytest, *arguments]}
    else:
        parts = {"Tests": [*pytest, "-n", "auto", "--dist", "loadgroup"]}
        folders = [
            name for name in ("notebooks", "exercises/keys") if any((ROOT / name).glob("*.ipynb"))
        ]
        if folders:
            spread = ["-n", "auto", "--dist", "loadfile"]  # a notebook's cells stay together
            parts["Notebooks"] = ["-m", "pytest", "--nbval", *spread, *folders]
        parts["Style"] = ["-m", "ruff", "check", "."]
    results = []
    with tempfile.TemporaryDirectory() as work:
        for name, command in parts.items():
            print(f"\n{name}: python {' '.join(command)}", flush=True)
            started = time.monotonic()
            code = run(command, BELGRADE_WORK=work)  # not anyone's own my_work/
            seconds = time.monotonic() - started
            results.append((code, f"{name} {'FAILED' if code else 'ok'} ({seconds:.0f} s)"))
    print("\n" + ", ".join(line for _, line in results), flush=True)
    return 1 if any(code for code, _ in results) else 0


# --- the command -------------------------------------------------------------------------


def dispatch(arguments):
    if arguments[:1] in (["-h"], ["--help"]):
        print(__doc__.strip())
        return 0
    if arguments[:1] == ["test"]:
        return test(arguments[1:])
    if arguments and not arguments[0].startswith("-"):
        raise Problem(f"There is no command {arguments[0]!r}. Use: python run.py, or: run.py test")
    return lab(arguments)


def main(arguments):
    """The exit status; what goes wrong is said in a line or two."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a folder's name that the console cannot show
    try:
        problem = python_problem(sys.version_info)
        if problem:
            raise Problem(problem)
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
