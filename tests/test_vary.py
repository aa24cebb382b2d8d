"""The module's own exercises, issued anew: what they accept, refuse and hint at still holds."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from kept_kernel import keep_kernel

from belgrade.authoring import vary
from belgrade.authoring.key import variant_of

KEYS = Path(__file__).resolve().parent.parent / "exercises" / "keys"
NUMBERS = [path.name[:2] for path in sorted(KEYS.glob("[0-9][0-9]_*.ipynb"))]
SAMPLE = [("09", 1)]
ALL = [(number, seed) for number in NUMBERS for seed in range(1, 6)]


@pytest.mark.parametrize(
    ("number", "seed"),
    [*SAMPLE, *(pytest.param(*each, marks=pytest.mark.slow) for each in ALL if each not in SAMPLE)],
)
def test_an_exercise_issued_anew_holds(
    number: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_kernel(monkeypatch)
    for path in KEYS.glob(f"{number}_*"):
        shutil.copy(path, tmp_path)
    (key,) = tmp_path.glob("*.ipynb")
    before = variant_of(nbformat.read(key, as_version=4))
    said: list[str] = []
    vary.reissue(key, seed, KEYS.parent, said.append)
    assert variant_of(nbformat.read(key, as_version=4)) != before
    assert not [line for line in said if "should be judged" in line or "hint" in line]
