"""Explorers of lesson 02: printed trade shares held against each other, and partners by year."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.display import joined
from belgrade.evidence import trade as evidence
from belgrade.evidence.trade import EXACT, TENTH, WHOLE, YEAR
from belgrade.explorers.explorer import Control, Explorer, Number, Select, Switch
from belgrade.explorers.kit import WHITE_BOX, handle, hollow, label_rows, legend, spread
from belgrade.methods.intervals import Interval, weighted_average

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Do the shares add up? -------------------------------------------------------------------

# Line of the report -> the actor whose colour it takes; its name in a sentence and in the picture.
LINES = {
    "eu": ("European Union", "the EU", "EU"),
    "eaeu": ("Russia", "Russia and the EAEU", "Russia, EAEU"),
}


def shares() -> Explorer:
    """Return the explorer that tests the report's six trade shares with a weight for exports."""
    readings = {
        "rounded to whole numbers": WHOLE,
        "rounded to one decimal, 62.0 and 8.0": TENTH,
        "exact, like the other four shares": EXACT,
    }
    controls: dict[str, Control] = {
        "weight": Number("Weight of exports (0 to 1)", 0, 1, 0.01, 0.5),
        "rounding": Select("Read 62 and 8 as", readings, WHOLE),
        "mark": Switch(f"Mark the weight in the trade totals of {YEAR}", True),
    }
    return Explorer("Do the shares add up?", evidence.share_tables(), controls, _shares_view)


