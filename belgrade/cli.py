"""The command `belgrade`: one small function a subcommand, each importing only what it needs."""

from __future__ import annotations

import argparse
import functools
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from belgrade import INSTRUCTORS, UserError, use_released_tree

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from belgrade.publishing.links import Home


class UsageError(UserError):
    """A command cannot do what was asked; its text says why in a line or two."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 1 not as it should be, 2 error."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        return options.function(options) or 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if getattr(error, "name", None) in NOT_RELEASED and isinstance(error, ModuleNotFoundError):
            note = f"`belgrade {options.command}` is for instructors; this is the students' copy."
            print(f"belgrade: {note}", file=sys.stderr)
            return 2
        if not isinstance(error, UserError | OSError):
            raise
        print(f"belgrade: {error}", file=sys.stderr)
        return 2


# What the tree that `belgrade release` makes does not have.
NOT_RELEASED = {f"belgrade.{part}" for part in INSTRUCTORS}

MATERIALS = {
    "slides": "slides of the lessons, which need no network",
    "handouts": "a page of A4 for each lesson, to be printed",
    "solutions": "the exercises solved, to be given out after the deadline",
}


# Long, for it is a table: a line for each option of each command.
def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="belgrade",
        description="The Belgrade teaching module.",
        epilog="check, reset and keep are for students, the others for instructors.",
    )
    commands = parser.add_subparsers(dest="command", required=True)

    sub = commands.add_parser("check", help="check the answers in an exercise notebook")
    sub.add_argument("exercise", nargs="?", help="its number, such as 01, or a notebook's path")
    sub.add_argument("--all", action="store_true", help="check every exercise")
    sub.add_argument("--file", type=Path, help="the notebook, where it has another name or place")
    sub.add_argument("--timeout", type=float, default=60, help="seconds for one cell (60)")
    sub.set_defaults(function=check)

    sub = commands.add_parser("reset", help="put an exercise, or one question, back to the start")
    sub.add_argument("exercise", help="its number, such as 03, or a question's, such as 3.2")
    sub.add_argument("--file", type=Path, help="the notebook, where it has another name or place")
    sub.set_defaults(function=reset)

    sub = commands.add_parser("keep", help="pack your work into one file, or bring it back")
    sub.add_argument("file", nargs="?", type=Path, help="the file to make (my_work_DATE.zip)")
    sub.add_argument("--restore", type=Path, metavar="FILE", help="bring this kept file back")
    sub.set_defaults(function=keep)

    sub = commands.add_parser("build", help="make exercises and check data from the answer keys")
    sub.add_argument("exercises", nargs="*", metavar="NN", help="which; all if none is named")
    sub.add_argument("--check", action="store_true", help="write nothing; fail if it would change")
    sub.add_argument("--vary", metavar="SEED", help="give them fresh settings, drawn by a seed")
    sub.add_argument("--versions", type=int, metavar="N", help="make N versions for one class")
    sub.add_argument("--roster", type=Path, metavar="FILE", help="the class list, to draw who gets")
    sub.add_argument("--out", type=Path, metavar="DIR", help="a folder for the versions")
    sub.set_defaults(function=build)

    sub = commands.add_parser("question", help="put a new question into an answer key")
    sub.add_argument("exercise", metavar="NN", help="the exercise's number, such as 01")
    sub.add_argument("--kind", required=True, help="number, list, table, function, chart, choice …")
    sub.set_defaults(function=question)

    sub = commands.add_parser("clean", help="run lessons and store them without noise")
    sub.add_argument("files", nargs="*", type=Path, help="notebooks; all lessons if none is named")
    sub.add_argument("--run", action="store_true", help="run each in a fresh kernel first")
    sub.add_argument("--check", action="store_true", help="write nothing; fail if it would change")
    sub.set_defaults(function=clean)

    sub = commands.add_parser("export", help="write the exercises for another system")
    sub.add_argument("system", choices=["nbgrader"])
    sub.add_argument("out", type=Path, help="the course's folder there; it will hold solutions")
    sub.add_argument("exercises", nargs="*", metavar="NN", help="which; all if none is named")
    sub.set_defaults(function=export)

    sub = commands.add_parser("bank", help="write the question bank for Moodle and Canvas")
    sub.add_argument("out", type=Path, help="the folder for moodle.xml and canvas.zip")
    sub.add_argument("lessons", nargs="*", metavar="NN", help="which; all if none is named")
    sub.add_argument("--name", default="", help="its name in Moodle (the README's title)")
    sub.set_defaults(function=bank)

    sub = commands.add_parser(
        "grade",
        help="grade what a class handed in",
        epilog="For example: belgrade grade submissions.zip --roster class.csv --out grades",
    )
    sub.add_argument("submissions", nargs="?", type=Path, help="a folder or a zip")
    sub.add_argument("--out", type=Path, required=True, metavar="GRADES", help="a folder for it")
    sub.add_argument("--exercise", metavar="NN", help="the one that was to be handed in")
    sub.add_argument("--keys", type=Path, metavar="DIR", help="the answer keys (exercises/keys)")
    sub.add_argument("--alike", action="store_true", help="name pairs whose code is much alike")
    sub.set_defaults(function=grade)
    part = sub.add_argument_group("whose work it is")
    part.add_argument("--roster", type=Path, metavar="FILE", help="the class list")
    part.add_argument("--layout", default="", help="of paths, such as {seminar}/{student}/{file}")
    part.add_argument("--match", action="append", default=[], metavar="NAME=ID", help="who is who")
    part.add_argument("--groups", type=Path, metavar="FILE", help="a table of group and student")
    part = sub.add_argument_group("late work")
    part.add_argument("--due", default="", metavar="TIME", help="such as '2026-01-31 23:59'")
    part.add_argument("--late", default="", metavar="RULE", help="such as '10%% a day, at most 3'")
    part.add_argument("--extensions", type=Path, metavar="FILE", help="a table of student and due")
    part = sub.add_argument_group("written answers")
    part.add_argument("--tutors", type=int, default=0, metavar="N", help="share them")
    part.add_argument("--merge", nargs="+", type=Path, metavar="SHEET", help="bring marks in")
    part = sub.add_argument_group("how it is run")
    part.add_argument("--workers", type=int, default=0, help="how many at once (all processors)")
    part.add_argument("--timeout", type=float, default=60, help="seconds for one cell (60)")
    part.add_argument("--no-sandbox", action="store_true", help="run students' code unprotected")
    part.add_argument("--dask", metavar="ADDRESS", help="run it on the workers of this scheduler")
    part.add_argument("--fresh", action="store_true", help="grade all anew")

    sub = commands.add_parser("links", help="write the launch table of README.md")
    sub.add_argument("home", nargs="?", help="OWNER/REPO or an https address (the git remote)")
    sub.add_argument("--ref", default="main", help="the branch or tag to launch (main)")
    sub.add_argument("--image", metavar="TAG", help="the tag whose environment Binder keeps")
    sub.add_argument("--hub", metavar="URL", help="a JupyterHub with nbgitpuller to link to")
    sub.add_argument("--site", metavar="URL", help="where `belgrade site --lite` was published")
    sub.set_defaults(function=links)

    sub = commands.add_parser("site", help="write the module as a book to be published")
    sub.add_argument("out", type=Path, help="an empty folder, or one that site has made")
    sub.add_argument("--home", metavar="OWNER/REPO", help="for launch links (the git remote)")
    sub.add_argument("--ref", default="main", help="the branch or tag to launch (main)")
    sub.add_argument("--image", metavar="TAG", help="the tag whose environment Binder keeps")
    sub.add_argument("--hub", metavar="URL", help="a JupyterHub with nbgitpuller to link to")
    sub.add_argument("--site", metavar="URL", help="where it will be published")
    sub.add_argument("--still", action="store_true", help="draw no explorer at its other choices")
    sub.add_argument("--lite", action="store_true", help="add JupyterLab that runs in the browser")
    sub.add_argument("--pyodide", type=Path, metavar="FILE", help="npm's package of Pyodide")
    sub.set_defaults(function=site)

    for name, description in MATERIALS.items():
        sub = commands.add_parser(name, help=f"write {description}")
        sub.add_argument("out", type=Path, help="the folder for them")
        sub.add_argument("numbers", nargs="*", metavar="NN", help="which; all if none is named")
        sub.set_defaults(function=materials)

    sub = commands.add_parser("release", help="write or update the tree that students get")
    sub.add_argument("out", type=Path, help="an empty folder, or one that release has made")
    sub.add_argument("--home", metavar="OWNER/REPO", help="its repository, for the launch links")
    sub.add_argument("--ref", help="the branch or tag to launch (main)")
    sub.add_argument("--hub", metavar="URL", help="a JupyterHub with nbgitpuller to link to")
    sub.add_argument("--site", metavar="URL", help="where `belgrade site --lite` was published")
    sub.add_argument("--image", metavar="TAG", help="the tag whose environment Binder keeps")
    sub.set_defaults(function=release)
    return parser


def project_root(needs: str = "exercises") -> Path:
    """Return the nearest folder upwards that has `needs`; raise UsageError if there is none."""
    for folder in [Path.cwd(), *Path.cwd().parents]:
        if (folder / needs).is_dir():
            return folder
    raise UsageError(f"No folder {needs}/ here or above: go to the module's folder first.")


def check(options: Namespace) -> int:
    """Check one exercise or all; 0 if every answer is right or waits for a person, else 1."""
    use_released_tree()  # as a notebook there does
    from belgrade.checks import compiled, examine

    name, path = options.exercise, options.file
    if name and name.endswith(".ipynb"):
        path, name = Path(name), None
    if options.all:
        numbers = compiled.exercises()
    elif name:
        if not name.isdigit():
            raise UsageError(f"{name!r} is no exercise: give its number, such as 01, or a file.")
        numbers = [name.zfill(2)]
    elif path:
        number = examine.exercise_in(examine.read_notebook(path))
        if number is None:
            raise UsageError(f"{path} is no exercise of this module; name it: belgrade check 01 …")
        numbers = [number]
    else:
        raise UsageError("Which exercise? belgrade check 01, or --all.")
    if not numbers:
        raise UsageError("There is no exercise to check in this copy of the package.")
    all_right = True
    width = shutil.get_terminal_size((100, 24)).columns
    for number in numbers:
        if sys.stderr.isatty():
            print(f"Running exercise {number} in a fresh copy …", file=sys.stderr)
        report = examine.check(number, path, options.timeout)
        print(examine.as_text(report, width))
        all_right = all_right and examine.passed(report)
    return 0 if all_right else 1


def reset(options: Namespace) -> None:
    """Put an exercise or a question back; the student's own version is kept."""
    from belgrade.checks.reset import start_again

    print(start_again(options.exercise, options.file))


