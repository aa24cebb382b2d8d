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
OURS = (*FIXED, "mark", "comment")
NOT_ASKED = "n/a"
WORST_FIRST = [ERROR, NOT_YET, CLOSE, NOT_ATTEMPTED, RIGHT]
BEFORE = ("points", "max_points", "pending_points", "status", "message")


class _Problem(Exception):
    """A row cannot be taken; the text says why."""


@dataclass(frozen=True)
class Sheet:
    """A marking sheet as read: its file's name, its criteria, its rows as dicts."""

    name: str
    criteria: tuple[str, ...]
    rows: tuple[dict[str, str], ...]


def criteria_of(rubric: str) -> dict[str, float]:
    """Return a rubric's criteria and the most points that each can get.

    They are the bold words that begin a point or a table's row, as in "**Claim (1).**"; or the
    rubric says "one for each" or "for each row 0, 1 or 2". Where it says nothing, there is no
    limit but the answer's.
    """
    rows = re.search(r"for each row ([\d, or]+)", rubric)
    each = max(map(float, re.findall(r"\d+", rows[1]))) if rows else math.inf
    each = 1.0 if "one for each" in rubric else each
    found = {}
    for name in re.findall(r"^(?:[-*] |\| *)\*\*([^*|]{1,40}?)[.:]?\*\*", rubric, re.MULTILINE):
        worth = re.search(r"\((\d+(?:[.,]\d+)?)\D*\)", name)
        name = re.sub(r"\s*\(.*\)", "", name).strip(" .:")
        if name and name.lower() not in OURS:
            found.setdefault(name, float(worth[1].replace(",", ".")) if worth else each)
    return found


def written_answers(results: Iterable[Result], exercise: str) -> list[dict[str, Any]]:
    """Return the answers of an exercise that are marked by hand, those with a mark too.

    Each is a dict: student, exercise, question, title, max_points, answer_id, text, mark (or None).
    """
    found = [
        {
            "student": result["student"], "exercise": exercise, "question": question["question"],
            "title": question["title"], "max_points": tidy(_worth(question)),
            "answer_id": answer_id(result, question), "text": question.get("written") or "",
            "mark": question.get("mark"),
        }
        for result in results if result["exercise"] == exercise
        for question in result["questions"] if _worth(question)
    ]  # fmt: skip
    return sorted(found, key=lambda a: (a["question"], a["student"]))


def _worth(question: Mapping[str, Any]) -> float:
    """Return the points that a written answer can get, marked or not; 0 where there is none."""
    mark = question.get("mark")
    return mark["max_points"] if mark else question["pending_points"]


def answer_id(result: Result, question: Mapping[str, Any]) -> str:
    """Return a short digest of an answer, whose it is, and its text: a mark holds for that text."""
    words = (result["student"], result["exercise"], question["question"], plain_text(question))
    return "t" + digest_of("\0".join(words), 10)  # a letter first, or Excel reads 1e10


def plain_text(question: Mapping[str, Any]) -> str:
    """Return the text of a written answer with single spaces: two that are alike so are one."""
    return " ".join(clean(question.get("written") or "").split())


def sheet_table(
    answers: list[dict[str, Any]], rubrics: Mapping[str, str], before: Sheet | None = None
) -> tuple[list[str], list[list[Any]]]:
    """Return (header, rows) of a marking sheet. What `before` had been filled in is kept."""
    asked = {a["question"]: criteria_of(rubrics.get(a["question"], "")) for a in answers}
    criteria = list(dict.fromkeys(name for names in asked.values() for name in names))
    header = [*FIXED, *criteria, "mark", "comment"]
    kept = {row["answer_id"]: row for row in before.rows} if before else {}
    rows = []
    for answer in answers:
        old, mark = kept.get(answer["answer_id"], {}), answer["mark"] or {}
        given = mark.get("criteria") or {"mark": mark.get("points", "")}
        given = answer | given | {"comment": mark.get("comment", "")}
        given |= dict.fromkeys(set(criteria) - set(asked[answer["question"]]), NOT_ASKED)
        filled = [old.get(name) or given.get(name) or "" for name in header[len(FIXED) :]]
        rows.append([answer[name] for name in FIXED] + filled)
    return header, rows


