"""A check that returns its points as a number, which is what nbgrader takes for a mark.

`belgrade export nbgrader` writes calls of it. nbgrader gives full marks to a check that only
shows something, and none to a cell that writes to standard error, be it only a warning.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
import sys
from typing import TYPE_CHECKING, Any

from belgrade.checks import live
from belgrade.checks.compiled import ChecksError, decode, encode, read_compiled
from belgrade.checks.judge import judge
from belgrade.checks.record import captured_or_error, publish
from belgrade.checks.spec import exercise_of

if TYPE_CHECKING:
    from pathlib import Path


def check_points(
    question: object,
    answer: object,
    inputs: list[Any] | None = None,
    part: str = "",
    sealed: str | None = None,
    version: str = "",
) -> float:
    """Show what `check` shows and return the points of `answer`: 0 up to what the part is worth.

    `version` is the stamp of a further version of the exercise. `sealed` holds the check data of a
    hidden check, made by `seal`; that one shows nothing. What the answer writes to standard error
    goes to standard output. Raises ChecksError where there are no check data.
    """
    with contextlib.redirect_stderr(sys.stdout):
        if sealed:
            entry = decode(sealed.encode("ascii"))
        else:
            compiled = read_compiled(exercise_of(question), version=version)
            entry = live._entry(compiled, str(question), part)
        captured = captured_or_error(answer, entry["spec"], inputs)
        verdict = judge(entry["spec"], entry["reference"], captured)
        if not sealed:
            rendered = live._rendered(str(question), verdict, live.chart_in_words(captured))
            publish({}, *rendered)
    return verdict.points


def check_points_again(ran: list[str], sealed: str) -> float:
    """Return the points of a question whose code is run once more under other parameters.

    `ran` are the sources of the cells that ran so far, which IPython keeps as `In`; `sealed`
    holds, made by `seal`, spec and reference, the source of the check, and that of the parameters
    cell, as given and with other values. Shows nothing.
    """
    entry, captured = decode(sealed.encode("ascii")), []

    def check(
        question: object, answer: object, inputs: list[Any] | None = None, part: str = ""
    ) -> None:
        captured.append(captured_or_error(answer, entry["spec"], inputs))

    mine = tuple(source for source in ran if f"{IMPORT_LINE}_again" not in source)
    spaces = _run_again(mine, entry["parameters"].strip(), entry["variant"])
    space = spaces.get(entry["spec"]["question"], spaces[""])
    _quietly(entry["check"], space | {"check": check})
    if not captured:
        return 0
    return judge(entry["spec"], entry["reference"], captured[-1]).points


# The line by which a cell is known to be a check of an export, and none of the student's.
IMPORT_LINE = "from belgrade.checks.points import check_points"
CALL = re.compile(r"""check_points\(\s*["']([\d.]+)["']""")


@functools.lru_cache(maxsize=1)
def _run_again(
    sources: tuple[str, ...], parameters: str, variant: str
) -> dict[str, dict[str, Any]]:
    """Return {question: the names at its check, "": at the end} of cells with other parameters.

    A later question may make a name of an earlier one anew.
    """
    space: dict[str, Any] = {"__name__": "__main__"}
    spaces: dict[str, dict[str, Any]] = {}
    for source in sources:
        if IMPORT_LINE in source:
            spaces |= {question: dict(space) for question in CALL.findall(source)}
            continue
        _quietly(variant if source.strip() == parameters else source, space)
        if "matplotlib.pyplot" in sys.modules:  # as Jupyter does: each cell ends its figures
            sys.modules["matplotlib.pyplot"].close("all")
    return spaces | {"": space}


def _quietly(source: str, space: dict[str, Any]) -> None:
    """Run code; what it prints and what it stops with is lost."""
    nowhere = io.StringIO()
    silent = contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere)
    with silent[0], silent[1], contextlib.suppress(Exception):
        exec(compile(source, "<again>", "exec"), space)


def seal(**entry: Any) -> str:
    """Return the data of a hidden check as text that is not legible, though no secret."""
    return encode(entry).decode("ascii")


def differing(exported: Path) -> list[str]:
    """Return the exercises, "01", or "01_B", whose check data are not those of an export, in order.

    `exported` is the path of the `exported.json` that `belgrade export nbgrader` wrote.
    """
    wanted = json.loads(exported.read_text(encoding="utf-8"))
    return [each for each in sorted(wanted) if wanted[each] != _version(each[:2], wanted[each])]


def _version(exercise: str, version: str) -> str | None:
    try:
        return read_compiled(exercise, version=version)["version"]
    except ChecksError:
        return None
