"""Every explorer, with real widgets: each option, the ends and the middle, 50 combinations.

What each says and draws is frozen in `explorers.json`, as digests. After a change that is meant,
`python tests/test_explorers.py NAME` stores it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import html
import itertools
import json
import random
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from shown import form_of

from belgrade import explorers, figures
from belgrade.explorers.ahead import Ahead
from belgrade.explorers.explorer import (
    AHEAD,
    Control,
    Explorer,
    NoSuchStart,
    NothingToShow,
    Number,
    Select,
    Switch,
)
from belgrade.publishing import frames

ROOT = Path(__file__).resolve().parent.parent
COMBINATIONS = 50
MOST_SINGLES = 30
FROZEN = Path(__file__).with_name("explorers.json")
# What must not be read out: a missing value that slipped into a sentence.
SLIPPED = re.compile(r"\bnan\b|<NA>|\bNone\b|\bNaT\b|\binf\b")


# Tests of one explorer run in one process, so that a picture is drawn once for all of them.
each_explorer = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in explorers.EXPLORERS],
)


# Explorer -> the figures of its singles, and what lays them out: drawn for one test, looked at by
# another.
drawn: dict[str, dict[Any, Any]] = {}


@functools.cache
def made(name: str) -> Explorer:
    """Return the explorer; it keeps the figures that it draws for `singles`."""
    explorer = getattr(explorers, name)()
    view, kept = explorer.view, drawn.setdefault(name, {})
    wanted = {key_of(explorer.defaults | choice) for choice in singles(explorer)}

    def view_and_keep(data: Any, **choices: Any) -> Any:
        fig, words = view(data, **choices)
        if key_of(choices) in wanted:
            kept[key_of(choices)] = fig, fig.get_layout_engine()
        else:
            # Nothing looks at how the seeded combinations are laid out, which takes longest.
            fig.set_layout_engine("none")
        return fig, words

    explorer.view = view_and_keep
    return explorer


def key_of(choices: dict[str, Any]) -> Any:
    return tuple(sorted(choices.items()))


def singles(explorer: Explorer) -> list[dict[str, Any]]:
    """Return the defaults, and every option of every control with the others at their default.

    Of a list that is very long (the tree of the argument), some options stand for all.
    """
    chance = random.Random("singles-2020")
    changed = (
        {name: value}
        for name, control in explorer.controls.items()
        for value in some(picks(control), chance)
        if value != control.default
    )
    return [{}, *changed]


def picks(control: Control) -> list[Any]:
    """Return all options of a list or a checkbox; of a number both ends and the middle."""
    values = control.values()
    if isinstance(control, Number):
        return [values[0], values[(len(values) - 1) // 2], values[-1]]
    return values


def some(values: list[Any], chance: random.Random) -> list[Any]:
    return values if len(values) <= MOST_SINGLES else chance.sample(values, MOST_SINGLES)


def combinations(name: str) -> list[dict[str, Any]]:
    chance = random.Random(f"{name}-2020")
    values = {key: picks(control) for key, control in made(name).controls.items()}
    return [
        {key: chance.choice(options) for key, options in values.items()}
        for _ in range(COMBINATIONS)
    ]


def digests(name: str) -> dict[str, str]:
    """Return a digest of words and picture for each of `singles`, and one of all combinations."""
    explorer = made(name)

    def digest(choices: list[dict[str, Any]]) -> str:
        seen = hashlib.sha256()
        for choice in choices:
            shown = explorer.bundle(**choice)
            drawn = re.search(r'data-drawn="(\w+)"', shown["text/html"])
            seen.update(f"{shown['text/plain']}\n{drawn and drawn[1]}\n".encode())
        return seen.hexdigest()[:12]

    found = {json.dumps(choice): digest([choice]) for choice in singles(explorer)}
    return found | {f"{COMBINATIONS} combinations": digest(combinations(name))}


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Draw the same figure with fewer pixels: what is tested here is not how it looks."""
    monkeypatch.setattr(figures, "PIXELS_PER_INCH", 40)
    yield
    # A thread that draws ahead would change matplotlib's settings under the next test.
    AHEAD.stop(None)
    with figures.DRAWING:
        pass


