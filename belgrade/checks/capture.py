"""An answer as typed data at full precision, ready for JSON; never its `repr`.

Every captured answer is a dict with a `type`: number, bool, text, list, map, table, chart,
function, missing (Ellipsis or None), other. JSON has no NaN nor infinity: a number is then the
string "NaN", "Infinity" or "-Infinity"; a missing cell of a table is null.

No more is taken in than a question can need: beyond the sizes below an answer is wrong anyway.
"""

from __future__ import annotations

import collections.abc as abc
import contextlib
import copy
import io
import itertools
import sys
from typing import TYPE_CHECKING, Any

from belgrade.checks.drawn import MAX_AXES, charts_of, drawn_on
from belgrade.checks.scalars import MAX_INNER_TEXT, as_scalar, cell

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from belgrade.checks.spec import Spec

Captured = dict[str, Any]  # an answer as `capture` gives it: a `type`, and what that type has

MAX_ROWS = 5000  # of a table, and items of a list
MAX_COLUMNS = 200
MAX_VALUES = 50_000  # cells of a table, or values of a list with all lists in it
MAX_DEPTH = 4

# What an iterator held, by its id: reading it once leaves nothing for a second check.
_drained: dict[int, tuple[object, list[Any]]] = {}


def capture(value: object, spec: Spec | None = None, inputs: list[Any] | None = None) -> Captured:
    """Return `value` as a dict that JSON can hold.

    `spec` is the question's spec: a function is called on its `inputs` (or on the `inputs`
    given here), argument list by argument list; a string "@name" stands for a data table.
    """
    spec = spec or {}
    if spec.get("kind") == "function" and callable(value):
        return _function(value, inputs if inputs is not None else spec.get("inputs", []))
    return _value(value)


class _Room:
    """How many values may still be taken in."""

    def __init__(self) -> None:
        self.left = MAX_VALUES

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def _value(value: object, depth: int = 0, room: _Room | None = None) -> Captured:
    """Return a value as a dict; `room` knows how much may still be taken in."""
    room = room or _Room()
    if value is None or value is Ellipsis or value is NotImplemented:
        return {"type": "missing", "value": "None" if value is None else "..."}
    if depth > MAX_DEPTH or not room.take():
        return {"type": "other", "name": type(value).__name__}
    if (table := _pandas(value)) is not None:
        return table
    if axes := charts_of(value):
        return {"type": "chart", "axes": [drawn_on(ax) for ax in axes[:MAX_AXES]]}
    scalar = as_scalar(value)
    if depth and isinstance(scalar, str):
        scalar = scalar[:MAX_INNER_TEXT]
    if scalar != ():
        return _scalar(scalar, value)
    if isinstance(value, abc.Mapping):
        pairs = [
            [_value(k, depth + 1, room), _value(v, depth + 1, room)]
            for k, v in itertools.islice(value.items(), MAX_ROWS)
            if room.left > 0
        ]
        return {"type": "map", "items": pairs}
    if (items := _items(value)) is not None:
        taken = [_value(v, depth + 1, room) for v in items if room.left > 0]
        return {"type": "list", "items": taken}
    if callable(value):
        return {"type": "function", "results": []}
    return {"type": "other", "name": type(value).__name__}


def _scalar(scalar: object, value: object) -> Captured:
    """Return a scalar, as `as_scalar` gives it, as a dict."""
    if scalar is None:
        return {"type": "number", "value": "NaN"}
    if isinstance(scalar, bool):
        return {"type": "bool", "value": scalar}
    endless = scalar in ("Infinity", "-Infinity") and not isinstance(value, str)
    return {"type": "number" if endless or not isinstance(scalar, str) else "text", "value": scalar}


def _pandas(value: Any) -> Captured | None:
    """Return a table or a column of pandas as a dict, or None."""
    pd = sys.modules.get("pandas")
    if pd is None:
        return None
    if isinstance(value, pd.Series):
        return _series(value)
    if isinstance(value, pd.DataFrame):
        return _table(value)
    if type(value).__name__ == "Styler" and isinstance(getattr(value, "data", None), pd.DataFrame):
        return _table(value.data)
    return None


