"""The students' tree: nothing of the keys in it, everything in it works, work is never lost."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import machine
import nbformat
import pytest

from belgrade import MANIFEST, cli
from belgrade.authoring.key import BLOCK
from belgrade.checks.compiled import decode, encode
from belgrade.publishing import links
from belgrade.publishing import release as releasing

# One worker: the tree is copied and released once.
pytestmark = pytest.mark.xdist_group("release")
ROOT = Path(__file__).resolve().parent.parent
KEYS = [p.relative_to(ROOT) for p in sorted(ROOT.glob("exercises/keys/[0-9][0-9]_*.ipynb"))]
HUB = "https://hub.example.org"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what is released, so that all tests see the same though somebody edits."""
    copy = tmp_path_factory.mktemp("source") / "module"
    ignored = [".git", ".venv", ".*_cache", "__pycache__", "tests", "my_work", "node_modules"]
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*ignored))
    return copy


@pytest.fixture(scope="module")
def release(source):
    """Return a function that releases the module and returns what was said."""

    def run(out, **options):
        said = []
        releasing.release(source, out, say=said.append, **options)
        return said

    return run


@pytest.fixture(scope="module")
def tree_files(source):
    """The files of a released tree: {path: bytes}."""
    return releasing.tree(source, "")


@pytest.fixture(scope="module")
def released(release, tmp_path_factory):
    """A released tree that the tests only read."""
    out = tmp_path_factory.mktemp("released") / "course"
    release(out, home="someone/course", ref="autumn", hub=HUB)
    return out


def contents(out):
    """Return {path: bytes} of a tree."""
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def in_tree(out, *command, **environment):
    """Run Python in a released tree, with the package of that tree."""
    env = os.environ | {"PYTHONPATH": str(out), "PYTHONUTF8": "1"} | environment
    command = [sys.executable, *command]
    return subprocess.run(command, cwd=out, env=env, capture_output=True, encoding="utf-8")


# --- nothing of the keys -------------------------------------------------------------------------


def test_no_file_is_for_instructors(released):
    for name in contents(released):
        parts = name.split("/")
        instructors = {"keys", "authoring", "grading", "publishing", ".ci", ".git"}
        assert not instructors & set(parts), name
        assert not re.search(r"\d\d_cases|rubric|instructor", name), name
    assert {"README.md", "run.py", "data", "docs", "exercises"} < {
        p.name for p in released.iterdir()
    }
    assert sorted(p.name for p in (released / "docs").iterdir()) == [
        "badges",
        "phrasebook.md",
        "student-guide.md",
    ]


def test_all_exercises_and_lessons_are_there(source, released):
    assert [p.name for p in sorted((released / "exercises").iterdir())] == [k.name for k in KEYS]
    lessons = sorted(p.name for p in (source / "notebooks").glob("[0-9]*.ipynb"))
    assert sorted(p.name for p in (released / "notebooks").iterdir()) == lessons


def plain(text):
    return " ".join(text.split())


def kept_lines(key):
    """Yield the lines of a key that students must not get, in an order of their own."""
    for cell in key.cells:
        tags = cell.metadata.get("tags", [])
        text = ""
        if "answer" in tags:
            text = "\n".join(body for _, body in BLOCK.findall(cell.source))
        if {"rubric", "written", "hidden"} & set(tags):
            text = cell.source
        if "spec" in tags:
            text = cell.source
        for line in map(plain, text.splitlines()):
            if len(line) > 12:
                yield line
        yield from re.findall(r"inputs=(\[\[.{6,}?\]\])", plain(text))


@pytest.mark.parametrize("key", KEYS, ids=lambda path: path.stem)
def test_no_line_of_a_key_is_in_any_file(source, released, key):
    own = plain((released / "exercises" / key.name).read_text(encoding="utf-8"))
    own = own.replace('\\"', '"')
    public = plain(releasing.public_text(source))
    secret = [
        line
        for line in kept_lines(nbformat.read(source / key, as_version=4))
        if line not in public and line not in own
    ]
    assert len(secret) > 20
    for name, content in contents(released).items():
        if name.endswith((".csv", ".png")):
            continue
        text = plain(content.decode("utf-8", errors="replace").replace('\\"', '"'))
        assert not [line for line in secret if line in text], name


