"""Start again: an exercise or a question is put back, and nothing that a student wrote is lost."""

from pathlib import Path

import nbformat
import pytest

from belgrade import journal
from belgrade.checks.examine import ExamineError
from belgrade.checks.reset import reset
from belgrade.cli import main

FRESH = Path(__file__).parents[1] / "exercises" / "00_start_here.ipynb"


@pytest.fixture
def worked_on(tmp_path, monkeypatch):
    """The path of an exercise 00 in which every answer is filled in, with a cell added."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BELGRADE_WORK", str(tmp_path / "my_work"))
    notebook = nbformat.read(FRESH, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.belgrade.role in ("answer", "written"):
            cell.source = f"mine = 1  # {cell.metadata.belgrade.question}"
    shown = [nbformat.v4.new_output("stream", text="2")]
    notebook.cells.append(nbformat.v4.new_code_cell("scratch = 2", outputs=shown))
    path = tmp_path / FRESH.name
    nbformat.write(notebook, path)
    return path


def by_question(path):
    """Return {(question, role): source} of answers and written texts, in order."""
    cells = nbformat.read(path, as_version=4).cells
    about = [(c.metadata.get("belgrade", {}), c.source) for c in cells]
    return {
        (a["question"], a["role"]): source
        for a, source in about
        if a.get("role") in ("answer", "written")
    }


def kept():
    return list(journal.folder().glob("before_*/*.ipynb"))


def test_a_whole_exercise_starts_again_and_the_old_one_is_kept(worked_on, capsys):
    before = worked_on.read_bytes()
    assert main(["reset", "00"]) == 0
    assert "kept as before_" in capsys.readouterr().out
    assert by_question(worked_on) == by_question(FRESH)
    assert [p.read_bytes() for p in kept()] == [before]


def test_one_question_starts_again_and_all_else_stays(worked_on):
    expected = by_question(worked_on) | {
        key: source for key, source in by_question(FRESH).items() if key[0] == "0.3"
    }
    assert "Question 0.3" in reset("00", "0.3")
    assert by_question(worked_on) == expected
    cells = nbformat.read(worked_on, as_version=4).cells
    assert (cells[-1].source, cells[-1].outputs[0].text) == ("scratch = 2", "2")
    metadata = nbformat.read(worked_on, as_version=4).metadata
    assert metadata == nbformat.read(FRESH, as_version=4).metadata, "nothing of ours is left in it"


def test_a_deleted_answer_cell_comes_back_before_its_check(worked_on):
    notebook = nbformat.read(worked_on, as_version=4)
    notebook.cells = [
        c
        for c in notebook.cells
        if (
            c.metadata.get("belgrade", {}).get("question"),
            c.metadata.get("belgrade", {}).get("role"),
        )
        != ("0.2", "answer")
    ]
    nbformat.write(notebook, worked_on)
    reset("00", "0.2")
    roles = [c.metadata.get("belgrade", {}) for c in nbformat.read(worked_on, as_version=4).cells]
    second = [a["role"] for a in roles if a.get("question") == "0.2"]
    assert second.index("answer") == second.index("check") - 1


def test_a_notebook_beyond_reading_starts_again_whole(worked_on):
    worked_on.write_text("{ cut off", encoding="utf-8")
    with pytest.raises(ExamineError):
        reset("00", "0.1")
    reset("00")
    assert by_question(worked_on) == by_question(FRESH)
    assert [p.read_text(encoding="utf-8") for p in kept()] == ["{ cut off"]


@pytest.mark.parametrize(
    ("name", "words"),
    [("0.9", "There is no question 0.9"), ("zero", "neither"), ("77", "no checks")],
)
def test_what_cannot_start_again_is_said_in_a_line(worked_on, capsys, name, words):
    before = worked_on.read_bytes()
    assert main(["reset", name]) == 2
    assert words in capsys.readouterr().err
    assert worked_on.read_bytes() == before and not kept()
