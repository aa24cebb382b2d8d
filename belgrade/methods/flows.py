"""Stocks and flows: totals at a date, what came in between two dates, and who is ahead when.

A stock is a total at one date; a flow is what arrives during a period, so that

    stock at the end = stock at the start + flows in between (+ other changes, as in prices).

See Balance of Payments and International Investment Position Manual, sixth edition (International
Monetary Fund, 2009), chapter 3, on flows and positions. A running sum of inflows is not a stock in
that sense: what was bought may have gained or lost value, or been sold again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def total_before(total: float, later_flows: Iterable[float]) -> float:
    """Return a running sum at an earlier date: `total` less the flows that came after that date.

    All amounts are in one unit and must be counted in one way. It leaves no room for revisions:
    where an office changed earlier years, the result is off by as much.
    """
    return total - math.fsum(later_flows)


def rate_that_equates(amount: float, other: float) -> float:
    """Return how many units of the currency of `amount` one unit of that of `other` must be worth.

    If both are one and the same thing, it is the exchange rate that their authors used; if that is
    what is in doubt, it is the rate that would have to hold (a break-even rate). Both are in the
    same multiple (thousand million, say). Raises `ValueError` where an amount is not positive.
    """
    if amount <= 0 or other <= 0:
        raise ValueError(f"Two positive amounts are needed; these are {amount} and {other}.")
    return amount / other


def leads(one: Mapping[Any, float], other: Mapping[Any, float]) -> dict[Any, int]:
    """Return who is ahead in each period that both have: 1 for `one`, -1 for `other`, 0 for a tie.

    Periods that only one of them has are left out: a missing value is not zero.
    """
    shared = sorted(set(one) & set(other))
    return {
        period: (one[period] > other[period]) - (one[period] < other[period]) for period in shared
    }
