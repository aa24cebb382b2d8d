"""The judge: compare a captured answer with a captured reference and say so in plain words.

Pure: no files, no output. A message names what was found and the next step, never the answer.
"""

import difflib
import functools
import math
import re
import unicodedata
from dataclasses import dataclass

NOT_ATTEMPTED, RIGHT, CLOSE, NOT_YET = "not_attempted", "right", "close", "not_yet"
ERROR, PENDING = "error", "pending"


# What an answer may hold, so that comparing it ends: capturing cuts to less than that, but code
# that is examined can put anything in the place of what was captured.
MOST_VALUES, MOST_ROWS, MOST_COLUMNS = 1_000_000, 5000, 500
MOST_TEXT, MOST_TEXT_IN_ALL = 20_000, 2_000_000
MOST_RENAMED = 20  # so many columns are tried for one that is missing
UNREADABLE = (
    KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError,
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check: a status, points out of max_points, and words for the student."""

    status: str
    points: float
    max_points: float
    message: str


def judge(spec, reference, answer):
    """Return the Verdict on a captured `answer`, given the captured `reference` and the spec."""
    try:
        status, message = _outcome(spec, reference, answer)
    except UNREADABLE as error:
        status, message = ERROR, f"This answer could not be read ({type(error).__name__})."
    most = spec.get("points", 1)
    points = most if status == RIGHT else 0
    if status == CLOSE:
        points = min(spec.get("close_points", 0), most)
    return Verdict(status, points, most, message)


# The errors that beginners meet most, by how they begin or what they say, and the next step.
ERRORS = [
    (r"^KeyError: (.+)", "There is no column or row named {0}. Check the spelling, capitals too."),
    (r"^(?:IndentationError|TabError)", "Python could not read your code: the lines that belong "
     "together must begin at the same place, with four spaces under a line that ends in a colon."),
    (r"^SyntaxError: .*you meant ['\"]==['\"]", "A comparison needs two equals "
     "signs: == asks whether two things are equal, and = gives a thing its name."),
    (r"^SyntaxError: invalid non-printable character", "Python could not read your code: a "
     "no-break space or another invisible character stands in it, as copied from a page or a "
     "text. Type that line's spaces again."),
    (r"^SyntaxError: invalid character '([“”„‘’«»])'", "Python could not read your code: {0} is a "
     "typographic quotation mark, as a word processor makes it. Type \" or ' in its place."),
    (r"^SyntaxError: (.+?)\.?(?: \([^()]*line (\d+)\))?$", "Python could not read your code "
     "({0}). Look for a missing bracket, quotation mark, comma or colon."),
    (r"^ValueError: The truth value of a", "Join two conditions with & (not with and), and put "
     "round brackets about each of them."),
    (r"^ValueError: can only convert an array of size 1", ".item() takes the value out of one row "
     "only: look at how many rows are left, and narrow them down to one."),
    (r"^TypeError: .*(?:'rand_'|'ror_'|for &|for \|)", "Put round brackets about each of the "
     "conditions that you join with &."),
    (r"^AttributeError: (.+)", "Python does not know this ending ({0}). Check the spelling of "
     "what stands after the dot."),
    (r"^ModuleNotFoundError: (.+)", "{0}: the checks run where only this module's packages are."),
    (r"^StdinNotImplementedError", "input() cannot ask anybody here: write the value into the "
     "code."),
]  # fmt: skip


def stopped(error, spec=None):
    """Return what to tell a student whose code ended with `error` ("NameError: …")."""
    error = error[:2000]
    if late := re.fullmatch(r"TimeoutError: (longer than [\d.]+ s(?: in all)?)", error):
        return f"Your code ran {late[1]} and was stopped: is there a loop without end?"
    if error == "the kernel died":
        return "Your code ended the kernel: take out exit(), quit() or what uses all memory."
    if name := re.match(r"NameError: name '(.+?)' is not defined", error):
        if plain(name[1]) in map(plain, (spec or {}).get("options", [])):
            return f'A letter needs quotation marks: write "{name[1]}", not {name[1]}.'
        return (
            f"There is no {name[1]} yet. Check its spelling, run the cells from the top, and keep "
            "the names that the question asks for."
        )
    for pattern, words in ERRORS:
        if hit := re.match(pattern, error, re.DOTALL):
            return f"Your code stopped. {words.format(*hit.groups())}"
    return f"Your code stopped with {error.rstrip('.: ')}."


def _outcome(spec, reference, answer):
    kind = spec.get("kind", "number")
    if answer is None:
        return ERROR, "No answer came back from this cell. Is the check still called here?"
    if answer["type"] == "error":
        return ERROR, stopped(answer["error"], spec)
    if kind == "written":
        return _written(spec, answer)
    if _too_large(answer):
        return ERROR, "This answer is too large to be checked: give only what is asked for."
    if answer["type"] == "missing":
        if answer["value"] == "...":
            return NOT_ATTEMPTED, "Replace the three dots with your answer, then run both cells."
        if kind == "chart":
            return NOT_ATTEMPTED, "There is no chart here. Keep the axes in a name: ax = ...plot()"
        return NOT_ATTEMPTED, "The value is None. Did you print the answer instead of keeping it?"
    status, message = _compare(spec, reference, answer)
    if status in (RIGHT, NOT_ATTEMPTED):
        return status, message
    for wrong in spec.get("wrong", []):
        if "answer" in wrong and _same(spec, reference, wrong["answer"], answer):
            return (CLOSE if wrong.get("close") else NOT_YET), wrong["message"]
    return status, message


def _too_large(answer):
    todo, count, letters = [answer], 0, 0
    while todo:
        one = todo.pop()
        count += 1
        if isinstance(one, str):
            letters += len(one)
            if len(one) > MOST_TEXT:
                return True
        if count > MOST_VALUES or letters > MOST_TEXT_IN_ALL:
            return True
        if isinstance(one, dict):
            if any(len(one.get(k) or ()) > MOST_ROWS for k in ("items", "rows", "results")):
                return True
            if len(one.get("columns") or ()) > MOST_COLUMNS:
                return True
            todo += one.values()
        elif isinstance(one, list):
            todo += one
    return False


def _compare(spec, reference, answer):
    """Return (status, message) for two captured values, by the kind of the question."""
    kind = spec.get("kind", "number")
    kind = reference["type"] if kind == "function" and reference["type"] != "function" else kind
    return COMPARE.get(kind, _other)(spec, reference, answer)


def _same(spec, reference, one, other):
    """Tell whether an answer, `other`, is the known wrong turn `one`."""
    if one == other:
        return True
    if one["type"] == "chart" and other["type"] == "chart":
        if len(one["axes"]) != len(other["axes"]):
            return False
        pairs = list(zip(one["axes"], other["axes"], strict=True))
        # A turn with the right figures is about how they are drawn; any other about the figures.
        drawn = reference["type"] == "chart" and any(
            _same_series(spec, a["series"], w["series"])
            for a in one["axes"] for w in reference["axes"]
        )  # fmt: skip
        return all(_same_series(spec, a["series"], b["series"]) for a, b in pairs) and not (
            drawn and any(_look(a) != _look(b) for a, b in pairs)
        )
    if one["type"] == "error" or other["type"] == "error":
        return one["type"] == other["type"] and one["error"] == other["error"]
    content = spec | {"ordered": False, "extra_columns": True}
    if _compare(content, reference, one)[0] == RIGHT:
        content = spec  # this turn is about the order, or about a column too many
    near = one["type"] != "number" or other["type"] != "number" or math.isclose(
        _float(one["value"]), _float(other["value"]), rel_tol=0.02
    )  # a wide tolerance about the answer says nothing about a small number  # fmt: skip
    return near and _compare(content, one, other)[0] == RIGHT


def _look(axes):
    marks = [s["mark"] for s in axes["series"]]
    return marks, *(bool(axes[k]) for k in ("title", "xlabel", "ylabel"))


def found(answer):
    """Return in a few words what a captured answer is: "a table with 3 rows"."""
    kind = answer["type"]
    if kind in ("number", "bool"):
        return f"the {'number' if kind == 'number' else 'truth value'} {_show(answer['value'])}"
    if kind == "text":
        return f"the text {_show(answer['value'])}"
    if kind == "table":
        columns = ", ".join(answer["columns"][:6]) + (", …" if len(answer["columns"]) > 6 else "")
        rows = answer["count"]
        what = "column" if answer.get("series") else "table"
        return f"a {what} with {rows} row{'s' * (rows != 1)} ({columns})"
    if kind in ("list", "map"):
        return f"a {'list' if kind == 'list' else 'dictionary'} of {len(answer['items'])} values"
    if kind == "missing":
        return "nothing"
    return {"chart": "a chart", "function": "a function"}.get(
        kind, f"a value of type {answer.get('name', kind)}"
    )


def _show(value):
    if isinstance(value, float):
        return f"{value:.6g}"
    return f"“{value[:40]}”" if isinstance(value, str) and value not in NOT_FINITE else str(value)


# --- numbers ---------------------------------------------------------------------------------

NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
SLIPS = [
    (100, "That is 100 times too large: per cent, where a share (0 to 1) is asked for?"),
    (0.01, "That is 100 times too small: a share (0 to 1), where per cent is asked for?"),
    (-1, "The size fits, but look at the sign: what is taken from what?"),
    (1000, "That is a thousand times too large: check the unit."),
    (0.001, "That is a thousand times too small: check the unit."),
    (1e6, "That is a million times too large: check the unit."),
    (1e-6, "That is a million times too small: check the unit."),
]


def _number(spec, reference, answer):
    if answer["type"] == "text":
        value = _read_number(answer["value"])
        if value is None:
            return NOT_YET, f"You have {found(answer)}; a number is asked for{_unit(spec)}."
        status, message = _number(spec, reference, {"type": "number", "value": value})
        if status == RIGHT:
            return CLOSE, "The figure is right, but it is text: give the number without quotes."
        return status, message
    single = _single(answer)
    if single is not None:
        status, message = _number(spec, reference, single)
        if status == RIGHT:
            return CLOSE, (
                f"You have {found(answer)} with the right figure in it: take the number out, "
                "for example with .item() or [0]."
            )
        return status, message
    if answer["type"] != "number":
        return NOT_YET, f"You have {found(answer)}; a number is asked for{_unit(spec)}."
    value = _float(answer["value"])
    target = _float(reference["value"])
    if _near(spec, target, value):
        return RIGHT, "Right."
    if math.isnan(value):
        return NOT_YET, "The result is NaN: a value was missing in the sum, or 0 divided by 0."
    if math.isinf(value):
        return NOT_YET, "The result is infinite: something is divided by zero."
    if target and math.isfinite(target) and value:
        for factor, words in SLIPS:
            if _near(spec, target, value / factor) and abs(target) > _slack(spec, target):
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
    return NOT_YET, f"Not yet: you have {_show(answer['value'])}{_unit(spec)}."


def _float(value):
    return NOT_FINITE[value] if isinstance(value, str) else float(value)


def _slack(spec, target):
    """Return how far from `target` an answer may lie."""
    slack = spec.get("rel_tolerance", 1e-6) * abs(target)
    if "tolerance" in spec:
        slack = spec["tolerance"] if "rel_tolerance" not in spec else max(slack, spec["tolerance"])
    if "decimals" in spec:
        slack = max(slack, 0.5 * 10.0 ** -spec["decimals"])
    return slack


def _near(spec, target, value):
    if math.isnan(target) or math.isnan(value):
        return math.isnan(target) and math.isnan(value)
    if math.isinf(target) or math.isinf(value):
        return target == value
    slack = _slack(spec, target)
    return abs(target - value) <= slack + 1e-9 * max(slack, abs(target) * 1e-3)


def _read_number(text):
    text = text.strip().removesuffix("%").replace("\u2212", "-").replace(" ", "")
    if "," in text:
        text = text.replace(",", "" if "." in text else ".")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _single(answer):
    """Return the one value that a list or table holds, or None."""
    if answer["type"] == "list" and len(answer["items"]) == 1:
        return answer["items"][0]
    if answer["type"] == "table" and answer["count"] == 1:
        numbers = [v for v in answer["rows"][0] if isinstance(v, int | float)]
        if len(numbers) == 1:
            return {"type": "number", "value": numbers[0]}
    return None


def _unit(spec):
    return f" ({spec['unit']})" if spec.get("unit") else ""


# --- text, choices, truth values, lists --------------------------------------------------------


def plain(text):
    """Return text without case, accents, double spaces and outer punctuation."""
    return _plain(str(text))


@functools.lru_cache(maxsize=64)  # one value is compared with many
def _plain(text):
    text = text.replace("đ", "dj").replace("Đ", "dj")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(text.casefold().split()).strip(" .,;:!?'\"")


def _text(spec, reference, answer):
    single = _single(answer) if answer["type"] == "list" else None
    answer = single or answer
    if answer["type"] != "text":
        return NOT_YET, f"You have {found(answer)}; a text is asked for, in quotes."
    wanted = [plain(t) for t in [reference["value"], *spec.get("accept", [])]]
    given = plain(answer["value"])
    if given in wanted:
        return RIGHT, "Right."
    if not given:
        return NOT_ATTEMPTED, "The text is still empty."
    if any(len(w) > 3 and difflib.SequenceMatcher(None, w, given).ratio() >= 0.85 for w in wanted):
        return CLOSE, f"Close: check the spelling of {_show(answer['value'])}."
    return NOT_YET, f"Not yet: you have {_show(answer['value'])}."


def _choice(spec, reference, answer):
    options = spec["options"]
    ids = {plain(o): o for o in options}
    letters = ", ".join(options)
    single = _single(answer) if answer["type"] == "list" else None
    answer = single or answer
    if answer["type"] not in ("text", "number"):
        return NOT_YET, f"You have {found(answer)}; answer with one of {letters}, in quotes."
    given = plain(answer["value"]).strip("() ")
    if not given:
        return NOT_ATTEMPTED, f"Choose one of {letters}."
    if given not in ids and isinstance(options, dict):
        given = next((plain(o) for o, words in options.items() if plain(words) == given), given)
    if given not in ids:
        return NOT_YET, f"{_show(answer['value'])} is none of the options: {letters}."
    if given == plain(reference["value"]):
        return RIGHT, "Right."
    feedback = spec.get("feedback", {}).get(ids[given])
    return NOT_YET, feedback or f"You chose {ids[given]}. Read the others again with the evidence."


def _bool(spec, reference, answer):
    if answer["type"] != "bool":
        return NOT_YET, f"You have {found(answer)}; True or False is asked for."
    same = answer["value"] == reference["value"]
    return (RIGHT, "Right.") if same else (NOT_YET, f"Not yet: you have {answer['value']}.")


def _list(spec, reference, answer):
    if answer["type"] == "table" and answer.get("series"):
        items = [_wrap(row[-1]) for row in answer["rows"]]
    elif answer["type"] == "list":
        items = answer["items"]
    else:
        return NOT_YET, f"You have {found(answer)}; a list is asked for."
    wanted = reference["items"]
    in_order = len(items) == len(wanted) and all(
        _equal(spec, _unwrap(w), _unwrap(i)) for w, i in zip(wanted, items, strict=True)
    )
    left, unknown = list(wanted), []
    for item in items:
        hit = next((w for w in left if _equal(spec, _unwrap(w), _unwrap(item))), None)
        unknown.append(item) if hit is None else left.remove(hit)
    if in_order or (not spec.get("ordered") and not left and not unknown):
        return RIGHT, "Right."
    if not left and not unknown:
        return CLOSE, "The right values in another order: sort them as asked."
    parts = []
    if unknown:
        parts.append(f"{_show(_unwrap(unknown[0]))} does not belong in it")
    if left:
        parts.append(f"{len(left)} value{'s are' if len(left) > 1 else ' is'} still missing")
    return NOT_YET, f"Not yet: {' and '.join(parts)}."


def _wrap(value):
    return {"type": "text" if isinstance(value, str) else "number", "value": value}


def _unwrap(captured):
    if captured["type"] == "list":
        return [_unwrap(item) for item in captured["items"]]
    return captured.get("value")


def _equal(spec, one, other):
    """Tell whether two cells (number, text, truth value, missing) are the same."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other or (one in (0, 1) and other in (0, 1) and one == other)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return _near(spec, float(one), float(other))
    if isinstance(one, str) and isinstance(other, str):
        return plain(one) == plain(other)
    return one == other


# --- tables ------------------------------------------------------------------------------------


def _table(spec, reference, answer):
    if answer["type"] != "table":
        return NOT_YET, f"You have {found(answer)}; a table (DataFrame) is asked for."
    wanted, names = _wanted_columns(spec, reference), _match_columns(spec, reference, answer)
    missing = [c for c in wanted if c not in names]
    extra = [c for i, c in enumerate(answer["columns"]) if i not in names.values()]
    renamed = None
    if missing and len(missing) == 1 and len(extra) >= 1 and _numbers_like(reference, missing[0]):
        # A column under another name: accepted in a Series, which often has no good name.
        others = [i for i in range(len(answer["columns"])) if i not in names.values()]
        for i in others[:MOST_RENAMED]:
            c, trial = answer["columns"][i], names | {missing[0]: i}
            if _rows(spec, reference, answer, wanted, trial)[0] in (RIGHT, CLOSE):
                names, renamed, extra = trial, (c, missing[0]), [e for e in extra if e != c]
                break
    if missing and renamed is None:
        here = ", ".join(answer["columns"][:8]) or "no column"
        return NOT_YET, f"The table has no column called {', '.join(missing)}. It has: {here}."
    status, message = _rows(spec, reference, answer, wanted, names)
    if status != RIGHT:
        return status, message
    if renamed and not answer.get("series"):
        return CLOSE, f"The figures are right: rename the column {renamed[0]} to {renamed[1]}."
    if extra and not spec.get("extra_columns") and not answer.get("series"):
        return CLOSE, f"The rows are right. Leave out what is not asked for: {', '.join(extra)}."
    return RIGHT, "Right."


def _wanted_columns(spec, reference):
    return list(spec.get("columns") or reference["columns"])


def _match_columns(spec, reference, answer):
    """Return {wanted name: position in the answer}, by name or by an allowed other name."""
    other = spec.get("columns") if isinstance(spec.get("columns"), dict) else {}
    have = {}
    for i, name in enumerate(answer["columns"]):
        have.setdefault(plain(name).replace("_", " "), i)
    found_at = {}
    for name in _wanted_columns(spec, reference):
        for choice in [name, *other.get(name, [])]:
            at = have.get(plain(choice).replace("_", " "))
            if at is not None:
                found_at[name] = at
                break
    return found_at


def _numbers_like(reference, name):
    at = reference["columns"].index(name)
    return reference["dtypes"][at] in ("number", "integer", "bool")


def _rows(spec, reference, answer, wanted, names):
    """Compare the rows of two tables in the wanted columns, by key or as a whole."""
    at = [reference["columns"].index(c) for c in wanted]
    right = [[row[i] for i in at] for row in reference["rows"]]
    given = [[row[names[c]] if c in names else None for c in wanted] for row in answer["rows"]]
    more = answer["count"] - reference["count"]
    keys = [wanted.index(k) for k in spec.get("key", []) if k in wanted]
    if len({_id(row, keys) for row in right}) < len(right):
        keys = []
    keys = keys or _key(right, [reference["dtypes"][i] for i in at])
    if keys:
        left = {_id(row, keys): row for row in right}
        strange, seen, differ = [], set(), {}
        for row in given:
            here = _id(row, keys)
            if here not in left or here in seen:
                strange.append(row)
                continue
            seen.add(here)
            for c, a, b in zip(wanted, left[here], row, strict=True):
                if not _equal(spec, a, b):
                    differ.setdefault(c, []).append((row, a, b))
        lost = len(left) - len(seen)
        if strange or lost or more:
            return NOT_YET, _row_words(strange, lost, more, keys, wanted, len(given))
        if differ:
            return _differ_words(spec, differ, keys, wanted)
    else:
        if more:
            return NOT_YET, _row_words([], max(-more, 0), more, [], wanted, len(given))
        pool, strange = list(right), []
        for row in given:
            hit = next((r for r in pool if all(map(lambda a, b: _equal(spec, a, b), r, row))), None)
            strange.append(row) if hit is None else pool.remove(hit)
        if strange:
            return NOT_YET, f"{len(strange)} of {len(given)} rows hold other values than asked for."
    ordered = spec.get("ordered")
    columns = [wanted.index(ordered)] if isinstance(ordered, str) else range(len(wanted))
    if ordered and not all(
        _equal(spec, a[i], b[i]) for a, b in zip(right, given, strict=True) for i in columns
    ):
        return CLOSE, "The right rows in another order: sort them as asked (sort_values)."
    return RIGHT, "Right."


def _key(rows, dtypes):
    """Return the first columns, not of decimals, that tell all rows apart; else none."""
    keys = []
    for i in sorted(range(len(dtypes)), key=lambda i: dtypes[i] in ("integer", "bool")):
        if dtypes[i] == "number":
            continue
        keys.append(i)
        if len({_id(row, keys) for row in rows}) == len(rows):
            return keys
    return []


def _id(row, keys):
    return tuple(
        plain(row[i]) if isinstance(row[i], str)
        else float(row[i]) if isinstance(row[i], int | float) else None
        for i in keys
    )  # fmt: skip


def _row_words(strange, lost, more, keys, wanted, count):
    words = [f"The table has {count} row{'s' * (count != 1)}"]
    if more:
        words.append(f"that is {abs(more)} too {'many' if more > 0 else 'few'}")
    if strange and keys:
        row = ", ".join(f"{wanted[i]} = {_show(strange[0][i])}" for i in keys)
        words.append(f"{len(strange)} should not be there (the first: {row})")
    if lost and not more:
        words.append(f"{lost} row{'s are' if lost > 1 else ' is'} missing")
    return "; ".join(words) + ". Check the filter or the grouping."


def _differ_words(spec, differ, keys, wanted):
    column, cells = next(iter(differ.items()))
    if len(differ) == 1 and all(isinstance(v, int | float) for _, a, b in cells for v in (a, b)):
        slips = {
            _number(spec, {"type": "number", "value": a}, {"type": "number", "value": b})
            for _, a, b in cells
        }
        if len(slips) == 1 and next(iter(slips))[0] == CLOSE:
            return CLOSE, f"Column {column}: {next(iter(slips))[1]}"
    row = cells[0][0]
    where = ", ".join(f"{wanted[i]} = {_show(row[i])}" for i in keys)
    return NOT_YET, (
        f"The values in column {column} differ in {len(cells)} row{'s' * (len(cells) != 1)}, "
        f"first where {where}: you have {_show(row[wanted.index(column)])}."
    )


# --- functions ---------------------------------------------------------------------------------


def _function(spec, reference, answer):
    if answer["type"] != "function":
        return NOT_YET, f"You have {found(answer)}; give the function itself, without brackets."
    pairs = list(zip(reference["results"], answer["results"], strict=True))
    silent = all(a["type"] == "missing" and not a.get("printed") for _, a in pairs)
    if silent and any(r["type"] != "missing" for r, _ in pairs):
        return NOT_ATTEMPTED, "The function does not return anything yet."
    outcomes = [_result(spec, r, a) for r, a in pairs]
    bad = [i for i, (status, _) in enumerate(outcomes) if status != RIGHT]
    if not bad:
        return RIGHT, "Right."
    status, message = outcomes[bad[0]]
    slips = {outcomes[i] for i in bad}
    if len(slips) == 1 and status == CLOSE:
        return CLOSE, message
    if all(answer["results"][i]["type"] == "error" for i in bad) and len(bad) == len(pairs):
        status = ERROR
    inputs = spec.get("inputs", [])
    if spec.get("part") or len(inputs) != len(pairs):
        where = ""
    else:
        one = inputs[bad[0]]
        shown = ", ".join(_show(a) for a in (one if isinstance(one, list) else [one]))
        where = f" With {shown}:"
    count = f"Right for {len(pairs) - len(bad)} of {len(pairs)} inputs." if len(pairs) > 1 else ""
    return status if status == ERROR else NOT_YET, f"{count}{where} {message}".strip()


def _result(spec, reference, answer):
    if reference["type"] == "error":
        name = reference["error"].split(":")[0]
        if answer["type"] == "error" and answer["error"].split(":")[0] == name:
            return RIGHT, "Right."
        return NOT_YET, f"an error is expected here; the function gave {found(answer)}."
    if answer["type"] == "error":
        return NOT_YET, f"the function stops with {answer['error']}."
    if answer["type"] == "missing" and reference["type"] != "missing":
        return NOT_YET, (
            "the function prints its result instead of returning it: use return."
            if answer.get("printed")
            else "the function returns nothing: is there a return on every path?"
        )
    return _compare(spec, reference, answer)


# --- charts ------------------------------------------------------------------------------------


def _chart(spec, reference, answer):
    if answer["type"] != "chart":
        return NOT_YET, f"You have {found(answer)}; a chart is asked for. Give its axes, ax."
    wanted = [a for a in reference["axes"] if a["series"]]
    have = [a for a in answer["axes"] if a["series"]]
    if not have:
        return NOT_ATTEMPTED, "The chart is still empty: nothing is drawn on its axes."
    if len(wanted) == 1:
        outcomes = [_one_chart(spec, wanted[0], a) for a in have]
        return min(outcomes, key=lambda o: [RIGHT, CLOSE, NOT_YET].index(o[0]))
    if len(have) != len(wanted):
        return NOT_YET, f"You have {len(have)} chart{'s' * (len(have) != 1)}; count what is asked."
    outcomes = [_one_chart(spec, w, h) for w, h in zip(wanted, have, strict=True)]
    return max(outcomes, key=lambda o: [RIGHT, CLOSE, NOT_YET].index(o[0]))


def _one_chart(spec, wanted, have):
    marks = spec.get("mark") or sorted({s["mark"] for s in wanted["series"]})
    marks = [marks] if isinstance(marks, str) else marks
    drawn = sorted({s["mark"] for s in have["series"]})
    same = spec.get("compare") == "none" or _same_series(spec, wanted["series"], have["series"])
    wrong_mark = not any(m in marks for m in drawn)
    if not same:
        swapped = [s | {"x": s["y"], "y": s["x"]} for s in have["series"]]
        if _same_series(spec, wanted["series"], swapped):
            return CLOSE, "The right figures, but the two axes are swapped."
        if not any(s["y"] for s in have["series"]):
            return NOT_YET, (
                "The chart holds no values. Did a filter keep no row? Check the spelling of what "
                "you look for, capitals too."
            )
        what = f"a {' and '.join(drawn)} chart of {sum(len(s['y']) for s in have['series'])} values"
        need = f" A {' or '.join(marks)} chart is asked for." if wrong_mark else ""
        return NOT_YET, f"You have drawn {what}, but not the figures asked for.{need}"
    if wrong_mark:
        return CLOSE, (
            f"The right figures, drawn as {' and '.join(drawn)}; asked for: {' or '.join(marks)}."
        )
    lacks = []
    if spec.get("require_labels"):
        # Categories name themselves; an axis of numbers needs its label.
        named = any(isinstance(x, str) for s in have["series"] for x in s["x"])
        for axis, across in (("xlabel", "barh" not in drawn), ("ylabel", "barh" in drawn)):
            if not have[axis] and not (named and across):
                lacks.append(f"a label on the {axis[0]} axis")
    if spec.get("require_title") and not have["title"]:
        lacks.append("a title")
    if lacks:
        return CLOSE, f"The right figures. Still missing: {' and '.join(lacks)}."
    return RIGHT, "Right."


def _same_series(spec, wanted, have):
    left = list(have)
    for one in wanted:
        hit = next((h for h in left if _same_points(spec, one, h)), None)
        if hit is None:
            return False
        left.remove(hit)
    return not left


def _same_points(spec, one, other):
    if len(one["y"]) != len(other["y"]):
        return False
    heights = spec.get("compare") == "heights"
    pool = list(zip(other["x"], other["y"], strict=True))
    for x, y in zip(one["x"], one["y"], strict=True):
        hit = next(
            (p for p in pool if _equal(spec, y, p[1]) and (heights or _same_place(x, p[0]))), None
        )
        if hit is None:
            return False
        pool.remove(hit)
    return True


def _same_place(one, other):
    if isinstance(one, str) != isinstance(other, str):
        one, other = (_read_number(v) if isinstance(v, str) else v for v in (one, other))
        if one is None or other is None:
            return False
    return _equal({"rel_tolerance": 1e-9, "tolerance": 1e-6}, one, other)


# --- written answers ---------------------------------------------------------------------------


def _written(spec, answer):
    given = " ".join(str(answer.get("value", "")).split())
    if not given or given == " ".join(spec.get("starter", "").split()):
        return NOT_ATTEMPTED, "Write your answer in the text cell, in place of what stands there."
    words = len(given.split())
    return PENDING, f"Received, {words} word{'s' * (words != 1)}; a person reads and marks it."


def _other(spec, reference, answer):
    same = reference == answer
    return (RIGHT, "Right.") if same else (NOT_YET, f"Not yet: you have {found(answer)}.")


COMPARE = {
    "number": _number, "text": _text, "choice": _choice, "bool": _bool, "list": _list,
    "table": _table, "function": _function, "chart": _chart,
}  # fmt: skip
