"""Explorers of lesson 01: aid measured against size and need, and who received it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.display import spoken_date
from belgrade.explorers.explorer import Explorer, NothingToShow, Select

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Aid per what? ---------------------------------------------------------------------------

RECIPIENTS = ("Serbia", "Italy")
COUNTED = {
    "planes": "Russian planes",
    "planes, final": "Russian planes",
    "personnel": "Russian specialists",
}
LANDED = "cases when the last plane landed"
# What to divide by -> how the rate is called.
BASES = {
    "nothing": "",
    "people": "per million people",
    "people with Kosovo": "per million people, Serbia counted with Kosovo",
    LANDED: "per 1,000 confirmed cases",
    "2020-03-25": "per 1,000 confirmed cases of 25 March",
    "2020-04-30": "per 1,000 confirmed cases of 30 April",
}


def aid_per_what() -> Explorer:
    """Return the explorer that divides Russian aid to Serbia and Italy by size or by need."""
    deliveries = data.load("aid_deliveries")
    tables = {
        "airlift": deliveries[deliveries["aid_id"].isin(["RU05", "IT01"])],
        "population": data.load("covid_population"),
        "cases": data.load("covid_daily"),
    }
    controls = {
        "counted": Select(
            "Count",
            {
                "planes (14 to Italy, as in the report)": "planes",
                "planes (15 to Italy, the final number)": "planes, final",
                "people sent": "personnel",
            },
            "planes",
        ),
        "base": Select(
            "Divide by",
            {
                "nothing": "nothing",
                "million people (Serbia without Kosovo)": "people",
                "million people (Serbia with Kosovo)": "people with Kosovo",
                "1,000 confirmed cases, on the day each airlift ended": LANDED,
                "1,000 confirmed cases, on 25 March 2020 for both": "2020-03-25",
                "1,000 confirmed cases, on 30 April 2020 for both": "2020-04-30",
            },
            "nothing",
        ),
    }
    return Explorer("Aid per what?", tables, controls, _draw_aid, _describe_aid)


def aid_rates(tables: dict[str, pd.DataFrame], counted: str, base: str) -> pd.DataFrame:
    """Return for Serbia and Italy: amount, size of the base, rate (amount over size), date.

    The size is 1 for "nothing", millions of people, or thousands of confirmed cases on the date.
    """
    import pandas as pd

    rows = []
    for recipient in RECIPIENTS:
        airlift = tables["airlift"][tables["airlift"]["recipient"] == recipient]
        # The main row of the airlift to Italy has its fifteenth plane; the report's row has 14.
        as_told = recipient == "Italy" and counted == "planes"
        chosen = airlift["in_report"] == "yes" if as_told else airlift["is_main_row"]
        flight = airlift[chosen].iloc[0]
        date = pd.Timestamp(base) if base.startswith("2020") else flight["date"]
        amount = int(flight[counted.removesuffix(", final")])
        size = _size(tables, recipient, base, date)
        rows.append((recipient, amount, size, amount / size, date))
    return pd.DataFrame(rows, columns=["recipient", "amount", "size", "rate", "date"]).set_index(
        "recipient"
    )


def _size(tables: dict[str, pd.DataFrame], recipient: str, base: str, date: pd.Timestamp) -> float:
    if base == "nothing":
        return 1
    if base.startswith("people"):
        people, chosen = tables["population"], "Our World in Data"
        if base == "people with Kosovo":
            chosen = "Johns Hopkins"
        found = people[(people["country"] == recipient) & (people["population_set"] == chosen)]
        return float(found["population"].iloc[0]) / 1_000_000
    cases = tables["cases"]
    found = cases[(cases["country"] == recipient) & (cases["date"] == date)]
    return float(found["cum_cases"].iloc[0]) / 1_000


def _draw_aid(tables: Any, counted: str, base: str) -> Figure:
    rates = aid_rates(tables, counted, base)
    fig, ax = figures.new(2.6)
    colours = [figures.colour(recipient) for recipient in rates.index]
    bars = ax.barh(rates.index, rates["rate"], color=colours, height=0.6)
    ax.bar_label(bars, [_number(rate) for rate in rates["rate"]], padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlim(left=0)
    ax.set_xlabel(f"{COUNTED[counted]} {BASES[base]}".strip())
    ax.set_title(f"{COUNTED[counted]} to Serbia and to Italy, spring 2020")
    ax.tick_params(axis="y", length=0)
    return fig


def _number(value: float) -> str:
    """Return three significant digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:#.3g}"


def _describe_aid(tables: Any, counted: str, base: str) -> str:
    rates = aid_rates(tables, counted, base)
    serbia, other = rates.loc["Serbia"], rates.loc["Italy"]
    unit = f"{COUNTED[counted]} {BASES[base]}".strip()
    more, ratio = ("Serbia", serbia["rate"] / other["rate"])
    if ratio < 1:
        more, ratio = "Italy", 1 / ratio
    compared = f"{more} received {ratio:.1f} times as many"
    when = ""
    if "cases" in BASES[base]:
        when = (
            f" Cases on the dates chosen: {serbia['size'] * 1000:,.0f} in Serbia "
            f"({spoken_date(serbia['date'])}) and {other['size'] * 1000:,.0f} in Italy "
            f"({spoken_date(other['date'])})."
        )
    return (
        f"{unit}: {_number(serbia['rate'])} to Serbia, {_number(other['rate'])} to Italy; "
        f"{compared}.{when}"
    )