def _items(value: object) -> list[Any] | None:
    """Return what a value holds one after another, as a list, or None if it is no such thing."""
    pd, np = sys.modules.get("pandas"), sys.modules.get("numpy")
    if np is not None and isinstance(value, np.ndarray):
        # Rows of a matrix are taken one by one; dates would become numbers.
        return (
            list(value[:MAX_ROWS])
            if value.ndim > 1 or value.dtype.kind in "mM"
            else (value[:MAX_ROWS].tolist())
        )
    if pd is not None and isinstance(value, pd.Index | pd.api.extensions.ExtensionArray):
        return list(value[:MAX_ROWS])
    if isinstance(value, abc.KeysView | abc.ValuesView | abc.ItemsView):
        return list(itertools.islice(value, MAX_ROWS))
    if isinstance(value, abc.Iterator):
        if id(value) not in _drained:
            if len(_drained) > 20:
                _drained.clear()
            _drained[id(value)] = value, list(itertools.islice(value, MAX_ROWS))
        return _drained[id(value)][1]
    if isinstance(value, abc.Set):
        return sorted(itertools.islice(value, MAX_ROWS), key=str)
    if isinstance(value, abc.Sequence) and not isinstance(value, bytes):
        return list(itertools.islice(value, MAX_ROWS))
    return None


def _series(series: pd.Series) -> Captured:
    frame = series.to_frame("value" if series.name is None else series.name)
    return _table(frame) | {"series": True}


def _table(frame: pd.DataFrame) -> Captured:
    pd = sys.modules["pandas"]
    index = frame.index
    named = [name for name in index.names if name is not None]
    trivial = not named and index.nlevels == 1 and pd.api.types.is_integer_dtype(index)
    frame, count = frame.iloc[:, :MAX_COLUMNS], len(frame)
    columns = [
        " ".join(map(str, c)).strip() if isinstance(c, tuple) else str(c)[:MAX_INNER_TEXT]
        for c in frame.columns
    ]
    frame = frame.iloc[: min(MAX_ROWS, MAX_VALUES // max(1, frame.shape[1] + index.nlevels))]
    series = [frame.iloc[:, i] for i in range(frame.shape[1])]
    if not trivial:
        levels = [frame.index.get_level_values(i) for i in range(index.nlevels)]
        names = [f"index {i}" if n is None else str(n) for i, n in enumerate(index.names)]
        keep = [i for i, n in enumerate(names) if n not in columns]
        columns = ["index" if names[i] == "index 0" else names[i] for i in keep] + columns
        series = [levels[i] for i in keep] + series
    cells = [[cell(v) for v in one] for one in series]
    return {
        "type": "table",
        "columns": columns,
        "dtypes": [_kind(pd, one) for one in series],
        "rows": [list(row) for row in zip(*cells, strict=True)],
        "count": count,
    }


def _kind(pd: Any, series: Any) -> str:
    types = pd.api.types
    if types.is_bool_dtype(series):
        return "bool"
    if types.is_integer_dtype(series):
        return "integer"
    if types.is_numeric_dtype(series):
        return "number"
    return "date" if types.is_datetime64_any_dtype(series) else "text"


def _function(function: Callable[..., object], inputs: list[Any]) -> Captured:
    results, room = [], _Room()
    for one in inputs:
        printed = io.StringIO()
        try:
            arguments = [_argument(a) for a in (one if isinstance(one, list) else [one])]
            with contextlib.redirect_stdout(printed):
                result = _value(function(*arguments), room=room)
        except Exception as error:
            text = " ".join(str(error).split())[:MAX_INNER_TEXT]
            result = {"type": "error", "error": f"{type(error).__name__}: {text}"}
        if result["type"] == "missing" and printed.getvalue().strip():
            result["printed"] = True
        results.append(result)
    return {"type": "function", "results": results}


def _argument(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        from belgrade.data import load

        return load(value[1:])
    return copy.deepcopy(value)
