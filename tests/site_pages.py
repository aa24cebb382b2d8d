"""The book, built once for the tests that look at it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import redirect_stderr
from functools import cache
from io import StringIO
from pathlib import Path

from belgrade.publishing import frames, site
from belgrade.publishing.links import Home

ROOT = Path(__file__).resolve().parent.parent
HOME = Home("https://github.com/owner/repo", "main")
HUB = "https://hub.example.edu"
ADDRESS = "https://site.example.edu"
DRAWN = ("aid_per_what", "exercises_counted")  # quickly drawn; other explorers stand still
WARNINGS = StringIO()  # what Sphinx said of it


@cache
def built() -> Path:
    """Return a folder with the book, made with a home, a hub and a JupyterLite of one page."""
    work = Path(tempfile.mkdtemp(prefix="belgrade-book-"))
    with redirect_stderr(WARNINGS):
        site.book(ROOT, work / "book", work, HOME, HUB, ADDRESS, lite=True, live=True)
    frames.draw(work / "book" / site.EXPLORERS, DRAWN, workers=1)
    return work / "book"


def remove() -> None:
    """Delete the folder, if there is one."""
    if built.cache_info().currsize:
        shutil.rmtree(built().parent)


def pages() -> list[Path]:
    """Return the paths of all pages of the book, the front page first."""
    return sorted(built().rglob("*.html"), key=lambda path: (path.name != "index.html", path))
