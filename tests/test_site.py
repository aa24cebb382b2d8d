"""The reading site: complete, whole in itself, in order; and careful with what it writes over."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from site_pages import HOME, HUB, ROOT, built, pages

from belgrade import cli
from belgrade.authoring import site
from belgrade.authoring.links import in_browser

NOTEBOOKS = [
    path.relative_to(ROOT).as_posix()
    for folder in ("notebooks", "exercises")
    for path in sorted((ROOT / folder).glob("[0-9][0-9]_*.ipynb"))
]
FETCHED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src"}

pytestmark = [pytest.mark.xdist_group("site"), pytest.mark.usefixtures("_site")]


@cache
def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def page_of(source: str) -> Path:
    folder, name = source.split("/")
    return built() / site.KINDS[folder][0] / f"{Path(name).stem}.html"


def test_every_lesson_and_exercise_has_a_page_and_stands_in_the_contents() -> None:
    listed = [a["href"] for a in soup(built() / "index.html").select("ol a[href$='.html']")]
    assert sorted(listed) == sorted(
        page_of(source).relative_to(built()).as_posix() for source in NOTEBOOKS
    )
    assert len(pages()) == len(NOTEBOOKS) + 1


def test_next_and_previous_lead_through_all_pages_and_back() -> None:
    def follow(start: Path, rel: str) -> list[Path]:
        found = [start]
        while link := soup(found[-1]).select_one(f"header a[rel={rel}]"):
            found.append((found[-1].parent / link["href"]).resolve())
        return found

    there = follow(page_of(NOTEBOOKS[0]), "next")
    assert [path.parent.name for path in there[:4]] == ["lessons", "exercises"] * 2
    assert len(there) == len(set(there)) == len(NOTEBOOKS)
    assert follow(there[-1], "prev") == there[::-1]


def test_every_link_within_the_site_leads_somewhere() -> None:
    for path in pages():
        for link in soup(path).select("[href], [src]"):
            address = urlsplit(link.get("href") or link.get("src"))
            if address.scheme:
                assert address.scheme in ("http", "https", "data")
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            assert target.is_file(), f"{path.name}: {address.path}"
            if address.fragment:
                assert soup(target).find(id=address.fragment), f"{path.name}: #{address.fragment}"


def test_nothing_is_fetched_from_elsewhere_and_no_script_runs() -> None:
    for path in pages():
        assert not soup(path).find("script")
        assert not soup(path).select("[aria-live], [role=status]")
        for tag, attribute in FETCHED.items():
            for each in soup(path).find_all(tag):
                assert not str(each.get(attribute, "")).startswith(("http", "//")), each
    assert "url(" not in (built() / "site.css").read_text(encoding="utf-8")
    assert "@import" not in (built() / "site.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("source", [name for name in NOTEBOOKS if name.startswith("notebooks")])
def test_every_picture_comes_with_its_words(source: str) -> None:
    book = nbformat.read(ROOT / source, as_version=4)
    data = [out.get("data", {}) for cell in book.cells for out in cell.get("outputs", [])]
    words = [each["text/plain"] for each in data if "image/png" in each]
    assert words
    page = soup(page_of(source))
    assert [image["alt"] for image in page.find_all("img")] == words
    assert [each.get_text() for each in page.find_all("figcaption")] == words


def test_no_placeholder_stands_for_alternative_text_and_nothing_hides_in_a_tooltip() -> None:
    for path in pages():
        assert "No description has been provided" not in path.read_text(encoding="utf-8")
        assert not soup(path).select("img:not([alt]), img[alt='']")
        assert not soup(path).select("body [title]")


def test_headings_follow_each_other_and_tables_name_their_headings() -> None:
    for path in pages():
        levels = [int(each.name[1]) for each in soup(path).find_all(["h1", "h2", "h3", "h4"])]
        assert levels.count(1) == 1, path.name
        assert levels[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(levels)), path.name
        for head in soup(path).find_all("th"):
            assert head["scope"] in ("col", "row")
            assert head.get_text(strip=True)


def test_formulas_are_mathml() -> None:
    text = page_of("notebooks/04_hearts_and_minds.ipynb").read_text(encoding="utf-8")
    assert "<msqrt>" in text
    for path in pages():
        prose = soup(path).select(".prose")
        assert not any("$" in each.get_text() for each in prose), path.name


def test_code_stands_as_it_is_in_the_notebook() -> None:
    for source in NOTEBOOKS[:3]:
        book = nbformat.read(ROOT / source, as_version=4)
        code = [cell.source for cell in book.cells if cell.cell_type == "code"]
        shown = [each.get_text() for each in soup(page_of(source)).select("pre.code")]
        assert shown == [text.rstrip("\n") for text in code]


def test_buttons_open_the_same_notebook_live() -> None:
    for source in NOTEBOOKS:
        links = [a["href"] for a in soup(page_of(source)).select(".launch a")]
        browser, binder, hub = map(urlsplit, links)
        assert (page_of(source).parent / browser.path).resolve() == built() / "lite/lab/index.html"
        assert parse_qs(browser.query)["path"] == [source]
        assert in_browser("https://x", source) == f"https://x/{site.lite_address(source)}"
        assert binder.path.endswith("/owner/repo/main")
        assert parse_qs(binder.query)["urlpath"] == [f"lab/tree/{source}"]
        assert hub.geturl().startswith(f"{HUB}/hub/user-redirect/git-pull?")
        assert parse_qs(hub.query)["urlpath"] == [f"lab/tree/repo/{source}"]
    names = [a.get_text() for a in soup(built() / "index.html").select(".launch a")]
    assert len(names) == len(set(names)) == 3 * len(NOTEBOOKS)


def test_the_site_is_small() -> None:
    size = sum(path.stat().st_size for path in pages())
    assert size < 6_000_000


# --- What is written where -------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A module of one lesson without an exercise."""
    root = tmp_path / "module"
    (root / "notebooks").mkdir(parents=True)
    cells = [
        nbformat.v4.new_markdown_cell("# 00 · A lesson\n\n**The question.** *Why?*\n\n## A part"),
        nbformat.v4.new_markdown_cell("## A part\n\nSee [it](00_a.ipynb#a-part-2), `$x$`, $x$."),
        nbformat.v4.new_code_cell("x = '''\n\n<b>'''"),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), root / "notebooks" / "00_a.ipynb")
    return root


