"""Keep my work: what is packed comes back whole, nothing is lost, nothing else gets in."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import machine
import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandboxes import probe
from shown import form_of

from belgrade import cli, journal, keep

ROOT = Path(__file__).resolve().parent.parent
NAME = "exercises/00_start_here.ipynb"
SECRET = "\nitalian_rows = 3  # mine, Vučić"


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes a new module folder and goes there, as a new session does."""
    monkeypatch.delenv("BELGRADE_WORK")

    def make(name: str, released: bool = True) -> Path:
        root = tmp_path / name
        for folder in ("notebooks", "exercises"):
            (root / folder).mkdir(parents=True)
            shutil.copy(ROOT / folder / "00_start_here.ipynb", root / folder)
        (root / "exercises" / "keys").mkdir()
        shutil.copy(ROOT / NAME, root / "exercises" / "keys")
        if released:
            marks = {
                path.relative_to(root).as_posix(): keep.fingerprint(path.name, path.read_bytes())
                for path in root.glob("*/*.ipynb")
            }
            (root / keep.MANIFEST).write_text(json.dumps({"files": marks}), encoding="utf-8")
        monkeypatch.chdir(root / "exercises")
        return root

    return make


def work(root: Path) -> bytes:
    """Do a student's work in the folder; return the exercise as saved."""
    path = root / NAME
    book = nbformat.read(path, as_version=4)
    book.cells[4].source += SECRET
    nbformat.write(book, path)
    nbformat.write(nbformat.v4.new_notebook(), root / "notebooks" / "My notes.ipynb")
    journal.save("guess/x", 7)
    (root / "my_work" / "evidence_matrix.csv").write_text("a,b\n", encoding="utf-8")
    return path.read_bytes()


MARK = json.dumps({"format": keep.FORMAT})


