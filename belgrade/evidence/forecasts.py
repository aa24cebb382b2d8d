"""Evidence of lesson 09: who is named how often and how warmly, and what forecasts score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import data
from belgrade.methods import brier

if TYPE_CHECKING:
    import pandas as pd

# Whom to compare -> the Russian and the Chinese side, as the tables call them.
SIDES = {"leaders": ("Vladimir Putin", "Xi Jinping"), "countries": ("Russia", "China")}
# Units in which a study counts how often somebody is named; others measure something else.
COUNTS = ("texts", "occurrences", "front_pages", "seconds", "articles")
UNITS = {"occurrences": "words", "seconds": "seconds of air time"}
QUALIFIERS = {"about": "about ", "less_than": "under ", "more_than": "over "}
AIRTIME_STUDY = "BIRODI2021"
UNKNOWN = "not in what we read"


def attention_tables() -> dict[str, pd.DataFrame]:
    """Return the tables on who is named: totals, months, studies, meetings."""
    studies = data.load("media_attention")
    return {
        "totals": data.load("headline_mentions").sort_values(["period_start", "outlet", "actor"]),
        "months": data.load("headline_mentions_monthly"),
        "studies": studies.sort_values(["period_start", "study_id", "measure", "actor"]),
        "meetings": data.load("leader_meetings"),
    }


@dataclass(frozen=True)
class Pair:
    """What one source says of the Russian and the Chinese side; None where it is not known."""

    source: str
    period: str
    unit: str
    russian: float | None
    chinese: float | None
    russian_text: str
    chinese_text: str

    @property
    def both(self) -> tuple[float, float] | None:
        """The Russian and the Chinese number, where the source has both."""
        if self.russian is None or self.chinese is None:
            return None
        return self.russian, self.chinese


def volume(tables: Mapping[str, pd.DataFrame], kind: str) -> list[Pair]:
    """Return how often the sides of this `kind` are named, newest source first."""
    pairs = []
    for outlet, rows in tables["totals"].groupby("outlet", sort=False):
        strict = rows[rows["count_rule"] == "strict"].set_index("actor")
        loose = rows[rows["count_rule"] == "loose"].set_index("actor")["mentions"]
        first = strict.iloc[0]
        values: list[Any] = []
        texts: list[Any] = []
        for side in SIDES[kind]:
            values.append(int(strict.loc[side, "mentions"]))
            at_most = f" (at most {loose[side]})" if side in loose else ""
            texts.append(f"{values[-1]}{at_most}")
        source = f"{outlet}, headlines ({first['section']})"
        pairs.append(Pair(source, _period(first), first["unit"], *values, *texts))
    studies = tables["studies"]
    counted = studies[(studies["tone"] == "all") & studies["unit"].isin(COUNTS)]
    return pairs + _studies(counted, kind)[::-1]


def warmth(tables: Mapping[str, pd.DataFrame], kind: str) -> list[Pair]:
    """Return which part of what was said of the two sides is positive, in percent."""
    studies = tables["studies"]
    shares = studies[(studies["unit"] == "percent") & (studies["tone"] == "positive")]
    both = studies[studies["tone"].isin(["all", "positive"]) & studies["unit"].isin(COUNTS)]
    both = both[both["value_word"] == "as_given"]
    wide = both.pivot_table(index=["study_id", "actor"], columns="tone", values="value").dropna()
    computed = (100 * wide["positive"] / wide["all"]).rename("value").reset_index()
    details = studies.drop_duplicates("study_id").drop(columns=["actor", "value", "unit"])
    computed = computed.merge(details, on="study_id").assign(unit="percent")
    return (_studies(computed, kind) + _studies(shares, kind))[::-1]


def _studies(rows: pd.DataFrame, kind: str) -> list[Pair]:
    pairs = []
    for _, study in rows.groupby("study_id", sort=False):
        by_actor = study.drop_duplicates("actor").set_index("actor")
        known = {side: by_actor.loc[side] for side in SIDES[kind] if side in by_actor.index}
        if known:
            first = study.iloc[0]
            unit = UNITS.get(first["unit"], first["unit"].replace("_", " "))
            values: list[Any] = [
                float(known[side]["value"]) if side in known else None for side in SIDES[kind]
            ]
            texts: list[Any] = [
                _number(known[side]) if side in known else UNKNOWN for side in SIDES[kind]
            ]
            pairs.append(Pair(first["scope"], _period(first), unit, *values, *texts))
    return pairs


def _number(row: Any) -> str:
    if row["unit"] == "percent":
        return f"{row['value']:.1f}%"
    return f"{QUALIFIERS.get(row['value_word'], '')}{row['value']:,.0f}"


def _period(row: Any) -> str:
    start, end = row["period_start"], row["period_end"]
    if row.get("date_precision") == "year":
        return f"{start.year} to {end.year}"
    if start.year != end.year:
        return f"{start:%b %Y} to {end:%b %Y}"
    if (start.month, end.month) == (1, 12):
        return f"{start.year}"
    return f"{end:%b %Y}" if start.month == end.month else f"{start:%b} to {end:%b %Y}"


def by_month(months: pd.DataFrame, kind: str, unit: str) -> pd.DataFrame:
    """Return months by the sides of this `kind`: headlines, or with `share` those of every 100."""
    column = "headlines_mentioning" if unit == "headlines" else "share_pct"
    wide = months.pivot(index="month_start", columns="actor", values=column)
    return wide[list(SIDES[kind])].astype(float)


def months_met(meetings: pd.DataFrame, leader: str, months: pd.Index) -> list[Any]:
    """Return those of `months` in which Serbia's president met the leader in person."""
    meetings = meetings[(meetings["leader"] == leader) & (meetings["mode"] == "in_person")]
    met = set(meetings["date"].dt.to_period("M").dt.to_timestamp())
    return [month for month in months if month in met]


