"""What grading a class costs: `belgrade grade` beside nbgrader, and how it grows with the class.

    python tests/bench/grading.py [--exercise 03] [--students 60] [--sample N] [--large 300]

Both grade the same notebooks (see class_of.py) of the same exercise in the same run, feedback
pages included: with one worker each, ours before and after nbgrader, since other work on the
machine changes while it runs; then each at its best, two at once. Our cost is that of the whole
command: sandbox, reference run of the key, tables and report too. With --sample nbgrader grades N
of the class, with as large a part of each kind, and one alone; its cost for the whole class is the
line through both. Compare ratios.
"""

from __future__ import annotations

import argparse
import compileall
import json
import shlex
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import nbformat
from class_of import ROOT, SLOW_S, Handed, class_of
from cost import Cost, measured

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": ""}
PYTHON = shlex.quote(sys.executable)
Marks = dict[tuple[str, str], float]


class Bench:
    """A folder with the class in both layouts."""

    def __init__(self, folder: Path, number: str) -> None:
        self.folder, self.number = folder, number
        (self.key,) = (ROOT / "exercises" / "keys").glob(f"{number}_*.ipynb")
        self.name = self.key.stem
        self.given = nbformat.read(ROOT / "exercises" / self.key.name, as_version=4)
        self.runs = 0

    def hand_in(self, handed: list[Handed], folder: Path, given: nbformat.NotebookNode) -> None:
        """Write the notebooks as nbgrader lays them out, which we read too."""
        for one in handed:
            path = folder / one.student / self.name / self.key.name
            path.parent.mkdir(parents=True)
            nbformat.write(one.put_into(given), path)

    def ours(self, handed: list[Handed], workers: int) -> tuple[Cost, Path]:
        """Return what grading costs with us, and the folder of the results."""
        self.runs += 1
        source, out = (self.folder / f"{what}-{self.runs}" for what in ("submitted", "grades"))
        self.hand_in(handed, source, self.given)
        results = out / "results"
        script = (
            f"exec {PYTHON} -m belgrade.cli grade {source} --out {out} --workers {workers} "
            f"--keys {self.key.parent}"
        )
        cost = measured(
            [script],
            self.folder,
            ENVIRONMENT,
            lambda: sum(1 for _ in results.glob("*.json")) if results.exists() else 0,
        )
        return cost, out

    def course(self) -> None:
        """Make nbgrader's course from our export, and let it release the exercise."""
        export = f"{PYTHON} -m belgrade.cli export nbgrader {self.folder / 'course'} {self.number}"
        release = f"{PYTHON} -m nbgrader generate_assignment {self.name}"
        measured([f"cd {ROOT} && {export}"], self.folder, ENVIRONMENT)
        measured([f"cd {self.folder / 'course'} && {release}"], self.folder, ENVIRONMENT)

    def theirs(self, handed: list[Handed], processes: int) -> tuple[Cost, list[Path]]:
        """Return what grading costs with nbgrader, and the courses: one a process."""
        self.runs += 1
        courses, scripts = [], []
        for n in range(processes):
            course = self.folder / f"course-{self.runs}-{n}"
            shutil.copytree(self.folder / "course", course)
            released = course / "release" / self.name / self.key.name
            given = nbformat.read(released, as_version=4)
            self.hand_in(handed[n::processes], course / "submitted", given)
            steps = (
                f"{PYTHON} -m nbgrader {do} {self.name}"
                for do in ("autograde", "generate_feedback")
            )
            scripts.append(f"cd {course} && {' && '.join(steps)}")
            courses.append(course)
        cost = measured(scripts, self.folder, ENVIRONMENT)
        pages = sum(len(list(course.glob("feedback/*/*/*.html"))) for course in courses)
        if pages != len(handed):
            raise RuntimeError(f"nbgrader wrote {pages} pages of feedback, not {len(handed)}.")
        return cost, courses


