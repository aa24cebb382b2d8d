"""Walk through what was handed in, folders and zips in zips, without trusting any of it.

Nothing is unpacked by its own name and nothing is followed: links, devices and pipes are named
with the reason, a zip that unpacks to too much is left alone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from belgrade.grading import GradingError

MB = 1_000_000
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$|\.json$", re.IGNORECASE)
JUNK_FOLDERS = {"__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__", ".Trashes"}
JUNK_FILES = {".DS_Store", "Thumbs.db", "desktop.ini", "timestamp.txt"}
ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError,
    ValueError, IndexError, KeyError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """What may be read: bytes of a file, and by depth of nesting, files and bytes of a zip."""

    notebook: int = 20 * MB
    archive: int = 500 * MB
    entries: tuple[int, ...] = (50_000, 5_000, 500)
    total: tuple[int, ...] = (8_000 * MB, 1_000 * MB, 100 * MB)
    ratio: int = 50  # of a zip inside a zip: those hardly shrink again
    files: int = 100_000
    folders_deep: int = 20

    @property
    def depth(self) -> int:
        return len(self.entries)


@dataclass
class Found:
    """One file: where it lay (names of folders and zips, then its own), and how to read it.

    `problem` says why it cannot be read. `read` works only until the next file is asked for.
    """

    parts: tuple[str, ...]
    time: float = 0
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    read: Callable[[], bytes] = bytes

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def is_notebook(self) -> bool:
        return bool(NOTEBOOK.search(self.name))


class Unreadable(Exception):
    """A file cannot be used; its text is a sentence."""


def walk(source: Path, spool: Path, limits: Limits | None = None) -> Iterator[Found]:
    """Yield every file in a folder, a zip, or a notebook, in order of their names.

    Zips are opened, three deep at most; what has to be held meanwhile is held in `spool`. Raises
    GradingError where `source` itself cannot be read.
    """
    limits = limits or Limits()
    try:
        mode = source.stat().st_mode
    except OSError as error:
        raise GradingError(
            f"{source} cannot be read ({_why(error)}): give a folder or a zip of submissions."
        ) from None
    if stat.S_ISDIR(mode):
        yield from _folder(source, spool, limits)
    elif stat.S_ISREG(mode) and NOTEBOOK.search(source.name):
        yield _file(source, (source.name,), limits)
    elif stat.S_ISREG(mode):
        with source.open("rb") as file:
            try:
                yield from _zip(file, (), spool, limits, 0)
            except Unreadable as error:
                raise GradingError(f"{source.name}: {error}") from None
    else:
        raise GradingError(f"{source} is neither a folder nor a zip of submissions.")


def _folder(top: Path, spool: Path, limits: Limits) -> Iterator[Found]:
    seen, waiting = 0, [(top, ())]
    avoid = os.path.realpath(spool)
    while waiting:
        folder, parts = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda e: e.name)
        except OSError as error:
            if not parts:
                raise GradingError(f"{top} cannot be read ({_why(error)}).") from None
            yield Found(parts, problem=f"The folder cannot be read ({_why(error)}).")
            continue
        deeper = []
        for entry in entries:
            here = (*parts, entry.name)
            if _is_junk(here) or os.path.realpath(entry.path) == avoid:
                continue
            seen += 1
            if seen > limits.files:
                raise GradingError(f"{top} holds more than {limits.files} files: too many.")
            if entry.is_symlink():
                yield Found(here, problem="It is a link, and links are not followed.")
            elif entry.is_dir(follow_symlinks=False):
                if len(here) > limits.folders_deep:
                    yield Found(here, problem="Its folders are nested too deep.")
                else:
                    deeper.append((Path(entry.path), here))
            elif here[-1].lower().endswith(".zip"):
                yield from _zip_file(Path(entry.path), here, spool, limits)
            else:
                yield _file(Path(entry.path), here, limits)
        waiting += reversed(deeper)


def _file(path: Path, parts: tuple[str, ...], limits: Limits) -> Found:
    """Describe a file of the file system; what is no ordinary file is never opened."""
    try:
        about = path.lstat()
    except OSError as error:
        return Found(parts, problem=f"It cannot be read ({_why(error)}).")
    if not stat.S_ISREG(about.st_mode):
        return Found(parts, problem="It is a pipe, a device or a socket, not a file.")

    def read() -> bytes:
        if about.st_size > limits.notebook:
            raise Unreadable(_too_large(about.st_size, limits))
        with _opened(path) as file:
            return _at_most(file, limits)

    return Found(parts, about.st_mtime, read=read)


def _opened(path: Path):
    """Open an ordinary file for reading, though it be replaced by a link or a pipe meanwhile."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise Unreadable("It is a pipe, a device or a socket, not a file.")
        return os.fdopen(handle, "rb")
    except OSError as error:
        raise Unreadable(f"It cannot be read ({_why(error)}).") from None


def _at_most(file, limits: Limits) -> bytes:
    data = file.read(limits.notebook + 1)
    if len(data) > limits.notebook:
        raise Unreadable(_too_large(len(data), limits))
    return data


def _too_large(size: int, limits: Limits) -> str:
    return (
        f"The file is too large (over {limits.notebook / MB:g} MB): it should be handed in again "
        "after “Clear outputs of all cells”."
    )


