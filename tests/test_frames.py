"""Explorers drawn ahead: what a choice shows is what the notebook shows, and is drawn once."""

from __future__ import annotations

import base64
import functools
import io
import itertools
import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_explorers import each_explorer, made

from belgrade import explorers, figures
from belgrade.explorers.explorer import Explorer, Number
from belgrade.publishing import frames

SEEDED = 100
# Explorers with few combinations, for what is tested of the files themselves.
SMALL = ["aid_per_what", "xi_or_putin"]


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGBA"))


def about(out: Path, name: str) -> dict[str, Any]:
    """Return what a page learns of an explorer from its script."""
    begin, _, text = (out / f"{name}.js").read_text(encoding="utf-8").partition("=")
    assert begin == "(window.belgradeExplorers??"
    return json.loads(text.partition("=")[2].removesuffix(";\n"))


def composed(out: Path, known: dict[str, Any], at: int) -> np.ndarray:
    """Return a picture as the page lays it together."""
    base, *_, own = known["pictures"][at]
    top = pixels((out / "pictures" / own).read_bytes())
    if base < 0:
        return top
    below = pixels((out / "pictures" / known["bases"][base][0]).read_bytes())
    assert set(np.unique(top[..., 3])) <= {0, 255}
    return np.where(top[..., 3:] == 255, top, below)


def assert_as_in_the_notebook(out: Path, explorer: Explorer, name: str) -> None:
    known = about(out, name)
    for key, (at, words) in known["frames"].items():
        indices = zip(explorer.controls.items(), map(int, key.split("-")), strict=True)
        shown = explorer.bundle(**{each: c.values()[index] for (each, c), index in indices})
        assert known["sentences"][words] == shown["text/plain"]
        assert (at >= 0) == ("image/png" in shown)
        if at >= 0:
            png = pixels(base64.b64decode(shown["image/png"]))
            assert np.array_equal(composed(out, known, at), png), (name, key)


