"""One value of an answer (a number, a text, a date, a truth value) as JSON can hold it."""

from __future__ import annotations

import datetime
import decimal
import fractions
import math
import numbers
import sys
from typing import Any

MAX_TEXT = 20_000
MAX_INNER_TEXT = 300  # of a text in a list or a table, a label, a title


def as_scalar(value: Any) -> Any:
    """Return a scalar as bool, int, float or text; None for NaN, NA and NaT; else a tuple."""
    if value is None:
        return None
    if isinstance(value, str):
        return str(value)[:MAX_TEXT]
    pd, np = sys.modules.get("pandas"), sys.modules.get("numpy")
    if pd is not None and (value is pd.NA or value is pd.NaT):
        return None
    if np is not None and isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
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


def cell(value: Any) -> Any:
    """Return a cell of a table as a scalar, or the name of its type in angle brackets."""
    scalar = as_scalar(value)
    if isinstance(scalar, str):
        return scalar[:MAX_INNER_TEXT]
    return f"<{type(value).__name__}>" if scalar == () else scalar
