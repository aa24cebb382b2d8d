"""Lines to fill in: each is the line of a lesson, passes when filled and says so when it is not."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from guides import NUMBERS, notebook
from matplotlib import pyplot

from belgrade.checks import blanks, check
from belgrade.checks.cells import assigned

STEPS = blanks.steps()


def cells(lesson: str) -> list[Any]:
    return notebook("notebooks", lesson).cells


def lines_to_fill() -> list[tuple[str, int]]:
    """Return the lesson and the place of each cell with a blank."""
    return [
        (lesson, place)
        for lesson in NUMBERS
        for place, cell in enumerate(cells(lesson))
        if cell.cell_type == "code" and blanks.BLANK.search(cell.source)
    ]


def question_in(source: str) -> str:
    """Return the question that a cell checks in its last line."""
    return re.fullmatch(r'check\("(\d\d\.[a-z])", (\w+)\)', source.strip().splitlines()[-1])[1]


def used(source: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}


def cells_before(lesson: str, place: int, code: str) -> list[str]:
    """Return the cells above that the code needs, directly or not."""
    needed, found = used(code), []
    for cell in reversed(cells(lesson)[:place]):
        runs = cell.cell_type == "code" and not cell.metadata.get("tags")
        if runs and not blanks.BLANK.search(cell.source) and assigned(cell.source) & needed:
            found.append(cell.source)
            needed |= used(cell.source)
    return found[::-1]


LINES = {
    question_in(cells(lesson)[place].source): (lesson, place) for lesson, place in lines_to_fill()
}


def test_each_line_stands_in_its_lesson_once_and_in_order() -> None:
    assert list(LINES) == list(STEPS)
    assert all(question[:2] == lesson for question, (lesson, _) in LINES.items())


@pytest.mark.parametrize("question", LINES)
def test_a_line_is_that_of_the_lesson_with_blanks(question: str) -> None:
    lesson, place = LINES[question]
    lines = cells(lesson)[place].source.strip().splitlines()
    pattern = "[^\n]+?".join(
        re.escape(part) for part in "\n".join(lines[:-1]).rstrip().split("____")
    )
    assert re.fullmatch(pattern, STEPS[question]["code"].strip())
    assert lines[-1] == f'check("{question}", {STEPS[question]["name"]})'


@pytest.mark.parametrize("question", LINES)
def test_a_filled_line_is_right_a_slip_is_not_and_a_blank_is_told(
    question: str, _shell: Any, displayed: list[dict[str, Any]]
) -> None:
    (lesson, place), step = LINES[question], STEPS[question]
    assert step["code"].count(step["slip"][0]) == 1
    slipped = step["code"].replace(*step["slip"])
    space = _shell.user_ns
    kept = dict(space)
    try:
        for source in cells_before(lesson, place, step["code"]):
            exec(source, space)
        for code in (step["code"], slipped):
            exec(code, space)
            displayed.clear()
            check(question, space[step["name"]])
            output = displayed[-1]["data"]["text/plain"]
            assert output.startswith("✓ Right" if code == step["code"] else ("✗", "≈", "○")), output
            assert f"· line {question}" in output
            if code == slipped:
                assert output.endswith(step["hint"])
    finally:
        pyplot.close("all")
        space.clear()
        space.update(kept)


def test_a_cell_with_a_blank_says_so_and_does_not_run(
    _shell: Any, displayed: list[dict[str, Any]]
) -> None:
    assert blanks.blanks(["a = 1  # ____\n", "b____ = a\n"]) == ["a = 1  # ____\n", "b____ = a\n"]
    (line,) = blanks.blanks(['a = t["____"]\n', "t.____(____)\n"])
    exec(line)
    output = displayed[-1]["data"]["text/plain"]
    assert output == "○ Fill in the 3 blanks (____), then run this cell again."


def test_before_the_cells_above_have_run_a_check_says_so(
    _shell: Any, displayed: list[dict[str, Any]]
) -> None:
    assert "counted" not in _shell.user_ns
    check("00.a", 21)
    assert "run them from the top" in displayed[-1]["data"]["text/plain"]
