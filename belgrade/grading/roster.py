"""The class list: read from an export of Canvas or Moodle or a plain table, and searched.

Formats: Canvas's gradebook export (Student, ID, SIS User ID, SIS Login ID, Section, then an
assignment a column, with a row "Points Possible"); Moodle's grade export or participants list
(First name, Last name, ID number, Email address) and its grading worksheet (Identifier, Full name,
…, Grade, Maximum Grade); or any table with a column for the student's id and one for the name.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from belgrade.grading import GradingError
from belgrade.grading.names import clean, name_keys

CANVAS, MOODLE, WORKSHEET, PLAIN = "canvas", "moodle", "worksheet", "plain"
LARGEST = 20_000_000
ID = ("student", "student id", "student_id", "studentid", "id", "id number", "username", "user",
      "login", "email", "email address", "e-mail", "mail")  # fmt: skip
NAME = ("name", "full name", "student name", "full_name")
FIRST = ("first name", "firstname", "first_name", "given name")
LAST = ("last name", "lastname", "last_name", "surname", "family name")


@dataclass(frozen=True)
class Student:
    """One enrolled student. `row` is the line of the export, as it stands there."""

    id: str
    name: str
    keys: tuple[str, ...] = ()
    row: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roster:
    """A class list: which kind of export it is, its header, its students.

    `possible` is Canvas's row of points, else empty.
    """

    kind: str
    header: tuple[str, ...]
    students: tuple[Student, ...]
    possible: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def column(self, *names: str) -> int | None:
        """Return the place of the first column of one of these names, or None."""
        have = [_plain_title(title) for title in self.header]
        return next((have.index(n) for n in names if n in have), None)

    @cached_property
    def _by_key(self) -> dict[str, list[Student]]:
        found: dict[str, list[Student]] = {}
        for student in self.students:
            for key in {_fold(k) for k in (student.id, *student.keys) if k.strip()}:
                found.setdefault(key, []).append(student)
        return found

    @cached_property
    def _by_name(self) -> dict[str, list[Student]]:
        found: dict[str, list[Student]] = {}
        for student in self.students:
            for key in name_keys(student.name):
                found.setdefault(key, []).append(student)
        return found

    @cached_property
    def by_id(self) -> dict[str, Student]:
        return {student.id: student for student in self.students}

    def find(self, ids: Iterable[str] = (), name: str = "") -> tuple[Student | None, str]:
        """Return (student, "") for one that fits an id, else the name; or (None, why not)."""
        for value in ids:
            hits = self._by_key.get(_fold(value), [])
            if len(hits) == 1:
                return hits[0], ""
            if hits:
                return None, f"“{value}” fits {len(hits)} students of the roster."
        hits = {s.id: s for key in name_keys(name) for s in self._by_name.get(key, [])}
        if len(hits) == 1:
            return next(iter(hits.values())), ""
        if hits:
            return None, f"The name “{name}” fits {len(hits)} students of the roster."
        return None, "Not on the roster."


def read_roster(path: Path) -> Roster:
    """Return the class list in a CSV file; raise GradingError where it is none.

    Separated by commas, semicolons or tabs; UTF-8, with or without a byte order mark.
    """
    path = Path(path)
    rows = read_rows(path)
    header = tuple(title.strip() for title in rows[0])
    titles = [_plain_title(title) for title in header]
    body = [tuple(row[: len(header)] + [""] * (len(header) - len(row))) for row in rows[1:]]
    if titles[0] in ("student", "lastname") and "section" in titles and "id" in titles:
        roster = _canvas(header, titles, body)
    elif "identifier" in titles and "grade" in titles:
        roster = _worksheet(header, titles, body)
    elif _first(titles, FIRST) is not None and _first(titles, LAST) is not None:
        roster = _moodle(header, titles, body)
    else:
        roster = _plain(path, header, titles, body)
    if not roster.students:
        raise GradingError(f"{path.name} lists no student.")
    twice = sorted({s.id for s in roster.students if len(roster._by_key[_fold(s.id)]) > 1})
    exact = {s.id for s in roster.students}
    if len(exact) < len(roster.students):
        raise GradingError(f"{path.name} lists {', '.join(twice[:5])} more than once.")
    return roster


def read_rows(path: Path) -> list[list[str]]:
    """Return the rows of a CSV file, the header first, without empty ones.

    Raises GradingError where it can't be read: not there, not UTF-8, a workbook, too large.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise GradingError(f"{path.name} is too large for a table of a class.")
        data = path.read_bytes()
    except OSError as error:
        raise GradingError(f"{path} cannot be read ({error.strerror}).") from None
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise GradingError(f"{path.name} is a workbook: save it as “CSV UTF-8” first.")
    try:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise GradingError(f"{path.name} is not UTF-8: save it as “CSV UTF-8”.") from None
    text = text.replace("\x00", "")
    if text.lower().startswith("sep=") and "\n" in text:  # a line for Excel only
        text = text.split("\n", 1)[1]
    first = next((line for line in text.splitlines() if line.strip()), "")
    mark = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=mark))
    except csv.Error as error:
        raise GradingError(f"{path.name} is no CSV table ({error}).") from None
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise GradingError(f"{path.name} is empty.")
    return rows


