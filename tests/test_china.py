"""Lesson 07: stocks and flows, the registers of Chinese money, and who is ahead on which yardstick.

Expected values were worked out by hand from the tables; the sums stand beside them.
"""

from __future__ import annotations

import itertools

import pytest
from shown import said

from belgrade.evidence import china, yardsticks
from belgrade.explorers.explorer import NothingToShow
from belgrade.methods.flows import leads, rate_that_equates, total_before


def test_a_total_is_rolled_back_by_the_flows_that_followed() -> None:
    # China: 3,281 - 478.9 - 630.4 - 491.5 = 1,680.2 million euros at the end of 2019.
    assert total_before(3281, [478.9, 630.4, 491.5]) == pytest.approx(1680.2)
    # Russia: 2,473 - 75.2 - 39.9 - 30.4 = 2,327.5.
    assert total_before(2473, [75.2, 39.9, 30.4]) == pytest.approx(2327.5)
    assert total_before(10, []) == 10
    # A later outflow (a negative flow) makes the earlier total larger.
    assert total_before(10, [-2]) == 12


def test_a_rate_makes_two_amounts_equal() -> None:
    assert rate_that_equates(4, 1.68) == pytest.approx(2.381, abs=0.0005)  # 4 / 1.68
    assert 1.68 * rate_that_equates(4, 1.68) == pytest.approx(4)
    for amounts in [(0, 1), (1, 0), (-1, 1)]:
        with pytest.raises(ValueError, match="positive"):
            rate_that_equates(*amounts)


def test_leads_skip_what_is_missing() -> None:
    one = {2018: 3.0, 2019: 2.0, 2020: 1.0, 2021: 1.0, 2022: 4.0}
    other = {2018: 1.0, 2020: 1.0, 2021: 2.0, 2022: 3.0, 2023: 9.0}
    assert leads(one, other) == {2018: 1, 2020: 0, 2021: -1, 2022: 1}


def test_imports_cross_over_more_than_once() -> None:
    rows = yardsticks.measured()["imports"].rows
    sides = {
        side: rows[rows["side"] == side].set_index("period")["value"].to_dict()
        for side in ("China", "Russia")
    }
    # 2016: 8.34 over 7.85; 2019: 9.38 under 9.67; 2021: 12.31 over 5.34. 2020 is missing.
    ahead = leads(sides["China"], sides["Russia"])
    changes = [year for before, year in itertools.pairwise(ahead) if ahead[year] != ahead[before]]
    assert changes == [2016, 2019, 2021]


def test_one_loan_a_project() -> None:
    loans = china.listed_loans("China")
    assert loans["project"].is_unique
    dollars = loans[loans["currency"] == "USD"]
    # 217.4 + 301 (or 334) + 609 + 198 + 297.6 = 1,623.0 (or 1,656.0); the plan of 608 is the 609.
    assert dollars["low"].sum() == pytest.approx(1623.0)
    assert dollars["high"].sum() == pytest.approx(1656.0)
    assert len(china.listed_loans("Russia")) == 3


def test_registers_keep_kinds_and_currencies_apart() -> None:
    rows = china.registers()
    assert set(rows["sum"]) == {"investment", "loans"}
    assert set(rows["currency"]) == {"USD", "EUR", "USD_2021"}
    assert set(rows["stage"]) == set(china.STAGES)
    assert (rows["low"] <= rows["high"]).all()
    # EY's 8 per cent of 3,600 and of 3,800 million: 288 and 304.
    year = rows[(rows["stage"] == "one_year") & (rows["year"] == 2019)].iloc[0]
    assert (year["low"], year["high"]) == pytest.approx((0.288, 0.304))


def test_four_billion_says_what_the_registers_say() -> None:
    words = said("four_billion")
    assert "USD 4 billion of direct investment (F061)" in words
    assert "contracted: USD 3.25 (2019)" in words
    assert "EUR 1.68 (2019)" in words
    assert "2.38 dollars to the euro" in words


def test_the_reading_of_one_power_plant_moves_both_sums() -> None:
    # 970 million go from investment (3.25) to building work (2.82).
    assert "USD 2.28 (2019)" in said("four_billion", kostolac=True)
    assert "USD 2.82 (2019)" in said("four_billion", sum_of="loans")
    assert "USD 3.79 (2019)" in said("four_billion", sum_of="loans", kostolac=True)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"stage": "owed"}, "owned, not owed"),
        ({"sum_of": "loans", "stage": "paid_in"}, "paid out"),
        ({"stage": "paid_in", "currency": "USD"}, "exchange rate"),
    ],
)
def test_what_cannot_be_shown_is_explained(choices: dict, words: str) -> None:
    with pytest.raises(NothingToShow, match=words):
        said("four_billion", **choices)


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({}, "2016, 2017, 2018, 2021"),
        ({"yardstick": "imports", "until": "report"}, "2016, 2017, 2018."),
        ({"yardstick": "exports"}, "never stand here together"),
        ({"yardstick": "total"}, "end of 2019: Russia 2,328, China 1,680"),
        # 242.5 in 2022 and 2023 each; 25 + 50 in 2024. France 49.5, Germany 7.2, Hungary 10.8 and
        # the United States 0.3 make 67.8.
        ({"yardstick": "arms"}, "2024: China 75, NATO or EU members 68, Russia 0"),
        ({"yardstick": "friend"}, "at none of the 3 points"),
        ({"yardstick": "leader"}, "Vladimir Putin 45 or 40, Xi Jinping 12"),
        ({"yardstick": "headlines"}, "Vladimir Putin 22, Xi Jinping 12"),
        # 18,363, 6,338 and 4,563 seconds.
        ({"yardstick": "airtime"}, "European Union 5.1, Russia 1.8, China 1.3"),
        ({"yardstick": "total", "until": "report"}, "At the one point that has both, Russia"),
    ],
)
def test_yardsticks_say_who_is_ahead(choices: dict, words: str) -> None:
    assert words in said("yardsticks", **choices)


@pytest.mark.parametrize("yardstick", ["inflow", "debt", "headlines", "airtime", "vaccines"])
def test_some_yardsticks_begin_after_the_report(yardstick: str) -> None:
    with pytest.raises(NothingToShow, match="before the report"):
        said("yardsticks", yardstick=yardstick, until="report")


def test_standings_disagree() -> None:
    table = yardsticks.standings().set_index("yardstick")
    assert set(table["ahead_last"].dropna()) == {"China", "Russia", "level"}
    assert table.loc["Trade: what Serbia buys", "largest_of_all"] == "Germany"
    assert table.loc["Trade: what Serbia sells", ["first", "last"]].isna().all()
