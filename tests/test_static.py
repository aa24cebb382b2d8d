"""A lesson rendered without a kernel: every explorer has picture, words and alternative text."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parent.parent
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
SHOWS_EXPLORER = re.compile(r"^(?:\w+ = )?explorers\.\w+\(", re.M)


class Page(HTMLParser):
    """Collects what the tests ask for: images, captions, scripts, widget views."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[dict[str, str | None]] = []
        self.captions: list[str] = []
        self.scripts: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "img":
            self.images.append(found)
        if tag == "figcaption":
            self.captions.append("")
            self.inside = tag
        if tag == "script":
            self.scripts.append(f"{found.get('type') or ''} {found.get('src') or ''}")

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, text: str) -> None:
        if self.inside == "figcaption":
            self.captions[-1] += text


@cache
def rendered(path: Path) -> Page:
    from nbconvert import HTMLExporter

    body, _ = HTMLExporter().from_filename(str(path))
    page = Page()
    page.feed(body)
    return page


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_picture_has_alternative_text_and_a_caption(path: Path) -> None:
    page = rendered(path)
    book = nbformat.read(path, as_version=4)
    outputs = [out for cell in book.cells if cell.cell_type == "code" for out in cell.outputs]
    pictures = [out.data for out in outputs if "image/png" in out.get("data", {})]
    assert len(page.images) == len(pictures) == len(page.captions)
    for image, caption, picture in zip(page.images, page.captions, pictures, strict=True):
        assert image["alt"] == caption == picture["text/plain"]
        assert image["src"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_explorer_has_a_picture_and_says_how_to_make_it_live(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    explorers = [cell for cell in cells if SHOWS_EXPLORER.search(cell.source)]
    assert explorers
    for cell in explorers:
        how, picture = cell.outputs
        assert "Run this cell to choose" in how.data["text/html"]
        assert "<figure" in picture.data["text/html"]
        assert picture.data["text/plain"] in rendered(path).captions


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_widget_is_left_that_would_need_the_network(path: Path) -> None:
    scripts = " ".join(rendered(path).scripts)
    assert "widget" not in scripts
    assert "html-manager" not in scripts


def test_the_scripts_beside_widgets_and_in_the_form_for_marks_are_linted() -> None:
    linter = shutil.which("oxlint", path=Path(sys.executable).parent)
    assert linter, "oxlint is not installed: run `python run.py test` once."
    folders = (ROOT / "belgrade" / "static", ROOT / "belgrade" / "grading")
    command = [linter, "--deny-warnings", *folders]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout
