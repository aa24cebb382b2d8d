"""The book: complete, whole in itself, in order; and careful with what it writes over."""

from __future__ import annotations

import json
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from site_pages import ADDRESS, HUB, ROOT, WARNINGS, built, pages

from belgrade import cli, data
from belgrade.publishing import links, site
from belgrade.publishing.book import notebooks, sources

NOTEBOOKS = [
    path.relative_to(ROOT).as_posix()
    for folder in ("notebooks", "exercises")
    for path in sorted((ROOT / folder).glob("[0-9][0-9]_*.ipynb"))
]
GUIDES = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}

pytestmark = [pytest.mark.xdist_group("site"), pytest.mark.usefixtures("_site")]


@cache
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def page_of(source: str) -> Path:
    return (built() / source).with_suffix(".html")


def article(path: Path) -> BeautifulSoup:
    """Return what a page says, without the theme's frame."""
    return soup(path).select_one("article.bd-article")


def written_pages() -> list[Path]:
    """Return the pages that come from a file: not search and index."""
    return [path for path in pages() if article(path) and path.stem != "search"]


def test_sphinx_has_nothing_to_complain_of() -> None:
    built()
    assert WARNINGS.getvalue() == ""


def test_every_lesson_exercise_guide_and_table_has_a_page_that_the_side_bar_names() -> None:
    home = built() / "index.html"
    named = {a["href"].partition("#")[0] for a in soup(home).select(".bd-links a.internal")}
    wanted = [*NOTEBOOKS, *GUIDES, "CONTRIBUTING.md", "data/README.md"]
    assert {page_of(source).relative_to(built()).as_posix() for source in wanted} <= named
    captions = [each.get_text(strip=True) for each in soup(home).select(".bd-links p.caption")]
    assert captions == list(sources.PARTS)
    of_data = [soup(path) for path in pages() if path.parent.name == "data"]
    described = {each.get("id") for page in of_data for each in page.select("section[id]")}
    tables = {each["name"].replace("_", "-") for each in data.package()["resources"]}
    assert tables <= described


def test_next_and_previous_lead_through_all_pages_and_back() -> None:
    def follow(start: Path, which: str) -> list[Path]:
        found = [start]
        while link := soup(found[-1]).select_one(f".prev-next-area a.{which}"):
            found.append((found[-1].parent / unquote(link["href"])).resolve())
        return found

    there = follow(built() / "index.html", "right-next")
    assert len(there) == len(set(there)) == len(written_pages())
    assert follow(there[-1], "left-prev") == there[::-1]


def test_every_link_within_the_book_leads_somewhere() -> None:
    for path in written_pages():
        for link in soup(path).select("[href], [src]"):
            address = urlsplit(link.get("href") or link.get("src"))
            if address.scheme or address.path.startswith(("lite/", "../lite/")):
                assert address.scheme in ("", "http", "https", "data", "mailto")
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            assert target.is_file(), f"{path.name}: {address.path}"
            if address.fragment and target.suffix == ".html":
                assert soup(target).find(id=unquote(address.fragment)), f"{path.name}: {address}"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for path in pages():
        assert not soup(path).select("article [aria-live], article [role=status], article script")
        for tag, attribute in FETCHED.items():
            for each in soup(path).find_all(tag):
                assert not str(each.get(attribute, "")).startswith(("http", "//")), each
    for path in built().rglob("*.css"):
        style = path.read_text(encoding="utf-8")
        assert not re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//", style), path.name


def test_a_page_says_what_it_is_about_and_fetches_no_index_of_the_search() -> None:
    for path in written_pages():
        summary = soup(path).find("meta", attrs={"name": "description"})["content"]
        assert 10 < len(summary) <= 160, path.name
        assert not soup(path).find("script", src=re.compile("searchindex")), path.name
        assert soup(path).find("link", rel="icon"), path.name


@pytest.mark.parametrize("source", [name for name in NOTEBOOKS if name.startswith("notebooks")])
def test_every_picture_comes_with_its_words(source: str) -> None:
    book = nbformat.read(ROOT / source, as_version=4)
    shown = [out.get("data", {}) for cell in book.cells for out in cell.get("outputs", [])]
    words = [each["text/plain"] for each in shown if "image/png" in each]
    assert words
    page = article(page_of(source))
    assert [image["alt"] for image in page.select(".cell_output img")] == words
    assert [each.get_text() for each in page.select(".cell_output figcaption")] == words
    first, *others = page.select("img")
    assert "loading" not in first.attrs
    assert {image["loading"] for image in others} <= {"lazy"}
    for image in [first, *others]:
        assert (page_of(source).parent / image["src"]).is_file()


