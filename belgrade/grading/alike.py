"""Submissions whose code is alike beyond what the task makes alike: where to look, not a verdict.

Answers are compared question by question, as letters: the share that one keeps of the other when it
is edited into it (the normalised indel similarity of RapidFuzz, 0 to 100). Lines that the exercise
gives count for nothing. What the task makes alike is measured by the class: how alike an answer is
to the nearest tenth of the others. What goes beyond that in one question says little: pairs are
named that are so in more questions at once than the class's other pairs let one expect by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from belgrade.grading.tables import GRADED, Result

SMALLEST_CLASS = 10  # below it nobody can say what is common
LARGEST_CLASS = 2_000  # the time grows with its square: 2,000 take minutes
SHORTEST = 60  # letters of an answer's own code; shorter ones have few solutions
NEAREST = 0.9  # quantile: an answer as near as this to a tenth of the class is a common one
LEAST_EXCESS = 0.5  # of the way from the class's likeness to identity
MOST_BY_CHANCE = 0.05  # pairs to expect that are alike in the same questions
MOST_PAIRS = 50


@dataclass(frozen=True)
class Pair:
    """Two results of one exercise; `shared` has (question, alike, common, code, other code).

    `alike` is from 0 to 100; `common` what the class makes of it.
    """

    one: Result
    other: Result
    shared: list[tuple[str, float, float, str, str]]


def alike(
    results: Iterable[Result], provided: Mapping[str, Iterable[str]]
) -> dict[str, list[Pair]]:
    """Return pairs that are worth a look, by exercise, the least to be expected first.

    `provided` has the source of the cells of each exercise as handed out. A class under ten or over
    two thousand has no pairs.
    """
    classes: dict[str, list[Result]] = {}
    for result in results:
        if result["state"] == GRADED:
            codes = {q["question"]: q.get("code") or "" for q in result["questions"]}
            one = {name: result[name] for name in ("student", "name", "file")} | {"codes": codes}
            classes.setdefault(result["exercise"], []).append(one)
    return {
        number: _pairs(
            found, {_plain(line) for cell in provided.get(number, ()) for line in cell.splitlines()}
        )
        for number, found in sorted(classes.items())
        if SMALLEST_CLASS <= len(found) <= LARGEST_CLASS
    }


def _pairs(found: list[Result], provided: set[str]) -> list[Pair]:
    import numpy as np
    from rapidfuzz import fuzz, process

    shared: dict[tuple[int, int], list[tuple[str, float, float, str, str]]] = {}
    chance: dict[tuple[int, int], float] = {}
    pairs = len(found) * (len(found) - 1) / 2
    for question in found[0]["codes"]:
        own = {n: _own(one["codes"].get(question, ""), provided) for n, one in enumerate(found)}
        own = {n: text for n, text in own.items() if len(text) >= SHORTEST}
        if len(own) < SMALLEST_CLASS:
            continue
        near = process.cdist(own.values(), own.values(), scorer=fuzz.ratio, workers=-1)
        np.fill_diagonal(near, np.nan)
        usual = np.nanquantile(near, NEAREST, axis=1)
        common = np.maximum(usual[:, None], usual)
        excess = np.nan_to_num((near - common) / np.maximum(100 - common, 1e-6))
        who, hits = list(own), np.argwhere(np.triu(excess >= LEAST_EXCESS))
        for a, b in hits:
            pair = who[a], who[b]
            codes = [found[n]["codes"][question] for n in pair]
            shared.setdefault(pair, []).append((question, near[a, b], common[a, b], *codes))
            chance[pair] = chance.get(pair, pairs) * len(hits) / pairs
    order = sorted(chance, key=lambda pair: (chance[pair], pair))
    return [
        Pair(found[a], found[b], shared[a, b])
        for a, b in order[:MOST_PAIRS]
        if chance[a, b] < MOST_BY_CHANCE
    ]


def _own(code: str, provided: set[str]) -> str:
    """Return the lines of an answer that the exercise did not give."""
    lines = map(_plain, code.splitlines())
    return "\n".join(line for line in lines if line and line not in provided)


def _plain(line: Any) -> str:
    return " ".join(str(line).split())
