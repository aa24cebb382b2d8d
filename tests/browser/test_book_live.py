"""Explorers and forms on a plain page, from the file system: keyboard, mouse and touch, offline.

The page holds stored outputs as the lessons have them, and nothing of the book around them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe import violations
from heard import controls_in, expected_controls

from belgrade import explorers, figures, journal, keep
from belgrade.publishing import frames

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "belgrade" / "publishing" / "book" / "static"
# One of lists; one with a number and a switch; one of whose choices a page has only some.
EXPLORERS = ("aid_per_what", "shares", "veto_game")
# Notes which pictures were laid over each other, the base first.
PAINTED = """() => {
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (image, ...rest) {
    this.canvas.painted = [...(this.canvas.painted ?? []), image.src.split('/').at(-1)].slice(-2);
    return draw.call(this, image, ...rest);
  };
}"""
# What an explorer shows: its sentence, what is read out, its picture's name and files.
SHOWN = """box => {
  const picture = box.querySelector('canvas, img');
  return {words: box.querySelector('figcaption').textContent,
    said: box.querySelector('.belgrade-unseen').textContent,
    alt: picture.ariaLabel ?? picture.alt, painted: picture.painted ?? [],
    hidden: picture.hidden};
}"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lesson</title>
<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="_static/live.css">
<style>body {{ max-width: 46rem; margin: auto; padding: 0 1rem; font-family: sans-serif }}</style>
<script src="_static/live.js" data-explorers="drawn" defer></script></head>
<body><main><h1>Lesson</h1>{}</main></body>"""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("book_live")]


def outputs(having: str) -> Iterator[str]:
    """Yield the HTML of each cell of a lesson with this in its outputs, as stored."""
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            found = [each.get("data", {}).get("text/html", "") for each in cell.get("outputs", [])]
            if having in "".join(found):
                inner = "".join(f"<div>{each}</div>" for each in found)
                yield f'<div class="cell_output">{inner}</div>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with three explorers, at some of their choices, in a folder with its files."""
    out = tmp_path_factory.mktemp("live")
    shutil.copytree(STATIC, out / "_static")
    cells = [next(outputs(f'data-explorer="{name}"')) for name in EXPLORERS]
    (out / "explorers.html").write_text(PAGE.format("<hr>".join(cells)), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames, "choices", near_the_start)
        patch.setattr(figures, "PIXELS_PER_INCH", 72)
        for name in EXPLORERS:
            frames._draw_explorer(name, out / "_static" / "explorers")
    return out


def near_the_start(explorer: Any) -> list[frames.Indices]:
    """Return the choices of each control by itself: some steps from the start, and its first."""
    start = explorer.indices()
    kept = {tuple(start.values())}
    for name, control in explorer.controls.items():
        near = (0, *(start[name] + steps for steps in (-1, 1, 2)))
        kept |= {
            tuple((start | {name: at}).values()) for at in near if 0 <= at < len(control.values())
        }
    return sorted(kept)


def about(folder: Path, name: str) -> dict[str, Any]:
    text = (folder / "_static" / "explorers" / f"{name}.js").read_text(encoding="utf-8")
    return json.loads(text.split("=", 2)[2].removesuffix(";\n"))


@contextmanager
def opened(chromium: Any, page: Path, **options: Any) -> Iterator[tuple[Any, list[str]]]:
    """Open a page without a network; give it, and a list of what it asked for.

    Raises at the end for what went wrong in it.
    """
    context = chromium.new_context(offline=True, **options)
    tab, asked, wrong = context.new_page(), [], []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda said: wrong.append(said.text))
    tab.on("requestfailed", lambda request: wrong.append(request.url))
    tab.on("request", lambda request: asked.append(request.url))
    tab.add_init_script(f"({PAINTED})()")
    tab.goto(page.as_uri(), wait_until="load")
    yield tab, asked
    context.close()
    assert not wrong
    assert all(url.startswith(("file:", "blob:")) for url in asked)


def cell(tab: Any, name: str) -> Any:
    """Return the frame of an explorer, once its controls are there."""
    title = getattr(explorers, name)().title
    frame = tab.locator(".cell_output", has_text=title)
    frame.scroll_into_view_if_needed()
    frame.locator(".belgrade-live").wait_for()
    return frame


