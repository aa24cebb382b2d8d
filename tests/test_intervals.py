"""Rounding intervals and the weight of exports, against values worked out by hand."""

from __future__ import annotations

import random

import pytest

from belgrade.methods.intervals import (
    Interval,
    exactly,
    export_weight,
    export_weights,
    intersection,
    rounding_interval,
    weighted_average,
)

EU_EXPORTS, EU_IMPORTS = rounding_interval(66.3, 1), rounding_interval(58.2, 1)
EAEU_EXPORTS, EAEU_IMPORTS = rounding_interval(5.4, 1), rounding_interval(9.4, 1)


def test_a_rounded_share_stands_for_half_a_unit_on_either_side() -> None:
    assert rounding_interval(62, 0) == pytest.approx((61.5, 62.5))
    assert rounding_interval(66.3, 1) == pytest.approx((66.25, 66.35))
    assert exactly(62) == (62, 62)


def test_a_number_with_more_decimals_was_not_rounded_so() -> None:
    with pytest.raises(ValueError, match="more than 0 decimals"):
        rounding_interval(66.3, 0)


def test_both_ends_belong_to_an_interval_in_spite_of_binary_fractions() -> None:
    assert Interval(0.1 + 0.2, 1).contains(0.3)
    assert not Interval(0, 1).contains(1.001)


def test_weight_at_face_value() -> None:
    # 3.8 / 8.1 and -1.4 / -4.0
    assert export_weight(62, 66.3, 58.2) == pytest.approx(0.469, abs=0.0005)
    assert export_weight(8, 5.4, 9.4) == pytest.approx(0.35)


def test_equal_shares_leave_the_weight_open() -> None:
    with pytest.raises(ValueError, match="open"):
        export_weight(50, 50, 50)
    with pytest.raises(ValueError, match="open"):
        export_weights(exactly(8), Interval(7, 9), Interval(8, 10))


def test_weights_of_the_printed_shares_if_the_totals_are_whole_numbers() -> None:
    # Lowest: (61.5 - 58.25) / (66.35 - 58.25) = 3.25 / 8.1 = 0.40123...; imports at their lowest
    # give a higher one, (61.5 - 58.15) / (66.35 - 58.15) = 3.35 / 8.2 = 0.4085.
    # Highest: (62.5 - 58.15) / (66.25 - 58.15) = 4.35 / 8.1 = 0.53704.
    eu = export_weights(rounding_interval(62, 0), EU_EXPORTS, EU_IMPORTS)
    assert eu == pytest.approx((3.25 / 8.1, 4.35 / 8.1))
    # Lowest: (8.5 - 9.35) / (5.35 - 9.35) = 0.85 / 4.0 = 0.2125.
    # Highest: (7.5 - 9.45) / (5.45 - 9.45) = 1.95 / 4.0 = 0.4875.
    eaeu = export_weights(rounding_interval(8, 0), EAEU_EXPORTS, EAEU_IMPORTS)
    assert eaeu == pytest.approx((0.2125, 0.4875))
    assert intersection(eu, eaeu) == pytest.approx((3.25 / 8.1, 0.4875))


def test_no_weight_fits_if_the_totals_are_good_to_one_decimal() -> None:
    # Lowest for the EU: (61.95 - 58.25) / 8.1 = 3.7 / 8.1 = 0.457; highest for the other line:
    # (7.95 - 9.45) / (5.45 - 9.45) = 1.5 / 4.0 = 0.375.
    eu = export_weights(rounding_interval(62, 1), EU_EXPORTS, EU_IMPORTS)
    eaeu = export_weights(rounding_interval(8, 1), EAEU_EXPORTS, EAEU_IMPORTS)
    assert eu is not None and eu.low == pytest.approx(3.7 / 8.1)
    assert eaeu is not None and eaeu.high == pytest.approx(0.375)
    assert intersection(eu, eaeu) is None


def test_weights_are_cut_to_what_a_weight_can_be() -> None:
    assert export_weights(Interval(9, 12), exactly(10), exactly(20)) == pytest.approx((0.8, 1.0))
    assert export_weights(exactly(30), exactly(10), exactly(20)) is None


def test_intersection_of_intervals() -> None:
    assert intersection(Interval(0, 2), Interval(1, 3), Interval(-1, 5)) == (1, 2)
    assert intersection(Interval(0, 1), Interval(1, 2)) == (1, 1)
    assert intersection(Interval(0, 1), Interval(2, 3)) is None
    assert intersection(Interval(0, 1), None) is None


def test_weighted_average_at_its_ends_and_in_the_middle() -> None:
    assert weighted_average(1, EU_EXPORTS, EU_IMPORTS) == pytest.approx(EU_EXPORTS)
    assert weighted_average(0, EU_EXPORTS, EU_IMPORTS) == pytest.approx(EU_IMPORTS)
    assert weighted_average(0.5, exactly(66.3), exactly(58.2)) == pytest.approx((62.25, 62.25))
    with pytest.raises(ValueError, match="between 0 and 1"):
        weighted_average(1.5, EU_EXPORTS, EU_IMPORTS)


def test_a_weight_fits_exactly_where_its_average_reaches_the_printed_total() -> None:
    """The corners find the same weights as trying many weights one by one."""
    dice = random.Random(2)
    for _ in range(200):
        imports = rounding_interval(round(dice.uniform(0, 40), 1), 1)
        exports = rounding_interval(round(dice.uniform(45, 90), 1), 1)
        total = rounding_interval(round(dice.uniform(0, 90)), 0)
        fitting = export_weights(total, exports, imports)
        for step in range(101):
            average = weighted_average(step / 100, exports, imports)
            reached = intersection(average, total) is not None
            assert reached == (fitting is not None and fitting.contains(step / 100))