@pytest.mark.parametrize("source", [name for name in NOTEBOOKS if name.startswith("notebooks")])
def test_every_explorer_stands_in_a_frame_that_names_it(source: str) -> None:
    cells = nbformat.read(ROOT / source, as_version=4).cells
    shows = re.compile(r"^(?:\w+ = )?explorers\.(\w+)\(", re.M)
    called = [name for cell in cells for name in shows.findall(cell.source)]
    frames = article(page_of(source)).select(".belgrade-explorer")
    assert [frame["data-explorer"] for frame in frames] == called
    for frame in frames:
        assert all(isinstance(place, int) for place in json.loads(frame["data-start"]).values())
        assert frame.find("figure") or frame.find("p")


def test_no_placeholder_stands_for_alternative_text() -> None:
    for path in written_pages():
        assert "No description has been provided" not in path.read_text(encoding="utf-8")
        assert not article(path).select("img:not([alt]), img[alt='']")


def test_headings_follow_each_other_and_tables_name_their_headings() -> None:
    for path in written_pages():
        heads = article(path).find_all(["h1", "h2", "h3", "h4"])
        levels = [int(each.name[1]) for each in heads]
        assert levels.count(1) == 1, path.name
        assert levels[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(levels)), path.name
        for head in article(path).select(".cell_output th"):
            assert head["scope"] in ("col", "row")
            assert head.get_text(strip=True)


def test_formulas_are_mathml() -> None:
    text = page_of("notebooks/04_hearts_and_minds.ipynb").read_text(encoding="utf-8")
    assert "<msqrt>" in text
    assert "mathjax" not in " ".join(str(each) for each in soup(built() / "index.html")("script"))
    for source in NOTEBOOKS:
        prose = article(page_of(source)).select("p, li")
        assert not any(re.search(r"\$|\\frac", each.get_text()) for each in prose), source


def with_address(source: str) -> bytes:
    """Return a notebook with the address to install from, which the book fills in."""
    stored = (ROOT / source).read_bytes()
    return stored.replace(b"ADDRESS-OF-THE-REPOSITORY", b"https://github.com/owner/repo@main")


def test_code_stands_as_it_is_in_the_notebook() -> None:
    for source in NOTEBOOKS[:3]:
        book = nbformat.reads(with_address(source).decode("utf-8"), as_version=4)
        code = [cell.source for cell in book.cells if cell.cell_type == "code"]
        shown = [each.get_text() for each in soup(page_of(source)).select(".cell_input pre")]
        assert [each.rstrip("\n") for each in shown] == [each.rstrip("\n") for each in code]


def test_the_rocket_opens_the_same_notebook_live() -> None:
    for source in NOTEBOOKS:
        urls = [a["href"] for a in soup(page_of(source)).select(".dropdown-launch-buttons a")]
        browser, binder, hub, colab = map(urlsplit, urls)
        assert (page_of(source).parent / browser.path).resolve() == built() / "lite/lab/index.html"
        assert parse_qs(browser.query)["path"] == [source]
        assert parse_qs(binder.query)["urlpath"] == [f"doc/tree/{source}"]
        assert hub.geturl().startswith(f"{HUB}/hub/user-redirect/git-pull?")
        assert colab.path == f"/github/owner/repo/blob/main/{source}"
    other = soup(page_of("docs/student-guide.md")).select(".dropdown-launch-buttons a")
    assert len(other) == 4
    assert all("00_start_here" in each["href"] for each in other)


def test_the_launch_table_of_the_first_page_is_filled() -> None:
    home = article(built() / "index.html")
    launched = home.select("td a:has(img)")
    assert len(launched) == 4 * len(NOTEBOOKS)
    assert sum(each["href"].startswith(f"{ADDRESS}/lite/") for each in launched) == len(NOTEBOOKS)
    for each in launched:
        assert (built() / each.find("img")["src"]).is_file()
    assert links.NO_LINKS[:19] not in home.get_text()


def test_links_to_files_that_are_no_pages_lead_to_the_repository() -> None:
    addresses = {a["href"] for a in article(page_of("docs/design.md")).select("a[href]")}
    addresses |= {a["href"] for a in article(built() / "index.html").select("a[href]")}
    assert "https://github.com/owner/repo/blob/main/LICENSE" in addresses
    assert "CONTRIBUTING.html" in addresses


def test_a_notebook_is_there_to_be_downloaded_as_it_is() -> None:
    for source in NOTEBOOKS:
        assert (built() / "_sources" / source).read_bytes() == with_address(source)


# --- outputs ---------------------------------------------------------------------------------


def test_outputs_stand_still() -> None:
    html = notebooks.static_html(
        "<style>x</style><p role=status aria-live=polite>Said</p><script>x</script>"
        "<table border=1><thead><tr style='text-align:right'><th></th><th>year</th></tr></thead>"
        "<tbody><tr><th>a</th><td>2020-01-01</td></tr>"
        "<tr><th>b</th><td>2020-01-01 and some time later</td></tr></tbody></table>"
    )
    page = BeautifulSoup(html, "html.parser")
    assert not page.select("style, script, [role=status], [aria-live], [style], [border]")
    frame = page.select_one("[tabindex='0'][role=group]")
    assert frame["aria-label"] == "Table: year"
    assert [each["scope"] for each in frame.select("th")] == ["col", "row", "row"]
    assert [each["class"] for each in frame.select("td[class]")] == [["belgrade-whole"]]


