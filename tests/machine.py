"""What the tests need of a machine beyond Python, how it gets there, and what was not tested.

`run.py` imports this before there is a `.venv`, so it uses the standard library only. A part that
is not there is left out and named at the end of the run; nothing is passed over in silence.
"""

import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
from pathlib import Path

# Part -> what it is. Tests name the part that they miss at the start of the reason of a skip.
PARTS = {
    "browser": "a browser (Chromium)",
    "firefox": "Firefox",
    "webkit": "WebKit, the engine of Safari",
    "sandbox": "the sandbox (bubblewrap)",
    "npm": "npm (which brings Pyodide)",
    "git": "git",
}
# Part -> the packages of the system; `a|b` was renamed from one release to the next.
APT = {
    "browser": "chromium",
    "firefox": "firefox-esr",
    "webkit": "webkit2gtk-driver|webkitgtk-webdriver xvfb",
    "sandbox": "bubblewrap",
    "npm": "npm",
    "git": "git",
    "venv": "python3-venv",
}
DNF = {
    "browser": "chromium",
    "firefox": "firefox",
    "sandbox": "bubblewrap",
    "npm": "nodejs-npm",
    "git": "git",
}
# Where Chrome and Edge are that somebody installed.
INSTALLED = {
    "Darwin": [
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ],
    "Windows": [
        rf"{os.environ.get(folder, '')}\{name}"
        for folder in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA")
        for name in (
            r"Google\Chrome\Application\chrome.exe",
            r"Microsoft\Edge\Application\msedge.exe",
        )
    ],
}
ON_PATH = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
ON_PATH += ["microsoft-edge", "microsoft-edge-stable"]
PLAYWRIGHT_PATH = (
    "from playwright.sync_api import sync_playwright as start\n"
    "with start() as p: print(p.chromium.executable_path)"
)


class UnknownPart(Exception):
    """There is no such part; the text says which there are."""


# --- what is there ---------------------------------------------------------------------------


def is_snap(path):
    """Whether a browser is Ubuntu's snap, or the script that asks for it: tests cannot drive it."""
    real = os.path.realpath(path)
    if "/snap" in real:
        return True
    try:
        with open(real, "rb") as file:
            beginning = file.read(4000)
    except OSError:
        return False
    return beginning.startswith(b"#!") and b"snap" in beginning


def system_browser():
    """The path of a browser that the system has, or None."""
    paths = [shutil.which(name) for name in ON_PATH]
    paths += [path for path in INSTALLED.get(platform.system(), []) if os.path.exists(path)]
    return next((path for path in paths if path and not is_snap(path)), None)