def test_compiled_exercises_hold_no_hidden_check_and_no_code_of_wrong_answers(source, released):
    paths = sorted((released / "belgrade" / "checks" / "packed").iterdir())
    assert [p.name for p in paths] == [f"{key.name[:2]}.bin" for key in KEYS]
    for path, key in zip(paths, KEYS, strict=True):
        assert b"question" not in path.read_bytes()
        compiled = decode(path.read_bytes())
        cells = nbformat.read(source / key, as_version=4).cells
        shown = [c.source for c in cells if c.metadata.get("tags") == ["check"]]
        assert len(compiled["checks"]) == len(shown)
        assert all("code" not in wrong for c in compiled["checks"] for wrong in c["spec"]["wrong"])
        names = "exercise file questions checks written notebook version data"
        assert set(compiled) == set(names.split())


GUIDE, PACKED = "docs/student-guide.md", "belgrade/checks/packed/01.bin"
EXERCISE = "exercises/01_the_puzzle.ipynb"
# What of a key, and the files where it is planted.
PLANTED = {"answer": ["README.md", EXERCISE, PACKED], "hidden": [PACKED, "tests/test_module.py"]}
PLANTED |= {"variant": [PACKED, GUIDE, EXERCISE], "written": [EXERCISE], "spec": ["data/README.md"]}
PLANTED |= {"": ["exercises/keys/01_the_puzzle.ipynb", "tests/01_cases.py"]}
PLANTED |= {"rubric": [GUIDE], "marking guide": [GUIDE]}


@pytest.mark.parametrize(
    ("name", "kind"), [(name, kind) for kind, names in PLANTED.items() for name in names]
)
def test_a_planted_leak_is_found_and_stops_the_release(
    name, kind, source, tree_files, release, tmp_path, monkeypatch
):
    key = nbformat.read(source / "exercises" / "keys" / "01_the_puzzle.ipynb", as_version=4)
    text = "\n".join(c.source for c in key.cells if c.metadata.get("tags") == [kind])
    if kind == "marking guide":
        guide = (source / "docs" / "marking-guide.md").read_text(encoding="utf-8")
        text = max(guide.splitlines(), key=len)
    # Of the tree only the file with the leak: that the others hold none is what `released` shows.
    files = {each: content for each, content in tree_files.items() if each == name}
    if name.endswith(".bin"):
        compiled = decode(files[name])
        compiled["notebook"]["cells"][0]["source"] += text
        files[name] = encode(compiled)
    elif name.endswith(".ipynb") and name in files:
        notebook = json.loads(files[name])
        notebook["cells"][0]["source"] += text.splitlines(keepends=True)
        files[name] = json.dumps(notebook).encode("utf-8")
    else:
        files[name] = files.get(name, b"") + b"\n" + text.encode("utf-8")
    monkeypatch.setattr(releasing, "tree", lambda *_: files)
    with pytest.raises(releasing.ReleaseError, match=re.escape(f"written. {name} ")):
        release(tmp_path / "out")
    assert not (tmp_path / "out").exists()


# --- everything works ----------------------------------------------------------------------------


def test_its_links_go_to_the_courses_repository(released):
    text = (released / "README.md").read_text(encoding="utf-8")
    for folder in ("notebooks", "exercises"):
        for path in (released / folder).iterdir():
            at = f"{folder}/{path.name}"
            assert (
                f"https://mybinder.org/v2/gh/someone/course/autumn?urlpath=doc/tree/{at})" in text
            )
            assert f"urlpath=doc%2Ftree%2Fcourse%2F{folder}%2F{path.name})" in text
    for page in released.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_an_exercise_is_released_byte_for_byte(source, released):
    """So that what test_exercises finds of an exercise here holds for a student's as well."""
    copied = [f"exercises/{key.name}" for key in KEYS]
    copied += [f"belgrade/checks/packed/{key.name[:2]}.bin" for key in KEYS]
    copied += [p.relative_to(source).as_posix() for p in source.glob("belgrade/checks/*.py")]
    assert len(copied) > 2 * len(KEYS)
    for name in copied:
        before, after = (source / name).read_bytes(), (released / name).read_bytes()
        if name.endswith(".ipynb"):  # but for the address in the first cell
            home = b"https://github.com/someone/course@autumn"
            assert after.count(home) == 1
            after = after.replace(home, links.NO_ADDRESS.encode())
        assert after == before, name


