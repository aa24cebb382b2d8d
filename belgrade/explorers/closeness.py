"""Explorer of lesson 07: Russia and China on one yardstick after another."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.evidence.yardsticks import CHINA, RUSSIA, Yardstick, labels_of, measured, standing
from belgrade.explorers.explorer import Control, Explorer, NothingToShow, Select, Switch
from belgrade.explorers.kit import NO_LINE, bars, legend, panels, style_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ALL = "all"
REPORT_YEAR = 2020


def yardsticks() -> Explorer:
    """Return the explorer that compares Russia and China on one yardstick after another."""
    measures = measured()
    titles = {measure.title: name for name, measure in measures.items()}
    years = {
        "all that the tables have": ALL,
        "only up to June 2020, when the report appeared": "report",
    }
    controls: dict[str, Control] = {
        "yardstick": Select("Yardstick", titles, "imports"),
        "until": Select("Years", years, ALL),
        "others": Switch("Also show Western and international partners", default=True),
    }
    return Explorer("Moscow to Beijing, on which yardstick?", measures, controls, _view)


def _view(measures: Any, yardstick: str, until: str, others: bool) -> tuple[Figure, str]:
    measure = measures[yardstick]
    rows = measure.rows
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
    by_kind = {"bars": (_bars, _describe_bars), "spans": (_over_time, _describe_loans)}
    draw, describe = by_kind.get(measure.kind, (_over_time, _describe_over_time))
    return draw(
        measure, rows
    ), f"{measure.title} ({measure.unit}). {describe(measure, rows)} {measure.caveat}"


def _report_at(rows: pd.DataFrame) -> float:
    """Return June 2020 on the axis of `rows`: whole years are drawn at their middle."""
    return REPORT_YEAR if rows["period"].dtype.kind == "i" else REPORT_YEAR + 0.45


def _style(name: str) -> dict[str, Any]:
    """Return colour and marker of a country, a leader of it, or a maker from it in brackets."""
    style = style_of(name[name.index("(") + 1 : -1] if "(" in name else name)
    is_front = style["marker"] in (style_of(RUSSIA)["marker"], style_of(CHINA)["marker"])
    return style | {"zorder": 3 if is_front else 2}


def _bars(measure: Yardstick, rows: pd.DataFrame) -> Figure:
    groups = {name: _largest_first(group) for name, group in rows.groupby("panel", sort=False)}
    ratios = [len(group) + 1.2 for group in groups.values()]
    fig, parts = panels(groups, 0.6, [0.5 * ratio for ratio in ratios], height_ratios=ratios)
    for ax, panel, group in parts:
        values = group.set_index("name")["value"]
        shades = [_style(name)["color"] for name in group["name"]]
        bars(ax, values, map(measure.value, values), color=shades)
        ax.margins(x=0.14)
        ax.set_xlabel(panel or measure.unit)
    parts[0][0].set_title(measure.title)
    return fig


def _largest_first(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["value", "name"], ascending=[False, True])


def _over_time(measure: Yardstick, rows: pd.DataFrame) -> Figure:
    groups = dict(list(rows.groupby("panel", sort=False)))
    fig, parts = panels(groups, 1.1, [2.7] * len(groups), sharex=True)
    for ax, panel, group in parts:
        for name, line in group.groupby("name", sort=False):
            _line(ax, measure, name, line)
        if measure.kind == "lines":
            _shade_leads(ax, group)
        if group["period"].min() < _report_at(group) < group["period"].max():
            style = {"color": figures.GREY, "linestyle": ":", "linewidth": 1.4, "zorder": 0}
            ax.axvline(_report_at(group), label="the report (June 2020)", **style)
        ax.set_ylabel(textwrap.fill(panel or measure.unit, 30))
        ax.set_ylim(0, 1.12 * max(group["value"].max(), 1))
        ax.yaxis.get_major_locator().set_params(integer=True)
    parts[0][0].set_title(measure.title)
    _label_axis(ax, rows)
    legend(fig, ncols=3)
    return fig


def _label_axis(ax: Any, rows: pd.DataFrame) -> None:
    first, last = rows["period"].min(), rows["period"].max()
    margin = max(0.5, 0.04 * (last - first))
    ax.set_xlim(first - margin, last + margin)
    ax.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    if rows["label"].str.startswith("end of").any():  # no years, so that numbers would mislead
        labels = labels_of(rows)
        ax.set_xticks(labels.index, [textwrap.fill(label, 7) for label in labels])


def _line(ax: Any, measure: Yardstick, name: str, line: pd.DataFrame) -> None:
    style, values = _style(name), line.set_index("period")["value"]
    if measure.kind == "spans":
        for number, (_, loan) in enumerate(line.groupby("label", sort=False)):
            ax.plot(loan["period"], loan["value"], label=None if number else name, **style)
        return
    if measure.kind == "points":
        style |= NO_LINE | {"markerfacecolor": "none", "markeredgewidth": 2}
    elif measure.unit.startswith("share"):  # leave missing years open
        years = range(int(values.index.min()), int(values.index.max()) + 1)
        values = values.reindex([float(year) for year in years])
    ax.plot(values.index, values, label=name, **style)


def _shade_leads(ax: Any, rows: pd.DataFrame) -> None:
    """Shade the periods in which China is ahead of Russia."""
    leads = standing(rows)
    periods = [min(leads, default=0) - 1, *leads, max(leads, default=0) + 1]
    label: str | None = "China ahead of Russia"
    for before, period, after in zip(periods, periods[1:], periods[2:], strict=False):
        if leads[period] > 0:
            start = max((before + period) / 2, period - 0.5)
            end = min((period + after) / 2, period + 0.5)
            ax.axvspan(start, end, facecolor="#ececec", linewidth=0, zorder=-1, label=label)
            label = None


def _values(measure: Yardstick, group: pd.DataFrame) -> str:
    """Return each name with its value, largest first; "45 or 40" where two reports disagree."""
    ordered = _largest_first(group)
    spoken = ordered["value"].map(measure.value).groupby(ordered["name"], sort=False).unique()
    return ", ".join(f"{name} {' or '.join(each)}" for name, each in spoken.items())


def _describe_bars(measure: Yardstick, rows: pd.DataFrame) -> str:
    groups = rows.groupby("panel", sort=False)
    parts = [f"{panel}: " * bool(panel) + _values(measure, group) for panel, group in groups]
    return f"{'; '.join(parts)}."


def _describe_over_time(measure: Yardstick, rows: pd.DataFrame) -> str:
    leads, labels = standing(rows), labels_of(rows)
    periods = sorted(leads or labels.index)
    parts = [
        f"{labels[period]}: {_values(measure, rows[rows['period'] == period])}"
        for period in dict.fromkeys((periods[0], periods[-1]))
    ]
    return f"{'; '.join(parts)}. {_describe_lead(leads, labels)}"


def _describe_lead(leads: dict[Any, int], labels: pd.Series) -> str:
    ahead = [labels[period] for period, sign in leads.items() if sign > 0]
    points = f"{len(leads)} points that have both"
    if not leads:
        return "Russia and China never stand here together, so nobody can be said to pass."
    if len(leads) == 1:
        (only,) = leads.values()
        first = {1: CHINA, -1: RUSSIA, 0: "neither"}[only]
        return f"At the one point that has both, {first} is ahead."
    if not ahead:
        return f"China is ahead of Russia at none of the {points}."
    if len(ahead) == len(leads):
        return f"China is ahead of Russia at all {points}."
    return f"China is ahead of Russia at {len(ahead)} of the {points}: {', '.join(ahead)}."


def _describe_loans(measure: Yardstick, rows: pd.DataFrame) -> str:
    parts = []
    for lender in (CHINA, RUSSIA):
        loans = rows[rows["side"] == lender]
        if len(loans):
            first, last = loans["period"].min() // 1, loans["period"].max() // 1
            largest = loans.loc[loans["value"].idxmax()]
            unit = largest["panel"].replace("millions of", "million")
            parts.append(
                f"{lender}: {loans['label'].nunique()} loans from {first:.0f} to {last:.0f}, "
                f"the largest up to {largest['value']:,.0f} {unit}"
            )
    return f"{'; '.join(parts)}."
