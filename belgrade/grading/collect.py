"""Find out what was handed in, by whom and for which exercise, in the layouts of the platforms.

| layout | a file there |
|---|---|
| Canvas | `ilicana_LATE_4211_90017_03_arms-1.ipynb`: name, late, user, file, name of the file |
| Moodle | `Ana Ilić_512_assignsubmission_file/03.ipynb`, or all in one name with `_` for `/` |
| nbgrader | `submitted/ana/03_arms/03.ipynb`, with or without `submitted` |
| plain | `ana/03.ipynb`, `ana.zip`, `ana.ipynb` |

Canvas: `lib/content_zipper.rb` of canvas-lms; Moodle: `mod/assign/classes/downloader.php`.
Nothing that was handed in is run, and nothing is written outside of the spool folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from belgrade.checks.examine import exercise_in
from belgrade.checks.pack import exercises, read_pack
from belgrade.checks.quick import nbformat
from belgrade.grading import GradingError
from belgrade.grading.archive import Found, Limits, Unreadable, walk
from belgrade.grading.names import readable, student_id
from belgrade.grading.roster import CANVAS, PLAIN, Roster
from belgrade.grading.store import write_bytes

MOODLE_NAME = re.compile(
    r"(?P<name>.+)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL
)
CANVAS_NAME = re.compile(
    r"(?P<name>[^\W_].*?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<upload>\d+)_(?P<file>.+)", re.DOTALL
)
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<number>\w+?)_(?P<upload>\d+)_(?P<file>.+)", re.DOTALL
)
COPY = re.compile(r"(?P<base>.+?)(?:-(?P<a>\d{1,2})| ?\((?P<b>\d{1,2})\))", re.DOTALL)
WRAPPERS = {"submitted", "submissions", "assignment", "assignments", "homework", "downloads",
            "downloaded", "autograded"}  # fmt: skip
OTHER_ARCHIVE = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
SHOWN = 5


@dataclass(frozen=True)
class Submission:
    """One student's notebook for one exercise, or the reason why there is none to grade."""

    student: str
    name: str
    exercise: str | None
    file: str
    path: Path | None
    digest: str
    problem: str
    notes: tuple[str, ...]


@dataclass
class _Piece:
    """One file that was handed in, read and set aside."""

    found: Found
    path: Path | None = None
    digest: str = ""
    exercise: str | None = None
    problem: str = ""
    damaged: bool = False
    # Who, as far as the names tell: the layout, the platform's number, the name, the file's name.
    layout: str = "plain"
    number: str = ""
    name: str = ""
    upload: int = 0
    file: str = ""
    notes: list[str] = field(default_factory=list)
    student: str = ""
    shown_name: str = ""

    @property
    def usable(self) -> bool:
        return self.path is not None and not self.problem

    def order(self) -> tuple:
        """Return what sorts the files of a student for one exercise; the last one counts."""
        stem = self.file.rsplit(".", 1)[0]
        copied = COPY.fullmatch(stem)
        number = int(copied["a"] or copied["b"]) if copied else 0
        usable = self.usable and not self.damaged
        return usable, self.usable, self.upload, number, self.found.time, self.found.parts


def collect(
    source: Path, spool: Path, roster: Roster | None = None, limits: Limits | None = None
) -> list[Submission]:
    """Return the submissions in a folder, a zip or a notebook file, sorted by student.

    There is one for each student and exercise; a file whose exercise cannot be told gives one
    with the exercise None. The notebooks are copied into `spool` under safe names. Raises
    GradingError where nothing can be read at all.
    """
    spool.mkdir(parents=True, exist_ok=True)
    pieces = [_set_aside(found, spool) for found in walk(Path(source), spool, limits)]
    if not pieces:
        raise GradingError(f"There is no file in {source}.")
    for piece in pieces:
        _read_name(piece)
    _read_plain([p for p in pieces if p.layout == "plain"], roster)
    _recognise(pieces, roster)
    result = []
    for student in sorted({p.student for p in pieces}):
        result += _choose([p for p in pieces if p.student == student])
    return result


# --- each file ----------------------------------------------------------------------------------


def _set_aside(found: Found, spool: Path) -> _Piece:
    """Read a file, copy it if it is a notebook, and find its exercise."""
    piece = _Piece(found, problem=found.problem, notes=list(found.notes), file=found.name)
    if piece.problem:
        return piece
    if not found.is_notebook:
        kind = found.name.lower()
        piece.problem = (
            "This kind of archive cannot be opened: hand in the notebook itself."
            if kind.endswith(OTHER_ARCHIVE)
            else "It is no notebook (.ipynb)."
        )
        return piece
    try:
        data = found.read()
    except Unreadable as error:
        piece.problem = str(error)
        return piece
    if not data.strip():
        piece.problem = "The file is empty."
        return piece
    piece.digest = hashlib.sha256(data).hexdigest()
    piece.path = spool / f"{piece.digest[:32]}.ipynb"
    if not piece.path.exists():
        write_bytes(piece.path, data)
    piece.exercise, piece.damaged = _exercise_of(data)
    return piece


