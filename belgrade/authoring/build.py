"""Build an exercise from its answer key: the student's notebook and the packed check data."""

from __future__ import annotations

import ast
import copy
import hashlib
import json
import textwrap
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade import data
from belgrade.authoring.clean import clean, text_of
from belgrade.authoring.execute import RunError, execute, first_error
from belgrade.authoring.key import (
    BLOCK,
    WRITTEN_STARTER,
    BuildError,
    cell_label,
    read_key,
    read_questions,
    student_copy,
    tag_of,
    variant_of,
    versions_of,
)
from belgrade.authoring.settings import SettingError
from belgrade.checks.capture import Captured
from belgrade.checks.cells import INSTALL
from belgrade.checks.compiled import decode, encode
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.graded_cells import graded_specs, prelude, recorded_answer
from belgrade.checks.judge import RIGHT, describe, judge
from belgrade.checks.rerun import AGAIN, with_rerun
from belgrade.checks.spec import SpecError, exercise_of
from belgrade.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbformat import NotebookNode

    from belgrade.authoring.key import Question
    from belgrade.checks.compiled import Compiled
    from belgrade.checks.spec import Spec

Answers = dict[tuple[str, str], Captured]  # by question and part
Wrongs = dict[tuple[str, int], Captured]  # by question and number

# What of a spec no compiled exercise has.
KEY_ONLY_FIELDS = {"starter", "allow", "weights", "accepted"}


@dataclass
class Built:
    """What a key makes: itself with outputs, the student's notebook, the compiled exercise, checks.

    `checks` are all, the hidden ones too, each with question, part, spec and reference;
    those of the part `again` hold under `variant`, the parameters cell with other values, or "".
    """

    key: nbformat.NotebookNode
    student: nbformat.NotebookNode
    compiled: Compiled
    checks: list[dict[str, Any]]
    variant: str = ""


def build(
    key_path: Path | str,
    cwd: Path | None = None,
    execute: Callable[[NotebookNode, Path], object] = execute,
    invalid: list[str] | None = None,
    settings: dict[str, str] | None = None,
) -> Built:
    """Run the key at `key_path` and return a Built; raise BuildError if anything is amiss.

    With a list `invalid`, wrong answers that are none (any longer) are left out and named there.
    `settings` are sources in place of the key's own: {"parameters": …, "variant": …}.

    `cwd` is the kernel's folder, by default the one above the key's, where students' copies lie.
    `execute(notebook, cwd)` runs a notebook in place, by default in a kernel of its own.
    """
    key_path = Path(key_path)
    try:
        key = read_key(key_path)
        for cell in key.cells:
            cell.source = (settings or {}).get(tag_of(cell), cell.source)
        questions = read_questions(key)
        cwd = cwd or key_path.resolve().parents[1]
        variant = variant_of(key)
        answers, wrongs = _run(key, questions, variant, cwd, execute)
        if variant:
            _mark_reruns(questions, answers)
        for each in questions:
            if each.spec["points"] and not any(map(each.points, each.parts())):
                raise BuildError(f"question {each.name}: its weights are all 0")
        entries = _entries(questions, answers, wrongs, invalid)
        if variant:
            _check_hidden_share(questions, entries)
        student = student_copy(key, questions)
        _check_leaks(questions, student)
        compiled = _compiled(key_path.name, questions, entries, student)
    except (BuildError, SettingError, SpecError, RunError) as error:
        raise BuildError(f"{key_path.name}: {error}") from None
    return Built(clean(key), student, compiled, entries, variant)


def build_files(
    keys: Iterable[Path | str],
    out: Path | str,
    packed: Path | str,
    check: bool = False,
    say: Callable[[str], object] = print,
) -> list[str]:
    """Build the keys into the folders `out` and `packed`; return the names that differ.

    With `check` nothing is written.
    """
    differ, out, packed = [], Path(out), Path(packed)
    for key_path in map(Path, keys):
        built = build(key_path, cwd=out)
        _date(built, out / key_path.name)
        expected: dict[Path, str | Compiled | None] = {out / key_path.name: text_of(built.student)}
        if not check:  # its stored outputs are nbval's business
            expected[key_path] = text_of(built.key)
        number, versions = built.compiled["exercise"], [built.compiled]
        versions += [other.compiled for other in further_versions(key_path, built, out)]
        if versions[1:]:
            built.compiled["further"] = [each["version"] for each in versions[1:]]
        expected |= dict.fromkeys(sorted(packed.glob(f"{number}-*.bin")))
        expected[packed / f"{number}.bin"] = built.compiled
        expected |= {packed / f"{number}-{each['version']}.bin": each for each in versions[1:]}
        for path, content in expected.items():
            if not _is_current(path, content):
                differ.append(str(path))
                if not check:
                    _write_or_delete(path, content)
        size = f"{len(built.compiled['questions'])} questions, version {built.compiled['version']}"
        say(f"{'checked' if check else 'built'} {key_path.name}: {size}")
    return differ


