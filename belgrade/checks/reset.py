"""Start again: put an exercise, or one question of it, back to how it was given out."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade import UserError, journal
from belgrade.checks import examine
from belgrade.checks.cells import about, role
from belgrade.checks.compiled import read_compiled
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.matching import match
from belgrade.checks.reading import NOTES
from belgrade.checks.spec import exercise_of
from belgrade.files import write_whole

if TYPE_CHECKING:
    from nbformat import NotebookNode

MINE = ("answer", "written")


def start_again(name: str, path: Path | str | None = None) -> str:
    """Put back what `name` names, "03" or "3.2"; else as `reset`. Raises UserError for others."""
    name = name.replace(",", ".")
    if not all(part.isdecimal() for part in name.split(".", 1)):
        raise UserError(
            f"{name!r} is neither an exercise, such as 03, nor a question, such as 3.2."
        )
    return reset(exercise_of(name), name if "." in name else None, path)


def reset(exercise: str, question: str | None = None, path: Path | str | None = None) -> str:
    """Put exercise "01", or its question "1.2" alone, back; return in a sentence what was done.

    The notebook as it was is first copied into a folder of `my_work/`, so nothing is lost. Other
    cells of a question, which a student added, stay. Raises ExamineError or ChecksError.
    """
    compiled = read_compiled(exercise)
    path = Path(path) if path else examine.find_notebook(compiled, Path.cwd())
    with contextlib.suppress(examine.ExamineError):  # what cannot be read is put back as well
        version = about(examine.read_notebook(path)).get("version")
        compiled = read_compiled(exercise, version=version)
    fresh = nbformat.from_dict(compiled["notebook"])
    if question is None:
        text = nbformat.writes(fresh)
    else:
        text = json.dumps(_with_fresh_answer(fresh, path, question), ensure_ascii=False, indent=1)
    aside = journal.new_backup_folder() / path.name
    write_whole(aside, path.read_bytes())
    write_whole(path, text + "\n")
    what = f"Question {question} in {path.name}" if question else path.name
    return (
        f"{what} is as it was given out. Your version is kept as {aside.parent.name}/{aside.name} "
        f"in the folder {journal.folder().name}. Is it open? Choose File › Reload Notebook from "
        "Disk."
    )


def _with_fresh_answer(fresh: NotebookNode, path: Path, question: str) -> dict[str, Any]:
    """Return the notebook at `path` as it stands, but for the cell to answer a question."""
    asked = {at: c for at, c in enumerate(fresh.cells) if about(c).get("question") == question}
    given = {at: cell for at, cell in asked.items() if role(cell) in MINE}
    if not given:
        names = sorted({about(c)["question"] for c in fresh.cells if role(c) in MINE})
        raise examine.ExamineError(f"There is no question {question}: {', '.join(names)}.")
    checks = {at for at, cell in asked.items() if role(cell) == "check"}
    submitted = examine.read_notebook(path)
    notebook = _as_stored(path, submitted.metadata[NOTES])
    found = match(fresh, submitted)
    # Of each cell, its parts in `found.cells`, and what these are in the fresh copy.
    parts: list[dict[int, int | None]] = [{} for _ in notebook["cells"]]
    for index, origin in enumerate(found.origins):
        parts[origin][index] = found.partner.get(index)
    # A given cell goes where the first stands that answers this question, alone if there is one.
    whole_first = sorted(found.partner, key=lambda index: len(parts[found.origins[index]]))
    place = {found.partner[index]: index for index in reversed(whole_first)}
    left = [cell for at, cell in given.items() if at not in place]
    cells: list[dict[str, Any]] = []
    new: list[dict[str, Any]] = list(given.values())
    for cell, partners in zip(notebook["cells"], parts, strict=True):
        if not given.keys() & set(partners.values()):
            if checks & set(partners.values()):  # the answer cell was deleted: before its check
                cells, left = cells + left, []
            cells.append(cell)
            continue
        for index, at in partners.items():
            if at not in given:  # the cell answered another question, too
                new.append(found.cells[index] | {"outputs": [], "execution_count": None})
                cells.append(new[-1])
            elif place[at] == index:
                cells.append(given[at])
    cells += left
    ids = [cell.get("id") for cell in cells]
    for cell in new:
        if notebook.get("nbformat_minor", 0) < 5:  # cells have no ids yet
            del cell["id"]
        elif ids.count(cell["id"]) > 1:  # a cell that stays has it
            cell["id"] = nbformat.v4.new_code_cell().id
    return notebook | {"cells": cells}


def _as_stored(path: Path, notes: list[str]) -> dict[str, Any]:
    """Return a notebook as its file has it; raise ExamineError where it had to be put right.

    What reads a student's notebook takes nothing but words and our own metadata.
    """
    try:
        notebook = json.loads(path.read_bytes())
        if notebook.get("worksheets") is None:
            return notebook
    except ValueError:
        pass
    why = " ".join(notes) or "It is of an old format: save it in JupyterLab first."
    raise examine.ExamineError(f"In {path.name} only the whole exercise can be put back. {why}")