def _shares_view(tables: Any, weight: float, rounding: str, mark: bool) -> tuple[Figure, str]:
    intervals, fit = evidence.fitting(tables, rounding)
    fig, axes = figures.new(5.4, 3, 1, sharex=True, height_ratios=[3, 3, 1.5])
    for ax, (line, (actor, _, short)) in zip(axes, LINES.items(), strict=False):
        _draw_line(ax, intervals[line], tables["printed"][line], weight, figures.colour(actor))
        ax.set_ylabel(f"{short}:\nshare of trade, %")
    _draw_fitting(axes[2], fit)
    for ax in axes:
        ax.axvline(weight, color=figures.colour("you"), linewidth=1.5, label="weight chosen")
        if mark:
            label = {"label": f"trade totals of {YEAR}", "linestyle": "--", "linewidth": 1.5}
            ax.axvline(tables["weight"], color=figures.INK, **label)
        if fit["both"] is not None:
            ax.axvspan(*fit["both"], color=figures.FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes[0].set_title("Which weight of exports fits the printed shares?")
    axes[2].set_xlabel("weight of exports in Serbia's trade (0: all imports, 1: all exports)")
    axes[2].set_xlim(0, 1)
    _shares_legend(fig, axes)
    marked = f"; the trade totals of {YEAR} give {tables['weight']:.4f}" if mark else ""
    totals = joined(
        _describe_line(name, intervals[line], tables["printed"][line]["total"], fit[line], weight)
        for line, (_, name, _) in LINES.items()
    )
    return fig, (
        f"With a weight of {weight:.3f} for exports, the share of all trade would be {totals}. "
        f"{_describe_fitting(fit)}{marked}."
    )


def _shares_legend(fig: Figure, axes: Any) -> None:
    from matplotlib.legend_handler import HandlerTuple

    handles, labels = axes[0].get_legend_handles_labels()
    handles[0] = (handles[0], axes[1].get_legend_handles_labels()[0][0])
    pairs = {"handler_map": {tuple: HandlerTuple(ndivide=None)}, "labels": labels}
    legend(fig, handles, ncols=4, fontsize=9, columnspacing=1.2, **pairs)


def _draw_line(ax: Any, known: Any, printed: Any, weight: float, shade: str) -> None:
    """Draw the total share at every weight, and the total that the report prints."""
    exports, imports, total = printed["exports"], printed["imports"], printed["total"]
    ends = [weighted_average(end, known["exports"], known["imports"]) for end in (0, 1)]
    ax.fill_between([0, 1], *zip(*ends, strict=True), color=shade, alpha=0.35, linewidth=0)
    ax.plot([0, 1], [imports, exports], color=shade, label="total that follows")
    ax.axhspan(*known["total"], facecolor="none", edgecolor=figures.GREY, hatch="....", linewidth=1)
    ax.axhline(total, color=figures.GREY, linewidth=1, label="total printed")
    chosen = weight * exports + (1 - weight) * imports
    ax.plot(weight, chosen, marker="*", markersize=14, color=figures.colour("you"), zorder=5)
    ax.margins(y=0.22)
    ax.locator_params(axis="y", nbins=4)
    left, right = ("top", "bottom") if exports > imports else ("bottom", "top")
    ax.text(0.02, imports, f"imports {imports}", va=left)
    ax.text(0.98, exports, f"exports {exports}", va=right, ha="right")
    box = WHITE_BOX | {"pad": 1}
    ax.text(0.98, total, f"total {total:g}", va="center", ha="right", bbox=box)


def _draw_fitting(ax: Any, fit: dict[str, Interval | None]) -> None:
    """Draw one bar a line for the weights that fit it, and one for those that fit both."""
    names = {"eu": "fits the EU", "eaeu": "fits Russia, EAEU", "both": "fits all six"}
    for place, line in enumerate(names):
        shade = figures.colour(LINES[line][0] if line in LINES else "all six")
        fits = fit[line]
        if fits is None:
            ax.text(0.01, place, "no weight", va="center", fontsize=9)
        elif fits.high - fits.low < 0.001:
            ax.plot(fits.low, place, marker="o", color=shade)
        else:
            ax.barh(place, fits.high - fits.low, left=fits.low, color=shade)
    label_rows(ax, names.values(), 0.6, fontsize=9)
    ax.set_ylim(top=-0.6)


def _describe_line(
    name: str, intervals: dict[str, Interval], printed: float, fit: Interval | None, weight: float
) -> str:
    total = weighted_average(weight, intervals["exports"], intervals["imports"])
    total_text = f"{total.low:.2f}"
    if total.high - total.low > 0.001:
        total_text += f" to {total.high:.2f}"
    fits = "fits" if fit is not None and fit.contains(weight) else "does not fit"
    return f"for {name} {total_text} per cent ({printed:g} is printed: {fits})"


def _describe_fitting(fit: dict[str, Any]) -> str:
    if fit["both"] is not None:
        return f"Only weights from {_span(fit['both'])} fit all six shares"
    names = {line: name for line, (_, name, _) in LINES.items()}
    need = joined(f"those of {name} need {_span(fit[line])}" for line, name in names.items())
    return f"No weight fits all six shares: {need}"


def _span(interval: Interval) -> str:
    if interval.high - interval.low < 0.001:
        return f"{interval.low:.3f}"
    return f"{interval.low:.4f} to {interval.high:.4f}"


# --- Whose trade? ----------------------------------------------------------------------------

FLOWS = {"import": "imports", "export": "exports"}
# Measure -> the label of the axis, and how a value is said.
UNITS = {
    "share_pct": ("share of all {flow}, %", "{:.1f} per cent"),
    "value_usd_million": (
        "{flow}, million US dollars of the year",
        "about {:,.0f} million dollars",
    ),
}
OTHERS = "#949494"


def whose_trade() -> Explorer:
    """Return the explorer of Serbia's largest trading partners by flow and year."""
    partners = evidence.largest_partners()
    first = ["Russia", "China", "Germany", "Italy"]
    names = first + sorted(set(partners["partner"]) - set(first))
    options = {name: name for name in names}
    units = {"share of all, per cent": "share_pct", "US dollars": "value_usd_million"}
    controls: dict[str, Control] = {
        "flow": Select("Serbia's", {words: flow for flow, words in FLOWS.items()}, "import"),
        "partner": Select("Partner", options, "Russia"),
        "other": Select("Compare with", options, "China"),
        "unit": Select("Measure", units, "share_pct"),
    }
    return Explorer("Whose trade?", partners, controls, _view)


def _view(partners: Any, flow: str, partner: str, other: str, unit: str) -> tuple[Figure, str]:
    table = evidence.trade_by_year(partners, flow, unit)
    compared = list(dict.fromkeys([partner, other]))
    label, template = UNITS[unit]
    fig, ax = figures.new(4.4)
    ends = {}
    for name in table.columns.drop("at most"):
        if name not in compared:
            ax.plot(table.index, table[name], ".-", color=OTHERS, linewidth=1.2, markersize=5)
            ends[name] = (table[name].iloc[-1], figures.GREY, "normal")
    for rank, name in enumerate(compared):
        same_marker = rank and figures.marker(partner) == figures.marker(other)
        label_of_end, value = _draw_partner(ax, table, name, rank, "h" if same_marker else None)
        ends[label_of_end] = (value, figures.colour(name), "bold")
    _set_axes(ax, table)
    ax.set_ylabel(label.format(flow=FLOWS[flow]))
    ax.set_title(f"Serbia's largest partners in {FLOWS[flow]} of goods")
    _trade_legend(fig)
    _label_ends(ax, {name: end for name, end in ends.items() if end[0] == end[0]})
    descriptions = "; ".join(_describe_course(table, name, template) for name in compared)
    lead = _describe_lead(table, *compared) if len(compared) > 1 else ""
    return fig, f"Serbia's {FLOWS[flow]}: {descriptions}.{lead}"


def _draw_partner(
    ax: Any, table: pd.DataFrame, name: str, rank: int, marker: str | None
) -> tuple[str, float]:
    """Draw a partner's line, and what it had at most; return the label of its end, and where."""
    line, shade = evidence.partner_series(table, name), figures.colour(name)
    style = {"color": shade, "linestyle": "--" if rank else "-", "markersize": 6}
    ax.plot(table.index, line, marker=marker or figures.marker(name), **style)
    bound = table["at most"].where(line.isna())
    ax.plot(table.index, bound, marker="v", markersize=7 + 4 * rank, **hollow(shade, width=1.6))
    if line.notna().iloc[-1]:
        return name, line.iloc[-1]
    return f"{name} (at most)", bound.iloc[-1]


def _set_axes(ax: Any, table: pd.DataFrame) -> None:
    first, last = table.index[0], table.index[-1]
    ax.set_ylim(bottom=0)
    ax.set(xlim=(first - 0.3, last + 0.3), xticks=range(first, last + 1, 3))
    for year in table.index[table["at most"].isna()]:
        ax.axvspan(year - 0.5, year + 0.5, color=figures.FAINT, linewidth=0, zorder=0)


def _trade_legend(fig: Figure) -> None:
    from matplotlib.patches import Patch

    at_most = hollow(figures.GREY, width=1.6)
    handles = [
        handle("not among the five: at most this", marker="v", **at_most),
        handle("others among the five", color=OTHERS, marker="."),
        Patch(facecolor=figures.FAINT, label="not in the source"),
    ]
    legend(fig, handles, ncols=3, fontsize=9, columnspacing=1.2)


def _label_ends(ax: Any, ends: dict[str, tuple[float, str, str]]) -> None:
    """Write each name to the right of its last value, moved apart where they would touch."""
    gap = 0.058 * ax.get_ylim()[1]
    right = ax.get_xlim()[1]
    names = sorted(ends, key=lambda name: ends[name][0])
    for name, height in zip(names, spread([ends[name][0] for name in names], gap), strict=True):
        value, shade, weight = ends[name]
        ax.plot([right, right + 0.5], [value, height], color=shade, linewidth=0.8, clip_on=False)
        ax.text(right + 0.6, height, name, fontweight=weight, fontsize=9, va="center")


def _describe_course(table: pd.DataFrame, name: str, template: str) -> str:
    """Return where a partner began and ended: "Russia 16.3 per cent in 2006, ..."."""
    line, parts = evidence.partner_series(table, name), []
    for year in (table.index[0], table.index[-1]):
        at_most = "" if line.notna()[year] else "at most "
        value = line.fillna(table["at most"])[year]
        parts.append(f"{at_most}{template.format(value)} in {year}")
    return f"{name} {' and '.join(parts)}"


def _describe_lead(table: pd.DataFrame, one: str, other: str) -> str:
    first, second, neither = evidence.years_ahead(table, one, other)
    ahead = {one: first, other: second}
    counts = [f"{name} was ahead in {_years(years)}" for name, years in ahead.items()]
    if neither:
        counts.append(f"neither was among the five in {neither}")
    return f" Of {table['at most'].notna().sum()} years with data, {joined(counts)}."


def _years(years: pd.Index) -> str:
    listed = f" ({', '.join(map(str, years))})" if 0 < len(years) <= 5 else ""
    return f"{len(years) or 'none'}{listed}"
