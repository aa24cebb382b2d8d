"""A machine unlike this one: what the tests of `test_same_everywhere` change, and how.

- Rows of a table stand in another order in its file.
- A sort that promises nothing about rows that tie turns them round, as numpy's sorts for newer
  processors may; `kind="stable"` promises their order.
- A folder lists its files in another order.

In a kernel, the last two are done by `sitecustomize`, see the folder `unlike`.
"""

from __future__ import annotations

import contextlib
import csv
import os
import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SITECUSTOMIZE = Path(__file__).resolve().parent / "unlike"
STABLE = ("stable", "mergesort")


def shuffled_tables(source: Path, to: Path, paths: list[str]) -> Path:
    """Copy the data package to the folder `to` with the rows of each table shuffled; return it."""
    to.mkdir()
    shutil.copy(source / "datapackage.json", to)
    for path in paths:
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        with open(source / path, encoding="utf-8", newline="") as file:
            head, *rows = csv.reader(file)
        random.Random(f"2020 {path}").shuffle(rows)
        with open(to / path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([head, *rows])
    return to


@contextlib.contextmanager
def reversed_ties() -> Iterator[None]:
    """Let pandas' sorts put rows that tie in the opposite order, unless they are stable."""
    undo = reverse_ties()
    try:
        yield
    finally:
        undo()


def reverse_ties() -> Any:
    """Do it until the function that is returned is called."""
    from pandas.core import sorting

    original = sorting.nargsort
    modules = [m for m in list(sys.modules.values()) if getattr(m, "nargsort", None) is original]

    def nargsort(
        items: Any,
        kind: Any = "quicksort",
        ascending: Any = True,
        na_position: Any = "last",
        key: Any = None,
        mask: Any = None,
    ) -> Any:
        if kind in STABLE:
            return original(items, kind, ascending, na_position, key, mask)
        mask = None if mask is None else mask[::-1]
        order = original(items[::-1], "stable", ascending, na_position, key, mask)
        return len(items) - 1 - order

    def patch(function: Any) -> None:
        for module in modules:
            module.nargsort = function

    assert len(modules) >= 4, "pandas sorts in another place than it did"
    patch(nargsort)
    return lambda: patch(original)


def reverse_listings() -> None:
    """Let folders list their files in the opposite of alphabetical order."""
    real_listdir, real_scandir = os.listdir, os.scandir

    class Scanned:
        def __init__(self, *arguments: Any) -> None:
            with real_scandir(*arguments) as entries:
                self._found = iter(sorted(entries, key=lambda each: each.name, reverse=True))

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            return next(self._found)

        def __enter__(self) -> Scanned:
            return self

        def __exit__(self, *_: Any) -> None:
            self.close()

        def close(self) -> None:
            pass

    os.listdir = lambda *arguments: sorted(real_listdir(*arguments), reverse=True)
    os.scandir = Scanned
