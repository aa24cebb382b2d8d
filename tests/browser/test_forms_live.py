"""Every form of the module in JupyterLab: a kernel that is busy, quick hands, and both themes."""

from __future__ import annotations

import contextlib
import io
import json
import re
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import nbformat
import psutil
import pytest
from heard import controls_in
from lab import SIZE, Lab, no_errors
from moving import CONTROLS, PICTURE, WATCH, Control, bring_to
from playwright.sync_api import TimeoutError as TooLate
from test_forms import exported
from themes import MISFITS, low_contrast, set_theme

from belgrade import data, journal, takeaway
from belgrade.authoring.clean import KERNELSPEC
from belgrade.methods import matrix

CELLS = {
    "guess": 'journal.ask_guess("g", "How many?", unit="planes", minimum=0, maximum=9, step=0.5)',
    "ranking": 'journal.ask_ranking("r", "Who?", ["A", "B", "C"], ["First", "Second"])',
    "verdict": 'journal.ask_verdict("77", "What do you make of it?")',
    "codes": 'journal.ask_codes("c", "Warm or cold?", {"a": "one", "b": "two"}, ["warm", "cold"])',
    "probabilities": 'journal.ask_probabilities("p", "How likely?", {"a": "rain", "b": "snow"})',
    "checkpoint": 'journal.checkpoint("Q01", "Q41")',
    "marks": "takeaway.ask_marks()",
    "keep": "keep.panel()",
}
FIRST = "from belgrade import journal, keep, takeaway"
PROCESS = """async () => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const code = {code: '', user_expressions: {pid: '__import__("os").getpid()'}};
  const reply = await kernel.requestExecute({...code, store_history: false}).done;
  return Number(reply.content.user_expressions.pid.data['text/plain']);
}"""
# Where the button of a choice of several lines does not stand beside the first of them.
LOW = """cell => [...cell.querySelectorAll('.widget-radio-box label')].filter(label => {
  const words = document.createRange(), button = label.querySelector('input');
  words.selectNodeContents(label.firstChild);
  const [first, ...more] = words.getClientRects();
  return more.length && button.getBoundingClientRect().top > first.bottom;
}).map(label => label.textContent)"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("forms")]


QUESTIONS = [data.load("questions").set_index("question_id").loc[each] for each in ("Q01", "Q41")]
PROBABLE = ", ".join(f'"{each}"' for each in journal.PROBABILITIES)
# What a screen reader is given of each, before anything is done.
CHOICES = ("answer", "distractor_1", "distractor_2", "distractor_3")
HEARD = {
    "guess": ['textbox "Your guess (planes)"', 'button "Commit"'],
    "ranking": [
        *(f'combobox "{each}" = "choose"*, "A", "B", "C"' for each in ("First", "Second")),
        'button "Commit"',
    ],
    "verdict": [
        'radiogroup "Verdict"',
        *(f'radio "{each}"' for each in journal.VERDICTS),
        'combobox "How sure are you?" = "choose"*, '
        + ", ".join(f'"{each}%"' for each in range(0, 101, 5)),
        'textbox "Because"',
        'button "Save my verdict"',
    ],
    "codes": [f'button "{each}"' for each in ("warm", "cold", "‹ Back", "Next ›")],
    "probabilities": [
        *(f'combobox "Forecast {each}" = "not answered"*, {PROBABLE}' for each in (1, 2)),
        'button "Commit"',
    ],
    "checkpoint": [
        line
        for number, row in enumerate(QUESTIONS, 1)
        for line in (
            f'radiogroup "{number}. {row["question"]}"',
            *sorted(f'radio "{row[each]}"' for each in CHOICES),
        )
    ],
    "marks": [
        *(
            f'combobox "{title}: {words}" = "not marked"*, '
            + ", ".join(f'"{each}"' for each in matrix.MARKS)
            for title, _, words in takeaway.EXPLANATIONS.values()
        ),
        'button "‹ Back"',
        'button "Next ›"',
    ],
    "keep": [
        'button "Pack my work"',
        'button "Bring a kept file back … (0)"',  # how many were brought, by ipywidgets
        'textbox "Exercise or question"',
        'button "Start it again"',
    ],
}


@pytest.fixture(scope="module")
def forms(lab: Lab, desk: Any) -> Iterator[Any]:
    """Give the page of a notebook with every form, run."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})  # or JupyterLab asks
    book.cells = [nbformat.v4.new_code_cell(source) for source in (FIRST, *CELLS.values())]
    (lab.root / "notebooks").mkdir(exist_ok=True)
    nbformat.write(book, lab.root / "notebooks/forms.ipynb")
    desk.set_viewport_size(SIZE)
    with no_errors(desk):
        lab.open(desk, "notebooks/forms.ipynb")
        lab.run_all(desk)
        yield desk
        desk.set_viewport_size(SIZE)
        set_theme(desk, "Light")


