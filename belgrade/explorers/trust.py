"""Explorers of lesson 06: two coders of the same events, and democracy on its many scales."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.explorers.explorer import Explorer, NothingToShow, Select
from belgrade.methods import agreement

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- Code the events -------------------------------------------------------------------------

CODES = ("warm", "neutral", "cold")
SHADES = {"warm": "#F2B950", "neutral": figures.FAINT, "cold": "#7FB2E5"}
# Words that make the word counter, an example of a naive coder, say "warm"; the rest is neutral.
WARM_WORDS = re.compile(r"\b(gives|awarding|hand-over|hands over|aid|flown|thanks)\b")
GROUPS = {
    "all": "all events",
    "trust": "told in the section on trust",
    "elsewhere": "told in another section",
    "left_out": "left out of the report",
}
SECTION_ON_TRUST = "How Much Does Moscow Trust"
# One affair, three rows: filmed, posted, confirmed.
SPY_AFFAIR = ("T013.1", "T025.1", "T026.1")
YOU, WORDS, WARM = "you", "word counter", "always warm"


def code_the_events(codes: Mapping[str, str] | None = None) -> Explorer:
    """Return the explorer that sets a first coder, A, against the second coder, B.

    `codes` are the reader's own: id of the event and its version ("T011.2") -> warm, neutral or
    cold. Events without a code are left out. Without any, naive example coders stand in:
    a word counter (warm if the text speaks of giving, help or thanks, else neutral) and one who
    always says warm.
    """
    events = coded_events()
    coders = {
        WORDS: {item: naive_code(text) for item, text in events["event"].items()},
        WARM: dict.fromkeys(events.index, "warm"),
    }
    options = {
        "example: the word counter": WORDS,
        "example: says warm every time": WARM,
    }
    own = {item: code for item, code in (codes or {}).items() if code in CODES}
    if any(item in events.index for item in own):
        coders[YOU] = own
        options = {"you": YOU} | options
    controls = {
        "coder": Select("Coder A", options, next(iter(options.values()))),
        "group": Select("Events", {words: group for group, words in GROUPS.items()}, "all"),
        "spy": Select("Count the spy affair", {"as three events": 3, "as one event": 1}, 3),
    }
    tables = {"events": events, "coders": coders}
    return Explorer("Code the events", tables, controls, _draw_codes, _describe_codes)


def coded_events() -> pd.DataFrame:
    """Return the events up to the report that coder B has coded, in order of date.

    The index is the id with the version ("T011.2"); `code` is B's, `group` says what the report
    does with the event: trust (told in its section on trust), elsewhere (in another), left_out.
    """
    codes = data.load("event_codes")[["event_id", "version", "code"]]
    events = data.load("events").merge(codes, on=["event_id", "version"])
    events = events[events["period"] == "until_report"]
    events.index = events["event_id"] + "." + events["version"].astype(str)
    told = events["report_sections"].fillna("")
    events["group"] = "elsewhere"
    events.loc[told.str.contains(SECTION_ON_TRUST), "group"] = "trust"
    events.loc[events["in_report"] == "no", "group"] = "left_out"
    return events.sort_values(["date", "event_id", "version"])


def naive_code(text: str) -> str:
    """Return "warm" if the text has one of the words of giving, help or thanks, else "neutral"."""
    return "warm" if WARM_WORDS.search(text) else "neutral"


def _pairs(tables: Any, coder: str, spy: int) -> pd.DataFrame:
    """Return one row an event that both have coded: a, b, group."""
    events = tables["events"]
    if spy == 1:
        events = events.drop(index=list(SPY_AFFAIR[1:]))
    found = events.assign(a=events.index.map(tables["coders"][coder]), b=events["code"])
    return found.dropna(subset="a")[["a", "b", "group"]]


def _of_group(pairs: pd.DataFrame, group: str) -> pd.DataFrame:
    found = pairs if group == "all" else pairs[pairs["group"] == group]
    if found.empty:
        raise NothingToShow("You have coded none of these events yet. Choose other events.")
    return found


def _name(coder: str) -> str:
    return "you" if coder == YOU else f"the {WORDS}" if coder == WORDS else "one who says warm"


def _draw_codes(tables: Any, coder: str, group: str, spy: int) -> Figure:
    pairs = _pairs(tables, coder, spy)
    found = _of_group(pairs, group)
    fig, ax = figures.new(5.8)
    ax.remove()
    # Places by hand: matplotlib's own layout takes several times as long for three axes.
    fig.set_layout_engine("none")
    fig.text(
        0.01,
        0.965,
        f"{GROUPS[group].capitalize()}: coder A ({_name(coder)}) and coder B",
        fontsize=12,
        fontweight="bold",
    )
    _draw_matrix(fig.add_axes((0.12, 0.645, 0.28, 0.26)), found)
    _draw_kappa(fig.add_axes((0.56, 0.645, 0.41, 0.26)), found)
    _draw_shares(fig.add_axes((0.385, 0.09, 0.585, 0.41)), pairs, group)
    return fig


def _draw_matrix(ax: Any, found: pd.DataFrame) -> None:
    from matplotlib.patches import Rectangle

    matrix = agreement.confusion_matrix(list(found["a"]), list(found["b"]), CODES)
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
    ax.set_xlabel("coder B")
    ax.set_ylabel("coder A")
    ax.set_title("Events by both codes", fontsize=10.5)


def _draw_kappa(ax: Any, found: pd.DataFrame) -> None:
    a, b = list(found["a"]), list(found["b"])
    observed = agreement.percent_agreement(a, b)
    chance = agreement.chance_agreement(a, b)
    kappa = agreement.cohens_kappa(a, b)
    for y, value, shade in ((2, observed, figures.GREY), (1, chance, figures.FAINT)):
        ax.barh(y, value, color=shade, height=0.5)
        # A value near the right end is written inside its bar.
        inside = value > 88
        ax.text(
            value - 2 if inside else value + 2,
            y,
            f"{value:.0f}",
            va="center",
            ha="right" if inside else "left",
            color="white" if inside and y == 2 else figures.INK,
        )
    ax.barh(0, 100 - chance, left=chance, height=0.5, fill=False, edgecolor=figures.GREY)
    if observed != chance:
        ax.barh(0, observed - chance, left=chance, height=0.5, color=figures.COLOURS["you"])
    ax.text(2, -0.62, _kappa_words(kappa), va="center", fontweight="bold")
    ax.set_yticks([2, 1, 0], ["agreed", "by chance", "beyond chance"])
    ax.set_xlim(0, 100)
    ax.set_ylim(-0.95, 2.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("percent of the events")
    ax.set_title("Kappa: the filled part of the frame", fontsize=10.5)


def _kappa_words(kappa: float) -> str:
    return "kappa is not defined" if math.isnan(kappa) else f"kappa {kappa:.2f}".replace("-", "−")


def _draw_shares(ax: Any, pairs: pd.DataFrame, group: str) -> None:
    labels, y = [], 0.0
    for name, words in GROUPS.items():
        rows = pairs if name == "all" else pairs[pairs["group"] == name]
        if rows.empty:
            continue
        for coder in ("a", "b"):
            head = f"{words} ({len(rows)})   " if coder == "a" else ""
            labels.append((y, f"{head}{coder.upper()}", name == group))
            _draw_stack(ax, y, rows[coder].value_counts())
            y += 0.8
        y += 0.45
    ax.set_yticks([at for at, _, _ in labels], [words for _, words, _ in labels])
    for tick, (_, _, chosen) in zip(ax.get_yticklabels(), labels, strict=True):
        tick.set_fontweight("bold" if chosen else "normal")
    ax.set_ylim(y - 0.7, -0.6)
    ax.set_xlim(0, 100)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("share of the events (percent); the numbers count events")
    ax.set_title("Codes of A and B, by place in the report", fontsize=10.5)


def _draw_stack(ax: Any, y: float, counts: Any) -> None:
    left = 0.0
    for code in CODES:
        count = int(counts.get(code, 0))
        width = 100 * count / counts.sum()
        if count:
            ax.barh(y, width, left=left, color=SHADES[code], edgecolor="white", height=0.72)
            words = f"{count} {code}" if width > 16 else str(count)
            ax.text(left + width / 2, y, words, ha="center", va="center", fontsize=9)
        left += width


def _describe_codes(tables: Any, coder: str, group: str, spy: int) -> str:
    pairs = _pairs(tables, coder, spy)
    found = _of_group(pairs, group)
    a, b = list(found["a"]), list(found["b"])
    kappa = agreement.cohens_kappa(a, b)
    value = "not defined" if math.isnan(kappa) else f"{kappa:.2f}".replace("-", "−")
    same = sum(found["a"] == found["b"])
    told = pairs[pairs["group"] == "trust"]
    compared = ""
    if len(told) and group == "all":
        compared = (
            f" B finds {_cold(pairs['b'])} cold in all, but {_cold(told['b'])} of those that the "
            "section on trust tells."
        )
    counts = ", ".join(f"{a.count(code)} {code} (B: {b.count(code)})" for code in CODES)
    return (
        f"{GROUPS[group].capitalize()}, coder A is {_name(coder)}: {counts}. They agree on {same} "
        f"of {len(found)} ({agreement.percent_agreement(a, b):.0f} percent; by chance "
        f"{agreement.chance_agreement(a, b):.0f}), kappa is {value}.{compared}"
    )


def _cold(codes: pd.Series) -> str:
    return f"{sum(codes == 'cold')} of {len(codes)}"


# --- How democratic? -------------------------------------------------------------------------

SINCE, BEFORE, AFTER = 2006, 2012, 2019
ALL, NOBODY = "all", "nobody"
REGIMES = {
    0: "closed\nautocracy",
    1: "electoral\nautocracy",
    2: "electoral\ndemocracy",
    3: "liberal\ndemocracy",
}


@dataclass(frozen=True)
class Index:
    """An index: its name, the ends of its printed scale, which end is best, how to print it."""

    name: str
    scale: tuple[float, float]
    best: float
    digits: int

    @property
    def is_upside_down(self) -> bool:
        return self.best == self.scale[0]

    def words(self, value: float) -> str:
        return f"{value:.{self.digits}f}"


INDICES = {
    "electoral_democracy": Index("V-Dem: electoral democracy", (0, 1), 1, 3),
    "liberal_democracy": Index("V-Dem: liberal democracy", (0, 1), 1, 3),
    "regime": Index("V-Dem: type of regime", (0, 3), 3, 0),
    "total": Index("Freedom House: Freedom in the World, total", (0, 100), 100, 0),
    "rights": Index("Freedom House: political rights", (1, 7), 1, 0),
    "transit": Index("Freedom House: Nations in Transit", (1, 7), 7, 2),
}


def how_democratic() -> Explorer:
    """Return the explorer that draws indices of democracy on their own scales, with bounds."""
    scores = _scores()
    others = sorted(set(scores["country"]) - {"Serbia"})
    beside = {"nobody": NOBODY, "all nine": ALL} | {country: country for country in others}
    controls = {
        "index": Select(
            "Index", {each.name: key for key, each in INDICES.items()}, "electoral_democracy"
        ),
        "beside": Select("Beside Serbia", beside, "Hungary"),
        "turned": Select(
            "Scale",
            {"as it was printed": False, "turned so that up is more democratic": True},
            False,
        ),
    }
    return Explorer("How democratic?", scores, controls, _draw_scores, _describe_scores)


def _scores() -> pd.DataFrame:
    """Return all indices in one long table: index, country, year, score, low, high, turned, best.

    `score` is as printed and `turned` on the scale whose upper end is best where the two differ;
    `year` is the year described, for Nations in Transit the year of the edition.
    """
    import pandas as pd

    vdem = data.load("democracy_vdem").rename(
        columns={
            "indicator": "index",
            "score_0_to_1": "score",
            "low_0_to_1": "low",
            "high_0_to_1": "high",
        }
    )
    regimes = data.load("democracy_regimes").rename(columns={"regime_code": "score"})
    house = data.load("democracy_freedom_house")
    total = house.rename(columns={"total_score_0_to_100": "score"}).dropna(subset="score")
    rights = house.rename(columns={"political_rights_1_to_7": "score"})
    transit = data.load("nations_in_transit").rename(
        columns={
            "edition_year": "year",
            "score_published_1_to_7": "score",
            "score_2020_scale_1_to_7": "turned",
            "best_score": "best",
        }
    )
    parts = [
        vdem,
        regimes.assign(index="regime"),
        total.assign(index="total"),
        rights.assign(index="rights"),
        transit.assign(index="transit"),
    ]
    columns = ["index", "country", "year", "score", "low", "high", "turned", "best"]
    scores = pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True)
    for column in ("score", "low", "high", "turned", "best"):
        scores[column] = scores[column].astype("float64")
    scores = scores.sort_values(["index", "country", "year"], ignore_index=True)
    return scores[scores["year"] >= SINCE]


def _chosen(scores: pd.DataFrame, index: str, beside: str) -> pd.DataFrame:
    found = scores[scores["index"] == index]
    if beside == NOBODY:
        return found[found["country"] == "Serbia"]
    if beside == ALL:
        return found
    if beside not in set(found["country"]):
        raise NothingToShow(
            f"No score of {beside} for {INDICES[index].name} was read. Choose another country."
        )
    return found[found["country"].isin(["Serbia", beside])]


def _draw_scores(scores: Any, index: str, beside: str, turned: bool) -> Figure:
    found = _chosen(scores, index, beside)
    chosen = INDICES[index]
    fig, ax = figures.new(4.4)
    ends = []
    countries = list(dict.fromkeys(found["country"]))
    for country, rows in found.groupby("country"):
        values = rows["turned"] if index == "transit" and turned else rows["score"]
        leads = country == "Serbia"
        look = {"color": figures.colour(country), "linewidth": 2.6 if leads else 1.6}
        if beside == ALL and not leads:
            look["color"] = "#9a9a9a"
        elif not leads:
            look |= {"linestyle": "--", "zorder": 3}
        if index == "regime":
            # Side by side, so that countries of one type do not hide each other; Serbia in place.
            others = [name for name in countries if name != "Serbia"]
            rank = 0 if leads else others.index(country) + 1
            values = values + 0.04 * ((rank + 1) // 2 if rank % 2 else -rank // 2)
        ends.append((float(values.iloc[-1]), int(rows["year"].iloc[-1]), country))
        _draw_line(ax, index, rows, values, look, turned)
        if rows["low"].notna().any() and (leads or beside != ALL):
            ax.fill_between(
                rows["year"], rows["low"], rows["high"], color=look["color"], alpha=0.18, lw=0
            )
    _frame(ax, index, chosen, turned)
    _label_ends(ax, ends, index)
    ax.set_title(f"{chosen.name}, {found['year'].min()} to {found['year'].max()}")
    return fig


def _draw_line(
    ax: Any, index: str, rows: Any, values: Any, look: dict[str, Any], turned: bool
) -> None:
    if index == "regime":
        ax.step(rows["year"], values, where="mid", **look)
        return
    if index != "transit":
        ax.plot(rows["year"], values, **look)
        return
    # A line across the turn of the scale would join numbers that mean opposite things.
    old = rows["best"] == 1
    for part, face in ((old, "white"), (~old, look["color"])):
        ax.plot(rows["year"][part], values[part], marker="o", markerfacecolor=face, **look)
    if turned:
        ax.plot(rows["year"], values, **look | {"linestyle": ":"})


def _frame(ax: Any, index: str, chosen: Index, turned: bool) -> None:
    low, high = chosen.scale
    room = 0.06 * (high - low)
    ax.set_ylim(low - room, high + room)
    upside_down = chosen.is_upside_down
    if upside_down and turned:
        ax.invert_yaxis()
    end = "top" if upside_down == turned or not upside_down else "bottom"
    ends = f"{low:g} to {high:g}; best is at the {end}"
    if index == "regime":
        ax.set_yticks(list(REGIMES), list(REGIMES.values()))
        ends = f"best is at the {end}"
    if index == "transit" and not turned:
        ends = "1 to 7; which end is best changed"
    ax.set_ylabel(f"score ({ends})")
    since = BEFORE if index == "transit" else SINCE
    ax.set_xlim(since - 0.4, 2024.4)
    ax.set_xticks(range(since, 2025, 3))
    ax.set_xlabel(
        "edition (each describes the year before)" if index == "transit" else "year described"
    )
    for year, words in ((BEFORE, "coalition"), (2020, "report")):
        ax.axvline(year, color=figures.FAINT, zorder=0)
        ax.annotate(words, (year, 0.005), xycoords=("data", "axes fraction"), xytext=(3, 2),
                    textcoords="offset points", fontsize=9, color=figures.GREY)  # fmt: skip
    if index == "transit":
        from matplotlib.lines import Line2D

        circle = {"marker": "o", "linestyle": "none", "markeredgecolor": figures.GREY}
        ax.legend(
            handles=[
                Line2D([], [], markerfacecolor="white", label="printed with 1 as best", **circle),
                Line2D(
                    [], [], markerfacecolor=figures.GREY, label="printed with 7 as best", **circle
                ),
            ],
            loc="upper center",
            fontsize=9,
        )


def _label_ends(ax: Any, ends: list[tuple[float, int, str]], index: str) -> None:
    """Write each country and its last score right of the axes, as near its height as fits."""
    bottom, top = ax.get_ylim()
    last = max(year for _, year, _ in ends)
    ordered = sorted(ends, key=lambda end: (end[0] - bottom) / (top - bottom))
    heights = spread([(value - bottom) / (top - bottom) for value, _, _ in ordered], 0.06)
    for height, (value, year, country) in zip(heights, ordered, strict=True):
        score = "" if index == "regime" else f" {INDICES[index].words(value)}"
        when = "" if year == last else f" ({year})"
        leads = country == "Serbia"
        ax.annotate(
            f"{country}{score}{when}",
            (1.01, height),
            xycoords="axes fraction",
            fontsize=9.5,
            va="center",
            color=figures.INK if leads else figures.GREY,
            fontweight="bold" if leads else "normal",
            annotation_clip=False,
        )


def spread(heights: list[float], gap: float) -> list[float]:
    """Return rising heights moved apart to at least `gap`, with the least squared displacement.

    Heights less their rank times the gap must not fall: isotonic regression by pooling neighbours.
    """
    pools: list[list[float]] = []
    for rank, height in enumerate(heights):
        pools.append([height - rank * gap])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    level = [_mean(pool) for pool in pools for _ in pool]
    return [height + rank * gap for rank, height in enumerate(level)]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _at(found: pd.DataFrame, country: str, year: int) -> Any:
    rows = found[(found["country"] == country) & (found["year"] == year)]
    return rows.iloc[0] if len(rows) else None


def _describe_scores(scores: Any, index: str, beside: str, turned: bool) -> str:
    found = _chosen(scores, index, beside)
    chosen = INDICES[index]
    if index == "transit":
        return _describe_transit(found, beside, turned)
    low, high = chosen.scale
    said = [f"{chosen.name} ({low:g} to {high:g}, {chosen.best:g} is best)"]
    countries = ["Serbia"] if beside in (NOBODY, ALL) else ["Serbia", beside]
    said.append("; ".join(_change(found, country, chosen, index) for country in countries))
    words = ": ".join(said) + "."
    if beside == ALL:
        words += " " + _ranked(found, chosen)
    if index == "regime":
        words += " The types cut a score at fixed points and have no range."
    if chosen.is_upside_down:
        up = "a line that falls" if turned else "a line that rises"
        words += f" In this picture {up} means less democratic."
    return words


def _change(found: pd.DataFrame, country: str, chosen: Index, index: str) -> str:
    was, now = _at(found, country, BEFORE), _at(found, country, AFTER)
    if was is None or now is None:
        return f"{country}: no score for {BEFORE} or {AFTER}"
    if index == "regime":
        names = [REGIMES[int(row["score"])].replace("\n", " ") for row in (was, now)]
        return f"{country} was a {names[0]} in {BEFORE} and a {names[1]} in {AFTER}".replace(
            "a electoral", "an electoral"
        )
    parts = []
    for row, year in ((was, BEFORE), (now, AFTER)):
        bounds = ""
        if not math.isnan(row["low"]):
            bounds = f" (range {chosen.words(row['low'])} to {chosen.words(row['high'])})"
        parts.append(f"{chosen.words(row['score'])}{bounds} in {year}")
    words = f"{country} {parts[0]}, {parts[1]}"
    if not math.isnan(was["low"]):
        apart = was["low"] > now["high"] or now["low"] > was["high"]
        words += ", ranges that do not overlap" if apart else ", ranges that overlap"
    return words


def _ranked(found: pd.DataFrame, chosen: Index) -> str:
    wide = found.pivot_table(index="country", columns="year", values="score")
    change = (wide[AFTER] - wide[BEFORE]).dropna() * (-1 if chosen.is_upside_down else 1)
    fell = change[change < 0].sort_values(kind="stable")
    names = ", ".join(fell.index[:3])
    return (
        f"{len(fell)} of {len(change)} moved away from the best end between {BEFORE} and {AFTER}"
        + (f", farthest {names}." if len(fell) > 3 else f": {names}." if len(fell) else ".")
    )


def _describe_transit(found: pd.DataFrame, beside: str, turned: bool) -> str:
    countries = ["Serbia"] if beside in (NOBODY, ALL) else ["Serbia", beside]
    parts = []
    for country in countries:
        rows = found[found["country"] == country]
        ends = [rows.iloc[0]] if len(rows) == 1 else [rows.iloc[0], rows.iloc[-1]]
        if turned:
            each = [f"{row['turned']:.2f} in {row['year']:.0f}" for row in ends]
        else:
            each = [
                f"{row['score']:.2f} in {row['year']:.0f} ({row['best']:.0f} was best)"
                for row in ends
            ]
        parts.append(f"{country} {' and '.join(each)}")
    how = "all on the scale of 2020, where 7 is best" if turned else "as printed"
    return f"Nations in Transit, 1 to 7, {how}: {'; '.join(parts)}. Most editions were not read."
