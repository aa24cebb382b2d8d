"""Explorers of lesson 09: who is named and how warmly, and what the report's forecasts score."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.explorers.explorer import Explorer, NothingToShow, Number, Select
from belgrade.methods import brier

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Xi or Putin? ----------------------------------------------------------------------------

VOLUME, MONTHS, WARMTH, BOTH = "volume", "months", "warmth", "both"
# Whom to compare -> the Russian and the Chinese side, as the tables call them.
SIDES = {
    "leaders": ("Vladimir Putin", "Xi Jinping"),
    "countries": ("Russia", "China"),
}
HOMES = {"Vladimir Putin": "Russia", "Xi Jinping": "China"}
# Units in which a study counts how often somebody is named; others measure something else.
COUNTS = ("texts", "occurrences", "front_pages", "seconds", "articles")
WORDS = {"": "", "as_given": "", "about": "about ", "less_than": "under ", "more_than": "over "}
TIME_OF_ALL = "BIRODI2021"
UNKNOWN = "not in what we read"


def xi_or_putin() -> Explorer:
    """Return the explorer that shows how often and how warmly two leaders or countries are named.

    Counts are volume, not warmth; studies count different things and are never added.
    """
    tables = {
        "totals": data.load("headline_mentions").sort_values(["period_start", "outlet", "actor"]),
        "months": data.load("headline_mentions_monthly"),
        "studies": data.load("media_attention").sort_values(
            ["period_start", "study_id", "measure", "actor"]
        ),
        "meetings": data.load("leader_meetings"),
    }
    controls = {
        "view": Select(
            "Show",
            {
                "how often, source by source": VOLUME,
                "how often, month by month (RTS)": MONTHS,
                "how warmly": WARMTH,
                "how warmly against how often": BOTH,
            },
            VOLUME,
        ),
        "who": Select(
            "Compare",
            {"Putin and Xi": "leaders", "Russia and China": "countries"},
            "leaders",
        ),
        "unit": Select(
            "Month by month, count",
            {"headlines": "headlines", "headlines of every 100 of the month": "share"},
            "headlines",
        ),
    }
    return Explorer("Xi or Putin?", tables, controls, _draw_named, _describe_named)


@dataclass(frozen=True)
class Pair:
    """What one source says of the Russian and the Chinese side; None where it is not known."""

    what: str
    period: str
    unit: str
    russian: float | None
    chinese: float | None
    russian_words: str
    chinese_words: str

    @property
    def is_whole(self) -> bool:
        return self.russian is not None and self.chinese is not None


def volume(tables: Mapping[str, pd.DataFrame], who: str) -> list[Pair]:
    """Return how often the two sides of `who` are named, newest source first."""
    pairs = []
    totals = tables["totals"]
    for outlet, rows in totals.groupby("outlet", sort=False):
        strict = rows[rows["count_rule"] == "strict"].set_index("actor")
        loose = rows[rows["count_rule"] == "loose"].set_index("actor")
        values = [int(strict.loc[side, "mentions"]) for side in SIDES[who]]
        words = [
            f"{value} (at most {loose.loc[side, 'mentions']})"
            if side in loose.index
            else f"{value}"
            for value, side in zip(values, SIDES[who], strict=True)
        ]
        first = strict.iloc[0]
        pairs.append(
            Pair(
                f"{outlet}, headlines ({first['section']})",
                _period(first["period_start"], first["period_end"]),
                first["unit"],
                *values,
                *words,
            )
        )
    studies = tables["studies"]
    counted = studies[(studies["tone"] == "all") & studies["unit"].isin(COUNTS)]
    return pairs + list(reversed(_studies(counted, who)))


def warmth(tables: Mapping[str, pd.DataFrame], who: str) -> list[Pair]:
    """Return which part of what was said of the two sides is positive, in percent."""
    studies = tables["studies"]
    shares = studies[(studies["unit"] == "percent") & (studies["tone"] == "positive")]
    both = studies[
        studies["tone"].isin(["all", "positive"]) & (studies["value_word"] == "as_given")
    ]
    both = both[both["unit"].isin(COUNTS)]
    wide = both.pivot_table(index=["study_id", "actor"], columns="tone", values="value").dropna()
    worked = (100 * wide["positive"] / wide["all"]).rename("value").reset_index()
    about = studies.drop_duplicates("study_id").drop(columns=["actor", "value", "unit"])
    worked = worked.merge(about, on="study_id").assign(unit="percent")
    return list(reversed(_studies(worked, who) + _studies(shares, who)))


def _studies(rows: pd.DataFrame, who: str) -> list[Pair]:
    pairs = []
    for _, study in rows.groupby("study_id", sort=False):
        by_actor = study.drop_duplicates("actor").set_index("actor")
        values: list[float | None] = []
        words = []
        for side in SIDES[who]:
            known = side in by_actor.index
            values.append(float(by_actor.loc[side, "value"]) if known else None)
            words.append(_number(by_actor.loc[side]) if known else UNKNOWN)
        if values != [None, None]:
            first = study.iloc[0]
            period = _period(first["period_start"], first["period_end"])
            if first["date_precision"] == "year":
                period = f"{first['period_start'].year} to {first['period_end'].year}"
            unit = first["unit"].replace("_", " ")
            unit = {"occurrences": "words", "seconds": "seconds of air time"}.get(unit, unit)
            pairs.append(Pair(first["scope"], period, unit, *values, *words))
    return pairs


def _number(row: Any) -> str:
    if row["unit"] == "percent":
        return f"{row['value']:.1f}%"
    return f"{WORDS[row['value_word']]}{row['value']:,.0f}"


def _period(start: Any, end: Any) -> str:
    if start.year == end.year:
        months = f"{start:%b}" if start.month == end.month else f"{start:%b} to {end:%b}"
        return f"{start.year}" if (start.month, end.month) == (1, 12) else f"{months} {end.year}"
    return f"{start:%b %Y} to {end:%b %Y}"


def _short(side: str) -> str:
    return {"Vladimir Putin": "Putin", "Xi Jinping": "Xi"}.get(side, side)


def _draw_named(tables: Any, view: str, who: str, unit: str) -> Figure:
    if view == MONTHS:
        return _draw_months(tables, who, unit)
    if view == WARMTH:
        return _draw_warmth(warmth(tables, who), who)
    if view == BOTH:
        return _draw_both(tables, who)
    return _draw_volume(volume(tables, who), who)


def _rows(ax: Any, pairs: list[Pair], unit: bool) -> None:
    """Write the sources along the vertical axis, the newest on top."""
    labels = []
    for pair in pairs:
        counted = f"{pair.period}, {pair.unit}" if unit else pair.period
        labels.append(f"{textwrap.fill(pair.what, 34)}\n{counted}")
    ax.set_yticks(range(len(pairs)), labels, fontsize=9.5)
    ax.set_ylim(len(pairs) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def _draw_volume(pairs: list[Pair], who: str) -> Figure:
    russian, chinese = (figures.colour(HOMES.get(side, side)) for side in SIDES[who])
    fig, ax = figures.new(1.7 + 0.68 * len(pairs))
    for row, pair in enumerate(pairs):
        if pair.is_whole:
            share = 100 * pair.russian / (pair.russian + pair.chinese)
            for end in (-0.42, 0.28):
                ax.plot([50, 50], [row + end, row + end + 0.14], color=figures.INK, linewidth=1.2)
            ax.barh(row, share, color=russian, height=0.55)
            ax.barh(row, 100 - share, left=share, color=chinese, hatch="//", edgecolor="white",
                    height=0.55)  # fmt: skip
            inside = {"color": "white", "fontweight": "bold"}
        else:
            ax.barh(row, 100, color="white", edgecolor=figures.GREY, height=0.55, linewidth=1)
            inside = {"color": figures.INK}
        left, right = (_short(side) for side in SIDES[who])
        ax.text(2, row, f"{left} {pair.russian_words}", va="center", fontsize=9.5, **inside)
        at = 102 if pair.is_whole else 98
        ax.text(at, row, f"{right} {pair.chinese_words}", va="center", fontsize=9.5,
                ha="left" if pair.is_whole else "right")  # fmt: skip
    _rows(ax, pairs, unit=True)
    ax.set_xlim(0, 142)
    ax.set_xticks(range(0, 101, 25))
    ax.spines["bottom"].set_bounds(0, 100)
    ax.set_xlabel("of every 100 that name one of the two\n(marks: as many each)", loc="left")
    ax.set_title(f"How often {' and '.join(map(_short, SIDES[who]))} are named")
    return fig


def _draw_months(tables: Any, who: str, unit: str) -> Figure:
    wide = _by_month(tables, who, unit)
    fig, ax = figures.new(3.7)
    fig.set_layout_engine("none")
    ax.set_position((0.09, 0.27, 0.89, 0.61))
    for side, shift, hatch in zip(SIDES[who], (-0.2, 0.2), ("", "//"), strict=True):
        ax.bar(
            [at + shift for at in range(len(wide))],
            wide[side],
            width=0.38,
            color=figures.colour(HOMES.get(side, side)),
            hatch=hatch,
            edgecolor="white",
            label=_short(side),
        )
    top = wide.to_numpy().max()
    for leader, height in zip(SIDES["leaders"], (1.1, 1.22), strict=True):
        home = HOMES[leader]
        ax.plot(
            [wide.index.get_loc(month) for month in _met(tables, leader, wide)],
            [top * height] * len(_met(tables, leader, wide)),
            linestyle="none",
            marker=figures.marker(home),
            color=figures.colour(home),
            label=f"Vučić meets {_short(leader)}",
        )
    ax.set_ylim(0, top * 1.32)
    ax.yaxis.get_major_locator().set_params(integer=True)
    ax.set_xlim(-0.6, len(wide) - 0.4)
    names = [f"{month:%b}" + (f"\n{month.year}" if at == 0 or month.month == 1 else "")
             for at, month in enumerate(wide.index)]  # fmt: skip
    ax.set_xticks(range(len(wide)), names)
    ax.tick_params(axis="x", length=0)
    ax.set_ylabel("headlines" if unit == "headlines" else "of every 100 headlines")
    ax.set_title(f"{' and '.join(map(_short, SIDES[who]))} in politics headlines of RTS, by month")
    handles, labels = ax.get_legend_handles_labels()
    order = [2, 3, 0, 1]
    fig.legend(
        [handles[at] for at in order],
        [labels[at] for at in order],
        loc="lower left",
        bbox_to_anchor=(0.06, 0),
        ncols=4,
        handletextpad=0.4,
        fontsize=9.5,
    )
    return fig


def _by_month(tables: Any, who: str, unit: str) -> pd.DataFrame:
    column = "headlines_mentioning" if unit == "headlines" else "share_pct"
    wide = tables["months"].pivot(index="month_start", columns="actor", values=column)
    return wide[list(SIDES[who])].astype(float)


def _met(tables: Any, leader: str, wide: pd.DataFrame) -> list[Any]:
    """Return the months of `wide` in which Serbia's president met the leader in person."""
    meetings = tables["meetings"]
    met = meetings[(meetings["leader"] == leader) & (meetings["mode"] == "in_person")]
    months = set(met["date"].dt.to_period("M").dt.to_timestamp())
    return [month for month in wide.index if month in months]