def test_code_that_jupyterlab_hides_is_folded() -> None:
    cell = nbformat.v4.new_code_cell("x", metadata={"jupyter": {"source_hidden": True}})
    text = nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))
    assert notebooks.read(text).cells[0].metadata.tags == ["hide-input"]


# --- what is written where -------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A module of one lesson without an exercise."""
    root = tmp_path / "module"
    (root / "notebooks").mkdir(parents=True)
    (root / "README.md").write_text("# A module\n\nSee [x](setup.cfg), [y](.).\n", encoding="utf-8")
    (root / "setup.cfg").write_text("", encoding="utf-8")
    cells = [
        nbformat.v4.new_markdown_cell("# 00 · A lesson\n\n**The question.** *Why?*\n\n## A part"),
        nbformat.v4.new_markdown_cell("See [it](00_a.ipynb#a-part), `$x$`, $x$."),
        nbformat.v4.new_code_cell("x = '''\n\n<b>'''"),
    ]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    nbformat.write(book, root / "notebooks" / "00_a.ipynb")
    return root


def test_a_small_module_has_a_book_that_a_second_run_replaces_and_nothing_else(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "out"
    files = site.build(small, out)
    assert capsys.readouterr().err == ""
    assert {"index.html", "notebooks/00_a.html", "search.html"} <= set(files)
    page = soup(out / "notebooks" / "00_a.html")
    assert not page.select(".dropdown-launch-buttons")
    assert page.find(id="a-part")
    assert page.select_one("article a[href='#a-part']")
    assert page.find("math")
    assert page.select_one(".cell_input pre").get_text().rstrip("\n") == "x = '''\n\n<b>'''"
    first = [
        each.get("src") or each["href"] for each in page.select("script[src], head link[href]")
    ]
    there = [out / "notebooks" / each.partition("?")[0] for each in first]
    assert len(there) > 10
    assert sum(each.stat().st_size for each in there) < 1_000_000, "what a reader waits for"
    home = article(out / "index.html")
    assert not home.select("p a[href]"), "a link that leads nowhere"

    mine = out / "CNAME"
    mine.write_text("example.org", encoding="utf-8")
    (small / "notebooks" / "00_a.ipynb").rename(small / "notebooks" / "01_b.ipynb")
    again = site.build(small, out)
    assert mine.read_text(encoding="utf-8") == "example.org"
    assert not (out / "notebooks" / "00_a.html").exists()
    assert "notebooks/01_b.html" in again
    there = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    assert there == {*again, site.MARKER, "CNAME"}


def test_pictures_of_an_earlier_site_are_there_before_any_is_drawn(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    monkeypatch.setattr(site.frames, "draw", lambda out, *_: found.append((out / "a").is_file()))
    out = tmp_path / "out"
    site.build(small, out)
    (out / site.EXPLORERS).mkdir(parents=True, exist_ok=True)
    (out / site.EXPLORERS / "a").write_text("drawn", encoding="utf-8")
    site.build(small, out)
    assert found == [False, True]


@pytest.mark.parametrize("names", [["../victim.txt"], "text", [1]])
def test_a_marker_that_names_files_elsewhere_is_refused(
    small: Path, tmp_path: Path, names: object
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    victim = tmp_path / "victim.txt"
    victim.write_text("x", encoding="utf-8")
    (out / site.MARKER).write_text(json.dumps({"files": names}), encoding="utf-8")
    with pytest.raises(site.SiteError, match="damaged"):
        site.build(small, out)
    assert victim.exists()


def test_the_command_refuses_folders_that_are_not_its_own(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(small)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", encoding="utf-8")
    for folder in ("full", "full/thesis.txt", "module", "."):
        assert cli.main(["site", str(tmp_path / folder)]) == 2
        said = capsys.readouterr().err
        assert said.startswith("belgrade: ")
        assert said.count("\n") == 1
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    assert cli.main(["site", str(tmp_path / "new"), "--home", "owner/repo"]) == 0
    said = capsys.readouterr().out
    assert "Launch buttons for https://github.com/owner/repo" in said
    page = soup(tmp_path / "new" / "index.html")
    linked = {a["href"] for a in page.select("article p a")}
    assert links.Home("https://github.com/owner/repo").page("setup.cfg") in linked


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def without(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'sphinx'", name="sphinx")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(site, "build", without)
    assert cli.main(["site", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "sphinx is not installed" in said
    assert "requirements-dev.txt" in said
