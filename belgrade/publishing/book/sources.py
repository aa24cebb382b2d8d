"""The folder that Sphinx reads: the module's own files, and pages made from the data package.

Files stand there under the paths that they have in the repository, so that links between them hold.
"""

from __future__ import annotations

import shutil
from fnmatch import fnmatch
from pathlib import Path

from belgrade.files import write_whole
from belgrade.publishing import dictionary, links
from belgrade.publishing.animation import EXPLORER
from belgrade.publishing.book import notebooks

# The parts of the book after its first page, in order: caption -> pages, as patterns of their paths
# without endings. A guide that no pattern names stands at the end, with those for maintainers.
PARTS = {
    "Lessons": ["notebooks/*"],
    "Exercises": ["exercises/*"],
    "For students": ["docs/student-guide", "docs/phrasebook"],
    "For instructors": [
        "docs/teach",
        "docs/run",
        "docs/grading",
        "docs/marking-guide",
        "docs/write-a-question",
        "docs/accessibility",
    ],
    "Data": ["data/README", "data/*", "docs/sources-and-limits"],
    "For maintainers": ["CONTRIBUTING", "docs/design", "docs/decisions", "docs/*", "*"],
}
PICTURE = "<!-- picture: begin -->", "<!-- picture: end -->"
COPIED = ["*.md", "docs/**/*", "notebooks/[0-9][0-9]_*.ipynb", "exercises/[0-9][0-9]_*.ipynb"]


def write(
    root: Path,
    folder: Path,
    home: links.Home | None = None,
    hub: str | None = None,
    address: str | None = None,
) -> list[str]:
    """Fill `folder` with the sources of the book of the module at `root`; return its pages.

    With a `home` the launch table of the first page is filled, whatever the README's is; `address`
    is where the book will be.
    """
    for pattern in COPIED:
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                copy = folder / path.relative_to(root)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, copy)
    readme = folder / "README.md"
    if home and links.BEGIN in readme.read_text(encoding="utf-8"):
        links.rewrite(folder, home, hub, address)
    for name, text in dictionary.pages(root).items():
        write_whole(folder / name, text)
    paths = [path.relative_to(folder) for path in folder.rglob("*")]
    pages = sorted(
        path.with_suffix("").as_posix()
        for path in paths
        if path.suffix in (".md", ".ipynb") and path.as_posix() != "README.md"
    )
    write_whole(folder / "index.md", first_page(pages, _readme_explorer(folder)))
    return pages


def _readme_explorer(folder: Path) -> str:
    """Return the explorer that the README's picture shows, as HTML; "" where there is none."""
    for path in sorted(folder.glob("notebooks/*.ipynb")):
        text = path.read_text(encoding="utf-8")
        if EXPLORER in text:
            for cell in notebooks.read(text).cells:
                for output in cell.get("outputs", []):
                    html = output.get("data", {}).get("text/html", "")
                    if f'data-explorer="{EXPLORER}"' in html:
                        return html
    return ""


def first_page(pages: list[str], explorer: str = "") -> str:
    """Return the first page: the README, and the contents of the book by its parts.

    An `explorer` takes the place of the README's moving picture.
    """
    remaining, text = list(pages), ["```{include} README.md\n```"]
    if explorer:
        text = [
            f"```{{include}} README.md\n:end-before: {PICTURE[0]}\n```",
            f"```{{raw}} html\n{explorer}\n```",
            f"```{{include}} README.md\n:start-after: {PICTURE[1]}\n```",
        ]
    text.append("```{toctree}\n:hidden:\n\nStart <self>\n```")
    for caption, patterns in PARTS.items():
        names = []
        for pattern in patterns:
            matches = [page for page in remaining if fnmatch(page, pattern)]
            names += matches
            remaining = [page for page in remaining if page not in matches]
        if names:
            text.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names]))
            text[-1] += "\n```"
    return "\n\n".join(text) + "\n"