def playwrights_browser(python):
    """The path of the browser that Playwright brought for `python`, or None."""
    result = subprocess.run(
        [str(python), "-c", PLAYWRIGHT_PATH], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    path = result.stdout.decode("utf-8", "replace").strip()
    return path if path and os.path.exists(path) else None


def browser():
    """The path of the browser that the tests drive, or None: the system's, or Playwright's."""
    return system_browser() or playwrights_browser(sys.executable)


def firefox():
    """The path of a Firefox that tests can drive, or None."""
    found = map(shutil.which, ("firefox-esr", "firefox"))
    return next((path for path in found if path and not is_snap(path)), None)


def webkit():
    """The path of WebKit's driver, or None where it or a screen for it is missing."""
    screen = os.environ.get("DISPLAY") or shutil.which("Xvfb")
    return shutil.which("WebKitWebDriver") if screen else None


def is_linux():
    return sys.platform == "linux"


def possible(part):
    """Whether this system could have the part: some need Linux, some packages only Debian has."""
    if part in ("firefox", "webkit"):
        return bool(shutil.which("apt-get")) and not (part == "firefox" and is_ubuntu())
    return part in PARTS and (part != "sandbox" or is_linux())


def missing():
    """The parts that are not here, and "venv" where this Python cannot make an environment."""
    parts = []
    if system_browser() is None:
        parts.append("browser")
    engines = (("firefox", firefox), ("webkit", webkit))
    parts += [name for name, path in engines if possible(name) and path() is None]
    if is_linux() and shutil.which("bwrap") is None:
        parts.append("sandbox")
    parts += [name for name in ("npm", "git") if shutil.which(name) is None]
    command = [sys.executable, "-c", "import ensurepip, venv"]
    if is_linux() and subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        parts.append("venv")
    return parts


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# --- how it gets here ------------------------------------------------------------------------


def rights():
    """What to put before a command that needs rights: [], ["sudo", "-n"], or None without any."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        result = subprocess.run(
            ["sudo", "-n", "true"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if result.returncode == 0:
            return ["sudo", "-n"]
    return None


def is_ubuntu():
    try:
        return "ubuntu" in Path("/etc/os-release").read_text(encoding="utf-8").lower()
    except OSError:
        return False


def installer(parts):
    """The system's commands that bring the parts, and which of them they bring."""
    if shutil.which("apt-get"):
        names = {k: v for k, v in APT.items() if not (k in ("browser", "firefox") and is_ubuntu())}
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends"]
        before = [["apt-get", "update", "-qq"]]
    elif shutil.which("dnf"):
        names, before, install = DNF, [], ["dnf", "install", "-y", "-q"]
    else:
        return [], []
    brought = [part for part in parts if part in names]
    if not brought:
        return [], []
    packages = " ".join(names[part] for part in brought).split()
    return [*before, [*install, *map(known, packages)]], brought


def known(package):
    """Of the names `a|b` of a package the first that apt could install, else the first."""
    names, quiet = package.split("|"), {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    simulate = ["apt-get", "install", "--simulate", "-qq"]
    tried = names[1:] and names
    found = (name for name in tried if subprocess.run([*simulate, name], **quiet).returncode == 0)
    return next(found, names[0])


def take_without(arguments):
    """(the arguments without --without, the parts that it names)"""
    remaining, without = [], []
    is_value = False
    for argument in arguments:
        if is_value or argument.startswith("--without="):
            without += argument.split("=", 1)[-1].split(",")
            is_value = False
        elif argument == "--without":
            is_value = True
        else:
            remaining.append(argument)
    unknown = [name for name in without if name not in PARTS]
    if is_value or unknown:
        what = f"not {', '.join(unknown)}" if unknown else "a list"
        raise UnknownPart(f"--without takes {', '.join(PARTS)}, {what}: --without browser,npm")
    return remaining, without


def bring(without, step):
    """Bring the parts that are missing; return {part: why it is left out} of those that stay away.

    `step(title, command, **env)` runs a command, tells its time, and raises where it fails. What
    cannot be brought is told with one command to paste.
    """
    reasons = {part: f"left out on purpose (--without {part})" for part in without}
    needed = [part for part in missing() if part not in without]
    if not needed:
        return reasons
    names = {"venv": "Python's own part for environments", **PARTS}
    print(f"Missing for the tests: {', '.join(names[part] for part in needed)}.", flush=True)
    commands, brought = installer(needed)
    prefix = rights()

    def carry_out(title, command):
        step(title, [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *command])

    if commands and prefix is not None:
        try:
            for command in commands[:-1]:
                carry_out("Asking for packages", command)
            carry_out("Installing them", installer(needed)[0][-1])  # under the names known by now
        except Exception as problem:
            print(f"  {problem}", flush=True)
            for part in brought if len(brought) > 1 else []:  # one that fails stops no other
                with contextlib.suppress(Exception):
                    carry_out(f"Installing {names[part]}", installer([part])[0][-1])
    still_missing = [part for part in missing() if part in needed]
    if command := remedy(still_missing):
        print(f"To bring what is missing, paste this command:\n  {command}", flush=True)
    left_out = [part for part in still_missing if part in PARTS]
    if left_out:
        on_purpose = f"(on purpose: --without {','.join(left_out)})"
        print(f"Their tests are left out, and counted at the end {on_purpose}.", flush=True)
    return reasons | {part: f"{PARTS[part]} is not here" for part in left_out}


def remedy(parts):
    """One command to paste that brings the parts, or None where this system has none."""
    commands, brought = installer(parts)
    lines = [" ".join(["sudo", *each]).replace(" -qq", "").replace(" -q", "") for each in commands]
    if "browser" in parts and "browser" not in brought:
        python = "python" if os.name == "nt" else ".venv/bin/python"
        python = r".venv\Scripts\python" if os.name == "nt" else python
        lines.append(f"{python} -m playwright install chromium")
    return " && ".join(lines) or None


def bring_browser(reasons, python, step):
    """Let Playwright bring its own browser where the system has none; return what is left out."""
    if "browser" not in reasons or reasons["browser"].startswith("left out on purpose"):
        return reasons
    if not playwrights_browser(python):
        try:
            command = [str(python), "-m", "playwright", "install", "chromium"]
            step("Playwright's browser", command, PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT="10000")
        except Exception as problem:
            first = str(problem).strip().splitlines()[0]
            print(f"  It cannot be had: {first}", flush=True)
    if playwrights_browser(python):
        reasons = {part: why for part, why in reasons.items() if part != "browser"}
    return reasons


# --- what was not tested ---------------------------------------------------------------------


def why_without(part):
    """Why the run leaves the part out, or "": tests ask before they look for it."""
    left = json.loads(os.environ.get("BELGRADE_WITHOUT") or "{}")
    return left.get(part, "")


def need(part):
    """Skip the test that asks, where the run leaves the part out; else return."""
    import pytest

    if why := why_without(part):
        pytest.skip(reason(part, why))


def reason(part, why):
    """The reason of a skip, from which `sentences` knows the part."""
    return f"{part}: {why}"


def sentences(reasons):
    """What was not tested, a sentence a part, from {reason of a skip: number of tests}."""
    by_part = {}
    for why, count in sorted(reasons.items()):
        part, _, reason = why.partition(": ")
        if part not in (*PARTS, "slow"):
            part, reason = "other", why
        by_part.setdefault(part, []).append((count, " ".join(reason.split())))
    lines = []
    for part in [*PARTS, "slow", "other"]:
        if entries := by_part.get(part):
            total = sum(count for count, _ in entries)
            tests = f"{total} test{'s' if total > 1 else ''}"
            subject = f"{tests} of the {part}" if part in PARTS else tests
            reason = "; ".join(f"{why} ({n})" if len(entries) > 1 else why for n, why in entries)
            lines.append(f"Not tested: {subject}: {reason}")
    return lines or ["Nothing was left out."]


def say_left_out(path):
    """Print what pytest wrote to the file; return 1 where it counts as a failure, else 0."""
    try:
        reasons = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError:  # pytest did not get so far
        return 0
    print("\n".join(sentences(reasons)), flush=True)
    available = [why for why in reasons if possible(why.partition(": ")[0])]
    if available and os.environ.get("CI"):
        print("CI is set: what this system could have and was left out makes the run fail.")
        return 1
    return 0
