"""Put a student's code into a fresh copy of an exercise: the one rule of examining.

The fresh copy gives the prompts, the setup, the parameters and the checks; the submission gives
all of its other code and the written answers. Its outputs and tags are never read. A cell's part
in the exercise is in `metadata.belgrade`: question, role, and for a check its part and spec.
"""

import ast
import copy
import functools
import itertools
import re
from collections import Counter

from belgrade.checks.quick import nbformat
from belgrade.checks.record import MIME

FIXED = {"check", "parameters"}
# Within a line: a class of spaces that crosses lines makes ten thousand empty ones take minutes.
MARKER = re.compile(
    r"^([^\S\n]*)#(?:#|[^\S\n])*(NBVAL_\w+|PYTEST_VALIDATE_IGNORE_OUTPUT)[^\S\n]*$", re.MULTILINE
)
# What reading somebody's code as Python may end with: the last two where it is nested too deeply.
UNREADABLE = (SyntaxError, ValueError, RecursionError, MemoryError)
ALIKE = 0.86


def role(cell):
    """Return a cell's role in the exercise: answer, check, hidden, written, setup, … or ""."""
    return about(cell).get("role", "")


def about(cell):
    """Return a cell's `metadata.belgrade`, or an empty dict where it is missing or damaged."""
    found = cell.get("metadata", {}).get("belgrade", {})
    return found if isinstance(found, dict) else {}


def assemble(fresh, submitted):
    """Return (notebook, repairs): the fresh copy with the submission's code and written answers.

    `repairs` are plain sentences, one for each thing that was put right.
    """
    cells = [c for c in submitted.cells if c.get("cell_type") in ("code", "markdown", "raw")]
    partner, repairs = _match(fresh, cells)
    after, before = _added(fresh, cells, partner, repairs)
    result = []
    ids = {cell["id"] for cell in fresh.cells}
    for at, cell in enumerate(fresh.cells):
        mine = [cells[i] for i, where in partner.items() if where == at]
        what = role(cell)
        result += [_student(c, cell, ids) for c in before.get(at, [])]
        if what == "written":
            cell = copy.deepcopy(cell)
            mine += _loose_text(fresh, cells, partner, about(cell)["question"])
            if mine:
                cell.source = "\n\n".join(_source(c) for c in mine)
            else:
                repairs.append(f"The text cell of {about(cell)['question']} was missing.")
            result.append(cell)
        elif what == "answer":
            if mine:
                result += [_student(c, cell, ids, first=i == 0) for i, c in enumerate(mine)]
            else:
                result.append(copy.deepcopy(cell))
                repairs.append(f"The answer cell of {about(cell)['question']} was missing.")
        else:
            result.append(copy.deepcopy(cell))
            if what == "setup":
                edited = [c for c in mine if _source(c).strip() != cell.source.strip()]
                result += [_student(c, cell, ids) for c in edited]
                repairs += ["A given cell was edited: your version runs after the original."] * len(
                    edited
                )
            elif what == "check" and not mine:
                repairs.append(f"The check of {about(cell)['question']} was missing: put back.")
        result += [_student(c, cell, ids) for c in after.get(at, [])]
    notebook = copy.deepcopy(nbformat.NotebookNode(fresh, cells=[]))
    notebook.cells = result
    notebook.metadata["belgrade"] = about(fresh) | {"assembled": True}
    if stripped := sum(bool(MARKER.search(_source(c))) for c in cells):
        repairs.append(f"Markers for nbval were taken out of {stripped} cell(s).")
    return notebook, repairs


def _match(fresh, cells):
    """Return {submitted index: fresh index}: by cell id, then metadata, then code and place.

    A hidden check has no partner: students never had it.
    """
    partner, repairs = {}, []
    given = [(i, c) for i, c in enumerate(fresh.cells) if role(c) != "hidden"]
    by_id = {c["id"]: i for i, c in given}
    by_role = {_slot(c): i for i, c in given if _slot(c)}
    for i, cell in enumerate(cells):
        at = by_id.get(cell.get("id"))
        if at is None or not _alike(fresh.cells[at], cell):
            slot = _slot(cell)
            at = by_role.get(slot)
            if slot and slot[1] == "check" and "check(" not in _source(cell):
                at = None  # copied or changed metadata on code that is no check
        if at is not None and _alike(fresh.cells[at], cell):
            partner[i] = at
    taken = set(partner.values())
    for at, cell in given:
        if at in taken:
            continue
        free = [i for i, c in enumerate(cells) if i not in partner and _alike(cell, c)]
        likeness, best = max(((_likeness(cell, cells[i]), -i) for i in free), default=(0, 0))
        if likeness >= ALIKE:
            partner[-best] = at
            taken.add(at)
    for at, cell in given:
        if at in taken or role(cell) != "answer":
            continue
        names, question = assigned(cell.source), about(cell)["question"]
        hits = [
            i for i, c in enumerate(cells)
            if i not in partner and c["cell_type"] == "code" and names & assigned(_source(c))
        ]  # fmt: skip
        for i in hits:
            partner[i] = at
        if hits:
            text = f"The answer cell of {question} was missing; the cell that sets "
            repairs.append(text + f"{', '.join(sorted(names))} was taken.")
    return dict(sorted(partner.items())), repairs


def _slot(cell):
    found = about(cell)
    if found.get("question") and found.get("role") not in (None, "prompt", "student"):
        return str(found["question"]), str(found["role"]), str(found.get("part", ""))
    return None


def _alike(one, other):
    return one["cell_type"] == other["cell_type"]


