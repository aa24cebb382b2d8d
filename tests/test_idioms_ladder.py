"""What exercises 00 to 04 ask for was explained and practised before: a table made from the code.

Run as a script it writes the table into docs/phrasebook.md anew.
"""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from guides import DOCS, notebook

from belgrade.checks import blanks

PAGE = DOCS / "phrasebook.md"
BEGIN, END = "<!-- ladder: begin -->", "<!-- ladder: end -->"
NUMBERS = ["00", "01", "02", "03", "04"]
# What a name before the dot may be that is no table, chart or column: the module's own parts, with
# functions that the lessons explain as they go, and packages.
PARTS = set("data explorers figures intervals journal keep pd polls report security".split())
# Names of matplotlib and pandas whose meaning is that of the name before them.
INNER = {"figure", "containers", "name"}

# An idiom of Python: how it is called, how the prose shows it.
CONSTRUCTS = {
    "filter": (r"==", "`[... == ...]`"),
    "two conditions": (r"&", "`&`"),
    "another value": (r"!=", "`!=`"),
    "columns": (r"\[\[", "`[[ ]]`"),
    "def": (r"\bdef\b", "`def`"),
    "return": (r"\breturn\b", "`return`"),
    "if": (r"\bif\b", "`if`"),
    "None": (r"\bNone\b", "`None`"),
    "is None": (r"\bis None\b", "`is None`"),
    "or": (r"\bor\b", "`or`"),
    "for": (r"\bfor\b", "`for`"),
    "in": (r"\bin\b", "`in`"),
    "power": (r"\*\*", "`**`"),
    "f-string": (r'f"', '`f"..."`'),
    "group by another table": (r"\bgroupby\b", "`groupby(other[...])`"),
    "loop in a loop": (r"\bappend\b", "`for` in a `for`"),
}


def constructs(node: ast.AST) -> set[str]:
    """Return the names of the constructs that a node of a syntax tree is."""
    found = {
        ast.FunctionDef: "def",
        ast.Return: "return",
        ast.If: "if",
        ast.For: "for",
        ast.JoinedStr: "f-string",
    }.get(type(node))
    names = {found} if found else set()
    if isinstance(node, ast.BinOp):
        names |= {"power"} if isinstance(node.op, ast.Pow) else set()
        names |= {"two conditions"} if isinstance(node.op, ast.BitAnd) else set()
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        names.add("or")
    if isinstance(node, ast.Constant) and node.value is None:
        names.add("None")
    if isinstance(node, ast.Compare):
        kind = type(node.ops[0])
        names |= {{ast.NotEq: "another value", ast.In: "in", ast.Is: "is None"}.get(kind, "")} - {
            ""
        }
        column = isinstance(node.left, ast.Subscript)
        names |= {"filter"} if kind is ast.Eq and column else set()
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.List):
        names.add("columns")
    if isinstance(node, ast.For) and any(isinstance(each, ast.For) for each in node.body):
        names.add("loop in a loop")
    piles = isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "groupby"
    if piles and node.args and isinstance(node.args[0], ast.Subscript):
        names.add("group by another table")
    return names


