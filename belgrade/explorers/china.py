"""Explorers of lesson 07: sums of Chinese money by register, and Russia and China by yardstick."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.explorers.explorer import Explorer, NothingToShow, Select, Switch
from belgrade.methods.flows import leads, rate_that_equates, total_before

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ALL = "all"
REPORT_YEAR = 2020

# --- Four billion of what? -------------------------------------------------------------------

INVESTMENT, LOANS = "investment", "loans"
SUMS = {
    INVESTMENT: "direct investment",
    LOANS: "loans and projects",
}
# Figure of the report for each sum.
FIGURE = {INVESTMENT: "F061", LOANS: "F062"}
KINDS = {
    "direct_investment": INVESTMENT,
    "tracked_investment": INVESTMENT,
    "loans": LOANS,
    "loans_and_grants": LOANS,
    "loans_and_projects": LOANS,
    "construction_contracts": LOANS,
    "public_debt": LOANS,
    "external_debt": LOANS,
}
# Stage -> what it is called, hatch of its bars, and whether they are filled.
STAGES = {
    "claimed": ("announced or said", "", False),
    "mixed": ("plans and payments mixed", "..", False),
    "agreed": ("contracted", "///", False),
    "paid_in": ("paid in (disbursed), added up over years", "", True),
    "one_year": ("paid in during one year (a flow)", "---", False),
    "owed": ("still owed (a stock)", "xx", False),
}
CURRENCIES = {
    "USD": "US dollars",
    "EUR": "euros",
    "USD_2021": "US dollars at prices of 2021",
}
UNTIL = {
    ALL: (0, 9999),
    "2019": (0, 2019),
    "2021": (2020, 2021),
    "2023": (2022, 2023),
}
_COLUMNS = [
    "sum",
    "stage",
    "kind",
    "register",
    "what",
    "year",
    "currency",
    "low",
    "high",
    "kostolac",
]


def four_billion() -> Explorer:
    """Return the explorer that holds the report's two Chinese sums against every register."""
    controls = {
        "sum_of": Select(
            "Sum of the report",
            {"4 billion of direct investment": INVESTMENT, "over 5 billion of loans": LOANS},
            INVESTMENT,
        ),
        "stage": Select(
            "What is counted",
            {"everything": ALL} | {label: key for key, (label, _, _) in STAGES.items()},
            ALL,
        ),
        "until": Select(
            "Figures that run to",
            {
                "2019 or earlier": "2019",
                "2020 or 2021": "2021",
                "2022 or 2023": "2023",
                "any date": ALL,
            },
            "2019",
        ),
        "currency": Select(
            "Currency",
            {"each figure in its own": ALL, "US dollars": "USD", "euros": "EUR"},
            ALL,
        ),
        "kostolac": Switch(
            "Count the Kostolac B power plant (2014) as building work, not investment"
        ),
    }
    return Explorer("Four billion of what?", registers(), controls, _draw_sums, _describe_sums)


def registers() -> pd.DataFrame:
    """Return one row a figure for Chinese money in Serbia, ready to be drawn, never to be added.

    `sum`: investment or loans, the sum of the report it is held against; `stage`: a key of STAGES;
    `low` and `high` in thousand million units of `currency`, equal unless sources disagree;
    `year`: the year to which the figure runs; `kostolac`: False or True for the reading of the
    Kostolac B power plant as building work, missing where it does not matter.
    """
    import pandas as pd

    rows = pd.DataFrame([*_stated(), *_tracked(), *_yearly(), *_listed_loans()], columns=_COLUMNS)
    order = {stage: number for number, stage in enumerate(STAGES)}
    return rows.sort_values(
        ["stage", "year", "currency", "register", "what", "kostolac"],
        key=lambda column: column.map(order) if column.name == "stage" else column,
    ).reset_index(drop=True)


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


def _stated() -> list[tuple]:
    table = data.load("lenders_and_investors")
    table = table[table["actor"].isin(["China", "China Eximbank"])]
    table = table[~table["source_id"].eq("eco_aei_cgit_2021fall")]  # in _tracked, both readings
    rows = []
    for row in table.astype({"since_year": "float64"}).itertuples():
        said_by = row.said_by.removeprefix("Computed from the ")
        said_by = said_by.replace("Debt Administration of Serbia", "Debt Administration")
        since = "" if row.since_year != row.since_year else f", from {row.since_year:.0f}"
        worked = " (worked back)" if row.how == "computed" else ""
        until = " in " if row.stage == "owed" else ", to "  # a debt is a stock: it has one date
        what = f"{_SHORT.get(row.measure, row.measure)}{worked}{since}{until}"
        what += _when(row.date, row.date_precision)
        if row.said_by == "The report":
            what = "no period stated (its source: Sep 2019)"
        rows.append(
            (
                KINDS[row.kind],
                row.stage,
                row.kind,
                said_by,
                what,
                row.date.year,
                row.currency,
                row.value_billion,
                row.value_billion,
                None,
            )
        )
    return rows


