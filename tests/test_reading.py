"""A notebook's file is read whatever an editor, a mail program or git made of it, or named."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from belgrade.checks.judge import error_message
from belgrade.checks.reading import MOST_CELLS, NOTES, ExamineError, notebook_of, read_notebook


def cell(source="x = 1", kind="code", **more):
    return {"cell_type": kind, "source": source, "metadata": {}, **more}


def file(*cells, **more) -> str:
    book = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}
    return json.dumps(book, ensure_ascii=False, indent=1)


def sources(text: str | bytes) -> tuple[list[str], list[str]]:
    """Return (sources of the cells, notes)."""
    read = notebook_of(text.encode() if isinstance(text, str) else text, "a.ipynb")
    return [c.source for c in read.cells], read.metadata[NOTES]


@pytest.mark.parametrize("form", ["nbformat 4", "nbformat 3"])
def test_a_notebook_of_many_cells_costs_no_time(form):
    many = [cell(id=f"c{n}", outputs=[], execution_count=None) for n in range(120_000)]
    book = {"cells": many, "nbformat": 4, "nbformat_minor": 5}
    if form == "nbformat 3":
        book = {"worksheets": [{"cells": many}], "nbformat": 3, "nbformat_minor": 0}
    data = json.dumps(book | {"metadata": {}}).encode()
    start = time.process_time()
    with pytest.raises(ExamineError, match="120000 cells; up to 500"):
        notebook_of(data, "a.ipynb")
    assert time.process_time() - start < 5
    assert len(sources(file(*many[:MOST_CELLS]))[0]) == MOST_CELLS
    with pytest.raises(ExamineError, match="letters of code"):
        sources(file(cell("x" * 500_001)))


def test_older_formats_and_odd_cells_are_read():
    old = {"cell_type": "code", "input": ["a = 1\n", "b"], "outputs": [], "metadata": {}}
    title = {"cell_type": "heading", "level": 10**9, "source": "Title"}
    text = json.dumps({"worksheets": [{"cells": [title, old]}], "nbformat": 3})
    assert sources(text) == (["# Title", "a = 1\nb"], [])
    twins = notebook_of(file(cell(id="a"), cell(id="a"), cell(id=["x"])).encode(), "a").cells
    assert [c.get("id") for c in twins] == ["a", None, None]
    assert sources(json.dumps({"cells": [cell(metadata=7)]}))[0] == ["x = 1"]


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])
def test_files_in_unicode_are_read_whole(code):
    found, notes = sources(file(cell("# Šćepan Вучић 塞")).encode(code))
    assert found == ["# Šćepan Вучић 塞"] and bool(notes) == (not code.startswith("utf-8"))


@pytest.mark.parametrize(
    ("code", "text"), [("cp1250", "# Žutić šeta, čeka"), ("cp1251", "# Вучић и Путин")]
)
def test_files_of_windows_are_read_with_a_note(code, text):
    found, notes = sources(file(cell(text)).encode(code))
    assert found == [text] and f"read as {code}" in notes[0]


OURS, THEIRS = file(cell("a = 1"), cell("b = 1")), file(cell("a = 1"), cell("b = 2"))
CONFLICT = OURS.replace(
    '   "source": "b = 1",\n',
    '<<<<<<< HEAD\n   "source": "b = 1",\n||||||| base\n   "source": "b",\n=======\n'
    '   "source": "b = 2",\n>>>>>>> origin/main\n',
)


def test_of_a_conflict_what_is_whole_on_both_sides_counts():
    line = CONFLICT.splitlines().index("<<<<<<< HEAD") + 1
    (first, second), (note,) = sources(CONFLICT)
    assert first == "a = 1" and "b =" not in second
    assert f"line {line}" in note and "keep one side" in note and "cell 2" in note
    # Where the sides differ in what is not looked at, all counts.
    where = '   "execution_count": null\n'
    calm = file(cell("a = 1", execution_count=None)).replace(
        where, f"<<<<<<< HEAD\n{where}=======\n{where.replace('null', '7')}>>>>>>> x\n"
    )
    assert sources(calm)[0] == ["a = 1"] and "neither counts" not in sources(calm)[1][0]
    # Both texts are shown to whoever marks.
    prose = CONFLICT.replace('"code"', '"markdown"')
    assert sources(prose)[0][1] == "b = 1\n\nb = 2"
    half = re.sub("<{7} HEAD\n|[|]{7}[^=]+", "", CONFLICT.replace('"source": "b",\n', ""))
    marked = half.splitlines().index(">>>>>>> origin/main") + 1
    for text, at in ((CONFLICT.replace('"b = 2",', '"b = 2"'), line), (half, marked)):
        for ends in ("\n", "\r\n"):
            with pytest.raises(ExamineError, match=f"first in line {at}.*keep one side"):
                sources(text.replace("\n", ends))


def test_what_follows_the_end_is_left_out_and_where_it_breaks_is_said():
    for more in ("\0\0", "}\n", ' "x"}', file(cell("old"))):
        (found,), notes = sources(file(cell("a = 1")) + more)
        assert found == "a = 1" and "after the notebook's end" in notes[0]
    text = file(cell("a = 1"), cell("b = 2"))
    line = text.splitlines().index('   "source": "b = 2",') + 1
    with pytest.raises(ExamineError, match=rf"broken in line {line + 1}\)"):
        sources(text.replace('"b = 2",', '"b = 2"'))


def test_what_a_word_processor_did():
    text = file(cell("a = 1"))
    found, notes = sources(text.replace("  ", "\u00a0 "))
    assert found == ["a = 1"] and "no-break spaces" in notes[0]
    with pytest.raises(ExamineError, match=r"curly quotes .*line 2.*word processor"):
        sources(text.replace('"', "”"))
    for code, word in (("x = “a”", "“ is a quotation mark"), ("x =\u00a01", "Delete the spaces")):
        with pytest.raises(SyntaxError) as caught:
            compile(code, "cell", "exec")
        assert word in error_message(f"SyntaxError: {caught.value}")


CUT_OFF = [b"", b'{"cells": [', b'{"cells": [7]}', b'{"cells": [{"cell_type": []}]}']
CUT_OFF += [b"[]", b"[" * 100_000, b'{"worksheets": 5}']


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"%PDF-1.7", "a PDF"),
        (b"PK\x03\x04", "a zip"),
        (b"\xff\xfe\x00", "broken in line 1"),
        *((data, "cut off") for data in CUT_OFF),
    ],
)
def test_what_is_none_is_named_without_the_words_of_python(data, words):
    with pytest.raises(ExamineError, match=words) as caught:
        notebook_of(data, "a.ipynb")
    assert "Error" not in str(caught.value) and str(caught.value).startswith("a.ipynb is ")


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path, monkeypatch):
    with pytest.raises(ExamineError, match="There is no file"):
        read_notebook(tmp_path / "none.ipynb")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ExamineError, match=r"a.ipynb cannot be read \(Permission denied\)"):
        read_notebook(tmp_path / "a.ipynb")
