"""Run one assembled notebook in a kernel and judge its answers, within bounds.

The verdicts are those of nbval with our plugin (`belgrade.checks.examine.run`); the loop is our
own because nbval keeps all output in memory, grows with each notebook and waits for what will
not come. Here a cell's output is read and dropped beyond a cap, a dead kernel is noticed at
once, and nothing is kept between submissions.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from belgrade.authoring import execute
from belgrade.checks.assemble import about, role
from belgrade.checks.examined import MIME, as_bundle, bundle_of, graded_specs, prelude, verdict_on
from belgrade.checks.quick import nbformat
from belgrade.grading import GradingError
from belgrade.grading.kernels import Kernel, KernelError, Kernels

GIVEN, STUDENTS = ("setup", "parameters"), ("answer", "student")
CELL_TIMEOUT_S = 60
TOTAL_TIMEOUT_S = 600
# A cell that the kernel gives itself is not the student's: a slow machine may take its time.
GIVEN_TIMEOUT_S = 60
START_TIMEOUT_S = 60
KEY_TIMEOUT_S = 300
# After an interrupt, and after the reply, the last messages of a cell come within these.
INTERRUPT_GRACE_S = 3
IDLE_GRACE_S = 5
# A kernel whose output was cut off, or lost, answers again within this, or is given up.
AGAIN_S = 15
# What is kept of a cell's text, pictures and errors, and of all cells' together; how large a
# message is read at all (reading takes many times its size), and how much may come before the
# cell is stopped. Characters and bytes.
KEEP_TEXT = 200_000
KEEP_BYTES = 2_000_000
KEEP_ERRORS = 5
KEEP_IN_ALL = 10_000_000
MOST_READ = 8_000_000
MOST_BYTES = 20_000_000
FLOOD = f"OutputError: more than {MOST_BYTES // 1_000_000} MB of output"
# After these a kernel may fail at anything, and slowly: the other questions get a fresh one.
EXHAUSTED = ("OutputError", "MemoryError")
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# What a message that the kernel's own library did not make may raise when it is read.
FORGED = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)
PNG = b"\x89PNG\r\n\x1a\n"
REQUEST = {
    "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False,
    "stop_on_error": False,
}  # fmt: skip


class RunError(GradingError):
    """A notebook cannot be run at all; the text says why."""


@dataclass
class Run:
    """What came of one notebook.

    `records`: one dict a verdict, as `belgrade.checks.nbval_plugin` writes them. `lost`: for a
    question whose code ended the kernel or was stopped, with what. `outputs`: for each cell id
    what it showed, dicts with `kind` text, png (base64 in `data`, words in `text`) or error.
    `notes`: sentences on what was cut.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    lost: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def run(
    notebook: Any,
    kernels: Kernels,
    cell_timeout: float = CELL_TIMEOUT_S,
    total_timeout: float = TOTAL_TIMEOUT_S,
) -> Run:
    """Return the Run of an assembled notebook; times in seconds.

    Blocks; may be called from several threads at once. After a cell that ended the kernel, the
    rest is run again without it. Raises RunError where the given cells themselves end it.
    """
    deadline = time.monotonic() + total_timeout
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    sources = {c["id"]: _clean(c.source) for c in cells}
    given = {c["id"] for c in cells if role(c) in GIVEN}
    done, lost = Run(), {}
    while True:
        result = _Pass(cells, sources, kernels, cell_timeout, deadline).go()
        done = _merged(result.run, done)
        over = time.monotonic() > deadline
        if result.fatal is None or over:
            break
        # What ran into the time limit would do so again: it is left out as well.
        for cell, question, error in [*result.late, result.fatal]:
            if cell in given:  # something that a student's cell left running may have ended it
                cell, question = _last_before(cell, cells, sources)
            if not cell or not sources[cell].strip():
                raise RunError(f"The exercise's own cells cannot be run: {error}.")
            lost.setdefault(question, error)
            sources[cell] = ""
    if over:
        judged = {(r["question"], r["part"]) for r in done.records}
        for cell, spec in graded_specs(cells).items():
            if (spec["question"], spec.get("part", "")) not in judged and sources[cell]:
                error = f"TimeoutError: longer than {total_timeout:g} s in all"
                lost.setdefault(spec["question"], error)
    done.lost = lost
    return done


