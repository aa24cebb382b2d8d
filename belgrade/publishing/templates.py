"""Jinja2's templates of what is handed out: the question bank, slides and handouts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def render(template: str, filters: dict[str, Callable[[str], str]], **values: Any) -> str:
    """Return a template by its path, FOLDER/FILE beside this module, with its values escaped."""
    from jinja2 import Environment, FileSystemLoader

    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters |= filters
    return jinja.get_template(template).render(**values) + "\n"
