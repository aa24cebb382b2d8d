"""Charts: what is drawn is what was asked for, once, in the right form and with its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belgrade.checks.judge.numbers import as_label, equal
from belgrade.checks.judge.outcome import (
    CLOSE,
    NOT_ATTEMPTED,
    NOT_YET,
    RIGHT,
    YES,
    describe,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Set as AbstractSet

    from belgrade.checks.capture import Captured
    from belgrade.checks.judge.outcome import Outcome
    from belgrade.checks.spec import Spec

Point = tuple[Any, Any]  # a place (a float, a date or a text) and a height

SAME_PLACE = {"rel_tolerance": 1e-9, "tolerance": 1e-6}
LIKE = {"hist": ("hist", "bar"), "bar": ("bar", "hist")}  # bars that touch, or do not
MOST_HELPERS = 6  # lines at one height or one place: zero, a mean, a date


def chart(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept one chart of the figures asked for, however many calls drew it; nothing more in it."""
    if answer["type"] != "chart":
        return NOT_YET, f"You have {describe(answer)}; a chart is asked for. Give its axes, ax."
    wanted = [a for a in reference["axes"] if a["series"]]
    have = [a for a in answer["axes"] if a["series"]]
    if not have:
        return NOT_ATTEMPTED, "The chart is still empty: nothing is drawn on its axes."
    if len(have) != len(wanted):
        together = [s for axes in have for s in axes["series"]]
        few = len(wanted) == 1 and len(have) <= len(wanted[0]["series"])
        if few and drawn_as(spec, wanted[0]["series"], together, None):
            return CLOSE, "The right figures, in several charts: draw them into one."
        asked = f"{len(wanted)} {'is' if len(wanted) == 1 else 'are'} asked for"
        return NOT_YET, f"There are {len(have)} charts here, and {asked}: give ax for that one."
    outcomes = [_one_chart(spec, w, h) for w, h in zip(wanted, have, strict=True)]
    return max(outcomes, key=lambda o: [RIGHT, CLOSE, NOT_YET].index(o[0]))


def _one_chart(spec: Spec, wanted: dict[str, Any], have: dict[str, Any]) -> Outcome:
    marks = spec.get("mark") or sorted({s["mark"] for s in wanted["series"]})
    marks = [marks] if isinstance(marks, str) else list(marks)
    drawn = sorted({s["mark"] for s in have["series"]})
    asked = " or ".join(marks)
    fitting = set().union(*(LIKE.get(m, (m,)) for m in marks))
    if spec.get("compare") == "none":
        same = bool(fitting & set(drawn))
    else:
        same = drawn_as(spec, wanted["series"], have["series"], fitting)
        if not same and not drawn_as(spec, wanted["series"], have["series"], None):
            return _other_figures(spec, wanted, have, drawn, "" if fitting & set(drawn) else asked)
    if not same:
        return CLOSE, f"The right figures, drawn as {' and '.join(drawn)}; asked for: {asked}."
    lacks = []
    if spec.get("require_labels"):
        # Categories name themselves; an axis of numbers needs its label.
        named = any(isinstance(x, str) for s in have["series"] for x in s["x"])
        for axis, across in (("xlabel", "barh" not in drawn), ("ylabel", "barh" in drawn)):
            if not have[axis].strip() and not (named and across):
                lacks.append(f"a label on the {axis[0]} axis")
    if spec.get("require_title") and not have["title"].strip():
        lacks.append("a title")
    if lacks:
        return CLOSE, f"The right figures. Still missing: {' and '.join(lacks)}."
    return YES


def _other_figures(
    spec: Spec, wanted: dict[str, Any], have: dict[str, Any], drawn: list[str], asked: str
) -> Outcome:
    swapped = [s | {"x": s["y"], "y": s["x"]} for s in have["series"]]
    if drawn_as(spec, wanted["series"], swapped, None):
        return CLOSE, "The right figures, but the two axes are swapped."
    count = sum(len(s["y"]) for s in have["series"])
    if not count:
        return NOT_YET, (
            "The chart holds no values. Did a filter keep no row? Check the spelling of what "
            "you look for, capitals too."
        )
    what = f"a {' and '.join(drawn)} chart of {count} values"
    need = f" A {asked} chart is asked for." if asked else ""
    return NOT_YET, f"You have drawn {what}, but not the figures asked for.{need}"


# --- figures ---------------------------------------------------------------------------------


def drawn_as(
    spec: Spec,
    wanted: list[dict[str, Any]],
    have: list[dict[str, Any]],
    marks: AbstractSet[str] | None,
) -> bool:
    """Tell whether the series `have` draw the series `wanted`, all of them and nothing else.

    A series may be drawn in pieces (a bar a call), and what is drawn may be drawn again (a point
    on each value); a line at one height or at one place helps the eye. With `marks` only these
    count as drawing; other marks may repeat.
    """
    have = [s for s in have if any(y is not None for y in s["y"])]
    points = sum(len(s["y"]) for s in wanted)
    if len(have) > 2 * points + MOST_HELPERS or sum(len(s["y"]) for s in have) > 6 * points + 50:
        return False
    places, pieces = _places(wanted, have)
    targets = [_Target(place, spec) for place in places]
    order = sorted(range(len(have)), key=lambda n: -len(pieces[n]))
    again, helpers = [], 0
    for n in order:
        counts = not marks or have[n]["mark"] in marks
        if have[n]["mark"] == "line" and len(pieces[n]) < 2 and points > len(wanted):
            counts = False  # a line needs two points to be seen
        if not (counts and _take(targets, pieces[n])):
            again.append(n)
    for n in again:
        if any(t.hits(pieces[n]) is not None for t in targets):
            continue
        helpers += 1
        if helpers > MOST_HELPERS or not _helps(have[n], targets):
            return False
    return all(all(t.covered) for t in targets)


