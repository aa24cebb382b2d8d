"""The grader's runner: nbval's verdicts on every answer of the corpus, within bounds."""

from __future__ import annotations

import os
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from fresh_copies import examined
from sandboxes import shared_sandbox
from test_cases import NUMBERS, answer_cells, cases_of, solved, with_code

from belgrade.checks import examine
from belgrade.checks.assemble import assemble, fresh_copy
from belgrade.checks.pack import read_pack
from belgrade.grading import run as run_module
from belgrade.grading.kernels import Kernels
from belgrade.grading.run import Run, run

pytestmark = pytest.mark.xdist_group("sandbox")
# The runner is what is tested here, not matplotlib: no verdict depends on a drawn picture.
PLAIN = "get_ipython().display_formatter.formatters['image/png'].enabled = False"


@pytest.fixture(scope="module")
def box() -> Kernels:
    return shared_sandbox()


def assembled(number: str, answers: dict[str, str]) -> Any:
    """Return a fresh copy of an exercise with these sources in its answer cells."""
    pack = read_pack(number)
    notebook, repairs = assemble(
        fresh_copy(pack["notebook"], pack["checks"]), solved(pack, answers)
    )
    assert repairs == []
    return notebook


def by_question(records: list[dict[str, Any]]) -> dict[str, tuple[str, float, str]]:
    return {
        r["question"]: (r["status"], r["points"], r["message"])
        for r in records
        if r["part"] == "" and "status" in r
    }


@pytest.mark.parametrize("number", NUMBERS)
def test_every_case_gets_the_verdict_that_nbval_gives(number: str, box: Kernels) -> None:
    """What tests/test_cases.py shows of nbval, case by case."""

    def runner(notebook: Any) -> tuple[list[dict[str, Any]], dict[str, str]]:
        notebook.cells.insert(0, nbformat.v4.new_code_cell(PLAIN, id="plain"))
        result = run(notebook, box)
        return result.records, result.lost

    pack, cases, sources = read_pack(number), cases_of(number), answer_cells(number)
    batches = [
        {q: with_code(sources[q], of_it[n][0]) for q, of_it in cases.items() if n < len(of_it)}
        for n in range(max(map(len, cases.values())))
    ]
    faults = []
    reports = examined(pack, [solved(pack, batch) for batch in batches], runner)
    for n, (batch, (found, _)) in enumerate(zip(batches, reports, strict=True)):
        for question in batch:
            code, status, words = cases[question][n]
            now, said = found.get(question, ("no verdict", ""))
            if now != status or words not in said:
                faults.append(f"{question}: {code}\nwanted {status}: {words}\n{now}: {said}")
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


def test_errors_late_cells_and_dead_kernels_are_told_as_nbval_tells_them(box: Kernels) -> None:
    records, lost = examine.run(toy(BOTH), timeout=2)
    assert set(lost) == {"1.2"}
    with Kernels(sandbox=False) as ordinary:
        for source in (box, ordinary):
            ours = run(toy(BOTH), source, cell_timeout=2)
            assert by_question(ours.records) == by_question(records)
            assert ours.lost == lost


SLEEP = "import time; time.sleep(99)"
FATAL = {
    "os._exit": ("import os; os._exit(0)", "the kernel died"),
    "exit": ("exit()", "the kernel died"),
    "killed": ("import os; os.kill(os.getpid(), 9)", "the kernel died"),
    "silent": (
        "get_ipython().kernel.iopub_thread.stop()",
        "OutputError: more than 20 MB of output",
    ),
    "crash": ("import ctypes; ctypes.string_at(0)", "the kernel died"),
    "loop": (SLEEP, "TimeoutError: longer than 2 s"),
    "stubborn": (
        f"while True:\n    try:\n        {SLEEP}\n    except BaseException: pass",
        "TimeoutError: longer than 2 s",
    ),
}


@pytest.mark.parametrize("kind", FATAL)
def test_what_ends_a_kernel_costs_its_question_only(kind: str, box: Kernels) -> None:
    code, error = FATAL[kind]
    start = time.monotonic()
    result = run(toy({2: code}), box, cell_timeout=2)
    assert time.monotonic() - start < 15
    found = by_question(result.records)
    assert result.lost == {"1.2": error} or kind == "loop"
    assert [found[q][0] for q in QUICK if q != "1.2"] == ["right"] * 3


def test_an_end_in_a_given_cell_costs_the_last_code_before_it(box: Kernels) -> None:
    """Here the last cell, `check_notebook`, ends the kernel: no fault of the exercise."""
    result = run(toy({4: "check_notebook = lambda number: __import__('os')._exit(3)"}), box)
    assert result.lost["1.4"] == "the kernel died"
    found = by_question(result.records)
    assert [found[q][0] for q in QUICK if q != "1.4"] == ["right"] * 3


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
    # What ipykernel would not send: a message of many large frames, and errors without end.
    "frames": (
        "import time\nkernel = get_ipython().kernel\n"
        "kernel.iopub_thread.socket.send_multipart([bytes(8 * 2**20)] * 100, copy=False)\n"
        "time.sleep(9)",
        r"OutputError",
    ),
    "errors": (
        "kernel = get_ipython().kernel\nfor n in range(60):\n    kernel.session.send("
        "kernel.iopub_socket, 'error', {'ename': 'E', 'evalue': 'x' * 250_000},"
        " parent=kernel.get_parent())",
        None,
    ),
}


