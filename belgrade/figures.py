"""Figures: one palette, one style, and one way to show a picture with its words.

Colours tell actors apart in the same way everywhere. They come from the Okabe-Ito palette
(https://jfly.uni-koeln.de/color/), which stays distinct under the common kinds of colour blindness,
darkened where needed to reach a contrast of 3 to 1 on white and to keep any two apart;
`tests/test_palette.py` measures it. Markers and labels repeat what they say.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from belgrade.display import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.figure import Figure

INK = "#1a1a1a"
GREY = "#6e6e6e"
FAINT = "#d9d9d9"

_ACTORS = {
    "Serbia": (INK, "o"),
    "Russia": ("#0072B2", "s"),
    "China": ("#D55E00", "^"),
    "European Union": ("#008A66", "D"),
    "United States": ("#A0308C", "v"),
    "Italy": ("#6B5000", "P"),
    "Germany": ("#5B3FA0", "X"),
    "you": ("#A0004F", "*"),
}
COLOURS = {actor: colour for actor, (colour, _) in _ACTORS.items()}
MARKERS = {actor: marker for actor, (_, marker) in _ACTORS.items()}
# Leaders, banks and groups that are drawn as an actor of the palette.
STANDS_FOR = {
    "Vladimir Putin": "Russia",
    "Xi Jinping": "China",
    "Angela Merkel": "Germany",
    "Donald Trump": "United States",
    "China Eximbank": "China",
    "NATO or EU members": "European Union",
}

WIDTH_IN = 7.2
PIXELS_PER_INCH = 144
CSS_PIXELS_PER_INCH = 100

_STYLE: dict[str, Any] = {
    "figure.facecolor": "white",
    "figure.constrained_layout.use": True,
    "figure.figsize": (WIDTH_IN, 3.6),
    "date.converter": "concise",
    "savefig.facecolor": "white",
    "font.size": 10.5,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10.5,
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "lines.linewidth": 2,
    "lines.markersize": 7,
}
# Over matplotlib's own look: a reader's matplotlibrc may ask for LaTeX, which is not there, or draw
# white on black.
_STYLES: list[str | dict[str, Any]] = ["default", _STYLE]


def colour(actor: str) -> str:
    """Return the hex colour of an actor, or of whoever it stands for; grey for all others."""
    return COLOURS.get(STANDS_FOR.get(actor, actor), GREY)


def marker(actor: str) -> str:
    """Return the matplotlib marker of an actor, or of whoever it stands for; else a pentagon."""
    return MARKERS.get(STANDS_FOR.get(actor, actor), "p")


# Held by who draws: matplotlib's settings are one for all threads.
DRAWING = threading.RLock()


@contextmanager
def style() -> Iterator[None]:
    """Apply the module's matplotlib style inside a `with` block."""
    import matplotlib.style

    with DRAWING, matplotlib.style.context(_STYLES):
        yield


def use_style() -> None:
    """Apply the module's matplotlib style to every later plot of the notebook."""
    import matplotlib.style

    matplotlib.style.use(_STYLES)


def new(height: float = 3.6, rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """Return a figure of the module's width (7.2 inches) and its axes, outside of pyplot's state.

    `height` is in inches; `options` go to `Figure.subplots`. Use it inside `style()`.
    """
    from matplotlib.figure import Figure

    fig = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    return fig, fig.subplots(rows, columns, **options)


def png(fig: Figure) -> str:
    """Return the figure as a base64-encoded PNG."""
    from belgrade.canvas import paint

    return base64.b64encode(paint(fig, PIXELS_PER_INCH)).decode("ascii")


def lay_out(fig: Figure) -> None:
    """Do the first half of what `bundle` does, for who cannot wait for the whole."""
    from belgrade.canvas import lay_out

    lay_out(fig, PIXELS_PER_INCH)


def fingerprint(fig: Figure) -> str:
    """Return a short digest of what the figure draws: data, marks, colours and words, not pixels.

    It stands in the HTML of every figure, so that a stored output stops matching as soon as a
    value, a series, a mark or a label of the picture changes.
    """
    from matplotlib.collections import Collection
    from matplotlib.colors import to_hex
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    parts: list[str] = []
    points: list[Any]
    for axes in fig.axes:
        for artist in axes.findobj(lambda each: isinstance(each, Line2D | Patch | Collection)):
            if artist.axes is None or artist in (axes.patch, *axes.spines.values()):
                continue
            if isinstance(artist, Collection):
                # Both are arrays, though their types do not say so.
                offsets: Any = artist.get_offsets()
                faces: Any = artist.get_facecolor()
                points = [*offsets, *(p.vertices for p in artist.get_paths())]
                parts += [to_hex(each, True) for each in faces]
            elif isinstance(artist, Line2D):
                points = [artist.get_xydata()]
                parts += [str(artist.get_marker()), str(artist.get_linestyle())]
                parts.append(to_hex(artist.get_markerfacecolor(), True))
            elif isinstance(artist, Patch):
                points = [artist.get_path().transformed(artist.get_patch_transform()).vertices]
                parts.append(to_hex(artist.get_facecolor(), True))
            for group in points:
                parts.append(" ".join(f"{number:.6g}" for number in group.ravel()))
        parts += [text.get_text() for text in axes.findobj(Text)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def bundle(fig: Figure, alt: str, *, live: bool = False) -> dict[str, str]:
    """Return the MIME bundle of a figure: HTML with alternative text and caption, PNG, plain text.

    With `live`, the caption is announced by screen readers when it changes.
    """
    image = png(fig)
    width = round(fig.get_figwidth() * CSS_PIXELS_PER_INCH)
    height = round(fig.get_figheight() * CSS_PIXELS_PER_INCH)
    announce = ' aria-live="polite"' if live else ""
    words = escape(alt)
    markup = (
        f'<figure style="margin:0;max-width:{width}px" data-drawn="{fingerprint(fig)}">'
        f'<img alt="{words}" src="data:image/png;base64,{image}" width="{width}" height="{height}" '
        'decoding="sync" style="max-width:100%;height:auto;background:#fff">'
        f'<figcaption{announce} style="margin:0.3em 0 0.6em;line-height:1.45">{words}</figcaption>'
        "</figure>"
    )
    return {"text/html": markup, "image/png": image, "text/plain": alt}


def show(fig: Figure, alt: str) -> None:
    """Display a figure with `alt`: one or two sentences made from the data that it draws.

    Raises `ValueError` where `alt` is empty: a picture without words is closed to some readers.
    """
    if not alt.strip():
        raise ValueError("A figure needs alternative text: say in a sentence what it shows.")
    from IPython.display import display
    from matplotlib import pyplot

    display(bundle(fig, alt), raw=True)
    pyplot.close(fig)
