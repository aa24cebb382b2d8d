"""Numbers as people type them, and cards that a quick hand cannot confuse."""

from __future__ import annotations

import inspect
import re
import threading

import ipywidgets
import nbformat
import pytest
from nbconvert import HTMLExporter
from shown import form_of

from belgrade import forms, journal, keep, takeaway

MADE = (journal, keep, takeaway)  # where forms are made


# A number, and as what it may be typed.
NUMBERS = {3.5: ["3.5", "3,5", " 3,5 ", "3，5", "３．５"], 12.8: ["12,8"], 3: ["٣"], -3: ["−3"]}
NUMBERS |= {-0.25: ["-0,25"], 0.5: [",5"], 0.125: ["0,125"], 40: ["40 %"], 100: ["1e2"]}
NUMBERS |= {7: ["7"], 1000: ["1 000", "1\u202f000"]}


@pytest.mark.parametrize(
    ("typed", "number"), [(each, number) for number, typed in NUMBERS.items() for each in typed]
)
def test_a_number_is_read_with_either_mark(typed: str, number: float) -> None:
    assert forms.read_number(typed, -1000, 1000) == number


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type a number first."),
        ("  ", "Type a number first."),
        ("many", "“many” is no number"),
        ("3;5", "is no number"),
        ("1_0", "is no number"),
        ("inf", "is no number"),
        ("nan", "is no number"),
        ("1,500", "two ways: write 1500, or 1.5."),
        ("1.500", "two ways: write 1500, or 1.5."),
        ("1.234,5", "two marks"),
        ("1,234,567", "two marks"),
        ("150", "150 is outside of what is asked: 0 to 100."),
        ("-1", "-1 is outside of what is asked"),
        ("100,5", "100.5 is outside"),
    ],
)
def test_what_cannot_be_read_is_told_and_never_bent(typed: str, words: str) -> None:
    with pytest.raises(forms.InvalidInput, match=words.replace(".", r"\.")):
        forms.read_number(typed, 0, 100)


def test_half_a_thing_is_told_where_things_are_counted() -> None:
    assert forms.read_number("4,0", 0, 9, whole=True) == 4
    with pytest.raises(forms.InvalidInput, match=r"write digits, such as 3\.$"):
        forms.read_number("four", 0, 9, whole=True)
    with pytest.raises(forms.InvalidInput, match=r"3\.5 is no whole number: write one from 0 to 9"):
        forms.read_number("3,5", 0, 9, whole=True)


def test_a_list_shows_what_stands_for_nothing() -> None:
    choices = [("choose", None), ("one", 1)]
    for value, label in ((None, "choose"), (1, "one"), ("gone", "choose")):
        made = forms.dropdown("Which?", choices, value)
        assert made.label == label
        assert made.index == [text for text, _ in choices].index(label)


def test_a_slider_and_its_box_follow_each_other() -> None:
    from belgrade.explorers.explorer import Number

    row = Number("Share", 0, 1, 0.05, 0.5).widget()
    box, slider, wrong = row.children
    assert row.value_widget is slider
    box.value = "0,25"
    assert slider.value == 0.25
    slider.value = 0.75
    assert box.value == "0.75"
    box.value = "7"
    assert slider.value == 0.75
    assert "7 is outside of what is asked: 0 to 1." in wrong.value
    slider.value = 0.5
    assert wrong.value == ""


def test_two_threads_of_a_kernel_lose_no_answer(displayed: list) -> None:
    other = threading.Thread(target=lambda: setattr(second, "value", "2"))
    kept: list[float] = []

    def keep(given: dict[str, float]) -> str:
        if given.get("a") == 1 and not kept:
            other.start()
            other.join(0.2)  # it would be done by now, were it not for this thread's turn
        kept[:] = given.values()
        return "Kept."

    bounds = {"min": 0, "max": 9, "whole": True, "optional": True}
    fields = [{"name": name, "kind": "number", "label": name} | bounds for name in "ab"]
    asks = {"question": "How many?", "button": "Commit", "key": "k", "fields": fields}
    forms.ask("guess", asks, {}, keep, lambda: forms.Fallback("", ""))
    _, first, second, button = form_of(displayed).children
    button.click()
    kept.clear()
    first.value = "1"
    other.join(10)
    assert kept == [1, 2]


FORMS = {
    "guess": (
        lambda: journal.ask_guess("g", "How many planes?", unit="planes", minimum=0, maximum=9),
        {"guess/g": 4},
        ["How many planes?", "Your guess: 4 planes."],
    ),
    "ranking": (
        lambda: journal.ask_ranking("r", "Who came first?", ["A", "B"], ["First", "Second"]),
        {"guess/r": ["B", "A"]},
        ["Who came first?", "You said: B, A."],
    ),
    "verdict": (
        lambda: journal.ask_verdict("01", "What of it?"),
        {"verdict/01": {"verdict": "supported", "confidence_pct": 60, "reason": "Planes <came>"}},
        ["What of it?", "your verdict", "60% sure, because: Planes &lt;came&gt;"],
    ),
    "codes": (
        lambda: journal.ask_codes("c", "Warm or cold?", {"a": "some words"}, ["warm", "cold"]),
        {"codes/c": {"a": "warm"}},
        ["Warm or cold?", "Some words", "→ warm"],
    ),
    "probabilities": (
        lambda: journal.ask_probabilities("p", "How likely?", {"a": "rain"}),
        {"probabilities/p": {"a": 0.75}},
        ["How likely?", "rain", "→ probably (75%)"],
    ),
    "checkpoint": (lambda: journal.checkpoint("Q01"), {}, ["1. ", "Answer to question 1"]),
    "marks": (
        takeaway.ask_marks,
        {takeaway.KEY: {"E01": {"means": "consistent"}}},
        [takeaway.QUESTION, "→ Limited means consistent"],
    ),
    "keep": (keep.panel, {}, ["Keep my work."]),
}


def exported(form: str, displayed: list) -> tuple[str, list[str]]:
    """Return the page of a form that was answered, and the words that stand on it.

    As when a notebook was run and saved with its widgets' state, and exported without them.
    """
    ask, entries, words = FORMS[form]
    for key, value in entries.items():
        journal.save(key, value)
    ask()
    outputs = [
        {"output_type": "display_data", "data": each["data"], "metadata": {}} for each in displayed
    ]
    cell = nbformat.v4.new_code_cell("", outputs=outputs)
    state = ipywidgets.Widget.get_manager_state()
    widgets = {"application/vnd.jupyter.widget-state+json": state}
    book = nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": widgets})
    return HTMLExporter(embed_images=True).from_notebook_node(nbformat.from_dict(book))[0], words


@pytest.mark.parametrize("form", FORMS)
def test_an_exported_page_keeps_the_words_and_what_was_chosen(form: str, displayed: list) -> None:
    page, words = exported(form, displayed)
    shown = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    for each in words:
        assert each in shown


def test_every_kind_of_form_is_exported_above() -> None:
    made = set(
        re.findall(r'forms\.(?:ask|Form)\(\s*"(\w+)"', "".join(map(inspect.getsource, MADE)))
    )
    assert made == set(FORMS)
