"""The module as a JupyterLite site: notebooks, data and package run in the reader's browser.

JupyterLite (https://jupyterlite.readthedocs.io) is JupyterLab without a server; its kernel is
Pyodide (https://pyodide.org), Python compiled for browsers. Its core comes from npm's package
`pyodide`, the pure Python packages from PyPI, what is compiled (pandas, matplotlib, numpy and the
like) from Pyodide's own server; all is put into the site. Where that server cannot be reached from,
the reader's browser asks it.

Pyodide has a lock, a list of the packages that it knows. Ours names the module's package as well,
with what it needs, so that `import belgrade` in a notebook brings it in: notebooks are the same
here as everywhere.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION
from packaging.utils import canonicalize_name as canonical

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
# In the page of JupyterLite, where Pyodide's server is needed: asks for a file, and tells in vain.
NOTICE = """<script>
fetch(%s, {method: 'HEAD'}).catch(() => {
  const words = document.createElement('p');
  words.role = 'alert';
  words.textContent = %s;
  words.style.cssText = 'position:fixed;inset:auto 0 0 0;z-index:99999;margin:0;padding:1em;' +
    'background:#fff3cd;color:#1a1a1a;font:16px/1.5 sans-serif;border-top:3px solid #8a5a00';
  document.documentElement.append(words);
});
</script>"""


class LiteError(UserError):
    """The JupyterLite site cannot be made; its text says why and what to do."""


def write(
    root: Path,
    out: Path,
    archive: Path | None = None,
    progress: Callable[[str, int, int], None] = lambda label, done, total: None,
) -> list[str]:
    """Write the JupyterLite site of the module at `root` to the folder `out`.

    `archive` is npm's package `pyodide` as a file (`npm pack pyodide@VERSION` makes it); without
    it, npm is asked for it. Packages come from PyPI by pip, compiled ones from Pyodide's server.
    Returns the names of those that could not be had from there, which readers' browsers will ask
    for; a page says so where these cannot reach it either. Raises LiteError where anything else
    cannot be had.
    """
    steps = ("Pyodide", "packages", "our package", "Pyodide's server", "JupyterLite", "done")

    def step(number: int) -> None:
        progress(f"in the browser: {steps[number]}", number, len(steps) - 1)

    with tempfile.TemporaryDirectory(prefix="belgrade-lite-") as work:
        folder = Path(work)
        core = folder / "in" / "static" / "pyodide"
        step(0)
        lock = _unpack(Path(archive) if archive else _fetch(folder), core)
        step(1)
        _download_wheels(lock, core)
        step(2)
        _add_own_wheel(Path(root), lock, core)
        step(3)
        download_compiled(lock["packages"], core)
        remote = point_to_server(lock["packages"], {path.name for path in core.iterdir()})
        (core / LOCK).write_text(json.dumps(lock), encoding="utf-8")
        step(4)
        shutil.copytree(_assemble(Path(root), folder), out)
        missing = sorted(remote & closure(lock["packages"], ["belgrade"]))
        if missing:
            add_notice(out / "lab" / "index.html", lock["packages"], missing)
        step(5)
        return missing


def closure(packages: Mapping[str, Any], names: Iterable[str]) -> set[str]:
    """Return `names` and all that they need, by the lock's list of packages."""
    closed: set[str] = set()
    queue = [canonical(name) for name in names]
    while queue:
        name = queue.pop()
        if name not in closed and name in packages:
            closed.add(name)
            queue += [canonical(each) for each in packages[name]["depends"]]
    return closed


def download_compiled(packages: Mapping[str, Any], core: Path) -> None:
    """Put what the module needs of Pyodide's server into the folder `core`, if it can be reached.

    Raises LiteError for a file that the server does not have, or that is not the one that the lock
    describes.
    """
    for name in sorted(closure(packages, ["belgrade"])):
        file = packages[name]["file_name"]
        if (core / file).exists():
            continue
        try:
            with urllib.request.urlopen(f"{PYODIDE_CDN_URL}/{file}", timeout=30) as response:
                content = response.read()
        except urllib.error.HTTPError as error:
            raise LiteError(
                f"{PYODIDE_CDN_URL}/{file} cannot be had ({error}): try again later, or leave "
                "--lite out."
            ) from None
        except OSError:
            return  # not reached; each further file would be waited for as long
        if hashlib.sha256(content).hexdigest() != packages[name]["sha256"]:
            raise LiteError(f"{PYODIDE_CDN_URL}/{file} is not what Pyodide's lock describes.")
        (core / file).write_bytes(content)


def point_to_server(packages: Mapping[str, Any], present: set[str]) -> set[str]:
    """Give each package whose file is not in `present` its address on Pyodide's server, in place.

    Returns the names of these packages.
    """
    remote = {name for name, each in packages.items() if each["file_name"] not in present}
    for name in remote:
        if "://" not in packages[name]["file_name"]:
            packages[name]["file_name"] = f"{PYODIDE_CDN_URL}/{packages[name]['file_name']}"
    return remote


def add_notice(page: Path, packages: Mapping[str, Any], missing: list[str]) -> None:
    """Let the page say which packages are not in the site, where they cannot be reached either."""
    server = urlsplit(PYODIDE_CDN_URL).hostname
    message = (
        f"Not in this site: {', '.join(missing)}. They come from {server}, which "
        "this browser cannot reach, so lessons cannot run here. Allow that address, or open the "
        "lesson in another way."
    )
    script = NOTICE % (json.dumps(packages[missing[0]]["file_name"]), json.dumps(message))
    html = page.read_text(encoding="utf-8")
    page.write_text(html.replace("</head>", f"{script}</head>", 1), encoding="utf-8")


