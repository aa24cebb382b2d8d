"""The launch table of the README: a row a lesson, with links that open it without installing.

Binder's addresses: https://mybinder.readthedocs.io; nbgitpuller's: https://nbgitpuller.readthedocs.io;
JupyterLite's: https://jupyterlite.readthedocs.io.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlencode

import nbformat

BEGIN, END = "<!-- launch table: begin -->", "<!-- launch table: end -->"
HOSTS = {"github.com": "gh", "gitlab.com": "gl"}


class LinkError(ValueError):
    """The links cannot be made; its text says what is missing."""


@dataclass(frozen=True)
class Home:
    """Where the repository lives: its address, and the branch, tag or commit to launch."""

    url: str
    ref: str = "main"

    @classmethod
    def of(cls, text: str, ref: str = "main") -> Home:
        """Return the home named by OWNER/REPO (on GitHub) or by the address of any git host.

        A name and password in the address are left out. Raises `LinkError` for anything else.
        """
        text = text.strip().removesuffix("/")
        if re.fullmatch(r"[\w.-]+/[\w.-]+", text):
            text = f"https://github.com/{text}"
        # As git writes remotes: git@host:path and ssh://git@host:22/path; and https, with a port.
        shapes = (
            r"(?:\w[\w.-]*@)([\w.-]+):([^/].*)",
            r"ssh://(?:[^@/]+@)?([\w.-]+)(?::\d+)?/(.+)",
            r"https://(?:[^@/]+@)?([\w.-]+(?::\d+)?)/(.+)",
        )
        found = next(filter(None, (re.fullmatch(shape, text) for shape in shapes)), None)
        if not found:
            raise LinkError(f"{text!r} is neither OWNER/REPO nor an https address of a repository.")
        host, path = found[1].lower().removeprefix("www."), found[2]
        if host.endswith("gist.github.com"):
            raise LinkError("A gist holds no folders: put the module into a repository.")
        if host in HOSTS:  # elsewhere the ending may be part of the address
            path = path.removesuffix(".git")
        if host == "github.com" and path.count("/") != 1:
            raise LinkError(f"{text!r} is a page within GitHub: give OWNER/REPO, and --ref BRANCH.")
        return cls(f"https://{host}/{path}", ref)

    @property
    def name(self) -> str:
        """The repository's own name, under which nbgitpuller puts it."""
        return self.url.rsplit("/", 1)[1].removesuffix(".git")

    def binder(self, path: str) -> str:
        """Return the address that opens the file at `path` in JupyterLab on mybinder.org."""
        host, _, owner_and_repo = self.url.removeprefix("https://").partition("/")
        provider, spec = HOSTS.get(host, "git"), owner_and_repo
        if provider == "gl":
            spec = quote(owner_and_repo, safe="")
        elif provider == "git":
            spec = quote(self.url, safe="")
        ref = quote(self.ref, safe="" if provider != "gh" else "/")
        query = urlencode({"urlpath": f"lab/tree/{path}"}, quote_via=quote, safe="/")
        return f"https://mybinder.org/v2/{provider}/{spec}/{ref}?{query}"

    def nbgitpuller(self, hub: str, path: str) -> str:
        """Return the address that brings the repository to a hub and opens the file there."""
        query = urlencode(
            {"repo": self.url, "branch": self.ref, "urlpath": f"lab/tree/{self.name}/{path}"}
        )
        return f"{_site(hub)}/hub/user-redirect/git-pull?{query}"


def in_browser(site: str, path: str) -> str:
    """Return the address that opens the file in JupyterLite on a site that `belgrade site` made."""
    return f"{_site(site)}/lite/lab/index.html?path={quote(path)}"


def _site(address: str) -> str:
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[^\s?#]*)?", address):
        raise LinkError(f"{address!r} is no address of a site, such as https://hub.example.org.")
    return address.removesuffix("/")


def home_of(root: Path, ref: str = "main") -> Home | None:
    """Return the home that the git remote `origin` of `root` names, or None where there is none.

    None as well where `root` is a folder within a repository: launched, it would not be found.
    """
    try:
        if _git(root, "rev-parse", "--show-prefix").strip():
            return None
        return Home.of(_git(root, "remote", "get-url", "origin"), ref)
    except (OSError, subprocess.CalledProcessError, LinkError):
        return None


def _git(root: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *command], capture_output=True, encoding="utf-8", check=True
    )
    return done.stdout


def table(root: Path, home: Home | None, hub: str | None = None, site: str | None = None) -> str:
    """Return the launch table as Markdown. Without home and site it links to the files alone."""
    # Each way to open a notebook: the head of its column, and the address of a path.
    ways: list[tuple[str, Callable[[str], str]]] = [("Files", str)]
    if home:
        ways.append(("Binder", home.binder))
        if hub:
            ways.append(("Hub", partial(home.nbgitpuller, hub)))
    if site:
        ways.append(("Browser only", partial(in_browser, site)))
    rows = [["Lesson", *(head for head, _ in ways)], ["---"] * (len(ways) + 1)]
    for lesson in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        paths = {f"lesson {lesson.name[:2]}": f"notebooks/{lesson.name}"}
        if (root / "exercises" / lesson.name).is_file():
            paths[f"exercise {lesson.name[:2]}"] = f"exercises/{lesson.name}"
        cells = [" · ".join(f"[{n}]({way(p)})" for n, p in paths.items()) for _, way in ways]
        rows.append([title_of(lesson), *cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def title_of(path: Path) -> str:
    """Return the title of a lesson: the first heading of its notebook."""
    book = nbformat.read(path, as_version=4)
    return book.cells[0].source.splitlines()[0].removeprefix("# ").strip()


def rewrite(root: Path, home: Home | None, hub: str | None = None, site: str | None = None) -> bool:
    """Put the table between the markers of README.md; tell whether that changed anything.

    Raises `LinkError` where README.md lacks the markers.
    """
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise LinkError(f"README.md lacks the lines {BEGIN} and {END}.")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    new = f"{before}{BEGIN}\n{table(root, home, hub, site)}\n{END}{after}"
    if new != text:
        path.write_text(new, encoding="utf-8", newline="\n")
    return new != text