def assert_shows(folder: Path, frame: Any, name: str, **choices: Any) -> None:
    """Compare what is shown with what the notebook says, and with the files drawn for it."""
    explorer = getattr(explorers, name)()
    known = about(folder, name)
    at, words = known["frames"]["-".join(map(str, explorer.indices(**choices).values()))]
    base, *_, own = known["pictures"][at]
    files = [own] if base < 0 else [known["bases"][base][0], own]
    sentence = explorer.view(explorer.data, **explorer.defaults | choices)[1]
    assert known["sentences"][words] == sentence
    frame.page.wait_for_function(
        "([box, words]) => box.querySelector('.belgrade-unseen').textContent === words",
        arg=[frame.element_handle(), sentence],
    )
    shown = frame.evaluate(SHOWN)
    assert shown["words"] == shown["said"] == shown["alt"] == sentence
    assert shown["painted"][-len(files) :] == files
    assert not shown["hidden"]


SIZES = pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
    ],
    ids=["desk", "phone"],
)


@SIZES
@pytest.mark.runs_in(
    "Chromium", "the book", "explorers by keyboard, mouse and touch, at 1280 and 390 pixels"
)
def test_each_control_answers_to_keyboard_mouse_and_touch(
    chromium: Any, folder: Path, options: dict[str, Any]
) -> None:
    with opened(chromium, folder / "explorers.html", **options) as (tab, asked):
        frame = cell(tab, "aid_per_what")
        assert not any(url.endswith(".webp") for url in asked), "pictures before a choice"
        for name in ("aid_per_what", "shares"):
            controls = controls_in(cell(tab, name).locator(".belgrade-live"))
            assert controls == expected_controls(getattr(explorers, name)(), native=True)
        count = frame.get_by_label("Count")
        count.focus()
        tab.keyboard.press("ArrowDown")
        assert_shows(folder, frame, "aid_per_what", counted="planes, final")
        tab.keyboard.press("ArrowUp")
        tab.keyboard.press("Tab")
        tab.keyboard.press("ArrowDown")
        assert_shows(folder, frame, "aid_per_what", base="people")

        frame = cell(tab, "shares")
        tap = "tap" if options.get("has_touch") else "click"
        number, slider = frame.get_by_role("textbox"), frame.get_by_role("slider")
        assert number.input_value() == slider.input_value() == "0.5"
        slider.focus()
        tab.keyboard.press("ArrowRight")
        assert_shows(folder, frame, "shares", weight=0.51)
        assert number.input_value() == "0.51"
        tab.keyboard.press("ArrowLeft")
        tab.keyboard.press("ArrowLeft")
        assert_shows(folder, frame, "shares", weight=0.49)
        number.fill("0.5175")  # between two steps
        tab.keyboard.press("Tab")
        assert number.input_value() == slider.input_value() == "0.52"
        assert_shows(folder, frame, "shares", weight=0.52)
        wrong = frame.locator(".belgrade-row [role=status]")
        for unclear, said in {
            "": "type a number first",
            "5": "from 0 to 1",
            "half": "“half” is no number",
            "0x0": "“0x0” is no number",
        }.items():
            number.fill(unclear)
            tab.keyboard.press("Tab")
            assert number.input_value() == slider.input_value() == "0.52"
            assert said in wrong.inner_text()
        number.fill("")
        number.press_sequentially("0,51")
        assert_shows(folder, frame, "shares", weight=0.51)
        tab.keyboard.press("Tab")
        assert wrong.inner_text() == ""
        for typed in ("0，5", "０٫51"):  # a full-width comma, an Arabic one
            number.fill(typed)
            tab.keyboard.press("Tab")
        assert_shows(folder, frame, "shares", weight=0.51)
        tab.keyboard.press("Tab")
        assert number.input_value() == slider.input_value() == "0.51"
        getattr(slider, tap)(position={"x": 2, "y": slider.bounding_box()["height"] / 2})
        assert number.input_value() == "0"
        assert_shows(folder, frame, "shares", weight=0)
        number.fill("0.5")
        assert_shows(folder, frame, "shares")
        getattr(frame.get_by_role("checkbox"), tap)()
        assert_shows(folder, frame, "shares", mark=False)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert violations(tab) == []