def time_and_tone(studies: pd.DataFrame) -> pd.DataFrame:
    """Return air time in minutes and its positive part in percent, by actor, of the one study."""
    rows = studies[(studies["study_id"] == AIRTIME_STUDY) & (studies["unit"] == "seconds")]
    wide = rows.pivot(index="actor", columns="tone", values="value").dropna(subset="all")
    wide["minutes"] = wide["all"] / 60
    wide["positive_pct"] = 100 * wide["positive"] / wide["all"]
    return wide.sort_values("minutes", kind="stable")


# --- Forecasts -------------------------------------------------------------------------------

EVERY, CLEAR, TURNED = "every", "clear", "turned"
YOU, COIN, BASE = "you", "a coin", "the base rate"


def forecast_tables(probabilities: Mapping[str, float] | None = None) -> dict[str, Any]:
    """Return the outcomes by claim, and of `probabilities` what are some, for claims with one."""
    outcomes = data.load("forecast_outcomes").set_index("claim_id").sort_index(kind="stable")
    answers = {
        claim: float(value)
        for claim, value in (probabilities or {}).items()
        if claim in outcomes.index and 0 <= value <= 1
    }
    return {"outcomes": outcomes, "probabilities": answers}


def scored_rows(tables: Mapping[str, Any], scored: str) -> pd.DataFrame:
    """Return the forecasts that are scored: outcome 1 or 0, and the reader's probability.

    `scored` is every (all decided ones), clear, or turned: all decided ones, with each disputable
    outcome taken the other way.
    """
    rows = tables["outcomes"].query("outcome != 'undecided'").copy()
    rows["happened"] = (rows["outcome"] == "yes").astype(int)
    disputable = rows["clarity"] == "disputable"
    if scored == CLEAR:
        rows = rows[~disputable].copy()
    elif scored == TURNED:
        rows.loc[disputable, "happened"] = 1 - rows.loc[disputable, "happened"]
    rows["yours"] = [tables["probabilities"].get(claim, brier.COIN) for claim in rows.index]
    return rows


def forecasters(tables: Mapping[str, Any], scored: str, same: float) -> dict[str, brier.Parts]:
    """Return the parts of the Brier score of each forecaster: the reader (if any), coin, base rate,
    and one who gives every forecast the probability `same`."""
    rows = scored_rows(tables, scored)
    happened = list(rows["happened"])
    constant = {COIN: brier.COIN, BASE: brier.base_rate(happened), same_for_all(same): same}
    forecasts = {name: [value] * len(rows) for name, value in constant.items()}
    if tables["probabilities"]:
        forecasts = {YOU: list(rows["yours"])} | forecasts
    return {name: brier.decompose(answers, happened) for name, answers in forecasts.items()}


def same_for_all(same: float) -> str:
    """Return how whoever gives every forecast the probability `same` is called."""
    return f"{same:.2f} for all"
