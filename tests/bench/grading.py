"""What grading a class costs: `belgrade grade` beside nbgrader, and how it grows with the class.

    python tests/bench/grading.py [--exercise 03] [--students 60] [--slow] [--sample N] [--large N]

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
from class_of import ROOT, Submission, class_of
from cost import Cost, measured

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": ""}
PYTHON = shlex.quote(sys.executable)
Marks = dict[tuple[str, str], float]


class Bench:
    """A folder with the class in both layouts."""

    def __init__(self, folder: Path, number: str, slow: bool) -> None:
        self.folder, self.number, self.slow = folder, number, slow
        (self.key,) = (ROOT / "exercises" / "keys").glob(f"{number}_*.ipynb")
        self.name = self.key.stem
        self.assignment = nbformat.read(ROOT / "exercises" / self.key.name, as_version=4)
        self.runs = 0

    def hand_in(self, work: list[Submission], folder: Path, blank: nbformat.NotebookNode) -> None:
        """Write the notebooks as nbgrader lays them out, which we read too."""
        for submission in work:
            path = folder / submission.student / self.name / self.key.name
            path.parent.mkdir(parents=True)
            nbformat.write(submission.fill_in(blank), path)

    def grade(self, work: list[Submission], workers: int) -> tuple[Cost, Path]:
        """Return what grading costs with us, and the folder of the results."""
        self.runs += 1
        source, out = (self.folder / f"{what}-{self.runs}" for what in ("submitted", "grades"))
        self.hand_in(work, source, self.assignment)
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

    def nbgrade(self, work: list[Submission], processes: int) -> tuple[Cost, list[Path]]:
        """Return what grading costs with nbgrader, and the courses: one a process."""
        self.runs += 1
        courses, scripts = [], []
        for n in range(processes):
            course = self.folder / f"course-{self.runs}-{n}"
            shutil.copytree(self.folder / "course", course)
            released = course / "release" / self.name / self.key.name
            released = nbformat.read(released, as_version=4)
            self.hand_in(work[n::processes], course / "submitted", released)
            steps = (
                f"{PYTHON} -m nbgrader {do} {self.name}"
                for do in ("autograde", "generate_feedback")
            )
            scripts.append(f"cd {course} && {' && '.join(steps)}")
            courses.append(course)
        cost = measured(scripts, self.folder, ENVIRONMENT)
        pages = sum(len(list(course.glob("feedback/*/*/*.html"))) for course in courses)
        if pages != len(work):
            raise RuntimeError(f"nbgrader wrote {pages} pages of feedback, not {len(work)}.")
        return cost, courses


def own_marks(out: Path) -> Marks:
    """Return {(student, question): points that a check gave} from our results."""
    marks = {}
    for path in (out / "results").glob("*.json"):
        result = json.loads(path.read_text(encoding="utf-8"))
        for row in result["questions"]:
            marks[result["student"], row["question"]] = row["points"]
    return marks


def nbgrader_marks(course: Path, name: str) -> Marks:
    """Return {(student, question): points that a check gave} from nbgrader's database."""
    from nbgrader.api import Gradebook

    marks: Marks = Counter()
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions(name):
            for grade in submission.notebooks[0].grades:
                question = ".".join(grade.name.removeprefix("question-").split("-")[:2])
                marks[submission.student.id, question] += grade.auto_score or 0
    return marks


def agreement(own: Marks, nbgrader: Marks) -> str:
    """Return a sentence on how many students have the same marks in every question."""
    students = sorted({student for student, _ in nbgrader})
    differing = [
        (pair, own.get(pair, 0), points)
        for pair, points in sorted(nbgrader.items())
        if abs(own.get(pair, 0) - points) > 1e-4
    ]
    alike = len(students) - len({student for (student, _), _, _ in differing})
    text = f"The same marks in every question: {alike} of {len(students)} students."
    for (student, question), points_here, points in differing:
        text += f"\n  {student} {question}: ours {points_here:g}, nbgrader {points:g}"
    return text


def row(name: str, cost: Cost, submissions: int, baseline: Cost | None = None) -> str:
    """Return a table's row; `baseline` is the cost that ratios are to."""
    about = "" if cost.exact else "about "
    ratios = ["", ""]
    if baseline:
        ratios = [
            f"{other / own:.1f}"
            for own, other in ((cost.seconds, baseline.seconds), (cost.cpu, baseline.cpu))
        ]
    each = [f"{cost.seconds / submissions:.2f}", f"{about}{cost.cpu / submissions:.2f}"]
    peaks = [f"{cost.peak_pss:.0f}", f"{cost.peak_rss:.0f}"]
    return f"| {' | '.join([name, str(submissions), *each, *ratios, *peaks])} |"