def _take(targets: list[_Target], piece: list[Point]) -> bool:
    """Cover with a piece the series that it is part of and that gains most; tell if one does."""
    best: tuple[_Target, list[int]] | None = None
    most = 0
    for target in targets:
        hits = target.hits(piece) or []
        new = sum(not target.covered[i] for i in hits)
        if new > most:
            best, most = (target, hits), new
    if best is None:
        return False
    target, hits = best
    for i in hits:
        target.covered[i] = True
    return True


class _Target:
    """The points of a wanted series, and which of them are drawn."""

    def __init__(self, points: list[Point], spec: Spec) -> None:
        self.points, self.spec = points, spec
        self.covered = [False] * len(points)
        self.heights = spec.get("compare") == "heights"
        self.at: dict[Any, list[int]] = {}
        for i, (place, _) in enumerate(points):
            self.at.setdefault(self._bucket(place), []).append(i)

    def _bucket(self, place: Any) -> Any:
        return 0 if self.heights else round(place) if isinstance(place, float) else place

    def hits(self, piece: list[Point]) -> list[int] | None:
        """Return which points a piece draws, undrawn ones first; None if it draws any other."""
        used = []
        for place, y in piece:
            bucket = self._bucket(place)
            near = [bucket]
            if isinstance(bucket, int) and not self.heights:
                near += [bucket - 1, bucket + 1]
            fits = [
                i
                for b in near
                for i in self.at.get(b, [])
                if i not in used
                and (self.heights or _same_place(self.points[i][0], place))
                and equal(self.spec, self.points[i][1], y)
            ]
            if not fits:
                return None
            used.append(min(fits, key=lambda i: self.covered[i]))
        return used


def _helps(series: dict[str, Any], targets: list[_Target]) -> bool:
    """Tell whether a line stands still in one direction, where nothing that is asked for does."""
    numbers = [[v for v in series[k]] for k in ("x", "y")]
    still = [len(set(map(str, values))) == 1 for values in numbers]
    if series["mark"] != "line" or len(series["y"]) < 2 or not any(still):
        return False
    return all(len(t.points) > 1 and len({y for _, y in t.points}) > 1 for t in targets)


def _same_place(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return equal(SAME_PLACE, one, other)
    return one == other


# --- places ----------------------------------------------------------------------------------


def _places(
    wanted: list[dict[str, Any]], have: list[dict[str, Any]]
) -> tuple[list[list[Point]], list[list[Point]]]:
    """Return the points of both, as lists of (place, height), with places that can be compared.

    A place is a float, a date or a text. Months may be told by any of their days, years by a date.
    """
    pieces = [[(as_label(x), y) for x, y in zip(s["x"], s["y"], strict=True)] for s in have]
    targets = [[(as_label(x), y) for x, y in zip(s["x"], s["y"], strict=True)] for s in wanted]
    if all(isinstance(x, float) and x.is_integer() for one in targets for x, _ in one):
        # Bars of several series stand beside the year that they are of.
        pieces = [
            [(_beside(x), y) for x, y in piece] if s["mark"] in LIKE["bar"] else piece
            for piece, s in zip(pieces, have, strict=True)
        ]
    pieces = [_labelled(piece, targets) for piece in pieces]
    if grain := _grain(targets, pieces):
        targets, pieces = (
            [[(grain(x), y) for x, y in one] for one in side] for side in (targets, pieces)
        )
    targets, pieces = (
        [[p for p in one if p[1] is not None] for one in side] for side in (targets, pieces)
    )
    return targets, pieces


def _beside(x: Any) -> Any:
    return float(round(x)) if isinstance(x, float) and abs(x - round(x)) < 0.45 else x


def _labelled(piece: list[Point], targets: list[list[Point]]) -> list[Point]:
    """Give points at 0, 1, 2, … the labels that fit, where only some ticks show theirs."""
    bare = [n for n, (x, _) in enumerate(piece) if isinstance(x, float)]
    if not 0 < len(bare) < len(piece) or any(piece[n][0] != n for n in bare):
        return piece
    for target in targets:
        if len(target) == len(piece) and all(
            _same_place(target[n][0], x) for n, (x, _) in enumerate(piece) if n not in bare
        ):
            return [(at, y) for (at, _), (_, y) in zip(target, piece, strict=True)]
    return piece


def _grain(targets: list[list[Point]], pieces: list[list[Point]]) -> Callable[[Any], Any] | None:
    """Return what makes places of whole months or years comparable, or None where none is."""
    wanted = {x for one in targets for x, _ in one}
    drawn = {x for one in pieces for x, _ in one}
    dates = [x for x in wanted | drawn if isinstance(x, tuple)]
    years = [x for x in wanted | drawn if isinstance(x, float)]
    if not dates or len(dates) + len(years) < len(wanted | drawn):
        return None
    if years:
        whole = all(x.is_integer() and 1000 < x < 3000 for x in years)
        one_day = len({x[1:] for x in dates}) == 1
        return (lambda x: float(x[0]) if isinstance(x, tuple) else x) if whole and one_day else None
    monthly = all(x[2] == 1 for x in wanted) and len({x[:2] for x in drawn}) == len(drawn)
    return (lambda x: x[:2]) if monthly else None
