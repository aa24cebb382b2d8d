"""Put a student's code into a fresh copy of an exercise: the one rule of examining.

The fresh copy gives the prompts, the setup, the parameters and the checks; the submission gives
all of its other code and the written answers. Its outputs and tags are never read. A cell's part
in the exercise is in `metadata.belgrade`: question, role, and for a check its part and spec.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any

from belgrade.checks.cells import (
    MARKER,
    about,
    assigned,
    copied,
    is_prose,
    role,
    same_code,
    source_of,
)
from belgrade.checks.fast_nbformat import nbformat
from belgrade.checks.matching import LOST, match, question_at
from belgrade.checks.reading import CONFLICT_MARKER
from belgrade.checks.record import MIME

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from belgrade.checks.matching import Match

__all__ = ["about", "assemble", "assigned", "fresh_copy", "role"]

FIXED = {"check", "parameters"}
NEW_TEXT = 40  # so many letters that were added to a prompt are an answer and no slip


def assemble(fresh: NotebookNode, submitted: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """Return (notebook, repairs): the fresh copy with the submission's code and written answers.

    `repairs` are plain sentences, one for each thing that was put right.
    """
    found = match(fresh, submitted)
    repairs = [LOST] * found.nameless + found.repairs
    after, before = _added(fresh, found, repairs)
    texts = _texts(fresh, found, repairs)
    result, ids = [], {cell["id"] for cell in fresh.cells}
    for at, cell in enumerate(fresh.cells):
        mine = [found.cells[i] for i, where in found.partner.items() if where == at]
        result += [_student(c, cell, ids) for c in before.get(at, [])]
        result += _placed(cell, mine, texts, ids, repairs)
        result += [_student(c, cell, ids) for c in after.get(at, [])]
    notebook = copy.deepcopy(nbformat.NotebookNode(fresh, cells=[]))
    notebook.cells = result
    notebook.metadata["belgrade"] = about(fresh) | {"assembled": True}
    if stripped := sum(bool(MARKER.search(source_of(c))) for c in found.cells):
        repairs.append(f"Markers for nbval were taken out of {stripped} cell(s).")
    merged = [i + 1 for i, c in enumerate(found.cells) if CONFLICT_MARKER.search(source_of(c))]
    if merged:
        where = ", ".join(sorted({question_at(fresh, found, i) or "the set-up" for i in merged}))
        repairs.append(f"A merge left its marks, <<<<<<< and >>>>>>>, in a cell of {where}.")
    return notebook, repairs


def _placed(
    cell: NotebookNode,
    mine: list[NotebookNode],
    texts: dict[str, str],
    ids: set[str],
    repairs: list[str],
) -> list[NotebookNode]:
    """Return what stands in the place of a fresh cell: itself, or the student's in its stead."""
    what, question = role(cell), about(cell).get("question", "")
    fresh = copied(cell)
    if what == "written":
        fresh.source = texts.get(question, fresh.source)
        return [fresh]
    if what == "answer":
        # Beside a cell that holds the answer, one that is untouched says nothing.
        mine = [c for c in mine if not same_code(source_of(c), cell.source)] or mine
        how, mine = "empty" if mine else "missing", [c for c in mine if source_of(c).strip()]
        if not mine:
            repairs.append(f"The answer cell of {question} was {how}.")
            return [fresh]
        if any(c["cell_type"] != "code" for c in mine):
            repairs.append(f"The answer to {question} stood in a text cell: it is run as code.")
        return [_student(c, cell, ids, first=i == 0) for i, c in enumerate(mine)]
    if what == "setup":
        edited = [
            c
            for c in mine
            if c["cell_type"] == "code" and source_of(c).strip() != cell.source.strip()
        ]
        repairs += ["A given cell was edited: your version runs after the original."] * len(edited)
        return [fresh, *(_student(c, cell, ids) for c in edited)]
    if what == "check" and not mine:
        repairs.append(f"The check of {question} was missing: put back.")
    return [fresh]


def _added(
    fresh: NotebookNode, found: Match, repairs: list[str]
) -> tuple[dict[int, list[NotebookNode]], dict[int, list[NotebookNode]]]:
    """Return two dicts, fresh index -> code cells that run after it, and that run before it."""
    after: dict[int, list[NotebookNode]] = {}
    before: dict[int, list[NotebookNode]] = {}
    at = 0
    checks = {
        about(c)["question"]: i
        for i, c in reversed(list(enumerate(fresh.cells)))
        if role(c) == "check"
    }
    answers = {i: c for i, c in enumerate(fresh.cells) if role(c) == "answer"}
    filled = {
        about(fresh.cells[w])["question"]
        for i, w in found.partner.items()
        if role(fresh.cells[w]) == "answer"
        and source_of(found.cells[i]).strip() != fresh.cells[w].source.strip()
    }
    for i, cell in enumerate(found.cells):
        if i in found.partner:
            at = found.partner[i]
            known = fresh.cells[at]
            changed = role(known) in FIXED and not same_code(source_of(cell), known.source)
            if role(known) == "check" and changed and source_of(cell).strip():
                before.setdefault(at, []).append(cell)
                repairs.append(
                    f"The check of {about(known)['question']} was edited: your lines run before it."
                )
            elif changed and role(known) != "check":
                repairs.append("The parameters were changed: the given ones are used.")
            continue
        # A copy of what an answer starts from says nothing, and must not undo the answer.
        bare = any(same_code(source_of(cell), answer.source) for answer in answers.values())
        if bare or not _runs(cell):
            continue
        # An answer typed beside its empty answer cell counts, wherever it stands in the question.
        question = about(fresh.cells[at]).get("question")
        answer = next((a for a, c in answers.items() if about(c)["question"] == question), None)
        empty = question not in filled and question in checks
        sets = set() if answer is None else assigned(answers[answer].source)
        if empty and sets & assigned(source_of(cell)):
            place = "below its check" if at >= checks[question] else "beside its cell"
            before.setdefault(checks[question], []).append(cell)
            repairs.append(f"The answer to {question} stood {place}: it runs before the check.")
        else:
            after.setdefault(_past_hidden(fresh, at), []).append(cell)
    return after, before