def keep(options: Namespace) -> None:
    """Pack notebooks, journal and answers into one file; with --restore bring them back."""
    from belgrade import keep

    if options.restore and options.file:
        raise UsageError("Either pack into a file or --restore one: one at a time.")
    if options.restore:
        print(keep.restore(options.restore))
    else:
        print(f"Packed: {keep.save(options.file)}")


def answer_keys(numbers: list[str]) -> tuple[Path, list[Path]]:
    """Return the project's folder and the paths of the keys with these numbers, or all."""
    root = project_root("exercises/keys")
    keys = sorted((root / "exercises" / "keys").glob("[0-9][0-9]_*.ipynb"))
    numbers = [n.zfill(2) for n in numbers]
    for number in numbers:
        if not any(key.name.startswith(f"{number}_") for key in keys):
            raise UsageError(f"There is no key {number} in {root / 'exercises' / 'keys'}.")
    return root, [k for k in keys if not numbers or k.name[:2] in numbers]


def build(options: Namespace) -> int:
    """Build exercises from their keys, and try the answers of each question on it.

    Returns 1 if an answer is judged otherwise; with --check if something is not what build makes.
    """
    from belgrade.authoring import cases, vary
    from belgrade.authoring.build import build_files
    from belgrade.authoring.question import write_table
    from belgrade.publishing.dictionary import write as write_dictionary

    root, keys = answer_keys(options.exercises)
    packed = root / "belgrade" / "checks" / "packed"
    if (options.vary or options.versions) and not options.exercises:
        raise UsageError("Which exercise? --vary and --versions change the key that you name.")
    for key in keys if options.vary and not options.versions else ():
        vary.reissue(key, options.vary, root / "exercises")
    if options.versions:
        return _versions(options, root, keys, packed)
    changed = build_files(keys, root / "exercises", packed, check=options.check)
    changed += write_dictionary(root, check=options.check) + write_table(root, options.check)
    for name in changed:
        print(f"{'differs' if options.check else 'wrote'}: {name}")
    if options.check:
        return 1 if changed else 0
    return 1 if sum([cases.report_faults(key, packed) for key in keys]) else 0


