"""Lesson 06: agreement of coders, the form for coding, and what the two explorers say."""

from __future__ import annotations

import math

import pytest
from shown import ShownForm, last_text, said

from belgrade import explorers, journal
from belgrade.evidence import trust
from belgrade.explorers.trust import GROUPS, NOBODY
from belgrade.methods import agreement


def coders(matrix: list[list[int]]) -> tuple[list[int], list[int]]:
    """Return the two lists of codes that give this confusion matrix."""
    cells = [(i, j) for i, row in enumerate(matrix) for j, n in enumerate(row) for _ in range(n)]
    return [i for i, _ in cells], [j for _, j in cells]


# --- agreement -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "observed", "chance", "kappa"),
    [
        # Two raters of 200 cases in three classes: (88 + 40 + 12) / 200 = 0.70; by chance
        # (120 * 100 + 60 * 60 + 20 * 40) / 200^2 = 0.41; (0.70 - 0.41) / 0.59 = 0.492. The
        # example with which Cohen introduced kappa.
        ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 70, 41, 0.492),
        # Feinstein and Cicchetti, "High agreement but low kappa", Journal of Clinical Epidemiology
        # 43 (1990): the same agreement, two kappas.
        ([[40, 9], [6, 45]], 85, 50.08, 0.70),
        ([[80, 10], [5, 5]], 85, 78, 0.32),
        # By hand: agreed (20 + 15) / 50; chance (25 * 30 + 25 * 20) / 50^2 = 0.5.
        ([[20, 5], [10, 15]], 70, 50, 0.4),
        # Never the same code: (0 - 0.5) / 0.5.
        ([[0, 5], [5, 0]], 0, 50, -1),
        ([[3, 0], [0, 1]], 100, 62.5, 1),
    ],
)
def test_agreement_and_kappa_as_published_or_by_hand(
    matrix: list[list[int]], observed: float, chance: float, kappa: float
) -> None:
    a, b = coders(matrix)
    assert agreement.percent_agreement(a, b) == pytest.approx(observed)
    assert agreement.chance_agreement(a, b) == pytest.approx(chance, abs=0.01)
    assert agreement.cohens_kappa(a, b) == pytest.approx(kappa, abs=0.005)
    assert agreement.cohens_kappa(b, a) == pytest.approx(agreement.cohens_kappa(a, b))
    assert agreement.confusion_matrix(a, b, range(len(matrix))).to_numpy().tolist() == matrix


# The example of Fleiss, Levin and Paik, "Statistical Methods for Rates and Proportions", chapter
# 18: kappa 0.68 with a standard error of 0.087. The values for linear weights are statsmodels'.
PUBLISHED = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]


def test_the_standard_error_as_published() -> None:
    a, b = coders(PUBLISHED)
    assert agreement.cohens_kappa(a, b) == pytest.approx(0.6765, abs=0.0001)
    assert agreement.kappa_standard_error(a, b) == pytest.approx(0.0877, abs=0.0001)


def test_weighted_kappa_and_its_standard_error() -> None:
    a, b = coders(PUBLISHED)
    assert agreement.cohens_kappa(a, b, range(3)) == pytest.approx(0.7222, abs=0.0001)
    assert agreement.kappa_standard_error(a, b, range(3)) == pytest.approx(0.0843, abs=0.0001)


def test_near_codes_agree_in_part_only_where_the_classes_are_ordered() -> None:
    near, far = ["neutral", "neutral", "cold"], ["warm", "cold", "cold"]
    order = ["cold", "neutral", "warm"]
    assert agreement.cohens_kappa(near, far, order) > agreement.cohens_kappa(near, far)
    # Of two classes none lies between the others: the weights change nothing.
    a, b = coders([[20, 5], [10, 15]])
    assert agreement.cohens_kappa(a, b, [0, 1]) == pytest.approx(agreement.cohens_kappa(a, b))


def test_kappa_has_no_standard_error_where_it_cannot_vary() -> None:
    assert math.isnan(agreement.kappa_standard_error(["warm"] * 3, ["warm", "warm", "cold"]))


def test_kappa_is_not_defined_where_only_one_class_was_used() -> None:
    assert math.isnan(agreement.cohens_kappa(["warm"] * 3, ["warm"] * 3))
    assert math.isnan(agreement.kappa_standard_error(["warm"] * 3, ["warm"] * 3))


def test_a_coder_with_one_class_only_gets_no_more_than_chance() -> None:
    assert agreement.cohens_kappa(["warm"] * 4, ["warm", "warm", "warm", "cold"]) == 0


@pytest.mark.parametrize(("a", "b"), [([], []), (["warm"], [])])
def test_lists_that_do_not_fit_are_refused(a: list[str], b: list[str]) -> None:
    with pytest.raises(ValueError, match=r"coded"):
        agreement.cohens_kappa(a, b)


def test_a_code_outside_the_classes_is_named() -> None:
    with pytest.raises(ValueError, match="lukewarm"):
        agreement.confusion_matrix(["lukewarm"], ["warm"], ["warm", "cold"])


# --- the form --------------------------------------------------------------------------------

ITEMS = {"T1.1": "a gift", "T2.1": "a slight", "T3.1": "a treaty <b>"}
CODES = ["warm", "cold", "neutral"]


