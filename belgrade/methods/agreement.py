"""How far two coders agree: percent agreement, agreement by chance, kappa, weighted kappa.

Both coders have sorted the same items, in the same order, into the same classes. All functions
raise `ValueError` where the two lists differ in length or are empty.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
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


def cohens_kappa(coder_a: Codes, coder_b: Codes, ordered: Codes | None = None) -> float:
    """Return Cohen's kappa: (observed - chance agreement) / (1 - chance agreement), as shares.

    1 is full agreement, 0 no more than chance would give, below 0 less than that. `ordered` names
    the classes from one end to the other: then codes that lie near each other agree in part, in
    proportion to their distance (*weighted kappa*, linear weights). It is not a number (NaN) where
    chance alone would give full agreement, as where both used one class throughout. Raises
    `ValueError` for a code that is not among `ordered`. Sources: Jacob Cohen, "A Coefficient of
    Agreement for Nominal Scales", Educational and Psychological Measurement 20 (1960), 37-46;
    "Weighted Kappa", Psychological Bulletin 70 (1968), 213-220.
    """
    shares, weights = _shares_and_weights(coder_a, coder_b, ordered)
    observed, chance = _agreement(shares, weights)
    return float("nan") if chance > 1 - 1e-12 else (observed - chance) / (1 - chance)


def kappa_standard_error(coder_a: Codes, coder_b: Codes, ordered: Codes | None = None) -> float:
    """Return the standard error of (weighted) kappa for large samples, in units of kappa.

    It takes the items as a random draw; where they are few it is rough. NaN where kappa is, and
    where one coder used a single class: kappa is then 0 whatever the other does, and cannot vary.
    Source: Joseph Fleiss, Jacob Cohen and Brian Everitt, "Large Sample Standard Errors of Kappa and
    Weighted Kappa", Psychological Bulletin 72 (1969), 323-327, formula for kappa other than 0.
    """
    shares, weights = _shares_and_weights(coder_a, coder_b, ordered)
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, chance = _agreement(shares, weights)
    if (rows > 0).sum() < 2 or (columns > 0).sum() < 2:
        return float("nan")
    mean = (weights @ columns)[:, None] + (rows @ weights)[None, :]
    spread = (shares * (weights * (1 - chance) - mean * (1 - observed)) ** 2).sum()
    spread -= (observed * chance - 2 * chance + observed) ** 2
    return float((max(spread, 0.0) / len(coder_a)) ** 0.5 / (1 - chance) ** 2)


def _shares_and_weights(
    coder_a: Codes, coder_b: Codes, ordered: Codes | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of all items in each pair of classes, and how far each pair agrees."""
    import numpy as np

    classes = sorted({*coder_a, *coder_b}, key=str) if ordered is None else list(ordered)
    shares = confusion_matrix(coder_a, coder_b, classes).to_numpy() / len(coder_a)
    if ordered is None:
        return shares, np.eye(len(classes))
    place = np.arange(len(classes))
    return shares, 1 - abs(place[:, None] - place) / max(len(classes) - 1, 1)


def _agreement(shares: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return the observed agreement and that by chance, as shares."""
    import numpy as np

    by_chance = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    return float((weights * shares).sum()), float((weights * by_chance).sum())


def _check(coder_a: Codes, coder_b: Codes) -> None:
    if len(coder_a) != len(coder_b):
        raise ValueError(f"The coders coded {len(coder_a)} and {len(coder_b)} items: not the same.")
    if len(coder_a) == 0:
        raise ValueError("There is no item that both coders have coded.")
