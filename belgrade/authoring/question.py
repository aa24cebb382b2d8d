"""A new question in an answer key, from the templates that docs/write-a-question.md shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from belgrade import UserError
from belgrade.authoring.clean import text_of
from belgrade.authoring.key import read_questions, tag_of
from belgrade.authoring.settings import read_settings
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.spec import exercise_of, keys_as_table
from belgrade.files import write_whole

if TYPE_CHECKING:
    from nbformat import NotebookNode

PAGE = Path("docs", "write-a-question.md")
# A template's blocks, in order: what comes with each of these languages.
TAGS = {
    "toml": ["spec"],
    "python": ["answer", "check", "hidden"],
    "markdown": ["", "written", "rubric"],
}
TYPES = {"toml": "raw", "python": "code", "markdown": "markdown"}
SECTION = r"^### {kind}\n(.*?)(?=^##+ (?!1\.6|BEGIN|END))"
BLOCK = re.compile(r"^```(\w+)\n(.*?)\n```$", re.M | re.S)
TABLE = re.compile(r"(?<=<!-- keys: begin -->\n).*?(?=<!-- keys: end -->)", re.S)


def add(root: Path, key_path: Path, kind: str) -> str:
    """Add a question of a kind to the key at `key_path` and return its id, such as "1.6".

    Raises UserError where the page of templates is missing or has none of this kind.
    """
    key = nbformat.read(key_path, as_version=4)
    questions = read_questions(key)
    number = int(exercise_of(questions[0].name))
    name = f"{number}.{1 + max(int(q.name.split('.')[1]) for q in questions)}"
    cells = template(root, kind, name, _setting(key))
    at = 1 + max(n for n, cell in enumerate(key.cells) if tag_of(cell))
    key.cells[at:at] = cells
    write_whole(key_path, text_of(key))
    return name


def template(root: Path, kind: str, name: str, setting: str) -> list[NotebookNode]:
    """Return the cells of a template, with the id and the setting given in place of its own."""
    try:
        page = (root / PAGE).read_text(encoding="utf-8")
    except OSError:
        raise UserError(f"The templates are in {PAGE}, which is not here.") from None
    section = re.search(SECTION.format(kind=re.escape(kind)), page, re.M | re.S)
    if not section:
        known = re.findall(r"^### (\w+)$", page, re.M)
        raise UserError(f"{PAGE} has no template for {kind!r}, but for {', '.join(known)}.")
    cells, tags_left = [], {language: list(tags) for language, tags in TAGS.items()}
    for language, text in BLOCK.findall(section[1]):
        tag = tags_left[language].pop(0)
        source = re.sub(r"\bPER\b", setting, text.replace("1.6", name))
        cell = getattr(nbformat.v4, f"new_{TYPES[language]}_cell")(source)
        cell.metadata.update({"tags": [tag]} if tag else {})
        cells.append(cell)
    return cells


def _setting(key: NotebookNode) -> str:
    """Return code for a number over 1 that changes with the key's settings, or "10".

    Times 1 a template's wrong answer would be the right one.
    """
    sources = [cell.source for cell in key.cells if tag_of(cell) == "parameters"]
    settings = read_settings(sources[0]) if sources else {}
    numbers = {n: each for n, each in settings.items() if isinstance(each.value, int | float)}
    over_1 = [name for name, each in numbers.items() if min((each.value, *each.allowed)) > 1]
    candidates = [*over_1, *(f"({name} + 1)" for name in numbers), *(f"len({n})" for n in settings)]
    return next(iter(candidates), "10")


def write_table(root: Path, check: bool = False) -> list[str]:
    """Write the table of all keys into the page; return its name if that changes it."""
    path = root / PAGE
    if not path.is_file():
        return []
    before = path.read_text(encoding="utf-8")
    after = TABLE.sub(lambda _: keys_as_table() + "\n", before)
    if before == after:
        return []
    if not check:
        write_whole(path, after)
    return [PAGE.as_posix()]
