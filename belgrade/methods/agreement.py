"""How far two coders agree: percent agreement, agreement by chance, and Cohen's kappa.

Both coders have sorted the same items, in the same order, into the same classes. All functions
raise `ValueError` where the two lists differ in length or are empty.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Codes = Sequence[Hashable]


def confusion_matrix(coder_a: Codes, coder_b: Codes, classes: Codes) -> pd.DataFrame:
    """Return how many items coder A (rows) and coder B (columns) put into each pair of classes.

    Every class has a row and a column, in the order given. Raises `ValueError` for a code that is
    not among `classes`.
    """
    import pandas as pd

    _check(coder_a, coder_b)
    if unknown := sorted(map(str, {*coder_a, *coder_b} - set(classes))):
        raise ValueError(f"Codes that are not among the classes: {', '.join(unknown)}.")
    order = list(classes)
    matrix = pd.DataFrame(0, index=order, columns=order)
    for a, b in zip(coder_a, coder_b, strict=True):
        matrix.loc[a, b] += 1
    return matrix


def percent_agreement(coder_a: Codes, coder_b: Codes) -> float:
    """Return the share of items to which both coders gave the same code, in percent (0 to 100)."""
    _check(coder_a, coder_b)
    return 100 * sum(a == b for a, b in zip(coder_a, coder_b, strict=True)) / len(coder_a)


def chance_agreement(coder_a: Codes, coder_b: Codes) -> float:
    """Return the agreement to expect by chance alone, in percent (0 to 100).

    It is what two coders would reach who use each class as often as these two do, but hand the
    codes out without looking: the sum over the classes of share by A times share by B (Cohen 1960).
    """
    _check(coder_a, coder_b)
    a, b = list(coder_a), list(coder_b)
    return 100 * sum(a.count(code) * b.count(code) for code in set(a)) / len(a) ** 2


def cohens_kappa(coder_a: Codes, coder_b: Codes) -> float:
    """Return Cohen's kappa: (observed - chance agreement) / (100 - chance agreement).

    1 is full agreement, 0 no more than chance would give, below 0 less than that. It is not a
    number (NaN) where both coders used one and the same class throughout: chance alone would then
    give full agreement. Source: Jacob Cohen, "A Coefficient of Agreement for Nominal Scales",
    Educational and Psychological Measurement 20 (1960), 37-46.
    """
    chance = chance_agreement(coder_a, coder_b)
    if chance == 100:
        return float("nan")
    return (percent_agreement(coder_a, coder_b) - chance) / (100 - chance)


def kappa_standard_error(coder_a: Codes, coder_b: Codes) -> float:
    """Return the approximate standard error of kappa, in units of kappa.

    sqrt(p(1 - p) / (n(1 - c)^2)) with p the observed and c the chance agreement as shares and n the
    number of items (Cohen 1960). It takes the items as a random draw and chance agreement as
    known, and is rough where the items are few. NaN where kappa is.
    """
    observed = percent_agreement(coder_a, coder_b) / 100
    chance = chance_agreement(coder_a, coder_b) / 100
    if chance == 1:
        return float("nan")
    return (observed * (1 - observed) / len(coder_a)) ** 0.5 / (1 - chance)


def _check(coder_a: Codes, coder_b: Codes) -> None:
    if len(coder_a) != len(coder_b):
        raise ValueError(f"The coders coded {len(coder_a)} and {len(coder_b)} items: not the same.")
    if len(coder_a) == 0:
        raise ValueError("There is no item that both coders have coded.")