def _is_current(path: Path, content: str | Compiled | None) -> bool:
    """Tell whether a file holds this content; with None for `content`, whether it is gone."""
    if content is None or not path.exists():
        return content is None and not path.exists()
    if isinstance(content, str):
        return path.read_text(encoding="utf-8") == content
    try:
        return _rounded(decode(path.read_bytes())) == _rounded(content)
    except (OSError, ValueError, zlib.error):
        return False


def _write_or_delete(path: Path, content: str | Compiled | None) -> None:
    if content is None:
        path.unlink()
    else:
        write_whole(path, content if isinstance(content, str) else encode(content))


def further_versions(key_path: Path, built: Built, cwd: Path | None = None) -> list[Built]:
    """Return what the key makes in each of its further versions, dated as `built` is."""
    versions = []
    for settings in versions_of(built.key):
        version = build(key_path, cwd, settings=settings)
        date = built.student["metadata"]["belgrade"].get("made", "")
        for notebook in (version.student, version.compiled["notebook"]):
            notebook["metadata"]["belgrade"]["made"] = date
        versions.append(version)
    return versions


def _date(built: Built, path: Path) -> None:
    """Write into an exercise the day on which it became what it is, so that the older is known.

    It stays as it stands in the notebook at `path` while the version does. The module's address,
    which `belgrade links` put there, stays as well.
    """
    try:
        text = path.read_text(encoding="utf-8")
        earlier = json.loads(text)["metadata"]["belgrade"]
    except (OSError, ValueError, KeyError, TypeError):
        text, earlier = "", {}
    if install := INSTALL.search(text):
        for cell in built.student["cells"]:
            cell["source"] = INSTALL.sub(install[0], cell["source"])
    same = earlier.get("version") == built.compiled["version"]
    date = earlier.get("made") if same else None
    date = date or datetime.now(UTC).date().isoformat()
    for notebook in (built.student, built.compiled["notebook"]):
        notebook["metadata"]["belgrade"]["made"] = date


def _rerun_cells(key: NotebookNode, questions: list[Question], variant: str) -> list[NotebookNode]:
    """Return the cells of the rerun of the key's own answers."""
    assembled, sources = student_copy(key, questions), {c["id"]: c.source for c in key.cells}
    for cell in assembled.cells:
        cell.source = sources[cell["id"]]
    checks = [
        {"question": q.name, "part": AGAIN, "spec": q.spec, "reference": None}
        for q in questions
        if q.spec["kind"] != "written"
    ]
    return with_rerun(assembled, variant, checks).cells[len(assembled.cells) :]


def _mark_reruns(questions: list[Question], answers: Answers) -> None:
    """Note which questions have a rerun: those whose answer changes with the parameters.

    Raises BuildError for code whose answer stays, and for which no other check is hidden.
    """
    for question in questions:
        if (question.name, AGAIN) not in answers:
            continue
        answer, expected = answers[question.name, ""], answers[question.name, AGAIN]
        differs = judge(question.spec | {"wrong": []}, expected, answer).status != RIGHT
        question.has_rerun = differs
        if not (differs or question.tagged("hidden") or question.spec["kind"] == "choice"):
            raise BuildError(
                f"question {question.name}: under the variant its answer is the same: let its "
                "code use a name of the parameters cell, or choose other values"
            )


def _check_hidden_share(questions: list[Question], entries: list[dict[str, Any]]) -> None:
    visible = _visible_parts(questions)
    points = [((e["question"], e["part"]) in visible, e["spec"]["points"]) for e in entries]
    hidden, total = sum(p for visible, p in points if not visible), sum(p for _, p in points)
    if hidden < total / 2 - 1e-6:
        raise BuildError(
            f"only {hidden:g} of {total:g} points are given by hidden checks: at least half should "
            "be, so raise their `weights`"
        )


