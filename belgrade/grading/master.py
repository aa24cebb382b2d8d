"""The grader's exercise: a fresh copy of the answer key with the hidden checks in their places.

The references come from a run of the key, which is the instructor's own code and is trusted.
Students' copies are never read for it: changed parameters in a key change what is asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from belgrade import data
from belgrade.authoring import key as keys
from belgrade.authoring.build import build
from belgrade.authoring.execute import execute
from belgrade.checks.assemble import fresh_copy
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.spec import SpecError, exercise_of
from belgrade.grading import GradingError
from belgrade.grading.store import read_json, write_json

# Whose versions decide what an answer is.
LIBRARIES = ("pandas", "numpy", "matplotlib", "ipykernel", "ipython")


@dataclass(frozen=True)
class Master:
    """An exercise to grade against. `version` changes with the key, the data and the package.

    `checks` are all checks, the hidden ones too, each a dict with question, part, spec and
    reference; `hidden` the (question, part) of the hidden; `variant` the parameters cell of the
    rerun, or ""; `written` the prose questions; `odd` says which wrong answers are none here;
    `questions` dicts with question, title and points; `rubrics` texts in Markdown by question.
    """

    exercise: str
    file: str
    title: str
    version: str
    released: str
    notebook: dict[str, Any]
    checks: list[dict[str, Any]]
    hidden: list[list[str]]
    written: list[dict[str, Any]]
    questions: list[dict[str, Any]]
    rubrics: dict[str, str]
    variant: str = ""
    odd: list[str] = field(default_factory=list)

    @cached_property
    def fresh(self) -> nbformat.NotebookNode:
        """The fresh copy, with references stored in its check cells."""
        return fresh_copy(self.notebook, self.checks)

    @property
    def compiled(self) -> dict[str, Any]:
        """What `belgrade.checks.examine` needs to know of the exercise, as compiled."""
        parts = ("exercise", "file", "questions", "checks", "written")
        return {name: getattr(self, name) for name in parts}


def find_keys(folder: Path) -> dict[str, Path]:
    """Return the answer keys in `folder` by exercise; raise GradingError if there is none."""
    folder = Path(folder)
    found: dict[str, Path] = {}
    for path in sorted(folder.glob("*.ipynb")):
        try:
            # Not validated: that takes long, and is done for the keys that are used.
            key = nbformat.v4.reads(path.read_text(encoding="utf-8"))
            if not any(keys.tag_of(cell) == "spec" for cell in key.cells):
                continue
            number = exercise_of(keys.read_questions(key)[0].name)
        except (keys.BuildError, SpecError) as error:
            raise GradingError(f"{path.name} is no sound key: {error}") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise GradingError(f"{path} cannot be read ({type(error).__name__}).") from None
        if number in found:
            both = f"{found[number].name} and {path.name}"
            raise GradingError(f"Two keys are of exercise {number}, {both}: move one away.")
        found[number] = path
    if not found:
        raise GradingError(
            f"There is no answer key in {folder}: go to the module's folder, or name the folder of "
            "the keys with --keys."
        )
    return found


def master_of(
    key_path: Path,
    kept: Path | None = None,
    cwd: Path | None = None,
    execute: Callable[[Any, Path], None] = execute,
    version: int = 0,
) -> Master:
    """Return the Master of a key: as stored in the folder `kept` if nothing changed, else made.

    Making it runs the key, in the folder `cwd`, with `execute` (as in `build`). Raises GradingError
    where the key cannot be built. `version` counts the exercise's further versions, from 1.
    """
    key = nbformat.read(key_path, as_version=4)
    stamp = _stamp(key)
    number = exercise_of(keys.read_questions(key)[0].name)
    name = f"{number}.json" if not version else f"versions/{number}-{version}.json"
    stored = kept / name if kept else None
    if stored and (found := read_json(stored)) and found.get("version") == stamp:
        return Master(**found)
    odd: list[str] = []
    settings = keys.versions_of(key)[version - 1] if version else None
    try:
        built = build(key_path, cwd, execute, odd, settings)
    except keys.BuildError as error:
        raise GradingError(f"The answer key does not run: {error}") from None
    master = replace(from_built(built, stamp), odd=odd)
    if stored:
        write_json(stored, asdict(master))
    return master


def read_masters(kept: Path) -> dict[str, Master]:
    """Return the Masters stored in the folder `kept`, by exercise."""
    found = [read_json(path) for path in sorted(Path(kept).glob("*.json"))]
    return {one["exercise"]: Master(**one) for one in found if one}


def package_digest() -> str:
    """Return a digest of this package's code and of the libraries' versions."""
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode("utf-8"))
        digest.update(path.read_bytes())
    for name in LIBRARIES:
        try:
            digest.update(f"{name} {version(name)}".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()[:12]


def _stamp(key: nbformat.NotebookNode) -> str:
    cells = [[c.cell_type, c["id"], c.source, c.metadata.get("tags", [])] for c in key.cells]
    text = json.dumps([cells, data.digest(), package_digest()], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def from_built(built: Any, stamp: str) -> Master:
    """Return the Master of what `build` made of a key; `stamp` is its version."""
    questions = keys.read_questions(built.key)
    shown = [[e["question"], e["part"]] for e in built.compiled["checks"]]
    rubrics = {q.name: "\n\n".join(c.source for c in q.tagged("rubric")) for q in questions}
    heads = [c.source for c in built.key.cells if c.cell_type == "markdown" and not keys.tag_of(c)]
    head = next((t for t in heads if t.startswith("# ")), "# ")
    each = [[e["question"], e["part"]] for e in built.checks]
    master = Master(
        **{name: built.compiled[name] for name in ("exercise", "file", "written")},
        title=head.splitlines()[0].removeprefix("# ").strip(),
        version=stamp,
        released=built.compiled["version"],
        notebook=keys.student_copy(built.key, questions, hidden=True),
        checks=built.checks,
        hidden=[pair for pair in each if pair not in shown],
        questions=[
            {"question": q.name} | {n: q.spec[n] for n in ("title", "points")} for q in questions
        ],
        rubrics={name: text for name, text in rubrics.items() if text},
        variant=built.variant,
    )
    return Master(**json.loads(json.dumps(asdict(master))))
