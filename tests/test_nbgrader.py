"""The real nbgrader on our export: the same marks by question, and nothing of ours released."""

import copy
import importlib.util
import json
import os
import shutil
from pathlib import Path

import nbformat
import nbgrader_command
import pytest
from fresh_copies import records_of
from kept_kernel import built_of
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from toy_exercise import RIGHT as SOLVED
from toy_exercise import varied_key

from belgrade import cli
from belgrade.authoring import nbgrader_export as exporting
from belgrade.authoring.build import build_files
from belgrade.authoring.key import read_questions
from belgrade.checks import points
from belgrade.checks.assemble import assemble
from belgrade.checks.examine import written_records
from belgrade.checks.record import MIME
from belgrade.checks.rerun import with_rerun
from belgrade.grading.master import from_built
from belgrade.publishing.release import leaks, public_text

# One worker: the course is made and marked once.
pytestmark = [pytest.mark.nbgrader, pytest.mark.xdist_group("nbgrader")]
ROOT = Path(__file__).resolve().parent.parent
NAME = "90_toy"
# Weights, parts and a starter of its own, which the toy exercise does not have.
REASON = """
question = "90.7"
title = "A choice with its reason"
kind = "choice"
points = 4
starter = "# The letter, in quotation marks\\nletter = ..."
weights = { check = 1, written = 2 }
hints = ["It is the first of the letters."]
[options]
a = "Planes"
b = "People"
"""
RIGHT = SOLVED | {
    "answer-7": "letter = 'a'",
    "w-7": "There are more of them.",
}
PARTLY = RIGHT | {
    "answer-2": "by_donor = flights[['donor', 'people']]",
    # Right on the visible inputs, wrong on a hidden one.
    "answer-3": "def share_pct(part, whole):\n    return 100 * part / whole if part < 5 and whole "
    "else 0",
    "answer-4": "ax = ...",
    "answer-7": "letter = 'b'",
}
WRONG = {
    "answer-1": "per_million = 11 / 60 * 1000",
    "answer-2": "by_donor = flights['planes'].sum()",
    "answer-3": "def share_pct(part, whole):\n    return 1 / 0",
    "answer-4": "raise ValueError('no chart')",
    "answer-5": "baseline = c",
    "answer-7": "answer = 'a'",
}
NOISE = """
import logging, sys, warnings
logging.basicConfig(level="INFO")
def noise():
    warnings.warn("this may change", FutureWarning)
    print("debugging", file=sys.stderr)
    logging.warning("look")
    print("and this")
noise()
"""
WARNS = RIGHT | {
    "answer-1": NOISE + RIGHT["answer-1"],
    "answer-3": "def share_pct(part, whole):\n    noise()\n"
    "    return part * 100 / whole if whole else 0",
}
# Right as it comes, and not worked out: only a rerun can tell.
TYPED = RIGHT | {
    "answer-1": "per_million = 1.58",
    "answer-2": "by_donor = pd.DataFrame({'donor': ['Norway', 'China', 'Russia'], "
    "'planes': [1, 3, 11]})",
    "answer-4": "assert PLANES == 11\n" + RIGHT["answer-4"],
}
STUDENTS = {"right": RIGHT, "partly": PARTLY, "wrong": WRONG}
STUDENTS |= {"warns": WARNS, "typed": TYPED, "nothing": {}}


def key_notebook():
    """Return the toy key with a rerun, a seventh question and text about its last cell."""
    key = varied_key()
    version = new_raw_cell("PLANES = 13", id="version", metadata={"tags": ["version"]})
    key.cells.insert([cell.id for cell in key.cells].index("variant") + 1, version)
    specs = {cell.id: cell for cell in key.cells}
    for name, old, new in (
        ("spec-1", "points = 2", "points = 2\nweights = { check = 1, again = 3 }"),
        ("spec-3", "b = 2", "b = 3"),
    ):
        specs[name].source = specs[name].source.replace(old, new)
    close = key.cells.pop()
    answer = "### BEGIN SOLUTION\nletter = 'a'\n### END SOLUTION"
    key.cells += [
        new_raw_cell(REASON, id="spec-7", metadata={"tags": ["spec"]}),
        new_markdown_cell("a) Planes\n\nb) People", id="prompt-7"),
        new_code_cell(answer, id="answer-7", metadata={"tags": ["answer"]}),
        new_code_cell(
            'check("90.7", letter)\n# hint("90.7")', id="check-7", metadata={"tags": ["check"]}
        ),
        new_markdown_cell("A model reason.", id="w-7", metadata={"tags": ["written"]}),
        new_markdown_cell("Run the last cell.", id="about-close"),
        close,
    ]
    return key


