"""Explorers: pictures of the evidence that readers change with labelled controls.

Each is a function that returns an `Explorer`; call it as the last line of a cell to show it. Its
controls can be given where to start by name: `veto_game(to_moscow=0)`.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

# Name of the explorer -> the module that holds it.
EXPLORERS = {
    "argument_tree": "argument",
    "aid_per_what": "aid",
    "airport": "aid",
    "four_billion": "china",
    "yardsticks": "closeness",
    "shares": "trade",
    "whose_trade": "trade",
    "exercises_counted": "security",
    "arms_suppliers": "security",
    "encircled": "security",
    "veto_game": "kosovo",
    "vote_with_whom": "kosovo",
    "guess_the_donor": "opinion",
    "polls": "opinion",
    "code_the_events": "trust",
    "how_democratic": "trust",
    "argument_map": "weighing",
    "audit_notes": "weighing",
    "xi_or_putin": "forecasts",
    "score_the_forecasts": "forecasts",
}

__all__ = ["EXPLORERS"]


def __getattr__(name: str) -> Any:
    if name not in EXPLORERS:
        raise AttributeError(f"There is no explorer {name!r}.")
    make = getattr(importlib.import_module(f"belgrade.explorers.{EXPLORERS[name]}"), name)

    @functools.wraps(make)
    def named(*arguments: Any, **options: Any) -> Any:
        parameters = inspect.signature(make).parameters
        explorer = make(*arguments, **{key: options[key] for key in options if key in parameters})
        explorer.name = name
        explorer.start_at(**{key: options[key] for key in options if key not in parameters})
        return explorer

    return named


def __dir__() -> list[str]:
    return sorted(EXPLORERS)
