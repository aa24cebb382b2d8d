"""Graded cells, and how a verdict on one comes about: shared by nbval's plugin and the grader."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from belgrade.checks.assemble import about, role
from belgrade.checks.judge import ERROR, NOT_ATTEMPTED, Verdict, error_message, judge
from belgrade.checks.record import MIME
from belgrade.checks.spec import parse_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbformat import NotebookNode

    from belgrade.checks.spec import Spec

WIDGET = "application/vnd.jupyter.widget-view+json"
SCRIPT = re.compile(r"<script[^>]*>.*?</script>", re.S)
FORGET = """\
import sys as _sys
for _name in [m for m in _sys.modules if m.split(".")[:2] == ["belgrade", "checks"]]:
    del _sys.modules[_name]
"""
TAKE = """\
from belgrade.checks.record import recording_check as _recording_check
check = _recording_check({spec!r})
"""


def prelude(spec: Spec, trusted: bool = False) -> str:
    """Return the code that runs before a graded cell; only what capturing needs goes in.

    Whatever was done to `check`, the cell has the package's own: imported anew, which takes a
    while, unless the code is `trusted`.
    """
    taken = TAKE.format(spec=json.dumps({k: spec[k] for k in ("kind", "inputs") if k in spec}))
    return taken if trusted else FORGET + taken


def recorded_answer(outputs: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the last recorded answer among outputs, or None."""
    found = [o["data"][MIME] for o in outputs if MIME in (o.get("data") or {})]
    return as_recorded(found[-1]) if found else None


def as_recorded(found: Any) -> dict[str, Any] | None:
    """Return a recorded answer, as it came from a kernel, as a dict, or None if it is none."""
    try:
        found = json.loads(found) if isinstance(found, str) else found
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("answer"), dict) else None


def graded_specs(cells: list[NotebookNode]) -> dict[str, Spec]:
    """Return {cell id: spec} for the graded cells of an answer key or an assembled copy.

    In a key, a spec cell holds for the cells that follow it, and `part` is read from the call.
    """
    specs, spec = {}, None
    for cell in cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "raw" and "spec" in tags:
            spec = parse_spec(cell.source)
        elif cell.cell_type == "code" and spec and {"check", "hidden"} & set(tags):
            part = re.search(r"""\bpart\s*=\s*["']([^"']*)["']""", cell.source)
            specs[cell["id"]] = spec | {"part": part[1] if part else ""}
        elif role(cell) in ("check", "hidden") and "spec" in about(cell):
            specs[cell["id"]] = about(cell)["spec"]
    return specs


def verdict_on(
    spec: Spec,
    reference: dict[str, Any],
    recorded: dict[str, Any] | None,
    before: str | None = None,
    error: str | None = None,
) -> Verdict:
    """Return the Verdict on a graded cell.

    `reference` and `recorded` are recorded answers (None where none came back); `before` is
    the first error of the question's cells, `error` that of the graded cell itself, each as
    "NameError: …", or None.
    """
    if recorded is not None and recorded.get("question") != spec["question"]:
        recorded = None
    verdict = judge(spec, reference["answer"], recorded and recorded["answer"])
    # The check stops with NameError where the answer's cell stopped: that is the reason.
    if before and verdict.status in (ERROR, NOT_ATTEMPTED):
        return Verdict(ERROR, 0, verdict.max_points, error_message(before, spec))
    if recorded is None and error:
        return Verdict(ERROR, 0, verdict.max_points, error_message(error, spec))
    return verdict


def strip_widgets(outputs: Iterable[Any]) -> list[Any]:
    """Return the outputs without widget views, which are empty in a notebook that is reopened.

    Nor is the script for widgets kept, of which a page without them has no use.
    """
    kept = []
    for output in outputs:
        data = output.get("data")
        if data and WIDGET in data:
            data.pop(WIDGET)
            if set(data) <= {"text/plain"}:
                continue
        if data and "text/html" in data:
            page = "".join(data["text/html"])
            if SCRIPT.search(page):
                data["text/html"] = SCRIPT.sub("", page)
        kept.append(output)
    return kept
