"""Checks for the exercises: `check`, `hint` and `check_notebook`, for use in a notebook."""

from __future__ import annotations

from typing import Any

from belgrade.checks import blanks
from belgrade.checks.stale import watch

__all__ = ["check", "check_notebook", "hint"]

watch()
blanks.listen()


def check(question: object, answer: object, **options: Any) -> None:
    """Compare `answer` with what a question ("1.2") or a line to fill in ("01.a") asks for.

    Shows what to do next in one output and returns None; it never raises and never shows the
    answer.
    """
    from belgrade.checks import live

    live.check(question, answer, **options)


def hint(question: object) -> None:
    """Show the next hint to a question, one step further each time; returns None."""
    from belgrade.checks import live

    live.hint(question)


def check_notebook(exercise: object) -> None:
    """Run a fresh copy of the saved exercise ("01") with your answers, and show how each fares.

    Shows one table and returns None.
    """
    from belgrade.checks import live

    live.check_notebook(exercise)
