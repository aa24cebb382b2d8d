"""Run one assembled notebook, each question in a process of its own, and judge its answers.

The verdicts are those of nbval with our plugin (`belgrade.checks.examine.run`), which runs cell
after cell in one kernel, as long as questions do no harm to one another. Here each is forked from a
process that has run the exercise's own cells, and the student's earlier cells that it needs run
before its own: what one question breaks costs no other.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from belgrade.authoring import execute
from belgrade.checks.assemble import about, role
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.graded_cells import (
    MIME,
    as_recorded,
    graded_specs,
    recorded_answer,
    verdict_on,
)
from belgrade.checks.judge import ERROR, Verdict
from belgrade.grading import GradingError
from belgrade.grading.forkserver import MOST_ERROR, MOST_PICTURES, MOST_TEXT
from belgrade.grading.needs import SetupNames, hinted, is_independent, needed
from belgrade.grading.sandbox import CellResult, KernelError, QuestionProcess, Sandbox, SandboxError

SETUP_ROLES = ("setup", "parameters")
CELL_TIMEOUT_S = 60
# All cells of a submission together have a cell's time and so many seconds more, or so many times a
# cell's more, whichever is less.
MORE_S, MORE_CELLS = 30, 4
KEY_TIMEOUT_S = 300
# After an interrupt a cell has so long to take notice, or less where little time is left.
GRACE_S, LEAST_GRACE_S = 3, 0.3
# Judging one submission may take so long: what is judged may be forged to take longer.
JUDGE_S = 5
# An answer may have so many letters as JSON, or so many times those of the right one.
MOST_ANSWER, TIMES_ANSWER = 500_000, 20
TOO_LARGE = "This answer is too large to be checked: give only what is asked for."
# What is kept of what all cells showed; characters.
KEEP_IN_ALL = 10_000_000
MOST_ATTEMPTS = 6
# After these a process may fail at anything: the questions that are left get another.
EXHAUSTED = ("OutputError", "MemoryError")


class RunError(GradingError):
    """A notebook cannot be run at all; the text says why."""


@dataclass
class Run:
    """What came of one notebook.

    `records`: one dict a verdict, as `belgrade.checks.nbval_plugin` writes them. `aborted`: for a
    question whose code ended its process, with what. `outputs`: for each cell id what it showed,
    dicts with `kind` text, png (base64 in `data`, words in `text`) or error. `notes`: sentences on
    what was cut. `judged_s`: seconds that judging took.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    aborted: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    judged_s: float = 0


def run(
    notebook: Any,
    sandbox: Sandbox,
    cell_timeout: float = CELL_TIMEOUT_S,
    total_timeout: float | None = None,
) -> Run:
    """Return the Run of an assembled notebook; times in seconds.

    Blocks, for no longer than `total_timeout` (that of `total_of`, if not given) and the time of
    the exercise's own cells. May be called from several threads at once. Raises RunError where
    those cells cannot be run.
    """
    total = total_of(cell_timeout) if total_timeout is None else total_timeout
    variants = dict.fromkeys(["", *map(_variant_of, notebook.cells)])
    notebooks = [_Variant(notebook, variant, sandbox) for variant in variants]
    units = [(each, questions) for each in notebooks for questions in each.units()]
    # What a question leaves of the time to each that follows it, so that none goes without.
    count = sum(len(questions) for _, questions in units)
    share = max(0, total - cell_timeout) / max(1, count)
    end, done = time.monotonic() + total, Run()
    for each, questions in units:
        clocks = {}
        for question in questions:
            count -= 1
            clocks[question] = _Clock(cell_timeout, total, end - share * count)
        _Unit(each, clocks, done).go()
    return done


def total_of(cell_timeout: float) -> float:
    """Return the seconds that a submission has in all, where a cell has `cell_timeout`."""
    return cell_timeout + min(MORE_S, MORE_CELLS * cell_timeout)


