"""Slides, handouts and solutions hold what they should, for every lesson and exercise."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from guides import NUMBERS, ROOT, text
from toy_exercise import toy_key

from belgrade import cli
from belgrade.authoring.key import BLOCK, KEY_ONLY, tag_of
from belgrade.publishing import handouts


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the two commands wrote."""
    out = tmp_path_factory.mktemp("handouts")
    for command in ("slides", "handouts"):
        assert cli.main([command, str(out / command)]) == 0
    return out


@pytest.mark.parametrize("number", NUMBERS)
def test_slides_and_handout_have_all_parts_of_their_lesson(number: str, made: Path) -> None:
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    lesson = handouts.read(path, text("teach.md"))
    assert len(lesson.pictures) == 2
    assert lesson.pictures[0].image != lesson.pictures[1].image
    assert [each for each in lesson.pictures if each.tasks]
    sides = {heading.split()[1].strip(",") for heading, _, _ in lesson.sides}
    assert "supports" in sides
    assert sides & {"complicates", "contradicts"} or number == "00"
    # Evidence that is announced is there.
    assert all(said and (shown or said.endswith(".")) for _, said, shown in lesson.sides)
    assert len(lesson.discussion) >= 3
    assert all(ask.endswith(("?", ".")) and points for ask, points in lesson.discussion)
    slides = (made / "slides" / f"{path.stem}.html").read_text(encoding="utf-8")
    handout = (made / "handouts" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert slides.count("<section>") == 6 + len(lesson.sides) + 1
    assert slides.count("<img ") == 2 + sum("<img" in shown for *_, shown in lesson.sides)
    assert handout.count("<img ") == 1
    assert handout.partition('class="tasks"')[2].count("<li>") == handouts.MAX_TASKS
    for page in (slides, handout):
        assert not re.search(r"(?:src|href)=.?(?:https?:)?//|<details|BEGIN SOLUTION", page)
        assert not re.search(r"\*\*|`|\d minutes?\.", re.sub(r"<[^>]*>|base64,\S*", "", page))


def test_a_deck_needs_nothing_that_is_not_beside_it(made: Path) -> None:
    page = next((made / "slides").glob("01_*.html")).read_text(encoding="utf-8")
    named = re.findall(r'(?:src|href)="(reveal/[^"]+)"', page)
    assert len(named) == 4
    assert all((made / "slides" / name).is_file() for name in named)
    theme = (made / "slides" / "reveal" / "dist" / "theme" / "white.css").read_text()
    assert "url(" not in theme


def test_a_lesson_without_a_part_is_refused_by_name(tmp_path: Path) -> None:
    (path,) = (ROOT / "notebooks").glob("01_*.ipynb")
    lesson = nbformat.read(path, as_version=4)
    lesson.cells = [cell for cell in lesson.cells if "ask_guess" not in cell.source]
    nbformat.write(lesson, tmp_path / path.name)
    with pytest.raises(handouts.LessonError, match=r"01_the_puzzle.ipynb has no guess"):
        handouts.read(tmp_path / path.name)


@pytest.mark.parametrize("number", NUMBERS)
def test_solutions_are_the_keys_without_what_serves_marking(number: str) -> None:
    (path,) = (ROOT / "exercises" / "keys").glob(f"{number}_*.ipynb")
    key = nbformat.read(path, as_version=4)
    solved = handouts.solved(nbformat.read(path, as_version=4))
    nbformat.validate(solved)
    kept = {cell["id"]: cell for cell in key.cells if tag_of(cell) not in KEY_ONLY}
    assert [cell["id"] for cell in solved.cells] == list(kept)
    said = "\n".join(cell.source for cell in solved.cells)
    assert "SOLUTION" not in said
    for cell in solved.cells:
        for _, body in BLOCK.findall(kept[cell["id"]].source):
            assert body.rstrip("\n") in cell.source
        assert not cell.metadata
        assert not cell.get("outputs")
    for cell in key.cells:
        if tag_of(cell) in ("rubric", "spec"):
            assert cell.source not in said


def test_an_answer_is_shown_right_above_its_check() -> None:
    key = toy_key()
    (check,) = (cell for cell in key.cells if cell.id == "check-1")
    check.source = before = 'rounded = round(per_million, 2)\ncheck(\n    "90.1",\n    rounded,\n)'
    (shown,) = (cell for cell in handouts.solved(key).cells if cell.id == "check-1")
    assert shown.source == before.replace("check(", "display(rounded)\ncheck(")


def test_solutions_are_run_without_the_table_of_the_students_notebook(tmp_path: Path) -> None:
    def run(notebook: nbformat.NotebookNode, folder: Path, **environment: str) -> None:
        assert folder == ROOT / "exercises"
        assert environment == {"BELGRADE_EXAM": ""}
        for cell in notebook.cells:
            assert not cell.source.startswith("check_notebook(")
            if cell.source.startswith("display("):
                cell.outputs = [nbformat.v4.new_output("stream", text="shown")]
            if cell.cell_type == "code" and "COMPARED" in cell.source and number == "01":
                cell.outputs = [nbformat.v4.new_output("error", ename="NameError", evalue="x")]

    number = "00"
    (name,) = handouts.solutions(ROOT, tmp_path, [number], run)
    written = nbformat.read(tmp_path / name, as_version=4)
    shown = [cell for cell in written.cells if cell.get("outputs")]
    assert len(shown) == 3  # two numbers and a table
    assert all(re.match(r"display\(\w+\)\ncheck\(", cell.source) for cell in shown)
    assert any(cell.source.startswith("check_notebook(") for cell in written.cells)
    number = "01"
    with pytest.raises(handouts.LessonError, match=r"01_the_puzzle\.ipynb does not run: NameError"):
        handouts.solutions(ROOT, tmp_path, [number], run)
    assert not (tmp_path / "01_the_puzzle.ipynb").exists()


@pytest.mark.slow
def test_solutions_are_right_when_they_are_run(tmp_path: Path) -> None:
    for name in handouts.solutions(ROOT, tmp_path, []):
        written = nbformat.read(tmp_path / name, as_version=4)
        checks = [cell for cell in written.cells if "\ncheck(" in f"\n{cell.source}"]
        outputs = [output for cell in checks for output in cell.outputs]
        said = [output.get("data", {}).get("text/plain", "") for output in outputs]
        assert sum(text.startswith("✓ Right") for text in said) == len(checks)


def test_solutions_never_replace_exercises(tmp_path: Path, capsys) -> None:
    assert cli.main(["solutions", str(ROOT / "exercises")]) == 2
    assert "name another folder" in capsys.readouterr().err
    assert cli.main(["slides", str(tmp_path), "42"]) == 2
    assert "There is no notebook 42" in capsys.readouterr().err
