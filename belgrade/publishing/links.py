"""The launch table of the README: a row a lesson, with links that open it without installing.

Binder's addresses: https://mybinder.readthedocs.io; nbgitpuller's: https://nbgitpuller.readthedocs.io;
JupyterLite's: https://jupyterlite.readthedocs.io.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import nbformat

from belgrade import UserError
from belgrade.checks.cells import INSTALL
from belgrade.files import write_whole

BEGIN, END = "<!-- launch table: begin -->", "<!-- launch table: end -->"
BADGES = "<!-- badges: begin -->", "<!-- badges: end -->"
# What stands there until an address is known.
NO_LINKS = (
    "No launch links yet: `belgrade links OWNER/REPO` fills them in, and so does publishing on "
    "GitHub ([how](docs/run.md#launch-links-and-the-book))."
)
# What first cells of notebooks name until then.
NO_ADDRESS = "ADDRESS-OF-THE-REPOSITORY"
# What the first cell of a notebook says, once more for who looks here.
INSTALL_HINT = (
    "**A notebook says `ModuleNotFoundError`?** In Colab, or with a Python of your own, the module "
    "is not there yet. Paste this into a new cell above, run it, restart the kernel, and go on: "
    "`%pip install git+{url}@{ref}`. In VS Code you can choose the kernel `.venv` instead."
)
# JupyterLab with one document and nothing beside it: the usual view (lab/tree) lays its list of
# files over the page on a phone, and leaves the notebook some 20 pixels.
LAB_VIEW = "doc/tree"
HOSTS = {"github.com": "gh", "gitlab.com": "gl"}


class LinkError(UserError):
    """The links cannot be made; its text says what is missing."""


@dataclass(frozen=True)
class Home:
    """Where the repository lives: its address, and the branch, tag or commit to launch.

    `image` is a tag whose environment Binder keeps, so that a changed lesson builds nothing anew.
    """

    url: str
    ref: str = "main"
    image: str | None = None

    @classmethod
    def of(cls, text: str, ref: str = "main", image: str | None = None) -> Home:
        """Return the home named by OWNER/REPO (on GitHub) or by the address of any git host.

        A name and password in the address are left out. Raises `LinkError` for anything else.
        """
        text = text.strip().removesuffix("/")
        if re.fullmatch(r"[\w.-]+/[\w.-]+", text):
            text = f"https://github.com/{text}"
        # As git writes remotes: git@host:path and ssh://git@host:22/path; and https, with a port.
        patterns = (
            r"(?:\w[\w.-]*@)([\w.-]+):([^/].*)",
            r"ssh://(?:[^@/]+@)?([\w.-]+)(?::\d+)?/(.+)",
            r"https://(?:[^@/]+@)?([\w.-]+(?::\d+)?)/(.+)",
        )
        match = next(filter(None, (re.fullmatch(pattern, text) for pattern in patterns)), None)
        if not match:
            raise LinkError(f"{text!r} is neither OWNER/REPO nor an https address of a repository.")
        host, path = match[1].lower().removeprefix("www."), match[2]
        if host.endswith("gist.github.com"):
            raise LinkError("A gist holds no folders: put the module into a repository.")
        if host in HOSTS:  # elsewhere the ending may be part of the address
            path = path.removesuffix(".git")
        if host == "github.com" and path.count("/") != 1:
            raise LinkError(f"{text!r} is a page within GitHub: give OWNER/REPO, and --ref BRANCH.")
        return cls(f"https://{host}/{path}", ref, image)

    @property
    def name(self) -> str:
        """The repository's own name, under which nbgitpuller puts it."""
        return self.url.rsplit("/", 1)[1].removesuffix(".git")

    def binder(self, path: str) -> str:
        """Return the address that opens the file at `path` in JupyterLab on mybinder.org.

        With an `image`, Binder's container is that of the tag, and nbgitpuller brings the content.
        """
        host, _, owner_and_repo = self.url.removeprefix("https://").partition("/")
        provider, spec = HOSTS.get(host, "git"), owner_and_repo
        if provider == "gl":
            spec = quote(owner_and_repo, safe="")
        elif provider == "git":
            spec = quote(self.url, safe="")
        ref = quote(self.image or self.ref, safe="" if provider != "gh" else "/")
        inside = f"git-pull?{self._pull(path)}" if self.image else f"{LAB_VIEW}/{path}"
        query = urlencode({"urlpath": inside}, quote_via=quote, safe="/")
        return f"https://mybinder.org/v2/{provider}/{spec}/{ref}?{query}"

    def nbgitpuller(self, hub: str, path: str) -> str:
        """Return the address that brings the repository to a hub and opens the file there."""
        return f"{_site_address(hub)}/hub/user-redirect/git-pull?{self._pull(path)}"

    def _pull(self, path: str) -> str:
        urlpath = f"{LAB_VIEW}/{self.name}/{path}"
        return urlencode({"repo": self.url, "branch": self.ref, "urlpath": urlpath})

    def colab(self, path: str) -> str | None:
        """Return the address that opens the file in Colab, which reads from GitHub alone."""
        if not self.url.startswith("https://github.com/"):
            return None
        place = quote(f"{self.url.removeprefix('https://')}/blob/{self.ref}/{path}")
        return f"https://colab.research.google.com/{place.replace('github.com', 'github', 1)}"

    def page(self, path: str) -> str:
        """Return the address of the page that shows the file, where the host's way is known."""
        segments = {"github.com": "blob", "gitlab.com": "-/blob"}
        segment = segments.get(urlsplit(self.url).netloc)
        return f"{self.url}/{segment}/{quote(self.ref)}/{quote(path)}" if segment else self.url


