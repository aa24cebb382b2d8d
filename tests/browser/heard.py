"""What a screen reader is given: role, name, value and state of each control, in their order.

Chromium's accessibility tree is read as Playwright gives it, and held against what the explorer's
own controls ask for, or against a written list.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import yaml

from belgrade import explorers
from belgrade.explorers.explorer import Number, Select

CONTROLS = "button checkbox combobox radio radiogroup slider spinbutton textbox".split()


def heard(place: Any) -> list[str]:
    """Return the controls of a place: 'role "name" [state] = value', a list with its options."""
    return list(_controls(yaml.safe_load(place.aria_snapshot())))


def _controls(nodes: list[Any]) -> Iterator[str]:
    for node in nodes:
        head, inner = next(iter(node.items())) if isinstance(node, dict) else (node, [])
        role, _, rest = head.partition(" ")
        if isinstance(inner, str):
            value = inner
        else:
            texts = [each["text"] for each in inner if isinstance(each, dict) and "text" in each]
            chosen = [each for each in inner if str(each).startswith("option")]
            options = [each.removeprefix("option ").replace(" [selected]", "*") for each in chosen]
            value = ", ".join(options if role == "combobox" else texts)
        if role in CONTROLS:
            value = "" if role == "radiogroup" else value
            yield f"{role} {rest} = {value}" if value else f"{role} {rest}"
        if not isinstance(inner, str) and role != "combobox":
            yield from _controls(inner)


def explorer_in(source: str) -> Any:
    """Return the explorer that a cell's source asks for, where it lets it open."""
    called = next(
        each
        for each in ast.walk(ast.parse(source))
        if isinstance(each, ast.Call) and ast.unparse(each.func).startswith("explorers.")
    )
    named = {each.arg: ast.literal_eval(each.value) for each in called.keywords}
    return getattr(explorers, called.func.attr)(**named)


def asked(explorer: Any, native: bool = False) -> list[str]:
    """Return what is to be heard of an explorer's controls where it opens; `native` are HTML's."""
    found = []
    for control in explorer.controls.values():
        if isinstance(control, Select):
            options = [
                f'"{" ".join(words.split())}"{"*" * (value == control.default)}'
                for words, value in control.options.items()
            ]
            found.append(f'combobox "{control.label}" = {", ".join(options)}')
        elif isinstance(control, Number):
            value = f"{control.default:.10g}"
            # A browser's own slider says its value; what ipywidgets draws has it as an attribute.
            handle = f" = {value}" * native
            found += [f'textbox "{control.label}" = {value}', f'slider "{control.label}"{handle}']
        else:
            found.append(f'checkbox "{control.label}"{" [checked]" * control.default}')
    return [*found, 'button "Back to start"']
