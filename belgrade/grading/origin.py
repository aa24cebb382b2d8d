"""Whose a file is that was handed in: told by one part of its path, its origin.

That is the part that the platform or the instructor wrote, at one depth for all; what a student can
choose stands after it and is never looked at. Canvas: `lib/content_zipper.rb` of canvas-lms, which
lets no `_12_` stand in a name; Moodle: `mod/assign/classes/downloader.php`, which lets no `_` stand
in one.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from belgrade.checks.compiled import exercises, read_compiled
from belgrade.grading import GradingError
from belgrade.grading.archive import NOTEBOOK, FoundFile
from belgrade.grading.names import readable
from belgrade.grading.roster import Roster

MOODLE_NAME = re.compile(
    r"(?P<name>[^_]+)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL
)
CANVAS_NAME = re.compile(
    r"(?P<name>[^\W_].*?)(?P<late>_LATE)?_(?P<number>\d+)_(?P<upload>\d+)_(?P<file>.+)", re.DOTALL
)
CANVAS_ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<number>[^\W_]+)_(?P<upload>\d+)_(?P<file>.+)", re.DOTALL
)
COPY = re.compile(r"(?P<base>.+?)(?:-(?P<a>\d{1,2})| ?\((?P<b>\d{1,2})\))", re.DOTALL)
ENDING = re.compile(rf"(?:{NOTEBOOK.pattern}|\.zip)$", NOTEBOOK.flags)
WRAPPERS = re.compile("submi(tted|ssions)|assignments?|homework|download(s|ed)?|autograded", re.I)
LONGEST_PATH, DEEPEST = 1_000, 4
NO_NOTEBOOK = "It is no notebook (.ipynb)."


@dataclass
class Piece:
    """One file that was handed in, read and set aside."""

    found: FoundFile
    path: Path | None = None
    digest: str = ""
    exercise: str | None = None
    problem: str = ""
    damaged: bool = False
    # Who, as far as the origin tells: the layout, the platform's number, the name, the file's name.
    origin: str = ""
    layout: str = "plain"
    number: str = ""
    name: str = ""
    upload: int = 0
    file: str = ""
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)  # whose it is: notes that no student may see
    own: str = ""  # the id that the names give, before the roster
    student: str = ""
    shown_name: str = ""

    @property
    def usable(self) -> bool:
        return self.path is not None and not self.problem

    @property
    def is_notebook(self) -> bool:
        return self.found.is_notebook and self.problem != NO_NOTEBOOK

    @property
    def claimant(self) -> tuple[Any, ...]:
        """Return what tells apart those who handed in: a student's own files have the same."""
        plain = self.layout == "plain"
        return (self.layout, self.origin) if plain else (self.layout, self.number, self.name)

    def order(self) -> tuple[Any, ...]:
        """Return what sorts the files of a student for one exercise; the last one counts."""
        copied = COPY.fullmatch(stem_of(self.file))
        number = int(copied["a"] or copied["b"]) if copied else 0
        usable = self.usable and not self.damaged
        return usable, self.usable, self.upload, number, self.found.time, self.found.parts


def _exercise_in_name(parts: tuple[str, ...]) -> str | None:
    """Return the exercise that a file's name or its folder's says, the file's first."""
    found = (n for part in reversed(parts) for n in re.findall(r"(?<!\d)\d\d(?!\d)", part))
    return next((number for number in found if number in exercises()), None)


def platform_of(part: str, is_file: bool) -> re.Match[str] | None:
    """Return what Moodle or Canvas wrote into a name, if it is one of theirs."""
    found = MOODLE_NAME.fullmatch(part)
    if not found and (is_file or part.lower().endswith(".zip")):
        found = CANVAS_ANONYMOUS.fullmatch(part) or CANVAS_NAME.fullmatch(part)
    return found


