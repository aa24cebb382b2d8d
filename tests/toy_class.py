"""A class that hands in the toy exercise: its key, its notebooks, and the command to grade it."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from toy_exercise import RIGHT, toy_key

from belgrade.authoring.execute import execute
from belgrade.authoring.key import read_questions, student_copy
from belgrade.checks.record import MIME

ROOT = Path(__file__).resolve().parent.parent


class ToyClass:
    """A folder with the key of exercise 90, what was handed in, a home, and the results."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys, self.handed_in = folder / "keys", folder / "submissions"
        self.home, self.out = folder / "home", folder / "grades"
        for folder in (self.keys, self.handed_in, self.home):
            folder.mkdir(parents=True)
        key = toy_key()
        nbformat.write(key, self.keys / "90_toy.ipynb")
        self.assignment = student_copy(key, read_questions(key))
        self.assignment.metadata["belgrade"] = {"exercise": "90"}

    def notebook(self, answers: dict[str, str]) -> Any:
        """Return the student's notebook with these sources, by cell id."""
        notebook = copy.deepcopy(self.assignment)
        for cell in notebook.cells:
            cell.source = answers.get(cell.id, cell.source)
        return notebook

    def hand_in(self, student: str, content: Any) -> Path:
        """Write a student's notebook: answers by cell id, a notebook, text or bytes."""
        path = self.handed_in / student / "90_toy.ipynb"
        path.parent.mkdir(exist_ok=True)
        if isinstance(content, dict) and "cells" not in content:
            content = self.notebook(content)
        if isinstance(content, dict):
            content = json.dumps(content)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def environment(self, **more: str) -> dict[str, str]:
        """Return the command's environment, with a home of its own."""
        return os.environ | {
            "HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "PYTHONUTF8": "1",
            **more,
        }

    def command(self, *options: str, out: Path | None = None) -> list[str]:
        """Return the command that grades the class."""
        places = ["--out", str(out or self.out), "--keys", str(self.keys)]
        grade = [sys.executable, "-m", "belgrade.cli", "grade", str(self.handed_in)]
        return [*grade, *places, *options]

    def grade(self, *options: str, out: Path | None = None, **more: str) -> Any:
        """Run the command and return what subprocess says of it."""
        command, env = self.command(*options, out=out), self.environment(**more)
        text = {"encoding": "utf-8", "errors": "replace"}
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, **text)


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def results(out: Path) -> dict[str, dict[str, Any]]:
    """Return the results in a folder by student."""
    results = [json.loads(p.read_text(encoding="utf-8")) for p in (out / "results").glob("*.json")]
    assert len({result["student"] for result in results}) == len(results)
    return {result["student"]: result for result in results}


def marks(result: dict[str, Any]) -> dict[str, tuple[str, float]]:
    """Return {question: (status, points)} of a result."""
    return {row["question"]: (row["status"], row["points"]) for row in result["questions"]}


class NoSandbox:
    """Stands for a sandbox that nothing asks for anything."""

    stopped = False

    def stop(self) -> None:
        self.stopped = True


def without_kernels(
    set_attribute: Callable[..., Any], ran: list[Any], pause: float = 0, shown: str = "x"
) -> None:
    """Leave the kernels out of grading: an answer is right if its cell is that of RIGHT.

    `ran` receives each notebook that is run, in `pause` seconds; its first answer shows `shown`.
    """
    from belgrade.checks.graded_cells import graded_specs
    from belgrade.checks.judge import judge
    from belgrade.grading import grade as grading
    from belgrade.grading.run import Run

    def run(notebook: Any, runner: Any, timeout: float) -> Run:
        ran.append(notebook)
        time.sleep(pause)
        specs, sources = graded_specs(notebook.cells), {c["id"]: c.source for c in notebook.cells}
        result = Run()
        for cell in notebook.cells:
            if spec := specs.get(cell["id"]):
                number = f"answer-{spec['question'].split('.')[1]}"
                answer = cell.outputs[0]["data"][MIME]["answer"]
                if sources[number] != RIGHT[number] and "BEGIN SOLUTION" not in sources[number]:
                    answer = {"type": "missing", "value": "..."}
                ids = {"question": spec["question"], "part": spec["part"]}
                result.records.append(ids | vars(judge(spec, answer, answer)))
        result.outputs["answer-1"] = [{"kind": "text", "text": shown}]
        return result

    set_attribute(grading, "run", run)
    set_attribute(grading, "run_in_place", lambda key, sandbox: execute(key, ROOT))
    set_attribute(grading, "Sandbox", lambda *_, **__: contextlib.nullcontext(NoSandbox()))
