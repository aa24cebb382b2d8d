"""Explorers of lesson 06: two coders of the same events, and democracy on its many scales."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.evidence import trust as evidence
from belgrade.evidence.trust import CODES, INDICES, Index
from belgrade.explorers.explorer import Explorer, NothingToShow, Select
from belgrade.explorers.kit import NO_LINE, handle, heading, spread
from belgrade.methods import agreement

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Code the events -------------------------------------------------------------------------

SHADES = {"warm": "#F2B950", "neutral": figures.FAINT, "cold": "#7FB2E5"}
GROUPS = {
    "all": "all events",
    "trust": "told in the section on trust",
    "elsewhere": "told in another section",
    "left_out": "left out of the report",
}
# Coder -> how the list calls it, and the sentence.
CODERS = {
    evidence.YOU: ("you", "you"),
    evidence.WORD_COUNTER: ("example: the word counter", "the word counter"),
    evidence.ALWAYS_WARM: ("example: says warm every time", "one who says warm"),
}


def code_the_events(codes: Mapping[str, str] | None = None) -> Explorer:
    """Return the explorer that sets a first coder, A, against the second coder, B.

    `codes` are the reader's own: id of the event and its version ("T011.2") -> warm, neutral or
    cold. Events without a code are left out. Without any, naive example coders stand in:
    a word counter (warm if the text speaks of giving, help or thanks, else neutral) and one who
    always says warm.
    """
    events = evidence.coded_events()
    known = evidence.coders(events, codes)
    controls = {
        "coder": Select("Coder A", {CODERS[name][0]: name for name in known}, next(iter(known))),
        "group": Select("Events", {format: group for group, format in GROUPS.items()}, "all"),
        "spy": Select("Count the spy affair", {"as three events": 3, "as one event": 1}, 3),
    }
    return Explorer("Code the events", {"events": events, "coders": known}, controls, _codes_view)


def _codes_view(tables: Any, coder: str, group: str, spy: int) -> tuple[Figure, str]:
    pairs = evidence.coded_by_both(tables["events"], tables["coders"][coder], spy)
    rows = pairs if group == "all" else pairs[pairs["group"] == group]
    if rows.empty:
        raise NothingToShow("You have coded none of these events yet. Choose other events.")
    fig, ax = figures.new(5.8)
    ax.remove()
    # Places by hand: matplotlib's own layout takes several times as long for three axes.
    fig.set_layout_engine("none")
    head, name = GROUPS[group].capitalize(), CODERS[coder][1]
    heading(fig, f"{head}: coder A ({name}) and coder B", 0.965)
    _draw_matrix(fig.add_axes((0.12, 0.645, 0.28, 0.26)), rows)
    _draw_kappa(fig.add_axes((0.56, 0.645, 0.41, 0.26)), rows)
    _draw_shares(fig.add_axes((0.385, 0.09, 0.585, 0.41)), pairs, group)
    return fig, f"{head}, coder A is {name}: {_describe_codes(rows)}{_describe_cold(pairs, group)}"


def _draw_matrix(ax: Any, pairs: pd.DataFrame) -> None:
    from matplotlib.patches import Rectangle

    matrix = agreement.confusion_matrix(list(pairs["a"]), list(pairs["b"]), CODES)
    darkest = max(2.5 * matrix.to_numpy().max(), 1)
    ax.imshow(matrix, cmap="Greys", vmin=0, vmax=darkest, aspect="auto")
    for row in range(3):
        ax.add_patch(Rectangle((row - 0.47, row - 0.47), 0.94, 0.94, fill=False, linewidth=2))
        for column in range(3):
            ax.text(column, row, matrix.iloc[row, column], ha="center", va="center")
    ax.set_xticks(range(3), CODES)
    ax.set_yticks(range(3), CODES)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set(xlabel="coder B", ylabel="coder A")
    ax.set_title("Events by both codes", fontsize=10.5)


def _agreement_stats(pairs: pd.DataFrame) -> tuple[float, float, str]:
    """Return in percent of the events how many both code alike, and by chance; and kappa."""
    a, b = list(pairs["a"]), list(pairs["b"])
    kappa = agreement.cohens_kappa(a, b)
    kappa_text = "not defined" if math.isnan(kappa) else f"{kappa:.2f}".replace("-", "−")
    return agreement.percent_agreement(a, b), agreement.chance_agreement(a, b), kappa_text


def _draw_kappa(ax: Any, pairs: pd.DataFrame) -> None:
    observed, chance, kappa = _agreement_stats(pairs)
    for y, value, shade in ((2, observed, figures.GREY), (1, chance, figures.FAINT)):
        ax.barh(y, value, color=shade, height=0.5)
        if value > 88:  # it is written inside its bar
            ink = "white" if y == 2 else figures.INK
            ax.text(value - 2, y, f"{value:.0f}", va="center", ha="right", color=ink)
        else:
            ax.text(value + 2, y, f"{value:.0f}", va="center")
    ax.barh(0, 100 - chance, left=chance, height=0.5, fill=False, edgecolor=figures.GREY)
    if observed != chance:
        ax.barh(0, observed - chance, left=chance, height=0.5, color=figures.COLOURS["you"])
    label = f"kappa is {kappa}" if kappa == "not defined" else f"kappa {kappa}"
    ax.text(2, -0.62, label, va="center", fontweight="bold")
    ax.set_yticks([2, 1, 0], ["agreed", "by chance", "beyond chance"])
    ax.set(xlim=(0, 100), ylim=(-0.95, 2.5))
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("per cent of the events")
    ax.set_title("Kappa: the filled part of the frame", fontsize=10.5)


def _draw_shares(ax: Any, pairs: pd.DataFrame, group: str) -> None:
    labels, y = {}, 0.0
    for name, format in GROUPS.items():
        rows = pairs if name == "all" else pairs[pairs["group"] == name]
        if rows.empty:
            continue
        for coder, head in (("a", f"{format} ({len(rows)})   "), ("b", "")):
            labels[y] = f"{head}{coder.upper()}", "bold" if name == group else "normal"
            _draw_stack(ax, y, rows[coder].value_counts())
            y += 0.8
        y += 0.45
    ax.set_yticks(list(labels), [format for format, _ in labels.values()])
    for tick, (_, weight) in zip(ax.get_yticklabels(), labels.values(), strict=True):
        tick.set_fontweight(weight)
    ax.set(ylim=(y - 0.7, -0.6), xlim=(0, 100))
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("share of the events (per cent); the numbers count events")
    ax.set_title("Codes of A and B, by place in the report", fontsize=10.5)


def _draw_stack(ax: Any, y: float, counts: Any) -> None:
    left = 0.0
    for code in CODES:
        number = int(counts.get(code, 0))
        width = 100 * number / counts.sum()
        if number:
            ax.barh(y, width, left=left, color=SHADES[code], edgecolor="white", height=0.72)
            label = f"{number} {code}" if width > 16 else str(number)
            ax.text(left + width / 2, y, label, ha="center", va="center", fontsize=9)
        left += width


def _describe_codes(pairs: pd.DataFrame) -> str:
    a, b = list(pairs["a"]), list(pairs["b"])
    observed, chance, kappa = _agreement_stats(pairs)
    counts = ", ".join(f"{a.count(code)} {code} (B: {b.count(code)})" for code in CODES)
    same = sum(pairs["a"] == pairs["b"])
    return (
        f"{counts}. They agree on {same} of {len(pairs)} ({observed:.0f} per cent; by chance "
        f"{chance:.0f}), kappa is {kappa}."
    )


def _describe_cold(pairs: pd.DataFrame, group: str) -> str:
    in_section = pairs[pairs["group"] == "trust"]
    if in_section.empty or group != "all":
        return ""
    cold, of_section = (
        f"{sum(each['b'] == 'cold')} of {len(each)}" for each in (pairs, in_section)
    )
    return (
        f" B finds {cold} cold in all, but {of_section} of those that the section on trust tells."
    )


# --- How democratic? -------------------------------------------------------------------------

BEFORE, AFTER = 2012, 2019
ALL, NOBODY = "all", "nobody"
REGIMES = ("closed autocracy", "electoral autocracy", "electoral democracy", "liberal democracy")


def how_democratic() -> Explorer:
    """Return the explorer that draws indices of democracy on their own scales, with bounds."""
    scores = evidence.democracy_scores()
    others = sorted(set(scores["country"]) - {"Serbia"})
    beside = {"nobody": NOBODY, "all nine": ALL} | {country: country for country in others}
    indices = {each.name: key for key, each in INDICES.items()}
    scales = {"as it was printed": False, "turned so that up is more democratic": True}
    controls = {
        "index": Select("Index", indices, "electoral_democracy"),
        "beside": Select("Beside Serbia", beside, "Hungary"),
        "turned": Select("Scale", scales, False),
    }
    return Explorer("How democratic?", scores, controls, _indices_view)


def _indices_view(scores: Any, index: str, beside: str, turned: bool) -> tuple[Figure, str]:
    rows, chosen = scores[scores["index"] == index], INDICES[index]
    if beside == NOBODY:
        rows = rows[rows["country"] == "Serbia"]
    elif beside != ALL:
        if beside not in set(rows["country"]):
            raise NothingToShow(
                f"No score of {beside} for {chosen.name} was read. Choose another country."
            )
        rows = rows[rows["country"].isin(["Serbia", beside])]
    describe = _describe_transit if chosen.is_transit else _describe_scores
    return _draw_scores(rows, chosen, beside, turned), describe(rows, chosen, beside, turned)


def _draw_scores(scores: pd.DataFrame, index: Index, beside: str, turned: bool) -> Figure:
    fig, ax = figures.new(4.4)
    ends = []
    ranks: dict[str, int] = {}  # Serbia in place, others by turns above and below
    for country in ["Serbia", *scores["country"][scores["country"] != "Serbia"].unique()]:
        ranks[country] = (len(ranks) + 1) // 2 if len(ranks) % 2 else -len(ranks) // 2
    for country, rows in scores.groupby("country"):
        values = rows["turned"] if index.is_transit and turned else rows["score"]
        if index.is_regime:  # side by side, so that countries of one type do not hide each other
            values = values + 0.04 * ranks[country]
        style = _line_style(country, beside)
        ends.append((float(values.iloc[-1]), int(rows["year"].iloc[-1]), country))
        _draw_line(ax, index, rows.assign(value=values), style, turned)
        if rows["low"].notna().any() and (country == "Serbia" or beside != ALL):
            band = {"color": style["color"], "alpha": 0.18, "lw": 0}
            ax.fill_between(rows["year"], rows["low"], rows["high"], **band)
    _set_axes(ax, index, turned)
    _mark_years(ax)
    if index.is_transit:
        _transit_legend(ax)
    _label_ends(ax, ends, index)
    ax.set_title(f"{index.name}, {scores['year'].min()} to {scores['year'].max()}")
    return fig


def _line_style(country: str, beside: str) -> dict[str, Any]:
    if country == "Serbia":
        return {"color": figures.colour(country), "linewidth": 2.6}
    if beside == ALL:
        return {"color": "#9a9a9a", "linewidth": 1.6}
    return {"color": figures.colour(country), "linewidth": 1.6, "linestyle": "--", "zorder": 3}


def _draw_line(ax: Any, index: Index, rows: Any, style: dict[str, Any], turned: bool) -> None:
    if index.is_regime:
        ax.step(rows["year"], rows["value"], where="mid", **style)
    elif not index.is_transit:
        ax.plot(rows["year"], rows["value"], **style)
    else:
        # A line across the turn of the scale would join numbers that mean opposite things.
        old = rows["best"] == 1
        for part, face in ((rows[old], "white"), (rows[~old], style["color"])):
            ax.plot(part["year"], part["value"], marker="o", markerfacecolor=face, **style)
        if turned:
            ax.plot(rows["year"], rows["value"], **style | {"linestyle": ":"})


def _set_axes(ax: Any, index: Index, turned: bool) -> None:
    low, high = index.scale
    margin = 0.06 * (high - low)
    ax.set_ylim(low - margin, high + margin)
    upside_down = index.is_upside_down
    if upside_down and turned:
        ax.invert_yaxis()
    ends = f"best is at the {'bottom' if upside_down and not turned else 'top'}"
    if index.is_regime:
        ax.set_yticks(range(4), [name.replace(" ", "\n") for name in REGIMES])
    elif index.is_transit and not turned:
        ends = "1 to 7; which end is best changed"
    else:
        ends = f"{low:g} to {high:g}; {ends}"
    ax.set_ylabel(f"score ({ends})")
    first_year, axis_label = evidence.SINCE, "year described"
    if index.is_transit:
        first_year, axis_label = BEFORE, "edition (each describes the year before)"
    ax.set(xlim=(first_year - 0.4, 2024.4), xticks=range(first_year, 2025, 3), xlabel=axis_label)


def _mark_years(ax: Any) -> None:
    style = {"textcoords": "offset points", "fontsize": 9, "color": figures.GREY}
    for year, label in ((BEFORE, "coalition"), (2020, "report")):
        ax.axvline(year, color=figures.FAINT, zorder=0)
        place = {"xycoords": ("data", "axes fraction"), "xytext": (3, 2)}
        ax.annotate(label, (year, 0.005), **place, **style)


def _transit_legend(ax: Any) -> None:
    circle = {"marker": "o", "markeredgecolor": figures.GREY} | NO_LINE
    handles = [
        handle(f"printed with {best} as best", markerfacecolor=face, **circle)
        for best, face in ((1, "white"), (7, figures.GREY))
    ]
    ax.legend(handles=handles, loc="upper center", fontsize=9)


def _label_ends(ax: Any, ends: list[tuple[float, int, str]], index: Index) -> None:
    """Write each country and its last score right of the axes, as near its height as fits."""
    bottom, top = ax.get_ylim()
    last = max(year for _, year, _ in ends)
    ordered = sorted(ends, key=lambda end: (end[0] - bottom) / (top - bottom))
    heights = spread([(value - bottom) / (top - bottom) for value, _, _ in ordered], 0.06)
    for height, (value, year, country) in zip(heights, ordered, strict=True):
        score = "" if index.is_regime else f" {index.format(value)}"
        year_note = "" if year == last else f" ({year})"
        style = {"color": figures.GREY, "fontweight": "normal"}
        if country == "Serbia":
            style = {"color": figures.INK, "fontweight": "bold"}
        place = {"xycoords": "axes fraction", "va": "center", "annotation_clip": False}
        ax.annotate(f"{country}{score}{year_note}", (1.01, height), fontsize=9.5, **place, **style)


def _countries(beside: str) -> list[str]:
    return ["Serbia"] if beside in (NOBODY, ALL) else ["Serbia", beside]


def _describe_scores(scores: pd.DataFrame, index: Index, beside: str, turned: bool) -> str:
    low, high = index.scale
    changes = "; ".join(_describe_change(scores, country, index) for country in _countries(beside))
    sentence = f"{index.name} ({low:g} to {high:g}, {index.best:g} is best): {changes}."
    if beside == ALL:
        sentence += f" {_describe_ranks(scores, index)}"
    if index.is_regime:
        sentence += " The types cut a score at fixed points and have no range."
    if index.is_upside_down:
        up = "a line that falls" if turned else "a line that rises"
        sentence += f" In this picture {up} means less democratic."
    return sentence


def _describe_change(scores: pd.DataFrame, country: str, scale: Index) -> str:
    rows = scores[scores["country"] == country].set_index("year")
    if not {BEFORE, AFTER} <= set(rows.index):
        return f"{country}: no score for {BEFORE} or {AFTER}"
    before, after = rows.loc[BEFORE], rows.loc[AFTER]
    if scale.is_regime:
        names = [REGIMES[int(row["score"])] for row in (before, after)]
        sentence = f"{country} was a {names[0]} in {BEFORE} and a {names[1]} in {AFTER}"
        return sentence.replace("a electoral", "an electoral")
    parts, has_range = [], not math.isnan(before["low"])
    for row, year in ((before, BEFORE), (after, AFTER)):
        low, high = scale.format(row["low"]), scale.format(row["high"])
        bounds = "" if math.isnan(row["low"]) else f" (range {low} to {high})"
        parts.append(f"{scale.format(row['score'])}{bounds} in {year}")
    overlap = before["low"] <= after["high"] and after["low"] <= before["high"]
    ranges = f", ranges that {'overlap' if overlap else 'do not overlap'}"
    return f"{country} {', '.join(parts)}{ranges if has_range else ''}"


def _describe_ranks(scores: pd.DataFrame, index: Index) -> str:
    wide = scores.pivot_table(index="country", columns="year", values="score")
    change = (wide[AFTER] - wide[BEFORE]).dropna() * (-1 if index.is_upside_down else 1)
    fell = change[change < 0].sort_values(kind="stable")
    head = f"{len(fell)} of {len(change)} moved away from the best end between {BEFORE} and {AFTER}"
    names = ", ".join(fell.index[:3])
    return head + (f", farthest {names}." if len(fell) > 3 else f": {names}." if len(fell) else ".")


def _describe_transit(scores: pd.DataFrame, _: Index, beside: str, turned: bool) -> str:
    parts = []
    for country in _countries(beside):
        rows = scores[scores["country"] == country]
        each = [
            f"{row.turned:.2f} in {row.year:.0f}"
            if turned
            else f"{row.score:.2f} in {row.year:.0f} ({row.best:.0f} was best)"
            for row in rows.iloc[sorted({0, len(rows) - 1})].itertuples()
        ]
        parts.append(f"{country} {' and '.join(each)}")
    scale = "all on the scale of 2020, where 7 is best" if turned else "as printed"
    return f"Nations in Transit, 1 to 7, {scale}: {'; '.join(parts)}. Most editions were not read."