@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of_output_is_cut_and_costs_nothing_else(kind: str, box: Kernels) -> None:
    code, error = FLOODS[kind]
    before, start = _memory(), time.monotonic()
    result = run(toy({2: code}), box, cell_timeout=12)
    assert time.monotonic() - start < 30
    assert _memory() - before < 150e6
    found = by_question(result.records)
    assert [found[q][0] for q in QUICK if q != "1.2"] == ["right"] * 3
    assert re.search(error or "Right", result.lost.get("1.2", found["1.2"][2]))
    kept = sum(len(o.get("text", "")) + len(o.get("data", "")) for o in _all(result))
    assert kept < 2_500_000


def _all(result: Run) -> list[dict[str, str]]:
    return [output for of_cell in result.outputs.values() for output in of_cell]


def _memory() -> int:
    """Return the bytes that this process has in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _held() -> int:
    """Return the number of open files and threads of this process."""
    return len(os.listdir("/proc/self/fd")) + threading.active_count()


def test_what_all_cells_showed_is_bounded_too(box: Kernels, monkeypatch: Any) -> None:
    monkeypatch.setattr(run_module, "KEEP_IN_ALL", 500)
    result = run(toy(dict.fromkeys((1, 2, 3), "print('x' * 200)")), box)
    assert sum(len(o["text"]) for o in _all(result)) < 500
    assert "Further output was left out." in result.notes


def test_outputs_are_kept_for_the_feedback(box: Kernels) -> None:
    code = (
        "print('here')\nimport sys; print('there', file=sys.stderr)\n"
        "from matplotlib import pyplot\npyplot.plot([1, 2]); pyplot.show()\n"
        "h = display('first', display_id='h'); h.update('second')"
    )
    result = run(toy({1: code, 2: "raise KeyError('gone')"}), box)
    (shown,) = [o for o in result.outputs.values() if o[0].get("text", "").startswith("here")]
    assert [o["kind"] for o in shown] == ["text", "png", "text"]
    assert shown[0]["text"] == "here\nthere\n"
    assert run_module._clean("half \ud800") == "half ?"
    assert {"kind": "error", "text": "KeyError: 'gone'"} in _all(result)


def test_time_in_all_is_bounded_and_what_was_judged_stays(box: Kernels) -> None:
    start = time.monotonic()
    sleepy = {n: "import time; time.sleep(2)" for n in (2, 3, 4)}
    result = run(toy(sleepy), box, total_timeout=3)
    assert time.monotonic() - start < 9
    assert by_question(result.records)["1.1"][0] == "right"
    assert "TimeoutError: longer than 3 s in all" in result.lost.values()
    assert "1.1" not in result.lost


FORGED = """
from ipykernel.kernelapp import IPKernelApp
session, socket = IPKernelApp.instance().session, IPKernelApp.instance().iopub_socket
answer = "application/vnd.belgrade.answer+json"
for kind, content in [
    ("stream", '{"text": 5}'), ("stream", "{}"), ("stream", "[]"), ("error", "null"), ("", "{"),
    ("status", "[]"), ("display_data", '{"data": []}'), ("clear_output", "{}"),
    ("display_data", '{"data": {"image/png": "!!"}}'), ("error_", "[" * 100_000),
    ("display_data", '{"data": {"%s": "[[["}}' % answer),
    ("display_data", '{"data": {"%s": {"question": "1.1", "answer": {}}}}' % answer),
    ("update_display_data", '{"data": {}, "transient": {"display_id": []}}'),
]:
    frames = session.serialize(session.msg(kind, {}, parent=get_ipython().get_parent()))
    frames[-1] = content.encode()
    frames[1] = session.sign(frames[2:])
    socket.send_multipart([b"topic", *frames])
socket.send_multipart([b"stream", b"<IDS|MSG>", b"", b"{", b"", b"", b""])
socket.send_multipart([b""])
"""


def test_messages_that_are_none_change_nothing(box: Kernels) -> None:
    found = by_question(run(toy({1: FORGED}), box).records)
    assert [found[q] for q in QUICK] == [("right", found[q][1], "Right.") for q in QUICK]


def test_memory_and_handles_stay_flat(box: Kernels) -> None:
    small = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('x' * 10**6)")])
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: run(small, box), range(10)))
        before = _memory(), _held()
        list(pool.map(lambda _: run(small, box), range(40)))
    grown, end = _memory() - before[0], time.monotonic() + 9
    assert grown < 10e6  # 40 MB went through
    while (now := _held()) > before[1] and time.monotonic() < end:  # zmq closes its own in a while
        time.sleep(0.1)
    assert now <= before[1]
    assert len(list(Path(box._box.folder).iterdir())) <= 3
