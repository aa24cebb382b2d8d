"""Figures look the same whatever a reader's own settings for matplotlib are."""

from __future__ import annotations

import matplotlib
import pytest

from belgrade import figures

# A dark style, LaTeX for every text (which is not installed), and marks on every line.
THEIRS = {
    "text.usetex": True,
    "axes.facecolor": "black",
    "figure.facecolor": "black",
    "text.color": "white",
    "axes.prop_cycle": matplotlib.cycler(color=["white"]),
    "lines.marker": "x",
    "xtick.direction": "in",
    "axes.grid": True,
    "font.family": "monospace",
    "savefig.bbox": "tight",
}


def picture() -> dict[str, str]:
    with figures.style():
        fig, ax = figures.new(2.0)
        ax.plot([1, 2, 3], [3, 1, 2])
        ax.set_title("Planes")
        return figures.bundle(fig, "Three points.")


def test_a_readers_own_settings_change_no_picture() -> None:
    usual = picture()
    with matplotlib.rc_context(THEIRS):
        assert picture() == usual
        assert matplotlib.rcParams["text.usetex"] is True  # outside of our pictures they hold


def test_a_notebook_that_uses_the_style_starts_from_matplotlibs_defaults() -> None:
    with matplotlib.rc_context(THEIRS | {"backend": matplotlib.get_backend()}):
        figures.use_style()
        assert matplotlib.rcParams["text.usetex"] is False
        assert matplotlib.rcParams["axes.facecolor"] == "white"
        assert matplotlib.rcParams["lines.linewidth"] == pytest.approx(2)


@pytest.mark.parametrize(
    ("changed", "same"),
    [({}, True), ({"height": [2, 3]}, False), ({"color": "C1"}, False), ({"label": "x"}, True)],
)
def test_a_fingerprint_tells_what_is_drawn(changed: dict[str, object], same: bool) -> None:
    def drawn(**how: object) -> str:
        fig, ax = figures.new(2.0)
        ax.bar([0, 1], **({"height": [2, 4], "color": "C0"} | how))
        return figures.fingerprint(fig)

    assert (drawn() == drawn(**changed)) == same


def test_a_picture_has_its_words_as_alternative_text_and_caption() -> None:
    shown = picture()
    assert '<img alt="Three points."' in shown["text/html"]
    assert ">Three points.</figcaption>" in shown["text/html"]
    assert shown["text/plain"] == "Three points."
