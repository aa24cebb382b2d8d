"""An answer key, its questions, and the notebook that students get of it.

A key `exercises/keys/NN_name.ipynb` is a notebook that runs. Its cells are told apart by tags:
`spec` (a raw cell in TOML) opens a question and everything up to the next spec belongs to it, so
the prompt comes after its spec; `answer` holds the solution between ### BEGIN SOLUTION and
### END SOLUTION; `check` is the call that a student keeps; `hidden` (another call, with
`part="b"`), `rubric` and `spec` stay with the key; `written` is a text cell for prose, whose
starter is in the spec; `parameters` re-issue the exercise; `variant`, a raw cell below them, gives
the same names other values, under which students' code is run once more when it is graded; each
`version`, a raw cell too, those of a further version of the exercise; other cells before the first
spec have no tag.
"""

from __future__ import annotations

import ast
import copy
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from belgrade import UserError
from belgrade.authoring.clean import new_notebook
from belgrade.authoring.settings import read_settings, rerun_settings, verify, with_values
from belgrade.checks.assemble import assigned
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.graded_cells import graded_specs
from belgrade.checks.rerun import AGAIN
from belgrade.checks.spec import exercise_of, parse_spec

if TYPE_CHECKING:
    from pathlib import Path

    from nbformat import NotebookNode

    from belgrade.checks.spec import Spec

SETTING_TAGS = ("parameters", "variant", "version")
TAGS = {"spec", "answer", "check", "hidden", "written", "rubric", *SETTING_TAGS}
KEY_ONLY = {"spec", "hidden", "rubric", "variant", "version"}
BLOCK = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION[^\n]*$", re.M | re.S
)
CALL = re.compile(r"""check\(\s*["']([^"']*)["']""")
WRITTEN_STARTER = "*Write your answer here.*"
# What the rerun weighs beside a check: more, since a choice has none.
RERUN_WEIGHT = 1.5


class BuildError(UserError):
    """A key cannot be built; its text names the key, the question and what to change."""


@dataclass
class Question:
    """A question of a key: its spec and its cells, in order; whether it has a rerun."""

    spec: Spec
    cells: list[NotebookNode]
    has_rerun: bool = False

    @property
    def name(self) -> str:
        return self.spec["question"]

    def tagged(self, tag: str) -> list[NotebookNode]:
        return [c for c in self.cells if tag_of(c) == tag]

    def parts(self) -> list[str]:
        """Return the names of what gives points: "" for the check, hidden ones, "written"."""
        specs = graded_specs(self.cells)
        parts = [specs[c["id"]]["part"] for c in self.cells if c.get("id") in specs]
        return parts + [AGAIN] * self.has_rerun + ["written"] * bool(self.tagged("written"))

    def visible(self) -> set[str]:
        """Return the names of the parts that the student's notebook checks."""
        specs = graded_specs(self.cells)
        return {specs[c["id"]]["part"] for c in self.tagged("check")}

    def points(self, part: str) -> float:
        """Return what a part is worth: the question's points, shared out by `weights`.

        A part without a weight has 1, and the rerun RERUN_WEIGHT.
        """
        weights = {AGAIN: RERUN_WEIGHT} | self.spec.get("weights", {})
        weights = {p: weights.get(p or "check", 1) for p in self.parts()}
        total = sum(weights.values())
        points = self.spec["points"] * weights[part] / total if total else 0
        return int(points) if points == int(points) else round(points, 6)


def tag_of(cell: NotebookNode) -> str:
    """Return the one tag of ours that a cell has, or ""."""
    return next((t for t in cell.metadata.get("tags", []) if t in TAGS), "")


def cell_label(number: int, cell: NotebookNode) -> str:
    """Return words for a cell: JupyterLab shows no numbers, so its first line is among them."""
    first = next(iter(cell.source.strip().splitlines()), "")
    return f"cell {number + 1} ({first[:50]})"


def read_key(path: Path) -> NotebookNode:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        ids = [cell["id"] for cell in cells if "id" in cell]
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"this is no notebook ({error})") from None
    # Reading with nbformat would give the second of two equal ids a new one, each time another.
    if duplicates := {i for i in ids if ids.count(i) > 1}:
        raise BuildError(f"two cells have the same id: {min(duplicates)}")
    return nbformat.read(path, as_version=4)