def nbgrader(course, *arguments):
    """Run nbgrader in the folder of a course and return what it said."""
    if importlib.util.find_spec("nbgrader") is None:
        pytest.fail("nbgrader is not installed: it is in the extra `dev` (requirements-dev.txt).")
    env = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    status, output = nbgrader_command.run(course, arguments, env)
    assert status == 0, output[-3000:]
    return output


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """The exercise built, exported and released by nbgrader, in a folder of its own."""
    root = tmp_path_factory.mktemp("project")
    (root / "exercises" / "keys").mkdir(parents=True)
    key = root / "exercises" / "keys" / f"{NAME}.ipynb"
    nbformat.write(key_notebook(), key)
    build_files([key], root / "exercises", root / "packed", say=str)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BELGRADE_PACKED", str(root / "packed"))
        patch.chdir(root)
        assert cli.main(["export", "nbgrader", "course"]) == 0
        output = nbgrader(root / "course", "generate_assignment", NAME)
    assert "nbgrader_config.py" not in output
    return root


@pytest.fixture(autouse=True)
def packed(project, monkeypatch):
    monkeypatch.setenv("BELGRADE_PACKED", str(project / "packed"))


def read(project, where):
    path = project / "course" / where / NAME / f"{NAME}.ipynb"
    return nbformat.read(path, as_version=4)


def filled(notebook, answers):
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    return notebook


