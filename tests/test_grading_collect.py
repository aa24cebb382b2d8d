"""Submissions are found in every layout, given to the right student, and trusted with nothing."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import zipfile
from pathlib import Path

import pytest
from toy_class import zipped

from belgrade.grading import GradingError, archive
from belgrade.grading.archive import ArchiveLimits
from belgrade.grading.collect import collect
from belgrade.grading.names import student_id
from belgrade.grading.roster import CANVAS, MOODLE, PLAIN, WORKSHEET, read_roster

GOLDEN = Path(__file__).parent / "golden"


def notebook(exercise: str | None = "03", code: str = "answer = 1") -> bytes:
    """Return a notebook that is, by its metadata, an exercise; or that says nothing."""
    about = {"belgrade": {"question": f"{int(exercise)}.1", "role": "answer"}} if exercise else {}
    cell = {"cell_type": "code", "source": code, "metadata": about, "outputs": [], "id": "a"}
    book = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book).encode()


def lay_out(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def collected(tmp_path: Path):
    """Collect from files (a folder is made of them) or from a path, looking that nothing else in
    the world is touched, and return {(student, exercise): submission}."""

    def run(files, roster=None, limits=None, **options):
        source = files
        if isinstance(files, dict):
            source = lay_out(tmp_path / "in", files)
        staging = tmp_path / "staging"
        before = {p for p in tmp_path.rglob("*") if staging not in (p, *p.parents)}
        found = collect(source, staging, roster, limits, **options)
        assert {p for p in tmp_path.rglob("*") if staging not in (p, *p.parents)} == before
        assert all(p.suffix == ".ipynb" and p.stem.isalnum() for p in staging.iterdir())
        for one in found:
            assert one.path is None or (one.path.parent == staging and one.path.is_file())
            assert one.problem or one.path, one
        result = {(one.student, one.exercise): one for one in found}
        assert len(result) == len(found)
        return result

    return run


LAYOUTS = {
    "canvas": (
        {
            "ilicana_4211_90017_03_arms_and_energy.ipynb": notebook(),
            "jonesben_LATE_4212_90020_work.ipynb": notebook("02"),
            "đokićčeda_4213_90021_03.ipynb": notebook(),
        },
        {("4211", "03"), ("4212", "02"), ("4213", "03")},
    ),
    "canvas, anonymous": (
        {
            "anon_x7Rq2_90017_03.ipynb": notebook(),
            "LATE_anon_b2c3D_90019_03.ipynb": notebook("01"),
        },
        {("x7Rq2", "03"), ("b2c3D", "01")},
    ),
    "moodle, folders": (
        {
            "Ana Ilić_512_assignsubmission_file/03_arms_and_energy.ipynb": notebook(),
            "Ben Jones_513_assignsubmission_file_/deep/er/my.ipynb": notebook(),
            "Ben Jones_513_assignsubmission_onlinetext/onlinetext.html": b"<p>hello</p>",
        },
        {("Participant 512", "03"), ("Participant 513", "03")},
    ),
    "moodle, one folder": (
        {
            "Ana Ilić_512_assignsubmission_file_03.ipynb": notebook(),
            "Ben O_513_assignsubmission_file_a_b.ipynb": notebook("04"),
        },
        {("Participant 512", "03"), ("Participant 513", "04")},
    ),
    "nbgrader": (
        {
            "submitted/ana/03_arms/03_arms_and_energy.ipynb": notebook(),
            "submitted/ana/03_arms/timestamp.txt": b"2026-01-01",
            "submitted/ben/03_arms/03_arms_and_energy.ipynb": notebook(),
        },
        {("ana", "03"), ("ben", "03")},
    ),
    "nbgrader without submitted": (
        {"ana/03_arms/03.ipynb": notebook(None), "ben/ps2/02.ipynb": notebook(None)},
        {("ana", "03"), ("ben", "02")},
    ),
    "folders and files in a wrapper": (
        {
            "hw3/ana/03.ipynb": notebook(None),
            "hw3/ana/01.ipynb": notebook(None),
            "hw3/ben.ipynb": notebook(),
            "hw3/03_arms_and_energy_eva.ipynb": notebook(),
        },
        {("ana", "03"), ("ana", "01"), ("ben", "03"), ("eva", "03")},
    ),
    "one student's folder": (
        {"ana/03_arms.ipynb": notebook(), "ana/01_puzzle.ipynb": notebook("01")},
        {("ana", "03"), ("ana", "01")},
    ),
    "told by its checks only": (
        {"ana/mine.ipynb": notebook(None, 'check("7.2", x)\ncheck("7.1", y)')},
        {("ana", "07")},
    ),
}


@pytest.mark.parametrize("way", ["folder", "zip", "zip in a folder"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout, way, collected, tmp_path):
    files, expected = LAYOUTS[layout]
    if way == "folder":
        found = collected(files)
    elif way == "zip":
        (tmp_path / "all.zip").write_bytes(zipped(files))
        found = collected(tmp_path / "all.zip")
    else:
        found = collected({"submissions.zip": zipped(files), ".DS_Store": b"x"})
    assert set(found) == expected
    assert not any(one.problem for one in found.values())


def test_a_single_notebook_and_zips_of_students(collected, tmp_path):
    (tmp_path / "ana.ipynb").write_bytes(notebook())
    assert set(collected(tmp_path / "ana.ipynb")) == {("ana", "03")}
    inner = zipped({"handed/03.ipynb": notebook(), "__MACOSX/handed/._03.ipynb": b"junk"})
    found = collected(
        {
            "ilicana_4211_90017_work.zip": inner,
            "Ben Jones_513_assignsubmission_file/work.zip": inner,
            "eva.zip": inner,
        }
    )
    assert set(found) == {("4211", "03"), ("Participant 513", "03"), ("eva", "03")}
    assert not any(one.notes for one in found.values())


def test_of_several_files_the_latest_counts(collected, tmp_path):
    old, new = notebook(code="old"), notebook(code="new")
    found = collected(
        {
            "ilicana_1_900_03.ipynb": old,
            "ilicana_1_901_03-1.ipynb": new,
            "jonesben_2_900_03-2.ipynb": new,
            "jonesben_2_900_03.ipynb": old,
            "Eva_5_assignsubmission_file/03.ipynb": old,
            "Eva_5_assignsubmission_file/03 (1).ipynb": new,
            "Same_6_assignsubmission_file/a.ipynb": new,
            "Same_6_assignsubmission_file/b.ipynb": new,
            # A later one that is damaged does not cost the student the earlier one.
            "korakaja_7_900_03.ipynb": new,
            "korakaja_7_901_03-1.ipynb": b'{"cells": [',
        }
    )
    assert [found[s, "03"].path.read_bytes() for s in ("1", "2", "Participant 5", "7")] == [new] * 4
    assert "“03.ipynb”" in found["1", "03"].notes[0]
    assert "handed in 2 times" in found["Participant 6", "03"].notes[0]
    assert "last that can be read" in found["7", "03"].notes[0]
    # By time, where nothing else tells.
    files = {"ana/a.ipynb": new, "ana/b.ipynb": old, "ben/a.ipynb": old}
    folder = lay_out(tmp_path / "times", files)
    os.utime(folder / "ana/a.ipynb", (2e9, 2e9))
    os.utime(folder / "ana/b.ipynb", (1e9, 1e9))
    found = collected(folder, layout="{student}/{file}")
    assert found["ana", "03"].path.read_bytes() == new


def test_whatever_was_handed_in_has_a_row_or_a_note(collected):
    found = collected(
        {
            "ana/03.ipynb": notebook(),
            "ana/notes.pdf": b"%PDF",
            "ana/unknown.ipynb": notebook(None),
            "ben/answer.py": b"print(1)",
            "eva/03_arms.pdf": b"%PDF",
            "fil/x.rar": b"Rar!",
            "gia/03.ipynb": b"",
            "hal/03.ipynb": b"not json",
            "ian/mine.ipynb": b"\xff\xfe\x00",
            "jan/03.ipynb": b"[" * 100_000,
            "kim/03.ipynb": json.dumps({"cells": [1, None], "metadata": []}).encode(),
            "lea/x.ipynb": b'{"cells": [], "metadata": {"belgrade": {"exercise": "../../etc"}}}',
        }
    )
    assert "notes.pdf" in found["ana", "03"].notes[0]
    reasons = {key: one.problem for key, one in found.items()}
    assert "No exercise" in reasons["ana", None]
    assert "no notebook" in reasons["ben", None]
    assert "no notebook" in reasons["eva", "03"]
    assert "archive" in reasons["fil", None]
    assert "empty" in reasons["gia", "03"]
    # Damaged, but the name says which: grading itself says what is wrong with it.
    assert [reasons[who, "03"] for who in ("hal", "jan", "kim")] == [""] * 3
    assert "damaged" in reasons["ian", None]
    assert "No exercise" in reasons["lea", None]


def test_files_that_are_none(collected, tmp_path, monkeypatch):
    folder = lay_out(tmp_path / "in", {"eva/03.ipynb": notebook(), "fil/03.ipynb": notebook()})
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(notebook("01"))
    for who in ("ana", "ben", "dir"):
        (folder / who).mkdir()
    try:
        (folder / "ana/03.ipynb").symlink_to(secret)
        (folder / "dir/more").symlink_to(tmp_path)
        os.mkfifo(folder / "ben/03.ipynb")
    except (OSError, AttributeError, NotImplementedError):
        pytest.skip("this system has no links or pipes that a user may make")
    usual = os.open

    def refuse(path, *rest, **more):
        if "fil" in Path(path).parts:
            raise PermissionError(13, "Permission denied")
        return usual(path, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)  # root may read everything
    found = collected(folder)
    assert "link" in found["ana", "03"].problem
    assert "link" in found["dir", None].problem
    assert "pipe" in found["ben", "03"].problem
    assert "Permission denied" in found["fil", "03"].problem
    assert found["eva", "03"].problem == ""


def test_a_link_put_in_place_of_a_file_is_not_followed(tmp_path):
    if not hasattr(os, "O_NOFOLLOW"):
        pytest.skip("this system cannot open files without following links")
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(archive.Unreadable):
        archive._opened(tmp_path / "link")


def test_hostile_zips(collected, tmp_path):
    link = zipfile.ZipInfo("link/03.ipynb")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    bomb = zipped({"deep.zip": b"\0" * 20_000_000})
    locked = bytearray(zipped({"03.ipynb": notebook()}))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    broken = bytearray(zipped({"03.ipynb": notebook()}, zipfile.ZIP_STORED))
    broken[60] ^= 255
    strange = bytearray(zipped({"03.ipynb": notebook()}))
    for at in (8, strange.index(b"PK\x01\x02") + 10):
        strange[at] = 98  # PPMd, which zipfile does not know
    matryoshka = zipped({"03.ipynb": notebook()})
    for _ in range(4):
        matryoshka = zipped({"z.zip": matryoshka})
    many = zipped({f"{i}.txt": b"" for i in range(40)})
    # Says in its header that it is small.
    liar = bytearray(zipped({"03.ipynb": b" " * 3_000_000}))
    at = liar.index(b"PK\x01\x02") + 24
    liar[at : at + 4] = (1000).to_bytes(4, "little")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("../../../ana/03.ipynb", notebook())
        file.writestr("/abs/03.ipynb", notebook())
        file.writestr("C:\\win\\03.ipynb", notebook())
        file.writestr(link, "/etc/passwd")
        file.writestr("big/03.ipynb", b" " * 3_000_000)
        file.writestr("bomb/w.zip", bomb)
        file.writestr("locked/w.zip", bytes(locked))
        file.writestr("broken/w.zip", bytes(broken))
        file.writestr("strange/w.zip", bytes(strange))
        file.writestr("matryoshka/w.zip", matryoshka)
        file.writestr("many/w.zip", many)
        file.writestr("liar/w.zip", bytes(liar))
        file.writestr("fine/03.ipynb", notebook())
    (tmp_path / "class.zip").write_bytes(out.getvalue())
    limits = ArchiveLimits(notebook=2_000_000, entries=(100, 30, 10))
    found = collected(tmp_path / "class.zip", limits=limits)
    by_student = {student: one for (student, _), one in found.items()}
    words = {"link": "link", "big": "too large", "bomb": "far more", "locked": "password"}
    words |= {"broken": "damaged", "strange": "unusual", "matryoshka": "deep"}
    words |= {"many": "too many", "liar": "damaged"}
    for who, word in words.items():
        assert word in by_student[who].problem, (who, by_student[who])
    for who in ("ana", "abs", "win"):
        assert by_student[who].problem == "" and "outside" in by_student[who].notes[0]
    assert by_student["fine"].problem == "" and not by_student["fine"].notes
    (tmp_path / "small.zip").write_bytes(zipped({f"{i}/03.ipynb": b"{}" for i in range(9)}))
    with pytest.raises(GradingError, match="too many files"):
        collected(tmp_path / "small.zip", limits=ArchiveLimits(entries=(5, 5, 5)))
    with pytest.raises(GradingError, match="unpacks to more"):
        collected(tmp_path / "small.zip", limits=ArchiveLimits(total=(10, 5, 5)))


def test_a_zip_with_a_huge_list_of_files_is_not_even_read(tmp_path, monkeypatch):
    data = zipped({f"{i:04}{'x' * 60}.txt": b"" for i in range(60)})
    (tmp_path / "in").mkdir()
    (tmp_path / "in/ana.zip").write_bytes(data)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    (one,) = collect(tmp_path / "in", tmp_path / "staging", None, ArchiveLimits(entries=(9, 9, 9)))
    assert "too many" in one.problem


NAMES = ['O"Neil, "Ana', "=1+1", "line\nbreak", "tab\there", "bell\a", "x" * 240, "\u202eanA"]
NAMES += [" ", "con", "..ana", "<script>alert(1)", "Čeda Đokić", "🦉"]


def test_names_stay_apart_and_can_be_read(collected, tmp_path):
    if os.name == "nt":
        pytest.skip("Windows does not allow such names")
    found = collected({f"{name}/03.ipynb": notebook() for name in NAMES})
    assert len(found) == len(NAMES)
    for student, _ in found:
        assert student.isprintable() or "\u200d" in student
        assert len(student) < 120
        student.encode("utf-8")
    assert student_id("ana") == "ana" != student_id("ana\n") != student_id("ana\r")
    assert student_id("Ilic\u0301") == student_id("Ilić")
    folder = tmp_path / "bytes"
    for raw in (b"Vu\x9ai\xe6", b"Vu\x9ai\xe7"):
        place = os.fsencode(folder) + b"/" + raw
        try:
            os.makedirs(place)
        except OSError:
            pytest.skip("this file system allows only UTF-8 names")
        Path(os.fsdecode(place), "03.ipynb").write_bytes(notebook())
    assert len(collected(folder)) == 2
    # A zip whose names are UTF-8 and not marked as such.
    data = zipped({"Ana Ilić_512_assignsubmission_file/03.ipynb": notebook()})
    plain = bytearray(data)
    for head, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        plain[plain.index(head) + at + 1] &= 0xF7
    (tmp_path / "old.zip").write_bytes(plain)
    (one,) = collected(tmp_path / "old.zip").values()
    assert one.name == "Ana Ilić"


def test_nothing_to_collect(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "x.zip").write_bytes(b"no zip")
    for source, word in [("in", "no file"), ("x.zip", "no zip"), ("gone", "cannot be read")]:
        with pytest.raises(GradingError, match=word):
            collect(tmp_path / source, tmp_path / "staging")
    lay_out(tmp_path / "in", {f"{i}.ipynb": b"{}" for i in range(4)})
    with pytest.raises(GradingError, match="too many"):
        collect(tmp_path / "in", tmp_path / "staging", None, ArchiveLimits(files=3))


# --- rosters ------------------------------------------------------------------------------------

CASES = {
    "canvas_export.csv": (CANVAS, ["4211", "4212", "4213", "4214"], "Ana Ilić"),
    "moodle_export.csv": (MOODLE, ["E10", "E11", "E12", "E13"], "Ana Ilić"),
    "moodle_worksheet.csv": (
        WORKSHEET,
        ["Participant 512", "Participant 513", "Participant 514", "Participant 515"],
        "Ana Ilić",
    ),
}


@pytest.mark.parametrize("form", ["as it is", "with a mark", "semicolons", "tabs", "UTF-16"])
@pytest.mark.parametrize("name", CASES)
def test_rosters(name, form, tmp_path):
    kind, ids, first = CASES[name]
    text = (GOLDEN / name).read_text(encoding="utf-8")
    path = tmp_path / name
    mark = {"semicolons": ";", "tabs": "\t"}.get(form)
    if mark:
        out = io.StringIO()
        csv.writer(out, delimiter=mark).writerows(csv.reader(io.StringIO(text)))
        text = out.getvalue()
    encoding = {"with a mark": "utf-8-sig", "UTF-16": "utf-16"}.get(form, "utf-8")
    path.write_text(text, encoding=encoding, newline="")
    roster = read_roster(path)
    assert (roster.kind, [s.id for s in roster.students]) == (kind, ids)
    assert roster.students[0].name == first
    assert roster.students[3].name == "=1+1 Eva"


def test_canvas_may_give_last_and_first_names_apart(tmp_path):
    path = tmp_path / "class.csv"
    path.write_text(
        "LastName,FirstName,ID,SIS Login ID,Section,Essay (777)\n    Points Possible,,,,,20.00\n"
        "Ilić,Ana,4211,ana,A,\nStudent,Testa,4212,testa,A,\nStudent,Test,4299,abcdef,A,\n",
        encoding="utf-8",
    )
    roster = read_roster(path)
    assert (roster.kind, roster.possible[-1]) == (CANVAS, "20.00")
    assert [s.name for s in roster.students] == ["Ana Ilić", "Testa Student"]


def test_plain_rosters_and_what_is_none(tmp_path):
    path = tmp_path / "class.csv"

    def read(text: str | bytes):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_roster(path)

    roster = read("student,name\nana,Ana Ilić\nben,Ben Jones\n")
    assert (roster.kind, roster.by_id["ana"].name) == (PLAIN, "Ana Ilić")
    assert [s.id for s in read("sep=;\nEmail;Full name\na@x.org;Ana\n").students] == ["a@x.org"]
    assert read("name,age\nAna Ilić,30\n").students[0].id == "Ana Ilić"
    for text, word in [
        ("", "empty"),
        ("town,age\nNiš,3\n", "no column"),
        (b"PK\x03\x04zip", "workbook"),
        ("student,name\nVu\u010di\u0107,x\n".encode("cp1250"), "UTF-8"),
        ("student,name\na,x\na,y\n", "more than once"),
        ("student,name\n", "no student"),
        ("First name,Last name,Email address\nAna,I,\n", "tells every student apart"),
    ]:
        with pytest.raises(GradingError, match=word):
            read(text)
    with pytest.raises(GradingError, match="cannot be read"):
        read_roster(tmp_path / "gone.csv")


def test_submissions_find_their_students(collected, tmp_path):
    canvas, moodle, sheet = (read_roster(GOLDEN / name) for name in CASES)
    found = collected(
        {"ilićana_4211_9_03.ipynb": notebook(), "x_99_9_03.ipynb": notebook()}, canvas
    )
    assert found["4211", "03"].name == "Ana Ilić" and not found["4211", "03"].notes
    assert found["99", "03"].doubts == ("Not on the roster.",)
    # By the participant's number in Moodle's worksheet; by name in its other exports, where the
    # number must not be taken for an ID number.
    files = {
        "Ana Ilic_512_assignsubmission_file/03.ipynb": notebook(),
        "Jones Ben_10_assignsubmission_file/03.ipynb": notebook(),
    }
    (tmp_path / "m.zip").write_bytes(zipped(files))
    assert set(collected(tmp_path / "m.zip", sheet)) == {
        ("Participant 512", "03"),
        ("Participant 513", "03"),
    }
    assert set(collected(tmp_path / "m.zip", moodle)) == {("E10", "03"), ("E11", "03")}
    names = ["ana.ilic@example.org/03.ipynb", "ben_03.ipynb", "Čeda Đokić/03.ipynb"]
    folder = lay_out(tmp_path / "plain", {name: notebook() for name in names})
    path = tmp_path / "plain.csv"
    path.write_text(
        "student,name,email\nai,Ana Ilić,Ana.Ilic@example.org\nben,Ben,\ncd,Ceda Dokic,\n",
        encoding="utf-8",
    )
    assert {s for s, _ in collected(folder, read_roster(path))} == {"ai", "ben", "cd"}


def test_two_of_one_name_are_not_made_one(collected, tmp_path):
    path = tmp_path / "class.csv"
    path.write_text(
        "First name,Last name,Email address\nAna,Ilić,a@x.org\nAna,Ilić,b@x.org\nEva,Ban,512\n",
        encoding="utf-8",
    )
    roster = read_roster(path)
    files = {
        "Ana Ilić_511_assignsubmission_file/03.ipynb": notebook(),
        "Eva Ban_512_assignsubmission_file/03.ipynb": notebook(code="a"),
        "Eva Ban_513_assignsubmission_file/03.ipynb": notebook(code="b"),
    }
    found = collected(files, roster)
    graded = {s for (s, _), one in found.items() if one.path}
    assert graded == {"Participant 511", "Participant 512", "Participant 513"}
    assert "fits 2 students" in found["Participant 511", "03"].doubts[0]
    assert "2 uploads claim to be of 512" in found["Participant 513", "03"].doubts[0]
    # The three students whose work may be among these are not called missing.
    claimed = {s: one.problem for (s, _), one in found.items() if not one.path}
    assert set(claimed) == {"a@x.org", "b@x.org", "512"}
    assert "“Ana Ilić_511_assignsubmission_file” may be theirs" in claimed["a@x.org"]
    # Whoever knows says so.
    match = {"Participant 511": "b@x.org", "Participant 513": "512", "Participant 512": "a@x.org"}
    found = collected(tmp_path / "in", roster, match=match)
    assert {s: one.path.read_bytes() for (s, _), one in found.items()} == {
        "b@x.org": notebook(),
        "a@x.org": notebook(code="a"),
        "512": notebook(code="b"),
    }
