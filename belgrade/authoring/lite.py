"""The module as a JupyterLite site: notebooks, data and package run in the reader's browser.

JupyterLite (https://jupyterlite.readthedocs.io) is JupyterLab without a server; its kernel is
Pyodide (https://pyodide.org), Python compiled for browsers. Its core comes from npm's package
`pyodide`, the pure Python packages from PyPI; both are put into the site. What is compiled (pandas,
matplotlib, numpy and the like) exists only on Pyodide's own server, from which the reader's browser
fetches it.

Pyodide has a lock, a list of the packages that it knows. Ours names the module's package as well,
with what it needs, so that `import belgrade` in a notebook brings it in: notebooks are the same
here as everywhere.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path

from belgrade import UserError

LOCK = "pyodide-lock.json"
# Of npm's package: what runs. The rest is for developers.
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", LOCK)
# What JupyterLite's kernel starts with, by their names in the lock.
KERNEL = ("micropip", "ipython", "jedi", "packaging")
# What the lock does not know and is pure Python: package -> what it needs.
ADDED = {
    "comm": (),
    "ipywidgets": ("comm", "ipython", "traitlets"),
}
# What the module needs, beside the above.
NEEDED = ("ipywidgets", "matplotlib", "pandas")
# JupyterLab's extensions that the site brings along: the kernel, and widgets.
EXTENSIONS = ("@jupyterlite/pyodide-kernel-extension", "@jupyter-widgets/jupyterlab-manager")
FOLDERS = ("notebooks", "exercises")


class LiteError(UserError):
    """The JupyterLite site cannot be made; its text says why and what to do."""


def write(
    root: Path,
    out: Path,
    archive: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, count: None,
) -> None:
    """Write the JupyterLite site of the module at `root` to the folder `out`.

    `archive` is npm's package `pyodide` as a file (`npm pack pyodide@VERSION` makes it); without
    it, npm is asked for it. Packages come from PyPI by pip. Raises LiteError where something
    cannot be had.
    """
    steps = ("Pyodide", "packages", "our package", "JupyterLite", "done")

    def step(number: int) -> None:
        progress(f"in the browser: {steps[number]}", number, len(steps) - 1)

    with tempfile.TemporaryDirectory(prefix="belgrade-lite-") as work:
        folder = Path(work)
        core = folder / "in" / "static" / "pyodide"
        step(0)
        lock = _unpack(Path(archive) if archive else _fetch(folder), core)
        step(1)
        _bring(lock, core)
        step(2)
        _add_ours(Path(root), lock, core)
        elsewhere(lock["packages"], {path.name for path in core.iterdir()})
        (core / LOCK).write_text(json.dumps(lock), encoding="utf-8")
        step(3)
        shutil.copytree(_assemble(Path(root), folder), out)
        step(4)


def pyodide_version() -> str:
    """Return the version of Pyodide that the installed JupyterLite kernel was made for."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_VERSION

    return PYODIDE_VERSION


def cdn() -> str:
    """Return the address of the folder from which compiled packages are fetched."""
    from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL

    return PYODIDE_CDN_URL


def closure(packages: dict[str, dict], names: Iterable[str]) -> set[str]:
    """Return `names` and all that they need, by the lock's list of packages."""
    found: set[str] = set()
    wanted = [normal(name) for name in names]
    while wanted:
        name = wanted.pop()
        if name not in found and name in packages:
            found.add(name)
            wanted += [normal(each) for each in packages[name]["depends"]]
    return found


def normal(name: str) -> str:
    """Return a package's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def elsewhere(packages: dict[str, dict], here: set[str]) -> None:
    """Give each package whose file is not in `here` its address on Pyodide's server, in place."""
    for each in packages.values():
        if each["file_name"] not in here and "://" not in each["file_name"]:
            each["file_name"] = f"{cdn()}/{each['file_name']}"


def _fetch(folder: Path) -> Path:
    """Return npm's package of Pyodide, as npm brings it to `folder`."""
    name = f"pyodide@{pyodide_version()}"
    npm = shutil.which("npm")
    if npm is None:
        raise LiteError(
            f"npm is not installed, which brings Pyodide. Install it, or give the file that "
            f"`npm pack {name}` makes elsewhere with --pyodide."
        )
    _run([npm, "pack", "--silent", name], folder, f"npm could not bring {name}")
    return next(folder.glob("pyodide-*.tgz"))


