"""The form for marks, as somebody uses it who has a keyboard and no network."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import axe
import pytest
from grading_results import EVIL, a_class, part, question, result
from lab import no_errors
from PIL import Image

from belgrade.grading import merge, pages
from belgrade.grading.marks import agreement, merge_marks, read_sheet
from belgrade.grading.store import write_json
from belgrade.grading.write import write_all

RUBRIC = """**How to mark 1.6 (3 points, one for each; half points are possible)**

- **Claim.** One sentence.
- **Evidence.** A number.
- **Caveat.** What it cannot show.
"""
# What is entered: for each answer its choices, total and comment.
ENTERED = """() => [...document.querySelectorAll('article')].map(each => [
    [...each.querySelectorAll(':checked')].map(({name, value}) => [name, value]),
    each.querySelector('.total').value, each.querySelector('textarea').value])"""
TEXTS = [f"Serbia got more for each of its people. {n}" for n in range(8)] + [EVIL, "=1+1\n\nčaj"]


def test_a_class_is_marked_by_keyboard_saved_and_merged(chromium: Any, tmp_path: Path) -> None:
    results = []
    for n, text in enumerate(TEXTS):
        sentence = question("1.6", "A sentence", [part("written", "pending", 0, 3)], written=text)
        word = question("1.7", "A word", [part("written", "pending", 0, 1)], written=f"Base {n}")
        results.append(result(f"s{n}@example.org", f"Name {n}", [sentence, word], exercise="01"))
    rubrics = {"1.6": RUBRIC}
    master = SimpleNamespace(title="Exercise 01 · X", rubrics=rubrics, questions=[{"points": 3}])
    write_all(results, tmp_path, None, {"01": master}, tutors=2)
    context = chromium.new_context(viewport={"width": 390, "height": 800}, offline=True)
    page = context.new_page()
    address = (tmp_path / "marking" / "01_answers_tutor_1.html").as_uri()

    def keys(*pressed: str) -> None:
        for key in pressed:
            page.keyboard.press(key)

    def focus() -> str:
        return page.evaluate("document.activeElement.textContent.replace(/\\s+/g, ' ').trim()")

    with no_errors(page):
        page.goto(address)
        count = page.locator("article").count()
        assert count == 12 and page.locator("article:visible").count() == 1
        assert "Name" not in page.inner_text("body") and "s1@" not in page.inner_text("body")
        for scheme, view in (("light", "side"), ("dark", "")):
            page.emulate_media(color_scheme=scheme)
            page.select_option("#view", view)
            assert axe.violations(page) == []
            assert page.evaluate("document.documentElement.scrollWidth") == 390

        # From the first answer on by keyboard alone; a slip is taken back.
        keys("Control+Enter")
        assert focus().startswith("Answer 2")
        page.locator("#at").fill("1")
        keys("Enter")
        page.locator("article:visible h3").focus()
        keys("Tab", "1", "Tab", "0", "Delete", "h", "Tab", "0")
        keys("Tab", "Tab")
        page.keyboard.insert_text("=Good, “čaj”\nAnd a caveat?")
        assert page.inner_text("#progress") == f"1 of {count} marked"
        keys("Control+Enter")
        assert focus().startswith("Answer 2")
        keys("Tab", "ArrowRight", "Tab", "Tab", "Tab", "9")
        assert page.locator("article:visible output").inner_text() == "from 0 to 3 is possible"
        assert page.inner_text("#progress") == f"1 of {count} marked"
        keys("Backspace")
        page.keyboard.insert_text("2,5")
        keys("Tab", "Tab", "Enter")
        page.locator(".bank button:visible").first.wait_for()
        keys("Tab", "Tab", "Enter")
        assert page.locator("article:visible textarea").input_value() == "And a caveat?"

        # What was entered is there again; the sheet is what the merge takes.
        page.reload()
        assert page.inner_text("#progress") == f"2 of {count} marked"
        assert page.locator("article:visible h3").inner_text().startswith("Answer 3")
        assert page.locator(".question:visible").count() == 1
        page.locator("#save").focus()
        with page.expect_download() as saved:
            keys("Enter")
        assert saved.value.suggested_filename == "01_marks_tutor_1.csv"
        saved.value.save_as(tmp_path / "saved.csv")
        shown = page.evaluate("""() => [...document.querySelectorAll('article')].map(each =>
            [JSON.parse(each.dataset.fixed).student, each.querySelector('.answer').textContent])""")

        # In another browser the sheet brings everything back, a spreadsheet's as well.
        other = chromium.new_context(offline=True)
        text = (tmp_path / "saved.csv").read_text(encoding="utf-8-sig")
        sheet = csv.reader(io.StringIO(text, newline=""))
        with (tmp_path / "sheet.csv").open("w", encoding="utf-8-sig", newline="") as file:
            rows = [[v.replace("0.5", "0,5").replace("1.5", "1,5") for v in row] for row in sheet]
            csv.writer(file, delimiter=";").writerows(rows)
        entered = page.evaluate(ENTERED)
        for name in ("saved.csv", "sheet.csv"):
            fresh = other.new_page()
            with no_errors(fresh):
                fresh.goto(address)
                fresh.evaluate("localStorage.clear()")
                fresh.reload()
                assert fresh.inner_text("#progress") == f"0 of {count} marked"
                fresh.set_input_files("#bring", tmp_path / name)
                fresh.get_by_text(f"marks are brought in: {count}.").wait_for()
                assert fresh.evaluate(ENTERED) == entered
                fresh.reload()
                assert fresh.inner_text("#progress") == f"2 of {count} marked"
        other.close()
    context.close()

    assert {text for _, text in shown[:6]} <= set(TEXTS)
    merged, problems = merge_marks(results, [tmp_path / "saved.csv"], {"01": rubrics})
    assert len(problems) == 3 and problems[0] == f"saved.csv: {count - 2} answers have no mark."
    assert "more are not in the sheet for question 1.6" in problems[1]
    marks = {r["student"]: r["questions"][0].get("mark") for r in merged}
    first, second = (marks[student] for student, _ in shown[:2])
    wanted = {"points": 1.5, "max_points": 3, "comment": "=Good, “čaj”\nAnd a caveat?"}
    assert first == wanted | {"criteria": {"Claim": 1, "Evidence": 0.5, "Caveat": 0}}
    assert (second["points"], second["comment"]) == (2.5, "And a caveat?")
    assert agreement([read_sheet(tmp_path / "saved.csv")]) == []


@pytest.fixture
def form(chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give the page of a form: three rows and a total of answer 1, a total alone of answer 2."""
    sentence = question("1.6", "A sentence", [part("written", "pending", 0, 3)], written=TEXTS[0])
    word = question("1.7", "A word", [part("written", "pending", 0, 1)], written="Base")
    (tmp_path / "results").mkdir()
    one = result("s1@example.org", "Name", [sentence, word], exercise="01")
    write_json(tmp_path / "results" / "one.json", one)
    master = SimpleNamespace(title="X", rubrics={"1.6": RUBRIC}, questions=[{"points": 4}])
    monkeypatch.setattr(merge, "read_masters", lambda _: {"01": master})
    write_all([one], tmp_path, None, {"01": master})
    context = chromium.new_context(offline=True)
    page = context.new_page()
    with no_errors(page):
        page.goto((tmp_path / "marking" / "01_answers.html").as_uri())
        yield page
    context.close()


