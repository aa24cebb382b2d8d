"""The command `belgrade grade`: nothing lost, nothing graded twice, errors said in a line."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import tracemalloc
from pathlib import Path
from typing import Any

import machine
import nbformat
import pandas as pd
import pytest
from sandboxes import probe
from test_cases import batches_of, solved
from test_nbgrader import PARTLY, WARNS, WRONG
from toy_class import ROOT, ToyClass, marks, results, without_kernels
from toy_exercise import RIGHT

from belgrade import cli, files
from belgrade.authoring.cases import judge_in_process
from belgrade.checks.compiled import read_compiled
from belgrade.grading import GradingError
from belgrade.grading import grade as grading
from belgrade.grading.master import find_keys, master_of
from belgrade.grading.run import Run
from belgrade.grading.sandbox import KernelError, SandboxError
from belgrade.grading.store import locked

# One worker: what is made once is used by most tests here.
pytestmark = pytest.mark.xdist_group("grading-grade")
# The command without a sandbox, in a process of its own: see `fake_runs`.
DRIVER = """
import sys
sys.path[:0] = [{tests!r}]
import toy_class
from belgrade import cli
toy_class.without_kernels(setattr, [], pause={pause}, shown="x" * 60_000)
sys.exit(cli.main(sys.argv[1:]))
"""
STUDENTS = {"right": RIGHT, "partly": PARTLY, "wrong": WRONG, "warns": WARNS, "nothing": {}}


@pytest.fixture(scope="module")
def sandbox_option() -> tuple[str, ...]:
    """Where there is no sandbox, these tests, whose code does no harm, go without."""
    gone = machine.why_without("sandbox") or probe()
    return ("--no-sandbox",) if gone else ()


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToyClass:
    toy = ToyClass(tmp_path_factory.mktemp("class"))
    for student, answers in STUDENTS.items():
        toy.hand_in(student, answers)
    toy.hand_in("broken", "{")
    return toy


@pytest.fixture(scope="module")
def uninterrupted(toy: ToyClass, sandbox_option: tuple[str, ...]) -> Any:
    return toy.grade("--exercise", "90", "--workers", "2", *sandbox_option)


@pytest.fixture
def seeded(toy: ToyClass, uninterrupted: Any, tmp_path: Path) -> Path:
    """A folder for results, with nothing but the exercise made ready."""
    return seed(toy, tmp_path / "grades")


def seed(toy: ToyClass, out: Path) -> Path:
    shutil.copytree(toy.out / "masters", out / "masters")
    shutil.copy(toy.out / "grading.json", out)
    return out


def bare(found: dict[str, Any], *others: str) -> Any:
    """Return results without the seconds that they took, and without `others`."""
    without = ("seconds", *others)
    found = json.loads(
        json.dumps(found), object_hook=lambda d: {k: v for k, v in d.items() if k not in without}
    )
    for result in found.values():
        result.pop("stamp", None)
        result.pop("master", None)
    return found


def test_a_class_is_graded(toy: ToyClass, uninterrupted: Any) -> None:
    assert uninterrupted.returncode == 1, uninterrupted.stderr
    assert "5 graded, mean 51% of the points" in uninterrupted.stdout
    assert "3 wait for marks" in uninterrupted.stdout
    assert (
        "1 could not be graded:\n  broken (90_toy.ipynb): It is a damaged" in uninterrupted.stdout
    )
    found = results(toy.out)
    # The same as nbgrader gives, see test_nbgrader, without its seventh question.
    points = {student: result["points"] for student, result in found.items()}
    assert points == {"right": 7, "warns": 7, "partly": 4, "wrong": 0, "nothing": 0, "broken": 0}
    assert marks(found["partly"])["90.3"] == ("not_yet", 1)
    row = next(r for r in found["partly"]["questions"] if r["question"] == "90.3")
    assert [(p["part"], p["hidden"], p["status"]) for p in row["parts"]] == [
        ("", False, "right"),
        ("b", True, "not_yet"),
    ]
    assert row["message"] == "A further check, which runs only when work is marked, is not passed."
    pictures = next(r for r in found["right"]["questions"] if r["question"] == "90.4")["outputs"]
    assert [o["kind"] for o in pictures] == ["png"]
    # Of 10: three wait for a mark of 3, and a text that was not written has its 0.
    most = {student: result["max_points"] for student, result in found.items()}
    assert most == {"right": 7, "warns": 7, "partly": 7, "wrong": 10, "nothing": 10, "broken": 10}
    grades = pd.read_csv(toy.out / "grades.csv", index_col="student")
    assert grades["points"].to_dict() == points
    assert list((toy.out / "feedback").glob("right-*.html"))


def test_it_says_how_far_it_is(uninterrupted: Any) -> None:
    last = uninterrupted.stderr.rstrip().splitlines()[-1].rpartition("\r")[2]
    assert "6/6" in last and "1 could not be graded" in last


# --- stopped and started again ------------------------------------------------------------------


@pytest.fixture
def fake_runs(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Running code left out: an answer is right if its cell is that of RIGHT. Lists what ran."""
    ran: list[Any] = []
    without_kernels(monkeypatch.setattr, ran)
    return ran


