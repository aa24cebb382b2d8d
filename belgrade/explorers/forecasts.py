"""Explorers of lesson 09: who is named and how warmly, and what the report's forecasts score."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.evidence import forecasts as evidence
from belgrade.evidence.forecasts import SIDES, Pair
from belgrade.explorers.explorer import Control, Explorer, NothingToShow, Number, Select
from belgrade.explorers.kit import NO_LINE, handle, heading, hollow, label_rows, legend, style_of
from belgrade.methods import brier

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Xi or Putin? ----------------------------------------------------------------------------

VOLUME, MONTHS, WARMTH, BOTH = "volume", "months", "warmth", "both"


def xi_or_putin() -> Explorer:
    """Return the explorer that shows how often and how warmly two leaders or countries are named.

    Counts are volume, not warmth; studies count different things and are never added.
    """
    views = {
        "how often, source by source": VOLUME,
        "how often, month by month (RTS)": MONTHS,
        "how warmly": WARMTH,
        "how warmly against how often": BOTH,
    }
    sides = {"Putin and Xi": "leaders", "Russia and China": "countries"}
    units = {"headlines": "headlines", "headlines of every 100 of the month": "share"}
    controls: dict[str, Control] = {
        "view": Select("Show", views, VOLUME),
        "who": Select("Compare", sides, "leaders"),
        "unit": Select("Month by month, count", units, "headlines"),
    }
    return Explorer("Xi or Putin?", evidence.attention_tables(), controls, _attention_view)


def _attention_view(tables: Any, view: str, who: str, unit: str) -> tuple[Figure, str]:
    if view == MONTHS:
        return _months_view(tables, who, unit)
    return {VOLUME: _volume_view, WARMTH: _warmth_view, BOTH: _both_view}[view](tables, who)


def _short(side: str) -> str:
    return side.removeprefix("Vladimir ").removesuffix(" Jinping")


def _side_names(kind: str) -> str:
    return " and ".join(map(_short, SIDES[kind]))


def _label_sources(ax: Any, pairs: list[Pair], unit: bool) -> None:
    """Write the sources along the vertical axis, the newest on top; 0 to 100 along the other."""
    labels = []
    for pair in pairs:
        counted = f"{pair.period}, {pair.unit}" if unit else pair.period
        labels.append(f"{textwrap.fill(pair.source, 34)}\n{counted}")
    label_rows(ax, labels, fontsize=9.5)
    ax.set_xticks(range(0, 101, 25))
    ax.spines["bottom"].set_bounds(0, 100)


def _labels(pair: Pair, kind: str) -> list[str]:
    values = (pair.russian_text, pair.chinese_text)
    return [f"{_short(side)} {each}" for side, each in zip(SIDES[kind], values, strict=True)]


def _describe_pairs(pairs: list[Pair], kind: str) -> Iterable[str]:
    return (f"{pair.source}, {pair.period}: {', '.join(_labels(pair, kind))}" for pair in pairs)


def _volume_view(tables: Any, kind: str) -> tuple[Figure, str]:
    pairs = evidence.volume(tables, kind)
    fig, ax = figures.new(1.7 + 0.68 * len(pairs))
    for row, pair in enumerate(pairs):
        _draw_shares(ax, row, pair, kind)
    _label_sources(ax, pairs, unit=True)
    ax.set_xlim(0, 142)
    ax.set_xlabel("of every 100 that name one of the two\n(marks: as many each)", loc="left")
    ax.set_title(f"How often {_side_names(kind)} are named")
    left, right = map(_short, SIDES[kind])
    whole = [pair.both for pair in pairs if pair.both]
    ahead = sum(russian > chinese for russian, chinese in whole)
    units = (f" ({pair.unit})" for pair in pairs)
    listed = "; ".join(map("".join, zip(_describe_pairs(pairs, kind), units, strict=True)))
    return fig, (
        f"{left} is named more often than {right} in {ahead} of the {len(whole)} sources that give "
        f"both: {listed}."
    )


def _draw_shares(ax: Any, row: int, pair: Pair, kind: str) -> None:
    """Draw which part of those that name one of the two name which; both, if both are known."""
    text_style = {"va": "center", "fontsize": 9.5}
    left, right = _labels(pair, kind)
    if pair.both is None:
        ax.barh(row, 100, color="white", edgecolor=figures.GREY, height=0.55, linewidth=1)
        ax.text(2, row, left, color=figures.INK, **text_style)
        ax.text(98, row, right, ha="right", **text_style)
        return
    russian, chinese = pair.both
    share = 100 * russian / (russian + chinese)
    first, second = map(figures.colour, SIDES[kind])
    for end in (-0.42, 0.28):
        ax.plot([50, 50], [row + end, row + end + 0.14], color=figures.INK, linewidth=1.2)
    ax.barh(row, share, color=first, height=0.55)
    other = {"color": second, "hatch": "//", "edgecolor": "white"}
    ax.barh(row, 100 - share, left=share, height=0.55, **other)
    ax.text(2, row, left, color="white", fontweight="bold", **text_style)
    ax.text(102, row, right, ha="left", **text_style)


def _warmth_view(tables: Any, kind: str) -> tuple[Figure, str]:
    pairs = evidence.warmth(tables, kind)
    fig, ax = figures.new(1.7 + 0.85 * len(pairs))
    for row, pair in enumerate(pairs):
        values = (pair.russian or 0, pair.chinese or 0)
        each = zip(SIDES[kind], values, _labels(pair, kind), (-0.19, 0.19), ("", "//"), strict=True)
        for side, value, label, shift, hatch in each:
            fill = {"color": figures.colour(side), "hatch": hatch, "edgecolor": "white"}
            ax.barh(row + shift, value, height=0.36, **fill)
            ax.text(value + 1.5, row + shift, label, va="center", fontsize=9.5)
    _label_sources(ax, pairs, unit=False)
    ax.set_xlim(0, 118)
    ax.set_xlabel("positive part of what was said, in per cent", loc="left")
    ax.set_title(f"How warmly {_side_names(kind)} are treated")
    return fig, f"Positive part of what was said: {'; '.join(_describe_pairs(pairs, kind))}."


def _months_view(tables: Any, kind: str, unit: str) -> tuple[Figure, str]:
    wide = evidence.by_month(tables["months"], kind, unit)
    fig, ax = figures.new(3.7)
    fig.set_layout_engine("none")
    ax.set_position((0.09, 0.27, 0.89, 0.61))
    places = range(len(wide))
    for side, shift, hatch in zip(SIDES[kind], (-0.2, 0.2), ("", "//"), strict=True):
        fill = {"color": figures.colour(side), "hatch": hatch, "edgecolor": "white"}
        ax.bar([at + shift for at in places], wide[side], 0.38, label=_short(side), **fill)
    top = wide.to_numpy().max()
    for leader, height in zip(SIDES["leaders"], (1.1, 1.22), strict=True):
        months = evidence.months_met(tables["meetings"], leader, wide.index)
        indices = [wide.index.get_loc(month) for month in months]
        label = f"Vučić meets {_short(leader)}"
        ax.plot(indices, [top * height] * len(indices), label=label, **NO_LINE, **style_of(leader))
    ax.set_ylim(0, top * 1.32)
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_xlim(-0.6, len(wide) - 0.4)
    names = [
        f"{month:%b}" + f"\n{month.year}" * (not at or month.month == 1)
        for at, month in enumerate(wide.index)
    ]
    ax.set_xticks(places, names)
    ax.tick_params(axis="x", length=0)
    ax.set_ylabel("headlines" if unit == "headlines" else "of every 100 headlines")
    ax.set_title(f"{_side_names(kind)} in politics headlines of RTS, by month")
    handles, _ = ax.get_legend_handles_labels()
    place = {"loc": "lower left", "bbox_to_anchor": (0.06, 0)}
    legend(fig, [*handles[2:], *handles[:2]], ncols=4, handletextpad=0.4, fontsize=9.5, **place)
    return fig, _describe_months(tables["months"], kind, unit)


def _describe_months(months: pd.DataFrame, kind: str, unit: str) -> str:
    left, right = SIDES[kind]
    counts = evidence.by_month(months, kind, "headlines")
    wide = evidence.by_month(months, kind, unit)
    more, fewer = (counts[left] > counts[right]).sum(), (counts[left] < counts[right]).sum()
    of = "" if unit == "headlines" else " of every 100"
    most = ", ".join(
        f"{_short(side)} at most {wide[side].max():g}{of} (first in {wide[side].idxmax():%B %Y})"
        for side in (left, right)
    )
    totals = months.groupby("month_start")["headlines_total"].first()
    fewest = f" {totals.idxmin():%B %Y} has only {totals.min()} headlines."
    return (
        f"RTS, {len(counts)} months: {_short(left)} leads in {more}, {_short(right)} in {fewer}, "
        f"as many in {len(counts) - more - fewer}; {most}. With so few headlines a month, most of "
        f"the change is chance or a single event.{fewest * (unit == 'share')}"
    )


def _both_view(tables: Any, kind: str) -> tuple[Figure, str]:
    if kind == "leaders":
        raise NothingToShow(
            "No study that we read measures both how often and how warmly the two leaders are "
            "named. Compare Russia and China instead."
        )
    points = evidence.time_and_tone(tables["studies"])
    labels = [
        f"{minutes:.0f} minutes, {positive:.0f}% positive"
        for minutes, positive in zip(points["minutes"], points["positive_pct"], strict=True)
    ]
    fig, ax = figures.new(3.6)
    for (actor, row), label, shift in zip(points.iterrows(), labels, (-14, 10, 0), strict=True):
        place = (row["minutes"], row["positive_pct"])
        ax.plot(*place, markersize=11, **NO_LINE, **style_of(actor))
        offset = {"xytext": (12, shift), "textcoords": "offset points"}
        ax.annotate(f"{actor}\n{label}", place, va="center", fontsize=9.5, **offset)
    ax.set(xlim=(0, 1.45 * points["minutes"].max()), ylim=(0, 105))
    ax.set(xlabel="how often: minutes on air", ylabel="how warmly: positive\npart, in per cent")
    ax.set_title("Five national TV newscasts, December 2020 to November 2021")
    listed = "; ".join(map(" ".join, zip(points.index[::-1], labels[::-1], strict=True)))
    return fig, (
        f"Television news, 2020 to 2021, officials and embassies only: {listed}. Most often named "
        "is not most warmly named."
    )


# --- Score the forecasts ---------------------------------------------------------------------

ROWS, PARTS = "rows", "parts"
BECAUSE = {
    "condition_not_met": "its condition did not come",
    "not_observable": "cannot be seen",
    "no_measure": "no measure",
    "measures_disagree": "measures disagree",
}
# What is scored -> how the list calls it, and the title.
SCORED = {
    evidence.EVERY: ("every forecast that is decided", "The report's forecasts: said and happened"),
    evidence.CLEAR: ("only the clear ones", "Only the clear outcomes"),
    evidence.TURNED: (
        "all, with the disputable outcomes turned round",
        "The disputable outcomes turned round",
    ),
}


def score_the_forecasts(probabilities: Mapping[str, float] | None = None) -> Explorer:
    """Return the explorer that scores the report's forecasts, beside a coin and the base rate.

    `probabilities` are the reader's own as of June 2020: id of the claim -> 0 to 1. Where they are
    missing a coin (0.5) stands in, and the sentence says so. Undecided forecasts are not scored.
    """
    views = {"forecast by forecast": ROWS, "the score and its parts": PARTS}
    scored = {label: name for name, (label, _) in SCORED.items()}
    controls: dict[str, Control] = {
        "view": Select("Show", views, ROWS),
        "scored": Select("Score", scored, evidence.EVERY),
        "same": Number("Someone gives every forecast", 0, 1, 0.05, 0.9),
    }
    return Explorer(
        "Score the forecasts", evidence.forecast_tables(probabilities), controls, _scores_view
    )


def _scores_view(tables: Any, view: str, scored: str, same: float) -> tuple[Figure, str]:
    rows, parts = evidence.scored_rows(tables, scored), evidence.forecasters(tables, scored, same)
    answers, total = tables["probabilities"], len(tables["outcomes"])
    note = ""
    if not answers:
        note = "You have given no probabilities, so a coin stands in for you. "
    elif left := total - len(answers):
        note = f"You answered {len(answers)} of {total}; for the other {left} a coin stands in. "
    if view == PARTS:
        return _draw_parts(parts), note + _describe_parts(parts, len(rows))
    return _draw_rows(tables, rows, scored, same), note + _describe_rows(tables, rows, parts)


def _draw_rows(tables: Any, rows: pd.DataFrame, scored: str, same: float) -> Figure:
    rest = tables["outcomes"].query("outcome == 'undecided'")
    decided = rows.sort_values("happened", ascending=False, kind="stable")
    order = [*decided.index, *rest.index]
    fig, ax = figures.new(1.55 + 0.34 * len(order))
    fig.set_layout_engine("none")
    height = fig.get_figheight()
    ax.set_position((0.475, 0.95 / height, 0.36, 1 - 1.45 / height))
    coin = {"color": figures.GREY, "marker": "o"}
    style = style_of(evidence.YOU) if tables["probabilities"] else coin
    for y, row in enumerate(decided.itertuples()):
        _draw_distance(ax, y, row, style)
    for y, reason in enumerate(rest["undecided_because"], len(rows)):
        text_style = {"ha": "center", "va": "center", "fontsize": 9, "color": figures.GREY}
        ax.text(0.5, y, f"not scored: {BECAUSE[reason]}", **text_style)
    line = {"color": figures.INK, "linestyle": "--", "linewidth": 1}
    ax.plot([same, same], [-0.5, len(rows) - 0.5], zorder=0, **line)
    names = [f"{tables['outcomes'].loc[claim, 'short']} ({claim})" for claim in order]
    label_rows(ax, [textwrap.fill(name, 52) for name in names], fontsize=8.5)
    ax.set(xlim=(-0.05, 1.05), xticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_xlabel("probability that the forecast comes true")
    head_text = {"fontsize": 9.5, "va": "bottom", "color": figures.GREY}
    ax.text(1.07, -0.95, "true?", **head_text)
    ax.text(1.52, -0.95, "distance²", ha="right", **head_text)
    heading(fig, SCORED[scored][1], 1 - 0.3 / height)
    whose = "you" if tables["probabilities"] else "a coin, standing in for you"
    diamond = {"marker": "D", "color": figures.INK} | NO_LINE
    handles = [
        handle(whose, markersize=9, **NO_LINE, **style),
        handle("came true (1)", **diamond),
        handle("did not (0)", markerfacecolor="white", **diamond),
        handle(evidence.same_for_all(same), **line),
    ]
    legend(fig, handles, loc="lower left", ncols=4, fontsize=9.5, handletextpad=0.4)
    return fig


def _draw_distance(ax: Any, y: int, row: Any, own_style: dict[str, Any]) -> None:
    """Draw how far a probability is from what happened, and write the square of that."""
    text_style = {"va": "center", "fontsize": 9.5}
    ends = [row.yours, row.happened]
    ax.plot(ends, [y, y], color=own_style["color"], linewidth=2.5, zorder=1)
    ax.plot(row.yours, y, markersize=11, **NO_LINE, **own_style)
    outline = hollow(figures.INK, figures.INK if row.happened else "white", 1)
    ax.plot(row.happened, y, marker="D", markersize=8, zorder=3, **outline)
    ax.text(1.07, y, "yes" if row.happened else "no", **text_style)
    ax.text(1.52, y, f"{(row.yours - row.happened) ** 2:.4g}", ha="right", **text_style)


def _describe_rows(tables: Any, rows: pd.DataFrame, parts: Mapping[str, brier.Parts]) -> str:
    rate = brier.base_rate(list(rows["happened"]))
    scores = ", ".join(
        f"{name}{f' ({rate:.2f})' if name == evidence.BASE else ''} {part.score:.3f}"
        for name, part in parts.items()
    )
    squares = (rows["yours"] - rows["happened"]) ** 2
    worst = squares.idxmax()
    note = f" Your largest distance: {rows.loc[worst, 'short']} ({math.sqrt(squares[worst]):.2f})."
    total, undecided = tables["outcomes"], (tables["outcomes"]["outcome"] == "undecided").sum()
    return (
        f"{len(rows)} of {len(total)} forecasts are scored, {rows['happened'].sum()} of them came "
        f"true; {undecided} are undecided and not scored. Brier score, 0 is best: {scores}."
        f"{note if tables['probabilities'] else ''}"
    )


def _draw_parts(parts: dict[str, brier.Parts]) -> Figure:
    fig, axes = figures.new(1.55 + 0.42 * len(parts), 1, 4, sharey=True)
    fig.set_layout_engine("none")
    columns = {
        "score": ("Brier score", "less is better"),
        "reliability": ("= reliability", "less is better"),
        "resolution": ("− resolution", "more is better"),
        "uncertainty": ("+ uncertainty", "the same for all"),
    }
    shades = list(map(figures.colour, parts))
    largest = max(max(each.score, *each) for each in parts.values())
    for column, (ax, (part, (title, better))) in enumerate(zip(axes, columns.items(), strict=True)):
        ax.set_position((0.15 + 0.215 * column, 0.04, 0.19, 0.6))
        values = [getattr(each, part) for each in parts.values()]
        drawn = ax.barh(range(len(parts)), values, color=shades, height=0.6)
        ax.bar_label(drawn, [f"{value:.3f}" for value in values], padding=3, fontsize=9.5)
        ax.text(0, 1.17, title, transform=ax.transAxes, fontsize=10.5, fontweight="bold")
        ax.text(0, 1.05, better, transform=ax.transAxes, fontsize=9.5, color=figures.GREY)
        ax.set(xlim=(0, 1.6 * largest), xticks=[])
        ax.tick_params(axis="y", length=0)
        ax.spines["bottom"].set_visible(False)
    label_rows(axes[0], parts)
    heading(fig, "The score and its parts", 0.91)
    return fig


def _describe_parts(parts: Mapping[str, brier.Parts], number: int) -> str:
    listed = "; ".join(
        f"{name} {part.score:.3f} = {part.reliability:.3f} - {part.resolution:.3f} + "
        f"{part.uncertainty:.3f}"
        for name, part in parts.items()
    )
    return f"{number} forecasts. Brier score = reliability - resolution + uncertainty: {listed}."
