"""Explorers of lesson 03: exercises by definition, arms by supplier, memberships on a tile map."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.explorers.explorer import Explorer, NothingToShow, Number, Select
from belgrade.methods import security

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- What counts as an exercise? -------------------------------------------------------------

TERMS = {"unit": "unit", "period": "period", "counted_by": "counter"}


def exercises_counted() -> Explorer:
    """Return the explorer that sets any count of exercises with NATO beside any with Russia."""
    counts = security.exercise_counts(
        data.load("military_exercises"), data.load("exercises_2019_named")
    )
    nato = _options(counts[counts["side"] == "NATO"])
    russia = _options(counts[counts["side"] == "Russia"])
    controls = {
        "nato": Select("With NATO", nato, next(iter(nato.values()))),
        "russia": Select("With Russia", russia, next(iter(russia.values()))),
    }
    return Explorer(
        "What counts as an exercise?", counts, controls, _draw_exercises, _describe_exercises
    )


def _options(counts: pd.DataFrame) -> dict[str, int]:
    """Return label -> row of `counts`."""
    return {
        f"{row.partner}: {row.unit}, {row.period} ({row.counted_by})": int(row.Index)
        for row in counts.itertuples()
    }


def _draw_exercises(counts: Any, nato: int, russia: int) -> Figure:
    pair = counts.loc[[nato, russia]]
    same = security.same_terms(counts.loc[nato], counts.loc[russia])
    fig, (top, below) = figures.new(4.1, rows=2, height_ratios=[1, 1.25])
    names = [textwrap.fill(f"with {row.partner}", 20) for row in pair.itertuples()]
    colours = [figures.GREY, figures.colour("Russia")]
    bars = top.barh([0, 1], pair["events"], color=colours, height=0.62)
    bars[0].set_hatch("//")
    bars[0].set_edgecolor("white")
    top.bar_label(bars, padding=4)
    top.set_yticks([0, 1], names)
    top.set_ylim(1.5, -0.5)
    top.margins(x=0.1)
    top.set_xlim(left=0)
    top.set_xlabel("number counted")
    top.tick_params(axis="y", length=0)
    top.set_title("Serbia's joint military events: two counts side by side")
    below.set_axis_off()
    below.set_xlim(0, 1)
    below.set_ylim(3.3, -0.6)
    columns = {"": 0, "the count with NATO": 0.13, "the count with Russia": 0.49, "same?": 0.87}
    for heading, x in columns.items():
        below.text(x, -0.3, heading, fontweight="bold", va="center", fontsize=9.5)
    for number, (term, label) in enumerate(TERMS.items()):
        y = number + 0.5
        below.axhline(number, color=figures.FAINT, linewidth=0.8)
        cells = [label, *(textwrap.fill(str(row), 26) for row in pair[term])]
        cells.append("✓ yes" if same[term] else "✗ no")
        for text, x in zip(cells, columns.values(), strict=True):
            below.text(x, y, text, va="center", fontsize=9.5, linespacing=1.1)
    return fig


def _describe_exercises(counts: Any, nato: int, russia: int) -> str:
    west, east = counts.loc[nato], counts.loc[russia]
    differ = [TERMS[term] for term, agrees in security.same_terms(west, east).items() if not agrees]
    said = (
        f"{west['events']} {west['unit']} with {west['partner']} ({west['period']}) beside "
        f"{east['events']} {east['unit']} with Russia ({east['period']})"
    )
    # Counts that are not alike have no sum, so no share either.
    if differ:
        said += f". Not a fair pair. What differs: {', '.join(differ)}."
    else:
        share = 100 * west["events"] / (west["events"] + east["events"])
        said += (
            f": {share:.0f} of 100 with the NATO side. "
            "Unit, period and counter are the same, so the two can be compared."
        )
    if east["unit"] == "activities":
        said += f" On the count with Russia: {east['note']}."
    return said


# --- Where do the arms come from? ------------------------------------------------------------

ALL, NO_MIGS, NO_GIFTS, ONLY_GIFTS = "all", "no_migs", "no_gifts", "only_gifts"
OLDER = "older"  # the edition of 2022, which as we have it does not mark gifts
SHOWN = 8


def arms_suppliers() -> Explorer:
    """Return the explorer of the arms that Serbia received, by supplier, period and kind."""
    tables = {
        "2025": data.load("arms_deliveries_yearly"),
        "2022": data.load("arms_tiv_2022_release"),
    }
    last = int(tables["2025"]["year"].max())
    controls = {
        "last_year": Number("Last year", 1996, last, 1, 2019),
        "years": Select("Years together", {"1": 1, "3": 3, "5, as SIPRI does": 5, "10": 10}, 5),
        "counted": Select(
            "Count",
            {
                "all, gifts like sales, as SIPRI does": ALL,
                "without the donated MiGs": NO_MIGS,
                "without any gift": NO_GIFTS,
                "nothing but gifts": ONLY_GIFTS,
                "all, in SIPRI's older edition of 2022": OLDER,
            },
            ALL,
        ),
        "measure": Select("Show", {"share of the volume": "share", "volume": "volume"}, "share"),
    }
    return Explorer(
        "Where do the arms come from?", tables, controls, _draw_suppliers, _describe_suppliers
    )


def _volumes(tables: Any, last_year: int, years: int, counted: str) -> pd.Series:
    """Return the volume in million TIV by supplier, largest first."""
    table = tables["2022" if counted == OLDER else "2025"]
    if last_year > table["year"].max():
        raise NothingToShow(
            f"The edition of 2022 ends with {table['year'].max()}. Choose an earlier last year, or "
            "count in the edition of 2025."
        )
    if counted in (NO_MIGS, NO_GIFTS, ONLY_GIFTS):
        gift = table["aid"] == "yes"
        donated_mig = gift & table["weapon"].str.startswith("MiG")
        table = table[{NO_MIGS: ~donated_mig, NO_GIFTS: ~gift, ONLY_GIFTS: gift}[counted]]
    chosen = table[table["year"].between(last_year - years + 1, last_year)]
    volume = chosen.groupby("supplier")["tiv_million"].sum()
    volume = volume[volume > 0].sort_values(ascending=False, kind="stable")
    if volume.empty:
        raise NothingToShow(
            f"SIPRI lists no delivery of this kind to Serbia in {_span(last_year, years)}."
        )
    return volume


def _span(last_year: int, years: int) -> str:
    return f"{last_year}" if years == 1 else f"{last_year - years + 1} to {last_year}"


def _draw_suppliers(tables: Any, last_year: int, years: int, counted: str, measure: str) -> Figure:
    volume = _volumes(tables, last_year, years, counted)
    total = volume.sum()
    drawn = volume.iloc[:SHOWN]
    if len(volume) > SHOWN:
        drawn = volume.iloc[: SHOWN - 1]
        rest = f"{len(volume) - len(drawn)} others"
        drawn = drawn.copy()
        drawn[rest] = total - drawn.sum()
    values = 100 * drawn / total if measure == "share" else drawn
    fig, ax = figures.new(1.35 + 0.34 * max(len(values), 3))
    bars = ax.barh(values.index, values, color=[figures.colour(name) for name in values.index])
    written = [_per_cent(value) if measure == "share" else f"{value:.1f}" for value in values]
    ax.bar_label(bars, written, padding=4)
    ax.set_ylim(max(len(values), 3) - 0.5, -0.5)
    if measure == "share":
        ax.set_xlim(0, 110)
        ax.set_xticks(range(0, 101, 20))
        ax.set_xlabel(f"per cent of {total:.0f} million TIV delivered")
    else:
        ax.margins(x=0.12)
        ax.set_xlabel("million TIV (military worth, not money)")
    ax.tick_params(axis="y", length=0)
    kind = {
        ALL: "Major arms delivered to Serbia",
        NO_MIGS: "Arms delivered without the donated MiGs",
        NO_GIFTS: "Arms delivered without gifts",
        ONLY_GIFTS: "Arms given to Serbia",
        OLDER: "Major arms, edition of 2022",
    }[counted]
    ax.set_title(f"{kind}, {_span(last_year, years)}")
    return fig


def _per_cent(share: float) -> str:
    return f"{share:.0f}%" if share >= 0.5 else "<1%"


def _describe_suppliers(tables: Any, last_year: int, years: int, counted: str, measure: str) -> str:
    volume = _volumes(tables, last_year, years, counted)
    shares = 100 * volume / volume.sum()
    if measure == "share":
        parts = ", ".join(f"{name} {_per_cent(share)}" for name, share in shares.iloc[:4].items())
    else:
        parts = ", ".join(f"{name} {value:.1f}" for name, value in volume.iloc[:4].items())
    more = f" and {len(volume) - 4} more" if len(volume) > 4 else ""
    kind = {
        ALL: "gifts counted like sales",
        NO_MIGS: "donated MiGs left out",
        NO_GIFTS: "gifts left out",
        ONLY_GIFTS: "gifts only",
        OLDER: "gifts counted like sales",
    }[counted]
    unit = "" if measure == "share" else " in million TIV"
    edition = "2022" if counted == OLDER else "2025"
    return (
        f"{_span(last_year, years)}, {kind}, SIPRI edition of {edition}: {volume.sum():.1f} "
        f"million TIV delivered to Serbia. By supplier{unit}: {parts}{more}."
    )


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
FIRST, LAST = 1998, 2024
CSTO_FOUNDED = 2002


def encircled() -> Explorer:
    """Return the explorer that shows who around Serbia belongs to an organisation, by year."""
    controls = {
        "year": Number("At the end of", FIRST, LAST, 1, 2020),
        "organisation": Select(
            "Organisation",
            {"NATO": NATO, "European Union": EU, "CSTO (led by Russia)": CSTO},
            NATO,
        ),
        "kosovo": Select(
            "Count Kosovo",
            {"as a neighbour of its own": "separate", "with Serbia": "included"},
            "separate",
        ),
    }
    return Explorer(
        "Encircled?", data.load("memberships"), controls, _draw_encircled, _describe_encircled
    )


def _draw_encircled(memberships: Any, year: int, organisation: str, kosovo: str) -> Figure:
    _must_exist(organisation, year)
    fig, (tiles, line) = figures.new(4.9, columns=2, width_ratios=[3.6, 3])
    joined = security.members(memberships, organisation, year)
    around = security.neighbours(kosovo)
    tiles.set_axis_off()
    tiles.set_aspect("equal")
    tiles.set_xlim(-0.02, 3.02)
    tiles.set_ylim(4.02, -0.02)
    shade = figures.GREY if organisation != EU else figures.colour(EU)
    own = textwrap.fill(_own_step(memberships, organisation, year), 13)
    for place, corner in TILES.items():
        words = own if place == "Serbia" else _words(place, joined, around)
        _tile(tiles, place, corner, words, shade)
    tiles.set_title(f"{organisation}, end of {year}")
    _draw_count(line, memberships, year, organisation, around)
    return fig


def _must_exist(organisation: str, year: int) -> None:
    if organisation == CSTO and year < CSTO_FOUNDED:
        raise NothingToShow(f"The CSTO was founded in {CSTO_FOUNDED}. Choose a later year.")


def _own_step(memberships: pd.DataFrame, organisation: str, year: int) -> str:
    """Return the latest of Serbia's own steps towards the organisation, with its year."""
    steps = memberships[memberships["organisation"].str.startswith(organisation)]
    steps = steps[(steps["state"] == "Serbia") & (steps["date"].dt.year <= year)]
    if steps.empty:
        return "not a member"
    last = steps.sort_values(["date", "milestone"]).iloc[-1]
    milestone = last["milestone"]
    if milestone.startswith("observer"):
        milestone = "its parliament observes"
    return f"{milestone}, {last['date'].year}"


