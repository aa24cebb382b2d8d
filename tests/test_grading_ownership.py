"""Whose a file is, is never what a student can choose: no upload changes another student's row."""

from __future__ import annotations

import json
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from belgrade import cli
from belgrade.grading import GradingError
from belgrade.grading.collect import Submission, collect
from belgrade.grading.origin import platform_of
from belgrade.grading.roster import read_groups, read_roster

NAMES = ["Ana Ilić", "Marko Marković", "Đorđe Žunić", "Љубица Вучић"]
NUMBERS = [512, 513, 514, 515]
IDS = ["ana", "marko", "djordje", "ljubica"]


def notebook(author: str, version: int = 0, exercise: str = "05") -> bytes:
    about = {"belgrade": {"question": f"{int(exercise)}.1", "role": "answer"}}
    cell = {"cell_type": "code", "source": f"who = {author!r}, {version}", "metadata": about}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}).encode()


def author_of(one: Submission) -> str:
    """Return who wrote the notebook that was taken, as the notebook says."""
    cell = json.loads(one.path.read_text(encoding="utf-8"))["cells"][0]
    return cell["source"].split("'")[1]


def collected(files: dict[str, bytes], roster: str = "", **options) -> list[Submission]:
    """Return what is collected from a zip of these files; `roster` is its text."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with zipfile.ZipFile(place / "all.zip", "w") as file:
            for name, data in files.items():
                file.writestr(name, data)
        if roster:
            (place / "roster.csv").write_text(roster, encoding="utf-8")
        found = collect(
            place / "all.zip",
            place / "staging",
            read_roster(place / "roster.csv") if roster else None,
            **options,
        )
        return [(one, author_of(one) if one.path else "") for one in found]


# What a student may call a file or a folder: words of all the platforms, classmates' names and
# numbers, exercises, and whatever else.
WORDS = """_513_assignsubmission_file_ _assignsubmission_file_ markomarkovic_513_90021_05 05 03 -1 _
    _513_90017_ anon_b2c3D_90019_ submitted submissions 05_all_roads_lead_to_kosovo LATE _LATE_ .zip
    .ipynb __ .. = ' \u202e""".split()
WORDS += [*NAMES, *IDS, *map(str, NUMBERS), " (1)", " ", "Марко Марковић", "Participant 513"]
TEXT = st.text(st.characters(blacklist_characters="/\\\0", blacklist_categories=["Cs"]), max_size=8)
NAME = st.lists(st.sampled_from(WORDS) | TEXT, min_size=1, max_size=4).map("".join)
PATHS = st.lists(NAME, min_size=1, max_size=3).map("/".join)


def file_name(name: str) -> str:
    return f"{name.replace('/', '')}.ipynb"


def own_file(path: str) -> str:
    """Return a path below a student's own folder."""
    return "/".join(p for p in path.split("/") if p.strip(". ")) or "x"


ROSTERS = {
    "worksheet": "Identifier,Full name,Grade\n"
    + "".join(f"Participant {n},{name},\n" for n, name in zip(NUMBERS, NAMES, strict=True)),
    "canvas": "Student,ID,SIS Login ID,Section\n"
    + "".join(f"{m},{n},{i},S\n" for m, n, i in zip(NAMES, NUMBERS, IDS, strict=True)),
    "plain": "student,name\n" + "".join(f"{i},{n}\n" for i, n in zip(IDS, NAMES, strict=True)),
    "none": "",
}


# A path as a platform or a student makes it, and the rosters that may go with it.
LAYOUTS = {
    "moodle, folders": ("{name}_{number}_assignsubmission_file/{own}.ipynb", ["worksheet", "none"]),
    "moodle, one folder": ("{name}_{number}_assignsubmission_file_{file}", ["worksheet", "none"]),
    "canvas": ("{short}_{number}_{attachment}_{file}", ["canvas", "none"]),
    "nbgrader": ("submitted/{id}/05_all/{file}", ["plain", "none"]),
    "nbgrader without submitted": ("{id}/05_all/{file}", ["plain", "none"]),
    "a student's folder": ("course/{id}/{own}.ipynb", ["plain"]),
    "folders by name": ("{name}/{own}.ipynb", ["plain"]),
}


def path_in(layout: str, n: int, path: str) -> str:
    """Return where an upload lies that a student called `path`."""
    who = {"name": NAMES[n], "number": NUMBERS[n], "id": IDS[n], "attachment": 90_000 + len(path)}
    who["short"] = "".join(c for c in NAMES[n] if c.isalnum()).lower()
    return LAYOUTS[layout][0].format(file=file_name(path), own=own_file(path), **who)


