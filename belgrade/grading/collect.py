"""Find out what was handed in, by whom and for which exercise, in the layouts of the platforms.

| layout | a file there |
|---|---|
| Canvas | `ilicana_LATE_4211_90017_03_arms-1.ipynb`: name, late, user, file, name of the file |
| Moodle | `Ana Ilić_512_assignsubmission_file/03.ipynb`, or all in one name with `_` for `/` |
| nbgrader | `submitted/ana/03_arms/03.ipynb`, with or without `submitted` |
| plain | `ana/03.ipynb`, `ana.zip`, `ana.ipynb` |

Whose a file is comes from its *origin* (`origin.py`). Where several origins claim one student, none
of them gets that student's row. Nothing that was handed in is run, and nothing is written outside
of the staging folder.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from belgrade.checks.examine import exercise_in
from belgrade.checks.reading import ExamineError, notebook_of
from belgrade.files import write_whole
from belgrade.grading import GradingError, origin
from belgrade.grading.archive import ArchiveLimits, FoundFile, Unreadable, walk
from belgrade.grading.names import holds_name, readable, student_id
from belgrade.grading.origin import Piece
from belgrade.grading.roster import CANVAS, PLAIN, WORKSHEET, Roster, Student

SHOWN, MOST_ASKED = 5, 50
OTHER_ARCHIVE = (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
CLOSED = "This kind of archive cannot be opened: hand in the notebook itself."


@dataclass(frozen=True)
class Submission:
    """One student's notebook for one exercise, or the reason why there is none to grade.

    `origin` is the part of its path that says whose it is, as it stands there. A group's names its
    `members`, as pairs of id and name. `doubts` are notes on whose it is, which name others.
    """

    student: str
    name: str
    exercise: str | None
    file: str
    path: Path | None
    digest: str
    problem: str
    notes: tuple[str, ...]
    origin: str = ""
    members: tuple[tuple[str, str], ...] = ()
    doubts: tuple[str, ...] = ()


# The parameters are the command's options.
def collect(
    source: Path,
    staging: Path,
    roster: Roster | None = None,
    limits: ArchiveLimits | None = None,
    *,
    layout: str = "",
    match: Mapping[str, str] | None = None,
    groups: Mapping[str, Mapping[str, str]] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[Submission]:
    """Return the submissions in a folder, a zip or a notebook file, sorted by student.

    There is one for each student, or group, and exercise; a file whose exercise cannot be told
    gives one with the exercise None. The notebooks are copied into `staging` under safe names.
    `layout` is a pattern of paths such as "{seminar}/{student}/{file}", where it is not to be
    guessed; `match` gives the roster's id for names and numbers in the files' names; `groups` the
    members, {id: name}, of each group. Doubtful matches are told to `say`. Raises GradingError
    where nothing can be read at all, or where it cannot be told whose the files are.
    """
    staging.mkdir(parents=True, exist_ok=True)
    pieces = [_set_aside(found, staging) for found in walk(Path(source), staging, limits)]
    if not pieces:
        raise GradingError(f"There is no file in {source}.")
    if layout:
        origin.place_by(origin.pattern_of(layout), layout, pieces)
    else:
        level = origin.level_of(pieces, roster)
        for piece in pieces:
            at = min(level, len(piece.found.parts) - 1)
            origin.read_origin(piece, piece.found.parts[at], at == len(piece.found.parts) - 1)
        origin.refuse_several_under_one(pieces, level, roster)
    origin.name_plain([p for p in pieces if p.layout == "plain"], roster)
    pieces += _recognise(pieces, roster, match or {}, groups or {}, say)
    pieces += _set_apart(pieces)
    pieces.sort(key=lambda p: p.student)
    result = [one for _, mine in _grouped(pieces, lambda p: p.student) for one in _choose(mine)]
    return _as_groups(result, groups or {})


# --- each file ----------------------------------------------------------------------------------


def _set_aside(found: FoundFile, staging: Path) -> Piece:
    """Read a file, copy it if it is a notebook, and find its exercise."""
    piece = Piece(found, problem=found.problem, notes=list(found.notes), file=found.name)
    data = b""
    if not piece.problem and not found.is_notebook:
        is_archive = found.name.lower().endswith(OTHER_ARCHIVE)
        piece.problem = CLOSED if is_archive else origin.NO_NOTEBOOK
    if not piece.problem:
        try:
            data = found.read()
            piece.problem = "" if data.strip() else "The file is empty."
        except Unreadable as error:
            piece.problem = str(error)
    if piece.problem:
        return piece
    try:
        number = exercise_in(notebook_of(data, piece.file)) or ""
        piece.exercise = number if re.fullmatch(r"\d\d", number) else None
    except ExamineError:  # graded later, which says why it cannot be
        piece.damaged = True
    calls = re.findall(rb'check\(\s*\\?["\'](\d{1,2})\.\d', data.replace(b"\0", b""))
    if not piece.exercise and calls:
        piece.exercise = Counter(calls).most_common(1)[0][0].decode().zfill(2)
    if piece.damaged and not found.name.lower().endswith(".ipynb") and b'"cells"' not in data:
        piece.problem = origin.NO_NOTEBOOK  # some other file in JSON
        return piece
    piece.digest = hashlib.sha256(data).hexdigest()
    piece.path = staging / f"{piece.digest[:32]}.ipynb"
    if not piece.path.exists():
        write_whole(piece.path, data)
    return piece


# --- whose it is --------------------------------------------------------------------------------


# Long, for whom a name fits is weighed in one order, from an id to a name that is only close.
def _recognise(
    pieces: list[Piece],
    roster: Roster | None,
    match: Mapping[str, str],
    groups: Mapping[str, Mapping[str, str]],
    say: Callable[[str], object],
) -> list[Piece]:
    """Give each piece its student: an id of the roster where one fits, else one from the names.

    Returns a piece more for each enrolled student whose work may be among what fits several.
    """
    matches, teams = _matches(match, roster), _teams(groups)
    moodle = {(p.name, p.number) for p in pieces if p.layout == "moodle"}
    blind = len(moodle) > 1 and len({name for name, _ in moodle}) == 1
    asked: dict[str, None] = {}
    open_ones, looked_up = [], 0
    for piece in pieces:
        own = {"moodle": f"Participant {piece.number}", "canvas": piece.number}.get(piece.layout)
        piece.own = piece.student = own or student_id(piece.name)
        piece.shown_name = readable(piece.name) if own else ""
        if team := teams.get(_team_key(piece.name)):
            piece.student, piece.shown_name = team, ""
            continue
        if roster is None:
            continue
        hits, is_told = _hits(piece, own, roster, matches)
        why, close, named = "", hits, own or piece.name
        by_number = piece.layout == "moodle" and roster.kind == WORKSHEET and not blind
        if len(hits) > 1:
            why = f"The name “{piece.name}” fits {len(hits)} students of the roster."
            open_ones += [(student, piece, why) for student in hits]
        elif not hits:
            why, named = "Not on the roster.", piece.name
            looked_up += 1  # a search among all: if it is most of the class, another list is wanted
            if close := roster.close(piece.name) if looked_up <= MOST_ASKED else []:
                names = ", ".join(f"{s.name} ({s.id})" for s in close)
                why = f"“{piece.name}” is not on the roster; close to it: {names}."
        elif by_number and not is_told and not holds_name(piece.name, hits[0].name):
            why = f"{own} is {hits[0].name} on the roster, and “{piece.name}” here."
        if not why:
            piece.student, piece.shown_name = hits[0].id, hits[0].name
            continue
        piece.doubts.append(readable(why, 300))
        if piece.student in roster.by_id:
            piece.student = f"{piece.student} ({readable(piece.name, 60)})"
        if close:
            answer = f"--match '{readable(named)}={close[0].id}'"
            asked[f"{readable(why, 300)} If so: {answer}"] = None
    for line in asked:
        say(line)
    done = {(p.student, p.exercise) for p in pieces}
    return [
        _claimed(piece, student.id, student.name, f"{_list([piece.origin])} may be theirs. {why}")
        for student, piece, why in open_ones
        if piece.is_notebook and (student.id, piece.exercise) not in done
    ]


def _matches(match: Mapping[str, str], roster: Roster | None) -> dict[str, str]:
    for student in match.values():
        if roster is None or student not in roster.by_id:
            raise GradingError(f"--match: there is no student “{student}” on the roster.")
    return {key.casefold(): student for key, student in match.items()}


def _teams(groups: Mapping[str, Any]) -> dict[str, str]:
    teams = {_team_key(group): group for group in groups}
    if len(teams) < len(groups):
        raise GradingError("Two groups have names that differ only in spaces and signs.")
    return teams


def _hits(
    piece: Piece, own: str | None, roster: Roster, matches: Mapping[str, str]
) -> tuple[list[Student], bool]:
    """Return the students that a piece may be of, and whether `matches` says so."""
    for key in (own or "", piece.name):
        if student := matches.get(key.casefold()):
            return [roster.by_id[student]], True
    # A platform's number means something only in that platform's own export.
    own_export = piece.layout != "canvas" or roster.kind in (CANVAS, PLAIN)
    return roster.find([piece.student] if own_export else [], piece.name), False


def _team_key(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold()) or name


def _claimed(piece: Piece, student: str, name: str, problem: str) -> Piece:
    """Return a piece that stands for a student whose own work cannot be told."""
    made = Piece(piece.found, exercise=piece.exercise, origin=piece.origin, file=piece.origin)
    return replace(made, problem=readable(problem, 400), student=student, shown_name=name)


def _set_apart(pieces: list[Piece]) -> list[Piece]:
    """Keep apart those who claim the same student; return a piece for each student claimed.

    What is kept apart is graded under a name of its own, and the student's own row says why.
    """
    made = []
    notebooks = sorted(
        (p for p in pieces if p.is_notebook), key=lambda p: (p.student, p.exercise or "")
    )
    for student, mine in _grouped(notebooks, lambda p: p.student):
        if len({p.claimant for p in mine}) < 2:
            continue
        names = sorted({p.origin for p in mine})
        claim = f"{len(names)} uploads claim to be of {student}: {_list(names)}."
        problem = f"{claim} Neither was taken: take away what is not theirs, and grade again."
        platforms = any(p.layout != "plain" for p in mine)
        for _, here in _grouped(mine, lambda p: p.exercise):
            several = len({p.claimant for p in here}) > 1 and len({p.digest for p in here}) > 1
            if not (platforms or several):
                continue  # each of them another exercise, or the same file again
            made.append(_claimed(here[0], student, here[0].shown_name, problem))
            for piece in here:
                label = piece.origin if piece.layout == "plain" else piece.name
                apart = f"{student} ({readable(label, 80)})"
                piece.student = apart if piece.own == student or not piece.number else piece.own
                piece.shown_name = readable(piece.name)
                piece.doubts.append(readable(claim, 400))
    return made


def _grouped(items: list[Any], key: Callable[[Any], Any]) -> Iterator[tuple[Any, list[Any]]]:
    return ((value, list(several)) for value, several in itertools.groupby(items, key))


# --- which of several ---------------------------------------------------------------------------


def _choose(pieces: list[Piece]) -> list[Submission]:
    """Return a student's submissions: of several files for an exercise the latest that works."""
    notebooks = sorted((p for p in pieces if p.is_notebook), key=lambda p: p.exercise or "~")
    others = [p for p in pieces if not p.is_notebook]
    made = [
        _latest(sorted(b, key=Piece.order)) for _, b in _grouped(notebooks, lambda p: p.exercise)
    ]
    if not made:
        made = [_latest(sorted(others, key=Piece.order))]
    elif others:
        unused = f"Handed in as well and not used: {_list([p.file for p in others])}."
        made[0] = replace(made[0], notes=(*made[0].notes, unused))
    return made


