"""A grading run: each submission into a fresh copy, several at once, its result written at once.

What is graded lies in OUT/results, one file a submission, and is kept there while submission,
exercise, package and limits stay the same: a run that was stopped goes on where it was.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from belgrade.authoring.key import versions_of
from belgrade.authoring.vary import drawn_version, letter
from belgrade.checks.assemble import about, assemble
from belgrade.checks.examine import ExamineError, exercise_in, read_notebook
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.reading import NOTES
from belgrade.checks.rerun import with_rerun
from belgrade.files import write_whole
from belgrade.grading import GradingError, result
from belgrade.grading.cluster import Cluster, ClusterError
from belgrade.grading.collect import Submission, collect
from belgrade.grading.late import keep_rule
from belgrade.grading.master import Master, find_keys, master_of, package_digest
from belgrade.grading.names import digest_of
from belgrade.grading.roster import read_groups, read_roster
from belgrade.grading.run import Run, RunError, run, run_in_place
from belgrade.grading.sandbox import KernelError, Limits, Sandbox
from belgrade.grading.store import is_full, locked, read_json, safe_name, write_json
from belgrade.grading.tables import MISSING
from belgrade.grading.write import write_alike, write_all

# So many submissions in a row for which no process starts are the machine's fault, not theirs.
MOST_STARTS = 3
SETTINGS = "grading.json"
# What the extra `grade` brings: said before anything is graded, not when the pages are written.
NEEDED = ("jinja2", "markupsafe", "mistune", "rapidfuzz", "tqdm")
SHOWN = 20


@dataclass
class Settings:
    """What to grade, where to and how; `timeout` in seconds a cell."""

    submissions: Path
    out: Path
    keys: Path
    roster: Path | None = None
    layout: str = ""
    match: dict[str, str] = field(default_factory=dict)
    groups: Path | None = None
    due: str = ""
    late: str = ""
    extensions: Path | None = None
    tutors: int = 0
    alike: bool = False
    exercise: str | None = None
    workers: int = 0
    timeout: float = 60
    sandbox: bool = True
    dask: str | None = None
    fresh: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass
class Summary:
    """What a run came to; `mean` is of the points, as a share from 0 to 1, None without any."""

    graded: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    kept: int = 0
    waiting: int = 0
    missing: int = 0
    strangers: list[str] = field(default_factory=list)
    mean: float | None = None

    def text(self, out: Path) -> str:
        """Return what to tell the instructor at the end."""
        kept = f" ({self.kept} unchanged)" if self.kept else ""
        mean = "" if self.mean is None else f", mean {self.mean:.0%} of the points"
        lines = [f"{self.graded} graded{kept}{mean}; results in {out}."]
        if self.waiting:
            verb = "waits" if self.waiting == 1 else "wait"
            lines.append(f"{self.waiting} {verb} for marks of written answers.")
        if self.strangers:
            names = ", ".join(self.strangers[:SHOWN]) + ", …" * (len(self.strangers) > SHOWN)
            lines.append(
                f"{len(self.strangers)} of nobody on the roster: {names}. --match NAME=ID says "
                "whose they are."
            )
        if self.missing:
            lines.append(f"{self.missing} not handed in, by those on the roster.")
        if self.failed:
            lines.append(f"{len(self.failed)} could not be graded:")
            lines += [f"  {name}: {reason}" for name, reason in self.failed[:SHOWN]]
            if len(self.failed) > SHOWN:
                lines.append(f"  … and {len(self.failed) - SHOWN} more, in grades.csv")
        return "\n".join(lines)


def grade(settings: Settings, say: Callable[[str], None] = print) -> Summary:
    """Grade a class and write the tables and pages; return what came of it.

    Raises GradingError, or an error of the parts, where nothing or no more can be done; what was
    graded until then stays and counts the next time.
    """
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise GradingError(
            f"Grading needs {', '.join(missing)}, which is not here: pip install 'belgrade[grade]'."
        )
    out = _claimed(settings)
    try:
        with locked(out / ".lock"), _ended_in_order():
            return _grade(settings, say)
    except OSError as error:
        raise full(out, error) from error


def full(out: Path, error: OSError) -> Exception:
    """Return what to raise for an error of the system: a full disk is said in a sentence."""
    if not is_full(error):
        return error
    where = error.filename or out
    return GradingError(
        f"The disk is full ({where}): make room and give the same command again. What was graded "
        f"is kept in {out / 'results'}."
    )


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Take a request to end, as a system that shuts down sends it, like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _claimed(settings: Settings) -> Path:
    """Return the folder for the results, made.

    Raises GradingError if it is somebody else's, or does not lie apart from submissions and keys.
    """
    out, source, keys = settings.out, settings.submissions, settings.keys
    if not source.exists():
        raise GradingError(f"There is no {source}: give a folder or a zip file.")
    here = out.resolve()
    for name, place in (("submissions", source.resolve()), ("answer keys", keys.resolve())):
        inside = here.is_relative_to(place) if place.is_dir() else here == place
        if inside or place.is_relative_to(here):
            raise GradingError(
                f"The {name} ({place}) and the results ({here}) lie one in the other: give --out a "
                "folder of its own."
            )
    if out.exists() and not out.is_dir():
        raise GradingError(f"{out} is a file: give --out a folder.")
    if not (out / SETTINGS).exists():
        if out.is_dir() and any(not p.name.startswith(".") for p in out.iterdir()):
            raise GradingError(
                f"{out} holds other things: give --out an empty folder, or one of an earlier "
                "grading."
            )
        write_json(out / SETTINGS, {"proved": {}})
    return out


def _grade(settings: Settings, say: Callable[[str], None]) -> Summary:
    out = settings.out
    if not settings.sandbox:
        say(
            "WARNING: no sandbox. Students' code runs as you: it can read your files, keys and "
            "grades, change or delete them, and use the network."
        )
    for old in [*out.rglob(".*")]:  # what a run that was killed left half done
        if old.name.startswith(".staging-"):
            shutil.rmtree(old, ignore_errors=True)
        elif old.name.startswith(".belgrade-"):
            old.unlink(missing_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=out))
    try:
        kept = out / "roster.csv"  # so that merging marks later knows it too
        roster = read_roster(settings.roster) if settings.roster else None
        if roster and settings.roster:
            write_whole(kept, settings.roster.read_bytes())
        else:
            kept.unlink(missing_ok=True)
        (staging / "files").mkdir()
        keep_rule(out, settings.due, settings.late, settings.extensions, roster)
        groups = read_groups(settings.groups, roster) if settings.groups else None
        found = collect(
            settings.submissions,
            staging / "files",
            roster,
            layout=settings.layout,
            match=settings.match,
            groups=groups,
            say=say,
        )
        if not found:
            raise GradingError(f"There is nothing to grade in {settings.submissions}.")
        with contextlib.ExitStack() as stack:
            job = _Job(settings, staging, stack)
            summary, results, masters = job.go(found)
        for fault in [fault for master in masters.values() for fault in master.odd]:
            say(f"In the answer key, {fault.rstrip('.')}. Graded without it.")
        rows = write_all(results, out, roster, masters, settings.tutors)
        summary.missing = sum(row["state"] == MISSING for row in rows)
        summary.strangers = [row["student"] for row in rows if row.get("is_stranger")]
        if settings.alike:
            write_alike(results, out, masters)
        else:
            (out / "alike.html").unlink(missing_ok=True)  # it was on an earlier set
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return summary


class _Job:
    """The submissions of one run, and how they are graded."""

    def __init__(self, settings: Settings, staging: Path, stack: contextlib.ExitStack) -> None:
        self.settings, self.staging, self.stack = settings, staging, stack
        self.runner: Sandbox | Cluster | None = None
        self.out = settings.out
        cores = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
        self.workers = settings.workers or len(cores(0))
        self.exercise = settings.exercise
        self.keys = find_keys(settings.keys)
        if self.exercise and self.exercise not in self.keys:
            raise GradingError(f"There is no key of exercise {self.exercise} in {settings.keys}.")
        self.masters: dict[str, Master] = {}
        self.versions: dict[str, list[Master]] = {}
        limits = asdict(settings.limits)
        self.rules = [package_digest(), settings.timeout, settings.sandbox, limits]
        self.starts = self.failed = 0

    def go(self, found: list[Submission]) -> tuple[Summary, result.Results, dict[str, Master]]:
        """Grade what is not graded yet; return (summary, results, masters)."""
        found = self._wanted(found)
        self._load_masters(found)
        paths = self._paths(found)
        todo = [pair for pair in zip(found, paths, strict=True) if not self._kept(*pair)]
        if todo:
            runner = self._open()
            self._prove({self._number(one) for one, _ in todo}, runner)
            self._run_all(todo, runner)
        for old in (self.out / "results").glob("*.json"):
            if old not in set(paths):
                old.unlink()
        results = result.Results(sorted(paths))
        return _summary(results, len(found) - len(todo)), results, self.masters

    def _open(self) -> Sandbox | Cluster:
        """Return the sandbox, or the cluster; opening it shows whether it works here."""
        asked = self.settings
        if self.runner is None and asked.dask:
            self.runner = self.stack.enter_context(Cluster(asked.dask, asked.limits, asked.sandbox))
            # Twice as many wait here as run there, so that none there waits.
            self.workers = asked.workers or 2 * self.runner.workers()
        elif self.runner is None:
            private = [asked.keys, asked.submissions, self.out]
            runner = Sandbox(asked.limits, self.workers, private, isolated=asked.sandbox)
            self.runner = self.stack.enter_context(runner)
        self.slots = threading.Semaphore(self.workers)
        return self.runner

    def _number(self, one: Submission) -> str | None:
        return self.exercise or one.exercise

    def _wanted(self, found: list[Submission]) -> list[Submission]:
        """Leave out, where one exercise is asked for, the others of students who handed it in."""
        if not self.exercise:
            return found
        chosen: dict[str, Submission] = {}
        for one in found:
            before = chosen.get(one.student)
            if before is None or (one.exercise == self.exercise != before.exercise):
                chosen[one.student] = one
        return list(chosen.values())

    def _load_masters(self, found: list[Submission]) -> None:
        kept = self.out / "masters"
        if self.settings.fresh:
            shutil.rmtree(kept, ignore_errors=True)
        for number in sorted(set(self.keys) & {self._number(one) for one in found}):
            key = self.keys[number]
            count = 1 + len(versions_of(nbformat.read(key, as_version=4)))
            self.versions[number] = [
                master_of(key, kept, self.staging, self._run_key, n) for n in range(count)
            ]
            self.masters[number] = self.versions[number][0]

    def _run_key(self, notebook: Any, _folder: Path) -> None:
        """Run a key in the sandbox and store its answers."""
        runner = self._open()
        if isinstance(runner, Cluster):
            runner.run_in_place(notebook)
        else:
            run_in_place(notebook, runner)

    def _paths(self, found: list[Submission]) -> list[Path]:
        paths, taken = [], set()
        for one in found:
            words = one.student, self._number(one) or ""
            name = safe_name(*words)
            if name in taken:
                name = safe_name(*words, one.file, one.digest)
            taken.add(name)
            paths.append(self.out / "results" / f"{name}.json")
        return paths

    def _stamp(self, one: Submission) -> str:
        master = self.masters.get(self._number(one) or "")
        version = master and master.version
        # Whose version was drawn is said to whoever is on the roster.
        is_drawn = self.settings.roster and len(self.versions.get(self._number(one) or "", ())) > 1
        drawn = one.student if is_drawn else ""
        return _digest([one.digest, one.problem, one.exercise, version, drawn, *self.rules])

    def _kept(self, one: Submission, path: Path) -> bool:
        """Tell whether a submission's result stands already; what the roster says is renewed."""
        old = None if self.settings.fresh else read_json(path)
        if not isinstance(old, dict) or old.get("stamp") != self._stamp(one):
            return False
        try:
            new = old | result.head(one, self._number(one), old["repairs"])
        except KeyError:
            return False
        if new != old:
            write_json(path, new)
        return True

    def _prove(self, numbers: set[str | None], runner: Any) -> None:
        """Grade each answer key as if it were handed in: it must get all points."""
        settings = read_json(self.out / SETTINGS) or {}
        proved = settings.setdefault("proved", {})
        for number in sorted(set(self.masters) & numbers):
            master = self.masters[number]
            stamp = _digest([master.version, *self.rules])
            if proved.get(number) == stamp:
                continue
            key = nbformat.read(self.keys[number], as_version=4)
            key.cells = [c for c in key.cells if "hidden" not in c.metadata.get("tags", [])]
            notebook, _ = assemble(master.fresh, key)
            done = self._run(master, notebook, runner)
            for row in result.graded(master, notebook, done)["questions"]:
                if row["points"] < row["max_points"] - 1e-6:
                    raise GradingError(
                        f"The answer key of exercise {number} does not get its own points here: "
                        f"question {row['question']}: {row['message']}"
                    )
            proved[number] = stamp
            write_json(self.out / SETTINGS, settings)

    def _run_all(self, todo: list[tuple[Submission, Path]], runner: Any) -> None:
        from tqdm import tqdm

        seconds = 0.1 if sys.stderr.isatty() else 30  # a line now and then in a log
        bar = tqdm(total=len(todo), unit=" submissions", mininterval=seconds, file=sys.stderr)
        # One more than may run at once: it reads, judges and writes meanwhile.
        pool = ThreadPoolExecutor(self.workers + 1, thread_name_prefix="grade")
        waiting = {pool.submit(self._one, one, path, runner) for one, path in todo}
        try:
            while waiting:
                done, waiting = wait(waiting, timeout=1, return_when=FIRST_COMPLETED)
                for future in done:
                    self.failed += future.result()
                    bar.set_postfix_str(f"{self.failed} could not be graded" * bool(self.failed))
                    bar.update()
        except BaseException:
            runner.stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            bar.close()

    def _one(self, one: Submission, path: Path, runner: Any) -> bool:
        """Grade one submission and write its result; return whether it could not be graded."""
        made, lasting = self._result(one, runner)
        made["stamp"] = self._stamp(one) if lasting else ""
        if runner.stopped:
            return False  # its process was taken away
        if (old := read_json(path)) is not None:
            result.carry_marks(old, made)
        write_json(path, made)
        return made["state"] == "failed"

    def _result(self, one: Submission, runner: Any) -> tuple[dict[str, Any], bool]:
        """Return (result, whether it would be the same another time)."""
        try:
            return self._graded(one, runner), True
        except (result.Ungradable, ExamineError, RunError) as error:
            return self._failed(one, str(error)), True
        except ClusterError:
            raise
        except KernelError as error:
            self.starts += 1
            if self.starts >= MOST_STARTS:
                raise
            return self._failed(one, f"{error} Give the same command again."), False
        except OSError as error:
            if is_full(error):
                raise
            return self._failed(one, f"The system refused it ({error})."), False
        except Exception as error:  # a fault of ours must not cost the class
            words = f"{type(error).__name__}: {error}"[:200]
            return self._failed(one, f"The grader itself failed ({words}); report it."), False

    def _graded(self, one: Submission, runner: Any) -> dict[str, Any]:
        if one.problem or one.path is None:
            raise result.Ungradable(one.problem or "There is no notebook.")
        submitted = read_notebook(one.path, one.file)
        master = self._master_for(one, submitted)
        notebook, repairs = assemble(master.fresh, submitted)
        done = self._run(master, notebook, runner)
        self.starts = 0
        if about(submitted).get("version") not in (None, master.released):
            repairs.append("The notebook is of another version of the exercise than is graded.")
        elif self.settings.roster and (more := self.versions[master.exercise])[1:]:
            has, drawn = more.index(master), drawn_version(master.exercise, one.student, len(more))
            if has != drawn:
                repairs.append(f"Version {letter(has)}; the draw gave version {letter(drawn)}.")
        repairs = list(dict.fromkeys([*submitted.metadata[NOTES], *repairs, *done.notes]))
        return result.head(one, self._number(one), repairs) | result.graded(master, notebook, done)

    def _master_for(self, one: Submission, submitted: Any) -> Master:
        is_one = exercise_in(submitted) or one.exercise
        number = self.exercise or is_one
        if number is None:
            raise result.Ungradable("Nothing in this notebook says that it is of an exercise.")
        if is_one not in (None, number):
            raise result.Ungradable(f"This is exercise {is_one}, not {number}.")
        master = self.masters.get(number)
        if master is None:
            raise result.Ungradable(f"There is no answer key of exercise {number}.")
        result.check_belongs(submitted, master)
        stamp = about(submitted).get("version")
        return next((m for m in self.versions[number] if m.released == stamp), master)

    def _run(self, master: Master, notebook: Any, runner: Any) -> Run:
        timeout = self.settings.timeout
        notebook = with_rerun(notebook, master.variant, master.checks)
        with self.slots:
            if isinstance(runner, Cluster):
                return runner.run(notebook, timeout)
            return run(notebook, runner, timeout)

    def _failed(self, one: Submission, reason: str) -> dict[str, Any]:
        number = self._number(one)
        return result.head(one, number, []) | result.failed(self.masters.get(number or ""), reason)


def _digest(what: list[Any]) -> str:
    return digest_of(json.dumps(what), 16)


def _summary(results: result.Results, kept: int) -> Summary:
    summary, shares = Summary(kept=kept), []
    for one in results:
        if one["state"] == "graded":
            summary.graded += 1
            summary.waiting += one["pending_points"] > 0
            if one["max_points"]:
                shares.append(one["points"] / one["max_points"])
        else:
            who = ", ".join(dict.fromkeys([one["name"] or one["student"], one["student"]]))
            summary.failed.append((f"{who} ({one['file']})", one["reason"]))
    summary.mean = sum(shares) / len(shares) if shares else None
    return summary
