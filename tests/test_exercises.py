"""The real exercises: built from their keys, empty as they come, and not to be bent when solved."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from fresh_copies import Outcomes, checked_copies, records_of
from kept_kernel import built_of, keep_kernel
from nbformat.v4 import new_code_cell, new_output
from nbval.plugin import coalesce_streams
from packed_answers import with_references
from test_cases import one_worker, run_by_nbval

from belgrade import cli
from belgrade.authoring import build as building
from belgrade.authoring.key import BLOCK, tag_of
from belgrade.checks import examine
from belgrade.checks.assemble import about, assemble, role
from belgrade.checks.compiled import read_compiled
from belgrade.checks.graded_cells import graded_specs, strip_widgets
from belgrade.checks.nbval_cells import SANITISE
from belgrade.checks.rerun import with_rerun
from belgrade.grading.master import _made

EXERCISES = Path(__file__).resolve().parent.parent / "exercises"
KEYS = sorted((EXERCISES / "keys").glob("[0-9][0-9]_*.ipynb"))
PACKED = EXERCISES.parent / "belgrade" / "checks" / "packed"
GRADED = ["1.1", "1.2", "1.3", "1.4", "1.5"]


each_key = pytest.mark.parametrize(
    "key", [pytest.param(path, id=path.stem, marks=one_worker(path.name[:2])) for path in KEYS]
)
first = one_worker("01")


@each_key
def test_what_is_stored_is_what_build_makes(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "build", lambda path, cwd: built_of(path))
    assert building.build_files([key], EXERCISES, PACKED, check=True, say=str) == []
    stored, built = nbformat.read(key, as_version=4), built_of(key).key
    specs = graded_specs(stored.cells)  # their answers are compared above
    for number, (one, other) in enumerate(zip(stored.cells, built.cells, strict=True)):
        if one.cell_type == "code" and one.id not in specs:
            assert shown(other) == shown(one), f"{key.name}, cell {number} shows something else"


def shown(cell: Any) -> dict[str, list[str]]:
    """Return what a cell shows, kind by kind, but for pixels and widgets, as nbval compares it."""
    found: dict[str, list[str]] = {}
    for out in coalesce_streams(strip_widgets(copy.deepcopy(cell.outputs))):
        kinds = out.get("data") or {out.get("name", out.output_type): out.get("text", out)}
        for kind, content in kinds.items():
            text = str(content)
            for pattern, put in SANITISE:
                text = pattern.sub(put, text)
            if not kind.startswith("image/"):
                found.setdefault(kind, []).append(text)
    return found


@each_key
def test_who_types_in_what_the_package_holds_gets_half_at_most(key: Path) -> None:
    built, compiled = built_of(key), read_compiled(key.name[:2])
    master = _made(built, "one")
    worth = {(e["question"], e["part"]): e["spec"]["points"] for e in master.checks}
    shown = {(e["question"], e["part"]) for e in compiled["checks"]}
    sources = {cell.id: cell.source for cell in built.key.cells}
    honest = nbformat.from_dict(compiled["notebook"])
    for cell in honest.cells:
        cell.source = sources[cell.id]
    whole = [
        with_rerun(assemble(master.fresh, each)[0], master.variant, master.checks)
        for each in (honest, with_references(compiled))
    ]
    by_honest, by_typed = (
        {(r["question"], r["part"]): r["points"] for r in records if "status" in r}
        for records in records_of(whole)
    )
    assert by_honest == pytest.approx(worth)
    assert {part: by_typed[part] for part in shown} == pytest.approx(
        {part: worth[part] for part in shown}
    )  # the experiment itself works: what the checks can see is right
    assert sum(by_typed.values()) <= sum(worth.values()) / 2 + 1e-6
    assert not any(points for part, points in by_typed.items() if part not in shown)
    # Every question of code answers to the settings.
    code = {e["question"] for e in master.checks if e["spec"]["kind"] != "choice"}
    assert {question for question, part in worth if part == "again"} == code


@each_key
def test_an_exercise_as_it_comes_is_not_attempted(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ran_already(notebook: Any, *_: Any, **__: Any) -> tuple[list[dict[str, Any]], dict]:
        """In place of nbval: what it said when it ran this copy, before those of test_cases."""
        copied, _, records = run_by_nbval(key.name[:2])[0]
        assert notebook == copied
        return records, {}

    monkeypatch.setattr(examine, "run", ran_already)
    report = examine.check(key.name[:2], EXERCISES / key.name)
    found = {row["question"]: (row["status"], row["points"]) for row in report["questions"]}
    assert set(found.values()) == {("not_attempted", 0)}, found
    assert not any("version" in note for note in report["notes"])


# --- exercise 01, solved, and what is done to it ----------------------------------------------


def solved() -> nbformat.NotebookNode:
    """Return the student's notebook of exercise 01 with the key's answers."""
    key = nbformat.read(EXERCISES / "keys" / "01_the_puzzle.ipynb", as_version=4)
    answers = {c.id: c.source for c in key.cells if tag_of(c) in ("answer", "written")}
    notebook = nbformat.read(EXERCISES / "01_the_puzzle.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.id in answers:
            cell.source = BLOCK.sub(r"\2", answers[cell.id])
    return notebook


def of(notebook: Any, what: str) -> list[Any]:
    return [cell for cell in notebook.cells if role(cell) == what]


def put_before(notebook: Any, cell: Any, source: str) -> None:
    notebook.cells.insert(notebook.cells.index(cell), new_code_cell(source))


def cleared(notebook: Any) -> None:
    """Restart the kernel and clear all outputs."""


def run_again(notebook: Any) -> None:
    for count, cell in enumerate(of(notebook, "answer") + of(notebook, "check"), 40):
        cell.execution_count = count
        cell.outputs = [new_output("stream", name="stderr", text="SomeWarning: take care")]


def outputs_edited(notebook: Any) -> None:
    for cell in of(notebook, "check"):
        data = {"text/html": "<b>Right</b>", "application/vnd.belgrade.answer+json": {"answer": 1}}
        cell.outputs = [new_output("display_data", data)]


def check_deleted(notebook: Any) -> None:
    notebook.cells.remove(of(notebook, "check")[3])


def hints_asked(notebook: Any) -> None:
    for cell in of(notebook, "check"):
        cell.source = cell.source.replace("# hint", "hint")


def helper_added(notebook: Any) -> None:
    answer = of(notebook, "answer")[1]
    put_before(notebook, answer, "def half(x):\n    return x / 2")
    answer.source = answer.source.replace("per * count / base", "half(2 * per * count / base)")


def import_added(notebook: Any) -> None:
    answer = of(notebook, "answer")[0]
    put_before(notebook, answer, "import numpy as np")
    answer.source = "from math import floor\n" + answer.source.replace(
        'sent["personnel"].sum()', 'np.nansum(sent["personnel"].astype(float)) * floor(1.5)'
    )


def debugged(notebook: Any) -> None:
    for cell in of(notebook, "answer"):
        cell.source += "\nprint(sorted(globals())[:3])"
    notebook.cells.append(new_code_cell("1 / 0"))


def parameters_changed(notebook: Any) -> None:
    of(notebook, "parameters")[0].source = 'COMPARED = "Italy"\nDAY = "2020-06-30"'


CHANGES = [cleared, run_again, outputs_edited, check_deleted, hints_asked, helper_added]
CHANGES += [import_added, debugged]
REPAIRS = {
    "check_deleted": ["The check of 1.4 was missing: put back."],
    "parameters_changed": ["The parameters were changed: the given ones are used."],
}


@pytest.fixture(scope="module")
def changed() -> dict[str, tuple[Outcomes, list[str]]]:
    """What the examiner finds after each change, from one run for all of them."""
    notebooks, changes = [], [*CHANGES, parameters_changed]
    for change in changes:
        notebook = solved()
        before = copy.deepcopy(notebook)
        change(notebook)
        assert notebook != before or change is cleared
        notebooks.append(notebook)
    found = checked_copies(read_compiled("01"), notebooks)
    return {c.__name__: one for c, one in zip(changes, found, strict=True)}


@first
@pytest.mark.parametrize(
    "change", [*CHANGES, parameters_changed], ids=lambda change: change.__name__
)
def test_right_answers_stay_right(
    changed: dict[str, tuple[Outcomes, list[str]]], change: Callable[[Any], None]
) -> None:
    outcomes, repairs = changed[change.__name__]
    assert outcomes == dict.fromkeys(GRADED, ("right", "Right."))
    assert repairs == REPAIRS.get(change.__name__, [])


@first
def test_the_command_finds_all_of_it_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = solved()
    for change in CHANGES:
        change(notebook)
    path = tmp_path / "a copy from Binder (1).ipynb"
    nbformat.write(notebook, path)
    assert cli.main(["check", "01", "--file", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.count("✓ Right") == len(GRADED)
    assert "… To be marked by hand" in out
    assert "put back" in out


@first
def test_another_country_and_day_re_issue_the_exercise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_kernel(monkeypatch)
    key = nbformat.read(EXERCISES / "keys" / "01_the_puzzle.ipynb", as_version=4)
    one, other = (c for c in key.cells if tag_of(c) in ("parameters", "variant"))
    one.source, other.source = other.source, one.source
    path = tmp_path / "keys" / "01_the_puzzle.ipynb"
    path.parent.mkdir()
    nbformat.write(key, path)
    compiled, old = building.build(path).compiled, read_compiled("01")
    assert compiled["version"] != old["version"]
    differ = {
        new["question"]
        for new, before in zip(compiled["checks"], old["checks"], strict=True)
        if new["reference"] != before["reference"]
    }
    assert differ == set(GRADED)
    assert about(nbformat.from_dict(compiled["notebook"]))["exercise"] == "01"