def _runs(cell: NotebookNode) -> bool:
    """Tell whether an added cell is run: code, and not words in a code cell."""
    text = source_of(cell)
    return cell["cell_type"] == "code" and bool(text.strip()) and not is_prose(text)


def _past_hidden(fresh: NotebookNode, at: int) -> int:
    """Return the index of the last hidden check right after `at`, or `at`.

    What a student does after a check comes after the question's hidden ones too.
    """
    rest = fresh.cells[at + 1 :]
    return at + next((n for n, c in enumerate(rest) if role(c) != "hidden"), len(rest))


# --- written answers -------------------------------------------------------------------------


def _texts(fresh: NotebookNode, found: Match, repairs: list[str]) -> dict[str, str]:
    """Return {question: text} for the written answers: from their cells, or near, or anywhere."""
    texts, wanted = {}, {about(c)["question"]: c for c in fresh.cells if role(c) == "written"}
    loose = [i for i, c in enumerate(found.cells) if i not in found.partner and _is_text(c)]
    for question, known in wanted.items():
        own = [found.cells[i] for i, at in found.partner.items() if fresh.cells[at] is known]
        near = [i for i in loose if question_at(fresh, found, i) == question]
        cells = own + [found.cells[i] for i in near]
        if odd := [c["cell_type"] for c in cells if c["cell_type"] != "markdown"]:
            repairs.append(f"The text of {question} stood in a {odd[0]} cell: it is shown as text.")
        answers = [text for c in cells if (text := source_of(c)).strip() != known.source.strip()]
        if not any(map(str.strip, answers)):
            answers = _in_prompt(fresh, found, question, repairs)
        if answers:
            texts[question] = "\n\n".join(answers)
        loose = [i for i in loose if i not in near]
        if not answers and not own:
            texts[question] = ""
    empty = [q for q in wanted if not texts.get(q, "-").strip()]
    far = [i for i in loose if len(source_of(found.cells[i]).split()) >= 15]
    for question in empty:
        if len(empty) == 1 and far:
            texts[question] = "\n\n".join(source_of(found.cells[i]) for i in far)
            repairs.append(f"The text of {question} was found elsewhere in the notebook.")
        else:
            del texts[question]
            repairs.append(f"The text cell of {question} was missing.")
    return texts


def _is_text(cell: NotebookNode) -> bool:
    text = source_of(cell)
    return bool(text.strip()) and (cell["cell_type"] != "code" or is_prose(text))


def _in_prompt(fresh: NotebookNode, found: Match, question: str, repairs: list[str]) -> list[str]:
    """Return what a student wrote into the prompts of a question, as a list of one text or none."""
    added = []
    for i, at in found.partner.items():
        known = fresh.cells[at]
        if role(known) == "prompt" and about(known).get("question") == question:
            prompt_lines = {line.strip() for line in known.source.splitlines()}
            lines = source_of(found.cells[i]).splitlines()
            added += [line for line in lines if line.strip() not in prompt_lines]
    text = "\n".join(added).strip()
    if len(text) < NEW_TEXT:
        return []
    repairs.append(f"The text of {question} stood in the prompt above its cell.")
    return [text]


def _student(
    cell: NotebookNode, neighbour: NotebookNode, ids: set[str], first: bool = False
) -> NotebookNode:
    """Return a student's code cell as it runs: no marker, tag or output, its own id."""
    # As nbformat's new_code_cell makes it, which also validates: a quarter of the time.
    new = nbformat.from_dict(
        {
            "cell_type": "code",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": MARKER.sub(r"\1#", source_of(cell)),
        }
    )
    question = about(neighbour).get("question", "")
    role_now = "answer" if first else "student"
    new.metadata["belgrade"] = {"question": question, "role": role_now}
    wish = neighbour["id"] if first else str(cell.get("id", ""))
    if not first and (wish in ids or not re.fullmatch(r"[\w-]{1,64}", wish)):
        wish = next(f"added-{n}" for n in range(1, 10**6) if f"added-{n}" not in ids)
    ids.add(wish)
    new["id"] = wish
    return new


def fresh_copy(notebook: dict[str, Any], checks: list[dict[str, Any]]) -> NotebookNode:
    """Return a fresh copy for examining: `notebook` with references stored in its check cells.

    `checks` are dicts with question, part, spec and reference, as in a compiled exercise.
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
