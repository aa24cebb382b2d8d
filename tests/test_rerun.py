"""The rerun: code that answers to the parameters gets its points, a typed-in answer half."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from fresh_copies import records_of
from kept_kernel import keep_kernel
from toy_exercise import RIGHT, varied_key

from belgrade.authoring import build as building
from belgrade.checks.assemble import about, assemble, role
from belgrade.checks.capture import capture
from belgrade.checks.points import IMPORT_LINE, check_points_again, seal
from belgrade.checks.rerun import AGAIN, MESSAGE, with_rerun
from belgrade.grading.master import Master, from_built
from belgrade.grading.result import _row

# One worker: the exercise is built once, and all submissions run in one kernel.
pytestmark = pytest.mark.xdist_group("rerun")

# In place of honest code: what a neighbour, or the check data, said the answer is.
TYPED = RIGHT | {
    "answer-1": "per_million = 1.58",
    "answer-2": "by_donor = pd.DataFrame({'donor': ['Norway', 'China', 'Russia'], "
    "'planes': [1, 3, 11]})",
    "answer-4": "fig, ax = plt.subplots()\nax.bar(['Russia', 'China', 'Norway'], [11, 3, 1])\n"
    "_ = ax.set_ylabel('planes')",
}
STUDENTS = {
    "honest": RIGHT,
    "typed": TYPED,
    # One typed-in number costs one question's hidden half, and says nothing of the others.
    "partly": RIGHT | {"answer-2": TYPED["answer-2"]},
    # An answer that stops only under other values keeps what it had, and costs no other question.
    "stops": RIGHT | {"answer-1": "assert PLANES == 11\nper_million = PLANES / 6.945"},
    # What the first pass left behind does not answer for the second.
    "left": RIGHT | {"answer-1": "if PLANES == 11:\n    per_million = PLANES / 6.945"},
    "nothing": {},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> building.Built:
    path = tmp_path_factory.mktemp("keys") / "90_toy.ipynb"
    nbformat.write(varied_key(), path)
    with pytest.MonkeyPatch.context() as patch:
        keep_kernel(patch)
        return building.build(path, cwd=path.parent)


@pytest.fixture(scope="module")
def master(built: building.Built) -> Master:
    return from_built(built, "one")


def submitted(master: Master, answers: dict[str, str]) -> Any:
    notebook = nbformat.from_dict(master.notebook)
    notebook.cells = [c for c in notebook.cells if role(c) != "hidden"]
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    return notebook


@pytest.fixture(scope="module")
def records(master: Master) -> dict[str, list[dict[str, Any]]]:
    """What nbval finds for each student, each in a fresh copy with its rerun."""
    copies = [assemble(master.fresh, submitted(master, each))[0] for each in STUDENTS.values()]
    whole = [with_rerun(copied, master.variant, master.checks) for copied in copies]
    return dict(zip(STUDENTS, records_of(whole), strict=True))


def points(found: list[dict[str, Any]]) -> dict[str, float]:
    rows: dict[str, float] = {}
    for record in found:
        rows[record["question"]] = round(rows.get(record["question"], 0) + record["points"], 3)
    return rows


def test_honest_code_gets_all_and_what_was_typed_in_less_than_half(records: Any) -> None:
    honest, typed = points(records["honest"]), points(records["typed"])
    assert honest == {"90.1": 2, "90.2": 1, "90.3": 2, "90.4": 1, "90.5": 1}
    assert typed == {"90.1": 0.8, "90.2": 0.4, "90.3": 2, "90.4": 0.4, "90.5": 1}
    assert points(records["partly"]) == honest | {"90.2": 0.4}
    assert set(points(records["nothing"]).values()) == {0}


def test_code_that_fails_under_other_values_costs_its_own_half_only(records: Any) -> None:
    for student in ("stops", "left"):
        assert points(records[student]) == points(records["honest"]) | {"90.1": 0.8}, student


def test_a_student_reads_a_general_sentence(master: Master, records: Any) -> None:
    question = next(q for q in master.questions if q["question"] == "90.1")
    parts = [r | {"max_points": 1} for r in records["typed"] if r["question"] == "90.1"]
    row = _row(master, question, parts)
    assert (row["status"], row["message"]) == ("not_yet", MESSAGE)


def test_the_rerun_is_plain_cells_after_all_others(master: Master) -> None:
    notebook, _ = assemble(master.fresh, submitted(master, RIGHT))
    whole = with_rerun(notebook, master.variant, master.checks)
    nbformat.validate(whole)
    count = len(notebook.cells)
    assert whole.cells[:count] == notebook.cells
    again = whole.cells[count:]
    assert all(about(cell)["variant"] == AGAIN for cell in again)
    assert [c.source for c in again if role(c) == "parameters"] == ["PLANES = 7"]
    assert [about(c)["question"] for c in again if role(c) == "hidden"] == ["90.1", "90.2", "90.4"]
    assert not any("check_notebook(" in c.source for c in again)
    assert with_rerun(notebook, "", master.checks) is notebook
    assert len({c.id for c in whole.cells}) == len(whole.cells)


def test_students_get_nothing_of_it(built: building.Built) -> None:
    assert {e["part"] for e in built.compiled["checks"]} == {""}
    for shown in (built.student, built.compiled):
        text = repr(shown)
        assert not any(word in text for word in ("PLANES = 7", "1.0079", "variant", AGAIN + "-"))
    assert built.compiled["questions"][0]["hidden_points"] == 1.2


@pytest.mark.parametrize(
    ("variant", "words"),
    [
        ("PLANES = 7\nDAY = 1", "do not set the same names: DAY"),
        ("PLANES = ", "the variant is no Python"),
        ("PLANES = 11", "90.1: under the variant its answer is the same"),
        ("PLANES = None", "under the variant, .* stopped with TypeError"),
    ],
)
def test_a_variant_that_would_not_serve_is_refused(
    variant: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_kernel(monkeypatch)
    refused(varied_key(variant), words, tmp_path)


def test_a_variant_is_a_raw_cell_below_the_parameters(tmp_path: Path) -> None:
    key = varied_key()
    at = next(n for n, cell in enumerate(key.cells) if cell.id == "variant")
    key.cells[at].cell_type = "code"
    key.cells[at].outputs, key.cells[at].execution_count = [], None
    refused(key, "a variant must be a raw cell", tmp_path)
    key = varied_key()
    key.cells.insert(0, key.cells.pop(at))
    refused(key, "right below one tagged parameters", tmp_path)


def test_half_of_the_points_are_hidden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_kernel(monkeypatch)
    key = varied_key()
    spec = next(cell for cell in key.cells if cell.id == "spec-3")
    spec.source = spec.source.replace("b = 2", "b = 1")
    refused(key, "only 3.4 of 7 points are given by hidden checks", tmp_path)


def refused(key: Any, words: str, folder: Path) -> None:
    path = folder / "90_toy.ipynb"
    nbformat.write(key, path)
    with pytest.raises(building.BuildError, match=words):
        building.build(path, cwd=folder)


def test_a_name_that_two_questions_ask_for_is_each_ones_own_in_nbgrader() -> None:
    ran = ["PLANES = 1"]
    for question, factor in (("1.1", 2), ("1.2", 3)):
        ran += [f"total = PLANES * {factor}", f'{IMPORT_LINE}\n\ncheck_points("{question}", total)']
    ran += [f"{IMPORT_LINE}_again\n"]
    for question, value in (("1.1", 10), ("1.2", 15)):
        sealed = seal(
            spec={"question": question, "kind": "number", "points": 1},
            reference=capture(value),
            check=f'check("{question}", total)',
            parameters="PLANES = 1",
            variant="PLANES = 5",
        )
        assert check_points_again(ran, sealed) == 1
