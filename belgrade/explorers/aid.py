"""Explorers of lesson 01: aid measured against size and need, and who received it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.display import count, spoken_date
from belgrade.evidence.aid import LANDED, aid_rates, aid_tables, receptions
from belgrade.explorers.explorer import Explorer, NothingToShow, Select
from belgrade.explorers.kit import bars, date_axis, handle, hollow, label_rows, legend, spoken_span

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Aid per what? ---------------------------------------------------------------------------

# What is counted -> how the list says it, and the picture.
COUNTED = {
    "planes": ("planes (14 to Italy, as in the report)", "Russian planes"),
    "planes, final": ("planes (15 to Italy, the final number)", "Russian planes"),
    "personnel": ("people sent", "Russian specialists"),
}
# What to divide by -> how the list says it, and the picture.
BASES = {
    "nothing": ("nothing", ""),
    "people": ("million people (Serbia without Kosovo)", " per million people"),
    "people with Kosovo": (
        "million people (Serbia with Kosovo)",
        " per million people, Serbia counted with Kosovo",
    ),
    LANDED: (
        "1,000 confirmed cases, on the day each airlift ended",
        " per 1,000 confirmed cases",
    ),
    "2020-03-25": (
        "1,000 confirmed cases, on 25 March 2020 for both",
        " per 1,000 confirmed cases of 25 March",
    ),
    "2020-04-30": (
        "1,000 confirmed cases, on 30 April 2020 for both",
        " per 1,000 confirmed cases of 30 April",
    ),
}


def aid_per_what() -> Explorer:
    """Return the explorer that divides Russian aid to Serbia and Italy by size or by need."""
    counted = {label: name for name, (label, _) in COUNTED.items()}
    bases = {label: base for base, (label, _) in BASES.items()}
    controls = {
        "counted": Select("Count", counted, "planes"),
        "base": Select("Divide by", bases, "nothing"),
    }
    return Explorer("Aid per what?", aid_tables(), controls, _aid_view)


def _aid_view(tables: Any, counted: str, base: str) -> tuple[Figure, str]:
    rates = aid_rates(tables, counted, base)
    quantity = COUNTED[counted][1]
    unit = f"{quantity}{BASES[base][1]}"
    fig, ax = figures.new(2.6)
    bars(ax, rates["rate"], map(_number, rates["rate"]))
    ax.margins(x=0.12)
    ax.set_xlim(left=0)
    ax.set(xlabel=unit, title=f"{quantity} to Serbia and to Italy, spring 2020")
    return fig, f"{unit}: {_describe_rates(rates)}{_cases_text(rates) if 'cases' in unit else ''}"


def _number(value: float) -> str:
    """Return three significant digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:#.3g}"


def _describe_rates(rates: pd.DataFrame) -> str:
    serbia, italy = rates.loc["Serbia", "rate"], rates.loc["Italy", "rate"]
    more, ratio = ("Italy", italy / serbia) if serbia < italy else ("Serbia", serbia / italy)
    listed = f"{_number(serbia)} to Serbia, {_number(italy)} to Italy"
    return f"{listed}; {more} received {ratio:.1f} times as many."


def _cases_text(rates: pd.DataFrame) -> str:
    cases = " and ".join(
        f"{row.size * 1000:,.0f} in {row.Index} ({spoken_date(row.date)})"
        for row in rates[["size", "date"]].itertuples()
    )
    return f" Cases on the dates chosen: {cases}."


# --- Who came to the airport? ----------------------------------------------------------------

# Host -> how the legend says it, and the marker.
HOSTS = {
    "president": ("the president", "o"),
    "prime_minister": ("the prime minister", "s"),
    "minister": ("a minister", "^"),
    "official": ("an official", "v"),
    "by_phone": ("the president, by phone", "d"),
}
ALL = "all"
OCCASIONS = {
    "every occasion": ALL,
    "arrivals at an airport": "airport",
    "hand-overs": "hand_over",
    "meetings and ceremonies": "meeting",
    "phone calls": "phone",
}
MENTION = {"mentioned or not": ALL, "only those mentioned": "yes", "only those not mentioned": "no"}


def airport() -> Explorer:
    """Return the explorer that shows who received aid for Serbia, donor by donor, on a timeline."""
    rows = receptions()
    rows["occasion"] = rows["occasion"].replace("ceremony", "meeting")
    donors = {"all donors": ALL} | {donor: donor for donor in dict.fromkeys(rows["donor"])}
    controls = {
        "donor": Select("Donor", donors, ALL),
        "occasion": Select("Occasion", OCCASIONS, ALL),
        "told": Select("In the report", MENTION, ALL),
    }
    return Explorer("Who came to the airport?", rows, controls, _airport_view)


def _airport_view(rows: Any, donor: str, occasion: str, told: str) -> tuple[Figure, str]:
    order = list(dict.fromkeys(rows["donor"]))
    for column, wanted in {"donor": donor, "occasion": occasion, "in_report": told}.items():
        rows = rows[rows[column] == wanted] if wanted != ALL else rows
    if rows.empty:
        raise NothingToShow("No reception in the table fits these choices. Widen one of them.")
    donors = [name for name in order if name in set(rows["donor"])]
    return _draw_airport(rows, donors), _describe_airport(rows)


def _draw_airport(rows: pd.DataFrame, donors: list[str]) -> Figure:
    fig, ax = figures.new(1.9 + 0.42 * len(donors))
    for name, group in rows.groupby("donor"):
        shade = figures.colour(name)
        crowded = group["date"].diff().dt.days.lt(4)  # would hide the mark before it
        for row, lift in zip(group.itertuples(), 0.24 * crowded, strict=True):
            style = hollow(shade, shade if row.in_report == "yes" else "white")
            place = row.date, donors.index(name) - lift
            ax.plot(*place, marker=HOSTS[row.host][1], markersize=10, **style)
    label_rows(ax, [textwrap.fill(name, 20) for name in donors])
    date_axis(ax, "2020-03-14", "2020-05-22", weeks=2)
    ax.grid(axis="y")
    ax.set_title("Receptions of aid for Serbia that we found, spring 2020")
    grey = hollow(figures.GREY, figures.GREY) | {"markersize": 8}
    hosts = [look for host, look in HOSTS.items() if host in set(rows["host"])]
    handles = [handle(label, marker=shape, **grey) for label, shape in hosts]
    handles.append(handle("filled: in the report", marker="h", **grey))
    handles.append(handle("hollow: not in it", marker="h", **grey | {"markerfacecolor": "white"}))
    legend(fig, handles, ncols=4, handletextpad=0.2, fontsize=9)
    return fig


def _describe_airport(rows: pd.DataFrame) -> str:
    present = rows[rows["president_present"] == "yes"]
    beginning = f"{count(len(rows), 'reception')} {spoken_span(rows['date'])} 2020"
    if present.empty:
        return f"{beginning}; the president was there in person at none."
    by_donor = present["donor"].value_counts(sort=False)
    listed = ", ".join(f"{donor} {number}" for donor, number in by_donor.items())
    mentioned = (present["in_report"] == "yes").sum()
    return (
        f"{beginning}; the president was there in person at {len(present)} ({listed}), "
        f"of which the report mentions {mentioned or 'none'}."
    )
