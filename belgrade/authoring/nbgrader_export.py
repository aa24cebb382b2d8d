"""The answer keys as nbgrader's source notebooks (metadata schema 3).

`nbgrader generate_assignment` takes solutions and hidden tests out of them by itself
(https://nbgrader.readthedocs.io). A visible check is judged against the check data in the
installed package; the reference of a hidden one stands sealed between nbgrader's own markers.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat.v4 import new_code_cell, new_markdown_cell

from belgrade import UserError
from belgrade.authoring.clean import new_notebook, text_of
from belgrade.authoring.key import BLOCK, KEY_ONLY, read_questions, tag_of
from belgrade.authoring.vary import letter
from belgrade.checks.compiled import ChecksError, read_compiled
from belgrade.checks.graded_cells import graded_specs, recorded_answer
from belgrade.checks.points import IMPORT_LINE, seal
from belgrade.checks.rerun import AGAIN
from belgrade.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from nbformat import NotebookNode

    from belgrade.authoring.build import Built
    from belgrade.authoring.key import Question
    from belgrade.checks.spec import Spec

NOTE = (
    "*In this copy each check also returns the points. In place of the last cell of which the text "
    "above speaks, use nbgrader's button* Validate, *or run all cells from the top.*"
)
ABOUT_RERUN = (
    "*When your work is marked, the cells below run your code once more, with other values in the "
    "cell of settings. Leave them as they are.*"
)
IMPORT = f"{IMPORT_LINE}\n"
# Of a spec, what no hidden check needs.
UNUSED = {"hints", "wrong", "starter", "allow", "weights", "part"}
HIDDEN = "# A further check, which runs when the work is marked."
CONFIG = Path(__file__).with_name("nbgrader_config.py").read_text(encoding="utf-8")


class ExportError(UserError):
    """An exercise cannot be exported; its text names it and what to change."""


def export(
    exercises: Iterable[Built], out: Path | str, say: Callable[[str], object] = print
) -> None:
    """Write each Built of `exercises` to `out`/source/NN_name/NN_name.ipynb, and the settings.

    A further version of an exercise, which comes after it, is an assignment NN_name_B.
    An `nbgrader_config.py` that somebody changed is left as it is. Raises ExportError where the
    package holds other check data than the key makes.
    """
    out = Path(out)
    versions: dict[str, str] = {}
    notebooks = {}
    for built in exercises:
        number, name = built.compiled["exercise"], Path(built.compiled["file"]).stem
        stamp = built.compiled["version"]
        try:
            current = read_compiled(number, version=stamp)["version"] == stamp
        except ChecksError:
            current = False
        if not current:
            raise ExportError(
                f"The checks in the package are not those of the key {name}: "
                f"run `belgrade build {number}` first."
            )
        version_letter = letter(sum(key[:2] == number for key in versions))
        if version_letter == "A":
            notebooks[name], versions[number] = source_notebook(built), stamp
        else:
            notebooks[f"{name}_{version_letter}"] = source_notebook(built, stamp)
            versions[f"{number}_{version_letter}"] = stamp
    for name, notebook in notebooks.items():
        path = out / "source" / name / f"{name}.ipynb"
        write_whole(path, text_of(notebook))
        say(f"wrote {path}")
    manifest = out / "exported.json"
    earlier = json.loads(manifest.read_text(encoding="utf-8")) if manifest.exists() else {}
    write_whole(manifest, json.dumps(earlier | versions, indent=1, sort_keys=True) + "\n")
    config = out / "nbgrader_config.py"
    if config.exists() and config.read_text(encoding="utf-8") != CONFIG:
        say(f"kept {config}, which was changed here")
    else:
        write_whole(config, CONFIG)


def source_notebook(built: Built, version: str = "") -> NotebookNode:
    """Return the nbgrader source notebook of a Built, without outputs and metadata of ours.

    `version` is the stamp of a further version of an exercise.
    """
    key, questions = built.key, read_questions(built.key)
    reruns = {check["question"]: check for check in built.checks if check["part"] == AGAIN}
    for each in questions:
        each.has_rerun = each.name in reruns
    starters = {cell.id: cell for cell in built.student.cells}
    owner = {cell["id"]: question for question in questions for cell in question.cells}
    specs = graded_specs(key.cells)
    cells: list[NotebookNode] = []
    for cell in key.cells:
        tag, question = tag_of(cell), owner.get(cell["id"])
        if tag in KEY_ONLY - {"hidden"}:
            continue
        if cell.cell_type == "code" and "check_notebook(" in cell.source and not tag:
            if cells[-1].cell_type == "markdown" and "nbgrader" not in cells[-1].metadata:
                cells.pop()  # it explains the cell, in whose place nbgrader has its Validate
            first = next((i for i, c in enumerate(cells) if c.cell_type == "code"), len(cells))
            cells.insert(first, new_markdown_cell(NOTE, id="about-nbgrader"))
            continue
        name = question.name.replace(".", "-") if question else ""
        if tag == "answer":
            text = _with_starter(starters[cell.id].source, cell.source)
            cells.append(_cell(cell, text, f"answer-{name}", solution=True))
        elif question and tag == "written":
            text = f"{starters[cell.id].source}\n\n{_solution(cell.source, '<!-- {} -->')}"
            points = question.points("written")
            cells.append(_cell(cell, text, f"question-{name}-written", points, solution=True))
        elif question and tag in ("check", "hidden"):
            spec, part = specs[cell["id"]], specs[cell["id"]]["part"]
            points = question.points(part)
            if tag == "check":
                text = _visible(question.name, cell.source, version)
            else:
                text = _hidden(question.name, cell, spec | {"points": points})
            suffix = f"-{part}" if part else ""
            cells.append(_cell(cell, text, f"question-{name}{suffix}", points))
            if hints := [line for line in cell.source.splitlines() if line.startswith("# hint(")]:
                # The graded cell is locked; a student takes the # away in this one.
                cells.append(new_code_cell("\n".join(hints), id=f"{cell.id[:58]}-hint"))
        elif cell.cell_type == "code":
            cells.append(_cell(cell, cell.source, f"given-{cell.id}", locked=True))
        else:
            cells.append(new_markdown_cell(cell.source, id=cell.id))
            if attachments := cell.get("attachments"):
                cells[-1].attachments = attachments
    if reruns:
        cells.append(new_markdown_cell(ABOUT_RERUN, id="about-again"))
    for question in filter(lambda question: question.has_rerun, questions):
        cells.append(_rerun_cell(question, reruns[question.name], built))
    return new_notebook(cells)


def _rerun_cell(question: Question, check: dict[str, Any], built: Built) -> NotebookNode:
    parameters = "".join(cell.source for cell in built.key.cells if tag_of(cell) == "parameters")
    points = question.points(AGAIN)
    text = _rerun_code(question, check, points, parameters, built.variant)
    name = f"question-{question.name.replace('.', '-')}-{AGAIN}"
    return _cell(new_code_cell(id=name), text, name, points)


def _cell(
    cell: NotebookNode,
    source: str,
    grade_id: str,
    points: float | None = None,
    solution: bool = False,
    locked: bool = False,
) -> NotebookNode:
    """Return a cell with nbgrader's metadata; with `points` it is graded."""
    metadata = {
        "grade": points is not None,
        "grade_id": grade_id,
        "schema_version": 3,
        "locked": locked or (points is not None and not solution),
        "solution": solution,
        "task": False,
    }
    if points is not None:
        metadata["points"] = points
    new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
    return new(source, id=cell.id, metadata={"nbgrader": metadata})