def _draw_warmth(pairs: list[Pair], who: str) -> Figure:
    fig, ax = figures.new(1.7 + 0.85 * len(pairs))
    for row, pair in enumerate(pairs):
        values = ((pair.russian, pair.russian_words), (pair.chinese, pair.chinese_words))
        for side, (value, words), shift, hatch in zip(
            SIDES[who], values, (-0.19, 0.19), ("", "//"), strict=True
        ):
            shade = figures.colour(HOMES.get(side, side))
            ax.barh(row + shift, value or 0, color=shade, hatch=hatch, edgecolor="white",
                    height=0.36)  # fmt: skip
            ax.text((value or 0) + 1.5, row + shift, f"{_short(side)} {words}", va="center",
                    fontsize=9.5)  # fmt: skip
    _rows(ax, pairs, unit=False)
    ax.set_xlim(0, 118)
    ax.set_xticks(range(0, 101, 25))
    ax.spines["bottom"].set_bounds(0, 100)
    ax.set_xlabel("positive part of what was said, in percent", loc="left")
    ax.set_title(f"How warmly {' and '.join(map(_short, SIDES[who]))} are treated")
    return fig


def _time_and_tone(tables: Any) -> pd.DataFrame:
    """Return air time in minutes and its positive part in percent, by actor, of the one study."""
    studies = tables["studies"]
    rows = studies[(studies["study_id"] == TIME_OF_ALL) & (studies["unit"] == "seconds")]
    wide = rows.pivot(index="actor", columns="tone", values="value").dropna(subset="all")
    wide["minutes"] = wide["all"] / 60
    wide["positive_pct"] = 100 * wide["positive"] / wide["all"]
    return wide.sort_values("minutes", kind="stable")


