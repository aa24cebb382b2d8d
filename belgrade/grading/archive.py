"""Walk through what was handed in, folders and zips in zips, without trusting any of it.

Nothing is unpacked by its own name and nothing is followed: links, devices and pipes are named
with the reason, a zip that unpacks to too much is left alone.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import stat
import struct
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from belgrade.grading import GradingError
from belgrade.grading.store import is_full

MB = 1_000_000
# What may be a notebook by its name; whether it is one, its content says.
NOTEBOOK = re.compile(
    r"\.ipynb\b(?!.*\.(?:html?|pdf|docx?|zip)$).*|\.(?:json|txt)$", re.IGNORECASE | re.DOTALL
)
JUNK_FOLDERS = {"__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__", ".Trashes"}
JUNK_FILES = {".DS_Store", "Thumbs.db", "desktop.ini", "timestamp.txt"}
LINK = "It is a link, and links are not followed."
NO_FILE = "It is a pipe, a device or a socket, not a file."
ZIP_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, EOFError, OSError),
    *(ValueError, LookupError, OverflowError),
)


@dataclass(frozen=True)
class ArchiveLimits:
    """What may be read: bytes of a file, and by depth of nesting, files and bytes of a zip."""

    notebook: int = 20 * MB
    archive: int = 500 * MB
    entries: tuple[int, ...] = (50_000, 5_000, 500)
    total: tuple[int, ...] = (8_000 * MB, 1_000 * MB, 100 * MB)
    ratio: int = 50  # of a zip inside a zip: those hardly shrink again
    files: int = 100_000
    folders_deep: int = 20


@dataclass
class FoundFile:
    """One file: where it lay (names of folders and zips, then its own), and how to read it.

    `problem` says why it cannot be read. It can be only until the next file is asked for.
    """

    parts: tuple[str, ...]
    time: float = 0
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    size: int = 0  # as the folder or the zip says
    packed: int = 0  # its size in the zip that it lies in
    most: int = 0
    open: Callable[[], AbstractContextManager[IO[bytes]]] = io.BytesIO

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def is_notebook(self) -> bool:
        return bool(NOTEBOOK.search(self.name))

    def read(self) -> bytes:
        """Return what is in it; raise Unreadable where that cannot be or is too much."""
        if self.size <= self.most:
            with self.open() as file:
                data = file.read(self.most + 1)
            if len(data) <= self.most:
                return data
        raise Unreadable(
            f"The file is too large (over {self.most / MB:g} MB): it should be handed in again "
            "after “Clear outputs of all cells”."
        )


class Unreadable(Exception):
    """A file cannot be used; its text is a sentence."""


def walk(source: Path, staging: Path, limits: ArchiveLimits | None = None) -> Iterator[FoundFile]:
    """Yield every file in a folder, a zip, or a notebook, in order of their names.

    Zips are opened, three deep at most; what has to be held meanwhile is held in `staging`. Raises
    GradingError where `source` itself cannot be read.
    """
    limits = limits or ArchiveLimits()
    try:
        mode = source.stat().st_mode
    except OSError as error:
        raise GradingError(
            f"{source} cannot be read ({_why(error)}): give a folder or a zip of submissions."
        ) from None
    if stat.S_ISDIR(mode):
        yield from _folder(source, staging, limits)
    elif stat.S_ISREG(mode) and NOTEBOOK.search(source.name):
        yield _file(source, (source.name,), limits)
    elif stat.S_ISREG(mode):
        try:
            with source.open("rb") as file:
                yield from _zip(file, (), staging, limits, 0)
        except Unreadable as error:
            raise GradingError(f"{source.name}: {error}") from None
    else:
        raise GradingError(f"{source} is neither a folder nor a zip of submissions.")


def _folder(top: Path, staging: Path, limits: ArchiveLimits) -> Iterator[FoundFile]:
    seen, avoid = 0, os.path.realpath(staging)
    refused: list[OSError] = []
    for place, folders, files in os.walk(top, onerror=refused.append):
        parts = Path(place).relative_to(top).parts
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        own = {n for n in folders if os.path.realpath(os.path.join(place, n)) != avoid}
        folders[:] = sorted(n for n in own - {*links} if not _is_junk((*parts, n)))
        if len(parts) >= limits.folders_deep:
            yield from (
                FoundFile((*parts, n), problem="Its folders lie too deep.") for n in folders
            )
            folders.clear()
        seen += len(folders) + len(files)
        if seen > limits.files:
            raise GradingError(f"{top} holds more than {limits.files} files: too many.")
        for name in sorted(files + links):
            found = _file(Path(place, name), (*parts, name), limits)
            yield from _unpacked(found, staging, limits, 1)
    for fault in refused:
        parts = Path(fault.filename).relative_to(top).parts
        if not parts:
            raise GradingError(f"{top} cannot be read ({_why(fault)}).")
        yield FoundFile(parts, problem=f"The folder cannot be read ({_why(fault)}).")


def _file(path: Path, parts: tuple[str, ...], limits: ArchiveLimits) -> FoundFile:
    """Describe a file of the file system; what is no ordinary file is never opened."""
    try:
        about = path.lstat()
    except OSError as error:
        return FoundFile(parts, problem=f"It cannot be read ({_why(error)}).")
    if not stat.S_ISREG(about.st_mode):
        return FoundFile(parts, problem=LINK if stat.S_ISLNK(about.st_mode) else NO_FILE)
    found = FoundFile(parts, about.st_mtime, size=about.st_size, most=limits.notebook)
    found.open = partial(_opened, path)
    return found


def _opened(path: Path) -> IO[bytes]:
    """Open an ordinary file for reading, though it be replaced by a link or a pipe meanwhile."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Unreadable(NO_FILE)
        return os.fdopen(handle, "rb")
    except OSError as error:
        raise Unreadable(f"It cannot be read ({_why(error)}).") from None


