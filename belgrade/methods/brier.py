"""How good forecasts were: the Brier score, and the three parts that it is made of.

A forecast is a probability from 0 to 1 that something will happen; an outcome is 1 (or True) if it
happened and 0 (or False) if not. All functions raise `ValueError` where the two lists differ in
length or are empty, where a probability is outside 0 to 1, or where an outcome is neither 0 nor 1.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

COIN = 0.5


class Parts(NamedTuple):
    """The parts of a Brier score, which is reliability - resolution + uncertainty."""

    reliability: float
    resolution: float
    uncertainty: float

    @property
    def score(self) -> float:
        """The Brier score that the parts make up."""
        return self.reliability - self.resolution + self.uncertainty


def brier_score(probabilities: Sequence[float], outcomes: Sequence[int]) -> float:
    """Return the mean squared distance between the probabilities and what happened.

    0 is perfect, 1 is certain and wrong every time, and 0.5 for everything scores 0.25. This is the
    score of one event and its probability; Brier summed over the event and its opposite, which
    gives twice as much. Source: Glenn W. Brier, "Verification of Forecasts Expressed in Terms of
    Probability", Monthly Weather Review 78 (1950), 1-3.
    """
    _check(probabilities, outcomes)
    squares = [(p - o) ** 2 for p, o in zip(probabilities, outcomes, strict=True)]
    return math.fsum(squares) / len(squares)


def base_rate(outcomes: Sequence[int]) -> float:
    """Return the share of the events that happened, from 0 to 1.

    Given to every event it is the best of all constant forecasts, but it is known only afterwards.
    """
    _check([COIN] * len(outcomes), outcomes)
    return sum(map(int, outcomes)) / len(outcomes)


def decompose(probabilities: Sequence[float], outcomes: Sequence[int]) -> Parts:
    """Return reliability, resolution and uncertainty, which make up the Brier score exactly.

    The events are grouped by the probability that they were given. With n events in all, n_k with
    the probability p_k, of which the share o_k happened, and the share o of all:

    - reliability = sum of n_k (p_k - o_k)^2 / n: how far what was said is from how often it came
      true; 0 is best;
    - resolution = sum of n_k (o_k - o)^2 / n: how far the groups differ from the average; more is
      better, and uncertainty is the most that it can be;
    - uncertainty = o (1 - o): how hard the events were to tell; nobody can change it.

    With few events a group, resolution and reliability both come out too large. Source: Allan H.
    Murphy, "A New Vector Partition of the Probability Score", Journal of Applied Meteorology 12
    (1973), 595-600.
    """
    _check(probabilities, outcomes)
    groups: dict[float, list[int]] = defaultdict(list)
    for probability, outcome in zip(probabilities, outcomes, strict=True):
        groups[float(probability)].append(int(outcome))
    total, overall = len(outcomes), base_rate(outcomes)
    reliability = resolution = 0.0
    for probability, happened in groups.items():
        share = sum(happened) / len(happened)
        reliability += len(happened) * (probability - share) ** 2 / total
        resolution += len(happened) * (share - overall) ** 2 / total
    return Parts(reliability, resolution, overall * (1 - overall))


def _check(probabilities: Sequence[float], outcomes: Sequence[int]) -> None:
    if len(probabilities) != len(outcomes):
        raise ValueError(
            f"There are {len(probabilities)} probabilities and {len(outcomes)} outcomes: not the "
            "same number."
        )
    if len(outcomes) == 0:
        raise ValueError("There is no forecast to score.")
    for probability in probabilities:
        if not 0 <= probability <= 1:
            raise ValueError(f"A probability is from 0 to 1, not {probability}.")
    for outcome in outcomes:
        if outcome not in (0, 1):
            raise ValueError(f"An outcome is 0 or 1, not {outcome!r}.")