def choose(explorer: Explorer, choices: dict[str, Any]) -> None:
    """Set all widgets, and let them tell only then: what lies in between is not drawn."""
    with contextlib.ExitStack() as held:
        for key, value in choices.items():
            held.enter_context(explorer.inputs[key].hold_trait_notifications())
            explorer.inputs[key].value = value


def assert_readable(data: dict[str, str]) -> None:
    words = data["text/plain"]
    assert words.strip().endswith((".", "?", "!"))
    assert not SLIPPED.search(words), words
    markup = data["text/html"]
    if "image/png" in data:
        assert f'alt="{figures.escape(words)}"' in markup
        assert 'data-drawn="' in markup
    assert 'aria-live="polite"' in markup
    assert figures.escape(words) in markup


@each_explorer
def test_widgets_show_every_option_and_seeded_combinations(name: str, displayed: list) -> None:
    explorer = made(name)
    explorer._ipython_display_()
    controls, picture = displayed
    assert set(controls["data"]) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    }
    assert picture["data"] == explorer.bundle()
    for choice in [*singles(explorer), *combinations(name)]:
        choose(explorer, explorer.defaults | choice)
        shown = explorer.bundle(**choice)
        assert_readable(shown)
        last = displayed[-1]
        assert last["data"] == shown
        assert last["transient"] == picture["transient"]
    frozen, now = json.loads(FROZEN.read_text(encoding="utf-8"))[name], digests(name)
    changed = [choice for choice in frozen | now if frozen.get(choice) != now.get(choice)]
    assert not changed, (
        f"{name} says or draws something else at {', '.join(changed[:5])}. If that is meant: "
        f"python tests/test_explorers.py {name}"
    )


@each_explorer
def test_controls_are_labelled_and_defaults_draw(name: str) -> None:
    explorer = made(name)
    labels = [control.label for control in explorer.controls.values()]
    assert len(set(labels)) == len(labels)
    assert all(label.strip() for label in labels)
    assert "image/png" in explorer.bundle()


@each_explorer
def test_each_choice_changes_what_is_seen(name: str) -> None:
    """A control that changes neither picture nor sentence would be a dead one."""
    explorer = made(name)
    for key, control in explorer.controls.items():
        others = [value for value in picks(control) if value != control.default]
        contexts = [explorer.defaults, *singles(explorer)]
        changed = any(
            explorer.bundle(**(context | {key: value}))["text/html"]
            != explorer.bundle(**(context | {key: control.default}))["text/html"]
            for context in contexts
            for value in others
        )
        assert changed, f"{key} of {name} changes nothing"


@each_explorer
def test_nothing_is_cut_off_or_overlaps(name: str) -> None:
    explorer = made(name)
    for choice in singles(explorer):
        chosen = explorer.defaults | choice
        try:
            with figures.style():
                if kept := drawn[name].pop(key_of(chosen), None):
                    fig, engine = kept
                    fig.set_layout_engine(engine)  # it was laid out for fewer pixels
                else:
                    fig = explorer.view(explorer.data, **chosen)[0]
        except NothingToShow:
            continue
        problems = clashes(fig)
        assert not problems, f"{name} at {choice or 'its defaults'}: {problems[:3]}"


def clashes(fig: Any) -> list[str]:
    """Return which texts of a figure leave it or run into each other."""
    from matplotlib.text import Text

    fig.draw_without_rendering()
    hidden = _not_drawn(fig)
    texts = [
        (text.get_text(), text.get_window_extent())
        for text in fig.findobj(Text)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]
    found = []
    for words, box in texts:
        if (
            box.x0 < -2
            or box.y0 < -2
            or box.x1 > fig.bbox.width + 2
            or box.y1 > fig.bbox.height + 2
        ):
            found.append(f"{words!r} is cut off")
    for (one, a), (other, b) in itertools.combinations(texts, 2):
        width = min(a.x1, b.x1) - max(a.x0, b.x0)
        height = min(a.y1, b.y1) - max(a.y0, b.y0)
        if width > 2 and height > 3:
            found.append(f"{one!r} overlaps {other!r}")
    return found