@pytest.fixture(scope="module")
def marks(project):
    """What nbgrader gave: {student: {question: points}}, and how the grade cells were named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BELGRADE_PACKED", str(project / "packed"))
        for student, answers in STUDENTS.items():
            path = project / "course" / "submitted" / student / NAME / f"{NAME}.ipynb"
            path.parent.mkdir(parents=True)
            nbformat.write(filled(read(project, "release"), answers), path)
        model = project / "course" / "submitted" / "model" / NAME
        shutil.copytree(project / "course" / "source" / NAME, model)
        nbgrader(project / "course", "autograde", NAME)
    return {student: marks_of(project, student) for student in STUDENTS}


def marks_of(project, student, name=NAME):
    from nbgrader.api import Gradebook

    found = {}
    with Gradebook(f"sqlite:///{project / 'course' / 'gradebook.db'}") as book:
        for grade in book.find_submission_notebook(name, name, student).grades:
            question = grade.name.removeprefix("question-").split("-")
            row = found.setdefault(".".join(question[:2]), {"points": 0, "max": 0, "waits": False})
            row["points"] += grade.auto_score or 0
            row["max"] += grade.max_score
            row["waits"] |= bool(grade.needs_manual_grade)
    return found


@pytest.fixture(scope="module")
def ours(project):
    """Our marks, hidden checks included: {student: {question: points}}; nbval runs once."""
    built = built_of(project / "exercises" / "keys" / f"{NAME}.ipynb")
    master = from_built(built, "one")
    copies = [assemble(master.fresh, filled(built.student, each))[0] for each in STUDENTS.values()]
    whole = [with_rerun(each, master.variant, master.checks) for each in copies]
    found = {}
    for student, copied, records in zip(STUDENTS, copies, records_of(whole), strict=True):
        points = found[student] = {row["question"]: 0 for row in built.compiled["questions"]}
        for record in records + written_records(copied, built.compiled["written"]):
            points[record["question"]] += record.get("points", 0)
    return found


@pytest.mark.parametrize("student", STUDENTS)
def test_nbgrader_gives_the_marks_that_we_give(ours, marks, student):
    theirs = {question: row["points"] for question, row in marks[student].items()}
    assert theirs == pytest.approx(ours[student])


def test_the_marks_are_what_the_answers_deserve(marks):
    total = {
        student: sum(row["points"] for row in rows.values()) for student, rows in marks.items()
    }
    wanted = {"right": 7 + 4 / 3, "warns": 7 + 4 / 3, "typed": 4.3 + 4 / 3, "partly": 3.5}
    assert total == pytest.approx(wanted | {"wrong": 0, "nothing": 0}, abs=1e-5)
    assert marks["partly"]["90.3"]["points"] == 0.5
    worth = {question: row["max"] for question, row in marks["right"].items()}
    wanted = {"90.1": 2, "90.2": 1, "90.3": 2, "90.4": 1, "90.5": 1, "90.6": 3, "90.7": 4}
    assert worth == pytest.approx(wanted, abs=1e-5)


def test_a_person_marks_what_was_written(marks):
    waiting = [question for question, row in marks["right"].items() if row["waits"]]
    assert waiting == ["90.6", "90.7"]
    assert not any(row["waits"] for row in marks["nothing"].values())


def test_what_is_released_holds_nothing_of_ours(project):
    notebook = read(project, "release")
    nbformat.validate(notebook)
    text = json.dumps(notebook)
    for secret in (
        *("SOLUTION", "HIDDEN", "6.945", "[7, 8]", "sealed", "rubric", "Mind the million"),
        *("PLANES = 7", "check_points_again"),
        *("first of the letters", "[[wrong]]", "kind =", "model reason", MIME),
    ):
        assert secret not in text, secret
    files = {"release.ipynb": text.encode("utf-8")}
    assert not leaks(files, project / "exercises" / "keys")
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"nbgrader", "deletable", "editable"}
        assert not cell.get("outputs")


def test_students_start_from_what_ours_start_from(project):
    given = nbformat.read(project / "exercises" / f"{NAME}.ipynb", as_version=4)
    there = {cell.id: cell.source.strip() for cell in read(project, "release").cells}
    for cell in given.cells:
        if cell.metadata.belgrade.role in ("answer", "written", "parameters", "setup"):
            assert cell.id == "close" or there[cell.id] == cell.source.strip()
    assert there["check-7-hint"] == '# hint("90.7")'
    assert "close" not in there and "about-close" not in there  # its place is nbgrader's Validate
    assert "Validate" in there["about-nbgrader"]


def test_a_check_shows_words_and_then_its_points(project, capsys):
    assert points.check_points("90.1", 1.58) == 0.5
    assert "✓ Right" in capsys.readouterr().out
    assert points.check_points("90.1", 158.39) == 0
    assert "≈ Close" in capsys.readouterr().out
    with pytest.raises(points.ChecksError):
        points.check_points("77.1", 1)


def test_the_source_itself_gets_full_marks(project, marks):
    """What an instructor sees in nbgrader's list of assignments is a right answer."""
    rows = marks_of(project, "model")
    rest = {q: row["max"] - row["points"] for q, row in rows.items() if row["max"] > row["points"]}
    assert rest == pytest.approx({"90.6": 3, "90.7": 8 / 3}, abs=1e-5)


def test_a_further_version_is_an_assignment_of_its_own(project):
    course, name = project / "course", f"{NAME}_B"
    assert "13" not in "".join(cell.source for cell in read(project, "release").cells)
    nbgrader(course, "generate_assignment", name)
    released = (course / "release" / name / f"{name}.ipynb").read_text(encoding="utf-8")
    assert "PLANES = 13" in released and "PLANES = 7" not in released
    shutil.copytree(course / "source" / name, course / "submitted" / "model" / name)
    nbgrader(course, "autograde", name)
    rows = marks_of(project, "model", name)
    rest = {q: row["max"] - row["points"] for q, row in rows.items() if row["max"] > row["points"]}
    assert rest == pytest.approx({"90.6": 3, "90.7": 8 / 3}, abs=1e-5)


