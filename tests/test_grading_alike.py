"""Code that is alike is named where the task does not make it alike, and as nothing but that."""

from __future__ import annotations

import random
import re

from grading_results import EVIL, answered, result
from test_grading_pages import Page

from belgrade.grading import pages
from belgrade.grading.alike import alike

PROVIDED = ["# Use the table `planes`.\nanswer = planes.sum()  # mend this\n"]
ASKED = ("1.1", "1.2", "1.3", "1.4")
STEPS = (
    'rows = planes[planes["donor"] == "{a}"]',
    "rows = planes.query(\"donor == '{a}'\")",
    'total = rows["tonnes"].sum() / {n}',
    'total = rows.groupby("{a}")["tonnes"].agg("sum")',
    "for {a} in rows.itertuples():\n    total += {a}.tonnes",
    "print({a}, total * {n})",
    'rows = rows.sort_values("{a}", kind="stable").head({n})',
    "# {a}: {n} of them, I think",
)
WORDS = "russia china serbia italy flights cargo share people masks gas".split()


def own_way(dice: random.Random) -> dict[str, str]:
    return {
        name: "\n".join(
            step.format(a=dice.choice(WORDS), n=dice.randint(2, 90))
            for step in dice.sample(STEPS, 5)
        )
        for name in ASKED
    }


def a_class(size: int, seed: int = 1) -> list[dict[str, str]]:
    """Return code by question: each in a way of their own, but for 1.2, which has but one."""
    dice = random.Random(seed)
    return [
        own_way(dice) | {"1.2": "total = planes.groupby('donor').sum()\n" * 3} for _ in range(size)
    ]


def results(codes: list[dict[str, str]]) -> list[dict]:
    return [
        result(f"s{n:02}", f"Name {n}", answered(one, PROVIDED[0]), exercise="01")
        for n, one in enumerate(codes)
    ]


def named(codes: list[dict[str, str]]) -> list[tuple[str, str, list[str]]]:
    found = alike(results(codes), {"01": PROVIDED})["01"]
    return [(p.one["student"], p.other["student"], [s[0] for s in p.shared]) for p in found]


def test_who_worked_alone_is_not_named() -> None:
    assert [named(a_class(40, seed)) for seed in range(4)] == [[]] * 4


def test_a_copy_with_other_names_is_named_and_what_all_have_is_not() -> None:
    codes = a_class(40)
    codes[7] = {q: re.sub(r"\btotal\b", "result_1", code) for q, code in codes[3].items()}
    assert named(codes) == [("s03", "s07", ["1.1", "1.3", "1.4"])]
    # One answer alone is no reason to look: a question of three lines has few solutions.
    codes[7] = a_class(1, 9)[0] | {"1.1": codes[3]["1.1"]}
    assert named(codes) == []


def test_what_a_tenth_of_the_class_has_is_common() -> None:
    codes = a_class(40)
    codes[:12] = [codes[0]] * 12
    assert named(codes) == []


def test_a_class_too_small_or_without_grades_is_not_compared() -> None:
    assert alike(results(a_class(9)), {}) == alike([], {}) == {}
    failed = [one | {"state": "failed"} for one in results(a_class(12))]
    assert alike(failed, {}) == {}


def test_the_page_gives_reasons_to_look_and_runs_nothing() -> None:
    codes = a_class(12)
    codes[2] = codes[1] = {name: f"{code}\n# {EVIL}" for name, code in codes[1].items()}
    page = Page(pages.alike(alike(results(codes), {"01": PROVIDED})))
    assert page.open == [] and not page.of("script")
    assert "reasons to look, and no verdict" in page.text
    assert "Name 1 (s01) and Name 2 (s02)" in page.text and page.text.count(EVIL) == 8
    assert not re.search(r"copied|cheat|plagiar|guilty", page.text, re.IGNORECASE)
    assert "No two stand out." in Page(pages.alike({"01": []})).text
    assert "no class of 10" in Page(pages.alike({})).text
