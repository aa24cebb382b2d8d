"""Re-issue an exercise: other settings, chosen by a seed among those that it allows.

A set of settings is fit if the key runs with it, every wrong answer keeps its message, no answer is
that of the exercise as it stands, no table that is sorted has a tie in it that it did not have, and
every answer to try is judged as it should.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import belgrade.authoring.build as building
from belgrade.authoring import cases
from belgrade.authoring.clean import text_of
from belgrade.authoring.key import BuildError, tag_of, versions_of
from belgrade.authoring.settings import read_settings, rerun_settings, with_values
from belgrade.checks.compiled import decode, encode, read_compiled
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.judge import RIGHT, describe, judge
from belgrade.checks.judge.outcome import show
from belgrade.checks.live import chart_in_words
from belgrade.checks.rerun import AGAIN
from belgrade.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbformat import NotebookNode

    from belgrade.authoring.build import Built
    from belgrade.authoring.settings import Setting
    from belgrade.checks.capture import Captured
    from belgrade.checks.spec import Spec

TRIES = 12


def reissue(
    key_path: Path, seed: object, cwd: Path | None = None, say: Callable[[str], object] = print
) -> None:
    """Give a key fresh settings, and its rerun others; say what they are and what they give.

    Raises BuildError where none of TRIES sets is fit.
    """
    old = building.build(key_path, cwd)
    first = _cell(old.key, "parameters")
    rng = random.Random(f"{key_path.stem} {seed}")

    def draw() -> dict[str, dict[str, Any]]:
        new = {n: _draw_other(rng, s, {s.value}) for n, s in first.items()}
        rerun = {n: _draw_other(rng, s, {new[n], s.value}, {new[n]}) for n, s in first.items()}
        return {"parameters": new, "variant": rerun}

    sources, new = _fit(key_path, draw, [old], cwd, say)
    key = nbformat.read(key_path, as_version=4)
    for cell in key.cells:
        cell.source = sources.get(tag_of(cell), cell.source)
    _save(key, key_path)
    say(f"{key_path.name}: seed {seed} chose {_in_words(_cell(key, 'parameters'))}")
    _report_answers(new, old, say)


def add_versions(
    key_path: Path,
    count: int,
    seed: object,
    cwd: Path | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Give a key further versions, so that there are `count`, in place of those that it has.

    Without a seed those that it has stay, if they are as many. Any two versions differ in at least
    half of the questions that answer to the settings.
    """
    existing = versions_of(nbformat.read(key_path, as_version=4))
    if len(existing) + 1 == count and not seed:
        return
    old = building.build(key_path, cwd)
    first, variant = _cell(old.key, "parameters"), _cell(old.key, "variant")
    rng, built = random.Random(f"{key_path.stem} {seed}"), [old]
    key = nbformat.read(key_path, as_version=4)
    key.cells = [cell for cell in key.cells if tag_of(cell) != "version"]

    used = {name: [setting.value] for name, setting in first.items()}

    def draw() -> dict[str, dict[str, Any]]:
        # A value that no other version has, mostly, but not the same ones at each try.
        values = {
            name: min(
                setting.allowed or (setting.value,),
                key=lambda value: used[name].count(value) + 1.5 * rng.random(),
            )
            for name, setting in first.items()
        }
        return {"parameters": values, "variant": rerun_settings(variant, values, first)}

    for n in range(1, count):
        sources, new = _fit(key_path, draw, built, cwd, say, max_same=0.5)
        built.append(new)
        values = read_settings(sources["parameters"])
        for name, setting in values.items():
            used[name].append(setting.value)
        lines = [f"{name} = {setting.value!r}" for name, setting in values.items()]
        cell = nbformat.v4.new_raw_cell("\n".join(lines), metadata={"tags": ["version"]})
        key.cells.insert([tag_of(c) for c in key.cells].index("variant") + n, cell)
        say(f"version {letter(n)}: {_in_words(values)}")
        _report_answers(new, old, say)
    _save(key, key_path)


