"""Tables open in a spreadsheet and in pandas, uploads are as the platforms want them, marks merge.

After a wanted change of a table, BELGRADE_GOLDEN=1 writes the golden files anew: read the diff.
"""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pandas as pd
import pytest
from grading_results import a_class, part, question, result

from belgrade.grading import GradingError, marks, pages, tables
from belgrade.grading.marks import criteria_of, merge_marks, read_sheet
from belgrade.grading.roster import read_roster
from belgrade.grading.tables import escape_formula, unescape_formula
from belgrade.grading.write import write_all

GOLDEN = Path(__file__).parent / "golden"
RUBRIC = """**How to mark 3.6 (3 points)**

- **Claim (1).** A definition. *Half:* vague.
- **Evidence (1).** Two countries.
- **Caveat (1).** What it misses.
"""
MASTERS = {
    "03": SimpleNamespace(
        title="Exercise 03 · Arms and energy: count what is meant",
        rubrics={"3.6": RUBRIC},
        questions=[{"points": 2}, {"points": 4}, {"points": 9}],
    )
}
IDS = {
    "canvas_export.csv": ("4211", "4212", "4213", "4214"),
    "moodle_export.csv": ("E10", "E11", "E12", "E13"),
    "moodle_worksheet.csv": tuple(f"Participant {n}" for n in (512, 513, 514, 515)),
}


def golden(name: str, made: Path) -> None:
    """Compare a file with the golden one of this name, but for how lines end."""
    wanted, text = GOLDEN / name, made.read_text(encoding="utf-8")
    if os.environ.get("BELGRADE_GOLDEN"):
        wanted.write_text(text, encoding="utf-8")
    assert text == wanted.read_text(encoding="utf-8"), name


def marked(results, points=("2.5", "0", "")):
    """Return results in which Ana's and Ben's written answers have marks."""
    merged = results
    for one, mark in zip(results, points, strict=False):
        if mark:
            sheet = sheet_of(merged, {one["student"]: {"mark": mark, "comment": "Well said."}})
            merged, _ = merge_marks(merged, [sheet])
    return merged


def sheet_of(results, filled, drop=(), path=None):
    """Return a marking sheet with what is filled in by student, read back from CSV."""
    header, rows = marks.sheet_table(marks.written_answers(results, "03"), {"3.6": RUBRIC})
    out = []
    for row in rows:
        one = dict(zip(header, row, strict=True)) | filled.get(row[0], {})
        if row[0] not in drop:
            out.append([one[title] for title in header])
    with TemporaryDirectory() as folder:
        path = path or Path(folder) / "03_marks.csv"
        tables.write_csv(path, header, out)
        return read_sheet(path)


@pytest.fixture(autouse=True)
def _no_pictures(request, monkeypatch):
    """The report's pictures take most of the time and are the other file's subject."""
    if "written" not in request.fixturenames:
        monkeypatch.setattr(pages, "class_report", lambda *_: "")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("grades")
    write_all(iter(a_class()), out, read_roster(GOLDEN / "canvas_export.csv"), MASTERS)
    return out


def test_tables_are_the_golden_ones(written):
    for name in ("grades.csv", "questions.csv", "marking/03_marks.csv"):
        golden(Path(name).name, written / name)
    names = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()}
    feedback = {n for n in names if n.startswith("feedback/")}
    assert len(feedback) == 4
    wanted = {"grades.csv", "questions.csv", "report.html", "marking/03_marks.csv"}
    wanted |= {"marking/03_answers.html", "uploads/canvas.csv", "uploads/feedback_03.zip"}
    assert names - feedback == wanted | {"uploads/mail_merge_03.csv"}


def test_tables_in_pandas(written):
    grades = pd.read_csv(written / "grades.csv", dtype={"student": str, "exercise": str})
    assert list(grades.columns[:5]) == ["student", "name", "exercise", "state", "points"]
    assert grades.points.dtype.kind in "if" and grades.name[0] == "Ana Ilić"
    assert list(grades.state) == ["graded", "graded", "graded", "failed"]
    assert set(grades.possible_points[:3]) == {15}
    assert list(grades.file[2:3]) == ['a,"b"\ufffd=c.ipynb'.replace("\ufffd", "\n")]
    questions = pd.read_csv(written / "questions.csv")
    assert len(questions) == 9 and questions.points.sum() == 12 + 1.5 + 6