def _zip_file(path: Path, parts: tuple[str, ...], spool: Path, limits: Limits) -> Iterator[Found]:
    """Yield what is in a zip that lies in a folder."""
    described = _file(path, parts, limits)
    if described.problem:
        yield described
        return
    try:
        with _opened(path) as file:
            yield from _zip(file, parts, spool, limits, 1)
    except Unreadable as error:
        yield Found(parts, described.time, problem=str(error))


def _zip(file, parts, spool: Path, limits: Limits, depth: int) -> Iterator[Found]:
    """Yield what is in an open zip; raise Unreadable where it cannot be opened as a whole."""
    if depth >= limits.depth:
        raise Unreadable(f"Zips lie in zips more than {limits.depth} deep.")
    if depth and _directory_bytes(file) > limits.entries[depth] * 400:
        raise Unreadable(f"The zip holds too many files (over {limits.entries[depth]}).")
    try:
        archive = zipfile.ZipFile(file)
    except ZIP_ERRORS:
        raise Unreadable("It is damaged or no zip.") from None
    with archive:
        entries = archive.infolist()
        if len(entries) > limits.entries[depth]:
            raise Unreadable(f"The zip holds too many files (over {limits.entries[depth]}).")
        wanted = [i for i in entries if not i.is_dir()]
        if sum(i.file_size for i in wanted if _is_read(i)) > limits.total[depth]:
            raise Unreadable(
                f"The zip unpacks to more than {limits.total[depth] / MB:g} MB and was left alone."
            )
        budget = [limits.total[depth]]
        for info in sorted(wanted, key=lambda i: i.filename):
            yield from _entry(archive, info, parts, spool, limits, depth, budget)


def _is_read(info: zipfile.ZipInfo) -> bool:
    return bool(NOTEBOOK.search(info.filename)) or info.filename.lower().endswith(".zip")


def _entry(archive, info, parts, spool, limits, depth, budget) -> Iterator[Found]:
    name = _entry_name(info)
    pieces = [p for p in re.split(r"[/\\]", name) if p not in ("", ".")]
    inside = tuple(p for p in pieces if p != ".." and not re.fullmatch("[A-Za-z]:", p))
    found = Found((*parts, *(inside or ("unnamed",))), _entry_time(info))
    if _is_junk(found.parts):
        return
    if ".." in pieces or name[:1] in ("/", "\\") or re.match("[A-Za-z]:", name):
        found.notes.append("Its path in the zip led outside of the zip; that part was ignored.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        found.problem = "It is a link, and links are not followed."
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        found.problem = "It is a pipe, a device or a socket, not a file."
    elif info.flag_bits & 1:
        found.problem = "The zip is protected by a password."
    if found.problem or not _is_read(info):
        yield found
    elif found.is_notebook:

        def read() -> bytes:
            if info.file_size > limits.notebook:
                raise Unreadable(_too_large(info.file_size, limits))
            with _damaged_if_it_fails(), archive.open(info) as file:
                data = _at_most(file, limits)
            budget[0] -= len(data)
            if budget[0] < 0:
                raise Unreadable(f"The zip unpacks to more than {limits.total[depth] / MB:g} MB.")
            return data

        found.read = read
        yield found
    else:
        try:
            with _held(archive, info, spool, limits) as file:
                yield from _zip(file, found.parts, spool, limits, depth + 1)
        except Unreadable as error:
            found.problem = str(error)
            yield found


@contextlib.contextmanager
def _damaged_if_it_fails() -> Iterator[None]:
    try:
        yield
    except ZIP_ERRORS as error:
        if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Unreadable("The zip is damaged at this place or packed in an unusual way.") from None


@contextlib.contextmanager
def _held(archive, info, spool: Path, limits: Limits) -> Iterator:
    """Give a zip that lies in a zip as a file that can be searched."""
    if info.file_size > limits.archive:
        raise Unreadable(f"The zip is too large (over {limits.archive / MB:g} MB).")
    if info.file_size > max(info.compress_size, 10_000) * limits.ratio:
        raise Unreadable("The zip unpacks to far more than its size and was left alone.")
    with tempfile.SpooledTemporaryFile(max_size=4 * MB, dir=spool) as file:
        with _damaged_if_it_fails(), archive.open(info) as packed:
            left = limits.archive
            while chunk := packed.read(1 << 20):
                left -= len(chunk)
                if left < 0:
                    raise Unreadable(f"The zip is too large (over {limits.archive / MB:g} MB).")
                file.write(chunk)
        file.seek(0)
        yield file


def _directory_bytes(file) -> int:
    """Return how long a zip's list of files is, before zipfile reads all of it into memory.

    By PKWARE's APPNOTE, 4.3.15 and 4.3.16. A zip of the large kind counts as endless here: nobody
    needs one for a notebook.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 66_000))
    tail = file.read()
    file.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        return 0
    if tail[max(0, at - 20) : at].startswith(b"PK\x06\x07"):
        return 1 << 62
    return int.from_bytes(tail[at + 12 : at + 16], "little")


def _entry_name(info: zipfile.ZipInfo) -> str:
    """Return a file's name; many programs write UTF-8 without saying so."""
    if not info.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            return info.filename.encode("cp437").decode("utf-8")
    return info.filename


def _entry_time(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0


def _is_junk(parts: tuple[str, ...]) -> bool:
    name = parts[-1]
    return not JUNK_FOLDERS.isdisjoint(parts) or name in JUNK_FILES or name.startswith(("._", "~$"))


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
