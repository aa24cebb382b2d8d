"""The form for marks, as somebody uses it who has a keyboard and no network."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import axe
from grading_results import EVIL, part, question, result
from lab import no_errors

from belgrade.grading.marks import agreement, merge_marks, read_sheet
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
                fresh.get_by_text(f"Marks of {count} answers are brought in.").wait_for()
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
