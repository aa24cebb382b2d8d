"""What a fair teaching assistant would take, and would not: ways to answer, a file for each kind.

A file in `idioms` holds a question (its spec, the code of a set-up and of the reference) and code
for answers. The last expression is the answer; it is captured, sent as JSON, and judged.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import json
import tomllib
import warnings
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import pytest

from belgrade.checks.judge import KINDS, judge
from belgrade.checks.record import captured_or_error

matplotlib.use("agg")
FILES = sorted((Path(__file__).parent / "idioms").glob("*.toml"))
FEWEST = 20  # ways to be right, and to be wrong, of each kind
STATUSES = {
    "accepted": {"right"},
    "close": {"close"},
    "refused": {"not_yet", "not_attempted", "error"},
}


def value(code: str, names: dict[str, Any]) -> Any:
    """Return what the last expression of `code` is."""
    body = ast.parse(code.strip()).body
    assert isinstance(body[-1], ast.Expr), code
    exec(compile(ast.Module(body[:-1], []), "answer", "exec"), names)
    return eval(compile(ast.Expression(body[-1].value), "answer", "eval"), names)


def captured(code: str, idiom: dict[str, Any], names: dict[str, Any]) -> Any:
    """Return the answer that `code` gives as it comes out of a kernel."""
    from matplotlib import pyplot

    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        found = captured_or_error(value(code, copy.copy(names)), idiom["spec"], None)
        pyplot.close("all")
    return json.loads(json.dumps(found, allow_nan=False))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_way_of_answering_gets_what_it_deserves(path: Path) -> None:
    idiom = tomllib.loads(path.read_text(encoding="utf-8"))
    plt.close("all")  # what other tests left open, pandas would draw into
    names: dict[str, Any] = {}
    exec(idiom.get("setup", ""), names)
    reference, faults = captured(idiom["reference"], idiom, names), []
    for wanted, codes in idiom["answers"].items():
        assert len(set(codes)) == len(codes)
        for code in codes:
            verdict = judge(idiom["spec"], reference, captured(code, idiom, names))
            if verdict.status not in STATUSES.get(wanted, {wanted}):
                faults.append(f"{wanted}: {code}\n    {verdict.status}: {verdict.message}")
    assert not faults, "\n".join(faults)


def test_each_kind_has_its_ways() -> None:
    right: dict[str, int] = {}
    wrong: dict[str, int] = {}
    for path in FILES:
        idiom = tomllib.loads(path.read_text(encoding="utf-8"))
        kind, ways = idiom["spec"]["kind"], idiom["answers"]
        right[kind] = max(right.get(kind, 0), len(ways.get("accepted", ways.get("pending"))))
        wrong[kind] = max(wrong.get(kind, 0), len(ways.get("refused", ways.get("not_attempted"))))
    assert set(right) == {*KINDS, "written"} - {"bool", "map"}  # these two are results of functions
    assert min(right.values()) >= FEWEST, right
    assert min(wrong.values()) >= FEWEST, wrong