def idioms(code: str) -> set[str]:
    """Return the idioms in code: names after a dot, functions of Python's own, constructs."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        found |= constructs(node)
        if isinstance(node, ast.Attribute) and node.attr not in INNER:
            root = node
            while isinstance(root, ast.Attribute | ast.Call | ast.Subscript):
                root = root.func if isinstance(root, ast.Call) else root.value
            if getattr(root, "id", "") not in PARTS:
                found.add(node.attr)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("len", "min", "max"):
            found.add(node.func.id)
    return found


@cache
def explained() -> dict[str, tuple[str, str]]:
    """Return where the prose first shows each idiom as code: lesson, heading."""
    first: dict[str, tuple[str, str]] = {}
    asked = {idiom for _, found in questions() for idiom in found} | in_open_code().keys()
    for number in NUMBERS:
        heading = ""
        for cell in notebook("notebooks", number).cells:
            if cell.cell_type != "markdown":
                continue
            for part in re.split(r"^(?=#+ )", cell.source, flags=re.M):
                if part.startswith("#"):
                    heading = re.sub(r"^#+ (?:\d+\. )?", "", part.splitlines()[0])
                spans = " ".join(re.findall(r"`([^`]+)`", part))
                for idiom in asked - first.keys():
                    pattern = CONSTRUCTS.get(idiom, (rf"\b{idiom}\b", ""))[0]
                    if re.search(pattern, spans):
                        first[idiom] = number, heading
    return first


@cache
def practised() -> dict[str, str]:
    """Return the first line to fill in that has each idiom."""
    first: dict[str, str] = {}
    for question, step in blanks.steps().items():
        for idiom in idioms(step["code"]):
            first.setdefault(idiom, question)
    return first


@cache
def questions() -> list[tuple[str, set[str]]]:
    """Return each question of exercises 00 to 04 with the idioms of its solution.

    A choice is answered by a letter, however one comes to it.
    """
    found = []
    for number in NUMBERS:
        question = kind = ""
        for cell in notebook("exercises/keys", number).cells:
            if cell.cell_type == "raw" and "question = " in cell.source:
                question = re.search(r'question = "([\d.]+)"', cell.source)[1]
                kind = re.search(r'kind = "(\w+)"', cell.source)[1]
            if "answer" in cell.metadata.get("tags", []) and kind != "choice":
                own = re.findall(
                    r"^ *### BEGIN SOLUTION\n(.*?)^ *### END", cell.source, re.S | re.M
                )
                code = cell.source if cell.source.startswith("def ") else "\n".join(own)
                found.append((question, idioms(code)))
    return found


@cache
def in_open_code() -> dict[str, str]:
    """Return the first lesson whose open code has each idiom, but for set-up and blanks."""
    first: dict[str, str] = {}
    for number in NUMBERS:
        for cell in notebook("notebooks", number).cells:
            hidden = (
                cell.metadata.get("jupyter", {}).get("source_hidden") or "import" in cell.source
            )
            if cell.cell_type == "code" and not hidden and not blanks.BLANK.search(cell.source):
                for idiom in idioms(cell.source):
                    first.setdefault(idiom, number)
    return first


def asked() -> dict[str, str]:
    """Return the first question that asks for each idiom."""
    first: dict[str, str] = {}
    for question, found in questions():
        for idiom in found:
            first.setdefault(idiom, question)
    return first


def shown(idiom: str) -> str:
    return CONSTRUCTS[idiom][1] if idiom in CONSTRUCTS else f"`{idiom}`"


def table() -> str:
    """Return the table as Markdown, in the order in which exercises ask.

    Idioms that are explained, practised and asked together share a row.
    """
    rows = [
        "| you write | explained in | practised in line | asked in question |",
        "|---|---|---|---|",
    ]
    met = explained().keys() & practised().keys()  # another test tells of one that is not
    together: dict[tuple[str, str, str], list[str]] = {}
    for idiom, question in sorted(asked().items(), key=lambda each: (each[1], each[0])):
        if idiom in met:
            number, heading = explained()[idiom]
            where = f"lesson {number}, *{heading.rstrip('?')}*"
            together.setdefault((where, practised()[idiom], question), []).append(shown(idiom))
    rows += [f"| {', '.join(each)} | {' | '.join(met_in)} |" for met_in, each in together.items()]
    return "\n".join(rows).replace("`|`", r"`\|`")


def page() -> str:
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{table()}\n\n{END}{rest.split(END)[1]}"


# --- tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("idiom", sorted(asked()))
def test_nothing_is_asked_before_it_was_explained_and_practised(idiom: str) -> None:
    exercise = f"{asked()[idiom].split('.')[0]:0>2}"
    assert idiom in practised(), f"{asked()[idiom]} asks for {shown(idiom)}: no line practises it"
    assert practised()[idiom][:2] <= exercise
    assert idiom in explained(), f"{shown(idiom)} is explained in no lesson"
    assert explained()[idiom][0] <= practised()[idiom][:2]


@pytest.mark.parametrize("idiom", sorted(in_open_code()))
def test_what_stands_in_open_code_is_explained_in_that_lesson_or_before(idiom: str) -> None:
    assert idiom in explained(), f"{shown(idiom)} is explained in no lesson"
    assert explained()[idiom][0] <= in_open_code()[idiom]


def test_the_table_in_the_phrasebook_is_that_of_the_lessons() -> None:
    words = "python tests/test_idioms_ladder.py writes it"
    assert PAGE.read_text(encoding="utf-8") == page(), words


def test_idioms_are_found_in_code() -> None:
    code = 'a = t[(t["x"] == 1) & (t["y"] != 2)][["x", "y"]].merge(u)\nn = len(a) ** 2'
    wanted = {"filter", "two conditions", "another value", "columns", "merge", "len", "power"}
    assert idioms(code) == wanted
    code = (
        "def f(a):\n    if a is None or a in b:\n        return None\n    return w.groupby(t['x'])"
    )
    wanted = {"def", "if", "is None", "or", "in", "None", "return", "groupby"}
    assert idioms(code) == wanted | {"group by another table"}


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(table())
