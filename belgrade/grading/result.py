"""The result of one submission: a dict that goes to a file, and from there into the tables.

`student`, `name`, `exercise`, `file`, `digest` say whose it is; `state` is graded or failed, with
a `reason`; `points` of `max_points` are what the checks gave, `pending_points` wait for a person;
`questions` has a row each, with its parts and what the student did; `notes` say what was repaired.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from belgrade.checks import rerun
from belgrade.checks.assemble import about, role
from belgrade.checks.examine import exercise_in, parts_of, worst_of, written_records
from belgrade.checks.judge import ERROR, PENDING, RIGHT
from belgrade.checks.matching import match
from belgrade.grading import GradingError
from belgrade.grading.collect import Submission
from belgrade.grading.marks import apply_mark, plain_text
from belgrade.grading.master import Master
from belgrade.grading.run import Run
from belgrade.grading.store import read_json
from belgrade.grading.tables import tidy

MOST_MESSAGE = 500
MOST_SHOWN = 3_000_000
Row = dict[str, Any]
HIDDEN_WORDS = "A further check, which runs only when work is marked, is not passed."


class Results:
    """Results, read from their files each time: a class need not fit in memory."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.paths = list(paths)

    def __iter__(self) -> Iterator[Row]:
        for path in self.paths:
            if (found := read_json(path)) is None:
                raise GradingError(f"{path} cannot be read: run the same command again.")
            yield found


class Ungradable(Exception):
    """A submission that cannot be graded; the text is the reason in its row."""


def check_belongs(notebook: Any, master: Master) -> None:
    """Raise Ungradable where nothing in a notebook is of the exercise."""
    if exercise_in(notebook) == master.exercise:
        return
    known = {cell["id"] for cell in master.notebook["cells"]}
    calls = [f'check("{question["question"]}"' for question in master.questions]
    for cell in notebook.cells:
        if cell.get("id") in known or any(c in str(cell.get("source", "")) for c in calls):
            return
    # Answers without anything around them: most of them, as a lesson, too, sets a name such as ax.
    found = {*match(master.fresh, notebook).partner.values()}
    answers = [at for at, cell in enumerate(master.fresh.cells) if role(cell) == "answer"]
    if 2 * len(found & {*answers}) > len(answers):
        return
    raise Ungradable(f"Nothing in this notebook belongs to exercise {master.exercise}.")


def head(one: Submission, number: str | None, repairs: list[str]) -> Row:
    """Return the part of a result that says whose it is."""
    fields = {n: getattr(one, n) for n in ("student", "name", "file", "digest", "origin")}
    notes, members = list(dict.fromkeys([*one.notes, *repairs])), list(map(list, one.members))
    fields |= {"exercise": number, "notes": notes, "repairs": repairs, "members": members}
    return fields | {"doubts": list(one.doubts)}


def graded(master: Master, notebook: Any, done: Run) -> dict[str, Any]:
    """Return the rest of a result, from the assembled notebook and its Run."""
    records = done.records + written_records(notebook, master.written)
    rows = []
    for question in master.questions:
        name = question["question"]
        row = _row(master, question, parts_of(master.compiled, name, records, done.aborted))
        rows.append(row | _work(notebook, name, done.outputs))
    _cut(rows)
    return _whole("graded", "", rows, master)


def failed(master: Master | None, reason: str) -> dict[str, Any]:
    """Return the rest of a result of what cannot be graded: its questions, if known, with 0."""
    rows = []
    if master:
        for question in master.questions:
            parts = parts_of(master.compiled, question["question"], [])
            parts = [part | {"status": ERROR, "message": "Not graded."} for part in parts]
            row = _row(master, question, parts)
            rows.append(row | {"code": "", "written": None, "outputs": []})
    return _whole("failed", reason[:MOST_MESSAGE], rows, master)


def _whole(state: str, reason: str, rows: list[Row], master: Master | None) -> Row:
    sums = ("points", "max_points", "pending_points", "seconds")
    result = {name: tidy(sum(row[name] for row in rows)) for name in sums}
    version = master.version if master else ""
    return result | {"state": state, "reason": reason, "questions": rows, "master": version}


def _cut(rows: list[dict[str, Any]]) -> None:
    """Leave out what was shown beyond MOST_SHOWN letters in all, pictures included."""
    room = MOST_SHOWN
    for row in rows:
        kept = []
        for output in row["outputs"]:
            room -= len(output.get("text", "")) + len(output.get("data", ""))
            if room < 0:
                kept.append({"kind": "text", "text": "[The rest of what was shown is left out.]"})
                break
            kept.append(output)
        row["outputs"] = kept


def _row(master: Master, question: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of a question from its parts."""
    name, hidden = question["question"], {tuple(pair) for pair in master.hidden}
    rows, visible = [], {p["message"] for p in parts if (name, p["part"]) not in hidden}
    for part in parts:
        is_hidden = (name, part["part"]) in hidden
        message = "" if part["status"] == RIGHT else part["message"][:MOST_MESSAGE]
        if is_hidden and message and part["message"] not in visible:
            message = rerun.MESSAGE if part["part"] == rerun.AGAIN else HIDDEN_WORDS
        rows.append(part | {"hidden": is_hidden, "message": message})
    worst = worst_of(rows)
    waits = [row for row in rows if row["status"] == PENDING]
    settled = [row for row in rows if row["status"] != PENDING]  # a text not written gets its 0
    return question | {
        "status": worst["status"],
        "message": worst["message"],
        "points": round(sum(row["points"] for row in settled), 6),
        "max_points": round(sum(row["max_points"] for row in settled), 6),
        "pending_points": round(sum(row["max_points"] for row in waits), 6),
        "seconds": max((row["seconds"] for row in rows), default=0),
        "parts": rows,
    }


def carry_marks(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Keep the marks that a person gave, where the text that was marked is still the same."""
    before = {row["question"]: row for row in old.get("questions", []) if row.get("mark")}
    for row in new["questions"]:
        marked = before.get(row["question"])
        if not marked:
            continue
        if row["pending_points"] and plain_text(marked) == plain_text(row):
            apply_mark(new, row, marked["mark"])
        else:
            words = (
                f"The text of {row['question']} was marked and has changed since: mark it again."
            )
            new["notes"].append(words)


def _work(notebook: Any, question: str, outputs: dict[str, list[Any]]) -> dict[str, Any]:
    """Return what a student did for a question: code as it ran, text, and what the code showed.

    What a check shows is left out: a hidden one's inputs would stand in it.
    """
    code, shown, written = [], [], None
    for cell in notebook.cells:
        if about(cell).get("question") != question:
            continue
        if role(cell) == "written":
            written = cell.source
        elif role(cell) in ("answer", "student"):
            code.append(cell.source)
            shown += outputs.get(cell["id"], [])
    return {"code": "\n\n".join(code), "written": written, "outputs": shown}
