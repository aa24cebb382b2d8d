"""The launch table: every address names a file that is there, on the host that was meant."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from belgrade.authoring import links

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("someone/module", "https://mybinder.org/v2/gh/someone/module/v1?"),
        ("git@github.com:someone/module.git", "https://mybinder.org/v2/gh/someone/module/v1?"),
        ("https://gitlab.com/a/b/module", "https://mybinder.org/v2/gl/a%2Fb%2Fmodule/v1?"),
        ("https://git.example.org/m", "https://mybinder.org/v2/git/https%3A%2F%2Fgit.example.org"),
    ],
)
def test_binder_knows_the_host(text: str, start: str) -> None:
    assert links.Home.of(text, "v1").binder("notebooks/00.ipynb").startswith(start)


@pytest.mark.parametrize("text", ["module", "http://x/y", "a/b/c", ""])
def test_what_is_no_repository_is_said(text: str) -> None:
    with pytest.raises(links.LinkError, match="neither OWNER/REPO nor an https address"):
        links.Home.of(text)


def test_every_link_opens_a_file_that_exists() -> None:
    table = links.table(ROOT, links.Home.of("someone/module"), "https://hub.example.org/")
    targets = [part.split(")")[0] for part in table.split("](")[1:]]
    lessons = list((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert len(targets) == 6 * len(lessons)
    for target in targets:
        path = target
        if target.startswith("https:"):
            query = parse_qs(urlsplit(target).query, strict_parsing=True)
            path = unquote(query["urlpath"][0]).removeprefix("lab/tree/").removeprefix("module/")
        assert (ROOT / path).is_file(), target


def test_without_a_home_no_link_pretends_to_launch() -> None:
    assert "mybinder" not in links.table(ROOT, None, "https://hub.example.org")


def test_the_readme_has_the_table_of_this_tree() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = links.table(ROOT, None).splitlines()[2:]
    for row in rows:
        cells = row.split(" | ")
        assert cells[0] in readme, "run `belgrade links`"
        assert cells[1] in readme, "run `belgrade links`"