def _draw_both(tables: Any, who: str) -> Figure:
    _refuse_leaders(who)
    points = _time_and_tone(tables)
    fig, ax = figures.new(3.6)
    for actor, row in points.iterrows():
        ax.plot(row["minutes"], row["positive_pct"], marker=figures.marker(actor), markersize=11,
                color=figures.colour(actor), linestyle="none")  # fmt: skip
        ax.annotate(f"{actor}\n{row['minutes']:.0f} minutes, {row['positive_pct']:.0f}% positive",
                    (row["minutes"], row["positive_pct"]), xytext=(10, -4),
                    textcoords="offset points", va="center", fontsize=9.5)  # fmt: skip
    for label, shift in zip(ax.texts, (-14, 10, 0), strict=True):
        label.xyann = (12, shift)
    ax.set_xlim(0, 1.45 * points["minutes"].max())
    ax.set_ylim(0, 105)
    ax.set_xlabel("how often: minutes on air")
    ax.set_ylabel("how warmly: positive\npart, in percent")
    ax.set_title("Five national TV newscasts, December 2020 to November 2021")
    return fig


def _refuse_leaders(who: str) -> None:
    if who == "leaders":
        raise NothingToShow(
            "No study that we read measures both how often and how warmly the two leaders are "
            "named. Compare Russia and China instead."
        )


