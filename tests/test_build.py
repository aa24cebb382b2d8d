"""An answer key makes a notebook and a compiled exercise; what is wrong in it is said."""

import csv
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from kept_kernel import keep_kernel
from nbformat.v4 import new_code_cell, new_notebook, new_output
from toy_class import results
from toy_exercise import RIGHT, toy_key, varied_key

from belgrade import cli
from belgrade.authoring import build as building
from belgrade.authoring import question, vary
from belgrade.authoring.clean import clean, clean_files
from belgrade.authoring.execute import RunError
from belgrade.authoring.key import WRITTEN_STARTER, read_questions
from belgrade.authoring.settings import SettingError, nearest, read_settings, with_values
from belgrade.checks import live, versions
from belgrade.checks.capture import capture
from belgrade.checks.compiled import ChecksError, exercises, read_compiled
from belgrade.publishing import links

# One worker: the toy exercise is built once.
pytestmark = pytest.mark.xdist_group("build")
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def kept(monkeypatch):
    """Run keys in a kernel that was used before: where it is not the kernel that is tested."""
    keep_kernel(monkeypatch)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The folder of a project with the toy exercise, built once."""
    root = tmp_path_factory.mktemp("project")
    (root / "exercises" / "keys").mkdir(parents=True)
    nbformat.write(toy_key(), root / "exercises" / "keys" / "90_toy.ipynb")
    files = building.build_files(
        [root / "exercises" / "keys" / "90_toy.ipynb"], root / "exercises", packed(root)
    )
    assert len(files) == 3
    return root


def packed(root):
    return root / "belgrade" / "checks" / "packed"


def student(root):
    return nbformat.read(root / "exercises" / "90_toy.ipynb", as_version=4)


def test_the_students_copy_has_no_answers(built):
    text = (built / "exercises" / "90_toy.ipynb").read_text(encoding="utf-8")
    for secret in ("SOLUTION", "6.945", "wrong", "hidden", "rubric", "[7, 8]", "need differs"):
        assert secret not in text, secret
    notebook = student(built)
    nbformat.validate(notebook)
    sources = {cell.id: cell.source for cell in notebook.cells}
    assert sources["answer-1"] == "# Your work here\nper_million = ..."
    assert sources["answer-3"].splitlines()[1:] == [
        '    """Return the share of part in whole."""',
        "    ...",
    ]
    assert sources["w-6"] == WRITTEN_STARTER
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"belgrade", "deletable", "editable"}
        assert cell.cell_type != "code" or (not cell.outputs and cell.execution_count is None)


def test_jupyter_lets_nobody_delete_a_cell_or_edit_what_is_given_by_accident(built):
    fixed = {}
    for cell in student(built).cells:
        assert cell.metadata["deletable"] is False
        fixed.setdefault(cell.metadata["belgrade"]["role"], set()).add(
            cell.metadata.get("editable", True)
        )
    assert fixed["prompt"] == fixed["check"] == {False}
    assert fixed["answer"] == fixed["written"] == {True}


def test_the_pack_holds_only_what_a_students_machine_needs(built):
    data = (packed(built) / "90.bin").read_bytes()
    assert b"share" not in data
    text = json.dumps(read_compiled("90", packed(built)))
    for secret in ("6.945", "hidden-", "One point each", "[7, 8]", "PLANES * people"):
        assert secret not in text, secret
    compiled = read_compiled("90", packed(built))
    assert compiled["version"] == student(built).metadata.belgrade.version
    third = compiled["questions"][2]
    assert (third["points"], third["hidden_points"]) == (1, 1)
    with pytest.raises(ChecksError, match="exercise 91"):
        read_compiled("91", packed(built))


def test_building_twice_changes_nothing_and_check_tells(built, monkeypatch, capsys):
    monkeypatch.chdir(built)
    assert cli.main(["build"]) == 0
    assert "wrote" not in capsys.readouterr().out
    path = built / "exercises" / "90_toy.ipynb"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("Why?", "Why not?"), encoding="utf-8")
    keep_kernel(monkeypatch)  # what the key shows is not compared from here on
    assert cli.main(["build", "--check"]) == 1
    assert "differs: " in capsys.readouterr().out
    path.write_text(before, encoding="utf-8")
    assert cli.main(["build", "91"]) == 2
    assert capsys.readouterr().err.startswith("belgrade: There is no key 91")


@pytest.mark.usefixtures("kept")
def test_changed_parameters_reissue_the_exercise(built, tmp_path):
    key = toy_key()
    key.cells[2].source = "PLANES = 22"
    path = tmp_path / "keys" / "90_toy.ipynb"
    path.parent.mkdir()
    nbformat.write(key, path)
    compiled = building.build(path).compiled
    assert compiled["version"] != read_compiled("90", packed(built))["version"]
    assert compiled["checks"][0]["reference"]["value"] == pytest.approx(22 / 6.945)
    assert compiled["checks"][0]["spec"]["wrong"][1]["answer"]["value"] == pytest.approx(22 * 6.9)


def spoil(name):
    """Return the toy key with one thing wrong."""
    key = toy_key()
    cells = {cell.id: cell for cell in key.cells}
    changes = {
        "tag": lambda: cells["answer-1"].metadata.update(tags=["anser"]),
        "id": lambda: None,
        "solution": lambda: cells["answer-1"].update(source="per_million = PLANES / 6.945"),
        "early": lambda: key.cells.insert(0, new_code_cell("1", metadata={"tags": ["check"]})),
        "check": lambda: key.cells.remove(cells["check-1"]),
        "leak": lambda: cells["prompt-1"].update(source="per_million = PLANES / 6.945"),
        "broken": lambda: cells["spec-1"].update(
            source=cells["spec-1"].source.replace("11 / 60.0 * 1000", "1 / 0")
        ),
        "option": lambda: cells["prompt-5"].update(source="Which?"),
        "untagged": lambda: cells["spec-2"].metadata.clear(),
        "twice": lambda: cells["spec-2"].update(source=cells["spec-1"].source),
        "part": lambda: cells["hidden-3-0"].update(source='check("90.3", share_pct)'),
        "error": lambda: cells["answer-2"].update(
            source=cells["answer-2"].source.replace("flights", "flihgts")
        ),
        "weights": lambda: cells["spec-1"].update(
            source=cells["spec-1"].source + "\n[weights]\ncheck = 0"
        ),
        "exemplar": lambda: cells["spec-6"].update(
            source=cells["spec-6"].source + '\nstarter = "Because need differs."'
        ),
    }
    changes[name]()
    return key


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tag", "unknown tag 'anser'"),
        ("id", "same id"),
        ("solution", "90.1: its answer needs a solution"),
        ("early", "before the first spec"),
        ("check", "90.1 has no cell tagged check"),
        ("leak", "90.1: a solution line stands in the student's copy"),
        ("option", "90.5: its prompt does not show the option"),
        ("untagged", r"90.1: its check must .* has the spec of 90.2 lost its tag\?"),
        ("twice", "90.1 has two specs"),
        ("part", "90.3: give each further check a name"),
        ("weights", "90.1: its weights are all 0"),
        ("exemplar", "90.6: give its written answer a starter"),
    ],
)
def test_a_wrong_key_is_a_clear_error_before_it_runs(tmp_path, monkeypatch, name, words):
    answers = {("90." + str(n), ""): {"type": "other"} for n in range(6)}
    monkeypatch.setattr(building, "_run", lambda *a: (answers, {}))
    monkeypatch.setattr(building, "_entries", lambda *a: [])
    check_spoilt(tmp_path, name, words)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("broken", "90.1: wrong answer 1 stopped with ZeroDivisionError"),
        ("error", r"question 90.2: cell 11 \(### BEGIN SOLUTION\) stopped with NameError"),
    ],
)
def test_a_wrong_key_is_a_clear_error_after_it_ran(tmp_path, name, words):
    check_spoilt(tmp_path, name, words)


def test_a_key_must_stand_its_own_test():
    number = {"kind": "number", "decimals": 1, "points": 1, "wrong": []}
    wrong = {"message": "No.", "answer": capture(5)}
    labels = {"kind": "chart", "require_labels": True, "points": 1, "wrong": []}
    series = {"mark": "line", "label": "", "x": [1.0], "y": [2.0]}
    axes = {"title": "", "xlabel": "", "ylabel": "", "legend": [], "series": [series]}
    chart = {"type": "chart", "axes": [axes]}
    building._valid_wrongs("1.2", number | {"wrong": [wrong]}, capture(6.8))
    for spec, answer, words in (
        (number, capture("6.8"), "does not accept its own solution, the text"),
        (labels, chart, "does not accept its own solution, a chart"),
        (number | {"wrong": [wrong]}, capture(5.04), "wrong answer 1 is judged right"),
        (number | {"wrong": [wrong, wrong | {"message": "So?"}]}, capture(6), "2 .* gets another"),
    ):
        with pytest.raises(building.BuildError, match=f"question 1.2: .*{words}"):
            building._valid_wrongs("1.2", spec, answer)
    # Grading under other parameters does without such a one, and says so.
    odd = []
    both = number | {"wrong": [wrong, wrong | {"answer": capture(9), "message": "Nine?"}]}
    assert building._valid_wrongs("1.2", both, capture(5.04), odd) == both["wrong"][1:]
    assert odd == ["question 1.2: wrong answer 1 is judged right"]


def test_a_check_may_stand_on_several_lines():
    key = toy_key()
    cells = {cell.id: cell for cell in key.cells}
    cells["hidden-3-0"].source = 'check(\n    "90.3",\n    share_pct,\n    part="b",\n)'
    read_questions(key)
    cells["hidden-3-0"].source = 'check("90.33", share_pct, part="b")'
    with pytest.raises(building.BuildError, match=r'must call check\("90.3"'):
        read_questions(key)


def check_spoilt(tmp_path, name, words):
    path = tmp_path / "90_toy.ipynb"
    nbformat.write(spoil(name), path)
    if name == "id":
        path.write_text(path.read_text("utf-8").replace('"answer-1"', '"setup"'), "utf-8")
    with pytest.raises(building.BuildError, match=f"90_toy.ipynb: .*{words}"):
        building.build(path, cwd=tmp_path)


def noisy():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}, "text/plain": "VBox()"}
    both = view | {"text/html": "<p>a picture</p>"}
    outputs = [new_output("display_data", dict(view)), new_output("display_data", both)]
    outputs.append(new_output("execute_result", {"text/plain": "2"}, execution_count=7))
    metadata = {"execution": {"a": "1"}, "tags": []}
    cell = new_code_cell("1 + 1", id="one", execution_count=7, metadata=metadata, outputs=outputs)
    notebook = new_notebook(cells=[cell, new_code_cell("", id="two")])
    notebook.metadata = nbformat.from_dict(
        {"widgets": {"a": 1}, "kernelspec": {"name": "mine"}, "language_info": {"version": "3"}}
    )
    return notebook


def test_clean_takes_out_noise_and_keeps_ids():
    done = clean(noisy())
    assert set(done.metadata) == {"kernelspec", "language_info"}
    assert done.metadata.kernelspec.name == "python3"
    assert [c.id for c in done.cells] == ["one", "two"]
    one = done.cells[0]
    assert (one.execution_count, dict(one.metadata)) == (1, {})
    assert [list(o.data) for o in one.outputs] == [["text/plain", "text/html"], ["text/plain"]]
    assert one.outputs[1].execution_count == 1
    assert clean(done) == done
    nbformat.validate(done)


def test_clean_command(tmp_path, monkeypatch, capsys):
    path = tmp_path / "lesson.ipynb"
    nbformat.write(noisy(), path)
    before = path.read_bytes()
    assert cli.main(["clean", "--check", str(path)]) == 1
    assert path.read_bytes() == before
    assert cli.main(["clean", str(path)]) == 0
    assert cli.main(["clean", "--check", str(path)]) == 0
    assert cli.main(["clean", str(tmp_path / "none.ipynb")]) == 2
    assert "no notebook" in capsys.readouterr().err


def test_clean_run_uses_a_fresh_kernel_and_an_empty_journal(tmp_path):
    source = (
        "import os\n"
        "[object(), os.listdir(os.environ['BELGRADE_WORK']), os.path.basename(os.getcwd())]"
    )
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "lesson.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source, id="a")]), path)
    assert cli.main(["clean", str(path)]) == 0
    assert nbformat.read(path, 4).cells[0].execution_count is None
    assert cli.main(["clean", "--run", str(path)]) == 0
    (output,) = nbformat.read(path, 4).cells[0].outputs
    assert output.data["text/plain"] == "[<object at 0x0000000000>, [], 'here']"
    before = path.read_bytes()
    assert cli.main(["clean", "--run", str(path)]) == 0
    assert path.read_bytes() == before
    bad = tmp_path / "bad.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1/0", id="bad")]), bad)
    with pytest.raises(RunError, match=r"bad\.ipynb: cell 0 \(bad\) stopped with ZeroDivision"):
        clean_files([bad], run=True, say=str)


KINDS = ("number", "list", "table", "function", "chart", "choice", "written")


@pytest.mark.usefixtures("kept")
def test_each_template_goes_into_a_key_builds_and_holds(tmp_path, monkeypatch, capsys):
    keys = tmp_path / "exercises" / "keys"
    keys.mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "write-a-question.md", tmp_path / "docs")
    nbformat.write(varied_key(), keys / "90_toy.ipynb")
    monkeypatch.chdir(tmp_path)
    for kind in KINDS:
        assert cli.main(["question", "90", "--kind", kind]) == 0
    assert cli.main(["build"]) == 0, capsys.readouterr()
    output = capsys.readouterr().out
    assert "12 answers tried, nothing amiss" in output
    assert "wrote: docs" not in output  # the table of keys is the code's
    compiled = read_compiled("90", packed(tmp_path))
    assert [row["question"] for row in compiled["questions"]][6:] == [
        f"90.{n}" for n in range(7, 14)
    ]
    assert {e["spec"]["kind"] for e in compiled["checks"][-6:]} == {*KINDS} - {"written"}
    assert not any("accepted" in e["spec"] for e in compiled["checks"])
    # It stands before what closes the exercise, and a kind without a template is named.
    assert student(tmp_path).cells[-1].source == 'check_notebook("90")'
    assert cli.main(["question", "90", "--kind", "essay"]) == 2
    assert "no template for 'essay'" in capsys.readouterr().err
    # A prompt and a solution that changed alone: what speaks of the question before is named.
    key = keys / "90_toy.ipynb"
    text = key.read_text(encoding="utf-8").replace("parts = [2 * PLANES", "parts = [9 * PLANES", 1)
    text = text.replace("What to look at first.", "Multiply by 1_000_000.", 1)
    key.write_text(text.replace("parts[0] + parts[1]", "5 * PLANES"), encoding="utf-8")
    assert cli.main(["build"]) == 1
    output = capsys.readouterr().out
    assert "90.7: 'total = 5 * PLANES' should be judged right; it is not_yet" in output
    assert "90.7: hint 1 names 1,000,000, which stands neither in its prompt nor in its" in output


@pytest.mark.parametrize(
    ("settings", "number"),
    [
        ("LEAD = 1  # 1 to 3\nYEAR = 2014  # 2012 to 2016", "YEAR"),
        ("LEAD = 2  # 1 to 3", "(LEAD + 1)"),
        ('DONOR = "China"', "len(DONOR)"),
        ("", "10"),
    ],
)
def test_a_template_takes_a_setting_that_is_never_1(settings, number):
    key = varied_key()
    next(cell for cell in key.cells if cell.id == "params").source = settings
    assert question._setting(key) == number


ALLOWED = "PLANES = 11  # one of: 4, 9, 11,\n# 13, 15"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """The folder of a project and the key in it, of two questions with other settings."""
    key = varied_key("PLANES = 9")
    at = [cell.id for cell in key.cells].index("spec-3")
    key.cells = [*key.cells[:at], key.cells[-1]]
    next(cell for cell in key.cells if cell.id == "params").source = ALLOWED
    path = tmp_path / "exercises" / "keys" / "90_toy.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(key, path)
    monkeypatch.chdir(tmp_path)
    return tmp_path, path


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        (
            "parameters",
            "PLANES = 12  # one of: 4, 9, 11",
            "PLANES = 12 is not allowed; the nearest",
        ),
        ("variant", "PLANES = 70", "PLANES = 70 is not allowed; the nearest value that is: 15"),
        ("variant", "FLIGHTS = 9", "parameters and variant do not set the same names"),
    ],
)
def test_a_setting_that_is_not_allowed_is_told_with_the_nearest_that_is(
    settings, tag, value, words
):
    with pytest.raises(building.BuildError, match=words):
        building.build(settings[1], settings={tag: value})


def test_what_a_setting_allows_is_read_and_kept():
    source = 'BASE = "Serbia"  # one of: "Serbia", "Italy"\nYEAR = 2014  # 2006 to 2019\nOTHER = 1'
    found = read_settings(source)
    assert (found["BASE"].allowed, found["OTHER"].allowed) == (("Serbia", "Italy"), ())
    assert (len(found["YEAR"].allowed), nearest(1999, found["YEAR"].allowed)) == (14, 2006)
    assert nearest("serbia", found["BASE"].allowed) == "Serbia"
    changed = with_values(source, {"BASE": "Italy", "YEAR": 2010})
    assert changed == source.replace('= "Serbia"', '= "Italy"').replace("2014", "2010")
    for comment in ("# 2006 to 2019", " # 2006 to 2019", "   #2006 to 2019"):
        assert read_settings(f"YEAR = 2014{comment}")["YEAR"].allowed == tuple(range(2006, 2020))
    assert read_settings('COLOUR = "#1 # a"  # one of: "#1 # a"')["COLOUR"].allowed == ("#1 # a",)
    with pytest.raises(SettingError, match="a line that is none: A = data"):
        read_settings("A = data")


@pytest.mark.usefixtures("kept")
def test_the_address_that_links_put_into_a_first_cell_stays_and_changes_no_version(settings):
    root, path = settings
    key = nbformat.read(path, as_version=4)
    first = next(cell for cell in key.cells if cell.cell_type == "code")
    first.source = f"# %pip install git+{links.NO_ADDRESS}\n{first.source}"
    nbformat.write(key, path)
    assert cli.main(["build", "90"]) == 0
    exercise = root / "exercises" / "90_toy.ipynb"
    filled = links.with_address(exercise.read_text(encoding="utf-8"), links.Home.of("a/b"))
    assert "git+https://github.com/a/b@main" in filled
    exercise.write_text(filled, encoding="utf-8")
    assert cli.main(["build", "90", "--check"]) == 0
    assert cli.main(["build", "90"]) == 0
    assert exercise.read_text(encoding="utf-8") == filled
    given = versions._provided(json.loads(filled), "90.1")
    assert given == versions._provided(read_compiled("90", packed(root))["notebook"], "90.1")


@pytest.mark.usefixtures("kept")
def test_an_exercise_is_issued_anew_and_in_versions(settings, capsys, monkeypatch):
    root, path = settings
    assert cli.main(["build", "90", "--vary", "spring"]) == 0
    output = capsys.readouterr().out
    planes = read_compiled("90", packed(root))["checks"][0]["reference"]["value"] * 6.945
    assert round(planes) in (4, 13, 15)
    assert f"seed spring chose PLANES = {round(planes)}" in output
    assert f"  90.1: the number {planes / 6.945:.6g} (was the number 1.58387)" in output
    assert "# one of: 4, 9, 11,\n# 13, 15" in student(root).cells[2].source

    # Two versions: one more, with a compiled exercise of its own, and a draw that stays.
    roster = root / "class.csv"
    roster.write_text("student,name\n" + "".join(f"s{n},Student {n}\n" for n in range(30)))
    assert cli.main(["build", "90", "--versions", "2"]) == 2
    assert "needs a --roster" in capsys.readouterr().err
    command = ["build", "90", "--versions", "2", "--roster", "class.csv", "--out", "class"]
    assert cli.main(command) == 0
    first = read_compiled("90", packed(root))
    assert exercises(packed(root)) == ["90"]
    (stamp,) = first["further"]
    second = read_compiled("90", packed(root), stamp)
    assert first["checks"][0]["reference"] != second["checks"][0]["reference"]
    with open(root / "class" / "90_versions.csv", encoding="utf-8") as file:
        drawn = {row["student"]: row["version"] for row in csv.DictReader(file)}
    assert len(drawn) == 30
    assert set(drawn.values()) == {"A", "B"}
    assert drawn["s7"] == vary.letter(vary.drawn_version("90", "s7", 2))
    before = path.read_bytes()
    vary.add_versions(path, 2, None)  # those that it has stay
    assert path.read_bytes() == before

    # A check judges a notebook by its own version, and so does the whole examination.
    own = nbformat.read(root / "class" / "B" / "90_toy.ipynb", as_version=4)
    assert own.metadata.belgrade.version == stamp
    monkeypatch.setenv("BELGRADE_PACKED", str(packed(root)))
    monkeypatch.setattr(versions, "notebook_file", lambda: root / "class" / "B" / "90_toy.ipynb")
    assert versions.compiled_for("90.1")[0]["version"] == stamp
    assert versions.compiled_for("90.1")[1] == ""
    # In the browser alone no server says which file it is, and what the kernel holds is judged.
    held = SimpleNamespace(user_ns={"per_million": second["checks"][0]["reference"]["value"]})
    with monkeypatch.context() as browser:
        browser.chdir(root / "class" / "B")
        browser.setattr(versions, "notebook_file", lambda: None)
        browser.setattr(sys, "platform", "emscripten")
        browser.setattr("IPython.get_ipython", lambda: held)
        browser.setattr(live, "publish", lambda extra, page, text: print(text))
        live.check_notebook("90")
    assert "✓ Right" in capsys.readouterr().out

    # Graded, each by its own; a marker is told of a version that is another student's.
    other = next(v for v in "AB" if v != drawn["s1"])
    for student_id, version in (("s0", drawn["s0"]), ("s1", other)):
        notebook = nbformat.read(root / "class" / version / "90_toy.ipynb", as_version=4)
        for cell in notebook.cells:
            cell.source = RIGHT.get(cell.id, cell.source)
        (root / "handed_in" / student_id).mkdir(parents=True)
        nbformat.write(notebook, root / "handed_in" / student_id / "90_toy.ipynb")
    command = ["grade", "handed_in", "--out", "grades", "--roster", "class.csv", "--no-sandbox"]
    assert cli.main(command) == 0
    found = results(root / "grades")
    for student_id in ("s0", "s1"):
        answers = found[student_id]["questions"]
        assert [row["points"] for row in answers] == [row["max_points"] for row in answers]
    assert found["s0"]["repairs"] == []
    assert found["s1"]["repairs"] == [f"Version {other}; the draw gave version {drawn['s1']}."]
    for roster, expected in ([], []), (["--roster", "class.csv"], found["s1"]["repairs"]):
        command = ["grade", "handed_in", "--out", "grades", *roster, "--no-sandbox"]
        assert cli.main(command) == 0
        assert results(root / "grades")["s1"]["repairs"] == expected
