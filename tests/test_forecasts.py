"""Lesson 09: the Brier score and its parts, the form for probabilities, outcomes, explorers."""

from __future__ import annotations

import math
from typing import Any

import pytest
from shown import ShownForm

from belgrade import data, explorers, journal
from belgrade.evidence import forecasts
from belgrade.methods import brier

# --- the Brier score -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("probabilities", "outcomes", "score"),
    [
        # Question Q62 of the bank: (0.7 - 1)^2 = 0.09.
        ([0.7], [1], 0.09),
        ([0.5, 0.5, 0.5], [1, 0, 0], 0.25),
        ([1, 0], [1, 0], 0),
        ([1, 0], [0, 1], 1),
        # (0.1^2 + 0.2^2 + 0.7^2) / 3 = (0.01 + 0.04 + 0.49) / 3 = 0.18.
        ([0.9, 0.8, 0.7], [1, 1, 0], 0.18),
    ],
)
def test_the_brier_score_by_hand(
    probabilities: list[float], outcomes: list[int], score: float
) -> None:
    assert brier.brier_score(probabilities, outcomes) == pytest.approx(score)


def test_the_parts_by_hand() -> None:
    # Ten events: five were given 0.8, of which four happened; five 0.3, of which two happened.
    # Base rate 6 / 10. Uncertainty 0.6 * 0.4 = 0.24.
    # Reliability (5 * (0.8 - 0.8)^2 + 5 * (0.3 - 0.4)^2) / 10 = 0.05 / 10 = 0.005.
    # Resolution (5 * (0.8 - 0.6)^2 + 5 * (0.4 - 0.6)^2) / 10 = 0.4 / 10 = 0.04.
    # Score (4 * 0.04 + 0.64 + 2 * 0.49 + 3 * 0.09) / 10 = 2.05 / 10 = 0.205 = 0.005 - 0.04 + 0.24.
    given = [0.8] * 5 + [0.3] * 5
    happened = [1, 1, 1, 1, 0, 1, 1, 0, 0, 0]
    parts = brier.decompose(given, happened)
    assert parts == pytest.approx((0.005, 0.04, 0.24))
    assert parts.score == pytest.approx(0.205)
    assert brier.brier_score(given, happened) == pytest.approx(0.205)


@pytest.mark.parametrize("seed", range(20))
def test_the_parts_always_make_up_the_score(seed: int) -> None:
    import random

    chance = random.Random(seed)
    size = chance.randint(1, 30)
    given = [chance.choice([0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]) for _ in range(size)]
    happened = [chance.randint(0, 1) for _ in range(size)]
    parts = brier.decompose(given, happened)
    assert parts.score == pytest.approx(brier.brier_score(given, happened))
    assert 0 <= parts.resolution <= parts.uncertainty + 1e-12
    assert parts.reliability >= 0


def test_the_base_rate_is_the_best_constant_forecast() -> None:
    happened = [1, 1, 1, 0, 0, 0, 0]
    rate = brier.base_rate(happened)
    assert rate == pytest.approx(3 / 7)
    scores = {p / 100: brier.brier_score([p / 100] * 7, happened) for p in range(101)}
    best = min(scores, key=scores.get)
    assert best == 0.43
    # It has no resolution and perfect reliability: 3/7 * 4/7 = 12/49 is left.
    assert brier.decompose([rate] * 7, happened) == pytest.approx((0, 0, 12 / 49))


@pytest.mark.parametrize(
    ("probabilities", "outcomes", "words"),
    [
        ([], [], "no forecast"),
        ([0.5], [1, 0], "not the same number"),
        ([75], [1], "from 0 to 1"),
        ([math.nan], [1], "from 0 to 1"),
        ([0.5], [2], "0 or 1"),
    ],
)
def test_what_is_no_forecast_is_refused(probabilities: list, outcomes: list, words: str) -> None:
    for function in (brier.brier_score, brier.decompose):
        with pytest.raises(ValueError, match=words):
            function(probabilities, outcomes)


# --- the form --------------------------------------------------------------------------------


def test_the_form_keeps_what_was_answered_and_nothing_else(displayed: list) -> None:
    journal.ask_probabilities("k", "How likely?", {"A": "Rain <soon>?", "B": "Snow?"})
    form = ShownForm(displayed)
    assert "<li>Rain &lt;soon&gt;?</li>" in form.html
    assert "Snow?" in form.plain
    first, second = form.widgets("Dropdown")
    button = form.widgets("Button")[-1]
    assert (first.description, second.description) == ("Forecast 1", "Forecast 2")
    second.value = 0.75
    button.click()
    assert journal.probabilities("k") == {"B": 0.75}
    assert displayed[-1]["data"]["text/plain"].endswith("1 of 2 answered.")
    second.value = None
    first.value = 0.05
    button.click()
    assert journal.probabilities("k") == {"A": 0.05}


def test_the_form_opens_with_what_was_answered_before(displayed: list) -> None:
    journal.save("probabilities/k", {"A": 0.95, "B": "warm"})
    journal.ask_probabilities("k", "How likely?", {"A": "Rain?", "B": "Snow?"})
    first, second = ShownForm(displayed).widgets("Dropdown")
    assert (first.value, second.value) == (0.95, None)


