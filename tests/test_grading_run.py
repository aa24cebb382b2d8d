"""The grader's runner: nbval's verdicts on every answer of the corpus, within bounds."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import nbformat
import pytest
from sandboxes import shared_sandbox
from test_cases import NUMBERS, answer_cells, batches_of, cases_of, solved

from belgrade.checks import examine
from belgrade.checks.assemble import assemble, fresh_copy
from belgrade.checks.compiled import read_compiled
from belgrade.grading import run as run_module
from belgrade.grading.run import Run, run
from belgrade.grading.sandbox import Sandbox

pytestmark = pytest.mark.xdist_group("sandbox")
# The runner is what is tested here, not matplotlib: no verdict depends on a drawn picture.
NO_PICTURES = "get_ipython().display_formatter.formatters['image/png'].enabled = False"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return shared_sandbox()


def assembled(number: str, answers: dict[str, str]) -> Any:
    """Return a fresh copy of an exercise with these sources in its answer cells."""
    compiled = read_compiled(number)
    notebook, repairs = assemble(
        fresh_copy(compiled["notebook"], compiled["checks"]), solved(compiled, answers)
    )
    assert repairs == []
    return notebook


def by_question(records: list[dict[str, Any]]) -> dict[str, tuple[str, float, str]]:
    return {
        r["question"]: (r["status"], r["points"], r["message"])
        for r in records
        if r["part"] == "" and "status" in r
    }


def faults_in(number: str, begin: Callable[[Any], Callable[[], Run]]) -> list[str]:
    """Return which cases of an exercise got another verdict than they should.

    `begin` begins to run a notebook, and returns how to wait for its Run.
    """
    cases, begun, faults = cases_of(number), [], []
    for batch in batches_of(number):
        notebook = assembled(number, batch)
        plain = nbformat.v4.new_code_cell(NO_PICTURES, metadata={"belgrade": {"role": "setup"}})
        notebook.cells.insert(0, plain)
        begun.append((batch, begin(notebook)))
    for n, (batch, ended) in enumerate(begun):
        found = by_question(ended().records)
        for question in batch:
            code, status, words = cases[question][n]
            now, _, message = found.get(question, ("no verdict", 0, ""))
            if now != status or words not in message:
                faults.append(f"{question}: {code}\nwanted {status}: {words}\n{now}: {message}")
    return faults


@pytest.mark.parametrize("number", NUMBERS)
def test_every_case_gets_the_verdict_that_nbval_gives(number: str, sandbox: Sandbox) -> None:
    """Those that tests/test_cases.py asks of nbval, and of the judge in the notebook."""
    faults = faults_in(number, lambda notebook: functools.partial(run, notebook, sandbox))
    assert not faults, "\n".join(faults)


QUICK = ["1.1", "1.2", "1.3", "1.4"]  # and not 1.5, a chart, which takes longest


def toy(code: dict[int, str] | None = None) -> Any:
    """Return an assembled exercise with code put before its answers, by question."""
    sources = answer_cells("01")
    answers = {question: sources[question] for question in QUICK}
    for n, lines in (code or {}).items():
        answers[f"1.{n}"] = f"{lines}\n{answers[f'1.{n}']}"
    return assembled("01", answers)


BOTH = {
    1: "raise ValueError('odd')",
    2: "import os; os._exit(3)",
    3: "1 +",
    4: "import time; time.sleep(9)",
}


@pytest.mark.parametrize("isolated", [True, False])
def test_errors_late_cells_and_dead_kernels_are_told_as_nbval_tells_them(isolated: bool) -> None:
    records, aborted = nbval_result()
    assert set(aborted) == {"1.2"}
    ours = run(toy(BOTH), shared_sandbox(isolated), cell_timeout=2, total_timeout=60)
    assert by_question(ours.records) == by_question(records)
    assert ours.aborted == aborted


@functools.cache
def nbval_result() -> Any:
    return examine.run(toy(BOTH), timeout=2)


SLEEP = "import time; time.sleep(999)"
NO_WAIT_S = 200  # even on a machine with much to do: what is waited for would take 999 s
FLOODS = {
    # A kernel that has no memory left may also fall silent, until its time is over.
    "text": ("while True: print('x' * 100_000)", r"OutputError|MemoryError|TimeoutError|died"),
    "one": ("print('x' * 300_000_000)", r"OutputError|MemoryError|Right"),
    "lines": ("for n in range(30_000): print(n)", None),
    "displays": ("for n in range(300): display({'text/plain': 'x' * 2000}, raw=True)", None),
    "pictures": (
        "from IPython.display import Image\nimport os, struct\n"
        "for n in range(30): display(Image(b'\\x89PNG\\r\\n\\x1a\\n' + os.urandom(300_000),"
        " format='png'))",
        None,
    ),
    # What is written past all counting, to the grader itself.
    "bytes": (
        "import os\nfor n in range(3, 256):\n    try:\n"
        "        while os.write(n, bytes(2**16)): pass\n    except OSError: pass",
        r"OutputError|TimeoutError",
    ),
    "replies": (
        "import os\nfor n in range(3, 256):\n    try:\n"
        '        for _ in range(9999): os.write(n, b\'{"id": 0, "shown": [[]]}\\n\')\n'
        "    except OSError: pass",
        None,
    ),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_output_is_cut_and_costs_nothing_else(kind: str, sandbox: Sandbox) -> None:
    code, error = FLOODS[kind]
    before, start = _memory(), time.monotonic()
    result = run(toy({2: code}), sandbox, cell_timeout=12)
    assert time.monotonic() - start < NO_WAIT_S
    assert _memory() - before < 150e6
    found = by_question(result.records)
    assert [found[q][0] for q in QUICK if q != "1.2"] == ["right"] * 3
    assert re.search(error or "Right", result.aborted.get("1.2", found["1.2"][2]))
    kept = sum(len(o.get("text", "")) + len(o.get("data", "")) for o in _all(result))
    assert kept < 2_500_000


def _all(result: Run) -> list[dict[str, str]]:
    return [output for of_cell in result.outputs.values() for output in of_cell]


def _memory() -> int:
    """Return the bytes that this process has in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _open_files() -> int:
    """Return the number of open files and threads of this process."""
    return len(os.listdir("/proc/self/fd")) + threading.active_count()


