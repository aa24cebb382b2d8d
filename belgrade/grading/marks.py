"""Marks for written answers: sheets to fill in, and bringing them into the results.

A sheet is a CSV table, one an exercise: a row an answer, a column for each criterion of the rubric
(Claim, Evidence, Caveat), `mark` and `comment`. Whoever marks fills in the criteria, or `mark`
alone; a `mark` counts before the criteria. Names are left out, so that answers are marked blind.
Rows are told apart by `answer_id`: Excel makes 007 a 7 and, in some countries, 3.6 a day in June.
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belgrade.checks.judge import CLOSE, ERROR, NOT_ATTEMPTED, NOT_YET, RIGHT
from belgrade.grading import GradingError
from belgrade.grading.names import clean, digest_of
from belgrade.grading.roster import read_rows
from belgrade.grading.tables import Result, as_written, tidy

FIXED = ("student", "exercise", "question", "max_points", "answer_id", "text")
NOT_ASKED = "n/a"
WORST_FIRST = [ERROR, NOT_YET, CLOSE, NOT_ATTEMPTED, RIGHT]


@dataclass(frozen=True)
class Sheet:
    """A marking sheet as read: its file's name, its criteria, its rows as dicts."""

    name: str
    criteria: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def criteria_of(rubric: str) -> list[str]:
    """Return the names of a rubric's criteria: bold words that begin a point or a table's row."""
    names = re.findall(r"^(?:[-*] |\| *)\*\*([^*|]{1,40}?)[.:]?\*\*", rubric, re.MULTILINE)
    names = [re.sub(r"\s*\(.*\)", "", n).strip(" .:") for n in names]
    reserved = {*FIXED, "mark", "comment"}
    return [n for n in dict.fromkeys(names) if n and n.lower() not in reserved]


def written_answers(results: Iterable[Result], exercise: str) -> list[dict[str, Any]]:
    """Return the answers of an exercise that are marked by hand, those with a mark too.

    Each is a dict: student, exercise, question, title, max_points, answer_id, text, mark (or None).
    """
    found = []
    for result in results:
        if result["exercise"] != exercise:
            continue
        for question in result["questions"]:
            if question["pending_points"] or question.get("mark"):
                text = question.get("written") or ""
                found.append({
                    "student": result["student"], "exercise": exercise,
                    "question": question["question"], "title": question["title"],
                    "max_points": tidy(_worth(question)), "answer_id": answer_id(result, question),
                    "text": text, "mark": question.get("mark"),
                })  # fmt: skip
    return sorted(found, key=lambda a: (a["question"], a["student"]))


def answer_id(result: Result, question: Mapping[str, Any]) -> str:
    """Return a short digest of an answer, whose it is, and its text: a mark holds for that text."""
    words = (result["student"], result["exercise"], question["question"], _text(question))
    return "t" + digest_of("\0".join(words), 10)  # a letter first, or Excel reads 1e10


