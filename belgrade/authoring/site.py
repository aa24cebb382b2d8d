"""The module as plain pages: every lesson and exercise, to be read without Python or a network.

nbconvert renders the notebooks as they are stored, with the template in `site_template/`. Nothing
on a page is fetched from elsewhere, and no script runs: formulas become MathML, and what a live
notebook needs (scripts, announcements) is taken out of the outputs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from bs4 import BeautifulSoup
from nbconvert.exporters import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from belgrade.authoring.clean import write
from belgrade.authoring.links import Home
from belgrade.report import REPORT

MARKER = ".belgrade-site.json"
TEMPLATE = Path(__file__).parent / "site_template"
TITLE, SUBTITLE = "From Russia With Love?", "A teaching module in ten notebooks"
SUMMARY = "A policy report on Serbia, Russia and China, read claim by claim and held to evidence."
# Folder of notebooks -> folder of pages, and what a page of it is called.
KINDS = {"notebooks": ("lessons", "Lesson"), "exercises": ("exercises", "Exercise")}
LITE = "lite"
# The kinds of words in code (Pygments' short names) that site.css gives a colour.
COLOURED = {"k", "kn", "kc", "ow", "s1", "s2", "sa", "sd", "si", "mi", "mf", "c1"}
TOKEN = re.compile(r'<span class="(\w+)">(.*?)</span>', re.S)
DATE_OR_NUMBER = re.compile(r"[-−+]?[\d,.]+ ?%?$|\d{4}-\d\d-\d\d")
NOTEBOOK_LINK = re.compile(r"^(?:\.\./)?(?:(notebooks|exercises)/)?(\d\d_\w+)\.ipynb(#.*)?$")


class SiteError(Exception):
    """The site cannot be written; its text says why and what to do."""


@dataclass(frozen=True)
class Heading:
    """A section of a page: its words, and the id to jump to."""

    text: str
    id: str


@dataclass(frozen=True)
class Launch:
    """A way to open a notebook live: the words of the button, and the address (or site's path)."""

    where: str
    url: str


@dataclass
class Page:
    """A notebook and its page; paths are within the repository and within the site."""

    source: str
    path: str
    short: str
    title: str
    summary: str = ""
    minutes: str = ""
    headings: list[Heading] = field(default_factory=list)
    launch: list[Launch] = field(default_factory=list)
    before: Page | None = None
    after: Page | None = None
    exercise: Page | None = None


def build(
    root: Path,
    out: Path,
    home: Home | None = None,
    hub: str | None = None,
    lite: dict[str, bytes] | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, count: None,
) -> dict[str, int]:
    """Write the site of the module at `root` to the folder `out`; return bytes by file.

    With a `home` the pages link to Binder, with a `hub` besides to nbgitpuller; `lite` holds the
    files of a JupyterLite site, which goes to the folder `lite/`. An earlier site in `out` is
    replaced. Raises SiteError where `out` holds anything else, before anything is written.
    """
    root, out = Path(root).resolve(), Path(out).resolve()
    before = _earlier(root, out)
    files = pages(root, home, hub, bool(lite), progress)
    files |= {f"{LITE}/{name}": content for name, content in (lite or {}).items()}
    # The marker first: whatever happens after it, the next run may clear away what this one wrote.
    listed = {"files": sorted({*before, *files})}
    write(out / MARKER, json.dumps(listed, indent=0) + "\n")
    for name in before - files.keys():
        _remove(out, name)
    for name, content in files.items():
        write(out / name, content)
    write(out / MARKER, json.dumps({"files": sorted(files)}, indent=0) + "\n")
    return {name: len(content) for name, content in files.items()}


def _earlier(root: Path, out: Path) -> set[str]:
    """Return the names of the files that an earlier run wrote into `out`."""
    if out == root or out in root.parents:
        raise SiteError(f"{out} holds the module itself: name another folder for the site.")
    if not out.exists():
        return set()
    if not out.is_dir():
        raise SiteError(f"{out} is a file: name a folder for the site.")
    marker = out / MARKER
    if not marker.is_file():
        if any(each.name != ".git" for each in out.iterdir()):
            raise SiteError(f"{out} is neither empty nor made by `belgrade site`: name another.")
        return set()
    try:
        names = json.loads(marker.read_text(encoding="utf-8"))["files"]
        if not isinstance(names, list) or any(
            not (out / name).resolve().is_relative_to(out) for name in names
        ):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise SiteError(f"{marker} is damaged: empty the folder, or name another.") from None
    return set(names)


def _remove(out: Path, name: str) -> None:
    """Delete a file of an earlier run, and the folders that it leaves empty."""
    path = out / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == out or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()


def pages(
    root: Path,
    home: Home | None = None,
    hub: str | None = None,
    lite: bool = False,
    progress: Callable[[str, int, int], None] = lambda what, done, count: None,
) -> dict[str, bytes]:
    """Return the pages as {path: bytes}; `build` says what the rest means.

    Raises SiteError where `root` has no lessons.
    """
    books, listed = {}, []
    for lesson in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        for source in (lesson, root / "exercises" / lesson.name):
            if source.is_file():
                books[source.relative_to(root).as_posix()] = nbformat.read(source, as_version=4)
    for source, book in books.items():
        page = _page(source, book)
        page.launch = _launch(source, home, hub, lite)
        if listed:
            page.before, listed[-1].after = listed[-1], page
        if source.startswith("exercises/"):
            listed[-1].exercise = page
        listed.append(page)
    if not listed:
        raise SiteError(f"There is no lesson in {root / 'notebooks'}.")
    exporter = _Exporter()
    files = {"site.css": (TEMPLATE / "site.css").read_bytes()}
    for done, page in enumerate(listed):
        progress(page.path, done, len(listed))
        files[page.path] = exporter.page(books[page.source], page).encode("utf-8")
    progress("index.html", len(listed), len(listed))
    files["index.html"] = exporter.contents(
        title=TITLE,
        subtitle=SUBTITLE,
        summary=SUMMARY,
        report=REPORT,
        lessons=[page for page in listed if page.source.startswith("notebooks/")],
        launched=bool(listed[0].launch),
        lite=lite,
    ).encode("utf-8")
    return files


def _page(source: str, book: nbformat.NotebookNode) -> Page:
    folder, name = source.split("/")
    where, kind = KINDS[folder]
    head = book.cells[0].source
    question = re.search(r"\*\*The question\.\*\* *(.+)", head)
    minutes = re.search(r"\*\*Time\.\*\* *(\d+) minutes", head)
    return Page(
        source=source,
        path=f"{where}/{Path(name).stem}.html",
        short=f"{kind} {name[:2]}",
        title=head.splitlines()[0].removeprefix("# ").strip(),
        summary=_plain(question[1]) if question else "",
        minutes=minutes[1] if minutes else "",
    )


def _plain(markdown: str) -> str:
    return BeautifulSoup(_Prose().render(markdown), "html.parser").get_text().strip()


def _launch(source: str, home: Home | None, hub: str | None, lite: bool) -> list[Launch]:
    found = []
    if lite:
        found.append(Launch("Open in your browser", lite_address(source)))
    if home:
        found.append(Launch("Open on Binder", home.binder(source)))
    if home and hub:
        name = urlsplit(hub).hostname or hub
        found.append(Launch(f"Open on {name}", home.nbgitpuller(hub, source)))
    return found


def lite_address(source: str) -> str:
    """Return the address, within the site, that opens the notebook `source` in JupyterLite."""
    return f"{LITE}/lab/index.html?path={source}"


# --- Rendering -------------------------------------------------------------------------------


class _Prose(IPythonRenderer):
    """Markdown as HTML: headings that can be jumped to, formulas as MathML, links between pages."""

    def __init__(self) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.headings: list[Heading] = []

    def render(self, markdown: str) -> str:
        html = MarkdownWithMath(renderer=self).render(markdown)
        return _tables(html) if "<table" in html else html

    def heading(self, text: str, level: int, **_: object) -> str:
        words = BeautifulSoup(text, "html.parser").get_text()
        slug = re.sub(r"[^\w]+", "-", words.lower()).strip("-") or "section"
        taken = sum(each.id.rstrip("-0123456789") == slug for each in self.headings)
        slug = f"{slug}-{taken + 1}" if slug in {each.id for each in self.headings} else slug
        if level == 2:
            self.headings.append(Heading(words, slug))
        name = f' id="{slug}"' if level == 2 else ""
        return f"<h{level}{name}>{text}</h{level}>\n"

    def link(self, text: str, url: str, title: str | None = None) -> str:
        if found := NOTEBOOK_LINK.match(url):
            folder = KINDS[found[1] or "notebooks"][0]
            url = f"../{folder}/{found[2]}.html{found[3] or ''}"
        return super().link(text, url, title)

    def inline_math(self, body: str) -> str:
        return _mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return _mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return _mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")


def _mathml(formula: str, display: str) -> str:
    from latex2mathml.converter import convert

    return convert(formula, display=display)


class _Exporter(TemplateExporter):
    """nbconvert with the site's template and filters."""

    def __init__(self) -> None:
        super().__init__(
            template_name=TEMPLATE.name, extra_template_basedirs=[str(TEMPLATE.parent)]
        )
        self.register_filter("code", code_html)
        self.register_filter("still", still)

    def _file_extension_default(self) -> str:
        return ".html"

    def _template_extension_default(self) -> str:
        return ".html.j2"

    def page(self, book: nbformat.NotebookNode, page: Page) -> str:
        """Return the page of a notebook as HTML."""
        prose = _Prose()
        rendered = {
            cell.source: prose.render(cell.source)
            for cell in book.cells
            if cell.cell_type == "markdown"
        }
        page.headings = prose.headings
        self.register_filter("prose", rendered.__getitem__)
        html, _ = self.from_notebook_node(book, {"page": page})
        return html

    def contents(self, **about: object) -> str:
        """Return the first page, with the list of all others, as HTML."""
        return self.environment.get_template("contents.html.j2").render(about)


def code_html(source: str) -> str:
    """Return Python code as HTML, with its words marked for colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    html = highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)).rstrip("\n")
    return TOKEN.sub(lambda found: found[0] if found[1] in COLOURED else found[2], html)


def still(html: str) -> str:
    """Return the HTML of an output as it should stand on a page that does not change.

    Scripts, style sheets of pandas and announcements for screen readers go. Tables get the scopes
    of their headings and a frame that scrolls.
    """
    soup = BeautifulSoup(html, "html.parser")
    for each in soup.find_all(["script", "style"]):
        each.decompose()
    for each in soup.select("[aria-live], [role=status]"):
        del each["aria-live"], each["role"]
    return _tables(str(soup))


def _tables(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    for table in soup.find_all("table"):
        del table["border"]
        for cell in table.select("thead th"):
            cell["scope"] = "col"
        for cell in table.select("tbody th"):
            cell["scope"] = "row"
        for cell in table.select("th"):
            if not cell.get_text(strip=True):
                cell.name = "td"
                del cell["scope"]
        for cell in table.select("td, tbody th"):
            if DATE_OR_NUMBER.match(cell.get_text(strip=True)):
                cell["class"] = "whole"
        for row in table.select("tr[style]"):
            del row["style"]
        heads = [cell.get_text(" ", strip=True) for cell in table.select("thead th")]
        frame = soup.new_tag("div", attrs={"class": "wide", "tabindex": "0", "role": "group"})
        frame["aria-label"] = f"Table: {', '.join(heads)}" if heads else "Table"
        table.wrap(frame)
    return str(soup)
