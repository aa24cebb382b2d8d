"""Answers to try: what a question accepts, and what it must say of answers that are wrong.

Simple ones stand in a question's spec; what would be long there in `NN_cases.py` beside the key:
CASES = {question: {"accepted": [code, ...], "wrong": [(code, status, part of the message), ...]}}.
The code stands in place of the solution; what the answer cell gives besides stays.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import textwrap
from typing import TYPE_CHECKING, Any

from belgrade.authoring.key import BLOCK, BuildError, read_questions, tag_of
from belgrade.checks import live, record
from belgrade.checks.compiled import read_compiled
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.judge import ERROR, NOT_YET, RIGHT, error_message, judge
from belgrade.checks.status import STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbformat import NotebookNode

    from belgrade.authoring.key import Question
    from belgrade.checks.compiled import Compiled
    from belgrade.checks.judge.outcome import Outcome
    from belgrade.checks.spec import Spec


Case = tuple[str, str, str]  # code, status, part of the message


def cases_of(key_path: Path) -> dict[str, list[Case]]:
    """Return {question: [(code, status, part of the message), ...]} of a key.

    Raises BuildError where the file of cases names a question or a status that is none.
    """
    questions = read_questions(nbformat.read(key_path, as_version=4))
    cases = {q.name: _in_spec(q.spec) for q in questions if q.tagged("answer")}
    path = key_path.with_name(f"{key_path.name[:2]}_cases.py")
    from_file = runpy.run_path(str(path))["CASES"] if path.is_file() else {}
    for name, lists in from_file.items():
        if name not in cases:
            raise BuildError(f"{path.name}: the key has no question {name!r} with an answer cell")
        cases[name] += [(code, RIGHT, "") for code in lists["accepted"]] + lists["wrong"]
    for name, listed in cases.items():
        if bad := {status for _, status, _ in listed} - {*STATUS}:
            raise BuildError(f"question {name}: status {min(bad)!r} is none of {', '.join(STATUS)}")
    return cases


def _in_spec(spec: Spec) -> list[Case]:
    return [(case["code"], RIGHT, "") for case in spec.get("accepted", [])] + [
        (case["code"], case.get("status", NOT_YET), case["words"])
        for case in spec.get("wrong", [])
        if "words" in case
    ]


def with_code(source: str, code: str) -> str:
    """Return an answer cell's source with `code` in place of its solution."""
    return BLOCK.sub(lambda block: textwrap.indent(code, block[1]), source)


def judge_in_process(compiled: Compiled, answers: Mapping[str, str]) -> dict[str, Outcome]:
    """Return {question: (status, message)} as `check` finds them, each question by itself.

    `answers` has the source of the answer cell for each question to try; it runs in this process.
    """
    from matplotlib import pyplot

    outcomes = {}

    def check(
        question: str, answer: object, inputs: list[Any] | None = None, part: str = ""
    ) -> None:
        entry = live._entry(compiled, question, part)
        captured = record.captured_or_error(answer, entry["spec"], inputs)
        verdict = judge(entry["spec"], entry["reference"], captured)
        outcomes[question] = verdict.status, verdict.message

    cells = [c for c in compiled["notebook"]["cells"] if c["cell_type"] == "code"]
    setup = [c for c in cells if c["metadata"]["belgrade"]["role"] in ("setup", "parameters")]
    checks = [c for c in cells if c["metadata"]["belgrade"]["role"] == "check"]
    for question, source in answers.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # what it prints and shows
                namespace: dict[str, Any] = {}
                for cell in setup:
                    exec(cell["source"], namespace)
                exec(source, namespace)
                for cell in checks:
                    if cell["metadata"]["belgrade"]["question"] == question:
                        exec(cell["source"], namespace | {"check": check})
        except Exception as error:
            spec = live._entry(compiled, question, "")["spec"]
            outcomes[question] = ERROR, error_message(f"{type(error).__name__}: {error}", spec)
        pyplot.close("all")
    return outcomes


def report_faults(key_path: Path, packed: Path) -> int:
    """Print how the answers to try fare on an exercise in `packed`; return the number of faults."""
    count, lines = faults(key_path, read_compiled(key_path.name[:2], packed))
    for line in lines:
        print(f"{key_path.name}: {line}")
    print(f"{key_path.name}: {count} answers tried, {len(lines) or 'nothing'} amiss")
    return len(lines)


def faults(key_path: Path, compiled: Compiled) -> tuple[int, list[str]]:
    """Return how many answers to try there are, and a line for each that is judged otherwise.

    A line, too, for each number of a hint which nothing that the question says or does bears out.
    """
    import matplotlib

    key = nbformat.read(key_path, as_version=4)
    questions = read_questions(key)
    sources = {q.name: c.source for q in questions for c in q.tagged("answer")}
    cases, lines = cases_of(key_path), stale_numbers(key, questions)
    backend, exam = matplotlib.get_backend(), os.environ.get("BELGRADE_EXAM")
    matplotlib.use("agg")
    os.environ["BELGRADE_EXAM"] = "1"  # check_notebook rests
    try:
        for question, listed in cases.items():
            for code, status, expected_text in listed:
                answer = {question: with_code(sources[question], code)}
                actual, text = judge_in_process(compiled, answer).get(question, ("no verdict", ""))
                if expected_text in text and actual == status:
                    continue
                expected = status + f", {expected_text!r}" * bool(expected_text)
                lines.append(
                    f"question {question}: {code.strip().splitlines()[-1].strip()!r} should be "
                    f"judged {expected}; it is {actual}: {text}"
                )
    finally:
        matplotlib.use(backend)
        if exam is None:
            del os.environ["BELGRADE_EXAM"]
        else:
            os.environ["BELGRADE_EXAM"] = exam
    return sum(map(len, cases.values())), lines


NUMBER = re.compile(r"\d+(?:[_,\u00a0]\d{3})*(?:\.\d+)?")
SPELLED = {"hundred": 100, "per cent": 100, "thousand": 1_000, "100k": 1e5, "million": 1e6}


def stale_numbers(key: NotebookNode, questions: list[Question]) -> list[str]:
    """Return a line for each number from 10 on that a hint names and its question knows not."""
    own = {cell["id"] for q in questions for cell in q.cells}
    shared = {n for cell in key.cells if cell["id"] not in own for n in _numbers(cell.source)}
    lines = []
    for question in questions:
        known = shared.union(*(_numbers(c.source) for c in question.cells if tag_of(c) != "spec"))
        for n, hint in enumerate(question.spec.get("hints", []), 1):
            lines += [
                f"question {question.name}: hint {n} names {number:,.10g}, which stands neither in "
                "its prompt nor in its code"
                for number in sorted(_numbers(hint) - known)
                if number >= 10
            ]
    return lines


def _numbers(text: str) -> set[float]:
    numbers = {float(re.sub(r"[^\d.]", "", number)) for number in NUMBER.findall(text)}
    return numbers | {number for word, number in SPELLED.items() if word in text.lower()}