def write_versions(
    exercise: str, packed: Path, students: list[tuple[str, str]], out: Path | str
) -> dict[str, int]:
    """Write each version's notebook to a folder of its own in `out`, and who gets which.

    The versions are those in the folder `packed`; `students` are (id, name) pairs. Returns {letter
    of the version: number of its students}.
    """
    first = read_compiled(exercise, packed)
    versions = [first, *(read_compiled(exercise, packed, v) for v in first.get("further", []))]
    out = Path(out)
    for n, compiled in enumerate(versions):
        text = text_of(nbformat.from_dict(compiled["notebook"]))
        write_whole(out / letter(n) / compiled["file"], text)
    count = len(versions)
    assigned = [(*each, letter(drawn_version(exercise, each[0], count))) for each in students]
    with open(out / f"{exercise}_versions.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["student", "name", "version"], *assigned])
    return {letter(n): sum(v == letter(n) for *_, v in assigned) for n in range(count)}


def drawn_version(exercise: str, student: str, count: int) -> int:
    """Return which of `count` versions a student gets, from 0: the same today and next month."""
    digest = hashlib.sha256(f"{exercise} {student}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % count


def letter(version: int) -> str:
    """Return what a version is called: A is the exercise itself."""
    return chr(ord("A") + version)


def _cell(key: NotebookNode, tag: str) -> dict[str, Setting]:
    source = next((cell.source for cell in key.cells if tag_of(cell) == tag), None)
    if source is None:
        raise BuildError(f"the key has no cell tagged {tag}, so it has nothing to vary")
    return read_settings(source)


def _draw_other(rng: random.Random, setting: Setting, *excluded: set[Any]) -> Any:
    """Return a value that a setting may have and that is in none of the first sets that leave one.

    Where all leave none, its own.
    """
    for values in excluded:
        if remaining := [value for value in setting.allowed if value not in values]:
            return rng.choice(remaining)
    return setting.value


def _fit(
    key_path: Path,
    draw: Callable[[], dict[str, dict[str, Any]]],
    others: list[Built],
    cwd: Path | None,
    say: Callable[[str], object],
    max_same: float = 0.0,
) -> tuple[dict[str, str], Built]:
    """Return the sources of the first set of settings that is fit, and what it makes.

    Where an answer to try is judged otherwise in each of three sets, of those the best: how a slip
    is told can hang on how large a number is. `max_same` is which share of the answers may be that
    of one of the `others`.
    """
    cells = {tag_of(c): c.source for c in others[0].key.cells if tag_of(c)}
    reason = ""
    fits: list[tuple[int, int, dict[str, str], Built]] = []
    for _ in range(TRIES):
        sources = {tag: with_values(cells["parameters"], values) for tag, values in draw().items()}
        try:
            built = building.build(key_path, cwd, settings=sources)
        except BuildError as error:
            reason = str(error)
        else:
            reason = _why_unfit(built, others, max_same)
            if not reason:
                faults = cases.faults(key_path, decode(encode(built.compiled)))[1]
                fits.append((len(faults), len(fits), sources, built))
                if not faults or len(fits) == 3:
                    return min(fits)[2:]
                reason = faults[0]
        say(f"not fit: {reason}")
    if fits:
        return min(fits)[2:]
    raise BuildError(f"{key_path.name}: no set of {TRIES} is fit; try another seed. {reason}")


def _why_unfit(new: Built, others: list[Built], max_same: float) -> str:
    """Return why a set of settings is of little use beside others, or ""."""
    varying = {e["question"] for e in new.checks if e["part"] == AGAIN}
    entries = {e["question"]: e for e in new.compiled["checks"] if not e["part"]}
    for other in others:
        old = {e["question"]: e["reference"] for e in other.compiled["checks"] if not e["part"]}
        same = [
            q
            for q in sorted(varying)
            if judge(entries[q]["spec"] | {"wrong": []}, entries[q]["reference"], old[q]).status
            == RIGHT
        ]
        if len(same) > max_same * len(varying):
            return f"question {same[0]} has the same answer as before"
        for question, entry in entries.items():
            if _tied(entry["spec"], entry["reference"]) and not _tied(entry["spec"], old[question]):
                return f"question {question} has a tie"
    return ""


def _tied(spec: Spec, reference: Captured) -> bool:
    """Tell whether a table that is sorted by a column has a value twice in it."""
    by = spec.get("ordered")
    if spec["kind"] != "table" or by not in reference["columns"]:
        return False
    values = [row[reference["columns"].index(by)] for row in reference["rows"]]
    return len({json.dumps(value) for value in values}) < len(values)


def _in_words(settings: Mapping[str, Setting]) -> str:
    return ", ".join(f"{name} = {setting.value!r}" for name, setting in settings.items())


def _report_answers(new: Built, old: Built, say: Callable[[str], object]) -> None:
    past = {e["question"]: _answer(e["reference"]) for e in old.compiled["checks"] if not e["part"]}
    for entry in new.compiled["checks"]:
        answer = _answer(entry["reference"])
        if not entry["part"] and answer != past[entry["question"]]:
            say(f"  {entry['question']}: {answer} (was {past[entry['question']]})")


def _answer(reference: Captured) -> str:
    """Return a right answer in a few words: of tables the first row, of charts all series."""
    if reference["type"] == "table" and reference["rows"]:
        first = ", ".join(show(value) for value in reference["rows"][0])
        return f"{describe(reference)}, the first {first}"
    if reference["type"] == "list":
        return ", ".join(show(item.get("value")) for item in reference["items"])
    return chart_in_words(reference) or describe(reference)


def _save(key: NotebookNode, key_path: Path) -> None:
    write_whole(key_path, text_of(key))
