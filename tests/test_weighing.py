"""Lesson 08: what falls with a point, rivals scored, the two explorers, and the files to keep."""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime
from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from shown import form_of

from belgrade import explorers, forms, journal, takeaway
from belgrade.evidence import weighing
from belgrade.explorers.explorer import NothingToShow
from belgrade.explorers.weighing import VERDICTS
from belgrade.methods import argument_map as arguing
from belgrade.methods import matrix
from belgrade.methods.argument_map import Point, consequences

# --- what falls when a point falls -----------------------------------------------------------

FALLS, WEAKER, STRONGER = arguing.FALLS, arguing.WEAKER, arguing.STRONGER
GONE = arguing.WITHOUT_SUPPORT

#        top
#     /   |   \
#   r1    r2   but        r1 and r2 hold top up; "but" speaks against it
#  /  \    |    |
# e1  e2  e3   e4         e4 holds the objection up
# and "next" is a forecast drawn from r2, which "so" supports
TREE = {
    "top": Point(None, "thesis"),
    "r1": Point("top", "reason"),
    "e1": Point("r1", "evidence"),
    "e2": Point("r1", "evidence"),
    "r2": Point("top", "reason"),
    "e3": Point("r2", "evidence"),
    "next": Point("r2", "forecast"),
    "so": Point("next", "evidence"),
    "but": Point("top", "counter-consideration"),
    "e4": Point("but", "evidence"),
}


def changes(*fallen: str, linked: bool = False) -> dict[str, str]:
    found = consequences(TREE, fallen, linked)
    return {name: each.change for name, each in found.items() if each.change != arguing.SAME}


@pytest.mark.parametrize(
    ("fallen", "linked", "changed"),
    [
        ("", False, {}),
        # One of two supports: weaker all the way up, and nothing else changes.
        ("e1", False, {"e1": FALLS, "r1": WEAKER, "top": WEAKER}),
        # Without its last support a point goes too.
        ("e1 e2", False, {"e1": FALLS, "e2": FALLS, "r1": GONE, "top": WEAKER}),
        # What a fallen point rested on stays.
        ("r1", False, {"r1": FALLS, "top": WEAKER}),
        # Linked supports go together.
        ("e1", True, {"e1": FALLS, "r1": GONE, "top": GONE}),
        # An objection that is lost, or without support, strengthens.
        ("but", False, {"but": FALLS, "top": STRONGER}),
        ("e4", False, {"e4": FALLS, "but": GONE, "top": STRONGER}),
        # A support and an objection.
        ("e1 but", False, {"e1": FALLS, "r1": WEAKER, "but": FALLS, "top": arguing.BOTH}),
    ],
)
def test_what_falls_changes_what_stands_above_it(
    fallen: str, linked: bool, changed: dict[str, str]
) -> None:
    assert changes(*fallen.split(), linked=linked) == changed


def test_the_supports_that_are_left_are_counted() -> None:
    effect = consequences(TREE, ["e1"])["r1"]
    assert (effect.supports_left, effect.supports) == (1, 2)


def test_an_objection_to_an_objection_works_the_other_way() -> None:
    tree = TREE | {"reply": Point("but", "counter-consideration")}
    found = consequences(tree, ["reply"])
    assert found["but"].change == STRONGER
    assert found["top"].change == WEAKER


def test_a_forecast_goes_with_its_point_and_takes_nothing_along() -> None:
    assert changes("next") == {"next": FALLS}
    gone = changes("e3")
    assert gone["r2"] == GONE
    assert gone["next"] == arguing.WITHOUT_GROUND
    assert "so" not in gone
    assert changes("so") == {"so": FALLS, "next": GONE}


def test_an_unknown_point_is_refused() -> None:
    with pytest.raises(KeyError, match="no point G99"):
        consequences(TREE, ["G99"])


# --- the map ---------------------------------------------------------------------------------


def test_the_map_knows_the_verdicts_of_the_journal() -> None:
    assert tuple(VERDICTS)[:3] == journal.VERDICTS
    points = weighing.as_points(weighing.report_points())
    assert list(weighing.LESSON_POINTS) == [f"0{number}" for number in range(1, 8)]
    for judged in weighing.LESSON_POINTS.values():
        assert set(judged) <= set(points)
        assert {points[name].role for name in judged} <= arguing.SUPPORTS


