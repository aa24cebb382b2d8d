"""The module's own exercises, issued anew: what they accept, refuse and hint at still holds."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest
from kept_kernel import keep_kernel

from belgrade.authoring import vary
from belgrade.authoring.key import variant_of
from belgrade.checks.capture import capture
from belgrade.checks.rerun import AGAIN

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


def made(number: float, planes: list[int]) -> Any:
    """Return as much of an exercise as is compared: 1.1 answers to the settings, 1.2 is sorted."""
    specs: list[tuple[dict[str, Any], Any]] = [
        ({"kind": "number", "decimals": 1}, number),
        ({"kind": "table", "ordered": "planes"}, pd.DataFrame({"planes": planes})),
    ]
    checks = [
        {
            "question": f"1.{n}",
            "part": "",
            "spec": spec | {"wrong": []},
            "reference": capture(answer),
        }
        for n, (spec, answer) in enumerate(specs, 1)
    ]
    again = {"question": "1.1", "part": AGAIN}
    return SimpleNamespace(compiled={"checks": checks}, checks=[*checks, again])


def test_settings_that_change_no_answer_or_tie_a_table_are_not_fit() -> None:
    old, tied = made(3, [3, 2, 1]), made(3, [3, 2, 2])
    assert vary._why_unfit(made(4, [4, 2, 1]), [old], 0) == ""
    assert (
        vary._why_unfit(old, [made(4, []), old], 0) == "question 1.1 has the same answer as before"
    )
    assert vary._why_unfit(made(4, [3, 2, 2]), [old], 0) == "question 1.2 has a tie"
    assert vary._why_unfit(made(4, [3, 3, 2]), [tied], 0) == ""  # it had one before
