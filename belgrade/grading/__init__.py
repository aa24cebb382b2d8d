"""Grading a class: collect, assemble, run in a sandbox, judge, and write tables and pages."""


class GradingError(Exception):
    """Grading cannot do what was asked; its text says why and what to do, in a line or two."""
