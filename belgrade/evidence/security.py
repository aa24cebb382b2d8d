"""Evidence of lesson 03: arms that Serbia received, and its own steps towards organisations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from belgrade import data

if TYPE_CHECKING:
    import pandas as pd

ALL, NO_MIGS, NO_GIFTS, ONLY_GIFTS = "all", "no_migs", "no_gifts", "only_gifts"
OLDER = "older"  # the edition of 2022, which as we have it does not mark gifts


def arms_tables() -> dict[str, pd.DataFrame]:
    """Return the arms delivered to Serbia, by edition of SIPRI's table."""
    return {
        "2025": data.load("arms_deliveries_yearly"),
        "2022": data.load("arms_tiv_2022_release"),
    }


def arms_volumes(table: pd.DataFrame, last_year: int, years: int, counted: str) -> pd.Series:
    """Return the volume in million TIV by supplier, largest first, of so many years together."""
    if counted in (NO_MIGS, NO_GIFTS, ONLY_GIFTS):
        gift = table["aid"] == "yes"
        donated_mig = gift & table["weapon"].str.startswith("MiG")
        table = table[{NO_MIGS: ~donated_mig, NO_GIFTS: ~gift, ONLY_GIFTS: gift}[counted]]
    chosen = table[table["year"].between(last_year - years + 1, last_year)]
    volume = chosen.groupby("supplier")["tiv_million"].sum()
    return volume[volume > 0].sort_values(ascending=False, kind="stable")


def own_step(memberships: pd.DataFrame, organisation: str, year: int) -> str:
    """Return the latest of Serbia's own steps towards the organisation, with its year."""
    steps = memberships[memberships["organisation"].str.startswith(organisation)]
    steps = steps[(steps["state"] == "Serbia") & (steps["date"].dt.year <= year)]
    if steps.empty:
        return "not a member"
    last = steps.sort_values(["date", "milestone"]).iloc[-1]
    is_observer = last["milestone"].startswith("observer")
    milestone = "its parliament observes" if is_observer else last["milestone"]
    return f"{milestone}, {last['date'].year}"
