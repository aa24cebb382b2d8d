"""Start again: an exercise or a question is put back, and nothing that a student wrote is lost."""

import copy
import json
from pathlib import Path

import nbformat
import pytest

from belgrade import journal
from belgrade.checks.assemble import assemble, fresh_copy
from belgrade.checks.compiled import read_compiled
from belgrade.checks.examine import ExamineError, read_notebook
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


def code(source, name, *shown, **more):
    """Return a code cell as a file has it, with lines that it showed."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": [line]} for line in shown]
    cell = {"cell_type": "code", "id": name, "source": source, "outputs": outputs, "metadata": {}}
    return cell | {"execution_count": 7} | more


def with_two_alike(book):
    book["cells"] += [code("n = n + 1\nn", f"twin-{n}", str(n)) for n in (1, 2)]


def with_empty_ones(book):
    book["cells"][8:8] = [code("", "empty-1", "old"), code("", "empty-2"), code("", "empty-1")]


def with_an_answer_in_a_copy_of_its_cell(book):
    """The answer cell of 0.1 is as it was given out, and copied with all that it is."""
    given = next(c for c in read_compiled("00")["notebook"]["cells"] if c["id"] == "answer-1")
    at = next(n for n, c in enumerate(book["cells"]) if c["id"] == "answer-1")
    filled = copy.deepcopy(given) | {"id": "copied", "source": "donor_rows = 5"}
    book["cells"][at : at + 1] = [given, filled]


def with_two_other_answers_in_one_cell(book):
    cell = next(c for c in book["cells"] if c["id"] == "answer-1")
    cell |= code(["donor_rows = 5\n", 'finding = "a"'], "answer-1", "5", metadata=cell["metadata"])
    book["cells"] = [c for c in book["cells"] if c["id"] != "answer-4"]


def without_ids(book):
    book["nbformat_minor"] = 4
    for cell in book["cells"]:
        del cell["id"]


def with_its_id_at_another_cell(book):
    answer = next(c for c in book["cells"] if c["id"] == "answer-2")
    answer["id"] = "moved"
    book["cells"].insert(2, code("donor_rows = 5", "answer-2", "5"))


def with_what_programs_add(book):
    book["metadata"]["widgets"] = {"state": {}}
    for cell in book["cells"]:
        cell["metadata"] |= {"trusted": True, "colab": {"x": [1]}}
    book["cells"].insert(3, {"cell_type": "poem", "id": "poem", "metadata": {}, "source": "O"})


def with_its_answer_twice(book):
    book["cells"] += [c | {"id": "again"} for c in book["cells"] if c["id"] == "answer-2"]


ODD = [value for name, value in globals().items() if name.startswith(("with_", "without_"))]


@pytest.mark.parametrize("odd", ODD, ids=[odd.__name__ for odd in ODD])
def test_what_is_no_answer_to_the_question_stays_as_the_file_has_it(worked_on, odd):
    book = json.loads(worked_on.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if cell["id"] == "answer-2":
            cell["source"] = "people_sent = 9"
    odd(book)
    worked_on.write_text(json.dumps(book, ensure_ascii=False), encoding="utf-8")
    reset("00", "0.2")
    after = json.loads(worked_on.read_text(encoding="utf-8"))
    given = next(c for c in read_compiled("00")["notebook"]["cells"] if c["id"] == "answer-2")
    fresh = [n for n, cell in enumerate(after["cells"]) if cell["source"] == given["source"]]
    assert len(fresh) == 1 and 'check("0.2"' in "".join(after["cells"][fresh[0] + 1]["source"])
    assert after["cells"][fresh[0]]["metadata"] == given["metadata"]
    del after["cells"][fresh[0]]
    book["cells"] = [c for c in book["cells"] if "people_sent = 9" not in "".join(c["source"])]
    assert after == book


def test_of_a_cell_that_answers_two_questions_one_answer_stays(worked_on):
    book = json.loads(worked_on.read_text(encoding="utf-8"))
    for cell in book["cells"]:
        if cell["id"] == "answer-1":
            cell["source"] = "donor_rows = 5\npeople_sent = 9"
        elif cell["id"] == "answer-2":
            cell["source"] = by_question(FRESH)["0.2", "answer"]
    text, compiled = json.dumps(book), read_compiled("00")
    for question, answers in (
        ("0.1", ["donor_rows = ...", "people_sent = 9"]),
        ("0.2", ["donor_rows = 5", "people_sent = ..."]),
    ):
        worked_on.write_text(text, encoding="utf-8")
        reset("00", question)
        after = read_notebook(worked_on)
        ids = [cell.id for cell in after.cells]
        assert len(set(ids)) == len(ids) and {"answer-1", "answer-2"} < set(ids)
        whole, _ = assemble(fresh_copy(compiled["notebook"], compiled["checks"]), after)
        found = {c.id: c.source.splitlines()[-1] for c in whole.cells if c.id.startswith("answer")}
        assert [found["answer-1"], found["answer-2"]] == answers


CONFLICT = '<<<<<<< HEAD\n   "source": "a"\n=======\n   "source": "b"\n>>>>>>> theirs\n'


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (lambda text: text.replace('   "source"', f'{CONFLICT}   ,"source"', 1), "git's conflict"),
        (lambda text: text.encode("cp1251", "replace"), "is not UTF-8"),
        (lambda text: text + "}", "after the notebook's end"),
        (lambda text: f'{{"worksheets": [{text}], "nbformat": 3}}', "save it in JupyterLab first"),
        (lambda text: text[:900], "damaged or no notebook"),
    ],
)
def test_in_a_file_that_is_not_whole_no_question_starts_again(worked_on, break_it, words):
    broken = break_it(worked_on.read_text(encoding="utf-8"))
    worked_on.write_bytes(broken if isinstance(broken, bytes) else broken.encode("utf-8"))
    before = worked_on.read_bytes()
    with pytest.raises(ExamineError, match=words):
        reset("00", "0.2")
    assert worked_on.read_bytes() == before and not kept()
    reset("00")
    assert by_question(worked_on) == by_question(FRESH)
    assert [path.read_bytes() for path in kept()] == [before]


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


@pytest.mark.parametrize(
    ("name", "words"),
    [("0.9", "There is no question 0.9"), ("zero", "neither"), ("77", "no checks")],
)
def test_what_cannot_start_again_is_said_in_a_line(worked_on, capsys, name, words):
    before = worked_on.read_bytes()
    assert main(["reset", name]) == 2
    assert words in capsys.readouterr().err
    assert worked_on.read_bytes() == before and not kept()
