"""Explorers of lesson 03: exercises by definition, arms by supplier, memberships on a tile map."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.evidence import security as evidence
from belgrade.evidence.security import ALL, NO_GIFTS, NO_MIGS, OLDER, ONLY_GIFTS
from belgrade.explorers.explorer import Control, Explorer, NothingToShow, Number, Select
from belgrade.explorers.kit import label_rows
from belgrade.methods import security

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- What counts as an exercise? -------------------------------------------------------------

TERMS = {"unit": "unit", "period": "period", "counted_by": "counter"}


def exercises_counted() -> Explorer:
    """Return the explorer that sets any count of exercises with NATO beside any with Russia."""
    tables = data.load("military_exercises"), data.load("exercises_2019_named")
    counts = security.exercise_counts(*tables)
    nato, russia = (_options(counts[counts["side"] == side]) for side in ("NATO", "Russia"))
    controls: dict[str, Control] = {
        "nato": Select("With NATO", nato, next(iter(nato.values()))),
        "russia": Select("With Russia", russia, next(iter(russia.values()))),
    }
    return Explorer("What counts as an exercise?", counts, controls, _exercises_view)


def _options(counts: pd.DataFrame) -> dict[str, int]:
    """Return label -> row of `counts`."""
    return {
        f"{row.partner}: {row.unit}, {row.period} ({row.counted_by})": int(row.Index)
        for row in counts.itertuples()
    }


def _exercises_view(counts: Any, nato: int, russia: int) -> tuple[Figure, str]:
    pair = counts.loc[[nato, russia]]
    same = security.same_terms(counts.loc[nato], counts.loc[russia])
    fig, (top, below) = figures.new(4.1, rows=2, height_ratios=[1, 1.25])
    _draw_counts(top, pair)
    _draw_terms(below, pair, same)
    return fig, _describe_counts(counts.loc[nato], counts.loc[russia], same)


def _draw_counts(ax: Any, pair: pd.DataFrame) -> None:
    shades = [figures.GREY, figures.colour("Russia")]
    bars = ax.barh([0, 1], pair["events"], color=shades, height=0.62)
    bars[0].set(hatch="//", edgecolor="white")
    ax.bar_label(bars, padding=4)
    label_rows(ax, [textwrap.fill(f"with {row.partner}", 20) for row in pair.itertuples()])
    ax.margins(x=0.1)
    ax.set_xlim(left=0)
    ax.set(xlabel="number counted", title="Serbia's joint military events: two counts side by side")


def _draw_terms(ax: Any, pair: pd.DataFrame, same: dict[str, bool]) -> None:
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(3.3, -0.6))
    columns = {"": 0, "the count with NATO": 0.13, "the count with Russia": 0.49, "same?": 0.87}
    style = {"va": "center", "fontsize": 9.5}
    for heading, x in columns.items():
        ax.text(x, -0.3, heading, fontweight="bold", **style)
    for number, (term, label) in enumerate(TERMS.items()):
        ax.axhline(number, color=figures.FAINT, linewidth=0.8)
        cells = [label, *(textwrap.fill(str(row), 26) for row in pair[term])]
        cells.append("✓ yes" if same[term] else "✗ no")
        for text, x in zip(cells, columns.values(), strict=True):
            ax.text(x, number + 0.5, text, linespacing=1.1, **style)


def _describe_counts(west: pd.Series, east: pd.Series, same: dict[str, bool]) -> str:
    sentence = (
        f"{west['events']} {west['unit']} with {west['partner']} ({west['period']}) beside "
        f"{east['events']} {east['unit']} with Russia ({east['period']})"
    )
    # Counts that are not alike have no sum, so no share either.
    differ = [TERMS[term] for term, agrees in same.items() if not agrees]
    if differ:
        sentence += f". Not a fair pair. What differs: {', '.join(differ)}."
    else:
        share = 100 * west["events"] / (west["events"] + east["events"])
        sentence += (
            f": {share:.0f} of 100 with the NATO side. "
            "Unit, period and counter are the same, so the two can be compared."
        )
    if east["unit"] == "activities":
        sentence += f" On the count with Russia: {east['note']}."
    return sentence


# --- Where do the arms come from? ------------------------------------------------------------

MOST_SUPPLIERS = 8
# What is counted -> how the list says it, the title, and the sentence.
COUNTED = {
    ALL: (
        "all, gifts like sales, as SIPRI does",
        "Major arms delivered to Serbia",
        "gifts counted like sales",
    ),
    NO_MIGS: (
        "without the donated MiGs",
        "Arms delivered without the donated MiGs",
        "donated MiGs left out",
    ),
    NO_GIFTS: ("without any gift", "Arms delivered without gifts", "gifts left out"),
    ONLY_GIFTS: ("nothing but gifts", "Arms given to Serbia", "gifts only"),
    OLDER: (
        "all, in SIPRI's older edition of 2022",
        "Major arms, edition of 2022",
        "gifts counted like sales",
    ),
}


def arms_suppliers() -> Explorer:
    """Return the explorer of the arms that Serbia received, by supplier, period and kind."""
    tables = evidence.arms_tables()
    last = int(tables["2025"]["year"].max())
    counted = {label: name for name, (label, _, _) in COUNTED.items()}
    controls: dict[str, Control] = {
        "last_year": Number("Last year", 1996, last, 1, 2019),
        "years": Select("Years together", {"1": 1, "3": 3, "5, as SIPRI does": 5, "10": 10}, 5),
        "counted": Select("Count", counted, ALL),
        "measure": Select("Show", {"share of the volume": "share", "volume": "volume"}, "share"),
    }
    return Explorer("Where do the arms come from?", tables, controls, _arms_view)


def _arms_view(
    tables: Any, last_year: int, years: int, counted: str, measure: str
) -> tuple[Figure, str]:
    edition = "2022" if counted == OLDER else "2025"
    table = tables[edition]
    if last_year > table["year"].max():
        raise NothingToShow(
            f"The edition of 2022 ends with {table['year'].max()}. Choose an earlier last year, or "
            "count in the edition of 2025."
        )
    volume = evidence.arms_volumes(table, last_year, years, counted)
    period = f"{last_year}" if years == 1 else f"{last_year - years + 1} to {last_year}"
    if volume.empty:
        raise NothingToShow(f"SIPRI lists no delivery of this kind to Serbia in {period}.")
    _, title, kind = COUNTED[counted]
    return _draw_arms(volume, measure, f"{title}, {period}"), (
        f"{period}, {kind}, SIPRI edition of {edition}: {_describe_arms(volume, measure)}"
    )


def _draw_arms(volume: pd.Series, measure: str, title: str) -> Figure:
    total = volume.sum()
    largest = volume
    if len(volume) > MOST_SUPPLIERS:
        largest = volume.iloc[: MOST_SUPPLIERS - 1].copy()
        largest[f"{len(volume) - len(largest)} others"] = total - largest.sum()
    values = 100 * largest / total if measure == "share" else largest
    rows = max(len(values), 3)
    fig, ax = figures.new(1.35 + 0.34 * rows)
    bars = ax.barh(values.index, values, color=[figures.colour(name) for name in values.index])
    ax.bar_label(bars, _value_labels(values, measure), padding=4)
    ax.set_ylim(rows - 0.5, -0.5)
    if measure == "share":
        ax.set(xlim=(0, 110), xticks=range(0, 101, 20))
        ax.set_xlabel(f"per cent of {total:.0f} million TIV delivered")
    else:
        ax.margins(x=0.12)
        ax.set_xlabel("million TIV (military worth, not money)")
    ax.tick_params(axis="y", length=0)
    ax.set_title(title)
    return fig


def _value_labels(values: pd.Series, measure: str) -> list[str]:
    if measure == "volume":
        return [f"{value:.1f}" for value in values]
    return [f"{share:.0f}%" if share >= 0.5 else "<1%" for share in values]


def _describe_arms(volume: pd.Series, measure: str) -> str:
    shares, unit = 100 * volume / volume.sum(), "" if measure == "share" else " in million TIV"
    labels = _value_labels(shares if measure == "share" else volume, measure)
    parts = ", ".join(map(" ".join, zip(volume.index[:4], labels[:4], strict=True)))
    more = f" and {len(volume) - 4} more" if len(volume) > 4 else ""
    return f"{volume.sum():.1f} million TIV delivered to Serbia. By supplier{unit}: {parts}{more}."


# --- Encircled? ------------------------------------------------------------------------------

# Place -> column and row of its tile; north is up.
TILES = {
    "Croatia": (0, 0),
    "Hungary": (1, 0),
    "Romania": (2, 0),
    "Bosnia and Herzegovina": (0, 1),
    "Serbia": (1, 1),
    "Bulgaria": (2, 1),
    "Montenegro": (0, 2),
    "Kosovo": (1, 2),
    "North Macedonia": (2, 2),
    "Albania": (1, 3),
}
NATO, EU, CSTO = "NATO", "European Union", "CSTO"
IN_TEXT = {NATO: "NATO", EU: "the European Union", CSTO: "the CSTO, Russia's alliance"}
FIRST, LAST = 1998, 2024
CSTO_FOUNDED = 2002


def encircled() -> Explorer:
    """Return the explorer that shows who around Serbia belongs to an organisation, by year."""
    organisations = {"NATO": NATO, "European Union": EU, "CSTO (led by Russia)": CSTO}
    kosovo = {"as a neighbour of its own": "separate", "with Serbia": "included"}
    controls: dict[str, Control] = {
        "year": Number("At the end of", FIRST, LAST, 1, 2020),
        "organisation": Select("Organisation", organisations, NATO),
        "kosovo": Select("Count Kosovo", kosovo, "separate"),
    }
    return Explorer("Encircled?", data.load("memberships"), controls, _tiles_view)


def _tiles_view(memberships: Any, year: int, organisation: str, kosovo: str) -> tuple[Figure, str]:
    if organisation == CSTO and year < CSTO_FOUNDED:
        raise NothingToShow(f"The CSTO was founded in {CSTO_FOUNDED}. Choose a later year.")
    around = security.neighbours(kosovo)
    joined = security.members(memberships, organisation, year)
    step = evidence.own_step(memberships, organisation, year)
    fig, (tiles, line) = figures.new(4.9, columns=2, width_ratios=[3.6, 3])
    tiles.set_axis_off()
    tiles.set(aspect="equal", xlim=(-0.02, 3.02), ylim=(4.02, -0.02))
    shade = figures.GREY if organisation != EU else figures.colour(EU)
    for place in TILES:
        text = textwrap.fill(step, 13) if place == "Serbia" else _status_text(place, joined, around)
        _draw_tile(tiles, place, text, shade)
    tiles.set_title(f"{organisation}, end of {year}")
    members = security.members(memberships, organisation, LAST)
    _draw_count(line, members[members.index.isin(around)], year, len(around))
    places = [place for place in TILES if place in around]
    inside = [place for place in places if place in joined]
    outside = [place for place in places if place not in joined]
    note = "Kosovo counted as a neighbour" if kosovo == "separate" else "Kosovo counted with Serbia"
    rest = f" Not a member: {', '.join(outside)}." if inside and outside else ""
    return fig, (
        f"At the end of {year}, {len(inside)} of the {len(around)} neighbours of Serbia ({note}) "
        f"{'belongs' if len(inside) == 1 else 'belong'} to {IN_TEXT[organisation]}.{rest} Serbia "
        f"itself: {step}."
    )


def _status_text(place: str, joined: Any, neighbours: tuple[str, ...]) -> str:
    if place == "Kosovo" and place not in neighbours:
        return "counted\nwith Serbia"
    status = f"member\nsince {joined[place]}" if place in joined else "not a member"
    return status if place in neighbours else f"{status}\n(no border)"


def _draw_tile(ax: Any, place: str, text: str, shade: str) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    x, y = TILES[place]
    belongs, home = text.startswith("member"), place == "Serbia" or text.startswith("counted")
    tint = tuple(0.35 * part + 0.65 for part in to_rgb(shade))
    edge: dict[str, Any] = {"edgecolor": figures.INK, "linewidth": 2.6}
    if not home:
        line = "-" if belongs else (0, (3, 2))
        edge = {"edgecolor": shade, "linewidth": 1.4, "linestyle": line}
    face = tint if belongs else "white"
    ax.add_patch(Rectangle((x + 0.04, y + 0.04), 0.92, 0.92, facecolor=face, **edge))
    name = place.replace(" and ", " and\n").replace("North ", "North\n")
    bold = {"fontsize": 9, "fontweight": "bold", "linespacing": 1.05}
    ax.text(x + 0.5, y + 0.12, name, ha="center", va="top", **bold)
    ax.text(x + 0.5, y + 0.9, text, ha="center", va="bottom", fontsize=8.5, linespacing=1.1)


def _draw_count(ax: Any, joined: pd.Series, year: int, neighbours: int) -> None:
    years = range(FIRST, LAST + 1)
    counts = [int((joined <= each).sum()) for each in years]
    ax.step(years, counts, where="post", color=figures.INK)
    count = counts[year - FIRST]
    ax.plot([year], [count], marker="o", markersize=10, color=figures.INK, clip_on=False)
    side = {"xytext": (8, -16), "ha": "left"} if year < 2006 else {"xytext": (-8, 8), "ha": "right"}
    label, style = f"{count} of {neighbours}", {"textcoords": "offset points", "fontweight": "bold"}
    ax.annotate(label, (year, count), **side, **style)
    ax.set(ylim=(-0.9, neighbours + 0.4), yticks=range(neighbours + 1))
    ax.set(xlim=(FIRST - 0.5, LAST + 0.8), xticks=[2000, 2008, 2016, 2024])
    ax.grid(axis="y")
    ax.set(ylabel="neighbours that are members", title="Neighbours, year by year")
