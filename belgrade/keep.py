"""Keep my work: notebooks, journal and answers in one file, and back into a fresh session.

For places that forget, such as Binder. The file is a zip: notebooks as they were saved, the files
of `my_work/`, and a mark by which it is known again. What comes back never destroys what is there:
a notebook that differs is moved to `my_work/` first, and in the journal the newer entry wins.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from belgrade import journal
from belgrade.display import KEYBOARD, escape, show_widget

MARK = "belgrade_work.json"
FORMAT = 1
JOURNAL = "my_work/journal.json"
# What `belgrade release` leaves in the students' tree: a hash of each file as it was given out.
MANIFEST = ".belgrade-release.json"
KINDS = {".csv", ".html", ".json", ".md", ".txt"}  # of files in my_work/
LARGEST, WHOLE, MOST = 50_000_000, 200_000_000, 1000  # bytes a file, bytes in all, files
UPLOAD = 9_000_000  # bytes; a Jupyter server takes at most 10 MiB in one message
# What no file system of the three takes in a name, and what hides.
WRONG = re.compile(r'[\x00-\x1f<>:"|?*\\]|^[.]|[. ]$')
JUNK = re.compile(r"(^|/)(__MACOSX|\.DS_Store)(/|$)")


class KeepError(ValueError):
    """Work cannot be packed or brought back; the text says why and what to do."""

    def _render_traceback_(self) -> list[str]:
        """Show students the sentence alone: IPython prints these lines in place of a traceback."""
        return [f"KeepError: {self}"]


# --- what is work --------------------------------------------------------------------------------


def fingerprint(name: str, content: bytes) -> str:
    """Return a hash of what somebody may have written: of a notebook, its cells' text alone.

    Line ends do not count: git changes them on Windows.
    """
    if name.endswith(".ipynb"):
        try:
            cells = json.loads(content)["cells"]
            sources = [[cell["cell_type"], "".join(cell["source"]).strip()] for cell in cells]
            content = json.dumps(sources).encode("utf-8")
        except (ValueError, KeyError, TypeError, RecursionError):
            pass  # damaged: its bytes
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def _given_out(root: Path) -> dict[str, str]:
    """Return the hash of each file as it was released; nothing where no release made the tree."""
    try:
        return dict(json.loads((root / MANIFEST).read_text(encoding="utf-8"))["files"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _is_work(name: str) -> bool:
    """Tell whether `name`, a path with slashes, may be packed and brought back."""
    parts = PurePosixPath(name).parts
    if "/".join(parts) != name or len(name) > 200 or any(map(WRONG.search, parts)):
        return False
    folders, kind = parts[:-1], PurePosixPath(name).suffix
    if kind == ".ipynb":
        return not folders or (folders[0] in ("notebooks", "exercises") and "keys" not in folders)
    return folders == ("my_work",) and kind in KINDS


def collect(root: Path | None = None) -> dict[str, bytes]:
    """Return a student's work in the module's folder: {path with slashes: bytes}.

    Notebooks that are as `belgrade release` gave them out are left out; without its list of what it
    gave out, all are in. Raises `KeepError` for a file that is too large or oddly named.
    """
    root = root or journal.module()
    released, found = _given_out(root), {}
    paths = [*root.glob("*.ipynb"), *root.glob("notebooks/**/*"), *root.glob("exercises/**/*")]
    for path in sorted(paths):
        name = path.relative_to(root).as_posix()
        hidden = any(part.startswith(".") or part == "keys" for part in name.split("/"))
        if path.suffix == ".ipynb" and path.is_file() and not hidden:
            if not _is_work(name):
                raise KeepError(f"Rename {name} first: a shorter name, without : ? * and the like.")
            content = _content(path)
            if fingerprint(name, content) != released.get(name):
                found[name] = content
    for path in sorted(journal.folder().glob("*")):
        name = f"my_work/{path.name}"
        if path.is_file() and _is_work(name) and name != JOURNAL:
            found[name] = _content(path)
    if journal.entries():  # those in memory as well
        found[JOURNAL] = journal.as_text().encode("utf-8")
    return found


def _content(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise KeepError(
            f"{path.name} has {_size(path.stat().st_size)}, more than {_size(LARGEST)}: clear its "
            "outputs (Edit › Clear Outputs of All Cells), save, and pack again."
        )
    return path.read_bytes()


# --- pack ----------------------------------------------------------------------------------------


def pack(files: dict[str, bytes]) -> bytes:
    """Return `files` as one zip. Raises `KeepError` where that is more than can come back."""
    if len(files) > MOST or sum(map(len, files.values())) > WHOLE:
        raise KeepError(f"Your work is larger than {_size(WHOLE)}: clear outputs, then pack again.")
    made = {"format": FORMAT, "packed": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {MARK: json.dumps(made).encode("utf-8"), **files}.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def save(path: str | os.PathLike[str] | None = None) -> Path:
    """Pack the work of this folder into a file; return its path.

    The file is `path`, else `my_work_DATE.zip` here. Raises `KeepError` where it exists already,
    where there is nothing to pack, or where it cannot be written.
    """
    content = pack(_something())
    target = Path(path) if path else _free(Path.cwd())
    if target.exists():
        raise KeepError(f"{target} is there already: give another name.")
    try:
        _replace(target, content)
    except OSError as error:
        raise KeepError(f"{target} could not be written ({error.strerror}).") from None
    return target


def _something() -> dict[str, bytes]:
    if files := collect():
        return files
    raise KeepError("There is nothing to pack: no changed notebook and no entry in the journal.")


def _free(folder: Path) -> Path:
    """Return a path in `folder` for today's file that is not taken."""
    stem = f"my_work_{datetime.now():%Y-%m-%d}"
    names = (f"{stem}_{n}.zip" if n > 1 else f"{stem}.zip" for n in range(1, 1000))
    return next(folder / name for name in names if not (folder / name).exists())


