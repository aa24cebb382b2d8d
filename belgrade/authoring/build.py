"""Build an exercise from its answer key: the student's notebook and the packed check data.

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

import ast
import copy
import hashlib
import json
import math
import re
import textwrap
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from belgrade import UserError, data
from belgrade.authoring.clean import clean, fresh, text_of
from belgrade.authoring.execute import RunError, execute, first_error
from belgrade.authoring.settings import SettingError, read, replaced, verify
from belgrade.checks.assemble import assigned
from belgrade.checks.cells import INSTALL
from belgrade.checks.examined import bundle_of, graded_specs, prelude
from belgrade.checks.judge import RIGHT, found, judge
from belgrade.checks.pack import decode, encode
from belgrade.checks.quick import nbformat
from belgrade.checks.second_pass import AGAIN, with_second_pass
from belgrade.checks.spec import SpecError, exercise_of, parse_spec
from belgrade.files import write_whole

SETTINGS = ("parameters", "variant", "version")
TAGS = {"spec", "answer", "check", "hidden", "written", "rubric", *SETTINGS}
KEY_ONLY = {"spec", "hidden", "rubric", "variant", "version"}
BLOCK = re.compile(
    r"^([ \t]*)### BEGIN SOLUTION[^\n]*\n(.*?)^[ \t]*### END SOLUTION[^\n]*$", re.M | re.S
)
# What of a spec no pack has.
KEY_ALONE = {"starter", "allow", "weights", "accepted"}
WRITTEN_STARTER = "*Write your answer here.*"
# What the second pass weighs beside a check: more, since a choice has none.
WEIGHT_AGAIN = 1.5


class BuildError(UserError):
    """A key cannot be built; its text names the key, the question and what to change."""


@dataclass
class Question:
    """A question of a key: its spec and its cells, in order; whether it has a second pass."""

    spec: dict
    cells: list
    again: bool = False

    @property
    def name(self):
        return self.spec["question"]

    def tagged(self, tag):
        return [c for c in self.cells if tag_of(c) == tag]


@dataclass
class Built:
    """What a key makes: the key with outputs, the student's notebook, the pack, and all checks.

    `checks` are those of the pack and the hidden ones, each with question, part, spec, reference;
    those of the part `again` hold under `variant`, the parameters cell with other values, or "".
    """

    key: nbformat.NotebookNode
    student: nbformat.NotebookNode
    pack: dict
    checks: list
    variant: str = ""


def tag_of(cell):
    """Return the one tag of ours that a cell has, or ""."""
    return next((t for t in cell.metadata.get("tags", []) if t in TAGS), "")


def build(key_path, cwd=None, execute=execute, odd=None, settings=None):
    """Run the key at `key_path` and return a Built; raise BuildError if anything is amiss.

    With a list `odd`, wrong turns that are none (any longer) are left out and named there.
    `settings` are sources in place of the key's own: {"parameters": …, "variant": …}.

    `cwd` is the kernel's folder, by default the one above the key's, where students' copies lie.
    `execute(notebook, cwd)` runs a notebook in place, by default in a kernel of its own.
    """
    key_path = Path(key_path)
    try:
        key = _read_key(key_path)
        for cell in key.cells:
            cell.source = (settings or {}).get(tag_of(cell), cell.source)
        questions = read_questions(key)
        cwd = cwd or key_path.resolve().parents[1]
        variant = variant_of(key)
        answers, wrongs = _run(key, questions, variant, cwd, execute)
        if variant:
            _note_second_pass(questions, answers)
        entries = _entries(questions, answers, wrongs, odd)
        if variant:
            _half_is_hidden(questions, entries)
        student = student_copy(key, questions)
        _no_leaks(questions, student)
        pack = _pack(key_path.name, questions, entries, student)
    except (BuildError, SettingError, SpecError, RunError) as error:
        raise BuildError(f"{key_path.name}: {error}") from None
    return Built(clean(key), student, pack, entries, variant)


def build_files(keys, out, packed, check=False, say=print):
    """Build the keys into the folders `out` and `packed`; return the names that differ.

    With `check` nothing is written.
    """
    differ = []
    for key_path in map(Path, keys):
        built = build(key_path, cwd=out)
        number = built.pack["exercise"]
        _date(built, Path(out) / key_path.name)
        texts = {key_path: built.key, Path(out) / key_path.name: built.student}
        for path, notebook in texts.items():
            text = text_of(notebook)
            if check and path == key_path:
                continue  # its stored outputs are nbval's business
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                differ.append(str(path))
                if not check:
                    write_whole(path, text)
        packs = [built.pack, *(v.pack for v in further_versions(key_path, built, out))]
        if packs[1:]:
            built.pack["further"] = [pack["version"] for pack in packs[1:]]
        for n, pack in enumerate(packs):
            path = Path(packed) / f"{number}{'-' * bool(n)}{pack['version'] * bool(n)}.bin"
            try:
                same = _same(decode(path.read_bytes()), pack)
            except (OSError, ValueError, zlib.error):
                same = False
            if not same:
                differ.append(str(path))
                if not check:
                    write_whole(path, encode(pack))
        wanted = {f"{number}-{pack['version']}.bin" for pack in packs}
        for path in sorted(Path(packed).glob(f"{number}-*.bin")):
            if path.name not in wanted:
                differ.append(str(path))
                if not check:
                    path.unlink()
        say(f"{'checked' if check else 'built'} {key_path.name}: {len(built.pack['questions'])} "
            f"questions, version {built.pack['version']}")  # fmt: skip
    return differ


def further_versions(key_path, built, cwd=None):
    """Return what the key makes in each of its further versions, dated as `built` is."""
    found = []
    for parameters in versions_of(built.key):
        other = build(key_path, cwd, settings={"parameters": parameters})
        day = built.student["metadata"]["belgrade"].get("made", "")
        for notebook in (other.student, other.pack["notebook"]):
            notebook["metadata"]["belgrade"]["made"] = day
        found.append(other)
    return found


def _date(built, path):
    """Write into an exercise the day on which it became what it is, so that the older is known.

    It stays as it stands in the notebook at `path` while the version does. The module's address,
    which `belgrade links` put there, stays as well.
    """
    try:
        text = path.read_text(encoding="utf-8")
        before = json.loads(text)["metadata"]["belgrade"]
    except (OSError, ValueError, KeyError, TypeError):
        text, before = "", {}
    if filled := INSTALL.search(text):
        for cell in built.student["cells"]:
            cell["source"] = INSTALL.sub(filled[0], cell["source"])
    same = before.get("version") == built.pack["version"]
    made = before.get("made") if same else None
    made = made or datetime.now(UTC).date().isoformat()
    for notebook in (built.student, built.pack["notebook"]):
        notebook["metadata"]["belgrade"]["made"] = made


def _read_key(path):
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        ids = [cell["id"] for cell in cells if "id" in cell]
    except (ValueError, KeyError, TypeError) as error:
        raise BuildError(f"this is no notebook ({error})") from None
    # Reading with nbformat would give the second of two equal ids a new one, each time another.
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise BuildError(f"two cells have the same id: {min(twice)}")
    return nbformat.read(path, as_version=4)


def read_questions(key):
    """Return the questions of a key, in order; raise BuildError or SpecError for a wrong key."""
    questions = []
    for number, cell in enumerate(key.cells):
        where = f"cell {number}"
        if unknown := [t for t in cell.metadata.get("tags", []) if t not in TAGS]:
            raise BuildError(f"{where} has the unknown tag {unknown[0]!r}; known: {sorted(TAGS)}")
        if len(cell.metadata.get("tags", [])) > 1:
            raise BuildError(f"{where} has more than one tag")
        tag = tag_of(cell)
        if tag == "spec":
            if cell.cell_type != "raw":
                raise BuildError(f"{where}: a spec must be a raw cell")
            questions.append(Question(parse_spec(cell.source), [cell]))
        elif tag not in ("", *SETTINGS) and not questions:
            raise BuildError(f"{where} is tagged {tag}, but stands before the first spec")
        elif questions:
            questions[-1].cells.append(cell)
        if tag in ("answer", "check", "hidden", "parameters") and cell.cell_type != "code":
            raise BuildError(f"{where}: a cell tagged {tag} must be a code cell")
        if tag == "written" and cell.cell_type != "markdown":
            raise BuildError(f"{where}: a written answer must be a markdown cell")
    names = [q.name for q in questions]
    if not names:
        raise BuildError("there is no question: no raw cell is tagged spec")
    if twice := {n for n in names if names.count(n) > 1}:
        raise BuildError(f"question {min(twice)} has two specs")
    if len({exercise_of(n) for n in names}) > 1:
        raise BuildError(f"the questions {', '.join(names)} are of different exercises")
    for question in questions:
        _complete(question)
    return questions


def _complete(question):
    name, kind = question.name, question.spec["kind"]
    for cell in question.tagged("answer"):
        found_blocks = BLOCK.findall(cell.source)
        if not found_blocks or not all(body.strip() for _, body in found_blocks):
            raise BuildError(
                f"question {name}: its answer needs a solution between ### BEGIN SOLUTION "
                "and ### END SOLUTION"
            )
    for tag, need in (("answer", kind != "written"), ("check", kind != "written")):
        if need and not question.tagged(tag):
            raise BuildError(f"question {name} has no cell tagged {tag}")
    if kind == "written" and not question.tagged("written"):
        raise BuildError(f"question {name} has no text cell tagged written")
    if len(question.tagged("answer")) > 1 or len(question.tagged("written")) > 1:
        raise BuildError(f"question {name} has more than one answer cell")
    for cell in question.tagged("check") + question.tagged("hidden"):
        if not re.search(rf'check\(\s*["\']{re.escape(name)}["\']', cell.source):
            raise BuildError(f'question {name}: its check must call check("{name}", …)')
    parts = _parts(question)
    if len(set(parts)) < len(parts):
        raise BuildError(f'question {name}: give each further check a name of its own: part="b"')
    for part in question.spec.get("weights", {}):
        if part not in [*(p or "check" for p in parts), AGAIN]:
            raise BuildError(f"question {name}: weights names the part {part!r}, which is not here")
    for option in _options(question.spec).values():
        prompt = "\n".join(c.source for c in question.cells if c.cell_type == "markdown")
        if " ".join(option.split()) not in " ".join(prompt.split()):
            raise BuildError(f"question {name}: its prompt does not show the option {option!r}")


def _options(spec):
    return spec["options"] if isinstance(spec.get("options"), dict) else {}


def _parts(question):
    """Return the names of a question's parts: "" for the check, then hidden ones, "written"."""
    specs = graded_specs([c for c in question.cells])
    parts = [specs[c["id"]]["part"] for c in question.cells if c.get("id") in specs]
    parts += [AGAIN] * question.again
    return parts + ["written"] * bool(question.tagged("written"))


