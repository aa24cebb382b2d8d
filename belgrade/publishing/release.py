"""The tree that students get: lessons, exercises, data and package, without anything of the keys.

A second run updates such a tree. A manifest of hashes tells what was released before, and so what
somebody has changed since; work in a notebook or a text is never overwritten.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat

from belgrade import INSTRUCTORS, MANIFEST, UserError
from belgrade.authoring.key import BLOCK, read_questions, student_copy, variant_of, versions_of
from belgrade.checks.assemble import about
from belgrade.checks.cells import INSTALL
from belgrade.checks.compiled import ChecksError, decode, read_compiled
from belgrade.checks.rerun import AGAIN
from belgrade.files import write_whole
from belgrade.keep import fingerprint
from belgrade.publishing import links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nbformat import NotebookNode

    from belgrade.authoring.key import Question
    from belgrade.publishing.links import Home

STUDENT_TREE = Path(__file__).parent / "student_tree"
# Copied as they are. What is not named here or in `tree` stays with the instructors.
COPIED = [
    "LICENSE*",
    "CITATION.cff",
    ".gitignore",
    "requirements.txt",
    "constraints.txt",
    "jupyter/*",
    ".binder/*",
    "docs/badges/*",
    "docs/student-guide.md",
    "docs/phrasebook.md",
    "notebooks/[0-9][0-9]_*.ipynb",
    "data/**/*",
]
NOT_FOR_STUDENTS = {*INSTRUCTORS, "packed", "__pycache__"}
DEV_PACKAGES = '["pytest-xdist>=3.6", "ruff>=0.14"]'
LINT_EXCLUDE = '["exercises", "notebooks", "my_work"]'
# A line of a key up to this length may be anybody's.
MIN_LINE = 12
# So may a short line of a guide, such as a heading or a command.
MIN_GUIDE_LINE = 40
# Pictures in outputs: most of a notebook's bytes, and nothing that can be read.
PICTURE = re.compile(r"[A-Za-z0-9+/=]{400,}")
# A changed file of these kinds is somebody's work; the new one goes beside it.
WORK_SUFFIXES = {".ipynb", ".md"}


class ReleaseError(UserError):
    """The tree cannot be written; its text says why and what to do."""


# The parameters are the command's options.
def release(
    root: Path | str,
    out: Path | str,
    home: str | None = None,
    ref: str | None = None,
    hub: str | None = None,
    site: str | None = None,
    image: str | None = None,
    say: Callable[[str], object] = print,
) -> None:
    """Write the students' tree of the module at `root` to the folder `out`, or update it there.

    `home` is OWNER/REPO or an address, `ref` a branch, `hub` a JupyterHub's address, `site` that of
    its site, `image` the tag whose environment Binder keeps, for the launch links; those of the
    last run hold where none is given. Raises ReleaseError or LinkError before anything is written.
    """
    root, out = Path(root).resolve(), Path(out).resolve()
    earlier = _manifest(root, out)
    options = {"home": home, "ref": ref, "hub": hub, "site": site, "image": image}
    targets = {k: v if v is not None else earlier["links"].get(k) for k, v in options.items()}
    repo = _home(out, targets["home"], targets["ref"], targets["image"])
    files = tree(root, links.table(root, repo, targets["hub"], targets["site"]), repo)
    guides = sorted((root / "docs").glob("marking*.md"))
    if leaked := leaks(files, root / "exercises" / "keys", public_text(root), guides):
        raise ReleaseError(f"Nothing was written. {leaked[0]}")
    _update(out, files, earlier["files"], say)
    fingerprints = {name: fingerprint(name, content) for name, content in files.items()}
    manifest = {"links": targets, "files": fingerprints}
    write_whole(out / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True) + "\n")
    say(f"{'updated' if earlier['files'] else 'wrote'} {out}: {len(files)} files")


def _manifest(root: Path, out: Path) -> dict[str, dict[str, Any]]:
    """Return what an earlier run wrote into `out`; raise ReleaseError where it may not write."""
    if out == root or root in out.parents:
        raise ReleaseError(f"{out} is in the instructors' tree: name a folder outside {root}.")
    path = out / MANIFEST
    if path.is_file():
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            return {"links": dict(manifest["links"]), "files": dict(manifest["files"])}
        except (ValueError, KeyError, TypeError):
            raise ReleaseError(f"{path} is damaged: take it from the last commit.") from None
    if out.exists() and (not out.is_dir() or any(p.name != ".git" for p in out.iterdir())):
        raise ReleaseError(f"{out} is neither empty nor made by `belgrade release`.")
    return {"links": {}, "files": {}}


def _home(out: Path, home: str | None, ref: str | None, image: str | None) -> Home | None:
    """Return the home named, by default that of the repository `out`; None if that has none.

    Raises LinkError for a home that is no repository.
    """
    if home:
        return links.Home.of(home, ref or "main", image)
    return links.home_of(out, ref or "main", image) if (out / ".git").exists() else None


# --- what is in the tree -------------------------------------------------------------------------


def tree(root: Path, table: str, home: Home | None = None) -> dict[str, bytes]:
    """Return the students' tree as {path with slashes: bytes}; raise ReleaseError if it is stale.

    `table` is the launch table in Markdown, `home` where the tree will live.
    """
    paths = [path for pattern in COPIED for path in root.glob(pattern) if path.is_file()]
    paths += _exercises(root) + _package(root)
    names = {path.relative_to(root).as_posix(): path for path in paths}
    files = {
        name: path.read_bytes()
        for name, path in names.items()
        if not {p for p in name.split("/") if p.startswith(".")} - {".gitignore", ".binder"}
    }
    for path in STUDENT_TREE.rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            files[path.relative_to(STUDENT_TREE).as_posix()] = path.read_bytes()
    for name in files:
        if name.endswith(".ipynb"):
            files[name] = links.with_address(files[name].decode("utf-8"), home).encode("utf-8")
    readme = files["README.md"].decode("utf-8")
    before, rest = readme.split(links.BEGIN)
    after = rest.split(links.END)[1]
    readme = f"{before}{links.BEGIN}\n{table}\n{links.END}{after}"
    files["README.md"] = readme.encode("utf-8")
    files["run.py"] = _run_py((root / "run.py").read_text(encoding="utf-8")).encode("utf-8")
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    files["pyproject.toml"] = _pyproject(text).encode("utf-8")
    return files


def _exercises(root: Path) -> list[Path]:
    """Return the paths of exercises, built and compiled; raise ReleaseError if one is not built."""
    paths, packed = [], root / "belgrade" / "checks" / "packed"
    for key_path in sorted((root / "exercises" / "keys").glob("[0-9][0-9]_*.ipynb")):
        number, path = key_path.name[:2], root / "exercises" / key_path.name
        key = nbformat.read(key_path, as_version=4)
        try:
            student = nbformat.read(path, as_version=4)
            version = read_compiled(number, packed)["version"]
        except (OSError, ChecksError):
            student = None
        expected = student_copy(key, read_questions(key)).cells
        if (
            student is None
            or _sources(student.cells) != _sources(expected)
            or student.metadata.get("belgrade", {}).get("version") != version
        ):
            raise ReleaseError(
                f"Exercise {number} is not what its key makes: run `belgrade build {number}` first."
            )
        paths += [path, *sorted(packed.glob(f"{number}*.bin"))]  # with those of further versions
    return paths


def _package(root: Path) -> list[Path]:
    """Return the paths of the package's files, check data aside."""
    folder = root / "belgrade"
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not NOT_FOR_STUDENTS & set(path.relative_to(folder).parts)
    ]


