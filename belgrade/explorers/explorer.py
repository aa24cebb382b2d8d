"""The one explorer: controls, a picture of what was chosen, and a sentence that says it in words.

The controls are ipywidgets. The picture and its sentence are an ordinary output beside them, which
is updated in place, so a saved notebook still has both when it is opened without a kernel.
"""

from __future__ import annotations

import asyncio
import difflib
import functools
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from belgrade import UserError, figures, forms
from belgrade.display import KEYBOARD, escape, show_updated, show_widget, status
from belgrade.explorers.ahead import Ahead, later, neighbours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Pictures kept of an explorer, of about 100 kB each; and of them such as nobody has looked at.
MOST_KEPT = 300
MOST_UNSEEN = 60
# Options that an error names.
MOST_NAMED = 8
# Two changes within this time are quick.
QUICK_S = 0.3
# As wide as there is room, without the margins that ipywidgets puts around a control.
FITTING = "calc(100% - 4px)"

# Stands for the picture in the HTML that is kept beside it, which would hold it once more.
PLACEHOLDER = "\0"

Bundle = dict[str, str]
AHEAD = Ahead()


class NothingToShow(Exception):
    """Raised by a `view` for a choice without data; its message is shown instead."""


class NoSuchStart(UserError):
    """An explorer has no such control or value to start from; the text says what it has."""


@dataclass(frozen=True)
class Select:
    """One of several options, shown as a drop-down list. `options` maps labels to values."""

    label: str
    options: Mapping[str, Any]
    default: Any

    def values(self) -> list[Any]:
        """Return all values in the order in which the keyboard goes through them."""
        return list(self.options.values())

    def offers(self) -> str:
        """Return in words what may be chosen."""
        values = [repr(value) for value in self.values()]
        more = ", ..." if len(values) > MOST_NAMED else ""
        return f"one of {', '.join(values[:MOST_NAMED])}{more}"

    def widget(self) -> Any:
        import ipywidgets

        return ipywidgets.Dropdown(
            description=self.label,
            options=list(self.options.items()),
            value=self.default,
            style={"description_width": "initial"},
            layout={"width": "auto", "max_width": FITTING},
        )


@dataclass(frozen=True)
class Switch:
    """Yes or no, shown as a checkbox."""

    label: str
    default: bool = False

    def values(self) -> list[bool]:
        """Return both values."""
        return [False, True]

    def offers(self) -> str:
        """Return in words what may be chosen."""
        return "True or False"

    def widget(self) -> Any:
        import ipywidgets

        return ipywidgets.Checkbox(
            description=self.label,
            value=self.default,
            indent=False,
            layout={"width": "auto", "max_width": FITTING},
        )


@dataclass(frozen=True)
class Number:
    """A number between two bounds, shown as a box to type in and a slider."""

    label: str
    minimum: float
    maximum: float
    step: float
    default: float

    def values(self) -> list[float]:
        """Return all values in the order in which the keyboard goes through them."""
        kind = int if self._whole() else float
        steps = round((self.maximum - self.minimum) / self.step)
        return [kind(round(self.minimum + n * self.step, 10)) for n in range(steps + 1)]

    def offers(self) -> str:
        """Return in words what may be chosen."""
        return f"a number from {self.minimum:g} to {self.maximum:g} in steps of {self.step:g}"

    def _whole(self) -> bool:
        return all(float(x).is_integer() for x in (self.minimum, self.maximum, self.step))

    def widget(self) -> Any:
        import ipywidgets

        whole = self._whole()
        slider = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
        box = forms.number_text(self.label, self.default)
        handle = slider(
            readout=False,
            min=self.minimum,
            max=self.maximum,
            step=self.step,
            value=self.default,
            layout={"width": "16em"},
        )
        handle.add_class("belgrade-slider")
        wrong = forms.text("")

        def typed(_: Any) -> None:
            try:
                handle.value = forms.read_number(box.value, self.minimum, self.maximum, whole)
                wrong.value = ""
            except forms.InvalidInput as error:
                wrong.value = f'<span role="status">{escape(error)}</span>'

        def slid(_: Any) -> None:
            box.value = f"{handle.value:.10g}"

        def forget() -> None:
            """Put back what was typed and is no number, which the slider never had."""
            slid(None)
            wrong.value = ""

        forms.on_change(box, typed)
        forms.on_change(handle, slid)
        row = forms.row([box, handle, wrong])
        row.value_widget, row.forget = handle, forget
        return row


