"""Run one assembled notebook in a kernel and judge its answers, within bounds.

The verdicts are those of nbval with our plugin (`belgrade.checks.examine.run`); the loop is our
own because nbval keeps all output in memory, grows with each notebook and waits for what will
not come. Here a cell's output is read and dropped beyond a cap, a dead kernel is noticed at
once, and nothing is kept between submissions.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import zmq

from belgrade.checks.assemble import about, role
from belgrade.checks.examined import MIME, as_bundle, bundle_of, graded_specs, prelude, verdict_on
from belgrade.grading.kernels import Kernel, KernelError, Kernels

CELL_TIMEOUT_S = 60
TOTAL_TIMEOUT_S = 600
# A cell that the kernel gives itself is not the student's: a slow machine may take its time.
GIVEN_TIMEOUT_S = 60
START_TIMEOUT_S = 60
# After an interrupt, and after the reply, the last messages of a cell come within these.
INTERRUPT_GRACE_S = 3
IDLE_GRACE_S = 5
# What is kept of a cell's output, and how much may come before the cell is stopped; characters
# and bytes.
KEEP_TEXT = 200_000
KEEP_PICTURES = 4
KEEP_BYTES = 2_000_000
MOST_BYTES = 20_000_000
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
PNG = b"\x89PNG\r\n\x1a\n"


class RunError(Exception):
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
    sources = {c["id"]: c.source for c in cells}
    lost: dict[str, str] = {}
    while True:
        result = _Pass(notebook, cells, sources, kernels, cell_timeout, deadline).go()
        if result.fatal is None:
            break
        for cell, question, error in [*result.late, result.fatal]:
            lost.setdefault(question, error)
            given = role(next(c for c in cells if c["id"] == cell)) == "setup"
            if given or not sources[cell].strip():
                raise RunError(f"The exercise's own cells cannot be run: {error}.")
            # What ran into the time limit would do so again: it is left out as well.
            sources[cell] = ""
        if time.monotonic() > deadline:
            break
    if time.monotonic() > deadline:
        done = {r["question"] for r in result.records}
        error = f"TimeoutError: longer than {total_timeout:g} s in all"
        for cell in cells:
            if (question := about(cell).get("question")) and question not in done:
                lost.setdefault(question, error)
    return Run(result.records, lost, result.outputs, result.notes)


class _KernelDied(Exception):
    pass


class _Pass:
    """One pass through a notebook in one kernel."""

    def __init__(self, notebook, cells, sources, kernels, cell_timeout, deadline):
        self.cells, self.sources, self.kernels = cells, sources, kernels
        self.cell_timeout, self.deadline = cell_timeout, deadline
        self.specs = graded_specs(cells)
        self.errors: dict[str, str] = {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.late: list[tuple[str, str, str]] = []
        self.fatal: tuple[str, str, str] | None = None
        self.records, self.outputs, self.notes = [], {}, []

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
        given = role(cell) == "setup"
        limit = max(self.cell_timeout, GIVEN_TIMEOUT_S) if given else self.cell_timeout
        limit = max(0.01, min(limit, self.deadline - start))
        done = _Cell(kernel, limit)
        done.execute((prelude(spec) if spec else "") + self.sources[cell["id"]])
        self.seconds[question] += time.monotonic() - start
        if done.kept:
            self.outputs[cell["id"]] = done.kept
        self.notes += [n for n in done.notes if n not in self.notes]
        if done.error:
            self.errors.setdefault(question, done.error)
        if done.died or done.late:
            entry = (cell["id"], question, done.error)
            if done.died:
                self.fatal = entry
                return False
            self.late.append(entry)
        if spec:
            before = self.errors.get(spec["question"])
            verdict = verdict_on(spec, bundle_of(cell.outputs), done.bundle, before, done.error)
            self.records.append({
                "cell": cell["id"], "question": question, "part": spec.get("part", ""),
                "role": role(cell), "seconds": round(self.seconds[question], 3),
                **vars(verdict), "error": before,
            })  # fmt: skip
        return time.monotonic() < self.deadline


def _await_ready(kernel: Kernel) -> None:
    """Wait until the kernel answers and its output reaches us."""
    client, end = kernel.client, time.monotonic() + START_TIMEOUT_S
    shell, iopub = client.shell_channel.socket, client.iopub_channel.socket
    poller = zmq.Poller()
    poller.register(shell, zmq.POLLIN)
    poller.register(iopub, zmq.POLLIN)
    answered = heard = False
    client.kernel_info()
    while not (answered and heard):
        ready = dict(poller.poll(200))
        if iopub in ready:
            iopub.recv_multipart()
            heard = True
        if shell in ready:
            shell.recv_multipart()
            answered = True
        if not ready:
            if not kernel.is_alive() or time.monotonic() > end:
                raise KernelError("A kernel did not start.")
            if answered:
                client.kernel_info()  # the first was sent before its output reached us


class _Cell:
    """One execution: what came back, cut to what may be kept."""

    def __init__(self, kernel: Kernel, limit: float) -> None:
        self.kernel, self.limit = kernel, limit
        self.kept: list[dict[str, str]] = []
        self.notes: list[str] = []
        self.bundle: dict[str, Any] | None = None
        self.error: str | None = None
        self.died = self.late = False
        self._received = self._text = self._bytes = self._pictures = 0
        self._shown: dict[str, int] = {}

    def execute(self, code: str) -> None:
        """Run `code` and read until it is done, late, too long or dead."""
        client = self.kernel.client
        shell, iopub = client.shell_channel.socket, client.iopub_channel.socket
        poller = zmq.Poller()
        poller.register(shell, zmq.POLLIN)
        poller.register(iopub, zmq.POLLIN)
        start = time.monotonic()
        end, stopping, replied, idle = start + self.limit, None, False, False
        message = client.execute(code, store_history=False, allow_stdin=False, stop_on_error=False)
        while not (replied and idle):
            now = time.monotonic()
            if now >= end:
                if replied:
                    break  # the last messages were lost in a flood
                if stopping:
                    self.error, self.died = stopping, True
                    return
                stopping = f"TimeoutError: longer than {self.limit:g} s"
                self.late = True
                self.kernel.interrupt()
                end = now + INTERRUPT_GRACE_S
                continue
            ready = dict(poller.poll(min(250, 1000 * (end - now) + 1)))
            if not ready and not self.kernel.is_alive():
                self.error, self.died = stopping or "the kernel died", True
                return
            if shell in ready:
                _, parts = client.session.feed_identities(shell.recv_multipart())
                reply = client.session.deserialize(parts)
                if reply["parent_header"].get("msg_id") == message:
                    replied, end = True, time.monotonic() + IDLE_GRACE_S
            if iopub in ready:
                idle = self._read(iopub, message) or idle
                if self._received > MOST_BYTES and not stopping and not replied:
                    stopping = f"OutputError: more than {MOST_BYTES // 1_000_000} MB of output"
                    self.kernel.interrupt()
                    end = time.monotonic() + INTERRUPT_GRACE_S
        if stopping:
            self.error = stopping

    def _read(self, iopub: Any, message: str) -> bool:
        """Take in one message; return whether it says that the cell is done."""
        session = self.kernel.client.session
        frames = iopub.recv_multipart()
        self._received += sum(map(len, frames))
        try:
            _, parts = session.feed_identities(frames)
            told = session.deserialize(parts)
        except (ValueError, TypeError, RecursionError, KeyError):
            return False
        if told["parent_header"].get("msg_id") != message:
            return False
        kind, content = told["msg_type"], told["content"]
        if kind == "status":
            return content["execution_state"] == "idle"
        if kind == "stream":
            self._keep_text(content["text"])
        elif kind == "error":
            text = ANSI.sub("", f"{content['ename']}: {content['evalue']}")
            self.error = text
            self.kept.append({"kind": "error", "text": text[:KEEP_TEXT]})
        elif kind in ("display_data", "execute_result", "update_display_data"):
            self._keep_display(content)
        elif kind == "clear_output":
            self.kept.clear()
        return False

    def _keep_text(self, text: str) -> None:
        room = KEEP_TEXT - self._text
        self._text += len(text)
        if room <= 0:
            return
        if len(text) > room:
            text = text[:room] + "\n[The rest of the output was cut.]"
        if self.kept and self.kept[-1]["kind"] == "text":
            self.kept[-1]["text"] += text
        else:
            self.kept.append({"kind": "text", "text": text})

    def _keep_display(self, content: dict[str, Any]) -> None:
        data = content.get("data") or {}
        if MIME in data:
            self.bundle = as_bundle(data[MIME])
            return
        picture, words = data.get("image/png"), data.get("text/plain", "")
        if picture and self._pictures < KEEP_PICTURES and _is_png(picture):
            self._pictures += 1
            self.kept.append({"kind": "png", "data": picture, "text": words})
        elif words:
            self._keep_text(words + "\n")


def _is_png(data: Any) -> bool:
    try:
        return base64.b64decode(data, validate=False)[:8] == PNG
    except (binascii.Error, ValueError, TypeError):
        return False