def _run_py(text: str) -> str:
    """Return run.py without the answer keys among its notebooks, and what only we can test."""
    text = re.sub(r"^    python run.py test --.*\n", "", text, flags=re.M)
    text = text.replace('("notebooks", "exercises/keys")', '("notebooks",)')
    if "exercises/keys" in text:
        raise ReleaseError("run.py names exercises/keys where release does not expect it.")
    return text


def _pyproject(text: str) -> str:
    """Return the project file without what serves only authors, and no style asked of students."""
    text, dev = re.subn(r"^dev = \[.*?^\]", f"dev = {DEV_PACKAGES}", text, flags=re.M | re.S)
    text, exclude = re.subn(
        r"^extend-exclude = .*$", f"extend-exclude = {LINT_EXCLUDE}", text, flags=re.M
    )
    if not (dev and exclude) or "exercises/keys" in text:
        raise ReleaseError("pyproject.toml lacks the list `dev` or `extend-exclude` to change.")
    return text


# --- what must not be in it ----------------------------------------------------------------------


def public_text(root: Path) -> str:
    """Return what the lessons and the package say anyway, as one text of single spaces."""
    paths = [*(root / "notebooks").glob("*.ipynb"), *_package(root)]
    texts = (text_of(path.name, path.read_bytes()) for path in paths if path.suffix != ".bin")
    return " ".join(map(_single_spaced, texts))