def _versions(options: Namespace, root: Path, keys: list[Path], packed: Path) -> int:
    """Give exercises further versions; write a notebook of each, and who gets which."""
    from belgrade.authoring import vary
    from belgrade.authoring.build import build_files
    from belgrade.grading.roster import read_roster

    if not (options.roster and options.out) or options.check or not 1 <= options.versions <= 26:
        raise UsageError(
            "--versions N, from 1 to 26, needs a --roster, and --out for the notebooks."
        )
    students = [(student.id, student.name) for student in read_roster(options.roster).students]
    for key in keys:
        vary.add_versions(key, options.versions, options.vary, root / "exercises")
        build_files([key], root / "exercises", packed)
        counts = vary.write_versions(key.name[:2], packed, students, options.out)
        print(f"{key.name}: " + ", ".join(f"{name} for {count}" for name, count in counts.items()))
    print(f"Wrote the versions, and who gets which, to {options.out}.")
    return 0


def question(options: Namespace) -> None:
    """Put the template of a kind of question at the end of an answer key."""
    from belgrade.authoring.question import add

    root, (key,) = answer_keys([options.exercise])
    name = add(root, key, options.kind)
    number = key.name[:2]
    print(f"Question {name} is in {key.relative_to(root)}, at its end. Open it in JupyterLab, put")
    print(f"your prompt, solution and spec in place of ours, then: belgrade build {number}")