def run_in_place(notebook: Any, sandbox: Sandbox) -> None:
    """Run a notebook of the instructor's and store each cell's answer, or error, as its output.

    For `belgrade.authoring.build`. Raises its RunError where a cell takes too long, or ends it.
    """
    with sandbox.setup_process(()) as setup:
        process = setup.fork()
        try:
            for cell in notebook.cells:
                if cell.cell_type != "code" or not cell.source.strip():
                    continue
                result = process.run(cell.source, KEY_TIMEOUT_S, quiet=True)
                if result.timed_out or result.died:
                    raise execute.RunError(f"cell {cell['id']}: {result.error}")
                if answer := as_recorded(result.answer):
                    cell.outputs.append(nbformat.v4.new_output("display_data", {MIME: answer}))
                if result.error:
                    name, _, words = result.error.partition(": ")
                    cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=words))
        finally:
            process.stop()


@dataclass
class _Clock:
    """Until when a question may run, on a clock that nothing which it says can move."""

    cell: float
    total: float
    end: float

    @property
    def left(self) -> float:
        return self.end - time.monotonic()

    def limits(self) -> tuple[float, float]:
        """Return the seconds that the next cell has, and those to take notice of an interrupt."""
        limit = max(0.01, min(self.cell, self.left))
        return limit, min(GRACE_S, max(LEAST_GRACE_S, self.left - limit))

    def error(self) -> str:
        """Return the error of what has no time left."""
        return f"TimeoutError: longer than {self.total:g} s in all"


def _variant_of(cell: Any) -> str:
    """Return the set of parameters that a cell belongs to: "" is the notebook's own."""
    return str(about(cell).get("variant", ""))


class _Variant:
    """A notebook under one set of parameters: the exercise's own cells, and those to run.

    A cell of the exercise's own that does not run by itself waits for what the student makes: it
    stays among the others.
    """

    def __init__(self, notebook: Any, variant: str, sandbox: Sandbox) -> None:
        every = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
        own = [c for c in every if role(c) in SETUP_ROLES and _variant_of(c) in ("", variant)]
        self.sandbox, self.setup_cells = sandbox, [_clean(c.source) for c in own]
        try:
            with sandbox.setup_process(self.setup_cells) as setup:
                faulty = {c["id"] for c, fault in zip(own, setup.faults, strict=True) if fault}
        except SandboxError:
            raise
        except KernelError as error:
            sandbox.raise_if_ended()
            raise RunError(str(error)) from None
        own = [c for c in own if c["id"] not in faulty]
        self.cells = [c for c in every if _variant_of(c) == variant and c not in own]
        self.specs = graded_specs(self.cells)
        self.names = SetupNames.of(self.setup_cells)
        self.questions = list(dict.fromkeys(q for c in self.cells if (q := self.question(c))))

    def units(self) -> list[list[str]]:
        """Return the questions that run together: the independent ones, and each other by itself.

        Independent code can do nothing to another question, nor can what it needs.
        """
        independent: list[str] = []
        others: list[list[str]] = []
        for question in self.questions:
            own, earlier = self.cells_of({question})
            sources = [c.source for c in earlier]
            runs = [c.source for c in own if c["id"] not in self.specs]
            runs += [sources[n] for n in needed([c.source for c in own], sources, self.names)]
            if all(is_independent(source, self.names) for source in runs):
                independent.append(question)
            else:
                others.append([question])
        return ([independent] if independent else []) + others

    def cells_of(self, questions: Iterable[str]) -> tuple[list[Any], list[Any]]:
        """Return the cells of some questions, and what stands before the last, checks left out."""
        own = [c for c in self.cells if self.question(c) in questions]
        before = self.cells[: self.cells.index(own[-1])]
        return own, [c for c in before if c not in own and c["id"] not in self.specs]

    def question(self, cell: Any) -> str:
        """Return the question that a cell belongs to, or ""."""
        return about(cell).get("question") or self.specs.get(cell["id"], {}).get("question", "")


