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
import time
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from belgrade import MANIFEST, UserError, forms, journal
from belgrade.display import count, joined
from belgrade.files import with_retries, write_whole

MARK = "belgrade_work.json"
FORMAT = 1
JOURNAL = "my_work/journal.json"
KINDS = {".csv", ".html", ".json", ".md", ".txt"}  # of files in my_work/
LARGEST, WHOLE, MOST = 50_000_000, 200_000_000, 1000  # bytes a file, bytes in all, files
LONGEST = 200  # characters of a path, and bytes of a name
UPLOAD = 9_000_000  # bytes; a Jupyter server takes at most 10 MiB in one message
# What one of the three systems does not take in a name; half a character, too.
WRONG = re.compile(
    r'[\x00-\x1f<>:"|?*\\\ud800-\udfff]|[. ]$|^(con|prn|aux|nul|(com|lpt)[0-9])([.]|$)', re.I
)
HIDDEN = re.compile(r"^[.]|^__MACOSX$")
JUNK = {"__MACOSX", ".DS_Store"}  # what a Mac adds to a zip
CONFLICT = re.compile(rb"^(<{7}|>{7})( |\r?$)", re.M)


class KeepError(UserError):
    """Work cannot be packed or brought back; the text says why and what to do."""


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
    """Tell whether a file of this name (a path with slashes) is a student's, by place and kind."""
    parts = PurePosixPath(name).parts
    if "/".join(parts) != name or any(map(HIDDEN.search, parts)):
        return False
    folders, kind = parts[:-1], PurePosixPath(name).suffix
    if kind == ".ipynb":
        return not folders or (folders[0] in ("notebooks", "exercises") and "keys" not in parts)
    return folders == ("my_work",) and kind in KINDS


def problem(name: str, size: int) -> str:
    """Return why a file of this name and size (bytes) can be neither packed nor brought back.

    Else "". One rule for both, so that whatever is packed comes back.
    """
    parts = name.split("/")
    if len(name) > LONGEST or any(
        WRONG.search(part) or len(part.encode("utf-8", "replace")) > LONGEST for part in parts
    ):
        return "rename it first: a shorter name, without : ? * and the like"
    if size > LARGEST:
        return (
            f"it has {_size(size)}, more than {_size(LARGEST)}: clear its outputs (Edit › Clear "
            "Outputs of All Cells) and save, then pack again"
        )
    return ""


def _too_much(sizes: list[int]) -> bool:
    return len(sizes) > MOST or sum(sizes) > WHOLE


def collect(root: Path | None = None) -> dict[str, bytes]:
    """Return a student's work in the module's folder: {path with slashes: bytes}.

    Notebooks that are as `belgrade release` gave them out are left out; without its list of what it
    gave out, all are in. Raises `KeepError` for a file that is too large or oddly named, or cannot
    be read.
    """
    root = root or journal.module_folder()
    released, found = _given_out(root), {}
    books = [*root.glob("*.ipynb"), *root.glob("notebooks/**/*"), *root.glob("exercises/**/*")]
    paths = {path.relative_to(root).as_posix(): path for path in sorted(books)}
    paths |= {f"my_work/{path.name}": path for path in sorted(journal.folder().glob("*"))}
    for name, path in paths.items():
        if not path.is_file() or name == JOURNAL or not _is_work(name):
            continue
        if why := problem(name, path.stat().st_size):
            raise KeepError(f"{_plain(name)} cannot be packed: {why}.")
        try:
            content = with_retries(Path.read_bytes, path)
        except OSError as error:
            raise KeepError(f"{_plain(name)} cannot be read ({error.strerror}).") from None
        if not name.endswith(".ipynb") or fingerprint(name, content) != released.get(name):
            found[name] = content
    if journal.entries():  # those in memory as well
        found[JOURNAL] = journal.as_bytes()
    return found


# --- pack ----------------------------------------------------------------------------------------


def pack(files: dict[str, bytes]) -> bytes:
    """Return `files` as one zip. Raises `KeepError` where that is more than can come back."""
    if _too_much([len(each) for each in files.values()]):
        raise KeepError(
            f"Your work is more than {MOST} files or {_size(WHOLE)}: clear outputs, "
            "then pack again."
        )
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
        write_whole(target, content)
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


