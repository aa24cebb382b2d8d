"""Explorers of lesson 08: the argument as a map with the reader's verdicts, and the notes audited.

The notebook hands the verdicts in; nothing here knows where they are kept.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from belgrade import data, figures, report
from belgrade.explorers.explorer import Explorer, NothingToShow, Select
from belgrade.methods import argument_map as arguing
from belgrade.methods.argument_map import Effect, Point

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- The argument map ------------------------------------------------------------------------

# Which points a verdict on a lesson judges. No lesson judges G0 and G2, which are sums of parts.
LESSON_POINTS: dict[str, tuple[str, ...]] = {
    "01": ("G1",),
    "02": ("G2.1",),
    "03": ("G2.2", "G2.3"),
    "04": ("G2.4",),
    "05": ("G3",),
    "06": ("G4",),
    "07": ("G5",),
}
NONE = "no verdict"
# Verdict -> marker, its colour, tint of the box.
VERDICTS = {
    "supported": ("o", "#008A66", "#dcefe8"),
    "complicated": ("D", "#8F6B00", "#f5ebd0"),
    "contradicted": ("X", "#C44E00", "#f9dfd2"),
    NONE: ("s", "white", "white"),
}
NOTHING, CONTRADICTED = "nothing", "contradicted"
WHOLE = "G0"
ALONE, TOGETHER = "alone", "together"
# Change -> words beside the point, and their colour.
STATUS = {
    arguing.FALLS: ("✗ falls", figures.INK),
    arguing.WITHOUT_SUPPORT: ("✗ no support", figures.INK),
    arguing.WITHOUT_GROUND: ("✗ no ground", figures.INK),
    arguing.WEAKER: ("▼ weaker", "#B34700"),
    arguing.STRONGER: ("▲ stronger", "#00795A"),
    arguing.BOTH: ("▼▲ both", "#8F6B00"),
}


def argument_map(verdicts: Mapping[str, str] | None = None) -> Explorer:
    """Return the explorer of the argument as a map, marked with `verdicts` (lesson -> verdict).

    Without verdicts, or with none yet, its points stay white and a word says how to get some.
    """
    nodes = report_points()
    names = nodes.set_index("node_id")["text"]
    offered = nodes.loc[
        nodes["role"].isin(["thesis", "reason", "counter-consideration"]), "node_id"
    ]
    listed = {f"{'   ' * point.count('.')}{point}  {names[point]}": point for point in offered}
    branches = {
        f"{point}: {names[point]}": point for point in nodes.query("parent_id == 'G0'")["node_id"]
    }
    controls = {
        "shown": Select(
            "Show", {"the whole argument, down to its reasons": WHOLE} | branches, WHOLE
        ),
        "falls": Select(
            "Suppose that this falls",
            {"nothing": NOTHING, "all that I judged contradicted": CONTRADICTED} | listed,
            "G2.3",
        ),
        "carried": Select(
            "The supports of a point carry it",
            {"each on its own": ALONE, "only all together": TOGETHER},
            ALONE,
        ),
    }
    given = {lesson: verdict for lesson, verdict in (verdicts or {}).items() if verdict in VERDICTS}
    return Explorer("The argument map", (nodes, given), controls, _draw_map, _describe_map)


def report_points() -> pd.DataFrame:
    """Return the points of the report's argument, without the press release's version of it."""
    nodes = data.load("argument").sort_values("node_id", kind="stable")
    return nodes[nodes["source_id"] != "press_release"].reset_index(drop=True)


def as_points(nodes: pd.DataFrame) -> dict[str, Point]:
    """Return the table of nodes in the form that `methods.argument_map` reads."""
    return {
        row.node_id: Point(row.parent_id if isinstance(row.parent_id, str) else None, row.role)
        for row in nodes.itertuples()
    }


def point_verdicts(points: Mapping[str, Point], verdicts: Mapping[str, str]) -> dict[str, str]:
    """Return for each point the verdict on it, or on the point above that it holds up.

    It does not reach exceptions and forecasts: whoever judges a claim has not judged those. Nor is
    it a verdict on the evidence below, which may be true where the point drawn from it is not.
    """
    own = {
        point: verdicts[lesson]
        for lesson, judged in LESSON_POINTS.items()
        if lesson in verdicts
        for point in judged
    }

    def verdict(name: str) -> str:
        if name in own:
            return own[name]
        above, role = points[name].above, points[name].role
        return verdict(above) if above is not None and role in arguing.SUPPORTS else NONE

    return {name: verdict(name) for name in points}


def _fallen(verdicts: Mapping[str, str], falls: str) -> list[str]:
    if falls == NOTHING:
        return []
    if falls != CONTRADICTED:
        return [falls]
    lessons = [lesson for lesson, verdict in verdicts.items() if verdict == CONTRADICTED]
    judged = [point for lesson in sorted(lessons) for point in LESSON_POINTS.get(lesson, ())]
    if not judged:
        raise NothingToShow(
            "No verdict of yours on lessons 01 to 07 says contradicted, so nothing falls. "
            "Choose a point instead."
        )
    return judged


def _effects(tables: Any, falls: str, carried: str) -> dict[str, Effect]:
    nodes, verdicts = tables
    fallen = _fallen(verdicts, falls)
    return arguing.consequences(as_points(nodes), fallen, linked=carried == TOGETHER)


def _rows(nodes: pd.DataFrame, shown: str) -> pd.DataFrame:
    if shown == WHOLE:
        return nodes[nodes["role"].isin(["thesis", "reason"])]
    points = as_points(nodes)

    def inside(name: str) -> bool:
        above = points[name].above
        return name == shown or (above is not None and inside(above))

    return nodes[nodes["node_id"].map(inside)]


_STEP, _BOX_END, _LINE = 0.27, 5.62, 0.165


def _draw_map(tables: Any, shown: str, falls: str, carried: str) -> Figure:
    from matplotlib.lines import Line2D

    nodes, verdicts = tables
    points = as_points(nodes)
    effects = _effects(tables, falls, carried)
    judged = point_verdicts(points, verdicts)
    direct = {point for lesson in verdicts for point in LESSON_POINTS.get(lesson, ())}
    rows = _outline(_rows(nodes, shown), points)
    left = {name: 0.14 + _STEP * depth for name, depth, _ in rows}
    texts = [_words(text, left[name], name, points[name].role) for name, _, text in rows]
    sizes = [0.13 + _LINE * (text.count("\n") + 1) for text in texts]
    height = sum(sizes) + 0.1
    fig, ax = figures.new(height + 0.85)
    ax.set_axis_off()
    ax.set_xlim(0, figures.WIDTH_IN)
    ax.set_ylim(height, 0)
    middle: dict[str, float] = {}
    top = 0.05
    for (name, _, _), text, size in zip(rows, texts, sizes, strict=True):
        middle[name] = top + size / 2
        place = (left[name], middle[name], size)
        _point(ax, place, text, judged[name], name in direct, effects[name])
        above = points[name].above
        if above in middle:
            x = left[above]
            corner = [(x, x, left[name]), (middle[above], middle[name], middle[name])]
            ax.add_artist(Line2D(*corner, color=figures.GREY, linewidth=1, zorder=1))
        top += size
    # The boxes stand where they stand: left out of the layout, they need not be measured.
    for artist in (*ax.texts, *ax.artists, *ax.lines, *ax.patches):
        artist.set_in_layout(False)
    ax.set_title(_title(falls, shown))
    _legend(fig)
    return fig


def _outline(rows: pd.DataFrame, points: Mapping[str, Point]) -> list[tuple[str, int, str]]:
    """Return (name, depth, text) of the rows, each point followed by what bears on it."""
    texts = dict(zip(rows["node_id"], rows["text"], strict=True))
    found: list[tuple[str, int, str]] = []

    def add(name: str, depth: int) -> None:
        found.append((name, depth, texts[name]))
        for below in texts:
            if points[below].above == name:
                add(below, depth + 1)

    for name in texts:
        if points[name].above not in texts:
            add(name, 0)
    return found


def _words(text: str, left: float, name: str, role: str) -> str:
    said = "but: " if role in arguing.OBJECTIONS else "forecast: " if role == "forecast" else ""
    return textwrap.fill(f"{name}  {said}{text}", int((_BOX_END - left - 0.2) / 0.0685))


def _point(
    ax: Any,
    place: tuple[float, float, float],
    text: str,
    verdict: str,
    direct: bool,
    effect: Effect,
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    x, y, size = place
    tint = VERDICTS[verdict][2]
    marker, shade, _ = VERDICTS[verdict if direct else NONE]
    gone = effect.change in {arguing.FALLS, arguing.WITHOUT_SUPPORT, arguing.WITHOUT_GROUND}
    box = Rectangle(
        (x, y - size / 2 + 0.025),
        _BOX_END - x,
        size - 0.05,
        facecolor=tint,
        edgecolor=figures.INK if gone else "#a8a8a8",
        linewidth=1.4 if gone else 0.8,
        linestyle="--" if gone else "-",
        zorder=2,
    )
    ax.add_artist(box)
    edge = shade if direct else figures.GREY
    look = {"color": shade, "markeredgecolor": edge, "markersize": 8 if direct else 6}
    ax.add_artist(Line2D([x], [y], marker=marker, zorder=3, **look))
    ax.text(x + 0.14, y, text, va="center", fontsize=9.2, linespacing=1.2, zorder=3)
    if effect.change in STATUS:
        words, colour = STATUS[effect.change]
        if effect.change == arguing.WEAKER and effect.supports_left < effect.supports:
            words += f": {effect.supports_left} of {effect.supports} left"
        ax.text(_BOX_END + 0.08, y, words, va="center", fontsize=9.2, color=colour, weight="bold")


def _title(falls: str, shown: str) -> str:
    part = "The argument" if shown == WHOLE else f"Branch {shown} of the argument"
    if falls == NOTHING:
        return part
    what = "all that you judged contradicted" if falls == CONTRADICTED else falls
    return f"{part}, if {what} {'fall' if falls == CONTRADICTED else 'falls'}"


def _legend(fig: Any) -> None:
    from matplotlib.lines import Line2D

    marks = [
        Line2D(
            [],
            [],
            marker=marker,
            linestyle="none",
            markersize=6 if verdict == NONE else 8,
            color=shade,
            markeredgecolor=figures.GREY if verdict == NONE else shade,
            label="no verdict of its own" if verdict == NONE else f"you: {verdict}",
        )
        for verdict, (marker, shade, _) in VERDICTS.items()
    ]
    fig.legend(handles=marks, loc="outside lower left", ncols=4, handletextpad=0.2, fontsize=9.5)


def _describe_map(tables: Any, shown: str, falls: str, carried: str) -> str:
    nodes, verdicts = tables
    effects = _effects(tables, falls, carried)
    drawn = len(_rows(nodes, shown))
    return " ".join(
        [
            f"{drawn} of {len(nodes)} points of the report are drawn.",
            _what_falls(nodes, effects, _fallen(verdicts, falls), carried),
            _your_verdicts(verdicts),
        ]
    )


def _what_falls(
    nodes: pd.DataFrame, effects: Mapping[str, Effect], fallen: list[str], carried: str
) -> str:
    if not fallen:
        return "Nothing falls."
    names = nodes.set_index("node_id")["text"]
    what = " and ".join(f"{point} ({names[point]})" for point in fallen)
    how = "each support carries on its own" if carried == ALONE else "supports carry only together"
    parts = []
    for change in (*STATUS, arguing.SAME):
        hit = [name for name in reversed(effects) if effects[name].change == change]
        if change == arguing.FALLS or not hit:
            continue
        if change == arguing.SAME:
            parts.append(f"unaffected: {len(hit)} points")
        elif change == arguing.WEAKER:
            parts.append(f"weaker: {', '.join(_left(name, effects[name]) for name in hit)}")
        else:
            parts.append(f"{change}: {', '.join(hit)}")
    return f"If {what} {'falls' if len(fallen) == 1 else 'fall'}, and {how}: {'; '.join(parts)}."


def _left(name: str, effect: Effect) -> str:
    if effect.supports_left == effect.supports:
        return name
    return f"{name} ({effect.supports_left} of {effect.supports} supports left)"


def _your_verdicts(verdicts: Mapping[str, str]) -> str:
    used = {lesson: verdict for lesson, verdict in verdicts.items() if lesson in LESSON_POINTS}
    if not used:
        return (
            "You have no verdicts yet, so the points are white. That is fine: the map works "
            "without them, and lessons 01 to 07 each end with one."
        )
    groups = []
    for verdict in VERDICTS:
        lessons = sorted(lesson for lesson, given in used.items() if given == verdict)
        if lessons:
            groups.append(f"{verdict} in lesson {', '.join(lessons)}")
    return f"Your verdicts: {'; '.join(groups)}."


# --- Audit the notes -------------------------------------------------------------------------

EVERYTHING, MAIN = "everything", "main"
SECTIONS = {key: name for key, name in report.SECTIONS.items() if key != "press_release"}
LANGUAGES = {
    "en": "English",
    "sr": "Serbian",
    "en;sr": "English and Serbian",
    "it;en": "Italian or English",
}
UNKNOWN = "not known"
NO_PARTY = "no party to the story"
# What notes can be sorted by -> how the title says it.
NOTE_GROUPS = {
    "source_type": "by kind of source",
    "language": "by language",
    "country": "by country of the publisher",
    "party_to_dispute": "by whether the publisher is a party",
    "is_self_citation": "by whose text it is",
}
CLAIM_GROUPS = {"section": "by section", "kind": "by kind of claim"}


def audit_notes() -> Explorer:
    """Return the explorer that sorts the report's notes, and the claims that carry none."""
    notes = data.load("notes").sort_values("note", kind="stable")
    tables = {"notes": notes, "claims": report_claims()}
    controls = {
        "sort": Select(
            "Sort",
            {
                "the notes, by kind of source": "source_type",
                "the notes, by language": "language",
                "the notes, by country of the publisher": "country",
                "the notes, by party to the story": "party_to_dispute",
                "the notes, by whose text it is": "is_self_citation",
                "the claims with and without a note, by section": "section",
                "the claims with and without a note, by kind": "kind",
            },
            "party_to_dispute",
        ),
        "only": Select(
            "Only",
            {"the whole report": EVERYTHING, "its thesis and main steps": MAIN}
            | {f"section {title}": name for name, title in SECTIONS.items()},
            EVERYTHING,
        ),
    }
    return Explorer("Audit the notes", tables, controls, _draw_audit, _describe_audit)


