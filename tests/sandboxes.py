"""A sandbox for tests, and code run in one of its processes."""

from __future__ import annotations

import atexit
import functools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import machine
import pytest

from belgrade.grading.sandbox import CellResult, Limits, QuestionProcess, Sandbox, SandboxError

# Nothing takes so long that does not hang.
HANGS_S = 120
TIGHT = Limits(memory=2**30, processes=24, file_size=2**20, scratch=8 * 2**20, files=128)


@functools.cache
def _opened(isolated: bool) -> Sandbox | str:
    sandbox = Sandbox(TIGHT, workers=2, isolated=isolated)
    try:
        sandbox.__enter__()
    except SandboxError as error:
        return str(error)
    atexit.register(sandbox.__exit__)
    return sandbox


def probe() -> str:
    """Return "" if the sandbox works on this machine, else what to do."""
    opened = _opened(True)
    return opened if isinstance(opened, str) else ""


def shared_sandbox(isolated: bool = True) -> Sandbox:
    """Return a sandbox with tight limits, opened once for all tests of this process.

    Where there can be none the test is skipped, with the remedy.
    """
    machine.need("sandbox")
    opened = _opened(isolated)
    if isinstance(opened, str):
        pytest.skip(machine.reason("sandbox", opened))
    return opened


@contextmanager
def question_process(sandbox: Sandbox) -> Iterator[QuestionProcess]:
    """Give a question process that has run nothing."""
    with sandbox.setup_process(()) as setup:
        one = setup.fork()
        try:
            yield one
        finally:
            one.stop()


def run_cell(one: QuestionProcess, code: str, seconds: float = 20) -> CellResult:
    """Return what came of running `code` in a question process."""
    return one.run(code, seconds)


def value(one: QuestionProcess, expression: str, before: str = "") -> Any:
    """Return the value of an expression in a question process, with lines before it."""
    found = run_cell(one, f"{before}\nimport json as _json\nprint(_json.dumps({expression}))")
    assert found.error is None, found.error
    return json.loads(found.shown[-1]["text"].splitlines()[-1])


def until(what: Callable[[], Any], or_why: Callable[[], str] = str) -> Any:
    """Wait until `what` returns something true, and return it."""
    end = time.monotonic() + HANGS_S
    while not (found := what()):
        assert time.monotonic() < end, or_why()
        time.sleep(0.02)
    return found
