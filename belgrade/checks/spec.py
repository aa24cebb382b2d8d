"""A question's spec: the TOML that an instructor writes in a raw cell of a key notebook."""

import difflib
import tomllib

from belgrade import UserError

NUMERIC = {"tolerance", "rel_tolerance", "decimals", "unit"}
TABULAR = NUMERIC | {"columns", "ordered", "key", "extra_columns"}
COMMON = {
    "question", "title", "kind", "points", "close_points", "hints", "starter", "allow", "wrong",
    "weights",
}  # fmt: skip
KEYS = {
    "number": NUMERIC,
    "text": {"accept"},
    "choice": {"options", "feedback"},
    "list": NUMERIC | {"ordered"},
    "table": TABULAR,
    "function": TABULAR | {"inputs", "accept"},
    "chart": NUMERIC | {"mark", "require_labels", "require_title", "compare"},
    "written": set(),
}
MARKS = {"bar", "barh", "line", "scatter", "hist"}
TYPES = {
    "question": str, "title": str, "kind": str, "unit": str, "starter": str, "compare": str,
    "points": (int, float), "close_points": (int, float), "tolerance": (int, float),
    "rel_tolerance": (int, float), "decimals": int, "hints": list, "wrong": list, "allow": list,
    "accept": list, "inputs": list, "key": list, "options": (dict, list), "feedback": dict,
    "weights": dict, "columns": (list, dict), "mark": (str, list), "ordered": (bool, str),
    "extra_columns": bool, "require_labels": bool, "require_title": bool,
}  # fmt: skip


class SpecError(UserError):
    """A spec that cannot be used; its text says what to change."""


def parse_spec(source):
    """Return the spec in the TOML text `source` as a dict with `kind` and `points` filled in.

    Raises SpecError naming the question, the key and the nearest known key.
    """
    try:
        spec = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(f"a spec cell is not valid TOML: {error}") from None
    name = spec.get("question")
    if not (isinstance(name, str) and all(p.isdigit() for p in name.split(".")) and "." in name):
        raise SpecError('a spec cell needs a question id such as question = "1.2"')
    kind = spec.setdefault("kind", "number")
    _known(name, "kind", kind, KEYS)
    for key, value in spec.items():
        _known(name, "key", key, COMMON | KEYS[kind], all_known=COMMON.union(*KEYS.values()))
        wanted = TYPES[key]
        if not isinstance(value, wanted) or (
            isinstance(value, bool) and wanted in (int, (int, float))
        ):
            raise SpecError(f"question {name}: {key} = {value!r} is of the wrong type")
    spec.setdefault("points", 1)
    spec.setdefault("title", "")
    for wrong in spec.get("wrong", []):
        for key in wrong:
            _known(name, "key of [[wrong]]", key, {"code", "message", "close"})
        if not (wrong.get("code", "").strip() and wrong.get("message", "").strip()):
            raise SpecError(f"question {name}: each [[wrong]] needs code and message")
    _check_kind(name, kind, spec)
    return spec


def _check_kind(name, kind, spec):
    if kind == "choice":
        if not spec.get("options"):
            raise SpecError(f"question {name}: a choice needs options")
        for key in spec.get("feedback", {}):
            _known(name, "option in [feedback]", key, spec["options"])
    if kind == "function" and not spec.get("inputs"):
        raise SpecError(f"question {name}: a function needs inputs, a list of argument lists")
    if kind == "chart":
        marks = spec.get("mark", [])
        for mark in [marks] if isinstance(marks, str) else marks:
            _known(name, "mark", mark, MARKS)
        _known(name, "compare", spec.get("compare", "values"), {"values", "heights", "none"})


def _known(name, what, value, allowed, all_known=()):
    if value in allowed:
        return
    if value in all_known:
        raise SpecError(f"question {name}: the key {value!r} does not belong to this kind")
    near = difflib.get_close_matches(str(value), sorted(allowed), n=1, cutoff=0.0)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise SpecError(f"question {name}: unknown {what} {value!r}{hint}")


def exercise_of(question):
    """Return the two-digit exercise number of a question id: "01" for "1.2"."""
    return str(question).split(".")[0].zfill(2)
