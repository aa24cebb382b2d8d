"""Methods of lesson 03: counts that may be compared, arms shares, memberships."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

TERMS = ("unit", "period", "counted_by")
WESTERN = ("NATO", "NATO members", "NATO members and partners")

# States around Serbia; Kosovo's status is disputed, so the ring depends on how it is counted.
_RING = (
    "Hungary",
    "Romania",
    "Bulgaria",
    "North Macedonia",
    "Montenegro",
    "Bosnia and Herzegovina",
    "Croatia",
)


def exercise_counts(exercises: pd.DataFrame, named: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of military events with NATO and with Russia, the report's first.

    `exercises` and `named` are the tables military_exercises and exercises_2019_named. Columns of
    the result: side ("NATO" or "Russia"), partner, unit, period, counted_by, events (a number),
    note. The exercises of 2019 that the article names make two more counts: all of them, and those
    that are neither an evaluation mission nor a cyber drill.
    """
    import pandas as pd

    order = ["period_start", "period_end", "partner", "unit", "counted_by"]
    rows = [
        {
            "side": "Russia" if row.partner == "Russia" else "NATO",
            "partner": row.partner,
            "unit": row.unit,
            "period": _period(row.period_start, row.period_end),
            "counted_by": row.counted_by,
            "events": row.events_count,
            "note": row.note,
        }
        for row in exercises.sort_values(order, kind="stable").itertuples()
        if row.partner in (*WESTERN, "Russia")
    ]
    report = next(row for row in rows if "October" in row["period"] and row["side"] == "NATO")
    with_nato = named[named["partner_group"] == "NATO members"]
    field = with_nato[with_nato["kind"] == "exercise"]
    rows.append(report | {"partner": "NATO members, named ones only", "events": len(with_nato)})
    rows.append(
        report | {"partner": "NATO members, named field exercises only", "events": len(field)}
    )
    counts = pd.DataFrame(rows)
    first = counts["period"].str.contains("October")
    return pd.concat([counts[first], counts[~first]], ignore_index=True)


def _period(start: Any, end: Any) -> str:
    if start.year != end.year:
        return f"{start.year} to {end.year}"
    return f"{start.year}" if end.month == 12 else f"January to {end:%B} {end.year}"


def same_terms(first: Any, second: Any) -> dict[str, bool]:
    """Return for unit, period and counted_by whether two counts agree.

    Each count is a mapping or a row with those three keys. Two counts may be compared only if all
    agree: the operational definition of a concept has to be the same on both sides (Adcock and
    Collier 2001, https://doi.org/10.1017/S0003055401003100).
    """
    return {term: bool(first[term] == second[term]) for term in TERMS}


def fair_pairs(counts: pd.DataFrame) -> pd.DataFrame:
    """Return every pair of a count with NATO and a count with Russia that agree in all `TERMS`.

    `counts` has the columns side ("NATO" or "Russia"), unit, period, counted_by, partner, events.
    The result has the terms, partner, nato, russia (events) and nato_share_pct: the part of NATO
    in the sum of the two, per cent.
    """
    import pandas as pd

    keys = list(TERMS)
    nato = counts[counts["side"] == "NATO"].rename(columns={"events": "nato"})
    russia = counts[counts["side"] == "Russia"].rename(columns={"events": "russia"})
    pairs = pd.merge(nato[[*keys, "partner", "nato"]], russia[[*keys, "russia"]], on=keys)
    pairs["nato_share_pct"] = 100 * pairs["nato"] / (pairs["nato"] + pairs["russia"])
    return pairs


def supplier_shares(deliveries: pd.DataFrame, first_year: int, last_year: int) -> pd.Series:
    """Return each supplier's share of the arms delivered in the years, per cent, largest first.

    Both years count. `deliveries` has the columns supplier, year, tiv_million. TIV is SIPRI's
    trend-indicator value: the volume of military capability and not a price
    (https://www.sipri.org/databases/armstransfers/sources-and-methods). A period without
    deliveries gives an empty result.
    """
    chosen = deliveries[deliveries["year"].between(first_year, last_year)]
    volume = chosen.groupby("supplier")["tiv_million"].sum()
    volume = volume[volume > 0].sort_values(ascending=False, kind="stable")
    return 100 * volume / volume.sum()


def members(memberships: pd.DataFrame, organisation: str, year: int) -> pd.Series:
    """Return the states that belong to the organisation at the end of the year: state -> joined.

    `memberships` has the columns state, organisation, step, date; a state belongs from the date of
    its row whose step is "member". The values are the years of joining.
    """
    joined = memberships[
        (memberships["organisation"] == organisation) & (memberships["step"] == "member")
    ]
    years = joined.set_index("state")["date"].dt.year
    return years[years <= year]


def neighbours(kosovo: str = "separate") -> tuple[str, ...]:
    """Return the places that border on Serbia.

    With `kosovo` "separate", Kosovo is one of them and Albania, which does not touch the rest of
    Serbia, is none. With "included", Kosovo is counted with Serbia and its border with Albania
    makes Albania one. Raises `ValueError` for anything else.
    """
    if kosovo not in ("separate", "included"):
        raise ValueError(f"kosovo is {kosovo!r}; it can be 'separate' or 'included'.")
    return (*_RING, "Kosovo" if kosovo == "separate" else "Albania")