def _points(question, part):
    """Return what a part is worth: the question's points, shared out by `weights`.

    A part without a weight has 1, and the second pass WEIGHT_AGAIN.
    """
    weights = {AGAIN: WEIGHT_AGAIN} | question.spec.get("weights", {})
    weights = {p: weights.get(p or "check", 1) for p in _parts(question)}
    total = sum(weights.values())
    points = question.spec["points"] * weights[part] / total if total else 0
    return int(points) if points == int(points) else round(points, 6)


def variant_of(key):
    """Return the source of the cell tagged `variant`, or ""; raise BuildError if it is amiss.

    SettingError where a setting has a value that the parameters cell does not allow.
    """
    cells = [c for c in key.cells if tag_of(c) in SETTINGS]
    for cell in cells:
        if tag_of(cell) == "parameters":
            continue
        if [tag_of(c) for c in cells[:2]] != ["parameters", "variant"] or "variant" in [
            tag_of(c) for c in cells[2:]
        ]:
            raise BuildError("one cell tagged variant belongs right below one tagged parameters")
        if cell.cell_type != "raw":
            raise BuildError(f"a {tag_of(cell)} must be a raw cell: a run of the key passes it by")
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            raise BuildError(f"the {tag_of(cell)} is no Python: {error}") from None
        if odd := assigned(cell.source) ^ assigned(cells[0].source):
            raise BuildError(f"parameters and {tag_of(cell)} do not set the same names: {min(odd)}")
    for cell in cells:
        verify(cells[0].source, cell.source)
    return cells[1].source if len(cells) > 1 else ""