def _latest(pieces: list[Piece]) -> Submission:
    last, rest = pieces[-1], pieces[:-1]
    notes, problem = list(last.notes), last.problem
    if last.usable and last.exercise is None:
        problem = (
            "It is a damaged notebook, and its name does not say which exercise."
            if last.damaged
            else "No exercise of this module could be recognised in it."
        )
    copies = [p for p in rest if p.digest and p.digest == last.digest]
    others = [p for p in rest if p not in copies]
    names = _list([p.file for p in others])
    if others and last.usable:
        later = max(p.order()[2:] for p in others) > last.order()[2:]
        what = "last that can be read" if later else "later"
        notes.append(f"Several files were handed in; the {what} was taken. Not taken: {names}.")
    elif others:
        notes.append(f"Handed in as well: {names}.")
    if copies:
        notes.append(f"The same notebook was handed in {len(copies) + 1} times.")
    whose = last.student, last.shown_name, last.exercise, readable(last.file, 200)
    path, notes = last.path if not last.problem else None, list(dict.fromkeys(notes))
    doubts = tuple(last.doubts)
    return Submission(*whose, path, last.digest, problem, tuple(notes), last.origin, doubts=doubts)


def _as_groups(
    found: list[Submission], groups: Mapping[str, Mapping[str, str]]
) -> list[Submission]:
    """Return the submissions with one for each group, which counts for all its members.

    Where members handed in different notebooks, each one's own counts, and the others have none.
    """
    team_of = {student: group for group in groups for student in (group, *groups[group])}
    made: list[Submission] = []

    def place(one: Submission) -> tuple[str, str]:
        return team_of.get(one.student, ""), one.exercise or "~"

    for (group, _), here in _grouped(sorted(found, key=lambda o: (*place(o), o.student)), place):
        if not group:
            made += here
            continue
        members, who = groups[group], [one.student for one in here]
        if len({one.digest or one.problem for one in here}) == 1:
            names = ", ".join(filter(None, members.values()))
            notes = (*here[0].notes, f"Handed in for the group {group}.")
            pairs = tuple(members.items())
            made.append(replace(here[0], student=group, name=names, members=pairs, notes=notes))
            continue
        problem = f"Members of the group {group} handed in different notebooks ({', '.join(who)})."
        blank = replace(here[0], path=None, digest="", problem=problem, notes=(), doubts=())
        lacking = [student for student in members if student not in who]
        made += [*here, *(replace(blank, student=s, name=members[s]) for s in lacking)]
    return sorted(made, key=lambda one: (one.student, one.exercise or "~"))


def _list(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(f"“{readable(n, 60)}”" for n in names[:SHOWN]) + more
