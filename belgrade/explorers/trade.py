"""Explorers of lesson 02: printed trade shares held against each other, and partners by year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.explorers.explorer import Explorer, Number, Select, Switch
from belgrade.methods.intervals import (
    Interval,
    exactly,
    export_weights,
    intersection,
    rounding_interval,
    weighted_average,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Do the shares add up? -------------------------------------------------------------------

YEAR = 2019
# Line of the report -> its entity in the table of figures, the actor whose colour it takes, and
# its name in a sentence and beside an axis.
LINES = {
    "eu": ("European Union", "European Union", "the EU", "EU"),
    "eaeu": ("Russia and EAEU", "Russia", "Russia and the EAEU", "Russia, EAEU"),
}
MEASURES = {"total": "share_total_trade", "exports": "share_exports", "imports": "share_imports"}
WHOLE, TENTH, EXACT = "whole", "tenth", "exact"


def shares() -> Explorer:
    """Return the explorer that tests the report's six trade shares with a weight for exports."""
    totals = data.load("trade_totals").query("year == @YEAR").set_index("flow")
    value = totals["value_usd_million"]
    tables = {"printed": printed_shares(), "weight": value["export"] / value.sum()}
    controls = {
        "weight": Number("Weight of exports (0 to 1)", 0, 1, 0.01, 0.5),
        "rounding": Select(
            "Read 62 and 8 as",
            {
                "rounded to whole numbers": WHOLE,
                "rounded to one decimal, 62.0 and 8.0": TENTH,
                "exact, like the other four shares": EXACT,
            },
            WHOLE,
        ),
        "mark": Switch(f"Mark the weight in the trade totals of {YEAR}", True),
    }
    return Explorer("Do the shares add up?", tables, controls, _draw_shares, _describe_shares)


def printed_shares() -> dict[str, dict[str, float]]:
    """Return the report's shares in per cent: line ("eu", "eaeu") -> total, exports, imports."""
    rows = data.load("figures").set_index(["entity", "quantity"]).sort_index(kind="stable")["value"]
    return {
        line: {name: float(rows[entity, quantity].item()) for name, quantity in MEASURES.items()}
        for line, (entity, *_) in LINES.items()
    }


def _intervals(printed: dict[str, float], rounding: str) -> dict[str, Interval]:
    """Return what each printed share can have been: total, exports, imports."""
    if rounding == EXACT:
        return {name: exactly(value) for name, value in printed.items()}
    decimals = {"total": 0 if rounding == WHOLE else 1, "exports": 1, "imports": 1}
    return {name: rounding_interval(value, decimals[name]) for name, value in printed.items()}


def _fitting(tables: Any, rounding: str) -> tuple[dict[str, dict[str, Interval]], dict[str, Any]]:
    """Return the intervals of the shares, and the weights that fit: by line, and for both."""
    known = {line: _intervals(printed, rounding) for line, printed in tables["printed"].items()}
    fit: dict[str, Any] = {line: export_weights(**each) for line, each in known.items()}
    fit["both"] = intersection(fit["eu"], fit["eaeu"])
    return known, fit


