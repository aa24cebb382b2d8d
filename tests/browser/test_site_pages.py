"""The reading site in Chromium, from the file system: offline, accessible, at any width."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import violations

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from site_pages import built, pages

from belgrade import report, takeaway
from belgrade.authoring.site import still
from belgrade.checks import examine, live, pack, words

# Sideways scrolling of the page, and words that do not fit into their box.
TOO_WIDE = """() => {
  const cut = [...document.querySelectorAll('h1, h2, h3, p, li, figcaption, a, summary')].filter(
    each => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline'
      && !each.closest('.unseen') && !each.classList.contains('skip'));
  return [document.documentElement.scrollWidth - innerWidth, cut.map(each => each.outerHTML)];
}"""
# Whether nothing moves, by itself or under the pointer.
STILL = """() => [...document.querySelectorAll('*')].map(getComputedStyle).every(
  style => style.animationName === 'none' && style.transitionDuration === '0s'
    && style.scrollBehavior === 'auto')"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


@pytest.fixture(scope="module")
def offline(chromium: Any, _site: None) -> Iterator[tuple[Any, list[str]]]:
    """A page without a network, and what goes wrong in it: errors, failed requests, warnings."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900}, offline=True)
    opened, problems = context.new_page(), []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text))
    opened.on("requestfailed", lambda request: problems.append(request.url))
    opened.on(
        "request",
        lambda each: None if each.url.startswith(("file:", "data:")) else problems.append(each.url),
    )
    yield opened, problems
    context.close()


def test_all_pages_open_without_a_network_and_axe_finds_nothing(offline: Any) -> None:
    page, problems = offline
    found = {}
    for number, path in enumerate(pages()):
        page.emulate_media(color_scheme="light")
        page.goto(path.as_uri(), wait_until="load")
        assert page.evaluate("() => [...document.images].every(each => each.naturalWidth)")
        assert page.evaluate(STILL)
        wrong = violations(page)
        if number % 4 == 0:  # one style sheet colours them all, and this rule takes long
            page.emulate_media(color_scheme="dark")
            wrong += violations(page, rules=("color-contrast",))
        if said := [words for _, words in wrong]:
            found[path.name] = said
    assert found == {}
    assert problems == []


@pytest.mark.parametrize(("width", "size"), [(320, 100), (640, 100), (1280, 200)])
def test_pages_are_readable_on_narrow_screens_and_at_twice_the_size(
    offline: Any, width: int, size: int
) -> None:
    page, _ = offline
    page.set_viewport_size({"width": width, "height": 800})
    for path in pages()[::4]:
        page.goto(path.as_uri(), wait_until="load")
        page.add_style_tag(content=f"html {{ font-size: {size}% }}")
        beyond, cut = page.evaluate(TOO_WIDE)
        assert beyond <= 0, path.name
        assert cut == [], path.name


def test_the_keyboard_reaches_the_text_first_and_focus_is_seen(offline: Any) -> None:
    page, _ = offline
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(pages()[-1].as_uri(), wait_until="load")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the text"
    assert skip.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('main') !== null")
    style = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert style == "solid"


def test_on_paper_only_the_text_remains_dark_on_white(offline: Any) -> None:
    page, _ = offline
    page.emulate_media(media="print", color_scheme="dark")
    page.goto(pages()[-1].as_uri(), wait_until="load")
    assert not page.locator("nav").first.is_visible()
    assert page.locator("h1").is_visible()
    ink = page.evaluate("() => getComputedStyle(document.body).color")
    assert ink == "rgb(26, 26, 26)"
    page.emulate_media(media="screen", color_scheme="light")


def test_what_checks_and_cards_show_is_accessible_in_both_themes(
    offline: Any, tmp_path: Path
) -> None:
    page, _ = offline
    packed = pack.read_pack("01")
    records = [
        {"question": f"1.{number}", "part": "", "status": status, "points": 0, "message": "Why."}
        for number, status in enumerate(words.STATUS, 1)
    ]
    parts = [
        *(live._box(*look[2:], f"{look[0]} {look[1]}") for look in words.STATUS.values()),
        live._page(examine.report_of(packed, records, ["A note."])),
        report.claim("C024")._repr_html_(),
        report.note(7)._repr_html_(),
    ]
    for number, (text, lang) in enumerate(
        [("\n".join(map(still, parts)), "en"), (takeaway.as_page(), "")]
    ):
        path = tmp_path / f"{number}.html"
        if lang:
            style = f"<link rel=stylesheet href='{(built() / 'site.css').as_uri()}'>"
            text = (
                f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">{style}'
                f"<title>Parts</title></head><body><main><h1>Parts</h1>{text}</main></body></html>"
            )
        path.write_text(text, encoding="utf-8")
        page.goto(path.as_uri(), wait_until="load")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert violations(page) == []
