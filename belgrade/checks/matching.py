"""Which cell of a submission is which cell of the exercise, whatever happened to the notebook.

Cells are known by their id and by what `metadata.belgrade` says, if the two agree or the text does
not speak against it; else by what they provide (a prompt's text, the call of a check), by the names
that an answer sets, and by the place between its neighbours.
"""

from __future__ import annotations

import ast
import functools
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from belgrade.checks.cells import (
    about,
    assigned,
    is_python,
    parsed,
    role,
    same_code,
    segments,
    source_of,
)
from belgrade.checks.fast_nbformat import nbformat

if TYPE_CHECKING:
    from nbformat import NotebookNode

PROVIDED = ("prompt", "setup", "parameters", "check", "")
ALIKE = 0.86
CALL = re.compile(r"""\bcheck\(\s*["']([\d.]+)["']""")
LOST = (
    "The file has lost the cells' ids, as some programs save it (Colab, Kaggle, Deepnote): the "
    "answers were found by the text around them."
)


@dataclass
class Match:
    """`cells` of a submission; `partner` is {index in cells: index in the fresh copy}.

    `origins` says for each which cell of the submission it is, or is a part of.
    """

    cells: list[NotebookNode]
    origins: list[int]
    partner: dict[int, int] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)
    nameless: bool = False  # no cell has an id or metadata that is known


@dataclass
class _Exercise:
    """What is known of the fresh copy: its cells without hidden checks, and what they set."""

    fresh: NotebookNode
    cells: list[tuple[int, NotebookNode]] = field(init=False)

    def __post_init__(self) -> None:
        self.cells = [(i, c) for i, c in enumerate(self.fresh.cells) if role(c) != "hidden"]
        self.by_id = {c["id"]: i for i, c in self.cells}
        slots = Counter(slot_of(c) for _, c in self.cells)
        self.by_slot = {slot_of(c): i for i, c in self.cells if slots[slot_of(c)] == 1}
        texts = Counter(c.source.strip() for _, c in self.cells)
        self.by_text = {
            c.source.strip(): i
            for i, c in self.cells
            if role(c) in PROVIDED and texts[c.source.strip()] == 1
        }
        self.answers = {about(c)["question"]: i for i, c in self.cells if role(c) == "answer"}
        self.checks: dict[str, int] = {}
        used: dict[str, set[str]] = {}
        for i, cell in self.cells:
            if role(cell) == "check":
                self.checks.setdefault(about(cell)["question"], i)
                used.setdefault(about(cell)["question"], set()).update(_read(cell.source))
        # The names that the check looks at; lines provided in several answers set others too.
        self.targets = {}
        for question, at in self.answers.items():
            names = assigned(self.fresh.cells[at].source)
            self.targets[question] = names & used.get(question, set()) or names
        # A name that several questions ask for, such as ax, tells none of them from another.
        asked = Counter(n for names in self.targets.values() for n in names)
        self.own = {q: {n for n in t if asked[n] == 1} for q, t in self.targets.items()}

    def sets(self, cell: NotebookNode, which: dict[str, set[str]] | None = None) -> set[str]:
        """Return the questions whose names (`targets`, or `which`) a code cell sets."""
        if cell["cell_type"] not in ("code", "markdown", "raw"):
            return set()
        names = assigned(source_of(cell)) if _is_code(cell) else set()
        return {q for q, targets in (which or self.targets).items() if targets & names}


def match(fresh: NotebookNode, submitted: NotebookNode) -> Match:
    """Return the Match of a submission's cells with those of a fresh copy.

    A hidden check has no partner: students never had it.
    """
    exercise = _Exercise(fresh)
    kinds = ("code", "markdown", "raw")
    origins = [n for n, c in enumerate(submitted.cells) if c.get("cell_type") in kinds]
    cells = [submitted.cells[n] for n in origins]
    found = Match(cells, origins)
    found.nameless = bool(cells) and not any(
        c.get("id") in exercise.by_id or slot_of(c) for c in cells
    )
    _share_out(exercise, found)
    for i, cell in enumerate(found.cells):
        at = _named(exercise, cell)
        if at is not None:
            found.partner[i] = at
    _find_provided(exercise, found)
    _find_answers(exercise, found)
    found.partner = dict(sorted(found.partner.items()))
    return found


