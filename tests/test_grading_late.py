"""Late work is marked down by the rule that was given, from times that no student writes."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from grading_results import a_class
from test_grading_tables import GOLDEN, IDS, MASTERS, marked, table

from belgrade import cli
from belgrade.grading import GradingError, pages
from belgrade.grading.late import keep_rule, mark_down
from belgrade.grading.roster import read_roster
from belgrade.grading.write import write_all

SHEET = "moodle_worksheet.csv"  # Ana at 10:00 on 1 January 2026, Ben at 11:00, Čeda never
RULE = "10% a day, at most 3"


@pytest.fixture(autouse=True)
def _no_pictures(monkeypatch):
    monkeypatch.setattr(pages, "class_report", lambda *_: "")


@pytest.fixture
def roster():
    return read_roster(GOLDEN / SHEET)


# When it was due, and how many days are late.
LATE = {"2026-01-01 10:00": 0, "2026-01-01 09:59": 1, "2025-12-31 10:00": 1, "2026-01-01": 0}
LATE |= {"2025-12-31 09:59": 2, "2025-12-31": 1, "2025-11-01": 61}


@pytest.mark.parametrize(("due", "days"), LATE.items())
def test_a_day_that_has_begun_counts(due, days, tmp_path, roster):
    keep_rule(tmp_path, due, RULE, None, roster)
    one = mark_down(a_class(IDS[SHEET])[0], tmp_path, 15, roster)
    assert one["days_late"] == days and one["points"] == 12
    assert one["late_points"] == 12 - 1.5 * min(days, 3)


def test_a_time_may_have_a_zone(tmp_path, roster):
    here = datetime(2025, 12, 31, 10).astimezone()
    extra = tmp_path / "more.csv"
    extra.write_text(f"student,due\nParticipant 512,{here.isoformat()}\n", encoding="utf-8")
    keep_rule(tmp_path, here.astimezone(UTC).isoformat(), RULE, extra, roster)
    for one in a_class(IDS[SHEET])[:2]:  # at 10:00 and 11:00 of the next day
        late = 1 if one["student"].endswith("512") else 2
        assert mark_down(one, tmp_path, 15, roster)["days_late"] == late


def grades(out: Path) -> dict[str, dict[str, str]]:
    text = (out / "grades.csv").read_text(encoding="utf-8-sig")
    return {row["student"]: row for row in csv.DictReader(io.StringIO(text))}


def test_the_mark_stays_beside_what_counts(tmp_path, roster):
    results = marked(a_class(IDS[SHEET]))
    extra = tmp_path / "extensions.csv"
    extra.write_text(
        "student;due;handed_in\nParticipant 513;2026-01-02;\nParticipant 514;;2026-01-03 08:00\n",
        encoding="utf-8",
    )
    keep_rule(tmp_path, "2025-12-31 23:59", RULE, extra, roster)
    write_all(results, tmp_path, roster, MASTERS)
    ana, ben, ceda, eva = (grades(tmp_path)[i] for i in IDS[SHEET])
    assert (ana["points"], ana["days_late"], ana["late_points"]) == ("14.5", "1", "13")
    assert (ben["days_late"], ben["late_points"]) == ("0", ben["points"])  # an extension
    assert (ceda["points"], ceda["days_late"], ceda["late_points"]) == ("6", "3", "1.5")
    assert eva["days_late"] == eva["late_points"] == ""
    sheet = table(tmp_path / "uploads/moodle_worksheet_03.csv")
    assert [row[4] for row in sheet[1:]] == ["8.67", "1", "1", "3.00"]  # of 10, not of 15
    assert "Days late: 1; 13 points count." in sheet[1][-1]
    (page,) = [p for p in (tmp_path / "feedback").iterdir() if "512" in p.name]
    assert "Handed in late, 1 day: 13 points count." in page.read_text(encoding="utf-8")
    # Never below nothing; and without a rule all is as before.
    keep_rule(tmp_path, "2025-12-31 23:59", "60% a day", None, roster)
    assert mark_down(results[2], tmp_path, 15, roster)["notes"] == [
        "When it was handed in is not known, so it is not marked down."
    ]
    assert mark_down(results[0], tmp_path, 150, roster)["late_points"] == 0
    keep_rule(tmp_path, "", "", None, roster)
    assert mark_down(results[0], tmp_path, 15, roster) == results[0]


def test_what_is_unclear_is_refused(tmp_path, roster, capsys, monkeypatch):
    path = tmp_path / "e.csv"
    for due, rule, text, words in (
        ("2026-01-01", "", "", "needs both"),
        ("", RULE, "", "needs both"),
        ("2026-01-01", "a bit", "", "needs both"),
        ("soon", RULE, "", "“soon” is no time"),
        ("2026-01-01", RULE, "student,when\nx,y\n", "needs the columns student and due"),
        ("2026-01-01", RULE, "student,due\nx,2026-01-01\n", "x fits 0 students"),
        ("2026-01-01", RULE, "student,due\nParticipant 512,soon\n", "e.csv: “soon” is no time"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(GradingError, match=words):
            keep_rule(tmp_path, due, rule, path if text else None, roster)
    monkeypatch.setenv("COLUMNS", "160")
    with pytest.raises(SystemExit):
        cli.main(["grade", "--help"])
    assert "10% a day, at most 3" in capsys.readouterr().out