def leaks(
    files: dict[str, bytes], keys: Path, public: str = "", guides: Iterable[Path] = ()
) -> list[str]:
    """Return a sentence for each thing of the keys in the folder `keys` that `files` hold.

    Looked for, line by line and in packed check data as well: solutions, written answers, rubrics,
    hidden checks, the code of wrong answers, hints and specs, the rerun, and what the files
    `guides` say about marking. `public` is what may be said anyway.
    """
    sentences = [
        f"{name} does not belong to students."
        for name in sorted(files)
        if name.endswith("_cases.py") or {"keys", *INSTRUCTORS} & {*name.split("/")}
    ]
    texts = {name: _single_spaced(text_of(name, content)) for name, content in files.items()}
    for name, content in files.items():
        if not name.endswith(".py") and re.search(r"^\[\[wrong\]\]", text_of(name, content), re.M):
            sentences.append(f"{name} holds a spec.")
        if _has_rerun(name, content):
            sentences.append(f"{name} holds values of the rerun.")
    books = [nbformat.read(p, as_version=4) for p in sorted(Path(keys).glob("[0-9][0-9]_*.ipynb"))]
    secrets = [secret for key in books for secret in _secrets(key)]
    seen = " ".join(_visible_text(key, read_questions(key)) for key in books)
    for key in books:
        # However short: `YEAR = 2017` tells all, but nothing where an exercise gives that itself.
        lines = map(_single_spaced, variant_of(key).splitlines())
        secrets += [("a variant", line) for line in lines if line and line not in seen]
    for path in guides:
        lines = map(_single_spaced, path.read_text(encoding="utf-8").splitlines())
        secrets += [
            (path.name, line) for line in lines if len(line) > MIN_GUIDE_LINE and line not in seen
        ]
    for source, line in secrets:
        if line not in public:
            holders = (name for name, text in texts.items() if line in text)
            sentences += [f"{name} holds a line of {source}: {line[:80]!r}." for name in holders]
    return sentences