def report_claims() -> pd.DataFrame:
    """Return the claims of the report itself, without those of its press release."""
    claims = data.load("claims").sort_values("claim_id", kind="stable")
    return claims[claims["section"] != "press_release"].reset_index(drop=True)


def _claims(tables: Mapping[str, pd.DataFrame], only: str) -> pd.DataFrame:
    claims = tables["claims"]
    if only == EVERYTHING:
        return claims
    return (
        claims[claims["tier"].isin([1, 2])] if only == MAIN else claims[claims["section"] == only]
    )


def notes_sorted(tables: Mapping[str, pd.DataFrame], sort: str, only: str) -> pd.Series:
    """Return how many notes are in each group, most first, of those that bear on the claims."""
    wanted = set(_claims(tables, only)["claim_id"])
    notes = tables["notes"]
    found = notes[notes["claim_ids"].map(lambda ids: bool(wanted & set(ids.split(";"))))]
    groups = found[sort]
    if sort == "is_self_citation":
        groups = groups.map({True: "the report's own author", False: "somebody else"})
    elif sort == "party_to_dispute":
        groups = groups.fillna(NO_PARTY)
    elif sort == "language":
        groups = groups.map(LANGUAGES)
    return groups.fillna(UNKNOWN).value_counts()


def claims_sorted(tables: Mapping[str, pd.DataFrame], sort: str, only: str) -> pd.DataFrame:
    """Return for each group how many claims there are, and how many carry no note."""
    claims = _claims(tables, only)
    bare = claims["note_numbers"].isna()
    table = bare.groupby(claims[sort]).agg(claims="size", without="sum").astype(int)
    if sort == "section":
        table = table.loc[[name for name in SECTIONS if name in table.index]]
        return table.rename(index=SECTIONS)
    return table.sort_values("claims", ascending=False, kind="stable")


