"""A question's spec: the TOML that an instructor writes in a raw cell of a key notebook."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import UserError

if TYPE_CHECKING:
    from collections.abc import Collection

Spec = dict[str, Any]  # as `parse_spec` gives it: a question's keys and values

NUMBER = int | float
VALUES = ("number", "list", "table", "function", "chart")
TABLES = ("table", "function")
KINDS = ("number", "text", "choice", "list", "table", "function", "chart", "written")
MARKS = {"bar", "barh", "line", "scatter", "hist"}


@dataclass(frozen=True)
class Key:
    """A key of a spec: what it holds, the kinds of question that know it, what it is for."""

    type: Any  # what `isinstance` takes
    what: str
    kinds: tuple[str, ...] = KINDS


# The table in docs/write-a-question.md is made of this.
KEYS = {
    "question": Key(str, 'its id: exercise and number, `"1.6"`'),
    "kind": Key(str, "one of " + ", ".join(f"`{kind}`" for kind in KINDS)),
    "title": Key(str, "a few words for the tables of results"),
    "points": Key(NUMBER, "what the whole question is worth (1)"),
    "close_points": Key(NUMBER, "what an answer is worth that is almost right (0)"),
    "hints": Key(list, "texts for `hint(...)`, shown one after the other"),
    "starter": Key(str, "what the student's answer cell holds, if not what is made of yours"),
    "allow": Key(list, "lines of your solution that may stand in the student's copy"),
    "weights": Key(dict, "shares of the points: `{ check = 1, b = 2, again = 1.5, written = 3 }`"),
    "accepted": Key(list, "`[[accepted]]`: another right answer as `code`, tried by `build`"),
    "wrong": Key(list, "`[[wrong]]`: a wrong answer as `code`, and what is said of it (below)"),
    "unit": Key(str, 'named when a number is missing or of another size: `"per cent"`', VALUES),
    "tolerance": Key(NUMBER, "how far off a number may be", VALUES),
    "rel_tolerance": Key(NUMBER, "the same as a share of the right number (0.000001)", VALUES),
    "decimals": Key(int, "an answer rounded to so many places is right", VALUES),
    "ordered": Key(
        bool | str,
        "`true`: the order counts; a column's name: only where it differs",
        ("list", *TABLES),
    ),
    "columns": Key(
        list | dict, "the columns asked for, or a table of each with other names for it", TABLES
    ),
    "key": Key(list, "columns that tell one row from another", TABLES),
    "extra_columns": Key(bool, "`true`: further columns do no harm", TABLES),
    "inputs": Key(
        list, 'argument lists to call the function with; `"@name"` is a data table', ("function",)
    ),
    "accept": Key(list, "other texts that are right", ("text", "function")),
    "options": Key(
        dict | list, 'what can be chosen: `a = "..."`; the prompt shows each', ("choice",)
    ),
    "feedback": Key(dict, "what is said of a wrong option", ("choice",)),
    "mark": Key(
        str | list, "what is to be drawn: " + ", ".join(f"`{m}`" for m in sorted(MARKS)), ("chart",)
    ),
    "compare": Key(str, '`"values"` (x and y), `"heights"` (y alone) or `"none"`', ("chart",)),
    "require_labels": Key(bool, "`true`: axes that show numbers need a label", ("chart",)),
    "require_title": Key(bool, "`true`: the chart needs a title", ("chart",)),
}
WRONG = {"code", "message", "close", "words", "status"}


def keys_as_table() -> str:
    """Return the table of all keys as Markdown, for docs/write-a-question.md."""
    rows = ["| key | kinds | takes | what for |", "|---|---|---|---|"]
    for name, key in KEYS.items():
        kinds = "all" if key.kinds == KINDS else ", ".join(key.kinds)
        rows.append(f"| `{name}` | {kinds} | {_spoken(key.type)} | {key.what} |")
    return "\n".join(rows)


def _spoken(kind: object) -> str:
    names = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        list: "list",
        dict: "table",
    }
    each = ("number",) if kind == NUMBER else (names[k] for k in getattr(kind, "__args__", [kind]))
    return " or ".join(each)


class SpecError(UserError):
    """A spec that cannot be used; its text says what to change."""


def parse_spec(source: str) -> Spec:
    """Return the spec in the TOML text `source` as a dict with `kind` and `points` filled in.

    Raises SpecError naming the question, the key and the nearest known key.
    """
    try:
        spec = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        first = next(iter(source.strip().splitlines()), "")
        at = re.search(r"at line (\d+)", str(error))
        line = f": {source.splitlines()[int(at[1]) - 1].strip()}" if at else ""
        raise SpecError(f"the spec {first!r} is not valid TOML: {error}{line}") from None
    name = spec.get("question")
    if not (isinstance(name, str) and all(p.isdigit() for p in name.split(".")) and "." in name):
        raise SpecError('a spec cell needs a question id such as question = "1.2"')
    kind = spec.setdefault("kind", "number")
    _known(name, "kind", kind, KINDS)
    mine = {key for key, about in KEYS.items() if kind in about.kinds}
    for key, value in spec.items():
        _known(name, "key", key, mine, all_known=KEYS)
        wanted = KEYS[key].type
        if not isinstance(value, wanted) or (isinstance(value, bool) and wanted in (int, NUMBER)):
            raise SpecError(
                f"question {name}: {key} = {value!r} is of the wrong type: {_spoken(wanted)} is "
                "asked for"
            )
    spec.setdefault("points", 1)
    spec.setdefault("title", "")
    for case in spec.get("accepted", []):
        _tried(name, "accepted", case, {"code"})
    for case in spec.get("wrong", []):
        _tried(name, "wrong", case, WRONG)
        if ("message" in case) == ("words" in case):
            raise SpecError(
                f"question {name}: each [[wrong]] needs code and message (what the student is "
                "told), or code and words (part of what the judge says)"
            )
    _check_kind(name, kind, spec)
    return spec


def _tried(name: str, which: str, case: Any, known: Collection[str]) -> None:
    if not isinstance(case, dict):
        raise SpecError(f"question {name}: write each as [[{which}]], with code = '...' below it")
    for key, value in case.items():
        _known(name, f"key of [[{which}]]", key, known)
        wanted = bool if key == "close" else str
        if not isinstance(value, wanted) or (isinstance(value, str) and not value.strip()):
            raise SpecError(f"question {name}: {key} = {value!r} in [[{which}]] says nothing")
    if "code" not in case:
        raise SpecError(f"question {name}: each [[{which}]] needs code")


def _check_kind(name: str, kind: str, spec: Spec) -> None:
    if kind == "choice":
        if not spec.get("options"):
            raise SpecError(f"question {name}: a choice needs options")
        for key in spec.get("feedback", {}):
            _known(name, "option in [feedback]", key, spec["options"])
    if kind == "function" and not spec.get("inputs"):
        raise SpecError(f"question {name}: a function needs inputs, a list of argument lists")
    if columns := spec.get("columns"):
        ordered = [spec["ordered"]] if isinstance(spec.get("ordered"), str) else []
        for column in [*spec.get("key", []), *ordered]:
            _known(name, "column", column, columns)
    if kind == "chart":
        marks = spec.get("mark", [])
        for mark in [marks] if isinstance(marks, str) else marks:
            _known(name, "mark", mark, MARKS)
        _known(name, "compare", spec.get("compare", "values"), {"values", "heights", "none"})


def _known(
    name: str, what: str, value: object, allowed: Collection[Any], all_known: Collection[Any] = ()
) -> None:
    if value in allowed:
        return
    if value in all_known:
        raise SpecError(f"question {name}: the key {value!r} does not belong to this kind")
    near = difflib.get_close_matches(str(value), sorted(allowed), n=1, cutoff=0.0)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SpecError(f"question {name}: unknown {what} {value!r}{hint}")


def exercise_of(question: object) -> str:
    """Return the two-digit exercise number of a question id: "01" for "1.2"."""
    return str(question).split(".")[0].zfill(2)