def id_in(layout: str, n: int) -> str:
    """Return as whom the student is known there."""
    ids = {"moodle": f"Participant {NUMBERS[n]}", "canvas": str(NUMBERS[n])}
    return ids.get(layout.partition(",")[0], IDS[n])


UPLOADS = st.lists(st.tuples(st.integers(0, 3), PATHS), min_size=2, max_size=8)


@pytest.mark.parametrize("layout", LAYOUTS)
@given(uploads=UPLOADS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_upload_changes_another_students_row(layout, uploads, data):
    roster = ROSTERS[data.draw(st.sampled_from(LAYOUTS[layout][1]))]
    files = {path_in(layout, n, path): notebook(IDS[n], k) for k, (n, path) in enumerate(uploads)}
    authors = {id_in(layout, n): IDS[n] for n, _ in uploads}
    if not roster and layout == "nbgrader without submitted":
        # Or nothing tells a student's folder from one around all: there is only one, or some have
        # several files and all without exception are called as a platform calls them, as in
        # folders of seminars.
        assume(len(authors) > 1)
        several = len(files) > len(authors)
        assume(not (several and all(platform_of(file_name(p), is_file=True) for _, p in uploads)))
    try:
        found = collected(files, roster)
    except GradingError as error:  # the command stops and asks
        assert not roster and "Whose notebooks these are is not clear" in str(error)
        return
    for one, author in found:
        # Nobody's work stands in another's row, and all of it stands in its own.
        assert authors.get(one.student) == author, (one, author)
        assert one.problem == ""
    assert {one.student for one, _ in found} == set(authors)


def test_a_file_that_is_called_as_by_a_platform_is_its_folders():
    numbers = {"ana": 513, "marko": 512}
    files = {
        f"{i}/05_all/A_{n}_assignsubmission_file_.ipynb": notebook(i) for i, n in numbers.items()
    }
    assert {one.student: author for one, author in collected(files)} == {i: i for i in numbers}


@given(names=st.lists(PATHS.map(file_name), min_size=1, max_size=6), victim=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_where_students_choose_all_of_a_name_a_victim_is_never_robbed_in_silence(names, victim):
    """A folder of files as a drop box makes it: only the victim's file has an honest name."""
    honest = f"{IDS[victim]}.ipynb"
    files = {name: notebook("thief", k) for k, name in enumerate(names)}
    files[honest] = notebook(IDS[victim])
    found = collected(files, ROSTERS["plain"])
    mine = [(one, author) for one, author in found if one.student == IDS[victim]]
    assert mine, found
    for one, author in mine:
        assert author == IDS[victim] or (one.problem and honest in one.problem), one


def test_many_names_of_a_platform_below_a_students_folder_are_no_platform():
    names = [f"ana/05_all/markomarkovic_513_9000{k}_05.ipynb" for k in range(3)]
    files = {name: notebook("ana", k) for k, name in enumerate(names)}
    files["marko/05_all/05.ipynb"] = notebook("marko")
    assert {(one.student, author) for one, author in collected(files)} == {
        ("ana", "ana"),
        ("marko", "marko"),
    }


def test_two_who_claim_one_student_are_both_named_and_both_graded():
    files = {"ana/05.ipynb": notebook("ana"), "ana (1).ipynb": notebook("thief")}
    for roster in (ROSTERS["plain"], ""):
        rows = {one.student: (one, author) for one, author in collected(files, roster)}
        claimed, _ = rows.pop("ana")
        assert claimed.path is None
        assert "2 uploads claim to be of ana: “ana”, “ana (1).ipynb”" in claimed.problem
        assert {author for _, author in rows.values()} == {"ana", "thief"}
        assert all("claim to be of ana" in one.doubts[0] for one, _ in rows.values())
    # The same file twice, and files for different exercises, are no quarrel.
    files["ana (1).ipynb"] = files["ana/05.ipynb"]
    files["03 ana.ipynb"] = notebook("ana", exercise="03")
    found = collected(files, ROSTERS["plain"])
    assert [(one.student, one.exercise) for one, _ in found] == [("ana", "03"), ("ana", "05")]


def test_a_platforms_number_under_two_names_is_nobodys():
    files = {
        "markomarkovic_513_90001_05.ipynb": notebook("marko"),
        "anailic_513_90002_05.ipynb": notebook("thief"),
    }
    rows = {one.student: one for one, _ in collected(files, ROSTERS["canvas"])}
    assert set(rows) == {"513", "513 (markomarkovic)", "513 (anailic)"}
    assert "2 uploads" in rows["513"].problem and rows["513"].name == "Marko Marković"


def test_a_group_in_moodle_is_not_the_student_of_its_number():
    """Moodle names a team's folder by the group and the group's number."""
    lines = []
    files = {
        "Red team_513_assignsubmission_file/05.ipynb": notebook("red"),
        "Ana Ilić_512_assignsubmission_file/05.ipynb": notebook("ana"),
    }
    rows = {one.student for one, _ in collected(files, ROSTERS["worksheet"], say=lines.append)}
    assert rows == {"Participant 512", "Participant 513 (Red team)"}
    assert "Participant 513 is Marko Marković on the roster, and “Red team” here" in lines[0]
    # Where names are hidden, all have the same.
    files = {f"Participant_{n}_assignsubmission_file/05.ipynb": notebook(str(n)) for n in NUMBERS}
    assert {one.student for one, _ in collected(files, ROSTERS["worksheet"])} == {
        f"Participant {n}" for n in NUMBERS
    }


# --- layouts ------------------------------------------------------------------------------------

CLASS = ["ana", "jovana", "ljubica", "milos", "scepan"]


@pytest.mark.parametrize(
    "around", ["IR101/autumn/", "drive-download-20261128-001.zip/IR101/", "a/b/c/", "hw/"]
)
def test_a_class_in_folders_in_folders_stays_a_class(around):
    files = {f"{around}{who}/00_start_here.ipynb": notebook(who, exercise="00") for who in CLASS}
    assert {one.student for one, _ in collected(files)} == set(CLASS)


SEMINARS = {f"S{n % 2}/{who}/05.ipynb": notebook(who) for n, who in enumerate(CLASS)}
FLAT = {f"S{n % 2}/{who}.ipynb": notebook(who) for n, who in enumerate(CLASS)}
NAMED = {f"S{n % 2}/{who}_05.ipynb": notebook(who) for n, who in enumerate(CLASS)}
TABLE = "student,name\n" + "".join(f"{who},{who}\n" for who in CLASS)


@pytest.mark.parametrize(
    ("files", "layout"), [(SEMINARS, "{folder}/{student}/{file}"), (FLAT, "{folder}/{student}")]
)
def test_seminars_are_no_students_and_the_command_says_what_to_do(files, layout):
    with pytest.raises(GradingError, match="3 of exercise 05 lie under one name, “S0”") as caught:
        collected(files)
    assert f"--layout '{layout}'" in str(caught.value) and "--roster" in str(caught.value)
    for options in ({"layout": layout}, {"layout": "{seminar}" + layout[8:]}, {"roster": TABLE}):
        assert {one.student for one, _ in collected(files, **options)} == set(CLASS)
    with pytest.raises(GradingError, match=r"3 of exercise 05 .*\. Say where") as caught:
        collected(files, roster="student,name\nnobody,Nobody\n")
    assert "--roster" not in str(caught.value)
    assert {one.student for one, _ in collected(NAMED, roster=TABLE)} == set(CLASS)
    whole = collected(files, layout="{student}/{file}")
    assert {one.student for one, _ in whole} == {"S0", "S1"}


def test_layouts_that_do_not_fit():
    files = {
        "hw05/ana_x.ipynb": notebook("ana"),
        "hw05/marko_y.ipynb": notebook("marko"),
        "left.ipynb": notebook("?"),
    }
    rows = {one.student: one for one, _ in collected(files, layout="hw{exercise}/{student}_{file}")}
    assert set(rows) == {"ana", "marko", "left"}
    assert "does not fit --layout" in rows["left"].problem
    for layout, words in (
        ("{file}", "must have {student} once"),
        ("{student}{student}", "must have"),
        ("x/{student}", "No notebook fits --layout 'x/{student}'; a path here is “hw05/ana_x"),
    ):
        with pytest.raises(GradingError, match=words.replace("{", r"\{")):
            collected(files, layout=layout)
    # A pattern of many names takes no time that grows with their number.
    long = {"/".join(["a" * 3000] * 3): notebook("ana"), "b/ana.ipynb": notebook("ana")}
    pattern = "{a}_{b}_{c}_{d}/{student}"
    with pytest.raises(GradingError, match="No notebook fits"):
        collected({f"{k}.ipynb": v for k, v in long.items()}, layout=pattern)


# --- names --------------------------------------------------------------------------------------

SAME = [
    ("Đorđe Đoković", "Djordje Djokovic", "Ђорђе Ђоковић", "Dorde Dokovic", "ĐOKOVIĆ Đorđe"),
    ("Ljubica Vučić", "Љубица Вучић", "Vucic Ljubica", "ǈubica Vučić"),
    ("Njegoš Džajić", "Његош Џајић", "Njegos Dzajic"),
    ("Sergey Khrushchev", "Сергей Хрущев", "Хрущёв Сергей"),
    ("Yuliya Shchukina", "Юлия Щукина", "Iuliia Shchukina", "Julija Scukina"),
    ("Živko Čović", "Живко Човић", "Zivko Covic", "Z\u030civko C\u030covic\u0301"),
]


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[0])
def test_one_name_in_two_scripts(names):
    first = next(name for name in names if not name.isascii())
    roster = f"student,name\ns1,{first}\ns2,Ana Ilić\n"
    for name in names:
        found = collected({f"{name}/05.ipynb": notebook("x")}, roster)
        assert [one.student for one, _ in found] == ["s1"], name


def test_a_doubtful_match_is_asked_and_not_made():
    roster = "student,name\nn1,Nada Ilić\nn2,Nađa Ilić\nm1,Marko Petrović Jović\np1,Petar Simić\n"
    files = {
        f"{name}/05.ipynb": notebook(name)
        for name in ("Nada Ilić", "Nadja Ilić", "Marko Jović", "Peter Simić", "Xi Li")
    }
    lines: list[str] = []
    rows = {one.student: one for one, _ in collected(files, roster, say=lines.append)}
    assert set(rows) == {"n1", "n2", "Marko Jović", "Peter Simić", "Xi Li"}
    assert "close to it: Marko Petrović Jović (m1)" in lines[0]
    assert "--match 'Marko Jović=m1'" in lines[0] and "--match 'Peter Simić=p1'" in lines[1]
    assert len(lines) == 2 and rows["Xi Li"].doubts == ("Not on the roster.",)
    rows = collected(files, roster, match={"Marko Jović": "m1", "peter simić": "p1"})
    assert {one.student for one, _ in rows} == {"n1", "n2", "m1", "p1", "Xi Li"}
    with pytest.raises(GradingError, match="no student “zz” on the roster"):
        collected(files, roster, match={"Xi Li": "zz"})
    # Without accents it may be either: both rows say so, and neither is called missing.
    found = collected({"Nada Ilic/05.ipynb": notebook("?")}, roster, say=lines.append)
    rows = {one.student: one for one, _ in found}
    assert set(rows) == {"Nada Ilic", "n1", "n2"}
    assert all("“Nada Ilic” may be theirs" in rows[who].problem for who in ("n1", "n2"))


def test_what_excel_made_of_a_number_is_no_student():
    with pytest.raises(GradingError, match=r"“1.2E\+11” is no student number: Excel rounded"):
        collected({"a/05.ipynb": notebook("a")}, "student,name\n1.2E+11,Ana\n")
    with pytest.raises(GradingError, match=r"1,20235E\+11"):
        collected({"a/05.ipynb": notebook("a")}, "student;name\n1,20235E+11;Ana\n")


# --- other names of notebooks -------------------------------------------------------------------


def test_notebooks_under_other_names():
    files = {
        "ana/05.ipynb.txt": notebook("ana"),
        "marko/05.json": notebook("marko"),
        "djordje/05.ipynb.json": notebook("djordje"),
        "ljubica/settings.json": b'{"a": 1}',
        "ljubica/05.ipynb": notebook("ljubica"),
    }
    rows = {one.student: (one, author) for one, author in collected(files)}
    assert {who: author for who, (_, author) in rows.items()} == {who: who for who in IDS}
    assert "settings.json" in rows["ljubica"][0].notes[0]
    for name in ("settings.json", "notes.txt", "05.ipynb.html", "05.ipynb (1).pdf"):
        (alone,) = collected({f"eva/{name}": b'{"a": 1}'})
        assert alone[0].problem == "It is no notebook (.ipynb)."


@pytest.mark.parametrize("name", ["05.ipynb (1)", "05.ipynb.download", "05.IPYNB.bak", "05.txt"])
def test_a_notebook_is_known_by_what_it_holds(name: str):
    for path in (f"ana/{name}", name.replace("05", "ana")):
        ((one, author),) = collected({path: notebook("ana")})
        assert (one.student, author, one.problem) == ("ana", "ana", "")


# --- groups -------------------------------------------------------------------------------------


def groups_of(text: str, roster: str = ""):
    with tempfile.TemporaryDirectory() as folder:
        path, table = Path(folder) / "groups.csv", Path(folder) / "roster.csv"
        path.write_text(text, encoding="utf-8")
        table.write_text(roster, encoding="utf-8")
        return read_groups(path, read_roster(table) if roster else None)


RED = "group,student\nRed team,ana\nRed team,marko\nBlue,djordje\n"


def test_one_notebook_counts_for_its_group():
    groups = groups_of(RED, ROSTERS["plain"])
    assert groups["Red team"] == {"ana": "Ana Ilić", "marko": "Marko Marković"}
    for name in ("ana", "Red team", "redteam"):
        files = {f"{name}/05.ipynb": notebook("red"), "ljubica/05.ipynb": notebook("ljubica")}
        rows = {one.student: one for one, _ in collected(files, ROSTERS["plain"], groups=groups)}
        assert set(rows) == {"Red team", "ljubica"}
        assert rows["Red team"].members == (("ana", "Ana Ilić"), ("marko", "Marko Marković"))
        assert rows["ljubica"].members == ()
    # Moodle's and Canvas's own names for a team.
    moodle = {"Red team_17_assignsubmission_file/05.ipynb": notebook("red")}
    assert [one.student for one, _ in collected(moodle, groups=groups)] == ["Red team"]
    canvas = {"redteam_512_90001_05.ipynb": notebook("red")}
    assert [one.student for one, _ in collected(canvas, groups=groups)] == ["Red team"]


def test_members_who_differ_keep_their_own():
    groups = groups_of(RED + "Red team,ljubica\n", ROSTERS["plain"])
    files = {"ana/05.ipynb": notebook("ana"), "marko/05.ipynb": notebook("marko")}
    found = collected(files, ROSTERS["plain"], groups=groups)
    rows = {one.student: (one, author) for one, author in found}
    assert rows["ana"][1] == "ana" and rows["marko"][1] == "marko"
    assert "different notebooks (ana, marko)" in rows["ljubica"][0].problem
    files["marko/05.ipynb"] = files["ana/05.ipynb"]
    assert [one.student for one, _ in collected(files, groups=groups)] == ["Red team"]


def test_tables_of_groups():
    canvas = "name,canvas_user_id,login_id,group_name\nAna Ilić,512,ana,Red\nĐorđe Žunić,514,,Red\n"
    assert groups_of(canvas, ROSTERS["canvas"]) == {
        "Red": {"512": "Ana Ilić", "514": "Đorđe Žunić"}
    }
    moodle = "First name;Last name;Email address;Groups\nАна;Илић;a@x;Red\nMarko;Marković;b@x;\n"
    assert groups_of("group,name\nRed,Ана Илић\n", ROSTERS["plain"]) == {"Red": {"ana": "Ana Ilić"}}
    assert groups_of(moodle, ROSTERS["plain"]) == {"Red": {"ana": "Ana Ilić"}}
    for text, words in (
        ("student\nana\n", "needs the columns group and student"),
        ("group\nA\n", "no column for the student's id"),
        ("group,student\nA,ana\nB,ana\n", "lists ana more than once"),
        ("group,student\nA,eva\n", "eva fits 0 students"),
    ):
        with pytest.raises(GradingError, match=words):
            groups_of(text, ROSTERS["plain"])


def test_the_commands_options_say_whose_it_is(tmp_path, monkeypatch, capsys):
    asked = []

    def graded(options):
        asked.append(options)
        raise GradingError("enough")

    monkeypatch.setattr("belgrade.grading.grade.grade", graded)
    command = ["grade", "x.zip", "--out", str(tmp_path), "--keys", str(tmp_path)]
    more = ["--layout", "{student}/{file}", "--match", "a=b=c", "--match", "d=e", "--groups", "g"]
    assert cli.main([*command, *more]) == 2
    assert (asked[0].layout, asked[0].match) == ("{student}/{file}", {"a=b": "c", "d": "e"})
    assert asked[0].groups == Path("g")
    assert cli.main([*command, "--match", "Ana"]) == 2
    assert "--match 'Ana' is no NAME=ID" in capsys.readouterr().err