def test_no_cell_of_a_table_is_a_formula(written):
    for path in written.rglob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.reader(file):
                for cell in set(row) - {"@ben"}:  # what Canvas calls him must stand as it is
                    assert cell[:1] not in set("=+-@\t\r"), (path.name, cell)
            assert file.newlines != "\n"
    assert (written / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert not (written / "uploads/canvas.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize(
    "text",
    ["=1", "+3", "-x", "@a", "\tx", "'=1", "''@", " =1", "plain", "'quote", "", "＝1", "a=b"],
)
def test_what_is_made_harmless_can_be_read_back(text):
    safe = escape_formula(text)
    assert safe[:1] not in set("=+-@\t＝") and unescape_formula(safe) == text
    assert (escape_formula(-1.5), escape_formula(None)) == (-1.5, "")
    assert escape_formula("a\ud800\u202eb") == "a\ufffd\ufffdb"


UPLOADS = {
    "canvas_export.csv": "canvas.csv",
    "moodle_export.csv": "moodle_03.csv",
    "moodle_worksheet.csv": "moodle_worksheet_03.csv",
}


@pytest.mark.parametrize("roster", UPLOADS)
def test_uploads_are_the_golden_ones(roster, tmp_path):
    results = marked(a_class(IDS[roster]))
    write_all(results, tmp_path, read_roster(GOLDEN / roster), MASTERS)
    (made,) = marks_in(tmp_path)
    assert made.name == UPLOADS[roster]
    golden(made.name, made)


def marks_in(out: Path) -> list[Path]:
    return [
        p for p in (out / "uploads").iterdir() if "feedback" not in p.name and "mail" not in p.name
    ]


def table(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_canvas_takes_its_file(tmp_path):
    """What lib/gradebook_importer.rb asks for, and what it would do."""
    roster = read_roster(GOLDEN / "canvas_export.csv")
    results = marked(a_class())
    write_all(results, tmp_path, roster, MASTERS)
    head, possible, *rows = table(tmp_path / "uploads/canvas.csv")
    assert "Student" in head[0] and "ID" in head[1] and len(head) > 3
    assert head[4] == "Section" and head[5:] == ["Exercise 03: Arms and energy (888)"]
    assert "Points Possible" in possible[0] and possible[5] == "15"
    # Marks go to the ids that Canvas gave; who has no mark keeps what stood there; no test student.
    assert {row[1]: row[5] for row in rows} == {
        "4211": "14.5",
        "4212": "1.5",
        "4213": "6",
        "4214": "3.00",
    }
    assert rows[1][3] == "@ben"
    # Another maximum there: converted. No such assignment there: a new one.
    text = (GOLDEN / "canvas_export.csv").read_text(encoding="utf-8")
    path = tmp_path / "other.csv"
    path.write_text(text.replace(",15.00,(read", ",30.00,(read"), encoding="utf-8")
    write_all(results, tmp_path, read_roster(path), MASTERS)
    assert [row[5] for row in table(tmp_path / "uploads/canvas.csv")[1:3]] == ["30", "29"]
    own = [["Exercise 03: Arms and energy: count what is meant"], ["15"], ["14.5"]]
    path.write_text(
        text.replace("Exercise 03: Arms and energy (888)", "Quiz (888)"), encoding="utf-8"
    )
    write_all(results, tmp_path, read_roster(path), MASTERS)
    assert [row[5:] for row in table(tmp_path / "uploads/canvas.csv")[:3]] == own
    # Two that may be meant: neither is written over.
    path.write_text(text.replace("Essay (777)", "Exercise 03 draft (777)"), encoding="utf-8")
    write_all(results, tmp_path, read_roster(path), MASTERS)
    assert [row[5:] for row in table(tmp_path / "uploads/canvas.csv")[:3]] == own


def test_moodle_takes_its_files(tmp_path):
    """What grade/import/csv and mod/assign/feedback/offline ask for."""
    results = marked(a_class(IDS["moodle_export.csv"]))
    write_all(results, tmp_path, read_roster(GOLDEN / "moodle_export.csv"), MASTERS)
    head, *rows = table(tmp_path / "uploads/moodle_03.csv")
    # One row that Moodle cannot place stops an import, an empty cell would take a mark away.
    assert {row[head.index("ID number")] for row in rows} == {"E10", "E11", "E12"}
    assert all(float(row[-1]) <= 15 for row in rows)
    assert rows[1][head.index("Email address")] == "+ben@example.org"

    results = marked(a_class(IDS["moodle_worksheet.csv"]))
    write_all(results, tmp_path, read_roster(GOLDEN / "moodle_worksheet.csv"), MASTERS)
    before = table(GOLDEN / "moodle_worksheet.csv")
    after = table(tmp_path / "uploads/moodle_worksheet_03.csv")
    assert after[0] == before[0] and [r[0] for r in after] == [r[0] for r in before]
    assert [row[4] for row in after[1:]] == ["9.67", "1", "4", "3.00"]  # of 10, where we have 15
    assert not (tmp_path / "uploads/moodle_03.csv").exists()
    for old, new in zip(before, after, strict=True):
        assert old[5:-1] == new[5:-1]
    # The comments are filled in, without tags; what somebody wrote there stays.
    words = [row[-1] for row in after]
    assert words[1].startswith("Exercise 03: 14.5 points. 3.1: 2 of 2. 3.2: 4 of 4. 3.6: 8.5 of 9.")
    assert words[1].endswith("Well said.") and words[2] == "- see me" and words[4] == ""


def test_who_waits_for_marks_has_none_yet(tmp_path):
    roster = read_roster(GOLDEN / "canvas_export.csv")
    write_all(a_class(), tmp_path, roster, MASTERS)
    assert [row[5] for row in table(tmp_path / "uploads/canvas.csv")[2:]] == [
        "",
        "7.00",
        "6",
        "3.00",
    ]
    write_all(a_class(), tmp_path)
    assert not marks_in(tmp_path)


# --- marks --------------------------------------------------------------------------------------


def by_student(results):
    return {r["student"]: r for r in results}


def test_criteria_come_from_the_rubric():
    assert criteria_of(RUBRIC) == {"Claim": 1, "Evidence": 1, "Caveat": 1}
    assert criteria_of("(3 points, one for each)\n\n- **Claim.** x") == {"Claim": 1}
    assert criteria_of("- **Claim (1,5 points).** x\n- **Caveat.** y") == {
        "Claim": 1.5,
        "Caveat": math.inf,
    }
    assert criteria_of("(for each row 0, 1 or 2)\n\n| **Claim** | no | yes |") == {"Claim": 2}
    assert list(criteria_of("| | 0 | 1 |\n|---|---|---|\n| **Claim** | no | yes |")) == ["Claim"]
    assert criteria_of("- **Comment.** x\n- **Mark** y") == {}


def test_marks_merge_and_merge_again():
    results = a_class()
    anas = {"Claim": "1", "Evidence": "0,5", "Caveat": ".5", "comment": "=Good\nwork, Ana"}
    sheet = sheet_of(results, {"4211": anas, "4212": {"mark": "3"}})
    merged, problems = merge_marks(results, [sheet])
    assert problems == [] and results == a_class()
    ana, ben = by_student(merged)["4211"], by_student(merged)["4212"]
    row = ana["questions"][2]
    assert row["mark"] == {
        "points": 2,
        "max_points": 3,
        "comment": "=Good\nwork, Ana",
        "criteria": {"Claim": 1, "Evidence": 0.5, "Caveat": 0.5},
    }
    assert (row["points"], row["max_points"], row["pending_points"]) == (8, 9, 0)
    assert (row["status"], row["message"]) == ("marked", "")
    assert (ana["points"], ana["max_points"], ana["pending_points"]) == (14, 15, 0)
    # What the checks found wrong stays said.
    assert (ben["questions"][2]["status"], ben["questions"][2]["message"]) == ("error", "NameError")
    assert ben["points"] == 4.5
    assert merge_marks(merged, [sheet]) == (merged, [])
    blank = dict.fromkeys(("Claim", "Evidence", "Caveat", "comment"), "")
    again, _ = merge_marks(merged, [sheet_of(merged, {"4211": {"mark": "3", **blank}})])
    assert by_student(again)["4211"]["points"] == 15
    assert by_student(again)["4211"]["questions"][2]["status"] == "marked"
    assert by_student(again)["4212"] == ben


WRONG = {
    "over the maximum": ({"mark": "3.5"}, "from 0 to 3"),
    "negative": ({"mark": "-1"}, "from 0 to 3"),
    "no number": ({"mark": "good"}, "a number from 0 to 3"),
    "infinite": ({"mark": "1e999"}, "a number"),
    "not a number at all": ({"mark": "nan"}, "a number"),
    "a criterion is missing": ({"Claim": "1"}, "Evidence has no points"),
    "a criterion over its own": ({"Claim": "2", "Evidence": "0", "Caveat": "0"}, "Claim is 2; fr"),
    "another student": ({"student": "9999", "mark": "1"}, "do not belong together"),
    "no such student": ({"student": "9", "answer_id": "", "mark": "1"}, "no written answer"),
    "no such question": ({"question": "3.9", "answer_id": "", "mark": "1"}, "no written answer"),
    "no mark": ({"comment": "hm"}, "1 answer has no mark"),
    "a changed text": ({"answer_id": "t000", "mark": "1"}, "mark the new text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_marks_that_cannot_be_taken(case):
    filled, words = WRONG[case]
    sheet = sheet_of(a_class(), {"4211": filled, "4212": {"mark": "2"}})
    merged, problems = merge_marks(a_class(), [sheet], {"03": MASTERS["03"].rubrics})
    assert words in problems[0] and "03_marks.csv" in problems[0]
    assert by_student(merged)["4211"] == a_class()[0]
    assert by_student(merged)["4212"]["questions"][2]["mark"]["points"] == 2


def test_criteria_without_a_limit_of_their_own_add_up_to_no_more_than_the_answer():
    sheet = sheet_of(a_class(), {"4211": {"Claim": "2", "Evidence": "1", "Caveat": "1"}})
    assert "add up to 4, more than the 3" in merge_marks(a_class(), [sheet])[1][0]


def test_a_sheet_that_excel_saved_without_utf8_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "m.csv"
    sheet_of(a_class(), {"4211": {"mark": "1", "comment": "čitko"}}, path=path)
    text = path.read_text(encoding="utf-8-sig")
    path.write_bytes(text.encode("cp1250", "replace"))
    with pytest.raises(GradingError, match=r"m\.csv is Excel's plain CSV.*“CSV UTF-8"):
        merge_marks(a_class(), [path])
    path.write_text(text.replace(",", "\t"), encoding="utf-16")  # Excel's “Unicode text”
    merged, _ = merge_marks(a_class(), [path])
    assert by_student(merged)["4211"]["questions"][2]["mark"]["comment"] == "čitko"


def test_sheets_that_lack_rows_contradict_or_are_none(tmp_path):
    results = a_class()
    _, problems = merge_marks(results, [sheet_of(results, {"4212": {"mark": "1"}}, drop=["4211"])])
    assert problems == ["4211 is not in the sheet for question 3.6."]
    same = {"4212": {"mark": "1"}}
    one = sheet_of(results, {"4211": {"mark": "1"}} | same, path=tmp_path / "one.csv")
    two = sheet_of(results, {"4211": {"mark": "2"}} | same, path=tmp_path / "two.csv")
    merged, problems = merge_marks(results, [one, two])
    assert len(problems) == 1 and "another mark stands in one.csv, row 2" in problems[0]
    assert by_student(merged)["4212"]["questions"][2]["mark"]["points"] == 1
    (tmp_path / "x.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(GradingError, match="no column student, exercise, question, mark"):
        merge_marks(results, [tmp_path / "x.csv"])


CLASS = [f"s{n}@example.org" for n in range(180)]


def test_the_draw_is_even_stable_and_has_ten_for_all():
    assigned = marks.assign_tutors(CLASS, 4, {})
    sizes = [sum(t == tutor for t in assigned.values()) for tutor in range(5)]
    assert sizes[0] == 10 and max(sizes[1:]) - min(sizes[1:]) <= 1 and sum(sizes) == 180
    assert assigned == marks.assign_tutors(reversed(CLASS), 4, {})
    # Who comes later moves nobody, and nobody goes into the common ones.
    more = marks.assign_tutors([*CLASS, *(f"late{n}" for n in range(5))], 4, assigned)
    assert {**more, **assigned} == more and sum(t == 0 for t in more.values()) == 10
    assert marks.assign_tutors(CLASS[3:], 4, assigned).items() <= assigned.items()
    assert sum(t == 0 for t in marks.assign_tutors(CLASS[:12], 3, {}).values()) == 3


def test_tutors_get_forms_of_their_own_that_later_runs_keep(tmp_path):
    results = [
        result(who, who, [question("3.6", "D", [part("written", "pending", 0, 3)], written=who)])
        for who in CLASS[:20]
    ]

    def forms():
        names = sorted(p.name for p in (tmp_path / "marking").glob("*.html"))
        who = dict(table(tmp_path / "marking/03_tutors.csv")[1:]) if names[1:] else {}
        return names, who

    write_all(results, tmp_path, masters=MASTERS, tutors=2)
    names, who = forms()
    assert names == ["03_answers.html", "03_answers_tutor_1.html", "03_answers_tutor_2.html"]
    first = (tmp_path / "marking" / names[1]).read_text(encoding="utf-8")
    for student, tutor in who.items():
        assert (f"student&#34;: &#34;{student}&#34;" in first) == (tutor in "01")
    assert first.count("for all tutors</span>") == 5
    write_all(results, tmp_path, masters=MASTERS)
    assert forms() == (names, who)
    # All of one tutor's withdraw: no form without an answer is left.
    write_all([r for r in results if who[r["student"]] == "2"], tmp_path, masters=MASTERS)
    assert forms()[0] == [names[0], names[2]]
    write_all(results, tmp_path, masters=MASTERS, tutors=1)
    assert forms() == (["03_answers.html"], {})


def test_what_tutors_agree_on_is_told_and_the_first_sheet_counts(tmp_path):
    from belgrade.methods.agreement import cohens_kappa

    def sheet(tutor, *answers):
        names = ("Claim", "Evidence", "Caveat")
        filled = {
            student: dict(zip(names, points, strict=True)) | {"tutor": tutor}
            for student, points in zip(("4211", "4212"), answers, strict=True)
        }
        made = sheet_of(a_class(), filled, path=tmp_path / f"{tutor}.csv")
        rows = tuple(row | {"tutor": tutor} for row in made.rows)
        return marks.Sheet(made.name, made.criteria, rows)

    one, two = sheet("1", "110", "111"), sheet("2", "100", "111")
    kappa = cohens_kappa([1, 1, 0, 1, 1, 1], [1, 0, 0, 1, 1, 1], [0, 0.5, 1])
    assert marks.agreement([one, two]) == [
        f"Tutors 1 and 2 agree in 83% of 6 rows of 2 answers, weighted kappa {kappa:.2f}; 2 gave "
        "-0.50 points an answer.",
        "4211, 3.6, the first counts. Tutor 1: 1 + 1 + 0; 2: 1 + 0 + 0.",
    ]
    assert marks.agreement([one]) == []
    merged, problems = merge_marks(a_class(), [one, two])
    assert problems == []
    assert [r["questions"][2]["mark"]["points"] for r in merged[:2]] == [2, 3]
    merged, _ = merge_marks(a_class(), [two, one])
    assert merged[0]["questions"][2]["mark"]["points"] == 1


def test_a_sheet_that_went_through_excel(tmp_path):
    """Semicolons, decimal commas, 007 as 7, 3.6 as a date, 03 as 3, rows in another order."""
    results = a_class(("007", "-12", "x", "y"))
    path = tmp_path / "m.csv"
    sheet_of(results, {"007": {"mark": "2.5"}, "-12": {"mark": "1"}}, path=path)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["'-12", "007"]
    for row in rows[1:]:
        row[:3] = [row[0].replace("007", "7").replace("'", ""), "3", "03. Jun"]
        row[-2] = row[-2].replace(".", ",")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows([rows[0], rows[2], rows[1]])
    merged, problems = merge_marks(results, [path])
    assert problems == []
    assert [r["points"] for r in merged[:2]] == [14.5, 2.5]


def test_marks_in_a_sheet_survive_the_next_run(tmp_path):
    results = a_class()
    write_all(results, tmp_path, masters=MASTERS)
    path = tmp_path / "marking/03_marks.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    rows[1][-2:], rows[2][-2:] = ["2", "for Ana"], ["1", "for Ben"]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    write_all(results, tmp_path, masters=MASTERS)
    assert [row["mark"] for row in read_sheet(path).rows] == ["2", "1"]
    assert len(list(path.parent.glob("*.csv"))) == 1
    # Ben hands in another text: his row is blank, and the old sheet is kept.
    results[1]["questions"][2]["written"] = "A new text."
    write_all(results, tmp_path, masters=MASTERS)
    write_all(results, tmp_path, masters=MASTERS)
    assert [row["mark"] for row in read_sheet(path).rows] == ["2", ""]
    kept = read_sheet(tmp_path / "marking/03_marks_before_1.csv")
    assert [row["comment"] for row in kept.rows] == ["for Ana", "for Ben"]
    assert len(list(path.parent.glob("*.csv"))) == 2
    # After merging, the sheet shows the marks that count.
    merged, _ = merge_marks(results, [path])
    path.unlink()
    write_all(merged, tmp_path, masters=MASTERS)
    assert [row["mark"] for row in read_sheet(path).rows] == ["2", ""]


def test_pages_and_files_of_who_is_gone_are_removed(tmp_path):
    write_all(a_class(), tmp_path, read_roster(GOLDEN / "canvas_export.csv"), MASTERS)
    write_all(a_class()[:1], tmp_path, masters=MASTERS)
    assert len(list((tmp_path / "feedback").iterdir())) == 1
    assert not marks_in(tmp_path)


def test_two_exercises_and_two_written_questions(tmp_path):
    asked = [
        question(name, title, [part("written", "pending", 0, 2)], written="a")
        for name, title in (("4.1", "One"), ("4.2", "Two"))
    ]
    two = result("4211", "Ana", asked, exercise="04")
    results = [*a_class(), two]
    other = SimpleNamespace(title="", rubrics={}, questions=[{"points": 2}, {"points": 2}])
    masters = MASTERS | {"04": other}
    write_all(results, tmp_path, read_roster(GOLDEN / "canvas_export.csv"), masters)
    head = table(tmp_path / "uploads/canvas.csv")[0]
    assert head[5:] == ["Exercise 03: Arms and energy (888)", "Exercise 04"]
    rubrics = {"4.1": "- **Claim.** x", "4.2": "- **Style.** y"}
    header, rows = marks.sheet_table(marks.written_answers(results, "04"), rubrics)
    assert header[6:] == ["Claim", "Style", "mark", "comment"]
    assert [row[6:8] for row in rows] == [["", "n/a"], ["n/a", ""]]
    grades = pd.read_csv(tmp_path / "grades.csv", dtype=str)
    assert (grades.exercise == "04").sum() == 4
    # Eva's file could be of either exercise: a row for it, and one for each.
    assert list(grades.state[grades.student == "4214"]) == ["missing", "missing", "failed"]


def test_a_groups_notebook_is_marked_once_and_counts_for_each_member(tmp_path):
    results = a_class()[:1]
    results[0] |= {"student": "Red", "members": [["4211", "Ana Ilić"], ["4213", "Čeda Đokić"]]}
    write_all(results, tmp_path, read_roster(GOLDEN / "canvas_export.csv"), MASTERS)
    (sheet_row,) = read_sheet(tmp_path / "marking/03_marks.csv").rows
    assert sheet_row["student"] == "Red"
    sheet = sheet_of(results, {"Red": {"mark": "2"}})
    merged, problems = merge_marks(results, [sheet])
    write_all(merged, tmp_path, read_roster(GOLDEN / "canvas_export.csv"), MASTERS)
    assert problems == [] and len(list((tmp_path / "feedback").iterdir())) == 2
    grades = pd.read_csv(tmp_path / "grades.csv", dtype=str).set_index("student")
    assert list(grades.points[["4211", "4213"]]) == ["14", "14"]
    assert list(grades.state[["4212", "4214"]]) == ["missing", "missing"]
    assert [row[5] for row in table(tmp_path / "uploads/canvas.csv")[2:5]] == ["14", "7.00", "14"]