def versions_of(key):
    """Return the sources of the parameters cell for each further version of an exercise."""
    first = next((c.source for c in key.cells if tag_of(c) == "parameters"), "")
    others = [read(c.source) for c in key.cells if tag_of(c) == "version"]
    return [replaced(first, {name: one.value for name, one in other.items()}) for other in others]


def _cells_again(key, questions, variant):
    """Return the cells of the second pass of the key's own answers."""
    assembled, sources = student_copy(key, questions), {c["id"]: c.source for c in key.cells}
    for cell in assembled.cells:
        cell.source = sources[cell["id"]]
    checks = [
        {"question": q.name, "part": AGAIN, "spec": q.spec, "reference": None}
        for q in questions if q.spec["kind"] != "written"
    ]  # fmt: skip
    return with_second_pass(assembled, variant, checks).cells[len(assembled.cells) :]


def _note_second_pass(questions, answers):
    """Note which questions have a second pass: those whose answer changes with the parameters.

    Raises BuildError for code whose answer stays, and for which no other check is hidden.
    """
    for question in questions:
        if (question.name, AGAIN) not in answers:
            continue
        typed, wanted = answers[question.name, ""], answers[question.name, AGAIN]
        question.again = judge(question.spec | {"wrong": []}, wanted, typed).status != RIGHT
        if not (question.again or question.tagged("hidden") or question.spec["kind"] == "choice"):
            raise BuildError(
                f"question {question.name}: under the variant its answer is the same: let its "
                "code use a name of the parameters cell, or choose other values"
            )