def read_origin(piece: Piece, origin: str, is_file: bool) -> None:
    """Read whose a file is from its origin, the part of its path that nobody could choose."""
    piece.origin = piece.name = origin
    if found := platform_of(origin, is_file):
        about = found.groupdict()
        piece.number, piece.name = about["number"], about.get("name") or ""
        piece.file = (is_file and about["file"]) or piece.file
        piece.layout = "canvas" if "upload" in about else "moodle"
        piece.upload = int(about.get("upload", "0")[:18])
        if about.get("late"):
            piece.notes.append("Canvas marks it as late.")
    if not piece.exercise:
        plain = piece.layout == "plain" and piece.path
        folders = piece.found.parts[:-1] if plain else ()
        piece.exercise = _exercise_in_name((*folders, piece.file))


def level_of(pieces: list[Piece], roster: Roster | None) -> int:
    """Return at which depth the origins stand: the same for all, and never below a student's."""
    paths = [p.found.parts for p in pieces if p.is_notebook] or [p.found.parts for p in pieces]
    folders = [path[:-1] for path in paths]
    forks = (n for n, names in enumerate(zip(*folders, strict=False)) if len(set(names)) > 1)
    shared = next(forks, min(map(len, folders)))

    def share(fits: Callable[[tuple[str, ...]], bool], level: int) -> float:
        """Return how many of the names at a depth fit; below the first fork all must."""
        here = {path[: level + 1] for path in paths if len(path) > level}
        count = sum(map(fits, here))
        whole = level <= shared or (count == len(here) and all(len(p) > level for p in paths))
        return count / len(here) if here and whole else 0

    def by_platform(path: tuple[str, ...]) -> bool:
        return bool(platform_of(path[-1], path in files))

    def by_roster(path: tuple[str, ...]) -> bool:
        name = stem_of(path[-1])
        exercise = _exercise_in_name(path[-1:]) if path in files else None
        return is_known(roster, name) or is_known(roster, _without_exercise(name, exercise, roster))

    files, common = set(paths), paths[0][:shared]
    for level in range(DEEPEST):  # from without: what lies in a student's folder has no say
        if level and common[level - 1 : level] == ("submitted",):
            return level
        here = {path[: level + 1] for path in paths if len(path) > level}
        # With one file in each folder its name may be a student's choice, and the folder's is not.
        one_each = 1 < len(here & files) == len({path[: shared + 1] for path in here})
        if (level <= shared or not one_each) and share(by_platform, level) > 0.5:
            return level
        if share(by_roster, level) >= 0.5:
            return level
    below = {path[shared] for path in paths}
    if len(below) > 1 and not all(map(_looks_like_exercise, below)):
        return shared  # one student's folder holds exercises, a wrapper holds students
    wrapped = itertools.takewhile(lambda part: WRAPPERS.fullmatch(stem_of(part)), common)
    return len(list(wrapped))


def refuse_several_under_one(pieces: list[Piece], level: int, roster: Roster | None) -> None:
    """Raise GradingError where notebooks of one exercise, side by side, would be one student's."""
    under: dict[tuple[Any, ...], dict[str, list[Piece]]] = {}
    for piece in pieces:
        parts = piece.found.parts
        lies_below = piece.is_notebook and piece.layout == "plain" and len(parts) >= level + 2
        if not (lies_below and piece.exercise) or is_known(roster, piece.origin):
            continue
        if "submitted" in parts[:level]:
            continue
        is_file, child = len(parts) == level + 2, parts[level + 1]
        if is_file:
            copied = COPY.fullmatch(stem_of(child))
            child = copied["base"] if copied else stem_of(child)
            child = "" if _looks_like_exercise(child) else child
        key = (piece.origin, piece.exercise, is_file)
        under.setdefault(key, {}).setdefault(child, []).append(piece)
    for (origin, exercise, is_file), children in under.items():
        seen = [piece for several in children.values() for piece in several]
        if len(children) < 2 or len({p.digest for p in seen}) < 2:
            continue
        into = ["{folder}"] * level
        below = "/".join([*into, "{folder}", "{student}"] + ["{file}"] * (not is_file))
        one = "/".join([*into, "{student}", "{file}"])
        seen_paths = ", ".join(readable("/".join(p.found.parts), 80) for p in seen[:3])
        raise GradingError(
            f"Whose notebooks these are is not clear: {len(seen)} of exercise {exercise} lie under "
            f"one name, “{readable(origin)}” ({seen_paths}{', …' * (len(seen) > 3)}). "
            f"{'Give the class list with --roster, or say' if roster is None else 'Say'} where a "
            "student's name stands, such as "
            f"--layout '{below}'; if they are one student's, --layout '{one}'."
        )


