"""Forms: what a student fills in, with one look in both themes, and safe from a slow kernel.

A form shows two outputs: its widgets, and below them an ordinary one with the question, what was
chosen, and a status line. The second stays where a page has no widgets, as when it was exported.

A hand is quicker than a kernel that is busy: what was clicked is dealt with later, when the page
may show something else. Hence each card has buttons and lists of its own, so that a click belongs
to the card that it was made on; and once a form was committed, whatever arrives late is kept too,
since a page holds back a second change until the kernel has answered the first.
"""

from __future__ import annotations

import functools
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from belgrade.display import WIDGET_VIEW, escape, show_updated, status

# Dark on pale, 12 to 1, whatever the theme.
BUTTON = {"button_color": "#d6e6f2", "text_color": "#1a1a1a"}
QUOTE = "border-left:4px solid #0072B2;padding-left:1em"
# How commas and points are typed on the keyboards of the three countries and of others.
TO_ASCII = str.maketrans({"，": ",", "．": ".", "。": ".", "٫": ".", "−": "-", "–": "-", "’": "'"})
_lock = threading.RLock()


class InvalidInput(ValueError):
    """Something is missing or cannot be read; the text says what, and what to do."""


# A thousand to one reader, one to another.
AMBIGUOUS = re.compile(r"(-?[1-9]\d{0,2})[.,](\d{3})")


def read_number(text: str, minimum: float, maximum: float, whole: bool = False) -> float:
    """Return the number that was typed, with a decimal point or a decimal comma.

    Raises `InvalidInput` for what is no number, could be two, or lies outside of the bounds:
    nothing is ever bent into a number that nobody typed.
    """
    typed = "".join(text.translate(TO_ASCII).split()).removesuffix("%")
    if not typed:
        raise InvalidInput("Type a number first.")
    separators = [each for each in typed if each in ",."]
    if len(separators) > 1:
        raise InvalidInput(f"“{text.strip()[:40]}” has two marks: write thousands without one.")
    if match := AMBIGUOUS.fullmatch(typed):
        raise InvalidInput(
            f"“{text.strip()}” can be read in two ways: write {match[1]}{match[2]}, or "
            f"{float(f'{match[1]}.{match[2]}'):g}."
        )
    try:
        number = float(typed.replace(",", ".").replace("_", "?"))
        if number - number != 0:  # infinite, or not a number
            raise ValueError
    except ValueError:
        raise InvalidInput(
            f"“{text.strip()[:40]}” is no number: write digits, such as {'3' if whole else '3.5'}."
        ) from None
    if whole and not number.is_integer():
        raise InvalidInput(
            f"{number:g} is no whole number: write one from {_bounds(minimum, maximum)}."
        )
    if not minimum <= number <= maximum:
        raise InvalidInput(f"{number:g} is outside of what is asked: {_bounds(minimum, maximum)}.")
    return int(number) if whole else number


def _bounds(minimum: float, maximum: float) -> str:
    return f"{minimum:g} to {maximum:g}"


def number_text(label: str, value: float | None = None, placeholder: str = "") -> Any:
    """Return a box for a number as text: a browser's own box drops a comma, and 3,7 becomes 37."""
    import ipywidgets

    box = ipywidgets.Text(
        value="" if value is None else f"{value:.10g}",
        description=label,
        placeholder=placeholder,
        continuous_update=False,
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )
    box.add_class("belgrade-number")
    return box


def dropdown(label: str, options: Sequence[tuple[str, Any]], value: Any) -> Any:
    """Return a list to choose one of several options from, each a label and a value."""
    import ipywidgets

    values = [each for _, each in options]
    return ipywidgets.Dropdown(
        description=label,
        options=options,
        index=values.index(value) if value in values else 0,  # a value of None would show nothing
        style={"description_width": "initial"},
        layout={"width": "auto", "max_width": "100%"},
    )


def in_turn(callback: Callable[..., Any]) -> Callable[..., Any]:
    """Return `callback` so that one thread at a time runs whatever was given to this function.

    A kernel with subshells (ipykernel 7) may deal with the messages of two widgets in two threads.
    """

    @functools.wraps(callback)
    def one_at_a_time(*arguments: Any, **named: Any) -> Any:
        with _lock:
            return callback(*arguments, **named)

    return one_at_a_time


def on_change(widget: Any, callback: Callable[[Any], Any]) -> None:
    """Call `callback` with each change of a widget's value."""
    widget.observe(in_turn(callback), "value")