def guess(cell: Any, press: Callable[[str], None]) -> None:
    for typed in ("3,5", "4,5"):
        cell.get_by_label("Your guess").fill(typed)
        press("Commit")


def ranking(cell: Any, press: Callable[[str], None]) -> None:
    cell.get_by_label("First").select_option("A")
    cell.get_by_label("Second").select_option("B")
    press("Commit")
    cell.get_by_label("First").select_option("C")
    press("Commit")


def verdict(cell: Any, press: Callable[[str], None]) -> None:
    for chosen, sure, why in (("supported", "40%", "One"), ("complicated", "70%", "Last")):
        cell.get_by_label(chosen).check()
        cell.get_by_label("How sure").select_option(sure)
        cell.get_by_label("Because").fill(why)
        press("Save my verdict")


def codes(cell: Any, press: Callable[[str], None]) -> None:
    for code in ("warm", "warm", "cold"):  # while the first item is in sight
        press(code)


def probabilities(cell: Any, press: Callable[[str], None]) -> None:
    cell.get_by_label("Forecast 1").select_option("probably (75%)")
    press("Commit")
    cell.get_by_label("Forecast 1").select_option("probably not (25%)")
    cell.get_by_label("Forecast 2").select_option("almost surely (95%)")


def checkpoint(cell: Any, press: Callable[[str], None]) -> None:
    for place in (0, 1, 3):
        cell.get_by_role("radio").nth(place).check()
    cell.get_by_role("radio").nth(4).check()


def marks(cell: Any, press: Callable[[str], None]) -> None:
    cell.get_by_label("Limited means").select_option("consistent")
    press("Next")
    press("Next")
    cell.get_by_label("Kosovo").select_option("inconsistent")  # still the first piece
    cell.get_by_label("Limited means").select_option("neutral")


def keep(cell: Any, press: Callable[[str], None]) -> None:
    press("Pack my work")
    press("Pack my work")


# What is done by hand, the entry that it leaves, and what the form then says.
HANDS = {
    "guess": (guess, {"guess/g": 4.5}, ["You guessed 4.5 planes"]),
    "ranking": (ranking, {"guess/r": ["C", "B"]}, ["You said: C, B."]),
    "verdict": (
        verdict,
        {"verdict/77": {"verdict": "complicated", "confidence_pct": 70, "reason": "Last"}},
        ["Saved"],
    ),
    "codes": (codes, {"codes/c": {"a": "cold"}}, ["1 of 2 coded.", "2 of 2. Not coded yet."]),
    "probabilities": (probabilities, {"probabilities/p": {"a": 0.25, "b": 0.95}}, ["2 of 2"]),
    "checkpoint": (checkpoint, {}, ["of 2 right so far."]),
    "marks": (
        marks,
        {"matrix/08": {"E01": {"means": "neutral", "kosovo": "inconsistent"}}},
        ["0 of", "Evidence 2 of"],
    ),
    "keep": (keep, {}, ["Packed", "Download my_work_"]),
}


def test_a_screen_reader_is_given_every_form(forms: Any) -> None:
    for number, form in enumerate(CELLS, 1):
        cell = bring_to(forms, number)
        cell.get_by_role("button").or_(cell.get_by_role("radio")).first.wait_for()
        assert controls_in(cell.locator(".belgrade-form").first) == HEARD[form], form


@pytest.mark.parametrize("form", CELLS)
def test_nothing_is_lost_or_misplaced_when_the_hand_is_quicker_than_the_kernel(
    lab: Lab, forms: Any, form: str
) -> None:
    page, (act, entries, says) = forms, HANDS[form]
    cell = bring_to(page, 1 + list(CELLS).index(form))
    cell.get_by_role("button").or_(cell.get_by_role("radio")).first.wait_for()

    def press(name: str) -> None:
        cell.get_by_role("button", name=name).click()

    kernel = psutil.Process(page.evaluate(PROCESS))
    kernel.suspend()  # it answers nothing until all has been done
    try:
        act(cell, press)
    finally:
        kernel.resume()
    for words in says:
        cell.get_by_text(words).last.wait_for()
    path = lab.root / "my_work/journal.json"

    def kept() -> dict[str, Any]:
        found = json.loads(path.read_text("utf-8"))["entries"] if path.is_file() else {}
        return {key: found[key]["value"] for key in entries if key in found}

    for _ in range(300):
        if kept() == entries:
            break
        page.wait_for_timeout(100)
    assert kept() == entries
    if form == "checkpoint":
        chosen = cell.locator("input:checked").evaluate_all("all => all.map(each => each.value)")
        assert len(chosen) == 2
        replies = (
            cell.locator(".widget-html")
            .filter(has_text="✓")
            .or_(cell.locator(".widget-html").filter(has_text="✗"))
        )
        replies.nth(1).wait_for()
        assert replies.count() == 2
    if form == "keep":
        with page.expect_download() as download:
            cell.get_by_role("link", name="Download").click()
        with zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes())) as archive:
            assert archive.testzip() is None


