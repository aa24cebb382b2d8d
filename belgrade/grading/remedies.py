"""What to do where the sandbox does not work, system by system."""

from __future__ import annotations

import os
import platform
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ANYWAY = "or give --no-sandbox, if you trust the submissions"
# The first that is there says how to install bubblewrap.
INSTALLERS = {
    "apt-get": "sudo apt-get install bubblewrap",
    "dnf": "sudo dnf install bubblewrap",
    "pacman": "sudo pacman -S bubblewrap",
    "zypper": "sudo zypper install bubblewrap",
    "apk": "sudo apk add bubblewrap",
}
APPARMOR = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns"
PROFILE = (
    "abi <abi/4.0>,\\ninclude <tunables/global>\\n"
    "profile bwrap /usr/bin/bwrap flags=(unconfined) {\\n  userns,\\n}\\n"
)
# What bubblewrap and the kernel say where they may not make a namespace.
REFUSALS = re.compile(
    "No permissions to creat|Creating new namespace failed|Operation not permitted|unshare:|mount:"
    "|setting up uid map|Failed to make / slave|loopback: Failed|PermissionError|Can't mount proc"
    "|No space left on device"
)


@dataclass(frozen=True)
class System:
    """What there is to know about a machine to say what it lacks."""

    name: str = "Linux"
    bubblewrap: bool = True
    installer: str = ""
    container: bool = False
    apparmor_restricts: bool = False
    namespaces_off: str = ""

    @classmethod
    def here(cls) -> System:
        """Return what this machine is like."""
        marks = ("/.dockerenv", "/run/.containerenv")
        settings = ("kernel/unprivileged_userns_clone", "user/max_user_namespaces")
        off = [name.replace("/", ".") for name in settings if _read(f"/proc/sys/{name}") == "0"]
        return cls(
            name=platform.system(),
            bubblewrap=shutil.which("bwrap") is not None,
            installer=next((how for tool, how in INSTALLERS.items() if shutil.which(tool)), ""),
            container=any(map(os.path.exists, marks))
            or bool({"container", "KUBERNETES_SERVICE_HOST"} & {*os.environ}),
            apparmor_restricts=_read(APPARMOR) == "1",
            namespaces_off=next(iter(off), ""),
        )


def remedy(output: str = "", system: System | None = None) -> str:
    """Return what to do where the sandbox does not work, in a line or two.

    `output` is what bubblewrap, or the fork server in it, left behind.
    """
    system = system or System.here()
    if system.name != "Linux":
        how = "a Linux machine"
        if system.name == "Windows":
            how = "WSL2 (`wsl --install`)"
        return (
            f"The sandbox needs Linux. Use {how} or the dev container, step by step in "
            f"docs/grading.md; {ANYWAY}."
        )
    if not system.bubblewrap:
        how = f"`{system.installer}`" if system.installer else "your system's package bubblewrap"
        return f"The sandbox needs bubblewrap: install it with {how}; {ANYWAY}."
    last = " ".join(output.strip().splitlines()[-1:])[:200] or "it said nothing"
    advice = f"The sandbox does not start here: {last}. Check that `bwrap` runs"
    refused = REFUSALS.search(output)
    if refused and system.container:
        advice = (
            "This container may not make namespaces, which the sandbox is made of. Start it with "
            "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
            f"systempaths=unconfined`, or `--privileged` ({last})"
        )
    elif refused and system.apparmor_restricts:
        advice = (
            "This system (Ubuntu since 23.10) forbids bubblewrap its namespaces. Allow them: "
            f"`printf '{PROFILE}' | sudo tee /etc/apparmor.d/bwrap && sudo systemctl reload "
            "apparmor`, or for every program `sudo sysctl -w "
            f"kernel.apparmor_restrict_unprivileged_userns=0` ({last})"
        )
    elif refused and system.namespaces_off:
        value = "1" if "clone" in system.namespaces_off else "15000"
        advice = (
            "This system forbids namespaces, which the sandbox is made of. Allow them: "
            f"`sudo sysctl -w {system.namespaces_off}={value}` ({last})"
        )
    elif "Permission denied" in output and "import" in output:
        advice = (
            "Run by root, the sandbox becomes another user, who cannot read the module or Python: "
            f"`chmod -R o+rX` their folders, or grade as yourself ({last})"
        )
    return f"{advice}; {ANYWAY}."


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