def button(text: str, callback: Callable[[], Any]) -> Any:
    """Return a button that calls `callback`."""
    import ipywidgets

    widget = ipywidgets.Button(description=text, layout={"width": "auto"}, style=BUTTON)
    widget.on_click(in_turn(lambda _: callback()))
    return widget


def text(markup: str) -> Any:
    """Return a paragraph of HTML as a widget."""
    import ipywidgets

    return ipywidgets.HTML(markup, layout={"max_width": "100%"})


def heading(question: str) -> Any:
    """Return the question of a form as a widget."""
    return text(f"<strong>{escape(question)}</strong>")


def row(children: Sequence[Any]) -> Any:
    """Return widgets beside each other, in as many lines as they need."""
    import ipywidgets

    return ipywidgets.HBox(children, layout={"flex_flow": "row wrap"})


def column(children: Sequence[Any], name: str = "belgrade-form") -> Any:
    """Return widgets below each other."""
    import ipywidgets

    box = ipywidgets.VBox(children, layout={"align_items": "flex-start", "max_width": "100%"})
    box.add_class(name)
    return box


class Fallback:
    """What stands in for a form without widgets: its question and what was chosen so far."""

    def __init__(self, question: str, hint: str) -> None:
        self.html = [f"<p><strong>{escape(question)}</strong> {escape(hint)}</p>"]
        self.text = [f"{question} ({hint})"]

    def line(self, sentence: str) -> None:
        """Add a paragraph."""
        self.html.append(f"<p>{escape(sentence)}</p>")
        self.text.append(f"  {sentence}")

    def items(self, items: Sequence[tuple[str, str]], numbered: bool = False) -> None:
        """Add items, each with what was chosen for it ("" if nothing)."""
        tag = "ol" if numbered else "ul"
        inner = "".join(
            f"<li>{escape(item)}{f' <strong>→ {escape(answer)}</strong>' if answer else ''}</li>"
            for item, answer in items
        )
        self.html.append(f"<{tag}>{inner}</{tag}>")
        self.text += [f"  {item}{f' → {answer}' if answer else ''}" for item, answer in items]

    def folded(self, summary: str, answer: str) -> None:
        """Add words that a reader unfolds; they are not in the plain text."""
        self.html.append(
            f"<details><summary>{escape(summary)}</summary><p>{escape(answer)}</p></details>"
        )


