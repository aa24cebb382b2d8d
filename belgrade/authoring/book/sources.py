"""The folder that Sphinx reads: the module's own files, and pages made from the data package.

Files stand there under the paths that they have in the repository, so that links between them hold.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from belgrade.authoring import dictionary

# The parts of the book after its first page, in order: caption -> pages, as patterns of their paths
# without endings. A guide that no pattern names stands at the end, with those for maintainers.
PARTS = {
    "Lessons": ["notebooks/*"],
    "Exercises": ["exercises/*"],
    "For students": ["docs/student-guide", "docs/phrasebook", "docs/browser-only"],
    "For instructors": [
        "docs/instructor-guide",
        "docs/teaching-plans",
        "docs/integrity",
        "docs/walk-through",
        "docs/*-guide",
        "docs/grading*",
        "docs/large-classes",
        "docs/question-bank",
        "docs/binder",
        "docs/accessibility",
        "docs/adapting",
    ],
    "Data": ["data/README", "data/*", "docs/sources-and-limits"],
    "For maintainers": ["CONTRIBUTING", "docs/*", "*"],
}
COPIED = ["*.md", "docs/**/*", "notebooks/[0-9][0-9]_*.ipynb", "exercises/[0-9][0-9]_*.ipynb"]


def write(root: Path, folder: Path) -> list[str]:
    """Fill `folder` with the sources of the book of the module at `root`; return its pages."""
    for pattern in COPIED:
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                copy = folder / path.relative_to(root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
    for name, text in dictionary.pages(root).items():
        _write(folder / name, text)
    found = [path.relative_to(folder) for path in folder.rglob("*")]
    pages = sorted(
        path.with_suffix("").as_posix()
        for path in found
        if path.suffix in (".md", ".ipynb") and path.as_posix() != "README.md"
    )
    _write(folder / "index.md", first_page(pages))
    return pages


def first_page(pages: list[str]) -> str:
    """Return the first page: the README, and the contents of the book by its parts."""
    from fnmatch import fnmatch

    left = list(pages)
    text = ["```{include} README.md\n```", "```{toctree}\n:hidden:\n\nStart <self>\n```"]
    for caption, patterns in PARTS.items():
        part = []
        for pattern in patterns:
            found = [page for page in left if fnmatch(page, pattern)]
            part += found
            left = [page for page in left if page not in found]
        if part:
            text.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *part]))
            text[-1] += "\n```"
    return "\n\n".join(text) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
