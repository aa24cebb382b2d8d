"""The Binder build, replayed: repo2docker's own steps in a clean environment, then a lesson there.

repo2docker prints the Dockerfile that it would build; from there on its lines are run as they
stand, in their order, on its base packages at the versions of its own lock. Not replayed: the
operating system below, and conda's builds of the base packages (PyPI's stand in).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import machine
import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from belgrade import __version__
from belgrade.publishing import links, release

ROOT = Path(__file__).resolve().parent.parent
REPO2DOCKER = "jupyter-repo2docker==2026.4.0"
# What repo2docker asks of conda for each Python, by PyPI's names.
BASE = [
    *("ipywidgets", "jupyter-offlinenotebook", "jupyter-resource-usage", "jupyter-server"),
    *("jupyterhub", "jupyterlab", "notebook"),
]
LESSON = "notebooks/01_the_puzzle.ipynb"
HOME = links.Home("https://github.com/someone/course")


def replayed(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that needs the build, so that one process makes it once."""
    linux = pytest.mark.skipif(sys.platform != "linux", reason="Binder's image is one of Linux")
    return pytest.mark.binder(pytest.mark.xdist_group("binder")(linux(test)))


def pins() -> dict[str, str]:
    """Return what .binder/requirements.txt pins: name -> version."""
    lines = (ROOT / ".binder" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


# --- what can be seen without a build ------------------------------------------------------------


def test_the_pins_are_those_of_the_constraints() -> None:
    constraints: dict[str, str] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            asked = Requirement(line)
            machine = {"python_version": "3.13", "python_full_version": "3.13.8"}
            machine |= {"sys_platform": "linux", "platform_machine": "x86_64"}
            if asked.marker is None or asked.marker.evaluate(machine):
                constraints[asked.name] = str(asked.specifier).removeprefix("==")
    assert pins().items() - constraints.items() == {("nbgitpuller", pins()["nbgitpuller"])}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if "==" in line and line.split("==")[0] not in BASE:
            assert line in [f"{name}=={version}" for name, version in pins().items()]


def test_only_what_a_build_reads_is_in_the_folder() -> None:
    names = {p.name for p in (ROOT / ".binder").iterdir()}
    assert names == {"postBuild", "requirements.txt", "runtime.txt"}
    assert os.name == "nt" or os.access(ROOT / ".binder" / "postBuild", os.X_OK)
    # A line that names a file would bind the layer of packages to one commit.
    for line in (ROOT / ".binder" / "requirements.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+==[0-9.]+", line), line


# --- the build -----------------------------------------------------------------------------------


@dataclass
class Image:
    """What the build made: the student's folder, the environment, and what the base held."""

    home: Path
    prefix: Path
    base: dict[str, str]
    base_bytes: int = 0

    def run(self, *command: str, **options: object) -> subprocess.CompletedProcess[str]:
        """Run a command as in the container; return what it printed, errors included."""
        options |= {"cwd": self.home, "env": environment(self.home, self.prefix)}
        options |= {"encoding": "utf-8", "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(command, **options)

    def installed(self) -> dict[str, str]:
        """Return the packages in the environment: name -> version."""
        done = self.run("pip", "list", "--format=json")
        found = json.loads(next(li for li in done.stdout.splitlines() if li.startswith("[")))
        return {canonicalize_name(each["name"]): each["version"] for each in found}


def size(folder: Path) -> int:
    """Return the bytes of all files in a folder; a file of several names counts once."""
    found = [each.lstat() for each in folder.rglob("*") if not each.is_dir()]
    return sum({each.st_ino: each.st_size for each in found}.values())


def environment(home: Path, prefix: Path) -> dict[str, str]:
    """Return the container's environment, as far as the Dockerfile sets it."""
    dropped = re.compile("PYTHON|PYTEST|VIRTUAL_ENV|CONDA|JUPYTER|BELGRADE|COV_|MPL|UV_PROJECT")
    outside = {k: v for k, v in os.environ.items() if not dropped.match(k)}
    user = {"HOME": str(home), "REPO_DIR": str(home), "USER": "jovyan", "LANG": "C.UTF-8"}
    both = dict.fromkeys(("KERNEL_PYTHON_PREFIX", "NB_PYTHON_PREFIX"), str(prefix))
    path = os.pathsep.join([str(prefix / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])
    return outside | user | both | {"PATH": path}


def uv(*command: object) -> str:
    """Run uv, which saves half of the test's time; fail with its words.

    Not in the project's folder: limits that uv reads there are none of Binder's.
    """
    program = Path(sys.executable).with_name("uv")
    asked = [str(program if program.is_file() else "uv"), *map(str, command)]
    done = subprocess.run(asked, capture_output=True, encoding="utf-8", cwd=tempfile.gettempdir())
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def python(version: str) -> str:
    """Return a Python of this version, from this machine or fetched by uv; skip without one."""
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, shutil.which(f"python{version}")]
    candidates += [str(path) for path in sorted(kept.glob(f"{version}.*/bin/python"))]
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", code], capture_output=True, text=True)
        if done.stdout.strip() == version:
            return candidate
    try:
        uv("python", "install", version)
        return uv("python", "find", "--managed-python", version)
    except AssertionError:
        pytest.skip(f"Binder's Python {version} is not here, and uv cannot fetch it.")


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Build the students' tree as Binder would."""
    folder = tmp_path_factory.mktemp("binder")
    tree, home, prefix, tools = (folder / n for n in ("tree", "jovyan", "notebook", "tools"))
    release.release(ROOT, tree, home=HOME.url, say=lambda _: None)

    uv("venv", "-q", "-p", sys.executable, tools)
    uv("pip", "install", "-q", "--python", tools / "bin/python", REPO2DOCKER)
    command = [tools / "bin/jupyter-repo2docker", "--no-build", "--debug"]
    command += ["--user-id=1000", "--user-name=jovyan", tree]
    done = subprocess.run(command, encoding="utf-8", capture_output=True)
    assert done.returncode == 0, done.stderr[-2000:]
    dockerfile = done.stdout + done.stderr
    version = re.search(r"environment for python=([\d.]+)", dockerfile)[1]
    assert f"python-{version}" == (tree / ".binder" / "runtime.txt").read_text("utf-8").strip()

    conda = next(tools.glob("lib/python*/site-packages/repo2docker/buildpacks/conda"))
    lock = (conda / f"environment.py-{version}-linux-64.lock").read_text(encoding="utf-8")
    locked = re.findall(r"/([a-z][^/]*)-([\d.]+)-[^-/]+\.conda", lock)
    limits = folder / "base.txt"
    limits.write_text("\n".join(f"{n}=={v}" for n, v in locked if n not in ("python", "pip")))
    uv("venv", "-q", "--seed", "-p", python(version), prefix)
    uv("pip", "install", "-q", "--python", prefix / "bin/python", "-c", limits, *BASE)
    home.mkdir()
    built = Image(home, prefix, {})
    built.base, built.base_bytes = built.installed(), size(prefix)
    assert built.base["jupyterlab"] == dict(locked)["jupyterlab"]

    steps = dockerfile[dockerfile.index("COPY --chown=1000:1000 src/.binder") :].splitlines()
    for step in steps[: next(i for i, s in enumerate(steps) if s.startswith("# Add entrypoint"))]:
        assert not step.endswith("\\"), step
        if found := re.match(r"COPY \S+ src/(\S*) ", step):
            if found[1]:
                (home / found[1]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(tree / found[1], home / found[1])
            else:
                shutil.copytree(tree, home, dirs_exist_ok=True)
        elif step.startswith("RUN "):
            done = built.run("bash", "-c", step.removeprefix("RUN "))
            assert done.returncode == 0, f"{step}\n{done.stdout[-3000:]}"
    return built


@replayed
def test_the_build_passes_and_its_packages_agree(image: Image) -> None:
    done = image.run("pip", "check")
    assert done.returncode == 0, done.stdout
    assert "No broken requirements found." in done.stdout


@replayed
def test_nothing_comes_into_the_image_but_what_is_pinned(image: Image) -> None:
    added = dict(image.installed().items() - image.base.items())
    assert added == pins() | {"belgrade": __version__}


@replayed
def test_the_image_stays_small(image: Image) -> None:
    """What is added to Binder's base packages, and all of it; `pytest -s` prints the sizes."""
    base, whole = image.base_bytes, size(image.prefix) + size(image.home)
    print(f"\nbase packages {base / 1e6:.0f} MB, with ours {whole / 1e6:.0f} MB")
    assert whole < 700e6
    assert whole - base < 450e6


@replayed
def test_a_first_import_compiles_nothing(image: Image) -> None:
    package = image.home / "belgrade"
    for path in package.rglob("*.py"):
        assert list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc")), path
    assert list((image.home / ".cache" / "matplotlib").glob("fontlist-*.json"))
    added = next(image.prefix.glob("lib/python*/site-packages"))
    places = [package, *(added / name for name in ("matplotlib", "numpy", "pandas"))]
    before = {path for place in places for path in place.rglob("*.pyc")}
    lesson = "import pandas, matplotlib.pyplot; from belgrade.explorers import aid, argument"
    done = image.run("python", "-c", lesson)
    assert done.returncode == 0, done.stdout
    assert {path for place in places for path in place.rglob("*.pyc")} == before
    assert len(before) > 1000


@replayed
def test_lesson_01_runs_in_it(image: Image) -> None:
    done = image.run("jupyter", "execute", LESSON)
    assert done.returncode == 0, done.stdout[-3000:]


@replayed
def test_exercise_01_is_checked_in_it(image: Image) -> None:
    name = Path(LESSON).name
    key = {c.id: c for c in nbformat.read(ROOT / "exercises/keys" / name, as_version=4).cells}
    path = image.home / "exercises" / name
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.belgrade.role in ("answer", "written"):
            cell.source = key[cell.id].source
    nbformat.write(notebook, path)
    done = image.run("belgrade", "check", "01")
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("✓ Right") >= 4


def answers(address: str) -> bool:
    """Tell whether something answers at `address`."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except OSError:
        return False


@pytest.fixture
def server(image: Image) -> Iterator[str]:
    """The container's command, on a port of its own; yields its address."""
    port = machine.free_port()
    address = f"http://127.0.0.1:{port}"
    command = [image.prefix / "bin/jupyter", "notebook", "--ip=127.0.0.1", f"--port={port}"]
    command += ["--no-browser", "--allow-root", "--IdentityProvider.token="]
    said = image.home / ".jupyter-server-log.txt"
    env = environment(image.home, image.prefix)
    with said.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, cwd=image.home, env=env, stdout=log, stderr=log)
        try:
            until = time.monotonic() + 60
            while not answers(f"{address}/api/status"):
                assert process.poll() is None and time.monotonic() < until, said.read_text("utf-8")
                time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def opened(server: str, path: str) -> dict[str, object]:
    """Return the settings of the page that JupyterLab serves at `path`."""
    with urllib.request.urlopen(f"{server}/{path}", timeout=20) as answer:
        page = answer.read().decode("utf-8")
    return json.loads(re.search(r'"jupyter-config-data"[^>]*>(.*?)</script', page, re.S)[1])


@replayed
def test_the_launch_link_opens_the_lesson_alone_in_jupyterlab(image: Image, server: str) -> None:
    config = opened(server, HOME.binder(LESSON).partition("?urlpath=")[2])
    assert config["treePath"] == LESSON
    assert config["mode"] == "single-document"
    # Its button saves what is in the page when the server is gone.
    assert "jupyter-offlinenotebook" in [each["name"] for each in config["federated_extensions"]]
    assert config["appVersion"].startswith("4.")


@replayed
def test_a_changed_lesson_comes_into_an_image_that_stays(
    image: Image, server: str, tmp_path: Path
) -> None:
    """nbgitpuller's own two steps: bring the repository, then open what its link names."""
    machine.need("git")
    course = tmp_path / "course"
    (course / "notebooks").mkdir(parents=True)
    lesson = nbformat.read(ROOT / LESSON, as_version=4)
    lesson.cells[0].source += "\n\nChanged today."
    nbformat.write(lesson, course / LESSON)
    git = ["git", "-C", str(course), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "A change"]):
        subprocess.run([*git, *command], check=True)

    home = links.Home(course.as_uri(), "main", "v1")
    asked = parse_qs(urlsplit(home.binder(LESSON)).query)["urlpath"][0]
    with urllib.request.urlopen(f"{server}/{asked}", timeout=20) as answer:
        assert answer.status == 200
    query = parse_qs(asked.partition("?")[2])
    pull = urlencode({"repo": query["repo"][0], "branch": query["branch"][0]})
    with urllib.request.urlopen(f"{server}/git-pull/api?{pull}", timeout=60) as answer:
        said = answer.read().decode("utf-8")
    assert '"phase": "finished"' in said, said[-1000:]
    assert "Changed today." in (image.home / "course" / LESSON).read_text(encoding="utf-8")
    assert opened(server, query["urlpath"][0])["treePath"] == f"course/{LESSON}"
    done = image.run("jupyter", "execute", f"course/{LESSON}")
    assert done.returncode == 0, done.stdout[-3000:]