def _replace(target: Path, content: bytes) -> None:
    """Write a file in one step, so that a full disk leaves what was there whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".keep-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{max(count // 1000, 1)} kB"


# --- bring back ----------------------------------------------------------------------------------


@dataclass
class Brought:
    """What came back: names of files, and the journal's sentence."""

    back: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    aside_in: str = ""
    journal: str = ""

    def __str__(self) -> str:
        said = []
        if self.back:
            said.append(f"Brought back: {', '.join(self.back)}.")
        if self.same:
            said.append(f"Already here: {_count(len(self.same), 'file')}.")
        if self.journal:
            said.append(f"Journal: {self.journal}")
        if self.aside:
            said.append(f"What was here in place of {', '.join(self.aside)} is in {self.aside_in}.")
        if self.back:
            said.append("Close notebooks that are open, and open them again.")
        return " ".join(said)


def restore(source: str | os.PathLike[str] | bytes) -> Brought:
    """Bring the work in a kept file (its path, or its bytes) back; return what was done.

    Nothing is written unless all of the file is as `save` and the panel make it. Raises `KeepError`
    where it is not, or where something could not be written.
    """
    if not isinstance(source, bytes):
        try:
            if Path(source).stat().st_size > WHOLE:
                raise KeepError(f"{source} is larger than {_size(WHOLE)}: no kept file is.")
            source = Path(source).read_bytes()
        except OSError as error:
            raise KeepError(f"{source} cannot be opened ({error.strerror}).") from None
    files = read(source)
    root, brought = journal.module(), Brought()
    released = _given_out(root)
    aside = journal.folder() / f"before_{datetime.now():%Y-%m-%d_%H%M%S}"
    brought.aside_in = _shown(aside, root)
    text = files.pop(JOURNAL, None)
    try:
        if text is not None:
            brought.journal = journal.merge(text.decode("utf-8"))
        for name, content in files.items():
            _bring(name, content, root, aside, released, brought)
    except OSError as error:
        raise KeepError(
            f"Not all could be written ({error.strerror}). {brought} The file still holds all of "
            "it: make room and bring it back again."
        ) from None
    return brought


def _bring(
    name: str, content: bytes, root: Path, aside: Path, released: dict[str, str], brought: Brought
) -> None:
    """Put one file in its place, and what was there aside."""
    folder = journal.folder().resolve() if name.startswith("my_work/") else root.resolve()
    target = folder / name.removeprefix("my_work/")
    if not target.parent.resolve().is_relative_to(folder):
        raise KeepError(f"{name} would be written outside {folder}: nothing more was brought back.")
    if target.is_file():
        here = fingerprint(name, target.read_bytes())
        if here == fingerprint(name, content):
            brought.same.append(name)
            return
        if here != released.get(name):
            _replace(aside / name.removeprefix("my_work/"), target.read_bytes())
            brought.aside.append(name)
    _replace(target, content)
    brought.back.append(name)


def read(content: bytes) -> dict[str, bytes]:
    """Return what a kept file holds: {path with slashes: bytes}.

    A journal that was downloaded by itself will do as well. Raises `KeepError` if it is neither.
    """
    if content.lstrip()[:1] == b"{":
        if b'"nbformat"' in content:
            raise KeepError(
                "This is a notebook, no kept file: drag it into the file browser, into its folder."
            )
        files = {JOURNAL: content}
    else:
        try:
            files = dict(_members(content))
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError):
            raise KeepError(
                "This is no kept file, or it was cut short: choose the .zip that you downloaded."
            ) from None
        if MARK not in files:
            raise KeepError("This zip is not one that `Pack my work` made: choose another file.")
        try:
            known = json.loads(files.pop(MARK))["format"] == FORMAT
        except (ValueError, KeyError, TypeError):
            known = False
        if not known:
            raise KeepError("This file is of another version of the module: update the module.")
    for name, each in files.items():
        _examine(name, each)
    if len({name.casefold() for name in files}) < len(files):
        raise KeepError("This file holds a name twice; nothing was changed.")
    return files


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of each file in a zip, within bounds whatever the zip says of itself."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not JUNK.search(m.filename)]
        if len(members) > MOST:
            raise KeepError(f"This file holds more than {MOST} files; nothing was changed.")
        # Safari unpacks what it downloads; packed again by hand, all is in one more folder.
        tops = {m.filename.partition("/")[0] for m in members}
        top = f"{next(iter(tops))}/" if len(tops) == 1 else ""
        if f"{top}{MARK}" not in archive.namelist():
            top = ""
        left = WHOLE
        for member in members:
            with archive.open(member) as file:
                found = file.read(min(LARGEST, left) + 1)
            left -= len(found)
            if len(found) > LARGEST or left < 0:
                raise KeepError(f"{member.filename[:80]!r} is too large; nothing was changed.")
            yield member.filename.removeprefix(top), found


