"""A wrong value in the data, or a series left out of a chart, fails the lesson that shows it."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from belgrade import data

ROOT = Path(__file__).resolve().parent.parent
REPORT = "section != 'press_release' and tier > 0"
RUSSIA_AND_CHINA = "is_main_row and donor in ['Russia', 'China'] and planes > 0"
# Lesson -> the values that it shows: table, which rows, which columns.
SHOWN: dict[str, list[tuple[str, str, list[str]]]] = {
    "00_start_here": [
        ("aid_deliveries", RUSSIA_AND_CHINA, ["planes"]),
        ("aid_deliveries", "is_main_row and recipient == 'Hungary'", ["planes", "goods_status"]),
        ("claims", f"{REPORT} and note_numbers.notna()", ["note_numbers", "kind"]),
        ("claims", "claim_id in ['C007', 'C010', 'C011', 'C013', 'C015']", ["paraphrase", "why"]),
        ("argument", "parent_id == 'G0'", ["text", "role"]),
    ],
    "01_the_puzzle": [
        ("aid_deliveries", "is_main_row and recipient == 'Serbia' and planes > 0", ["planes"]),
        (
            "aid_intensity",
            "donor == 'Russia' and population_set == 'Our World in Data'",
            ["planes", "planes_per_million_people", "planes_per_1000_cases", "date"],
        ),
        ("covid_population", "country in ['Italy', 'Serbia']", ["population"]),
        (
            "covid_weekly",
            "country in ['Italy', 'Serbia'] and week_end < '2020-07-01'",
            ["new_cases"],
        ),
        (
            "aid_receptions",
            "recipient == 'Serbia'",
            ["date", "highest_host", "president_present", "in_report"],
        ),
        ("russian_mission_progress", "index >= 0", ["sites_disinfected", "date"]),
        ("claims", "claim_id in ['C024', 'C026', 'C038', 'C040', 'C044']", ["paraphrase"]),
    ],
}


def mutations() -> list[Any]:
    """Return 20 seeded choices: lesson, table, row number, column."""
    chance = random.Random(2020)
    chosen = []
    for lesson, shown in SHOWN.items():
        pool = [
            (lesson, table, row, column)
            for table, rows, columns in shown
            for row in data.load(table).query(rows).index
            for column in columns
        ]
        chosen += chance.sample(pool, 10)
    return [pytest.param(*each, id="-".join(map(str, each))) for each in chosen]


def changed(value: Any, column: pd.Series) -> str:
    """Return another value that the column could hold, as text."""
    if isinstance(value, pd.Timestamp):
        return f"{value + pd.Timedelta(days=3):%Y-%m-%d}"
    if column.name == "note_numbers":
        return ""  # the lesson asks whether there is a note, not which
    if isinstance(value, str):
        others = [each for each in column.dropna().unique() if each != value]
        return others[0] if len(others) < 8 else f"not {value}"
    return f"{int(value) + 1 + int(value) // 10}" if float(value).is_integer() else f"{value * 1.1}"


def run(notebook: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "--nbval", "-x", "-q", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, str(notebook)],
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        cwd=ROOT,
        text=True,
        encoding="utf-8",
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(("lesson", "table", "row", "column"), mutations())
def test_a_changed_value_fails_the_lesson(
    lesson: str, table: str, row: int, column: str, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data.folder(), copy)
    path = copy / data.resource(table)["path"]
    frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    value = data.load(table).loc[row, column]
    frame.loc[row, column] = changed(value, data.load(table)[column])
    frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
    done = run(ROOT / "notebooks" / f"{lesson}.ipynb", BELGRADE_DATA=str(copy))
    assert done.returncode == 1, f"{value!r} changed and nothing noticed:\n{done.stdout[-1000:]}"
    assert "Notebook cell execution failed" in done.stdout


@pytest.mark.parametrize(
    ("lesson", "line", "without"),
    [
        ("01_the_puzzle", "planes[planes > 0].sort_values()", "planes[planes > 0].iloc[1:]"),
        ("01_the_puzzle", '"new_cases"] / people', '"new_cases"].iloc[:-1] / people'),
        ("00_start_here", "wide = planes.unstack()", "wide = planes.unstack()[['China']]"),
    ],
)
def test_a_series_left_out_fails_the_lesson(
    lesson: str, line: str, without: str, tmp_path: Path
) -> None:
    text = (ROOT / "notebooks" / f"{lesson}.ipynb").read_text(encoding="utf-8")
    coded, replaced = json.dumps(line)[1:-1], json.dumps(without)[1:-1]
    assert text.count(coded) == 1
    copy = tmp_path / f"{lesson}.ipynb"
    copy.write_text(text.replace(coded, replaced), encoding="utf-8")
    assert run(copy).returncode == 1


def test_an_unchanged_copy_of_the_data_passes(tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(data.folder(), copy)
    done = run(ROOT / "notebooks" / "01_the_puzzle.ipynb", BELGRADE_DATA=str(copy))
    assert done.returncode == 0, done.stdout[-2000:]
