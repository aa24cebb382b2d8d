"""Shared by all tests: an empty journal, and one IPython shell for what displays itself."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import pytest

ROOT = Path(__file__).resolve().parent.parent
# Tests and groups of tests that take long. Begun first, they do not keep one process busy at the
# end, when the other has nothing left to do.
SLOW_FIRST = ("test_same_everywhere", "browser/", "test_binder", "test_grading", "test_nbgrader",
              "test_check_command",
              "test_cases", "test_exercises", "test_release", "test_mutation", "test_explorers",
              "test_site")  # fmt: skip


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the slow tests first; the order within a file stays. Those marked so are asked for."""
    if "slow" not in config.getoption("-m"):
        asked = [item for item in items if not item.get_closest_marker("slow")]
        config.hook.pytest_deselected(items=[item for item in items if item not in asked])
        if len(asked) < len(items):
            left_out[SLOW] = len(items) - len(asked)
        items[:] = asked

    def place(item: pytest.Item) -> int:
        path = item.path.as_posix()
        fits = (n for n, name in enumerate(SLOW_FIRST) if f"tests/{name}" in path)
        return next(fits, len(SLOW_FIRST))

    items.sort(key=place)


# Why tests were skipped, and how many: kept where the reports of all processes come together.
left_out: Counter[str] = Counter()
SLOW = "slow: minutes of processor for what a sample covers: python run.py test -m slow"


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


@pytest.fixture(autouse=True)
def _empty_journal(tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
    monkeypatch.setenv("BELGRADE_WORK", str(tmp_path_factory.mktemp("work")))


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