def _secrets(key: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield (where, line) for what a key keeps to itself."""
    questions = read_questions(key)
    visible = _visible_text(key, questions)
    for question in questions:
        spec, name = question.spec, question.name
        texts = [(f"the rubric of {name}", c.source) for c in question.tagged("rubric")]
        texts += [(f"the answer to {name}", c.source) for c in question.tagged("written")]
        for cell in question.tagged("answer"):
            texts += [(f"the answer to {name}", body) for _, body in BLOCK.findall(cell.source)]
        texts += [(f"a wrong answer of {name}", wrong["code"]) for wrong in spec.get("wrong", [])]
        for cell in question.tagged("hidden"):
            texts.append((f"a hidden check of {name}", "\n".join(_inputs(cell.source))))
            texts.append((f"a hidden check of {name}", cell.source))
        texts.append((f"the hints of {name}", "\n".join(spec.get("hints", []))))
        allowed = {_single_spaced(str(line)) for line in spec.get("allow", [])}
        for source, text in texts:
            for line in map(_single_spaced, text.splitlines()):
                if len(line) > MIN_LINE and line not in visible and line not in allowed:
                    yield source, line


def _has_rerun(name: str, content: bytes) -> bool:
    """Tell whether check data or a notebook hold values of the rerun, in whatever form."""
    try:
        if name.endswith(".bin"):
            return any(entry["part"] == AGAIN for entry in decode(content)["checks"])
        cells = json.loads(content)["cells"] if name.endswith(".ipynb") else []
    except ValueError:
        return False
    return any(
        "variant" in cell["metadata"].get("tags", []) or "variant" in about(cell) for cell in cells
    )


def _visible_text(key: NotebookNode, questions: list[Question]) -> str:
    """Return what students see of a key in all its versions, as one text of single spaces."""
    sources = [cell.source for cell in student_copy(key, questions).cells]
    sources += [settings["parameters"] for settings in versions_of(key)]
    return _single_spaced("\n".join(sources))


def _inputs(source: str) -> list[str]:
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [ast.unparse(k.value) for call in calls for k in call.keywords if k.arg == "inputs"]


def text_of(name: str, content: bytes) -> str:
    """Return what can be read in a file: a notebook's cells and outputs, check data's values.

    Of check data, without hints and messages: they may show a line of code, one after the other.
    """
    if name.endswith(".bin"):
        compiled = decode(content)
        for entry in [*compiled["checks"], *compiled["written"]]:
            spec = entry.get("spec", entry)
            spec.pop("hints", None)
            spec["wrong"] = [wrong.get("answer") for wrong in spec.get("wrong", [])]
        return "\n".join([json.dumps(compiled, ensure_ascii=False), *_strings(compiled)])
    text = content.decode("utf-8", errors="replace")
    if name.endswith(".ipynb"):
        with contextlib.suppress(ValueError):
            return PICTURE.sub("", "\n".join(_strings(json.loads(text))))
    return text


def _strings(value: Any) -> Iterator[str]:
    """Yield all texts in a JSON value; a list of texts, as notebooks hold them, as one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        yield "".join(value)
    elif isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _single_spaced(text: str) -> str:
    return " ".join(text.split())


# --- writing and updating ------------------------------------------------------------------------


def _update(
    out: Path, files: dict[str, bytes], earlier: dict[str, str], say: Callable[[str], object]
) -> None:
    for name, content in files.items():
        path = out / name
        current = path.read_bytes() if path.is_file() else None
        if current == content:
            continue
        if current is None or fingerprint(name, current) == earlier.get(name):
            write_whole(path, content)
        elif path.suffix in WORK_SUFFIXES:
            if fingerprint(name, content) not in (earlier.get(name), fingerprint(name, current)):
                beside = _free(path.with_name(f"{path.stem}.new{path.suffix}"), content)
                write_whole(beside, content)
                say(f"kept {name}, which was changed; the new version is {beside.name} beside it")
        else:
            _move_aside(out, name, say)
            write_whole(path, content)
    for name in sorted(earlier.keys() - files.keys()):
        path = out / name
        if path.is_file() and fingerprint(name, path.read_bytes()) == earlier[name]:
            path.unlink()
            say(f"removed {name}, which is no longer part of the module")


def _move_aside(out: Path, name: str, say: Callable[[str], object]) -> None:
    """Keep a changed file of the package, data or settings, which must be whole, in my_work/."""
    backup = _free(out / "my_work" / "replaced" / name, (out / name).read_bytes())
    backup.parent.mkdir(parents=True, exist_ok=True)
    os.replace(out / name, backup)
    say(f"replaced {name}, which was changed; the changed one is now {backup.relative_to(out)}")


def _free(path: Path, content: bytes) -> Path:
    """Return `path`, or one like it with a number, where no file is that holds anything else."""
    numbered = (path.with_stem(f"{path.stem}_{number}") for number in itertools.count(2))
    return next(
        one
        for one in itertools.chain([path], numbered)
        if not one.exists() or (one.is_file() and one.read_bytes() == content)
    )


def _sources(cells: list[NotebookNode]) -> list[tuple[str, str, Any]]:
    """Return what of cells does not depend on where the module lives."""
    return [
        (cell.cell_type, INSTALL.sub("", cell.source), cell.metadata.get("belgrade"))
        for cell in cells
    ]
