"""Pictures painted with kept texts, and drawn ahead, are the pictures that they should be."""

from __future__ import annotations

import asyncio
import io
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from IPython import get_ipython
from matplotlib.figure import Figure
from PIL import Image

from belgrade import canvas, figures
from belgrade.explorers import ahead as ahead_module
from belgrade.explorers import explorer as explorer_module
from belgrade.explorers.ahead import Ahead, neighbours
from belgrade.explorers.explorer import Explorer, Number, Select

DPI = 144


def chart(title: str = "A title", face: Any = "white", angle: float = 0) -> Figure:
    with figures.style():
        fig, ax = figures.new()
        ax.plot([0, 1, 4, 9], color="#0072B2", label="a $x^2$ line")
        ax.set_title(title)
        ax.set_ylabel("Vučić, 5 ≥ 3")
        ax.text(1, 4, "turned", rotation=angle, color="#D55E00", alpha=0.6, clip_on=True)
        ax.text(2.9, 8, "cut off at the edge of the axes", clip_on=True)
        ax.legend()
        fig.set_facecolor(face)
        return fig


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


def by_matplotlib(fig: Figure) -> np.ndarray:
    file = io.BytesIO()
    fig.savefig(file, format="png", dpi=DPI)
    return pixels(file.getvalue())