def _words(place: str, joined: Any, around: tuple[str, ...]) -> str:
    if place == "Kosovo" and place not in around:
        return "counted\nwith Serbia"
    status = f"member\nsince {joined[place]}" if place in joined else "not a member"
    return status if place in around else f"{status}\n(no border)"


def _tile(ax: Any, place: str, corner: tuple[int, int], words: str, shade: str) -> None:
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    x, y = corner
    belongs = words.startswith("member")
    tint = tuple(0.35 * part + 0.65 for part in to_rgb(shade))
    home = place == "Serbia" or words.startswith("counted")
    ax.add_patch(
        Rectangle(
            (x + 0.04, y + 0.04),
            0.92,
            0.92,
            facecolor=tint if belongs else "white",
            edgecolor=figures.INK if home else shade,
            linewidth=2.6 if home else 1.4,
            linestyle="-" if belongs or home else (0, (3, 2)),
        )
    )
    name = place.replace(" and ", " and\n").replace("North ", "North\n")
    ax.text(
        x + 0.5,
        y + 0.12,
        name,
        ha="center",
        va="top",
        fontsize=9,
        fontweight="bold",
        linespacing=1.05,
    )
    ax.text(x + 0.5, y + 0.9, words, ha="center", va="bottom", fontsize=8.5, linespacing=1.1)


