"""What to tell a student whose code stopped, in words that are not Python's.

Most of it stands in the table of `belgrade.errors`, which the notebook itself shows. Here an error
is only a text ("KeyError: 'donor'"), and the names that there were are not known.
"""

from __future__ import annotations

import builtins
import re
from typing import TYPE_CHECKING

from belgrade.checks.judge.texts import normalized
from belgrade.errors import OTHER_LANGUAGES, error_table, lookup

if TYPE_CHECKING:
    from belgrade.checks.spec import Spec


def error_message(error: str, spec: Spec | None = None) -> str:
    """Return what to tell a student whose code ended with `error` ("NameError: …")."""
    error = error[:2000]
    if late := re.fullmatch(r"TimeoutError: (longer than [\d.]+ s(?: in all)?)", error):
        return f"Your code ran {late[1]} and was stopped: is there a loop without end?"
    if error.endswith("while the answer was read"):
        return "This answer cannot be read: give a number, a text, a list, a table or a chart."
    if error == "the kernel died":
        return "Your code ended the kernel: take out exit(), quit() or what uses all memory."
    if name := re.match(r"NameError: name '(.+?)' is not defined", error):
        if normalized(name[1]) in map(normalized, (spec or {}).get("options", [])):
            return f'A letter needs quotation marks: write "{name[1]}", not {name[1]}.'
        return _no_name(name[1])
    words = reason(error)
    return words if words.startswith("Your code stopped") else f"Your code stopped. {words}"


def reason(error: str) -> str:
    """Return why code stopped with `error`, and what to look for, in a sentence or two."""
    error = error[:2000]
    if name := re.match(r"NameError: name '(.+?)' is not defined", error):
        return _no_name(name[1])
    kind, _, text = error.partition(": ")
    found = getattr(builtins, kind, None)
    kinds = [k.__name__ for k in found.__mro__] if isinstance(found, type) else [kind]
    words = _own(error) or lookup(kinds, " ".join(text.split()))
    if words is None:
        return f"Your code stopped with {error.rstrip('.: ')}."
    unread = "Python could not read it. " * (
        "SyntaxError" in kinds and not words[0].startswith("Python cannot read")
    )
    return unread + " ".join(filter(None, words))


def _own(error: str) -> tuple[str] | None:
    for entry in error_table()["judge"]:
        if hit := re.match(entry["pattern"], error, re.DOTALL):
            return (entry["words"].format(*hit.groups()),)
    return None


def _no_name(name: str) -> str:
    if right := OTHER_LANGUAGES.get(name.lower()):
        return f"Python does not know {name}: it writes {right}, without quotes."
    return (
        f"There is no {name} yet. Check its spelling, run the cells from the top, and keep "
        "the names that the question asks for."
    )
