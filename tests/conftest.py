"""Shared by all tests: an empty journal, and one IPython shell for what displays itself."""

from __future__ import annotations

import gc
import itertools
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import pytest

ROOT = Path(__file__).resolve().parent.parent
# Groups of tests, the longest first: begun last, they would keep one process busy when the others
# have nothing left to do. Among them those that mostly wait and those that mostly compute take
# turns. What is not named follows.
LONGEST_FIRST = ["live", "grading-hostile", "student", "book_live", "nbgrader", "an old processor"]
LONGEST_FIRST += ["site", "a middle-aged processor, other ties and files", "binder", "lite"]
LONGEST_FIRST += ["sandbox", "grading-grade", "exercises-00-01", "exercises-02-03"]
LONGEST_FIRST += ["exercises-04-05", "exercises-06-07", "exercises-08-09", "release"]
LONGEST_FIRST += ["walk_through", "front ends", "forms", "grading-cluster", "check-command"]
LONGEST_FIRST += ["mutation-01_the_puzzle", "extras", "shares", "argument_map", "encircled"]
LONGEST_FIRST += ["frames"]


def group_of(item: pytest.Item) -> str:
    """Return the name of the group of tests that one process runs, "" without one."""
    mark = item.get_closest_marker("xdist_group")
    return mark.args[0] if mark else ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest groups first; the order within one stays. Those marked so are asked for."""
    if "slow" not in config.getoption("-m"):
        asked = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=[item for item in items if item not in asked])
        if len(asked) < len(items):
            left_out[SLOW] = len(items) - len(asked)
        items[:] = asked

    places = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(group_of(item), len(places)))


def pytest_collection_finish() -> None:
    """Look for garbage more seldom, and not among what is imported: a tenth of drawing is that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


# Why tests were skipped, and how many: kept where the reports of all processes come together.
left_out: Counter[str] = Counter()
SLOW = "slow: minutes of processor for what a sample covers: python run.py test -m slow"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Name a folder to the processes of this run that they share: see kept_kernel."""
    factory = node.config._tmp_path_factory
    node.workerinput["shared"] = str(factory.getbasetemp())


def pytest_configure(config: pytest.Config) -> None:
    if folder := getattr(config, "workerinput", {}).get("shared"):
        import kept_kernel

        kept_kernel.shared[:] = [Path(folder)]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process where reports come together what this one did not take."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["slow"] = left_out[SLOW]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if count := getattr(node, "workeroutput", {}).get("slow"):
        left_out[SLOW] = count


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and isinstance(report.longrepr, tuple):
        left_out[report.longrepr[2].removeprefix("Skipped: ")] += 1
    elif report.skipped and hasattr(report, "wasxfail"):  # it ran, and failed as it is known to
        left_out[report.wasxfail] += 1


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say last what was not tested and why; run.py says it itself."""
    if path := os.environ.get("BELGRADE_LEFT_OUT"):
        Path(path).write_text(json.dumps(left_out), encoding="utf-8")
    elif left_out:
        for sentence in machine.sentences(left_out):
            terminalreporter.write_line(sentence)


@pytest.fixture(scope="session")
def _journals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folders for journals, one a test; pytest itself would count all there are for each."""
    folder = tmp_path_factory.mktemp("work")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _empty_journal(_journals: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = next(_journals)
    folder.mkdir()
    monkeypatch.setenv("BELGRADE_WORK", str(folder))


@pytest.fixture(scope="session")
def _site() -> Iterator[None]:
    """Delete the reading site when the last test that looks at it has run."""
    yield
    import site_pages

    site_pages.remove()


@pytest.fixture(scope="session")
def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell

    return InteractiveShell.instance()


@pytest.fixture
def displayed(_shell: Any) -> Iterator[list[dict[str, Any]]]:
    """What a test displays, as it comes: {"data": ..., "transient": ..., "update": ...}."""
    from IPython.core.displaypub import CapturingDisplayPublisher

    usual, _shell.display_pub = _shell.display_pub, CapturingDisplayPublisher()
    try:
        yield _shell.display_pub.outputs
    finally:
        _shell.display_pub = usual
