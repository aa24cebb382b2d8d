"""Marks for written answers: sheets to fill in, and bringing them into the results.

A sheet is a CSV table, one an exercise: a row an answer, a column for each criterion of the rubric
(Claim, Evidence, Caveat), `mark` and `comment`. Whoever marks fills in the criteria, or `mark`
alone; a `mark` counts before the criteria. Names are left out, so that answers are marked blind.
Rows are told apart by `answer_id`: Excel makes 007 a 7 and, in some countries, 3.6 a day in June.
The form (`pages.marking`) saves the same table, without the texts and with a column `tutor` where
several people share the work.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from belgrade.checks.judge import CLOSE, ERROR, NOT_ATTEMPTED, NOT_YET
from belgrade.grading import GradingError
from belgrade.grading.names import clean, digest_of
from belgrade.grading.roster import read_rows
from belgrade.grading.tables import Result, tidy, unescape_formula

FIXED = ("student", "exercise", "question", "max_points", "answer_id", "text")
OURS = (*FIXED, "mark", "comment", "tutor")
NOT_ASKED = "n/a"
MARKED = "marked"  # what a person marked is neither right nor wrong: its words are the rubric's
WORST_FIRST = [ERROR, NOT_YET, CLOSE, NOT_ATTEMPTED, MARKED]
COMMON = 10  # answers that all tutors mark
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
    found: dict[str, float] = {}
    for name in re.findall(r"^(?:[-*] |\| *)\*\*([^*|]{1,40}?)[.:]?\*\*", rubric, re.MULTILINE):
        worth = re.search(r"\((\d+(?:[.,]\d+)?)\D*\)", name)
        name = re.sub(r"\s*\(.*\)", "", name).strip(" .:")
        if name and name.lower() not in OURS:
            found.setdefault(name, float(worth[1].replace(",", ".")) if worth else each)
    return found


def steps_of(rubric: str, most: float) -> list[int | float]:
    """Return the points that a row of a rubric can get: halves only where it speaks of them."""
    step = 0.5 if "half" in rubric.lower() else 1
    return sorted({tidy(step * n) for n in range(int(most / step) + 1)} | {tidy(most)})


def written_answers(results: Iterable[Result], exercise: str) -> list[dict[str, Any]]:
    """Return the answers of an exercise that are marked by hand, those with a mark too.

    Each is a dict: student, exercise, question, title, max_points, answer_id, text, mark (or None).
    """
    found = []
    for result in (result for result in results if result["exercise"] == exercise):
        for question in filter(_worth, result["questions"]):
            shown = {name: question[name] for name in ("question", "title")}
            shown |= {"student": result["student"], "exercise": exercise}
            shown |= {"text": question.get("written") or "", "mark": question.get("mark")}
            most = {"max_points": tidy(_worth(question))}
            found.append(shown | most | {"answer_id": answer_id(result, question)})
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
    answers: list[dict[str, Any]],
    rubrics: Mapping[str, str],
    before: Sheet | None = None,
    replaced: Mapping[str, Any] | None = None,
) -> tuple[list[str], list[list[Any]]]:
    """Return (header, rows) of a marking sheet. What `before` had been filled in is kept.

    But not what came from a mark that another took the place of: `replaced`, by answer_id.
    """
    asked = {a["question"]: criteria_of(rubrics.get(a["question"], "")) for a in answers}
    criteria = list(dict.fromkeys(name for names in asked.values() for name in names))
    header = [*FIXED, *criteria, "mark", "comment"]
    kept = {row["answer_id"]: row for row in before.rows} if before else {}
    rows = []
    for answer in answers:
        key, rows_asked = answer["answer_id"], asked[answer["question"]]
        entered = answer | _cells(answer["mark"], rows_asked)
        entered |= dict.fromkeys(set(criteria) - set(rows_asked), NOT_ASKED)
        earlier = _cells((replaced or {}).get(key), rows_asked)
        old = kept.get(key, {}).items()
        entered |= {name: cell for name, cell in old if cell and cell != str(earlier.get(name))}
        filled = [entered.get(name, "") for name in header[len(FIXED) :]]
        rows.append([answer[name] for name in FIXED] + filled)
    return header, rows


def _cells(mark: Mapping[str, Any] | None, asked: Mapping[str, float]) -> dict[str, Any]:
    """Return what stands in a row with this mark: its criteria, `mark` if it is not their sum."""
    if mark is None:
        return {"mark": "", "comment": ""}
    criteria = mark.get("criteria") or {}
    is_sum = criteria.keys() == asked.keys() and tidy(sum(criteria.values())) == mark["points"]
    total = "" if criteria and is_sum else mark["points"]
    return {**criteria, "mark": total, "comment": mark["comment"]}


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
        one |= {n: unescape_formula(cell) for n, cell in zip(names, row, strict=False) if n}
        one["exercise"] = re.sub(r"^\s*(\d)\s*$", r"0\1", one["exercise"])  # Excel makes 03 a 3
        made.append(one)
    return Sheet(path.name, tuple(n for n in names if n and n not in OURS), tuple(made))


def merge_marks(
    results: Iterable[Result],
    sheets: Iterable[Sheet | Path | str],
    rubrics: Mapping[str, Mapping[str, str]] | None = None,
) -> tuple[list[Result], list[str]]:
    """Return (results with the marks of the sheets, problems in sentences).

    `rubrics` gives those of each exercise by question. A row with a problem is left out, the others
    count. Merging the same sheets again changes nothing; a changed mark replaces the old one. Of
    the marks that two tutors gave to one answer, that of the sheet named first counts.
    Raises GradingError for what is no sheet.
    """
    results = [copy.deepcopy(r) for r in results]
    read = [s if isinstance(s, Sheet) else read_sheet(Path(s)) for s in sheets]
    waiting = {answer_id(r, q): (r, q) for r in results for q in r["questions"] if _worth(q)}
    problems: list[str] = []
    marks: dict[str, tuple[dict[str, Any], str, str]] = {}
    listed: set[str] = set()
    for sheet in read:
        blank = 0
        for number, row in enumerate(sheet.rows, 2):
            where = f"{sheet.name}, row {number}"
            try:
                key = _answer(row, waiting, listed)
                result, question = waiting[key]
                rubric = (rubrics or {}).get(result["exercise"], {}).get(question["question"], "")
                mark = _mark(row, _worth(question), sheet.criteria, criteria_of(rubric))
                first, place, tutor = marks.get(key, (mark, where, row["tutor"]))
                if mark and first != mark and tutor == row["tutor"]:
                    raise _Problem(f"another mark stands in {place}; keep one of the two.")
            except _Problem as problem:
                problems.append(f"{where}: {problem}")
                continue
            blank += mark is None
            if mark:
                marks.setdefault(key, (mark, where, row["tutor"]))
        if blank:
            have = "answer has" if blank == 1 else "answers have"
            problems.append(f"{sheet.name}: {blank} {have} no mark.")
    covered = {row["exercise"] for sheet in read for row in sheet.rows}
    absent: dict[str, list[str]] = {}
    for key, (result, question) in waiting.items():
        if key not in listed and result["exercise"] in covered and question["pending_points"]:
            absent.setdefault(question["question"], []).append(result["student"])
        if key in marks:
            apply_mark(result, question, marks[key][0])
    for name, who in absent.items():
        more = f" and {len(who) - 3} more are" if len(who) > 3 else " are" if who[1:] else " is"
        problems.append(f"{', '.join(who[:3])}{more} not in the sheet for question {name}.")
    return results, problems


def assign_tutors(
    students: Iterable[str], tutors: int, before: Mapping[str, int]
) -> dict[str, int]:
    """Return whose answers each tutor marks, as {student: 1 to `tutors`}; 0 is for all of them.

    Drawn by a digest of the student's id, so that the same class gives the same draw. What `before`
    says stays: who hands in later goes to whoever has the fewest. In a class of under forty a
    quarter is common to all.
    """
    order = sorted(students, key=digest_of)
    found = {one: before[one] for one in order if before.get(one, tutors + 1) <= tutors}
    common = min(COMMON, len(order) // 4) if not found else 0
    found |= dict.fromkeys(order[:common], 0)
    load = {tutor: sum(t == tutor for t in found.values()) for tutor in range(1, tutors + 1)}
    for one in order:
        if one not in found:
            found[one] = min(load, key=load.__getitem__)
            load[found[one]] += 1
    return found


def agreement(sheets: Iterable[Sheet]) -> list[str]:
    """Return what to say of answers that several tutors marked: how far they agree, row by row.

    Agreement is in percent of the rubric's rows, and weighted kappa (`methods.agreement`).
    """
    from belgrade.methods.agreement import cohens_kappa, percent_agreement

    by_answer: dict[tuple[str, str, str], dict[str, list[float]]] = {}
    for sheet in sheets:
        for row in (row for row in sheet.rows if row["tutor"].strip() and row["answer_id"]):
            cells = [row[n] for n in sheet.criteria if row[n].strip() not in ("", NOT_ASKED)]
            with contextlib.suppress(_Problem):
                values = [_number(cell, 100, "") for cell in cells or [row["mark"]]]
                key = row["answer_id"], row["student"], row["question"]
                by_answer.setdefault(key, {})[row["tutor"].strip()] = values
    lines = []
    for one, other in itertools.combinations(
        sorted({t for by in by_answer.values() for t in by}), 2
    ):
        both = [(by[one], by[other]) for by in by_answer.values() if {one, other} <= by.keys()]
        both = [(a, b) for a, b in both if len(a) == len(b)]
        if not both:
            continue
        a, b = (list(itertools.chain(*values)) for values in zip(*both, strict=True))
        steps = sorted({*a, *b, *(n / 2 for n in range(int(2 * max(*a, *b)) + 1))})
        kappa = f"{cohens_kappa(a, b, steps):.2f}".replace("nan", "not defined")
        lines.append(
            f"Tutors {one} and {other} agree in {percent_agreement(a, b):.0f}% of {len(a)} rows "
            f"of {len(both)} answers, weighted kappa {kappa}; {other} gave "
            f"{(sum(b) - sum(a)) / len(both):+.2f} points an answer."
        )
    for (_, student, question), by in by_answer.items():
        if len(set(map(tuple, by.values()))) > 1:
            rows = [f"{who}: {' + '.join(f'{n:g}' for n in values)}" for who, values in by.items()]
            lines.append(f"{student}, {question}, the first counts. Tutor {'; '.join(rows)}.")
    return lines


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


def _mark(
    row: Mapping[str, str], worth: float, criteria: Iterable[str], limits: Mapping[str, float]
) -> dict[str, Any] | None:
    """Return the mark of a row, None if there are no points in it."""
    asked = [name for name in criteria if row.get(name, "").strip() != NOT_ASKED]
    filled = [name for name in asked if row.get(name, "").strip()]
    most = {name: min(worth, limits.get(name, worth)) for name in filled}
    parts = {name: tidy(_number(row[name], most[name], name)) for name in filled}
    if row["mark"].strip():
        points = _number(row["mark"], worth, "mark")
    elif not parts:
        return None
    elif len(parts) < len(asked):
        lacking = next(n for n in asked if n not in parts)
        raise _Problem(f"{lacking} has no points: fill in every criterion, or the mark.")
    elif (points := sum(parts.values())) > worth + 1e-9:
        raise _Problem(f"the criteria add up to {points:g}, more than the {worth:g} possible.")
    comment = clean(row["comment"]).strip()
    mark = {"points": tidy(points), "max_points": tidy(worth)}
    return mark | {"comment": comment, "criteria": parts}


def _number(cell: str, most: float, what: str) -> float:
    """Return the number in a cell. Both 2.5 and 2,5 are read."""
    text = cell.strip().replace(",", ".").replace("½", ".5")
    number = float(text) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text) else math.inf
    if math.isinf(number):
        quoted = clean(cell, keep="")[:20]
        raise _Problem(f"{what} is “{quoted}”; a number from 0 to {most:g} is expected.")
    if not 0 <= number <= most + 1e-9:
        raise _Problem(f"{what} is {number:g}; from 0 to {most:g} is possible.")
    return number


def number_in(cell: object) -> float | None:
    """Return the points that stand in a cell; None where nothing or no number does."""
    with contextlib.suppress(_Problem):
        return tidy(_number(str(cell), math.inf, ""))
    return None


def apply_mark(result: Result, question: dict[str, Any], mark: dict[str, Any]) -> None:
    """Put a mark into a result and one of its questions, in place of an earlier mark.

    What was judged without it is kept beside it, as `before_mark`.
    """
    before = question.setdefault("before_mark", {name: question[name] for name in BEFORE})
    checked = [p["status"] for p in question.get("parts") or [] if p["part"] != "written"]
    question["status"] = next(s for s in WORST_FIRST if s in [MARKED, *checked])
    for name in ("points", "max_points"):
        question[name] = tidy(before[name] + mark[name])
    question["pending_points"], question["mark"] = 0, mark
    settled = question["status"] == MARKED or before["status"] == "pending"
    question["message"] = "" if settled else before["message"]
    for name in ("points", "max_points", "pending_points"):
        result[name] = tidy(sum(q[name] for q in result["questions"]))
