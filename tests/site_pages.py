"""The reading site, built once for the tests that look at it."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from belgrade.authoring import site
from belgrade.authoring.links import Home

ROOT = Path(__file__).resolve().parent.parent
HOME = Home("https://github.com/owner/repo", "main")
HUB = "https://hub.example.edu"


@cache
def built() -> Path:
    """Return a folder with the site, made with a home, a hub and a page for JupyterLite."""
    folder = Path(tempfile.mkdtemp(prefix="belgrade-site-"))
    site.build(ROOT, folder, HOME, HUB, lite={"lab/index.html": b"<!DOCTYPE html><title>x</title>"})
    return folder


def remove() -> None:
    """Delete the folder, if there is one."""
    if built.cache_info().currsize:
        shutil.rmtree(built())


def pages() -> list[Path]:
    """Return the paths of all pages of the site, JupyterLite's apart."""
    return [path for path in sorted(built().rglob("*.html")) if "lite" not in path.parts]
