"""The widgets of a form that a test displayed, and what its status line says."""

from __future__ import annotations

from typing import Any

from belgrade.display import WIDGET_VIEW


def form_of(displayed: list[dict[str, Any]]) -> Any:
    """Return the box of the first form that was displayed."""
    from ipywidgets.widgets.widget import _instances

    return _instances[displayed[0]["data"][WIDGET_VIEW]["model_id"]]


def last_text(displayed: list[dict[str, Any]]) -> str:
    """Return what was displayed last, as plain text."""
    return displayed[-1]["data"]["text/plain"]