@pytest.fixture
def small(toy: ToyClass, tmp_path: Path) -> ToyClass:
    """A class of three of its own, to be changed."""
    small = copy.copy(toy)
    small.handed_in = tmp_path / "submissions"
    small.handed_in.mkdir()
    small.keys = shutil.copytree(toy.keys, tmp_path / "keys")
    for student in ("ana", "bo", "cy"):
        small.hand_in(student, RIGHT | {"answer-2": f"# {student}"})
    return small


def run_grade(small: ToyClass, out: Path, *options: str) -> int:
    return cli.main(small.command(*options, out=out)[3:])


def test_only_what_changed_is_graded_anew(
    small: ToyClass, seeded: Path, fake_runs: list[Any], capsys: Any, tmp_path: Path
) -> None:
    def runs(*options: str) -> int:
        fake_runs.clear()
        assert run_grade(small, seeded, *options) == 0
        return len(fake_runs)

    assert runs("--timeout", "59") == 3 + 1  # the key first
    assert runs() == 3 + 1
    assert runs() == 0
    assert "3 graded (3 unchanged)" in capsys.readouterr().out
    small.hand_in("bo", RIGHT)
    assert runs() == 1
    assert results(seeded)["bo"]["points"] == 7
    shutil.rmtree(small.handed_in / "cy")
    assert runs() == 0
    assert set(results(seeded)) == {"ana", "bo"}
    assert "cy" not in (seeded / "grades.csv").read_text(encoding="utf-8-sig")
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name\nana,Ana Ilić\nbo,Bo\nzed,Zed\n", encoding="utf-8")
    assert runs("--roster", str(roster)) == 0
    assert results(seeded)["ana"]["name"] == "Ana Ilić"
    assert "Zed" in (seeded / "grades.csv").read_text(encoding="utf-8-sig")
    assert runs("--timeout", "61") == 2 + 1
    assert runs("--timeout", "61", "--fresh") == 2
    (small.handed_in / "ana" / "90_toy.ipynb").write_text("{", encoding="utf-8")
    assert run_grade(small, seeded, "--exercise", "90") == 1
    assert results(seeded)["ana"]["max_points"] == 10


def test_who_is_on_no_roster_is_named_and_hears_of_nobody_else(
    small: ToyClass, seeded: Path, fake_runs: list[Any], capsys: Any, tmp_path: Path
) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("student,name\nana,Ana\nbo,Bo\nap,Anna Pettersson\n", encoding="utf-8")
    small.hand_in("Ana Peterson", RIGHT | {"answer-2": "# different"})
    assert run_grade(small, seeded, "--roster", str(roster)) == 0
    told = capsys.readouterr().out
    assert "2 of nobody on the roster: Ana Peterson, cy. --match NAME=ID" in told
    assert "1 not handed in, by those on the roster." in told
    report = (seeded / "report.html").read_text(encoding="utf-8")
    assert "1 not handed in" in report and "2 of nobody on the roster" in report
    assert "close to it: Anna Pettersson (ap)" in report
    assert "Anna Pettersson (ap)" in (seeded / "grades.csv").read_text(encoding="utf-8-sig")
    (page,) = (seeded / "feedback").glob("*eterson*.html")
    assert "Pettersson" not in page.read_text(encoding="utf-8")


