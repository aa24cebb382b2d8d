"""One JupyterLab and one Chromium for all browser tests of a process."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import machine
from lab import CHROMIUM, FLAGS, SIZE, Lab, new_page, no_errors

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    machine.need("browser")
    if CHROMIUM is None:
        reason = f"there is none; {machine.remedy(['browser'])}"
        pytest.skip(machine.reason("browser", reason))
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab over a copy of the lessons and exercises, so that nothing is written back."""
    root = tmp_path_factory.mktemp("module")
    for folder in ("notebooks", "exercises"):
        ignored = shutil.ignore_patterns("keys", ".ipynb_checkpoints")
        shutil.copytree(ROOT / folder, root / folder, ignore=ignored)
    server = Lab(root, BELGRADE_WORK=str(root / "my_work"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def desk(chromium: Any) -> Iterator[Any]:
    """A page for one notebook after the other in the same JupyterLab."""
    with new_page(chromium) as browser_page:
        yield browser_page


@pytest.fixture
def page(desk: Any) -> Iterator[Any]:
    """The same page, which fails this test on an error of its own."""
    desk.set_viewport_size(SIZE)
    with no_errors(desk):
        yield desk


@pytest.fixture
def own_page(chromium: Any) -> Iterator[Any]:
    """A page of this test's own."""
    with new_page(chromium) as browser_page:
        yield browser_page


@pytest.fixture(scope="session", params=["firefox", "webkit"])
def engine(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Firefox, then WebKit, each with one page."""
    from engines import started

    with started(request.param) as browser:
        yield browser