def _draw_count(
    ax: Any, memberships: Any, year: int, organisation: str, around: tuple[str, ...]
) -> None:
    years = range(FIRST, LAST + 1)
    joined = security.members(memberships, organisation, LAST)
    joined = joined[joined.index.isin(around)]
    counts = [int((joined <= each).sum()) for each in years]
    ax.step(years, counts, where="post", color=figures.INK)
    now = counts[year - FIRST]
    ax.plot([year], [now], marker="o", markersize=10, color=figures.INK, clip_on=False)
    early = year < 2006
    ax.annotate(
        f"{now} of {len(around)}",
        (year, now),
        xytext=(8, -16) if early else (-8, 8),
        textcoords="offset points",
        ha="left" if early else "right",
        fontweight="bold",
    )
    ax.set_ylim(-0.9, len(around) + 0.4)
    ax.set_yticks(range(len(around) + 1))
    ax.set_xlim(FIRST - 0.5, LAST + 0.8)
    ax.set_xticks([2000, 2008, 2016, 2024])
    ax.grid(axis="y")
    ax.set_ylabel("neighbours that are members")
    ax.set_title("Neighbours, year by year")


def _describe_encircled(memberships: Any, year: int, organisation: str, kosovo: str) -> str:
    _must_exist(organisation, year)
    around = security.neighbours(kosovo)
    joined = security.members(memberships, organisation, year)
    inside = [place for place in TILES if place in around and place in joined]
    outside = [place for place in TILES if place in around and place not in joined]
    how = "Kosovo counted as a neighbour" if kosovo == "separate" else "Kosovo counted with Serbia"
    name = {NATO: "NATO", EU: "the European Union", CSTO: "the CSTO, Russia's alliance"}
    verb = "belongs" if len(inside) == 1 else "belong"
    said = (
        f"At the end of {year}, {len(inside)} of the {len(around)} neighbours of Serbia ({how}) "
        f"{verb} to {name[organisation]}."
    )
    if inside and outside:
        said += f" Not a member: {', '.join(outside)}."
    return f"{said} Serbia itself: {_own_step(memberships, organisation, year)}."
