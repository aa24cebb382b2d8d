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


def controls_in(place: Any) -> list[str]:
    """Return the controls of a place: 'role "name" [state] = value', a list with its options."""
    return list(_controls(yaml.safe_load(place.aria_snapshot())))


def _controls(nodes: list[Any]) -> Iterator[str]:
    for node in nodes:
        heading, children = next(iter(node.items())) if isinstance(node, dict) else (node, [])
        role, _, details = heading.partition(" ")
        if isinstance(children, str):
            value = children
        else:
            texts = [each["text"] for each in children if isinstance(each, dict) and "text" in each]
            chosen = [each for each in children if str(each).startswith("option")]
            options = [each.removeprefix("option ").replace(" [selected]", "*") for each in chosen]
            value = ", ".join(options if role == "combobox" else texts)
        if role in CONTROLS:
            value = "" if role == "radiogroup" else value
            yield f"{role} {details} = {value}" if value else f"{role} {details}"
        if not isinstance(children, str) and role != "combobox":
            yield from _controls(children)


def explorer_in(source: str) -> Any:
    """Return the explorer that a cell's source asks for, where it lets it open."""
    call = next(
        each
        for each in ast.walk(ast.parse(source))
        if isinstance(each, ast.Call) and ast.unparse(each.func).startswith("explorers.")
    )
    arguments = {each.arg: ast.literal_eval(each.value) for each in call.keywords}
    return getattr(explorers, call.func.attr)(**arguments)


def expected_controls(explorer: Any, native: bool = False) -> list[str]:
    """Return what is to be heard of an explorer's controls where it opens; `native` are HTML's."""
    labels = []
    for control in explorer.controls.values():
        if isinstance(control, Select):
            options = [
                f'"{" ".join(words.split())}"{"*" * (value == control.default)}'
                for words, value in control.options.items()
            ]
            labels.append(f'combobox "{control.label}" = {", ".join(options)}')
        elif isinstance(control, Number):
            value = f"{control.default:.10g}"
            # A browser's own slider says its value; what ipywidgets draws has it as an attribute.
            handle = f" = {value}" * native
            labels += [f'textbox "{control.label}" = {value}', f'slider "{control.label}"{handle}']
        else:
            labels.append(f'checkbox "{control.label}"{" [checked]" * control.default}')
    return [*labels, 'button "Back to start"']
