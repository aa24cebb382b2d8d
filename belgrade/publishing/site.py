"""The command `belgrade site`: the book, and JupyterLite beside it, in a folder to be published.

Sphinx makes the book from the module's own files: lessons and exercises as they are stored, guides,
the data dictionary. Nothing is run, and no page asks for anything from elsewhere.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from belgrade import UserError
from belgrade.publishing import frames, lite
from belgrade.publishing.book import sources
from belgrade.publishing.links import Home

MARKER = ".belgrade-site.json"
EXPLORERS = "_static/explorers"
SETTINGS = Path(sources.__file__).parent
# An entry of the theme's script of icons: a name, a size and other names, a code, what to draw.
ICON = re.compile(r'"?([\w-]+)"?:\[\d+,\d+,\[([^\]]*)\],"\w+",(?:"[^"]*"|\[[^\]]*\])\],?')


class SiteError(UserError):
    """The site cannot be written; its text says why and what to do."""


# The parameters of both are the command's options.
def build(
    root: Path,
    out: Path,
    home: Home | None = None,
    hub: str | None = None,
    address: str | None = None,
    lite_from: Path | bool = False,
    still: bool = False,
    progress: Callable[[str, int, int], None] = lambda label, done, total: None,
) -> list[str]:
    """Write the site of the module at `root` to the folder `out`; return the names of its files.

    With a `home` its pages link to Binder, with a `hub` besides to nbgitpuller; the launch table
    names JupyterLite where the site's `address` is known. `lite_from` adds a
    JupyterLite site in the folder `lite/`, made from a file with npm's package of Pyodide or, with
    True, from what npm brings. Explorers answer to the reader, unless `still`; of their pictures
    only those that have changed are drawn. An earlier site in `out` is replaced. Raises SiteError
    where `out` holds anything else, before anything is written; LiteError where something cannot be
    had, FramesError where an explorer cannot be drawn.
    """
    root, out = Path(root).resolve(), Path(out).resolve()
    earlier = _earlier_files(root, out)
    if not any((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        raise SiteError(f"There is no lesson in {root / 'notebooks'}.")
    with tempfile.TemporaryDirectory(prefix="belgrade-site-") as work:
        built = Path(work) / "site"
        book(root, built, Path(work), home, hub, address, bool(lite_from), not still, progress)
        if not still:
            drawn = built / EXPLORERS
            if (out / EXPLORERS).is_dir():
                shutil.copytree(out / EXPLORERS, drawn)
            frames.draw(drawn, explorers_in(built), progress)
        if lite_from:
            archive = None if lite_from is True else lite_from
            if remote := lite.write(root, built / "lite", archive, progress):
                note = f"readers' browsers will ask {lite.PYODIDE_CDN_URL} for {', '.join(remote)}."
                print(f"Pyodide's server cannot be reached: {note}", file=sys.stderr)
        files = {each.relative_to(built).as_posix() for each in built.rglob("*") if each.is_file()}
        # The marker first: whatever happens next, the next run may clear what this one wrote.
        _write_marker(out, earlier | files)
        for name in earlier - files:
            _remove(out, name)
        shutil.copytree(built, out, dirs_exist_ok=True)
    _write_marker(out, files)
    return sorted(files)


# As for `build`.
def book(
    root: Path,
    built: Path,
    work: Path,
    home: Home | None = None,
    hub: str | None = None,
    address: str | None = None,
    lite: bool = False,
    live: bool = False,
    progress: Callable[[str, int, int], None] = lambda label, done, total: None,
) -> None:
    """Let Sphinx make the book of the module at `root` in the folder `built`.

    With `live` its pages have the script that makes explorers answer; their pictures are apart.
    `work` is a folder for what it needs on the way. What Sphinx warns of goes to standard error.
    """
    from sphinx.application import Sphinx
    from sphinx.util.console import nocolor
    from sphinx.util.docutils import docutils_namespace

    nocolor()

    source = work / "source"
    pages = sources.write(root, source, home, hub, address)
    progress("the book", 0, len(pages))
    settings = {
        "belgrade_root": str(root),
        "belgrade_home": home,
        "belgrade_hub": hub,
        "belgrade_lite": lite,
        "belgrade_live": live,
    }
    with docutils_namespace():
        app = Sphinx(
            source,
            SETTINGS,
            built,
            work / "doctrees",
            "html",
            settings,
            status=None,
            warning=sys.stderr,
            freshenv=True,
        )
        app.build()
    # What is for builders, not for readers.
    for path in (built / ".buildinfo", *built.glob("_static/*webpack-macros.html")):
        path.unlink(missing_ok=True)
    _strip_icons(built)
    progress("the book", len(pages), len(pages))


def _strip_icons(built: Path) -> None:
    """Keep of the theme's icons, 1.5 MB that each reader would fetch, those that the book has."""
    icons = built / "_static" / "scripts" / "fontawesome.js"
    others = [*built.rglob("*.html"), *built.glob("_static/**/*.js")]
    text = "".join(path.read_text(encoding="utf-8") for path in others if path != icons)
    used = set(re.findall(r"\bfa-([a-z0-9-]+)", text))

    def if_used(icon: re.Match[str]) -> str:
        return icon[0] if used & {icon[1], *re.findall(r'"([\w-]+)"', icon[2])} else ""

    icons.write_text(ICON.sub(if_used, icons.read_text(encoding="utf-8")), encoding="utf-8")


def explorers_in(built: Path) -> list[str]:
    """Return the names of the explorers on the pages of the book in the folder `built`."""
    pages = (path.read_text(encoding="utf-8") for path in built.rglob("*.html"))
    return sorted({name for page in pages for name in re.findall(r'data-explorer="(\w+)"', page)})


def _write_marker(out: Path, files: set[str]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    listed = json.dumps({"files": sorted(files)}, indent=0)
    (out / MARKER).write_text(listed + "\n", encoding="utf-8")


def _earlier_files(root: Path, out: Path) -> set[str]:
    """Return the names of the files that an earlier run wrote into `out`."""
    if out == root or out in root.parents:
        raise SiteError(f"{out} holds the module itself: name another folder for the site.")
    if not out.exists():
        return set()
    if not out.is_dir():
        raise SiteError(f"{out} is a file: name a folder for the site.")
    marker = out / MARKER
    if not marker.is_file():
        if any(each.name != ".git" for each in out.iterdir()):
            raise SiteError(f"{out} is neither empty nor made by `belgrade site`: name another.")
        return set()
    try:
        names = json.loads(marker.read_text(encoding="utf-8"))["files"]
        if not isinstance(names, list) or any(
            not (out / name).resolve().is_relative_to(out) for name in names
        ):
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise SiteError(f"{marker} is damaged: empty the folder, or name another.") from None
    return set(names)


def _remove(out: Path, name: str) -> None:
    """Delete a file of an earlier run, and the folders that it leaves empty."""
    path = out / name
    path.unlink(missing_ok=True)
    for folder in path.parents:
        if folder == out or not folder.is_dir() or any(folder.iterdir()):
            return
        folder.rmdir()
