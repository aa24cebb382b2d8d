"""Another report, another country: the smallest module that works, in tests/small_module.

It has one claim, one table, a lesson with an explorer, and an exercise with one question. What
docs/write-a-question.md says of it is done here.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from guides import section

from belgrade import cli, data

ROOT = Path(__file__).resolve().parent.parent
SMALL = Path(__file__).with_name("small_module")
NAME = "00_harbour_or_hill.ipynb"
pytestmark = pytest.mark.xdist_group("small_module")


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The small module in a folder of its own, built, in use in place of the real one."""
    root = tmp_path_factory.mktemp("small") / "module"
    shutil.copytree(SMALL, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("BELGRADE_DATA", str(root / "data"))
        patch.setenv("BELGRADE_PACKED", str(root / "belgrade" / "checks" / "packed"))
        patch.setenv("BELGRADE_WORK", str(root / "my_work"))
        assert cli.main(["build"]) == 0
        assert cli.main(["clean", "--run"]) == 0
        yield root


def test_it_has_data_a_lesson_and_an_exercise(module):
    assert set(data.tables()["table"]) == {"claims", "trade", "sources"}
    assert "`trade`" in (module / "data" / "README.md").read_text(encoding="utf-8")
    lesson = nbformat.read(module / "notebooks" / NAME, as_version=4)
    shown = [output for cell in lesson.cells for output in cell.get("outputs", [])]
    assert "Claim C001" in str(shown[0])
    picture = [output.data for output in shown if "image/png" in output.get("data", {})]
    assert picture[0]["text/plain"] == "Trade in 2020, million crowns: Hill 60, Harbour 40."
    student = nbformat.read(module / "exercises" / NAME, as_version=4)
    sources = [cell.source for cell in student.cells]
    assert "hill_share_pct = ..." in sources
    assert not [source for source in sources if "SOLUTION" in source or "kind =" in source]


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("100 * 55 / 120", 0, "Right"),
        ("100 * 55 / 220", 1, "That is Hill's part of the trade of both years."),
    ],
    ids=["right", "foreseen"],
)
def test_its_exercise_is_checked(module, answer, status, said, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")  # the sentence on one line, whatever the terminal
    path = module / "exercises" / NAME
    student = nbformat.read(path, as_version=4)
    cell = next(cell for cell in student.cells if cell.id == "answer-1")
    cell.source = f"hill_share_pct = {answer}"
    nbformat.write(student, module / "handed_in.ipynb")
    assert cli.main(["check", "00", "--file", str(module / "handed_in.ipynb")]) == status
    assert said in capsys.readouterr().out


def test_nbval_passes_its_notebooks(module):
    command = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "belgrade.checks.nbval_plugin"]
    command += ["--nbval", f"notebooks/{NAME}", f"exercises/keys/{NAME}"]
    done = subprocess.run(
        [sys.executable, *command], cwd=module, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.search(r"^7 passed", done.stdout, re.M)


def test_the_guide_names_files_that_exist():
    text = section("write-a-question.md", "## Another report, another country")
    named = re.findall(r"`((?:\w[\w-]*/)*[\w-]+(?:/|\.(?:md|py|csv|json|toml|cff)))`", text)
    assert len(named) > 20
    for path in named:
        assert (ROOT / path).exists() or (ROOT / "data" / "report" / path).exists(), path
