"""A pytest plugin that makes nbval an examiner: typed answers go to the judge.

Without --nbval it does nothing. With it, nbval's notebooks and cells become ours:
- a code cell without a stored reference fails instead of passing unseen;
- inline pictures, object addresses and widget views are left out of comparisons;
- a graded cell, of an answer key or of an assembled copy, is judged and not compared as text.

In an assembled copy (see `belgrade.checks.assemble`) outputs of other cells are ignored.
`--belgrade-report FILE` receives a JSON list with one record for each verdict, as they come.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

RECORDS: pytest.StashKey[list[dict[str, Any]]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the examiner."""
    group = parser.getgroup("belgrade", "judging notebooks")
    group.addoption("--belgrade-report", metavar="FILE", help="write the verdicts there as JSON")
    group.addoption("--belgrade-cwd", metavar="DIR", help="the working folder of the kernels")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the kernels that they are examined, so that `check_notebook` rests."""
    if config.getoption("nbval", False) or config.getoption("nbval_lax", False):
        os.environ["BELGRADE_EXAM"] = "1"
        config.stash[RECORDS] = []


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Generator[None, Any, Any]:
    """Turn the notebooks that nbval collects into ours."""
    found = yield
    if file_path.suffix != ".ipynb" or not found:
        return found
    from belgrade.checks.nbval_cells import Notebook

    return [
        Notebook.from_parent(parent, path=file_path) if type(one).__name__ == "IPyNbFile" else one
        for one in (found if isinstance(found, list) else [found])
    ]
