"""Lines to fill in: `____` stands for what is missing, and `check("00.a", name)` judges the rest.

A cell with a blank in it is no Python yet. It does not run; instead it says that there is a blank.
What a filled cell should give is worked out by the line as `blanks.toml` has it, from the same
tables that the reader has in the notebook, so that a cell above that was changed does no harm.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade.checks.capture import capture
from belgrade.checks.record import publish, running_shell
from belgrade.checks.status import STATUS, box

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from belgrade.checks.capture import Captured
    from belgrade.checks.spec import Spec

BLANK = re.compile(r"(?<!\w)____(?!\w)")
COMMENT = re.compile(r"#.*")
IN_PLACE = "from belgrade.checks import blanks; blanks.say_blank({!r})\n"


@functools.cache
def steps() -> dict[str, Spec]:
    """Return the lines to fill in: id -> kind, names, code, and what a spec may have."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return {step["question"]: step for step in tomllib.loads(text)["step"]}


def blanks(lines: list[str]) -> list[str]:
    """Return a cell's lines, or those that say that it has a blank: a transformer for IPython."""
    count = sum(len(BLANK.findall(COMMENT.sub("", line))) for line in lines)
    return [IN_PLACE.format(count)] if count else lines


def listen() -> None:
    """Have cells with a blank say so instead of running, from now on."""
    shell = running_shell()
    if shell is not None and blanks not in shell.input_transformers_post:
        shell.input_transformers_post.append(blanks)


def say_blank(count: int) -> None:
    """Show that a cell has a blank, or several."""
    head = "Fill in the blank" if count == 1 else f"Fill in the {count} blanks"
    todo = "(____), then run this cell again."
    sign = STATUS["not_attempted"][0]
    page = box("not_attempted", f"<strong>{sign} {head}</strong> {todo}")
    publish({}, page, f"{sign} {head} {todo}")


def reference(step: Spec, names: Mapping[str, Any]) -> Captured:
    """Return what the filled line gives, captured, with the notebook's `names`.

    Tables are copied first: what a line changes in them is not changed twice. Raises whatever the
    line raises, a NameError where cells above have not run.
    """
    space = {name: _fresh(value) for name, value in names.items()}
    with _a_figure_of_its_own():
        exec(step["code"], space)
        return capture(space[step["name"]], step)


def _fresh(value: Any) -> Any:
    return value.copy() if type(value).__name__ in ("DataFrame", "Series") else value


@contextlib.contextmanager
def _a_figure_of_its_own() -> Iterator[None]:
    """Keep charts off the reader's figure, on which pandas would draw, and show none."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    had = set(pyplot.get_fignums()) if pyplot else set()
    if pyplot:
        pyplot.figure()
    try:
        yield
    finally:
        if pyplot:
            for number in set(pyplot.get_fignums()) - had:
                pyplot.close(number)
