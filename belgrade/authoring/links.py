"""The launch table of the README: a row a lesson, with links that open it without installing.

Binder's addresses: https://mybinder.readthedocs.io; nbgitpuller's: https://nbgitpuller.readthedocs.io.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
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

        Raises `LinkError` for anything else.
        """
        text = text.strip().removesuffix("/").removesuffix(".git")
        if re.fullmatch(r"[\w.-]+/[\w.-]+", text):
            return cls(f"https://github.com/{text}", ref)
        if found := re.fullmatch(r"git@([\w.-]+):(.+)", text):
            return cls(f"https://{found[1]}/{found[2]}", ref)
        if re.fullmatch(r"https://[\w.-]+/.+", text):
            return cls(text, ref)
        raise LinkError(f"{text!r} is neither OWNER/REPO nor an https address of a repository.")

    @property
    def name(self) -> str:
        """The repository's own name, under which nbgitpuller puts it."""
        return self.url.rsplit("/", 1)[1]

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
        return f"{hub.removesuffix('/')}/hub/user-redirect/git-pull?{query}"


def home_of(root: Path, ref: str = "main") -> Home | None:
    """Return the home that the git remote `origin` of `root` names, or None where there is none."""
    command = ["git", "-C", str(root), "remote", "get-url", "origin"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
        return Home.of(done.stdout, ref)
    except (OSError, subprocess.CalledProcessError, LinkError):
        return None


def table(root: Path, home: Home | None, hub: str | None = None) -> str:
    """Return the launch table as Markdown. Without a home it links to the files alone."""
    heads = ["Lesson", "Notebook", "Exercise"]
    if home:
        heads += ["Binder: lesson", "Binder: exercise"]
        heads += ["Hub: lesson", "Hub: exercise"] if hub else []
    rows = [heads, ["---"] * len(heads)]
    for lesson in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        exercise = root / "exercises" / lesson.name
        paths = [f"notebooks/{lesson.name}"]
        paths.append(f"exercises/{lesson.name}" if exercise.is_file() else "")
        cells = [_title(lesson), *(f"[{Path(p).stem}]({p})" if p else "" for p in paths)]
        if home:
            cells += [f"[launch]({home.binder(p)})" if p else "" for p in paths]
        if home and hub:
            cells += [f"[open]({home.nbgitpuller(hub, p)})" if p else "" for p in paths]
        rows.append(cells)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _title(path: Path) -> str:
    book = nbformat.read(path, as_version=4)
    return book.cells[0].source.splitlines()[0].removeprefix("# ").strip()


def rewrite(root: Path, home: Home | None, hub: str | None = None, check: bool = False) -> bool:
    """Put the table between the markers of README.md; tell whether that changed anything.

    Raises `LinkError` where README.md lacks the markers.
    """
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise LinkError(f"README.md lacks the lines {BEGIN} and {END}.")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    new = f"{before}{BEGIN}\n{table(root, home, hub)}\n{END}{after}"
    if new != text and not check:
        path.write_text(new, encoding="utf-8", newline="\n")
    return new != text