def slot_of(cell: NotebookNode) -> tuple[str, ...] | None:
    """Return the slot that a cell's metadata name, (question, role, part), or None."""
    metadata = about(cell)
    if not metadata.get("role") or metadata["role"] == "student":
        return None
    return tuple(str(metadata.get(k, "")) for k in ("question", "role", "part"))


def _named(exercise: _Exercise, cell: NotebookNode) -> int | None:
    """Return where a cell belongs by its exact text, its id or its metadata; or None."""
    text = source_of(cell).strip()
    if len(text) > 8 and text in exercise.by_text:
        return exercise.by_text[text]
    by_id, by_slot = exercise.by_id.get(cell.get("id")), exercise.by_slot.get(slot_of(cell))
    if by_id is not None and (
        by_id == by_slot or slot_of(cell) == slot_of(exercise.fresh.cells[by_id])
    ):
        return None if _is_foreign_check(exercise.fresh.cells[by_id], cell) else by_id
    hopes = [at for at in (by_id, by_slot) if at is not None]
    sound = [at for at in hopes if not _denied(exercise, at, cell)]
    for at in sound:  # the two disagree, or there is only one
        if about(exercise.fresh.cells[at]).get("question", "") in exercise.sets(cell):
            return at
    return sound[0] if sound else None


def _denied(exercise: _Exercise, at: int, cell: NotebookNode) -> bool:
    """Tell whether a cell's text speaks against its being the fresh cell `at`."""
    known, what = exercise.fresh.cells[at], role(exercise.fresh.cells[at])
    if what == "check":
        return (
            cell["cell_type"] != "code"
            or not CALL.search(source_of(cell))
            or (_is_foreign_check(known, cell))
        )
    sets = exercise.sets(cell)
    if what == "answer":
        own = about(known).get("question") in sets
        return not own and (bool(sets) or not _is_code(cell) or bool(_calls(cell)))
    if what == "written":
        return (
            bool(sets)
            or bool(_calls(cell))
            or (cell["cell_type"] == "code" and is_python(source_of(cell)))
        )
    return bool(sets) or bool(_calls(cell)) or likeness(known, cell) < 0.5


def _is_foreign_check(known: NotebookNode, cell: NotebookNode) -> bool:
    calls = _calls(cell)
    return role(known) == "check" and bool(calls) and about(known)["question"] not in calls


def _calls(cell: NotebookNode) -> set[str]:
    """Return the questions that a code cell checks and does nothing else."""
    if cell["cell_type"] != "code" or assigned(source_of(cell)):
        return set()
    return set(CALL.findall(source_of(cell)))


def _is_code(cell: NotebookNode) -> bool:
    """Tell whether a cell is code, or text that is code by what it says."""
    if cell["cell_type"] == "code":
        return True
    return is_python(source_of(cell)) and bool(assigned(source_of(cell)))


def _find_provided(exercise: _Exercise, found: Match) -> None:
    """Find what is provided, and has no partner yet, by the call of its check or by likeness."""
    taken = set(found.partner.values())
    for at, known in exercise.cells:
        if at in taken or role(known) not in PROVIDED:
            continue
        free = [i for i in range(len(found.cells)) if i not in found.partner]
        if role(known) == "check":
            question = about(known)["question"]
            hit = next(
                (
                    i
                    for i in free
                    if _calls(found.cells[i]) == {question} and exercise.checks[question] == at
                ),
                None,
            )
            if hit is not None:
                found.partner[hit] = at
                continue
        free = [i for i in free if found.cells[i]["cell_type"] == known["cell_type"]]
        best = max(((likeness(known, found.cells[i]), -i) for i in free), default=(0, 0))
        if best[0] >= ALIKE:
            found.partner[-best[1]] = at