@each_explorer
def test_seeded_choices_show_what_the_notebook_shows(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another test has drawn in this process counts among the hundred; it is seeded too."""
    monkeypatch.setattr(figures, "PIXELS_PER_INCH", 40)
    explorer = made(name)
    offered = frames.choices(explorer)
    drawn = [dict(zip(explorer.controls, key, strict=True)) for key in explorer._drawn]
    some = {tuple(explorer.indices(**chosen).values()) for chosen in drawn}.intersection(offered)
    rest = sorted(set(offered) - some)
    more = min(max(SEEDED - len(some), 0), len(rest))
    some = sorted(some)[:SEEDED] + random.Random(f"{name}-2020").sample(rest, more)
    monkeypatch.setattr(frames, "choices", lambda _: some)
    # Drawn once: what the explorer keeps, the comparison finds.
    monkeypatch.setattr(explorers, name, lambda: explorer, raising=False)
    frames._draw_explorer(name, tmp_path)
    assert len(about(tmp_path, name)["frames"]) == len(some) == min(SEEDED, len(offered))
    assert_as_in_the_notebook(tmp_path, explorer, name)


@each_explorer
def test_controls_on_a_page_are_those_of_the_explorer(name: str) -> None:
    explorer = getattr(explorers, name)()
    for control in explorer.controls.values():
        found = frames._control(control)
        assert found["label"] == control.label
        values = control.values()
        if isinstance(control, Number):
            steps = range(round((found["max"] - found["min"]) / found["step"]) + 1)
            assert [found["min"] + n * found["step"] for n in steps] == pytest.approx(values)
        else:
            assert len(found.get("options", [False, True])) == len(values)
    moved = {each for moves in explorer.slices.values() for each in moves}
    assert moved <= set(explorer.controls)


@each_explorer
def test_all_combinations_are_offered_unless_they_are_too_many(name: str) -> None:
    explorer = getattr(explorers, name)()
    offered = frames.choices(explorer)
    assert len(offered) == len(set(offered)) < 1500
    assert tuple(explorer.indices().values()) in offered
    if not explorer.slices:
        every = [range(len(control.values())) for control in explorer.controls.values()]
        assert set(offered) == set(itertools.product(*every))


def test_the_veto_game_offers_what_the_tasks_of_lesson_05_move() -> None:
    explorer = explorers.veto_game()
    offered = set(frames.choices(explorer))
    tasks = [
        *({"to_moscow": promise} for promise in range(0, 61, 5)),
        *({"to_belgrade": 0, "to_moscow": promise} for promise in range(0, 61, 5)),
        {"moscow": 30},
        {"moscow": 30, "pristina": 45},
        {"moscow": 60, "pristina": 45},
        *({"needed": "alone", "status_quo": place} for place in range(60, 101, 5)),
    ]
    for task in tasks:
        assert tuple(explorer.indices(**task).values()) in offered


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("frames")
    assert frames.draw(out, SMALL) == SMALL
    return out


@pytest.mark.xdist_group("frames")
def test_two_explorers_at_their_size_from_first_to_last(drawn: Path) -> None:
    out = drawn
    for name in SMALL:
        explorer = getattr(explorers, name)()
        assert_as_in_the_notebook(out, explorer, name)
        known = about(out, name)
        assert known["start"] == explorer.indices()
        assert known["title"] == explorer.title
        assert len(known["frames"]) == len(frames.choices(explorer))
    there = {path.name for path in (out / "pictures").iterdir()}
    used = {
        file
        for name in SMALL
        for file in [
            *(picture[-1] for picture in about(out, name)["pictures"]),
            *(base[0] for base in about(out, name)["bases"]),
        ]
    }
    assert there == used


@pytest.mark.xdist_group("frames")
def test_a_second_run_draws_only_what_changed(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = drawn
    told: list[tuple[str, int, int]] = []
    again = functools.partial(frames.draw, out, SMALL, lambda *said: told.append(said))
    assert again() == []
    assert told == []
    # A table of one of the two, a module of the other, and a picture that was lost.
    record = json.loads((out / frames.MANIFEST).read_text(encoding="utf-8"))
    assert "table covid_daily" in record["aid_per_what"]["made_from"]
    assert "module belgrade.explorers.forecasts" in record["xi_or_putin"]["made_from"]
    assert "module belgrade.explorers.forecasts" not in record["aid_per_what"]["made_from"]
    lost = out / record["aid_per_what"]["files"][-1]
    content = lost.read_bytes()
    lost.unlink()
    assert again() == ["aid_per_what"]
    assert lost.read_bytes() == content
    count = len(about(out, "aid_per_what")["frames"])
    assert told == [("aid_per_what", 0, count), ("aid_per_what", count, count)]
    digest_of = frames._digest_of
    changed = {"table covid_daily": "changed"}
    monkeypatch.setattr(frames, "_digest_of", lambda of: changed.get(of) or digest_of(of))
    assert not frames._is_current(out, "aid_per_what", record)
    assert frames._is_current(out, "xi_or_putin", record)


def test_an_explorer_that_is_no_more_leaves_the_folder(tmp_path: Path) -> None:
    files = ["gone.js", f"{frames.PICTURES}/0123.webp"]
    (tmp_path / frames.PICTURES).mkdir()
    for name in files:
        (tmp_path / name).write_bytes(b"x")
    manifest = json.dumps({"gone": {"made_from": {}, "files": files}})
    (tmp_path / frames.MANIFEST).write_text(manifest, encoding="utf-8")
    frames.draw(tmp_path, [])
    assert not any((tmp_path / name).exists() for name in files)


def test_an_explorer_that_cannot_be_drawn_is_named(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("BELGRADE_DATA", str(tmp_path / "none"))
    with pytest.raises(frames.FramesError, match=r"^The explorer polls could not be drawn: "):
        frames._draw_in_process(tmp_path, "polls")