def _half_is_hidden(questions, entries):
    points = [(_is_visible(questions, e), e["spec"]["points"]) for e in entries]
    hidden, whole = sum(p for shown, p in points if not shown), sum(p for _, p in points)
    if hidden < whole / 2 - 1e-6:
        raise BuildError(
            f"only {hidden:g} of {whole:g} points are given by hidden checks: at least half should "
            "be, so raise their `weights`"
        )


def _run(key, questions, variant, cwd, execute):
    """Run the key with its wrong turns; store its outputs; return the captured answers.

    The answers are by (question, part), those under the variant with the part `again`; the wrong
    turns by (question, number).
    """
    notebook, specs, wrong_at = copy.deepcopy(key), graded_specs(key.cells), {}
    cells, by_answer = [], {q.tagged("answer")[0]["id"]: q for q in questions if q.tagged("answer")}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if cell["id"] in specs:
            cell.source = prelude(specs[cell["id"]], trusted=True) + cell.source
        cells.append(cell)
        if cell["id"] in by_answer:
            question = by_answer[cell["id"]]
            for n, wrong in enumerate(_turns(question.spec)):
                temporary = nbformat.v4.new_code_cell(
                    prelude(question.spec, trusted=True) + _wrong_call(question, wrong, n)
                )
                wrong_at[question.name, n] = temporary
                cells.append(temporary)
    again = _cells_again(key, questions, variant) if variant else []
    specs_again = {}
    for cell in again:
        cell.outputs, cell.execution_count = [], None
        if spec := cell.metadata["belgrade"].get("spec"):
            specs_again[cell["id"]] = spec
            cell.source = prelude(spec, trusted=True) + cell.source
    notebook.cells = cells + again
    execute(notebook, cwd)
    done = {cell["id"]: cell for cell in notebook.cells}
    for cell in again:
        if error := first_error(done[cell["id"]]):
            name = cell.metadata["belgrade"].get("question", "a given cell")
            raise BuildError(f"under the variant, {name} stopped with {error}")
    for number, cell in enumerate(key.cells):
        if cell.cell_type == "code":
            ran = done[cell["id"]]
            if error := first_error(ran):
                raise BuildError(f"cell {number} ({cell['id']}) stopped with {error}")
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    answers = {
        (s["question"], s["part"]): _answer_of(done[i], f"the check of question {s['question']}")
        for i, s in specs.items()
    } | {
        (s["question"], AGAIN): _answer_of(done[i], f"the second pass of {s['question']}")
        for i, s in specs_again.items()
    }
    wrongs = {
        (name, n): _answer_of(cell, f"question {name}: wrong turn {n + 1}")
        for (name, n), cell in wrong_at.items()
    }
    return answers, wrongs