def test_a_verdict_reaches_what_holds_a_point_up_but_not_its_exceptions() -> None:
    points = weighing.as_points(weighing.report_points())
    judged = weighing.point_verdicts(points, {"02": "supported", "05": "contradicted"})
    assert judged["G2.1"] == judged["G2.1.1"] == "supported"
    assert judged["G2.1.5"] == weighing.NO_VERDICT
    assert judged["G3.1.1"] == "contradicted"
    assert judged["G3.4"] == judged["G3.4.1"] == judged["G3.5"] == weighing.NO_VERDICT
    assert judged["G0"] == judged["G2"] == judged["G2.2"] == weighing.NO_VERDICT


def test_without_verdicts_the_map_says_so_kindly() -> None:
    words = explorers.argument_map().bundle()["text/plain"]
    assert "You have no verdicts yet" in words
    assert "G2 (4 of 5 supports left)" in words
    explorer = explorers.argument_map({})
    with pytest.raises(NothingToShow, match="Choose a point instead"):
        explorer.view(explorer.data, **explorer.defaults | {"falls": "contradicted"})[1]


def test_all_that_was_judged_contradicted_falls_together() -> None:
    given = {"03": "contradicted", "06": "contradicted", "07": "supported", "00": "supported"}
    explorer = explorers.argument_map(given | {"01": "a word that no form offers"})
    words = explorer.bundle(falls="contradicted")["text/plain"]
    assert "G2 (3 of 5 supports left)" in words
    assert "G0 (4 of 5 supports left)" in words
    assert "supported in lesson 07; contradicted in lesson 03, 06." in words


# --- the audit -------------------------------------------------------------------------------


def test_the_audit_counts_what_the_tables_hold() -> None:
    audit = explorers.audit_notes()
    assert "67 notes" in audit.bundle()["text/plain"]
    assert "the report's own author 4" in audit.bundle(sort="is_self_citation")["text/plain"]
    assert "84 of 168 claims" in audit.bundle(sort="kind")["text/plain"]
    for sort in weighing.NOTE_GROUPS:
        assert weighing.notes_sorted(audit.data, sort, weighing.EVERYTHING).sum() == 67
    for only in weighing.SECTIONS:
        whole = weighing.claims_sorted(audit.data, "section", weighing.EVERYTHING)
        part = weighing.claims_sorted(audit.data, "kind", only).sum()
        assert part.tolist() == whole.loc[weighing.SECTIONS[only]].tolist()


# --- rivals scored ---------------------------------------------------------------------------

C, N, X = matrix.CONSISTENT, matrix.NEUTRAL, matrix.INCONSISTENT
# Inconsistent in full rows: a 1 (E1), b 2 (E2, E3), c 1 (E3). E4 is not marked in full.
MARKS = pd.DataFrame(
    {"a": [X, C, C, X], "b": [C, X, X, X], "c": [C, C, X, None]}, index=["E1", "E2", "E3", "E4"]
)


def test_only_rows_marked_in_full_are_scored() -> None:
    counts = matrix.counts(MARKS)
    assert counts[X].to_dict() == {"a": 1, "c": 1, "b": 2}
    assert counts.loc["c"].tolist() == [2, 1, 0]
    assert matrix.least_contradicted(MARKS) == ["a", "c"]


def test_a_row_with_one_mark_throughout_tells_nothing_apart() -> None:
    same = pd.DataFrame({"a": [C, C], "b": [C, N]}, index=["E1", "E2"])
    assert matrix.tells_apart(same).tolist() == [False, True]
    assert matrix.counts(same).loc["a"].tolist() == [1, 0, 0]
    against_all = pd.concat([MARKS, pd.DataFrame({"a": [X], "b": [X], "c": [X]}, index=["E5"])])
    assert matrix.counts(against_all).equals(matrix.counts(MARKS))
    assert matrix.least_contradicted(same.loc[["E1"]]) == []


