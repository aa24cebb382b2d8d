"""A session that is killed in the middle of an exercise, and the next, as a student has them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from lab import Lab
from moving import LIVE_REGION

from belgrade import keep

ROOT = Path(__file__).resolve().parents[2]
LESSON, EXERCISE = "notebooks/00_start_here.ipynb", "exercises/00_start_here.ipynb"
ANSWER = 'donor_rows = len(deliveries[deliveries["is_main_row"]].query("donor == @DONOR"))'
PANEL = "from belgrade import journal, keep; journal.save('guess/e2e', 7); keep.panel()"
SOURCES = """() => {
  const cells = jupyterapp.shell.currentWidget.content.model.cells;
  return [...cells].map(cell => cell.sharedModel.source);
}"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("student")]


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Lab]]:
    """Return a function that starts JupyterLab on a module folder that is as it was given out."""
    monkeypatch.delenv("BELGRADE_WORK")
    started = []

    def start(root: Path) -> Lab:
        marks = {}
        for name in (LESSON, EXERCISE):
            (root / name).parent.mkdir(parents=True)
            shutil.copy(ROOT / name, root / name)
            marks[name] = keep.fingerprint(name, (root / name).read_bytes())
        (root / keep.MANIFEST).write_text(json.dumps({"files": marks}), encoding="utf-8")
        started.append(Lab(root))
        return started[-1]

    yield start
    for lab in started:
        lab.close()


def add_cell(lab: Lab, page: Any, code: str) -> None:
    """Add a cell at the end of the open notebook, and type and run it."""
    page.evaluate(
        """() => {
          const content = jupyterapp.shell.currentWidget.content;
          content.activeCellIndex = content.widgets.length - 1;
        }"""
    )
    lab.command(page, "notebook:insert-cell-below")
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-mod-active .cm-content").click()
    page.keyboard.insert_text(code)
    page.keyboard.press("Control+Enter")


def checked(folder: Path, *options: str) -> str:
    """Return what `belgrade check` says, without the lines that tell file and time."""
    command = [sys.executable, "-m", "belgrade.cli", "check", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
    assert done.returncode == 1, done.stderr  # the other questions are not attempted
    return "\n".join(line for line in done.stdout.splitlines() if "as saved at" not in line)


def test_a_killed_session_is_brought_back_whole(
    own_page: Any, session: Callable[[Path], Lab], tmp_path: Path
) -> None:
    page = own_page
    root = tmp_path / "first"
    lab = session(root)
    lab.open(page, EXERCISE)
    number = next(at for at, text in enumerate(page.evaluate(SOURCES)) if "rows = ..." in text)
    page.evaluate("at => { jupyterapp.shell.currentWidget.content.activeCellIndex = at }", number)
    lab.command(page, "notebook:enter-edit-mode")
    page.keyboard.press("Control+End")
    page.keyboard.insert_text(f"\n{ANSWER}")
    add_cell(lab, page, PANEL)
    packing = page.get_by_role("button", name="Pack my work")
    packing.wait_for()
    page.keyboard.press("Control+s")
    page.wait_for_function("() => !jupyterapp.shell.currentWidget.context.model.dirty")
    packing.focus()
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name="Download my_work_")
    link.wait_for()
    link.focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    kept = tmp_path / download.value.suggested_filename
    download.value.save_as(kept)
    saved = (root / EXERCISE).read_bytes()

    add_cell(lab, page, "while True: pass  # in the middle")
    server = psutil.Process(lab.process.pid)
    for process in [*server.children(recursive=True), server]:
        process.kill()
    lab.process.wait()
    sources = page.evaluate(SOURCES)  # what was typed is still in the page
    assert ANSWER in sources[number]
    assert "in the middle" in sources[-1]
    context = page.context
    page.close()

    again = tmp_path / "second"
    lab, page = session(again), context.new_page()
    page.on("filechooser", lambda _: None)  # to be told of it from now on, not from the key on
    lab.open(page, LESSON)
    add_cell(lab, page, "from belgrade import keep; keep.panel()")
    button = page.get_by_role("button", name="Bring a kept file back")
    button.wait_for()
    button.focus()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(kept)
    words = f"Brought back: {EXERCISE}"
    page.locator("p[role=status]").filter(has_text=words).wait_for()
    page.locator(LIVE_REGION).filter(has_text=words).wait_for()

    assert (again / EXERCISE).read_bytes() == saved
    assert ANSWER in nbformat.read(again / EXERCISE, as_version=4).cells[number].source
    journals = [json.loads((r / "my_work/journal.json").read_text("utf-8")) for r in (root, again)]
    assert journals[0] == journals[1]
    assert journals[0]["entries"]["guess/e2e"]["value"] == 7
    # JupyterLab's own download is the notebook as saved, under a name of the browser's choice.
    downloaded = tmp_path / "00_start_here (1).ipynb"
    downloaded.write_bytes(saved)
    told = checked(again, "00")
    assert "✓ Right" in told
    assert told == checked(tmp_path, "--file", str(downloaded))
