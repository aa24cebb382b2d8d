"""A check that returns its points as a number, which is what nbgrader takes for a mark.

`belgrade export nbgrader` writes calls of it. nbgrader gives full marks to a check that only
shows something, and none to a cell that writes to standard error, be it only a warning.
"""

import contextlib
import json
import sys

from belgrade.checks import live
from belgrade.checks.judge import judge
from belgrade.checks.pack import PackError, decode, encode, read_pack
from belgrade.checks.record import captured_or_error, publish
from belgrade.checks.spec import exercise_of


def check_points(question, answer, inputs=None, part="", sealed=None):
    """Show what `check` shows and return the points of `answer`: 0 up to what the part is worth.

    `sealed` holds the check data of a hidden check, made by `seal`; that one shows nothing. What
    the answer writes to standard error goes to standard output. Raises PackError where there are
    no check data.
    """
    with contextlib.redirect_stderr(sys.stdout):
        if sealed:
            entry = decode(sealed.encode("ascii"))
        else:
            entry = live._entry(read_pack(exercise_of(question)), str(question), part)
        captured = captured_or_error(answer, entry["spec"], inputs)
        verdict = judge(entry["spec"], entry["reference"], captured)
        if not sealed:
            words = live._words(str(question), verdict, live.chart_in_words(captured))
            publish({}, *words)
    return verdict.points


def seal(spec, reference):
    """Return the check data of a hidden check as text that is not legible, though no secret."""
    return encode({"spec": spec, "reference": reference}).decode("ascii")


def differing(exported):
    """Return the exercises whose check data are not those of an export, in order.

    `exported` is the path of the `exported.json` that `belgrade export nbgrader` wrote.
    """
    wanted = json.loads(exported.read_text(encoding="utf-8"))
    return [exercise for exercise in sorted(wanted) if wanted[exercise] != _version(exercise)]


def _version(exercise):
    try:
        return read_pack(exercise)["version"]
    except PackError:
        return None
