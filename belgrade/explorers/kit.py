"""What explorers share: legends and labels on matplotlib axes, phrases for numbers and dates."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.display import spoken_date

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

# Behind words that stand on lines or hatches.
WHITE_BOX = {"facecolor": "white", "edgecolor": "none"}
NO_LINE = {"linestyle": "none"}

# --- Axes ------------------------------------------------------------------------------------


def style_of(name: str) -> dict[str, Any]:
    """Return the colour and the marker of whoever `name` stands for."""
    return {"color": figures.colour(name), "marker": figures.marker(name)}


def hollow(shade: str, face: str = "none", width: float = 2) -> dict[str, Any]:
    """Return how a marker looks that is an outline of `width`, filled with `face`."""
    edge = {"markeredgecolor": shade, "markeredgewidth": width}
    return NO_LINE | edge | {"markerfacecolor": face}


def handle(label: str, **style: Any) -> Line2D:
    """Return an entry of a legend: a line or, with `NO_LINE`, a marker."""
    from matplotlib.lines import Line2D

    return Line2D([], [], label=label, **style)


def legend(fig: Figure, handles: Sequence[Any] | None = None, **options: Any) -> None:
    """Put the legend below a figure: of `handles`, or of all that its axes label, each once."""
    if handles is None:
        entries: dict[str, Any] = {}
        for ax in fig.axes:
            handles, labels = ax.get_legend_handles_labels()
            entries |= dict(zip(labels, handles, strict=True))
        options |= {"handles": list(entries.values()), "labels": list(entries)}
    else:
        options["handles"] = handles
    fig.legend(**{"loc": "outside lower left"} | options)


def panels(
    groups: Mapping[str, pd.DataFrame], extra: float, sizes: Sequence[float], **options: Any
) -> tuple[Figure, list[tuple[Any, str, pd.DataFrame]]]:
    """Return a figure with a panel below the other for each group: (axes, name, its rows).

    `sizes` are the heights of the panels in inches; `extra` is added for title and legend.
    """
    fig, axes = figures.new(sum(sizes) + extra, rows=len(groups), squeeze=False, **options)
    return fig, [(ax, *group) for ax, group in zip(axes[:, 0], groups.items(), strict=True)]


def label_rows(ax: Any, names: Iterable[str], room: float = 0.5, **options: Any) -> None:
    """Make the vertical axis one of names, the first on top, `room` above it and below the last."""
    names = list(names)
    ax.set_yticks(range(len(names)), names, **options)
    ax.set_ylim(len(names) - 1 + room, -0.5)
    ax.tick_params(axis="y", length=0)


def bars(ax: Any, values: pd.Series, labels: Iterable[str], wrap: int = 26, **style: Any) -> None:
    """Draw horizontal bars, the first on top, each with its label at the end."""
    names = [textwrap.fill(name, wrap) for name in values.index]
    style = {"color": [figures.colour(name) for name in values.index], "height": 0.6} | style
    ax.bar_label(ax.barh(names, values, **style), list(labels), padding=4)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)


def date_axis(ax: Any, first: str, last: str, weeks: int) -> None:
    """Make the horizontal axis one of days, with a tick every so many Mondays: "4 April"."""
    import matplotlib.dates as mdates
    import pandas as pd

    ax.set_xlim(pd.Timestamp(first), pd.Timestamp(last))
    ax.xaxis.set_major_locator(mdates.WeekdayLocator(byweekday=0, interval=weeks))
    ax.xaxis.set_major_formatter(lambda number, _: spoken_date(mdates.num2date(number)))


def annotate(ax: Any, place: tuple[float, float], text: str, gap: float = 6, **style: Any) -> None:
    """Write a text `gap` points to the right of a place in the data."""
    ax.annotate(text, place, (gap, 0), textcoords="offset points", va="center", **style)


def heading(fig: Figure, text: str, height: float) -> None:
    """Write a title over a figure whose axes were placed by hand."""
    fig.text(0.01, height, text, fontsize=12, fontweight="bold")


def spread(heights: Sequence[float], gap: float) -> list[float]:
    """Return rising `heights` moved apart to at least `gap`, with the least squared displacement.

    Heights less their rank times the gap must not fall: isotonic regression by pooling neighbours.
    """
    pools: list[list[float]] = []
    for rank, height in enumerate(heights):
        pools.append([height - rank * gap])
        while len(pools) > 1 and _mean(pools[-2]) > _mean(pools[-1]):
            pools[-2:] = [pools[-2] + pools[-1]]
    level = [_mean(pool) for pool in pools for _ in pool]
    return [height + rank * gap for rank, height in enumerate(level)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# --- Phrases ---------------------------------------------------------------------------------


def span(low: str, high: str) -> str:
    """Return "2 to 5", or "2" where both ends are called so."""
    return low if low == high else f"{low} to {high}"


def spoken_span(dates: pd.Series) -> str:
    """Return when something was in one year: "on 4 April" or "between 4 April and 9 May"."""
    first, last = spoken_date(dates.min()), spoken_date(dates.max())
    return f"on {first}" if first == last else f"between {first} and {last}"
