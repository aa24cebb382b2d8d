"""Walk through what was handed in, folders and zips in zips, without trusting any of it.

Nothing is unpacked by its own name and nothing is followed: links, devices and pipes are named
with the reason, a zip that unpacks to too much is left alone.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from belgrade.grading import GradingError
from belgrade.grading.store import is_full

MB = 1_000_000
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$|\.json$", re.IGNORECASE)
JUNK_FOLDERS = {"__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__", ".Trashes"}
JUNK_FILES = {".DS_Store", "Thumbs.db", "desktop.ini", "timestamp.txt"}
LINK = "It is a link, and links are not followed."
NO_FILE = "It is a pipe, a device or a socket, not a file."
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
        try:
            with source.open("rb") as file:
                yield from _zip(file, (), spool, limits, 0)
        except Unreadable as error:
            raise GradingError(f"{source.name}: {error}") from None
    else:
        raise GradingError(f"{source} is neither a folder nor a zip of submissions.")


def _folder(top: Path, spool: Path, limits: Limits) -> Iterator[Found]:
    seen, avoid, refused = 0, os.path.realpath(spool), []
    for place, folders, files in os.walk(top, onerror=refused.append):
        parts = Path(place).relative_to(top).parts
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders[:] = sorted(
            name for name in set(folders) - set(links)
            if not _is_junk((*parts, name)) and os.path.realpath(os.path.join(place, name)) != avoid
        )  # fmt: skip
        if len(parts) >= limits.folders_deep:
            yield from (Found((*parts, n), problem="Its folders lie too deep.") for n in folders)
            folders.clear()
        seen += len(folders) + len(files)
        if seen > limits.files:
            raise GradingError(f"{top} holds more than {limits.files} files: too many.")
        for name in sorted(files + links):
            here = (*parts, name)
            if _is_junk(here):
                continue
            found = _file(Path(place, name), here, limits)
            if found.problem or not name.lower().endswith(".zip"):
                yield found
                continue
            try:
                with _opened(Path(place, name)) as file:
                    yield from _zip(file, here, spool, limits, 1)
            except Unreadable as error:
                yield Found(here, found.time, problem=str(error))
    for error in refused:
        parts = Path(error.filename).relative_to(top).parts
        if not parts:
            raise GradingError(f"{top} cannot be read ({_why(error)}).")
        yield Found(parts, problem=f"The folder cannot be read ({_why(error)}).")


def _file(path: Path, parts: tuple[str, ...], limits: Limits) -> Found:
    """Describe a file of the file system; what is no ordinary file is never opened."""
    try:
        about = path.lstat()
    except OSError as error:
        return Found(parts, problem=f"It cannot be read ({_why(error)}).")
    if not stat.S_ISREG(about.st_mode):
        return Found(parts, problem=LINK if stat.S_ISLNK(about.st_mode) else NO_FILE)

    def read() -> bytes:
        with _opened(path) as file:
            return _at_most(file, about.st_size, limits)

    return Found(parts, about.st_mtime, read=read)


def _opened(path: Path):
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


def _at_most(file, said: int, limits: Limits) -> bytes:
    """Return what is in a file of `said` bytes, which may have more."""
    data = file.read(limits.notebook + 1) if said <= limits.notebook else None
    if data is None or len(data) > limits.notebook:
        raise Unreadable(
            f"The file is too large (over {limits.notebook / MB:g} MB): it should be handed in "
            "again after “Clear outputs of all cells”."
        )
    return data


def _zip(file, parts, spool: Path, limits: Limits, depth: int) -> Iterator[Found]:
    """Yield what is in an open zip; raise Unreadable where it cannot be opened as a whole."""
    if depth >= len(limits.entries):
        raise Unreadable(f"Zips lie in zips more than {len(limits.entries)} deep.")
    many = f"The zip holds too many files (over {limits.entries[depth]})."
    if depth and _directory_bytes(file) > limits.entries[depth] * 400:
        raise Unreadable(many)
    try:
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
            if _is_junk(found.parts):
                continue
            if found.problem or not _is_read(info.filename):
                yield found
            elif found.is_notebook:

                def read(info=info) -> bytes:
                    with _damaged_if_it_fails(), archive.open(info) as file:
                        return _at_most(file, info.file_size, limits)

                found.read = read
                yield found
            else:
                try:
                    with _held(archive, info, spool, limits) as inner:
                        yield from _zip(inner, found.parts, spool, limits, depth + 1)
                except Unreadable as error:
                    found.problem = str(error)
                    yield found


def _is_read(name: str) -> bool:
    return name.lower().endswith(".zip") or bool(NOTEBOOK.search(name))


def _entry(info: zipfile.ZipInfo, around: tuple[str, ...]) -> Found:
    """Describe a file in a zip."""
    name = info.filename
    if not info.flag_bits & 0x800:  # many programs write UTF-8 without saying so
        with contextlib.suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    pieces = [p for p in re.split(r"[/\\]", name) if p not in ("", ".")]
    inside = tuple(p for p in pieces if p != ".." and not re.fullmatch("[A-Za-z]:", p))
    found = Found((*around, *(inside or ("unnamed",))))
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
def _damaged_if_it_fails() -> Iterator[None]:
    try:
        yield
    except ZIP_ERRORS as error:
        if is_full(error):
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
            shutil.copyfileobj(packed, file)
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


def _is_junk(parts: tuple[str, ...]) -> bool:
    name = parts[-1]
    return not JUNK_FOLDERS.isdisjoint(parts) or name in JUNK_FILES or name.startswith(("._", "~$"))


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
