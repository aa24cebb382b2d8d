"""The class list: read from an export of Canvas or Moodle or a plain table, and searched.

Formats: Canvas's gradebook export (Student, ID, SIS User ID, SIS Login ID, Section, then an
assignment a column, with a row "Points Possible"); Moodle's grade export or participants list
(First name, Last name, ID number, Email address) and its grading worksheet (Identifier, Full name,
…, Grade, Maximum Grade); or any table with a column for the student's id and one for the name.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from belgrade.grading import GradingError
from belgrade.grading.names import clean, name_keys, sorted_parts

CANVAS, MOODLE, WORKSHEET, PLAIN = "canvas", "moodle", "worksheet", "plain"
LARGEST = 20_000_000
ID = (
    "student,student id,student_id,studentid,id,id number,username,user,login,email,email address,"
    "e-mail,mail,canvas_user_id,login_id,identifier"
)
NAME = ("name", "full name", "student name", "full_name")
FIRST = ("first name", "firstname", "first_name", "given name")
LAST = ("last name", "lastname", "last_name", "surname", "family name")
IDS = {
    CANVAS: ("id", "sis user id", "sis login id", "integration id"),
    MOODLE: ("id number", "student id", *ID.split(",")),
    WORKSHEET: ("identifier", "email address", "id number", "username"),
    PLAIN: (*ID.split(","), *NAME),
}
EXCEL = re.compile(r"\d([.,]\d+)?E\+\d+", re.IGNORECASE)
AS_UTF8 = "File, Save As, file type “CSV UTF-8 (Comma delimited)”"


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

    def column(self, *names: str) -> int | None:
        """Return the place of the first column of one of these names, or None."""
        return _first([_plain_title(title) for title in self.header], names)

    def place(self, name: str) -> int:
        """Return the place of a column that every roster of this kind has."""
        at = self.column(name)
        if at is None:
            raise GradingError(f"The roster has no column {name!r}.")
        return at

    @cached_property
    def _by_key(self) -> dict[str, list[Student]]:
        return _index(self.students, lambda s: {_fold(k) for k in (s.id, *s.keys) if k.strip()})

    @cached_property
    def _by_name(self) -> dict[str, list[Student]]:
        return _index(self.students, lambda s: name_keys(s.name))

    @cached_property
    def _sorted_parts(self) -> dict[str, str]:
        return {student.id: sorted_parts(student.name) for student in self.students}

    @cached_property
    def by_id(self) -> dict[str, Student]:
        return {student.id: student for student in self.students}

    def find(self, ids: Iterable[str] = (), name: str = "") -> list[Student]:
        """Return those who fit one of the ids or, if none does, the name. One is a match."""
        for value in ids:
            if hits := self._by_key.get(_fold(value)):
                return hits
        named = [s for key in name_keys(name) for s in self._by_name.get(key, [])]
        hits = list({student.id: student for student in named}.values())
        exact = name_keys(name, exact=True) if len(hits) > 1 else set()  # Nada and Nađa
        same = [student for student in hits if exact & name_keys(student.name, exact=True)]
        return same if len(same) == 1 else hits

    def close(self, name: str) -> list[Student]:
        """Return up to three whose name is much like this one, though not the same."""
        wanted, keys = sorted_parts(name), self._sorted_parts
        alike = difflib.get_close_matches(wanted, keys.values(), n=3, cutoff=0.8)
        words = set(wanted.split())
        return [
            s
            for s in self.students
            if keys[s.id] in alike or len(words & set(keys[s.id].split())) > 1
        ][:3]


def _index(
    students: Iterable[Student], keys_of: Callable[[Student], Iterable[str]]
) -> dict[str, list[Student]]:
    found: dict[str, list[Student]] = {}
    for student in students:
        for key in keys_of(student):
            found.setdefault(key, []).append(student)
    return found


def read_roster(path: Path) -> Roster:
    """Return the class list in a CSV file; raise GradingError where it is none.

    Separated by commas, semicolons or tabs; UTF-8, with or without a byte order mark.
    """
    path = Path(path)
    rows = read_rows(path)
    header = tuple(title.strip() for title in rows[0])
    titles = [_plain_title(title) for title in header]
    body = [tuple(row[: len(header)] + [""] * (len(header) - len(row))) for row in rows[1:]]
    first, last, full = (_first(titles, names) for names in (FIRST, LAST, NAME))
    if titles[0] in ("student", "lastname") and {"section", "id"} <= set(titles):
        kind, first, last, full = CANVAS, 1, 0, None if titles[0] == "lastname" else 0
    elif {"identifier", "grade"} <= set(titles):
        kind = WORKSHEET
    else:
        kind = PLAIN if first is None or last is None else MOODLE
    places = [titles.index(t) for t in dict.fromkeys(IDS[kind]) if t in titles]
    possible: tuple[str, ...] = ()
    if kind == CANVAS:
        possible = next((row for row in body if "points possible" in row[0].lower()), ())
        # The test student's name is "Student, Test", in one cell or in two.
        tests = [f"{', '.join(row[:2])},".lower().startswith("student, test,") for row in body]
        body = [r for r, test in zip(body, tests, strict=True) if not test and r is not possible]
        body = [row for row in body if any(row[i].strip() for i in places)]
    elif not places:
        raise GradingError(
            f"{path.name} has no column for the student's id (found: {', '.join(header[:6])}). "
            "Expected an export of Canvas or Moodle, or a table with the columns student and name."
        )
    elif kind == MOODLE:
        places = _telling_apart(body, places)
    else:
        body = [row for row in body if row[places[0]].strip()]
    students = []
    for row in body:
        ids = [row[i].strip() for i in places]
        if rounded := next((i for i in ids if EXCEL.fullmatch(i)), ""):
            raise GradingError(
                f"{path.name}: “{rounded}” is no student number: Excel rounded a long one. Export "
                "the table again and leave it as it is, or format that column as Text before you "
                "paste."
            )
        mails = [i.split("@")[0] for i in ids if "@" in i]  # as folders are named
        own = next(i for i in ids if i)
        name = f"{row[first]} {row[last]}" if first is not None and last is not None else ""
        if full is not None:
            name = _first_then_last(row[full]) if kind == CANVAS else row[full]
        students.append(Student(own, _name(name), (*ids, *mails), row))
    roster = Roster(kind, header, tuple(students), possible)
    if not students:
        raise GradingError(f"{path.name} lists no student.")
    if len(roster.by_id) < len(students):
        twice = sorted({s.id for s in students if len(roster._by_key[_fold(s.id)]) > 1})
        raise GradingError(f"{path.name} lists {', '.join(twice[:5])} more than once.")
    return roster


def _telling_apart(body: list[tuple[str, ...]], places: list[int]) -> list[int]:
    """Return the columns of ids, first the one that every student has and no two share."""
    for at in places:
        values = [row[at].strip() for row in body]
        if all(values) and len(set(values)) == len(values):
            return [at, *(i for i in places if i != at)]
    raise GradingError(
        "The roster has no column that tells every student apart: export it with "
        "“Email address” or “ID number”."
    )


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
        raise GradingError(f"{path.name} is a workbook. In Excel: {AS_UTF8}.")
    try:
        wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
        text = data.decode("utf-16" if wide else "utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError:
        raise GradingError(
            f"{path.name} is Excel's plain CSV, which loses letters such as č or ж. Open the "
            f"table again and choose {AS_UTF8}."
        ) from None
    if text.lower().startswith("sep=") and "\n" in text:  # a line for Excel only
        text = text.split("\n", 1)[1]
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        read = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
        rows = [row for row in read if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise GradingError(f"{path.name} is no CSV table ({error}).") from None
    if not rows:
        raise GradingError(f"{path.name} is empty.")
    return rows


def read_groups(path: Path, roster: Roster | None) -> dict[str, dict[str, str]]:
    """Return {group: {student's id: name}} from a table with a row a member.

    It has a column for the group and one for the student's id or name: made by hand, or Canvas's
    groups or Moodle's participants as exported. Raises GradingError where it says nothing clear.
    """
    table = read_roster(path)
    at = table.column("group", "group name", "group_name", "groups")
    if at is None:
        raise GradingError(f"{path.name} needs the columns group and student: a row a member.")
    groups: dict[str, dict[str, str]] = {}
    for student, row in on_roster(table, path.name, roster):
        if team := " ".join(row[at].split()):
            groups.setdefault(team, {})[student.id] = student.name
    return groups


def on_roster(
    table: Roster, name: str, roster: Roster | None
) -> Iterator[tuple[Student, tuple[str, ...]]]:
    """Yield (student, row) of a table, the students as the roster has them if there is one."""
    for student in table.students:
        hits = roster.find(student.keys, student.name or student.id) if roster else [student]
        if len(hits) != 1:
            who = student.name or student.id
            raise GradingError(f"{name}: {who} fits {len(hits)} students of the roster.")
        yield hits[0], student.row


def _first(titles: Sequence[str], names: Iterable[str]) -> int | None:
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