class Form:
    """Widgets with a question in words and a status line below them.

    `fallback` returns what stands in for the widgets, with what was chosen by then. `kind` is the
    name of the form's kind in the page, and `schema` what a page without a kernel needs to ask the
    same: the key in the journal and the fields, or questions with options and feedback.
    """

    def __init__(
        self,
        kind: str,
        widgets: Sequence[Any],
        fallback: Callable[[], Fallback],
        schema: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = kind
        self.schema = schema
        self.box = column(widgets)
        self.fallback = fallback
        self._handle: Any = None

    def show(self, message: str) -> None:
        """Display the form."""
        from IPython.display import display

        bundle = self.box._repr_mimebundle_()
        bundle = bundle[0] if isinstance(bundle, tuple) else bundle
        display({WIDGET_VIEW: bundle[WIDGET_VIEW], "text/plain": ""}, raw=True)
        self._handle = show_updated(self._bundle(message))

    def tell(self, message: str, link: str = "") -> None:
        """Say a sentence in the status line, with a link before it as HTML."""
        self._handle.update(self._bundle(message, link), raw=True)

    def _bundle(self, message: str, link: str = "") -> dict[str, str]:
        fallback, line = self.fallback(), status(message, link)
        encoded = escape(json.dumps(self.schema, ensure_ascii=False))
        asks = f' data-asks="{encoded}"' if self.schema else ""
        words = "".join(fallback.html)
        page = f'<div class="belgrade-words" data-form="{self.kind}"{asks}>{words}</div>'
        return {
            "text/html": page + line["text/html"],
            "text/plain": "\n".join([*fallback.text, line["text/plain"]]),
        }


def ask(
    kind: str,
    schema: Mapping[str, Any],
    earlier: Mapping[str, Any],
    save: Callable[[Any], str],
    fallback: Callable[[], Fallback],
    message: str = "",
) -> None:
    """Show a question, its fields, and a button that calls `save` for the sentence to show.

    `schema` says what is asked, and a page of the book makes the same form of it: `question`,
    `button`, `key` in the journal, and `fields`; each has a `name`, a `kind` (number, list, radio,
    text), a `label`, what its kind needs, and what to say if it is `missing`, or is `optional`.
    `earlier` is what was chosen before, by field. `save` takes what is chosen: by field, or of a
    field without a name that alone; with `different`, said if two fields hold the same, as a list.

    From the first press on, each change of a field is kept: it may have been made before the press
    and come after it.
    """
    fields = [_field(each, earlier.get(each["name"])) for each in schema["fields"]]
    pressed = False

    def commit(_: Any = None) -> None:
        nonlocal pressed
        pressed = True
        try:
            form.tell(save(_value(schema, [field.value for field in fields])))
        except InvalidInput as missing:
            form.tell(str(missing))

    def changed(_: Any) -> None:
        if pressed:
            commit()

    children = [heading(schema["question"])]
    for spec, field in zip(schema["fields"], fields, strict=True):
        on_change(field, changed)
        field.on_msg(in_turn(lambda _, msg, __: commit() if msg.get("event") == "submit" else None))
        children += [text(escape(spec["label"])), field] if "short" in spec else [field]
    page = [{name: spec[name] for name in spec if name != "short"} for spec in schema["fields"]]
    children.append(button(schema["button"], commit))
    form = Form(kind, children, fallback, {**schema, "fields": page})
    form.show(message or "Nothing is kept yet.")


def _field(spec: Mapping[str, Any], value: Any) -> Any:
    """Return the widget of a field; where its label is long, it has a `short` one besides."""
    import ipywidgets

    label, options = spec.get("short", spec["label"]), spec.get("options", ())
    if spec["kind"] == "number":
        return number_text(label, value, placeholder=_bounds(spec["min"], spec["max"]))
    if spec["kind"] == "list":
        unset = "not answered" if spec.get("optional") else "choose"
        return dropdown(label, [(unset, None), *map(tuple, options)], value)
    common: dict[str, Any] = {"description": label, "style": {"description_width": "initial"}}
    if spec["kind"] == "radio":
        return ipywidgets.RadioButtons(
            options=[tuple(option) for option in options],
            value=value if value in [each for _, each in options] else None,
            layout={"width": "auto", "max_width": "100%"},
            **common,
        )
    return ipywidgets.Textarea(
        placeholder=spec["placeholder"],
        value=value or "",
        continuous_update=False,
        layout={"width": "46em", "max_width": "calc(100% - 4px)"},
        **common,
    )


def _value(schema: Mapping[str, Any], entered: Sequence[Any]) -> Any:
    """Return what a form was given; raise `InvalidInput` where something is missing or amiss."""
    values = {}
    for spec, value in zip(schema["fields"], entered, strict=True):
        if isinstance(value, str):
            value = value.strip() or None
        if spec["kind"] == "number" and (value or not spec.get("optional")):
            value = read_number(value or "", spec["min"], spec["max"], spec["whole"])
        if value is not None:
            values[spec["name"]] = value
        elif not spec.get("optional"):
            raise InvalidInput(spec.get("missing") or f"Choose first: {spec['label']}.")
    if "different" in schema:
        if len(set(values.values())) < len(values):
            raise InvalidInput(schema["different"])
        return list(values.values())
    return values.get("", values)


class Cards:
    """One card at a time, each with widgets of its own.

    `build(item)` returns the widgets of an item's card, and is called when it is first shown;
    `index` is where to begin.
    """

    def __init__(self, items: Sequence[str], build: Callable[[str], list[Any]], index: int) -> None:
        self.items = list(items)
        self.build = build
        self.index = index
        self._built: dict[int, list[Any]] = {}
        self.box = column([], "belgrade-cards")
        self.go(index)

    def go(self, index: int) -> None:
        """Show the card at a place, counted from 0; the nearest where there is none."""
        self.index = min(max(index, 0), len(self.items) - 1)
        if self.index not in self._built:
            widgets = self.build(self.items[self.index])
            self._built[self.index] = [*widgets, row(self._navigation(self.index))]
        self.box.children = self._built[self.index]

    def leave(self, item: str, index: int) -> None:
        """Go to a place if the card of `item` is in sight: a second click goes no further."""
        if self.items[self.index] == item:
            self.go(index)

    def _navigation(self, index: int) -> list[Any]:
        item = self.items[index]
        return [
            button("‹ Back", lambda: self.leave(item, index - 1)),
            button("Next ›", lambda: self.leave(item, index + 1)),
        ]


def card(title: str, sentence: str) -> str:
    """Return the HTML of a card's text, which is announced when it comes."""
    return (
        '<div role="status" aria-live="polite" style="line-height:1.45;min-height:5.5em">'
        f'<p>{escape(title)}</p><p style="{QUOTE}">{escape(sentence)}</p></div>'
    )