@pytest.mark.parametrize("theme", ["Light", "Dark"])
@pytest.mark.runs_in("Chromium", "JupyterLab 4.6", "every form, in both themes")
def test_every_form_can_be_read_in_both_themes_on_any_page(forms: Any, theme: str) -> None:
    page = forms
    set_theme(page, theme)
    page.set_viewport_size(SIZE)
    for number in range(1, 1 + len(CELLS)):
        cell = bring_to(page, number)
        cell.get_by_role("button").or_(cell.get_by_role("radio")).first.wait_for()
        assert low_contrast(page, "[data-windowed-list-index] .jp-OutputArea-output") == []
    page.set_viewport_size({"width": 390, "height": 800})
    page.evaluate("() => jupyterapp.shell.collapseLeft()")
    for number in range(1, 1 + len(CELLS)):
        cell = bring_to(page, number)
        cell.get_by_role("button").or_(cell.get_by_role("radio")).first.wait_for()
        assert cell.evaluate(MISFITS) == []
        assert cell.evaluate(LOW) == []


def test_a_card_that_makes_way_keeps_the_focus_on_its_button(forms: Any) -> None:
    cell = bring_to(forms, 1 + list(CELLS).index("marks"))
    place = cell.get_by_text(re.compile(r"Evidence \d+ of")).first
    before = place.inner_text()
    cell.get_by_role("button", name="Next").focus()
    forms.keyboard.press("Enter")
    number = int(re.search(r"\d+", before)[0])
    cell.get_by_text(f"Evidence {number + 1} of").wait_for()
    forms.wait_for_function("() => document.activeElement.textContent === 'Next ›'")


ALONE = """() => getComputedStyle(
  document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .belgrade-controls'), '::before'
).content"""


def test_controls_whose_kernel_the_server_began_anew_say_so(lab: Lab, page: Any) -> None:
    """As on a hub, where a lesson that rests gives its memory back (`belgrade/server.py`)."""
    book = nbformat.v4.new_notebook(metadata={"kernelspec": KERNELSPEC})
    book.cells = [nbformat.v4.new_code_cell("from belgrade import explorers\nexplorers.airport()")]
    nbformat.write(book, lab.root / "notebooks/rested.ipynb")
    lab.open(page, "notebooks/rested.ipynb")
    lab.run_all(page)
    cell = bring_to(page, 0)
    assert page.evaluate(ALONE) == "none"
    kernel = page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.session.kernel.id")
    # A new kernel says once that it starts, and a server that has not reached it yet misses it.
    for _ in range(3):
        request = urllib.request.Request(
            f"{lab.url}/api/kernels/{kernel}/restart?token={lab.token}", method="POST"
        )
        urllib.request.urlopen(request, timeout=30).close()
        with contextlib.suppress(TooLate):
            page.wait_for_function(f"() => ({ALONE})() !== 'none'", timeout=10_000)
            break
    assert "Run › Run All Cells" in page.evaluate(ALONE)
    assert cell.locator(f"{PICTURE} img").is_visible()
    lab.run_all(page)
    page.wait_for_function(f"() => ({ALONE})() === 'none'")
    page.evaluate(WATCH)
    assert Control(page, cell, cell.locator(CONTROLS).first).moves()

    touch = page.context.new_cdp_session(page)
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    page.wait_for_function("() => matchMedia('(pointer: coarse)').matches")
    heights = [each.bounding_box()["height"] for each in cell.locator("select").all()]
    assert heights and min(heights) >= 44, "a finger needs room"
    touch.send("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_on_an_exported_page_the_words_of_a_form_are_seen(own_page: Any, displayed: list) -> None:
    """Its script brings our style along, which hides them where the form itself stands."""
    page, _ = exported("verdict", displayed)
    own_page.context.set_offline(True)
    own_page.set_content(page)
    assert "belgrade-style" in page and own_page.locator("#belgrade-style").count()
    assert own_page.get_by_text("You are 60% sure, because: Planes <came>").is_visible()


def test_what_is_folded_is_printed(own_page: Any) -> None:
    """A notebook that was run and exported: on paper nobody can unfold an answer."""
    style = resources.files("belgrade").joinpath("static/notebook.css").read_text("utf-8")
    folded = "<details><summary>Answer</summary><p>42</p></details>"
    inside = f"<div class='jp-RenderedHTMLCommon'>{folded}</div>"
    own_page.set_content(f"<style>{style}</style>{inside}")
    assert not own_page.get_by_text("42").is_visible()
    own_page.emulate_media(media="print")
    assert own_page.get_by_text("42").is_visible()
    own_page.emulate_media(media="screen")
