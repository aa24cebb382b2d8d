"""Paint a figure as an image quickly: each text is set once and kept for later figures.

Most of what matplotlib's own canvas does for a chart with words is to measure and draw glyphs, anew
for every figure, and `savefig` lays a figure out twice. Here a figure is laid out once, and a text
that was drawn before in the same font, size, colour and angle is copied, at whole pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.colors import to_rgba
from matplotlib.transforms import Bbox
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

MOST_TEXTS = 2000
MOST_SIZES = 8
MARGIN_PX = 8
# How far beyond a figure words may reach, in inches: to the left, to the right, up, and down, where
# the names of upright bars stand.
SHEET_IN = (1.8, 1.2, 0.5, 1.8)
COMPRESSION = 1  # of 9: more takes longer and saves a tenth of the bytes
# What changes how a text looks without being a property of it.
_SETTINGS: tuple[RcKeyType, ...] = (
    "font.sans-serif",
    "font.serif",
    "font.monospace",
    "text.hinting",
    "mathtext.fontset",
)
_NO_LAYOUT: dict[RcKeyType, Any] = {
    "figure.autolayout": False,
    "figure.constrained_layout.use": False,
}

_text_sizes: dict[Any, tuple[float, float, float]] = {}
_images: dict[Any, Any] = {}
_renderers: dict[Any, _Renderer] = {}


def _store(cache: dict[Any, Any], key: Any, value: Any, limit: int) -> None:
    """Add to what is kept, the oldest making room where there are `limit` already."""
    if len(cache) >= limit:
        cache.pop(next(iter(cache)))
    cache[key] = value


class _Renderer(RendererAgg):
    """matplotlib's renderer, with the measures of texts kept, and texts as small images."""

    def __init__(self, width: float, height: float, dpi: float, *settings: str) -> None:
        super().__init__(width, height, dpi)
        self.settings = (dpi, *settings)

    def get_text_width_height_descent(
        self, s: str, prop: Any, ismath: Any
    ) -> tuple[float, float, float]:
        key = (self.settings, s, prop.copy(), ismath)
        if key not in _text_sizes:
            measured = super().get_text_width_height_descent(s, prop, ismath)
            _store(_text_sizes, key, measured, MOST_TEXTS)
        return _text_sizes[key]

    # The parameters are matplotlib's.
    def draw_text(
        self,
        gc: Any,
        x: float,
        y: float,
        s: str,
        prop: Any,
        angle: float,
        ismath: Any = False,
        mtext: Any = None,
    ) -> None:
        style = (gc.get_rgb(), gc.get_alpha(), gc.get_antialiased())
        key = (self.settings, s, prop.copy(), angle, ismath, style)
        if key not in _images:
            _store(_images, key, self._rasterize(gc, s, prop, angle, ismath, mtext), MOST_TEXTS)
        right, down, image = _images[key]
        if image is not None:
            self.draw_image(gc, round(x) + right, self.height - round(y) - down, image)

    def _rasterize(self, gc: Any, s: str, prop: Any, angle: float, ismath: Any, mtext: Any) -> Any:
        """Return how far right and down of its place a text begins and ends, and its pixels."""
        extent = int(sum(self.get_text_width_height_descent(s, prop, ismath))) + MARGIN_PX
        scratch = RendererAgg(2 * extent, 2 * extent, self.dpi)
        unclipped = scratch.new_gc()
        unclipped.copy_properties(gc)
        unclipped.set_clip_rectangle(None)
        unclipped.set_clip_path(None)
        scratch.draw_text(unclipped, extent, extent, s, prop, angle, ismath=ismath, mtext=mtext)
        pixels = np.asarray(scratch.buffer_rgba())
        rows = np.flatnonzero(pixels[..., 3].any(axis=1))
        columns = np.flatnonzero(pixels[..., 3].any(axis=0))
        if not len(rows):
            return 0, 0, None
        top, bottom = rows[0], rows[-1] + 1
        left, right = columns[0], columns[-1] + 1
        # Agg takes an image from its lowest row upwards.
        image = np.ascontiguousarray(pixels[top:bottom, left:right][::-1])
        return int(left) - extent, int(bottom) - extent, image


