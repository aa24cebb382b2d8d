"""What this kernel ran: whether an answer is that of the cell as it stands, or an older one.

A verdict on an old value under a cell that failed would be wrong whichever way it falls, so a check
looks here first. A kernel knows what it ran, not what stands in the page: whether a cell was
changed and not run, the page itself tells (`UNRUN`, which goes with a verdict).
"""

from __future__ import annotations

import ast
import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from belgrade.checks.cells import assigned, parsed
from belgrade.checks.record import running_shell
from belgrade.errors import kind_of

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult

# JupyterLab marks a cell that was changed after it ran. Looked for in the cells between this check
# and the one above it.
UNRUN = """<script data-unrun>(() => {
  const box = document.currentScript.parentElement, cell = box.closest('.jp-Cell');
  let above = cell?.previousElementSibling;
  for (; above && !above.querySelector('[data-check]'); above = above.previousElementSibling) {
    if (!above.matches('.jp-CodeCell.jp-mod-dirty')) continue;
    const verdict = box.querySelector('[data-check]');
    verdict.style.background = '#f3e5f5';
    verdict.style.borderColor = '#6a1b7a';
    verdict.innerHTML = '<strong>! Not checked</strong><br>A cell above was changed and has not '
      + 'run since: run it (Shift and Enter), then run this check again.';
    return;
  }
})()</script>"""


@dataclass
class CellRun:
    """One run of a cell: its place in the order, its code, what it sets and what it uses."""

    count: int
    source: str
    sets: frozenset[str]
    # Name that it uses -> the cell that had set it, and that cell's code then.
    inputs: dict[str, tuple[str, str]]
    error: str  # the name of the error that it ended in, or ""


class CellRuns:
    """The last run of each cell of a notebook, as IPython tells of them."""

    def __init__(self) -> None:
        self.last: dict[str, CellRun] = {}  # cell -> its last run
        self.setters: dict[str, str] = {}  # name -> the cell that set it last
        self.now = ""  # the code of the cell that is running
        self._order = 0

    def begin(self, info: ExecutionInfo) -> None:
        """Note what is about to run."""
        self.now = info.raw_cell or ""

    def end(self, result: ExecutionResult) -> None:
        """Note what has run."""
        source, self._order = getattr(result.info, "raw_cell", None) or "", self._order + 1
        cell = getattr(result.info, "cell_id", None) or source
        error = result.error_before_exec or result.error_in_exec
        sets = assigned(source)
        made = {name: self.setters[name] for name in _used(source) - sets if name in self.setters}
        inputs = {name: (by, self.last[by].source) for name, by in made.items()}
        self.last[cell] = CellRun(
            self._order, source, sets, inputs, kind_of(error) if error else ""
        )
        self.setters.update(dict.fromkeys(sets, cell))

    def doubt(self, question: str) -> str:
        """Return why the answer that the running cell checks must not be judged, or ""."""
        for name in _checked(self.now, question):
            cell = self.setters.get(name)
            if cell is None or name in assigned(self.now):
                continue
            run = self.last[cell]
            again = "run that cell, then run this check again."
            if run.error:
                return (
                    f"The cell that makes {name} ended in an error ({run.error}), so {name} may "
                    f"still have an older value: mend it, {again}"
                )
            if name not in run.sets:
                near = difflib.get_close_matches(name, run.sets, n=1)
                now = f": it makes {near[0]}" if near else ""
                call_it = f"Call what it makes {name}, {again}"
                return f"The cell that made {name} does so no more{now}. {call_it}"
            for other, (by, was) in run.inputs.items():
                if self.last[by].count > run.count and self.last[by].source != was:
                    return (
                        f"{other} was made anew, in another way, after {name}, which uses it: run "
                        f"the cell of {name} again, then run this check."
                    )
        return ""


def _used(source: str) -> frozenset[str]:
    """Return the names that code reads and does not make itself first."""
    nodes = [n for body in parsed(source) or [] for n in ast.walk(body) if isinstance(n, ast.Name)]
    return frozenset(n.id for n in nodes if isinstance(n.ctx, ast.Load))


def _checked(source: str, question: str) -> list[str]:
    """Return the names in the answer of the call check("1.2", ...) in `source`."""
    for body in parsed(source) or []:
        for node in ast.walk(body):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "id", "") == "check"
                and len(node.args) > 1
                and str(getattr(node.args[0], "value", None)) == question
            ):
                return [n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)]
    return []


def watch() -> CellRuns | None:
    """Begin to note what this kernel runs; return the runs, or None where nobody sits at it."""
    if os.environ.get("BELGRADE_EXAM") or "JPY_SESSION_NAME" not in os.environ:
        return None
    shell = running_shell()
    if shell is None:
        return None
    if not hasattr(shell, "belgrade_runs"):
        shell.belgrade_runs = CellRuns()
        shell.events.register("pre_run_cell", shell.belgrade_runs.begin)
        shell.events.register("post_run_cell", shell.belgrade_runs.end)
    return shell.belgrade_runs
