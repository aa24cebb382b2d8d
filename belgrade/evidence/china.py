"""Evidence of lesson 07: what each register has of Chinese money, loan by loan and sum by sum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from belgrade import data

if TYPE_CHECKING:
    import pandas as pd

INVESTMENT, LOANS = "investment", "loans"
# In the order in which they are drawn.
STAGES = ("claimed", "mixed", "agreed", "paid_in", "one_year", "owed")
_OF_INVESTMENT = ("direct_investment", "tracked_investment")
# Measures of lenders_and_investors that are too long for a label.
_SHORT = {
    "direct investment inflows recorded by the National Bank of Serbia": "inflows",
    "projects at any stage, plans included": "projects, plans included",
    "invested in or set aside for 16 projects": "spent or set aside",
    "loans and grants in AidData": "loans and grants",
    "infrastructure projects under way": "projects under way",
    "public debt owed": "owed to China Eximbank",
    "external debt owed": "external debt",
}


class Entry(NamedTuple):
    """A figure for Chinese money: see `registers`."""

    sum: str
    stage: str
    register: str
    what: str
    year: int
    currency: str
    low: float
    high: float
    kostolac: bool | None = None


def registers() -> pd.DataFrame:
    """Return one row a figure for Chinese money in Serbia, ready to be drawn, never to be added.

    `sum`: investment or loans, the sum of the report it is held against; `stage`: one of STAGES;
    `low` and `high` in thousand million units of `currency`, equal unless sources disagree;
    `year`: the year to which the figure runs; `kostolac`: False or True for the reading of the
    Kostolac B power plant as building work, missing where it does not matter.
    """
    import pandas as pd

    rows = pd.DataFrame([*_stated(), *_tracked(), *_yearly(), *_listed()])
    return rows.sort_values(
        ["stage", "year", "currency", "register", "what", "kostolac"],
        key=lambda column: column.map(STAGES.index) if column.name == "stage" else column,
        ignore_index=True,
    )


def _stated() -> Iterator[Entry]:
    table = data.load("lenders_and_investors")
    table = table[table["actor"].isin(["China", "China Eximbank"])]
    table = table[~table["source_id"].eq("eco_aei_cgit_2021fall")]  # in _tracked, both readings
    for row in table.astype({"since_year": "float64"}).itertuples():
        register = row.said_by.removeprefix("Computed from the ")
        register = register.replace("Debt Administration of Serbia", "Debt Administration")
        computed = " (worked back)" if row.how == "computed" else ""
        since = "" if row.since_year != row.since_year else f", from {row.since_year:.0f}"
        until = " in " if row.stage == "owed" else ", to "  # a debt is a stock: it has one date
        end = f"{row.date:%Y}" if row.date_precision == "year" else f"{row.date:%b %Y}"
        what = f"{_SHORT.get(row.measure, row.measure)}{computed}{since}{until}{end}"
        if register == "The report":
            what = "no period stated (its source: Sep 2019)"
        kind, value = INVESTMENT if row.kind in _OF_INVESTMENT else LOANS, row.value_billion
        yield Entry(kind, row.stage, register, what, row.date.year, row.currency, value, value)


def _tracked() -> Iterator[Entry]:
    for row in data.load("china_deals_to_date").itertuples():
        is_investment, value = row.kind == "investment", row.value_usd_million / 1000
        what = "deals called investment" if is_investment else "building contracts"
        what += f", from 2010, to {row.date:%b %Y}"
        kind, register = INVESTMENT if is_investment else LOANS, "China Global Investment Tracker"
        is_building = row.kostolac_counted_as == "construction_contract"
        amounts = ("USD", value, value, is_building)
        yield Entry(kind, "agreed", register, what, row.date.year, *amounts)


def _yearly() -> Iterator[Entry]:
    """Yield the yearly inflows; 2019 is the share printed, of the two totals that were printed."""
    table = data.load("fdi_by_origin").query("measure == 'gross_inflow'")
    table = table[(table["period_end"] - table["period_start"]).dt.days > 360]
    totals = table[table["origin"] == "World"].groupby("period_start")["value_eur_million"]
    for row in table[table["origin"] == "China"].itertuples():
        year, register = row.period_start.year, row.said_by
        low = high = row.value_eur_million / 1000
        if low != low:
            if year != 2019:
                continue
            register = f"EY: {row.share_pct:.0f}% of all inflows"
            low, high = (
                row.share_pct / 100 * total[row.period_start] / 1000
                for total in (totals.min(), totals.max())
            )
        what = f"inflow of {year}"
        yield Entry(INVESTMENT, "one_year", register, what, year, "EUR", low, high)


def _listed() -> Iterator[Entry]:
    """Yield the sums of the loans found one by one, by currency: lowest and highest readings."""
    for currency, year in (("USD", 2019), ("EUR", 2019), ("EUR", 2023)):
        loans = listed_loans("China")
        loans = loans[(loans["date"].dt.year <= year) & (loans["currency"] == currency)]
        first = loans["date"].min().year
        period = f"in {year}" if first == year else f"from {first}, to {year}"
        what = f"{len(loans)} loans found, not all, {period}"
        amounts = (loans["low"].sum() / 1000, loans["high"].sum() / 1000)
        yield Entry(LOANS, "agreed", "Loans listed one by one", what, year, currency, *amounts)


def listed_loans(lender: str) -> pd.DataFrame:
    """Return one row a project lent to Serbia by `lender`: date, project, currency, low, high.

    `low` and `high` are millions of the currency: the amounts on which pages disagree. Pledges
    without an amount are left out, and a plan where the same loan was signed later.
    """
    table = data.load("china_russia_loans")
    table = table[(table["lender_country"] == lender) & table["amount_million"].notna()]
    table = table[table["stage"] != "planned"]
    loans = table.groupby(["project", "currency"], sort=False, as_index=False).agg(
        date=("date", "min"), low=("amount_million", "min"), high=("amount_million", "max")
    )
    return loans.sort_values(["date", "project", "currency"], ignore_index=True)


def reported(rows: pd.DataFrame, kind: str) -> float:
    """Return the sum of the report, in thousand million US dollars, out of `registers`."""
    row: Any = rows[(rows["sum"] == kind) & (rows["register"] == "The report")]
    return float(row["low"].iloc[0])