def _examine(name: str, content: bytes) -> None:
    """Raise `KeepError` for a name that is never packed, and for content that is damaged."""
    if not _is_work(name):
        raise KeepError(f"{name[:80]!r} does not belong into a kept file; nothing was changed.")
    try:
        if name.endswith(".ipynb") and not isinstance(json.loads(content)["cells"], list):
            raise TypeError
        if name == JOURNAL:
            journal.parse(content.decode("utf-8"))
    except journal.Damaged as error:
        raise KeepError(f"{error} Nothing was changed.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeepError(f"{name} in this file is damaged; nothing was changed.") from None


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


# --- the panel -----------------------------------------------------------------------------------


def panel() -> None:
    """Show a button that packs your work for download, and one that brings a kept file back."""
    import ipywidgets
    from IPython.display import display

    wide = {"width": "auto"}
    packing = ipywidgets.Button(
        description="Pack my work", layout=wide, style={"button_color": "#d6e6f2"}
    )
    chosen = ipywidgets.FileUpload(
        description="Bring a kept file back …",
        tooltip="Bring a kept file back",
        accept=".zip,.json",
        layout=wide,
    )
    show_widget(
        ipywidgets.HBox([packing, chosen], layout={"flex_flow": "row wrap"}),
        "<p><strong>Keep my work.</strong> Run this cell to pack your notebooks and your journal "
        "into one file, or to bring a kept file back.</p>",
        "Keep my work. (Run this cell to pack your work, or to bring a kept file back.)",
    )
    first = "Save your notebooks first: Ctrl and S, on a Mac ⌘ and S."
    message = display(_said(first), raw=True, display_id=True)

    def packed(_: Any) -> None:
        try:
            message.update(_said(*_offer(_something())), raw=True)
        except (KeepError, OSError) as error:
            message.update(_said(str(error)), raw=True)

    def brought(_: Any) -> None:
        if not chosen.value:
            return
        try:
            said = str(restore(bytes(chosen.value[0]["content"])))
        except KeepError as error:
            said = str(error)
        chosen.value = ()
        message.update(_said(said), raw=True)

    packing.on_click(packed)
    chosen.observe(brought, "value")


def _offer(files: dict[str, bytes]) -> tuple[str, str]:
    """Return what was packed in words, and the link to it as HTML."""
    content, target = pack(files), _free(journal.folder())
    link = f"data:application/zip;base64,{base64.b64encode(content).decode('ascii')}"
    where = ""
    # In the browser alone there is no server that could hand the file out.
    if sys.platform != "emscripten":
        with contextlib.suppress(OSError):
            _replace(target, content)
            if target.resolve().is_relative_to(journal.module().resolve()):
                link = quote(Path(os.path.relpath(target)).as_posix())
                where = f" It is also in the folder {target.parent.name}, in the file browser."
    words = f"Packed {_contents(files)}: {_size(len(content))}.{where}"
    if len(content) > UPLOAD:
        words += (
            " It is too large for the button that brings it back: drag it into the file browser, "
            f'then run keep.restore("{target.name}").'
        )
    return words, f'<a href="{link}" download="{target.name}">Download {target.name}</a>'


def _contents(files: dict[str, bytes]) -> str:
    """Return in words what is packed, and how old what was saved last is."""
    books = [name for name in files if name.endswith(".ipynb")]
    parts = [_count(len(books), "notebook")] * bool(books)
    parts += ["your journal"] * (JOURNAL in files)
    others = len(files) - len(books) - (JOURNAL in files)
    parts += [_count(others, "other file")] * bool(others)
    listed = " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
    if books:
        root = journal.module()
        times = {name: (root / name).stat().st_mtime for name in books}
        latest = max(times, key=times.__getitem__)
        age = int((time.time() - times[latest]) / 60)
        when = f"{_count(age, 'minute')} ago" if age > 0 else "just now"
        listed += f" (saved last: {latest}, {when})"
    return listed


def _said(words: str, link: str = "") -> dict[str, str]:
    """Return the MIME bundle of a sentence with a link, announced when it changes."""
    inner = f"{link} {escape(words)}".strip()
    page = f'<p role="status" aria-live="polite" style="margin:0.3em 0">{inner}</p>'
    return {"text/html": page + KEYBOARD, "text/plain": words}