def _find_answers(exercise: _Exercise, found: Match) -> None:
    """Find answers without a partner by the names that they set, first within their question."""
    taken = set(found.partner.values())
    for question, at in exercise.answers.items():
        if at in taken:
            continue
        hits = [
            i
            for i, c in enumerate(found.cells)
            if i not in found.partner and question in exercise.sets(c)
        ]
        here = [i for i in hits if question_at(exercise.fresh, found, i) == question]
        hits = here or [i for i in hits if question in exercise.sets(found.cells[i], exercise.own)]
        for i in hits:
            found.partner[i] = at
        if hits and not found.nameless:
            found.repairs.append(
                f"The answer cell of {question} was missing; the cell that sets "
                f"{', '.join(sorted(exercise.targets[question]))} was taken."
            )


def question_at(fresh: NotebookNode, found: Match, index: int) -> str | None:
    """Return the question that a cell stands in: that of the last known cell before it."""
    before = [i for i in found.partner if i < index]
    return about(fresh.cells[found.partner[max(before)]]).get("question") if before else None


def _share_out(exercise: _Exercise, found: Match) -> None:
    """Share out a cell that holds answers to several questions: each takes its own part."""
    starters = {q: exercise.fresh.cells[at].source for q, at in exercise.answers.items()}
    sets = []
    for cell in found.cells:
        questions = exercise.sets(cell, exercise.own) if cell["cell_type"] == "code" else set()
        sets.append({q for q in questions if not same_code(source_of(cell), starters[q])})
    for i in range(len(sets) - 1, -1, -1):
        alone = {q for q in sets[i] if not any(q in s for n, s in enumerate(sets) if n != i)}
        own = exercise.by_id.get(found.cells[i].get("id"))
        own = about(exercise.fresh.cells[own]).get("question") if own is not None else None
        mine = alone | (exercise.sets(found.cells[i]) & {own})
        if len(mine) < 2 or not alone - {own}:
            continue
        parts = segments(source_of(found.cells[i]), {q: exercise.targets[q] for q in mine})
        if len(parts) < 2:
            continue
        found.cells[i : i + 1] = [_part(exercise, q, text) for q, text in parts.items()]
        found.origins[i : i + 1] = [found.origins[i]] * len(parts)
        found.repairs.append(
            f"The answers to {', '.join(sorted(parts))} stood in one cell: each takes its lines."
        )


def _part(exercise: _Exercise, question: str, text: str) -> NotebookNode:
    known = exercise.fresh.cells[exercise.answers[question]]
    return nbformat.from_dict(
        {
            "cell_type": "code",
            "id": known["id"],
            "source": text,
            "metadata": {"belgrade": {"question": question, "role": "answer"}},
        }
    )


def _read(source: str) -> set[str]:
    """Return the names that a check looks at."""
    return {
        n.id for node in parsed(source) or [] for n in ast.walk(node) if isinstance(n, ast.Name)
    } - {"check", "hint"}


def likeness(one: NotebookNode, other: NotebookNode) -> float:
    """Return how alike two cells are, from 0 to 1: the share of pairs of letters in both.

    It takes time in proportion to their length, whatever a submission holds.
    """
    a, b = one.source.strip(), source_of(other).strip()
    if a == b or not (a and b):
        return float(a == b != "")
    if min(len(a), len(b)) < 0.7 * max(len(a), len(b)):
        return 0.0
    shared = sum((_pairs(a) & _pairs(b)).values())
    return 2 * shared / max(len(a) + len(b) - 2, 1)


@functools.lru_cache(maxsize=600)  # the cells of a submission, and those provided
def _pairs(text: str) -> Counter[tuple[str, str]]:
    return Counter(itertools.pairwise(text))