class _Unit:
    """A process's work: a question, or several independent ones. Verdicts go into `done`."""

    def __init__(
        self,
        variant: _Variant,
        clocks: dict[str, _Clock],
        done: Run,
        left_out: frozenset[str] = frozenset(),
    ) -> None:
        self.variant, self.clocks, self.done, self.left_out = variant, clocks, done, left_out
        self.own, self.earlier = variant.cells_of(clocks)
        self.sources = [c.source for c in self.earlier]
        self.results: dict[str, list[tuple[Any, CellResult, float]]] = {}
        self.errors: dict[str, str] = {}

    def go(self) -> None:
        """Run and judge it; what a cell that ended the process leaves over is a unit by itself."""
        questions, left_out = list(self.clocks), self.left_out
        rest: list[str] = []
        if (fatal := self._attempt(questions, set())) is not None:
            left_out |= {fatal["id"]}
            if (ended := self.variant.question(fatal)) in questions:
                self.done.aborted.setdefault(ended, self.errors.get(ended, ""))
            if len(left_out) < MOST_ATTEMPTS + len(self.variant.questions):
                at = questions.index(ended) if ended in questions else 0
                questions, rest = questions[:at], questions[at:]
        for question in questions:
            error = self.errors.get(question) if question not in self.done.aborted else None
            if error and (more := self._hinted(question, error, set())):
                self._again(question, more)
            self._hand_in(question)
        if rest:
            # With cells of the questions before among the earlier ones, of which it may need some.
            clocks = {question: self.clocks[question] for question in rest}
            _Unit(self.variant, clocks, self.done, left_out).go()

    def _again(self, question: str, extra: set[int]) -> None:
        """Run a question once more with further cells before it; it counts if it has no error."""
        before = self.results[question], self.errors[question]
        for _ in range(MOST_ATTEMPTS):
            if self.clocks[question].left <= 0 or self._attempt([question], extra):
                break
            if question not in self.errors:
                return
            if not (more := self._hinted(question, self.errors[question], extra)):
                break
            extra |= more
        self.results[question], self.errors[question] = before

    def _hinted(self, question: str, error: str, extra: set[int]) -> set[int]:
        """Return which further earlier cells may hold what an error misses."""
        own = [c.source for c in self.own if self.variant.question(c) == question]
        found = hinted(error, own, self.sources, self.variant.names)
        return found - set(needed(own, self.sources, self.variant.names, extra)) - extra

    def _attempt(self, questions: list[str], extra: set[int]) -> Any:
        """Run it all in a fresh process; return the cell that ended it, if one did."""
        own = [c for c in self.own if self.variant.question(c) in questions]
        own = [c for c in own if c["id"] not in self.left_out]
        for question in questions:
            self.results[question] = []
            self.errors.pop(question, None)
        sources = [c.source for c in own]
        earlier = needed(sources, self.sources, self.variant.names, extra)
        with self.variant.sandbox.setup_process(self.variant.setup_cells) as setup:
            process = setup.fork()
            try:
                return self._run(process, [self.earlier[n] for n in earlier], own)
            finally:
                process.stop()

    def _run(self, process: QuestionProcess, earlier: list[Any], own: list[Any]) -> Any:
        last = None
        for cell in [*earlier, *own]:
            question, spec = self.variant.question(cell), self.variant.specs.get(cell["id"])
            is_own = cell in own
            clock = self.clocks[question if is_own else next(iter(self.clocks))]
            if cell["id"] in self.left_out or clock.left <= 0:
                continue
            start = time.monotonic()
            # What the rerun shows goes nowhere: no chart is painted twice.
            quiet = not is_own or bool(_variant_of(cell))
            result = self._cell(process, cell, spec, clock, quiet)
            if is_own:
                self.results[question].append((cell, result, time.monotonic() - start))
                if result.error:
                    self.errors.setdefault(question, result.error)
            used_up = (
                is_own and len(self.results) > 1 and (result.error or "").startswith(EXHAUSTED)
            )
            if result.died or used_up:
                ended = last if spec else cell  # a check ends nothing: the code before it does
                if ended is not None and is_own:
                    self.errors[question] = result.error or ""
                return ended
            last = last if spec else cell
        return None

    def _hand_in(self, question: str) -> None:
        """Judge what a question's cells gave, and keep what they showed."""
        own = [c for c in self.own if self.variant.question(c) == question]
        results, error, seconds = self.results.get(question, []), None, 0.0
        ran = {cell["id"] for cell, _, _ in results}
        waits = any(c["id"] in self.variant.specs and c["id"] not in ran for c in own)
        if waits and self.clocks[question].left <= 0:
            self.done.aborted.setdefault(question, self.clocks[question].error())
        for cell, result, took in results:
            self._keep(cell, result)
            seconds, error = seconds + took, error or result.error
            if spec := self.variant.specs.get(cell["id"]):
                self._judge(cell, spec, result, error, seconds)

    def _cell(
        self, process: QuestionProcess, cell: Any, spec: Any, clock: _Clock, quiet: bool
    ) -> CellResult:
        wanted = json.dumps({k: spec[k] for k in ("kind", "inputs") if k in spec}) if spec else ""
        limit, grace = clock.limits()
        result = process.run(_clean(cell.source), limit, wanted, quiet, grace)
        result.error = result.error and _clean(result.error[:MOST_ERROR])
        if result.timed_out and limit < clock.cell:
            result.error = clock.error()
        return result

    def _judge(
        self, cell: Any, spec: dict[str, Any], result: CellResult, error: str | None, seconds: float
    ) -> None:
        reference = recorded_answer(cell.outputs)
        if reference is None:
            raise RunError(f"Question {spec['question']} has no stored reference.")
        verdict, start = Verdict(ERROR, 0, spec["points"], TOO_LARGE), time.monotonic()
        room = max(MOST_ANSWER, TIMES_ANSWER * len(json.dumps(reference)))
        with contextlib.suppress(_JudgeTimeout), _within(max(0.1, JUDGE_S - self.done.judged_s)):
            answer = as_recorded(result.answer)
            if answer is None or len(json.dumps(answer)) <= room:
                verdict = verdict_on(spec, reference, answer, error, result.error)
        self.done.judged_s += time.monotonic() - start
        place = {"cell": cell["id"], "question": self.variant.question(cell), "role": role(cell)}
        came = {"part": spec.get("part", ""), "seconds": round(seconds, 3), "error": error}
        self.done.records.append(place | came | vars(verdict))

    def _keep(self, cell: Any, result: CellResult) -> None:
        """Take over what a cell showed, if there is room for it."""
        shown = list(_sound(result.shown))
        if result.error:
            shown.append({"kind": "error", "text": result.error})
        used = sum(_size(o) for of_cell in self.done.outputs.values() for o in of_cell)
        if used + sum(map(_size, shown)) > KEEP_IN_ALL:
            notes = ["Further output was left out."]
        else:
            notes = [n for n in CUT if isinstance(result.notes, list) and n in result.notes]
            if shown:
                self.done.outputs[cell["id"]] = shown
        self.done.notes = list(dict.fromkeys([*self.done.notes, *notes]))