def _draw_shares(tables: Any, weight: float, rounding: str, mark: bool) -> Figure:
    known, fit = _fitting(tables, rounding)
    fig, axes = figures.new(5.4, 3, 1, sharex=True, height_ratios=[3, 3, 1.5])
    for ax, (line, (_, actor, _, short)) in zip(axes, LINES.items(), strict=False):
        _draw_line(ax, known[line], tables["printed"][line], weight, figures.colour(actor))
        ax.set_ylabel(f"{short}:\nshare of trade, %")
    _draw_fitting(axes[2], fit)
    for ax in axes:
        ax.axvline(weight, color=figures.colour("you"), linewidth=1.5, label="weight chosen")
        if mark:
            ax.axvline(
                tables["weight"],
                color=figures.INK,
                linestyle="--",
                linewidth=1.5,
                label=f"trade totals of {YEAR}",
            )
        if fit["both"] is not None:
            ax.axvspan(*fit["both"], color=figures.FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes[0].set_title("Which weight of exports fits the printed shares?")
    axes[2].set_xlabel("weight of exports in Serbia's trade (0: all imports, 1: all exports)")
    axes[2].set_xlim(0, 1)
    _legend(fig, axes)
    return fig


def _legend(fig: Any, axes: Any) -> None:
    from matplotlib.legend_handler import HandlerTuple

    handles, labels = axes[0].get_legend_handles_labels()
    handles[0] = (handles[0], axes[1].get_legend_handles_labels()[0][0])
    fig.legend(
        handles,
        labels,
        loc="outside lower left",
        ncols=4,
        fontsize=9,
        columnspacing=1.2,
        handler_map={tuple: HandlerTuple(ndivide=None)},
    )


def _draw_line(ax: Any, known: Any, printed: Any, weight: float, shade: str) -> None:
    """Draw the total share at every weight, and the total that the report prints."""
    ends = [weighted_average(end, known["exports"], known["imports"]) for end in (0, 1)]
    ax.fill_between([0, 1], *zip(*ends, strict=True), color=shade, alpha=0.35, linewidth=0)
    ax.plot(
        [0, 1], [printed["imports"], printed["exports"]], color=shade, label="total that follows"
    )
    ax.axhspan(*known["total"], facecolor="none", edgecolor=figures.GREY, hatch="....", linewidth=1)
    ax.axhline(printed["total"], color=figures.GREY, linewidth=1, label="total printed")
    now = weight * printed["exports"] + (1 - weight) * printed["imports"]
    ax.plot(weight, now, marker="*", markersize=14, color=figures.colour("you"), zorder=5)
    ax.margins(y=0.22)
    ax.locator_params(axis="y", nbins=4)
    rising = printed["exports"] > printed["imports"]
    up, down = {"va": "bottom"}, {"va": "top"}
    ax.text(0.02, printed["imports"], f"imports {printed['imports']}", **(down if rising else up))
    right = {"ha": "right"} | (up if rising else down)
    ax.text(0.98, printed["exports"], f"exports {printed['exports']}", **right)
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    ax.text(
        0.98, printed["total"], f"total {printed['total']:g}", va="center", ha="right", bbox=box
    )


def _draw_fitting(ax: Any, fit: Any) -> None:
    """Draw one bar a line for the weights that fit it, and one for those that fit both."""
    names = {"eu": "fits the EU", "eaeu": "fits Russia, EAEU", "both": "fits all six"}
    shades = {"eu": "European Union", "eaeu": "Russia", "both": "all six"}
    for place, line in enumerate(names):
        shade = figures.colour(shades[line])
        if fit[line] is None:
            ax.text(0.01, place, "no weight", va="center", fontsize=9)
        elif fit[line].high - fit[line].low < 0.001:
            ax.plot(fit[line].low, place, marker="o", color=shade)
        else:
            ax.barh(place, fit[line].high - fit[line].low, left=fit[line].low, color=shade)
    ax.set_yticks(range(len(names)), names.values(), fontsize=9)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)


def _span(interval: Interval) -> str:
    if interval.high - interval.low < 0.001:
        return f"{interval.low:.3f}"
    return f"{interval.low:.4f} to {interval.high:.4f}"


def _describe_shares(tables: Any, weight: float, rounding: str, mark: bool) -> str:
    known, fit = _fitting(tables, rounding)
    said = []
    for line, (_, _, name, _) in LINES.items():
        total = weighted_average(weight, known[line]["exports"], known[line]["imports"])
        fits = fit[line] is not None and fit[line].contains(weight)
        follows = f"{total.low:.2f}"
        if total.high - total.low > 0.001:
            follows += f" to {total.high:.2f}"
        printed = tables["printed"][line]["total"]
        said.append(
            f"for {name} {follows} per cent ({printed:g} is printed: "
            f"{'fits' if fits else 'does not fit'})"
        )
    if fit["both"] is None:
        alone = [
            f"those of {name} need {_span(fit[line])}" for line, (_, _, name, _) in LINES.items()
        ]
        end = f"No weight fits all six shares: {' and '.join(alone)}"
    else:
        end = f"Only weights from {_span(fit['both'])} fit all six shares"
    marked = f"; the trade totals of {YEAR} give {tables['weight']:.4f}" if mark else ""
    return (
        f"With a weight of {weight:.3f} for exports, the share of all trade would be "
        f"{' and '.join(said)}. {end}{marked}."
    )


