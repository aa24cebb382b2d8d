"""The explorers of lesson 02: the figures in their sentences, and labels that keep apart."""

from __future__ import annotations

import pytest
from shown import said

from belgrade import explorers
from belgrade.evidence.trade import printed_shares, trade_by_year
from belgrade.explorers.kit import spread


def test_printed_shares_are_the_six_of_the_report() -> None:
    assert printed_shares() == {
        "eu": {"total": 62, "exports": 66.3, "imports": 58.2},
        "eaeu": {"total": 8, "exports": 5.4, "imports": 9.4},
    }


def test_equal_weights_fit_the_eu_and_not_the_other_line() -> None:
    # Half of 66.3 + 58.2 is 62.25, half of 5.4 + 9.4 is 7.4, each good to 0.05.
    words = said("shares")
    assert "for the EU 62.20 to 62.30 per cent (62 is printed: fits)" in words
    assert "Russia and the EAEU 7.35 to 7.45 per cent (8 is printed: does not fit)" in words


def test_weights_that_fit_all_six_and_the_weight_of_2019() -> None:
    # 19,630 of 19,630 + 26,730 million dollars is 0.42343.
    words = said("shares", weight=0.425)
    assert "0.4012 to 0.4875 fit all six" in words
    assert "the trade totals of 2019 give 0.4234" in words
    assert words.count(": fits") == 2
    assert "2019" not in said("shares", mark=False)


def test_bounds_of_the_weight_are_found_with_the_slider() -> None:
    assert said("shares", weight=0.4).count(": fits") == 1
    assert said("shares", weight=0.405).count(": fits") == 2
    assert said("shares", weight=0.485).count(": fits") == 2
    assert said("shares", weight=0.49).count(": fits") == 1


@pytest.mark.parametrize(
    ("rounding", "needed"),
    [
        ("tenth", ["those of the EU need 0.4568 to 0.4815", "need 0.3250 to 0.3750"]),
        ("exact", ["those of the EU need 0.469", "need 0.350"]),
    ],
)
def test_no_weight_fits_if_the_totals_are_finer_than_whole(
    rounding: str, needed: list[str]
) -> None:
    words = said("shares", rounding=rounding)
    assert "No weight fits all six shares" in words
    assert all(each in words for each in needed)


def test_china_passes_russia_as_a_source_of_imports() -> None:
    words = said("whose_trade")
    assert "Russia 16.3 per cent in 2006 and 5.3 per cent in 2021" in words
    assert "China 5.9 per cent in 2006 and 12.3 per cent in 2021" in words
    assert "China was ahead in 4 (2016, 2017, 2018, 2021)" in words


def test_a_partner_without_a_row_has_a_bound_and_not_a_zero() -> None:
    # The fifth buyer of 2021 was Hungary, with 5.04 per cent.
    words = said("whose_trade", flow="export")
    assert "Russia 4.8 per cent in 2006 and at most 5.0 per cent in 2021" in words
    assert "China was ahead in none" in words


def test_one_partner_compared_with_itself_is_told_once() -> None:
    words = said("whose_trade", other="Russia")
    assert words.count("Russia") == 1
    assert "ahead" not in words


def test_years_without_data_stay_missing() -> None:
    table = trade_by_year(explorers.whose_trade().data, "import", "share_pct")
    assert table.loc[2020].isna().all()
    assert table.loc[2019, "at most"] == 4.3
    assert "Unspecified" not in table


def test_labels_move_apart_as_little_as_needed() -> None:
    assert spread([1.0, 5.0], 1) == [1.0, 5.0]
    assert spread([1.0, 1.0], 1) == [0.5, 1.5]
    # Three at 1, 1 and 2 make one group around 4/3.
    assert spread([1.0, 1.0, 2.0], 1) == pytest.approx([1 / 3, 4 / 3, 7 / 3])
