"""Evidence of lesson 01: aid measured against size and need, and who received it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from belgrade import data

if TYPE_CHECKING:
    import pandas as pd

RECIPIENTS = ("Serbia", "Italy")
# The day on which each airlift ended, as a base of `aid_rates`.
LANDED = "cases when the last plane landed"


def aid_tables() -> dict[str, pd.DataFrame]:
    """Return the two Russian airlifts, population and cases."""
    deliveries = data.load("aid_deliveries")
    return {
        "airlift": deliveries[deliveries["aid_id"].isin(["RU05", "IT01"])],
        "population": data.load("covid_population"),
        "cases": data.load("covid_daily"),
    }


def receptions() -> pd.DataFrame:
    """Return who received aid for Serbia, by date; the host by phone is one of his own."""
    rows = data.load("aid_receptions").query("recipient == 'Serbia'")
    rows = rows.sort_values(["date", "aid_id"], ignore_index=True)
    rows["host"] = rows["highest_host"].mask(rows["president_present"] == "by_phone", "by_phone")
    return rows


def aid_rates(tables: dict[str, pd.DataFrame], counted: str, base: str) -> pd.DataFrame:
    """Return for Serbia and Italy: amount, size of the base, rate (amount over size), date.

    The size is 1 for "nothing", millions of people, or thousands of confirmed cases on the date.
    """
    import pandas as pd

    rows = {}
    for recipient in RECIPIENTS:
        airlift = tables["airlift"][tables["airlift"]["recipient"] == recipient]
        # The main row of the airlift to Italy has its fifteenth plane; the report's row has 14.
        as_reported = recipient == "Italy" and counted == "planes"
        chosen = airlift["in_report"] == "yes" if as_reported else airlift["is_main_row"]
        flight = airlift[chosen].iloc[0]
        date = pd.Timestamp(base) if base.startswith("2020") else flight["date"]
        amount = int(flight[counted.removesuffix(", final")])
        size = _size(tables, recipient, base, date)
        rows[recipient] = {"amount": amount, "size": size, "rate": amount / size, "date": date}
    return pd.DataFrame.from_dict(rows, "index").rename_axis("recipient")


def _size(tables: dict[str, pd.DataFrame], recipient: str, base: str, date: pd.Timestamp) -> float:
    if base == "nothing":
        return 1
    if base.startswith("people"):
        people = tables["population"]
        chosen = "Our World in Data" if base == "people" else "Johns Hopkins"
        rows = people[(people["country"] == recipient) & (people["population_set"] == chosen)]
        return float(rows["population"].iloc[0]) / 1_000_000
    cases = tables["cases"]
    rows = cases[(cases["country"] == recipient) & (cases["date"] == date)]
    return float(rows["cum_cases"].iloc[0]) / 1_000