def _plain(name: str) -> str:
    """Return a name as it can be printed, whoever made it up."""
    return name[:80] if name.isprintable() else ascii(name[:80])


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{max(count // 1000, 1)} kB"


# --- bring back ----------------------------------------------------------------------------------


@dataclass
class Restored:
    """What came back: names of files, the journal's sentence, and what did not, with the reason."""

    back: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    aside: list[str] = field(default_factory=list)
    aside_in: str = ""
    journal: str = ""
    problems: dict[str, str] = field(default_factory=dict)  # name -> what is the matter with it
    failed: dict[str, str] = field(default_factory=dict)  # name -> why it could not be written

    def __str__(self) -> str:
        sentences = []
        if self.back:
            sentences.append(f"Brought back: {', '.join(self.back)}.")
        if self.same:
            sentences.append(f"Already here: {count(len(self.same), 'file')}.")
        if self.journal:
            sentences.append(f"Journal: {self.journal}")
        if self.aside:
            sentences.append(
                f"What was here in place of {', '.join(self.aside)} is in {self.aside_in}."
            )
        sentences += [f"{_plain(name)}: {why}." for name, why in self.problems.items()]
        if self.back:
            sentences.append("Close notebooks that are open, and open them again.")
        return " ".join(sentences) or "This file holds no work."


def restore(source: str | os.PathLike[str] | bytes) -> Restored:
    """Bring the work in a kept file (its path, or its bytes) back; return what was done.

    What cannot come back is left out and named; everything else does. Raises `KeepError` where
    `source` is no kept file, and, at the end, where something could not be written.
    """
    if isinstance(source, bytes):
        content = source
    else:
        try:
            if Path(source).stat().st_size > WHOLE:
                raise KeepError(f"{source} is larger than {_size(WHOLE)}: no kept file is.")
            content = Path(source).read_bytes()
        except OSError as error:
            raise KeepError(f"{source} cannot be opened ({error.strerror}).") from None
    kept, left_out = read(content)
    root, done = journal.module_folder(), Restored(problems=left_out)
    released = _given_out(root)
    aside = journal.new_backup_folder()
    done.aside_in = _shown(aside, root)
    written: list[Path] = []
    for name, content in kept.items():
        try:
            if name == JOURNAL:
                _restore_journal(content, done)
            elif target := _target(name, root, written, done):
                _restore_file(name, content, target, aside, released, done)
                written.append(target)
        except OSError as error:
            done.failed[name] = error.strerror or str(error)
    if done.failed:
        names = ", ".join(f"{_plain(name)} ({why})" for name, why in done.failed.items())
        raise KeepError(
            f"Not all could be written: {names}. {done} The file still holds all of it: make "
            "room and bring it back again."
        )
    return done


def _restore_journal(content: bytes, done: Restored) -> None:
    """Merge the journal of a kept file; put one that cannot be read beside yours."""
    try:
        done.journal = journal.merge(content.decode("utf-8-sig"))
    except (journal.Damaged, UnicodeDecodeError):
        name = journal.damaged_name()
        write_whole(journal.folder() / name, content)
        done.problems[JOURNAL] = f"it could not be read and was kept as {name}"


def _target(name: str, root: Path, written: list[Path], done: Restored) -> Path | None:
    """Return where a file goes, beside the one that has its place; None if that is outside."""
    folder = journal.folder().resolve() if name.startswith("my_work/") else root.resolve()
    target = folder / name.removeprefix("my_work/")
    if not target.parent.resolve().is_relative_to(folder):
        done.problems[name] = f"left out, since it would be written outside {folder}"
        return None
    # Names that differ by case alone, or by how an accent is written, are one on some systems.
    if target.exists() and any(target.samefile(path) for path in written):
        target = target.with_stem(f"{target.stem} (2)")
        done.problems[name] = f"its name is taken here, so it is {target.name}"
    return target


def _restore_file(
    name: str, content: bytes, target: Path, aside: Path, released: dict[str, str], done: Restored
) -> None:
    """Put one file in its place, and what was there aside."""
    wrong = unreadable(content) if name.endswith(".ipynb") else ""
    if wrong:
        done.problems[name] = f"it came back as it was packed, but {wrong}"
    if target.is_file():
        here = target.read_bytes()
        if fingerprint(name, here) == fingerprint(name, content):
            done.same.append(name)
            return
        if wrong or fingerprint(name, here) != released.get(name):
            write_whole(aside / name.removeprefix("my_work/"), here)
            done.aside.append(name)
    write_whole(target, content)
    done.back.append(name)


def unreadable(content: bytes) -> str:
    """Return what keeps JupyterLab from opening a notebook of these bytes, or ""."""
    if not content.strip():
        return "it is empty"
    if marked := CONFLICT.search(content):
        line = content.count(b"\n", 0, marked.start()) + 1
        return (
            f"line {line} is a mark of a merge conflict: open it with Editor, keep one of the two "
            "sides and delete the lines with <<<<<<<, ======= and >>>>>>>"
        )
    try:
        if isinstance(json.loads(content)["cells"], list):
            return ""
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    return "it was cut off, or is no notebook"


def read(content: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return what a kept file holds, {path with slashes: bytes}, and what is left out and why.

    A journal that was downloaded by itself will do as well. Raises `KeepError` if it is neither.
    """
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        if b'"nbformat"' in content:
            raise KeepError(
                "This is a notebook, no kept file: drag it into the file browser, into its folder."
            )
        try:
            journal.parse(content.decode("utf-8-sig"))
        except (journal.Damaged, UnicodeDecodeError) as error:
            raise KeepError(f"{error} Nothing was changed.") from None
        return {JOURNAL: content}, {}
    try:
        kept, left_out = _members(content)
    except (zipfile.BadZipFile, NotImplementedError):
        raise KeepError(
            "This is no kept file, or it was cut short: choose the .zip that you downloaded."
        ) from None
    if MARK not in kept:
        raise KeepError("This zip is not one that `Pack my work` made: choose another file.")
    try:
        known = json.loads(kept.pop(MARK))["format"] == FORMAT
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise KeepError("This file is of another version of the module: update the module.")
    return kept, left_out


def _members(content: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the files in a zip, within bounds whatever the zip says of itself; and the others."""
    kept: dict[str, bytes] = {}
    left_out: dict[str, str] = {}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and JUNK.isdisjoint(member.filename.split("/"))
        ]
        # Safari unpacks what it downloads; packed again by hand, all is in one more folder.
        tops = {member.filename.partition("/")[0] for member in members}
        top = f"{next(iter(tops))}/" if len(tops) == 1 else ""
        if f"{top}{MARK}" not in archive.namelist():
            top = ""
        sizes: list[int] = []
        for member in members:
            name, size = member.filename.removeprefix(top), 0
            why = "" if name == MARK or _is_work(name) else "it does not belong into a kept file"
            if not why:
                try:
                    with archive.open(member) as file:
                        found = file.read(LARGEST + 1)
                except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):
                    why = "it is damaged in this file"
                else:
                    size = len(found)
                    why = "it is there twice" if name in kept else problem(name, size)
            if why:
                left_out[name] = f"left out: {why}"
            else:
                kept[name] = found
            sizes += [size] * (name != MARK)
            if _too_much(sizes):
                raise KeepError(f"This file holds more than {MOST} files or {_size(WHOLE)}.")
    return kept, left_out


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


# --- the panel -----------------------------------------------------------------------------------


def panel() -> None:
    """Show how to pack your work for download, bring a kept file back, or start again.

    An exercise, or one question of it, is put back to how it was given out; yours is kept.
    """
    import ipywidgets

    from belgrade.checks.reset import start_again

    def tell(act: Callable[[], Sequence[str]]) -> None:
        """Say what `act` returns, a sentence and perhaps a link, or what went wrong."""
        form.tell("Working …")
        try:
            form.tell(*act())
        except UserError as error:
            form.tell(str(error))
        except OSError as error:
            form.tell(f"It could not be read or written ({error.strerror}); nothing was changed.")

    def bring_back(_: Any) -> None:
        if chosen.value:
            content, chosen.value = bytes(chosen.value[0]["content"]), ()
            tell(lambda: [str(restore(content))])

    def again() -> Sequence[str]:
        if name := "".join(which.value.split()):
            return [start_again(name)]
        return ["Type an exercise, such as 03, or a question, such as 3.2, first."]

    def fallback() -> forms.Fallback:
        return forms.Fallback(
            "Keep my work.",
            "Run this cell to pack your notebooks and your journal into one file, to bring a kept "
            "file back, or to put an exercise or a question back to how it was given out.",
        )

    chosen = ipywidgets.FileUpload(
        description="Bring a kept file back …",
        tooltip="Bring a kept file back",
        accept=".zip,.json",
        icon="",  # its sign would be read out
        layout={"width": "auto"},
        style=forms.BUTTON,
    )
    forms.on_change(chosen, bring_back)
    which = forms.number_text("Exercise or question", placeholder="03 or 3.2")
    rows = [
        forms.row(
            [forms.button("Pack my work", lambda: tell(lambda: _offer(_something()))), chosen]
        )
    ]
    if sys.platform != "emscripten":  # in the browser alone there is no nbformat
        rows.append(forms.row([which, forms.button("Start it again", lambda: tell(again))]))
    form = forms.Form("keep", rows, fallback)
    form.show("Save your notebooks first: Ctrl and S, on a Mac ⌘ and S.")


def _offer(files: dict[str, bytes]) -> tuple[str, str]:
    """Return what was packed in words, and the link to it as HTML."""
    content, target = pack(files), _free(journal.folder())
    link = f"data:application/zip;base64,{base64.b64encode(content).decode('ascii')}"
    where = ""
    # In the browser alone there is no server that could hand the file out.
    if sys.platform != "emscripten":
        with contextlib.suppress(OSError):
            write_whole(target, content)
            if target.resolve().is_relative_to(journal.module_folder().resolve()):
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
    parts = [count(len(books), "notebook")] * bool(books)
    parts += ["your journal"] * (JOURNAL in files)
    others = len(files) - len(books) - (JOURNAL in files)
    parts += [count(others, "other file")] * bool(others)
    listed = joined(parts)
    if books:
        root = journal.module_folder()
        times = {name: (root / name).stat().st_mtime for name in books}
        latest = max(times, key=times.__getitem__)
        age = int((time.time() - times[latest]) / 60)
        when = f"{count(age, 'minute')} ago" if age > 0 else "just now"
        listed += f" (saved last: {latest}, {when})"
    return listed
