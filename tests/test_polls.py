"""Margins of error against textbook values and hand calculation, and what the explorers say."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from shown import said

from belgrade import explorers, figures
from belgrade.evidence import opinion
from belgrade.methods.polls import (
    margin_of_error,
    margin_of_lead,
)


@pytest.mark.parametrize(
    ("share_pct", "size", "expected"),
    [
        (50, 1000, 3.099),  # 1.95996 * sqrt(2500 / 1000) = 1.95996 * 1.58114
        (50, 100, 9.8),  # the textbook "about ten points for a hundred people"
        (25, 1200, 2.45),  # 1.95996 * sqrt(1875 / 1200) = 1.95996 * 1.25
        (20, 400, 3.92),  # 1.95996 * sqrt(1600 / 400) = 1.95996 * 2
        (0, 1000, 0),
        (100, 1000, 0),
    ],
)
def test_margin_of_error(share_pct: float, size: int, expected: float) -> None:
    assert margin_of_error(share_pct, size) == pytest.approx(expected, abs=0.001)


def test_margin_at_other_confidences() -> None:
    # z is 1.64485 for 90 per cent and 2.57583 for 99; sqrt(2500 / 2500) is 1.
    assert margin_of_error(50, 2500, 90) == pytest.approx(1.64485, abs=1e-5)
    assert margin_of_error(50, 2500, 99) == pytest.approx(2.57583, abs=1e-5)


def test_four_times_as_many_people_halve_the_margin() -> None:
    assert margin_of_error(30, 500) == pytest.approx(2 * margin_of_error(30, 2000))


@pytest.mark.parametrize("unknown", [None, math.nan, pd.NA])
def test_without_a_sample_size_the_margin_is_unknown(unknown: float | None) -> None:
    assert math.isnan(margin_of_error(25, unknown))
    assert math.isnan(margin_of_lead(25, 24, unknown))


def test_margin_of_lead_by_hand() -> None:
    # Shares 46 and 42 of 1,013 people: sqrt((0.46 + 0.42 - 0.04^2) / 1013) = sqrt(0.8784 / 1013)
    # = 0.029447; times 1.95996 is 5.772 points.
    assert margin_of_lead(46, 42, 1013) == pytest.approx(5.772, abs=0.001)
    # With two answers that share everything, the lead is twice one share: so is its margin.
    assert margin_of_lead(60, 40, 800) == pytest.approx(2 * margin_of_error(60, 800))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: margin_of_error(101, 1000),
        lambda: margin_of_error(-1, 1000),
        lambda: margin_of_error(math.nan, 1000),
        lambda: margin_of_error(50, 0),
        lambda: margin_of_error(50, 1000, 100),
        lambda: margin_of_lead(80, 61, 1000),
    ],
)
def test_impossible_numbers_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError):
        wrong()


# --- what the explorers say ------------------------------------------------------------------


def test_donors_by_default() -> None:
    words = said("guess_the_donor")
    for part in (
        "25% named European Union, 23% named Russia, 19% named China",
        "margin of error unknown",
        "2006 to 2017",
        "European Union 4,978, Germany 1,118, United States 655",
        "for Russia and China there is no record here, which is not zero",
    ):
        assert part in words
    assert "Your ranking" not in words


def test_donors_with_a_ranking_and_a_sample_size() -> None:
    words = explorers.guess_the_donor(["Russia", "Germany"]).bundle(poll="iea_2019_03")[
        "text/plain"
    ]
    assert "Your ranking: 1st Russia, 2nd Germany." in words
    # The largest margin: 1.95996 * sqrt(25 * 75 / 1206) = 2.44; the smallest, for 6%: 1.34.
    assert "margin of error 1.3 to 2.4 points" in words


def test_an_aid_record_never_runs_past_the_year_before_the_poll() -> None:
    tables = opinion.donor_tables()
    for poll, rows in tables["polls"].groupby("poll_id"):
        _, counted, _ = opinion.recorded(tables, poll, "one_year")
        assert int(counted[-4:]) < rows["fieldwork_start"].iloc[0].year


def test_the_newspaper_found_nothing_from_russia_and_says_so() -> None:
    words = said("guess_the_donor", record="newspaper")
    assert "the newspaper found none from Russia" in words
    assert "for China there is no record here" in words


@pytest.mark.parametrize(
    "given", [["Germany", "Russia", "Atlantis"], ["Germany", "Germany", "Russia"]]
)
def test_a_committed_ranking_stands_in_picture_and_sentence(given: list[str]) -> None:
    explorer = explorers.guess_the_donor(given)
    assert "Your ranking: 1st Germany, 2nd Russia. For Germany" in explorer.bundle()["text/plain"]
    with figures.style():
        you, *_ = explorer.view(explorer.data, **explorer.defaults)[0].axes
    assert [text.get_text() for text in you.texts] == ["1st", "2nd"]
    assert [line.get_ydata()[0] for line in you.lines] == [3, 1]


def test_polls_by_default() -> None:
    words = said("polls")
    assert "Vladimir Putin 36.1 to 85%, Angela Merkel 7.3 to 42%, Xi Jinping 12 to 61%" in words
    assert "The sample size is stated for 2" in words
    assert "for the rest the margin is unknown" in words


def test_no_donor_has_a_majority() -> None:
    assert "no answer reaches half" in said("polls", topic="donor")


def test_a_supposed_sample_gives_a_supposed_margin() -> None:
    words = said("polls", topic="donor", suppose=2000)
    # The largest share without a size is 39%: 1.95996 * sqrt(39 * 61 / 2000) = 2.14.
    assert "for the rest, if 2,000 were asked, margins would be 1.3 to 2.1 points" in words


def test_a_way_of_asking_without_polls_names_those_that_there_are() -> None:
    shown = explorers.polls().bundle(topic="liking", mode="several_answers")
    assert shown["text/plain"].endswith("Choose “any way” or “each name by itself”.")