CUT = ("Long output was cut.", "Further pictures were left out.")


def _sound(shown: Any) -> Iterator[dict[str, str]]:
    """Yield of what a cell is said to have shown what can be kept: whoever said it may lie."""
    text, pictures = MOST_TEXT + 100, MOST_PICTURES
    for one in shown if isinstance(shown, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("text"), str):
            continue
        words, data = one["text"][:text], one.get("data")
        text -= len(words)
        if one.get("kind") == "text" and words:
            yield {"kind": "text", "text": _clean(words)}
        elif isinstance(data, str) and len(data) <= pictures:  # the page looks if it is one
            pictures -= len(data)
            yield {"kind": "png", "data": data, "text": _clean(words)}


def _size(output: dict[str, str]) -> int:
    return len(output["text"]) + len(output.get("data", ""))


class _JudgeTimeout(BaseException):
    """Judging took longer than it may."""


@contextlib.contextmanager
def _within(seconds: float) -> Iterator[None]:
    """Raise _JudgeTimeout in this thread if what is done here takes longer.

    For code of our own, in Python, that works on what somebody forged to be slow.
    """
    thread, done, lock = ctypes.c_ulong(threading.get_ident()), threading.Event(), threading.Lock()
    throw = ctypes.pythonapi.PyThreadState_SetAsyncExc

    def stop() -> None:
        with lock:
            if not done.is_set():
                throw(thread, ctypes.py_object(_JudgeTimeout))

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield
    finally:
        # One that is on its way arrives here at the latest: `set` is a call of Python code. To take
        # it back would leave the interpreter waiting for it, which slows all code there is and
        # hangs a profiler.
        with lock:
            done.set()
        timer.cancel()


def _clean(text: str) -> str:
    """Return text that can be written as UTF-8, which has no halves of letters."""
    return text.encode("utf-8", "replace").decode("utf-8")