def _unpacked(
    found: FoundFile, staging: Path, limits: ArchiveLimits, depth: int
) -> Iterator[FoundFile]:
    """Yield a file, or what is in it if it is a zip; `depth` counts the zips that it lies in."""
    if _is_junk(found.parts):
        return
    if found.problem or not found.name.lower().endswith(".zip"):
        yield found
        return
    try:
        if not found.packed:
            with found.open() as file:
                yield from _zip(file, found.parts, staging, limits, depth)
            return
        if found.size > limits.archive:
            raise Unreadable(f"The zip is too large (over {limits.archive / MB:g} MB).")
        if found.size > max(found.packed, 10_000) * limits.ratio:
            raise Unreadable("The zip unpacks to far more than its size and was left alone.")
        # A zip is searched to and fro, for which one in a zip is unpacked as a whole.
        with tempfile.SpooledTemporaryFile(max_size=4 * MB, dir=str(staging)) as held:
            with found.open() as file:
                shutil.copyfileobj(file, held)
            yield from _zip(held, found.parts, staging, limits, depth)
    except Unreadable as error:
        yield replace(found, problem=str(error))


def _zip(
    file: Any, parts: tuple[str, ...], staging: Path, limits: ArchiveLimits, depth: int
) -> Any:
    """Yield what is in an open zip; raise Unreadable where it cannot be opened as a whole."""
    if depth >= len(limits.entries):
        raise Unreadable(f"Zips lie in zips more than {len(limits.entries)} deep.")
    many = f"The zip holds too many files (over {limits.entries[depth]})."
    private: Any = zipfile  # of what it has for itself its types say nothing
    try:
        # How long the list of files is, before all of it is read into memory.
        end = private._EndRecData(file) if depth else None
        if end and end[private._ECD_SIZE] > limits.entries[depth] * 400:
            raise Unreadable(many)
        archive = zipfile.ZipFile(file)
    except ZIP_ERRORS:
        raise Unreadable("It is damaged or no zip.") from None
    with archive:
        entries = archive.infolist()
        if len(entries) > limits.entries[depth]:
            raise Unreadable(many)
        wanted, most = [i for i in entries if not i.is_dir()], limits.total[depth]
        # What an entry says of its size, zipfile holds it to.
        if sum(i.file_size for i in wanted if _is_read(i.filename)) > most:
            raise Unreadable(f"The zip unpacks to more than {most / MB:g} MB and was left alone.")
        for info in sorted(wanted, key=lambda i: i.filename):
            found = _entry(info, parts)
            found.most, found.open = limits.notebook, partial(_in_zip, archive, info)
            yield from _unpacked(found, staging, limits, depth + 1)


def _is_read(name: str) -> bool:
    return name.lower().endswith(".zip") or bool(NOTEBOOK.search(name))


def _entry(info: zipfile.ZipInfo, around: tuple[str, ...]) -> FoundFile:
    """Describe a file in a zip."""
    name = info.filename
    if not info.flag_bits & 0x800:  # many programs write UTF-8 without saying so
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    pieces = [p for p in re.split(r"[/\\]", name) if p not in ("", ".")]
    inside = tuple(p for p in pieces if p != ".." and not re.fullmatch("[A-Za-z]:", p))
    found = FoundFile((*around, *(inside or ("unnamed",))), size=info.file_size)
    found.packed = max(1, info.compress_size)
    with contextlib.suppress(ValueError, OverflowError):
        found.time = time.mktime((*info.date_time, 0, 0, -1))
    if ".." in pieces or name[:1] in ("/", "\\") or re.match("[A-Za-z]:", name):
        found.notes.append("Its path in the zip led outside of the zip; that part was ignored.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        found.problem = LINK if kind == stat.S_IFLNK else NO_FILE
    elif info.flag_bits & 1:
        found.problem = "The zip is protected by a password."
    return found


@contextlib.contextmanager
def _in_zip(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    try:
        with archive.open(info) as file:
            yield file
    except ZIP_ERRORS as error:
        if is_full(error):
            raise
        raise Unreadable("The zip is damaged at this place or packed in an unusual way.") from None


def _is_junk(parts: tuple[str, ...]) -> bool:
    name = parts[-1]
    return not JUNK_FOLDERS.isdisjoint(parts) or name in JUNK_FILES or name.startswith(("._", "~$"))


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
