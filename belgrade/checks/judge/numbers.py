"""Numbers and lists; and what makes two values the same."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from belgrade.checks.judge.outcome import CLOSE, NOT_FINITE, NOT_YET, RIGHT, YES, describe, show
from belgrade.checks.judge.texts import as_date, normalized, same_text

if TYPE_CHECKING:
    from belgrade.checks.capture import Captured
    from belgrade.checks.judge.outcome import Outcome
    from belgrade.checks.spec import Spec

SLIPS = [
    (100, "That is 100 times too large: is something taken times 100, as for per cent?"),
    (0.01, "That is 100 times too small: is a factor of 100 missing, as for per cent?"),
    (-1, "The size fits, but look at the sign: what is taken from what?"),
    (1000, "That is a thousand times too large: check the unit."),
    (0.001, "That is a thousand times too small: check the unit."),
    (1e6, "That is a million times too large: check the unit."),
    (1e-6, "That is a million times too small: check the unit."),
]
NUMBER = re.compile(
    r"\W{0,3}?([-+]?(?:\d|[.,]\d)[\d.,' _]*(?:e[-+]?\d+)?)\s*%?[^\d%]{0,40}", re.IGNORECASE
)  # with a sign of currency before it, or a unit behind
POINT = "Python writes decimals with a point"


def number(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept the number within its tolerance; see through text, a list of one, a decimal comma."""
    kind = answer["type"]
    if kind == "text":
        return _from_text(spec, reference, answer)
    if kind == "list" and (value := with_comma(answer["items"])) is not None:
        status, _ = number(spec, reference, {"type": "number", "value": value})
        return (CLOSE if status == RIGHT else NOT_YET), (
            f"You have a list of 2 values. {POINT}: if you mean one number, write {show(value)}."
        )
    if kind == "list" and _in_thousands(answer["items"]):
        return NOT_YET, (
            f"You have a list of {len(answer['items'])} values: 1,000,000 with commas is three to "
            "Python. Write numbers without commas: 1000000, or 1_000_000."
        )
    single = _single(answer)
    if single is not None:
        status, message = number(spec, reference, single)
        if status == RIGHT:
            return CLOSE, (
                f"You have {describe(answer)} with the right figure in it: take the number out, "
                "for example with .item() or [0]."
            )
        return status, message
    if kind == "function":
        return NOT_YET, "You have a function: call it with its inputs, and keep what it returns."
    if kind != "number":
        return NOT_YET, f"You have {describe(answer)}; a number is asked for{_unit(spec)}."
    return _figure(spec, as_float(reference["value"]), answer["value"])


def _figure(spec: Spec, target: float, answered: float | str) -> Outcome:
    value = as_float(answered)
    if near(spec, target, value):
        return YES
    if math.isnan(value):
        return NOT_YET, "The result is NaN: a value was missing in the sum, or 0 divided by 0."
    if math.isinf(value):
        return NOT_YET, "The result is infinite: something is divided by zero."
    if target and math.isfinite(target) and value:
        for factor, words in SLIPS:
            if near(spec, target, value / factor) and abs(target) > _slack(spec, target):
                return CLOSE, words
        if math.isclose(value * target, 1, rel_tol=1e-3) and not math.isclose(value, target):
            return CLOSE, "That is one divided by what is asked for: which goes on top?"
        for places in range(spec.get("decimals", 6) - 1, -1, -1):
            coarse = abs(value - target) <= 0.5 * 10.0**-places * (1 + 1e-9)
            if coarse and round(value, places) == value and abs(value - target) < abs(target) / 20:
                return CLOSE, "Close: rounded too far. Keep more decimals, and round only the end."
    if value == 0:
        return NOT_YET, (
            "Not yet: you have 0. Did a filter keep no row? Check the spelling of what you look "
            "for, capitals too, and put round brackets about each condition."
        )
    return NOT_YET, f"Not yet: you have {show(answered)}{_unit(spec)}."