def _describe_named(tables: Any, view: str, who: str, unit: str) -> str:
    if view == BOTH:
        _refuse_leaders(who)
        points = _time_and_tone(tables).iloc[::-1]
        said = "; ".join(
            f"{actor} {row['minutes']:.0f} minutes, {row['positive_pct']:.0f}% positive"
            for actor, row in points.iterrows()
        )
        return (
            f"Television news, 2020 to 2021, officials and embassies only: {said}. "
            "Most often named is not most warmly named."
        )
    left, right = map(_short, SIDES[who])
    if view == MONTHS:
        return _describe_months(tables, who, unit)
    pairs = (warmth if view == WARMTH else volume)(tables, who)
    said = "; ".join(
        f"{pair.what}, {pair.period}: {left} {pair.russian_words}, {right} {pair.chinese_words}"
        + ("" if view == WARMTH else f" ({pair.unit})")
        for pair in pairs
    )
    if view == WARMTH:
        return f"Positive part of what was said: {said}."
    whole = [pair for pair in pairs if pair.is_whole]
    ahead = sum(pair.russian > pair.chinese for pair in whole)
    return (
        f"{left} is named more often than {right} in {ahead} of the {len(whole)} sources that give "
        f"both: {said}."
    )


def _describe_months(tables: Any, who: str, unit: str) -> str:
    left, right = SIDES[who]
    counts, wide = _by_month(tables, who, "headlines"), _by_month(tables, who, unit)
    more, fewer = (counts[left] > counts[right]).sum(), (counts[left] < counts[right]).sum()
    ends = []
    for side in (left, right):
        month = wide[side].idxmax()
        size = f"{wide.loc[month, side]:g}"
        of = "" if unit == "headlines" else " of every 100"
        ends.append(f"{_short(side)} at most {size}{of} (first in {month:%B %Y})")
    totals = tables["months"].groupby("month_start")["headlines_total"].first()
    thin = ""
    if unit == "share":
        thin = f" {totals.idxmin():%B %Y} has only {totals.min()} headlines."
    return (
        f"RTS, {len(counts)} months: {_short(left)} leads in {more}, {_short(right)} in {fewer}, "
        f"as many in {len(counts) - more - fewer}; {', '.join(ends)}. With so few headlines a "
        f"month, most of the change is chance or a single event.{thin}"
    )


# --- Score the forecasts ---------------------------------------------------------------------

ROWS, PARTS = "rows", "parts"
EVERY, CLEAR, TURNED = "every", "clear", "turned"
YOU, COIN, BASE = "you", "a coin", "the base rate"
BECAUSE = {
    "condition_not_met": "its condition did not come",
    "not_observable": "cannot be seen",
    "no_measure": "no measure",
    "measures_disagree": "measures disagree",
}


def score_the_forecasts(probabilities: Mapping[str, float] | None = None) -> Explorer:
    """Return the explorer that scores the report's forecasts, beside a coin and the base rate.

    `probabilities` are the reader's own as of June 2020: id of the claim -> 0 to 1. Where they are
    missing a coin (0.5) stands in, and the sentence says so. Undecided forecasts are not scored.
    """
    outcomes = data.load("forecast_outcomes").set_index("claim_id").sort_index(kind="stable")
    given = {
        claim: float(value)
        for claim, value in (probabilities or {}).items()
        if claim in outcomes.index and 0 <= value <= 1
    }
    controls = {
        "view": Select(
            "Show", {"forecast by forecast": ROWS, "the score and its parts": PARTS}, ROWS
        ),
        "scored": Select(
            "Score",
            {
                "every forecast that is decided": EVERY,
                "only the clear ones": CLEAR,
                "all, with the disputable outcomes turned round": TURNED,
            },
            EVERY,
        ),
        "same": Number("Someone gives every forecast", 0, 1, 0.05, 0.9),
    }
    tables = {"outcomes": outcomes, "given": given}
    return Explorer("Score the forecasts", tables, controls, _draw_scores, _describe_scores)