def _last_before(given: str, cells: list[Any], sources: dict[str, str]) -> tuple[str | None, str]:
    """Return (id, question) of the last cell with a student's code before a given one."""
    found: tuple[str | None, str] = (None, "")
    for cell in cells:
        if cell["id"] == given:
            break
        if sources[cell["id"]].strip() and role(cell) in STUDENTS:
            found = cell["id"], about(cell).get("question", "")
    return found


def run_in_place(notebook: Any, kernels: Kernels) -> None:
    """Run a notebook of the instructor's and store each cell's answer, or error, as its output.

    For `belgrade.authoring.build`. Raises its RunError where a cell is late or the kernel ends.
    """
    kernel = kernels.start()
    try:
        _await_ready(kernel)
        for cell in notebook.cells:
            if cell.cell_type != "code" or not cell.source.strip():
                continue
            done = Cell(kernel, KEY_TIMEOUT_S)
            done.execute(cell.source)
            if done.late or done.died:
                raise execute.RunError(f"cell {cell['id']}: {done.error}")
            if done.bundle:
                cell.outputs.append(nbformat.v4.new_output("display_data", {MIME: done.bundle}))
            if done.error:
                name, _, words = done.error.partition(": ")
                cell.outputs.append(nbformat.v4.new_output("error", ename=name, evalue=words))
    finally:
        kernel.stop()


def _merged(new: Run, old: Run) -> Run:
    """Return a later pass, with what an earlier one has beyond it where time ran out."""
    judged = {(r["question"], r["part"]) for r in new.records}
    new.records += [r for r in old.records if (r["question"], r["part"]) not in judged]
    new.outputs = old.outputs | new.outputs
    new.notes = list(dict.fromkeys([*old.notes, *new.notes]))
    return new


class _Pass:
    """One pass through a notebook in one kernel."""

    def __init__(
        self,
        cells: list[Any],
        sources: dict[str, str],
        kernels: Kernels,
        cell_timeout: float,
        deadline: float,
    ) -> None:
        self.cells, self.sources, self.kernels = cells, sources, kernels
        self.cell_timeout, self.deadline = cell_timeout, deadline
        self.specs = graded_specs(cells)
        self.errors: dict[str, str] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.late: list[tuple[str, str, str]] = []
        self.fatal: tuple[str, str, str] | None = None
        self.run = Run()
        self._kept = 0

    def go(self) -> _Pass:
        kernel = self.kernels.start()
        try:
            _await_ready(kernel)
            for cell in self.cells:
                if self.sources[cell["id"]].strip() and not self._cell(kernel, cell):
                    break
        finally:
            kernel.stop()
        return self

    def _cell(self, kernel: Kernel, cell: Any) -> bool:
        """Run and judge a cell; return whether the kernel goes on."""
        spec, start = self.specs.get(cell["id"]), time.monotonic()
        question = about(cell).get("question") or (spec or {}).get("question", "")
        given = role(cell) in GIVEN
        limit = max(self.cell_timeout, GIVEN_TIMEOUT_S) if given else self.cell_timeout
        limit = max(0.01, min(limit, self.deadline - start))
        done = Cell(kernel, limit)
        done.execute((prelude(spec) if spec else "") + self.sources[cell["id"]])
        self.seconds[question] += time.monotonic() - start
        self._keep(cell["id"], done)
        self.run.notes += [n for n in done.notes if n not in self.run.notes]
        if done.error:
            self.errors.setdefault(question, done.error)
        entry = (cell["id"], question, done.error)
        if done.died or (not given and (done.error or "").startswith(EXHAUSTED)):
            self.fatal = entry
            return False
        if done.late:
            self.late.append(entry)
        if spec:
            before = self.errors.get(spec["question"])
            reference = bundle_of(cell.outputs)
            if reference is None:
                raise RunError(f"Question {question} has no stored reference.")
            verdict = verdict_on(spec, reference, done.bundle, before, done.error)
            self.run.records.append({
                "cell": cell["id"], "question": question, "part": spec.get("part", ""),
                "role": role(cell), "seconds": round(self.seconds[question], 3),
                **vars(verdict), "error": before,
            })  # fmt: skip
        return time.monotonic() < self.deadline

    def _keep(self, name: str, done: Cell) -> None:
        """Take over what a cell showed, if there is room for it."""
        size = sum(len(o["text"]) + len(o.get("data", "")) for o in done.kept)
        if self._kept + size > KEEP_IN_ALL:
            done.notes.append("Further output was left out.")
        elif done.kept:
            self._kept += size
            self.run.outputs[name] = done.kept


