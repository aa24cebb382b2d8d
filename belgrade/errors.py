"""Errors in a student's words: what happened, in which line, and what to do; Python's own folded.

In a notebook of the module that a Jupyter server has opened, IPython shows an error as one or two
sentences with the line, and the full traceback below them, to be unfolded. Nothing changes where
nobody reads over the shoulder: under nbval, in grading, in nbconvert, in a terminal, or in a
notebook outside of the module's folders. `BELGRADE_PLAIN_ERRORS=1` turns it off.
"""

from __future__ import annotations

import builtins
import difflib
import functools
import html
import os
import re
import sys
import tomllib
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

RUN_FIRST_CELL = (
    "Run the first cell again (Shift and Enter), then this one: after a restart Python has "
    "forgotten it."
)
OTHER_LANGUAGES = {"true": "True", "false": "False", "none": "None", "null": "None", "nan": "None"}


@dataclass(frozen=True)
class Explanation:
    """What happened, and what to do about it; the line of the student's code, if there is one."""

    happened: str
    todo: str
    line: int | None = None
    code: str = ""

    def __str__(self) -> str:
        where = f"Line {self.line}: {self.code}" if self.line else ""
        return "\n".join(filter(None, [self.happened, where, self.todo]))


# --- what errors mean ------------------------------------------------------------------------


@functools.cache
def error_table() -> dict[str, Any]:
    """Return what `errors.toml` holds."""
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def known_errors() -> list[dict[str, str]]:
    """Return what is said of each kind of error: error, pattern, happened, todo."""
    return error_table()["known"]


DOTS = ("The three dots are still there.", "Put your answer in their place, then run this cell.")
COLON = ("A colon is missing.", "End the line that begins with if, for, def or the like with : .")
BAD_QUERY = (
    "The condition in query(...) cannot be read.",
    "Inside it, compare with == and put text into other quotes: query(\"name == 'x'\").",
)
COUNT_BRACKETS = "Count the brackets in this line: each one needs its partner."
SEE_LINE = "Look at this line and the one above it."


def explain(
    error: BaseException, names: Mapping[str, Any], code: str = "", line: int | None = None
) -> Explanation:
    """Return an error in a student's words.

    `names` are those of the notebook, `code` is the line that it arose in, `line` its number.
    """
    if hasattr(error, "_render_traceback_"):  # it was written for students
        message = "\n".join(error._render_traceback_()).partition(": ")[2]
        return Explanation(message or str(error), "", line, code.strip())
    if isinstance(error, SyntaxError) and code == "":
        code, line = error.text or "", error.lineno
    kinds = [kind.__name__ for kind in type(error).__mro__]
    text = " ".join(str(error).split())
    special = _ellipsis_left(kinds, code) or _special(error, kinds, text, names, code)
    happened, todo = special or _known(error, kinds, text)
    return Explanation(happened, todo, line, code.strip()[:200])


def kind_of(error: BaseException) -> str:
    """Return the name of an error's class; of one that is private to Python, the class above."""
    return next(kind.__name__ for kind in type(error).__mro__ if kind.__name__[:1] != "_")


def _ellipsis_left(kinds: list[str], code: str) -> tuple[str, str] | None:
    """Return what to say where the line still holds three dots."""
    if "NameError" in kinds or not re.search(r"(?<![.\w])\.\.\.(?![.\w])", code):
        return None
    return DOTS if "SyntaxError" not in kinds else None


def _known(error: BaseException, kinds: list[str], text: str) -> tuple[str, str]:
    found = lookup(kinds, text, getattr(error, "filename", None))
    return found or (f"Python stopped with {kinds[0]}: {_short(text)}", SEE_LINE)


def lookup(kinds: list[str], text: str, file: str | None = None) -> tuple[str, str] | None:
    """Return what the table says of an error: what happened and what to do; or None.

    `kinds` are the names of its class and of those above it, `text` is its message.
    """
    for entry in known_errors():
        if not set(entry["error"].split("|")) & set(kinds):
            continue
        if hit := re.search(entry["pattern"], text):
            groups = [each or "" for each in hit.groups()]
            more = {"all": " ".join(filter(None, groups)) or _short(text), "file": file}
            happened, todo = (_fill_in(entry[part], groups, more) for part in ("happened", "todo"))
            return happened, todo
    return None


def _fill_in(text: str, groups: list[str], named: Mapping[str, Any]) -> str:
    """Put the parts of a message into our words; other braces stay."""
    for name, value in [*((str(n), each) for n, each in enumerate(groups)), *named.items()]:
        text = text.replace(f"{{{name}}}", str(value))
    return text


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:117]} ..."