def scored_rows(tables: Mapping[str, Any], scored: str) -> pd.DataFrame:
    """Return the forecasts that are scored: outcome 1 or 0, and the reader's probability.

    `scored` is every (all decided ones), clear, or turned: all decided ones, with each disputable
    outcome taken the other way.
    """
    rows = tables["outcomes"].query("outcome != 'undecided'").copy()
    rows["happened"] = (rows["outcome"] == "yes").astype(int)
    disputable = rows["clarity"] == "disputable"
    if scored == CLEAR:
        rows = rows[~disputable].copy()
    elif scored == TURNED:
        rows.loc[disputable, "happened"] = 1 - rows.loc[disputable, "happened"]
    rows["yours"] = [tables["given"].get(claim, brier.COIN) for claim in rows.index]
    return rows


def forecasters(tables: Mapping[str, Any], scored: str, same: float) -> dict[str, brier.Parts]:
    """Return the parts of the Brier score of each forecaster: the reader (if any), coin, base rate,
    and one who gives every forecast the probability `same`."""
    rows = scored_rows(tables, scored)
    happened = list(rows["happened"])
    constant = {COIN: brier.COIN, BASE: brier.base_rate(happened), _same(same): same}
    made = {name: [value] * len(rows) for name, value in constant.items()}
    if tables["given"]:
        made = {YOU: list(rows["yours"])} | made
    return {name: brier.decompose(given, happened) for name, given in made.items()}


def _same(same: float) -> str:
    return f"{same:.2f} for all"


def _draw_scores(tables: Any, view: str, scored: str, same: float) -> Figure:
    if view == PARTS:
        return _draw_parts(forecasters(tables, scored, same))
    return _draw_rows(tables, scored, same)


def _draw_rows(tables: Any, scored: str, same: float) -> Figure:
    from matplotlib.lines import Line2D

    rows = scored_rows(tables, scored)
    rest = tables["outcomes"][tables["outcomes"]["outcome"] == "undecided"]
    order = [*rows.sort_values("happened", ascending=False, kind="stable").index, *rest.index]
    fig, ax = figures.new(1.55 + 0.34 * len(order))
    fig.set_layout_engine("none")
    height = fig.get_figheight()
    ax.set_position((0.475, 0.95 / height, 0.36, 1 - 1.45 / height))
    shade = figures.colour("you") if tables["given"] else figures.GREY
    mark = figures.marker("you") if tables["given"] else "o"
    for at, claim in enumerate(order):
        if claim in rest.index:
            because = BECAUSE[rest.loc[claim, "undecided_because"]]
            ax.text(0.5, at, f"not scored: {because}", ha="center", va="center", fontsize=9,
                    color=figures.GREY)  # fmt: skip
            continue
        row = rows.loc[claim]
        ax.plot([row["yours"], row["happened"]], [at, at], color=shade, linewidth=2.5, zorder=1)
        ax.plot(row["yours"], at, marker=mark, markersize=11, color=shade, linestyle="none")
        filled = figures.INK if row["happened"] else "white"
        ax.plot(row["happened"], at, marker="D", markersize=8, markeredgecolor=figures.INK,
                markerfacecolor=filled, linestyle="none", zorder=3)  # fmt: skip
        square = (row["yours"] - row["happened"]) ** 2
        ax.text(1.07, at, "yes" if row["happened"] else "no", va="center", fontsize=9.5)
        ax.text(1.52, at, f"{square:.4g}", va="center", ha="right", fontsize=9.5)
    ax.plot([same, same], [-0.5, len(rows) - 0.5], color=figures.INK, linestyle="--",
            linewidth=1, zorder=0)  # fmt: skip
    names = [f"{tables['outcomes'].loc[claim, 'short']} ({claim})" for claim in order]
    ax.set_yticks(range(len(order)), [textwrap.fill(name, 52) for name in names], fontsize=8.5)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(order) - 0.5, -0.5)
    ax.set_xlim(-0.05, 1.05)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    ax.set_xlabel("probability that the forecast comes true")
    ax.text(1.07, -0.95, "true?", fontsize=9.5, va="bottom", color=figures.GREY)
    ax.text(1.52, -0.95, "distance²", fontsize=9.5, va="bottom", ha="right", color=figures.GREY)
    fig.text(0.01, 1 - 0.3 / height, _title(scored), fontsize=12, fontweight="bold")
    whose = "you" if tables["given"] else "a coin, standing in for you"
    style = {"linestyle": "none", "color": figures.INK}
    handles = [
        Line2D([], [], marker=mark, color=shade, linestyle="none", markersize=9, label=whose),
        Line2D([], [], marker="D", label="came true (1)", **style),
        Line2D([], [], marker="D", markerfacecolor="white", label="did not (0)", **style),
        Line2D([], [], linestyle="--", linewidth=1, color=figures.INK, label=_same(same)),
    ]
    fig.legend(handles=handles, loc="lower left", ncols=4, fontsize=9.5, handletextpad=0.4)
    return fig


