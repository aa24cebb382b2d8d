"""This copy is whole: tables load, explorers draw, lessons can be read, exercises can be checked.

What a student has written is not looked at.
"""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from belgrade import cli, data, explorers
from belgrade.checks import examine
from belgrade.checks.compiled import exercises, read_compiled

ROOT = Path(__file__).resolve().parents[1]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture(autouse=True)
def _empty_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELGRADE_WORK", str(tmp_path / "work"))


def test_every_table_loads() -> None:
    for name in data.tables()["table"]:
        assert len(data.load(name)), name


@pytest.mark.parametrize("name", explorers.EXPLORERS)
def test_every_explorer_draws(name: str) -> None:
    assert getattr(explorers, name)().bundle()["text/plain"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_can_be_read(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert book.cells[0].source.startswith("# ")


@pytest.mark.parametrize("number", exercises())
def test_an_unsolved_exercise_is_not_attempted(number: str, tmp_path: Path) -> None:
    compiled = read_compiled(number)
    path = tmp_path / compiled["file"]
    path.write_text(json.dumps(compiled["notebook"]), encoding="utf-8")
    report = examine.check(number, path)
    assert {row["status"] for row in report["questions"]} == {"not_attempted"}


def test_instructors_commands_say_where_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["build"]) == 2
    assert "for instructors" in capsys.readouterr().err