def _special(
    error: BaseException, kinds: list[str], text: str, names: Mapping[str, Any], code: str
) -> tuple[str, str] | None:
    """Return what to say of errors whose remedy lies in the names that there are."""
    if "SyntaxError" in kinds:
        return _syntax(error, text, code)
    if "UnboundLocalError" in kinds:
        return None
    if "UndefinedVariableError" in kinds and (hit := re.search(r"name '(.+?)'", text)):
        return _undefined_in_query(hit[1], names, code)
    if "NameError" in kinds and (hit := re.search(r"name '(.+?)'", text)):
        return _unknown_name(hit[1], names, code)
    if "query(" in code and "without a target" in text:
        return BAD_QUERY
    if "KeyError" in kinds:
        return _unknown_key(error, text, names, code)
    if "AttributeError" in kinds:
        return _unknown_attribute(error, text, names, code)
    return None


# Spaces and marks that look like a space or like nothing.
INVISIBLE = re.compile("[\u00a0\u1680\u2000-\u200f\u202f\u205f\u2060\u3000\ufeff]")


def _syntax(error: Any, text: str, code: str) -> tuple[str, str] | None:
    if re.match(r"(<{7}|={7}|>{7})( |$)", code.strip()):
        todo = (
            "Keep one of the two versions and delete the lines with <<<<<<<, ======= and >>>>>>>."
        )
        return "A mark of a merge conflict stands here.", todo
    if error.filename == "<unknown>":  # a condition in query("...")
        return BAD_QUERY
    if re.search(r"[^=!<>]=\s*(#.*)?$", code) and "invalid syntax" in text:
        return "Nothing stands to the right of = .", "Write there what the name is to hold."
    if INVISIBLE.search(code) and "invalid decimal literal" in text:
        # Some versions of Python name the number before such a sign, others the sign.
        return lookup(["SyntaxError"], "invalid non-printable character")
    if "incomplete input" in text and (opened := _left_open(error.text or code)):
        return f"A bracket that was opened is never closed: {opened} .", COUNT_BRACKETS
    if re.search(r"^\s*(?:if|elif|else|for|while|def|with|try)\b.*[^:\s]\s*$", code) and (
        "invalid syntax" in text and code.count("(") == code.count(")")
    ):
        return COLON
    return None


def _left_open(code: str) -> str:
    """Return the last bracket of a line that has no partner, or ""."""
    stack: list[str] = []
    for character in re.sub(r"'[^']*'|\"[^\"]*\"", "", code):
        if character in "([{":
            stack.append(character)
        elif character in ")]}" and stack:
            stack.pop()
    return stack[-1] if stack else ""


def _unknown_name(name: str, names: Mapping[str, Any], code: str) -> tuple[str, str]:
    happened = f"Python does not know the name {name}."
    if name in error_table()["first_cell"]:
        return happened, RUN_FIRST_CELL
    if name.lower() in OTHER_LANGUAGES and name not in names:
        return happened, f"Python writes it {OTHER_LANGUAGES[name.lower()]}, without quotes."
    if table := _table_with_column(name, names):
        quoted = f'It is a column of {table}: write it in quotes, "{name}".'
        return happened, quoted
    if nearest := _nearest(name, [*_user_names(names), *dir(builtins)]):
        return happened, f"Did you mean {nearest}?"
    if re.search(r"\bcheck\(", code):
        return (
            f"{name} has no value yet, so there is nothing to check.",
            "Run the cell above that makes it. If it ended in an error, mend that first; if it "
            "gives its answer another name, change that.",
        )
    if not name.isascii():
        return happened, "It has letters that are not Latin: type it again, or put text in quotes."
    return happened, (
        "Run the cells above first (Run › Run All Above Selected Cell). If it is a text, put it in "
        f'quotes: "{name}".'
    )


def _undefined_in_query(name: str, names: Mapping[str, Any], code: str) -> tuple[str, str]:
    if nearest := _nearest(name, _columns(_tables(names, code))):
        return f"There is no column {name} here.", f"The nearest is {nearest}."
    return (
        f"{name} in this condition is neither a column nor a text in quotes.",
        f"Put text into other quotes than those outside: query(\"column == '{name}'\"). A name of "
        f"yours needs @: @{name}.",
    )