Control = Select | Switch | Number


class Explorer:
    """Controls beside a picture that answers to them.

    `view(data, **choices)` returns a matplotlib figure, and one or two sentences that say it with
    the figures that matter; it is pure. `data` is anything that it needs.

    `slices` is for an explorer with more combinations than can be drawn ahead: what a page without
    a kernel offers of it. Each has a label, and the controls that move while all others stay where
    the explorer opens.
    """

    def __init__(
        self,
        title: str,
        data: Any,
        controls: Mapping[str, Control],
        view: Callable[..., tuple[Figure, str]],
        slices: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.name = ""  # as in `EXPLORERS`; set where the explorer is taken from there
        self.title = title
        self.data = data
        self.controls = dict(controls)
        self.view = view
        self.slices = dict(slices or {})
        self.inputs: dict[str, Any] = {}
        self._drawn: dict[Sequence[Any], Bundle] = {}
        self._unseen: dict[Sequence[Any], None] = {}  # those of them that were drawn ahead
        self._begun: tuple[Sequence[Any], Iterator[Bundle | None]] | None = None
        self._handle: Any = None
        self._sent_again: asyncio.TimerHandle | None = None
        self._changed = -QUICK_S  # when a control was last moved, in seconds
        self._is_going_back = False

    @property
    def defaults(self) -> dict[str, Any]:
        """The choices with which the explorer opens."""
        return {name: control.default for name, control in self.controls.items()}

    def start_at(self, **choices: Any) -> None:
        """Let the explorer open at `choices`: values of controls by name, or a list's words.

        Raises NoSuchStart for a control or a value that it does not have.
        """
        for name, value in choices.items():
            if name not in self.controls:
                near = difflib.get_close_matches(name, self.controls, 1)
                meant = f" Did you mean {near[0]!r}?" if near else ""
                raise NoSuchStart(
                    f"{self.title!r} has no control {name!r}.{meant} "
                    f"It has {', '.join(self.controls) or 'none'}."
                )
            control = self.controls[name]
            if isinstance(control, Select) and isinstance(value, str):
                value = control.options.get(value, value)
            # 1 == True, and each is no answer where the other is asked for.
            found: list[Any] = [
                each
                for each in control.values()
                if each == value and isinstance(each, bool) == isinstance(value, bool)
            ]
            if not found:
                raise NoSuchStart(f"{name} can be {control.offers()}, not {value!r}.")
            self.controls[name] = replace(control, default=found[0])

    def indices(self, **choices: Any) -> dict[str, int]:
        """Return where each of `choices` (defaults for those left out) stands in `values()`."""
        chosen = self.defaults | choices
        return {name: each.values().index(chosen[name]) for name, each in self.controls.items()}

    def bundle(self, **choices: Any) -> Bundle:
        """Return the MIME bundle for `choices` (defaults for those left out), drawn only once.

        A choice without data gives the words of `NothingToShow` and no picture.
        """
        chosen = self.defaults | choices
        key = self._key(chosen)
        kept = self._drawn.get(key)
        if kept is None:  # what is there waits for nobody who draws
            with figures.DRAWING:
                for _ in self._drawing(chosen):
                    pass
                kept = self._drawn[key]
        self._unseen.pop(key, None)
        if not (image := kept.get("image/png")):
            return kept
        return kept | {"text/html": kept["text/html"].replace(PLACEHOLDER, image) + KEYBOARD}

    def _key(self, chosen: Mapping[str, Any]) -> Sequence[Any]:
        return tuple(chosen[name] for name in self.controls)

    def _drawing(self, chosen: dict[str, Any]) -> Iterator[None]:
        """Draw a choice unless it is drawn, going on where that was begun; yield between steps."""
        key = self._key(chosen)
        if key in self._drawn:
            return
        if self._begun is None or self._begun[0] != key:
            self._begun = key, self._steps(chosen)
        try:
            # Not `yield from`, which would end what was begun when only the waiting for it ends.
            for made in self._begun[1]:
                if made is None:
                    yield
                    continue
                self._keep(key, made)
        except Exception:
            self._begun = None
            raise
        self._begun = None

    def _keep(self, key: Sequence[Any], made: Bundle) -> None:
        """Keep a picture, in place of the oldest where there are many."""
        full = len(self._unseen) >= MOST_UNSEEN
        if full or len(self._drawn) >= MOST_KEPT:
            oldest = next(iter(self._unseen if full else self._drawn))
            del self._drawn[oldest]
            self._unseen.pop(oldest, None)
        self._drawn[key] = made
        self._unseen[key] = None

    def _steps(self, chosen: dict[str, Any]) -> Iterator[Bundle | None]:
        """Make a choice's MIME bundle in three steps of some length; yield it at the end."""
        try:
            with figures.style():
                fig, words = self.view(self.data, **chosen)
        except NothingToShow as nothing:
            yield status(str(nothing))
            return
        yield None
        with figures.style():
            figures.lay_out(fig)
        yield None
        with figures.style():
            made = figures.bundle(fig, words, live=True)
        yield made | {"text/html": made["text/html"].replace(made["image/png"], PLACEHOLDER)}

    def _ipython_display_(self) -> None:
        import ipywidgets

        shown = {name: control.widget() for name, control in self.controls.items()}
        self.inputs = {name: getattr(each, "value_widget", each) for name, each in shown.items()}
        heading = forms.heading(self.title)
        box = ipywidgets.VBox(
            [heading, *shown.values(), forms.button("Back to start", lambda: self._back(shown))],
            layout={"margin": "0 0 0.5em", "align_items": "flex-start"},
        )
        box.add_class("belgrade-controls")
        labels = ", ".join(control.label for control in self.controls.values())
        how = f"Run this cell to choose: {labels}."
        # What a page without a kernel needs to put controls of its own in this place.
        start = escape(json.dumps(self.indices()))
        known = f' data-explorer="{self.name}" data-start="{start}"' if self.name else ""
        show_widget(
            box,
            f"<p{known}><strong>{escape(self.title)}</strong><br>{escape(how)}</p>",
            f"{self.title}\n{how}",
        )
        self._handle = show_updated(forms.in_turn(self.bundle)())
        for control in self.inputs.values():
            forms.on_change(control, self._update)
        AHEAD.when_shown(self._owner, self._likely(self.defaults))

    @property
    def _owner(self) -> Any:
        """Whose drawings these are to `AHEAD`: those of a cell, however often it is run."""
        return self.name or self.title, self._key(self.defaults)

    def _chosen(self) -> dict[str, Any]:
        return {name: control.value for name, control in self.inputs.items()}

    def _back(self, shown: Mapping[str, Any]) -> None:
        """Put all controls back to where they began, and show that once."""
        self._is_going_back = True
        try:
            for name, control in self.inputs.items():
                control.value = self.controls[name].default
                getattr(shown[name], "forget", lambda: None)()
        finally:
            self._is_going_back = False
        self._update()

    def _update(self, change: Any = None) -> None:
        if self._is_going_back:
            return
        AHEAD.stop(self._owner)
        if self._sent_again is not None:
            self._sent_again.cancel()
        choices = self._chosen()
        self._handle.update(self.bundle(**choices), raw=True)
        moved, before, is_quick = "", None, False
        if change is not None:
            moved = next(name for name, each in self.inputs.items() if each is change["owner"])
            before, last, self._changed = change["old"], self._changed, time.monotonic()
            is_quick = self._changed - last < QUICK_S
        if is_quick:
            self._sent_again = later(QUICK_S, lambda: self._send_again(choices))
        AHEAD.start(self._owner, self._likely(choices, moved, before, is_quick))

    def _send_again(self, choices: dict[str, Any]) -> None:
        """Send the picture once more: of two quick changes a page may lose one."""
        if choices == self._chosen():
            self._handle.update(self.bundle(**choices), raw=True)

    def _likely(
        self, choices: dict[str, Any], moved: str = "", before: Any = None, is_quick: bool = False
    ) -> list[Callable[[], Iterator[None]]]:
        """Return what to draw ahead: what one press can choose, then what several of one key can.

        `moved` is the control that was moved last, which comes first, and `before` what it was.
        Who is quick at it goes on with it.
        """
        beside = {
            name: neighbours(control.values(), before, choices[name])
            if name == moved
            else neighbours(control.values(), None, choices[name], far=1 if moved else 2)
            for name, control in self.controls.items()
        }
        first = [(moved, value) for value in beside.pop(moved, [])]
        ways = [[(name, value) for value in values] for name, values in beside.items()]
        turns = [each for turn in itertools.zip_longest(*ways) for each in turn if each]
        near, at_once = 2 * len(ways), len(first) if is_quick else 3
        return [
            functools.partial(self._drawing, choices | {name: value})
            for name, value in [*first[:at_once], *turns[:near], *first[at_once:], *turns[near:]]
        ]