def test_a_journal_without_probabilities_has_none() -> None:
    assert journal.probabilities("09") == {}
    journal.save("probabilities/09", "edited by hand")
    assert journal.probabilities("09") == {}


# --- the outcomes ----------------------------------------------------------------------------


def test_every_forecast_of_the_report_has_an_outcome() -> None:
    claims = data.load("claims").query("kind == 'forecast'")
    of_report = claims[claims["section"] != "press_release"]
    outcomes = data.load("forecast_outcomes")
    assert list(outcomes["claim_id"]) == list(of_report["claim_id"])
    repeated = claims[claims["section"] == "press_release"]["restates"].str.split(";")
    assert all(set(each) & set(of_report["claim_id"]) for each in repeated)


def test_an_outcome_says_how_clear_it_is_or_why_there_is_none() -> None:
    known = set(data.tables()["table"])
    for row in data.load("forecast_outcomes").itertuples():
        undecided = row.outcome == "undecided"
        for cell, wanted in (
            (row.clarity, not undecided),
            (row.other_reading, not undecided),
            (row.undecided_because, undecided),
        ):
            assert isinstance(cell, str) == wanted, row.claim_id
        assert set(row.tables.split("; ")) <= known, row.claim_id


def test_the_outcomes_say_what_the_tables_say() -> None:
    outcome = data.load("forecast_outcomes").set_index("claim_id")["outcome"]
    pairs = forecasts.volume(forecasts.attention_tables(), "leaders")
    xi_leads = all(pair.chinese > pair.russian for pair in pairs if pair.both)
    assert (outcome["C168"] == "yes") == xi_leads
    met = data.load("leader_meetings").query("leader == 'Vladimir Putin'")["date"]
    waited = not met.between("2020-06-02", "2020-12-31").any()
    assert (outcome["C166"] == "yes") == waited
    signed = data.load("kosovo_events")["date"].eq("2020-09-04").any()
    assert (outcome["C123"] == "no") == signed
    assert "Russia" not in set(data.load("kosovo_recognitions")["state"])


# --- the explorers ---------------------------------------------------------------------------


def words(explorer: Any, **choices: Any) -> str:
    return explorer.bundle(**choices)["text/plain"]


def test_putin_is_named_more_often_and_xi_more_warmly() -> None:
    explorer = explorers.xi_or_putin()
    said = words(explorer)
    assert said.startswith("Putin is named more often than Xi in 2 of the 2 sources that give both")
    assert "Putin 22, Xi 12 (headlines)" in said
    assert "Putin 66, Xi 4 (at most 8) (words)" in said
    assert "Putin 67, Xi not in what we read" in said
    assert "Putin 46.0%, Xi 70.1%" in words(explorer, view="warmth")
    # Positive seconds over all seconds: 5,679 / 6,338 and 3,807 / 4,563.
    assert "Russia 89.6%, China 83.4%" in words(explorer, view="warmth", who="countries")


def test_months_are_counted_and_thin_ones_named() -> None:
    explorer = explorers.xi_or_putin()
    assert "Putin leads in 10, Xi in 3, as many in 3" in words(explorer, view="months")
    assert "January 2026 has only 10" in words(explorer, view="months", unit="share")


def test_volume_and_warmth_come_from_one_study_or_not_at_all() -> None:
    explorer = explorers.xi_or_putin()
    # 18,363 seconds are 306 minutes; 3,643 of them, 20 percent, were positive.
    said = words(explorer, view="both", who="countries")
    assert "European Union 306 minutes, 20% positive" in said
    assert "No study" in words(explorer, view="both")


def test_without_probabilities_a_coin_stands_in() -> None:
    said = words(explorers.score_the_forecasts())
    assert said.startswith("You have given no probabilities, so a coin stands in for you.")
    assert "7 of 13 forecasts are scored, 3 of them came true; 6 are undecided" in said
    # Coin 0.5^2; base rate 3/7 * 4/7; believer (3 * 0.1^2 + 4 * 0.9^2) / 7 = 3.27 / 7.
    assert "a coin 0.250, the base rate (0.43) 0.245, 0.90 for all 0.467" in said


def test_a_reader_is_scored_on_what_is_decided() -> None:
    outcomes = data.load("forecast_outcomes").set_index("claim_id")["outcome"]
    decided = outcomes[outcomes != "undecided"]
    given = {claim: 0.95 if outcome == "yes" else 0.05 for claim, outcome in decided.items()}
    explorer = explorers.score_the_forecasts(given | {"C016": 0.95, "C999": 0.5, "C105": 7})
    said = words(explorer)
    assert said.startswith("You answered 8 of 13; for the other 5 a coin stands in.")
    # Every distance is 0.05, its square 0.0025; resolution is then all of the uncertainty.
    assert "you 0.003" in said or "you 0.002" in said
    parts = forecasts.forecasters(explorer.data, "every", 0.9)["you"]
    assert parts == pytest.approx((0.0025, 12 / 49, 12 / 49))
    # Four disputable outcomes turned round: (3 * 0.0025 + 4 * 0.9025) / 7.
    turned = forecasts.forecasters(explorer.data, "turned", 0.9)["you"]
    assert turned.score == pytest.approx(3.6175 / 7)
    assert len(forecasts.scored_rows(explorer.data, "clear")) == 3