def _from_text(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    values = readings(answer["value"])
    if not values:
        return NOT_YET, f"You have {describe(answer)}; a number is asked for{_unit(spec)}."
    target = as_float(reference["value"])
    outcomes = [_figure(spec, target, value) for value in values]
    if any(status == RIGHT for status, _ in outcomes):
        point = f" {POINT}." if "," in answer["value"] else ""
        return CLOSE, f"The figure is right, but it is text: give the number without quotes.{point}"
    return outcomes[0]


def readings(text: str) -> list[float]:
    """Return the numbers that a text can mean: "12,8 %" is 12.8, "1,234" is 1.234 or 1234."""
    text = text.strip().replace("\u2212", "-").replace("\u2019", "'")
    hit = NUMBER.fullmatch(re.sub(r"\s+", " ", text)) if len(text) <= 80 else None
    if not hit:
        return []
    digits = re.sub(r"[' _]", "", hit[1]).rstrip(".,")
    marks = [c for c in digits if c in ".,"]
    if len(set(marks)) == 2:  # the last is the decimal one
        thousands = marks[0]
        tries = [digits.replace(thousands, "").replace(",", ".")]
    elif marks.count(",") == 1:
        tries = [digits.replace(",", ".")]
        if re.fullmatch(r"[-+]?\d{1,3},\d{3}", digits):
            tries.append(digits.replace(",", ""))
    elif len(marks) > 1:
        tries = [re.sub("[.,]", "", digits)]
    else:
        tries = [digits]
    values = []
    for one in tries:
        try:
            values.append(float(one))
        except ValueError:
            continue
    return [value for value in values if math.isfinite(value)]


def as_number(text: str) -> float | None:
    """Return the number that a text is and nothing else ("2019", "1.5 %"), or None."""
    if len(text) > 20 or any(c.isalpha() for c in text) or not any(c.isdecimal() for c in text):
        return None
    return next(iter(readings(text)), None)


def as_label(value: object) -> Any:
    """Return what a label of a row or an axis is compared by: 2015 and "2015" are one year.

    It is a float, a date or a text; None for what is neither number nor text.
    """
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return None
    if date := as_date(value):
        return date
    figure = as_number(value)
    return normalized(value) if figure is None else figure


def _in_thousands(items: list[Captured]) -> bool:
    """Tell whether a list came of a number with commas: `x * 1,000,000` is three values."""
    values = [i.get("value") for i in items if i.get("type") == "number"]
    return 2 <= len(items) == len(values) <= 4 and all(
        type(v) is int and v == 0 for v in values[1:]
    )


def with_comma(items: list[Captured]) -> float | None:
    """Return the number that two whole numbers are if their comma was meant as a decimal one."""
    values = [i.get("value") for i in items if i.get("type") == "number"]
    whole = [v for v in values if isinstance(v, int) and not isinstance(v, bool)]
    if len(items) != 2 or len(whole) != 2 or whole[1] < 0 or max(map(abs, whole)) > 10**9:
        return None
    return float(f"{whole[0]}.{whole[1]}")


def as_float(value: float | str) -> float:
    """Return a captured number as a float."""
    return NOT_FINITE[value] if isinstance(value, str) else float(value)


def _slack(spec: Spec, target: float) -> float:
    """Return how far from `target` an answer may lie."""
    slack = spec.get("rel_tolerance", 1e-6) * abs(target)
    if "tolerance" in spec:
        slack = spec["tolerance"] if "rel_tolerance" not in spec else max(slack, spec["tolerance"])
    if "decimals" in spec:
        slack = max(slack, 0.5 * 10.0 ** -spec["decimals"])
    return slack


def near(spec: Spec, target: float, value: float) -> bool:
    """Tell whether a number lies within the spec's tolerance of `target`."""
    if math.isnan(target) or math.isnan(value):
        return math.isnan(target) and math.isnan(value)
    if math.isinf(target) or math.isinf(value):
        return target == value
    slack = _slack(spec, target)
    return abs(target - value) <= slack + 1e-9 * max(slack, abs(target) * 1e-3)


def _single(answer: Captured) -> Captured | None:
    """Return the one value that a list, a dictionary or a table holds, or None."""
    if answer["type"] == "list" and len(answer["items"]) == 1:
        return answer["items"][0]
    if answer["type"] == "map" and len(answer["items"]) == 1:
        return answer["items"][0][1]
    if answer["type"] == "table" and answer["count"] == 1:
        numbers = [v for v in answer["rows"][0] if isinstance(v, int | float)]
        if len(numbers) == 1:
            return {"type": "number", "value": numbers[0]}
    return None


def _unit(spec: Spec) -> str:
    return f" ({spec['unit']})" if spec.get("unit") else ""


def equal(spec: Spec, one: object, other: object) -> bool:
    """Tell whether two plain values (number, text, truth value, missing, list) are the same."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other or (one in (0, 1) and other in (0, 1) and one == other)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return near(spec, float(one), float(other))
    if isinstance(one, str) and isinstance(other, str):
        return same_text(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(lambda a, b: equal(spec, a, b), one, other))
    return one == other


# --- lists and dictionaries ------------------------------------------------------------------


def listed(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept whatever holds the values one after another; say which does not belong."""
    items, right = _items(answer), _items(reference)
    if right is None:
        raise ValueError("the reference is no list")
    wanted = [_unwrap(item) for item in right]
    if items is None:
        if answer["type"] == "text":
            parts = re.split(r"[,;]\s*|\n", answer["value"].strip(" []()"))
            whole = {"type": "list", "items": [{"type": "text", "value": p} for p in parts]}
            if len(parts) == len(wanted) > 1 and listed(spec, reference, whole)[0] == RIGHT:
                return CLOSE, "The right values, in one text: make a list of them, [..., ...]."
        return NOT_YET, f"You have {describe(answer)}; a list is asked for."
    status, message = _values(spec, wanted, [_unwrap(item) for item in items])
    if status == NOT_YET and len(items) == 2 * len(wanted):
        pairs = [with_comma(items[n : n + 2]) for n in range(0, len(items), 2)]
        if None not in pairs:
            status, _ = _values(spec, wanted, pairs)
            near_enough = CLOSE if status == RIGHT else NOT_YET
            return near_enough, f"{POINT}: if you mean {show(pairs[0])}, write it so."
    return status, message


def _values(spec: Spec, wanted: list[Any], items: list[Any]) -> Outcome:
    in_order = len(items) == len(wanted) and all(
        equal(spec, w, i) for w, i in zip(wanted, items, strict=True)
    )
    left, unknown, twice = list(wanted), [], []
    for item in items:
        hit = next((n for n, w in enumerate(left) if equal(spec, w, item)), None)
        if hit is not None:
            del left[hit]
        elif any(equal(spec, w, item) for w in wanted):
            twice.append(item)
        else:
            unknown.append(item)
    if in_order or (not spec.get("ordered") and not left and not unknown and not twice):
        return YES
    if not left and not unknown and not twice:
        return CLOSE, "The right values in another order: sort them as asked."
    parts = []
    if unknown:
        parts.append(f"{show(unknown[0])} does not belong in it")
    if twice:
        parts.append(f"{show(twice[0])} stands in it more than once")
    if left:
        parts.append(f"{len(left)} value{'s are' if len(left) > 1 else ' is'} still missing")
    return NOT_YET, f"Not yet: {' and '.join(parts)}."


def _items(answer: Captured) -> list[Captured] | None:
    """Return the captured values of a list, of a column or of a table with one column; or None."""
    if answer["type"] == "table" and (answer.get("series") or len(answer["columns"]) == 1):
        return [_wrap(row[-1]) for row in answer["rows"]]
    if answer["type"] != "list":
        return None
    items = answer["items"]
    if items and all(i["type"] == "list" and len(i["items"]) == 1 for i in items):
        return [i["items"][0] for i in items]  # an array with one column
    return items


def _wrap(value: object) -> Captured:
    return {"type": "text" if isinstance(value, str) else "number", "value": value}


def _unwrap(captured: Captured) -> Any:
    if captured["type"] in ("list", "map"):
        return [
            _unwrap(item) if isinstance(item, dict) else [_unwrap(i) for i in item]
            for item in captured["items"]
        ]
    return captured.get("value")


def mapping(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept a dictionary, or a column with its labels: the same values under the same keys."""
    if answer["type"] == "table" and answer.get("series") and len(answer["columns"]) == 2:
        pairs = answer["rows"]
    elif answer["type"] == "map":
        pairs = _unwrap(answer)
    else:
        return NOT_YET, f"You have {describe(answer)}; a dictionary is asked for."
    return _values(spec | {"ordered": False}, _unwrap(reference), [list(p) for p in pairs])
