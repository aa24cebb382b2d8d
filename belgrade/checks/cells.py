"""What a cell says: its part in the exercise, its code, and the names that the code sets."""

from __future__ import annotations

import ast
import functools
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from nbformat import NotebookNode

# What reading somebody's code as Python may end with: the last two where it is nested too deeply.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
# Within a line: a class of spaces that crosses lines makes ten thousand empty ones take minutes.
MARKER = re.compile(
    r"^([^\S\n]*)#(?:#|[^\S\n])*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)[^\S\n]*$", re.MULTILINE
)
# How a line begins that sets a name, in code that cannot be read as a whole.
BEGINS = re.compile(r"^(?:def +)?([A-Za-z_]\w*+)[^\S\n]*+(?:=(?!=)|\()", re.MULTILINE)
# What code has and prose has not.
CODE = re.compile(r"\w\(|\w\[|^[^\S\n]*+(?:import|from|def|for) |(?<![=<>!])=(?!=)", re.MULTILINE)
# A line for IPython and not for Python: %matplotlib inline, !pip install, %%time.
MAGIC = re.compile(r"^([^\S\n]*)[%!][^\n]*$", re.MULTILINE)
# How the module is installed, in the first cell: `belgrade links` fills in the address.
INSTALL = re.compile(r"%pip install git\+[^\s\"\\]+")
# Code in a text cell, as whoever made a text cell of it shows it.
FENCED = re.compile(r"\s*```\w*\n(.*?)\n?```\s*", re.DOTALL)
# What names in it are its own.
OWN_SCOPE = (
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


def role(cell: Mapping[str, Any]) -> str:
    """Return a cell's role in the exercise: answer, check, hidden, written, setup, … or ""."""
    return about(cell).get("role", "")


def about(cell: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cell's `metadata.belgrade`, or an empty dict where it is missing or damaged."""
    found = cell.get("metadata", {}).get("belgrade", {})
    return found if isinstance(found, dict) else {}


def copied(cell: NotebookNode) -> NotebookNode:
    """Return a copy of a cell, whose own metadata can be changed; what lies deeper is shared."""
    new = type(cell)(cell)
    new["metadata"] = type(cell)(cell["metadata"])
    if own := about(cell):
        new["metadata"]["belgrade"] = type(cell)(own)
    return new


def source_of(cell: Mapping[str, Any]) -> str:
    """Return a cell's text as one string that can be written as UTF-8."""
    text = cell.get("source", "")
    text = "".join(map(str, text)) if isinstance(text, list) else str(text)
    if cell.get("cell_type") == "markdown" and (block := FENCED.fullmatch(text)):
        text = block[1]
    return text.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be sent on


def parsed(source: str) -> list[ast.stmt] | None:
    """Return the statements of code, its lines for IPython left out, or None if it is no Python."""
    try:
        return ast.parse(MAGIC.sub(r"\1pass", source)).body
    except UNREADABLE:
        return None


@functools.lru_cache(maxsize=512)  # most of a submission's cells are those of all others
def assigned(source: str) -> frozenset[str]:
    """Return the names that code assigns at its top level; a line with an error is left out."""
    body = parsed(source)
    if body is None:
        return frozenset(BEGINS.findall(source))
    return frozenset().union(*map(_set_by, body))


def _set_by(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).partition(".")[0] for a in node.names}
    names, todo = set(), [node]
    while todo:
        one = todo.pop()
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            names.add(one.id)
        if not isinstance(one, OWN_SCOPE):
            todo += ast.iter_child_nodes(one)
    return names


def same_code(source: str, other: str) -> bool:
    """Tell whether code does nothing else than other code."""
    return source == other or _bare(source) == _bare(other)


@functools.lru_cache(maxsize=512)
def _bare(source: str) -> str:
    """Return code without comments, spacing and calls of `hint`, which ask and change nothing."""
    try:
        lines = [(node, ast.unparse(node)) for node in ast.parse(source).body]
    except UNREADABLE:
        return source.strip()
    return "\n".join(
        line
        for node, line in lines
        if not (isinstance(node, ast.Expr) and line.startswith("hint("))
    )


@functools.lru_cache(maxsize=512)
def is_python(source: str) -> bool:
    """Tell whether a text is Python, not counting lines for IPython, and says something."""
    return bool(parsed(source))


def is_prose(source: str) -> bool:
    """Tell whether a text is words and not code: no Python, and without what code is full of."""
    if len(source.split()) < 4 or parsed(source) is not None:
        return False
    return not CODE.search(source)


def segments(source: str, wanted: Mapping[str, AbstractSet[str]]) -> dict[str, str]:
    """Return the code of a cell shared out to several questions, {question: code}, in its order.

    `wanted` is {question: names that it sets}. A question's part goes up to the last statement
    about its names before the next question's are set; what stands before a part belongs to it.
    """
    body = parsed(source) or []
    first = {}
    for n, node in enumerate(body):
        for question, names in wanted.items():
            if question not in first and _set_by(node) & names:
                first[question] = n
    order = sorted(first, key=lambda question: first[question])
    lines, parts, begin = source.splitlines(), {}, 0
    for question, following in zip(order, [*order[1:], None], strict=True):
        begin, end = min(begin, first[question]), len(body) - 1
        if following is not None:
            end = max(
                n
                for n in range(first[question], max(first[following], first[question] + 1))
                if _mentions(body[n], wanted[question])
            )
        from_line = 0 if begin == 0 else body[begin - 1].end_lineno or 0
        to_line = body[end].end_lineno if following is not None else len(lines)
        # Two statements in one line: both parts have it.
        from_line = min(from_line, body[begin].lineno - 1)
        parts[question] = "\n".join(lines[from_line:to_line])
        begin = end + 1
    return parts


def _mentions(node: ast.AST, names: AbstractSet[str]) -> bool:
    return bool(_set_by(node) & names) or any(
        isinstance(n, ast.Name) and n.id in names for n in ast.walk(node)
    )
