"""How often `--alike` names a copy, and how often somebody else: made-up classes, known copies.

    python tests/bench/alike.py [SEEDS]

A student's answer is drawn from those of the exercise's test cases, with some names changed, and
often with a comment or a print more. One student has another's code with each of these names
renamed. Answers by lot from so few texts are more alike than real ones.
"""

from __future__ import annotations

import random
import re
import sys
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from grading_results import answered, result
from test_cases import cases_of

from belgrade.grading.alike import alike

RENAMED = {"russian": "rus", "given": "gifts", "now": "today", "by": "grouped", "sums": "totals"}
RENAMED |= {"ax": "axis", "count": "n"}
cases_of = cache(cases_of)
COMMENTS = ("my answer", "first filter", "todo: check", "step one", "I think this is right")
PRINTED = ("given", "x", "df.head()", "len(data)")


def student(number: str, rng: random.Random) -> dict[str, str]:
    codes = {}
    for name, cases in cases_of(number).items():
        codes[name] = rng.choice([code for code, *_ in cases if isinstance(code, str)])
        for old, new in RENAMED.items():
            if rng.random() < 0.3:
                codes[name] = re.sub(rf"\b{old}\b", new, codes[name])
        if rng.random() < 0.4:
            codes[name] += f"\nprint({rng.choice(PRINTED)})"
        if rng.random() < 0.3:
            codes[name] = f"# {rng.choice(COMMENTS)}\n{codes[name]}"
    return codes


def pairs_of(number: str, size: int, seed: int) -> set[tuple[str, str]]:
    rng = random.Random(f"{number} {size} {seed}")
    codes = [student(number, rng) for _ in range(size)]
    names = rf"\b({'|'.join([*RENAMED, *RENAMED.values()])})\b"
    codes[1] = {q: re.sub(names, r"\1_1", code) for q, code in codes[0].items()}
    results = [result(f"{n}", "", answered(one), exercise=number) for n, one in enumerate(codes)]
    return {(p.one["student"], p.other["student"]) for p in alike(results, {})[number]}


def main(seeds: int = 8) -> None:
    for size in (12, 40, 180):
        runs = [
            pairs_of(n, size, seed) for n in ("01", "02", "03", "05", "07") for seed in range(seeds)
        ]
        copies = sum(("0", "1") in pairs for pairs in runs)
        others = sum(len(pairs - {("0", "1")}) for pairs in runs)
        print(f"{size} students, {len(runs)} classes: {copies} copies named, {others} other pairs")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
