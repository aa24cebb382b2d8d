"""Explorer of lesson 00: the argument of the report as a tree, down to the claims themselves."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.evidence.weighing import as_points, subtree
from belgrade.explorers.explorer import Explorer, Select

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# Role of a node -> colour of its edge; the role is also written in the box.
ROLES = {
    "thesis": figures.INK,
    "reason": "#0072B2",
    "evidence": "#008A66",
    "qualification": "#8F6B00",
    "counter-consideration": "#D55E00",
    "forecast": "#AA4499",
}
POINTS, CLAIMS = "points", "claims"


def argument_tree() -> Explorer:
    """Return the explorer that shows one point of the argument and what it rests on.

    Under a point stand other points, or the claims of the report that it was made from; where there
    are no points below, the claims.
    """
    nodes = data.load("argument").sort_values("node_id", kind="stable")
    options = {
        f"{'   ' * row.node_id.count('.')}{row.node_id}  {row.text}": row.node_id
        for row in nodes.itertuples()
    }
    under = {"the points below it": POINTS, "the report's claims in it": CLAIMS}
    controls = {
        "point": Select("Show the point", options, "G0"),
        "under": Select("With", under, POINTS),
    }
    claims = data.load("claims").rename(
        columns={"claim_id": "node_id", "paraphrase": "text", "kind": "role"}
    )
    tables = {"nodes": nodes, "claims": claims.set_index("node_id", drop=False)}
    return Explorer("The argument, point by point", tables, controls, _view)


def _view(tables: Any, point: str, under: str) -> tuple[Figure, str]:
    nodes = tables["nodes"]
    indexed = nodes.set_index("node_id", drop=False)
    row, children = indexed.loc[point], nodes[nodes["parent_id"] == point]
    parent = None if point == "G0" else indexed.loc[row["parent_id"]]
    if under == CLAIMS or children.empty:
        claims = tables["claims"].loc[row["claim_ids"].split(";")]
        return _draw(row, parent, claims), _describe_claims(row, parent, claims)
    below = len(subtree(as_points(nodes), point)) - 1
    return _draw(row, parent, children), _describe(row, parent, children, below)


def _draw(row: Any, parent: Any, children: pd.DataFrame) -> Figure:
    texts = [_node_text(child, 52) for _, child in children.iterrows()]
    sizes = [0.36 + 0.18 * (text.count("\n") + 1) for text in texts]
    header = 0.05 if parent is None else 0.35
    height = max(sum(sizes) + header + 0.05, 1.6)
    fig, ax = figures.new(height)
    ax.set_axis_off()
    ax.set(xlim=(0, figures.WIDTH_IN), ylim=(height, 0))
    if parent is not None:
        above = f"part of {parent['node_id']}: {parent['text']}"
        ax.text(0.05, 0.15, textwrap.shorten(above, 90, placeholder=" …"), fontsize=9.5)
    middle = header + (height - header) / 2
    top = middle - sum(sizes) / 2
    for text, size, role in zip(texts, sizes, children["role"], strict=True):
        y = top + size / 2
        ax.plot([1.5, 2.55, 2.95], [middle, y, y], color=figures.GREY, linewidth=1.2, zorder=1)
        _box(ax, (3.0, y), text, role)
        top += size
    _box(ax, (0.1, middle), _node_text(row, 24), row["role"], weight="bold")
    return fig


def _node_text(row: Any, width: int) -> str:
    """Return the text of a node, wrapped at `width` characters, with its id and role below."""
    wrapped = textwrap.fill(row["text"], width)
    return f"{wrapped}\n{row['node_id']} · {row['role']}"


def _box(ax: Any, place: tuple[float, float], text: str, role: str, weight: str = "normal") -> None:
    colour = ROLES.get(role, figures.GREY)
    edge = {"boxstyle": "round,pad=0.35", "edgecolor": colour, "linewidth": 1.8}
    style = {"va": "center", "fontsize": 9.5, "fontweight": weight, "linespacing": 1.25}
    ax.text(*place, text, bbox=edge | {"facecolor": "white"}, zorder=2, **style)


def _describe(row: Any, parent: Any, children: pd.DataFrame, below: int) -> str:
    counts = children["role"].value_counts()
    roles = ", ".join(f"{role} {count}" for role, count in counts.items())
    all_levels = f"; with those further down, {below}" if below > len(children) else ""
    parent_note = "" if parent is None else f", part of {parent['node_id']}"
    claims = row["claim_ids"].replace(";", ", ")
    points = "; ".join(f"{child['node_id']} {child['text']}" for _, child in children.iterrows())
    return (
        f"{row['node_id']}{parent_note}: {row['text']} (claims {claims}). "
        f"Under it {'stands 1 point' if len(children) == 1 else f'stand {len(children)} points'} "
        f"({roles}{all_levels}): {points}."
    )


def _describe_claims(row: Any, parent: Any, claims: pd.DataFrame) -> str:
    parent_note = "" if parent is None else f", part of {parent['node_id']}"
    listed = " ".join(
        f"{claim['node_id']} ({claim['role']}): {claim['text']}" for _, claim in claims.iterrows()
    )
    return f"{row['node_id']}{parent_note}: {row['text']}. In the report, in our words: {listed}"