HEAD = """\
| who | submissions | seconds each | processor seconds each | times as fast | times less processor \
| peak MB | peak MB, shared counted for each |
|---|---|---|---|---|---|---|---|"""


def sample_of(work: list[Submission], number: int) -> list[Submission]:
    """Return so many of a class, spread over the kinds."""
    by_kind = sorted(work, key=lambda submission: submission.kind)
    return [by_kind[n * len(work) // number] for n in range(number)]


def scaled(cost: Cost, submissions: int, single: Cost, students: int, processes: int = 1) -> Cost:
    """Return what `students` would cost, on the line through the costs of one and of more.

    They are spread over so many processes, each of which starts once.
    """
    steps = (students / processes - 1) / (submissions / processes - 1)
    seconds, cpu = cost.seconds - single.seconds, cost.cpu / processes - single.cpu
    return replace(
        cost, seconds=single.seconds + seconds * steps, cpu=processes * (single.cpu + cpu * steps)
    )


def compare(bench: Bench, work: list[Submission], sample: int, best: bool) -> Cost | None:
    """Grade the class with both, print the table, and return what ours with two workers cost."""
    subset, count = sample_of(work, sample), len(work)
    partly = [next(single for single in subset if single.kind == "partly")]
    bench.course()
    first, out = bench.grade(work, 1)
    single = bench.nbgrade(partly, 1)[0] if sample < count else None
    nbgrader, courses = bench.nbgrade(subset, 1)
    second, _ = bench.grade(work, 1)
    if single:
        nbgrader = scaled(nbgrader, sample, single, count)
    print(HEAD)
    print(row("nbgrader, one process", nbgrader, count))
    for name, cost in (("ours, one worker", first), ("the same after nbgrader", second)):
        print(row(name, cost, count, nbgrader), flush=True)
    own_2 = None
    if best:
        nbgrader_2, _ = bench.nbgrade(subset, 2)
        own_2, _ = bench.grade(work, 2)
        if single:
            nbgrader_2 = scaled(nbgrader_2, sample, single, count, 2)
        print(row("nbgrader, two processes", nbgrader_2, count))
        print(row("ours, two workers", own_2, count, nbgrader_2))
    print("\n" + agreement(own_marks(out), nbgrader_marks(courses[0], bench.name)))
    return own_2


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
        cost = known or bench.grade(class_of(bench.number, number, slow=bench.slow), 2)[0]
        known = None
        samples = [
            next((s for s in cost.samples if s[0] >= share * number), cost.samples[-1])
            for share in (0.2, 1)
        ]
        command_mb, server_mb = (" → ".join(f"{s[n]:.0f}" for s in samples) for n in (1, 2))
        print(
            f"| {number} | {cost.seconds / number:.2f} | {cost.cpu / number:.2f} | "
            f"{cost.peak_pss:.0f} | {command_mb} | {server_mb} |",
            flush=True,
        )
        costs.append(cost)
    further, (small, big) = large - students, costs
    print(
        f"\nEach further submission: {(big.seconds - small.seconds) / further:.2f} s, "
        f"{(big.cpu - small.cpu) / further:.2f} processor seconds."
    )


@contextmanager
def workplace(keep: Path | None) -> Iterator[Path]:
    """Give a folder to work in: `keep`, or one that goes away afterwards."""
    if keep:
        keep.mkdir(parents=True)
        yield keep.resolve()
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
    parser.add_argument("--slow", action="store_true", help="three of 60 compute for two seconds")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="work there and leave it")
    options = parser.parse_args()
    for package in (ROOT / "belgrade", Path(nbformat.__file__).parents[1]):
        compileall.compile_dir(package, quiet=2)
    work = class_of(options.exercise, options.students, slow=options.slow)
    counts = ", ".join(f"{n} {kind}" for kind, n in Counter(h.kind for h in work).most_common())
    print(f"Exercise {options.exercise}, {len(work)} students: {counts}.\n", flush=True)
    with workplace(options.keep) as folder:
        bench = Bench(folder, options.exercise, options.slow)
        if options.only == "ours":
            cost, _ = bench.grade(work, 1)
            print(f"{HEAD}\n{row('ours, one worker', cost, len(work))}")
        own_2 = None
        if options.only in (None, "nbgrader"):
            sample = options.sample or len(work)
            own_2 = compare(bench, work, sample, not options.no_best)
        if options.only in (None, "growth") and options.large:
            growth(bench, options.students, options.large, own_2)


if __name__ == "__main__":
    main()