def test_without_a_home_no_button_pretends_to_work(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    files = site.build(small, out)
    assert set(files) == {"index.html", "site.css", "lessons/00_a.html"}
    page = soup(out / "lessons" / "00_a.html")
    assert not page.select(".launch")
    assert [each["id"] for each in page.find_all("h2")] == ["a-part", "a-part-2"]
    assert page.select_one("a[href='../lessons/00_a.html#a-part-2']")
    assert page.select_one("code:not(pre code)").get_text() == "$x$"
    assert page.find("math")
    assert page.select_one("pre.code").get_text() == "x = '''\n\n<b>'''"
    assert "Why?" in soup(out / "index.html").select_one("ol").get_text()


def test_a_second_run_replaces_what_the_first_wrote_and_nothing_else(
    small: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    site.build(small, out, HOME, lite={"lab/old.js": b"1"})
    mine = out / "CNAME"
    mine.write_text("example.org", encoding="utf-8")
    before = (out / "lessons" / "00_a.html").read_bytes()
    (small / "notebooks" / "00_a.ipynb").rename(small / "notebooks" / "01_b.ipynb")
    site.build(small, out, HOME)
    assert mine.read_text(encoding="utf-8") == "example.org"
    assert not (out / "lessons" / "00_a.html").exists()
    assert not (out / "lite").exists()
    assert (out / "lessons" / "01_b.html").read_bytes() != before
    again = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    site.build(small, out, HOME)
    assert again == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


@pytest.mark.parametrize("names", [["../victim.txt"], "text", [1]])
def test_a_marker_that_names_files_elsewhere_is_refused(
    small: Path, tmp_path: Path, names: object
) -> None:
    out = tmp_path / "out"
    site.build(small, out)
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
    assert "Wrote 2 pages" in capsys.readouterr().out
    assert (tmp_path / "new" / "index.html").is_file()


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def without(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'latex2mathml'", name="latex2mathml")

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(site, "build", without)
    assert cli.main(["site", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "latex2mathml is not installed" in said
    assert "requirements-dev.txt" in said
