"""Evidence of lesson 05: how Serbia and its neighbours vote in the General Assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from belgrade import data
from belgrade.methods.did import DifferenceInDifferences
from belgrade.methods.un_votes import pooled_agreement_pct

if TYPE_CHECKING:
    import pandas as pd

# The event: Kosovo declared independence on 17 February 2008.
FIRST_YEAR, EVENT_YEAR = 2001, 2008
# Montenegro is left out of the group: until June 2006 it voted as one state with Serbia.
OUTSIDE_EU = ("Albania", "Bosnia and Herzegovina", "North Macedonia")
IN_EU = ("Bulgaria", "Croatia", "Hungary", "Romania")
NEIGHBOURS = tuple(sorted(OUTSIDE_EU + IN_EU))
GROUPS = {
    "all": ("its seven neighbours", NEIGHBOURS),
    "eu": ("its four neighbours in the EU", IN_EU),
    "not_eu": ("its three neighbours outside the EU", OUTSIDE_EU),
    "no_recognition": (
        "Bosnia and Herzegovina and Romania",
        ("Bosnia and Herzegovina", "Romania"),
    ),
}
VOTE_SETS = {
    "all_roll_calls": "all recorded votes",
    "final_passage_only": "votes on whole texts",
    "us_important_votes": "votes that Washington called important",
    "adopted_resolutions": "adopted resolutions",
}


def votes_table() -> pd.DataFrame:
    """Return the agreement counts of both sources from 2001 on, one row a country and year."""
    import pandas as pd

    sources = [data.load("un_agreement"), data.load("un_agreement_adopted")]
    counts = pd.concat(sources, ignore_index=True)
    counts = counts[(counts["year"] >= FIRST_YEAR) & ~counts["partial_year"]]
    return counts.sort_values(["vote_set", "country", "partner", "year"], ignore_index=True)


def compare_votes(
    counts: pd.DataFrame, partner: str, group: str, vote_set: str, half_credit: bool
) -> tuple[pd.DataFrame, DifferenceInDifferences]:
    """Return agreement by year (columns Serbia, neighbours; per cent) and the comparison at 2008.

    Both pool the counts of all votes. Raises `ValueError` where the set has no such partner.
    """
    import pandas as pd

    rows = counts[(counts["partner"] == partner) & (counts["vote_set"] == vote_set)]
    sides = {
        "Serbia": rows[rows["country"] == "Serbia"],
        "neighbours": rows[rows["country"].isin(GROUPS[group][1] if group in GROUPS else (group,))],
    }
    by_year = pd.DataFrame({name: _yearly(side, half_credit) for name, side in sides.items()})
    averages = [
        pooled_agreement_pct(part, half_credit)
        for side in sides.values()
        for part in (side[side["year"] < EVENT_YEAR], side[side["year"] >= EVENT_YEAR])
    ]
    return by_year, DifferenceInDifferences(*averages)


def _yearly(side: pd.DataFrame, half_credit: bool) -> pd.Series:
    sums = side.groupby("year")[["same_votes", "one_abstained_votes", "joint_votes"]].sum()
    points = sums["same_votes"] + half_credit * sums["one_abstained_votes"] / 2
    return 100 * points / sums["joint_votes"]