def _turns(spec):
    """Return the wrong turns of a spec: those with a message for the student."""
    return [wrong for wrong in spec.get("wrong", []) if "message" in wrong]


def _wrong_call(question, wrong, n):
    """Return code that checks a wrong turn: statements, then an expression, in their own scope."""
    try:
        body = ast.parse(textwrap.dedent(wrong["code"])).body
    except SyntaxError as error:
        raise BuildError(f"question {question.name}: wrong turn {n + 1}: {error}") from None
    if not isinstance(body[-1], ast.Expr):
        raise BuildError(f"question {question.name}: wrong turn {n + 1} must end in an expression")
    lines = [ast.unparse(node) for node in [*body[:-1], ast.Return(body[-1].value)]]
    code = textwrap.indent("\n".join(lines), "    ")
    return f'def _wrong_turn():\n{code}\ncheck("{question.name}", _wrong_turn())'


def _answer_of(cell, what):
    if error := first_error(cell):
        raise BuildError(f"{what} stopped with {error}")
    bundle = bundle_of(cell.outputs)
    if bundle is None:
        raise BuildError(f"{what} recorded no answer: is check(…) called in the cell?")
    return bundle["answer"]


def _entries(questions, answers, wrongs, odd=None):
    """Return an entry for each check and hidden check, after trying the key against itself."""
    entries = []
    for question in questions:
        spec = question.spec
        turns = [
            wrong | {"answer": wrongs[question.name, n]} for n, wrong in enumerate(_turns(spec))
        ]
        for part in _parts(question):
            if part == "written":
                continue
            own = {k: v for k, v in spec.items() if k not in KEY_ALONE}
            own |= {"points": _points(question, part), "part": part}
            own["wrong"] = [] if part else turns
            reference = answers[question.name, part]
            own["wrong"] = _sound(question.name, own, reference, odd)
            public = [{k: v for k, v in w.items() if k != "code"} for w in own["wrong"]]
            entries.append({
                "question": question.name, "part": part, "spec": own | {"wrong": public},
                "reference": reference,
            })  # fmt: skip
    return entries


def _sound(name, spec, reference, odd=None):
    """Check that the key's answer is right; return the wrong turns that get their own message.

    Any other raises BuildError, or is named in the list `odd`: other parameters can make it so.
    """
    verdict = judge(spec | {"wrong": []}, reference, reference)
    if verdict.status != RIGHT:
        raise BuildError(
            f"question {name}: the check does not accept its own solution, "
            f"{found(reference)}: {verdict.message}"
        )
    sound = []
    for n, wrong in enumerate(spec["wrong"]):
        verdict, fault = judge(spec, reference, wrong["answer"]), ""
        if verdict.status == RIGHT:
            fault = f"question {name}: wrong turn {n + 1} is judged right"
        elif verdict.message != wrong["message"]:
            fault = (
                f"question {name}: wrong turn {n + 1} ({found(wrong['answer'])}) gets another "
                f"message: {verdict.message}"
            )
        if fault and odd is None:
            raise BuildError(fault)
        if fault:
            odd.append(fault)
        else:
            sound.append(wrong)
    return sound


