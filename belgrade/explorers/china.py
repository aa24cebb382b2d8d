"""Explorer of lesson 07: sums of Chinese money by register."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.evidence.china import INVESTMENT, LOANS, registers, reported
from belgrade.explorers.explorer import Control, Explorer, NothingToShow, Select, Switch
from belgrade.explorers.kit import WHITE_BOX, annotate, handle, label_rows, legend, panels
from belgrade.methods.flows import rate_that_equates

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ALL = "all"
REPORT_YEAR = 2020
# Sum -> what it is called, the figure of the report, and what the report puts before the number.
SUMS = {
    INVESTMENT: ("direct investment", "F061", ""),
    LOANS: ("loans and projects", "F062", "over "),
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
CURRENCIES = {"USD": "US dollars", "EUR": "euros", "USD_2021": "US dollars at prices of 2021"}
UNTIL = {"2019": (0, 2019), "2021": (2020, 2021), "2023": (2022, 2023), ALL: (0, 9999)}


def four_billion() -> Explorer:
    """Return the explorer that holds the report's two Chinese sums against every register."""
    sums = {"4 billion of direct investment": INVESTMENT, "over 5 billion of loans": LOANS}
    counted = {"everything": ALL} | {label: stage for stage, (label, _, _) in STAGES.items()}
    until = {"2019 or earlier": "2019", "2020 or 2021": "2021", "2022 or 2023": "2023"}
    currencies = {"each figure in its own": ALL, "US dollars": "USD", "euros": "EUR"}
    controls: dict[str, Control] = {
        "sum_of": Select("Sum of the report", sums, INVESTMENT),
        "stage": Select("What is counted", counted, ALL),
        "until": Select("Figures that run to", until | {"any date": ALL}, "2019"),
        "currency": Select("Currency", currencies, ALL),
        "kostolac": Switch(
            "Count the Kostolac B power plant (2014) as building work, not investment"
        ),
    }
    return Explorer("Four billion of what?", registers(), controls, _view)


def _view(rows: Any, sum_of: str, **choices: Any) -> tuple[Figure, str]:
    report = reported(rows, sum_of)
    chosen, other = _filter(rows[rows["sum"] == sum_of], sum_of, **choices)
    return _draw(chosen, sum_of, report), _describe(chosen, other, sum_of, report)


