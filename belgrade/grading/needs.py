"""Which of a student's earlier cells a question needs, found from the names in the code.

A cell is needed where it makes, or changes in place, a name that is used later. Names of the
exercise's own cells and Python's are not taken from a student's: what one question did to them is
no affair of another's.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
from collections.abc import Iterable, Sequence, Set
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


_tree = lru_cache(maxsize=64)(ast.parse)


@lru_cache(maxsize=512)
def names_in(source: str) -> Names:
    """Return the Names of a cell; where it cannot be read, every word in it counts as all."""
    code = SPECIAL.sub(r"\1pass", source)
    try:
        body, inner = _tree(code).body, _inner(symtable.symtable(code, "", "exec"))
    except UNREADABLE:
        words = set(WORD.findall(source))
        return Names(words, words, words)
    found = Names()
    for statement in body:
        one = _of_statement(statement)
        found.uses |= one.uses - inner - found.anew
        found.makes |= one.makes - inner
        found.anew |= one.anew - inner
    return found


def _inner(cell: symtable.SymbolTable) -> set[str]:
    """Return the names that functions and comprehensions of a cell have for themselves alone."""
    inner: set[str] = set()
    outer, tables = set(cell.get_identifiers()), cell.get_children()
    for table in tables:
        tables += table.get_children()
        for name in table.get_symbols():
            (outer if name.is_global() else inner).add(name.get_name())
    return inner - outer


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


@dataclass(frozen=True)
class SetupNames:
    """The names that the exercise's own cells make; `values` are those that they do not import."""

    names: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, sources: Iterable[str]) -> SetupNames:
        """Return the names that these cells make."""
        found = [names_in(source) for source in sources]
        values = (each.anew for each in found)
        return cls(frozenset().union(*(each.makes for each in found)), frozenset().union(*values))


# What independent code imports; and what it does not name, for that reaches beyond its own names.
KNOWN = {"belgrade", "datetime", "itertools", "matplotlib", "numpy", "pandas"}
KNOWN |= {"collections", "math", "re", "statistics", "string"}
USUAL = {"pd": "pandas", "np": "numpy", "plt": "matplotlib.pyplot"}
REACHING = re.compile(
    "breakpoint|compile|delattr|eval|exec|exit|get_ipython|getattr|globals|help|input|locals|modules"
    "|open|option_context|os|quit|rc|rcParams|register_.+|seterr|set_option|setattr|style"
    "|switch_backend|sys|use|vars|__.*"
)
CHANGING = re.compile(
    "add|append|clear|discard|drop|eval|extend|fill|fillna|insert|pop|popitem|put|remove|rename"
    "|replace|reset_index|reverse|set_index|setdefault|sort|sort_index|sort_values|update"
)


# The attributes of a table of one's own that may be set.
OF_TABLES = {"columns", "index", "name", "names"}


def _renamed(value: ast.expr) -> set[str]:
    """Return of which names an assignment makes others: `a` of `b = a` and `b = a.c`."""
    texts = map(ast.unparse, value.elts if isinstance(value, ast.Tuple | ast.List) else [value])
    return {text.split(".")[0] for text in texts if re.fullmatch(r"[\w.]+", text)}


@lru_cache(maxsize=2048)
def is_independent(source: str, setup: SetupNames) -> bool:
    """Tell whether a cell leaves alone what other questions use.

    It names nothing that reaches beyond its own names, makes none of the exercise's or Python's
    anew, and changes none in place.
    """
    if SPECIAL.search(source):
        return False
    try:
        tree = _tree(source)
    except UNREADABLE:
        return True  # it will not run at all
    taken = setup.names | PYTHONS
    if names_in(source).anew & taken:
        return False
    # Modules and what is taken from them are everybody's, whoever imported them.
    shared = setup.names | KNOWN | {*USUAL}
    for node in ast.walk(tree):
        if isinstance(node, ast.alias):
            shared |= {node.asname or node.name.split(".")[0]}
    return not any(_reaches(node, taken, shared, setup.values) for node in ast.walk(tree))


def _reaches(node: ast.AST, taken: Set[str], shared: Set[str], values: Set[str]) -> bool:
    """Tell whether a part of the code may do something to what others use."""
    match node:
        case ast.Import(names=parts):
            return any(not _is_known(p.name, p.asname or p.name, taken) for p in parts)
        case ast.ImportFrom(module=str(module), level=0, names=parts):
            whole = [(f"{module}.{p.name}", p.asname or p.name) for p in parts]
            return any(not _is_known(name, bound, taken) for name, bound in whole)
        case ast.ImportFrom() | ast.Await() | ast.AsyncFor() | ast.AsyncWith() | ast.ClassDef():
            return True
        case ast.Name(name) | ast.Attribute(attr=name) | ast.FunctionDef(name) if (
            REACHING.fullmatch(name)
        ):
            return True
        case ast.Attribute(attr=name, ctx=ast.Store() | ast.Del()):
            # Of another name than these, whatever a module goes by.
            return name not in OF_TABLES or _root(node) in shared
        case ast.Attribute(attr="register"):  # with atexit, matplotlib
            return True
        case ast.Subscript(ctx=ast.Store() | ast.Del()):
            return _root(node) in shared
        case ast.Assign([ast.Name() | ast.Tuple(), *_], value) | ast.NamedExpr(value=value):
            return not shared.isdisjoint(_renamed(value))
        case ast.Call(ast.Attribute(ast.Name() | ast.Attribute(), name) as call):
            # What is called on a copy of it, as in `given[...].copy().pop()`, changes nothing.
            return bool(CHANGING.fullmatch(name)) and _root(call) in values
    return False


def _is_known(name: str, bound: str, taken: Set[str]) -> bool:
    """Tell whether an import is of a module that does no harm, under a name that harms nothing."""
    first, last = name.split(".")[0], name.rsplit(".", 1)[-1]
    usual = USUAL.get(bound) == name or (first == "belgrade" and last == bound)
    harmless = first in KNOWN and last != "*" and not REACHING.fullmatch(last)
    return harmless and (bound.split(".")[0] not in taken or usual)


def needed(
    own: Sequence[str], earlier: Sequence[str], setup: SetupNames, extra: Iterable[int] = ()
) -> list[int]:
    """Return which of the `earlier` cells the question's `own` need, in order, with `extra`."""
    apart, extra = PYTHONS | setup.names, set(extra)
    wanted: set[str] = set()
    for source in reversed(own):
        wanted = (wanted - names_in(source).anew) | names_in(source).uses
    chosen = []
    for at in reversed(range(len(earlier))):
        found = names_in(earlier[at])
        if at in extra or (found.makes - apart) & wanted or "*" in found.makes:
            chosen.append(at)
            wanted |= found.uses
    return chosen[::-1]


def hinted(error: str, own: Sequence[str], earlier: Sequence[str], setup: SetupNames) -> set[int]:
    """Return which of the `earlier` cells may hold what an error misses.

    Those with a word that it quotes, such as a column or a file's name; and those that made anew a
    name of the exercise's, or of Python's, that the question uses.
    """
    words = re.findall(r"'([^']+)'", error[:2000].replace('"', "'"))
    words = words[-1:] if error.startswith("Attribute") else words * error.startswith(LACKS)
    uses = set().union(*(names_in(source).uses for source in own)) & (PYTHONS | setup.names)
    quoted = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, words))})(?!\w)") if words else None
    return {
        at
        for at, source in enumerate(earlier)
        if names_in(source).anew & uses or (quoted and quoted.search(source))
    }
