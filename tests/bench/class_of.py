"""A class that hands in a real exercise: right, partly right, wrong, slow and empty notebooks.

The answers are those that the exercise's tests accept or refuse (exercises/keys/NN_cases.py), so
what each deserves is known. The same seed makes the same class.
"""

from __future__ import annotations

import copy
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from test_cases import answer_cells, cases_of, with_code

ROOT = Path(__file__).resolve().parents[2]

# How many of 60 are of each kind; the rest is partly right.
PER_60 = {"right": 15, "wrong": 6, "empty": 3}
WITH_SLOW = PER_60 | {"right": 12, "slow": 3}
SLOW_S = 2
SLOW = f"""\
import time
began = time.process_time()
while time.process_time() - began < {SLOW_S}:
    sum(number**2 for number in range(1000))
"""
PEEKS = ("{name}.head()", "{name}.shape", "{name}.describe()", "print({name}.columns.tolist())")
PROSE = (
    "A state that buys from one side alone depends on it; a fair count names the unit, the years "
    "and the whole that a share is a share of. Here the two shares are of the same kind.",
    "I would call a state dependent if more than half of what it needs comes from one seller and "
    "no other could replace it within a year. Gas and arms would then give different lists.",
    "Both are from one source and one year, so the comparison is fair. It says nothing about why.",
)


@dataclass
class Submission:
    """One student's work: `sources` by cell id, `added` as (id of the cell before, source)."""

    student: str
    kind: str
    sources: dict[str, str]
    added: list[tuple[str, str]]

    def fill_in(self, assignment: nbformat.NotebookNode) -> nbformat.NotebookNode:
        """Return the notebook that students were given, with this student's work in it."""
        notebook, source_after = copy.deepcopy(assignment), dict(self.added)
        cells = []
        for cell in notebook.cells:
            cell.source = self.sources.get(cell.id, cell.source)
            cells.append(cell)
            if source := source_after.get(cell.id):
                cells.append(nbformat.v4.new_code_cell(source, id=f"look-{cell.id}"))
        notebook.cells = cells
        return notebook


def kinds(students: int, rng: random.Random, slow: bool) -> list[str]:
    """Return the kind of each student, in no order."""
    per_60 = WITH_SLOW if slow else PER_60
    drawn = [kind for kind, n in per_60.items() for _ in range(round(n * students / 60))]
    drawn += ["partly"] * (students - len(drawn))
    rng.shuffle(drawn)
    return drawn


def class_of(number: str, students: int, seed: int = 1, slow: bool = False) -> list[Submission]:
    """Return what a class of so many students handed in for exercise `number`.

    With `slow`, three of 60 compute for two seconds, and again under other parameters.
    """
    rng = random.Random(seed)
    cases, cells = cases_of(number), answer_cells(number)
    (path,) = (ROOT / "exercises").glob(f"{number}_*.ipynb")
    roles = {
        (cell.metadata.belgrade.get("question"), cell.metadata.belgrade.role): cell
        for cell in nbformat.read(path, as_version=4).cells
    }
    written = [cell for (_, role), cell in roles.items() if role == "written"]
    submissions = []
    for number_in_class, kind in enumerate(kinds(students, rng, slow), 1):
        student, sources, added = f"s{number_in_class:03d}", {}, []
        for question, listed in cases.items():
            answer = roles[question, "answer"]
            chance = {"wrong": 0, "partly": 0.6, "empty": 0}.get(kind, 1)
            if kind == "empty" or (kind == "partly" and rng.random() < 0.1):
                continue  # left as it was given
            is_right = rng.random() < chance
            codes = [code for code, status, _ in listed if (status == "right") == is_right]
            code = with_code(cells[question], rng.choice(codes))
            sources[answer.id] = f"# {student}, question {question}\n{code}"
            name = answer.source.split(" = ")[0].strip()
            if name.isidentifier() and "data.load(" in answer.source and rng.random() < 0.2:
                added.append((answer.id, rng.choice(PEEKS).format(name=name)))
        if kind == "slow":
            first = roles[next(iter(cases)), "answer"].id
            sources[first] = SLOW + sources[first]
        if kind != "empty":
            sources |= {cell.id: f"{rng.choice(PROSE)} ({student})" for cell in written}
        submissions.append(Submission(student, kind, sources, added))
    return submissions