def _fetch(folder: Path) -> Path:
    """Return npm's package of Pyodide, as npm brings it to `folder`."""
    name = f"pyodide@{PYODIDE_VERSION}"
    npm = shutil.which("npm")
    if npm is None:
        raise LiteError(
            f"npm is not installed, which brings Pyodide. Install it, or give the file that "
            f"`npm pack {name}` makes elsewhere with --pyodide."
        )
    _run([npm, "pack", "--silent", name], folder, f"npm could not bring {name}")
    return next(folder.glob("pyodide-*.tgz"))


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(f"package/{name}")
    if file is None:
        raise KeyError(f"{name} is no file")
    return file.read()


def _unpack(archive: Path, core: Path) -> dict[str, Any]:
    """Put Pyodide's core into the folder `core`; return its lock, with packages by normal name."""
    core.mkdir(parents=True)
    try:
        with tarfile.open(archive) as tar:
            for name in CORE:
                (core / name).write_bytes(_content(tar, name))
            manifest = json.loads(_content(tar, "package.json"))
    except (OSError, KeyError, tarfile.TarError) as error:
        raise LiteError(f"{archive} is not npm's package of Pyodide ({error}).") from None
    if manifest["version"] != PYODIDE_VERSION:
        raise LiteError(
            f"{archive} is Pyodide {manifest['version']}; JupyterLite needs {PYODIDE_VERSION}."
        )
    lock = json.loads((core / LOCK).read_text(encoding="utf-8"))
    lock["packages"] = {canonical(name): each for name, each in lock["packages"].items()}
    return lock


def _download_wheels(lock: dict[str, Any], core: Path) -> None:
    """Download the pure Python packages that the kernel and widgets need, and enter them."""
    known = closure(lock["packages"], [*KERNEL, *(n for needs in ADDED.values() for n in needs)])
    pins = [f"{name}=={lock['packages'][name]['version']}" for name in sorted(known - ADDED.keys())]
    pins += [f"{name}=={version(name)}" for name in ADDED]
    python = ".".join(lock["info"]["python"].split(".")[:2])
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(core)]
    command += ["--only-binary=:all:", "--implementation=py", "--abi=none", "--platform=any"]
    command += [f"--python-version={python}", *pins]
    _run(command, core, "pip could not download the packages of the browser's kernel")
    for wheel in core.glob("*.whl"):
        name = canonical(wheel.name.split("-")[0])
        _register(lock, wheel, ADDED[name] if name in ADDED else lock["packages"][name]["depends"])


def _add_own_wheel(root: Path, lock: dict[str, Any], core: Path) -> None:
    """Build the module's own wheel, and enter it."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    _run([*command, "--directory", str(core)], root, "our own package could not be built")
    _register(lock, next(core.glob("belgrade-*.whl")), NEEDED)


def _register(lock: dict[str, Any], wheel: Path, needs: Iterable[str]) -> None:
    """Enter a package by its wheel. What it `needs` in the browser is less than what it names.

    By hand: of `pyodide-lock` no release reads the lock of this Pyodide under Python 3.11.
    """
    name, version = wheel.name.split("-")[:2]
    entry = lock["packages"].get(canonical(name), {"imports": [name]})
    lock["packages"][canonical(name)] = {
        "name": name,
        "install_dir": "site",
        "package_type": "package",
        "unvendored_tests": False,
        **entry,
        "version": version,
        "depends": list(needs),
        "file_name": wheel.name,
        "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
    }


def _assemble(root: Path, folder: Path) -> Path:
    """Let JupyterLite put its site together; return the folder with it."""
    source, site = folder / "in", folder / "out"
    for name in FOLDERS:
        (source / "files" / name).mkdir(parents=True)
        for notebook in sorted((root / name).glob("[0-9][0-9]_*.ipynb")):
            shutil.copy(notebook, source / "files" / name)
    kernel = {"disablePyPIFallback": True}
    # The lock's own address: packages without one of theirs lie beside it.
    plugins = {"litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": kernel}}
    settings = {"jupyter-lite-schema-version": 0, "jupyter-config-data": plugins}
    (source / "jupyter-lite.json").write_text(json.dumps(settings), encoding="utf-8")
    options = {
        "apps": ["lab"],
        "no_sourcemaps": True,
        "no_unused_shared_packages": True,
        "ignore_sys_prefix": ["federated_extensions"],
        "federated_extensions": [str(_extension(name)) for name in EXTENSIONS],
        "output_dir": str(site),
    }
    text = json.dumps({"LiteBuildConfig": options})
    (source / "jupyter_lite_config.json").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(source)]
    _run(command, source, "JupyterLite could not be built")
    return site


def _extension(name: str) -> Path:
    """Return the folder of an installed extension of JupyterLab."""
    path = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / name
    if not path.is_dir():
        raise LiteError(f"{name} is not installed: pip install -r requirements-dev.txt")
    return path


def _run(command: list[str], folder: Path, problem: str) -> None:
    """Run a command in `folder`; raise LiteError with the end of what it said if it fails."""
    result = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    if result.returncode:
        output = " / ".join((result.stdout + result.stderr).strip().splitlines()[-3:])
        raise LiteError(f"{problem}: {output[-400:]}")
