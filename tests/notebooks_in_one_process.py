"""Run notebooks one after the other in this process, as Pyodide would; a script for a test.

usage: python notebooks_in_one_process.py NOTEBOOK...

Prints JSON: the versions in use, and for each notebook the errors of its cells, what was written to
stderr, and, of an answer key, each question's status as `check_notebook` finds it in the kernel.
"""

import contextlib
import io
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import nbformat
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display

from belgrade.checks import blanks, live, status


def run(shell, path):
    """Run a notebook; return what went wrong, and the status of its questions if it is a key."""
    notebook = nbformat.read(path, as_version=4)
    shell.reset(new_session=False)
    os.chdir(path.parent)
    shell.user_ns["display"] = display
    errors, stderr = [], io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(stderr):
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type == "code":
                result = shell.run_cell(cell.source, store_history=False)
                expected = "raises-exception" in cell.metadata.get("tags", [])
                if not expected and (problem := result.error_before_exec or result.error_in_exec):
                    errors.append(f"cell {number}: {type(problem).__name__}: {problem}")
        statuses = questions(path.name[:2]) if path.parent.name == "keys" else {}
    return {"errors": errors, "stderr": stderr.getvalue(), "questions": statuses}


def questions(exercise):
    """Return the status of each question, judged in this process as in the browser."""
    captured = {}
    real_sys, live.sys = live.sys, SimpleNamespace(platform="emscripten", modules=sys.modules)
    real_page, live._page = live._page, lambda report: captured.update(report) or ""
    exam = os.environ.pop("BELGRADE_EXAM")
    try:
        live.check_notebook(exercise)
    finally:
        live.sys, live._page, os.environ["BELGRADE_EXAM"] = real_sys, real_page, exam
    return {row["question"]: row["status"] for row in captured["questions"]}


def main(paths):
    os.environ |= {"BELGRADE_EXAM": "1", **status.AS_IN_JUPYTER}
    shell = InteractiveShell.instance()
    shell.display_pub = CapturingDisplayPublisher()
    blanks.listen()  # a kernel's shell is there before the package
    notebooks = [Path(path).resolve() for path in paths]
    results = {f"{path.parent.name}/{path.name}": run(shell, path) for path in notebooks}
    versions = {name: version(name) for name in ("pandas", "matplotlib", "numpy")}
    print(json.dumps({"versions": versions, "notebooks": results}))


if __name__ == "__main__":
    main(sys.argv[1:])