@SIZES
def test_a_slice_moves_its_controls_and_leaves_the_others_where_the_lesson_begins(
    chromium: Any, folder: Path, options: dict[str, Any]
) -> None:
    with opened(chromium, folder / "explorers.html", **options) as (tab, _):
        frame = cell(tab, "veto_game")
        explorer = explorers.veto_game()
        task, *rest = frame.locator("select, input[type=text]").all()
        for label, moves in explorer.slices.items():
            task.select_option(label=label)
            assert [each.is_visible() for each in rest] == [
                name in moves for name in explorer.controls
            ]
        task.select_option(index=2)
        frame.get_by_label("Who has to agree").select_option(index=1)
        assert_shows(folder, frame, "veto_game", needed="alone")
        task.select_option(index=0)
        assert_shows(folder, frame, "veto_game")
        frame.get_by_role("slider", name="Promised to Moscow").press("ArrowUp")
        assert_shows(folder, frame, "veto_game", to_moscow=15)
        said = frame.inner_text()
        assert "Fixed here: Status quo 60; Belgrade likes best 30; Pristina" in said
        assert "Who has to agree Belgrade and Moscow (Security Council). In the notebook" in said
        assert violations(tab) == []


def test_an_explorer_opens_where_its_cell_says_and_a_button_leads_back(
    chromium: Any, folder: Path, tmp_path: Path
) -> None:
    """Only the slice that was drawn from there is offered, and only it leads back."""
    shutil.copytree(folder, tmp_path / "copy")
    page = tmp_path / "copy" / "explorers.html"
    at_once, alone = "&quot;needed&quot;: 0", "&quot;needed&quot;: 1"
    text = page.read_text(encoding="utf-8")
    assert at_once in text
    page.write_text(text.replace(at_once, alone), encoding="utf-8")
    with opened(chromium, page) as (tab, _):
        frame = cell(tab, "veto_game")
        slices = list(explorers.veto_game().slices)
        assert frame.get_by_label("Task").locator("option").all_inner_texts() == slices[2:]
        asked = frame.get_by_label("Who has to agree")
        assert asked.locator("option:checked").inner_text() == "Belgrade only"
        asked.select_option(index=0)
        assert_shows(folder, frame, "veto_game")
        back = frame.get_by_role("button", name="Back to start")
        back.press("Enter")
        assert_shows(folder, frame, "veto_game", needed="alone")
        assert asked.locator("option:checked").inner_text() == "Belgrade only"
        assert back.evaluate("each => each === document.activeElement")


def test_what_is_likely_next_is_asked_for_ahead_and_little_else(
    chromium: Any, folder: Path
) -> None:
    with opened(chromium, folder / "explorers.html") as (tab, asked):
        frame = cell(tab, "shares")
        frame.get_by_role("slider").press("ArrowRight")
        assert_shows(folder, frame, "shares", weight=0.51)
        known = about(folder, "shares")
        start = explorers.shares().indices()
        two_on = known["frames"]["-".join(map(str, (start | {"weight": 52}).values()))][0]
        for _ in range(100):
            tab.wait_for_timeout(100)
            files = {url.split("/")[-1] for url in asked if url.endswith(".webp")}
            if known["pictures"][two_on][-1] in files:
                break
        assert known["pictures"][two_on][-1] in files
        assert len(files) < len(known["pictures"])


