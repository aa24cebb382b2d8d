"""Files of a grading run: whole or not there, one run at a time, and a full disk said in a line."""

from __future__ import annotations

import contextlib
import errno
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from belgrade.files import write_whole
from belgrade.grading import GradingError
from belgrade.grading.names import digest_of

FULL = {errno.ENOSPC, errno.EDQUOT}


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` in one step: a reader finds the old file, or all of the new."""
    text = json.dumps(content, ensure_ascii=False, indent=1)
    write_whole(path, text.encode("utf-8", "replace"))


def read_json(path: Path) -> Any:
    """Return what the JSON file at `path` holds; None where there is none or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def safe_name(*words: str) -> str:
    """Return a file name, without its ending, that tells `words` from any others.

    It has only a-z, 0-9 and hyphens: names of students and files may hold anything.
    """
    text = re.sub(r"[^a-z0-9]+", "-", "-".join(words).lower()).strip("-")
    return f"{text[:48]}-{digest_of(chr(0).join(words), 10)}".lstrip("-")


def is_full(error: BaseException) -> bool:
    """Tell whether an error says that the disk, or one's share of it, is full."""
    return isinstance(error, OSError) and error.errno in FULL


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; raise GradingError if another process does.

    The system lets go of it when the process ends, however it ends.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as file:
        try:
            if sys.platform == "win32":
                import msvcrt

                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if is_full(error):
                raise
            raise GradingError(
                f"Another grading is at work in {path.parent}: wait for it, or stop it."
            ) from None
        yield