def _run(
    key: NotebookNode,
    questions: list[Question],
    variant: str,
    cwd: Path,
    execute: Callable[[NotebookNode, Path], object],
) -> tuple[Answers, Wrongs]:
    """Run the key with its wrong answers; store its outputs; return the captured answers.

    The answers are by (question, part), those under the variant with the part `again`; the wrong
    ones by (question, number).
    """
    notebook, specs, wrong_at = copy.deepcopy(key), graded_specs(key.cells), {}
    cells, by_cell = [], {q.tagged("answer")[0]["id"]: q for q in questions if q.tagged("answer")}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if cell["id"] in specs:
            cell.source = prelude(specs[cell["id"]], trusted=True) + cell.source
        cells.append(cell)
        if cell["id"] in by_cell:
            question = by_cell[cell["id"]]
            for n, wrong in enumerate(_wrong_answers(question.spec)):
                temporary = nbformat.v4.new_code_cell(
                    prelude(question.spec, trusted=True) + _wrong_call(question, wrong, n)
                )
                wrong_at[question.name, n] = temporary
                cells.append(temporary)
    rerun_cells = _rerun_cells(key, questions, variant) if variant else []
    rerun_specs = {}
    for cell in rerun_cells:
        cell.outputs, cell.execution_count = [], None
        if spec := cell.metadata["belgrade"].get("spec"):
            rerun_specs[cell["id"]] = spec
            cell.source = prelude(spec, trusted=True) + cell.source
    notebook.cells = cells + rerun_cells
    execute(notebook, cwd)
    ran = {cell["id"]: cell for cell in notebook.cells}
    _store(key, questions, ran)
    for cell in rerun_cells:
        if error := first_error(ran[cell["id"]]):
            name = cell.metadata["belgrade"].get("question", "a given cell")
            raise BuildError(f"under the variant, {name} stopped with {error}")
    answers = {
        (s["question"], s["part"]): _answer_of(ran[i], f"the check of question {s['question']}")
        for i, s in specs.items()
    } | {
        (s["question"], AGAIN): _answer_of(ran[i], f"the rerun of {s['question']}")
        for i, s in rerun_specs.items()
    }
    wrongs = {
        (name, n): _answer_of(cell, f"question {name}: wrong answer {n + 1}")
        for (name, n), cell in wrong_at.items()
    }
    return answers, wrongs


def _store(key: NotebookNode, questions: list[Question], ran: dict[str, NotebookNode]) -> None:
    """Put the outputs of cells that ran into a key; raise BuildError for one that stopped."""
    owner = {cell["id"]: f"question {q.name}: " for q in questions for cell in q.cells}
    for number, cell in enumerate(key.cells):
        if cell.cell_type == "code":
            executed = ran[cell["id"]]
            if error := first_error(executed):
                label = owner.get(cell["id"], "") + cell_label(number, cell)
                raise BuildError(f"{label} stopped with {error}")
            cell.outputs, cell.execution_count = executed.outputs, executed.execution_count


def _wrong_answers(spec: Spec) -> list[dict[str, Any]]:
    """Return the wrong answers of a spec: those with a message for the student."""
    return [wrong for wrong in spec.get("wrong", []) if "message" in wrong]


def _wrong_call(question: Question, wrong: dict[str, Any], n: int) -> str:
    """Return code that checks a wrong answer: statements, then an expression, in a scope."""
    try:
        body = ast.parse(textwrap.dedent(wrong["code"])).body
    except SyntaxError as error:
        raise BuildError(f"question {question.name}: wrong answer {n + 1}: {error}") from None
    if not isinstance(body[-1], ast.Expr):
        raise BuildError(
            f"question {question.name}: wrong answer {n + 1} must end in an expression"
        )
    lines = [ast.unparse(node) for node in [*body[:-1], ast.Return(body[-1].value)]]
    code = textwrap.indent("\n".join(lines), "    ")
    return f'def _wrong_turn():\n{code}\ncheck("{question.name}", _wrong_turn())'


def _answer_of(cell: NotebookNode, subject: str) -> Captured:
    if error := first_error(cell):
        raise BuildError(f"{subject} stopped with {error}")
    recorded = recorded_answer(cell.outputs)
    if recorded is None:
        raise BuildError(f"{subject} recorded no answer: is check(…) called in the cell?")
    return recorded["answer"]