def _filter(
    rows: pd.DataFrame, sum_of: str, stage: str, until: str, currency: str, kostolac: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows to draw, and those left out only because they are in another currency."""
    chosen = rows[rows["year"].between(*UNTIL[until])]
    chosen = chosen[chosen["kostolac"].isna() | (chosen["kostolac"] == kostolac)]
    if stage != ALL:
        chosen = chosen[chosen["stage"] == stage]
    wanted = chosen["currency"].isin([currency] if currency != ALL else CURRENCIES)
    chosen, other = chosen[wanted], chosen[~wanted]
    if chosen.empty:
        reason = _why_unconverted(other, currency) if len(other) else _why_empty(sum_of, stage)
        raise NothingToShow(reason)
    return chosen, other


def _units(rows: pd.DataFrame) -> str:
    return " and ".join(CURRENCIES[each] for each in dict.fromkeys(rows["currency"]))


def _why_unconverted(rows: pd.DataFrame, currency: str) -> str:
    one = len(rows) == 1
    amount = f"one figure that fits is in {_units(rows)}."
    if not one:
        amount = f"figures that fit are in {_units(rows)} (there are {len(rows)})."
    return (
        f"The {amount} To show {'it' if one else 'them'} in {CURRENCIES[currency]} we would need "
        f"{'an exchange rate' if one else 'exchange rates'}, and for old prices a price index; the "
        "tables hold none."
    )


def _why_empty(sum_of: str, stage: str) -> str:
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


def _draw(rows: pd.DataFrame, sum_of: str, report: float) -> Figure:
    groups = {name: rows[rows["currency"] == name] for name in CURRENCIES}
    groups = {name: group for name, group in groups.items() if len(group)}
    numbers = [len(group) for group in groups.values()]
    sizes = [0.44 * number + 0.6 for number in numbers]
    fig, parts = panels(groups, 1.2, sizes, height_ratios=numbers)
    line = {"color": figures.INK, "linestyle": "--", "linewidth": 1.2}
    for ax, currency, group in parts:
        _bars(ax, group)
        ax.set_xlabel(f"billion {CURRENCIES[currency]}")
        ax.set_xlim(0, 1.16 * max(rows["high"].max(), report))
        if currency == "USD":
            ax.axvline(report, zorder=0, **line)
    title = f"Chinese {SUMS[sum_of][0]} in Serbia, by who counts what"
    fig.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    _legend(fig, rows, [handle("the report's sum", **line)] if "USD" in groups else [])
    return fig


def _bar_style(stage: str) -> dict[str, Any]:
    _, hatch, filled = STAGES[stage]
    shade = figures.colour("China")
    return {"facecolor": shade if filled else "white", "edgecolor": shade, "hatch": hatch}


def _bars(ax: Any, group: pd.DataFrame) -> None:
    for place, row in enumerate(group.itertuples()):
        ax.barh(place, row.low, height=0.6, linewidth=1.4, **_bar_style(row.stage))
        if row.high > row.low:
            reach = {"color": figures.colour("China"), "marker": "|", "markersize": 9}
            ax.plot([row.low, row.high], [place, place], **reach)
        annotate(ax, (row.high, place), _amount(row), bbox=WHITE_BOX | {"pad": 1.5})
    label_rows(ax, [f"{row.register}\n{row.what}" for row in group.itertuples()], fontsize=9)


def _legend(fig: Figure, rows: pd.DataFrame, extra: list[Any]) -> None:
    from matplotlib.patches import Patch

    stages = [stage for stage in STAGES if stage in set(rows["stage"])]
    handles = [Patch(label=STAGES[stage][0], **_bar_style(stage)) for stage in stages]
    legend(fig, handles + extra, ncols=2, fontsize=9)


def _amount(row: Any) -> str:
    close = row.high - row.low < 0.005
    value = f"{row.low:.3g}" if close else f"{row.low:.2f} to {row.high:.2f}"
    return SUMS[row.sum][2] + value if row.register == "The report" else value


def _describe(rows: pd.DataFrame, excluded: pd.DataFrame, sum_of: str, report: float) -> str:
    name, figure, over = SUMS[sum_of]
    others = rows[rows["register"] != "The report"]
    parts = [
        f"{label}: {', '.join(map(_spoken_amount, others[others['stage'] == stage].itertuples()))}"
        for stage, (label, _, _) in STAGES.items()
        if stage in set(others["stage"])
    ]
    listed = f"Here in billions, {'; '.join(parts)}." if parts else "Nothing else fits."
    sentence = f"The report: {over}USD {report:g} billion of {name} ({figure}). {listed}"
    return sentence + _describe_rate(rows, excluded, report)


def _spoken_amount(row: Any) -> str:
    unit = "USD of 2021" if row.currency == "USD_2021" else row.currency
    return f"{unit} {_amount(row)} ({row.year})"


def _describe_rate(rows: pd.DataFrame, other: pd.DataFrame, report: float) -> str:
    """Return the sentence on currencies: which rate would make a euro figure the report's sum."""
    if len(other):
        units = _units(other)
        note = f"1 figure in {units} is" if len(other) == 1 else f"{len(other)} in {units} are"
        return f" {note} left out: to convert needs rates or prices that the tables lack."
    paid = rows[(rows["currency"] == "EUR") & (rows["stage"] == "paid_in")]
    paid = paid[paid["year"] < REPORT_YEAR]
    if len(paid):
        euros = paid["low"].iloc[-1]
        return (
            f" EUR {euros:.3g} billion would equal the report's sum at "
            f"{rate_that_equates(report, euros):.2f} dollars to the euro; no table states a rate."
        )
    if (rows["currency"] != "USD").any():
        return " Compare inside one currency only: the tables hold no exchange rate."
    return ""