def _unpack(archive: Path, core: Path) -> dict:
    """Put Pyodide's core into the folder `core`; return its lock, with packages by normal name."""
    core.mkdir(parents=True)
    try:
        with tarfile.open(archive) as packed:
            for name in CORE:
                (core / name).write_bytes(packed.extractfile(f"package/{name}").read())
            about = json.load(packed.extractfile("package/package.json"))
    except (OSError, KeyError, tarfile.TarError) as error:
        raise LiteError(f"{archive} is not npm's package of Pyodide ({error}).") from None
    if about["version"] != pyodide_version():
        raise LiteError(
            f"{archive} is Pyodide {about['version']}; JupyterLite needs {pyodide_version()}."
        )
    lock = json.loads((core / LOCK).read_text(encoding="utf-8"))
    lock["packages"] = {normal(name): each for name, each in lock["packages"].items()}
    return lock


def _bring(lock: dict, core: Path) -> None:
    """Download the pure Python packages that the kernel and widgets need, and enter them."""
    packages = lock["packages"]
    for name, needs in ADDED.items():
        packages[name] = _entry(name, version(name), needs)
    local = closure(packages, [*KERNEL, *ADDED])
    pins = [f"{name}=={packages[name]['version']}" for name in sorted(local)]
    python = ".".join(lock["info"]["python"].split(".")[:2])
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(core)]
    command += ["--only-binary=:all:", "--implementation=py", "--abi=none", "--platform=any"]
    command += [f"--python-version={python}", *pins]
    _run(command, core, "pip could not download the packages of the browser's kernel")
    wheels = {normal(path.name.split("-")[0]): path for path in core.glob("*.whl")}
    for name in local:
        _locate(packages[name], wheels[name])


def _add_ours(root: Path, lock: dict, core: Path) -> None:
    """Build the module's own wheel, and enter it."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    _run([*command, "--directory", str(core)], root, "our own package could not be built")
    wheel = next(core.glob("belgrade-*.whl"))
    lock["packages"]["belgrade"] = _entry("belgrade", wheel.name.split("-")[1], NEEDED)
    _locate(lock["packages"]["belgrade"], wheel)


def _entry(name: str, number: str, needs: Iterable[str]) -> dict:
    """Return what a lock says of a package."""
    return {
        "name": name,
        "version": number,
        "depends": list(needs),
        "imports": [name],
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
    }


def _locate(entry: dict, wheel: Path) -> None:
    entry["file_name"] = wheel.name
    entry["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()


def _assemble(root: Path, folder: Path) -> Path:
    """Let JupyterLite put its site together; return the folder with it."""
    source, site = folder / "in", folder / "out"
    for name in FOLDERS:
        (source / "files" / name).mkdir(parents=True)
        for book in sorted((root / name).glob("[0-9][0-9]_*.ipynb")):
            shutil.copy(book, source / "files" / name)
    kernel = {"disablePyPIFallback": True}
    # The lock's own address: packages without one of theirs lie beside it.
    settings = {"litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel}}
    _write(source / "jupyter-lite.json", "jupyter-config-data", settings)
    options = {
        "apps": ["lab"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "ignore_sys_prefix": ["federated_extensions"],
        "federated_extensions": [str(_extension(name)) for name in EXTENSIONS],
        "output_dir": str(site),
    }
    _write(source / "jupyter_lite_config.json", "LiteBuildConfig", options)
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(source)]
    _run(command, source, "JupyterLite could not be built")
    return site


def _extension(name: str) -> Path:
    """Return the folder of an installed extension of JupyterLab."""
    path = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / name
    if not path.is_dir():
        raise LiteError(f"{name} is not installed: pip install -r requirements-dev.txt")
    return path


def _write(path: Path, head: str, content: dict) -> None:
    version_key = {"jupyter-lite-schema-version": 0} if "lite.json" in path.name else {}
    path.write_text(json.dumps({**version_key, head: content}), encoding="utf-8")


def _run(command: list[str], folder: Path, problem: str) -> None:
    """Run a command in `folder`; raise LiteError with the end of what it said if it fails."""
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    if done.returncode:
        said = " / ".join((done.stdout + done.stderr).strip().splitlines()[-3:])
        raise LiteError(f"{problem}: {said[-400:]}")
