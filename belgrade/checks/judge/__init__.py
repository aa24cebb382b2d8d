"""The judge: compare a captured answer with a captured reference and say so in plain words.

Pure: no files, no output. It accepts what a fair and careful teaching assistant would: the right
answer in whatever form it is clear, and one answer only. A message names what was found and the
next step, never the answer. Each kind has a module; `KINDS` is the one table of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from belgrade.checks.judge.charts import chart, drawn_as
from belgrade.checks.judge.errors import error_message
from belgrade.checks.judge.functions import function
from belgrade.checks.judge.numbers import as_float, listed, mapping, number
from belgrade.checks.judge.outcome import (
    CLOSE,
    ERROR,
    NOT_ATTEMPTED,
    NOT_YET,
    PENDING,
    RIGHT,
    YES,
    Verdict,
    describe,
    too_large,
)
from belgrade.checks.judge.tables import table
from belgrade.checks.judge.texts import choice, normalized, text, truth, written

if TYPE_CHECKING:
    from belgrade.checks.capture import Captured
    from belgrade.checks.judge.outcome import Outcome
    from belgrade.checks.spec import Spec

__all__ = [
    "CLOSE",
    "ERROR",
    "KINDS",
    "NOT_ATTEMPTED",
    "NOT_YET",
    "PENDING",
    "RIGHT",
    "Verdict",
    "describe",
    "error_message",
    "judge",
    "normalized",
]

UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    IndexError,
    ArithmeticError,
    RecursionError,
)


def judge(spec: Spec, reference: Captured, answer: Captured | None) -> Verdict:
    """Return the Verdict on a captured `answer`, given the captured `reference` and the spec."""
    try:
        status, message = _outcome(spec, reference, answer)
    except UNREADABLE as error:
        status, message = ERROR, f"This answer could not be read ({type(error).__name__})."
    most = spec.get("points", 1)
    points = most if status == RIGHT else 0
    if status == CLOSE:
        points = min(spec.get("close_points", 0), most)
    return Verdict(status, points, most, message)


def _outcome(spec: Spec, reference: Captured, answer: Captured | None) -> Outcome:
    kind = spec.get("kind", "number")
    if answer is None:
        return ERROR, "No answer came back from this cell. Is the check still called here?"
    if answer["type"] == "error":
        return ERROR, error_message(answer["error"], spec)
    if kind == "written":
        return written(spec, answer)
    if too_large(answer):
        return ERROR, "This answer is too large to be checked: give only what is asked for."
    if answer["type"] == "missing":
        if answer["value"] == "...":
            return NOT_ATTEMPTED, "Replace the three dots with your answer."
        if kind == "chart":
            return NOT_ATTEMPTED, "There is no chart here. Keep the axes in a name: ax = ...plot()"
        return NOT_ATTEMPTED, "The value is None. Did you print the answer instead of keeping it?"
    status, message = _compare(spec, reference, answer)
    if status in (RIGHT, NOT_ATTEMPTED):
        return status, message
    for wrong in spec.get("wrong", []):
        if "answer" in wrong and _is_known_wrong(spec, reference, wrong["answer"], answer):
            return (CLOSE if wrong.get("close") else NOT_YET), wrong["message"]
    return status, message


def _compare(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Return (status, message) for two captured values, by the kind of the question."""
    kind = spec.get("kind", "number")
    if kind == "function":  # what a function returns is judged by what the reference returns
        kind = reference["type"]
    return KINDS.get(kind, _other)(spec, reference, answer)


def _functions(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    return function(spec, reference, answer, _compare)


def _other(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    return YES if reference == answer else (NOT_YET, f"Not yet: you have {describe(answer)}.")


KINDS = {
    "number": number,
    "list": listed,
    "map": mapping,
    "text": text,
    "choice": choice,
    "bool": truth,
    "table": table,
    "chart": chart,
    "function": _functions,
}


# --- known wrong answers ---------------------------------------------------------------------


def _is_known_wrong(spec: Spec, reference: Captured, wrong: Captured, answer: Captured) -> bool:
    """Tell whether an answer is the known wrong one, `wrong`."""
    if wrong == answer:
        return True
    if wrong["type"] == "chart" and answer["type"] == "chart":
        return _is_known_wrong_chart(spec, reference, wrong, answer)
    if wrong["type"] == "error" or answer["type"] == "error":
        return wrong["type"] == answer["type"] and wrong["error"] == answer["error"]
    content = spec | {"ordered": False, "extra_columns": True}
    if _compare(content, reference, wrong)[0] == RIGHT:
        content = spec  # it is about the order, or about a column too many
    near = (
        wrong["type"] != "number"
        or answer["type"] != "number"
        or math.isclose(as_float(wrong["value"]), as_float(answer["value"]), rel_tol=0.02)
    )  # a wide tolerance about the answer says nothing about a small number
    return near and _compare(content, wrong, answer)[0] == RIGHT


def _is_known_wrong_chart(
    spec: Spec, reference: Captured, wrong: Captured, answer: Captured
) -> bool:
    if len(wrong["axes"]) != len(answer["axes"]):
        return False
    pairs = list(zip(wrong["axes"], answer["axes"], strict=True))
    # One with the right figures is about how they are drawn; any other about the figures.
    drawn = reference["type"] == "chart" and any(
        _same_drawing(spec, w, a) for a in wrong["axes"] for w in reference["axes"]
    )
    return all(_same_drawing(spec, a, b) for a, b in pairs) and not (
        drawn and any(_look(a) != _look(b) for a, b in pairs)
    )


def _same_drawing(spec: Spec, one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two axes show the same series: each all that the other shows."""
    a, b = one["series"], other["series"]
    return drawn_as(spec, a, b, None) and drawn_as(spec, b, a, None)


def _look(axes: dict[str, Any]) -> tuple[object, ...]:
    marks = sorted({s["mark"] for s in axes["series"]})
    return marks, *(bool(axes[k]) for k in ("title", "xlabel", "ylabel"))