def test_what_all_cells_showed_is_bounded_too(sandbox: Sandbox, monkeypatch: Any) -> None:
    monkeypatch.setattr(run_module, "KEEP_IN_ALL", 500)
    result = run(toy(dict.fromkeys((1, 2, 3), "print('x' * 200)")), sandbox)
    assert sum(len(o["text"]) for o in _all(result)) < 500
    assert "Further output was left out." in result.notes


def test_outputs_are_kept_for_the_feedback(sandbox: Sandbox) -> None:
    code = (
        "print('here')\nimport sys; print('there', file=sys.stderr)\n"
        "from matplotlib import pyplot\npyplot.plot([1, 2]); pyplot.show()\n"
        "h = display('first', display_id='h'); h.update('second')"
    )
    result = run(toy({1: code, 2: "raise KeyError('gone')", 3: "x = 1\n1 +"}), sandbox)
    (shown,) = [o for o in result.outputs.values() if o[0].get("text", "").startswith("here")]
    assert [o["kind"] for o in shown] == ["text", "png", "text"]
    assert shown[0]["text"] == "here\nthere\n"
    assert run_module._clean("half \ud800") == "half ?"
    assert {"kind": "error", "text": "KeyError: 'gone'"} in _all(result)
    assert {"kind": "error", "text": "SyntaxError: invalid syntax (line 2)"} in _all(result)


def test_time_in_all_is_bounded_and_what_was_judged_stays(sandbox: Sandbox) -> None:
    start = time.monotonic()
    result = run(toy(dict.fromkeys((2, 3, 4), SLEEP)), sandbox, cell_timeout=500, total_timeout=6)
    assert time.monotonic() - start < NO_WAIT_S
    assert by_question(result.records)["1.1"][0] == "right"
    assert "TimeoutError: longer than 6 s in all" in result.aborted.values()
    assert "1.1" not in result.aborted