def choose(page: Any, *points: str) -> None:
    """Choose points in the rows of the first answer."""
    page.select_option("#view", "side")
    for row, value in zip(page.locator("fieldset").all(), points, strict=True):
        row.get_by_role("radio", name=value, exact=True).check()


def save(page: Any, path: Path) -> None:
    with page.expect_download() as saved:
        page.locator("#save").click()
    saved.value.save_as(path)


def chosen(page: Any) -> list[str]:
    """Return the points chosen in the rows of the first answer, and its total."""
    rows, total, _ = page.evaluate(ENTERED)[0]
    return [*(value for _, value in rows), total]


def test_a_newer_mark_is_shown_whether_it_is_of_this_browser_or_of_the_page(
    form: Any, tmp_path: Path
) -> None:
    saved, sheet = tmp_path / "saved.csv", tmp_path / "marking" / "01_marks.csv"

    def merged(path: Path) -> list[str]:
        """Merge a sheet; return what the page shows when it is opened again."""
        merge.merge(tmp_path, [path], lambda _: None)
        form.reload()
        return chosen(form)

    choose(form, "1", "1", "0")
    save(form, saved)
    assert merged(saved) == ["1", "1", "0", ""]
    choose(form, "0", "1", "0")  # and not saved
    assert merged(saved) == ["0", "1", "0", ""]
    save(form, saved)
    assert merged(saved) == ["0", "1", "0", ""]
    assert read_sheet(sheet).rows[0]["Claim"] == "0"
    assert form.inner_text("#said") == ""

    text = sheet.read_text(encoding="utf-8-sig")
    assert text.count(",0,1,0,") == 1
    sheet.write_text(text.replace(",0,1,0,", ",1,1,1,"), encoding="utf-8")
    assert merged(sheet) == ["1", "1", "1", ""]
    assert "newer marks than this browser kept: answer 1." in form.inner_text("#said")
    # A total that is not the rows' sum is one in the sheet and in the form too.
    choose(form, "1", "1", "0")
    form.locator(".total").first.fill("1,5")
    save(form, saved)
    assert merged(saved) == ["1", "1", "0", "1,5"]
    form.evaluate("localStorage.clear()")
    form.reload()
    assert chosen(form) == ["1", "1", "0", "1.5"]


