"""Explorers of lesson 08: the argument as a map with the reader's verdicts, and the notes audited.

The notebook hands the verdicts in; nothing here knows where they are kept.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.evidence import weighing as evidence
from belgrade.evidence.weighing import EVERYTHING, LESSON_POINTS, MAIN, NO_VERDICT, SECTIONS
from belgrade.explorers.explorer import Explorer, NothingToShow, Select
from belgrade.explorers.kit import NO_LINE, WHITE_BOX, bars, handle, legend
from belgrade.methods import argument_map as arguing
from belgrade.methods.argument_map import Effect, Point

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- The argument map ------------------------------------------------------------------------

# Verdict -> marker, its colour, tint of the box.
VERDICTS = {
    "supported": ("o", "#008A66", "#dcefe8"),
    "complicated": ("D", "#8F6B00", "#f5ebd0"),
    "contradicted": ("X", "#C44E00", "#f9dfd2"),
    NO_VERDICT: ("s", "white", "white"),
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
GONE = (arguing.FALLS, arguing.WITHOUT_SUPPORT, arguing.WITHOUT_GROUND)


def argument_map(verdicts: Mapping[str, str] | None = None) -> Explorer:
    """Return the explorer of the argument as a map, marked with `verdicts` (lesson -> verdict).

    Without verdicts, or with none yet, its points stay white and a word says how to get some.
    """
    nodes = evidence.report_points()
    names = dict(zip(nodes["node_id"], nodes["text"], strict=True))
    offered = nodes["role"].isin(["thesis", "reason", "counter-consideration"])
    listed = {
        f"{'   ' * point.count('.')}{point}  {names[point]}": point
        for point in nodes.loc[offered, "node_id"]
    }
    branches = nodes.query("parent_id == 'G0'")["node_id"]
    shown = {"the whole argument, down to its reasons": WHOLE}
    shown |= {f"{point}: {names[point]}": point for point in branches}
    falls = {"nothing": NOTHING, "all that I judged contradicted": CONTRADICTED} | listed
    carried = {"each on its own": ALONE, "only all together": TOGETHER}
    controls = {
        "shown": Select("Show", shown, WHOLE),
        "falls": Select("Suppose that this falls", falls, "G2.3"),
        "carried": Select("The supports of a point carry it", carried, ALONE),
    }
    verdicts_known = {
        lesson: verdict for lesson, verdict in (verdicts or {}).items() if verdict in VERDICTS
    }
    return Explorer("The argument map", (nodes, verdicts_known), controls, _map_view)


def _map_view(tables: Any, shown: str, falls: str, carried: str) -> tuple[Figure, str]:
    nodes, verdicts = tables
    points = evidence.as_points(nodes)
    fallen = _falling_points(verdicts, falls)
    effects = arguing.consequences(points, fallen, linked=carried == TOGETHER)
    if shown == WHOLE:
        rows = nodes[nodes["role"].isin(["thesis", "reason"])]
    else:
        rows = nodes[nodes["node_id"].isin(evidence.subtree(points, shown))]
    verdict_of = evidence.point_verdicts(points, verdicts)
    direct = {point for lesson in verdicts for point in LESSON_POINTS.get(lesson, ())}
    boxes = [
        Box(name, text, 0.14 + _STEP * depth, verdict_of[name], name in direct, effects[name])
        for name, depth, text in _outline(rows, points)
    ]
    count = f"{len(rows)} of {len(nodes)} points of the report are drawn."
    consequences = _describe_fall(nodes, effects, fallen, carried)
    return _draw_map(boxes, points, _title(falls, shown)), (
        f"{count} {consequences} {_describe_verdicts(verdicts)}"
    )


def _falling_points(verdicts: Mapping[str, str], falls: str) -> list[str]:
    if falls != CONTRADICTED:
        return [] if falls == NOTHING else [falls]
    lessons = [lesson for lesson, verdict in verdicts.items() if verdict == CONTRADICTED]
    judged = [point for lesson in sorted(lessons) for point in LESSON_POINTS.get(lesson, ())]
    if not judged:
        raise NothingToShow(
            "No verdict of yours on lessons 01 to 07 says contradicted, so nothing falls. "
            "Choose a point instead."
        )
    return judged


# In inches: how far a level is set in, where the boxes end, and the height of a line of words.
_STEP, _BOX_END, _LINE = 0.27, 5.62, 0.165


@dataclass(frozen=True)
class Box:
    """A point of the argument as it is drawn: its words, how far it is set in, and its state."""

    name: str
    sentence: str
    left: float
    verdict: str
    is_direct: bool
    effect: Effect

    @property
    def wrapped(self) -> str:
        """The words, broken to fit the box."""
        return textwrap.fill(self.sentence, int((_BOX_END - self.left - 0.2) / 0.0685))

    @property
    def height(self) -> float:
        return 0.13 + _LINE * (self.wrapped.count("\n") + 1)


def _outline(rows: pd.DataFrame, points: Mapping[str, Point]) -> Iterator[tuple[str, int, str]]:
    """Yield (name, depth, words) of the rows, each point followed by what bears on it."""
    texts = dict(zip(rows["node_id"], rows["text"], strict=True))

    def visit(name: str, depth: int) -> Iterator[tuple[str, int, str]]:
        role = points[name].role
        kind = "but: " if role in arguing.OBJECTIONS else "forecast: " * (role == "forecast")
        yield name, depth, f"{name}  {kind}{texts[name]}"
        for subtree in texts:
            if points[subtree].parent == name:
                yield from visit(subtree, depth + 1)

    for name in texts:
        if points[name].parent not in texts:
            yield from visit(name, 0)


def _draw_map(boxes: list[Box], points: Mapping[str, Point], title: str) -> Figure:
    from matplotlib.lines import Line2D

    height = sum(box.height for box in boxes) + 0.1
    fig, ax = figures.new(height + 0.85)
    ax.set_axis_off()
    ax.set(xlim=(0, figures.WIDTH_IN), ylim=(height, 0), title=title)
    drawn: dict[str, tuple[float, float]] = {}
    top = 0.05
    for box in boxes:
        x, y = drawn[box.name] = box.left, top + box.height / 2
        _draw_box(ax, box, y)
        parent = points[box.name].parent
        if parent in drawn:
            corner, start = drawn[parent]
            line = Line2D([corner, corner, x], [start, y, y], color=figures.GREY, linewidth=1)
            ax.add_artist(line).set_zorder(1)
        top += box.height
    # The boxes stand where they stand: left out of the layout, they need not be measured.
    for artist in (*ax.texts, *ax.artists, *ax.lines, *ax.patches):
        artist.set_in_layout(False)
    handles = [_verdict_mark(verdict) for verdict in VERDICTS]
    legend(fig, handles, ncols=4, handletextpad=0.2, fontsize=9.5)
    return fig


def _verdict_mark(verdict: str) -> Any:
    marker, shade, _ = VERDICTS[verdict]
    none = verdict == NO_VERDICT
    edge = {"markeredgecolor": figures.GREY if none else shade, "markersize": 6 if none else 8}
    label = "no verdict of its own" if none else f"you: {verdict}"
    return handle(label, marker=marker, color=shade, **edge, **NO_LINE)


def _draw_box(ax: Any, box: Box, y: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Rectangle

    effect, is_gone = box.effect, box.effect.change in GONE
    frame: dict[str, Any] = {"edgecolor": "#a8a8a8", "linewidth": 0.8, "linestyle": "-"}
    if is_gone:
        frame = {"edgecolor": figures.INK, "linewidth": 1.4, "linestyle": "--"}
    corner, width = (box.left, y - box.height / 2 + 0.025), _BOX_END - box.left
    tint = VERDICTS[box.verdict][2]
    ax.add_artist(Rectangle(corner, width, box.height - 0.05, facecolor=tint, zorder=2, **frame))
    marker, shade, _ = VERDICTS[box.verdict if box.is_direct else NO_VERDICT]
    edge: dict[str, Any] = {"markeredgecolor": shade if box.is_direct else figures.GREY}
    size: dict[str, Any] = {"markersize": 8 if box.is_direct else 6}
    ax.add_artist(Line2D([box.left], [y], marker=marker, color=shade, zorder=3, **edge, **size))
    text_style = {"va": "center", "fontsize": 9.2}
    ax.text(box.left + 0.14, y, box.wrapped, linespacing=1.2, zorder=3, **text_style)
    if effect.change in STATUS:
        status, colour = STATUS[effect.change]
        if effect.change == arguing.WEAKER and effect.supports_left < effect.supports:
            status += f": {effect.supports_left} of {effect.supports} left"
        ax.text(_BOX_END + 0.08, y, status, color=colour, weight="bold", **text_style)


def _title(falls: str, shown: str) -> str:
    part = "The argument" if shown == WHOLE else f"Branch {shown} of the argument"
    if falls == NOTHING:
        return part
    if falls == CONTRADICTED:
        return f"{part}, if all that you judged contradicted fall"
    return f"{part}, if {falls} falls"


def _describe_fall(
    nodes: pd.DataFrame, effects: Mapping[str, Effect], fallen: list[str], carried: str
) -> str:
    if not fallen:
        return "Nothing falls."
    texts = nodes.set_index("node_id")["text"]
    points = " and ".join(f"{point} ({texts[point]})" for point in fallen)
    rule = "each support carries on its own" if carried == ALONE else "supports carry only together"
    parts = []
    for change in (*STATUS, arguing.SAME):
        names = [name for name in reversed(list(effects)) if effects[name].change == change]
        if change == arguing.FALLS or not names:
            continue
        if change == arguing.SAME:
            parts.append(f"unaffected: {len(names)} points")
        elif change == arguing.WEAKER:
            parts.append(f"weaker: {', '.join(_supports(name, effects[name]) for name in names)}")
        else:
            parts.append(f"{change}: {', '.join(names)}")
    return f"If {points} {'falls' if len(fallen) == 1 else 'fall'}, and {rule}: {'; '.join(parts)}."


def _supports(name: str, effect: Effect) -> str:
    if effect.supports_left == effect.supports:
        return name
    return f"{name} ({effect.supports_left} of {effect.supports} supports left)"


def _describe_verdicts(verdicts: Mapping[str, str]) -> str:
    used = [each for each in sorted(verdicts.items()) if each[0] in LESSON_POINTS]
    if not used:
        return (
            "You have no verdicts yet, so the points are white. That is fine: the map works "
            "without them, and lessons 01 to 07 each end with one."
        )
    lessons = {each: [lesson for lesson, verdict in used if verdict == each] for each in VERDICTS}
    groups = [f"{each} in lesson {', '.join(found)}" for each, found in lessons.items() if found]
    return f"Your verdicts: {'; '.join(groups)}."


# --- Audit the notes -------------------------------------------------------------------------

BLUE = "#0072B2"
# What can be sorted by -> how the list says it, and the title.
SORTS = {
    "source_type": ("the notes, by kind of source", "by kind of source"),
    "language": ("the notes, by language", "by language"),
    "country": ("the notes, by country of the publisher", "by country of the publisher"),
    "party_to_dispute": ("the notes, by party to the story", "by whether the publisher is a party"),
    "is_self_citation": ("the notes, by whose text it is", "by whose text it is"),
    "section": ("the claims with and without a note, by section", "by section"),
    "kind": ("the claims with and without a note, by kind", "by kind of claim"),
}


def audit_notes() -> Explorer:
    """Return the explorer that sorts the report's notes, and the claims that carry none."""
    sorts = {label: sort for sort, (label, _) in SORTS.items()}
    only = {"the whole report": EVERYTHING, "its thesis and main steps": MAIN}
    only |= {f"section {title}": name for name, title in SECTIONS.items()}
    controls = {
        "sort": Select("Sort", sorts, "party_to_dispute"),
        "only": Select("Only", only, EVERYTHING),
    }
    return Explorer("Audit the notes", evidence.audit_tables(), controls, _audit_view)