def test_another_key_asks_for_other_answers(
    small: ToyClass, seeded: Path, fake_runs: list[Any]
) -> None:
    """Changed parameters re-issue an exercise: the references follow, and all is graded anew."""
    assert run_grade(small, seeded) == 0
    before = master_of(small.keys / "90_toy.ipynb", seeded / "masters")
    key = small.keys / "90_toy.ipynb"
    text = key.read_text(encoding="utf-8").replace("PLANES = 11", "PLANES = 22")
    key.write_text(text, encoding="utf-8")
    fake_runs.clear()
    assert run_grade(small, seeded) == 0
    assert len(fake_runs) == 3 + 1
    after = master_of(key, seeded / "masters")
    assert before.version != after.version
    values = [m.checks[0]["reference"]["value"] for m in (before, after)]
    assert values == [pytest.approx(11 / 6.945), pytest.approx(22 / 6.945)]
    for cells in (after.fresh.cells, fake_runs[0].cells):
        assert "PLANES = 22" in [cell.source for cell in cells]


def test_a_wrong_turn_that_is_none_here_is_told_and_stops_nothing(
    small: ToyClass, seeded: Path, fake_runs: list[Any], capsys: Any
) -> None:
    key = small.keys / "90_toy.ipynb"
    text = key.read_text(encoding="utf-8")
    assert "11 / 60.0 * 1000" in text
    key.write_text(text.replace("11 / 60.0 * 1000", "PLANES / 6.945"), encoding="utf-8")
    assert run_grade(small, seeded) == 0
    assert (
        "question 90.1: wrong answer 1 is judged right. Graded without" in capsys.readouterr().out
    )


def test_marks_are_merged_and_kept(
    small: ToyClass, seeded: Path, fake_runs: list[Any], capsys: Any
) -> None:
    assert run_grade(small, seeded) == 0
    sheet = seeded / "marking" / "90_marks.csv"
    table = pd.read_csv(sheet, dtype="string")
    table.loc[table["student"] != "cy", "mark"] = "2.5"
    table.to_csv(sheet, index=False)
    merge = ["grade", "--merge", str(sheet), "--out", str(seeded)]
    assert cli.main(merge) == 1
    output = capsys.readouterr().out
    assert "1 answer has no mark" in output
    assert "Marks changed for 2 of 3 submissions." in output
    assert cli.main(merge) == 1
    assert "Marks changed for 0 of 3" in capsys.readouterr().out
    grades = pd.read_csv(seeded / "grades.csv", index_col="student")
    assert grades.loc["ana", "points"] == 6 + 2.5
    assert results(seeded)["ana"]["questions"][0]["outputs"]  # merging leaves the rest as it was
    # Other code, the same text: the mark stays. Another text: it goes, and a note says so.
    small.hand_in("ana", RIGHT)
    small.hand_in("bo", RIGHT | {"w-6": "Because of something else."})
    assert run_grade(small, seeded) == 0
    found = results(seeded)
    assert found["ana"]["points"] == 7 + 2.5
    assert found["bo"]["points"] == 7
    assert any("was marked and has changed since" in note for note in found["bo"]["notes"])


def test_who_is_alike_is_said_only_if_asked_and_tutors_stay(
    small: ToyClass, seeded: Path, fake_runs: list[Any]
) -> None:
    assert run_grade(small, seeded, "--alike", "--tutors", "2") == 0
    assert "no class of 10" in (seeded / "alike.html").read_text(encoding="utf-8")
    assert run_grade(small, seeded) == 0
    assert not (seeded / "alike.html").exists()
    assert (seeded / "marking" / "90_answers_tutor_2.html").exists()