def zipped(mark: str = MARK, **files: bytes | str) -> bytes:
    """Return a zip with the mark of a kept file, another mark, or none."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        if mark:
            archive.writestr(keep.MARK, mark)
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


# --- there and back ------------------------------------------------------------------------------


def test_what_was_done_comes_back_and_nothing_else(fresh: Any, tmp_path: Path) -> None:
    done = work(fresh("first"))
    kept = keep.save(tmp_path / "kept.zip")
    with zipfile.ZipFile(kept) as archive:
        assert sorted(archive.namelist()) == [
            keep.MARK,
            NAME,
            "my_work/evidence_matrix.csv",
            "my_work/journal.json",
            "notebooks/My notes.ipynb",
        ]
    root = fresh("second")
    said = str(keep.restore(kept))
    assert (root / NAME).read_bytes() == done
    assert SECRET.encode("utf-8")[1:] in done
    assert (root / "notebooks" / "My notes.ipynb").is_file()
    assert (root / "my_work" / "evidence_matrix.csv").is_file()
    assert journal.guess("x") == 7
    assert f"Brought back: {NAME}" in said
    assert "1 entry was brought back" in said
    assert "in place of" not in said  # a file as it was given out is nobody's work
    again = keep.restore(kept)
    assert not again.back and not again.aside
    assert sorted(again.same) == [NAME, "my_work/evidence_matrix.csv", "notebooks/My notes.ipynb"]


def test_without_a_release_all_notebooks_are_packed(fresh: Any) -> None:
    fresh("first", released=False)
    assert sorted(keep.collect()) == [NAME, "notebooks/00_start_here.ipynb"]


def test_what_is_there_already_is_put_aside(fresh: Any, tmp_path: Path) -> None:
    done = work(fresh("first"))
    kept = keep.save(tmp_path / "kept.zip")
    root = fresh("second")
    other = (root / NAME).read_bytes().replace(b"Start here", b"Other work")
    (root / NAME).write_bytes(other)
    journal.save("guess/x", 8)  # later, so it stays
    brought = keep.restore(kept)
    assert (root / NAME).read_bytes() == done
    assert brought.aside == [NAME]
    assert (root / brought.aside_in / NAME).read_bytes() == other
    assert brought.aside_in in str(brought)
    assert journal.guess("x") == 8


def test_a_notebook_that_was_only_run_is_not_work(fresh: Any) -> None:
    root = fresh("first")
    book = nbformat.read(root / NAME, as_version=4)
    book.cells[1].execution_count = 4
    nbformat.write(book, root / NAME)
    assert keep.collect() == {}
    with pytest.raises(keep.KeepError, match="nothing to pack"):
        keep.save("x.zip")


def test_a_journal_by_itself_comes_back_too(fresh: Any, tmp_path: Path) -> None:
    fresh("first")
    journal.save("guess/x", 7)
    shutil.copy(journal.folder() / "journal.json", tmp_path / "belgrade_journal.json")
    fresh("second")
    keep.restore(tmp_path / "belgrade_journal.json")
    assert journal.guess("x") == 7


def test_a_zip_that_a_mac_unpacked_and_packed_again(fresh: Any, tmp_path: Path) -> None:
    done = work(fresh("first"))
    kept = keep.save(tmp_path / "kept.zip")
    again = io.BytesIO()
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(again, "w") as new:
        for name in old.namelist():
            new.writestr(f"my_work_2026-11-22/{name}", old.read(name))
            new.writestr(f"__MACOSX/my_work_2026-11-22/._{name}", b"\0")
        new.writestr("my_work_2026-11-22/.DS_Store", b"\0")
    root = fresh("second")
    keep.restore(again.getvalue())
    assert (root / NAME).read_bytes() == done


def test_the_commands_pack_and_bring_back(
    fresh: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = work(fresh("first"))
    assert cli.main(["keep"]) == 0
    kept = Path(capsys.readouterr().out.removeprefix("Packed: ").strip())
    assert re.fullmatch(r"my_work_\d{4}-\d\d-\d\d\.zip", kept.name)
    assert cli.main(["keep"]) == 0  # a second file on the same day
    assert kept.stem + "_2.zip" in capsys.readouterr().out
    shutil.copy(kept, tmp_path)
    assert cli.main(["keep", str(kept)]) == 2
    assert "is there already" in capsys.readouterr().err
    root = fresh("second")
    assert cli.main(["keep", "--restore", str(tmp_path / kept.name)]) == 0
    assert "Brought back" in capsys.readouterr().out
    assert (root / NAME).read_bytes() == done
    for wrong, words in ((tmp_path / "none.zip", "cannot be opened"), (root / NAME, "a notebook")):
        assert cli.main(["keep", "--restore", str(wrong)]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert cli.main(["keep", "a.zip", "--restore", "b.zip"]) == 2


# --- nothing else gets in ------------------------------------------------------------------------

BOOK = json.dumps({"cells": []})


NEVER = ["../x.ipynb", "/etc/x.ipynb", "notebooks/../../x.ipynb", "notebooks\\x.ipynb", "C:x.ipynb"]
NEVER += ["notebooks//x.ipynb", "belgrade/x.ipynb", "belgrade/data.py", "my_work/x.py", "run.py"]
NEVER += ["my_work/deep/x.csv", "exercises/keys/00.ipynb", "my_work/../x.csv"]
NEVER += ["notebooks/x\n.ipynb", "notebooks/x.ipynb ", "data/report/claims.csv"]
NEVER += [f"notebooks/{name}.ipynb" for name in ("con", 200 * "x", 120 * "ж")]


@pytest.mark.parametrize("name", NEVER)
def test_a_name_that_is_never_packed_is_left_out_and_told(
    fresh: Any, name: str, tmp_path: Path
) -> None:
    fresh("first")
    before = contents(tmp_path)
    brought = keep.restore(zipped(**{"notebooks/good.ipynb": BOOK, name: BOOK}))
    good = {"first/notebooks/good.ipynb": BOOK.encode()}
    assert contents(tmp_path) == before | good
    assert list(brought.problems) == [name]
    assert "left out" in str(brought)
    assert "\n" not in str(brought)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no kept file"),
        (b"PK\x03\x04 not really", "no kept file"),
        (zipped(**{NAME: BOOK})[:-30], "no kept file"),
        (zipped().replace(b'"format": 1', b'"format": 9'), "not one that"),  # checksum of the mark
        (zipped("", **{NAME: BOOK}), "not one that"),
        (zipped('{"format": 9}'), "another version"),
        (b'{"format": 9, "entries": {}}', "format 9"),
        (b'{"format": 1}', "not a journal"),
    ],
    # A zip holds the time when it was made: as a name it would differ from process to process.
    ids=lambda value: "content" if isinstance(value, bytes) else None,
)
def test_what_is_no_kept_file_changes_nothing(
    fresh: Any, content: bytes, words: str, tmp_path: Path
) -> None:
    fresh("first")
    before = contents(tmp_path)
    with pytest.raises(keep.KeepError, match=words):
        keep.restore(content)
    assert contents(tmp_path) == before


MERGED = b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> mine\n]}'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (MERGED, "line 2 is a mark of a merge conflict"),
        (b"{}", "cut off, or is no notebook"),
        (b'{"cells": ', "cut off, or is no notebook"),
        (b"[" * 100_000, "cut off, or is no notebook"),
    ],
    ids=["empty", "merged", "other", "cut", "deep"],
)
def test_a_damaged_notebook_comes_back_as_it_is_with_all_else(
    fresh: Any, content: bytes, words: str, tmp_path: Path
) -> None:
    root = fresh("first")
    work(root)
    (root / NAME).write_bytes(content)
    kept = keep.save(tmp_path / "kept.zip")
    root = fresh("second")
    given_out = (root / NAME).read_bytes()
    brought = keep.restore(kept)
    assert (root / NAME).read_bytes() == content
    assert words in brought.problems[NAME]
    assert words in str(brought)
    assert (root / brought.aside_in / NAME).read_bytes() == given_out  # one that opens
    assert journal.guess("x") == 7
    assert (root / "notebooks" / "My notes.ipynb").is_file()


def test_a_damaged_journal_and_a_damaged_member_do_not_stop_the_rest(fresh: Any) -> None:
    root = fresh("first")
    journal.save("guess/x", 7)
    broken = zipped(
        **{"my_work/journal.json": "{", NAME: BOOK, "notebooks/a.ipynb": '{"cells": [5]}'}
    ).replace(b"[5]", b"[6]")
    brought = keep.restore(broken)
    assert brought.back == [NAME]
    assert list(brought.problems) == ["notebooks/a.ipynb", "my_work/journal.json"]
    assert journal.guess("x") == 7
    (aside,) = root.glob("my_work/journal-damaged-*.json")
    assert aside.read_text(encoding="utf-8") == "{"
    assert aside.name in str(brought)


def test_twins_by_case_both_come_back(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fresh("first")
    twins = {"notebooks/a.ipynb": b'{"cells": [1]}', "notebooks/A.ipynb": b'{"cells": [2]}'}
    # Where the system takes both names for one, the second gets another.
    monkeypatch.setattr(Path, "samefile", lambda one, other: one.name.lower() == other.name.lower())
    real = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: real(path) or real(path.with_name("a.ipynb")))
    brought = keep.restore(keep.pack(twins))
    monkeypatch.undo()
    assert (root / "notebooks/a.ipynb").read_bytes() == twins["notebooks/a.ipynb"]
    assert (root / "notebooks/A (2).ipynb").read_bytes() == twins["notebooks/A.ipynb"]
    assert "A (2).ipynb" in brought.problems["notebooks/A.ipynb"]


# Names of places and kinds that are packed, and such as are not or are awkward.
FOLDERS = ["", "notebooks", "exercises", "notebooks/my", "exercises/keys", "my_work", "data"]
FOLDERS += ["notebooks/__MACOSX", "notebooks/.hidden", "my_work/deep"]
STEMS = st.sampled_from(["a", "A", "Vučić", "с", "my notes", "x.y", "con", "a b ", "e\u0301", "é"])
STEMS |= st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), max_size=12)
NAMES = st.builds(
    lambda folder, stem, kind: f"{folder}/{stem}{kind}".lstrip("/"),
    st.sampled_from(FOLDERS),
    STEMS,
    st.sampled_from([".ipynb", ".ipynb", ".csv", ".json", ".html", ".py", ".IPYNB", ""]),
)
CONTENTS = st.sampled_from([b"", MERGED, BOOK.encode(), b'{"cells": 1}', b"[" * 2000])
CONTENTS |= st.binary(max_size=60)


@given(tree=st.dictionaries(NAMES, CONTENTS, max_size=8), guess=st.text(max_size=5))
@settings(max_examples=150, deadline=None)
def test_whatever_is_packed_comes_back(tree: dict[str, bytes], guess: str) -> None:
    """And is packed again: nothing is lost however often work is carried on elsewhere."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.delenv("BELGRADE_WORK")

        def go(name: str) -> Path:
            (Path(place) / name / "notebooks").mkdir(parents=True)
            patch.chdir(Path(place) / name)
            return Path(place) / name

        root = go("first")
        for name, content in tree.items():
            with contextlib.suppress(OSError):  # a name that this system does not take
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_bytes(content)
        journal.save("guess/x", guess)
        try:
            packed = keep.collect()
        except keep.KeepError as error:
            assert "rename it first" in str(error)
            assert any(keep.problem(name, 0) for name in tree)
            return
        for again in ("second", "third"):
            go(again)
            brought = keep.restore(keep.pack(packed))
            assert sorted([*brought.back, keep.JOURNAL]) == sorted(packed)
            assert not any("left out" in why for why in brought.problems.values())
            assert keep.collect() == packed


