"""A lesson and an exercise in other front ends, as VS Code and Colab save them.

Notebook 7 is here; JupyterLab 4.4 and 4.5 and Voilà come by uv, with `pytest -m slow`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lab import FINISHED, READY, Lab, new_page
from moving import CONTROLS, PICTURE, WATCH, Control, bring_to, explorer_cells, press, seen

from belgrade.authoring.build import BLOCK

ROOT = Path(__file__).resolve().parents[2]
LESSON, EXERCISE = "notebooks/01_the_puzzle.ipynb", "exercises/00_start_here.ipynb"
PAGES = {"jupyterlab": "lab/tree", "notebook": "notebooks"}
WRONG = """() => [...jupyterapp.shell.currentWidget.content.model.cells].flatMap(
  cell => cell.type === 'code' ? cell.outputs.toJSON() : [])
  .filter(each => each.output_type === 'error' || each.name === 'stderr')"""
SET = """([at, text]) => {
  jupyterapp.shell.currentWidget.content.model.cells.get(at).sharedModel.setSource(text); }"""
# Notebook's own, https://github.com/jupyter/notebook/issues/7862: it begins before its settings.
NOTEBOOKS_OWN = "reading 'schema'"

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("front ends")]


def as_vs_code(notebook: dict[str, Any]) -> None:
    """Change a notebook as VS Code does: its own marks, and no ids in the older format."""
    for cell in notebook["cells"]:
        cell.pop("id", None)
        cell["metadata"] |= {"vscode": {"languageId": "python"}}
    notebook["metadata"]["language_info"] = {"name": "python", "version": "3.12.1"}
    notebook |= {"nbformat_minor": 2}


def as_colab(notebook: dict[str, Any]) -> None:
    """Change a notebook as Colab does: its own ids, and nothing of what it does not know."""
    for cell in notebook["cells"]:
        cell.pop("id", None)
        cell["metadata"] = {"id": secrets.token_urlsafe(9)}
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook["metadata"] = {"colab": {"provenance": []}, "kernelspec": kernel}
    notebook |= {"nbformat_minor": 0}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lesson as VS Code saves it, and the exercise as Colab does."""
    folder = tmp_path_factory.mktemp("front")
    for path, change in ((LESSON, as_vs_code), (EXERCISE, as_colab)):
        notebook = json.loads((ROOT / path).read_text(encoding="utf-8"))
        change(notebook)
        (folder / path).parent.mkdir()
        (folder / path).write_text(json.dumps(notebook), encoding="utf-8")
    return folder