def _await_ready(kernel: Kernel, seconds: float = START_TIMEOUT_S) -> None:
    """Wait until the kernel answers and its output reaches us."""
    end = time.monotonic() + seconds
    answered = heard = False
    kernel.ask("kernel_info_request", {})
    while not (answered and heard):
        ready = kernel.wait(200)
        if kernel.iopub in ready:
            heard = kernel.receive(kernel.iopub) is not None or heard
        if kernel.shell in ready:
            answered = kernel.receive(kernel.shell) is not None or answered
        if time.monotonic() > end:
            raise KernelError("A kernel does not answer.")
        if not ready:
            if not kernel.is_alive():
                raise KernelError(f"A kernel ended as it started. {kernel.why_dead()}".strip())
            if answered:  # the first was sent before its output reached us
                kernel.ask("kernel_info_request", {})


class Cell:
    """One execution: what came back, cut to what may be kept.

    `kept` are outputs as in Run, `bundle` the last answer shown, `error` what the code ended
    with. `late`: over its time, and interrupted; `died`: the kernel is gone.
    """

    def __init__(self, kernel: Kernel, limit: float) -> None:
        self.kernel, self.limit = kernel, limit
        self.kept: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.bundle: dict[str, Any] | None = None
        self.error: str | None = None
        self.died = self.late = False
        self._received = self._text = self._pictures = self._errors = 0
        self._shown: dict[str, dict[str, str]] = {}

    def execute(self, code: str) -> None:
        """Run `code` and read until it is done, late, too long or dead."""
        kernel, end, stopping = self.kernel, time.monotonic() + self.limit, None
        replied = idle = noticed = False
        message = kernel.ask("execute_request", REQUEST | {"code": code})
        while not (replied and (idle or kernel.cut)):
            now = time.monotonic()
            if now >= end:
                if replied:  # and its last messages were lost
                    stopping = self.error or FLOOD
                    break
                if stopping:
                    return self._die(stopping)
                self.late = True
                stopping = f"TimeoutError: longer than {self.limit:g} s"
                end = self._interrupt()
                continue
            ready = kernel.wait(min(250, 1000 * (end - now) + 1))
            if not ready and not kernel.is_alive():
                return self._die(stopping)
            if kernel.shell in ready and (reply := _message(kernel, kernel.shell, message)):
                replied, end = True, time.monotonic() + IDLE_GRACE_S
                if self._asks_exit(reply["content"]):
                    return self._die(stopping)  # it will, in a moment
            if kernel.iopub in ready:
                idle = self._read(message) or idle
                if replied:
                    end = time.monotonic() + IDLE_GRACE_S
            if kernel.cut and not noticed:
                if _ends(kernel):
                    return self._die(stopping)
                noticed = True  # by us: a message was larger than we take
            if (kernel.cut or self._received > MOST_BYTES) and not stopping:
                stopping = FLOOD
                if not replied:
                    end = self._interrupt()
        if stopping:
            self.error = stopping
        if kernel.cut or not idle:
            try:
                kernel.connect()
                _await_ready(kernel, AGAIN_S)
            except KernelError:  # it did answer before this code
                self._die(stopping)

    def _interrupt(self) -> float:
        """Interrupt the cell; return until when it may take notice."""
        self.kernel.interrupt()
        return time.monotonic() + INTERRUPT_GRACE_S

    def _die(self, stopping: str | None) -> None:
        """Note that the kernel is gone; raise KernelError where this code is not the cause."""
        if why := self.kernel.why_dead():
            raise KernelError(why)
        self.error, self.died = stopping or "the kernel died", True

    def _asks_exit(self, reply: dict[str, Any]) -> bool:
        """Take in the reply; return whether it says that the kernel is about to end."""
        try:
            if reply.get("status") == "error":
                self._note_error(reply)
            return "ask_exit" in str(reply.get("payload", ""))[:1000]
        except FORGED:
            return False

    def _read(self, message: str) -> bool:
        """Take in one message; return whether it says that the cell is done."""
        told = _message(self.kernel, self.kernel.iopub, message, self)
        if told is None:
            return False
        try:
            return self._take(told["msg_type"], told["content"])
        except FORGED:
            return False

    def _take(self, kind: str, content: dict[str, Any]) -> bool:
        if kind == "status":
            return content["execution_state"] == "idle"
        if kind == "stream":
            self._keep_text(content["text"])
        elif kind == "error":
            self._note_error(content)
            self._errors += 1
            if self._errors <= KEEP_ERRORS:
                self.kept.append({"kind": "error", "text": self.error})
        elif kind in ("display_data", "execute_result"):
            self._keep_display(content)
        elif kind == "update_display_data":
            self._update(content)
        elif kind == "clear_output":
            self.kept.clear()
        return False

    def _note_error(self, content: dict[str, Any]) -> None:
        words = f"{content.get('ename')}: {content.get('evalue')}"
        self.error = _clean(ANSI.sub("", words[:KEEP_TEXT]))

    def _keep_text(self, text: str) -> None:
        room = KEEP_TEXT - self._text
        self._text += len(text)
        if room <= 0:
            return
        if len(text) > room:
            text = text[:room] + "\n[The rest was cut.]"
            self.notes.append("Long output was cut.")
        text = _clean(text)
        if self.kept and self.kept[-1]["kind"] == "text":
            self.kept[-1]["text"] += text
        else:
            self.kept.append({"kind": "text", "text": text})

    def _keep_display(self, content: dict[str, Any]) -> None:
        data = content["data"]
        if MIME in data:
            self.bundle = as_bundle(data[MIME])
            return
        words = data.get("text/plain", "")
        if picture := self._picture(data):
            self.kept.append(picture)
            if name := content.get("transient", {}).get("display_id"):
                self._shown[name] = picture
        elif words:
            self._keep_text(words + "\n")

    def _update(self, content: dict[str, Any]) -> None:
        """Put a picture that was drawn anew in the place of the old one."""
        if MIME in content["data"]:
            self.bundle = as_bundle(content["data"][MIME])
        old = self._shown.get(content.get("transient", {}).get("display_id"))
        if old is not None:
            size = len(old["data"])
            self._pictures -= size
            if new := self._picture(content["data"]):
                old |= new
            else:
                self._pictures += size

    def _picture(self, data: dict[str, Any]) -> dict[str, str] | None:
        """Return a picture among what was shown, with its words, if it can be kept."""
        picture = data.get("image/png")
        picture = picture.replace("\n", "") if isinstance(picture, str) else ""
        if not _is_png(picture):
            return None
        if self._pictures + len(picture) > KEEP_BYTES:
            self.notes.append("Further pictures were left out.")
            return None
        self._pictures += len(picture)
        return {"kind": "png", "data": picture, "text": _clean(str(data.get("text/plain", "")))}


