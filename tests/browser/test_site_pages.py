"""The book in Chromium, from the file system: offline, accessible, at any width, on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import violations
from site_pages import DRAWN, built
from themes import wait_for_transitions

from belgrade import report, takeaway
from belgrade.checks import compiled, examine, live
from belgrade.checks.status import box
from belgrade.explorers import EXPLORERS
from belgrade.publishing import frames, site
from belgrade.publishing.book.notebooks import static_html

WIDTHS = (1280, 800, 390)
# Sideways scrolling of the page, and words that do not fit into their box.
TOO_WIDE = """() => {
  const cut = [...document.querySelectorAll('article :is(h1, h2, h3, p, li, figcaption, summary)')]
    .filter(each => each.scrollWidth > each.clientWidth + 1 && each.clientWidth
      && getComputedStyle(each).display !== 'inline' && !each.closest('[tabindex="0"]'));
  return [document.documentElement.scrollWidth - innerWidth, cut.map(each => each.outerHTML)];
}"""
# One of each kind: the first page, search, a guide, a group of tables, a lesson, an exercise.
SAMPLE = (
    *("index.html", "search.html", "docs/student-guide.html", "data/lesson-01.html"),
    *("notebooks/00_start_here.html", "exercises/01_the_puzzle.html"),
)

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


@pytest.fixture(scope="module")
def offline(chromium: Any, _site: None) -> Iterator[tuple[Any, list[str]]]:
    """A page without a network, and what goes wrong in it: errors, failed requests, warnings."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    opened, problems = context.new_page(), []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console",
        lambda said: problems.append(said.text) if said.type in ("error", "warning") else None,
    )
    # A page that is left while a picture is on its way has not failed.
    opened.on(
        "requestfailed",
        lambda each: None if each.failure == "net::ERR_ABORTED" else problems.append(each.url),
    )
    opened.on(
        "request",
        lambda each: None if each.url.startswith(("file:", "data:")) else problems.append(each.url),
    )
    yield opened, problems
    context.close()


# The theme's script draws each `i`, one that it does not know as a sign of its own.
MISSING_SYMBOLS = """() => [...document.querySelectorAll("i[class*=fa-], svg[data-icon]")]
  .filter(each => each.matches("i") || !each.querySelector("path")?.getAttribute("d")
    || each.querySelector(".missing")).map(each => each.outerHTML)"""


# An explorer wakes when it comes near the window: each of these comes, and gets its controls.
WAKE = """async names => {
  for (const name of names) {
    for (const each of document.querySelectorAll(`[data-explorer="${name}"]`)) {
      each.scrollIntoView();
      const isAwake = () => each.querySelector('.belgrade-live');
      for (let n = 0; n < 900 && !isAwake(); n += 1) await new Promise(requestAnimationFrame);
      if (!isAwake()) throw new Error(`${name} does not wake`);
    }
  }
  scrollTo(0, 0);
}"""


def wrong_in(page: Any, path: Path, width: int, scheme: str, awake: Iterable[str]) -> list[str]:
    """Return what axe finds in the page, what is cut off, and symbols that are missing.

    `awake`: the explorers that were drawn, which it looks at with their controls.
    """
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate(WAKE, [*awake])
    wait_for_transitions(page)
    beyond, cut = page.evaluate(TOO_WIDE)
    where = f"{path.name} at {width}, {scheme}"
    found = [f"{where}: {words}" for _, words in violations(page)]
    found += [f"{where}: {beyond} pixels too wide"] * (beyond > 0)
    found += [f"{where}: {html}" for html in page.evaluate(MISSING_SYMBOLS)]
    return found + [f"{where}: cut off: {each[:200]}" for each in cut]


def test_pages_open_without_a_network_and_axe_finds_nothing(offline: Any) -> None:
    """A page of each kind, at each width once, in each theme; the slow test has all of them."""
    page, problems = offline
    found: list[str] = []
    for number, name in enumerate(SAMPLE):
        for scheme in ("light", "dark"):
            number += 1
            width = WIDTHS[number % len(WIDTHS)]
            found += wrong_in(page, built() / name, width, scheme, DRAWN)
    assert found == []
    assert problems == []


@pytest.fixture(scope="module")
def whole(_site: None, tmp_path_factory: Any) -> Path:
    """A copy of the book, in which every explorer is drawn at every choice."""
    return Path(shutil.copytree(built(), tmp_path_factory.mktemp("whole") / "book"))


# One by one, so that none takes longer than a test may.
@pytest.mark.slow
@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_is_drawn_at_every_choice(name: str, whole: Path) -> None:
    frames.draw(whole / site.EXPLORERS, [name])
    assert (whole / site.EXPLORERS / f"{name}.js").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_axe_finds_nothing_on_any_page(offline: Any, whole: Path, width: int, scheme: str) -> None:
    page, problems = offline
    before = len(problems)
    frames.draw(whole / site.EXPLORERS)  # what is not drawn yet
    found = []
    for path in sorted(whole.rglob("*.html")):
        found += wrong_in(page, path, width, scheme, EXPLORERS)
    assert found == []
    assert problems[before:] == []


