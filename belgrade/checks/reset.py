"""Start again: put an exercise, or one question of it, back to how it was given out."""

from datetime import datetime
from pathlib import Path

from belgrade import journal
from belgrade.checks import examine
from belgrade.checks.cells import about, role
from belgrade.checks.matching import match
from belgrade.checks.pack import read_pack
from belgrade.checks.quick import nbformat
from belgrade.files import write_whole

MINE = ("answer", "written")


def reset(exercise, question=None, path=None):
    """Put exercise "01", or its question "1.2" alone, back; return in a sentence what was done.

    The notebook as it was is first copied into a folder of `my_work/`, so nothing is lost. Other
    cells of a question, which a student added, stay. Raises ExamineError or PackError.
    """
    pack = read_pack(exercise)
    path = Path(path) if path else examine.find_notebook(pack, Path.cwd())
    fresh = nbformat.from_dict(pack["notebook"])
    if question is not None:
        fresh = _with_fresh_answer(fresh, examine.read_notebook(path), question)
    aside = journal.folder() / f"before_{datetime.now():%Y-%m-%d_%H%M%S}" / path.name
    write_whole(aside, path.read_bytes())
    write_whole(path, (nbformat.writes(fresh) + "\n").encode("utf-8"))
    what = f"Question {question} in {path.name}" if question else path.name
    return (
        f"{what} is as it was given out. Your version is kept as {aside.parent.name}/{aside.name} "
        f"in the folder {journal.folder().name}. Is it open? Choose File › Reload Notebook from "
        "Disk."
    )


def _with_fresh_answer(fresh, submitted, question):
    """Return a student's notebook in which the cell to answer a question is the given one."""
    known = [c for c in fresh.cells if about(c).get("question") == question and role(c) in MINE]
    if not known:
        names = sorted({about(c)["question"] for c in fresh.cells if role(c) in MINE})
        raise examine.ExamineError(f"There is no question {question}: {', '.join(names)}.")
    found, cells, left = match(fresh, submitted), [], list(known)
    for index, cell in enumerate(found.cells):
        at = found.partner.get(index)
        partner = None if at is None else fresh.cells[at]
        mine = partner is not None and about(partner).get("question") == question
        if mine and role(partner) in MINE:
            if partner in left:
                left.remove(partner)
                cells.append(partner)
            continue
        if mine and role(partner) == "check":  # the answer cell was deleted: before its check
            cells += left
            left = []
        cells.append(cell)
    return nbformat.from_dict(dict(submitted, cells=cells + left))