def our_marks(out: Path) -> Marks:
    """Return {(student, question): points that a check gave} from our results."""
    found = {}
    for path in (out / "results").glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        for row in result["questions"]:
            found[result["student"], row["question"]] = row["points"]
    return found


def their_marks(course: Path, name: str) -> Marks:
    """Return {(student, question): points that a check gave} from nbgrader's database."""
    from nbgrader.api import Gradebook

    found: Marks = Counter()
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as book:
        for submission in book.assignment_submissions(name):
            for grade in submission.notebooks[0].grades:
                question = ".".join(grade.name.removeprefix("question-").split("-")[:2])
                found[submission.student.id, question] += grade.auto_score or 0
    return found


def agreement(ours: Marks, theirs: Marks) -> str:
    """Return a sentence on how many students have the same marks in every question."""
    students = sorted({student for student, _ in theirs})
    differing = [
        (pair, ours.get(pair, 0), points)
        for pair, points in sorted(theirs.items())
        if abs(ours.get(pair, 0) - points) > 1e-4
    ]
    alike = len(students) - len({student for (student, _), _, _ in differing})
    said = f"The same marks in every question: {alike} of {len(students)} students."
    for (student, question), mine, points in differing:
        said += f"\n  {student} {question}: ours {mine:g}, nbgrader {points:g}"
    return said


def row(name: str, cost: Cost, submissions: int, beside: Cost | None = None) -> str:
    """Return a table's row; `beside` is the cost that ratios are to."""
    about = "" if cost.exact else "about "
    ratios = ["", ""]
    if beside:
        ratios = [
            f"{theirs / mine:.1f}"
            for mine, theirs in ((cost.seconds, beside.seconds), (cost.cpu, beside.cpu))
        ]
    each = [f"{cost.seconds / submissions:.2f}", f"{about}{cost.cpu / submissions:.2f}"]
    peaks = [f"{cost.peak_shared_once:.0f}", f"{cost.peak_rss:.0f}"]
    return f"| {' | '.join([name, str(submissions), *each, *ratios, *peaks])} |"


HEAD = """\
| who | submissions | seconds each | processor seconds each | times as fast | times less processor \
| peak MB | peak MB, shared counted for each |
|---|---|---|---|---|---|---|---|"""


