"""Read a student's notebook file: whatever an editor, a mail program or git made of it.

Only what is looked at later is kept: sources, types, ids and this module's own metadata. Nothing
is validated against nbformat's schema, which can take a time that grows with the square of what
was handed in, and whose complaints nobody needs.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade import UserError
from belgrade.checks.fast_nbformat import nbformat

if TYPE_CHECKING:
    from nbformat import NotebookNode

Parts = tuple[list[dict[str, Any]], dict[str, Any]]  # cells, and the notebook's metadata

# A notebook beyond these is no student's work: an exercise has some 30 cells.
MOST_CELLS, MOST_CODE = 500, 500_000
NOTES = "read_notes"
OTHER_KINDS = (
    (rb"\s*<(!doctype|html|\?xml)", "a web page: download the notebook itself, not the page"),
    (rb"%PDF", "a PDF: hand in the notebook itself"),
    (rb"PK\x03\x04", "a zip or an office document: take the notebook out of it"),
)
# A line of git's; one side's may be gone where somebody took out the others.
CONFLICT_MARKER = re.compile(r"^(<{7}|>{7})(?=[ \r\n]|$)", re.MULTILINE)
UNCLEAR = "# Here stood two versions between git's conflict markers.\n"


class ExamineError(UserError):
    """A notebook cannot be checked; its text says why and what to do."""


def read_notebook(path: Path | str, name: str | None = None) -> NotebookNode:
    """Return the notebook at `path`; raise ExamineError, in a line, if it is none or too long.

    `name` is what to call the file; by default its own name. What was put right while reading
    stands, in sentences, in `notebook.metadata[NOTES]`.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ExamineError(f"There is no file {path}.") from None
    except OSError as error:
        why = error.strerror or "the system refused it"
        raise ExamineError(f"{name or path.name} cannot be read ({why}).") from None
    return notebook_of(data, name or path.name)


def notebook_of(data: bytes, name: str) -> NotebookNode:
    """Return the notebook in these bytes, as `read_notebook` does."""
    for pattern, what in OTHER_KINDS:
        if re.match(pattern, data, re.IGNORECASE):
            raise ExamineError(f"{name} is {what}.")
    text, notes = _decoded(data)
    try:
        try:
            cells, about = _parts(json.loads(text))
        except json.JSONDecodeError as error:
            cells, about = _repaired(text, name, error, notes)
        notebook = nbformat.from_dict(
            {
                "nbformat": 4,
                "nbformat_minor": 5,
                "metadata": about | {NOTES: notes},
                "cells": cells,
            }
        )
    except ExamineError as error:
        raise ExamineError(f"{name} {error}") from None
    except json.JSONDecodeError as error:
        where = f"broken in line {error.lineno}" if text[error.pos :].strip() else "cut off"
        raise ExamineError(
            f"{name} is damaged or no notebook ({where}): save or download it again."
        ) from None
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, MemoryError):
        why = "cut off, or of another kind"
        raise ExamineError(
            f"{name} is damaged or no notebook ({why}): save or download it again."
        ) from None
    if (count := len(cells)) > MOST_CELLS:
        raise ExamineError(f"The notebook has {count} cells; up to {MOST_CELLS} are read.")
    if sum(len(cell["source"]) for cell in cells) > MOST_CODE:
        raise ExamineError(f"The notebook has more than {MOST_CODE:,} letters of code and text.")
    return notebook


def _decoded(data: bytes) -> tuple[str, list[str]]:
    """Return (text, notes): UTF-8, UTF-16 and UTF-32 are told apart for sure, others by guess."""
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding).lstrip("\ufeff")
        notes = [] if encoding.startswith("utf-8") else [f"The file was read as {encoding}."]
        return text, notes
    except UnicodeDecodeError:
        # In Cyrillic (cp1251) such letters stand side by side, in Serbian Latin (cp1250) alone.
        high = len(re.findall(rb"[\x80-\xff]", data))
        pairs = len(re.findall(rb"[\xc0-\xff](?=[\xc0-\xff])", data))
        code = "cp1251" if 2 * pairs > high else "cp1250"
        note = f"The file is not UTF-8; it was read as {code}: letters such as č may be wrong."
        return data.decode(code, "replace"), [note]