def test_memory_and_handles_stay_flat(sandbox: Sandbox) -> None:
    cell = nbformat.v4.new_code_cell(
        "print('x' * 10**6)", metadata={"belgrade": {"question": "1.1", "role": "answer"}}
    )
    small = nbformat.v4.new_notebook(cells=[cell])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: run(small, sandbox), range(10)))
        before = _memory(), _open_files()
        list(pool.map(lambda _: run(small, sandbox), range(40)))
    assert _memory() - before[0] < 10e6  # 40 MB went through
    assert _open_files() <= before[1]


NEEDS = {
    "name": {1: "helper = 3", 2: "assert helper == 3"},
    "function": {
        1: "import numpy as np\ndef half(x):\n    return np.int64(x) / 2",
        2: "assert half(2) == 1",
    },
    "changed": {1: "rows = []", 2: "rows.append(1)", 3: "assert rows == [1]"},
    "file": {1: "with open('note.txt', 'w') as file:\n    file.write('x')", 3: "open('note.txt')"},
    "executed": {1: "exec('made = 5')", 4: "assert made == 5"},
}


@pytest.mark.parametrize("kind", NEEDS)
def test_what_an_earlier_question_made_is_there(kind: str, sandbox: Sandbox) -> None:
    result = run(toy(NEEDS[kind]), sandbox)
    found = by_question(result.records)
    assert {q: found[q][2] for q in QUICK} == dict.fromkeys(QUICK, "Right.")


@pytest.mark.parametrize("end", ["raise MemoryError", "while True: print('x' * 100_000)"])
def test_what_ends_a_process_takes_nothing_from_later_questions(end: str, sandbox: Sandbox) -> None:
    made = {1: "helper = 3", 2: end, 3: "assert helper == 3", 4: "assert helper == 3"}
    found = by_question(run(toy(made), sandbox).records)
    assert [found[q][0] for q in QUICK if q != "1.2"] == ["right"] * 3


@pytest.mark.parametrize(
    "code", ["!ls", "%pip install pandas", "!pip list", "import asyncio\nawait asyncio.sleep(0)"]
)
def test_without_a_sandbox_cells_may_be_those_of_a_notebook(code: str) -> None:
    result = run(toy({1: code}), shared_sandbox(False))
    assert by_question(result.records)["1.1"][0] == "right"


def test_judging_has_a_limit_of_its_own(sandbox: Sandbox, monkeypatch: Any) -> None:
    judged = run_module.verdict_on

    def slow(spec: dict[str, Any], *arguments: Any) -> Any:
        while spec["question"] == "1.2":
            pass
        return judged(spec, *arguments)

    monkeypatch.setattr(run_module, "verdict_on", slow)
    monkeypatch.setattr(run_module, "JUDGE_S", 0.5)
    start = time.monotonic()
    found = by_question(run(toy(), sandbox).records)
    assert time.monotonic() - start < NO_WAIT_S
    assert found["1.2"][0] == "error" and "too large" in found["1.2"][2]
    assert found["1.1"][0] == "right"


def test_being_late_is_told_at_once_or_never() -> None:
    """Whether the time ends before, while or after the work does, nothing comes later."""
    late = 0
    for number in range(300):
        until = time.perf_counter() + number / 20_000  # a thread may keep Python for 5 ms
        with contextlib.suppress(run_module._JudgeTimeout):
            with run_module._within(0.0015):
                while time.perf_counter() < until:
                    pass
            continue
        late += 1
    sum(range(100_000))
    assert 0 < late < 300


def test_grading_can_be_profiled() -> None:
    """With an exception withdrawn, Python 3.11 went round in a circle under a profiler."""
    code = (
        "import sys\nfrom belgrade.grading import run\n"
        "def work(): pass\n"
        "sys.setprofile(lambda *_: None)\n"
        "with run._within(60): work()\n"
        "work()\nprint('done')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert done.stdout.split() == [b"done"]
