"""How far a poll can be off by chance alone: margins of error from the size of the sample.

All of them assume simple random sampling: everybody had the same chance to be asked, independently
of everybody else, and answered. Real polls weight, cluster and miss people, and wording moves
answers, so the true uncertainty is larger.
"""

from __future__ import annotations

import math
from statistics import NormalDist

UNKNOWN = math.nan


def margin_of_error(
    share_pct: float, sample_size: float | None, confidence_pct: float = 95
) -> float:
    """Return the margin of error of a share, in percentage points either way.

    `share_pct` is from 0 to 100. The margin is z * sqrt(p * (100 - p) / n), the normal
    approximation; z is 1.96 for a confidence of 95 per cent. It fails for shares near 0 or 100 in
    small samples, where it comes out too small. Where `sample_size` is not known (None or a missing
    value), so is the margin: it returns `UNKNOWN` (nan).

    Raises `ValueError` for a share outside 0 to 100, a sample below 1, or a confidence outside 0
    to 100.

    Source: Sharon L. Lohr, Sampling: Design and Analysis (3rd ed., CRC Press 2022), chapter 2.
    """
    _check_share(share_pct)
    size = _size(sample_size)
    return _z(confidence_pct) * math.sqrt(share_pct * (100 - share_pct) / size)


def margin_of_lead(
    first_pct: float, second_pct: float, sample_size: float | None, confidence_pct: float = 95
) -> float:
    """Return the margin of error of the lead of one answer over another, in percentage points.

    For two answers to one question of one poll, of which each person gave one. With shares p and q
    it is z * sqrt((p + q - (p - q)^2) / n), shares as fractions of one: wider than the margin of
    either share, because what one answer gains the other tends to lose. `UNKNOWN` (nan) where the
    sample size is not known.

    Raises `ValueError` as `margin_of_error` does, and where the two shares exceed 100 together:
    then people gave several answers, and the margin depends on how many gave both.

    Source: Alastair J. Scott and George A. F. Seber, "Difference of Proportions from the Same
    Survey", The American Statistician 37:4 (1983), 319-320.
    """
    _check_share(first_pct)
    _check_share(second_pct)
    if first_pct + second_pct > 100:
        raise ValueError("The two shares are more than 100 together: not one answer a person.")
    size = _size(sample_size)
    first, second = first_pct / 100, second_pct / 100
    variance = first + second - (first - second) ** 2
    return 100 * _z(confidence_pct) * math.sqrt(variance / size)


def _z(confidence_pct: float) -> float:
    if not 0 < confidence_pct < 100:
        raise ValueError(f"A confidence is between 0 and 100 per cent, not {confidence_pct}.")
    return NormalDist().inv_cdf(0.5 + confidence_pct / 200)


def _check_share(share_pct: float) -> None:
    if not 0 <= share_pct <= 100:
        raise ValueError(f"A share is between 0 and 100 per cent, not {share_pct}.")


def _size(sample_size: float | None) -> float:
    """Return the sample size as a float, nan where it is missing (None, nan or pandas' NA)."""
    import pandas as pd

    if sample_size is None or pd.isna(sample_size):
        return UNKNOWN
    if sample_size < 1:
        raise ValueError(f"A sample has at least 1 person, not {sample_size}.")
    return float(sample_size)
