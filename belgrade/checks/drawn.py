"""What a chart shows, as data: read from matplotlib's axes."""

from __future__ import annotations

import itertools
import math
import sys
from typing import TYPE_CHECKING, Any

from belgrade.checks.scalars import MAX_INNER_TEXT, as_scalar, cell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.container import BarContainer

MAX_AXES, MAX_SERIES, MAX_POINTS = 30, 200, 3000


def axes_of(value: Any) -> list[Axes]:
    """Return the matplotlib axes that `value` is, holds or belongs to; else an empty list."""
    if "matplotlib" not in sys.modules:
        return []
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import Container
    from matplotlib.figure import Figure, SubFigure

    if isinstance(value, Axes):
        return [value]
    if isinstance(value, Figure | SubFigure):
        return list(value.axes)
    if isinstance(value, Container):
        return axes_of(value[0]) if len(value) else []
    if isinstance(value, Artist):
        return [value.axes] if isinstance(value.axes, Axes) else []
    if type(value).__name__ == "ndarray" and value.dtype == object:
        value = list(value.flat)
    if isinstance(value, list | tuple) and value:
        found = [
            ax
            for item in value[:50]
            if isinstance(item, Artist | Container)
            for ax in axes_of(item)
        ]
        return list(dict.fromkeys(found))
    return []


def charts_of(value: Any) -> list[Axes]:
    """Return the axes that `axes_of` finds, one of those that share a place."""
    found: list[Axes] = []
    for ax in axes_of(value):
        if not any(ax in _twins(other) for other in found):
            found.append(ax)
    return found


def _twins(ax: Axes) -> list[Axes]:
    """Return axes and those in the same place (`twinx`, `secondary_y`), these first."""
    shared = getattr(ax, "_twinned_axes", None)
    return sorted(shared.get_siblings(ax), key=lambda a: a is not ax) if shared else [ax]


def drawn_on(ax: Axes) -> dict[str, Any]:
    """Return what axes show: title, labels, legend and a list of series with mark, x and y.

    Axes that share their place are one chart. Spans of error bars and lines across the whole
    chart (`axhline`) are no series.
    """
    twins = _twins(ax)
    series = [one for twin in twins for one in _series(twin)]
    figure, legend = ax.figure, next((t.get_legend() for t in twins if t.get_legend()), None)
    return {
        "title": _first(
            *(t.get_title(loc) for t in twins for loc in ("center", "left", "right")),
            _of_figure(figure, "get_suptitle"),
        ),
        "xlabel": _first(*(t.get_xlabel() for t in twins), _of_figure(figure, "get_supxlabel")),
        "ylabel": _first(*(t.get_ylabel() for t in twins), _of_figure(figure, "get_supylabel")),
        "legend": [t.get_text()[:MAX_INNER_TEXT] for t in legend.get_texts()[:MAX_SERIES]]
        if legend
        else [],
        "series": series[:MAX_SERIES],
    }


def _first(*texts: str) -> str:
    return next((text[:MAX_INNER_TEXT] for text in texts if text.strip()), "")


def _of_figure(figure: object, name: str) -> str:
    return getattr(figure, name)() if hasattr(figure, name) else ""


def _series(ax: Axes) -> list[dict[str, Any]]:
    from matplotlib.container import BarContainer, ErrorbarContainer

    line: Any  # matplotlib's types do not say that data are arrays
    points: Any
    bars = [c for c in ax.containers if isinstance(c, BarContainer) and len(c.patches)]
    series = [_bars(ax, container) for container in bars[:MAX_SERIES]]
    caps = {
        id(cap) for c in ax.containers if isinstance(c, ErrorbarContainer) for cap in c.lines[1]
    }
    for line in ax.get_lines()[:MAX_SERIES]:
        if not line.get_visible() or line.get_transform() != ax.transData or id(line) in caps:
            continue
        mark = "scatter" if line.get_linestyle() in ("None", "", " ") else "line"
        x, y = (values[:MAX_POINTS] for values in line.get_data(orig=False))
        series.append(_series_of(mark, line.get_label(), _labels(ax.xaxis, x, line), _floats(y)))
    for points in ax.collections[:MAX_SERIES]:
        if type(points).__name__ == "PathCollection" and points.get_visible():
            x, y = points.get_offsets()[:MAX_POINTS].T
            series.append(
                _series_of("scatter", points.get_label(), _labels(ax.xaxis, x), _floats(y))
            )
    return series