def test_a_picture_is_matplotlibs_but_for_parts_of_a_pixel() -> None:
    for angle in (0, 90, 37):
        for _ in range(2):  # with texts set anew, and with kept ones
            ours = pixels(canvas.paint(chart(angle=angle), DPI))
            theirs = by_matplotlib(chart(angle=angle))
            assert ours.shape == theirs.shape
            # Texts may stand half a pixel aside: compare what an eye sees, 4 by 4 pixels at once.
            down, across = (side // 4 for side in ours.shape)
            both = [
                each[: down * 4, : across * 4].reshape(down, 4, across, 4).mean(axis=(1, 3))
                for each in (ours, theirs)
            ]
            assert abs(both[0] - both[1]).max() < 100
            assert abs(both[0] - both[1]).mean() < 0.5


def to_ink(picture: np.ndarray) -> np.ndarray:
    rows, columns = (np.flatnonzero((picture < 255).any(axis=axis)) for axis in (1, 0))
    return picture[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def bars(name: str) -> Figure:
    fig = Figure(figsize=(6, 3), dpi=DPI, layout="none")
    ax = fig.subplots()
    ax.barh(["China", name], [1, 2])
    ax.set_title("A title")
    return fig


def test_a_chart_is_cut_to_what_is_drawn_as_matplotlib_cuts_it() -> None:
    for name in ("Italy", "Bosnia and Herzegovina"):
        file = io.BytesIO()
        bars(name).savefig(file, format="png", dpi=DPI, bbox_inches="tight")
        theirs, ours = to_ink(pixels(file.getvalue())), pixels(canvas.paint_cropped(bars(name)))
        edges = canvas.MARGIN_PX
        assert (ours[:edges] == 255).all()
        assert (ours[:, :edges] == 255).all()
        ours = to_ink(ours)
        assert abs(np.subtract(ours.shape, theirs.shape)).max() <= 2
        high, wide = np.minimum(ours.shape, theirs.shape)
        assert abs(ours[:high, :wide] - theirs[:high, :wide]).mean() < 6
    fig = chart()
    before, engine = fig.canvas, fig.get_layout_engine()
    assert canvas.paint_cropped(fig)
    assert fig.canvas is before
    assert fig.get_layout_engine() is engine
    with figures.style():  # which asks for a layout engine
        fig = bars("Italy")
        assert canvas.paint_cropped(fig)
        assert fig.get_layout_engine() is None


def test_what_fits_nowhere_or_is_empty_is_not_cut() -> None:
    assert canvas.paint_cropped(bars("a name that never seems to come to an end " * 3)) is None
    assert canvas.paint_cropped(Figure()) is None


def test_texts_of_one_figure_do_not_show_in_another() -> None:
    alone = canvas.paint(chart("One"), DPI)
    canvas.paint(chart("Another, with more words"), DPI)
    assert canvas.paint(chart("One"), DPI) == alone
    assert canvas.paint(chart("Two"), DPI) != alone


def test_what_is_kept_has_an_end(monkeypatch: Any) -> None:
    monkeypatch.setattr(canvas, "MOST_TEXTS", 5)
    for name in ("_images", "_text_sizes"):
        monkeypatch.setattr(canvas, name, {})
    first = canvas.paint(chart(), DPI)
    assert canvas.paint(chart(), DPI) == first
    assert len(canvas._images) <= 5
    assert len(canvas._text_sizes) <= 5


def test_a_figure_keeps_its_canvas_and_stands_on_white() -> None:
    fig = chart(face="none")
    before, dpi = fig.canvas, fig.dpi
    assert pixels(canvas.paint(fig, DPI))[1, 1] == 255
    assert fig.canvas is before
    assert fig.dpi == dpi


# --- drawing ahead --------------------------------------------------------------------------------


def test_neighbours_lie_in_the_direction_of_the_last_move() -> None:
    assert neighbours([1, 2, 3, 4, 5], 2, 3) == [4, 5, 2]
    assert neighbours([1, 2, 3, 4, 5], 4, 3) == [2, 1, 4]
    assert neighbours([1, 2, 3, 4, 5], None, 3) == [4, 2, 5]
    assert neighbours(range(20), 4, 5, far=4) == [6, 7, 4, 8, 9]
    assert neighbours([1, 2, 3], 2, 3) == [2, 1]
    assert neighbours(range(9), 5, 0, far=4) == [1, 2, 3, 4]  # at an end there is one way to go
    assert neighbours([1, 2, 3], 1, 7) == []
    assert neighbours([False, True], False, True) == [False]


def test_values_stand_in_the_order_of_the_keyboard() -> None:
    assert Number("n", 0, 3, 1, 0).values() == [0, 1, 2, 3]
    assert Number("w", 0.4, 0.6, 0.1, 0.4).values() == [0.4, 0.5, 0.6]
    assert Select("s", {"b": 2, "a": 1}, 1).values() == [2, 1]


class Page:
    """Stands for the output that an explorer updates."""

    def __init__(self) -> None:
        self.shown: list[dict[str, str]] = []

    def update(self, bundle: dict[str, str], raw: bool) -> None:
        self.shown.append(bundle)


def toy(drawn: list[Any], fails_at: int | None = None) -> Explorer:
    """Return an explorer of two numbers that notes what it draws."""

    def view(data: Any, height: int, width: int) -> tuple[Figure, str]:
        drawn.append(height if width == 1 else (height, width))
        if height == fails_at:
            raise ValueError("nothing to draw")
        fig, ax = figures.new()
        ax.bar(["a"], [height], width)
        return fig, f"{height} by {width}."

    controls = {"height": Number("Height", 0, 9, 1, 0), "width": Number("Width", 1, 2, 1, 1)}
    return Explorer("Toy", None, controls, view)


async def done(ahead: Ahead) -> None:
    """Wait until nothing is to be drawn any more."""
    for _ in range(3000):
        if not ahead._queues:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def moved(
    steps: list[float], fails_at: int | None = None, again: int = 0
) -> tuple[list[Any], Page]:
    """Move a toy explorer from 0, with pauses of so many seconds; return what was drawn when.

    The last picture is sent `again` so many times.
    """
    drawn: list[Any] = []
    explorer = toy(drawn, fails_at)
    page, clock = Page(), [0.0]
    sent = [*range(1, len(steps) + 1), *[len(steps)] * again]

    async def use() -> None:
        explorer.inputs = {
            name: each.widget().value_widget for name, each in explorer.controls.items()
        }
        explorer._handle = page
        explorer.inputs["height"].observe(explorer._update, "value")
        for pause in steps:
            explorer.inputs["height"].value += 1
            clock[0] += pause  # and not what a busy machine needs to draw
            await asyncio.sleep(pause)
        await done(explorer_module.AHEAD)
        for _ in range(600):
            if len(page.shown) >= len(sent):
                break
            await asyncio.sleep(0.05)

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as thread:
        patch.setattr(explorer_module, "time", SimpleNamespace(monotonic=lambda: clock[0]))
        patch.setattr(explorer_module, "AHEAD", Ahead())
        patch.setattr(figures, "PIXELS_PER_INCH", 40)
        thread.submit(asyncio.run, use()).result()  # here, a browser test may have left a loop
    assert [each["text/plain"] for each in page.shown] == [f"{number} by 1." for number in sent]
    return drawn, page


def test_the_next_choices_are_drawn_while_nothing_happens() -> None:
    """Onwards and back, then what another control can choose, then what is further on."""
    drawn, _ = moved([0])
    assert drawn == [1, 2, 3, 0, (1, 2), 4, 5, 6, 7, 8, 9]


def test_who_is_quick_is_likely_to_go_on() -> None:
    drawn, _ = moved([0, 0], again=1)
    assert drawn == [1, 2, 3, 4, 5, 6, 7, 8, 9, (2, 2)]


def test_a_move_stops_what_is_drawn_ahead_and_draws_nothing_twice() -> None:
    drawn, _ = moved([0, 0, 0.06, 0], again=1)
    assert drawn[:2] == [1, 2]
    assert sorted(map(str, drawn)) == sorted(map(str, set(drawn)))


def test_after_quick_changes_the_last_picture_is_sent_once_more() -> None:
    drawn, page = moved([0, 0, 1.0], again=1)
    assert page.shown[-1] == page.shown[-2]
    assert len(drawn) == len(set(drawn))
    moved([0.4, 0.4])  # one after the other: nothing is sent twice


def test_what_cannot_be_drawn_ahead_disturbs_nobody() -> None:
    drawn, _ = moved([1.0], fails_at=2)
    assert drawn == [1, 2]


def test_drawing_ahead_has_an_end_in_time_and_in_memory(monkeypatch: Any) -> None:
    monkeypatch.setattr(ahead_module, "MOST_S", 0.0)
    assert moved([0])[0] == [1, 2]  # a step, and then its time is up
    monkeypatch.undo()
    monkeypatch.setattr(explorer_module, "MOST_UNSEEN", 2)
    drawn: list[Any] = []
    explorer = toy(drawn)
    for height in range(1, 6):
        for _ in explorer._drawing({"height": height, "width": 1}):
            pass
    assert list(explorer._drawn) == list(explorer._unseen) == [(4, 1), (5, 1)]
    explorer.bundle(height=5)
    assert list(explorer._unseen) == [(4, 1)]
    explorer.bundle(height=5)
    assert drawn == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("who", ["a reader", "nobody", "a check"])
def test_what_is_shown_is_drawn_ahead_once_cells_have_run(
    who: str, displayed: list[Any], monkeypatch: Any
) -> None:
    monkeypatch.setattr(ahead_module, "REST_S", 0.05)
    monkeypatch.setattr(explorer_module, "AHEAD", Ahead())
    monkeypatch.delenv("BELGRADE_EXAM", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", "lesson.ipynb")
    if who == "nobody":
        monkeypatch.delenv("JPY_SESSION_NAME")
    if who == "a check":
        monkeypatch.setenv("BELGRADE_EXAM", "1")
    events = get_ipython().events
    drawn: list[Any] = []

    async def use() -> None:
        toy(drawn)._ipython_display_()
        events.trigger("pre_run_cell", None)
        await asyncio.sleep(0.2)
        assert drawn == [0]
        events.trigger("post_run_cell", None)
        await done(explorer_module.AHEAD)

    usual = {name: list(each) for name, each in events.callbacks.items()}
    try:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, use()).result()
    finally:
        events.callbacks.update(usual)
    assert drawn == ([0, 1, (0, 2), 2] if who == "a reader" else [0])


def test_who_moves_comes_first_and_the_others_after() -> None:
    ahead, drawn = Ahead(), []

    def drawing(what: str) -> Any:
        return lambda: iter(drawn.append(what) or ())

    async def use() -> None:
        with figures.DRAWING:
            ahead.start("one", [drawing("one, opened"), drawing("one, more")])
            ahead.start("two", [drawing("two, opened")])
            ahead.start("one", [drawing("one, moved")])
        await done(ahead)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, use()).result()
    assert drawn == ["one, moved", "two, opened"]


def test_without_a_loop_nothing_is_drawn_ahead() -> None:
    begun: list[int] = []
    Ahead().start("explorer", [lambda: iter(begun.append(1) or ())])
    assert begun == []