def test_a_check_on_several_lines_names_its_version_too():
    source = 'answer = 1\ncheck(\n    "90.1",\n    answer,  # one number\n)'
    said = exporting._visible("90.1", source, "abc")
    assert said.endswith("\nanswer = 1\ncheck_points('90.1', answer, version='abc')")
    assert exporting._visible("90.1", source, "").endswith(source.replace("check", "check_points"))


def test_other_check_data_are_noticed(project, monkeypatch, tmp_path):
    listed = project / "course" / "exported.json"
    assert points.differing(listed) == []
    built = built_of(project / "exercises" / "keys" / f"{NAME}.ipynb")
    monkeypatch.setenv("BELGRADE_PACKED", str(tmp_path))
    assert points.differing(listed) == ["90", "90_B"]
    assert "exercise 90 was exported" in nbgrader(project / "course", "db", "student", "list")
    with pytest.raises(exporting.ExportError, match="run `belgrade build 90` first"):
        exporting.export([built], tmp_path / "course")
    assert not (tmp_path / "course").exists()


def test_settings_that_were_changed_are_kept(project, tmp_path):
    built = built_of(project / "exercises" / "keys" / f"{NAME}.ipynb")
    (tmp_path / "nbgrader_config.py").write_text("c = get_config()\n", encoding="utf-8")
    output = []
    exporting.export([built], tmp_path, say=output.append)
    assert output[-1].startswith("kept")
    assert (tmp_path / "nbgrader_config.py").read_text(encoding="utf-8") == "c = get_config()\n"


def test_a_check_that_is_not_the_last_line_is_refused(project):
    built = built_of(project / "exercises" / "keys" / f"{NAME}.ipynb")
    built = copy.deepcopy(built)
    cell = next(c for c in built.key.cells if c.id == "check-1")
    cell.source += "\nprint('done')"
    with pytest.raises(exporting.ExportError, match=r"Question 90\.1: check"):
        exporting.source_notebook(built)


KEYS = sorted((ROOT / "exercises" / "keys").glob("[0-9][0-9]_*.ipynb"))


def kinds(key):
    """Return the kinds of question in a key."""
    questions = read_questions(nbformat.read(key, as_version=4))
    return {question.spec["kind"] for question in questions}


# nbgrader marks one of them, the most varied: each takes it some seconds, and the toy
# exercise above has every kind. That all keys are right is nbval's to say.
MARKED = max(KEYS, key=lambda key: len(kinds(key)))


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The module's own exercises, exported and released, and one key marked."""
    course = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BELGRADE_PACKED", raising=False)
        exporting.export([built_of(key) for key in KEYS], course, say=str)
        nbgrader(course, "generate_assignment", "--assignment=*")
        submitted = course / "submitted" / "model" / MARKED.stem / MARKED.name
        submitted.parent.mkdir(parents=True)
        submitted.write_bytes((course / "source" / MARKED.stem / MARKED.name).read_bytes())
        nbgrader(course, "autograde", MARKED.stem)
    return course


@pytest.mark.parametrize("key", KEYS, ids=lambda path: path.stem)
def test_a_real_exercise_is_released_clean_with_all_its_points(real, key, monkeypatch):
    monkeypatch.delenv("BELGRADE_PACKED")
    released = real / "release" / key.stem / key.name
    files = {key.name: released.read_bytes()}
    assert not leaks(files, ROOT / "exercises" / "keys", public_text(ROOT))
    from nbgrader.api import Gradebook

    questions = read_questions(nbformat.read(key, as_version=4))
    with Gradebook(f"sqlite:///{real / 'gradebook.db'}") as book:
        worth = book.find_notebook(key.stem, key.stem).max_score
    assert worth == pytest.approx(sum(q.spec["points"] for q in questions), abs=1e-5)


def test_a_real_key_is_marked_right(real):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{real / 'gradebook.db'}") as book:
        grades = book.find_submission_notebook(MARKED.stem, MARKED.stem, "model").grades
        assert any(not grade.needs_manual_grade for grade in grades)
        lost = [g.name for g in grades if not g.needs_manual_grade and g.auto_score != g.max_score]
        assert not lost