def test_each_click_is_kept_and_goes_on(displayed: list) -> None:
    journal.ask_codes("x", "Which?", ITEMS, CODES)
    shown = ShownForm(displayed)
    assert "1 of 3" in shown["card"].value and "A gift" in shown["card"].value
    assert "A slight" not in shown["card"].value
    shown["warm"].click()
    assert journal.codes("x") == {"T1.1": "warm"}
    assert "2 of 3" in shown["card"].value
    shown["‹ Back"].click()
    assert "You coded it warm" in shown["card"].value
    assert shown["warm"].icon == "check" and shown["cold"].icon == ""
    shown["cold"].click()
    assert journal.codes("x") == {"T1.1": "cold"}


def test_the_last_click_leads_back_to_what_was_left_out(displayed: list) -> None:
    journal.ask_codes("x", "Which?", ITEMS, CODES)
    shown = ShownForm(displayed)
    shown["warm"].click()
    shown["Next ›"].click()
    shown["neutral"].click()
    assert "2 of 3" in shown["card"].value
    assert last_text(displayed).splitlines()[-1].startswith("2 of 3 coded. Saved")
    shown["cold"].click()
    shown["cold"].click()
    assert last_text(displayed).splitlines()[-1].startswith("3 of 3 coded. That was all.")


def test_coding_goes_on_where_it_stopped(displayed: list) -> None:
    journal.save("codes/x", {"T1.1": "warm", "T2.1": "cold"})
    journal.ask_codes("x", "Which?", ITEMS, CODES)
    assert "3 of 3. Not coded yet" in ShownForm(displayed)["card"].value


def test_the_form_can_be_read_without_a_kernel(displayed: list) -> None:
    journal.ask_codes("x", "Which?", ITEMS, CODES)
    page = ShownForm(displayed).html
    assert "<li>A slight</li>" in page and "A treaty &lt;b&gt;" in page
    assert "warm, cold or neutral" in page


def test_codes_that_are_none_are_no_codes() -> None:
    assert journal.codes("x") == {}
    journal.save("codes/x", "edited by hand")
    assert journal.codes("x") == {}


# --- Code the events -------------------------------------------------------------------------


def test_the_events_to_code_are_about_thirty_and_each_has_its_place_in_the_report() -> None:
    events = trust.coded_events()
    assert 25 <= len(events) <= 35 and events.index.is_unique
    assert set(events["code"]) == set(trust.CODES)
    assert set(events["group"]) == set(GROUPS) - {"all"}
    assert set(trust.SPY_AFFAIR) <= set(events.index)
    assert events.loc[["T014.1", "T027.2"], "group"].eq("left_out").all()


def test_the_two_example_coders_agree_equally_often_but_not_beyond_chance() -> None:
    # The lesson says so in words.
    words = said("code_the_events")
    assert "They agree on 15 of 27 (56 per cent; by chance 36), kappa is 0.31." in words
    assert "6 of 27 cold in all, but 4 of 7" in words
    always = said("code_the_events", coder=trust.ALWAYS_WARM)
    assert "They agree on 15 of 27 (56 per cent; by chance 56), kappa is 0.00." in always


def test_the_spy_affair_can_be_one_event() -> None:
    words = said("code_the_events", spy=1)
    assert "of 25" in words and "4 of 25 cold in all, but 2 of 5" in words


def test_own_codes_come_first_and_only_what_was_coded_counts() -> None:
    events = trust.coded_events()
    own = dict(events["code"].head(10)) | {"T999.1": "warm", "T004.1": "lukewarm"}
    explorer = explorers.code_the_events(own)
    assert explorer.defaults["coder"] == trust.YOU
    words = explorer.view(explorer.data, **explorer.defaults)[1]
    assert "coder A is you" in words and "They agree on 9 of 9 (100 per cent" in words
    nothing = explorer.bundle(group="left_out", coder=trust.YOU)
    few = explorers.code_the_events({"T007.1": "cold"})
    assert "image/png" in nothing
    assert "You have coded none of these" in few.bundle(group="left_out")["text/plain"]
    assert "kappa is not defined" in few.bundle()["text/plain"]


def test_codes_that_fit_no_event_leave_the_examples() -> None:
    explorer = explorers.code_the_events({"x": "warm"})
    assert explorer.defaults["coder"] == trust.WORD_COUNTER


# --- How democratic? -------------------------------------------------------------------------


def test_ranges_and_direction_are_said() -> None:
    words = said("how_democratic")
    assert "Serbia 0.595 (range 0.535 to 0.659) in 2012, 0.363 (range 0.317 to 0.401)" in words
    assert words.count("ranges that do not overlap") == 2
    rights = said("how_democratic", index="rights")
    assert "1 to 7, 1 is best" in rights
    assert "a line that rises means less democratic" in rights
    turned = said("how_democratic", index="rights", turned=True)
    assert "a line that falls means less democratic" in turned


def test_the_turned_scale_of_2020() -> None:
    # 8 - 3.64 = 4.36: nearly the same number is printed for two unlike scores.
    printed = said("how_democratic", index="transit", beside=NOBODY)
    assert "Serbia 3.64 in 2012 (1 was best) and 3.61 in 2024 (7 was best)" in printed
    turned = said("how_democratic", index="transit", beside=NOBODY, turned=True)
    assert "Serbia 4.36 in 2012 and 3.61 in 2024" in turned


def test_types_of_regime_are_said_in_words() -> None:
    words = said("how_democratic", index="regime")
    assert "Serbia was a liberal democracy in 2012 and an electoral autocracy in 2019" in words


def test_a_country_that_was_not_read_is_said_to_be_missing() -> None:
    shown = explorers.how_democratic().bundle(index="transit", beside="Hungary")
    assert "image/png" not in shown and "was read" in shown["text/plain"]
