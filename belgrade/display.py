"""How the module's things show themselves: cards of text, and widgets that can be read when still.

Whatever is displayed comes as a MIME bundle that holds HTML and the same words as plain text, so
that a sighted reader, a screen reader, a page without a kernel and nbval all get it.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

# Goes with the HTML beside widgets, and mends four things for keyboard and screen reader. In
# command mode JupyterLab takes the arrow keys from lists, radio buttons and sliders to move between
# cells; the attribute is Lumino's way to keep them. ipywidgets gives no name to the handle of a
# slider, nor to a group of radio buttons: they get that of the label, or the question above. And
# JupyterLab redraws a sentence together with its picture, which not every screen reader announces:
# an unseen element that stays says what the sentence says when that has changed, in its place.
KEYBOARD = """<script>(() => {
const area = document.currentScript.closest('.jp-OutputArea');
if (!area || area.dataset.belgrade) return;
area.dataset.belgrade = 'keyboard';
const said = document.createElement('div');
said.role = 'status';
said.ariaLive = 'polite';
said.style.cssText = 'position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)';
area.append(said);
let words;
const mend = () => {
  const live = area.querySelector('.jp-RenderedHTMLCommon [aria-live=polite]');
  if (live) {
    live.ariaLive = 'off';
    if (words !== undefined && words !== live.textContent) said.textContent = live.textContent;
    words = live.textContent;
  }
  area.querySelectorAll('select, input[type=radio], input[type=checkbox], [role=slider]')
    .forEach(each => each.setAttribute('data-lm-suppress-shortcuts', 'true'));
  area.querySelectorAll('.belgrade-slider [role=slider]').forEach(handle => {
    const label = handle.closest('.widget-hbox')?.querySelector('label');
    if (label && !handle.ariaLabel) handle.ariaLabel = label.textContent;
  });
  area.querySelectorAll('.widget-radio').forEach(group => {
    const label = group.querySelector('.widget-label')?.textContent;
    const name = (label || group.previousElementSibling?.textContent || '').trim();
    const box = group.querySelector('.widget-radio-box');
    if (name && box && box.ariaLabel !== name) { box.role = 'radiogroup'; box.ariaLabel = name; }
  });
};
mend();
new MutationObserver(mend).observe(area, {childList: true, subtree: true});
})()</script>"""


def escape(text: object) -> str:
    """Return `text` with the characters that mean something in HTML made harmless."""
    return html.escape(str(text), quote=True)


def spoken_date(date: Any) -> str:
    """Return a date's day and month as one says it: "4 April"."""
    return f"{date.day} {date:%B}"


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


def show_widget(widget: Any, html_text: str, text: str) -> None:
    """Display `widget`, with `html_text` and `text` standing in for it where no kernel runs."""
    from IPython.display import display

    view = widget._repr_mimebundle_()
    data = view[0] if isinstance(view, tuple) else view
    bundle = {WIDGET_VIEW: data[WIDGET_VIEW], "text/html": html_text, "text/plain": text}
    display(bundle, raw=True)


def status(words: str) -> dict[str, str]:
    """Return the MIME bundle of a sentence that screen readers announce when it changes.

    Displayed after a widget, it also brings the widget's keyboard in order.
    """
    said = f'<p role="status" aria-live="polite" style="margin:0.3em 0">{escape(words)}</p>'
    return {"text/html": said + KEYBOARD, "text/plain": words}