def _exercise_of(data: bytes) -> tuple[str | None, bool]:
    """Return which exercise a notebook says it is, and whether it is damaged."""
    try:
        content = json.loads(data.decode("utf-8-sig"))
        cells = [c for c in content["cells"] if isinstance(c, dict)]
        about = {k: v for k, v in content.get("metadata", {}).items() if k == "belgrade"}
        book = nbformat.NotebookNode(metadata=about, cells=cells)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, MemoryError):
        return None, True
    with contextlib.suppress(Exception):  # whatever its metadata hold
        number = exercise_in(book)
        if number and re.fullmatch(r"\d\d", number):
            return number, False
    calls = re.findall(r'check\(\s*\\?["\'](\d{1,2})\.\d', data.decode("utf-8", "replace"))
    if calls:
        return Counter(calls).most_common(1)[0][0].zfill(2), False
    return None, False


def _exercise_in_name(parts: tuple[str, ...]) -> str | None:
    """Return the exercise that a file's name or its folder's says, the file's first."""
    for part in reversed(parts):
        for number in re.findall(r"(?<![0-9])\d\d(?![0-9])", part):
            if number in exercises():
                return number
    return None


# --- whose it is --------------------------------------------------------------------------------


def _read_name(piece: _Piece) -> None:
    """Read what Canvas and Moodle write into names, from the outermost folder inwards."""
    parts = piece.found.parts
    for at, part in enumerate(parts):
        moodle = MOODLE_NAME.fullmatch(part)
        if moodle:
            piece.layout, piece.number, piece.name = "moodle", moodle["number"], moodle["name"]
            last = at == len(parts) - 1
            piece.file = (last and moodle["file"]) or parts[-1]
            break
        is_file = at == len(parts) - 1 or part.lower().endswith(".zip")
        canvas = is_file and (CANVAS_ANONYMOUS.fullmatch(part) or CANVAS_NAME.fullmatch(part))
        if canvas:
            piece.layout, piece.number = "canvas", canvas["number"]
            piece.name = canvas.groupdict().get("name") or ""
            piece.upload = int(canvas["upload"][:18])
            piece.file = canvas["file"] if at == len(parts) - 1 else parts[-1]
            if canvas["late"]:
                piece.notes.append("Canvas marks it as late.")
            break
    if not piece.exercise:
        folders = parts[:-1] if piece.layout == "plain" and piece.path else ()
        piece.exercise = _exercise_in_name((*folders, piece.file))


def _read_plain(pieces: list[_Piece], roster: Roster | None) -> None:
    """Tell students by folders: the outermost that is not the same wrapper around all."""
    paths = {id(p): _without_submitted(p.found.parts) for p in pieces}
    while len({p[0] for p in paths.values()}) == 1 and all(len(p) > 1 for p in paths.values()):
        top = next(iter(paths.values()))[0]
        if _known(roster, top):
            break
        below = {p[1] for p in paths.values()}
        # One student's folder holds exercises; a wrapper holds students.
        several = len(below) > 1 and not all(_looks_like_exercise(name) for name in below)
        if not several and top.lower().removesuffix(".zip") not in WRAPPERS:
            break
        paths = {key: path[1:] for key, path in paths.items()}
    stems = {_stem(path[0]) for path in paths.values()}
    for piece in pieces:
        path = paths[id(piece)]
        name = _stem(path[0])
        if len(path) == 1 and not _known(roster, name):
            name = _without_exercise(name, piece.exercise, roster)
        copied = COPY.fullmatch(name)
        if copied and not _known(roster, name):
            base = copied["base"]
            if _known(roster, base) or (base in stems and not _looks_like_exercise(base)):
                name = base
        piece.name = name
        if len(path) == 1 and _looks_like_exercise(name):
            piece.notes.append("Neither folder nor file says whose it is.")