def _parts(content: Any) -> Parts:
    """Return what is needed of a notebook's JSON, of nbformat 2 to 4."""
    if not isinstance(content, dict):
        raise ValueError("no notebook")
    sheets = content.get("worksheets")  # where nbformat 3 has its cells
    listed = content["cells"] if sheets is None else [c for s in sheets for c in s["cells"]]
    if len(listed) > MOST_CELLS:
        raise ExamineError(f"has {len(listed)} cells; up to {MOST_CELLS} are read.")
    cells, seen = [], set()
    for cell in listed:
        kind, source = cell["cell_type"], cell.get("source", cell.get("input", ""))
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        if kind == "heading":  # of nbformat 3
            kind, source = "markdown", f"# {source}"
        if not isinstance(kind, str):
            raise ValueError("a cell without a type")
        made: dict[str, Any] = {"cell_type": kind, "source": source, "metadata": _ours(cell)}
        made |= {"outputs": [], "execution_count": None} if kind == "code" else {}
        if isinstance(cell.get("id"), str) and cell["id"] not in seen:
            made["id"] = cell["id"]
            seen.add(cell["id"])
        cells.append(made)
    return cells, _ours(content)


def _ours(part: dict[str, Any]) -> dict[str, Any]:
    about = part.get("metadata")
    about = about.get("belgrade") if isinstance(about, dict) else None
    return {"belgrade": about} if isinstance(about, dict) else {}


def _repaired(text: str, name: str, error: json.JSONDecodeError, notes: list[str]) -> Parts:
    """Return (cells, metadata) of text that is no JSON as it stands, but was a notebook."""
    if conflict := CONFLICT_MARKER.search(text):
        return _both_sides(text, text.count("\n", 0, conflict.start()) + 1, notes)
    if error.msg == "Extra data":  # what was longer before, or zeros, after the end
        found = _parts(json.loads(text[: error.pos]))
        notes.append("Something stood in the file after the notebook's end; it was left out.")
        return found
    straight = re.sub("^[ \t\u00a0]+", "", text, flags=re.MULTILINE)  # no string has a line's start
    if straight != text:
        try:
            found = _parts(json.loads(straight))
        except json.JSONDecodeError as second:
            error = second
        else:
            notes.append("The file had no-break spaces in place of spaces; they were put right.")
            return found
    if re.search("[“”„«»]\\s*(cells|cell_type|nbformat)\\s*[“”„«»]", text):
        raise ExamineError(
            f"has curly quotes in place of straight ones (line {error.lineno}), as a word "
            "processor makes them: take the notebook out of Jupyter again, and leave it as it is."
        )
    raise error


def _both_sides(text: str, first: int, notes: list[str]) -> Parts:
    """Return what is the same on both sides of git's conflict markers; the rest is left open."""
    sides: tuple[list[str], list[str]] = ([], [])
    now: tuple[int, ...] = (0, 1)
    for line in text.splitlines(keepends=True):
        if line.startswith("<<<<<<<"):
            now = (0,)
        elif line.startswith("|||||||"):  # what both come from, in git's style diff3
            now = ()
        elif line.startswith("=======") and now != (0, 1):
            now = (1,)
        elif line.startswith(">>>>>>>"):
            now = (0, 1)
        else:
            for side in now:
                sides[side].append(line)
    how = (
        "keep one side of each, take out the lines that begin with <<<<<<<, ======= and >>>>>>>, "
        "and save."
    )
    try:
        (mine, about), (theirs, _) = (_parts(json.loads("".join(side))) for side in sides)
    except json.JSONDecodeError:
        where = f"has git's conflict markers (the first in line {first})"
        raise ExamineError(f"{where}: {how}") from None
    others = {c.get("id", n): c for n, c in enumerate(theirs)}
    open_ones = []
    for n, cell in enumerate(mine):
        other = others.pop(cell.get("id", n), cell)
        if (cell["source"], cell["cell_type"]) == (other["source"], other["cell_type"]):
            continue
        question = cell["metadata"].get("belgrade", {}).get("question")
        open_ones.append(str(question or f"cell {n + 1}")[:20])
        if cell["cell_type"] == "code":
            cell["source"] = UNCLEAR
        else:
            cell["source"] += "\n\n" + other["source"]
    lost = f" Two versions stand at {', '.join(open_ones)}, and neither counts." * bool(open_ones)
    notes.append(f"The file has git's conflict markers (the first in line {first}): {how}{lost}")
    return mine + list(others.values()), about