@pytest.mark.runs_in(
    "Firefox · WebKit", "the book", "explorers by keyboard, mouse and touch; a form kept"
)
def test_other_engines_answer_as_well(engine: Any, folder: Path, asking: Path) -> None:
    """By keyboard, mouse and touch; what is typed into a form is kept."""

    def frame(name: str) -> str:
        title = json.dumps(getattr(explorers, name)().title)
        cells = "[...document.querySelectorAll('.cell_output')]"
        return f"{cells}.find(each => each.innerText.includes({title}))"

    def shows(name: str, **choices: Any) -> None:
        explorer = getattr(explorers, name)()
        words = json.dumps(explorer.view(explorer.data, **explorer.defaults | choices)[1])
        engine.until(f"(({SHOWN})({frame(name)})).said === {words}")
        shown = json.loads(engine.run(f"JSON.stringify(({SHOWN})({frame(name)}))"))
        assert shown["words"] == shown["alt"] == json.loads(words)
        known = about(folder, name)
        at = known["frames"]["-".join(map(str, explorer.indices(**choices).values()))][0]
        assert shown["painted"][-1] == known["pictures"][at][-1]
        assert not shown["hidden"]

    engine.goto((folder / "explorers.html").as_uri())
    engine.run(f"({PAINTED})()")
    for name in ("aid_per_what", "shares"):
        engine.run(f"{frame(name)}.scrollIntoView()")
        engine.until(f"{frame(name)}.querySelector('.belgrade-live')")
    lists = f"{frame('aid_per_what')}.querySelectorAll('select')"
    engine.run(f"{lists}[0].focus()")
    engine.press("ArrowDown")
    shows("aid_per_what", counted="planes, final")
    engine.press("ArrowUp")
    engine.press("Tab")
    engine.press("ArrowDown")
    shows("aid_per_what", base="people")
    engine.run(f"{frame('shares')}.querySelector('input[type=range]').focus()")
    engine.press("ArrowRight")
    shows("shares", weight=0.51)
    engine.press("ArrowLeft")
    for way, mark in (("mouse", False), ("touch", True)):
        engine.click(f"{frame('shares')}.querySelector('input[type=checkbox]')", way)
        shows("shares", mark=mark)

    assert json.loads(engine.run("JSON.stringify(wrong)")) == []
    engine.goto(asking.as_uri())
    field = "document.querySelector('form input[inputmode], form input[type=text]')"
    engine.run(f"{field}.focus()")
    engine.type("40")
    engine.press("Enter")
    engine.until("document.querySelector('form [role=status]').innerText.includes('Kept')")
    engine.goto(asking.as_uri())
    assert engine.run(f"{field}.value") == "40"
    assert json.loads(engine.run("JSON.stringify(wrong)")) == []


