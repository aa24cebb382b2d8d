"""The scripts of the package are clean: beside widgets, in the form for marks, in the book."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "belgrade"


@pytest.mark.parametrize(
    ("rules", "paths"),
    [
        (["--deny-warnings"], ["static", "grading"]),
        # What is wrong, suspicious or slow.
        (["--deny=correctness", "--deny=suspicious", "--deny=perf"], ["publishing/book/static"]),
    ],
)
def test_scripts_are_linted(rules: list[str], paths: list[str]) -> None:
    linter = shutil.which("oxlint", path=Path(sys.executable).parent)
    assert linter, "oxlint is not installed: run `python run.py test` once."
    command = [linter, *rules, *(PACKAGE / path for path in paths)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout
