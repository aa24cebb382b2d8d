"""A form as a reader has it before them: the widgets in sight, found anew at each look."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any


class ShownForm:
    """The form that a call displayed: its view first, then its words."""

    def __init__(self, displayed: list[dict[str, Any]]) -> None:
        from ipywidgets.widgets.widget import _instances

        view, fallback = displayed[:2]
        self.box = _instances[view["data"]["application/vnd.jupyter.widget-view+json"]["model_id"]]
        self.html, self.plain = fallback["data"]["text/html"], fallback["data"]["text/plain"]

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
