"""Accepted and wrong answers to every graded question get the outcome and the words that they must.

Each case of exercises/keys/NN_cases.py runs twice: at once, as `check` does in a notebook, and in a
fresh copy under nbval. Both must agree.
"""

from __future__ import annotations

import copy
import importlib.util
import textwrap
from pathlib import Path
from typing import Any

import matplotlib
import nbformat
import pytest

from belgrade.authoring.build import BLOCK
from belgrade.checks import examine, live
from belgrade.checks.assemble import about, assemble, fresh_copy, role
from belgrade.checks.judge import ERROR, judge, stopped
from belgrade.checks.pack import read_pack

KEYS = Path(__file__).resolve().parent.parent / "exercises" / "keys"
NUMBERS = [path.name[:2] for path in sorted(KEYS.glob("[0-9][0-9]_*.ipynb"))]
STATUSES = set(live.STATUS)


def cases_of(number: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return {question: [(code, status, part of the message), ...]} of an exercise."""
    path = KEYS / f"{number}_cases.py"
    spec = importlib.util.spec_from_file_location(f"cases_{number}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        question: [(code, "right", "") for code in both["accepted"]] + both["wrong"]
        for question, both in module.CASES.items()
    }


def cells_of(number: str) -> dict[str, Any]:
    """Return {question: source of its answer cell} of the key."""
    (path,) = KEYS.glob(f"{number}_*.ipynb")
    key = nbformat.read(path, as_version=4)
    found, question = {}, ""
    for cell in key.cells:
        tags = cell.metadata.get("tags", [])
        if "spec" in tags:
            question = cell.source.split('question = "')[1].split('"')[0]
        elif "answer" in tags:
            found[question] = cell.source
    return found


def in_place(source: str, code: str) -> str:
    """Return an answer cell's source with `code` in place of its solution."""
    return BLOCK.sub(lambda block: textwrap.indent(code, block[1]), source)


def at_once(pack: dict, sources: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return {question: (status, message)} of answers that are judged as `check` does it."""
    from matplotlib import pyplot

    outcomes = {}
    for question, source in sources.items():
        cells = pack["notebook"]["cells"]
        space: dict[str, Any] = {}
        for cell in cells:
            if cell["cell_type"] == "code" and cell["metadata"]["belgrade"]["role"] in (
                "setup", "parameters",
            ):  # fmt: skip
                exec(cell["source"], space)

        def check(name: str, answer: Any, inputs: Any = None, part: str = "") -> None:
            entry = live._entry(pack, name, part)
            verdict = judge(
                entry["spec"], entry["reference"], live._capture(answer, entry["spec"], inputs)
            )
            outcomes[name] = verdict.status, verdict.message

        try:
            exec(source, space)
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            outcomes[question] = ERROR, stopped(text, live._entry(pack, question, "")["spec"])
            continue
        for cell in cells:
            here = cell["metadata"]["belgrade"]
            if here["role"] == "check" and here["question"] == question:
                exec(cell["source"], space | {"check": check})
        pyplot.close("all")
    return outcomes


def in_fresh_copies(pack: dict, batches: list[dict[str, str]]) -> list[dict[str, tuple[str, str]]]:
    """Return for each batch {question: (status, message)}, all examined by one run of nbval.

    Each batch is put into a fresh copy of its own; the copies follow one another in one kernel,
    emptied in between, and their questions are told apart by a mark after the number.
    """
    fresh = fresh_copy(pack["notebook"], pack["checks"])
    whole = None
    for number, batch in enumerate(batches):
        submitted = copy.deepcopy(fresh)
        for cell in submitted.cells:
            if role(cell) == "answer" and about(cell)["question"] in batch:
                cell.source = batch[about(cell)["question"]]
        notebook, repairs = assemble(fresh, submitted)
        assert repairs == []
        for cell in notebook.cells:
            cell["id"] = f"{cell['id']}-{number}"
            if question := about(cell).get("question"):
                mark = f"{question}~{number}"
                about(cell)["question"] = mark
                if "spec" in about(cell):
                    about(cell)["spec"] = about(cell)["spec"] | {"question": mark}
                    cell.source = cell.source.replace(f'"{question}"', f'"{mark}"')
        empty = nbformat.v4.new_code_cell("%reset -f", id=f"empty-{number}")
        if whole is None:
            whole = notebook
        else:
            whole.cells += [empty, *notebook.cells]
    records, lost = examine.run(whole)
    assert not lost
    found: list[dict[str, tuple[str, str]]] = [{} for _ in batches]
    for record in records:
        question, number = record["question"].split("~")
        if record["part"] == "":
            found[int(number)][question] = record["status"], record["message"]
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_every_graded_question_has_its_cases(number: str) -> None:
    cases, pack = cases_of(number), read_pack(number)
    assert set(cases) == {entry["question"] for entry in pack["checks"]}
    for question, of_it in cases.items():
        statuses = [status for _, status, _ in of_it]
        assert set(statuses) <= STATUSES
        wrong = [words for _, status, words in of_it if status != "right"]
        assert statuses.count("right") >= 3, question
        assert len(set(wrong)) >= 3, question
        assert len({code for code, _, _ in of_it}) == len(of_it), question


@pytest.mark.parametrize("number", NUMBERS)
def test_the_check_and_nbval_agree_on_every_case(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    matplotlib.use("agg")
    monkeypatch.setenv("BELGRADE_EXAM", "1")  # check_notebook rests
    pack, cases, cells = read_pack(number), cases_of(number), cells_of(number)
    longest = max(map(len, cases.values()))
    batches = [
        {q: in_place(cells[q], of_it[k][0]) for q, of_it in cases.items() if k < len(of_it)}
        for k in range(longest)
    ]
    examined = in_fresh_copies(pack, batches)
    faults = []
    for k, batch in enumerate(batches):
        for question, (status, message) in at_once(pack, batch).items():
            code, wanted, words = cases[question][k]
            nbval = examined[k].get(question, ("none", ""))
            told = f"{question}, case {k}, {code!r}"
            if status != wanted or words not in message:
                faults.append(f"{told}\n  wanted {wanted}: {words}\n  got {status}: {message}")
            if nbval[0] != status or (status != ERROR and nbval[1] != message):
                faults.append(f"{told}\n  at once {status}: {message}\n  nbval {nbval}")
            if words not in nbval[1]:
                faults.append(f"{told}\n  nbval does not say {words!r}: {nbval[1]}")
    assert not faults, "\n".join(faults)
