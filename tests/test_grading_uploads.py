"""Pages of feedback go back through each platform's own import, read here by its rules."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import pytest
from grading_results import a_class
from test_grading_tables import GOLDEN, MASTERS

from belgrade.grading import pages
from belgrade.grading.roster import read_roster
from belgrade.grading.write import write_all


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch):
    """The report's pictures take most of the time and are another file's subject."""
    monkeypatch.setattr(pages, "class_report", lambda *_: "")


def pages_in(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as file:
        # The same pages make the same zip, whenever it is written.
        assert {i.date_time for i in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        return {i.filename: file.read(i).decode("utf-8") for i in file.infolist()}


def moodle_reads(path: Path, participants: set[int]) -> dict[int, tuple[str, str]]:
    """Return {participant: (file name, page)} by `is_valid_filename_for_import` of importziplib."""
    found = {}
    for name, page in pages_in(path).items():
        assert not name.rsplit("/", 1)[-1].startswith((".", "~"))
        parts = name.split("/")
        while parts:
            info = parts.pop(0).split("_", 4)
            if len(info) < 4 or not info[1].isdigit() or int(info[1]) not in participants:
                continue
            assert info[2:4] == ["assignfeedback", "file"]  # the plugin that takes it
            rest = "/".join([info[4] if len(info) > 4 else "", *parts])
            assert int(info[1]) not in found and "/" not in rest
            found[int(info[1])] = rest, page
            break
    return found


def canvas_reads(path: Path, attachments: dict[str, set[str]]) -> dict[str, str]:
    """Return {user: page} by `infer_comment_context_from_filename` of canvas-lms.

    `attachments` gives those of each user's submission; others are ignored.
    """
    found = {}
    for name, page in pages_in(path).items():
        parts = name.rsplit("/", 1)[-1].split("_")
        if parts[0] == "anon":
            user, attachment = parts[1:3]
        else:
            user, attachment, *_ = [p for p in parts if re.fullmatch(r"\d+", p)]
        if attachment in attachments.get(user, ()):
            assert user not in found and not parts[-1].startswith("link")
            found[user] = page
    return found


def handed_in(ids, origins):
    results = a_class(ids)
    for one, origin in zip(results, origins, strict=True):
        one["origin"] = origin
    results[3] |= {"exercise": "03", "digest": ""}  # no notebook: nothing to give back
    return results


CANVAS = [
    "ilićana_4211_90017_03_arms-1.ipynb",
    "jonesben_LATE_4212_90018_x_4211_90017_03.ipynb",
    "đokić_2čeda_4213_90019_work.zip",
    "eva_4214_90020_work.pdf",
]
ATTACHMENTS = {"4211": {"90017"}, "4212": {"90018"}, "4213": {"90019"}, "4214": {"90020"}}
MOODLE = [
    "Ana Ilić_512_assignsubmission_file",
    "Ben Jones_513_assignsubmission_file_x_512_a_file_.ipynb",
    "Čeda Đokić_514_assignsubmission_file",
    "x_515_assignsubmission_file",
]
MOODLE_IDS = [f"Participant {n}" for n in (512, 513, 514, 515)]


def who(page: str) -> str:
    return re.search(r"<p>For ([^,]*), on", page)[1]


@pytest.mark.parametrize("roster", [None, "canvas_export.csv"])
def test_canvas_takes_the_pages(roster, tmp_path):
    results = handed_in(("4211", "4212", "4213", "4214"), CANVAS)
    results.append(results[0] | {"student": "4211 (somebody)"})  # kept apart: whose is not known
    write_all(results, tmp_path, roster and read_roster(GOLDEN / roster), MASTERS)
    read = canvas_reads(tmp_path / "uploads/canvas_feedback_03.zip", ATTACHMENTS)
    theirs = {user: who(page) for user, page in read.items()}
    assert theirs == {"4211": "Ana Ilić", "4212": "Ben Jones", "4213": "Čeda Đokić"}
    assert not list((tmp_path / "uploads").glob("mail*"))


def test_canvas_takes_pages_whose_names_are_hidden(tmp_path):
    results = handed_in(("x7Rq2", "b2c3D", "c", "d"), ["anon_x7Rq2_90017_03.ipynb"] * 4)
    write_all(results[:1], tmp_path, masters=MASTERS)
    read = canvas_reads(tmp_path / "uploads/canvas_feedback_03.zip", {"x7Rq2": {"90017"}})
    assert set(read) == {"x7Rq2"}


@pytest.mark.parametrize("roster", [None, "moodle_worksheet.csv", "moodle_export.csv"])
def test_moodle_takes_the_pages(roster, tmp_path):
    ids = ("E10", "E11", "E12", "E13") if roster == "moodle_export.csv" else MOODLE_IDS
    results = handed_in(ids, MOODLE)
    results.append(results[0] | {"student": "Participant 512 (Ana Ilić)"})
    write_all(results, tmp_path, roster and read_roster(GOLDEN / roster), MASTERS)
    read = moodle_reads(tmp_path / "uploads/moodle_feedback_03.zip", {512, 513, 514, 515})
    theirs = {number: who(page) for number, (_, page) in read.items()}
    assert theirs == {512: "Ana Ilić", 513: "Ben Jones", 514: "Čeda Đokić"}
    assert {name for name, _ in read.values()} == {"03_feedback.html"}


def test_everyone_else_gets_them_by_mail(tmp_path):
    path = tmp_path / "class.csv"
    mails = ["ana@x.rs", "../ben@x.rs", "=ceda@x.rs", ""]
    rows = zip(("4211", "4212", "4213", "4214"), mails, strict=True)
    path.write_text("student,name,email\n" + "".join(f"{i},N,{m}\n" for i, m in rows), "utf-8")
    results = handed_in(("4211", "4212", "4213", "4214"), ["ana", "ben", "ceda", "eva"])
    write_all(results, tmp_path / "out", read_roster(path), MASTERS)
    packed = pages_in(tmp_path / "out/uploads/feedback_03.zip")
    text = (tmp_path / "out/uploads/mail_merge_03.csv").read_text(encoding="utf-8-sig")
    table = list(csv.DictReader(io.StringIO(text)))
    assert {row["file"] for row in table} == set(packed)
    assert set(packed) == {"ana@x.rs.html", "_ben@x.rs.html", "_ceda@x.rs.html"}
    assert [row["email"] for row in table] == ["ana@x.rs", "../ben@x.rs", "'=ceda@x.rs"]
    assert table[0]["points"] == "12" and table[0]["pending_points"] == "3"
    write_all(results[:1], tmp_path / "out", read_roster(path), MASTERS)
    assert len(pages_in(tmp_path / "out/uploads/feedback_03.zip")) == 1


def test_nobody_gets_the_page_of_somebody_else(tmp_path):
    ids = ("o_neil@x.org", "o'neil@x.org", "O_Neil@x.org", "ana@x.org")
    results = [{**one, "name": f"N{n}"} for n, one in enumerate(handed_in(ids, ["a"] * 4))]
    write_all(results, tmp_path, masters=MASTERS)
    packed = pages_in(tmp_path / "uploads/feedback_03.zip")
    text = (tmp_path / "uploads/mail_merge_03.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len({row["file"].lower() for row in rows}) == len(rows) == 3  # the fourth has no file
    assert all(who(packed[row["file"]]) == row["name"] for row in rows)


def test_a_group_gets_its_page_for_each_member_in_moodle_and_once_in_canvas(tmp_path):
    group = handed_in(MOODLE_IDS, ["Red team_17_assignsubmission_file"] * 4)[0]
    members = [["Participant 512", "Ana Ilić"], ["Participant 514", "Čeda Đokić"]]
    group |= {"student": "Red team", "members": members}
    write_all([group], tmp_path / "m", read_roster(GOLDEN / "moodle_worksheet.csv"), MASTERS)
    read = moodle_reads(tmp_path / "m/uploads/moodle_feedback_03.zip", {17, 512, 513, 514})
    assert set(read) == {512, 514}
    group |= {"origin": "redteam_4211_90017_03.ipynb", "members": [["4211", "A"], ["4213", "C"]]}
    write_all([group], tmp_path / "c", read_roster(GOLDEN / "canvas_export.csv"), MASTERS)
    assert set(canvas_reads(tmp_path / "c/uploads/canvas_feedback_03.zip", ATTACHMENTS)) == {"4211"}