def lite(path: str) -> str:
    """Return the address, within the book, that opens the file in the book's JupyterLite."""
    return f"lite/lab/index.html?path={quote(path)}"


@dataclass(frozen=True)
class LaunchLink:
    """A way to open a notebook live: its name, the address, and the picture of its button."""

    name: str
    url: str
    logo: str


def launch_links(
    path: str, home: Home | None, hub: str | None = None, site: str | None = None
) -> list[LaunchLink]:
    """Return the ways to open the notebook at `path`: those that are known.

    `site` is the address where `belgrade site --lite` was published, "" for the book itself.
    """
    links = []
    if site is not None:
        url = f"{_site_address(site)}/{lite(path)}" if site else lite(path)
        links.append(LaunchLink("JupyterLite", url, "jupyterlite.svg"))
    if home:
        links.append(LaunchLink("Binder", home.binder(path), "binder.svg"))
        if hub:
            links.append(LaunchLink("JupyterHub", home.nbgitpuller(hub, path), "jupyterhub.svg"))
        if colab := home.colab(path):
            links.append(LaunchLink("Colab", colab, "colab.png"))
    return links


def _site_address(address: str) -> str:
    if not re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[^\s?#]*)?", address):
        raise LinkError(f"{address!r} is no address of a site, such as https://hub.example.org.")
    return address.removesuffix("/")


def home_of(root: Path, ref: str = "main", image: str | None = None) -> Home | None:
    """Return the home that the git remote `origin` of `root` names, or None where there is none.

    None as well where `root` is a folder within a repository: launched, it would not be found.
    """
    try:
        if _git(root, "rev-parse", "--show-prefix").strip():
            return None
        return Home.of(_git(root, "remote", "get-url", "origin"), ref, image)
    except (OSError, subprocess.CalledProcessError, LinkError):
        return None


def _git(root: Path, *command: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(root), *command], capture_output=True, encoding="utf-8", check=True
    )
    return result.stdout


def table(root: Path, home: Home | None, hub: str | None = None, site: str | None = None) -> str:
    """Return the launch table as Markdown. Without home and site it links to the files alone."""
    rows = ["| Lesson | Exercise |", "| --- | --- |"]
    kinds = {"notebooks": "lesson", "exercises": "exercise"}
    for lesson in sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        cells = []
        for path in (lesson, root / "exercises" / lesson.name):
            source = path.relative_to(root).as_posix()
            label = f"{kinds[path.parent.name]} {lesson.name[:2]}"
            name = title_of(path) if path.is_file() else ""
            cell = [f"[{name}]({source})"] if name else []
            icons = [_badge(label, link) for link in launch_links(source, home, hub, site) if name]
            cell += [" ".join(icons)] * bool(icons)
            cells.append("<br>".join(cell))
        rows.append(f"| {' | '.join(cells)} |")
    if home:
        rows += ["", INSTALL_HINT.format(url=home.url, ref=home.ref)]
    return "\n".join(rows)


def _badge(label: str, link: LaunchLink) -> str:
    return f"[![{label} on {link.name}](docs/badges/{link.name.lower()}.svg)]({link.url})"


def title_of(path: Path) -> str:
    """Return the title of a lesson: the first heading of its notebook."""
    notebook = nbformat.read(path, as_version=4)
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ").strip()


def badges(root: Path, home: Home | None, site: str | None = None) -> str:
    """Return the line of badges: the book, Binder and the state of the tests, where known."""
    first = min((root / "notebooks").glob("[0-9][0-9]_*.ipynb"), default=None)
    line = [f"[![Read the book](docs/badges/book.svg)]({_site_address(site)}/)"] if site else []
    if home and first:
        binder = home.binder(f"notebooks/{first.name}")
        line.append(f"[![Start on Binder](docs/badges/binder.svg)]({binder})")
    if home and urlsplit(home.url).netloc == "github.com":
        tests = f"{home.url}/actions/workflows/tests.yml"
        line.append(f"[![State of the tests]({tests}/badge.svg)]({tests})")
    return " ".join(line)


def with_address(notebook: str, home: Home | None) -> str:
    """Return a notebook's text whose first cell says how to install the module from `home`."""
    address = f"{home.url}@{home.ref}" if home else NO_ADDRESS
    return INSTALL.sub(f"%pip install git+{address}", notebook)


def rewrite(root: Path, home: Home | None, hub: str | None = None, site: str | None = None) -> bool:
    """Put table and badges between their markers in README.md; tell whether that changed anything.

    First cells get the address of the module as well. Raises `LinkError` where README.md lacks the
    markers of the table.
    """
    path = root / "README.md"
    text = path.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise LinkError(f"README.md lacks the lines {BEGIN} and {END}.")
    is_known = home is not None or site is not None
    new_table = table(root, home, hub, site) if is_known else f"{NO_LINKS}\n\n{table(root, None)}"
    updated = _between(text, (BEGIN, END), new_table)
    if all(marker in text for marker in BADGES):
        updated = _between(updated, BADGES, badges(root, home, site))
    texts = {path: (text, updated)}
    for folder in ("notebooks", "exercises"):
        for notebook in sorted((root / folder).glob("[0-9][0-9]_*.ipynb")):
            text = notebook.read_text(encoding="utf-8")
            texts[notebook] = (text, with_address(text, home))
    changed = {path: updated for path, (old, updated) in texts.items() if updated != old}
    for path, updated in changed.items():
        write_whole(path, updated)
    return bool(changed)


def _between(text: str, markers: tuple[str, str], content: str) -> str:
    before, rest = text.split(markers[0], 1)
    lines = [markers[0], *([content] if content else []), markers[1]]
    return before + "\n".join(lines) + rest.split(markers[1], 1)[1]
