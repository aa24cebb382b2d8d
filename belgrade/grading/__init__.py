"""Grading a class: collect, assemble, run in a sandbox, judge, and write tables and pages."""

from belgrade import UserError


class GradingError(UserError):
    """Grading cannot do what was asked; its text says why and what to do, in a line or two."""