class _Canvas(FigureCanvasAgg):
    """A canvas that shares its renderer with other figures of the same size."""

    def get_renderer(self) -> _Renderer:
        width, height = map(int, self.figure.bbox.size)
        dpi, settings = self.figure.dpi, [str(matplotlib.rcParams[name]) for name in _SETTINGS]
        key = (width, height, dpi, *settings)
        if key not in _renderers:
            _store(_renderers, key, _Renderer(width, height, dpi, *settings), MOST_SIZES)
        self.renderer = _renderers[key]
        return self.renderer

    def print_pixels(self, into: list[np.ndarray], **_options: Any) -> None:
        """Add what is drawn, height × width × 4, to a list; `print_figure` asks for it by name."""
        self.draw()
        into.append(np.asarray(self.buffer_rgba()))


@contextmanager
def _canvas_at(fig: Any, dpi: float) -> Iterator[_Canvas]:
    """Give a figure a canvas of ours at `dpi` pixels an inch; then it has its own again."""
    figure_canvas, figure_dpi = fig.canvas, fig.dpi
    try:
        fig.dpi = dpi
        yield _Canvas(fig)
    finally:
        fig.set_canvas(figure_canvas)
        fig.dpi = figure_dpi


def lay_out(fig: Any, dpi: float) -> None:
    """Lay a figure out, so that painting it, which would do so, takes half as long."""
    with _canvas_at(fig, dpi):
        if engine := fig.get_layout_engine():
            engine.execute(fig)
            fig.set_layout_engine("none")


def paint(fig: Any, dpi: float) -> bytes:
    """Return the figure as a PNG at `dpi` pixels an inch, on white where it has no background.

    The figure keeps its canvas and its own resolution.
    """
    with _canvas_at(fig, dpi) as canvas:
        canvas.draw()
        opaque = to_rgba(fig.get_facecolor())[3] == 1 and fig.patch.get_visible()
        return _encoded(canvas.buffer_rgba(), opaque)


def paint_cropped(fig: Any) -> bytes | None:
    """Return the figure as a PNG on white that is cut to what is drawn, None if that fits nowhere.

    Nothing is measured: it is painted once, on a sheet that is larger than the figure, without a
    layout engine. So it suits a figure of one chart, whose labels may overlap nothing else.
    """
    canvas, engine = fig.canvas, fig.get_layout_engine()
    pixel_arrays: Any = []  # `print_pixels` fills it, where others take a file
    (width, height), (left, right, up, down) = fig.get_size_inches(), SHEET_IN
    sheet = Bbox([[-left, -down], [width + right, height + up]])
    try:
        with matplotlib.rc_context(_NO_LAYOUT):
            fig.set_layout_engine(None)
            _Canvas(fig).print_figure(pixel_arrays, format="pixels", dpi=fig.dpi, bbox_inches=sheet)
    finally:
        fig.set_canvas(canvas)
        fig.set_layout_engine(engine or "none")
    (pixels,) = pixel_arrays
    values = pixels.view(np.uint32)[..., 0]
    background = np.array([round(255 * part) for part in to_rgba(fig.get_facecolor())], np.uint8)
    is_drawn = (values != 0) & (values != background.view(np.uint32)[0])
    rows, columns = (np.flatnonzero(is_drawn.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    if min(top, left, values.shape[0] - bottom, values.shape[1] - right) < MARGIN_PX:
        return None
    cropped = pixels[top - MARGIN_PX : bottom + MARGIN_PX, left - MARGIN_PX : right + MARGIN_PX]
    return _encoded(np.ascontiguousarray(cropped), False)


def _encoded(pixels: Any, opaque: bool) -> bytes:
    """Return pixels (height × width × 4) as a PNG on white."""
    image = Image.frombuffer("RGBA", pixels.shape[1::-1], pixels, "raw", "RGBA", 0, 1)
    if not opaque:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    file = BytesIO()
    image.convert("RGB").save(file, "png", compress_level=COMPRESSION)
    return file.getvalue()