def clean(options: Namespace) -> int:
    """Clean lessons; with --check 1 if one is not clean."""
    from belgrade.authoring.clean import clean_files

    files = options.files or sorted((project_root("notebooks") / "notebooks").glob("*.ipynb"))
    if missing := [str(f) for f in files if not f.is_file()]:
        raise UsageError(f"There is no notebook {missing[0]}.")
    changed = clean_files(files, run=options.run and not options.check, check=options.check)
    return 1 if options.check and changed else 0


def export(options: Namespace) -> None:
    """Write the exercises as another system's: nbgrader's source notebooks and settings."""
    from belgrade.authoring.build import build, further_versions
    from belgrade.authoring.nbgrader_export import export

    _, keys = answer_keys(options.exercises)
    first = ((key, build(key)) for key in keys)
    export((built for key, a in first for built in (a, *further_versions(key, a))), options.out)


def bank(options: Namespace) -> None:
    """Write the question bank as Moodle XML and as QTI 1.2 in a zip for Canvas."""
    from belgrade.publishing.bank import CANVAS, MOODLE, export

    questions = export(project_root("notebooks"), options.out, options.lessons, options.name)
    lessons = len({question.lesson for question in questions})
    files = " and ".join(str(options.out / name) for name in (MOODLE, CANVAS))
    print(f"Wrote {len(questions)} questions on {lessons} lessons to {files}.")


