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

from belgrade.grading.sandbox import Limits, QuestionProcess, Sandbox, SandboxError

# Nothing takes so long that does not hang.
HANGS_S = 120
TIGHT = Limits(memory=2**30, processes=24, file_size=2**20, scratch=8 * 2**20, files=128)


@functools.cache
def _open_sandbox(isolated: bool) -> Sandbox | str:
    sandbox = Sandbox(TIGHT, workers=2, isolated=isolated)
    try:
        sandbox.__enter__()
    except SandboxError as error:
        return str(error)
    atexit.register(sandbox.__exit__)
    return sandbox


def probe() -> str:
    """Return "" if the sandbox works on this machine, else what to do."""
    sandbox = _open_sandbox(True)
    return sandbox if isinstance(sandbox, str) else ""


def shared_sandbox(isolated: bool = True) -> Sandbox:
    """Return a sandbox with tight limits, opened once for all tests of this process.

    Where there can be none the test is skipped, with the remedy.
    """
    machine.need("sandbox")
    sandbox = _open_sandbox(isolated)
    if isinstance(sandbox, str):
        pytest.skip(machine.reason("sandbox", sandbox))
    return sandbox


@contextmanager
def question_process(sandbox: Sandbox) -> Iterator[QuestionProcess]:
    """Give a question process that has run nothing."""
    with sandbox.setup_process(()) as setup:
        process = setup.fork()
        try:
            yield process
        finally:
            process.stop()


def value(process: QuestionProcess, expression: str, setup: str = "") -> Any:
    """Return the value of an expression in a question process, with lines before it."""
    result = process.run(f"{setup}\nimport json as _json\nprint(_json.dumps({expression}))", 20)
    assert result.error is None, result.error
    return json.loads(result.shown[-1]["text"].splitlines()[-1])


def until(condition: Callable[[], Any], explain: Callable[[], str] = str) -> Any:
    """Wait until `condition` returns something true, and return it."""
    deadline = time.monotonic() + HANGS_S
    while not (result := condition()):
        assert time.monotonic() < deadline, explain()
        time.sleep(0.02)
    return result
