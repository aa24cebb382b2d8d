"""The launch table: every address names a file that students get, on the host that was meant."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import machine
import nbformat
import pytest

from belgrade import cli
from belgrade.publishing import links, release

ROOT = Path(__file__).resolve().parent.parent
HUB, SITE = "https://hub.example.org/", "https://uni.example.org/course/"


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("someone/module", "gh/someone/module/v1"),
        ("https://github.com/someone/module.git", "gh/someone/module/v1"),
        ("https://www.github.com/someone/module/", "gh/someone/module/v1"),
        ("git@github.com:someone/module.git", "gh/someone/module/v1"),
        ("https://gitlab.com/a/b/module", "gl/a%2Fb%2Fmodule/v1"),
        ("ssh://git@gitlab.com:22/a/module.git", "gl/a%2Fmodule/v1"),
        ("https://codeberg.org/a/m", "git/https%3A%2F%2Fcodeberg.org%2Fa%2Fm/v1"),
        ("git@bitbucket.org:a/m.git", "git/https%3A%2F%2Fbitbucket.org%2Fa%2Fm.git/v1"),
        ("https://git.example.org:8443/m", "git/https%3A%2F%2Fgit.example.org%3A8443%2Fm/v1"),
    ],
)
def test_binder_knows_the_host(text: str, start: str) -> None:
    address = links.Home.of(text, "v1").binder("notebooks/00.ipynb")
    assert address == f"https://mybinder.org/v2/{start}?urlpath=doc/tree/notebooks/00.ipynb"


@pytest.mark.parametrize("text", ["someone/module", "https://gitlab.com/a/m", "https://x.org/m"])
def test_a_branch_with_a_slash_stays_one_branch(text: str) -> None:
    path = urlsplit(links.Home.of(text, "term/autumn").binder("a.ipynb")).path
    ref = path.removeprefix("/v2/").split("/", 3 if path.startswith("/v2/gh/") else 2)[-1]
    assert unquote(ref) == "term/autumn"


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (
            "neither OWNER/REPO nor an https address",
            ["module", "http://x/y", "a/b/c", "", "/srv/git/module", "C:/m"],
        ),
        ("--ref BRANCH", ["https://github.com/a/m/tree/main"]),
        ("holds no folders", ["https://gist.github.com/a/0123"]),
    ],
)
def test_what_cannot_be_launched_is_said(words: str, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(links.LinkError, match=words):
            links.Home.of(text)


def test_a_password_in_a_remote_is_never_published() -> None:
    home = links.Home.of("https://me:secret@github.com/a/m.git")
    assert home.url == "https://github.com/a/m"


def test_with_an_image_binder_keeps_the_environment_and_fetches_the_lessons() -> None:
    home = links.Home.of("someone/module", "main", "v1.2")
    address = urlsplit(home.binder("notebooks/00.ipynb"))
    assert address.path == "/v2/gh/someone/module/v1.2"
    way, _, query = parse_qs(address.query)["urlpath"][0].partition("?")
    assert way == "git-pull"
    assert parse_qs(query) == {
        "repo": [home.url],
        "branch": ["main"],
        "urlpath": ["doc/tree/module/notebooks/00.ipynb"],
    }


def test_colab_reads_from_github_alone() -> None:
    path = "notebooks/00.ipynb"
    address = links.Home.of("someone/module", "term/autumn").colab(path)
    start = "https://colab.research.google.com/github/someone/module/blob/term/autumn"
    assert address == f"{start}/{path}"
    assert links.Home.of("https://gitlab.com/a/m").colab(path) is None


@pytest.mark.parametrize("address", ["hub.example.org", "https://hub example", "javascript:x"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(links.LinkError, match="no address of a site"):
        links.launch_links("a.ipynb", None, None, address)


def test_every_link_opens_a_file_that_students_get() -> None:
    home = links.Home.of("someone/module")
    table = links.table(ROOT, home, HUB, SITE)
    files = release.tree(ROOT, table)
    lessons = [name for name in files if re.fullmatch(r"notebooks/\d\d_.*", name)]
    badges = re.findall(r"\[!\[(lesson|exercise) (\d\d) on \w+\]\((.*?)\)\]\((.*?)\)", table)
    assert len(badges) == 8 * len(lessons)
    assert {picture for *_, picture, _ in badges} <= set(files)
    plain = re.findall(r"[| ]\[([^\]!]+)\]\((.*?)\)", table)
    assert len(plain) == 2 * len(lessons)
    for _, number, _, target in badges:
        parts = urlsplit(target)
        query = parse_qs(parts.query, strict_parsing=bool(parts.query))
        if parts.hostname == "mybinder.org":
            assert parts.path == "/v2/gh/someone/module/main"
            path = query["urlpath"][0].removeprefix("doc/tree/")
        elif parts.hostname == "hub.example.org":
            assert parts.path == "/hub/user-redirect/git-pull"
            assert (query["repo"], query["branch"]) == ([home.url], ["main"])
            path = query["urlpath"][0].removeprefix("doc/tree/module/")
        elif parts.hostname == "uni.example.org":
            assert parts.path == "/course/lite/lab/index.html"
            path = query["path"][0]
        else:
            assert parts.hostname == "colab.research.google.com"
            path = parts.path.removeprefix("/github/someone/module/blob/main/")
        assert path in files, target
        assert path.split("/")[1].startswith(number)
    for _, target in plain:
        assert target in files


def test_where_the_module_is_missing_the_readme_says_what_to_paste() -> None:
    told = links.table(ROOT, links.Home.of("someone/module", "v2"))
    assert "`%pip install git+https://github.com/someone/module@v2`" in told
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert included["data"] == "belgrade/_data", "what pip brings has the tables"


# Runs first cells where no module belgrade is, and prints what IPython says.
NOT_THERE = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
sys.modules["belgrade"] = None
shell = InteractiveShell.instance(colors="nocolor")
for source in json.load(sys.stdin):
    shell.run_cell(source)
    print("-- next --")
"""