def _with_starter(starter: str, answer: str) -> str:
    """Return an answer cell in which what students start from precedes each solution.

    nbgrader would leave the same words in the place of every solution.
    """
    fixed = BLOCK.split(answer)[::3]
    match = re.fullmatch("(.*?)".join(map(re.escape, fixed)), starter, re.DOTALL)
    if not match:  # a starter of its own, from the spec
        return f"{starter}\n{_solution(BLOCK.sub(lambda block: block[2], answer))}"
    starters = iter(match.groups())
    return BLOCK.sub(lambda block: f"{next(starters)}\n{block[0]}", answer)


def _solution(text: str, line: str = "{}") -> str:
    begin, end = line.format("### BEGIN SOLUTION"), line.format("### END SOLUTION")
    return f"{begin}\n{text.strip(chr(10))}\n{end}"


def _call(question: str, source: str) -> tuple[ast.Module, ast.Call]:
    """Return the module in a check cell's source and its last statement, a call of check."""
    tree = ast.parse(source)
    last = tree.body[-1] if tree.body else None
    call = last.value if isinstance(last, ast.Expr) else None
    if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "check"):
        raise ExportError(f"Question {question}: check(…) must be the last line of its cell.")
    return tree, call


def _visible(question: str, source: str, version: str) -> str:
    """Return the code of a check that students see, ending in its points."""
    _, call = _call(question, source)
    text = ast.get_source_segment(source, call) or ""
    before = source[: source.rindex(text)]
    if version:
        call.keywords.append(ast.keyword("version", ast.Constant(version)))
        text = ast.unparse(call)
    return f"{IMPORT}\n{before}check_points{text.removeprefix('check')}"


def _hidden(question: str, cell: NotebookNode, spec: Spec) -> str:
    """Return the code of a hidden check, with its inputs and its reference sealed in it."""
    tree, call = _call(question, cell.source)
    reference = recorded_answer(cell.outputs)
    if reference is None:
        raise ExportError(f"Question {question}: its hidden check has no stored answer.")
    sealed = {k: v for k, v in spec.items() if k not in UNUSED}
    for keyword in [k for k in call.keywords if k.arg == "inputs"]:
        # Inputs that code in the cell makes stay where they are.
        with contextlib.suppress(ValueError):
            sealed["inputs"] = ast.literal_eval(keyword.value)
            call.keywords.remove(keyword)
    call.func = ast.Name("check_points")
    call.keywords.append(ast.keyword("sealed", ast.Name("SEALED")))
    text = f'sealed="""\n{seal(spec=sealed, reference=reference["answer"])}"""'
    code = ast.unparse(tree).replace("sealed=SEALED", text)
    return _tests(IMPORT, code)


def _rerun_code(
    question: Question, check: dict[str, Any], points: float, parameters: str, variant: str
) -> str:
    """Return the code that runs a student's own cells once more, with all that it needs sealed."""
    spec = {k: v for k, v in check["spec"].items() if k not in UNUSED} | {"points": points}
    specs = graded_specs(question.cells)
    call = next(c for c in question.tagged("check") if not specs[c["id"]]["part"])
    sealed = seal(
        spec=spec,
        reference=check["reference"],
        check=call.source,
        parameters=parameters,
        variant=variant,
    )
    return _tests(f"{IMPORT_LINE}_again\n", f'check_points_again(In, """\n{sealed}""")')


def _tests(imported: str, code: str) -> str:
    return f"{HIDDEN}\n### BEGIN HIDDEN TESTS\n{imported}\n{code}\n### END HIDDEN TESTS"