def _title(scored: str) -> str:
    return {
        EVERY: "The report's forecasts: said and happened",
        CLEAR: "Only the clear outcomes",
        TURNED: "The disputable outcomes turned round",
    }[scored]


def _draw_parts(parts: dict[str, brier.Parts]) -> Figure:
    names = list(parts)
    fig, axes = figures.new(1.55 + 0.42 * len(names), 1, 4, sharey=True)
    fig.set_layout_engine("none")
    columns = {
        "Brier score": ("less is better", "score"),
        "= reliability": ("less is better", "reliability"),
        "− resolution": ("more is better", "resolution"),
        "+ uncertainty": ("the same for all", "uncertainty"),
    }
    largest = max(max(each.score, *each) for each in parts.values())
    bottom, height = 0.04, 0.6
    for column, (ax, (title, (better, part))) in enumerate(zip(axes, columns.items(), strict=True)):
        ax.set_position((0.15 + 0.215 * column, bottom, 0.19, height))
        values = [getattr(each, part) for each in parts.values()]
        shades = [figures.colour(YOU) if name == YOU else figures.GREY for name in names]
        bars = ax.barh(range(len(names)), values, color=shades, height=0.6)
        ax.bar_label(bars, [f"{value:.3f}" for value in values], padding=3, fontsize=9.5)
        ax.text(0, 1.17, title, transform=ax.transAxes, fontsize=10.5, fontweight="bold")
        ax.text(0, 1.05, better, transform=ax.transAxes, fontsize=9.5, color=figures.GREY)
        ax.set_xlim(0, 1.6 * largest)
        ax.set_xticks([])
        ax.tick_params(axis="y", length=0)
        ax.spines["bottom"].set_visible(False)
    axes[0].set_yticks(range(len(names)), names)
    axes[0].set_ylim(len(names) - 0.5, -0.5)
    fig.text(0.01, 0.91, "The score and its parts", fontsize=12, fontweight="bold")
    return fig


def _describe_scores(tables: Any, view: str, scored: str, same: float) -> str:
    rows = scored_rows(tables, scored)
    made = forecasters(tables, scored, same)
    given, total = tables["given"], len(tables["outcomes"])
    if not given:
        whose = "You have given no probabilities, so a coin stands in for you. "
    elif missing := total - len(given):
        whose = f"You answered {len(given)} of {total}; for the other {missing} a coin stands in. "
    else:
        whose = ""
    if view == PARTS:
        said = "; ".join(
            f"{name} {part.score:.3f} = {part.reliability:.3f} - {part.resolution:.3f} + "
            f"{part.uncertainty:.3f}"
            for name, part in made.items()
        )
        return (
            f"{whose}{len(rows)} forecasts. Brier score = reliability - resolution + uncertainty: "
            f"{said}."
        )
    rate = brier.base_rate(list(rows["happened"]))
    scores = ", ".join(
        f"{name}{f' ({rate:.2f})' if name == BASE else ''} {part.score:.3f}"
        for name, part in made.items()
    )
    worst = ""
    if given:
        squares = (rows["yours"] - rows["happened"]) ** 2
        far = squares.idxmax()
        worst = f" Your largest distance: {rows.loc[far, 'short']} ({math.sqrt(squares[far]):.2f})."
    undecided = (tables["outcomes"]["outcome"] == "undecided").sum()
    return (
        f"{whose}{len(rows)} of {total} forecasts are scored, {rows['happened'].sum()} of them "
        f"came true; {undecided} are undecided and not scored. Brier score, 0 is best: "
        f"{scores}.{worst}"
    )