def same_text(question: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two answers to a question read alike, but for spaces."""
    return _text(question) == _text(other)


def _text(question: Mapping[str, Any]) -> str:
    return " ".join(clean(question.get("written") or "").split())


def sheet_table(
    answers: list[dict[str, Any]], rubrics: Mapping[str, str], before: Sheet | None = None
) -> tuple[list[str], list[list[Any]]]:
    """Return (header, rows) of a marking sheet. What `before` had been filled in is kept."""
    asked = dict.fromkeys(a["question"] for a in answers)
    by_question = {q: criteria_of(rubrics.get(q, "")) for q in asked}
    criteria = list(dict.fromkeys(name for names in by_question.values() for name in names))
    header = [*FIXED, *criteria, "mark", "comment"]
    kept = {row["answer_id"]: row for row in before.rows} if before else {}
    rows = []
    for answer in answers:
        old = kept.get(answer["answer_id"], {})
        mark = answer["mark"] or {}
        given = {**(mark.get("criteria") or {})}
        if mark and not given:
            given["mark"] = mark["points"]
        given["comment"] = mark.get("comment", "")
        given |= {n: NOT_ASKED for n in criteria if n not in by_question[answer["question"]]}
        filled = {name: old.get(name) or given.get(name, "") for name in header[len(FIXED) :]}
        rows.append([answer[name] for name in FIXED] + list(filled.values()))
    return header, rows


def is_filled(row: Mapping[str, str]) -> bool:
    """Tell whether somebody has written into a row of a sheet."""
    return any(v.strip() not in ("", NOT_ASKED) for name, v in row.items() if name not in FIXED)


def lost_marks(before: Sheet, answers: list[dict[str, Any]]) -> int:
    """Return how many filled rows of an older sheet have no answer any more."""
    here = {a["answer_id"] for a in answers}
    return sum(is_filled(row) and row["answer_id"] not in here for row in before.rows)


def read_sheet(path: Path) -> Sheet:
    """Return a marking sheet; raise GradingError where it is none."""
    path = Path(path)
    rows = read_rows(path)
    header = [title.strip().lstrip("\ufeff") for title in rows[0]]
    lower = [title.lower() for title in header]
    lacking = [n for n in ("student", "exercise", "question", "mark") if n not in lower]
    if lacking:
        raise GradingError(
            f"{path.name} is no marking sheet: it has no column {', '.join(lacking)}. "
            "Fill in a sheet from the folder marking."
        )
    names = [low if low in {*FIXED, "mark", "comment"} else title
             for title, low in zip(header, lower, strict=True)]  # fmt: skip
    criteria = tuple(n for n in names if n and n not in {*FIXED, "mark", "comment"})
    made = []
    for row in rows[1:]:
        cells = [as_written(cell) for cell in row] + [""] * (len(names) - len(row))
        one = dict.fromkeys((*FIXED, "mark", "comment"), "")
        one |= {name: cell for name, cell in zip(names, cells, strict=False) if name}
        number = one["exercise"].strip()
        one["exercise"] = number.zfill(2) if number.isdigit() else number  # Excel makes 03 a 3
        made.append(one)
    return Sheet(path.name, criteria, tuple(made))


def merge_marks(
    results: Iterable[Result], sheets: Iterable[Sheet | Path | str]
) -> tuple[list[Result], list[str]]:
    """Return (results with the marks of the sheets, problems in sentences).

    A row with a problem is left out, the others count. Merging the same sheets again changes
    nothing; a changed mark replaces the old one. Raises GradingError for what is no sheet.
    """
    results = [copy.deepcopy(r) for r in results]
    sheets = [s if isinstance(s, Sheet) else read_sheet(Path(s)) for s in sheets]
    problems: list[str] = []
    waiting = {
        answer_id(r, q): (r, q)
        for r in results for q in r["questions"] if q["pending_points"] or q.get("mark")
    }  # fmt: skip
    given: dict[str, tuple[dict[str, Any], str]] = {}
    listed: set[str] = set()
    for sheet in sheets:
        blank = 0
        for number, row in enumerate(sheet.rows, 2):
            where = f"{sheet.name}, row {number}"
            key, problem = _answer(row, waiting)
            listed.add(key)
            mark = None
            if not problem:
                mark, problem = _mark(row, waiting[key][1], sheet.criteria)
            if not problem and mark and key in given and given[key][0] != mark:
                problem = f"another mark stands in {given[key][1]}; keep one of the two."
            if problem:
                problems.append(f"{where}: {problem}")
            elif mark is None:
                blank += 1
            else:
                given[key] = mark, where
        if blank:
            problems.append(f"{sheet.name}: {_count(blank, 'answer has', 'answers have')} no mark.")
    covered = {row["exercise"] for sheet in sheets for row in sheet.rows}
    for key, (result, question) in waiting.items():
        if key not in listed and result["exercise"] in covered and question["pending_points"]:
            name = question["question"]
            problems.append(f"{result['student']} is not in the sheet for question {name}.")
    for key, (mark, _) in given.items():
        apply_mark(*waiting[key], mark)
    return results, problems


def _answer(row: Mapping[str, str], waiting: Mapping[str, Any]) -> tuple[str, str]:
    """Return (answer_id, problem) of a row; the id is "" where it fits no answer."""
    key, student = row["answer_id"].strip(), row["student"].strip()
    if key in waiting:
        if _same(student, waiting[key][0]["student"]):
            return key, ""
        return (
            "",
            f"student {student!r} and answer_id {key} do not belong together; rows got mixed?",
        )
    for found, (result, question) in waiting.items():
        here = (result["student"], result["exercise"], question["question"])
        if here == (student, row["exercise"], row["question"].strip()):
            if not key:
                return found, ""
            return found, (
                f"the answer of {student} to {here[2]} is not the one that this sheet was written "
                "for: mark the new text."
            )
    return "", (
        f"there is no written answer of student {student!r} to {row['question']!r} of exercise "
        f"{row['exercise']!r}."
    )


def _same(cell: str, student: str) -> bool:
    """Tell whether a cell is a student's id, though a spreadsheet took it for a number."""
    if cell == student.strip() or cell == clean(student).strip():
        return True
    try:
        return math.isclose(float(cell.replace(",", ".")), float(student), rel_tol=1e-4)
    except ValueError:
        return False


def _mark(row, question, criteria) -> tuple[dict[str, Any] | None, str]:
    """Return (mark, problem) of a row; neither if there are no points in it."""
    worth, parts = _worth(question), {}
    asked = [name for name in criteria if row.get(name, "").strip() != NOT_ASKED]
    for name in asked:
        if row.get(name, "").strip():
            parts[name], problem = _number(row[name], worth, name)
            if problem:
                return None, problem
    comment = clean(row["comment"]).strip()
    if row["mark"].strip():
        points, problem = _number(row["mark"], worth, "mark")
        if problem:
            return None, problem
    elif parts and len(parts) < len(asked):
        lacking = next(n for n in asked if n not in parts)
        return None, f"{lacking} has no points: fill in every criterion, or the mark."
    elif parts:
        points = sum(parts.values())
        if points > worth + 1e-9:
            return None, f"the criteria add up to {points:g}, more than the {worth:g} possible."
    else:
        return None, ""
    made = {"points": tidy(points), "max_points": tidy(worth), "comment": comment}
    return made | {"criteria": {name: tidy(value) for name, value in parts.items()}}, ""


def _number(cell: str, most: float, what: str) -> tuple[float, str]:
    """Return (number, problem). Both 2.5 and 2,5 are read."""
    text = cell.strip().replace(",", ".").replace("½", ".5")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text) or not math.isfinite(float(text)):
        return (
            0,
            f"{what} is “{clean(cell, keep='')[:20]}”; a number from 0 to {most:g} is expected.",
        )
    number = float(text)
    if not 0 <= number <= most + 1e-9:
        return 0, f"{what} is {number:g}; from 0 to {most:g} is possible."
    return number, ""