def test_neutral_throughout_comes_first_untested() -> None:
    idle = MARKS.assign(d=N)
    assert matrix.least_contradicted(idle) == ["d"]
    assert matrix.untested(idle) == ["d"]
    # Neutral in the rows that count is enough, whatever the mark in those that fit all alike.
    alike = pd.DataFrame({name: [X] for name in idle}, index=["E5"])
    assert matrix.untested(pd.concat([idle, alike])) == ["d"]
    assert matrix.untested(MARKS) == []


def test_rows_that_decide() -> None:
    # Without E1: a 0, b 2, c 1, so a alone. Without E2: a 1, b 1, c 1, all. Without E3: a 1, b 1,
    # c 0, so c alone.
    assert matrix.rows_that_decide(MARKS) == ["E1", "E2", "E3"]
    steady = pd.DataFrame({"a": [C, C, C], "b": [X, X, X]}, index=["E1", "E2", "E3"])
    assert matrix.rows_that_decide(steady) == []


def test_no_marks_score_nothing() -> None:
    empty = pd.DataFrame(None, index=["E1"], columns=["a", "b"], dtype=object)
    assert matrix.least_contradicted(empty) == []
    assert matrix.rows_that_decide(empty) == []
    assert matrix.counts(empty).to_numpy().sum() == 0


def test_an_unknown_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="maybe"):
        matrix.counts(pd.DataFrame({"a": ["maybe"]}))


# --- what the student takes away -------------------------------------------------------------


def marked_in_full(mark: str) -> dict[str, str]:
    return dict.fromkeys(takeaway.EXPLANATIONS, mark)


def test_every_lesson_gives_evidence_and_no_figure_is_missing() -> None:
    table = takeaway.evidence()
    assert set(table["lesson"]) == set(weighing.LESSON_POINTS)
    assert table["evidence"].str.endswith(".").all()
    assert not table["evidence"].str.contains("nan|None|NaT").any()
    # 11 planes for 6,804,596 people against 15 for 60,461,828: 1.6166 / 0.2481 = 6.5.
    assert "6.5 times" in table.loc["E01", "evidence"]


def test_marks_come_back_and_what_cannot_be_read_is_left_out() -> None:
    assert takeaway.marks().isna().all(axis=None)
    journal.save(
        takeaway.KEY, {"E01": {"means": X, "kosovo": "maybe", "x": C}, "E99": {}, "E02": 3}
    )
    found = takeaway.marks()
    assert found.loc["E01", "means"] == X
    assert found.notna().sum().sum() == 1
    journal.save(takeaway.KEY, ["not", "a", "table"])
    assert takeaway.marks().isna().all(axis=None)


