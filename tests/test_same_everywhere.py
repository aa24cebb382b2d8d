"""What is shown, stored and graded is the same on every machine.

Processors differ in how they order rows that tie, systems in the order of files, language and time
zone, and every run of Python in the order of sets. What the tests change: tests/elsewhere.py.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import math
import os
import pkgutil
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import elsewhere
import nbformat
import numpy
import pandas as pd
import pytest
from kept_kernel import keep_kernel
from nbformat.v4 import new_code_cell
from test_cases import cases_of, one_worker
from test_exercises import EXERCISES, KEYS, PACKED
from test_explorers import _small, each_explorer, made, singles

from belgrade import data, explorers
from belgrade import evidence as lessons
from belgrade.authoring import build as building
from belgrade.authoring import execute
from belgrade.authoring.execute import first_error
from belgrade.authoring.key import tag_of
from belgrade.checks.compiled import read_compiled
from belgrade.checks.judge import RIGHT, judge
from belgrade.checks.spec import parse_spec
from belgrade.explorers.explorer import NothingToShow

ROOT = EXERCISES.parent
__all__ = ["_small"]  # drawn with few pixels, as in test_explorers
UNSTABLE = {"sort_values", "sort_index", "argsort", "argpartition"}
PICTURES = 8  # of an explorer, from among all that its options make
IN_ANY_ORDER = {"glob", "rglob", "iterdir", "listdir", "scandir", "walk"}


# --- the code --------------------------------------------------------------------------------


def unstable(tree: ast.AST) -> Iterator[str]:
    """Yield the sorts that leave rows that tie in no certain order.

    Several columns are sorted by a stable method, whatever `kind` says.
    """
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in UNSTABLE:
            continue
        words = {word.arg: word.value for word in node.keywords}
        by = node.args[0] if node.args else words.get("by")
        kind = words.get("kind")
        if not (
            (isinstance(kind, ast.Constant) and kind.value == "stable")
            or (isinstance(by, ast.List) and len(by.elts) > 1 and called(node) == "sort_values")
        ):
            yield ast.unparse(node)


def called(node: ast.Call) -> str:
    return getattr(node.func, "attr", "")


def parsed(code: str) -> ast.AST | None:
    """Return the code of a cell or a case as a tree; None for what is no Python on purpose."""
    text = textwrap.dedent(code)
    lines = ("pass" if line.lstrip().startswith(("%", "!")) else line for line in text.splitlines())
    without = "\n".join(lines)
    for each in (text, without, "def answer():\n" + textwrap.indent(without, "    ")):
        try:
            return ast.parse(each)
        except SyntaxError:
            continue
    return None


def python_files() -> Iterator[tuple[str, str]]:
    for folder in (".", "belgrade", "tests"):
        pattern = "*.py" if folder == "." else "**/*.py"
        for path in sorted((ROOT / folder).glob(pattern)):
            if path.name != Path(__file__).name:  # which sorts in every way, to try the tests
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def cells() -> Iterator[tuple[str, str]]:
    """Yield the code of lessons, exercises and keys, and that of the wrong answers."""
    for folder in ("notebooks", "exercises", "exercises/keys"):
        for path in sorted((ROOT / folder).glob("*.ipynb")):
            for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
                where = f"{folder}/{path.name}, cell {number}"
                if cell.cell_type == "code":
                    yield where, cell.source
                elif tag_of(cell) == "spec":
                    for wrong in parse_spec(cell.source).get("wrong", []):
                        yield f"{where}, a wrong answer", wrong["code"]


def cases() -> Iterator[tuple[str, str]]:
    for key in KEYS:
        for question, of_it in cases_of(key.name[:2]).items():
            yield from ((f"a case of {question}", code) for code, _, _ in of_it)


@pytest.mark.parametrize("sources", [python_files, cells, cases])
def test_every_sort_is_stable_or_total(sources: Any) -> None:
    found = []
    for where, code in sources():
        tree = parsed(code)
        if tree is None:
            assert not any(name in code for name in UNSTABLE), f"{where} cannot be read: {code}"
            continue
        found += [f"{where}: {sort}" for sort in unstable(tree)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("t.sort_values('a')", 1),
        ("t.sort_values(by=['a'])", 1),
        ("t.sort_index()", 1),
        ("np.argsort(x, kind='quicksort')", 1),
        ("t.sort_values('a', kind='stable')", 0),
        ("t.sort_values(['a', 'b'])", 0),
        ("t['a'].sort_values(ascending=False).sort_index(kind='stable')", 1),
    ],
)
def test_the_test_of_sorts_tells_stable_from_unstable(code: str, count: int) -> None:
    assert len(list(unstable(ast.parse(code)))) == count


# Calls that take files in any order and give the same, and modules that do, with how many calls.
ORDERLESS = {"sorted", "any", "all", "set", "len", "sum", "min", "max"}
TAKEN_IN_ANY_ORDER = {
    "publishing/book/sources.py": (1, "sorted one line below"),
    "publishing/frames.py": (2, "each is removed by itself"),
    "publishing/lite.py": (3, "one file that there is once, or a dictionary by name"),
    "publishing/release.py": (3, "a dictionary by path, or text that is searched"),
    "publishing/site.py": (4, "each page is changed by itself"),
    "checks/notebook_file.py": (1, "a kernel has one server, wherever it is listed"),
    "checks/versions.py": (1, "one file that fits, or none is taken"),
    "grading/archive.py": (1, "sorted folder by folder"),
    "grading/grade.py": (2, "each is read or removed by itself"),
    "grading/write.py": (2, "each is removed by itself"),
    "keep.py": (3, "sorted one line below"),
}


def test_files_are_taken_in_order() -> None:
    """A folder lists its files in the order of the file system: nothing must hang on it."""
    found: Counter[str] = Counter()
    for path in sorted((ROOT / "belgrade").glob("**/*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        orderless = [node for node in ast.walk(tree) if isinstance(node, ast.SetComp)]
        orderless += [call for call in calls if getattr(call.func, "id", "") in ORDERLESS]
        ordered = {inner for node in orderless for inner in ast.walk(node)}
        for call in calls:
            of_files = called(call) in IN_ANY_ORDER and not ast.unparse(call).startswith("ast.")
            if of_files and call not in ordered:
                found[path.relative_to(ROOT / "belgrade").as_posix()] += 1
    known = {path: count for path, (count, _) in TAKEN_IN_ANY_ORDER.items()}
    assert found == known, "sort them, or say why their order does not matter"


# --- the order of rows -----------------------------------------------------------------------


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a data package whose tables have their rows in another order."""
    paths = [each["path"] for each in data.package()["resources"]]
    to = tmp_path_factory.mktemp("shuffled") / "data"
    return elsewhere.shuffled_tables(data.folder(), to, paths)