def _when(date: Any, precision: str) -> str:
    return str(date.year) if precision == "year" else f"{date:%b %Y}"


def _tracked() -> list[tuple]:
    words = {"investment": INVESTMENT, "construction_contract": LOANS}
    rows = []
    for row in data.load("china_deals_to_date").itertuples():
        value = row.value_usd_million / 1000
        what = "deals called investment" if row.kind == "investment" else "building contracts"
        rows.append(
            (
                words[row.kind],
                "agreed",
                "tracked_investment" if row.kind == "investment" else "construction_contracts",
                "China Global Investment Tracker",
                f"{what}, from 2010, to {row.date:%b %Y}",
                row.date.year,
                "USD",
                value,
                value,
                row.kostolac_counted_as == "construction_contract",
            )
        )
    return rows


def _yearly() -> list[tuple]:
    """Return the yearly inflows; 2019 is the share printed, of the two totals that were printed."""
    table = data.load("fdi_by_origin")
    table = table[table["measure"] == "gross_inflow"]
    table = table[(table["period_end"] - table["period_start"]).dt.days > 360]
    totals = table[table["origin"] == "World"].groupby("period_start")["value_eur_million"]
    rows = []
    for row in table[table["origin"] == "China"].itertuples():
        year = row.period_start.year
        if row.value_eur_million == row.value_eur_million:
            low = high = row.value_eur_million / 1000
            who, what = row.said_by, f"inflow of {year}"
        elif year == 2019:
            low, high = (
                row.share_pct / 100 * total / 1000
                for total in (totals.min()[row.period_start], totals.max()[row.period_start])
            )
            who, what = f"EY: {row.share_pct:.0f}% of all inflows", f"inflow of {year}"
        else:
            continue
        rows.append(
            (INVESTMENT, "one_year", "direct_investment", who, what, year, "EUR", low, high, None)
        )
    return rows


def _listed_loans() -> list[tuple]:
    """Return the sums of the loans found one by one, by currency: lowest and highest readings."""
    rows = []
    for currency, years in (("USD", [2019]), ("EUR", [2019, 2023])):
        for year in years:
            loans = listed_loans("China")
            loans = loans[(loans["date"].dt.year <= year) & (loans["currency"] == currency)]
            first = loans["date"].min().year
            period = f"in {year}" if first == year else f"from {first}, to {year}"
            rows.append(
                (
                    LOANS,
                    "agreed",
                    "loans",
                    "Loans listed one by one",
                    f"{len(loans)} loans found, not all, {period}",
                    year,
                    currency,
                    loans["low"].sum() / 1000,
                    loans["high"].sum() / 1000,
                    None,
                )
            )
    return rows


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
    return loans.sort_values(["date", "project", "currency"]).reset_index(drop=True)


