"""What an outcome is, how an answer is named in it, and how large an answer may be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from belgrade.checks.capture import Captured

Outcome = tuple[str, str]  # a status, and words for the student

NOT_ATTEMPTED, RIGHT, CLOSE, NOT_YET = "not_attempted", "right", "close", "not_yet"
ERROR, PENDING = "error", "pending"
YES = (RIGHT, "Right.")
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

# How much of an answer is ever looked at, so that comparing it ends: capturing cuts to less, but
# code that is examined can put anything in the place of what was captured.
MOST_OF = {
    "items": 5000,
    "rows": 5000,
    "columns": 500,
    "dtypes": 500,
    "results": 500,
    "axes": 50,
    "series": 500,
    "x": 5000,
    "y": 5000,
    "legend": 500,
}
MOST_VALUES = 250_000
MOST_TEXT, MOST_TEXT_IN_ALL = 20_000, 2_000_000


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check: a status, points out of max_points, and words for the student."""

    status: str
    points: float
    max_points: float
    message: str


def too_large(answer: object) -> bool:
    """Tell whether a captured answer holds more than any question can ask for."""
    todo, count, letters = [answer], 0, 0
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            letters += len(one)
            if len(one) > MOST_TEXT or letters > MOST_TEXT_IN_ALL:
                return True
        elif isinstance(one, dict):
            if any(
                len(one.get(k) or ()) > most
                for k, most in MOST_OF.items()
                if isinstance(one.get(k), list)
            ):
                return True
            count += len(one)
            todo += one.values()
        elif isinstance(one, list):
            count += len(one)
            todo += one
        if count > MOST_VALUES:
            return True
    return False


def describe(answer: Captured) -> str:
    """Return in a few words what a captured answer is: "a table with 3 rows"."""
    kind = answer["type"]
    if kind in ("number", "bool"):
        return f"the {'number' if kind == 'number' else 'truth value'} {show(answer['value'])}"
    if kind == "text":
        return f"the text {show(answer['value'])}"
    if kind == "table":
        columns = ", ".join(answer["columns"][:6]) + (", …" if len(answer["columns"]) > 6 else "")
        rows = answer["count"]
        what = "column" if answer.get("series") else "table"
        return f"a {what} with {rows} row{'s' * (rows != 1)} ({columns})"
    if kind in ("list", "map"):
        count = len(answer["items"])
        what = "list" if kind == "list" else "dictionary"
        return f"a {what} of {count} value{'s' * (count != 1)}"
    if kind == "missing":
        return "nothing"
    return {"chart": "a chart", "function": "a function"}.get(
        kind, f"a value of type {answer.get('name', kind)}"
    )


def show(value: object) -> str:
    """Return a value as it is named in a message."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return (
        f"“{value[:40]}”" if isinstance(value, str) and value not in NOT_FINITE else str(value)[:60]
    )
