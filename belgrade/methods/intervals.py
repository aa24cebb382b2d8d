"""Rounding intervals: what a printed share can have been, and what follows for a weighted average.

A country's trade with a partner is a weighted average. With exports' weight w in all trade (between
0 and 1), the partner's share of all trade is

    total = w * export share + (1 - w) * import share,

so that w = (total - import share) / (export share - import share). Printed shares are rounded, so
each stands for an interval, and so does the w that follows from them. For calculation with
intervals see R. E. Moore, R. B. Kearfott and M. J. Cloud, Introduction to Interval Analysis
(SIAM, 2009).
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

# Sums of decimal fractions are off by about 1e-15; a bound itself must still count as inside.
_TOLERANCE = 1e-9


class Interval(NamedTuple):
    """All numbers from `low` to `high`, both included."""

    low: float
    high: float

    def contains(self, number: float) -> bool:
        """Return whether `number` lies in the interval, its ends included."""
        return self.low - _TOLERANCE <= number <= self.high + _TOLERANCE


def rounding_interval(printed: float, decimals: int) -> Interval:
    """Return all values that may be printed as `printed` with `decimals` digits after the point.

    The unit is that of `printed`. The interval is closed: conventions differ on which of two
    neighbours a value exactly half-way between them is rounded to, so both ends count as possible.
    Raises `ValueError` where `printed` has more decimals than that.
    """
    if abs(round(printed, decimals) - printed) > _TOLERANCE:
        raise ValueError(f"{printed} has more than {decimals} decimals.")
    half = 0.5 * 10.0**-decimals
    return Interval(printed - half, printed + half)


def exactly(value: float) -> Interval:
    """Return the interval that holds nothing but `value`."""
    return Interval(value, value)


def weighted_average(weight: float, exports: Interval, imports: Interval) -> Interval:
    """Return the total shares that the two directional shares allow when exports weigh `weight`.

    Shares are in one unit (per cent), `weight` is from 0 to 1; other weights raise `ValueError`.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"A weight lies between 0 and 1; {weight} does not.")
    rest = 1 - weight
    return Interval(
        weight * exports.low + rest * imports.low, weight * exports.high + rest * imports.high
    )


def export_weight(total: float, exports: float, imports: float) -> float:
    """Return the weight of exports at which the three shares agree when they are exact.

    It is (total - imports) / (exports - imports). Outside 0 to 1 the shares contradict each other.
    Raises `ValueError` where the two directional shares are equal: then any weight gives the same.
    """
    if exports == imports:
        raise ValueError("Equal shares of exports and imports leave the weight open.")
    return (total - imports) / (exports - imports)


def export_weights(total: Interval, exports: Interval, imports: Interval) -> Interval | None:
    """Return all weights of exports (0 to 1) at which the three rounded shares can be true.

    None means that there is no such weight. With two of the three shares fixed, the weight only
    rises or only falls in the third, so its extremes lie at corners of the box of the three
    intervals. That needs exports and imports that cannot be equal: where their intervals meet,
    `ValueError` is raised.
    """
    if exports.low <= imports.high and imports.low <= exports.high:
        raise ValueError("The intervals of exports and imports meet, so the weight is left open.")
    corners = [export_weight(*corner) for corner in itertools.product(total, exports, imports)]
    return intersection(Interval(min(corners), max(corners)), Interval(0.0, 1.0))


def intersection(*intervals: Interval | None) -> Interval | None:
    """Return what all the intervals share, or None where they share nothing or one is None."""
    known = [interval for interval in intervals if interval is not None]
    if not known or len(known) < len(intervals):
        return None
    low, high = max(each.low for each in known), min(each.high for each in known)
    if low > high + _TOLERANCE:
        return None
    return Interval(low, max(low, high))
