"""What a test was shown: the form that a call displayed, and what an explorer says.

A form's widgets are those in sight, as a reader has them, found anew at each look.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from belgrade import explorers
from belgrade.display import WIDGET_VIEW


def said(name: str, **choices: Any) -> str:
    """Return what the explorer of that name says of these choices, its defaults for the rest."""
    explorer = getattr(explorers, name)()
    return explorer.view(explorer.data, **explorer.defaults | choices)[1]


def form_of(displayed: list[dict[str, Any]]) -> Any:
    """Return the box of the first form that was displayed."""
    from ipywidgets.widgets.widget import _instances

    return _instances[displayed[0]["data"][WIDGET_VIEW]["model_id"]]


def last_text(displayed: list[dict[str, Any]]) -> str:
    """Return what was displayed last, as plain text."""
    return displayed[-1]["data"]["text/plain"]


class ShownForm:
    """The form that a call displayed: its view first, then its words."""

    def __init__(self, displayed: list[dict[str, Any]]) -> None:
        self.box = form_of(displayed)
        fallback = displayed[1]["data"]
        self.html, self.plain = fallback["text/html"], fallback["text/plain"]

    def widgets(self, kind: str = "") -> list[Any]:
        """Return all widgets in sight, or those of a class by its name, in order."""

        def descendants(widget: Any) -> list[Any]:
            return [
                widget,
                *(each for child in getattr(widget, "children", ()) for each in descendants(child)),
            ]

        return [each for each in descendants(self.box) if not kind or type(each).__name__ == kind]

    def __getitem__(self, name: str) -> Any:
        """Return the button with these words; for "card" all words in sight, as `value`."""
        if name == "card":
            return SimpleNamespace(value="\n".join(w.value for w in self.widgets("HTML")))
        return next(w for w in self.widgets("Button") if w.description == name)