def environment_with(folder: Path, *packages: str) -> Path:
    """Return the Python of a new environment with the module and these packages."""
    bin_folder = Path(sys.executable).parent
    uv = shutil.which("uv", path=os.pathsep.join([str(bin_folder), os.environ["PATH"]])) or "uv"
    python = folder / "env" / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder / "env")],
        [uv, "pip", "install", "--quiet", "--python", str(python), str(ROOT), *packages],
    ):
        subprocess.run(command, check=True)
    return python


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("notebook",), id="Notebook 7"),
        *(
            pytest.param(
                ("jupyterlab", f"jupyterlab=={n}.*"), id=f"JupyterLab {n}", marks=pytest.mark.slow
            )
            for n in ("4.4", "4.5")
        ),
    ],
)
def front_end(
    request: pytest.FixtureRequest, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    module, *packages = request.param
    folder = tmp_path_factory.mktemp("elsewhere")
    python = environment_with(folder, *packages) if packages else sys.executable
    server = Lab(root, module, python, BELGRADE_WORK=str(folder / "my_work"))
    yield server
    server.close()


def opened(page: Any, front_end: Lab, path: str) -> None:
    """Open a notebook and run all its cells."""
    page.goto(f"{front_end.url}/{PAGES[front_end.module]}/{path}?token={front_end.token}")
    page.wait_for_function(READY, arg=path, timeout=60_000)
    page.evaluate("() => { jupyterapp.commands.execute('notebook:run-all-cells') }")
    page.wait_for_function(FINISHED, timeout=120_000, polling=50)


@pytest.mark.runs_in(
    "Chromium",
    "Notebook 7 · JupyterLab 4.4, 4.5 (slow)",
    "a lesson as VS Code saves it: an explorer's controls, a guess; "
    "an exercise as Colab saves it: answered and checked",
)
def test_a_lesson_and_an_exercise_in_another_front_end(
    chromium: Any, front_end: Lab, root: Path
) -> None:
    with new_page(chromium, NOTEBOOKS_OWN) as page:
        opened(page, front_end, LESSON)
        assert page.evaluate(WRONG) == []
        page.evaluate(WATCH)
        explorers = explorer_cells(front_end, LESSON)
        assert explorers
        for number in explorers:
            cell = bring_to(page, number)
            cell.locator(f"{PICTURE} img").wait_for()
            began = seen(cell)
            elements = cell.locator(CONTROLS).all()
            controls = [Control(page, cell, each) for each in elements]
            moved = next(each for each in controls if each.move())
            now = seen(cell)
            assert now[0] != began[0] and now[1] != began[1]
            assert moved.moved_both
            back = cell.get_by_role("button", name="Back to start")
            press(page, cell, back.element_handle(), "Enter")
            assert seen(cell) == began
        book = json.loads((root / LESSON).read_text(encoding="utf-8"))["cells"]
        at = next(n for n, each in enumerate(book) if "ask_guess(" in "".join(each["source"]))
        cell = bring_to(page, at)
        cell.locator("input").first.fill("12")
        cell.locator("input").first.press("Enter")
        cell.get_by_text("You guessed 12").first.wait_for()

        opened(page, front_end, EXERCISE)
        key = nbformat.read(ROOT / "exercises/keys/00_start_here.ipynb", as_version=4)
        cells = nbformat.read(ROOT / EXERCISE, as_version=4).cells
        about = [(c.metadata.belgrade.role, c.metadata.belgrade.get("question")) for c in cells]
        answer, check = about.index(("answer", "0.1")), about.index(("check", "0.1"))
        right = next(BLOCK.sub(r"\2", c.source) for c in key.cells if c.id == cells[answer].id)
        page.evaluate(SET, [answer, right])
        for number in (answer, check):
            cell = bring_to(page, number)
            page.evaluate("() => { jupyterapp.commands.execute('notebook:run-cell') }")
        cell.get_by_text("✓ Right").first.wait_for()
        page.evaluate("() => { jupyterapp.shell.currentWidget.context.model.dirty = false }")


@pytest.mark.slow
@pytest.mark.runs_in(
    "Chromium", "Voilà 0.5 (slow)", "a lesson: each explorer moved by keyboard, a guess"
)
def test_a_lesson_in_voila(
    chromium: Any, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    python = environment_with(folder, "voila==0.5.*")
    server = Lab(root, "voila", python, BELGRADE_WORK=str(folder / "my_work"))
    try:
        with new_page(chromium, NOTEBOOKS_OWN) as page:
            page.goto(f"{server.url}/voila/render/{LESSON}", timeout=90_000)
            pictures = page.locator(".jupyter-widgets figure[data-drawn]")
            count = len(explorer_cells(server, LESSON))
            pictures.nth(count - 1).wait_for(timeout=60_000)
            assert pictures.count() == count
            for number, controls in enumerate(page.locator(".belgrade-controls").all()):
                drawn = pictures.nth(number).get_attribute("data-drawn")
                words = pictures.nth(number).inner_text()
                controls.locator("select, [role=slider]").first.press("ArrowDown")
                page.wait_for_function(
                    """([at, drawn]) => document.querySelectorAll(
                      '.jupyter-widgets figure[data-drawn]')[at].dataset.drawn !== drawn""",
                    arg=[number, drawn],
                )
                assert pictures.nth(number).inner_text() != words
            box = page.locator(".belgrade-form .belgrade-number input").first
            box.fill("12")
            box.press("Enter")
            page.get_by_text("You guessed 12").first.wait_for()
    finally:
        server.close()
