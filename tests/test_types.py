"""What functions take and give is said, and holds; and no line is kept from a formatter."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IGNORED = re.compile(r"# type: ignore(?!\[[\w-]+\]  # \w)")


def lines() -> list[str]:
    """Return the lines of the package and of run.py, each with its place."""
    files = [*sorted((ROOT / "belgrade").rglob("*.py")), ROOT / "run.py"]
    return [
        f"{path.relative_to(ROOT).as_posix()}:{number}: {line}"
        for path in files
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    ]


def test_the_type_checker_finds_nothing() -> None:
    done = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_whatever_the_type_checker_passes_by_has_a_reason() -> None:
    passed_by = [line for line in lines() if "# type: ignore" in line]
    assert not [line for line in passed_by if IGNORED.search(line)]
    assert len(passed_by) <= 5


def test_the_formatter_passes_no_line_by() -> None:
    assert not [line for line in lines() if re.search(r"# fmt: (skip|off)", line)]