def test_killed_ten_times_it_comes_to_the_same(
    toy: ToyClass, uninterrupted: Any, sandbox_option: tuple[str, ...], tmp_path: Path
) -> None:
    """Twice with code that runs, and, since that takes long to start, eight times without.

    Those eight are a class so large that it is not done before the last of them.
    """
    large = copy.copy(toy)
    large.handed_in = shutil.copytree(toy.handed_in, tmp_path / "submissions")
    for n in range(48):
        large.hand_in(f"s{n}", RIGHT)
    script = tmp_path / "driver.py"
    script.write_text(DRIVER.format(tests=str(Path(__file__).parent), pause=0.2), encoding="utf-8")
    options = ("--exercise", "90", "--workers", "2")
    real = toy.command(*options, *sandbox_option, out=tmp_path / "real")
    stub = [sys.executable, str(script), *large.command(*options, out=tmp_path / "stub")[3:]]
    whole = [str(tmp_path / "whole") if w == str(tmp_path / "stub") else w for w in stub]
    chance, stopped = random.Random(6), 0
    for out in ("real", "stub"):
        seed(toy, tmp_path / out)
    for n in range(10):
        command, out = (real, tmp_path / "real") if n < 2 else (stub, tmp_path / "stub")
        process = subprocess.Popen(
            command,
            cwd=toy.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=toy.environment(TMPDIR=str(tmp_path)),
        )
        # From the start of the work, which leaves its first trace in the folder, not of Python.
        before, deadline = time.time(), time.monotonic() + 60
        while not list(out.glob(".staging-*")) and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 4 if n < 2 else 0.5))
        process.send_signal(chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
        stopped += process.wait(60) in (-signal.SIGKILL, -signal.SIGTERM, 130)
        assert time.time() - before < 90
        for path in (out / "results").glob("*.json"):
            json.loads(path.read_text(encoding="utf-8"))
    assert stopped >= 8  # with code that runs, the class may be done
    for command, out in ((real, "real"), (stub, "stub"), (whole, "whole")):
        done = subprocess.run(command, cwd=toy.folder, env=toy.environment(), capture_output=True)
        assert done.returncode == 1, done.stderr
        made = {p.name for p in (tmp_path / out).iterdir()}
        assert made == {p.name for p in toy.out.iterdir()}
    assert bare(results(tmp_path / "real")) == bare(results(toy.out))
    assert bare(results(tmp_path / "stub")) == bare(results(tmp_path / "whole"))


def test_ctrl_c_keeps_what_is_done(
    small: ToyClass, seeded: Path, fake_runs: list[Any], monkeypatch: Any, capsys: Any
) -> None:
    good, ran, before = grading.run, [], set()

    def stopped(notebook: Any, *arguments: Any, **options: Any) -> Run:
        if any("# cy" in cell.source for cell in notebook.cells):
            for _ in range(1200):  # what ran before is judged and written meanwhile
                if len(results(seeded)) == len(ran):
                    break
                time.sleep(0.05)
            before.update(results(seeded))
            raise KeyboardInterrupt
        done = good(notebook, *arguments, **options)
        ran.append(notebook)
        return done

    monkeypatch.setattr(grading, "run", stopped)
    assert run_grade(small, seeded, "--workers", "1") == 130
    assert "Stopped. The same command goes on from here." in capsys.readouterr().err
    # Two are read at once: one of them is written when cy's turn comes, which of them is chance,
    # and the other may be read, or run, while all stops.
    kept = set(results(seeded))
    assert before and before <= kept <= {"ana", "bo"}
    monkeypatch.setattr(grading, "run", good)
    assert run_grade(small, seeded, "--workers", "1") == 0
    assert f"3 graded ({len(kept)} unchanged)" in capsys.readouterr().out


# --- what can go wrong around it ----------------------------------------------------------------


def test_a_full_disk_keeps_what_was_graded(small: ToyClass, seeded: Path, tmp_path: Path) -> None:
    for n in range(12):
        small.hand_in(f"s{n}", RIGHT)
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER.format(tests=str(Path(__file__).parent), pause=0), encoding="utf-8")
    disk = tmp_path / "disk"
    disk.mkdir()
    grade = [sys.executable, str(driver), *small.command(out=disk / "grades")[3:]]
    script = textwrap.dedent("""
        mount -t tmpfs -o size=600k tmpfs "$1" || exit 77
        cp -r "$2" "$1/grades" || exit 77
        shift 2
        "$@"; echo "first $?"
        ls "$OUT/results"
        mount -o remount,size=20m tmpfs "$DISK" && "$@"; echo "second $?"
        cat "$OUT"/results/*.json | grep -c '"state": "graded"'
    """)
    command = ["unshare", "-Urm", "sh", "-c", script, "sh", str(disk), str(seeded), *grade]
    env, done = small.environment(OUT=str(disk / "grades"), DISK=str(disk)), None
    if shutil.which("unshare"):
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, encoding="utf-8")
    if done is None or done.returncode == 77 or "unshare:" in done.stderr:
        why = "a small disk can be mounted only where user namespaces are allowed"
        pytest.skip(machine.reason("sandbox", why))
    assert "first 2\n" in done.stdout, done.stdout + done.stderr
    assert done.stderr.count("The disk is full") == 1
    assert "make room and give the same command again" in done.stderr
    first = done.stdout.split("first 2\n")[1].split()
    assert 1 <= len([name for name in first if name.endswith(".json")]) < 15
    assert "second 0\n15\n" in done.stdout
    assert "unchanged)" in done.stdout


