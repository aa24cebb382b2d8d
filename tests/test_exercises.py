"""The real exercises: built from their keys, empty as they come, and right when solved."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from fresh_copies import records_of
from kept_kernel import built_of
from nbval.plugin import coalesce_streams
from packed_answers import with_references
from test_cases import answer_cells, one_worker, run_by_nbval, solved

from belgrade import cli
from belgrade.authoring import build as building
from belgrade.checks import examine
from belgrade.checks.assemble import assemble, role
from belgrade.checks.compiled import read_compiled
from belgrade.checks.graded_cells import graded_specs, strip_widgets
from belgrade.checks.nbval_cells import SANITISE
from belgrade.checks.rerun import with_rerun
from belgrade.grading.master import from_built

EXERCISES = Path(__file__).resolve().parent.parent / "exercises"
KEYS = sorted((EXERCISES / "keys").glob("[0-9][0-9]_*.ipynb"))
PACKED = EXERCISES.parent / "belgrade" / "checks" / "packed"

each_key = pytest.mark.parametrize(
    "key", [pytest.param(path, id=path.stem, marks=one_worker(path.name[:2])) for path in KEYS]
)


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
    master = from_built(built, "one")
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


@one_worker("01")
def test_the_command_finds_all_of_a_solved_exercise_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = solved(read_compiled("01"), answer_cells("01"))
    for cell in notebook.cells:
        if role(cell) == "written":
            cell.source = "Eleven planes came, and people saw them land."
    path = tmp_path / "a copy from Binder (1).ipynb"
    nbformat.write(notebook, path)
    assert cli.main(["check", "01", "--file", str(path)]) == 0
    out = capsys.readouterr().out
    assert out.count("✓ Right") == 5
    assert "… To be marked by hand" in out
