"""What happens to an argument when one of its points falls.

An argument map is a tree: each point bears on the point above it. A point's role says how. A
*reason*, a piece of *evidence* or a partial *thesis* holds the point above it up. A *qualification*
or a *counter-consideration* speaks against it. A *forecast* is drawn from it.

Reasons are *convergent* where each supports the point by itself, and *linked* where they do so only
together: Douglas Walton, "Argument Structure: A Pragmatic Theory" (University of Toronto Press,
1996). A map does not say which of the two its author meant; a reader has to decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SUPPORTS = frozenset({"thesis", "reason", "evidence"})
OBJECTIONS = frozenset({"qualification", "counter-consideration"})
FORECAST = "forecast"

FALLS = "falls"
WITHOUT_SUPPORT = "left without support"
WITHOUT_GROUND = "loses the point it was drawn from"
WEAKER = "weaker"
STRONGER = "stronger"
BOTH = "weaker and stronger"
SAME = "unaffected"

_GONE = frozenset({FALLS, WITHOUT_SUPPORT})


@dataclass(frozen=True)
class Point:
    """A point of an argument: the point that it bears on (None at the top), and in which role."""

    parent: str | None
    role: str


@dataclass(frozen=True)
class Effect:
    """What happens to a point: the change, and how many of its direct supports still stand."""

    change: str
    supports_left: int
    supports: int


def consequences(
    points: Mapping[str, Point], fallen: Iterable[str], linked: bool = False
) -> dict[str, Effect]:
    """Return for each point what happens to it when the points `fallen` fall.

    A point that loses a support is weaker. It falls with its supports when the last of them is
    gone or, with `linked`, when the first is. A point that loses an objection is stronger. A
    forecast shares the fate of the point above it, and its failure takes no support from that
    point. What a fallen point rested on stays as it was. Raises `KeyError` for an unknown point.
    """
    gone = set(fallen)
    if unknown := gone - set(points):
        raise KeyError(f"The argument has no point {', '.join(sorted(unknown))}.")
    children: dict[str, list[str]] = {name: [] for name in points}
    for name, point in points.items():
        if point.parent is not None:
            children[point.parent].append(name)
    by_depth = sorted(points, key=lambda name: _depth(points, name))

    effects: dict[str, Effect] = {}
    for name in reversed(by_depth):
        supports = [effects[child] for child in children[name] if points[child].role in SUPPORTS]
        attacks = [effects[child] for child in children[name] if points[child].role in OBJECTIONS]
        lost = sum(effect.change in _GONE for effect in supports)
        change = _change(name in gone, supports, attacks, lost, linked)
        effects[name] = Effect(change, len(supports) - lost, len(supports))
    for name in by_depth:
        parent = points[name].parent
        if points[name].role == FORECAST and parent is not None:
            change = _forecast_change(effects[name].change, effects[parent].change)
            effects[name] = Effect(change, effects[name].supports_left, effects[name].supports)
    return {name: effects[name] for name in points}


def _depth(points: Mapping[str, Point], name: str) -> int:
    parent = points[name].parent
    return 0 if parent is None else 1 + _depth(points, parent)


def _change(
    is_fallen: bool, supports: list[Effect], attacks: list[Effect], lost: int, linked: bool
) -> str:
    if is_fallen:
        return FALLS
    if lost and (linked or lost == len(supports)):
        return WITHOUT_SUPPORT
    lowered, raised = _GONE | {WEAKER, BOTH}, {STRONGER, BOTH}
    support, attack = {e.change for e in supports}, {e.change for e in attacks}
    weaker, stronger = support & lowered | attack & raised, support & raised | attack & lowered
    return _name(bool(weaker), bool(stronger))


def _forecast_change(change: str, parent: str) -> str:
    """Return the change of a forecast from its own change and that of the point above it."""
    if change in _GONE:
        return change
    if parent in _GONE | {WITHOUT_GROUND}:
        return WITHOUT_GROUND
    both = {change, parent}
    return _name(bool(both & {WEAKER, BOTH}), bool(both & {STRONGER, BOTH}))


def _name(weaker: bool, stronger: bool) -> str:
    if weaker and stronger:
        return BOTH
    return WEAKER if weaker else STRONGER if stronger else SAME