def _not_drawn(fig: Any) -> set[int]:
    """Return the ids of tick labels that exist but are not drawn: off the axes, or axes hidden."""
    hidden = set()
    for axes in fig.axes:
        for axis in (axes.xaxis, axes.yaxis):
            drawn = axis._update_ticks() if axes.axison and axis.get_visible() else []
            for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
                if tick not in drawn:
                    hidden |= {id(tick.label1), id(tick.label2)}
            if not axes.axison:
                hidden.add(id(axis.label))
    return hidden


def test_the_overlap_test_can_fail() -> None:
    fig, ax = figures.new()
    ax.text(0.5, 0.5, "here")
    ax.text(0.5, 0.5, "there")
    ax.text(2.0, 0.5, "beyond the edge")
    assert len(clashes(fig)) == 2


def _toy(**controls: Any) -> Explorer:
    def view(data: Any, **choices: Any) -> Any:
        height = choices.get("height", 1)
        if height == 9:
            raise NothingToShow("Nobody measured nine.")
        fig, ax = figures.new()
        ax.bar(["a"], [height])
        return fig, f"The bar is {height} high."

    return Explorer("Toy", None, controls, view)


def test_a_choice_without_data_is_said_in_words(displayed: list) -> None:
    explorer = _toy(height=Number("Height", 0, 9, 1, 3))
    explorer._ipython_display_()
    explorer.inputs["height"].value = 9
    shown = displayed[-1]["data"]
    assert shown["text/plain"] == "Nobody measured nine."
    assert "image/png" not in shown


def test_a_picture_is_drawn_once_for_a_choice() -> None:
    explorer = _toy(height=Number("Height", 0, 9, 1, 3))
    first, view = explorer.bundle(height=2), explorer.view
    explorer.view = None  # whoever draws again fails
    assert explorer.bundle(height=2) == first
    explorer.view = view
    assert explorer.bundle(height=4) != first


@each_explorer
def test_it_opens_where_a_cell_says_and_a_button_leads_back(name: str, displayed: list) -> None:
    first = made(name)
    chance = random.Random(f"{name}-start")
    start, away = (
        {key: chance.choice(picks(control)) for key, control in first.controls.items()}
        for _ in range(2)
    )
    explorer = getattr(explorers, name)(**start)
    explorer._ipython_display_()
    began = displayed[-1]["data"]
    assert explorer.defaults == start
    assert figures.escape(json.dumps(explorer.indices())) in displayed[0]["data"]["text/html"]
    choose(explorer, away)
    before = len(displayed)
    child(form_of(displayed), "Back to start").click()
    assert {key: each.value for key, each in explorer.inputs.items()} == start
    assert displayed[-1]["data"] == began
    assert len(displayed) == before + 1, "the way back is shown once"


def child(widget: Any, description: str) -> Any:
    """Return the widget with this label inside a box."""
    found = [widget]
    for each in found:
        found += getattr(each, "children", ())
    return next(each for each in found if getattr(each, "description", None) == description)


def test_what_was_typed_and_is_no_number_goes_with_the_way_back(displayed: list) -> None:
    explorer = _toy(height=Number("Height", 0, 9, 1, 3))
    explorer._ipython_display_()
    box = child(form_of(displayed), "Height")
    box.value = "three"
    assert explorer.inputs["height"].value == 3
    child(form_of(displayed), "Back to start").click()
    assert box.value == "3"


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"hight": 2}, "'Toy' has no control 'hight'. Did you mean 'height'? It has height, kind."),
        ({"height": 10}, "height can be a number from 0 to 9 in steps of 1, not 10."),
        ({"height": "3"}, "height can be a number from 0 to 9 in steps of 1, not '3'."),
        ({"height": True}, "height can be a number from 0 to 9 in steps of 1, not True."),
        ({"kind": "c"}, "kind can be one of 'x', 'y', not 'c'."),
        ({"kind": None}, "kind can be one of 'x', 'y', not None."),
    ],
)
def test_a_start_that_there_is_not_is_told_in_a_line(start: dict[str, Any], said: str) -> None:
    explorer = _toy(
        height=Number("Height", 0, 9, 1, 3), kind=Select("Kind", {"a": "x", "b": "y"}, "x")
    )
    with pytest.raises(NoSuchStart) as told:
        explorer.start_at(**start)
    assert str(told.value) == said


