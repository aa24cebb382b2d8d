"""Evidence of lesson 02: printed trade shares held against each other, and partners by year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belgrade import data
from belgrade.methods.intervals import (
    Interval,
    exactly,
    export_weights,
    intersection,
    rounding_interval,
)

if TYPE_CHECKING:
    import pandas as pd

YEAR = 2019
# Line of the report -> its entity in the table of figures.
LINES = {"eu": "European Union", "eaeu": "Russia and EAEU"}
MEASURES = {"total": "share_total_trade", "exports": "share_exports", "imports": "share_imports"}
WHOLE, TENTH, EXACT = "whole", "tenth", "exact"


def share_tables() -> dict[str, Any]:
    """Return the shares that the report prints, and the weight of exports in the trade of 2019."""
    totals = data.load("trade_totals").query("year == @YEAR").set_index("flow")
    value = totals["value_usd_million"]
    return {"printed": printed_shares(), "weight": value["export"] / value.sum()}


def printed_shares() -> dict[str, dict[str, float]]:
    """Return the report's shares in per cent: line ("eu", "eaeu") -> total, exports, imports."""
    rows = data.load("figures").set_index(["entity", "quantity"]).sort_index(kind="stable")["value"]
    return {
        line: {name: float(rows[entity, quantity].item()) for name, quantity in MEASURES.items()}
        for line, entity in LINES.items()
    }


def _intervals(printed: dict[str, float], rounding: str) -> dict[str, Interval]:
    """Return what each printed share can have been: total, exports, imports."""
    if rounding == EXACT:
        return {name: exactly(value) for name, value in printed.items()}
    decimals = {"total": 0 if rounding == WHOLE else 1, "exports": 1, "imports": 1}
    return {name: rounding_interval(value, decimals[name]) for name, value in printed.items()}


def fitting(
    tables: dict[str, Any], rounding: str
) -> tuple[dict[str, dict[str, Interval]], dict[str, Interval | None]]:
    """Return the intervals of the shares, and the weights that fit: by line, and for both."""
    intervals = {line: _intervals(printed, rounding) for line, printed in tables["printed"].items()}
    fit = {line: export_weights(**each) for line, each in intervals.items()}
    fit["both"] = intersection(fit["eu"], fit["eaeu"])
    return intervals, fit


# --- Partners --------------------------------------------------------------------------------


def largest_partners() -> pd.DataFrame:
    """Return the largest partners of each year that have a name, with about what was traded.

    The share is Serbia's own, the total the World Bank's: their product is in million dollars.
    """
    totals = data.load("trade_totals").drop(columns="source_id")
    partners = data.load("trade_partners").query("partner != 'Unspecified'")
    partners = partners.merge(totals, on=["year", "flow"])
    partners["value_usd_million"] *= partners["share_pct"] / 100
    return partners.sort_values(["flow", "year", "partner"], ignore_index=True)


def trade_by_year(partners: pd.DataFrame, flow: str, unit: str) -> pd.DataFrame:
    """Return years by partners, in `unit`, and the column "at most" for partners without a row.

    The source lists the five largest partners of a year. A partner that it does not list had no
    more than the smallest of those five. Years without any row are missing throughout.
    """
    rows = partners[partners["flow"] == flow]
    table = rows.pivot(index="year", columns="partner", values=unit)
    table["at most"] = table.min(axis="columns")
    return table.reindex(range(table.index.min(), table.index.max() + 1))


def partner_series(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a partner's column; all missing for one that is never among the largest."""
    return table[name] if name in table else table["at most"] * float("nan")


def years_ahead(table: pd.DataFrame, one: str, other: str) -> tuple[pd.Index, pd.Index, int]:
    """Return the years in which each is ahead, and in how many neither is among the largest.

    A partner among the five is ahead of one that is not. Years without data are left out.
    """
    first, second = partner_series(table, one), partner_series(table, other)
    has_data, missing = table["at most"].notna(), (first.isna(), second.isna())
    leads = first.gt(second) | (~missing[0] & missing[1])
    trails = second.gt(first) | (~missing[1] & missing[0])
    neither = int((missing[0] & missing[1] & has_data).sum())
    return table.index[leads & has_data], table.index[trails & has_data], neither