def student_copy(key, questions, hidden=False):
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
        about = {"role": tag or ("setup" if cell.cell_type == "code" else "prompt")}
        if question and (tag or cell.cell_type == "markdown"):
            about["question"] = question.name
        if tag in ("check", "hidden"):
            about["part"] = graded_specs(question.cells)[cell["id"]]["part"]
        if tag == "answer":
            names = _used_names(question)
            new.source = question.spec.get("starter") or _starter(cell.source, names)
        if tag == "written":
            new.source = question.spec.get("starter", WRITTEN_STARTER)
        if cell.cell_type == "code":
            new.outputs, new.execution_count = [], None
        new.metadata = nbformat.from_dict({"belgrade": about} | _protection(about["role"]))
        cells.append(new)
    return fresh(cells)


def _protection(role):
    """Return Jupyter's metadata against slips: no cell is deleted, what is given is not edited.

    Grading does not rely on it.
    """
    mine = role in ("answer", "written", "setup", "parameters")
    return {"deletable": False} if mine else {"deletable": False, "editable": False}


def _used_names(question):
    names = set()
    for cell in question.tagged("check"):
        names |= {n.id for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)}
    return names


def _starter(source, names):
    """Return an answer cell's code with each solution replaced by what a student starts from."""

    def replace(match):
        indent, body = match[1], match[2]
        if indent:
            return f"{indent}..."
        lines = []
        for node in ast.parse(body).body:
            if isinstance(node, ast.FunctionDef) and node.name in names:
                head = ast.unparse(ast.FunctionDef(
                    name=node.name, args=node.args, body=[ast.Expr(ast.Constant(...))],
                    decorator_list=[], returns=node.returns, lineno=1,
                ))  # fmt: skip
                lines.append(head)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                mine = assigned(ast.unparse(node)) & names
                lines += [f"{name} = ..." for name in sorted(mine)]
        return "\n".join(dict.fromkeys(lines)) or "..."

    return BLOCK.sub(replace, source)


def _no_leaks(questions, student):
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


def _pack(file, questions, entries, student):
    visible = [e for e in entries if _is_visible(questions, e)]
    rows, written = [], []
    for question in questions:
        parts = [e for e in visible if e["question"] == question.name]
        here = sum(e["spec"]["points"] for e in parts)
        if question.tagged("written"):
            points = _points(question, "written")
            here += points
            starter = question.spec.get("starter") if question.spec["kind"] == "written" else None
            written.append({
                "question": question.name, "kind": "written", "points": points,
                "starter": starter or WRITTEN_STARTER, "hints": question.spec.get("hints", []),
            })  # fmt: skip
        row = {"question": question.name, "title": question.spec["title"], "points": here}
        if hidden := round(question.spec["points"] - here, 6):
            row["hidden_points"] = hidden
        rows.append(row)
    number = exercise_of(questions[0].name)
    student.metadata["belgrade"] = {"exercise": number}
    pack = {
        "exercise": number, "file": file, "questions": rows, "checks": visible,
        "written": written, "notebook": student,
    }  # fmt: skip
    text = json.dumps(_rounded(pack), sort_keys=True, ensure_ascii=False)
    pack["version"] = hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]
    pack["data"] = data.digest()
    student.metadata["belgrade"]["version"] = pack["version"]
    return json.loads(json.dumps(pack))


def _is_visible(questions, entry):
    question = next(q for q in questions if q.name == entry["question"])
    specs = graded_specs(question.cells)
    return any(specs[c["id"]]["part"] == entry["part"] for c in question.tagged("check"))


def _rounded(value):
    """Return `value` with 9 digits in each float: machines differ in the last ones."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    return [_rounded(v) for v in value] if isinstance(value, list) else value


def _same(one, other):
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(v, other[k]) for k, v in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return one == other
