"""Tables: the right columns, the right rows, the right values, in the order asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belgrade.checks.judge.numbers import as_label, equal, number, readings
from belgrade.checks.judge.outcome import CLOSE, NOT_YET, RIGHT, YES, describe, show
from belgrade.checks.judge.texts import normalized

if TYPE_CHECKING:
    from belgrade.checks.capture import Captured
    from belgrade.checks.judge.outcome import Outcome
    from belgrade.checks.spec import Spec

UNNAMED = {"index", "level 0", "unnamed: 0"}  # what pandas calls labels without a name


def table(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept the rows asked for under the names asked for; labels of rows count as a column.

    A column of values with its labels (a Series) needs no names: each of its parts has its place.
    """
    rows = _as_table(answer)
    if rows is None:
        return NOT_YET, f"You have {describe(answer)}; a table (DataFrame) is asked for."
    status, message = _judged(spec, reference, rows)
    if rows is not answer:
        if status == RIGHT:
            return (
                CLOSE,
                f"The right figures, in {describe(answer)}: make a table, pd.DataFrame(…).",
            )
        return NOT_YET, f"You have {describe(answer)}; a table (DataFrame) is asked for."
    return status, message


def _judged(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    wanted = list(spec.get("columns") or reference["columns"])
    names = _by_name(spec, reference, wanted, answer)
    renamed = _stand_ins(reference, wanted, answer, names)
    missing = [c for c in wanted if c not in names]
    if missing:
        here = ", ".join(answer["columns"][:8]) or "no column"
        return NOT_YET, f"The table has no column called {', '.join(missing)}. It has: {here}."
    status, message = _rows(spec, reference, answer, wanted, names)
    if renamed and status not in (RIGHT, CLOSE):
        here = ", ".join(answer["columns"][:8])
        return NOT_YET, f"The table has no column called {renamed[1]}. It has: {here}."
    if status != RIGHT:
        return status, message
    if renamed and not answer.get("series"):
        return CLOSE, f"The figures are right: rename the column {renamed[0]} to {renamed[1]}."
    extra = [answer["columns"][i] for i in _free(answer, names) if not _idle(answer, i)]
    if extra and not spec.get("extra_columns"):
        return CLOSE, f"The rows are right. Leave out what is not asked for: {', '.join(extra)}."
    return YES


def _as_table(answer: Captured) -> Captured | None:
    """Return a table, or what a dictionary or a list of dictionaries says as one; else None."""
    if answer["type"] == "table":
        return answer
    if answer["type"] == "map" and answer["items"]:
        pairs = answer["items"]
        if all("value" in k and "value" in v for k, v in pairs):
            return _made(["index", "value"], [[k["value"], v["value"]] for k, v in pairs], True)
        if (
            all(v["type"] == "list" for _, v in pairs)
            and len({len(v["items"]) for _, v in pairs}) == 1
        ):
            columns = [[i.get("value") for i in v["items"]] for _, v in pairs]
            heads = [str(k.get("value")) for k, _ in pairs]
            return _made(heads, [list(row) for row in zip(*columns, strict=True)])
    if answer["type"] == "list" and answer["items"]:
        maps = [i["items"] for i in answer["items"] if i["type"] == "map"]
        keys = [[str(k.get("value")) for k, _ in m] for m in maps]
        if len(maps) == len(answer["items"]) and all(k == keys[0] for k in keys):
            return _made(keys[0], [[v.get("value") for _, v in m] for m in maps])
    return None


def _made(columns: list[str], rows: list[list[Any]], series: bool = False) -> Captured:
    dtypes = [
        "text" if any(isinstance(r[i], str) for r in rows) else "number"
        for i in range(len(columns))
    ]
    made = {"type": "table", "columns": columns, "dtypes": dtypes, "rows": rows}
    return made | {"count": len(rows)} | ({"series": True} if series else {})


# --- columns ---------------------------------------------------------------------------------


def _by_name(
    spec: Spec, reference: Captured, wanted: list[str], answer: Captured
) -> dict[str, int]:
    """Return {wanted name: position in the answer}, by name or by an allowed other name."""
    other = columns if isinstance(columns := spec.get("columns"), dict) else {}
    have: dict[str, int] = {}
    for i, name in enumerate(answer["columns"]):
        have.setdefault(normalized(name), i)
    found_at = {}
    if value := _value_of_series(spec, reference, wanted, answer):
        found_at[value] = len(answer["columns"]) - 1
    for name in wanted:
        if name == value:
            continue
        for choice in [name, *other.get(name, [])]:
            at = have.get(normalized(choice))
            if at is not None and at not in found_at.values():
                found_at[name] = at
                break
    return found_at


def _value_of_series(
    spec: Spec, reference: Captured, wanted: list[str], answer: Captured
) -> str | None:
    """Return the wanted column that the values of a Series are, whatever their name, or None.

    Its labels are the other columns; figures among the labels are not the answer.
    """
    if not answer.get("series"):
        return None
    values = [c for c in wanted if c not in spec.get("key", [])]
    if len(values) > 1:
        values = [c for c in values if _is_numeric(reference, c)]
    return values[0] if len(values) == 1 else None


def _free(answer: Captured, names: dict[str, int]) -> list[int]:
    return [i for i in range(len(answer["columns"])) if i not in names.values()]


def _stand_ins(
    reference: Captured, wanted: list[str], answer: Captured, names: dict[str, int]
) -> tuple[str, str] | None:
    """Add to `names` the columns that can only be what is missing; return (old, new) or None.

    That is a column under another name, if it is the only one: several would be several guesses.
    """
    missing = [c for c in wanted if c not in names]
    free, last = _free(answer, names), len(answer["columns"]) - 1
    if answer.get("series"):
        if len(missing) == 1 and len(free) == 1 and free[0] != last:
            names[missing[0]] = free[0]
            name = answer["columns"][free[0]]
            return None if normalized(name) in UNNAMED else (name, missing[0])
        return None
    if len(missing) != 1:
        return None
    unnamed = [i for i in free if normalized(answer["columns"][i]) in UNNAMED]
    if len(unnamed) == 1 and not _is_numeric(reference, missing[0]):
        names[missing[0]] = unnamed[0]
    elif len(free) == 1:
        names[missing[0]] = free[0]
        return answer["columns"][free[0]], missing[0]
    return None


def _is_numeric(reference: Captured, name: str) -> bool:
    at = reference["columns"].index(name)
    return reference["dtypes"][at] in ("number", "integer", "bool")


def _idle(answer: Captured, at: int) -> bool:
    """Tell whether a further column says nothing: old numbers of rows, or one label for all."""
    if normalized(answer["columns"][at]) in UNNAMED and answer["dtypes"][at] == "integer":
        return True
    values = {str(row[at]) for row in answer["rows"]}
    return bool(answer.get("series")) and len(values) == 1


# --- rows ------------------------------------------------------------------------------------


def _rows(
    spec: Spec, reference: Captured, answer: Captured, wanted: list[str], names: dict[str, int]
) -> Outcome:
    """Compare the rows of two tables in the wanted columns, by key or as a whole."""
    at = [reference["columns"].index(c) for c in wanted]
    right = [[row[i] for i in at] for row in reference["rows"]]
    more = answer["count"] - reference["count"]
    keys = [wanted.index(k) for k in spec.get("key", []) if k in wanted]
    if len({_id(row, keys) for row in right}) < len(right):
        keys = []
    keys = keys or _key(right, [reference["dtypes"][i] for i in at])
    if len(answer["rows"]) > 2 * len(right) + 200:  # no need to see which rows are too many
        return NOT_YET, _row_words([], 0, more, keys, wanted, answer["count"])
    rows = [[row[names[c]] for c in wanted] for row in answer["rows"]]
    problem = (
        _with_keys(spec, right, rows, more, keys, wanted)
        if keys
        else _without_keys(spec, right, rows, more, wanted)
    )
    if problem:
        return problem
    ordered = spec.get("ordered")
    columns = [wanted.index(ordered)] if isinstance(ordered, str) else range(len(wanted))
    if ordered and not all(
        equal(spec, a[i], b[i]) for a, b in zip(right, rows, strict=True) for i in columns
    ):
        return CLOSE, "The right rows in another order: sort them as asked (sort_values)."
    return YES


def _with_keys(
    spec: Spec,
    right: list[list[Any]],
    rows: list[list[Any]],
    more: int,
    keys: list[int],
    wanted: list[str],
) -> Outcome | None:
    """Return what is wrong with rows that `keys` tell apart, or None."""
    left = {_id(row, keys): row for row in right}
    strange, seen = [], set()
    differ: dict[str, list[tuple[list[Any], Any, Any]]] = {}
    for row in rows:
        here = _id(row, keys)
        if here not in left or here in seen:
            strange.append(row)
            continue
        seen.add(here)
        for i, name in enumerate(wanted):
            if i not in keys and not equal(spec, left[here][i], row[i]):
                differ.setdefault(name, []).append((row, left[here][i], row[i]))
    lost = len(left) - len(seen)
    if strange or lost or more:
        return NOT_YET, _row_words(strange, lost, more, keys, wanted, len(rows))
    return _differ_words(spec, differ, keys, wanted) if differ else None


def _without_keys(
    spec: Spec, right: list[list[Any]], rows: list[list[Any]], more: int, wanted: list[str]
) -> Outcome | None:
    if more:
        return NOT_YET, _row_words([], max(-more, 0), more, [], wanted, len(rows))
    pool, strange = list(right), 0
    for row in rows:
        hit = next((n for n, r in enumerate(pool) if equal(spec, r, row)), None)
        if hit is None:
            strange += 1
        else:
            del pool[hit]
    if strange:
        return NOT_YET, f"{strange} of {len(rows)} rows hold other values than asked for."
    return None


def _key(rows: list[list[Any]], dtypes: list[str]) -> list[int]:
    """Return the first columns, not of decimals, that tell all rows apart; else none."""
    keys = []
    for i in sorted(range(len(dtypes)), key=lambda i: dtypes[i] in ("integer", "bool")):
        if dtypes[i] == "number":
            continue
        keys.append(i)
        if len({_id(row, keys) for row in rows}) == len(rows):
            return keys
    return []


def _id(row: list[Any], keys: list[int]) -> tuple[object, ...]:
    """Return the labels of a row as they are compared."""
    return tuple(as_label(row[i]) for i in keys)


def _row_words(
    strange: list[list[Any]], lost: int, more: int, keys: list[int], wanted: list[str], count: int
) -> str:
    words = [f"The table has {count} row{'s' * (count != 1)}"]
    if more:
        words.append(f"that is {abs(more)} too {'many' if more > 0 else 'few'}")
    if strange and keys:
        row = ", ".join(f"{wanted[i]} = {show(strange[0][i])}" for i in keys)
        words.append(f"{len(strange)} should not be there (the first: {row})")
    if lost and not more:
        words.append(f"{lost} row{'s are' if lost > 1 else ' is'} missing")
    return "; ".join(words) + ". Check the filter or the grouping."


def _differ_words(
    spec: Spec,
    differ: dict[str, list[tuple[list[Any], Any, Any]]],
    keys: list[int],
    wanted: list[str],
) -> Outcome:
    column, cells = next(iter(differ.items()))
    pairs = [(a, b) for _, a, b in cells]
    if len(differ) == 1 and all(isinstance(a, int | float) for a, _ in pairs):
        if all(isinstance(b, str) and readings(b) for _, b in pairs) and all(
            any(equal(spec, a, value) for value in readings(b)) for a, b in pairs
        ):
            return CLOSE, f"Column {column} holds the right figures as text: make numbers of them."
        if all(isinstance(b, int | float) for _, b in pairs):
            slips = {
                number(spec, {"type": "number", "value": a}, {"type": "number", "value": b})
                for a, b in pairs
            }
            if len(slips) == 1 and next(iter(slips))[0] == CLOSE:
                return CLOSE, f"Column {column}: {next(iter(slips))[1]}"
    row = cells[0][0]
    where = ", ".join(f"{wanted[i]} = {show(row[i])}" for i in keys)
    return NOT_YET, (
        f"The values in column {column} differ in {len(cells)} row{'s' * (len(cells) != 1)}, "
        f"first where {where}: you have {show(row[wanted.index(column)])}."
    )
