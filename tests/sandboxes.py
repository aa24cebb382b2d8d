"""A sandbox for tests, and code run in one of its kernels."""

from __future__ import annotations

import atexit
import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from belgrade.grading.kernels import Kernel, Kernels, Limits
from belgrade.grading.run import Cell, _await_ready
from belgrade.grading.sandbox import SandboxError

TIGHT = Limits(memory=2**30, processes=24, file_size=2**20, scratch=8 * 2**20, files=128)


@functools.cache
def _opened() -> Kernels | str:
    kernels = Kernels(limits=TIGHT, workers=2)
    try:
        kernels.__enter__()
    except SandboxError as error:
        return str(error)
    atexit.register(kernels.__exit__)
    return kernels


def shared_sandbox() -> Kernels:
    """Return a sandbox with tight limits, opened once for all tests of this process.

    Where there can be none the test is skipped, with the remedy.
    """
    opened = _opened()
    if isinstance(opened, str):
        pytest.skip(opened)
    return opened


@contextmanager
def kernel(kernels: Kernels) -> Iterator[Kernel]:
    """Give a kernel that answers."""
    one = kernels.start()
    try:
        _await_ready(one)
        yield one
    finally:
        one.stop()


def told(one: Kernel, code: str, seconds: float = 20) -> Cell:
    """Return what came of running `code` in a kernel."""
    cell = Cell(one, seconds)
    cell.execute(code)
    return cell


def value(one: Kernel, expression: str, before: str = "") -> Any:
    """Return the value of an expression in a kernel; its code may need lines before it."""
    cell = told(one, f"{before}\nimport json as _json\nprint(_json.dumps({expression}))")
    assert cell.error is None, cell.error
    return json.loads(cell.kept[-1]["text"].splitlines()[-1])