def _unknown_key(
    error: BaseException, text: str, names: Mapping[str, Any], code: str
) -> tuple[str, str]:
    key = error.args[0] if error.args else ""
    if isinstance(key, tuple) and all(isinstance(each, str) for each in key):
        listed = ", ".join(f'"{each}"' for each in key)
        return "Several columns need two pairs of square brackets.", f"Write table[[{listed}]]."
    asked = str(key)
    if hit := re.search(r"\[(?:Index\(\[)?((?:'[^']*'(?:, )?)+)", asked):
        asked = re.findall(r"'([^']*)'", hit[1])[0]
    tables = _tables(names, code)
    columns = list(dict.fromkeys(_columns(tables)))
    if keys := _dictionaries(names, code):
        nearest = _nearest(asked, [str(each) for each in keys])
        what = f"There is no {asked!r} in this dictionary."
        return what, f"The nearest is {nearest!r}." if nearest else f"It has: {_listed(keys)}."
    what = f"There is no column or row “{asked}” here."
    if isinstance(key, int) and not isinstance(key, bool):
        return (
            what,
            f"Take a row by its place with .iloc[{key}], and a column by its name in quotes.",
        )
    if ".loc" in code and (nearest := _nearest(asked, _labels(tables))):
        return what, f"The nearest row is “{nearest}”."
    if asked in columns:
        return what, "It names the rows, or only another table has it: look at the columns of each."
    if nearest := _nearest(asked, columns):
        return what, f"The nearest is “{nearest}”: mind spelling, capital letters and spaces."
    if columns:
        return what, f"Columns here: {_listed(columns)}."
    return what, "Look at the columns: table.columns. Mind spelling and capital letters."


def _unknown_attribute(
    error: Any, text: str, names: Mapping[str, Any], code: str
) -> tuple[str, str] | None:
    hit = re.search(r"has no attribute '(\w+)'", text)
    if not hit or "NoneType" in text or re.search("ellipsis", text, re.I):
        return None
    name = hit[1]
    owner: Any = getattr(error, "obj", None)
    kind = type(owner).__name__
    if kind in ("function", "method", "builtin_function_or_method"):
        todo = f"Call it with round brackets first, then the dot: {owner.__name__}().{name}"
        return f"A function was left without its round brackets before .{name}.", todo
    known = [each for each in dir(owner) if not each.startswith("_")] if owner is not None else []
    columns = _columns([owner]) if owner is not None else []
    what = f"There is no .{name} here."
    if nearest := _nearest(name, columns):
        return what, f'A column is taken with square brackets and quotes: ["{nearest}"].'
    if nearest := _nearest(name, known):
        return what, f"Did you mean .{nearest}?"
    if kind in ("str", "list", "int", "float", "dict", "tuple", "float64", "int64", "bool"):
        nouns = {"str": "a text", "list": "a list", "dict": "a dictionary", "tuple": "a tuple"}
        return f"{nouns.get(kind, 'A number').capitalize()} has no .{name}.", (
            "Look at what stands before the dot: type it alone in a cell and run it."
        )
    return what, "Look at what stands before the dot, and at the spelling after it."


# --- what there is to choose from ------------------------------------------------------------


def _user_names(names: Mapping[str, Any]) -> list[str]:
    hidden = {"In", "Out", "exit", "quit", "open"}
    return [each for each in names if not each.startswith("_") and each not in hidden]


def _nearest(name: str, candidates: Iterable[str]) -> str:
    """Return the known name that is nearest to `name`, or "" where none is near."""
    candidates = [str(each) for each in dict.fromkeys(candidates)]
    folded = {each.casefold().replace(" ", "_").strip("_"): each for each in reversed(candidates)}
    key = name.casefold().strip().replace(" ", "_").replace("-", "_")
    if key in folded:
        return folded[key]
    matches = difflib.get_close_matches(key, folded, n=1, cutoff=0.7)
    matches = matches or [each for each in folded if len(key) > 3 and key in each][:1]
    return folded[matches[0]] if matches else ""


def _is_table(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.DataFrame | pandas.Series)


def _identifiers(code: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"[^\W\d]\w*", code)))


def _tables(names: Mapping[str, Any], code: str) -> list[Any]:
    """Return the tables that a line names; all there are where it names none."""
    named = [names[word] for word in _identifiers(code) if word in names and _is_table(names[word])]
    return named or [names[word] for word in _user_names(names) if _is_table(names[word])]


def _columns(tables: Iterable[Any]) -> list[str]:
    found: list[str] = []
    for table in tables:
        if _is_table(table):
            found += [str(each) for each in getattr(table, "columns", [])]
            found += [str(each) for each in table.index.names if each]
            if not hasattr(table, "columns"):
                found += [str(each) for each in table.index[:50]]
    return found


def _labels(tables: Iterable[Any]) -> list[str]:
    return [str(each) for table in tables if _is_table(table) for each in table.index[:500]]


