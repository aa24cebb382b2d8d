"""Slides fit on a screen of 1280 by 720 and a handout on a page of A4, in Chromium, offline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from guides import NUMBERS, ROOT

from belgrade.publishing import handouts

SCREEN = {"width": 1280, "height": 720}
# Pictures, words and tables of a slide that reach over its edge.
OVER = """() => [...Reveal.getCurrentSlide().querySelectorAll('*')]
  .filter(each => !each.closest('aside')).filter(each => {
    const box = each.getBoundingClientRect();
    return box.width && (box.left < 0 || box.top < 0
      || box.right > innerWidth + 1 || box.bottom > innerHeight + 1);
  }).map(each => each.outerHTML.slice(0, 120))"""
TINY = "() => [...document.images].filter(each => !each.naturalWidth).length"
# The lesson whose slides are the fullest; the others are for `-m slow`.
SAMPLE = [
    pytest.param(number, marks=[] if number == "04" else pytest.mark.slow) for number in NUMBERS
]

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("site")]


@pytest.mark.parametrize("number", SAMPLE)
def test_slides_fit_the_screen_and_a_handout_one_page(
    number: str, chromium: Any, tmp_path: Path
) -> None:
    (slides,) = handouts.slides(ROOT, tmp_path / "slides", [number])
    (handout,) = handouts.handouts(ROOT, tmp_path / "handouts", [number])
    context = chromium.new_context(viewport=SCREEN, offline=True)
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.goto((tmp_path / "slides" / slides).as_uri())
    page.wait_for_function("Reveal.isReady()")
    seen = 0
    for at in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate(f"Reveal.slide({at})")
        assert page.evaluate(OVER) == []
        seen += page.evaluate("Reveal.getCurrentSlide().querySelectorAll('img').length")
    assert seen >= 2
    assert page.evaluate(TINY) == 0
    page.goto((tmp_path / "handouts" / handout).as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    context.close()
