"""Browser × front end × what is run there: a table in docs/accessibility.md, from the tests' marks.

    python tests/ran_where.py          writes the table anew

A test of tests/browser says where it runs: `@pytest.mark.runs_in(browser, front end, what)`. What
only `pytest -m slow` runs says so itself.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "accessibility.md"
BEGINS, ENDS = "<!-- made by python tests/ran_where.py -->", "<!-- end of the table -->"


def marks(folder: Path = ROOT / "tests" / "browser") -> Iterator[tuple[str, str, str, str, bool]]:
    """Yield browser, front end, what, the name of the file, and whether the test is slow."""
    for path in sorted(folder.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            names = [ast.unparse(mark) for mark in node.decorator_list]
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.runs_in":
                    browser, front_end, what = (ast.literal_eval(arg) for arg in mark.args)
                    yield browser, front_end, what, path.name, "pytest.mark.slow" in names


def table() -> str:
    """Return the table as Markdown, by front end and browser."""
    rows = sorted({(app, browser, what, file) for browser, app, what, file, _ in marks()})
    lines = [f"| {app} | {browser} | {what} | `{file}` |" for app, browser, what, file in rows]
    return "\n".join(["| front end | browser | what | where |", "|---|---|---|---|", *lines])


def main() -> None:
    """Write the table into its page."""
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.split(BEGINS)[0], text.split(ENDS)[1]
    PAGE.write_text(f"{before}{BEGINS}\n\n{table()}\n\n{ENDS}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