def _table_with_column(name: str, names: Mapping[str, Any]) -> str:
    own = [each for each in _user_names(names) if _is_table(names[each])]
    return next((each for each in own if name in getattr(names[each], "columns", [])), "")


def _dictionaries(names: Mapping[str, Any], code: str) -> list[Any]:
    found = [names[word] for word in _identifiers(code) if isinstance(names.get(word), dict)]
    return [key for each in found for key in each]


def _listed(items: Iterable[Any]) -> str:
    names = [str(each) for each in items]
    return ", ".join(names[:12]) + (" ..." if len(names) > 12 else "")


# --- in the notebook -------------------------------------------------------------------------


def mime_bundle(explanation: Explanation, full: str) -> dict[str, str]:
    """Return the MIME bundle of an explanation, with Python's own words folded below it."""
    parts = [f"<strong>! {html.escape(explanation.happened)}</strong>"]
    if explanation.line:
        place = f"Line {explanation.line}: <code>{html.escape(explanation.code)}</code>"
        parts.append(place)
    if explanation.todo:
        parts.append(html.escape(explanation.todo))
    page = "".join(f'<p style="margin:0.2em 0">{part}</p>' for part in parts)
    folded = (
        "<details><summary>What Python says</summary>"
        f'<pre style="overflow-x:auto;background:none;color:inherit">{html.escape(full)}</pre>'
        "</details>"
    )
    return {
        "text/html": '<div role="alert" data-error="" style="background:#fde7e2;color:#1a1a1a;'
        'border-left:5px solid #a8321a;padding:8px 12px;margin:4px 0;max-width:46em">'
        f"{page}{folded}</div>",
        "text/plain": f"! {explanation}\n\n{full}",
    }


def _own_line(error: BaseException, shell: Any, tb: TracebackType | None) -> tuple[int | None, str]:
    """Return number and text of the last line of the notebook's own that the error went through."""
    import linecache

    if isinstance(error, SyntaxError) and error.filename != "<unknown>":
        # Of what is found after reading, such as a return outside of a function, it has no text.
        text = error.text or linecache.getline(error.filename or "", error.lineno or 0)
        return error.lineno, text
    frames = [
        frame
        for frame in traceback.walk_tb(tb)
        if frame[0].f_globals is shell.user_ns or frame[0].f_globals is shell.user_global_ns
    ]
    if not frames:
        return None, ""
    frame, line = frames[-1]
    return line, linecache.getline(frame.f_code.co_filename, line)


def _traceback(error: BaseException, shell: Any, tb: TracebackType | None) -> str:
    """Return Python's own words, from the notebook's first line on."""
    start = tb
    while start is not None and start.tb_frame.f_globals is not shell.user_ns:
        start = start.tb_next
    return "".join(traceback.format_exception(type(error), error, start))


def show(shell: Any, kind: type, error: BaseException, trace: Any, tb_offset: Any = None) -> Any:
    """Show an error of a cell; IPython calls it in place of its own traceback."""
    from IPython.display import display

    full = _traceback(error, shell, trace)
    line, code = _own_line(error, shell, trace)
    display(mime_bundle(explain(error, shell.user_ns, code, line), full), raw=True)
    shell._last_traceback = full.splitlines()
    return shell._last_traceback


def attach(shell: Any) -> None:
    """Let `shell` show errors in a student's words from now on."""
    shell.set_custom_exc((Exception,), show)

    # What Python finds only when it compiles a line (return outside of a function) goes this way.
    def show_syntax_error(*_: Any, **__: Any) -> None:
        error = sys.exc_info()[1] or sys.last_value
        if error is not None:
            show(shell, type(error), error, error.__traceback__)

    shell.showsyntaxerror = show_syntax_error


def _in_module() -> bool:
    """Tell whether this kernel belongs to a notebook of the module that a server has opened."""
    cwd = Path.cwd()
    return any(
        (folder / "notebooks").is_dir() and (folder / "exercises").is_dir()
        for folder in (cwd, *cwd.parents)
    )


def install(shell: Any) -> bool:
    """Let `shell` show errors in a student's words if a student sits there; tell whether so."""
    is_off = os.environ.get("BELGRADE_PLAIN_ERRORS") or os.environ.get("BELGRADE_EXAM")
    if is_off or "JPY_SESSION_NAME" not in os.environ or not _in_module():
        return False
    attach(shell)
    return True


def load_ipython_extension(shell: Any) -> None:
    """Install at the start of a kernel: after a restart the first cell has not run yet."""
    install(shell)
