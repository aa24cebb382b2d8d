"""Evidence of lesson 08: the report's points, what a verdict on a lesson judges, and the notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from belgrade import data, report
from belgrade.methods import argument_map as arguing
from belgrade.methods.argument_map import Point

if TYPE_CHECKING:
    import pandas as pd

# Which points a verdict on a lesson judges. No lesson judges G0 and G2, which are sums of parts.
LESSON_POINTS: dict[str, tuple[str, ...]] = {
    "01": ("G1",),
    "02": ("G2.1",),
    "03": ("G2.2", "G2.3"),
    "04": ("G2.4",),
    "05": ("G3",),
    "06": ("G4",),
    "07": ("G5",),
}
NO_VERDICT = "no verdict"


def report_points() -> pd.DataFrame:
    """Return the points of the report's argument, without the press release's version of it."""
    nodes = data.load("argument").sort_values("node_id", kind="stable")
    return nodes[nodes["source_id"] != "press_release"].reset_index(drop=True)


def as_points(nodes: pd.DataFrame) -> dict[str, Point]:
    """Return the table of nodes in the form that `methods.argument_map` reads."""
    return {
        row.node_id: Point(row.parent_id if isinstance(row.parent_id, str) else None, row.role)
        for row in nodes.itertuples()
    }


def point_verdicts(points: Mapping[str, Point], verdicts: Mapping[str, str]) -> dict[str, str]:
    """Return for each point the verdict on it, or on the point above that it holds up.

    It does not reach exceptions and forecasts: whoever judges a claim has not judged those. Nor is
    it a verdict on the evidence below, which may be true where the point drawn from it is not.
    """
    direct = {
        point: verdicts[lesson]
        for lesson, judges in LESSON_POINTS.items()
        if lesson in verdicts
        for point in judges
    }

    def verdict(name: str) -> str:
        if name in direct:
            return direct[name]
        parent, role = points[name].parent, points[name].role
        return verdict(parent) if parent is not None and role in arguing.SUPPORTS else NO_VERDICT

    return {name: verdict(name) for name in points}


def subtree(points: Mapping[str, Point], top: str) -> list[str]:
    """Return a point and all that bear on it, directly or not."""

    def bears_on(name: str) -> bool:
        parent = points[name].parent
        return name == top or (parent is not None and bears_on(parent))

    return [name for name in points if bears_on(name)]


# --- Notes -----------------------------------------------------------------------------------

EVERYTHING, MAIN = "everything", "main"
SECTIONS = {key: name for key, name in report.SECTIONS.items() if key != "press_release"}
UNKNOWN = "not known"
NO_PARTY = "no party to the story"
SOMEBODY_ELSE = "somebody else"
# What notes can be sorted by -> how values of the table are called where they are not words.
NOTE_GROUPS = {
    "source_type": {},
    "language": {
        "en": "English",
        "sr": "Serbian",
        "en;sr": "English and Serbian",
        "it;en": "Italian or English",
    },
    "country": {},
    "party_to_dispute": {},
    "is_self_citation": {True: "the report's own author", False: SOMEBODY_ELSE},
}


def report_claims() -> pd.DataFrame:
    """Return the claims of the report itself, without those of its press release."""
    claims = data.load("claims").sort_values("claim_id", kind="stable")
    return claims[claims["section"] != "press_release"].reset_index(drop=True)


def audit_tables() -> dict[str, pd.DataFrame]:
    """Return the notes and the claims of the report."""
    notes = data.load("notes").sort_values("note", kind="stable")
    return {"notes": notes, "claims": report_claims()}


def _claims(tables: Mapping[str, pd.DataFrame], only: str) -> pd.DataFrame:
    claims = tables["claims"]
    if only == MAIN:
        return claims[claims["tier"].isin([1, 2])]
    return claims if only == EVERYTHING else claims[claims["section"] == only]


def notes_sorted(tables: Mapping[str, pd.DataFrame], sort: str, only: str) -> pd.Series:
    """Return how many notes are in each group, most first, of those that bear on the claims."""
    claim_ids = set(_claims(tables, only)["claim_id"])
    notes = tables["notes"]
    notes = notes[notes["claim_ids"].map(lambda ids: bool(claim_ids & set(ids.split(";"))))]
    groups = notes[sort]
    if NOTE_GROUPS[sort]:
        groups = groups.map(NOTE_GROUPS[sort])
    missing = NO_PARTY if sort == "party_to_dispute" else UNKNOWN
    return groups.fillna(missing).value_counts()


def claims_sorted(tables: Mapping[str, pd.DataFrame], sort: str, only: str) -> pd.DataFrame:
    """Return for each group how many claims there are, and how many carry no note."""
    claims = _claims(tables, only)
    without_note = claims["note_numbers"].isna()
    table = without_note.groupby(claims[sort]).agg(claims="size", without="sum").astype(int)
    if sort == "section":
        table = table.loc[[name for name in SECTIONS if name in table.index]]
        return table.rename(index=SECTIONS)
    return table.sort_values("claims", ascending=False, kind="stable")