# --- Whose trade? ----------------------------------------------------------------------------

FLOWS = {"import": "imports", "export": "exports"}
UNITS = {
    "share_pct": ("share of all {flow}, %", "{:.1f} per cent"),
    "value_usd_million": ("{flow}, million US dollars of the year", "{:,.0f} million dollars"),
}
OTHERS = "#949494"


def whose_trade() -> Explorer:
    """Return the explorer of Serbia's largest trading partners by flow and year."""
    partners = data.load("trade_partners")
    partners = partners[partners["partner"] != "Unspecified"]
    first = ["Russia", "China", "Germany", "Italy"]
    names = first + sorted(set(partners["partner"]) - set(first))
    options = {name: name for name in names}
    controls = {
        "flow": Select("Serbia's", {"imports": "import", "exports": "export"}, "import"),
        "partner": Select("Partner", options, "Russia"),
        "other": Select("Compare with", options, "China"),
        "unit": Select(
            "Measure",
            {"share of all, per cent": "share_pct", "US dollars": "value_usd_million"},
            "share_pct",
        ),
    }
    return Explorer("Whose trade?", partners, controls, _draw_trade, _describe_trade)


def trade_by_year(partners: pd.DataFrame, flow: str, unit: str) -> pd.DataFrame:
    """Return years by partners, in `unit`, and the column "at most" for partners without a row.

    The source lists the five largest partners of a year. A partner that it does not list had no
    more than the smallest of those five. Years without any row are missing throughout.
    """
    rows = partners[partners["flow"] == flow]
    table = rows.pivot(index="year", columns="partner", values=unit)
    table["at most"] = table.min(axis="columns")
    return table.reindex(range(table.index.min(), table.index.max() + 1))


def _known(table: pd.DataFrame, name: str) -> Any:
    """Return a partner's column; all missing for one that is never among the largest."""
    return table[name] if name in table else table["at most"] * float("nan")


def _draw_trade(partners: Any, flow: str, partner: str, other: str, unit: str) -> Figure:
    table = trade_by_year(partners, flow, unit)
    fig, ax = figures.new(4.4)
    ends = {}
    for name in table.columns.drop("at most"):
        if name not in (partner, other):
            ax.plot(table.index, table[name], ".-", color=OTHERS, linewidth=1.2, markersize=5)
            ends[name] = (table[name].iloc[-1], figures.GREY, "normal")
    for place, name in enumerate(dict.fromkeys([partner, other])):
        line = _known(table, name)
        shade = figures.colour(name)
        shape = figures.marker(name) if place == 0 or _distinct(partner, other) else "h"
        style = "-" if place == 0 else "--"
        ax.plot(table.index, line, color=shade, linestyle=style, marker=shape, markersize=6)
        bound = table["at most"].where(line.isna())
        hollow = {"markerfacecolor": "none", "markeredgecolor": shade, "markeredgewidth": 1.6}
        ax.plot(table.index, bound, "v", markersize=7 + 4 * place, **hollow)
        if line.notna().iloc[-1]:
            ends[name] = (line.iloc[-1], shade, "bold")
        else:
            ends[f"{name} (at most)"] = (bound.iloc[-1], shade, "bold")
    _finish(fig, ax, table, flow, unit)
    _label_ends(ax, {name: end for name, end in ends.items() if end[0] == end[0]})
    return fig


def _distinct(one: str, other: str) -> bool:
    return figures.marker(one) != figures.marker(other)


