"""A wrong value in the data, or a series left out of a chart, fails the lesson that shows it."""

from __future__ import annotations

import functools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
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


# A line of a lesson, and the same line with a series left out.
WITHOUT = {
    "00_start_here": [("wide = planes.unstack()", "wide = planes.unstack()[['China']]")],
    "01_the_puzzle": [
        ('planes[planes > 0].sort_values(kind="stable")', "planes[planes > 0].iloc[1:]"),
        ('"new_cases"] / people', '"new_cases"].iloc[:-1] / people'),
    ],
}
UNCHANGED = "unchanged"
# In a folder of notebooks: what fails once has failed, and the rest of it need not run.
FIRST_FAILURE = """failed = set()

def pytest_runtest_makereport(item, call):
    if call.excinfo:
        failed.add(item.path)

def pytest_collection_modifyitems(items):
    for item in items:
        item.runtest = (lambda usual, path: lambda: path in failed or usual())(
            item.runtest, item.path)
"""


def mutations(lesson: str) -> dict[str, tuple[str, int, str]]:
    """Return 10 seeded choices by name: table, row number, column."""
    chance = random.Random(f"{lesson}-2020")
    pool = [
        (table, row, column)
        for table, rows, columns in SHOWN[lesson]
        for row in data.load(table).query(rows).index
        for column in columns
    ]
    return {"-".join(map(str, each)): each for each in chance.sample(pool, 10)}


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


def mutate(folder: Path, table: str, row: int, column: str) -> None:
    """Change one value of a table in a copy of the data."""
    path = folder / data.resource(table)["path"]
    frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8")
    value = data.load(table).loc[row, column]
    frame.loc[row, column] = changed(value, data.load(table)[column])
    frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


@functools.cache
def failures(lesson: str) -> dict[str, str]:
    """Return for each changed copy of a lesson why nbval failed it: all in one run and kernel."""
    folder = Path(tempfile.mkdtemp(prefix="belgrade-mutation-"))
    text = (ROOT / "notebooks" / f"{lesson}.ipynb").read_text(encoding="utf-8")
    copies = dict.fromkeys(mutations(lesson), text)
    for line, without in WITHOUT[lesson]:
        coded, replaced = json.dumps(line)[1:-1], json.dumps(without)[1:-1]
        assert text.count(coded) == 1
        copies[line] = text.replace(coded, replaced)
    copies[UNCHANGED] = text  # last: it also shows that the one kernel had forgotten all others
    places = {}
    for number, (name, source) in enumerate(copies.items()):
        place = folder / f"copy{number}"
        shutil.copytree(data.folder(), place / "data")
        (place / f"{lesson}.ipynb").write_text(source, encoding="utf-8")
        if name in mutations(lesson):
            mutate(place / "data", *mutations(lesson)[name])
        places[name] = f"{place.name}/{lesson}.ipynb"
    (folder / "conftest.py").write_text(FIRST_FAILURE, encoding="utf-8")
    settings = ("-c", str(ROOT / "pyproject.toml"), "--rootdir", ".", "--confcutdir", ".")
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "--tb=no", "-rf", "--color=no"]
    path = os.pathsep.join(filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [*command, *settings, "-p", "one_kernel", "-p", "no:cacheprovider", *places.values()],
        env={**os.environ, "PYTHONUTF8": "1", "BELGRADE_DATA": "data", "PYTHONPATH": path},
        cwd=folder,
        encoding="utf-8",
        capture_output=True,
    )
    shutil.rmtree(folder)
    assert done.returncode in (0, 1), done.stdout[-2000:] + done.stderr[-2000:]
    lines = [line for line in done.stdout.splitlines() if line.startswith("FAILED")]
    assert " passed" in done.stdout
    return {name: " ".join(x for x in lines if place in x) for name, place in places.items()}


def each(of: dict[str, list[str]]) -> Any:
    """Return marks: a test for each name, those of a lesson in one process."""
    return pytest.mark.parametrize(
        ("lesson", "name"),
        [
            pytest.param(lesson, name, marks=pytest.mark.xdist_group(f"mutation-{lesson}"))
            for lesson, names in of.items()
            for name in names
        ],
    )


@each({lesson: list(mutations(lesson)) for lesson in SHOWN})
def test_a_changed_value_fails_the_lesson(lesson: str, name: str) -> None:
    why = failures(lesson)[name]
    assert "Notebook cell execution failed" in why, f"{name} changed and nothing noticed: {why}"


@each({lesson: [line for line, _ in lines] for lesson, lines in WITHOUT.items()})
def test_a_series_left_out_fails_the_lesson(lesson: str, name: str) -> None:
    assert "Notebook cell execution failed" in failures(lesson)[name]


@each({lesson: [UNCHANGED] for lesson in SHOWN})
def test_an_unchanged_copy_passes(lesson: str, name: str) -> None:
    assert failures(lesson)[name] == ""
