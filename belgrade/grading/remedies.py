"""What to do where the sandbox does not work, system by system."""

from __future__ import annotations

import os
import platform
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
        off = ""
        for setting, refusing in (("kernel/unprivileged_userns_clone", "0"),
                                  ("user/max_user_namespaces", "0")):  # fmt: skip
            if _read(f"/proc/sys/{setting}") == refusing:
                off = setting.replace("/", ".")
        return cls(
            name=platform.system(),
            bubblewrap=shutil.which("bwrap") is not None,
            installer=next((how for tool, how in INSTALLERS.items() if shutil.which(tool)), ""),
            container=_in_container(),
            apparmor_restricts=_read(APPARMOR) == "1",
            namespaces_off=off,
        )


def remedy(words: str = "", system: System | None = None) -> str:
    """Return what to do where the sandbox does not work, in a line or two.

    `words` are those that bubblewrap, or the warm process in it, left behind.
    """
    system = system or System.here()
    if system.name == "Windows":
        return (
            "The sandbox needs Linux. Use WSL2 (`wsl --install`) or the dev container, both step "
            f"by step in docs/instructor-guide.md; {ANYWAY}."
        )
    if system.name != "Linux":
        return (
            "The sandbox needs Linux. Use a Linux machine or the dev container, step by step in "
            f"docs/instructor-guide.md; {ANYWAY}."
        )
    if not system.bubblewrap:
        how = f"`{system.installer}`" if system.installer else "your system's package bubblewrap"
        return f"The sandbox needs bubblewrap: install it with {how}; {ANYWAY}."
    last = " ".join(words.strip().splitlines()[-1:])[:200] or "it said nothing"
    if _refused(words):
        if system.container:
            return (
                "This container may not make namespaces, which the sandbox is made of. Start it "
                "with `--security-opt seccomp=unconfined --security-opt apparmor=unconfined "
                f"--security-opt systempaths=unconfined` (or `--privileged`); {ANYWAY}. ({last})"
            )
        if system.apparmor_restricts:
            return (
                "This system (Ubuntu since 23.10) forbids bubblewrap its namespaces. Allow them: "
                f"`printf '{PROFILE}' | sudo tee /etc/apparmor.d/bwrap && sudo systemctl reload "
                "apparmor`, or for every program `sudo sysctl -w "
                f"kernel.apparmor_restrict_unprivileged_userns=0`; {ANYWAY}. ({last})"
            )
        if system.namespaces_off:
            value = "1" if "clone" in system.namespaces_off else "15000"
            return (
                "This system forbids namespaces, which the sandbox is made of. Allow them: "
                f"`sudo sysctl -w {system.namespaces_off}={value}`; {ANYWAY}. ({last})"
            )
    if "Permission denied" in words and "import" in words:
        return (
            "Run by root, the sandbox becomes another user, who cannot read the module or Python: "
            f"`chmod -R o+rX` their folders, or grade as yourself; {ANYWAY}. ({last})"
        )
    return f"The sandbox does not start here: {last}. Check that `bwrap` runs; {ANYWAY}."


def _refused(words: str) -> bool:
    signs = (
        "No permissions to creat", "Creating new namespace failed", "Operation not permitted",
        "setting up uid map", "Failed to make / slave", "loopback: Failed", "PermissionError",
        "Can't mount proc", "No space left on device", "unshare:", "mount:",
    )  # fmt: skip
    return any(sign in words for sign in signs)


def _in_container() -> bool:
    if any(os.path.exists(mark) for mark in ("/.dockerenv", "/run/.containerenv")):
        return True
    return "container" in os.environ or "KUBERNETES_SERVICE_HOST" in os.environ


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii").strip()
    except OSError:
        return ""