@pytest.fixture
def shuffled(tables: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Rows in another order, in files and where they tie."""
    monkeypatch.setenv("BELGRADE_DATA", str(tables))
    with elsewhere.reversed_ties():
        yield


def test_the_rows_are_shuffled_and_nothing_else(tables: Path, shuffled: None) -> None:
    frames = {each["name"]: data.load(each["name"]) for each in data.package()["resources"]}
    os.environ.pop("BELGRADE_DATA")
    for name, frame in frames.items():
        usual = data.load(name)
        assert len(frame) < 3 or not frame.equals(usual), name
        columns = list(usual.columns)
        both = [
            each.sort_values(columns, ignore_index=True, kind="stable") for each in (frame, usual)
        ]
        pd.testing.assert_frame_equal(*both)


def test_ties_are_turned_round_and_nothing_else() -> None:
    rows = pd.DataFrame({"a": [2, 1, 2, 1, numpy.nan], "b": list("vwxyz")})
    usual = rows.sort_values("a", kind="stable")["b"]
    with elsewhere.reversed_ties():
        assert list(rows.sort_values("a")["b"]) == list("ywxvz")
        assert list(rows.sort_values("a", ascending=False)["b"]) == list("xvywz")
        assert rows.sort_values("a", kind="stable")["b"].equals(usual)
        assert list(rows.sort_values(["a", "b"])["b"]) == list(usual)
        assert list(rows["a"].sort_values().index) == [3, 1, 2, 0, 4]
    assert list(rows.sort_values("a", kind="stable")["b"]) == list(usual)


@each_explorer
def test_an_explorer_says_and_draws_the_same_of_shuffled_rows(
    name: str, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = made(name)
    choices = singles(usual)
    drawn = choices[:: math.ceil(len(choices) / PICTURES)]
    shown = [usual.bundle(**choice) for choice in choices]
    monkeypatch.setenv("BELGRADE_DATA", str(tables))
    with elsewhere.reversed_ties():
        other = getattr(explorers, name)()
        assert other.controls == usual.controls
        for choice, wanted in zip(choices, shown, strict=True):
            if choice in drawn:
                assert other.bundle(**choice) == wanted, f"says or draws otherwise at {choice}"
            else:
                assert said(other, choice) == wanted["text/plain"], f"says otherwise at {choice}"


def said(explorer: Any, choice: dict[str, Any]) -> str:
    try:
        return explorer.view(explorer.data, **explorer.defaults | choice)[1]
    except NothingToShow as nothing:
        return str(nothing)


def evidence() -> dict[str, Any]:
    """Return the functions that make evidence of tables without being told anything."""
    found = {}
    modules = sorted(each.name for each in pkgutil.iter_modules(lessons.__path__, "evidence."))
    for name in ("takeaway", *modules):
        module = importlib.import_module(f"belgrade.{name}")
        for own, function in vars(module).items():
            mine = inspect.isfunction(function) and function.__module__ == module.__name__
            # What only hands tables on has their rows in the order of the tables.
            if not mine or own.startswith("_") or own.endswith("_tables"):
                continue
            about = inspect.signature(function)
            needs = any(each.default is each.empty for each in about.parameters.values())
            if not needs and about.return_annotation != "None":
                found[f"{name}.{own}"] = function
    return found


def plain(made: Any) -> Any:
    """Return what a function returned, as text that shows every value and the order of rows."""
    if isinstance(made, pd.DataFrame | pd.Series):
        return made.to_csv(float_format="%.9g")
    if isinstance(made, dict):
        return {key: plain(value) for key, value in made.items()}
    if hasattr(made, "__next__") or isinstance(made, list | tuple):
        return [plain(each) for each in made]
    if hasattr(made, "__dataclass_fields__"):
        return {key: plain(getattr(made, key)) for key in made.__dataclass_fields__}
    return repr(made)


def test_evidence_is_the_same_of_shuffled_rows(
    tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    functions = evidence()
    assert {"takeaway.evidence", "evidence.china.registers"} < set(functions)
    usual = {name: plain(function()) for name, function in functions.items()}
    monkeypatch.setenv("BELGRADE_DATA", str(tables))
    with elsewhere.reversed_ties():
        for name, function in functions.items():
            assert plain(function()) == usual[name], name


@pytest.mark.parametrize(
    "key", [pytest.param(path, id=path.stem, marks=one_worker(path.name[:2])) for path in KEYS]
)
def test_a_key_asks_the_same_of_shuffled_rows(
    key: Path, tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_kernel(monkeypatch)
    monkeypatch.setenv("BELGRADE_DATA", str(tables))
    first = (
        f"import sys; sys.path.append({str(Path(__file__).parent)!r})\n"
        "import pandas, elsewhere; undo = elsewhere.reverse_ties()"
    )

    def run(notebook: Any, cwd: Any) -> None:
        around = new_code_cell(first), new_code_cell("undo()")
        notebook.cells[:] = [around[0], *notebook.cells, around[1]]
        execute.execute(notebook, cwd)
        assert [first_error(cell) for cell in around] == [None, None]
        notebook.cells[:] = notebook.cells[1:-1]

    # In another order only where no order is asked for, which the judge knows. Building tries
    # every wrong answer by itself.
    made, stored = building.build(key, EXERCISES, run).compiled, read_compiled(key.name[:2], PACKED)
    for one, other in zip(made["checks"], stored["checks"], strict=True):
        verdict = judge(other["spec"] | {"wrong": []}, other["reference"], one["reference"])
        assert verdict.status == RIGHT, f"{one['question']}: {verdict.message}"
        for wrong, stored_wrong in zip(one["spec"]["wrong"], other["spec"]["wrong"], strict=True):
            verdict = judge(other["spec"], other["reference"], wrong["answer"])
            assert verdict.message == stored_wrong["message"], one["question"]


# --- processors, languages, time zones -------------------------------------------------------


@functools.cache
def features() -> list[str]:
    """Return the features of newer processors that this one has and numpy uses, oldest first."""
    from numpy._core import _multiarray_umath as core

    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]


def machines() -> dict[str, dict[str, str]]:
    """Return for each machine that this one can stand in for what it changes in the environment.

    The newest processor that this one can be is the one it is: the ordinary run.
    """
    old = {"TZ": "Pacific/Kiritimati", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1"}
    aged = {"TZ": "America/Adak", "LC_ALL": "C", "PYTHONHASHSEED": "2"}
    old["NPY_DISABLE_CPU_FEATURES"] = " ".join(features())
    aged["NPY_DISABLE_CPU_FEATURES"] = " ".join(features()[1:])
    aged["PYTHONPATH"] = str(elsewhere.SITECUSTOMIZE)
    return {"an old processor": old, "a middle-aged processor, other ties and files": aged}


@pytest.mark.parametrize(
    "machine", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in machines()]
)
def test_notebooks_and_exercises_are_the_same_on(machine: str, tmp_path: Path) -> None:
    env = os.environ | {"BELGRADE_WORK": str(tmp_path), **machines()[machine]}
    env["PYTHONPATH"] = os.pathsep.join([env.get("PYTHONPATH", ""), str(Path(__file__).parent)])
    env.pop("PYTEST_XDIST_WORKER", None)
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "one_kernel", "-p", "no:cacheprovider"]
    # A key is run once, by what builds it, and what it shows is compared there.
    asked += ["--nbval", "notebooks", "tests/test_exercises.py"]
    asked += ["-k", "ipynb or test_what_is_stored_is_what_build_makes", "--tb", "short"]
    done = subprocess.run(
        asked, cwd=ROOT, env=env, capture_output=True, encoding="utf-8", errors="replace"
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    passed = int(done.stdout.split(" passed")[0].split()[-1])
    count = sum(where.startswith("notebooks/") for where, _ in cells()) + len(KEYS)
    assert passed == count, done.stdout[-1000:]
