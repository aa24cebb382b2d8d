"""What goes into the JupyterLite site, and what is said where something cannot be had."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from belgrade.authoring import lite

PACKAGES = {
    "belgrade": {"depends": ["pandas", "ipywidgets"], "file_name": "belgrade-1-py3-none-any.whl"},
    "pandas": {"depends": ["numpy", "Python_DateUtil"], "file_name": "pandas-3.whl"},
    "ipywidgets": {"depends": [], "file_name": "ipywidgets-8-py3-none-any.whl"},
    "numpy": {"depends": [], "file_name": "numpy-2.whl"},
    "python-dateutil": {"depends": ["pandas"], "file_name": "https://elsewhere/dateutil.whl"},
    "scipy": {"depends": ["numpy"], "file_name": "scipy-1.whl"},
}


def archive(folder: Path, version: str, names: tuple[str, ...] = lite.CORE) -> Path:
    """A file as npm packs Pyodide, with next to nothing in it."""
    path = folder / "pyodide.tgz"
    lock = json.dumps({"info": {"python": "3.14.2"}, "packages": {"Pillow": {"depends": []}}})
    contents = {name: b"x" for name in names}
    contents |= {
        lite.LOCK: lock.encode(),
        "package.json": json.dumps({"version": version}).encode(),
    }
    with tarfile.open(path, "w:gz") as packed:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(content)
            packed.addfile(entry, io.BytesIO(content))
    return path


def test_a_package_brings_what_it_needs_and_nothing_else() -> None:
    needed = lite.closure(PACKAGES, ["belgrade"])
    assert needed == {"belgrade", "pandas", "ipywidgets", "numpy", "python-dateutil"}


def test_what_is_not_in_the_site_gets_its_address() -> None:
    packages = json.loads(json.dumps(PACKAGES))
    lite.elsewhere(packages, {"belgrade-1-py3-none-any.whl", "ipywidgets-8-py3-none-any.whl"})
    assert packages["belgrade"]["file_name"] == "belgrade-1-py3-none-any.whl"
    assert packages["pandas"]["file_name"] == f"{lite.cdn()}/pandas-3.whl"
    assert packages["python-dateutil"]["file_name"] == "https://elsewhere/dateutil.whl"
    assert lite.cdn().startswith("https://") and lite.pyodide_version() in lite.cdn()


def test_another_version_of_pyodide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(lite.LiteError, match=f"needs {lite.pyodide_version()}"):
        lite.write(tmp_path, tmp_path / "out", archive(tmp_path, "0.1.0"))


def test_a_file_that_is_no_package_of_pyodide_is_refused(tmp_path: Path) -> None:
    short = archive(tmp_path, lite.pyodide_version(), names=("pyodide.mjs",))
    for path in (short, tmp_path / "missing.tgz", Path(__file__)):
        with pytest.raises(lite.LiteError, match="is not npm's package of Pyodide"):
            lite.write(tmp_path, tmp_path / "out", path)


def test_without_npm_the_message_says_how_to_do_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(lite.LiteError, match=f"npm pack pyodide@{lite.pyodide_version()}"):
        lite.write(tmp_path, tmp_path / "out")
