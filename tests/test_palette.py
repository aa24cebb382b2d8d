"""Colours: told apart by readers with any kind of colour vision, and dark enough on their ground.

Colour blindness is simulated with the matrices of Machado, Oliveira and Fernandes, "A
physiologically-based model for simulation of color vision deficiency", IEEE Transactions on
Visualization and Computer Graphics 15(6), 2009, for full severity, in linear RGB. Differences are
CIE 1976 in L*a*b* (D65); contrast is that of WCAG 2.2.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.patches import Patch
from matplotlib.text import Text

from belgrade import explorers, figures

SIMULATED = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
# A difference of about 2 can just be seen by a careful eye; 10 at a glance.
AT_A_GLANCE = 10
MARKS, TEXT = 3, 4.5


def linear(colour: object) -> np.ndarray:
    """Return a colour as linear RGB, 0 to 1."""
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return linear RGB as L*a*b*."""
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / (TO_XYZ @ np.ones(3))
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def luminance(colour: object) -> float:
    return float(TO_XYZ[1] @ linear(colour))


def contrast(one: object, other: object) -> float:
    """Return WCAG's ratio of contrast, 1 to 21."""
    dark, light = sorted([luminance(one), luminance(other)])
    return (light + 0.05) / (dark + 0.05)


def difference(one: str, other: str, seen: np.ndarray) -> float:
    return float(np.linalg.norm(lab(seen @ linear(one)) - lab(seen @ linear(other))))


def test_the_measures_give_known_values() -> None:
    assert contrast("black", "white") == pytest.approx(21)
    assert contrast("#767676", "white") == pytest.approx(4.54, abs=0.01)
    assert lab(linear("white")) == pytest.approx([100, 0, 0], abs=0.01)
    assert lab(linear("red")) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
    for name, matrix in SIMULATED.items():
        assert np.sum(matrix, axis=1) == pytest.approx([1, 1, 1], abs=1e-5), name
    # Full red and green of one lightness are what a reader without M cones confuses.
    green = np.array(SIMULATED["deuteranopia"])
    assert difference("#c86400", "#828200", green) < difference("#c86400", "#828200", np.eye(3)) / 3


@pytest.mark.parametrize("vision", ["usual", *SIMULATED])
def test_actors_are_told_apart_by_colour(vision: str) -> None:
    seen = np.array(SIMULATED.get(vision, np.eye(3)))
    near = {
        pair: round(difference(figures.COLOURS[pair[0]], figures.COLOURS[pair[1]], seen), 1)
        for pair in combinations(figures.COLOURS, 2)
    }
    assert {pair: value for pair, value in near.items() if value < AT_A_GLANCE} == {}


def test_actors_are_told_apart_in_grey_by_their_markers() -> None:
    """Eight shades of grey are not to be told apart; so each actor has a marker of its own."""
    assert len(set(figures.MARKERS.values())) == len(figures.MARKERS)


def test_marks_and_text_are_dark_enough_on_white() -> None:
    for actor, colour in {**figures.COLOURS, "others": figures.GREY}.items():
        assert contrast(colour, "white") >= MARKS, actor
    for colour in (figures.INK, figures.GREY):
        assert contrast(colour, "white") >= TEXT


@pytest.mark.parametrize("name", sorted(explorers.EXPLORERS))
def test_words_in_pictures_are_dark_enough_on_their_ground(name: str) -> None:
    explorer = getattr(explorers, name)()
    with figures.style():
        figure = explorer.view(explorer.data, **explorer.defaults)[0]
        figure.canvas.draw()
    faint = {}
    for words in figure.findobj(Text):
        if words.get_visible() and words.get_text().strip() and words.get_window_extent().width:
            ratio = contrast(words.get_color(), ground(figure, words))
            if ratio < TEXT:
                faint[words.get_text()] = (words.get_color(), ground(figure, words), ratio)
    assert faint == {}


def ground(figure: object, words: Text) -> object:
    """Return the colour behind the middle of a text: its own box, else the last patch drawn."""
    box = words.get_bbox_patch()
    if box and box.get_fill() and box.get_facecolor()[3] > 0.5:
        return box.get_facecolor()
    x0, y0, x1, y1 = words.get_window_extent().extents
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    found = "white"
    for axes in figure.axes:
        for patch in axes.findobj(lambda each: isinstance(each, Patch)):
            filled = patch.get_fill() and patch.get_facecolor()[3] > 0.5
            seen = filled and patch.get_visible() and patch is not axes.patch
            if seen and patch.contains_point(middle):
                found = patch.get_facecolor()
    return found