def _finish(fig: Any, ax: Any, table: pd.DataFrame, flow: str, unit: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    ax.set_ylim(bottom=0)
    ax.set_xlim(table.index[0] - 0.3, table.index[-1] + 0.3)
    ax.set_xticks(range(table.index[0], table.index[-1] + 1, 3))
    ax.set_ylabel(UNITS[unit][0].format(flow=FLOWS[flow]))
    ax.set_title(f"Serbia's largest partners in {FLOWS[flow]} of goods")
    for year in table.index[table["at most"].isna()]:
        ax.axvspan(year - 0.5, year + 0.5, color=figures.FAINT, linewidth=0, zorder=0)
    hollow = {"markerfacecolor": "none", "markeredgecolor": figures.GREY, "markeredgewidth": 1.6}
    marks = [
        Line2D(
            [], [], linestyle="none", marker="v", label="not among the five: at most this", **hollow
        ),
        Line2D([], [], color=OTHERS, marker=".", label="others among the five"),
        Patch(facecolor=figures.FAINT, label="not in the source"),
    ]
    fig.legend(handles=marks, loc="outside lower left", ncols=3, fontsize=9, columnspacing=1.2)


def _label_ends(ax: Any, ends: dict[str, tuple[float, str, str]]) -> None:
    """Write each name to the right of its last value, moved apart where they would touch."""
    gap = 0.058 * ax.get_ylim()[1]
    right = ax.get_xlim()[1]
    names = sorted(ends, key=lambda name: ends[name][0])
    for name, height in zip(names, apart([ends[name][0] for name in names], gap), strict=True):
        value, shade, weight = ends[name]
        ax.plot([right, right + 0.5], [value, height], color=shade, linewidth=0.8, clip_on=False)
        ax.text(right + 0.6, height, name, fontweight=weight, fontsize=9, va="center")


def apart(heights: list[float], gap: float) -> list[float]:
    """Return rising `heights` moved as little as needed for `gap` between neighbours.

    Neighbours that are too close form a group, which stays centred on the mean of its heights.
    """
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and _centre(groups[-1]) - _centre(groups[-2]) < gap * (
            (len(groups[-1]) + len(groups[-2])) / 2
        ):
            last = groups.pop()
            groups[-1] += last
    return [
        _centre(group) + gap * (place - (len(group) - 1) / 2)
        for group in groups
        for place in range(len(group))
    ]


def _centre(group: list[float]) -> float:
    return sum(group) / len(group)


def _describe_trade(partners: Any, flow: str, partner: str, other: str, unit: str) -> str:
    table = trade_by_year(partners, flow, unit)
    words = UNITS[unit][1]
    compared = list(dict.fromkeys([partner, other]))
    said = [_course(table, name, words) for name in compared]
    start = f"Serbia's {FLOWS[flow]}: {'; '.join(said)}."
    if len(compared) < 2:
        return start
    filled = table[table["at most"].notna()]
    one, two = (_known(filled, name) for name in compared)
    # A partner among the five is ahead of one that is not.
    ahead = {
        partner: filled.index[one.gt(two) | (one.notna() & two.isna())],
        other: filled.index[two.gt(one) | (two.notna() & one.isna())],
    }
    counts = [f"{name} was ahead in {_years(years)}" for name, years in ahead.items()]
    neither = int((one.isna() & two.isna()).sum())
    if neither:
        counts.append(f"neither was among the five in {neither}")
    return f"{start} Of {len(filled)} years with data, {', '.join(counts[:-1])} and {counts[-1]}."


def _course(table: pd.DataFrame, name: str, words: str) -> str:
    """Return where a partner began and ended: "Russia 16.3 per cent in 2006, ..."."""
    line = _known(table, name)
    parts = []
    for year in (table.index[0], table.index[-1]):
        at_most = "" if line.notna()[year] else "at most "
        value = line[year] if line.notna()[year] else table["at most"][year]
        parts.append(f"{at_most}{words.format(value)} in {year}")
    return f"{name} {' and '.join(parts)}"


def _years(years: Any) -> str:
    if not len(years):
        return "none"
    listed = f" ({', '.join(map(str, years))})" if len(years) <= 5 else ""
    return f"{len(years)}{listed}"