def lost_marks(before: Sheet, answers: list[dict[str, Any]]) -> bool:
    """Tell whether a row that somebody filled in has no answer any more."""
    here = {a["answer_id"] for a in answers}
    lost = (row for row in before.rows if row["answer_id"] not in here)
    return any(
        v.strip() not in ("", NOT_ASKED) for row in lost for k, v in row.items() if k not in FIXED
    )


def read_sheet(path: Path) -> Sheet:
    """Return a marking sheet; raise GradingError where it is none."""
    path = Path(path)
    header, *body = read_rows(path)
    names = [title.strip().lstrip("\ufeff") for title in header]
    names = [name.lower() if name.lower() in OURS else name for name in names]
    if lacking := [n for n in ("student", "exercise", "question", "mark") if n not in names]:
        raise GradingError(
            f"{path.name} is no marking sheet: it has no column {', '.join(lacking)}. "
            "Fill in a sheet from the folder marking."
        )
    made = []
    for row in body:
        one = dict.fromkeys((*OURS, *filter(None, names)), "")
        one |= {n: as_written(cell) for n, cell in zip(names, row, strict=False) if n}
        one["exercise"] = re.sub(r"^\s*(\d)\s*$", r"0\1", one["exercise"])  # Excel makes 03 a 3
        made.append(one)
    return Sheet(path.name, tuple(n for n in names if n and n not in OURS), tuple(made))