def test_each_mark_is_kept_under_its_piece_however_late_it_comes(
    displayed: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    real, count = forms.dropdown, len(takeaway.EXPLANATIONS)
    monkeypatch.setattr(forms, "dropdown", lambda *given: made.append(real(*given)) or made[-1])
    takeaway.ask_marks()
    assert len(made) == count
    first = list(made)
    first[1].value = X
    cards = form_of(displayed).children[1]
    forward = cards.children[-1].children[1]
    forward.click()
    forward.click()  # made on the first card as well: it goes no further than the second
    assert "Evidence 2 of" in cards.children[0].value
    first[0].value = C  # chosen on the first card, and late
    made[count].value = N
    assert journal.get(takeaway.KEY) == {"E01": {"means": C, "kosovo": X}, "E02": {"means": N}}
    cards.children[-1].children[0].click()
    assert cards.children[1:-1] == tuple(first)
    first[0].value = None
    assert journal.get(takeaway.KEY)["E01"] == {"kosovo": X}
    monkeypatch.setattr(takeaway, "evidence", None)  # nothing is computed anew at a click
    first[0].value = X
    assert "Kosovo inconsistent" in displayed[-1]["data"]["text/html"]


def test_the_result_in_words() -> None:
    assert "That is fine" in takeaway.result(takeaway.marks())
    timing = marked_in_full(X) | {"timing": C}
    journal.save(takeaway.KEY, {"E02": timing, "E08": marked_in_full(C)})
    words = takeaway.result(takeaway.marks())
    assert "2 pieces of evidence in full; 1 of them tells the explanations apart" in words
    assert "neutral throughout" not in words
    assert "Least evidence against it (0): Timing." in words
    assert "Without E02 this would be otherwise." in words
    assert "That is few" in words


def test_the_result_says_what_was_not_tested() -> None:
    given = marked_in_full(X) | {"kosovo": N, "timing": C}
    journal.save(takeaway.KEY, {"E02": given})
    words = takeaway.result(takeaway.marks())
    assert "Least evidence against it (0): Kosovo and Timing. But Kosovo was neutral" in words
    journal.save(takeaway.KEY, {"E02": marked_in_full(C)})
    words = takeaway.result(takeaway.marks())
    assert words.endswith(
        "none of them tells the explanations apart, so there is nothing to count yet."
    )


def test_the_csv_has_the_evidence_and_the_marks() -> None:
    journal.save(takeaway.KEY, {"E02": marked_in_full(N)})
    rows = list(csv.DictReader(io.StringIO(takeaway.as_csv())))
    assert len(rows) == len(takeaway.evidence())
    assert rows[1]["Limited means"] == "neutral"
    assert rows[0]["Limited means"] == ""


def test_the_csv_has_every_verdict() -> None:
    for lesson in ("01", "08"):
        journal.save(
            f"verdict/{lesson}", {"verdict": "supported", "confidence_pct": 60, "reason": "Because"}
        )
    rows = list(csv.DictReader(io.StringIO(takeaway.as_csv())))
    assert [row["evidence_id"] for row in rows][:-1] == list(takeaway.evidence().index)
    judged = [row for row in rows if row["my_verdict"]]
    assert {row["lesson"] for row in judged} == {"01", "08"}
    assert all(row["because"] == "Because" for row in judged)
    assert judged[-1]["evidence"] == ""


def test_the_page_has_a_name_and_a_date() -> None:
    assert "Last entry" not in takeaway.as_page()
    assert 'Name: <span class="line">' in takeaway.as_page()
    before = datetime.now()
    journal.save("guess/x", 1)
    page = takeaway.as_page("Ana <Petrović>")
    assert "Name: Ana &lt;Petrović&gt;" in page
    days = {f"{now.day} {now:%B %Y}" for now in (before, datetime.now())}  # two at midnight
    assert any(f"Last entry: {day}" in page for day in days)


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_what_students_write_is_harmless() -> None:
    verdict = {"verdict": "supported", "confidence_pct": 60, "reason": "<script>alert(1)</script>"}
    journal.save("verdict/02", verdict)
    journal.save(takeaway.KEY, {"E02": marked_in_full(X)})
    text = takeaway.as_page()
    page = _Page()
    page.feed(text)
    assert page.open == []
    assert "script" not in page.seen
    assert text.count("<h1>") == 1
    assert text.count("<small>inconsistent</small>") == len(takeaway.EXPLANATIONS)


def test_an_empty_matrix_is_offered_and_not_written() -> None:
    card = takeaway.evidence_matrix()
    assert "no file was written" in card.text
    assert card.body.count("base64,") == 2
    assert not os.listdir(journal.folder())


def test_the_files_are_written_and_offered() -> None:
    journal.save(takeaway.KEY, {"E02": marked_in_full(N)})
    card = takeaway.evidence_matrix()
    for name in takeaway.FILES:
        assert (journal.folder() / name).is_file()
        assert f'download="{name}"' in card.body
    raw = (journal.folder() / takeaway.FILES[0]).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert b"\r\r\n" not in raw
    assert sorted(os.listdir(journal.folder())) == sorted([*takeaway.FILES, "journal.json"])


def test_a_folder_that_cannot_be_written_leaves_the_links(monkeypatch: Any, tmp_path: Any) -> None:
    in_the_way = tmp_path / "a_file"
    in_the_way.write_text("", encoding="utf-8")
    monkeypatch.setenv("BELGRADE_WORK", str(in_the_way / "work"))
    monkeypatch.setattr(journal, "_memory", {})
    assert "memory only" in journal.save(takeaway.KEY, {"E02": marked_in_full(N)})
    card = takeaway.evidence_matrix()
    assert card.text.startswith("Not written")
    assert card.body.count("base64,") == 2