def read_questions(key: NotebookNode) -> list[Question]:
    """Return the questions of a key, in order; raise BuildError or SpecError for a wrong key."""
    questions = []
    for number, cell in enumerate(key.cells):
        label = cell_label(number, cell)
        if unknown := [t for t in cell.metadata.get("tags", []) if t not in TAGS]:
            raise BuildError(f"{label} has the unknown tag {unknown[0]!r}; known: {sorted(TAGS)}")
        if len(cell.metadata.get("tags", [])) > 1:
            raise BuildError(f"{label} has more than one tag")
        tag = tag_of(cell)
        if tag == "spec":
            if cell.cell_type != "raw":
                raise BuildError(f"{label}: a spec must be a raw cell")
            questions.append(Question(parse_spec(cell.source), [cell]))
        elif tag not in ("", *SETTING_TAGS) and not questions:
            raise BuildError(f"{label} is tagged {tag}, but stands before the first spec")
        elif questions:
            questions[-1].cells.append(cell)
        if tag in ("answer", "check", "hidden", "parameters") and cell.cell_type != "code":
            raise BuildError(f"{label}: a cell tagged {tag} must be a code cell")
        if tag == "written" and cell.cell_type != "markdown":
            raise BuildError(f"{label}: a written answer must be a markdown cell")
    names = [q.name for q in questions]
    if not names:
        raise BuildError("there is no question: no raw cell is tagged spec")
    if duplicates := {n for n in names if names.count(n) > 1}:
        raise BuildError(f"question {min(duplicates)} has two specs")
    if len({exercise_of(n) for n in names}) > 1:
        raise BuildError(f"the questions {', '.join(names)} are of different exercises")
    for question in questions:
        _validate(question, names)
    return questions


def _validate(question: Question, names: list[str]) -> None:
    name, kind = question.name, question.spec["kind"]
    for cell in question.tagged("answer"):
        found_blocks = BLOCK.findall(cell.source)
        if not found_blocks or not all(body.strip() for _, body in found_blocks):
            raise BuildError(
                f"question {name}: its answer needs a solution between ### BEGIN SOLUTION "
                "and ### END SOLUTION"
            )
    for tag, is_needed in (("answer", kind != "written"), ("check", kind != "written")):
        if is_needed and not question.tagged(tag):
            raise BuildError(f"question {name} has no cell tagged {tag}")
    if kind == "written" and not question.tagged("written"):
        raise BuildError(f"question {name} has no text cell tagged written")
    for cell in question.tagged("check") + question.tagged("hidden"):
        call = CALL.search(cell.source)
        called = call[1] if call else ""
        if called != name:
            hint = f"; or has the spec of {called} lost its tag?" * (called not in ("", *names))
            raise BuildError(f'question {name}: its check must call check("{name}", …){hint}')
    if len(question.tagged("answer")) > 1 or len(question.tagged("written")) > 1:
        raise BuildError(f"question {name} has more than one answer cell")
    parts = question.parts()
    if len(set(parts)) < len(parts):
        raise BuildError(f'question {name}: give each further check a name of its own: part="b"')
    for part in question.spec.get("weights", {}):
        if part not in [*(p or "check" for p in parts), AGAIN]:
            raise BuildError(f"question {name}: weights names the part {part!r}, which is not here")
    for option in _options(question.spec).values():
        prompt = "\n".join(c.source for c in question.cells if c.cell_type == "markdown")
        if " ".join(option.split()) not in " ".join(prompt.split()):
            raise BuildError(f"question {name}: its prompt does not show the option {option!r}")


def _options(spec: Spec) -> dict[str, str]:
    return spec["options"] if isinstance(spec.get("options"), dict) else {}