def _part(only: str) -> str:
    if only == EVERYTHING:
        return ""
    return "\nThesis and main steps" if only == MAIN else f"\nSection: {SECTIONS[only]}"


def _draw_audit(tables: Any, sort: str, only: str) -> Figure:
    if sort in NOTE_GROUPS:
        return _draw_notes(notes_sorted(tables, sort, only), sort, only)
    table = claims_sorted(tables, sort, only)
    names = [textwrap.fill(name, 24) for name in table.index]
    fig, ax = figures.new(1.7 + 0.46 * len(table))
    with_note = table["claims"] - table["without"]
    parts = {
        "with a note": (with_note, 0, {"color": "#0072B2"}),
        "without a note": (
            table["without"],
            with_note,
            {"facecolor": "white", "edgecolor": figures.GREY, "hatch": "///"},
        ),
    }
    for label, (count, start, look) in parts.items():
        bars = ax.barh(names, count, left=start, height=0.62, label=label, **look)
        shade = "white" if label == "with a note" else figures.INK
        back = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
        for bar, number in zip(bars, count, strict=True):
            if number:
                ax.text(
                    bar.get_x() + bar.get_width() / 2,
                    bar.get_y() + bar.get_height() / 2,
                    str(number),
                    ha="center",
                    va="center",
                    color=shade,
                    bbox=back if shade == figures.INK else None,
                )
    ax.invert_yaxis()
    ax.set_xlabel("claims")
    ax.set_title(f"Claims {CLAIM_GROUPS[sort]}{_part(only)}")
    ax.tick_params(axis="y", length=0)
    fig.legend(loc="outside lower left", ncols=2)
    return fig


