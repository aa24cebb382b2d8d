"""How the module's things show themselves: cards of text, and widgets that can be read when still.

Whatever is displayed comes as a MIME bundle that holds HTML and the same words as plain text, so
that a sighted reader, a screen reader, a page without a kernel and nbval all get it.
"""

from __future__ import annotations

import html
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

_STATIC = Path(__file__).with_name("static")
# Stands beside widgets, and mends what JupyterLab and ipywidgets leave out: see the two files.
KEYBOARD = '<script data-css="{}">{}</script>'.format(
    html.escape((_STATIC / "notebook.css").read_text(encoding="utf-8"), quote=True),
    (_STATIC / "notebook.js").read_text(encoding="utf-8"),
)


def escape(text: object) -> str:
    """Return `text` with the characters that mean something in HTML made harmless."""
    return html.escape(str(text), quote=True)


def spoken_date(date: Any) -> str:
    """Return a date's day and month as one says it: "4 April"."""
    return f"{date.day} {date:%B}"


def count(number: int, noun: str) -> str:
    """Return "1 loan" or "3 loans"."""
    return f"{number} {noun}{'s' * (number != 1)}"


def joined(parts: Iterable[str]) -> str:
    """Return a list as one says it: "a, b and c"."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


@dataclass(frozen=True)
class Card:
    """A titled block of text that a notebook shows as HTML and a terminal as plain text.

    `body` is HTML and must be escaped already; `text` says the same without markup.
    """

    title: str
    body: str
    text: str
    colour: str = "#0072B2"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self._repr_html_(), "text/plain": repr(self)}

    def _repr_html_(self) -> str:
        return (
            f'<div style="border-left:4px solid {self.colour};padding:0.2em 1em;margin:0.4em 0;'
            f'max-width:46em;line-height:1.45"><p style="margin:0.3em 0">'
            f"<strong>{escape(self.title)}</strong></p>{self.body}</div>"
        )

    def __repr__(self) -> str:
        return f"{self.title}\n{self.text}"


def compare(*answers: str) -> None:
    """Show an answer to each of the tasks above, folded, for readers to compare with their own.

    Several are numbered like the tasks. Figures in them belong computed: f"{share:.0f} per cent".
    """
    from IPython.display import display

    heads = ["Compare your answer"]
    if len(answers) > 1:
        heads = [f"Compare your answer to {number}" for number in range(1, len(answers) + 1)]
    page = "".join(
        f'<details style="margin:0.3em 0;max-width:46em;line-height:1.45">'
        f"<summary>{head}</summary>"
        f'<p style="margin:0.3em 0 0.6em 1.1em">{escape(answer)}</p></details>'
        for head, answer in zip(heads, answers, strict=True)
    )
    text = "\n".join(f"{head}: {answer}" for head, answer in zip(heads, answers, strict=True))
    display({"text/html": page, "text/plain": text}, raw=True)


def deeper(about: str, prose: str, table: Any = None) -> None:
    """Show words for the curious, folded, with a table of pandas below them if there is one."""
    from IPython.display import display

    frame = "" if table is None else table.to_html(index=False, border=0)
    page = (
        f'<details style="margin:0.3em 0;line-height:1.45"><summary>Go deeper: {escape(about)}'
        f'</summary><p style="margin:0.3em 0 0.6em 1.1em;max-width:46em">{escape(prose)}</p>{frame}'
        "</details>"
    )
    text = f"Go deeper: {about}. {prose}"
    if table is not None:
        text = f"{text}\n{table.to_string(index=False)}"
    display({"text/html": page, "text/plain": text}, raw=True)


def show_widget(widget: Any, html_text: str, text: str) -> None:
    """Display `widget`, with `html_text` and `text` standing in for it where no kernel runs."""
    from IPython.display import display

    view = widget._repr_mimebundle_()
    data = view[0] if isinstance(view, tuple) else view
    bundle = {WIDGET_VIEW: data[WIDGET_VIEW], "text/html": html_text, "text/plain": text}
    display(bundle, raw=True)


class _HtmlWidget:
    """An output that is updated in place, as a widget."""

    def __init__(self, bundle: dict[str, str]) -> None:
        import ipywidgets
        from IPython.display import display

        self._widget = ipywidgets.HTML(bundle["text/html"])
        display(self._widget)

    def update(self, bundle: dict[str, str], **_: Any) -> None:
        self._widget.value = bundle["text/html"]


def show_updated(bundle: dict[str, str]) -> Any:
    """Display an output; return what takes another bundle for it, by `update(bundle, raw=True)`.

    Voilà's page takes changes of widgets alone; everywhere else the output is an ordinary one,
    which stays in a notebook that is saved.
    """
    from IPython.display import display

    if os.environ.get("SERVER_SOFTWARE", "").startswith("voila"):
        return _HtmlWidget(bundle)
    return display(bundle, raw=True, display_id=True)


def status(sentence: str, link: str = "") -> dict[str, str]:
    """Return the MIME bundle of a sentence that screen readers announce when it changes.

    `link` is HTML that stands before it. Displayed after a widget, it also brings the widget's
    keyboard in order.
    """
    inner = f"{link} {escape(sentence)}".strip()
    paragraph = f'<p role="status" aria-live="polite" style="margin:0.3em 0">{inner}</p>'
    return {"text/html": paragraph + KEYBOARD, "text/plain": sentence}