def merge_marks(
    results: Iterable[Result], sheets: Iterable[Sheet | Path | str],
    rubrics: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[list[Result], list[str]]:  # fmt: skip
    """Return (results with the marks of the sheets, problems in sentences).

    `rubrics` gives those of each exercise by question. A row with a problem is left out, the others
    count. Merging the same sheets again changes nothing; a changed mark replaces the old one.
    Raises GradingError for what is no sheet.
    """
    results = [copy.deepcopy(r) for r in results]
    sheets = [s if isinstance(s, Sheet) else read_sheet(Path(s)) for s in sheets]
    waiting = {answer_id(r, q): (r, q) for r in results for q in r["questions"] if _worth(q)}
    problems: list[str] = []
    given: dict[str, tuple[dict[str, Any], str]] = {}
    listed: set[str] = set()
    for sheet in sheets:
        blank = 0
        for number, row in enumerate(sheet.rows, 2):
            where = f"{sheet.name}, row {number}"
            try:
                key = _answer(row, waiting, listed)
                result, question = waiting[key]
                rubric = (rubrics or {}).get(result["exercise"], {}).get(question["question"], "")
                mark = _mark(row, _worth(question), sheet.criteria, criteria_of(rubric))
                if mark and given.get(key, (mark,))[0] != mark:
                    raise _Problem(f"another mark stands in {given[key][1]}; keep one of the two.")
            except _Problem as problem:
                problems.append(f"{where}: {problem}")
                continue
            blank += mark is None
            if mark:
                given[key] = mark, where
        if blank:
            have = "answer has" if blank == 1 else "answers have"
            problems.append(f"{sheet.name}: {blank} {have} no mark.")
    covered = {row["exercise"] for sheet in sheets for row in sheet.rows}
    for key, (result, question) in waiting.items():
        name = question["question"]
        if key not in listed and result["exercise"] in covered and question["pending_points"]:
            problems.append(f"{result['student']} is not in the sheet for question {name}.")
        if key in given:
            apply_mark(result, question, given[key][0])
    return results, problems


def _answer(row: Mapping[str, str], waiting: Mapping[str, Any], listed: set[str]) -> str:
    """Return the answer_id of a row, and add it to those that are `listed`."""
    key, student = row["answer_id"].strip(), row["student"].strip()
    if key in waiting:
        if not _same(student, waiting[key][0]["student"]):
            raise _Problem(
                f"student {student!r} and answer_id {key} do not belong together; rows got mixed?"
            )
        listed.add(key)
        return key
    place = student, row["exercise"], row["question"].strip()
    places = {(r["student"], r["exercise"], q["question"]): k for k, (r, q) in waiting.items()}
    if place not in places:
        raise _Problem(
            f"there is no written answer of student {student!r} to {row['question']!r} of exercise "
            f"{row['exercise']!r}."
        )
    listed.add(places[place])
    if key:
        raise _Problem(
            f"the answer of {student} to {place[2]} is not the one that this sheet was written "
            "for: mark the new text."
        )
    return places[place]


def _same(cell: str, student: str) -> bool:
    """Tell whether a cell is a student's id, though a spreadsheet took it for a number."""
    if cell in (student.strip(), clean(student).strip()):
        return True
    try:
        return math.isclose(float(cell.replace(",", ".")), float(student), rel_tol=1e-4)
    except ValueError:
        return False


def _mark(row, worth, criteria, limits) -> dict[str, Any] | None:
    """Return the mark of a row, None if there are no points in it."""
    asked = [name for name in criteria if row.get(name, "").strip() != NOT_ASKED]
    parts = {
        name: _number(row[name], min(worth, limits.get(name, worth)), name)
        for name in asked if row.get(name, "").strip()
    }  # fmt: skip
    if row["mark"].strip():
        points = _number(row["mark"], worth, "mark")
    elif not parts:
        return None
    elif len(parts) < len(asked):
        lacking = next(n for n in asked if n not in parts)
        raise _Problem(f"{lacking} has no points: fill in every criterion, or the mark.")
    elif (points := sum(parts.values())) > worth + 1e-9:
        raise _Problem(f"the criteria add up to {points:g}, more than the {worth:g} possible.")
    return {
        "points": tidy(points), "max_points": tidy(worth), "comment": clean(row["comment"]).strip(),
        "criteria": {name: tidy(value) for name, value in parts.items()},
    }  # fmt: skip


def _number(cell: str, most: float, what: str) -> float:
    """Return the number in a cell. Both 2.5 and 2,5 are read."""
    text = cell.strip().replace(",", ".").replace("½", ".5")
    number = float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text) else math.inf
    if math.isinf(number):
        said = clean(cell, keep="")[:20]
        raise _Problem(f"{what} is “{said}”; a number from 0 to {most:g} is expected.")
    if not 0 <= number <= most + 1e-9:
        raise _Problem(f"{what} is {number:g}; from 0 to {most:g} is possible.")
    return number


def apply_mark(result: Result, question: dict[str, Any], mark: dict[str, Any]) -> None:
    """Put a mark into a result and one of its questions, in place of an earlier mark.

    What was judged without it is kept beside it, as `before_mark`.
    """
    before = question.setdefault("before_mark", {name: question[name] for name in BEFORE})
    others = [
        p["status"] for p in question.get("parts") or []
        if p["part"] != "written" and p["status"] in WORST_FIRST
    ]  # fmt: skip
    question["status"] = min([status_of(mark), *others], key=WORST_FIRST.index)
    for name in ("points", "max_points"):
        question[name] = tidy(before[name] + mark[name])
    question["pending_points"], question["mark"] = 0, mark
    settled = not others or question["status"] == RIGHT or before["status"] == "pending"
    question["message"] = "" if settled else before["message"]
    for name in ("points", "max_points", "pending_points"):
        result[name] = tidy(sum(q[name] for q in result["questions"]))


def status_of(mark: Mapping[str, Any]) -> str:
    """Return the status that a mark gives."""
    if mark["points"] >= mark["max_points"]:
        return RIGHT
    return CLOSE if mark["points"] > 0 else NOT_YET