@pytest.mark.parametrize(
    "command",
    [
        # Of the unsolved exercises one: that the others are not attempted as they come is said of
        # the same bytes, with the same code, by test_exercises.
        ["pytest", "-p", "no:cacheprovider", "-k", f"not unsolved or {KEYS[0].name[:2]}"],
        ["pytest", "--nbval", "notebooks/00_start_here.ipynb"],
        ["ruff", "check"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_its_own_tests_pass(released, tmp_path, command):
    shutil.copytree(released, tmp_path / "course")
    done = in_tree(tmp_path / "course", "-m", *command)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    left_out = re.search(r"(\d+) deselected", done.stdout)
    assert int(left_out[1] if left_out else 0) == (len(KEYS) - 1 if "-k" in command else 0)


def test_its_checks_work(source, released, tmp_path):
    copy = tmp_path / "course"
    shutil.copytree(released, copy)
    key = {c.id: c for c in nbformat.read(source / KEYS[0], as_version=4).cells}
    path = copy / "exercises" / KEYS[0].name
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.belgrade.role in ("answer", "written"):
            cell.source = key[cell.id].source
    nbformat.write(notebook, path)
    done = in_tree(copy, "-m", "belgrade.cli", "check", KEYS[0].name[:2])
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓ Right") >= 4
    where = "import belgrade.checks.judge as j; print(j.__file__)"
    assert in_tree(copy, "-c", where).stdout.startswith(str(copy))


def test_notebooks_and_checks_take_the_package_of_the_tree_that_they_stand_in(released, tmp_path):
    """nbgitpuller brings a tree anew; what the hub has installed stays as it was."""
    hub = tmp_path / "hub"
    shutil.copytree(ROOT / "belgrade", hub / "belgrade")
    code = (
        "import {} belgrade.data as d, belgrade.checks.compiled as p; print(d.__file__, p.__file__)"
    )

    def taken(before, *, here=released / "exercises"):
        return in_tree(here, "-c", code.format(before), PYTHONPATH=str(hub)).stdout.split()

    command = "belgrade.cli as c; c.main(['check', '--file', 'none.ipynb']); import"
    for before in ("ipykernel,", command):
        assert all(path.startswith(str(released / "belgrade")) for path in taken(before))
    # Any other command is what is installed; so is what is not in a tree, or in one of another
    # version.
    assert all(path.startswith(str(hub)) for path in taken(""))
    assert all(path.startswith(str(hub)) for path in taken("ipykernel,", here=tmp_path))
    package = hub / "belgrade" / "__init__.py"
    old = package.read_text(encoding="utf-8").replace('__version__ = "0', '__version__ = "9')
    package.write_text(old, encoding="utf-8")
    assert all(path.startswith(str(hub)) for path in taken("ipykernel,"))


def test_instructors_commands_say_where_they_are(released):
    for command in (["build"], ["clean"], ["export", "nbgrader", "x"], ["release", "x"]):
        done = in_tree(released, "-m", "belgrade.cli", *command)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert f"`belgrade {command[0]}` is for instructors" in done.stderr


# --- a second run --------------------------------------------------------------------------------


def edit(path, text, cell=-1):
    """Add a line of a student's to a notebook."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[cell].source += text
    nbformat.write(notebook, path)


@pytest.fixture
def course(released, tmp_path):
    """A released tree in which a student has worked."""
    out = tmp_path / "course"
    shutil.copytree(released, out)
    edit(out / "exercises" / "01_the_puzzle.ipynb", "\n# mine")
    ran = out / "exercises" / "00_start_here.ipynb"
    notebook = nbformat.read(ran, as_version=4)
    notebook.cells[1].execution_count = 7
    notebook.metadata.language_info = {"name": "python", "version": "3.12"}
    nbformat.write(notebook, ran)
    mine = {"my_work/journal.json": "{}", "exercises/notes.ipynb": "mine", "own.md": "mine"}
    for name, text in (mine | {"belgrade/data.py": "# mine"}).items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
    (out / "LICENSE").unlink()
    return out


@pytest.fixture
def newer(monkeypatch):
    """A new version of the module: other prompts in two exercises, and a file fewer."""
    usual = releasing.tree

    def tree(root, table, home):
        files = usual(root, table, home)
        for name in ("exercises/00_start_here.ipynb", "exercises/01_the_puzzle.ipynb"):
            notebook = json.loads(files[name])
            notebook["cells"][0]["source"].append("\n\nNew.")
            files[name] = (json.dumps(notebook) + "\n").encode("utf-8")
        del files["CITATION.cff"]
        return files

    monkeypatch.setattr(releasing, "tree", tree)


def test_a_second_run_without_news_touches_nothing(release, course):
    before = contents(course)
    release(course)
    after = contents(course)
    changed = {name for name in before if after.get(name) != before[name]}
    # The package is made whole; an exercise that was only run is as it was released.
    assert changed == {"belgrade/data.py", "exercises/00_start_here.ipynb"}
    assert set(after) - set(before) == {"LICENSE", "my_work/replaced/belgrade/data.py"}
    assert b"someone/course/autumn" in after["README.md"]  # the links of the first run


@pytest.mark.usefixtures("newer")
def test_a_new_version_keeps_what_a_student_wrote(source, release, course):
    before = contents(course)
    said = "\n".join(release(course))
    after = contents(course)
    for name in (EXERCISE, "exercises/notes.ipynb", "my_work/journal.json", "own.md"):
        assert after[name] == before[name], name
    assert b"New." in after["exercises/01_the_puzzle.new.ipynb"]
    assert "kept exercises/01_the_puzzle.ipynb" in said
    assert b"New." in after["exercises/00_start_here.ipynb"]  # was run, but not changed
    assert "exercises/00_start_here.new.ipynb" not in after
    assert after["my_work/replaced/belgrade/data.py"] == b"# mine"
    assert after["belgrade/data.py"] == (source / "belgrade" / "data.py").read_bytes()
    assert "CITATION.cff" not in after
    assert after["LICENSE"]
    (course / "exercises" / "01_the_puzzle.new.ipynb").unlink()
    assert len(release(course)) == 1  # nothing is new, nothing is said twice
    assert not (course / "exercises" / "01_the_puzzle.new.ipynb").exists()


def test_later_versions_overwrite_no_copy_of_an_earlier_one(release, course, monkeypatch):
    usual, number = releasing.tree, 0

    def tree(*arguments):
        files = usual(*arguments)
        notebook = json.loads(files[EXERCISE])
        notebook["cells"][0]["source"].append(f"\n\nNew {number}.")
        changed = {EXERCISE: json.dumps(notebook).encode(), "belgrade/data.py": b"# %d" % number}
        return files | changed

    monkeypatch.setattr(releasing, "tree", tree)
    for number in (1, 2, 3):
        (course / "belgrade" / "data.py").write_text(f"# mine {number}", encoding="utf-8")
        release(course)
        beside = [
            p for p in (course / "exercises").glob("*.new*") if b"New %d" % number in p.read_bytes()
        ]
        edit(*beside, f"\n# mine {number}")
    copies = [
        text for name, text in contents(course).items() if ".new" in name or "/replaced/" in name
    ]
    for number in (1, 2, 3):
        assert sum(b"# mine %d" % number in text for text in copies) == 2


def test_line_ends_of_windows_are_no_change(released):
    text = (released / "README.md").read_bytes()
    again = text.replace(b"\n", b"\r\n")
    assert releasing.fingerprint("README.md", text) == releasing.fingerprint("README.md", again)
    assert releasing.fingerprint("a.ipynb", b"{") != releasing.fingerprint("a.ipynb", b"}")


# --- where it may not write ----------------------------------------------------------------------


def test_it_refuses_to_write_where_other_things_are(source, tmp_path, capsys, monkeypatch):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / releasing.MANIFEST).write_text("[", encoding="utf-8")
    monkeypatch.chdir(source)
    for out, words in (
        (source, "in the instructors' tree"),
        (source / "docs" / "out", "in the instructors' tree"),
        (source.parent, "neither empty nor made by"),
        (tmp_path / "full", "neither empty nor made by"),
        (tmp_path / "full" / "thesis.txt", "neither empty nor made by"),
        (tmp_path / "damaged", "is damaged"),
    ):
        assert cli.main(["release", str(out)]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert not (source / "docs" / "out").exists()
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.txt"]
    assert cli.main(["release", str(tmp_path / "new"), "--home", "nowhere"]) == 2
    assert "neither OWNER/REPO" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_a_fresh_clone_names_the_home(release, tmp_path):
    machine.need("git")
    out = tmp_path / "clone"
    subprocess.run(["git", "init", "-q", out], check=True)
    address = "git@github.com:uni/class.git"
    subprocess.run(["git", "-C", out, "remote", "add", "origin", address], check=True)
    release(out, image="autumn")
    readme = (out / "README.md").read_text(encoding="utf-8")
    assert "mybinder.org/v2/gh/uni/class/autumn?urlpath=git-pull" in readme
    assert json.loads((out / MANIFEST).read_text(encoding="utf-8"))["links"]["image"] == "autumn"


def test_an_exercise_that_is_not_built_is_refused(source, tmp_path):
    for name in ("exercises", "belgrade/checks/packed"):
        shutil.copytree(source / name, tmp_path / name)
    assert releasing._exercises(tmp_path)
    key = next((tmp_path / "exercises" / "keys").glob("01_*.ipynb"))
    edit(key, " Anew.", cell=0)
    with pytest.raises(releasing.ReleaseError, match="`belgrade build 01`"):
        releasing._exercises(tmp_path)
