"""Shared by all tests: an empty journal, and one IPython shell for what displays itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _empty_journal(tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
    monkeypatch.setenv("BELGRADE_WORK", str(tmp_path_factory.mktemp("work")))


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
