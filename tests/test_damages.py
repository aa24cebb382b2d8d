"""Whatever happens to a notebook on its way, answers keep their points or the damage is named.

Each seed damages a solved exercise in one to three ways, as programs and people do: the file is
read, put into a fresh copy, and its cells are run on stand-ins for the tables. A question counts
as kept if its check gets the right answer; if not, a repair or a note has to name it.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import copy
import functools
import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from belgrade.checks.assemble import about, assemble, fresh_copy, role
from belgrade.checks.compiled import exercises, read_compiled
from belgrade.checks.examine import exercise_in
from belgrade.checks.reading import NOTES, notebook_of
from belgrade.grading.result import Ungradable, check_belongs

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 200
TEXT = "Eleven planes came to Serbia, {}; how many were needed, nobody in Niš can say (claim C015)."
Notebook = dict[str, Any]


class Stand:
    """A stand-in for a table: whatever is done with it gives another."""

    def __getattr__(self, name: str) -> Stand:
        return self

    def __call__(self, *given: Any, **named: Any) -> Stand:
        return self

    def __iter__(self) -> Any:
        return iter(())

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def __contains__(self, key: Any) -> bool:
        return True

    __hash__ = object.__hash__


OPERATORS = """getitem add radd sub rsub mul rmul truediv rtruediv pow mod and rand or ror invert
neg eq ne lt le gt ge"""
for _name in OPERATORS.split():
    setattr(Stand, f"__{_name}__", lambda self, *_: self)


class Names(dict):
    """The names of a kernel; one that nobody set is a stand-in."""

    def __missing__(self, name: str) -> Any:
        return vars(builtins).get(name, Stand())


@functools.cache
def exercise(number: str) -> tuple[Any, Notebook, dict[str, str]]:
    """Return (fresh copy, solved notebook, {question: its written text}) of an exercise."""
    compiled = read_compiled(number)
    notebook = copy.deepcopy(compiled["notebook"])
    checks = "\n".join(c["source"] for c in notebook["cells"] if role(c) == "check")
    texts = {}
    for cell in notebook["cells"]:
        question = about(cell).get("question")
        if role(cell) == "answer":
            names = re.findall(rf'check\("{re.escape(question)}", (\w+)', checks)
            lines = [
                line
                for line in cell["source"].splitlines()
                if not re.match(rf"(?:{'|'.join(names)}) = \.\.\.", line)
            ]
            cell["source"] = "\n".join([*lines, *(f'{n} = "right {question}"' for n in names)])
        if role(cell) == "written":
            texts[question] = cell["source"] = TEXT.format(question)
    return fresh_copy(compiled["notebook"], compiled["checks"]), notebook, texts


# --- damages: each changes a notebook's JSON, or returns its text ------------------------------


def some(rng: random.Random, notebook: Notebook, *roles: str) -> dict[str, Any]:
    return rng.choice([c for c in notebook["cells"] if role(c) in roles])


def lose_ids(rng, notebook):
    for cell in notebook["cells"]:
        cell.pop("id", None)


def lose_metadata(rng, notebook):
    notebook["metadata"] = {}
    for cell in notebook["cells"]:
        cell["metadata"] = {}


def lose_both(rng, notebook):
    lose_ids(rng, notebook)
    lose_metadata(rng, notebook)


def new_ids(rng, notebook):
    for n, cell in enumerate(notebook["cells"]):
        cell["id"] = f"cell-{n}"


def same_id(rng, notebook):
    for cell in notebook["cells"]:
        cell["id"] = "same"


def shuffle_ids(rng, notebook):
    ids = [cell.get("id") for cell in notebook["cells"]]
    rng.shuffle(ids)
    for cell, one in zip(notebook["cells"], ids, strict=True):
        cell["id"] = one


def shuffle_metadata(rng, notebook):
    found = [cell["metadata"] for cell in notebook["cells"]]
    rng.shuffle(found)
    for cell, one in zip(notebook["cells"], found, strict=True):
        cell["metadata"] = one


def as_colab(rng, notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {"id": f"{rng.random():.12f}", "colab": {"base_uri": "https://x"}}
        cell.pop("id", None)
    notebook["metadata"] = {"colab": {"provenance": []}}


def as_deepnote(rng, notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {"cell_id": f"{rng.random():.12f}", "deepnote_cell_type": "code"}
        cell["id"] = f"{rng.randrange(16**8):08x}"
    footer = "<a style='text-decoration:none' href='https://deepnote.com'>Created in Deepnote</a>"
    notebook["cells"].append({"cell_type": "markdown", "source": footer, "metadata": {}})


def as_vs_code(rng, notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = cell["metadata"] | {"vscode": {"languageId": "python"}}


def damaged_metadata(rng, notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = rng.choice([None, 7, [], {"belgrade": "x"}, {"belgrade": []}])


def answer_as_text(rng, notebook):
    some(rng, notebook, "answer")["cell_type"] = rng.choice(["markdown", "raw"])


def written_as_other(rng, notebook):
    some(rng, notebook, "written")["cell_type"] = rng.choice(["code", "raw"])


def prompts_as_other(rng, notebook):
    for cell in notebook["cells"]:
        if role(cell) == "prompt" and rng.random() < 0.5:
            cell["cell_type"] = rng.choice(["code", "raw"])


def checks_as_text(rng, notebook):
    some(rng, notebook, "check")["cell_type"] = "markdown"


def reverse(rng, notebook):
    notebook["cells"].reverse()


def move(rng, notebook):
    cell = notebook["cells"].pop(rng.randrange(len(notebook["cells"])))
    notebook["cells"].insert(rng.randrange(len(notebook["cells"])), cell)


def below_its_check(rng, notebook):
    cells = notebook["cells"]
    at = rng.choice([n for n, c in enumerate(cells[:-1]) if role(c) == "answer"])
    cells[at], cells[at + 1] = cells[at + 1], cells[at]


def delete(rng, notebook):
    notebook["cells"].pop(rng.randrange(len(notebook["cells"])))


def delete_given(rng, notebook):
    notebook["cells"] = [
        c for c in notebook["cells"] if role(c) in ("answer", "written") or rng.random() < 0.6
    ]


def in_one_cell(rng, notebook):
    answers = [c for c in notebook["cells"] if role(c) == "answer"]
    first, whole = rng.choice([answers[0], answers[-1]]), "\n\n".join(c["source"] for c in answers)
    number = about(first)["question"].partition(".")[0].zfill(2)
    fresh = {c["id"]: c["source"] for c in read_compiled(number)["notebook"]["cells"]}
    for cell in answers:
        cell["source"] = fresh.get(cell.get("id"), "") if rng.random() < 0.5 else ""
    first["source"] = whole


def with_its_check(rng, notebook):
    cells = notebook["cells"]
    both = [n for n, c in enumerate(cells[1:]) if (role(cells[n]), role(c)) == ("answer", "check")]
    if both:
        at = rng.choice(both)
        cells[at]["source"] += "\n\n" + cells.pop(at + 1)["source"]


def split(rng, notebook):
    at = rng.choice([n for n, c in enumerate(notebook["cells"]) if role(c) == "answer"])
    cell = notebook["cells"][at]
    try:
        body = ast.parse(cell["source"]).body
    except SyntaxError:
        return
    if len(body) > 1:
        line, lines = body[-1].lineno - 1, cell["source"].splitlines()
        cell["source"] = "\n".join(lines[:line])
        more = {"cell_type": "code", "source": "\n".join(lines[line:]), "metadata": {}}
        notebook["cells"].insert(at + 1, more)


def written_in_two(rng, notebook):
    cells = notebook["cells"]
    at = next((n for n, c in enumerate(cells) if role(c) == "written"), None)
    if at is not None:
        one, two = cells[at]["source"].split("; ", 1) if "; " in cells[at]["source"] else ("a", "")
        if two:
            cells[at]["source"] = one + ";"
            cells.insert(at + 1, {"cell_type": "markdown", "source": two, "metadata": {}})


def more_cells(rng, notebook):
    extra = ["", "print('so far')", "# a note\n", "import math", "%matplotlib inline", "!ls"]
    for _ in range(5):
        cell = {"cell_type": "code", "source": rng.choice(extra), "metadata": {}}
        notebook["cells"].insert(rng.randrange(len(notebook["cells"])), cell)


def an_older_try(rng, notebook):
    at = rng.choice([n for n, c in enumerate(notebook["cells"]) if role(c) == "answer"])
    old = re.sub(r'"right (.+?)"', r'"an older \1"', notebook["cells"][at]["source"])
    notebook["cells"].insert(at, {"cell_type": "code", "source": old, "metadata": {}})


def magic_lines(rng, notebook):
    cell = some(rng, notebook, "answer")
    cell["source"] = (
        rng.choice(["%matplotlib inline\n", "!pip list\n", "# mine\n\n"]) + cell["source"]
    )


def edited_checks(rng, notebook):
    for cell in notebook["cells"]:
        if role(cell) == "check":
            code = cell["source"]
            ways = [code.replace("# hint", "hint"), f"{code}\nprint('done')", f"# mine\n{code}  "]
            cell["source"] = rng.choice([*ways, code])


def edited_prompts(rng, notebook):
    for cell in notebook["cells"]:
        if role(cell) == "prompt" and rng.random() < 0.3:
            cell["source"] = cell["source"].replace("**", "").replace("the", "a", 2)


def other_line_ends(rng, notebook):
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace("\n", rng.choice(["\r\n", "  \n"]))


def as_lines(rng, notebook):
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)


def stray_outputs(rng, notebook):
    for cell in notebook["cells"]:
        cell["outputs"] = [{"output_type": "nonsense", "data": {"x": [1] * 50}}]
        cell["execution_count"] = rng.choice([None, 3, "x"])


def old_format(rng, notebook):
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["input"] = cell.pop("source")
    sheet = {"cells": notebook["cells"]}
    return json.dumps({"nbformat": 3, "metadata": notebook["metadata"], "worksheets": [sheet]})


def in_encoding(code: str) -> Callable[..., bytes]:
    def encoded(rng, notebook):
        return json.dumps(notebook, ensure_ascii=False, indent=1).encode(code, "replace")

    encoded.__name__ = f"in_{code}"
    return encoded


def conflict_about_nothing(rng, notebook):
    for n, cell in enumerate(notebook["cells"]):
        cell["execution_count"] = 1000 + n
    text = json.dumps(notebook, indent=1)
    return re.sub(
        r"^( *\"execution_count\": )(10\d\d)(,?)$",
        r"<<<<<<< HEAD\n\g<1>1\3\n=======\n\1\2\3\n>>>>>>> other",
        text,
        flags=re.MULTILINE,
    )


def conflict_about_an_answer(rng, notebook):
    some(rng, notebook, "answer")["source"] = ["%%%"]
    both = '<<<<<<< HEAD\n"x = 1"\n=======\n"x = 2"\n>>>>>>> other\n'
    return re.sub(r'^ *"%%%"\n', both, json.dumps(notebook, indent=1), flags=re.MULTILINE)


DAMAGES = [lose_ids, lose_metadata, lose_both, new_ids, same_id, shuffle_ids, shuffle_metadata]
DAMAGES += [as_colab, as_deepnote, as_vs_code, damaged_metadata, answer_as_text, written_as_other]
DAMAGES += [prompts_as_other, checks_as_text, reverse, move, below_its_check, delete, delete_given]
DAMAGES += [in_one_cell, with_its_check, split, written_in_two, more_cells, an_older_try]
DAMAGES += [magic_lines, edited_checks, edited_prompts, other_line_ends, as_lines, stray_outputs]
# These make the file, so they come last and alone.
FILES = [
    old_format,
    conflict_about_nothing,
    conflict_about_an_answer,
    *(in_encoding(code) for code in ("utf-8-sig", "utf-16", "utf-32", "cp1250", "cp1251")),
]
NEED_ROLES = {answer_as_text, written_as_other, prompts_as_other, checks_as_text, below_its_check}
NEED_ROLES |= {delete_given, in_one_cell, with_its_check, split, written_in_two, an_older_try}
NEED_ROLES |= {magic_lines, edited_checks, edited_prompts}


def damaged(seed: int, answer: str = '"right ') -> tuple[str, list[str], bytes]:
    """Return (exercise, what was done, file) for a seed; other answers begin with `answer`."""
    rng = random.Random(seed)
    numbers = exercises()
    number = numbers[seed % len(numbers)]
    notebook = copy.deepcopy(exercise(number)[1])
    for cell in notebook["cells"]:
        cell["source"] = cell["source"].replace('"right ', answer)
    first = DAMAGES[seed % len(DAMAGES)]
    chosen = [first, *rng.sample([d for d in DAMAGES if d is not first], rng.randrange(2))]
    chosen.sort(key=lambda d: d not in NEED_ROLES)  # those that look at roles before roles are lost
    last = FILES[(seed // 4 + seed // 32) % len(FILES)] if seed % 4 == 0 else None
    for damage in chosen:
        damage(rng, notebook)
    done = [d.__name__ for d in chosen]
    roles = [role(c) for c in notebook["cells"] if isinstance(c.get("metadata"), dict)]
    if last is conflict_about_an_answer and ("answer" not in roles or in_one_cell in chosen):
        last = None  # what is lost would be all answers, or none
    if last is None:
        return number, done, json.dumps(notebook).encode()
    file = last(rng, notebook)
    return number, [*done, last.__name__], file if isinstance(file, bytes) else file.encode()


def kept(notebook: Any) -> dict[str, bool]:
    """Return {question: whether its check gets the right answer} of an assembled copy."""
    outcome: dict[str, bool] = {}

    def check(question: str, answer: Any, **options: Any) -> None:
        outcome[question] = answer == f"right {question}"

    names = Names()
    for cell in notebook.cells:
        if cell.cell_type != "code" or role(cell) == "setup":
            continue
        code = re.sub(r"^[!%].*$", "", cell.source, flags=re.MULTILINE)
        names["check"] = check if role(cell) == "check" else print
        with contextlib.suppress(Exception), contextlib.redirect_stdout(None):
            exec(compile(code, "cell", "exec"), {}, names)
    return outcome


def test_two_hundred_damages_cost_nothing_or_are_named() -> None:
    faults, lost, total, used = [], 0, 0, Counter()
    for seed in range(SEEDS):
        number, done, file = damaged(seed)
        used.update(done)
        fresh, _, texts = exercise(number)
        submitted = notebook_of(file, "any name.ipynb")
        assert exercise_in(submitted) == number, (seed, done)
        notebook, repairs = assemble(fresh, submitted)
        notes = "\n".join([*submitted.metadata[NOTES], *repairs])
        right = kept(notebook)
        for cell in notebook.cells:
            if role(cell) == "written":
                question = about(cell)["question"]
                words = re.sub(r"\W+", "", texts[question].encode("ascii", "ignore").decode())
                here = re.sub(r"\W+", "", cell.source.encode("ascii", "ignore").decode())
                right[f"{question} in words"] = words[:30] in here and words[-30:] in here
        total += len(right)
        for question, good in right.items():
            lost += not good
            if not good and question.split()[0] not in notes:
                faults.append(f"{seed}, exercise {number}, {done}: {question}; notes: {notes}")
    assert not faults, "\n".join(faults)
    assert lost / total < 0.03, (lost, total)
    assert not {d.__name__ for d in [*DAMAGES, *FILES]} - set(used)


@pytest.mark.parametrize("seed", range(0, SEEDS, 10))
def test_no_damage_makes_an_answer_right(seed: int) -> None:
    number, _, file = damaged(seed, '"another ')
    notebook, _ = assemble(exercise(number)[0], notebook_of(file, "a.ipynb"))
    assert not any(kept(notebook).values())


@pytest.mark.parametrize("number", exercises())
def test_answers_alone_are_of_their_exercise_and_a_lesson_is_not(number: str) -> None:
    """Whoever copies the answers into a new notebook brings no id, check or prompt along."""
    fresh, solved, _ = exercise(number)
    master: Any = SimpleNamespace(
        exercise=number, fresh=fresh, notebook=fresh, questions=read_compiled(number)["questions"]
    )
    answers = [c for c in copy.deepcopy(solved["cells"]) if role(c) in ("answer", "written")]
    alone = {"cells": answers, "metadata": {}}
    lose_both(None, alone)
    submitted = notebook_of(json.dumps(alone).encode(), "a.ipynb")
    check_belongs(submitted, master)
    assert all(kept(assemble(fresh, submitted)[0]).values())
    lesson = next((ROOT / "notebooks").glob(f"{number}_*.ipynb"))
    with pytest.raises(Ungradable, match=f"belongs to exercise {number}"):
        check_belongs(notebook_of(lesson.read_bytes(), lesson.name), master)
