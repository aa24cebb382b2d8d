"""An answer as typed data at full precision, ready for JSON; never its `repr`.

Every captured answer is a dict with a `type`: number, bool, text, list, map, table, chart,
function, missing (Ellipsis or None), other. JSON has no NaN nor infinity: a number is then the
string "NaN", "Infinity" or "-Infinity"; a missing cell of a table is null.
"""

import contextlib
import copy
import datetime
import decimal
import fractions
import io
import itertools
import math
import numbers
import sys

MAX_ROWS = 5000
MAX_TEXT = 20_000
MAX_DEPTH = 4


def capture(value, spec=None, inputs=None):
    """Return `value` as a dict that JSON can hold.

    `spec` is the question's spec: a function is called on its `inputs` (or on the `inputs`
    given here), argument list by argument list; a string "@name" stands for a data table.
    """
    spec = spec or {}
    if spec.get("kind") == "function" and callable(value):
        return _function(value, inputs if inputs is not None else spec.get("inputs", []))
    return _value(value)


def _value(value, depth=0):
    if value is None or value is Ellipsis or value is NotImplemented:
        return {"type": "missing", "value": "None" if value is None else "..."}
    if depth > MAX_DEPTH:
        return {"type": "other", "name": type(value).__name__}
    pd, np = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pd is not None:
        if isinstance(value, pd.Series):
            return _series(value)
        if isinstance(value, pd.DataFrame):
            return _table(value)
        if isinstance(value, pd.Index):
            value = list(value)
    if np is not None and isinstance(value, np.ndarray) and not _axes(value):
        value = value.tolist()
    if axes := _axes(value):
        return {"type": "chart", "axes": [_one_axes(ax) for ax in axes]}
    plain = _plain(value)
    if plain is None:
        return {"type": "number", "value": "NaN"}
    if isinstance(plain, bool):
        return {"type": "bool", "value": plain}
    if isinstance(plain, int | float):
        return {"type": "number", "value": plain}
    if plain in ("Infinity", "-Infinity") and not isinstance(value, str):
        return {"type": "number", "value": plain}
    if isinstance(plain, str):
        return {"type": "text", "value": plain}
    if isinstance(value, dict):
        items = list(value.items())[:MAX_ROWS]
        return {
            "type": "map",
            "items": [[_value(k, depth + 1), _value(v, depth + 1)] for k, v in items],
        }
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return {"type": "list", "items": [_value(v, depth + 1) for v in list(items)[:MAX_ROWS]]}
    if callable(value):
        return {"type": "function", "results": []}
    return {"type": "other", "name": type(value).__name__}


