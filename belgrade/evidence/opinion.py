"""Evidence of lesson 04: who people think gives, who is on record as giving, and poll by poll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.methods.polls import margin_of_error

if TYPE_CHECKING:
    import pandas as pd

DONORS: tuple[str, ...] = ("European Union", "Russia", "China", "Germany", "United States")
DONORS += ("Italy", "Japan", "Norway", "Sweden", "Switzerland")
PLACES = ("1st", "2nd", "3rd")
NOT_IN_AID = ("Russia", "China")
# Record of a page -> its source, and who made it.
PAGES = {"ministry": ("sec_pol03", "the ministry"), "newspaper": ("eco_danas_2012", "Danas")}
TOPICS = {
    "donor": ("perceived_largest_donor",),
    "friend": ("best_friend", "friend_of_serbia", "most_important_ally"),
    "leader": ("leader_rating",),
    "liking": ("influence_positive", "view_positive", "trust"),
    "nato": ("nato_membership",),
}
NAMED = ("European Union", "Russia", "China", "Germany", "United States")
OTHERS = "others"


def polls_in_order() -> pd.DataFrame:
    """Return the table of polls by date; the answers to a question by share, largest first."""
    keys = ["fieldwork_start", "poll_id", "question"]
    keys += ["share_pct", "share_is", "answer", "source_id"]
    table = data.load("opinion_polls")
    ascending = [name != "share_pct" for name in keys]
    return table.sort_values(keys, ascending=ascending, kind="stable", ignore_index=True)


def donor_tables(ranking: Sequence[str] | None = None) -> dict[str, Any]:
    """Return polls, aid and claims about donors, and whom `ranking` has in which place."""
    ranked = dict.fromkeys(name for name in ranking or () if name in DONORS)
    return {
        "polls": polls_in_order().query("topic == 'perceived_largest_donor'"),
        "aid": data.load("development_aid"),
        "claims": data.load("donor_claims"),
        "ranking": dict(zip(ranked, PLACES, strict=False)),
    }


def perceived(tables: dict[str, Any], poll: str) -> pd.DataFrame:
    """Return what one poll printed, indexed by donor: share_pct, margin_pct (nan: unknown).

    Only the donors of `DONORS`, largest share first; `share_is` says how exact the share is.
    """
    rows = tables["polls"].query("poll_id == @poll and answer in @DONORS").copy()
    rows["margin_pct"] = [
        margin_of_error(row.share_pct, row.sample_size) for row in rows.itertuples()
    ]
    rows = rows.set_index("answer").sort_values("share_pct", ascending=False, kind="stable")
    return rows[["share_pct", "share_is", "margin_pct"]]


def recorded(tables: dict[str, Any], poll: str, record: str) -> tuple[pd.Series, str, str]:
    """Return (amount by donor, largest first; what is counted; unit) of one record.

    Net official aid covers the calendar years before the poll, from 2006 and to 2022 at the latest.
    A donor without an entry has no figure, which is not zero.
    """
    if record in PAGES:
        (source, author), claims = PAGES[record], tables["claims"]
        rows = claims[(claims["source_id"] == source) & claims["donor"].isin(DONORS)]
        amounts, first = rows.set_index("donor")["grants_million"], rows.iloc[0]
        years = f"{first['period_start']:%Y} to {first['period_end']:%Y}"
        counted, unit = f"Grants {years}, {author}", "million euros"
    else:
        aid = tables["aid"]
        poll_year = tables["polls"].query("poll_id == @poll")["fieldwork_start"].iloc[0].year
        last = min(poll_year - 1, int(aid["year"].max()))  # the last year there is, for later polls
        first = last if record == "one_year" else aid["year"].min()
        rows = aid[aid["year"].between(first, last)]
        amounts = rows.groupby("donor")["net_aid_usd_million"].sum()
        years = f"{last}" if record == "one_year" else f"{first} to {last}"
        counted, unit = f"Net official aid, {years}", "million US dollars"
    return amounts.sort_values(ascending=False, kind="stable"), counted, unit


def poll_rows(table: pd.DataFrame, topic: str, mode: str, suppose: int) -> pd.DataFrame:
    """Return the answers on a subject: with `label` (name in the picture), `margin_pct`, `row`.

    `row` numbers the questions asked, oldest first; `size_stated` tells a margin from the sample
    size from one supposed with `suppose` people; 0 leaves it unknown (nan). A share that two
    reports of one poll give alike is kept once. Empty where no poll was asked in the `mode`.
    """
    rows = poll_answers(table, topic)
    if mode != "any":
        rows = rows[rows["answer_mode"] == mode]
    rows = rows.drop_duplicates(["poll_id", "question", "answer", "share_pct"]).copy()
    rows["label"] = [_display_name(answer) for answer in rows["answer"]]
    rows["size_stated"] = rows["sample_size"].notna()
    sizes = rows["sample_size"].fillna(suppose) if suppose else rows["sample_size"]
    shares = zip(rows["share_pct"], sizes, strict=True)
    rows["margin_pct"] = [margin_of_error(share, size) for share, size in shares]
    rows["row"] = rows.groupby(["poll_id", "question"], sort=False).ngroup()
    return rows


def poll_answers(table: pd.DataFrame, topic: str) -> pd.DataFrame:
    """Return the answers on a subject that are drawn."""
    rows = table[table["topic"].isin(TOPICS[topic])]
    if topic == "nato":
        rows = rows[rows["answer"] == "against"]
    return rows[~rows["answer"].isin(["don't know", "no"])]


def _display_name(answer: str) -> str:
    if answer == "yes":  # to "Is Russia a friend of Serbia?"
        return "Russia"
    name = figures.STANDS_FOR.get(answer, answer)
    return answer if name in NAMED or answer == "against" else OTHERS