def test_a_bomb_is_not_unpacked(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh("first")
    bomb = keep.pack({"notebooks/x.ipynb": b" " * 3_000_000})
    assert len(bomb) < 10_000
    monkeypatch.setattr(keep, "LARGEST", 1_000_000)
    assert "more than 1.0 MB" in str(keep.restore(bomb))
    monkeypatch.setattr(keep, "LARGEST", 50_000_000)
    monkeypatch.setattr(keep, "WHOLE", 1_000_000)
    with pytest.raises(keep.KeepError, match="more than 1000 files or"):
        keep.restore(bomb)
    monkeypatch.setattr(keep, "MOST", 0)
    with pytest.raises(keep.KeepError, match="more than 0 files"):
        keep.restore(bomb)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks for rights to make a link")
def test_a_link_out_of_the_folder_is_not_followed(fresh: Any, tmp_path: Path) -> None:
    root = fresh("first")
    (tmp_path / "outside").mkdir()
    (root / "notebooks" / "deep").symlink_to(tmp_path / "outside")
    files = {"notebooks/deep/x.ipynb": BOOK, "notebooks/x.ipynb": BOOK}
    brought = keep.restore(zipped(**files))
    assert "written outside" in brought.problems["notebooks/deep/x.ipynb"]
    assert brought.back == ["notebooks/x.ipynb"]
    assert not list((tmp_path / "outside").iterdir())


# --- what cannot be packed is said ---------------------------------------------------------------


def test_what_is_too_large_or_oddly_named_is_said(
    fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = fresh("first")
    odd = root / "notebooks" / f"{'long ' * 40}name.ipynb"
    odd.write_text(BOOK, encoding="utf-8")
    with pytest.raises(keep.KeepError, match=r"notebooks/long long.*rename it first"):
        keep.collect()
    odd.unlink()
    monkeypatch.setattr(keep, "LARGEST", 1000)
    with pytest.raises(keep.KeepError, match="clear its outputs"):
        keep.collect()
    monkeypatch.setattr(keep, "LARGEST", 50_000_000)
    monkeypatch.setattr(keep, "WHOLE", 1000)
    with pytest.raises(keep.KeepError, match="clear outputs, then pack again"):
        keep.pack({NAME: b"x" * 2000})


FULL_DISK = """
import os
from pathlib import Path
from belgrade import journal, keep

os.mkdir("notebooks")
book = Path("notebooks/a.ipynb")
book.write_text('{"cells": [1]}', encoding="utf-8")
assert journal.save("guess/before", 1).startswith("Saved")
kept = keep.pack(keep.collect())
with open("filler", "wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(4096))
    except OSError as error:
        print(error.strerror)
print(journal.save("guess/after", "y" * 9000))
assert journal.guess("before") == 1 and len(journal.guess("after")) == 9000
words, link = keep._offer(keep.collect())
print(words, link[:40])
os.rename(book, "notebooks/b.ipynb")
try:
    keep.restore(keep.pack({"notebooks/a.ipynb": b'{"cells": []}' + b" " * 9000}))
except keep.KeepError as error:
    print(error)
assert not book.exists() and sorted(os.listdir("my_work")) == ["journal.json"]
os.unlink("filler")
print(keep.restore(kept))
assert book.read_text(encoding="utf-8") == '{"cells": [1]}'
print(journal.save("guess/more", 1), journal.guess("before"), len(journal.guess("after")))
"""


def test_on_a_full_disk_nothing_is_lost(tmp_path: Path) -> None:
    machine.need("sandbox")  # bubblewrap makes the small disk
    if why := probe():
        pytest.skip(machine.reason("sandbox", why))
    disk = tmp_path / "disk"
    disk.mkdir()
    small = ["bwrap", "--ro-bind", "/", "/", "--size", "65536", "--tmpfs", disk, "--chdir", disk]
    done = subprocess.run(
        [*map(str, small), sys.executable, "-c", FULL_DISK],
        env={"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    full, journal_says, offered, failed, mended, later = done.stdout.splitlines()
    assert full == "No space left on device"
    assert journal_says.startswith(f"Kept in memory only ({full}). Before you close")
    assert offered.startswith("Packed 1 notebook and your journal")
    assert offered.endswith('<a href="data:application/zip;base64,UEs')
    assert failed.startswith(f"Not all could be written: notebooks/a.ipynb ({full}).")
    assert mended.startswith("Brought back: notebooks/a.ipynb.")
    assert later == "Saved in my_work/journal.json. 1 9000"


def test_of_two_files_of_one_name_the_first_comes_back(fresh: Any, tmp_path: Path) -> None:
    root = fresh("first")
    other = BOOK.replace("1", "2")
    buffer = io.BytesIO(zipped(**{NAME: BOOK}))
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(NAME, other)
    brought = keep.restore(buffer.getvalue())
    assert (root / NAME).read_text(encoding="utf-8") == BOOK
    assert brought.problems == {NAME: "left out: it is there twice"}


def test_what_cannot_be_read_is_told(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fresh("first", released=False)

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(keep, "with_retries", lambda function, path: refuse(path))
    with pytest.raises(keep.KeepError, match=r"00_start_here.ipynb cannot be read \(Permission"):
        keep.collect(root)


def test_more_than_a_server_takes_comes_back_by_a_command(
    fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = fresh("first", released=False)
    monkeypatch.setattr(keep, "UPLOAD", 10)
    words, _ = keep._offer(keep.collect(root))
    assert re.search(r'keep.restore\("my_work_[\d-]+.zip"\)', words)


# --- the panel -----------------------------------------------------------------------------------


def widgets(displayed: list) -> Any:
    """Return the panel's button, its upload, and a function that reads what is said."""
    keep.panel()
    packing, chosen = form_of(displayed).children[0].children
    return packing, chosen, lambda: displayed[-1]["data"]


def test_the_panel_packs_and_brings_back(fresh: Any, displayed: list) -> None:
    root = fresh("first")
    packing, chosen, said = widgets(displayed)
    assert "Run this cell" in displayed[1]["data"]["text/html"]
    packing.click()
    assert "nothing to pack" in said()["text/plain"]
    done = work(root)
    packing.click()
    assert "Packed 2 notebooks, your journal and 1 other file" in said()["text/plain"]
    assert 'role="status"' in said()["text/html"]
    link = re.search(r'<a href="(\.\./my_work/my_work_[\d-]+\.zip)" download', said()["text/html"])
    kept = (Path.cwd() / link[1]).read_bytes()
    root = fresh("second")
    upload = {"name": "kept.zip", "type": "", "size": 1, "last_modified": datetime.now(UTC)}
    chosen.value = (upload | {"content": memoryview(kept)},)
    assert "Brought back" in said()["text/plain"]
    assert (root / NAME).read_bytes() == done
    assert chosen.value == ()  # ready for another
    chosen.value = (upload | {"content": memoryview(b"?")},)
    assert "no kept file" in said()["text/plain"]


def test_the_panel_works_where_nothing_can_be_written(
    fresh: Any, displayed: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = fresh("first")
    done = work(root)
    monkeypatch.setenv("BELGRADE_WORK", str(Path(sys.executable) / "not-a-folder"))
    monkeypatch.setattr(journal, "_memory", {})
    assert "keep.panel()" in journal.save("guess/y", 3)
    packing, _, said = widgets(displayed)
    packing.click()
    page = said()["text/html"]
    coded = re.search(r'href="data:application/zip;base64,([^"]+)" download', page)
    files, _ = keep.read(base64.b64decode(coded[1]))
    assert files[NAME] == done
    assert "guess/y" in files["my_work/journal.json"].decode("utf-8")


def test_the_panel_puts_an_exercise_or_a_question_back(fresh: Any, displayed: list) -> None:
    root = fresh("first")
    given_out = nbformat.read(root / NAME, as_version=4)
    mine = work(root)
    keep.panel()
    which, button = form_of(displayed).children[1].children
    button.click()
    assert "Type an exercise" in displayed[-1]["data"]["text/plain"]
    which.value = "twelve"
    button.click()
    assert "neither an exercise" in displayed[-1]["data"]["text/plain"]
    assert (root / NAME).read_bytes() == mine
    changed = nbformat.read(root / NAME, as_version=4).cells[4]
    for typed in (" 0,1 ", "00"):
        which.value = typed
        button.click()
        said = displayed[-1]["data"]["text/plain"]
        assert "as it was given out" in said and "Reload Notebook from Disk" in said
    cells = nbformat.read(root / NAME, as_version=4).cells
    assert [c.source for c in cells] == [c.source for c in given_out.cells]
    assert changed.source != cells[4].source
    aside = sorted(root.glob("my_work/before_*/*.ipynb"))
    assert mine in [path.read_bytes() for path in aside], "what was written is kept"


def test_in_the_browser_alone_the_panel_offers_no_fresh_start(
    fresh: Any, displayed: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pyodide has no nbformat, which writes notebooks."""
    fresh("first")
    monkeypatch.setattr(keep, "sys", SimpleNamespace(platform="emscripten"))
    keep.panel()
    texts = [each.description for row in form_of(displayed).children for each in row.children]
    assert texts == ["Pack my work", "Bring a kept file back …"]
