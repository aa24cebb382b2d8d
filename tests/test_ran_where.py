"""The table of browsers and front ends is what the tests' marks say."""

from __future__ import annotations

import ran_where


def test_the_table_is_what_the_marks_say() -> None:
    page = ran_where.PAGE.read_text(encoding="utf-8")
    shown = page.split(ran_where.BEGINS)[1].split(ran_where.ENDS)[0].strip()
    assert shown == ran_where.table(), "python tests/ran_where.py writes it anew"


def test_what_is_slow_says_so_and_every_front_end_is_there() -> None:
    rows = list(ran_where.marks())
    assert rows
    for _, front_end, what, file, slow in rows:
        assert not slow or "(slow)" in front_end, (file, what)
    front_ends = ("JupyterLab 4.6", "JupyterLab 4.4", "Notebook 7", "Voilà", "the book")
    for name in ("Chromium", "Firefox", "WebKit", *front_ends):
        assert any(name in f"{where} {front_end}" for where, front_end, *_ in rows), name