def grade(options: Namespace) -> int:
    """Grade a class or merge marks; 0 if all could be graded, 1 if some could not."""
    from belgrade.grading.grade import Settings, grade

    if options.merge:
        from belgrade.grading.merge import merge

        if options.submissions:
            raise UsageError("Either grade a folder or --merge sheets: one at a time.")
        return merge(options.out, options.merge)
    if not options.submissions:
        raise UsageError("What to grade? belgrade grade SUBMISSIONS --out GRADES")
    if options.workers < 0 or options.timeout <= 0 or options.tutors < 0:
        raise UsageError("--workers, --timeout and --tutors must be greater than 0.")
    if malformed := [pair for pair in options.match if "=" not in pair]:
        raise UsageError(f"--match {malformed[0]!r} is no NAME=ID, such as 'Nadja Ilić=ai21'.")
    if options.exercise and not options.exercise.isdigit():
        raise UsageError(f"{options.exercise!r} is no exercise: give its number, such as 03.")
    settings = Settings(
        options.submissions,
        options.out,
        keys=options.keys or project_root("exercises/keys") / "exercises" / "keys",
        roster=options.roster,
        layout=options.layout,
        groups=options.groups,
        due=options.due,
        late=options.late,
        extensions=options.extensions,
        tutors=options.tutors,
        alike=options.alike,
        match=dict(pair.rsplit("=", 1) for pair in options.match),
        exercise=options.exercise and options.exercise.zfill(2),
        workers=options.workers,
        timeout=options.timeout,
        sandbox=not options.no_sandbox,
        dask=options.dask,
        fresh=options.fresh,
    )
    try:
        summary = grade(settings)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on from here.", file=sys.stderr)
        raise
    print(summary.text(options.out))
    return 1 if summary.failed else 0


def links(options: Namespace) -> None:
    """Write the launch table of README.md, for the repository named or the git remote's."""
    from belgrade.publishing.links import rewrite

    root = project_root("notebooks")
    home = _home(root, options)
    changed = rewrite(root, home, options.hub, options.site)
    target = f"for {home.url} at {home.ref}" if home else "without launch links: no home is known"
    print(f"README.md {'now has' if changed else 'already had'} the table {target}.")


def with_install_hint(function: Callable[[Namespace], None]) -> Callable[[Namespace], None]:
    """Let a command say how to install what a student's environment lacks."""

    @functools.wraps(function)
    def command(options: Namespace) -> None:
        try:
            return function(options)
        except ModuleNotFoundError as error:
            if error.name in NOT_RELEASED:
                raise
            missing = f"{error.name} is not installed, which `belgrade {options.command}` needs"
            raise UsageError(f"{missing}: pip install -r requirements-dev.txt") from None

    return command


@with_install_hint
def materials(options: Namespace) -> None:
    """Write slides, handouts or solutions."""
    from belgrade.publishing import handouts

    root = project_root("exercises/keys")
    written = getattr(handouts, options.command)(root, options.out, options.numbers)
    print(f"Wrote {len(written)} to {options.out}: {', '.join(written)}")


@with_install_hint
def site(options: Namespace) -> None:
    """Write the module as plain pages and, with --lite, to be run in the reader's browser."""
    from belgrade.publishing.site import build as build_site

    root = project_root("notebooks")
    home = _home(root, options)
    lite = options.pyodide or options.lite
    addresses = home, options.hub, options.site
    written = build_site(root, options.out, *addresses, lite, options.still, progress)
    pages = sum(name.endswith(".html") and not name.startswith("lite/") for name in written)
    size = sum((options.out / name).stat().st_size for name in written) / 1e6
    launch_note = f"Launch buttons for {home.url}." if home else "No launch buttons: name a --home."
    print(f"Wrote {pages} pages, {size:.1f} MB. {launch_note} Open {options.out / 'index.html'}")


def _home(root: Path, options: Namespace) -> Home | None:
    """Return the repository that is named, else the git remote's, else None."""
    from belgrade.publishing.links import Home, home_of

    launched = (options.ref, options.image)
    return Home.of(options.home, *launched) if options.home else home_of(root, *launched)


def progress(label: str, done: int, total: int) -> None:
    """Show in the terminal how far a long command is, in one line."""
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\r\033[K[{done}/{total}] {label}", end=end, file=sys.stderr, flush=True)


def release(options: Namespace) -> None:
    """Write or update the tree that students get."""
    from belgrade.publishing.release import release

    link_options = (options.home, options.ref, options.hub, options.site, options.image)
    release(project_root("exercises/keys"), options.out, *link_options)


if __name__ == "__main__":
    sys.exit(main())