def _draw_notes(groups: pd.Series, sort: str, only: str) -> Figure:
    from matplotlib.ticker import MaxNLocator

    fig, ax = figures.new(1.2 + 0.32 * len(groups))
    plain = {NO_PARTY, UNKNOWN, "somebody else"}
    for name, count in groups.items():
        rest = name in plain
        bar = ax.barh(
            textwrap.fill(str(name), 26),
            count,
            height=0.66,
            facecolor="white" if rest else "#0072B2",
            edgecolor=figures.GREY if rest else "#0072B2",
        )
        ax.bar_label(bar, padding=4)
    ax.invert_yaxis()
    ax.margins(x=0.1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("notes")
    ax.set_title(f"Notes {NOTE_GROUPS[sort]}{_part(only)}")
    ax.tick_params(axis="y", length=0)
    return fig


def _describe_audit(tables: Any, sort: str, only: str) -> str:
    where = {EVERYTHING: "the report", MAIN: "the thesis and main steps"}
    part = where.get(only) or f"the section {SECTIONS.get(only, only)}"
    if sort in NOTE_GROUPS:
        groups = notes_sorted(tables, sort, only)
        listed = ", ".join(f"{name} {count}" for name, count in groups.items())
        total = f"{groups.sum()} notes stand under claims of {part}."
        return f"{total} Sorted {NOTE_GROUPS[sort]}: {listed}."
    table = claims_sorted(tables, sort, only)
    bare, total = table["without"].sum(), table["claims"].sum()
    listed = ", ".join(f"{row.Index}: {row.without} of {row.claims}" for row in table.itertuples())
    return (
        f"{bare} of {total} claims of {part} carry no note. Without a note, "
        f"{CLAIM_GROUPS[sort]}, {listed}."
    )
