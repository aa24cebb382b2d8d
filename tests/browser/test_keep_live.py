"""A session that is killed in the middle of an exercise, and the next, as a student has them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from lab import Lab

from belgrade import keep

ROOT = Path(__file__).resolve().parents[2]
LESSON, EXERCISE = "notebooks/00_start_here.ipynb", "exercises/00_start_here.ipynb"
ANSWER = 'italian_rows = len(deliveries[deliveries["is_main_row"]].query("recipient == \'Italy\'"))'
PANEL = "from belgrade import journal, keep; journal.save('guess/e2e', 7); keep.panel()"
SOURCES = """() => {
  const cells = jupyterapp.shell.currentWidget.content.model.cells;
  return [...cells].map(cell => cell.sharedModel.source);
}"""

pytestmark = pytest.mark.browser


def session(root: Path) -> Lab:
    """Start JupyterLab on a module folder that is as it was given out."""
    marks = {}
    for name in (LESSON, EXERCISE):
        (root / name).parent.mkdir(parents=True)
        shutil.copy(ROOT / name, root / name)
        marks[name] = keep.fingerprint(name, (root / name).read_bytes())
    (root / keep.MANIFEST).write_text(json.dumps({"files": marks}), encoding="utf-8")
    return Lab(root)


def add_cell(page: Any, code: str) -> None:
    """Add a cell at the end of the open notebook, and type and run it."""
    page.evaluate(
        """() => {
          const content = jupyterapp.shell.currentWidget.content;
          content.activeCellIndex = content.widgets.length - 1;
        }"""
    )
    page.evaluate("async () => { await jupyterapp.commands.execute('notebook:insert-cell-below') }")
    page.evaluate("async () => { await jupyterapp.commands.execute('notebook:enter-edit-mode') }")
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")


def checked(folder: Path, *options: str) -> str:
    """Return what `belgrade check` says, without the lines that tell file and time."""
    done = subprocess.run(
        [sys.executable, "-m", "belgrade.cli", "check", *options],
        cwd=folder, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr  # the other questions are not attempted
    return "\n".join(line for line in done.stdout.splitlines() if "as saved at" not in line)


def test_a_killed_session_is_brought_back_whole(
    page: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BELGRADE_WORK")
    root = tmp_path / "first"
    first = session(root)
    first.open(page, EXERCISE)
    sources = page.evaluate(SOURCES)
    number = next(at for at, text in enumerate(sources) if "italian_rows = ..." in text)
    page.evaluate("at => { jupyterapp.shell.currentWidget.content.activeCellIndex = at }", number)
    page.evaluate("async () => { await jupyterapp.commands.execute('notebook:enter-edit-mode') }")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(f"\n{ANSWER}")
    page.keyboard.press("Control+s")
    add_cell(page, PANEL)
    page.get_by_role("button", name="Pack my work").wait_for()
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    page.get_by_role("button", name="Pack my work").focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Download my_work_")
    link.wait_for()
    link.focus()
    page.screenshot(path="/tmp/h2_shot_a.png")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    kept = tmp_path / download.value.suggested_filename
    download.value.save_as(kept)
    saved = (root / EXERCISE).read_bytes()

    add_cell(page, "while True: pass  # in the middle")
    server = psutil.Process(first.process.pid)
    for process in [*server.children(recursive=True), server]:
        process.kill()
    first.process.wait()
    assert ANSWER in page.evaluate(SOURCES)[number]  # what was typed is still in the page
    assert "in the middle" in page.evaluate(SOURCES)[-1]

    page.wait_for_timeout(8000); page.screenshot(path="/tmp/h2_shot_a2.png")
    again = tmp_path / "second"
    second = session(again)
    try:
        opened = page.context.new_page()
        second.open(opened, LESSON)
        add_cell(opened, "from belgrade import keep; keep.panel()")
        button = opened.get_by_role("button", name="Bring a kept file back")
        button.wait_for()
        button.focus()
        with opened.expect_file_chooser() as chooser:
            opened.keyboard.press("Enter")
        opened.screenshot(path="/tmp/h2_shot_b1.png")
        chooser.value.set_files(kept)
        opened.get_by_text(f"Brought back: {EXERCISE}").wait_for()
        opened.screenshot(path="/tmp/h2_shot_b2.png")
    finally:
        second.close()
    assert (again / EXERCISE).read_bytes() == saved
    for book in (root / EXERCISE, again / EXERCISE):
        assert ANSWER in nbformat.read(book, as_version=4).cells[number].source
    journals = [json.loads((r / "my_work/journal.json").read_text("utf-8")) for r in (root, again)]
    assert journals[0] == journals[1]
    assert journals[0]["entries"]["guess/e2e"]["value"] == 7
    # JupyterLab's own download is the notebook as saved, under a name of the browser's choice.
    downloaded = tmp_path / "00_start_here (1).ipynb"
    downloaded.write_bytes(saved)
    told = checked(again, "00")
    assert "✓ Right" in told
    assert told == checked(tmp_path, "--file", str(downloaded))