def _ends(kernel: Kernel) -> bool:
    """Tell whether a kernel whose output has ended is ending itself."""
    for _ in range(20):
        if not kernel.is_alive():
            return True
        time.sleep(0.01)
    return False


def _message(kernel: Kernel, line: Any, answers: str, count: Cell | None = None) -> Any:
    """Return the next message on a line if it answers the request `answers`, else None.

    What runs in a kernel can send anything there, also what is no message.
    """
    session, frames = kernel.session, kernel.receive(line)
    if frames is None:
        return None
    size = sum(map(len, frames))
    if count:
        count._received += size
    if size > MOST_READ:
        return None
    try:
        _, (signature, *parts) = session.feed_identities(frames)
        # Not session.deserialize, which looks for a date in every text: half of our own time.
        head, parent, _, content = parts[:4]
        if json.loads(parent).get("msg_id") != answers:
            return None
        if not hmac.compare_digest(session.sign(parts[:4]), signature):
            return None
        told = {"msg_type": json.loads(head)["msg_type"], "content": json.loads(content)}
        return told if isinstance(told["content"], dict) else None
    except FORGED:
        return None


def _is_png(data: str) -> bool:
    try:
        return base64.b64decode(data, validate=True)[:8] == PNG
    except (binascii.Error, ValueError):
        return False


def _clean(text: str) -> str:
    """Return text that can be written as UTF-8, which has no halves of letters."""
    return text.encode("utf-8", "replace").decode("utf-8")