def test_a_list_starts_at_its_words_or_its_value() -> None:
    for given in ("b", "y"):
        explorer = _toy(kind=Select("Kind", {"a": "x", "b": "y"}, "x"))
        explorer.start_at(kind=given)
        assert explorer.defaults == {"kind": "y"}


def test_every_start_of_a_lesson_is_drawn_for_the_book() -> None:
    """A page without a kernel has pictures of the slices only."""
    starts = []
    for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        starts += re.findall(r'data-explorer="(\w+)" data-start="(.*?)"', shown_by(path))
    assert {name for name, _ in starts} == set(explorers.EXPLORERS)
    for name, start in starts:
        indices = tuple(json.loads(html.unescape(start)).values())
        assert indices in frames.choices(getattr(explorers, name)()), (name, start)


def shown_by(path: Path) -> str:
    """Return the HTML of a notebook's outputs."""
    cells = nbformat.read(path, as_version=4).cells
    shown = (each.get("data", {}) for cell in cells for each in cell.get("outputs", []))
    return "".join(each.get("text/html", "") for each in shown)


def test_every_kind_of_control_has_a_described_widget() -> None:
    for control in (Select("A list", {"x": 1}, 1), Switch("A switch"), Number("N", 0, 1, 0.1, 0)):
        widget = control.widget()
        named = widget.children[0] if isinstance(control, Number) else widget
        assert named.description == control.label


def freeze(names: list[str]) -> None:
    """Store what explorers (all, or `names`) say and draw now as what they should."""
    frozen = json.loads(FROZEN.read_text(encoding="utf-8")) if FROZEN.exists() else {}
    for name in names or explorers.EXPLORERS:
        frozen[name] = digests(name)
    FROZEN.write_text(json.dumps(frozen, indent=1) + "\n", encoding="utf-8")


def test_the_last_of_quick_changes_is_what_is_shown(displayed: list) -> None:
    """Two lists are moved twice with no pause, while what was likely is being drawn ahead."""
    explorer = explorers.aid_per_what()
    explorer._ipython_display_()
    first, second = list(explorer.inputs)[:2]

    async def moved() -> None:
        for name in (first, second, first, second):
            options = explorer.controls[name].values()
            at = options.index(explorer.inputs[name].value)
            explorer.inputs[name].value = options[(at + 1) % len(options)]
        await asyncio.sleep(0.2)  # whatever was begun ahead goes on

    with ThreadPoolExecutor() as threads:  # a browser's loop may run in this one
        threads.submit(asyncio.run, moved()).result()
    choices = {name: each.value for name, each in explorer.inputs.items()}
    assert choices != explorer.defaults
    assert displayed[-1]["update"]
    assert displayed[-1]["data"] == explorers.aid_per_what().bundle(**choices)


def test_what_was_stopped_is_not_gone_on_with_by_a_step_that_is_late() -> None:
    """The thread that draws ahead may have begun a step, and wait for whoever draws."""
    ahead, drawn = Ahead(), []

    def drawing() -> Iterator[None]:
        drawn.append("old")
        yield

    async def stopped() -> None:
        with figures.DRAWING:
            ahead.start("explorer", [drawing])
            late = ahead._thread
            ahead.stop("explorer")
            ahead.start("another", [])
        late.join()

    with ThreadPoolExecutor() as threads:  # a browser's test may have a loop in this one
        threads.submit(asyncio.run, stopped()).result()
    assert drawn == []


if __name__ == "__main__":
    figures.PIXELS_PER_INCH = 40
    freeze(sys.argv[1:])