def _series_of(mark: str, label: object, x: list[Any], y: list[Any]) -> dict[str, Any]:
    label = "" if str(label).startswith("_") else str(label)[:MAX_INNER_TEXT]
    return {"mark": mark, "label": label, "x": x, "y": y}


def _bars(ax: Axes, container: BarContainer) -> dict[str, Any]:
    patches = container.patches[:MAX_POINTS]
    flat = getattr(container, "orientation", "vertical") == "horizontal"
    if flat:
        at = [p.get_y() + p.get_height() / 2 for p in patches]
        values = [p.get_width() for p in patches]
    else:
        at = [p.get_x() + p.get_width() / 2 for p in patches]
        values = [p.get_height() for p in patches]
    labels = _labels(ax.yaxis if flat else ax.xaxis, at, nearest=True)
    edges = [(p.get_x(), p.get_x() + p.get_width()) for p in patches]
    touching = len(edges) > 1 and all(
        math.isclose(a[1], b[0], abs_tol=1e-9) for a, b in itertools.pairwise(edges)
    )
    mark = "barh" if flat else "hist" if touching and isinstance(labels[0], float) else "bar"
    return _series_of(mark, container.get_label(), labels, _floats(values))


def _day(period: Any) -> str:
    """Return the date that pandas made into a period: a week's last day, else the first."""
    end = period.end_time if period.freqstr.startswith("W") else period.start_time
    return end.isoformat()[:10]


def _floats(values: Iterable[Any]) -> list[Any]:
    return [cell(v) for v in values]


def _has_dates(axis: Axis) -> bool:
    """Tell whether an axis counts days, as matplotlib does, also where pandas drew on it."""
    converter = type(axis.get_converter())
    pandas = converter.__module__.startswith("pandas.plotting")
    return converter.__module__.endswith("dates") or (pandas and converter.__name__[:4] != "Time")


def _labels(
    axis: Axis, positions: Iterable[Any], line: Any = None, nearest: bool = False
) -> list[Any]:
    """Return what stands at each position of an axis: a category, a date or a number."""
    positions = [float(p) for p in positions]
    units = getattr(axis.get_units(), "_mapping", None)
    if units:
        names = {float(at): str(name) for name, at in units.items()}
    else:
        from matplotlib.ticker import FixedLocator, NullFormatter, ScalarFormatter

        names, formatter = {}, axis.get_major_formatter()
        fixed = isinstance(axis.get_major_locator(), FixedLocator)
        # A ScalarFormatter says the position itself, and only once it was painted.
        if fixed and not isinstance(formatter, NullFormatter | ScalarFormatter):
            names = {float(at): formatter(at, i) for i, at in enumerate(axis.get_ticklocs())}
    if line is not None and not names:
        original = [as_scalar(v) for v in line.get_xdata(orig=True)[:MAX_POINTS]]
        if original and all(isinstance(v, str) for v in original):
            return original
    # pandas draws evenly spaced dates as periods, on an axis of its own.
    if (freq := getattr(axis.axes, "freq", None)) and "pandas" in sys.modules and not names:
        period = sys.modules["pandas"].Period
        return [_day(period(ordinal=round(p), freq=freq)) for p in positions]
    if not names and _has_dates(axis):
        from matplotlib.dates import num2date

        return [num2date(p).replace(tzinfo=None).isoformat()[:10] for p in positions]
    found = []
    for p in positions:
        near = min(names, key=lambda at: abs(at - p), default=math.inf)
        fits = abs(near - p) <= (0.5 if nearest else 1e-9)
        found.append((names[near] if fits else "") or p)
    return found
