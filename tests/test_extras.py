"""Each extra of the package brings all that its part needs: the wheel by itself does the work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_class import ROOT, ToyClass, results
from toy_exercise import RIGHT

pytestmark = [pytest.mark.xdist_group("extras"), pytest.mark.binder]
UV = shutil.which(
    "uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
)


def run(*command: object, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run a command outside of the checkout; fail with what it said."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    asked, env = [*map(str, command)], kept | {"PYTHONUTF8": "1"} | environment
    done = subprocess.run(asked, cwd=folder, env=env, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if UV is None:
        pytest.skip("uv makes the environments, and is not here")
    folder = tmp_path_factory.mktemp("wheel")
    run(UV, "build", "--wheel", "-q", "-o", folder, ROOT, folder=folder)
    (made,) = folder.glob("belgrade-*.whl")
    return made


@pytest.fixture
def environment(wheel: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return what makes an environment with one extra alone, and says where its Python is."""

    def make(extra: str) -> Path:
        home = tmp_path / "environment"
        run(UV, "venv", "-q", "-p", sys.executable, home, folder=tmp_path)
        python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
        options = ("--link-mode", "hardlink", "-c", ROOT / "constraints.txt")
        wanted = f"belgrade[{extra}] @ {wheel.as_uri()}"
        run(UV, "pip", "install", "-q", "--python", python, *options, wanted, folder=tmp_path)
        return python

    return make


def test_grade_grades(environment: Callable[[str], Path], tmp_path: Path) -> None:
    python, toy = environment("grade"), ToyClass(tmp_path / "class")
    toy.hand_in("ana", RIGHT)
    options = ("--out", toy.out, "--keys", toy.keys, "--no-sandbox")
    run(python, "-m", "belgrade.cli", "grade", toy.handed_in, *options, folder=tmp_path)
    assert results(toy.out)["ana"]["points"] == 7
    assert list((toy.out / "feedback").glob("ana-*.html"))


def test_cluster_reaches_for_a_scheduler(
    environment: Callable[[str], Path], tmp_path: Path
) -> None:
    code = """
import distributed, json
from belgrade.grading import cluster
cluster.CONNECT_S = 1
try:
    cluster.Cluster("tcp://127.0.0.1:9").__enter__()
except cluster.ClusterError as error:
    print(json.dumps(str(error)))
"""
    said = run(environment("cluster"), "-c", code, folder=tmp_path).stdout
    assert json.loads(said).startswith("No scheduler answers at tcp://127.0.0.1:9")


def test_site_has_all_that_the_book_is_made_with(
    environment: Callable[[str], Path], tmp_path: Path
) -> None:
    """Making it takes minutes, and is tested elsewhere: here, that nothing of it is missing."""
    code = f"""
import importlib, pathlib, pkgutil
import belgrade.publishing.book as book
import myst_nb, sphinx_book_theme
from belgrade.publishing import lite
for module in pkgutil.iter_modules(book.__path__):
    importlib.import_module(f"{{book.__name__}}.{{module.name}}")
made = lite._assemble(pathlib.Path({str(ROOT)!r}), pathlib.Path({str(tmp_path)!r}))
print((made / "lab" / "index.html").is_file())
"""
    assert run(environment("site"), "-c", code, folder=tmp_path).stdout == "True\n"
