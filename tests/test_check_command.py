"""`check` in a notebook and `belgrade check` at a terminal agree, and cannot be bent."""

import copy
import json
import subprocess
import sys
import time
from types import SimpleNamespace

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from toy_exercise import RIGHT, toy_key

from belgrade import checks, cli
from belgrade.authoring.build import build_files
from belgrade.checks import examine, live
from belgrade.checks.compiled import read_compiled
from belgrade.checks.record import MIME

# One worker: the toy exercise is built once.
pytestmark = pytest.mark.xdist_group("check-command")
WRONG = {
    "answer-1": "per_million = 11 / 60 * 1000",
    "answer-2": "by_donor = flights[['donor', 'people']].rename(columns={'people': 'planes'})",
    "answer-3": "def share_pct(part, whole):\n    return whole - part",
    "answer-4": "ax = flights.plot.bar(x='donor', y='people')",
    "answer-5": "baseline = 'a'",
}
WORDS = {
    "90.1": "That is Italy's population.",
    "90.2": "These are people, not planes.",
    "90.3": "A share is a ratio, not a difference.",
    "90.4": "Planes, not people.",
    "90.5": "A count says nothing about need.",
}
ANOTHER = nbformat.writes(new_notebook(metadata={"belgrade": {"exercise": "02"}}))
PLUGINS = ("-p", "belgrade.checks.nbval_plugin", "-p", "no:cacheprovider")
PYTEST = [sys.executable, "-m", "pytest", "-q", *PLUGINS]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project folder with the toy exercise built in it."""
    root = tmp_path_factory.mktemp("project")
    (root / "exercises" / "keys").mkdir(parents=True)
    key = root / "exercises" / "keys" / "90_toy.ipynb"
    nbformat.write(toy_key(), key)
    build_files([key], root / "exercises", root / "packed", say=str)
    return root


@pytest.fixture(autouse=True)
def packed(root, monkeypatch):
    monkeypatch.setenv("BELGRADE_PACKED", str(root / "packed"))
    monkeypatch.chdir(root)


def submission(root, answers):
    notebook = nbformat.read(root / "exercises" / "90_toy.ipynb", as_version=4)
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
    return notebook


def checked(root, notebook, timeout=60):
    path = root / "mine.ipynb"
    nbformat.write(notebook, path)
    report = examine.check("90", path, timeout)
    return report, {row["question"]: row for row in report["questions"]}


@pytest.fixture
def once(monkeypatch):
    """Let nbval run the same assembled notebook only once; what is made of its records is anew."""
    usual = examine.run

    def run(notebook, *arguments, **options):
        text = json.dumps(notebook, sort_keys=True)
        if text not in ran:
            ran[text] = copy.deepcopy(usual(notebook, *arguments, **options))
        return copy.deepcopy(ran[text])

    monkeypatch.setattr(examine, "run", run)


ran = {}


def statuses(rows):
    return [row["status"] for row in rows.values()]


def test_an_unsolved_exercise_is_not_attempted(root, capsys):
    assert cli.main(["check", "90"]) == 1
    out = capsys.readouterr().out
    assert out.count("○ Not attempted") == 6
    assert 'Start with question 90.1; hint("90.1")' in out


def bend(notebook):
    """Do to a solved notebook what must not change its result."""
    cells = {cell.id: cell for cell in notebook.cells}
    cells["answer-1"].source = (
        "# NBVAL_SKIP\nimport belgrade.checks\nimport belgrade.checks.record\n"
        "belgrade.checks.check = lambda *a, **k: None\ncheck = belgrade.checks.check\n"
        "belgrade.checks.record.recording_check = None\nprint('debugging')\n"
    ) + cells["answer-1"].source
    cells["answer-2"].source = f"from math import pi\n{cells['answer-2'].source}\nhelper(1)"
    cells["check-2"].metadata["tags"] = ["nbval-skip", "raises-exception"]
    cells["check-3"].outputs = [new_output("stream", name="stdout", text="All right!")]
    cells["check-3"].execution_count = 99
    cells["check-5"].source = "# NBVAL_IGNORE_OUTPUT\nprint('yes')"
    notebook.cells.remove(cells["check-4"])
    notebook.cells.insert(5, new_code_cell("def helper(x):\n    return x"))
    notebook.cells.insert(0, new_markdown_cell("My notes"))
    notebook.cells.append(new_code_cell("1 / 0"))
    return notebook


def test_right_answers_stay_right_whatever_is_bent(root, capsys):
    nbformat.write(bend(submission(root, RIGHT)), root / "other name.ipynb")
    assert cli.main(["check", "90", "--file", str(root / "other name.ipynb")]) == 0
    out = capsys.readouterr().out
    assert out.count("✓ Right") == 5
    assert "To be marked by hand" in out
    for repair in ("check of 90.4 was missing", "check of 90.5 was edited", "Markers for nbval"):
        assert repair in out


def test_wrong_answers_get_their_words(root):
    report, rows = checked(root, bend(submission(root, WRONG)))
    assert {name: rows[name]["message"] for name in WORDS} == WORDS
    assert statuses(rows) == ["not_yet"] * 5 + ["not_attempted"]
    assert not examine.passed(report)
    assert sum(row["points"] for row in rows.values()) == 0


def test_what_breaks_costs_only_its_question(root):
    # The given cells have a minute each and draw a first chart, which is what takes time on a busy
    # machine; the time limit here is left to the endless loops.
    endless = (
        "def share_pct(part, whole):\n    while True:\n        try:\n            while True:\n"
        "                print('x')\n        except KeyboardInterrupt:\n            pass"
    )
    bad = {
        "answer-1": "while True:\n    pass",
        "answer-2": "by_donor = (",
        "answer-3": endless,
        "answer-5": "import os\nos._exit(1)",
    }
    _, rows = checked(root, submission(root, RIGHT | bad), timeout=3)
    assert statuses(rows) == ["error", "error", "error", "right", "error", "pending"]
    assert "longer than 3 s" in rows["90.1"]["message"]
    assert "Python could not read it" in rows["90.2"]["message"]
    assert "longer than 3 s" in rows["90.3"]["message"]
    assert "ended the kernel" in rows["90.5"]["message"]


@pytest.mark.parametrize(("cell", "runs"), [("data", 1), ("answer-1", 2)])
def test_a_kernel_that_ends_whatever_is_left_out_is_given_up(root, monkeypatch, cell, runs):
    """As where the set-up ends it, or a cell whose code was left out already."""
    lost, ran = {"lost": cell, "question": "90.1", "error": "the kernel died"}, []
    monkeypatch.setattr(examine, "_run_once", lambda *_: ran.append(1) or [lost])
    with pytest.raises(examine.ExamineError, match="The kernel ends again and again"):
        checked(root, submission(root, RIGHT))
    assert len(ran) == runs


@pytest.mark.usefixtures("once")
def test_a_notebook_of_another_version_is_told_so(root):
    old = submission(root, RIGHT)
    assert not any("versions" in note for note in checked(root, old)[0]["notes"])
    old.metadata["belgrade"]["version"] = "0123456789ab"
    report, rows = checked(root, old)
    assert sum("of different versions" in note for note in report["notes"]) == 1
    assert statuses(rows) == ["right"] * 5 + ["pending"]
    # What the notebook asks in another way than the checks is not judged by them.
    next(c for c in old.cells if c.id == "prompt-2").source += " Of 2025."
    report, rows = checked(root, old)
    assert statuses(rows) == ["right", "error", "right", "right", "right", "pending"]
    assert rows["90.2"]["message"].startswith("Not judged: ")
    assert rows["90.2"]["points"] == 0


@pytest.mark.usefixtures("once")
def test_checks_older_than_the_data_are_told_so(root, monkeypatch):
    solved = submission(root, RIGHT)
    assert not any("data have changed" in note for note in checked(root, solved)[0]["notes"])
    monkeypatch.setattr("belgrade.data.digest", lambda: "0123456789ab")
    report, rows = checked(root, solved)
    assert sum("The data have changed since" in note for note in report["notes"]) == 1
    assert statuses(rows) == ["right"] * 5 + ["pending"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "damaged or no notebook"),
        ('{"cells": [', "damaged or no notebook"),
        ("[1]", "damaged or no notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": [7], "metadata": {}}', "damaged or no"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {}}', "is no exercise"),
        (ANOTHER, "is exercise 02, not"),
    ],
)
def test_what_cannot_be_checked_is_said_in_a_line(root, capsys, text, words):
    path = root / "bad.ipynb"
    path.write_text(text, encoding="utf-8")
    assert cli.main(["check", "90", "--file", str(path)]) == 2
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1


def test_what_is_never_looked_at_costs_nothing_to_read(root):
    """Tags that are no text take nbformat a time that grows with their square."""
    cell = {
        "cell_type": "code",
        "id": "a",
        "source": "1",
        "execution_count": None,
        "outputs": [{"output_type": "nonsense"}] * 1000,
        "metadata": {"tags": [{"n": n} for n in range(5000)], "belgrade": {"question": "1"}},
    }
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"x": 1}, "cells": [cell]}
    path = root / "slow.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    start = time.process_time()
    (found,) = examine.read_notebook(path).cells
    assert time.process_time() - start < 1
    assert (found.source, found.outputs) == ("1", [])
    assert found.metadata == {"belgrade": {"question": "1"}}


def test_other_ways_to_call_it_wrongly(root, tmp_path, monkeypatch, capsys):
    for arguments, words in (
        (["check", "91"], "no checks for exercise 91"),
        (["check", "one"], "no exercise"),
        (["check"], "Which exercise"),
        (["check", "90", "--file", "none.ipynb"], "no file"),
    ):
        assert cli.main(arguments) == 2
        assert words in capsys.readouterr().err
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", "90"]) == 2
    assert "save the notebook first" in capsys.readouterr().err
    (tmp_path / "exercises").mkdir()
    for name in ("90_a.ipynb", "90_b.ipynb"):
        (tmp_path / "exercises" / name).write_text("", encoding="utf-8")
    assert cli.main(["check", "90"]) == 2
    assert "90_a.ipynb, 90_b.ipynb" in capsys.readouterr().err


def test_check_in_a_notebook_says_the_same(root, capsys):
    checks.check("90.1", 11 / 60 * 1000)
    assert capsys.readouterr().out == f"✗ Not yet · question 90.1\n{WORDS['90.1']}\n"
    checks.check("90.1", 1.58)
    assert capsys.readouterr().out == "✓ Right · question 90.1\n"
    checks.check("90.2", pd.DataFrame({"donor": ["China"], "planes": [1]}))
    assert "2 too few" in capsys.readouterr().out
    checks.check("90.9", 1)
    assert "no question '90.9'" in capsys.readouterr().out
    checks.check("77.1", 1)
    assert "no checks for exercise 77" in capsys.readouterr().out
    checks.check(None, object())
    assert "Could not be checked" in capsys.readouterr().out


def test_hints_come_step_by_step(capsys):
    live._hints_shown.clear()
    for words in ("Hint 1 of 2", "Hint 2 of 2", "Hint 1 of 2"):
        checks.hint("90.1")
        assert words in capsys.readouterr().out
    checks.hint("90.2")
    assert "no hint" in capsys.readouterr().out
    checks.hint("90.6")
    assert "no hint" in capsys.readouterr().out
    checks.hint("77.1")
    assert "no checks" in capsys.readouterr().out


def test_the_display_carries_the_answer_and_never_the_reference(root, monkeypatch):
    shown = []
    monkeypatch.setattr(live, "publish", lambda extra, page, text: shown.append((extra, page)))
    checks.check("90.1", 0.0158)
    bundle, page = shown[0][0][MIME], shown[0][1]
    assert bundle["answer"] == {"type": "number", "value": 0.0158}
    assert bundle["build"] == read_compiled("90")["version"]
    assert "≈ Close" in page
    assert "1.58" not in page
    checks.check("90.5", "<script>")
    assert "<script>" not in shown[1][1]


def test_a_chart_is_also_told_in_words(root, capsys):
    few = pd.Series([11, 3], index=["Russia", "China"], name="planes")
    many = pd.Series([float(n * n) for n in range(9)], name="squares")
    for data, kind, words in (
        (few, "bar", "Your chart “Aid” in words. planes (bars): Russia 11, China 3."),
        (many, "line", "squares (line): 9 values, lowest 0 at 0, highest 64 at 8."),
    ):
        ax = plt.figure().subplots()
        checks.check("90.4", data.plot(kind=kind, ax=ax, title="Aid", legend=True))
        assert words in capsys.readouterr().out
    checks.check("90.4", plt.figure().subplots())
    assert "in words" not in capsys.readouterr().out
    plt.close("all")


def test_check_notebook_without_a_second_process(root, monkeypatch, capsys):
    shell = SimpleNamespace(user_ns={"per_million": 1.58, "baseline": "a", "by_donor": ...})
    monkeypatch.setattr(live.sys, "platform", "emscripten")
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr(live, "publish", lambda extra, page, text: print(text))
    checks.check_notebook("90")
    out = capsys.readouterr().out
    assert "✓ Right" in out
    assert WORDS["90.5"] in out
    assert "Judged in this kernel" in out
    monkeypatch.setenv("BELGRADE_EXAM", "1")
    checks.check_notebook("90")
    assert capsys.readouterr().out == ""


def test_check_notebook_finds_its_own_file(root, monkeypatch):
    pages, seen = [], []
    report = examine.report_of(read_compiled("90"), [], ["A <note>."])
    monkeypatch.delenv("BELGRADE_EXAM", raising=False)
    monkeypatch.setattr(examine, "check", lambda *a: seen.append(a) or report)
    monkeypatch.setattr(live, "publish", lambda extra, page, text: pages.append(page))
    (root / "renamed.ipynb").write_text("", encoding="utf-8")
    monkeypatch.setenv("JPY_SESSION_NAME", "sub/renamed.ipynb")
    checks.check_notebook(90)
    assert seen == [("90", root / "renamed.ipynb")]
    assert pages[0].count("<tr>") == 7
    assert "A &lt;note&gt;." in pages[0]


def plain(notebook):
    """Return outcomes by nbval of the notebooks in a folder: {file::cell: passed}."""
    command = [*PYTEST, "--nbval", "-rA", "--color=no", "--nbval-current-env", "."]
    done = subprocess.run(command, cwd=notebook, capture_output=True, encoding="utf-8")
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    return {
        name.split(" - ")[0]: word == "PASSED"
        for word, name in (line for line in lines if len(line) == 2)
        if word in ("PASSED", "FAILED") and "::" in name
    }, done.stdout


def test_nbval_judges_keys_and_sees_what_it_would_let_pass(root, tmp_path):
    key = nbformat.read(root / "exercises" / "keys" / "90_toy.ipynb", as_version=4)
    noisy, wrong = copy.deepcopy(key), copy.deepcopy(key)
    cells = {c.id: c for c in noisy.cells}
    cells["answer-1"].source = cells["answer-1"].source.replace("6.945", "6.946")  # rounding
    {c.id: c for c in wrong.cells}["answer-1"].source = "per_million = 158.39"
    image = "from IPython.display import HTML\nimport os\n"
    image += 'HTML(f\'<img src="data:image/png;base64,{os.getpid()}" alt="a">\')'
    lesson = new_notebook(cells=[new_code_cell(code) for code in (image, "1 + 1", "object()")])
    shown = {"text/html": '<img src="data:image/png;base64,AAAA" alt="a">'}
    shown |= {"text/plain": "<IPython.core.display.HTML object>"}
    address = {"text/plain": "<object at 0x7f0000000000>"}
    for cell, count, stored in ((lesson.cells[0], 1, shown), (lesson.cells[2], 2, address)):
        cell.execution_count = count
        cell.outputs = [new_output("execute_result", stored, execution_count=count)]
    for name, notebook in (("noisy", noisy), ("wrong", wrong), ("lesson", lesson)):
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    outcomes, out = plain(tmp_path)
    failed = [name for name, good in outcomes.items() if not good]
    assert failed == ["lesson.ipynb::Cell 1", "wrong.ipynb::Cell 4"], out
    assert "no stored reference" in out
    assert "90.1 close: That is 100 times too large" in out
    assert len(outcomes) == 33


def test_the_plugin_rests_without_nbval(root):
    command = [*PYTEST, str(root / "exercises")]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8")
    assert done.returncode == 5, done.stdout
