"""Start again: put an exercise, or one question of it, back to how it was given out."""

from __future__ import annotations

import contextlib
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
    if question is not None:
        fresh = _with_fresh_answer(fresh, examine.read_notebook(path), question, path)
    aside = journal.aside() / path.name
    write_whole(aside, path.read_bytes())
    write_whole(path, nbformat.writes(fresh) + "\n")
    what = f"Question {question} in {path.name}" if question else path.name
    return (
        f"{what} is as it was given out. Your version is kept as {aside.parent.name}/{aside.name} "
        f"in the folder {journal.folder().name}. Is it open? Choose File › Reload Notebook from "
        "Disk."
    )


def _with_fresh_answer(
    fresh: NotebookNode, submitted: NotebookNode, question: str, path: Path
) -> NotebookNode:
    """Return a student's notebook in which the cell to answer a question is the given one."""
    known = [c for c in fresh.cells if about(c).get("question") == question and role(c) in MINE]
    if not known:
        names = sorted({about(c)["question"] for c in fresh.cells if role(c) in MINE})
        raise examine.ExamineError(f"There is no question {question}: {', '.join(names)}.")
    found, cells, left = match(fresh, submitted), [], list(known)
    for index, cell in enumerate(found.cells):
        at = found.partner.get(index)
        partner = {} if at is None else fresh.cells[at]
        mine = about(partner).get("question") == question
        if mine and role(partner) in MINE:
            if partner in left:
                left.remove(partner)
                cells.append(partner)
            continue
        if mine and role(partner) == "check":  # the answer cell was deleted: before its check
            cells += left
            left = []
        cells.append(cell)
    return _as_stored(dict(submitted, cells=cells + left), path)


def _as_stored(notebook: dict[str, Any], path: Path) -> NotebookNode:
    """Return a notebook with outputs and metadata as its file has them, where it is whole.

    What reads a student's notebook takes nothing but words and our own metadata.
    """
    notebook["metadata"] = {k: v for k, v in notebook["metadata"].items() if k != NOTES}
    try:
        stored = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, nbformat.validator.NotebookValidationError):
        return nbformat.from_dict(notebook)
    known = {(cell.cell_type, cell.source): cell for cell in stored.cells}
    cells = [known.get((cell["cell_type"], cell["source"]), cell) for cell in notebook["cells"]]
    return nbformat.from_dict(dict(notebook, metadata=stored.metadata, cells=cells))
