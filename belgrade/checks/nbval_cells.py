"""nbval's notebooks and cells as ours; imported only where nbval collects one."""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING, Any

from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from belgrade.checks.assemble import about, role
from belgrade.checks.graded_cells import (
    MIME,
    graded_specs,
    prelude,
    recorded_answer,
    strip_widgets,
    verdict_on,
)
from belgrade.checks.judge import RIGHT
from belgrade.checks.nbval_plugin import RECORDS
from belgrade.checks.spec import SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbformat import NotebookNode

    from belgrade.checks.judge import Verdict

SANITISE = [
    (re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+"), "IMG"),
    (re.compile(r"\b0x[0-9a-fA-F]{6,}"), "0xADDR"),
]


class KernelDied(RuntimeError):
    """The kernel is gone: killed, crashed, or closed by the code that it ran."""


class Notebook(IPyNbFile):
    """A notebook whose graded cells go to the judge."""

    skip_compare: tuple[str, ...]
    errors: dict[str, str]
    seconds: defaultdict[str, float]
    drain_until: float | None = None
    is_setup = False

    def collect(self) -> Iterator[Cell]:
        cells = list(super().collect())
        self.assembled = bool(about(self.nb).get("assembled"))
        self.skip_compare = (*self.skip_compare, MIME)
        try:
            self.specs = graded_specs(self.nb.cells)
        except SpecError as error:
            raise self.CollectError(f"{self.path.name}: {error}") from None
        self.errors, self.seconds = {}, defaultdict(float)
        for cell in cells:
            yield Cell.from_parent(
                self,
                name=cell.name,
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
            )

    def setup(self) -> None:
        super().setup()
        if folder := self.config.getoption("belgrade_cwd"):
            self._run_quietly(f"import os; os.chdir({folder!r})")
        self._await_reply = self.kernel.await_reply
        self.kernel.await_reply = self._await_or_notice

    def _run_quietly(self, code: str) -> None:
        message = self.kernel.kc.execute(code, store_history=False)
        self.kernel.await_reply(message, timeout=60)
        self.kernel.await_idle(message, timeout=60)

    def _await_or_notice(self, message: str, timeout: float) -> dict[str, Any]:
        """Wait for a reply; notice a dead kernel at once, and not after the whole timeout."""
        # Set-up cells are not the student's: a slow machine may take its time for them.
        end = time.monotonic() + (max(timeout, 60) if self.is_setup else timeout)
        while True:
            left = end - time.monotonic()
            try:
                return self._await_reply(message, timeout=max(0.01, min(1, left)))
            except Empty:
                if not self.kernel.is_alive():
                    raise KernelDied from None
                if left <= 0:
                    self.drain_until = time.monotonic() + 5
                    raise

    def get_kernel_message(
        self, timeout: float | None = None, stream: str = "iopub"
    ) -> dict[str, Any]:
        # A loop that prints and cannot be interrupted would keep nbval reading for ever.
        if self.drain_until and time.monotonic() > self.drain_until:
            raise Empty
        return super().get_kernel_message(timeout, stream)


class Cell(IPyNbCell):
    """A code cell: graded by the judge, compared by nbval, or (a student's own) only run."""

    error: str | None = None

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.spec = self.parent.specs.get(self.cell["id"])
        if self.parent.assembled:
            self.options: defaultdict[str, bool] = defaultdict(bool)

    def setup(self) -> None:
        # After a time-out nbval expects all later cells to fail; an interrupted kernel goes on.
        pass

    def runtest(self) -> None:
        start = time.monotonic()
        source = self.cell.source
        plain = not self.spec and not self.parent.assembled
        stored = not source.strip() or self.cell.execution_count is not None
        self.parent.is_setup = self.parent.assembled and role(self.cell) == "setup"
        if self.spec:
            self.options["check"] = False
            self.cell.source = prelude(self.spec) + source
        try:
            if not self.parent.kernel.is_alive():
                raise KernelDied
            super().runtest()
        except (NbCellError, KernelDied, RuntimeError) as error:
            self._failed(error, time.monotonic() - start)
            if not self.spec or not self.parent.kernel.is_alive():
                raise
        finally:
            self.cell.source = source
            self.parent.drain_until = None
            question = about(self.cell).get("question") or (self.spec or {}).get("question")
            self.parent.seconds[question] += time.monotonic() - start
        if self.spec:
            self._judge()
        elif plain and not stored:
            self.raise_cell_error("no stored reference: run `belgrade clean --run` on it")

    def compare_outputs(
        self,
        test: list[NotebookNode],
        ref: list[NotebookNode],
        skip_compare: tuple[str, ...] | None = None,
    ) -> bool:
        return super().compare_outputs(strip_widgets(test), strip_widgets(ref), skip_compare)

    def sanitize(self, s: Any) -> Any:
        s = super().sanitize(s)
        if isinstance(s, str):
            for pattern, put in SANITISE:
                s = pattern.sub(put, s)
        return s

    def _failed(self, error: Exception, seconds: float) -> None:
        """Remember an error under the cell's question; write down what ended the kernel."""
        errors = [o for o in self.test_outputs or [] if o.output_type == "error"]
        name = f"{errors[-1].ename}: {errors[-1].evalue}" if errors else str(error)
        killed = not self.parent.kernel.is_alive()
        late = self.parent.timed_out and seconds >= self.config.option.nbval_cell_timeout
        if late:
            name = f"TimeoutError: longer than {self.config.option.nbval_cell_timeout:g} s"
        elif killed:
            name = "the kernel died"
        self.error = name
        self.parent.errors.setdefault(about(self.cell).get("question", ""), name)
        if killed or late:
            how = "lost" if killed else "late"
            self._record(None, error=name, **{how: self.cell["id"]})

    def _judge(self) -> None:
        spec, part = self.spec, self.spec.get("part", "")
        reference = recorded_answer(self.cell.outputs)
        if reference is None:
            return self.raise_cell_error("no stored reference: run `belgrade build`")
        before = self.parent.errors.get(spec["question"]) if self.parent.assembled else None
        recorded = recorded_answer(self.test_outputs or [])
        verdict = verdict_on(spec, reference, recorded, before, self.error)
        self._record(verdict, part=part, error=before or self.error)
        if verdict.status != RIGHT:
            self.raise_cell_error(f"{spec['question']} {verdict.status}: {verdict.message}")

    def _record(self, verdict: Verdict | None, part: str = "", **more: Any) -> None:
        path = self.config.getoption("belgrade_report")
        question = about(self.cell).get("question") or (self.spec or {}).get("question", "")
        record = {
            "notebook": self.path.name,
            "cell": self.cell["id"],
            "question": question,
            "part": part,
            "role": role(self.cell),
            "seconds": round(self.parent.seconds[question], 3),
        }
        records = self.config.stash[RECORDS]
        records.append(record | (vars(verdict) if verdict else {}) | more)
        if path:
            # On one line: with an indent, Python's slow encoder would write it all, each time.
            Path(path).write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