# --- Who came to the airport? ----------------------------------------------------------------

HOSTS = {
    "president": ("the president", "o"),
    "prime_minister": ("the prime minister", "s"),
    "minister": ("a minister", "^"),
    "official": ("an official", "v"),
}
BY_PHONE = ("the president, by phone", "d")
ALL = "all"


def airport() -> Explorer:
    """Return the explorer that shows who received aid for Serbia, donor by donor, on a timeline."""
    receptions = data.load("aid_receptions").query("recipient == 'Serbia'")
    receptions = receptions.sort_values(["date", "aid_id"])
    donors = {"all donors": ALL} | {donor: donor for donor in dict.fromkeys(receptions["donor"])}
    controls = {
        "donor": Select("Donor", donors, ALL),
        "occasion": Select(
            "Occasion",
            {
                "every occasion": ALL,
                "arrivals at an airport": "airport",
                "hand-overs": "hand_over",
                "meetings and ceremonies": "meeting",
                "phone calls": "phone",
            },
            ALL,
        ),
        "told": Select(
            "In the report",
            {
                "mentioned or not": ALL,
                "only those mentioned": "yes",
                "only those not mentioned": "no",
            },
            ALL,
        ),
    }
    return Explorer(
        "Who came to the airport?", receptions, controls, _draw_airport, _describe_airport
    )


def _chosen(receptions: pd.DataFrame, donor: str, occasion: str, told: str) -> pd.DataFrame:
    found = receptions
    if donor != ALL:
        found = found[found["donor"] == donor]
    if occasion == "meeting":
        found = found[found["occasion"].isin(["meeting", "ceremony"])]
    elif occasion != ALL:
        found = found[found["occasion"] == occasion]
    if told != ALL:
        found = found[found["in_report"] == told]
    if found.empty:
        raise NothingToShow("No reception in the table fits these choices. Widen one of them.")
    return found


def _host(row: Any) -> tuple[str, str]:
    return BY_PHONE if row.president_present == "by_phone" else HOSTS[row.highest_host]


def _draw_airport(receptions: Any, donor: str, occasion: str, told: str) -> Figure:
    import matplotlib.dates as mdates
    import pandas as pd

    found = _chosen(receptions, donor, occasion, told)
    donors = [name for name in dict.fromkeys(receptions["donor"]) if name in set(found["donor"])]
    fig, ax = figures.new(1.9 + 0.42 * len(donors))
    for name, rows in found.groupby("donor"):
        shade = figures.colour(name)
        above = rows["date"].diff().dt.days.lt(4)
        for row, crowded in zip(rows.itertuples(), above, strict=True):
            ax.plot(
                row.date,
                donors.index(name) - (0.24 if crowded else 0),
                marker=_host(row)[1],
                markersize=10,
                linestyle="none",
                markeredgecolor=shade,
                markeredgewidth=2,
                markerfacecolor=shade if row.in_report == "yes" else "white",
            )
    ax.set_yticks(range(len(donors)), [textwrap.fill(name, 20) for name in donors])
    ax.set_ylim(len(donors) - 0.5, -0.5)
    ax.set_xlim(pd.Timestamp("2020-03-14"), pd.Timestamp("2020-05-22"))
    ax.xaxis.set_major_locator(mdates.WeekdayLocator(byweekday=0, interval=2))
    ax.xaxis.set_major_formatter(lambda days, _: spoken_date(mdates.num2date(days)))
    ax.grid(axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_title("Receptions of aid for Serbia that we found, spring 2020")
    _legend(fig, found)
    return fig


def _legend(fig: Any, found: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    def mark(label: str, shape: str, face: str = figures.GREY) -> Line2D:
        edge = {"markeredgecolor": figures.GREY, "markeredgewidth": 2, "markerfacecolor": face}
        return Line2D([], [], marker=shape, linestyle="none", markersize=8, label=label, **edge)

    shown = {_host(row) for row in found.itertuples()}
    marks = [mark(*host) for host in (*HOSTS.values(), BY_PHONE) if host in shown]
    marks += [
        mark("filled: in the report", "h"),
        mark("hollow: not in it", "h", "white"),
    ]
    fig.legend(handles=marks, loc="outside lower left", ncols=4, handletextpad=0.2, fontsize=9)


def _describe_airport(receptions: Any, donor: str, occasion: str, told: str) -> str:
    found = _chosen(receptions, donor, occasion, told)
    present = found[found["president_present"] == "yes"]
    total, came = len(found), len(present)
    first, last = spoken_date(found["date"].min()), spoken_date(found["date"].max())
    when = f"on {first}" if first == last else f"between {first} and {last}"
    head = f"{total} {'reception' if total == 1 else 'receptions'} {when} 2020"
    if not came:
        return f"{head}; the president was there in person at none."
    counts = present["donor"].value_counts(sort=False)
    whose = ", ".join(f"{donor} {count}" for donor, count in counts.items())
    told = (present["in_report"] == "yes").sum()
    return (
        f"{head}; the president was there in person at {came} ({whose}), "
        f"of which the report mentions {told or 'none'}."
    )
