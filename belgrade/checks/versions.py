"""Old package, new notebook, or the other way round: what can still be judged, and who must act."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade.checks.cells import INSTALL, about, role, source_of
from belgrade.checks.compiled import read_compiled
from belgrade.checks.notebook_file import NotFound, notebook_file
from belgrade.checks.spec import exercise_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from belgrade.checks.compiled import Compiled

# What a question's answer is judged by, besides the answer.
PROVIDED = ("setup", "parameters", "prompt", "check")


def compiled_for(question: str) -> tuple[Compiled, str]:
    """Return the exercise in this notebook's version, and why it cannot judge a question, or ""."""
    compiled, notebook = compiled_here(exercise_of(question))
    return compiled, _doubt(compiled, question, notebook)


def compiled_here(exercise: str) -> tuple[Compiled, dict[str, Any]]:
    """Return an exercise in this notebook's version, and the notebook, {} if it is not known."""
    notebook = _notebook(exercise)
    mine = about(notebook)
    stamp = mine.get("version") if mine.get("exercise") == exercise else ""
    return read_compiled(exercise, version=stamp), notebook


def _doubt(compiled: Compiled, question: str, notebook: Mapping[str, Any]) -> str:
    mine = about(notebook)
    if mine.get("exercise") != compiled["exercise"] or mine.get("version") == compiled["version"]:
        return ""
    if _provided(notebook, question) == _provided(compiled["notebook"], question):
        return ""  # whatever else changed, this question did not
    return version_message(mine.get("made", ""), about(compiled["notebook"]).get("made", ""))


def changed(notebook: Mapping[str, Any], compiled: Compiled) -> set[str]:
    """Return the questions that a notebook of another version asks in another way."""
    questions = [row["question"] for row in compiled["questions"]]
    if has_lost_its_mark(notebook, compiled):
        return set()
    return {question for question in questions if _doubt(compiled, question, notebook)}


def version_message(
    notebook_made: str, checks_made: str, judged: str = "Nothing is judged. "
) -> str:
    """Return which side is old, from two dates ("2026-11-28", or "" if unknown), and who acts."""
    notebook, checks = _spoken(notebook_made), _spoken(checks_made)
    if notebook and checks and notebook_made > checks_made:
        return (
            f"The module that is installed here is old: its checks are of {checks}, this notebook "
            f"is of {notebook}. {judged}On a hub only your instructor can update the "
            "module; on your own machine, get the module's folder anew and run python run.py."
        )
    if notebook and checks and notebook_made < checks_made:
        return (
            f"This notebook is old: it is of {notebook}, the module's checks are of {checks}. "
            f"{judged}Rename it, take the current notebook from where you got this one, "
            "and copy your answers over."
        )
    return (
        f"This notebook and the module's checks are of different versions. {judged}Take "
        "the current notebook and copy your answers over; if the message stays, the module is old, "
        "and your instructor must update it."
    )


def has_lost_its_mark(notebook: Mapping[str, Any], compiled: Compiled) -> bool:
    """Tell whether a notebook has only lost its mark: whatever a question provides stands there.

    Programs drop what they do not know, and many students would be told that their notebook is old.
    """
    if about(notebook).get("version"):
        return False
    there = {_source(cell) for cell in notebook["cells"] if isinstance(cell, dict)}
    provided = (cell for cell in compiled["notebook"]["cells"] if role(cell) in PROVIDED)
    return all(_source(cell) in there for cell in provided)


def _spoken(day: Any) -> str:
    try:
        found = date.fromisoformat(day)
    except (TypeError, ValueError):
        return ""
    return f"{found.day} {found:%B %Y}"


def _notebook(exercise: str) -> dict[str, Any]:
    try:
        path = notebook_file()
        if path is None and sys.platform == "emscripten":  # no server to ask: if one fits
            (path,) = Path.cwd().glob(f"{exercise}_*.ipynb")
        return json.loads(path.read_text(encoding="utf-8")) if path else {}
    except (NotFound, OSError, ValueError):
        return {}


def _source(cell: Mapping[str, Any]) -> str:
    """Return the source of a cell without the address to install from, which a release fills in."""
    return INSTALL.sub("", source_of(cell).strip())


def _provided(notebook: Mapping[str, Any], question: str) -> list[tuple[str, str]]:
    cells = notebook.get("cells")
    return [
        (role(cell), _source(cell))
        for cell in (cells if isinstance(cells, list) else ())
        if isinstance(cell, dict)
        and role(cell) in PROVIDED
        # Words that belong to no question, such as how to work, are none of the matter.
        and about(cell).get("question") in (question, question if role(cell) == "prompt" else None)
    ]