def _chosen(
    rows: pd.DataFrame, sum_of: str, stage: str, until: str, currency: str, kostolac: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to draw, and those left out only because they are in another currency."""
    first, last = UNTIL[until]
    found = rows[(rows["sum"] == sum_of) & rows["year"].between(first, last)]
    found = found[found["kostolac"].isna() | (found["kostolac"] == kostolac)]
    if stage != ALL:
        found = found[found["stage"] == stage]
    other = found.iloc[:0]
    if currency != ALL:
        other = found[found["currency"] != currency]
        found = found[found["currency"] == currency]
    if found.empty:
        raise NothingToShow(_why_empty(sum_of, stage, currency, other))
    return found, other


def _why_empty(sum_of: str, stage: str, currency: str, other: pd.DataFrame) -> str:
    if len(other):
        wanted = CURRENCIES[currency]
        has = " and ".join(CURRENCIES[each] for each in dict.fromkeys(other["currency"]))
        return (
            f"The figures that fit are in {has} (there are {len(other)}). To show them in {wanted} "
            "we would need exchange rates, and for old prices a price index; the tables hold none."
            if len(other) > 1
            else f"The one figure that fits is in {has}. To show it in {wanted} we would need an "
            "exchange rate, and for old prices a price index; the tables hold none."
        )
    if sum_of == INVESTMENT and stage == "owed":
        return (
            "Investment is owned, not owed. Its stock would be the value today of all that Chinese "
            "investors own in Serbia; no table here has it, only inflows."
        )
    if sum_of == LOANS and stage in ("paid_in", "one_year"):
        return (
            "No register here says how much of the Chinese loans was paid out, in one year or in "
            "all. What is still owed comes nearest."
        )
    return "No figure in the tables fits these choices. Widen the dates or what is counted."


def _reported(rows: pd.DataFrame, sum_of: str) -> float:
    """Return the report's sum, thousand million US dollars."""
    said = rows[(rows["sum"] == sum_of) & (rows["register"] == "The report")]
    return float(said["low"].iloc[0])


def _draw_sums(rows: Any, **choices: Any) -> Figure:
    found, _ = _chosen(rows, **choices)
    groups = [
        (name, found[found["currency"] == name])
        for name in CURRENCIES
        if (found["currency"] == name).any()
    ]
    sizes = [len(group) for _, group in groups]
    height = 0.44 * sum(sizes) + 0.6 * len(sizes) + 1.2
    fig, panels = figures.new(height, rows=len(groups), squeeze=False, height_ratios=sizes)
    widest = 1.16 * max(found["high"].max(), _reported(rows, choices["sum_of"]))
    for ax, (currency, group) in zip(panels[:, 0], groups, strict=True):
        _draw_currency(ax, currency, group)
        ax.set_xlim(0, widest)
        if currency == "USD":
            reported = _reported(rows, choices["sum_of"])
            ax.axvline(reported, color=figures.INK, linestyle="--", linewidth=1.2, zorder=0)
    title = f"Chinese {SUMS[choices['sum_of']]} in Serbia, by who counts what"
    fig.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    _stage_legend(fig, found, bool((found["currency"] == "USD").any()))
    return fig


def _draw_currency(ax: Any, currency: str, group: pd.DataFrame) -> None:
    shade = figures.colour("China")
    names = [f"{row.register}\n{row.what}" for row in group.itertuples()]
    for place, row in enumerate(group.itertuples()):
        _, hatch, filled = STAGES[row.stage]
        ax.barh(
            place,
            row.low,
            height=0.6,
            facecolor=shade if filled else "white",
            edgecolor=shade,
            hatch=hatch,
            linewidth=1.4,
        )
        if row.high > row.low:
            ax.plot([row.low, row.high], [place, place], color=shade, marker="|", markersize=9)
        ax.annotate(
            _amount(row),
            (row.high, place),
            (6, 0),
            textcoords="offset points",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )
    ax.set_yticks(range(len(names)), names, fontsize=9)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(f"billion {CURRENCIES[currency]}")


def _amount(row: Any) -> str:
    value = f"{row.low:.3g}"
    if row.high - row.low >= 0.005:
        value = f"{row.low:.2f} to {row.high:.2f}"
    more = row.register == "The report" and row.sum == LOANS
    return f"over {value}" if more else value


def _stage_legend(fig: Any, found: pd.DataFrame, with_line: bool) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    shade = figures.colour("China")
    marks: list[Any] = [
        Patch(facecolor=shade if filled else "white", edgecolor=shade, hatch=hatch, label=label)
        for stage, (label, hatch, filled) in STAGES.items()
        if (found["stage"] == stage).any()
    ]
    if with_line:
        line = {"color": figures.INK, "linestyle": "--", "linewidth": 1.2}
        marks.append(Line2D([], [], label="the report's sum", **line))
    fig.legend(handles=marks, loc="outside lower left", ncols=2, fontsize=9)


def _describe_sums(rows: Any, **choices: Any) -> str:
    found, other = _chosen(rows, **choices)
    sum_of = choices["sum_of"]
    reported = _reported(rows, sum_of)
    over = "over " if sum_of == LOANS else ""
    said = f"The report: {over}USD {reported:g} billion of {SUMS[sum_of]} ({FIGURE[sum_of]})."
    parts = []
    for stage, (label, _, _) in STAGES.items():
        group = found[(found["stage"] == stage) & (found["register"] != "The report")]
        if len(group):
            amounts = ", ".join(_spoken(row) for row in group.itertuples())
            parts.append(f"{label}: {amounts}")
    listed = f" Here in billions, {'; '.join(parts)}." if parts else " Nothing else fits."
    return f"{said}{listed}{_rate_words(found, other, reported)}"


def _spoken(row: Any) -> str:
    unit = "USD of 2021" if row.currency == "USD_2021" else row.currency
    return f"{unit} {_amount(row)} ({row.year})"


def _rate_words(found: pd.DataFrame, other: pd.DataFrame, reported: float) -> str:
    """Return the sentence on currencies: which rate would make a euro figure the report's sum."""
    if len(other):
        units = " and ".join(CURRENCIES[each] for each in dict.fromkeys(other["currency"]))
        left_out = f"1 figure in {units} is" if len(other) == 1 else f"{len(other)} in {units} are"
        return f" {left_out} left out: to convert needs rates or prices that the tables lack."
    paid = found[(found["currency"] == "EUR") & (found["stage"] == "paid_in")]
    paid = paid[paid["year"] < REPORT_YEAR]
    if len(paid):
        row = paid.iloc[-1]
        rate = rate_that_equates(reported, row["low"])
        return (
            f" EUR {row['low']:.3g} billion would equal the report's sum at {rate:.2f} dollars to "
            "the euro; no table states a rate."
        )
    if (found["currency"] != "USD").any():
        return " Compare inside one currency only: the tables hold no exchange rate."
    return ""


# --- Moscow to Beijing, on which yardstick? --------------------------------------------------

RUSSIA, CHINA = "Russia", "China"
# From here on the meetings found with Putin fit the running numbers that the presidency gives (15
# in January 2019, 17 in December); of the fourteen earlier ones only three were found.
MEETINGS_SINCE = 2019
# Members of NATO or the European Union when they delivered; Montenegro's deliveries came before.
NATO_OR_EU = (
    "Canada",
    "Cyprus",
    "Denmark",
    "France",
    "Germany",
    "Hungary",
    "Slovenia",
    "Spain",
    "United States",
)
WESTERN_ARMS = "NATO or EU members"


@dataclass(frozen=True)
class Yardstick:
    """One measure of closeness: its rows, its unit and how it is drawn.

    `rows` has a row a value: `period` (orders the values), `label` (how the period is called),
    `side` (Russia, China or other), `name` (as shown), `value`, `panel` ("" or a panel's title).
    """

    title: str
    unit: str
    rows: pd.DataFrame
    kind: str  # lines, points, spans or bars
    decimals: int
    caveat: str

    def value(self, number: float) -> str:
        return f"{number:,.{self.decimals}f}"


def yardsticks() -> Explorer:
    """Return the explorer that compares Russia and China on one yardstick after another."""
    sticks = measured()
    controls = {
        "yardstick": Select(
            "Yardstick", {stick.title: key for key, stick in sticks.items()}, "imports"
        ),
        "until": Select(
            "Years",
            {
                "all that the tables have": ALL,
                "only up to June 2020, when the report appeared": "report",
            },
            ALL,
        ),
        "others": Switch("Also show Western and international partners", default=True),
    }
    title = "Moscow to Beijing, on which yardstick?"
    return Explorer(title, sticks, controls, _draw_stick, _describe_stick)


def measured() -> dict[str, Yardstick]:
    """Return all yardsticks, by key."""
    return {
        "imports": _trade("import", "Trade: what Serbia buys"),
        "exports": _trade("export", "Trade: what Serbia sells"),
        "inflow": _inflow(),
        "total": _total(),
        "loans": _loans(),
        "debt": _debt(),
        "arms": _arms(),
        "meetings": _meetings(),
        "donor": _polls("perceived_largest_donor"),
        "friend": _polls("best_friend"),
        "warmth": _polls("influence_positive"),
        "leader": _polls("leader_rating"),
        "headlines": _headlines(),
        "airtime": _airtime(),
        "vaccines": _vaccines(),
    }


def _rows(rows: list[tuple]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(rows, columns=["period", "label", "side", "name", "value", "panel"])


def _side(name: str) -> str:
    return {"Vladimir Putin": RUSSIA, "Xi Jinping": CHINA}.get(
        name, name if name in (RUSSIA, CHINA) else "other"
    )


def _trade(flow: str, title: str) -> Yardstick:
    table = data.load("trade_partners")
    table = table[(table["flow"] == flow) & table["partner"].isin([RUSSIA, CHINA, "Germany"])]
    rows = [
        (row.year, str(row.year), _side(row.partner), row.partner, row.share_pct, "")
        for row in table.sort_values(["year", "partner"]).itertuples()
    ]
    caveat = "Only the five largest partners of a year are listed, and 2020 is missing."
    if flow == "export":
        caveat += " China is never one of the five buyers; that is not zero."
    unit = f"share of Serbia's {flow}s of goods, %"
    return Yardstick(title, unit, _rows(rows), "lines", 1, caveat)


def _inflow() -> Yardstick:
    table = data.load("fdi_by_origin")
    table = table[(table["measure"] == "gross_inflow") & table["value_eur_million"].notna()]
    table = table[(table["period_end"] - table["period_start"]).dt.days > 360]
    table = table[table["origin"].isin([RUSSIA, CHINA, "European Union"])]
    rows = [
        (
            each.period_start.year,
            str(each.period_start.year),
            _side(each.origin),
            each.origin,
            each.value_eur_million,
            "",
        )
        for each in table.sort_values(["period_start", "origin"]).itertuples()
    ]
    caveat = "No amount for the EU in 2020 was found, and none before 2020 for Russia or China."
    title = "Investment: what came in each year"
    unit = "direct investment in the year, million euros"
    return Yardstick(title, unit, _rows(rows), "lines", 0, caveat)


def _total() -> Yardstick:
    """Return inflows added up since 2010, rolled back from the total of mid-2022."""
    table = data.load("fdi_by_origin")
    totals = table[
        (table["measure"] == "cumulative_inflow") & (table["period_end"] == "2022-06-30")
    ]
    flows = table[(table["measure"] == "gross_inflow") & table["value_eur_million"].notna()]
    steps = [
        ("2022-01-01", "2022-06-30", 2022.0, "end of 2021"),
        ("2021-01-01", "2021-12-31", 2021.0, "end of 2020"),
        ("2020-01-01", "2020-12-31", 2020.0, "end of 2019"),
    ]
    rows = []
    for origin in (RUSSIA, CHINA, "European Union"):
        total = float(totals.loc[totals["origin"] == origin, "value_eur_million"].iloc[0])
        rows.append((2022.5, "middle of 2022", _side(origin), origin, total, ""))
        for start, end, period, label in steps:
            flow = flows[(flows["period_start"] == start) & (flows["period_end"] == end)]
            flow = flow[flow["origin"] == origin]["value_eur_million"]
            if flow.empty:
                break
            total = total_before(total, flow)
            rows.append((period, label, _side(origin), origin, total, ""))
    frame = _rows(rows).sort_values("period", kind="stable").reset_index(drop=True)
    caveat = (
        "We worked the earlier totals back from that of 2022, which assumes one way of counting; "
        "China is counted with Hong Kong, Macao and Taiwan."
    )
    title = "Investment: added up since 2010"
    unit = "direct investment since 2010, million euros"
    return Yardstick(title, unit, frame, "lines", 0, caveat)


def _loans() -> Yardstick:
    rows = []
    words = {"USD": "millions of US dollars", "EUR": "millions of euros"}
    for lender in (RUSSIA, CHINA):
        for row in listed_loans(lender).itertuples():
            when = row.date.year + (row.date.day_of_year - 1) / 365
            for amount in dict.fromkeys((row.low, row.high)):
                rows.append((when, row.project, lender, lender, amount, words[row.currency]))
    caveat = "The list is not complete; a line joins two amounts that pages give for one loan."
    title = "Loans: one by one, as they were agreed"
    return Yardstick(title, "size of the loan", _rows(rows), "spans", 0, caveat)


def _debt() -> Yardstick:
    table = data.load("lenders_and_investors")
    table = table[(table["kind"] == "public_debt") & (table["date"] == "2023-09-01")]
    table = table[table["actor_type"] != "group"]
    rows = [
        (
            2023.7,
            "September 2023",
            CHINA if "China" in row.actor else "other",
            row.actor,
            row.value_billion,
            "",
        )
        for row in table.sort_values(["value_billion", "actor"]).iloc[::-1].itertuples()
    ]
    caveat = (
        "No page gave Russia's part or one Western government's, so this shows no Russian lead or "
        "loss; holders of bonds are left out, because the page does not say who they are."
    )
    title = "Loans: what the state still owes"
    unit = "public debt owed in September 2023, billion euros"
    return Yardstick(title, unit, _rows(rows), "bars", 2, caveat)


def _arms() -> Yardstick:
    table = data.load("arms_deliveries_yearly")
    table = table[table["year"] >= 2010]
    named = {supplier: WESTERN_ARMS for supplier in NATO_OR_EU} | {RUSSIA: RUSSIA, CHINA: CHINA}
    sums = table.assign(name=table["supplier"].map(named)).groupby(["year", "name"])["tiv_million"]
    sums = sums.sum().to_dict()
    rows = [
        (year, str(year), _side(name), name, sums.get((year, name), 0.0), "")
        for year in range(2010, 2025)
        for name in (RUSSIA, CHINA, WESTERN_ARMS)
    ]
    caveat = (
        "TIV is military worth, not money; gifts count, and orders spread over years are split "
        "evenly. Belarus and Montenegro (before it joined NATO) are left out."
    )
    title = "Arms: what was delivered"
    return Yardstick(title, "arms delivered, million TIV", _rows(rows), "lines", 0, caveat)


def _meetings() -> Yardstick:
    table = data.load("leader_meetings")
    table = table[(table["mode"] == "in_person") & (table["date"].dt.year >= MEETINGS_SINCE)]
    counts = table.groupby([table["date"].dt.year, "leader"]).size().to_dict()
    rows = [
        (year, str(year), _side(leader), leader, counts.get((year, leader), 0), "")
        for year in range(MEETINGS_SINCE, table["date"].dt.year.max() + 1)
        for leader in ("Vladimir Putin", "Xi Jinping")
    ]
    claimed = table.dropna(subset="running_number_claimed").sort_values(["date", "leader"])
    claimed = claimed.groupby("leader").last()
    told = " and ".join(
        f"{row.running_number_claimed} with {leader} by {row.date.year}"
        for leader, row in claimed.iterrows()
    )
    caveat = (
        f"These are the meetings we found, without those before {MEETINGS_SINCE}, most of which we "
        f"did not find; sources count {told}. Pandemic and war made meetings rarer. No table has "
        "Western leaders."
    )
    title = "Meetings of the leaders"
    return Yardstick(title, "meetings in person found", _rows(rows), "lines", 0, caveat)


_POLLS = {
    "perceived_largest_donor": (
        "Polls: who gave most?",
        "thought to be the largest donor, % of those asked",
        {RUSSIA: RUSSIA, CHINA: CHINA, "European Union": "European Union"},
    ),
    "best_friend": (
        "Polls: best friend or main ally",
        "named as best friend or main ally, %",
        {RUSSIA: RUSSIA, CHINA: CHINA},
    ),
    "influence_positive": (
        "Polls: good influence (to 2021) or trust (2025)",
        "see a good influence, or trust, %",
        {RUSSIA: RUSSIA, CHINA: CHINA, "European Union": "European Union"},
    ),
    "leader_rating": (
        "Polls: which foreign leader?",
        "like, trust or prefer the leader, %",
        {
            "Vladimir Putin": "Vladimir Putin",
            "Xi Jinping": "Xi Jinping",
            "Angela Merkel": "Angela Merkel",
        },
    ),
}


def _polls(topic: str) -> Yardstick:
    title, unit, names = _POLLS[topic]
    alike = {"best_friend": "most_important_ally", "influence_positive": "trust"}
    topics = [topic, alike.get(topic, topic)]
    table = data.load("opinion_polls")
    table = table[table["topic"].isin(topics) & table["answer"].isin(list(names))]
    middle = table["fieldwork_start"] + (table["fieldwork_end"] - table["fieldwork_start"]) / 2
    rows = [
        (
            date.year + (date.day_of_year - 1) / 365,
            _poll_date(row),
            _side(row.answer),
            row.answer,
            row.share_pct,
            "",
        )
        for date, row in zip(middle, table.itertuples(), strict=True)
    ]
    frame = _rows(rows).sort_values(["period", "label", "name", "value"], ignore_index=True)
    caveat = "Pollsters and questions differ, so points are not joined: this is no trend."
    if topic == "best_friend":
        caveat += " No table has a large Western country's share."
    return Yardstick(title, unit, frame, "points", 0, caveat)


def _poll_date(row: Any) -> str:
    start = row.fieldwork_start
    return str(start.year) if row.fieldwork_precision == "year" else f"{start:%B %Y}"


def _headlines() -> Yardstick:
    table = data.load("headline_mentions")
    names = ["Vladimir Putin", "Xi Jinping", "Donald Trump", "Emmanuel Macron"]
    table = table[table["actor"].isin(names) & (table["count_rule"] == "strict")]
    rows = [
        (
            2025.5 + 0.01 * (row.outlet == "RTS"),
            "October 2024 to January 2026",
            _side(row.actor),
            row.actor,
            row.mentions,
            f"{row.outlet}: {row.unit}",
        )
        for row in table.sort_values(["period_start", "outlet", "actor"]).itertuples()
    ]
    caveat = (
        "October 2024 (N1: November) to January 2026. RTS is the public broadcaster, N1 a private "
        "channel; their units differ, and to be named is not to be praised."
    )
    title = "Headlines: who is named"
    return Yardstick(title, "mentions", _rows(rows), "bars", 0, caveat)


def _airtime() -> Yardstick:
    table = data.load("media_attention")
    table = table[(table["study_id"] == "BIRODI2021") & (table["unit"] == "seconds")]
    table = table[table["tone"] == "all"]
    label = "December 2020 to November 2021"
    rows = [
        (2021.4, label, _side(row.actor), row.actor, row.value / 3600, "")
        for row in table.sort_values("actor", kind="stable").itertuples()
    ]
    caveat = f"Five national channels, {label}; officials and embassies. Tone differs: lesson 09."
    title = "Television: time on the news"
    return Yardstick(title, "hours on five national newscasts", _rows(rows), "bars", 1, caveat)


def _vaccines() -> Yardstick:
    table = data.load("vaccine_deliveries")
    table = table[(table["record_type"] == "cumulative") & (table["date"] == "2021-02-05")]
    rows = [
        (
            2021.1,
            "5 February 2021",
            _side(row.maker_country),
            f"{row.maker} ({row.maker_country})",
            row.doses / 1000,
            "",
        )
        for row in table.sort_values("maker", kind="stable").itertuples()
    ]
    caveat = (
        "One early day, as one agency told it; Pfizer/BioNTech had more than the number shown. "
        "Bought and given doses are not told apart."
    )
    title = "Vaccines: the first weeks"
    unit = "thousand doses received by 5 February 2021"
    return Yardstick(title, unit, _rows(rows), "bars", 0, caveat)


def _report_at(rows: pd.DataFrame) -> float:
    """Return June 2020 on the axis of `rows`: whole years are drawn at their middle."""
    return REPORT_YEAR if rows["period"].dtype.kind == "i" else REPORT_YEAR + 0.45


def _shown(stick: Yardstick, until: str, others: bool) -> pd.DataFrame:
    rows = stick.rows
    if until != ALL:
        # A value for the whole of 2020, or a later one, could not be known in June 2020.
        rows = rows[rows["period"] < _report_at(rows)]
    if not others:
        rows = rows[rows["side"] != "other"]
    if rows.empty:
        raise NothingToShow(
            "The tables have nothing on this yardstick from before the report. A reader in June "
            "2020 would have had to look elsewhere."
        )
    return rows


def _draw_stick(sticks: Any, yardstick: str, until: str, others: bool) -> Figure:
    stick = sticks[yardstick]
    rows = _shown(stick, until, others)
    if stick.kind == "bars":
        return _draw_bars(stick, rows)
    panels = list(dict.fromkeys(rows["panel"]))
    fig, axes = figures.new(2.7 * len(panels) + 1.1, rows=len(panels), squeeze=False, sharex=True)
    for ax, panel in zip(axes[:, 0], panels, strict=True):
        _draw_over_time(ax, stick, rows[rows["panel"] == panel])
        ax.set_ylabel(textwrap.fill(panel or stick.unit, 30))
        ax.set_ylim(0, 1.12 * max(rows.loc[rows["panel"] == panel, "value"].max(), 1))
        ax.yaxis.get_major_locator().set_params(integer=True)
    axes[0, 0].set_title(stick.title)
    first, last = rows["period"].min(), rows["period"].max()
    margin = max(0.5, 0.04 * (last - first))
    axes[-1, 0].set_xlim(first - margin, last + margin)
    axes[-1, 0].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    if yardstick == "total":
        ticks = rows.drop_duplicates("period")
        labels = [textwrap.fill(label, 7) for label in ticks["label"]]
        axes[-1, 0].set_xticks(ticks["period"], labels)
    marks: dict[str, Any] = {}
    for ax in axes[:, 0]:
        marks |= {text: mark for mark, text in zip(*ax.get_legend_handles_labels(), strict=True)}
    fig.legend(marks.values(), marks.keys(), loc="outside lower left", ncols=3)
    return fig


def _draw_over_time(ax: Any, stick: Yardstick, rows: pd.DataFrame) -> None:
    for name in dict.fromkeys(rows["name"]):
        line = rows[rows["name"] == name]
        look = _look(name)
        if stick.kind == "lines":
            years = range(int(line["period"].min()), int(line["period"].max()) + 1)
            gaps = line.set_index("period")["value"]
            if stick.unit.startswith("share"):  # leave missing years open
                gaps = gaps.reindex([float(year) for year in years])
            ax.plot(gaps.index, gaps, label=name, **look)
        elif stick.kind == "points":
            hollow = {"linestyle": "none", "markerfacecolor": "none", "markeredgewidth": 2}
            ax.plot(line["period"], line["value"], label=name, **hollow, **look)
        else:
            for number, (_, loan) in enumerate(line.groupby("label", sort=False)):
                label = name if number == 0 else None
                ax.plot(loan["period"], loan["value"], label=label, **look)
    if stick.kind == "lines":
        _shade_leads(ax, rows)
    if rows["period"].min() < _report_at(rows) < rows["period"].max():
        mark = {"color": figures.GREY, "linestyle": ":", "linewidth": 1.4, "zorder": 0}
        ax.axvline(_report_at(rows), label="the report (June 2020)", **mark)


def _look(name: str) -> dict[str, Any]:
    """Return colour and marker of a country, a leader of it, or a maker from it."""
    known = {
        "Vladimir Putin": RUSSIA,
        "Xi Jinping": CHINA,
        "Angela Merkel": "Germany",
        "Donald Trump": "United States",
        WESTERN_ARMS: "European Union",
        "China Eximbank": CHINA,
    }
    actor = known.get(name, name)
    if "(" in name:
        actor = name[name.index("(") + 1 : -1]
    front = 3 if actor in (RUSSIA, CHINA) else 2
    return {"color": figures.colour(actor), "marker": figures.marker(actor), "zorder": front}


def _shade_leads(ax: Any, rows: pd.DataFrame) -> None:
    """Shade the periods in which China is ahead of Russia."""
    stands = standing(rows)
    periods = list(stands)
    label = "China ahead of Russia"
    for number, period in enumerate(periods):
        before = periods[number - 1] if number else period - 1
        after = periods[number + 1] if number + 1 < len(periods) else period + 1
        if stands[period] > 0:
            start = max((before + period) / 2, period - 0.5)
            end = min((period + after) / 2, period + 0.5)
            ax.axvspan(start, end, facecolor="#ececec", linewidth=0, zorder=-1, label=label)
            label = None


def standing(rows: pd.DataFrame) -> dict[Any, int]:
    """Return for each period with both: 1 where China is ahead of Russia, -1 behind, 0 level."""
    sides = {
        side: rows[rows["side"] == side].groupby("period")["value"].max().to_dict()
        for side in (CHINA, RUSSIA)
    }
    return leads(sides[CHINA], sides[RUSSIA])


def _draw_bars(stick: Yardstick, rows: pd.DataFrame) -> Figure:
    panels = list(dict.fromkeys(rows["panel"]))
    sizes = [len(rows[rows["panel"] == panel]) + 1.2 for panel in panels]
    fig, axes = figures.new(
        0.5 * sum(sizes) + 0.6, rows=len(panels), squeeze=False, height_ratios=sizes
    )
    for ax, panel in zip(axes[:, 0], panels, strict=True):
        group = _largest_first(rows[rows["panel"] == panel])
        names = [textwrap.fill(name, 26) for name in group["name"]]
        shades = [_look(name)["color"] for name in group["name"]]
        bars = ax.barh(names, group["value"], color=shades, height=0.6)
        ax.bar_label(bars, [stick.value(value) for value in group["value"]], padding=4)
        ax.invert_yaxis()
        ax.margins(x=0.14)
        ax.tick_params(axis="y", length=0)
        ax.set_xlabel(panel or stick.unit)
    axes[0, 0].set_title(stick.title)
    return fig


def _largest_first(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["value", "name"], ascending=[False, True])


def _describe_stick(sticks: Any, yardstick: str, until: str, others: bool) -> str:
    stick = sticks[yardstick]
    rows = _shown(stick, until, others)
    if stick.kind == "spans":
        said = _say_loans(rows)
    elif stick.kind == "bars":
        said = _say_bars(stick, rows)
    else:
        said = _say_over_time(stick, rows)
    return f"{stick.title} ({stick.unit}). {said} {stick.caveat}"


def _say_over_time(stick: Yardstick, rows: pd.DataFrame) -> str:
    periods = sorted(standing(rows))
    periods = periods or sorted(rows["period"])
    said = []
    for period in dict.fromkeys((periods[0], periods[-1])):
        group = rows[rows["period"] == period]
        said.append(f"{group['label'].iloc[0]}: {_values(stick, group)}")
    return f"{'; '.join(said)}. {_say_lead(rows)}"


def _values(stick: Yardstick, group: pd.DataFrame) -> str:
    """Return each name with its value, largest first; "45 or 40" where two reports disagree."""
    ordered = _largest_first(group)
    told: dict[str, list[str]] = {}
    for name, value in zip(ordered["name"], ordered["value"], strict=True):
        told.setdefault(name, []).append(stick.value(value))
    return ", ".join(f"{name} {' or '.join(dict.fromkeys(each))}" for name, each in told.items())


def _say_lead(rows: pd.DataFrame) -> str:
    stands = standing(rows)
    if not stands:
        return "Russia and China never stand here together, so nobody can be said to pass."
    labels = rows.drop_duplicates("period").set_index("period")["label"]
    ahead = [labels[period] for period, sign in stands.items() if sign > 0]
    if len(stands) == 1:
        (only,) = stands.values()
        first = {1: CHINA, -1: RUSSIA, 0: "neither"}[only]
        return f"At the one point that has both, {first} is ahead."
    if not ahead:
        return f"China is ahead of Russia at none of the {len(stands)} points that have both."
    if len(ahead) == len(stands):
        return f"China is ahead of Russia at all {len(stands)} points that have both."
    return (
        f"China is ahead of Russia at {len(ahead)} of the {len(stands)} points that have both: "
        f"{', '.join(ahead)}."
    )


def _say_bars(stick: Yardstick, rows: pd.DataFrame) -> str:
    said = []
    for panel, group in rows.groupby("panel", sort=False):
        values = _values(stick, group)
        said.append(f"{panel}: {values}" if panel else values)
    return f"{'; '.join(said)}."


def _say_loans(rows: pd.DataFrame) -> str:
    said = []
    for lender in (CHINA, RUSSIA):
        loans = rows[rows["side"] == lender]
        if len(loans):
            largest = loans.loc[loans["value"].idxmax()]
            said.append(
                f"{lender}: {loans['label'].nunique()} loans "
                f"from {loans['period'].min() // 1:.0f} to "
                f"{loans['period'].max() // 1:.0f}, the largest up to {largest['value']:,.0f} "
                f"{largest['panel'].replace('millions of', 'million')}"
            )
    return f"{'; '.join(said)}."


def standings() -> pd.DataFrame:
    """Return one row a yardstick: first and last period with both, and who is ahead in each.

    A period in which both have nothing is passed over. `largest_of_all` is the largest at the last
    period with Western and international partners, empty where the tables have none of them. The
    rest is empty where the two never stand together.
    """
    import pandas as pd

    found = []
    for stick in measured().values():
        rows = stick.rows
        stands = standing(rows) if stick.kind != "spans" else {}
        labels = rows.drop_duplicates("period").set_index("period")["label"]
        names = {1: CHINA, -1: RUSSIA, 0: "level"}
        either = rows[rows["side"] != "other"].groupby("period")["value"].max()
        periods = [period for period in stands if either[period] > 0]
        last = rows[rows["period"] == (periods[-1] if periods else rows["period"].max())]
        best = " and ".join(last.loc[last["value"] == last["value"].max(), "name"])
        has_others = stick.kind != "spans" and (last["side"] == "other").any()
        found.append(
            {
                "yardstick": stick.title,
                "first": labels[periods[0]] if periods else None,
                "ahead_then": names[stands[periods[0]]] if periods else None,
                "last": labels[periods[-1]] if periods else None,
                "ahead_last": names[stands[periods[-1]]] if periods else None,
                "largest_of_all": best if has_others else None,
            }
        )
    return pd.DataFrame(found)
