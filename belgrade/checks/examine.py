"""Check a student's notebook: put the answers into a fresh copy and let nbval run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import textwrap
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade import data
from belgrade.checks import versions
from belgrade.checks.assemble import about, assemble, fresh_copy, role
from belgrade.checks.cells import source_of
from belgrade.checks.compiled import read_compiled
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.judge import (
    CLOSE,
    ERROR,
    NOT_ATTEMPTED,
    NOT_YET,
    PENDING,
    RIGHT,
    error_message,
    judge,
)
from belgrade.checks.matching import CALL
from belgrade.checks.reading import NOTES, ExamineError, read_notebook
from belgrade.checks.spec import exercise_of
from belgrade.checks.status import AS_IN_JUPYTER, STATUS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from nbformat import NotebookNode

    from belgrade.checks.compiled import Compiled
    from belgrade.checks.spec import Spec

Record = dict[str, Any]  # how a part of a question fared, as nbval's plugin writes it down
Report = dict[str, Any]  # as `check` describes it

OTHER_VERSION = {
    "status": ERROR,
    "points": 0,
    "message": "Not judged: the module's checks ask this question in another way (see below).",
}
CELL_TIMEOUT_S = 60
MOST_RUNS = 12


def check(
    exercise: str,
    path: Path | str | None = None,
    timeout: float = CELL_TIMEOUT_S,
    folder: Path | None = None,
) -> Report:
    """Return the report on exercise `exercise` ("01") as saved at `path`, or as found.

    A report is a dict: exercise, file, questions (question, title, status, points, max_points,
    message, seconds), notes and next, each a sentence. `timeout` is in seconds a cell. Raises
    ExamineError or ChecksError where nothing can be checked.
    """
    compiled = read_compiled(exercise)
    path = Path(path) if path else find_notebook(compiled, folder or Path.cwd())
    submitted = read_notebook(path)
    compiled = read_compiled(exercise, version=about(submitted).get("version"))
    _right_exercise(compiled, submitted, path)
    notebook, repairs = assemble(fresh_copy(compiled["notebook"], compiled["checks"]), submitted)
    records, aborted = run(notebook, timeout, cwd=path.resolve().parent)
    changed = versions.changed(submitted, compiled)
    records = [r | OTHER_VERSION if r["question"] in changed else r for r in records]
    saved = time.strftime("%H:%M", time.localtime(path.stat().st_mtime))
    notes = [f"Checked {path.name} as saved at {saved}; save again after a change."]
    mine, ours = about(submitted), about(compiled["notebook"])
    if mine.get("version") != compiled["version"] and not versions.has_lost_its_mark(
        submitted, compiled
    ):
        made = mine.get("made", ""), ours.get("made", "")
        notes.append(versions.version_message(*made, judged=""))
    if compiled.get("data") != data.digest():
        notes.append(
            "The data have changed since these checks were built: update the module, or, if it is "
            "yours, run `belgrade build`."
        )
    report = report_of(
        compiled, records + written_records(notebook, compiled["written"]), notes, aborted
    )
    report["notes"] += dict.fromkeys([*submitted.metadata[NOTES], *repairs])
    return report | {"file": str(path)}


def find_notebook(compiled: Compiled, folder: Path) -> Path:
    """Return the path of the student's notebook, looked for from `folder` upwards."""
    number = compiled["exercise"]
    for place in [folder, *Path(folder).resolve().parents]:
        for here in (Path(place), Path(place) / "exercises"):
            if (here / compiled["file"]).is_file():
                return here / compiled["file"]
            found = sorted(here.glob(f"{number}_*.ipynb")) if here.name == "exercises" else []
            if len(found) == 1:
                return found[0]
            if found:
                names = ", ".join(p.name for p in found)
                raise ExamineError(f"Several notebooks fit ({names}): say which with --file.")
    raise ExamineError(
        f"There is no {compiled['file']} here: save the notebook first, or give its path with "
        "--file."
    )


def exercise_in(notebook: NotebookNode) -> str | None:
    """Return the number of the exercise that a notebook is ("01"), or None.

    Metadata say it; where they are lost, the questions that its cells check.
    """
    named = about(notebook).get("exercise")
    if named:
        return str(named)
    questions = [about(c).get("question") for c in notebook.cells]
    if found := next((exercise_of(q) for q in questions if q), None):
        return found
    code = "\n".join(source_of(c) for c in notebook.cells if c.cell_type == "code")
    called = Counter(exercise_of(q) for q in CALL.findall(code))
    return called.most_common(1)[0][0] if called else None