def pattern_of(layout: str) -> re.Pattern[str]:
    """Return the expression for paths that a --layout such as "{seminar}/{student}/{file}" is."""
    names = re.findall(r"\{(\w+)\}", layout)
    if names.count("student") != 1 or names.count("exercise") > 1:
        example = "'{seminar}/{student}/{file}'"
        raise GradingError(f"--layout {layout!r} must have {{student}} once, as in {example}.")
    named = "(?P<{}>[^/]+?)"
    kept = {"student": named.format("student"), "exercise": named.format("exercise"), "file": ".+"}
    parts = re.split(r"\{(\w+)\}", layout.strip("/"))
    return re.compile(
        "".join(kept.get(p, "[^/]+?") if n % 2 else re.escape(p) for n, p in enumerate(parts)),
        re.DOTALL,
    )


def place_by(pattern: re.Pattern[str], layout: str, pieces: list[Piece]) -> None:
    """Read whose each file is by a pattern of its path."""
    fitting = 0
    for piece in pieces:
        path = "/".join(piece.found.parts)
        found = pattern.fullmatch(path) if len(path) <= LONGEST_PATH else None
        if found:
            fitting += piece.is_notebook
            if "exercise" in pattern.groupindex and not piece.exercise:
                piece.exercise = _exercise_in_name((found["exercise"],))
            read_origin(piece, found["student"], found.end("student") == len(path))
        else:
            read_origin(piece, piece.found.parts[0], len(piece.found.parts) == 1)
            piece.layout, piece.name = "plain", "/".join(piece.found.parts)
            piece.problem = piece.problem or f"Its path does not fit --layout {layout}."
    if not fitting:
        example = readable("/".join(pieces[0].found.parts), 80)
        raise GradingError(f"No notebook fits --layout {layout!r}; a path here is “{example}”.")


def name_plain(pieces: list[Piece], roster: Roster | None) -> None:
    """Give the pieces without a platform their names: the origin, cleared of what is added."""
    stems = {stem_of(piece.origin) for piece in pieces}
    for piece in pieces:
        name = stem_of(piece.name)
        is_file = piece.origin == piece.found.parts[-1]
        if is_file and not is_known(roster, name):
            name = _without_exercise(name, piece.exercise, roster)
        copied = COPY.fullmatch(name)
        if copied and not is_known(roster, name):
            base = copied["base"]
            if is_known(roster, base) or (base in stems and not _looks_like_exercise(base)):
                name = base
        piece.name = name
        if is_file and _looks_like_exercise(name):
            piece.notes.append("Neither folder nor file says whose it is.")


def is_known(roster: Roster | None, part: str) -> bool:
    return roster is not None and len(roster.find([stem_of(part)], stem_of(part))) == 1


def stem_of(part: str) -> str:
    return ENDING.sub("", part)


def _looks_like_exercise(name: str) -> bool:
    number = re.match(r"(?:exercise|ex|ps|lesson)?[ _-]?(\d\d)(?:[ _.-]|$)", stem_of(name), re.I)
    return number is not None and number[1] in exercises()


def _without_exercise(stem: str, exercise: str | None, roster: Roster | None) -> str:
    """Return a lone file's stem without the exercise's name or, for the roster, its number."""
    if not exercise:
        return stem
    with contextlib.suppress(Exception):
        title = stem_of(read_compiled(exercise)["file"])
        rest = stem.replace(title, "").strip(" _-")
        if title in stem and rest and not re.fullmatch(r"\(?\d+\)?", rest):
            return rest
    rest = re.sub(rf"(?<!\d){exercise}(?!\d)", "", stem).strip(" _-")
    return rest if rest and is_known(roster, rest) else stem