def _audit_view(tables: Any, sort: str, only: str) -> tuple[Figure, str]:
    part, part_title = f"the section {SECTIONS.get(only)}", f"\nSection: {SECTIONS.get(only)}"
    if only == EVERYTHING:
        part, part_title = "the report", ""
    elif only == MAIN:
        part, part_title = "the thesis and main steps", "\nThesis and main steps"
    by = SORTS[sort][1]
    if sort in evidence.NOTE_GROUPS:
        groups = evidence.notes_sorted(tables, sort, only)
        listed = ", ".join(f"{name} {count}" for name, count in groups.items())
        return _draw_notes(groups, f"Notes {by}{part_title}"), (
            f"{groups.sum()} notes stand under claims of {part}. Sorted {by}: {listed}."
        )
    table = evidence.claims_sorted(tables, sort, only)
    without_note, total = table["without"].sum(), table["claims"].sum()
    listed = ", ".join(f"{row.Index}: {row.without} of {row.claims}" for row in table.itertuples())
    return _draw_claims(table, f"Claims {by}{part_title}"), (
        f"{without_note} of {total} claims of {part} carry no note. Without a note, {by}, {listed}."
    )


def _draw_claims(table: pd.DataFrame, title: str) -> Figure:
    names = [textwrap.fill(name, 24) for name in table.index]
    fig, ax = figures.new(1.7 + 0.46 * len(table))
    with_note, without = table["claims"] - table["without"], table["without"]
    hatched = {"facecolor": "white", "edgecolor": figures.GREY, "hatch": "///"}
    for label, count, start, bar_look, text_look in (
        ("with a note", with_note, 0, {"color": BLUE}, {"color": "white"}),
        ("without a note", without, with_note, hatched, {"bbox": WHITE_BOX | {"pad": 1.2}}),
    ):
        bars = ax.barh(names, count, left=start, height=0.62, label=label, **bar_look)
        for bar, number in zip(bars, count, strict=True):
            if number:
                middle = bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2
                ax.text(*middle, str(number), ha="center", va="center", **text_look)
    ax.invert_yaxis()
    ax.set(xlabel="claims", title=title)
    ax.tick_params(axis="y", length=0)
    legend(fig, ncols=2)
    return fig


def _draw_notes(groups: pd.Series, title: str) -> Figure:
    from matplotlib.ticker import MaxNLocator

    fig, ax = figures.new(1.2 + 0.32 * len(groups))
    unfilled = {evidence.NO_PARTY, evidence.UNKNOWN, evidence.SOMEBODY_ELSE}
    faces = ["white" if name in unfilled else BLUE for name in groups.index]
    edges = [figures.GREY if name in unfilled else BLUE for name in groups.index]
    bars(ax, groups, map(str, groups), color=None, facecolor=faces, edgecolor=edges, height=0.66)
    ax.margins(x=0.1)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="notes", title=title)
    return fig