def _right_exercise(compiled: Compiled, submitted: NotebookNode, path: Path) -> None:
    number = exercise_in(submitted)
    if number == compiled["exercise"]:
        return
    known = {c["id"] for c in compiled["notebook"]["cells"]}
    if number is None and any(c.get("id") in known for c in submitted.cells):
        return
    what = f"exercise {number}" if number else "no exercise of this module"
    raise ExamineError(f"{path.name} is {what}, not exercise {compiled['exercise']}.")


def run(
    notebook: NotebookNode, timeout: float = CELL_TIMEOUT_S, cwd: Path | None = None
) -> tuple[list[Record], dict[str, str]]:
    """Let nbval run an assembled notebook in a process of its own; return (records, aborted).

    After a cell that ended the kernel the rest is run again without it; `aborted` says, for each
    such question, with what its code ended. `cwd` is the kernel's working folder.
    """
    aborted: dict[str, str] = {}
    cells = {cell["id"]: cell for cell in notebook.cells}
    for _ in range(MOST_RUNS):
        records = _run_once(notebook, timeout, cwd)
        fatal = next((r for r in records if "lost" in r), None)
        if fatal is None:
            return records, aborted
        cell = cells[fatal["lost"]]
        if not cell.source.strip() or role(cell) == "setup":
            break
        # What ran into the time limit would do so again: it is left out as well.
        for record in [fatal, *(r for r in records if "late" in r)]:
            aborted.setdefault(record["question"], record["error"])
            cells[record.get("late") or record["lost"]].source = ""
    raise ExamineError("The kernel ends again and again; check your cells one by one.")


def _run_once(notebook: NotebookNode, timeout: float, cwd: Path | None) -> list[Record]:
    with tempfile.TemporaryDirectory(prefix="belgrade-") as name:
        folder = Path(name)
        file, report, settings = (folder / n for n in ("copy.ipynb", "report.json", "pytest.ini"))
        nbformat.write(notebook, file)
        settings.write_text("[pytest]\n", encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            f"-c{settings}",
            f"--rootdir={folder}",
            "-pno:cacheprovider",
            "-pnbval.plugin",
            "-pbelgrade.checks.nbval_plugin",
            "--nbval",
            "--nbval-current-env",
            f"--nbval-cell-timeout={timeout}",
            f"--belgrade-report={report}",
            str(file),
        ]
        if cwd:
            command.append(f"--belgrade-cwd={cwd}")
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=_environment(folder),
                cwd=folder,
                timeout=(timeout + 30) * (len(notebook.cells) + 2),
            )
        except subprocess.TimeoutExpired:
            raise ExamineError("The check did not end; look for endless loops.") from None
        except OSError as error:
            raise ExamineError(f"No second Python could be started ({error}).") from None
        if done.returncode not in (0, 1) or not report.exists():
            tail = (done.stdout + done.stderr).strip().splitlines()[-3:]
            raise ExamineError("nbval could not run the notebook: " + " / ".join(tail))
        return json.loads(report.read_text(encoding="utf-8"))


def _environment(folder: Path) -> dict[str, str]:
    drop = ("PYTEST_", "COV_", "BELGRADE_EXAM")
    env = {k: v for k, v in os.environ.items() if not k.startswith(drop)}
    package = str(Path(__file__).resolve().parents[2])
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [package, env.get("PYTHONPATH")]))
    env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # whatever else is installed has no say here
    return env | {"PYTHONUTF8": "1", "BELGRADE_WORK": str(folder / "work"), **AS_IN_JUPYTER}


def written_records(notebook: NotebookNode, written: list[Spec]) -> list[Record]:
    """Return a record for each written answer of an assembled notebook; a person marks them."""
    texts = {about(c)["question"]: c.source for c in notebook.cells if role(c) == "written"}
    return [
        {"question": spec["question"], "part": "written"}
        | vars(judge(spec, {}, {"type": "text", "value": texts.get(spec["question"], "")}))
        for spec in written
    ]