def sample_of(handed: list[Handed], number: int) -> list[Handed]:
    """Return so many of a class, spread over the kinds."""
    by_kind = sorted(handed, key=lambda one: one.kind)
    return [by_kind[n * len(handed) // number] for n in range(number)]


def scaled(cost: Cost, submissions: int, one: Cost, students: int, processes: int = 1) -> Cost:
    """Return what `students` would cost, on the line through the costs of one and of more.

    They are spread over so many processes, each of which starts once.
    """
    steps = (students / processes - 1) / (submissions / processes - 1)
    seconds, cpu = cost.seconds - one.seconds, cost.cpu / processes - one.cpu
    return replace(
        cost, seconds=one.seconds + seconds * steps, cpu=processes * (one.cpu + cpu * steps)
    )


def beside_nbgrader(bench: Bench, handed: list[Handed], sample: int, best: bool) -> Cost | None:
    """Grade the class with both, print the table, and return what ours with two workers cost."""
    some, all_of_them = sample_of(handed, sample), len(handed)
    alone = [next(one for one in some if one.kind == "partly")]
    bench.course()
    first, out = bench.ours(handed, 1)
    one = bench.theirs(alone, 1)[0] if sample < all_of_them else None
    theirs, courses = bench.theirs(some, 1)
    again, _ = bench.ours(handed, 1)
    if one:
        theirs = scaled(theirs, sample, one, all_of_them)
    print(HEAD)
    print(row("nbgrader, one process", theirs, all_of_them))
    for name, cost in (("ours, one worker", first), ("the same after nbgrader", again)):
        print(row(name, cost, all_of_them, theirs), flush=True)
    ours_2 = None
    if best:
        theirs_2, _ = bench.theirs(some, 2)
        ours_2, _ = bench.ours(handed, 2)
        if one:
            theirs_2 = scaled(theirs_2, sample, one, all_of_them, 2)
        print(row("nbgrader, two processes", theirs_2, all_of_them))
        print(row("ours, two workers", ours_2, all_of_them, theirs_2))
    print("\n" + agreement(our_marks(out), their_marks(courses[0], bench.name)))
    # The answers' own computing is the same for both, and no grader can save it.
    slow = SLOW_S * sum(one.kind == "slow" for one in handed)
    mine, their = (first.cpu + again.cpu) / 2, theirs.cpu
    print(
        f"Slow answers compute {slow} s in all for themselves, which no grader can save: without "
        f"them {(mine - slow) / all_of_them:.2f} and {(their - slow) / all_of_them:.2f} processor "
        f"seconds a submission, {(their - slow) / (mine - slow):.1f} times less."
    )
    return ours_2


def growth(bench: Bench, students: int, large: int, known: Cost | None) -> None:
    """Grade a class and a larger one and print how time and memory grow.

    `known` is what the class with two workers cost, if that was measured already.
    """
    print(
        "\n| submissions, two workers | seconds each | processor seconds each | peak MB | command, "
        "MB, at a fifth and at the end | fork server, MB, the same |\n|---|---|---|---|---|---|"
    )
    costs = []
    for number in (students, large):
        cost = known or bench.ours(class_of(bench.number, number), 2)[0]
        known = None
        at = [
            next((s for s in cost.seen if s[0] >= share * number), cost.seen[-1])
            for share in (0.2, 1)
        ]
        command, warm = (" → ".join(f"{s[n]:.0f}" for s in at) for n in (1, 2))
        print(
            f"| {number} | {cost.seconds / number:.2f} | {cost.cpu / number:.2f} | "
            f"{cost.peak_shared_once:.0f} | {command} | {warm} |",
            flush=True,
        )
        costs.append(cost)
    further, (small, big) = large - students, costs
    print(
        f"\nEach further submission: {(big.seconds - small.seconds) / further:.2f} s, "
        f"{(big.cpu - small.cpu) / further:.2f} processor seconds."
    )


@contextmanager
def workplace(kept: Path | None) -> Iterator[Path]:
    """Give a folder to work in: `kept`, or one that goes away afterwards."""
    if kept:
        kept.mkdir(parents=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder)


def main() -> None:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exercise", default="03", metavar="NN")
    parser.add_argument("--students", type=int, default=60, metavar="N")
    parser.add_argument("--sample", type=int, metavar="N", help="so many for nbgrader (all)")
    parser.add_argument("--large", type=int, default=300, metavar="N", help="0 for none")
    parser.add_argument("--only", choices=["nbgrader", "growth", "ours"])
    parser.add_argument("--no-best", action="store_true", help="leave out two at once")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work there and leave it")
    options = parser.parse_args()
    for place in (ROOT / "belgrade", Path(nbformat.__file__).parents[1]):
        compileall.compile_dir(place, quiet=2)
    handed = class_of(options.exercise, options.students)
    counts = ", ".join(f"{n} {kind}" for kind, n in Counter(h.kind for h in handed).most_common())
    print(f"Exercise {options.exercise}, {len(handed)} students: {counts}.\n", flush=True)
    with workplace(options.keep) as folder:
        bench = Bench(folder, options.exercise)
        if options.only == "ours":
            cost, _ = bench.ours(handed, 1)
            print(f"{HEAD}\n{row('ours, one worker', cost, len(handed))}")
        known = None
        if options.only in (None, "nbgrader"):
            sample = options.sample or len(handed)
            known = beside_nbgrader(bench, handed, sample, not options.no_best)
        if options.only in (None, "growth") and options.large:
            growth(bench, options.students, options.large, known)


if __name__ == "__main__":
    main()
