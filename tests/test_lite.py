"""What goes into the JupyterLite site, and what is said where something cannot be had."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from belgrade.publishing import lite


def packages() -> dict[str, dict[str, Any]]:
    """A small list of packages, as Pyodide's lock has one."""
    listed = {
        "belgrade": (["pandas", "ipywidgets"], "belgrade-1-py3-none-any.whl"),
        "pandas": (["numpy", "Python_DateUtil"], "pandas-3.whl"),
        "ipywidgets": ([], "ipywidgets-8-py3-none-any.whl"),
        "numpy": ([], "numpy-2.whl"),
        "python-dateutil": (["pandas"], "https://elsewhere/dateutil.whl"),
        "scipy": (["numpy"], "scipy-1.whl"),
    }
    return {
        name: {"depends": depends, "file_name": file, "sha256": digest(name.encode())}
        for name, (depends, file) in listed.items()
    }


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


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
    needed = lite.closure(packages(), ["belgrade"])
    assert needed == {"belgrade", "pandas", "ipywidgets", "numpy", "python-dateutil"}


def test_what_is_not_in_the_site_gets_its_address() -> None:
    known = packages()
    here = {"belgrade-1-py3-none-any.whl", "ipywidgets-8-py3-none-any.whl"}
    assert lite.point_to_server(known, here) == {"pandas", "numpy", "python-dateutil", "scipy"}
    assert known["belgrade"]["file_name"] == "belgrade-1-py3-none-any.whl"
    assert known["pandas"]["file_name"] == f"{lite.PYODIDE_CDN_URL}/pandas-3.whl"
    assert known["python-dateutil"]["file_name"] == "https://elsewhere/dateutil.whl"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that stands in for Pyodide's server."""
    folder = tmp_path / "cdn"
    folder.mkdir()

    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_port}"
        monkeypatch.setattr(lite, "PYODIDE_CDN_URL", address)
        yield folder
        running.shutdown()


def test_where_pyodides_server_is_reached_its_files_come_into_the_site(
    server: Path, tmp_path: Path
) -> None:
    core, known = tmp_path / "core", packages()
    core.mkdir()
    known["python-dateutil"]["file_name"] = "dateutil.whl"
    for name in ("belgrade", "ipywidgets"):
        (core / known[name]["file_name"]).write_bytes(b"ours")
    for name in ("pandas", "numpy", "python-dateutil", "scipy"):
        (server / known[name]["file_name"]).write_bytes(name.encode())
    lite.download_compiled(known, core)
    assert (core / "pandas-3.whl").read_bytes() == b"pandas"
    assert (core / "belgrade-1-py3-none-any.whl").read_bytes() == b"ours"
    away = lite.point_to_server(known, {path.name for path in core.iterdir()})
    assert away == {"scipy"}, "the module does not need it"


def test_a_file_that_the_lock_does_not_describe_is_refused(server: Path, tmp_path: Path) -> None:
    for name in ("belgrade-1-py3-none-any.whl", "ipywidgets-8-py3-none-any.whl", "numpy-2.whl"):
        (server / name).write_bytes(b"another")
    with pytest.raises(lite.LiteError, match="is not what Pyodide's lock describes"):
        lite.download_compiled(packages(), tmp_path)
    assert not list(tmp_path.glob("*.whl"))


def test_a_file_that_the_server_does_not_have_is_named(server: Path, tmp_path: Path) -> None:
    for name in ("belgrade-1-py3-none-any.whl", "ipywidgets-8-py3-none-any.whl"):
        (tmp_path / name).write_bytes(b"ours")
    (server / "pandas-3.whl").write_bytes(b"pandas")
    with pytest.raises(lite.LiteError, match=r"/numpy-2\.whl cannot be had \(HTTP Error 404"):
        lite.download_compiled(packages(), tmp_path)


def test_where_it_is_not_reached_nothing_is_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lite, "PYODIDE_CDN_URL", "http://127.0.0.1:9")
    lite.download_compiled(packages(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_another_version_of_pyodide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(lite.LiteError, match=f"needs {lite.PYODIDE_VERSION}"):
        lite.write(tmp_path, tmp_path / "out", archive(tmp_path, "0.1.0"))


def test_a_file_that_is_no_package_of_pyodide_is_refused(tmp_path: Path) -> None:
    short = archive(tmp_path, lite.PYODIDE_VERSION, names=("pyodide.mjs",))
    for path in (short, tmp_path / "missing.tgz", Path(__file__)):
        with pytest.raises(lite.LiteError, match="is not npm's package of Pyodide"):
            lite.write(tmp_path, tmp_path / "out", path)


def test_without_npm_the_message_says_how_to_do_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(lite.LiteError, match=f"npm pack pyodide@{lite.PYODIDE_VERSION}"):
        lite.write(tmp_path, tmp_path / "out")
