"""Which of a student's earlier cells a question needs, found from the names in the code.

A cell is needed where it makes, or changes in place, a name that is used later. Names of the
exercise's own cells and Python's are not taken from a student's: what one question did to them is
no affair of another's.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

PYTHONS = frozenset(dir(builtins))
# A line of IPython's own, which no parser of Python's reads.
SPECIAL = re.compile(r"^([^\S\n]*)(?:[%!?].*|[\w, ]+=\s*[%!].*|.*\?\??\s*)$", re.MULTILINE)
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
WORD = re.compile(r"[^\W\d]\w*")
SHOWING = {"print", "display"}


# Errors of code that misses something, and quote what.
LACKS = ("NameError", "KeyError", "AttributeError", "FileNotFoundError", "Undefined", "Unbound")


@dataclass
class Names:
    """What a cell `uses` and did not make itself before; what it `makes`, or changes in place; and
    what it makes anew.
    """

    uses: set[str] = field(default_factory=set)
    makes: set[str] = field(default_factory=set)
    anew: set[str] = field(default_factory=set)


@lru_cache(maxsize=512)
def names_in(source: str) -> Names:
    """Return the Names of a cell; where it cannot be read, every word in it counts as all."""
    try:
        body = ast.parse(SPECIAL.sub(r"\1pass", source)).body
    except UNREADABLE:
        words = set(WORD.findall(source))
        return Names(words, words, words)
    found = Names()
    for statement in body:
        one = _of_statement(statement)
        found.uses |= one.uses - found.anew
        found.makes |= one.makes
        found.anew |= one.anew
    return found


def _of_statement(statement: ast.stmt) -> Names:
    uses, makes, anew = set(), set(), set()
    for node in ast.walk(statement):
        match node:
            case ast.Name(name, ast.Load()):
                uses.add(name)
            case ast.Name(name) | ast.FunctionDef(name) | ast.AsyncFunctionDef(name):
                anew.add(name)
            case ast.ClassDef(name) | ast.MatchAs(name=str(name)):
                anew.add(name)
            case ast.alias(name, other):
                makes.add(other or name.split(".")[0])
            case ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store()):
                makes.add(_root(node))
            case ast.AugAssign(target):
                uses.add(_root(target))
            case ast.Expr(ast.Call() as call) if _root(call.func) not in SHOWING:
                makes |= {_root(call.func)} | {_root(each) for each in call.args}
            case ast.Constant(str(text)) if "@" in text:  # as in pandas' query
                uses |= set(re.findall(r"@([^\W\d]\w*)", text))
    return Names(uses - {""}, (makes | anew) - {""}, anew)


def _root(node: ast.expr) -> str:
    """Return the name that an expression like `a.b[1].c()` begins with, or ""."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def needed(
    own: Sequence[str], earlier: Sequence[str], given: Iterable[str], extra: Iterable[int] = ()
) -> list[int]:
    """Return which of the `earlier` cells the question's `own` need, in order, `extra` among them.

    `given` are the names of the exercise's own cells.
    """
    apart, extra, wanted = PYTHONS | set(given), set(extra), set()
    for source in reversed(own):
        wanted = (wanted - names_in(source).anew) | names_in(source).uses
    chosen = []
    for at in reversed(range(len(earlier))):
        found = names_in(earlier[at])
        if at in extra or (found.makes - apart) & wanted or "*" in found.makes:
            chosen.append(at)
            wanted |= found.uses
    return chosen[::-1]


def hinted(
    error: str, own: Sequence[str], earlier: Sequence[str], given: Iterable[str]
) -> set[int]:
    """Return which of the `earlier` cells may hold what an error misses.

    Those with a word that it quotes, such as a column or a file's name; and those that made anew a
    name of the exercise's, or of Python's, that the question uses.
    """
    quoted = re.findall(r"'([^']+)'", error[:2000].replace('"', "'"))
    words = set(quoted[-1:] if error.startswith("Attribute") else quoted)
    words = words if error.startswith(LACKS) else set()
    uses = set().union(*(names_in(source).uses for source in own)) & (PYTHONS | set(given))
    return {
        at for at, source in enumerate(earlier)
        if names_in(source).anew & uses
        or any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", source) for word in words)
    }  # fmt: skip