def _canvas(header, titles, body) -> Roster:
    at = titles.index("id")
    keys = [i for i, t in enumerate(titles) if t in ("sis user id", "sis login id",
                                                     "integration id")]  # fmt: skip
    students, possible, notes = [], (), []
    for row in body:
        if "points possible" in row[0].lower():
            possible = row
        elif not row[at].strip() and not any(row[i].strip() for i in keys):
            continue  # the row on how grades are posted
        elif row[0].strip().lower() == "student, test":
            notes.append("Canvas's test student was left out.")
        else:
            name = f"{row[1]} {row[0]}" if titles[0] == "lastname" else _first_then_last(row[0])
            ids = [row[i].strip() for i in (at, *keys)]
            own = next(i for i in ids if i)
            students.append(Student(own, _name(name), _with_local_part(ids), row))
    return Roster(CANVAS, header, tuple(students), possible, tuple(notes))


def _worksheet(header, titles, body) -> Roster:
    at, name = titles.index("identifier"), _first(titles, NAME)
    more = [i for i, t in enumerate(titles) if t in ("email address", "id number", "username")]
    students = [
        Student(
            row[at].strip(), _name(row[name]) if name is not None else "",
            _with_local_part([row[i].strip() for i in more]), row,
        )
        for row in body if row[at].strip()
    ]  # fmt: skip
    return Roster(WORKSHEET, header, tuple(students))


def _moodle(header, titles, body) -> Roster:
    first, last = _first(titles, FIRST), _first(titles, LAST)
    places = [titles.index(t) for t in ID if t in titles]
    best = sorted(places, key=lambda i: titles[i] not in ("id number", "student id"))
    # The id is of one kind for all: the first that every student has, and no two share.
    for at in best:
        values = [row[at].strip() for row in body]
        if all(values) and len(set(values)) == len(values):
            break
    else:
        raise GradingError(
            "The roster has no column that tells every student apart: export it with "
            "“Email address” or “ID number”."
        )
    students = tuple(
        Student(
            row[at].strip(), _name(f"{row[first]} {row[last]}"),
            _with_local_part([row[i].strip() for i in places]), row,
        )
        for row in body
    )  # fmt: skip
    return Roster(MOODLE, header, students)


def _plain(path, header, titles, body) -> Roster:
    at, name = _first(titles, ID), _first(titles, NAME)
    if at is None:
        raise GradingError(
            f"{path.name} has no column for the student's id (found: {', '.join(header[:6])}). "
            "Expected an export of Canvas or Moodle, or a table with the columns student and name."
        )
    more = [titles.index(t) for t in ID if t in titles]
    students = tuple(
        Student(
            row[at].strip(), _name(row[name]) if name is not None else "",
            _with_local_part([row[i].strip() for i in more]), row,
        )
        for row in body if row[at].strip()
    )  # fmt: skip
    return Roster(PLAIN, header, students)


def _with_local_part(ids: list[str]) -> tuple[str, ...]:
    """Return the ids, and what stands before the @ of a mail address, as folders are named."""
    return tuple(ids) + tuple(i.split("@")[0] for i in ids if "@" in i)


def _first(titles, names) -> int | None:
    return next((titles.index(n) for n in names if n in titles), None)


def _first_then_last(name: str) -> str:
    """Return "Ana Ilić" for "Ilić, Ana"; Canvas writes a name that begins with = as ="…"."""
    quoted = re.fullmatch(r'\s*="(.*)"', name)
    name = quoted[1] if quoted else name
    parts = name.split(",")
    return f"{parts[1]} {parts[0]}" if len(parts) == 2 else name


def _name(name: str) -> str:
    return " ".join(clean(name, keep="").split())


def _plain_title(title: str) -> str:
    return " ".join(title.replace("\ufeff", "").lower().split())


def _fold(value: str) -> str:
    return value.strip().casefold()