def _worth(question) -> float:
    """Return the points that a written answer can get."""
    if question.get("mark"):
        return question["mark"]["max_points"]
    return question["pending_points"]


def apply_mark(result: Result, question: dict[str, Any], mark: dict[str, Any]) -> None:
    """Put a mark into a result and one of its questions, in place of an earlier mark.

    What was judged without it is kept beside it, as `before_mark`.
    """
    fields = ("points", "max_points", "pending_points", "status", "message")
    before = question.setdefault("before_mark", {name: question[name] for name in fields})
    question |= before
    share = mark["points"] / mark["max_points"] if mark["max_points"] else 1
    status = RIGHT if share >= 1 else CLOSE if share > 0 else NOT_YET
    others = [
        p["status"] for p in question.get("parts") or []
        if p["part"] != "written" and p["status"] in WORST_FIRST
    ]  # fmt: skip
    question["status"] = min([status, *others], key=WORST_FIRST.index)
    question["points"] = tidy(before["points"] + mark["points"])
    question["max_points"] = tidy(before["max_points"] + mark["max_points"])
    question["pending_points"] = 0
    if not others or question["status"] == RIGHT or before["status"] == "pending":
        question["message"] = ""
    question["mark"] = mark
    for name in ("points", "max_points", "pending_points"):
        result[name] = tidy(sum(q[name] for q in result["questions"]))


def _count(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"