def variant_of(key: NotebookNode) -> str:
    """Return the source of the cell tagged `variant`, or ""; raise BuildError if it is amiss.

    SettingError where a setting has a value that the parameters cell does not allow.
    """
    cells = [c for c in key.cells if tag_of(c) in SETTING_TAGS]
    for cell in cells:
        if (tag := tag_of(cell)) == "parameters":
            continue
        if [tag_of(c) for c in cells[:2]] != ["parameters", "variant"] or "variant" in [
            tag_of(c) for c in cells[2:]
        ]:
            raise BuildError("one cell tagged variant belongs right below one tagged parameters")
        if cell.cell_type != "raw":
            raise BuildError(f"a {tag} must be a raw cell: a run of the key passes it by")
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            raise BuildError(f"the {tag} is no Python: {error}") from None
        if other := assigned(cell.source) ^ assigned(cells[0].source):
            raise BuildError(f"parameters and {tag} do not set the same names: {min(other)}")
    for cell in cells:
        verify(cells[0].source, cell.source)
    return cells[1].source if len(cells) > 1 else ""


def versions_of(key: NotebookNode) -> list[dict[str, str]]:
    """Return the settings of each further version, as sources: {"parameters": …, "variant": …}."""
    cells, sets = {tag_of(c): c.source for c in key.cells}, []
    for cell in key.cells:
        if tag_of(cell) == "version":
            first, variant = read_settings(cells["parameters"]), read_settings(cells["variant"])
            values = {name: setting.value for name, setting in read_settings(cell.source).items()}
            both = {"parameters": values, "variant": rerun_settings(variant, values, first)}
            sets.append({tag: with_values(cells["parameters"], new) for tag, new in both.items()})
    return sets


def student_copy(
    key: NotebookNode, questions: list[Question], hidden: bool = False
) -> NotebookNode:
    """Return the student's notebook: no solution, spec, hidden check, rubric or output.

    With `hidden` it is the grader's, in which the hidden checks are in their places.
    """
    owner = {c["id"]: q for q in questions for c in q.cells}
    cells = []
    for cell in key.cells:
        tag, question = tag_of(cell), owner.get(cell["id"])
        if tag in KEY_ONLY and not (hidden and tag == "hidden"):
            continue
        new = copy.deepcopy(cell)
        # What closes the notebook has no tag and stays untouched by the questions.
        metadata = {"role": tag or ("setup" if cell.cell_type == "code" else "prompt")}
        if question and (tag or cell.cell_type == "markdown"):
            metadata["question"] = question.name
        if question and tag in ("check", "hidden"):
            metadata["part"] = graded_specs(question.cells)[cell["id"]]["part"]
        if question and tag == "answer":
            names = _used_names(question)
            new.source = question.spec.get("starter") or _starter(cell.source, names)
        if question and tag == "written":
            new.source = question.spec.get("starter", WRITTEN_STARTER)
        if cell.cell_type == "code":
            new.outputs, new.execution_count = [], None
        new.metadata = nbformat.from_dict({"belgrade": metadata} | _protection(metadata["role"]))
        cells.append(new)
    return new_notebook(cells)


def _protection(role: str) -> dict[str, bool]:
    """Return Jupyter's metadata against slips: no cell is deleted, what is given is not edited.

    Grading does not rely on it.
    """
    is_editable = role in ("answer", "written", "setup", "parameters")
    return {"deletable": False} if is_editable else {"deletable": False, "editable": False}


def _used_names(question: Question) -> set[str]:
    names = set()
    for cell in question.tagged("check"):
        names |= {n.id for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)}
    return names


def _starter(source: str, names: set[str]) -> str:
    """Return an answer cell's code with each solution replaced by what a student starts from."""

    def replace(match: re.Match[str]) -> str:
        indent, body = match[1], match[2]
        if indent:
            return f"{indent}..."
        lines = []
        for node in ast.parse(body).body:
            if isinstance(node, ast.FunctionDef) and node.name in names:
                node.body, node.decorator_list = [ast.Expr(ast.Constant(...))], []
                lines.append(ast.unparse(node))
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                assigned_names = assigned(ast.unparse(node)) & names
                lines += [f"{name} = ..." for name in sorted(assigned_names)]
        return "\n".join(dict.fromkeys(lines)) or "..."

    return BLOCK.sub(replace, source)