def test_an_explorer_without_its_files_says_so(chromium: Any, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    (tmp_path / "copy" / "_static" / "explorers" / "shares.js").unlink()
    lost = next((tmp_path / "copy" / "_static" / "explorers" / "pictures").glob("*.webp"))
    context = chromium.new_context(offline=True)
    tab = context.new_page()
    tab.goto((tmp_path / "copy" / "explorers.html").as_uri())
    tab.get_by_text("Its pictures are not here").wait_for()
    assert tab.locator("figure img").count() == 3
    for path in lost.parent.iterdir():
        path.unlink()
    frame = cell(tab, "aid_per_what")
    frame.get_by_label("Count").select_option(index=1)
    frame.get_by_text("(The picture could not be loaded.)").first.wait_for()
    assert frame.evaluate(SHOWN)["hidden"]
    context.close()


# --- Forms ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with one form of each kind, as the lessons have them."""
    out = tmp_path_factory.mktemp("asking")
    shutil.copytree(STATIC, out / "_static")
    kinds = ("guess", "ranking", "codes", "probabilities", "checkpoint", "verdict")
    cells = [next(outputs(f'data-form="{kind}"')) for kind in kinds]
    (out / "forms.html").write_text(PAGE.format("<hr>".join(cells)), encoding="utf-8")
    return out / "forms.html"


def asked(kind: str) -> dict[str, Any]:
    from bs4 import BeautifulSoup

    html = next(outputs(f'data-form="{kind}"'))
    return json.loads(BeautifulSoup(html, "html.parser").select_one("[data-asks]")["data-asks"])


@SIZES
@pytest.mark.runs_in("Chromium", "the book", "a form of each kind, at 1280 and 390 pixels")
def test_a_reader_goes_from_guess_to_verdict_and_takes_the_answers_to_the_notebook(
    chromium: Any, asking: Path, options: dict[str, Any]
) -> None:
    with opened(chromium, asking, accept_downloads=True, **options) as (tab, _):
        press = "tap" if options.get("has_touch") else "click"
        forms = {form.get_attribute("aria-label"): form for form in tab.locator("form").all()}
        assert len(forms) == 6
        assert "Nothing is kept yet." not in tab.inner_text("main")
        assert not tab.get_by_role("button", name="Download my answers").is_visible()

        ask = asked("guess")
        guess, (field,) = forms[ask["question"]], ask["fields"]
        for typed, said in {
            "": "type a number first",
            "many": "is no number",
            "1.234": "can be read in two ways",
            str(field["max"] + 1): f"from {field['min']} to {field['max']}",
        }.items():
            guess.get_by_label(field["label"]).fill(typed)
            getattr(guess.get_by_role("button"), press)()
            assert said in guess.get_by_role("status").inner_text()
        guess.get_by_label(field["label"]).fill("40")
        guess.get_by_label(field["label"]).press("Enter")
        assert guess.get_by_role("status").inner_text() == "Kept in this browser."

        ask = asked("ranking")
        ranking = forms[ask["question"]]
        for place, n in zip(ask["fields"], (1, 2, 2), strict=True):
            ranking.get_by_label(place["label"]).select_option(index=n)
        getattr(ranking.get_by_role("button"), press)()
        assert ranking.get_by_role("status").inner_text() == ask["different"]
        ranking.get_by_label(ask["fields"][2]["label"]).select_option(index=3)
        getattr(ranking.get_by_role("button"), press)()

        codes, probabilities = asked("codes"), asked("probabilities")
        form = forms[codes["question"]]
        getattr(form.get_by_role("radio").nth(1), press)()
        getattr(form.get_by_role("button"), press)()
        assert f"1 of {len(codes['fields'])} answered" in form.get_by_role("status").inner_text()
        form = forms[probabilities["question"]]
        form.get_by_role("combobox").first.select_option(index=1)
        getattr(form.get_by_role("button"), press)()
        form.get_by_role("combobox").nth(1).select_option(index=2)  # kept without a press
        assert "2 of" in form.get_by_role("status").inner_text()

        checkpoint = asked("checkpoint")["questions"]
        for number, question in enumerate(checkpoint):
            right = next(n for n, option in enumerate(question["options"]) if option[1])
            group = forms["Checkpoint"].get_by_role("group").nth(number)
            getattr(group.get_by_role("radio").nth((right + 1) % 4), press)()
            assert "✗ Not this one. " in group.get_by_role("status").inner_text()
            getattr(group.get_by_role("radio").nth(right), press)()
            assert f"✓ Right. {question['options'][right][2]}" in group.inner_text()
        count = len(checkpoint)
        assert f"{count} of {count} right so far." in forms["Checkpoint"].inner_text()

        ask = asked("verdict")
        verdict = forms[ask["question"]]
        commit = verdict.get_by_role("button")
        for fill, field in zip(
            (
                lambda: getattr(verdict.get_by_label("complicated"), press)(),
                lambda: verdict.get_by_role("combobox").select_option(label="70%"),
                lambda: verdict.get_by_role("textbox").fill("It's <b>thin</b>, “said” Вучић."),
            ),
            ask["fields"],
            strict=True,
        ):
            getattr(commit, press)()
            assert verdict.get_by_role("status").inner_text() == field["missing"]
            fill()
        getattr(commit, press)()
        assert "Kept in this browser." in verdict.inner_text()
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert violations(tab) == []

        tab.reload()
        assert tab.get_by_label(asked("guess")["fields"][0]["label"]).input_value() == "40"
        ranked = [
            tab.get_by_label(place["label"]).locator("option:checked").inner_text()
            for place in asked("ranking")["fields"]
        ]
        assert ranked == [asked("ranking")["fields"][0]["options"][n][0] for n in (0, 1, 2)]
        assert "5 answers are kept in this browser" in tab.inner_text("main")
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Download my answers").click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert download.value.suggested_filename == "journal.json"
        assert keep.read(text.encode("utf-8"))
        assert journal.merge(text) == "5 entries were brought back."
        assert journal.get(asked("guess")["key"]) == 40
        places = asked("ranking")["fields"]
        assert journal.get(asked("ranking")["key"]) == [
            places[0]["options"][n][1] for n in (0, 1, 2)
        ]
        item = codes["fields"][0]
        assert journal.get(codes["key"]) == {item["name"]: item["options"][1][1]}
        first = enumerate(probabilities["fields"][:2])
        chosen = {each["name"]: each["options"][n][1] for n, each in first}
        assert journal.probabilities(probabilities["key"].split("/")[1]) == chosen
        row = journal.verdicts().iloc[0]
        assert row["verdict"] == "complicated" and row["confidence_pct"] == 70
        assert row["reason"] == "It's <b>thin</b>, “said” Вучић."

        tab.on("dialog", lambda dialog: dialog.accept())
        tab.get_by_role("button", name="Forget them all").click()
        tab.wait_for_function("!localStorage.length")
        tab.wait_for_load_state()
        assert tab.get_by_label(asked("guess")["fields"][0]["label"]).input_value() == ""


def test_what_the_browser_cannot_read_or_keep_is_said(chromium: Any, asking: Path) -> None:
    with opened(chromium, asking) as (tab, _):
        tab.evaluate("localStorage.setItem('belgrade-journal', '{broken')")
        tab.reload()
        damaged = "Object.keys(localStorage).find(each => each.endsWith('-damaged'))"
        assert tab.evaluate(f"localStorage.getItem({damaged})") == "{broken"
        full = "() => { Storage.prototype.setItem = () => { throw new Error('full') } }"
        tab.evaluate(full)
        field = asked("guess")["fields"][0]
        tab.get_by_label(field["label"]).fill("7,0")
        tab.get_by_label(field["label"]).press("Enter")
        tab.get_by_text("this browser keeps nothing for it").wait_for()
        assert "1 answer is kept until this page is closed." in tab.inner_text("main")


def test_each_book_of_a_host_keeps_its_own_answers(
    chromium: Any, asking: Path, tmp_path: Path
) -> None:
    """What all of them once kept together goes to the one that is answered first."""
    key, field = asked("guess")["key"], asked("guess")["fields"][0]["label"]
    shared = {"format": 1, "entries": {key: {"value": 7, "saved": "2026-01-01T00:00:00Z"}}}
    shutil.copytree(asking.parent, tmp_path / "last year")
    with opened(chromium, asking) as (tab, _):
        tab.evaluate("text => localStorage.setItem('belgrade-journal', text)", json.dumps(shared))
        tab.reload()
        assert tab.get_by_label(field).input_value() == "7"
        tab.get_by_label(field).press("Enter")
        tab.goto((tmp_path / "last year" / asking.name).as_uri())
        assert tab.get_by_label(field).input_value() == ""
        tab.get_by_label(field).fill("9")
        tab.get_by_label(field).press("Enter")
        tab.on("dialog", lambda dialog: dialog.accept())
        tab.get_by_role("button", name="Forget them all").click()
        tab.wait_for_function("localStorage.length === 1")
        tab.goto(asking.as_uri())
        assert tab.get_by_label(field).input_value() == "7"


def test_what_is_said_twice_goes_in_between(chromium: Any, asking: Path) -> None:
    """Or it would not be read out."""
    with opened(chromium, asking) as (tab, _):
        form = tab.get_by_role("form", name=asked("guess")["question"])
        form.get_by_role("button").click()
        said = form.get_by_role("status").inner_text()
        form.get_by_role("status").evaluate("""line => {
          window.lines = [];
          new MutationObserver(() => lines.push(line.textContent)).observe(line, {childList: true});
        }""")
        form.get_by_role("button").click()
        tab.wait_for_function("lines.length > 1")
        assert tab.evaluate("lines") == ["", said]


def test_on_paper_stand_the_questions_and_what_was_answered(chromium: Any, asking: Path) -> None:
    with opened(chromium, asking) as (tab, _):
        reason = "Many words. " * 60
        verdict = tab.get_by_role("form", name=asked("verdict")["question"])
        verdict.get_by_role("textbox").fill(reason)
        shown = tab.get_by_text("Answer to question 1", exact=True)
        assert not shown.is_visible()
        tab.emulate_media(media="print")
        for kind in ("guess", "ranking", "codes", "probabilities", "verdict"):
            form = tab.get_by_role("form", name=asked(kind)["question"])
            assert form.get_by_text(asked(kind)["question"], exact=True).is_visible()
            assert form.get_by_role("button").count() == 0
        box = verdict.get_by_role("textbox")
        assert box.evaluate("each => each.scrollHeight <= each.clientHeight")
        assert shown.is_visible()
        assert not tab.locator("form[aria-label=Checkpoint]").is_visible()
