"""The settings of an exercise: its parameters cell, which says beside each what values it allows.

A line is `YEAR = 2014  # 2006 to 2019` (whole numbers), `RATE = 1.1  # one of: 1.1, 1.18`, or has
no such comment: then any value is allowed, and none is chosen for it. A list may go on in the next
line, which begins with `# `.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Name, value, comment: as far away as an editor put it, and not a # between quotes.
LINE = re.compile(
    r"""^(\w+) = ((?:"[^"\n]*"|'[^'\n]*'|[^#\n])*?) *(?:# ?(.*(?:\n# .*)*))?$""", re.M
)


class SettingError(UserError):
    """A setting has a value that it may not have; the text names the nearest that it may."""


@dataclass(frozen=True)
class Setting:
    """A setting: its value, and the values that it may have, none if nothing says so."""

    value: Any
    allowed: tuple[Any, ...] = ()


def read_settings(source: str) -> dict[str, Setting]:
    """Return {name: Setting} of a parameters cell; raise SettingError for a line that is none."""
    settings = {}
    for name, value, comment in LINE.findall(source):
        try:
            settings[name] = Setting(ast.literal_eval(value), _allowed(comment))
        except (ValueError, SyntaxError):
            raise SettingError(f"the settings have a line that is none: {name} = {value}") from None
    return settings


def _allowed(comment: str) -> tuple[Any, ...]:
    if numbers := re.fullmatch(r"(\d+) to (\d+)", comment):
        return tuple(range(int(numbers[1]), int(numbers[2]) + 1))
    head, _, values = comment.partition("one of: ")
    values = values.replace("\n#", "")
    return ast.literal_eval(f"({values},)") if values and not head else ()


def verify(parameters: str, changed: str) -> None:
    """Raise SettingError for a value in the cell `changed` that the cell `parameters` rules out."""
    allowed = {name: setting.allowed for name, setting in read_settings(parameters).items()}
    for name, setting in read_settings(changed).items():
        values = allowed.get(name)
        if values and setting.value not in values:
            raise SettingError(
                f"{name} = {setting.value!r} is not allowed; the nearest value that is: "
                f"{nearest(setting.value, values)!r}"
            )


def nearest(value: Any, allowed: tuple[Any, ...]) -> Any:
    """Return the one of the `allowed` values that is nearest to `value`."""
    if isinstance(value, int | float) and all(isinstance(each, int | float) for each in allowed):
        return min(allowed, key=lambda each: abs(each - value))
    by_text = {str(each): each for each in allowed}
    return by_text[difflib.get_close_matches(str(value), by_text, n=1, cutoff=0)[0]]


def rerun_settings(
    variant: Mapping[str, Setting], values: Mapping[str, Any], first: Mapping[str, Setting]
) -> dict[str, Any]:
    """Return the rerun's values for settings `values`: the variant's where they differ.

    Where they are the same, those of the exercise as it stands, `first`.
    """
    unchanged = {name for name, setting in variant.items() if setting.value == values[name]}
    return {name: (first if name in unchanged else variant)[name].value for name in variant}


def with_values(source: str, values: Mapping[str, Any]) -> str:
    """Return a parameters cell with these values in place of its own; what it allows stays."""

    def line(match: re.Match[str]) -> str:
        name, _, comment = match.groups()
        if name not in values:
            return match[0]
        value = values[name]
        text = f"{value:_}" if type(value) is int and value >= 10_000 else json.dumps(value)
        return f"{name} = {text}" + f"  # {comment}" * bool(comment)

    return LINE.sub(line, source)
