"""Agreement scores: how often two states vote alike.

Two definitions are in use. The first counts identical votes. The second gives half a point where
one of the two abstains: Lijphart, "The Analysis of Bloc Voting in the General Assembly", American
Political Science Review 57 (1963), 902-917; the US State Department counts so, too. Votes in which
one of them took no part are left out. Shares are in per cent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def pooled_agreement_pct(counts: pd.DataFrame, half_credit: bool = False) -> float:
    """Return the agreement over all rows of `counts` together, per cent.

    `counts` has the columns same_votes, one_abstained_votes and joint_votes. Counts are added
    before dividing, so that each vote weighs the same; shares of years are never averaged. Raises
    `ValueError` where there is no joint vote.
    """
    joint = counts["joint_votes"].sum()
    if not joint:
        raise ValueError("There are no joint votes in these rows.")
    points = counts["same_votes"].sum() + half_credit * counts["one_abstained_votes"].sum() / 2
    return float(100 * points / joint)
