"""An exercise as `belgrade build` compiles it for the package: not legible, and not secret.

It holds only what a student's machine needs: the exercise, its version and file name, for
each visible check its spec (with hints and wrong answers) and reference, the written questions,
and the pristine notebook.
"""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from pathlib import Path
from typing import Any

from belgrade import UserError

Compiled = dict[str, Any]  # exercise, version, file, questions, checks, written, notebook, data


class ChecksError(UserError):
    """The check data of an exercise are missing or cannot be read."""


def compiled_folder() -> Path:
    """Return the folder of compiled exercises: the package's own, or what BELGRADE_PACKED names."""
    return Path(os.environ.get("BELGRADE_PACKED") or Path(__file__).parent / "packed")


def read_compiled(
    exercise: str, folder: Path | str | None = None, version: str | None = ""
) -> Compiled:
    """Return a compiled exercise ("01") as a dict; raise ChecksError if it can't be had.

    Where the exercise has a further version with the stamp `version`, it is that one's.
    """
    folder = Path(folder or compiled_folder())
    path = folder / f"{exercise}.bin"
    if re.fullmatch(r"[0-9a-f]{12}", str(version)):
        further = folder / f"{exercise}-{version}.bin"
        path = further if further.is_file() else path
    try:
        return decode(path.read_bytes())
    except FileNotFoundError:
        there = ", ".join(exercises(folder)) or "none"
        raise ChecksError(
            f"There are no checks for exercise {exercise} in this copy of the package (it has "
            f"{there})."
        ) from None
    except (OSError, ValueError, zlib.error):
        raise ChecksError(
            f"The checks for exercise {exercise} cannot be read; reinstall."
        ) from None


def encode(compiled: dict[str, Any]) -> bytes:
    """Return a compiled exercise as bytes, the same for the same content."""
    text = json.dumps(compiled, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return base64.encodebytes(zlib.compress(text.encode("utf-8"), 9))


def decode(data: bytes) -> dict[str, Any]:
    """Return the compiled exercise in `data`; raise ValueError or zlib.error if it is none."""
    return json.loads(zlib.decompress(base64.decodebytes(data)))


def exercises(folder: Path | str | None = None) -> list[str]:
    """Return the numbers of the exercises that are compiled, in order."""
    files = sorted(Path(folder or compiled_folder()).glob("*.bin"))
    return [path.stem for path in files if "-" not in path.stem]
