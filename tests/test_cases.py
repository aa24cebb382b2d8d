"""Accepted and wrong answers to every graded question get the outcome and the words that they must.

Each case of exercises/keys/NN_cases.py and of the specs runs twice: at once, as `check` does in a
notebook, and in a fresh copy under nbval. Both must agree.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import pytest
from fresh_copies import outcomes, records_of

from belgrade.authoring import cases
from belgrade.authoring.cases import judge_in_process, with_code
from belgrade.authoring.key import read_questions
from belgrade.checks import examine
from belgrade.checks.assemble import assemble, fresh_copy
from belgrade.checks.compiled import read_compiled
from belgrade.checks.judge import ERROR

KEYS = Path(__file__).resolve().parent.parent / "exercises" / "keys"
NUMBERS = [path.name[:2] for path in sorted(KEYS.glob("[0-9][0-9]_*.ipynb"))]
# nbval runs once, in one kernel, for all that is asked about two exercises.
PAIRS = [tuple(NUMBERS[n : n + 2]) for n in range(0, len(NUMBERS), 2)]
PAIR_OF = {number: pair for pair in PAIRS for number in pair}


def one_worker(number: str) -> pytest.MarkDecorator:
    """Return the mark of the tests of an exercise that share such a run."""
    return pytest.mark.xdist_group("exercises-" + "-".join(PAIR_OF[number]))


each_exercise = pytest.mark.parametrize(
    "number", [pytest.param(n, marks=one_worker(n)) for n in NUMBERS]
)


def cases_of(number: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return {question: [(code, status, part of the message), ...]} of an exercise."""
    (path,) = KEYS.glob(f"{number}_*.ipynb")
    return cases.cases_of(path)


def answer_cells(number: str) -> dict[str, str]:
    """Return {question: source of its answer cell in the key}."""
    (path,) = KEYS.glob(f"{number}_*.ipynb")
    questions = read_questions(nbformat.read(path, as_version=4))
    return {q.name: cell.source for q in questions for cell in q.tagged("answer")}


def solved(compiled: dict[str, Any], answers: dict[str, str]) -> nbformat.NotebookNode:
    """Return the student's notebook with these sources in the answer cells."""
    notebook = nbformat.from_dict(compiled["notebook"])
    for cell in notebook.cells:
        about = cell.metadata.belgrade
        if about.role == "answer" and about.question in answers:
            cell.source = answers[about.question]
    return notebook


def batches_of(number: str) -> list[dict[str, str]]:
    """Return for each notebook of cases its answer cells: {question: source}.

    One notebook holds a case of each question: the first of each, the second of each, and so on.
    """
    cases, sources = cases_of(number), answer_cells(number)
    return [
        {q: with_code(sources[q], of_it[n][0]) for q, of_it in cases.items() if n < len(of_it)}
        for n in range(max(map(len, cases.values())))
    ]


Examined = tuple[Any, list[str], list[dict[str, Any]]]


def run_by_nbval(number: str) -> list[Examined]:
    """Return for each notebook of an exercise (its fresh copy, repairs, records).

    The first is the exercise as it comes; the others are those of `batches_of`.
    """
    return _run_by_nbval(PAIR_OF[number])[number]


@functools.cache
def _run_by_nbval(numbers: tuple[str, ...]) -> dict[str, list[Examined]]:
    copies = []
    for number in numbers:
        compiled = read_compiled(number)
        fresh = fresh_copy(compiled["notebook"], compiled["checks"])
        notebooks = [examine.read_notebook(KEYS.parent / compiled["file"])]
        notebooks += [solved(compiled, batch) for batch in batches_of(number)]
        copies += [(number, *assemble(fresh, each)) for each in notebooks]
    found: dict[str, list[Examined]] = {number: [] for number in numbers}
    records = records_of([copied for _, copied, _ in copies])
    for (number, copied, repairs), of_it in zip(copies, records, strict=True):
        found[number].append((copied, repairs, of_it))
    return found


@each_exercise
def test_every_graded_question_has_its_cases(number: str) -> None:
    cases, compiled = cases_of(number), read_compiled(number)
    wrongs = {e["question"]: e["spec"]["wrong"] for e in compiled["checks"] if not e["part"]}
    assert set(cases) == set(wrongs)
    for question, of_it in cases.items():
        wrong = {words for _, status, words in of_it if status != "right"}
        # Those that the spec foresees are tried by `build` alone.
        wrong |= {one["message"] for one in wrongs[question]}
        right = sum(status == "right" for _, status, _ in of_it)
        problem = (
            f"{question} has {right} accepted and {len(wrong)} wrong answers: three each, please"
        )
        assert min(right, len(wrong)) >= 3, problem
        assert len({code for code, _, _ in of_it}) == len(of_it), question


@pytest.mark.parametrize("before", [None, "", "1"])
def test_answers_that_were_tried_leave_the_surroundings_as_they_were(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib.use("agg")
    monkeypatch.delenv("BELGRADE_EXAM", raising=False)
    if before is not None:
        monkeypatch.setenv("BELGRADE_EXAM", before)
    monkeypatch.setattr(cases, "cases_of", lambda _: {})
    (path,) = KEYS.glob(f"{NUMBERS[0]}_*.ipynb")
    cases.faults(path, read_compiled(NUMBERS[0]))
    assert os.environ.get("BELGRADE_EXAM") == before


@each_exercise
def test_each_case_gets_its_outcome_at_once_and_from_nbval(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib.use("agg")
    monkeypatch.setenv("BELGRADE_EXAM", "1")  # check_notebook rests
    compiled, cases, batches, faults = (
        read_compiled(number),
        cases_of(number),
        batches_of(number),
        [],
    )
    for n, (batch, found) in enumerate(zip(batches, run_by_nbval(number)[1:], strict=True)):
        _, repairs, records = found
        by_nbval = outcomes(records)
        assert repairs == []
        for question, now in judge_in_process(compiled, batch).items():
            code, status, words = cases[question][n]
            then = by_nbval.get(question, ("no verdict", ""))
            # An error's text is IPython's there and Python's here: only what matters is the same.
            same = now == then or now[0] == then[0] == ERROR
            if not same or any(s != status or words not in message for s, message in (now, then)):
                faults.append(f"{question}: {code}\nwanted {status}: {words}\n{now}\n{then}\n")
    assert not faults, "\n".join(faults)
