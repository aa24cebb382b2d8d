"""What functions take and give is said, and holds; nothing is long without a reason."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IGNORED = re.compile(r"# type: ignore(?!\[[\w-]+\]  # \w)")


FILES = [*sorted((ROOT / "belgrade").rglob("*.py")), ROOT / "run.py"]


def lines(files: Iterable[Path] = FILES) -> list[str]:
    """Return the lines of these files, each with its place."""
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
    files = [*FILES, *sorted((ROOT / "tests").rglob("*.py"))]
    assert not [line for line in lines(files) if re.search(r"# fmt: (skip|off)", line)]


def test_what_is_long_says_why() -> None:
    """A file over 500 lines, a function over 60 or six parameters has a comment with its reason."""
    found = []
    for path in FILES:
        source = path.read_text(encoding="utf-8")
        rows = source.splitlines()
        if len(rows) > 500 and not re.search(r"^# One file, .*", source, re.M):
            found.append(path.name)
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [each.arg for each in [*node.args.args, *node.args.kwonlyargs]]
                many = len([name for name in names if name not in ("self", "cls")]) > 6
                if many or (node.end_lineno or 0) - node.lineno >= 60:
                    first = min(each.lineno for each in [node, *node.decorator_list])
                    if not rows[first - 2].lstrip().startswith("# "):
                        found.append(f"{path.name}: {node.name}")
    assert not found