def test_a_sheet_that_lost_letters_or_has_other_points_is_told_apart(
    form: Any, tmp_path: Path
) -> None:
    path = tmp_path / "sheet.csv"
    choose(form, "1", "1", "0.5")
    form.locator("textarea").first.fill("Vučić")
    save(form, path)
    text = path.read_text(encoding="utf-8-sig").replace('"', "").replace(",", ";")
    assert "1;1;0.5;;Vučić" in text

    def bring(content: bytes) -> str:
        path.write_bytes(content)
        form.evaluate("document.getElementById('said').textContent = ''")
        form.set_input_files("#bring", path)
        form.locator("#said:not(:empty)").wait_for()
        return form.inner_text("#said")

    assert "CSV UTF-8" in bring(text.encode("cp1250"))
    other = text.replace("1;1;0.5;", "0;1;0,25;")
    said = bring(other.encode())
    assert (
        said
        == "Answers whose marks are brought in: 1. Not those of 1: this form has no such points."
    )
    assert chosen(form) == ["1", "1", "0.5", ""]
    assert form.locator("textarea").first.input_value() == "Vučić"
    without = "\r\n".join(line.rsplit(";", 2)[0] for line in text.splitlines())
    assert "mark" not in without
    assert bring(f"sep=;\r\n{without.replace('1;1;0.5', '0;1;0,5')}".encode()).startswith(
        "Answers whose marks are brought in: 2."
    )
    assert chosen(form) == ["0", "1", "0.5", ""]
    assert form.locator("textarea").first.input_value() == ""


def test_what_the_browser_kept_and_cannot_read_is_said_and_kept_no_more(form: Any) -> None:
    choose(form, "1", "1", "0")
    form.evaluate("localStorage.setItem(Object.keys(localStorage)[0], '{')")
    form.reload()
    assert "cannot be read" in form.inner_text("#said")
    choose(form, "0", "0", "1")
    form.reload()
    assert chosen(form) == ["0", "0", "1", ""]
    assert form.inner_text("#said") == ""


def test_what_is_chosen_can_be_seen_in_forced_colours_and_on_paper(form: Any) -> None:
    choose(form, "1", "1", "0")
    form.emulate_media(forced_colors="active")
    form.locator("h1").click()  # nothing has the focus
    pictures = (each.screenshot() for each in form.locator(".step").all())
    corners = [Image.open(io.BytesIO(each)).getpixel((6, 6)) for each in pictures]
    marked = [each.is_checked() for each in form.locator(".step input").all()]
    grounds = [
        {at for at, is_it in zip(corners, marked, strict=True) if is_it == want}
        for want in (True, False)
    ]
    assert [len(each) for each in grounds] == [1, 1] and grounds[0] != grounds[1]
    form.emulate_media(forced_colors="none", media="print")
    step = form.locator(".step :checked + span").first
    assert step.evaluate("step => getComputedStyle(step).printColorAdjust") == "exact"
    assert form.get_by_text("2 of 3", exact=True).is_visible()
    form.emulate_media(media="screen")
    assert form.locator(".how").count() == 1  # only where there is a rubric to read


def test_the_bars_of_the_report_are_drawn_in_forced_colours(own_page: Any) -> None:
    own_page.set_content(pages.class_report(a_class()))
    own_page.emulate_media(forced_colors="active")
    for bar in own_page.locator(".bar").all():
        if bar.bounding_box()["width"] > 8:
            drawn = Image.open(io.BytesIO(bar.screenshot())).convert("RGB")
            assert drawn.getpixel((3, 8)) != (255, 255, 255), bar.get_attribute("class")