def report_of(
    compiled: Compiled,
    records: list[Record],
    notes: Iterable[str] = (),
    aborted: Mapping[str, str] | None = None,
) -> Report:
    """Return the report on an exercise from the records of its parts."""
    rows = []
    for question in compiled["questions"]:
        parts = parts_of(compiled, question["question"], records, aborted)
        worst = worst_of(parts)
        rows.append(
            {
                "question": question["question"],
                "title": question["title"],
                "status": worst["status"],
                "points": round(sum(p["points"] for p in parts), 6),
                "max_points": question["points"],
                "message": "" if worst["status"] == RIGHT else worst["message"],
                "seconds": max((p["seconds"] for p in parts), default=0),
            }
        )
    notes = list(notes)
    if more := sum(q.get("hidden_points", 0) for q in compiled["questions"]):
        some = "1 more point comes" if more == 1 else f"{more:g} more points come"
        notes.append(f"{some} from checks that run only when your work is marked.")
    return {
        "exercise": compiled["exercise"],
        "questions": rows,
        "notes": notes,
        "next": _next(rows),
    }


def parts_of(
    compiled: Compiled,
    question: str,
    records: list[Record],
    aborted: Mapping[str, str] | None = None,
) -> list[Record]:
    """Return the outcome of each part of a question, in order, whether it ran or not.

    Each is a dict: part, status, points, max_points, message, seconds.
    """
    aborted, rows = aborted or {}, []
    worth = {
        e["part"]: e["spec"]["points"] for e in compiled["checks"] if e["question"] == question
    }
    if waits := [w["points"] for w in compiled["written"] if w["question"] == question]:
        worth["written"] = waits[0]
    mine = {r["part"]: r for r in records if r["question"] == question and "status" in r}
    for part, most in worth.items():
        row = {"part": part, "points": 0, "max_points": most, "seconds": 0}
        if part in mine:
            kept = ("status", "points", "message", "seconds")
            row |= {k: mine[part][k] for k in kept if k in mine[part]}
        elif part == "written":
            row |= {"status": PENDING, "message": "Marked by hand."}
        else:
            row |= {"status": ERROR, "message": "This check did not run."}
        if question in aborted and row["status"] not in (RIGHT, PENDING):
            row |= {"status": ERROR, "message": error_message(aborted[question])}
        rows.append(row)
    return rows


def worst_of(parts: list[Record]) -> Record:
    """Return the part that decides what a question's status is: the first that is worst."""
    order = [ERROR, NOT_YET, CLOSE, NOT_ATTEMPTED, PENDING, RIGHT]
    return min(parts, key=lambda part: order.index(part["status"]))


def _next(rows: list[Record]) -> str:
    for status in (ERROR, CLOSE, NOT_YET, NOT_ATTEMPTED):
        for row in rows:
            if row["status"] == status:
                name = row["question"]
                verb = "Start with" if status == NOT_ATTEMPTED else "Next: look again at"
                return f'{verb} question {name}; hint("{name}") in a cell gives a hint.'
    waiting = sum(row["status"] == PENDING for row in rows)
    if waiting:
        return f"All checked answers are right; {waiting} will be marked by hand."
    return "All answers are right."


def passed(report: Report) -> bool:
    """Tell whether every question is right or waits for a person."""
    return all(row["status"] in (RIGHT, PENDING) for row in report["questions"])


def as_text(report: Report, width: int = 100) -> str:
    """Return a report as a table in plain text, `width` characters wide."""
    rows = [("Question", "Title", "Status", "Points", "What to do")]
    for row in report["questions"]:
        sign, word = STATUS[row["status"]][:2]
        points = f"{row['points']:g} of {row['max_points']:g}"
        rows.append((row["question"], row["title"], f"{sign} {word}", points, row["message"]))
    wide = [min(max(len(r[i]) for r in rows), 24) for i in range(4)]
    rest = max(width - sum(wide) - 8, 24)
    lines = [f"Exercise {report['exercise']}"]
    for n, row in enumerate(rows):
        cells = [textwrap.wrap(c, w) or [""] for c, w in zip(row, [*wide, rest], strict=True)]
        for k in range(max(map(len, cells))):
            parts = [c[k] if k < len(c) else "" for c in cells]
            padded = [p.ljust(w) for p, w in zip(parts, [*wide, rest], strict=True)]
            lines.append("  ".join(padded).rstrip())
        if n == 0:
            lines.append("  ".join("-" * w for w in [*wide, rest]))
    return "\n".join([*lines, "", report["next"], *report["notes"]])
