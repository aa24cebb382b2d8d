"""Files that are never seen half written, and one lock for two writers."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Seconds between tries: OneDrive, a virus scanner or an editor holds a file for a moment.
PAUSES_S = (0.05, 0.1, 0.2, 0.4)
STALE_S = 10  # a lock file of this age belongs to a process that is gone
WAIT_S = 5


def with_retries(function: Callable[..., Any], path: Path, *arguments: Any) -> Any:
    """Return `function(path, ...)`; where the file is in use (`PermissionError`), try again first.

    Not where its folder may never be written: there waiting does not help.
    """
    for seconds in PAUSES_S:
        try:
            return function(path, *arguments)
        except PermissionError:
            if not os.access(path.parent, os.W_OK):
                break
            time.sleep(seconds)
    return function(path, *arguments)


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file, and its folder, in one step: a crash or a full disk leaves the old file whole.

    Raises `OSError` where it cannot be written.
    """
    content = content if isinstance(content, bytes) else content.encode("utf-8")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".belgrade-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        with_retries(os.replace, Path(name), path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` as a lock file; raises `TimeoutError` where another holds it for long.

    A lock is broken when it is older than ten seconds, or dated in the future: a clock was set
    back, and nobody can tell how old it is.
    """
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            # On Windows a lock that is just being deleted is refused, not there.
            os.close(with_retries(os.open, path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except FileExistsError:
            with contextlib.suppress(OSError):
                # Two seconds: some file systems keep no finer time.
                if not -2 <= time.time() - path.stat().st_mtime <= STALE_S:
                    path.unlink()
            if time.monotonic() > deadline:
                raise TimeoutError("another notebook holds it") from None
            time.sleep(0.02)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