def test_every_picture_of_a_lesson_is_drawn(offline: Any) -> None:
    page, _ = offline
    page.goto((built() / "notebooks/01_the_puzzle.html").as_uri(), wait_until="load")
    page.evaluate("() => document.querySelectorAll('img').forEach(i => { i.loading = 'eager' })")
    page.wait_for_function("() => [...document.images].every(each => each.complete)")
    assert page.evaluate("() => [...document.images].every(each => each.naturalWidth)")


@pytest.mark.parametrize(("width", "size"), [(320, 100), (1280, 200)])
@pytest.mark.runs_in("Chromium", "the book", "pages at 320 pixels, and with text twice as large")
def test_pages_are_readable_on_narrow_screens_and_at_twice_the_size(
    offline: Any, width: int, size: int
) -> None:
    page, _ = offline
    page.set_viewport_size({"width": width, "height": 800})
    for name in SAMPLE:
        page.goto((built() / name).as_uri(), wait_until="load")
        page.add_style_tag(content=f"html {{ font-size: {size}% }}")
        beyond, cut = page.evaluate(TOO_WIDE)
        assert beyond <= 0, name
        assert cut == [], name


def test_an_explorer_answers_on_the_first_page(offline: Any) -> None:
    page, problems = offline
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((built() / "index.html").as_uri(), wait_until="load")
    explorer = page.locator(".belgrade-explorer")
    explorer.scroll_into_view_if_needed()
    words = explorer.locator("figcaption").inner_text()
    explorer.get_by_label("Divide by").select_option(index=1)
    page.wait_for_function(
        "was => document.querySelector('.belgrade-explorer figcaption').textContent !== was",
        arg=words,
    )
    assert "1.62 to Serbia" in explorer.locator("figcaption").inner_text()
    assert problems == []


def test_the_search_finds_a_word_from_the_file_system(offline: Any) -> None:
    page, problems = offline
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((built() / "search.html").as_uri() + "?q=Srebrenica", wait_until="load")
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").all_inner_texts()
    assert any("Kosovo" in each for each in found), found
    assert problems == []


def test_the_keyboard_reaches_text_tables_and_code(offline: Any) -> None:
    page, _ = offline
    page.goto((built() / "notebooks/02_trade_and_money.html").as_uri(), wait_until="load")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to main content"
    page.wait_for_function("() => document.activeElement.getBoundingClientRect().y >= 0")
    scrolling = page.evaluate(
        "() => [...document.querySelectorAll('article *')].filter(each =>"
        " each.scrollWidth > each.clientWidth + 1 && each.clientWidth"
        " && ['auto', 'scroll'].includes(getComputedStyle(each).overflowX)"
        " && each.tabIndex < 0 && !each.querySelector('[tabindex=\"0\"]')).map(e => e.outerHTML)"
    )
    assert scrolling == []


def test_on_paper_only_the_text_remains_dark_on_white(offline: Any, tmp_path: Path) -> None:
    page, _ = offline
    page.emulate_media(media="print", color_scheme="dark")
    page.goto((built() / "notebooks/01_the_puzzle.html").as_uri(), wait_until="load")
    # As the theme's script does where somebody scrolls up.
    page.locator("#pst-back-to-top").evaluate("each => { each.style.display = 'block' }")
    frames = (".bd-sidebar-primary", ".bd-sidebar-secondary", ".header-article__inner")
    for frame in (*frames, "#pst-back-to-top"):
        assert not page.locator(frame).first.is_visible(), frame
    assert page.locator("h1:visible").count() == 1
    ink, ground = page.evaluate(
        "() => ['color', 'backgroundColor'].map(each => getComputedStyle(document.body)[each])"
    )
    assert max(map(int, ink.strip("rgb()").split(","))) < 100
    assert ground in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    # A reader's questions, and the answers that are folded on the screen.
    assert page.get_by_text("Russian planes per person: how many times").first.is_visible()
    assert page.get_by_text("1.62 against 0.23 flights per million people").first.is_visible()
    page.emulate_media(media="screen", color_scheme="light")


def test_what_checks_and_cards_show_is_accessible_in_both_themes(
    offline: Any, tmp_path: Path
) -> None:
    page, _ = offline
    exercise = compiled.read_compiled("01")
    records = [
        {"question": f"1.{number}", "part": "", "status": status, "points": 0, "message": "Why."}
        for number, status in enumerate(live.STATUS, 1)
    ]
    parts = [
        *(box(status, f"{mark} {words}") for status, (mark, words, *_) in live.STATUS.items()),
        live._page(examine.report_of(exercise, records, ["A note."])),
        report.claim("C024")._repr_html_(),
        report.note(7)._repr_html_(),
    ]
    # In a page of the book, in place of a notebook's own outputs.
    text = (built() / "exercises/01_the_puzzle.html").read_text(encoding="utf-8")
    shown = f"<div class='cell_output'>{''.join(map(static_html, parts))}</div>"
    page_text = text.replace("</article>", f"{shown}</article>", 1)
    assert page_text != text
    for name, words in (("exercises/parts.html", page_text), ("takeaway.html", takeaway.as_page())):
        path = built() / name
        path.write_text(words, encoding="utf-8")
        try:
            page.goto(path.as_uri(), wait_until="load")
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                wait_for_transitions(page)
                assert violations(page) == []
        finally:
            path.unlink()
