"""Run lesson notebooks and store them clean, so that a diff shows only what changed."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import TYPE_CHECKING

from belgrade.authoring.execute import RunError, execute, first_error
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.graded_cells import strip_widgets
from belgrade.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbformat import NotebookNode

KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# Left by editors in a cell's metadata; nothing of it changes what a reader sees.
NOISE = {
    "ExecuteTime",
    "execution",
    "collapsed",
    "scrolled",
    "trusted",
    "vscode",
    "colab",
    "pycharm",
    "outputId",
    "colab_type",
    "id",
}
# Where an object lies in memory: another place each time, and nbval does not compare it.
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")


def clean(notebook: NotebookNode) -> NotebookNode:
    """Return a clean copy: no widget state, times or editor's traces; cells counted from 1."""
    notebook = copy.deepcopy(notebook)
    metadata = {k: v for k, v in notebook.metadata.items() if k in ("belgrade", "authors", "title")}
    notebook.metadata = nbformat.from_dict(
        metadata | {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for cell in notebook.cells:
        for key in NOISE & set(cell.metadata):
            del cell.metadata[key]
        if not cell.metadata.get("jupyter", True):
            del cell.metadata["jupyter"]
        if cell.metadata.get("tags") == []:
            del cell.metadata["tags"]
        cell.pop("attachments", None) if not cell.get("attachments", True) else None
        if cell.cell_type != "code":
            continue
        cell.outputs = strip_widgets(cell.outputs)
        if not cell.source.strip():
            cell.outputs, cell.execution_count = [], None
            continue
        if cell.execution_count is None:
            continue  # never run: nbval says so, and cleaning does not hide it
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            if isinstance(text := output.get("data", {}).get("text/plain"), str):
                output.data["text/plain"] = ADDRESS.sub("0x0000000000", text)
            if output.output_type == "execute_result":
                output.execution_count = count
            if "transient" in output:
                del output["transient"]
    return notebook


def new_notebook(cells: list[NotebookNode]) -> NotebookNode:
    """Return a notebook of these cells, as this module stores notebooks."""
    metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python"}}
    return nbformat.v4.new_notebook(
        cells=cells, metadata=nbformat.from_dict(metadata), nbformat_minor=5
    )


def text_of(notebook: NotebookNode) -> str:
    """Return a notebook as its file holds it."""
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def run_and_clean(notebook: NotebookNode, cwd: Path) -> NotebookNode:
    """Return a clean copy of `notebook`, run in a fresh kernel; raise RunError if a cell fails."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    execute(notebook, cwd)
    for number, cell in enumerate(notebook.cells):
        tags = cell.metadata.get("tags", [])
        if (error := first_error(cell)) and "raises-exception" not in tags:
            raise RunError(f"cell {number} ({cell.id}) stopped with {error}")
    return clean(notebook)


def clean_files(
    paths: Iterable[Path | str],
    run: bool = False,
    check: bool = False,
    say: Callable[[str], object] = print,
) -> list[Path]:
    """Clean the notebooks at `paths` in place; return the paths that changed or would change."""
    changed = []
    for path in map(Path, paths):
        before = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(before, as_version=4)
        try:
            cleaned = run_and_clean(notebook, path.parent) if run else clean(notebook)
        except RunError as error:
            raise RunError(f"{path}: {error}") from None
        if (after := text_of(cleaned)) == before:
            continue
        changed.append(path)
        say(f"{'would change' if check else 'cleaned'} {path}")
        if not check:
            write_whole(path, after)
    return changed