def test_a_write_that_fails_leaves_the_old_file(
    small: ToyClass, seeded: Path, fake_runs: list[Any], monkeypatch: Any, capsys: Any
) -> None:
    assert run_grade(small, seeded) == 0
    before = bare(results(seeded))
    small.hand_in("ana", RIGHT)
    with_retries = files.with_retries

    def full(act: Any, path: Path, to: Path) -> None:
        if "ana" in to.name:
            raise OSError(28, "No space left on device", str(to))
        with_retries(act, path, to)

    monkeypatch.setattr(files, "with_retries", full)
    assert run_grade(small, seeded) == 2
    assert "The disk is full" in capsys.readouterr().err
    assert bare(results(seeded)) == before
    monkeypatch.setattr(files, "with_retries", with_retries)
    assert run_grade(small, seeded) == 0
    assert results(seeded)["ana"]["points"] == 7
    assert not list(seeded.rglob(".belgrade-*"))


def test_only_one_run_at_a_time(small: ToyClass, seeded: Path, fake_runs: Any, capsys: Any) -> None:
    with locked(seeded / ".lock"):
        assert run_grade(small, seeded) == 2
    assert "Another grading is at work" in capsys.readouterr().err
    assert run_grade(small, seeded) == 0


def test_what_cannot_begin_says_why(
    small: ToyClass, tmp_path: Path, fake_runs: Any, monkeypatch: Any, capsys: Any
) -> None:
    def refused(words: str, *command: str) -> None:
        assert cli.main(["grade", *command]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") <= 2

    handed_in, keys, out = str(small.handed_in), str(small.keys), str(tmp_path / "new")
    with_keys = ("--keys", keys)
    refused("lie one in the other", handed_in, "--out", f"{handed_in}/grades", *with_keys)
    refused("lie one in the other", handed_in, "--out", str(tmp_path), *with_keys)
    refused("lie one in the other", handed_in, "--out", f"{keys}/grades", *with_keys)
    refused("no nowhere", "nowhere", "--out", out, *with_keys)
    refused("no key of exercise 77", handed_in, "--out", out, "--exercise", "77", *with_keys)
    refused("'x' is no exercise", handed_in, "--out", out, "--exercise", "x", *with_keys)
    refused("no answer key", handed_in, "--out", out, "--keys", handed_in)
    refused("greater than 0", handed_in, "--out", out, "--timeout", "0", *with_keys)
    refused("What to grade?", "--out", out)
    refused("one at a time", handed_in, "--merge", "x.csv", "--out", out)
    refused("grade first", "--merge", "x.csv", "--out", out)
    (tmp_path / "empty").mkdir()
    refused("no file in", str(tmp_path / "empty"), "--out", out, *with_keys)
    refused("x.csv", handed_in, "--out", out, "--roster", str(tmp_path / "x.csv"), *with_keys)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("", encoding="utf-8")
    refused("holds other things", handed_in, "--out", str(tmp_path / "mine"), *with_keys)
    refused("is a file", handed_in, "--out", str(tmp_path / "mine" / "thesis.txt"), *with_keys)

    with monkeypatch.context() as without:
        without.setattr(grading, "NEEDED", ("jinja2", "nowhere_to_be_found"))
        refused("pip install 'belgrade[grade]'", handed_in, "--out", out, *with_keys)

    def missing(*_: Any, **options: Any) -> None:
        raise SandboxError("Install bubblewrap: apt install bubblewrap.")

    monkeypatch.setattr(grading, "Sandbox", missing)
    refused("apt install bubblewrap", handed_in, "--out", out, *with_keys)
    assert not (tmp_path / "new" / "results").exists()
    assert not (tmp_path / "new" / "masters").exists()
    assert not list((tmp_path / "new").glob(".staging*"))


def test_the_risk_is_said_loudly(
    small: ToyClass, seeded: Path, fake_runs: Any, capsys: Any
) -> None:
    assert run_grade(small, seeded, "--no-sandbox") == 0
    assert "WARNING: no sandbox. Students' code runs as you" in capsys.readouterr().out


def test_a_fault_of_ours_costs_one_row(
    small: ToyClass, seeded: Path, fake_runs: Any, monkeypatch: Any, capsys: Any
) -> None:
    good = grading.run

    faults = {
        "The grader itself failed (ZeroDivisionError: oh)": ZeroDivisionError("oh"),
        "The system refused it ([Errno 13] Not now)": OSError(13, "Not now"),
    }

    def bad(notebook: Any, *arguments: Any, **options: Any) -> Run:
        if any("# bo" in cell.source for cell in notebook.cells):
            raise faults[words]
        return good(notebook, *arguments, **options)

    monkeypatch.setattr(grading, "run", bad)
    for words in faults:
        assert run_grade(small, seeded) == 1
        assert words in capsys.readouterr().out
    monkeypatch.setattr(grading, "run", good)
    assert run_grade(small, seeded) == 0  # what was not the student's fault is tried again
    assert results(seeded)["bo"]["points"] == 6

    def none(*arguments: Any, **options: Any) -> Run:
        if len(arguments[0].cells) and any("# c" in c.source for c in arguments[0].cells):
            return good(*arguments, **options)
        raise KernelError("A kernel did not start.")

    monkeypatch.setattr(grading, "run", none)
    for student in ("d", "e", "f", "g"):
        small.hand_in(student, RIGHT)
    assert run_grade(small, seeded) == 2
    assert "A kernel did not start." in capsys.readouterr().err
    assert set(results(seeded)) >= {"ana", "bo", "cy"}


def test_a_key_must_get_its_own_points(
    small: ToyClass, seeded: Path, fake_runs: Any, monkeypatch: Any, capsys: Any
) -> None:
    good = grading.run

    def bad(*arguments: Any, **options: Any) -> Run:
        done = good(*arguments, **options)
        done.records[0] |= {"status": "not_yet", "points": 0, "message": "Not yet: you have 3."}
        return done

    monkeypatch.setattr(grading, "run", bad)
    assert run_grade(small, seeded, "--timeout", "59") == 2
    output = capsys.readouterr().err
    assert "key of exercise 90 does not get its own points here: question 90.1: Not yet" in output


def test_keys_that_cannot_be_used(small: ToyClass, tmp_path: Path) -> None:
    key = small.keys / "90_toy.ipynb"
    text = key.read_text(encoding="utf-8")
    shutil.copy(key, small.keys / "another.ipynb")
    with pytest.raises(GradingError, match="Two keys are of exercise 90"):
        find_keys(small.keys)
    (small.keys / "another.ipynb").write_text(text.replace('question = \\"90', 'ask = \\"90'))
    with pytest.raises(GradingError, match=r"another\.ipynb is no sound key"):
        find_keys(small.keys)
    (small.keys / "another.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(GradingError, match=r"another\.ipynb cannot be read"):
        find_keys(small.keys)
    key.write_text(text.replace("PLANES = 11", "PLANES = eleven"), encoding="utf-8")
    with pytest.raises(GradingError, match="The answer key does not run: 90_toy"):
        master_of(key)


def test_memory_does_not_grow_with_the_class(
    small: ToyClass, seeded: Path, fake_runs: Any, monkeypatch: Any
) -> None:
    good = grading.run

    def long(*arguments: Any, **options: Any) -> Run:
        done = good(*arguments, **options)
        picture = {"kind": "png", "data": "iVBORw0KGgo=" * 100_000, "text": ""}
        done.outputs["answer-4"] = [picture]
        return done

    monkeypatch.setattr(grading, "run", long)
    for n in range(40):
        small.hand_in(f"s{n}", RIGHT)
    tracemalloc.start()
    assert run_grade(small, seeded, "--workers", "1") == 0
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(p.stat().st_size for p in (seeded / "results").glob("*.json")) > 45_000_000
    assert peak < 25_000_000


# --- the same marks everywhere ------------------------------------------------------------------


def test_without_a_sandbox_it_gives_the_same_grades(
    toy: ToyClass, uninterrupted: Any, seeded: Path, tmp_path: Path
) -> None:
    few = copy.copy(toy)
    few.handed_in = tmp_path / "submissions"
    few.handed_in.mkdir()
    for student in ("right", "partly"):
        shutil.copytree(toy.handed_in / student, few.handed_in / student)
    done = few.grade("--no-sandbox", out=seeded)
    assert done.returncode == 0, done.stderr
    found, wanted = results(seeded), results(toy.out)
    for student in ("right", "partly"):
        assert bare(found)[student] == bare(wanted)[student]


def test_the_same_answers_get_the_same_marks(
    sandbox_option: tuple[str, ...], tmp_path: Path, monkeypatch: Any
) -> None:
    """On a real exercise: graded here, and judged at once as in the notebook."""
    import matplotlib

    matplotlib.use("agg")
    monkeypatch.setenv("BELGRADE_EXAM", "1")
    compiled, of_cases = read_compiled("03"), batches_of("03")
    batches = [of_cases[0], of_cases[4]]
    for n, batch in enumerate(batches):
        folder = tmp_path / "submissions" / f"s{n}"
        folder.mkdir(parents=True)
        nbformat.write(solved(compiled, batch), folder / compiled["file"])
    keys = ROOT / "exercises" / "keys"
    command = ["grade", str(tmp_path / "submissions"), "--out", str(tmp_path / "grades")]
    assert cli.main([*command, "--keys", str(keys), *sandbox_option]) == 0
    found = results(tmp_path / "grades")
    worth = {e["question"]: e["spec"]["points"] for e in compiled["checks"]}
    for n, batch in enumerate(batches):
        rows = {row["question"]: row for row in found[f"s{n}"]["questions"]}
        for question, (status, message) in judge_in_process(compiled, batch).items():
            part = next(p for p in rows[question]["parts"] if p["part"] == "")
            assert part["status"] == status, (question, batch[question])
            if status != "error":
                assert part["message"] == ("" if status == "right" else message)
            assert (part["points"] == worth[question]) == (status == "right")
    unwritten = sum(spec["points"] for spec in compiled["written"])
    assert found["s0"]["points"] == found["s0"]["max_points"] - unwritten
    assert os.environ.get("BELGRADE_EXAM") == "1"