def _entries(
    questions: list[Question], answers: Answers, wrongs: Wrongs, invalid: list[str] | None = None
) -> list[dict[str, Any]]:
    """Return an entry for each check and hidden check, after trying the key against itself."""
    entries = []
    for question in questions:
        spec = question.spec
        wrong_answers = [
            wrong | {"answer": wrongs[question.name, n]}
            for n, wrong in enumerate(_wrong_answers(spec))
        ]
        for part in question.parts():
            if part == "written":
                continue
            part_spec = {k: v for k, v in spec.items() if k not in KEY_ONLY_FIELDS}
            part_spec |= {"points": question.points(part), "part": part}
            part_spec["wrong"] = [] if part else wrong_answers
            reference = answers[question.name, part]
            part_spec["wrong"] = _valid_wrongs(question.name, part_spec, reference, invalid)
            public = [{k: v for k, v in w.items() if k != "code"} for w in part_spec["wrong"]]
            entries.append(
                {
                    "question": question.name,
                    "part": part,
                    "spec": part_spec | {"wrong": public},
                    "reference": reference,
                }
            )
    return entries


def _valid_wrongs(
    name: str, spec: Spec, reference: Captured, invalid: list[str] | None = None
) -> list[dict[str, Any]]:
    """Check that the key's answer is right; return the wrong answers that get their own message.

    Any other raises BuildError, or is named in the list `invalid`: other parameters can make it so.
    """
    verdict = judge(spec | {"wrong": []}, reference, reference)
    if verdict.status != RIGHT:
        raise BuildError(
            f"question {name}: the check does not accept its own solution, "
            f"{describe(reference)}: {verdict.message}"
        )
    valid = []
    for n, wrong in enumerate(spec["wrong"]):
        verdict, fault = judge(spec, reference, wrong["answer"]), ""
        if verdict.status == RIGHT:
            fault = f"question {name}: wrong answer {n + 1} is judged right"
        elif verdict.message != wrong["message"]:
            fault = (
                f"question {name}: wrong answer {n + 1} ({describe(wrong['answer'])}) gets another "
                f"message: {verdict.message}"
            )
        if not fault:
            valid.append(wrong)
        elif invalid is None:
            raise BuildError(fault)
        else:
            invalid.append(fault)
    return valid


def _check_leaks(questions: list[Question], student: NotebookNode) -> None:
    text = "\n".join(cell.source for cell in student.cells)
    lines = {" ".join(line.split()) for line in text.splitlines()}
    for question in questions:
        allowed = {" ".join(str(a).split()) for a in question.spec.get("allow", [])}
        for cell in question.tagged("answer"):
            for _, body in BLOCK.findall(cell.source):
                for line in body.splitlines():
                    line = " ".join(line.split())
                    if len(line) > 12 and line in lines and line not in allowed:
                        if line.startswith("def ") and line.endswith(":"):
                            continue  # the signature is given
                        raise BuildError(
                            f"question {question.name}: a solution line stands in the student's "
                            f"copy too: {line!r} (allow = [...] in the spec if it may)"
                        )
        for cell in question.tagged("written"):
            if len(cell.source) > 12 and " ".join(cell.source.split()) in " ".join(text.split()):
                raise BuildError(f"question {question.name}: give its written answer a starter")


def _compiled(
    file: str, questions: list[Question], entries: list[dict[str, Any]], student: NotebookNode
) -> Compiled:
    visible_parts = _visible_parts(questions)
    visible = [e for e in entries if (e["question"], e["part"]) in visible_parts]
    rows, written = [], []
    for question in questions:
        parts = [e for e in visible if e["question"] == question.name]
        visible_points = sum(e["spec"]["points"] for e in parts)
        if question.tagged("written"):
            points = question.points("written")
            visible_points += points
            starter = question.spec.get("starter") if question.spec["kind"] == "written" else None
            written.append(
                {
                    "question": question.name,
                    "kind": "written",
                    "points": points,
                    "starter": starter or WRITTEN_STARTER,
                    "hints": question.spec.get("hints", []),
                }
            )
        row = {"question": question.name, "title": question.spec["title"], "points": visible_points}
        if hidden := round(question.spec["points"] - visible_points, 6):
            row["hidden_points"] = hidden
        rows.append(row)
    number = exercise_of(questions[0].name)
    student.metadata["belgrade"] = {"exercise": number}
    compiled = {
        "exercise": number,
        "file": file,
        "questions": rows,
        "checks": visible,
        "written": written,
        "notebook": student,
    }
    text = json.dumps(_rounded(compiled), sort_keys=True, ensure_ascii=False)
    compiled["version"] = hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
    compiled["data"] = data.digest()
    student.metadata["belgrade"]["version"] = compiled["version"]
    return json.loads(json.dumps(compiled))


def _visible_parts(questions: list[Question]) -> set[tuple[str, str]]:
    return {(question.name, part) for question in questions for part in question.visible()}


def _rounded(value: Any) -> Any:
    """Return `value` with 9 digits in each float: machines differ in the last ones."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list) else value