def _without_submitted(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return what follows nbgrader's folder `submitted`, if there is one around a student's."""
    if "submitted" in parts[:-2]:
        return parts[parts.index("submitted") + 1 :]
    return parts


def _known(roster: Roster | None, name: str) -> bool:
    stem = _stem(name)
    return roster is not None and roster.find([stem], stem)[0] is not None


def _stem(part: str) -> str:
    return part[: part.rindex(".")] if re.search(r"\.(ipynb|zip)$", part, re.I) else part


def _looks_like_exercise(name: str) -> bool:
    stem = _stem(name)
    number = re.match(r"(?:exercise|ex|ps|lesson)?[ _-]?(\d\d)(?:[ _.-]|$)", stem, re.IGNORECASE)
    return bool(number) and number[1] in exercises()


def _without_exercise(stem: str, exercise: str | None, roster: Roster | None) -> str:
    """Return a lone file's stem without the exercise's name or, for the roster, its number."""
    if not exercise:
        return stem
    with contextlib.suppress(Exception):
        title = _stem(read_pack(exercise)["file"])
        rest = stem.replace(title, "").strip(" _-")
        if title in stem and rest and not re.fullmatch(r"\(?\d+\)?", rest):
            return rest
    rest = re.sub(rf"(?<!\d){exercise}(?!\d)", "", stem).strip(" _-")
    return rest if rest and _known(roster, rest) else stem


def _recognise(pieces: list[_Piece], roster: Roster | None) -> None:
    """Give each piece its student: an id of the roster where one fits, else one from the names."""
    for piece in pieces:
        if piece.layout == "moodle":
            piece.student = f"Participant {piece.number}"
        elif piece.layout == "canvas":
            piece.student = piece.number
        else:
            piece.student = student_id(piece.name)
        piece.shown_name = "" if piece.layout == "plain" else readable(piece.name)
    if roster is None:
        return
    matched: dict[str, list[tuple[_Piece, str]]] = {}
    for piece in pieces:
        # A platform's number means something only in that platform's own export.
        own = piece.layout != "canvas" or roster.kind in (CANVAS, PLAIN)
        by_name = piece.name if piece.layout != "plain" else _stem(piece.name)
        student, why = roster.find([piece.student] if own else [], by_name)
        if student is None:
            piece.notes.append(readable(why, 200))
            if piece.student in roster.by_id:
                piece.student += " (not matched)"
        else:
            matched.setdefault(student.id, []).append((piece, piece.student))
            piece.student, piece.shown_name = student.id, student.name
    for several in matched.values():
        people = {before for piece, before in several if piece.layout != "plain"}
        if len(people) < 2:
            continue
        for piece, before in several:  # two people of one name must not become one
            piece.student = before if before not in roster.by_id else f"{before} (not matched)"
            piece.shown_name = readable(piece.name)
            piece.notes.append(
                f"{len(people)} people who handed in fit the same student of the roster."
            )


# --- which of several ---------------------------------------------------------------------------


def _choose(pieces: list[_Piece]) -> list[Submission]:
    """Return a student's submissions: of several files for an exercise the latest that works."""
    books = [p for p in pieces if p.found.is_notebook]
    others = [p for p in pieces if not p.found.is_notebook]
    made = []
    for exercise in sorted({p.exercise for p in books}, key=lambda e: (e is None, e)):
        made.append(_latest(sorted((p for p in books if p.exercise == exercise), key=_Piece.order)))
    if not made:
        made = [_latest(sorted(others, key=_Piece.order))]
    elif others:
        made[0] = replace(made[0], notes=(*made[0].notes, _unused(others)))
    return made


def _latest(pieces: list[_Piece]) -> Submission:
    last, rest = pieces[-1], pieces[:-1]
    notes = list(last.notes)
    problem = last.problem
    if last.usable and last.exercise is None:
        problem = (
            "It is a damaged notebook, and its name does not say which exercise."
            if last.damaged
            else "No exercise of this module could be recognised in it."
        )
    copies = [p for p in rest if p.digest and p.digest == last.digest]
    others = [p for p in rest if p not in copies]
    if others and last.usable:
        later = max(others, key=lambda p: p.order()[2:]).order()[2:] > last.order()[2:]
        what = "last that can be read" if later else "later"
        notes.append(
            f"Several files were handed in; the {what} was taken. Not taken: {_list(others)}."
        )
    elif others:
        notes.append(f"Handed in as well: {_list(others)}.")
    if copies:
        notes.append(f"The same notebook was handed in {len(copies) + 1} times.")
    return Submission(
        last.student, last.shown_name, last.exercise, readable(last.file, 200),
        last.path if not last.problem else None, last.digest, problem, tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def _unused(pieces: list[_Piece]) -> str:
    return f"Handed in as well and not used: {_list(pieces)}."


def _list(pieces: list[_Piece]) -> str:
    names = [readable(p.file, 60) for p in pieces]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"“{n}”" for n in names[:SHOWN]) + more