def _likeness(one, other):
    """Return how alike two cells are, from 0 to 1: the share of pairs of letters in both.

    It takes time in proportion to their length, whatever a submission holds.
    """
    a, b = one.source.strip(), _source(other).strip()
    if a == b or not (a and b):
        return float(a == b != "")
    if min(len(a), len(b)) < 0.7 * max(len(a), len(b)):
        return 0.0
    shared = sum((_pairs(a) & _pairs(b)).values())
    return 2 * shared / max(len(a) + len(b) - 2, 1)


@functools.lru_cache(maxsize=256)
def _pairs(text):
    return Counter(itertools.pairwise(text))


def _added(fresh, cells, partner, repairs):
    """Return two dicts, fresh index -> code cells that run after it, and that run before it."""
    after, before, at = {}, {}, 0
    checks = {
        about(c)["question"]: i for i, c in reversed(list(enumerate(fresh.cells)))
        if role(c) == "check"
    }  # fmt: skip
    answers = {i: c for i, c in enumerate(fresh.cells) if role(c) == "answer"}
    filled = {
        about(fresh.cells[w])["question"] for i, w in partner.items()
        if role(fresh.cells[w]) == "answer"
        and _source(cells[i]).strip() != fresh.cells[w].source.strip()
    }  # fmt: skip
    for i, cell in enumerate(cells):
        if i in partner:
            at = partner[i]
            known = fresh.cells[at]
            changed = role(known) in FIXED and _changed(_source(cell), known.source)
            if role(known) == "check" and changed and _source(cell).strip():
                before.setdefault(at, []).append(cell)
                repairs.append(
                    f"The check of {about(known)['question']} was edited: your lines run before it."
                )
            elif changed and role(known) != "check":
                repairs.append("The parameters were changed: the given ones are used.")
            continue
        if cell["cell_type"] != "code" or not _source(cell).strip():
            continue
        # An answer typed beside its empty answer cell counts, wherever it stands in the question.
        question = about(fresh.cells[at]).get("question")
        answer = next((a for a, c in answers.items() if about(c)["question"] == question), None)
        empty = answer is not None and question not in filled and question in checks
        if empty and assigned(answers[answer].source) & assigned(_source(cell)):
            place = "below its check" if at >= checks[question] else "beside its cell"
            before.setdefault(checks[question], []).append(cell)
            repairs.append(f"The answer to {question} stood {place}: it runs before the check.")
        else:
            after.setdefault(_past_hidden(fresh, at), []).append(cell)
    return after, before


def _past_hidden(fresh, at):
    """Return the index of the last hidden check right after `at`, or `at`.

    What a student does after a check comes after the question's hidden ones too.
    """
    rest = fresh.cells[at + 1 :]
    return at + next((n for n, c in enumerate(rest) if role(c) != "hidden"), len(rest))


def _loose_text(fresh, cells, partner, question):
    """Return the text cells that a student added within a question with a written answer."""
    here, loose = None, []
    for i, cell in enumerate(cells):
        if i in partner:
            here = about(fresh.cells[partner[i]]).get("question")
        elif here == question and cell["cell_type"] == "markdown" and _source(cell).strip():
            loose.append(cell)
    return loose


def _student(cell, neighbour, ids, first=False):
    """Return a student's code cell as it runs: no marker, tag or output, its own id."""
    # As nbformat's new_code_cell makes it, which also validates: a quarter of the time.
    new = nbformat.from_dict({
        "cell_type": "code", "metadata": {}, "execution_count": None, "outputs": [],
        "source": MARKER.sub(r"\1#", _source(cell)),
    })  # fmt: skip
    question = about(neighbour).get("question", "")
    role_now = "answer" if first else "student"
    new.metadata["belgrade"] = {"question": question, "role": role_now}
    wish = neighbour["id"] if first else str(cell.get("id", ""))
    if not first and (wish in ids or not re.fullmatch(r"[\w-]{1,64}", wish)):
        wish = next(f"added-{n}" for n in range(1, 10**6) if f"added-{n}" not in ids)
    ids.add(wish)
    new["id"] = wish
    return new


def _changed(source, given):
    """Tell whether code does something else than the given code."""
    return source != given and _bare(source) != _bare(given)


def _bare(source):
    """Return code without comments, spacing and calls of `hint`, which ask and change nothing."""
    try:
        lines = [(node, ast.unparse(node)) for node in ast.parse(source).body]
    except UNREADABLE:
        return source.strip()
    return "\n".join(
        line for node, line in lines
        if not (isinstance(node, ast.Expr) and line.startswith("hint("))
    )  # fmt: skip


def _source(cell):
    text = cell.get("source", "")
    text = "".join(map(str, text)) if isinstance(text, list) else str(text)
    return text.encode("utf-8", "replace").decode("utf-8")  # half a character cannot be sent on


def assigned(source):
    """Return the names that code assigns at its top level; a line with an error is left out."""
    try:
        body = ast.parse(source).body
    except UNREADABLE:
        return set(re.findall(r"^(?:def\s+)?([A-Za-z_]\w*)\s*(?:=(?!=)|\()", source, re.MULTILINE))
    names = set()
    for node in body:
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                names |= {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
    return names


def fresh_copy(notebook, checks):
    """Return a fresh copy for examining: `notebook` with references stored in its check cells.

    `checks` are dicts with question, part, spec and reference, as in a pack.
    """
    by_part = {(c["question"], c["part"]): c for c in checks}
    fresh = nbformat.from_dict(copy.deepcopy(notebook))
    for cell in fresh.cells:
        entry = by_part.get((about(cell).get("question"), about(cell).get("part", "")))
        if role(cell) in ("check", "hidden") and entry:
            cell.metadata["belgrade"]["spec"] = entry["spec"]
            answer = {"question": entry["question"], "answer": entry["reference"]}
            cell.outputs = [
                nbformat.v4.new_output("display_data", {MIME: answer, "text/plain": "reference"})
            ]
            cell.execution_count = 1
    return fresh