def test_where_the_module_is_missing_the_first_cell_says_what_to_paste() -> None:
    home = links.Home.of("https://git.example.org/uni/module.git", "v2")
    paths = sorted([*ROOT.glob("notebooks/[0-9]*.ipynb"), *ROOT.glob("exercises/[0-9]*.ipynb")])
    firsts = []
    for path in paths:
        text = links.with_address(path.read_text(encoding="utf-8"), home)
        cells = nbformat.reads(text, as_version=4).cells
        firsts.append(next(cell.source for cell in cells if cell.cell_type == "code"))
    command = [sys.executable, "-c", NOT_THERE]
    printed = subprocess.check_output(command, input=json.dumps(firsts), encoding="utf-8")
    *told, _ = printed.split("-- next --")
    assert len(told) == len(paths) == 20
    for path, said in zip(paths, told, strict=True):
        assert "ModuleNotFoundError" in said, path
        assert "# No belgrade here? Run this in a new cell, without its #" in said, path
        assert f"# %pip install git+{home.url}@v2" in said, path


def test_the_address_in_first_cells_is_filled_and_emptied_with_the_table(tmp_path: Path) -> None:
    name = "00_start_here.ipynb"
    for folder in ("notebooks", "exercises"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes((ROOT / folder / name).read_bytes())
    (tmp_path / "README.md").write_text(f"{links.BEGIN}\n{links.END}\n", encoding="utf-8")
    before = (tmp_path / "exercises" / name).read_text(encoding="utf-8")
    assert links.rewrite(tmp_path, links.Home.of("someone/module"))
    for folder in ("notebooks", "exercises"):
        text = (tmp_path / folder / name).read_text(encoding="utf-8")
        assert text.count("# %pip install git+https://github.com/someone/module@main\\n") == 1
    assert not links.rewrite(tmp_path, links.Home.of("someone/module"))
    assert links.rewrite(tmp_path, None)
    assert (tmp_path / "exercises" / name).read_text(encoding="utf-8") == before


def test_run_py_finds_the_line_that_says_what_fills_the_table() -> None:
    start, colon, _ = links.NO_LINKS.partition(": ")
    assert f'"{start}{colon}"' in (ROOT / "run.py").read_text(encoding="utf-8")


def test_without_a_home_no_link_pretends_to_launch() -> None:
    assert "https:" not in links.table(ROOT, None, HUB)
    assert links.launch_links("notebooks/00.ipynb", None, HUB) == []
    assert "mybinder" not in links.table(ROOT, None, HUB, SITE)


def test_the_command_takes_the_home_from_the_remote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notebooks").mkdir()
    lesson = (ROOT / "notebooks" / "00_start_here.ipynb").read_bytes()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_bytes(lesson)
    readme = tmp_path / "README.md"
    b = "\n".join(links.BADGES)
    readme.write_text(f"# M\n{b}\n{links.BEGIN}\nold\n{links.END}\nend\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["links"]) == 0
    assert "no home is known" in capsys.readouterr().out
    assert links.NO_LINKS in readme.read_text(encoding="utf-8")
    assert "https:" not in readme.read_text(encoding="utf-8")

    machine.need("git")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "remote", "add", "origin", "git@gitlab.com:uni/m.git"], check=True)
    assert cli.main(["links", "--ref", "v2"]) == 0
    assert "now has the table for https://gitlab.com/uni/m at v2" in capsys.readouterr().out
    text = readme.read_text(encoding="utf-8")
    assert "https://mybinder.org/v2/gl/uni%2Fm/v2?" in text
    assert text.startswith("# M\n") and text.endswith("\nend\n") and "old" not in text
    assert links.home_of(tmp_path / "notebooks") is None  # a folder within a repository

    assert cli.main(["links", "a/m", "--hub", HUB, "--site", SITE]) == 0
    text = readme.read_text(encoding="utf-8")
    assert "mybinder.org/v2/gh/a/m/main" in text and HUB in text and SITE in text
    assert links.NO_LINKS not in text
    assert "https://github.com/a/m/actions/workflows/tests.yml/badge.svg" in text
    assert f"({SITE})" in text.partition(links.BADGES[1])[0]


def test_the_readme_has_the_table_of_this_tree() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for row in links.table(ROOT, None).splitlines()[2:]:
        for cell in row.strip("| ").split(" | "):
            assert cell in readme, "run `belgrade links`"