def _plain(value):
    """Return a scalar as bool, int, float or text; None for NaN, NA and NaT; else a tuple."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)[:MAX_TEXT]
    pd, np = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pd is not None and (value is pd.NA or value is pd.NaT):
        return None
    if np is not None and isinstance(value, np.generic):
        if isinstance(value, np.datetime64 | np.timedelta64):
            return None if np.isnat(value) else str(value)[:19].removesuffix("T00:00:00")
        value = value.item()
    if isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real | decimal.Decimal | fractions.Fraction):
        value = float(value)
        if math.isnan(value):
            return None
        return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
    if isinstance(value, datetime.datetime):
        return value.isoformat().removesuffix("T00:00:00")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if pd is not None and isinstance(value, pd.Period | pd.Interval | pd.Timedelta):
        return str(value)
    return ()


def _cell(value):
    plain = _plain(value)
    return f"<{type(value).__name__}>" if plain == () else plain


def _series(series):
    frame = series.to_frame("value" if series.name is None else series.name)
    return _table(frame) | {"series": True}


def _table(frame):
    pd = sys.modules["pandas"]
    index = frame.index
    named = [name for name in index.names if name is not None]
    trivial = not named and index.nlevels == 1 and pd.api.types.is_integer_dtype(index)
    columns = [
        " ".join(map(str, c)).strip() if isinstance(c, tuple) else str(c) for c in frame.columns
    ]
    count, frame = len(frame), frame.iloc[:MAX_ROWS]
    series = [frame.iloc[:, i] for i in range(frame.shape[1])]
    if not trivial:
        levels = [frame.index.get_level_values(i) for i in range(index.nlevels)]
        names = [f"index {i}" if n is None else str(n) for i, n in enumerate(index.names)]
        keep = [i for i, n in enumerate(names) if n not in columns]
        columns = ["index" if names[i] == "index 0" else names[i] for i in keep] + columns
        series = [levels[i] for i in keep] + series
    cells = [[_cell(v) for v in one] for one in series]
    return {
        "type": "table",
        "columns": columns,
        "dtypes": [_kind(pd, one) for one in series],
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "count": count,
    }


def _kind(pd, series):
    types = pd.api.types
    if types.is_bool_dtype(series):
        return "bool"
    if types.is_integer_dtype(series):
        return "integer"
    if types.is_numeric_dtype(series):
        return "number"
    return "date" if types.is_datetime64_any_dtype(series) else "text"


def _function(function, inputs):
    results = []
    for one in inputs:
        printed = io.StringIO()
        try:
            arguments = [_argument(a) for a in (one if isinstance(one, list) else [one])]
            with contextlib.redirect_stdout(printed):
                result = _value(function(*arguments))
        except Exception as error:
            text = " ".join(str(error).split())[:300]
            result = {"type": "error", "error": f"{type(error).__name__}: {text}"}
        if result["type"] == "missing" and printed.getvalue().strip():
            result["printed"] = True
        results.append(result)
    return {"type": "function", "results": results}


def _argument(value):
    if isinstance(value, str) and value.startswith("@"):
        from belgrade.data import load

        return load(value[1:])
    return copy.deepcopy(value)


def _axes(value):
    """Return the matplotlib axes that `value` is, holds or belongs to; else an empty list."""
    if "matplotlib" not in sys.modules:
        return []
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import Container
    from matplotlib.figure import FigureBase

    if isinstance(value, Axes):
        return [value]
    if isinstance(value, FigureBase):
        return list(value.axes)
    if isinstance(value, Container):
        return _axes(value[0]) if len(value) else []
    if isinstance(value, Artist):
        return [value.axes] if value.axes is not None else []
    if type(value).__name__ == "ndarray" and value.dtype == object:
        value = list(value.flat)
    if isinstance(value, list | tuple) and value:
        found = [ax for item in value[:50] if isinstance(item, FigureBase | Artist | Container)
                 for ax in _axes(item)]  # fmt: skip
        return list(dict.fromkeys(found))
    return []


def _one_axes(ax):
    series = [_bars(ax, c) for c in ax.containers if hasattr(c, "patches") and len(c.patches)]
    for line in ax.get_lines():
        if not line.get_visible() or line.get_transform() != ax.transData:
            continue  # axhline and axvline are helpers, not data
        mark = "scatter" if line.get_linestyle() in ("None", "", " ") else "line"
        x, y = line.get_data(orig=False)
        series.append(_series_of(mark, line.get_label(), _labels(ax.xaxis, x, line), _floats(y)))
    for points in ax.collections:
        if type(points).__name__ == "PathCollection":
            x, y = points.get_offsets().T
            series.append(
                _series_of("scatter", points.get_label(), _labels(ax.xaxis, x), _floats(y))
            )
    legend = ax.get_legend()
    suptitle = ax.figure.get_suptitle() if hasattr(ax.figure, "get_suptitle") else ""
    return {
        "title": (ax.get_title() or ax.get_title("left") or ax.get_title("right") or suptitle),
        "xlabel": ax.get_xlabel(),
        "ylabel": ax.get_ylabel(),
        "legend": [t.get_text() for t in legend.get_texts()] if legend else [],
        "series": series,
    }


def _series_of(mark, label, x, y):
    label = "" if str(label).startswith("_") else str(label)
    return {"mark": mark, "label": label, "x": x, "y": y}


def _bars(ax, container):
    patches = container.patches
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


def _day(period):
    """Return the date that pandas made into a period: a week's last day, else the first."""
    end = period.end_time if period.freqstr.startswith("W") else period.start_time
    return end.isoformat()[:10]


def _floats(values):
    return [_cell(v) for v in values]


def _labels(axis, positions, line=None, nearest=False):
    """Return what stands at each position of an axis: a category, a date or a number."""
    positions = [float(p) for p in positions]
    units = getattr(axis.get_units(), "_mapping", None)
    if units:
        names = {float(at): str(name) for name, at in units.items()}
    else:
        from matplotlib.ticker import FixedLocator, NullFormatter

        names, formatter = {}, axis.get_major_formatter()
        fixed = isinstance(axis.get_major_locator(), FixedLocator)
        if fixed and not isinstance(formatter, NullFormatter):
            names = {float(at): formatter(at, i) for i, at in enumerate(axis.get_ticklocs())}
    if line is not None and not names:
        original = [_plain(v) for v in line.get_xdata(orig=True)]
        if original and all(isinstance(v, str) for v in original):
            return original
    # pandas draws evenly spaced dates as periods, on an axis of its own.
    if (freq := getattr(axis.axes, "freq", None)) and "pandas" in sys.modules and not names:
        period = sys.modules["pandas"].Period
        return [_day(period(ordinal=round(p), freq=freq)) for p in positions]
    if not names and type(axis.get_converter()).__module__.endswith("dates"):
        from matplotlib.dates import num2date

        return [num2date(p).replace(tzinfo=None).isoformat()[:10] for p in positions]
    found = []
    for p in positions:
        near = min(names, key=lambda at: abs(at - p), default=None)
        fits = near is not None and abs(near - p) <= (0.5 if nearest else 1e-9)
        found.append((names[near] if fits else "") or p)
    return found
