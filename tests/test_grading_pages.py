"""Pages are self-contained, hold nothing that runs, and can be read by everyone."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from grading_results import EVIL, a_class, part, png, question, result
from test_grading_tables import MASTERS, RUBRIC, marked
from test_palette import contrast

from belgrade.checks.status import STATUS
from belgrade.grading import marks, pages, tables
from belgrade.grading import result as results
from belgrade.grading.roster import PLAIN, Roster, Student

CSP = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """What a page is made of: its tags with attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text, self.open = "", []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data

    def of(self, *names):
        return [attrs for tag, attrs in self.tags if tag in names]


def form(rubrics, results=None, **more):
    answers = marks.written_answers(results or a_class(), "03")
    header, rows = marks.sheet_table(answers, rubrics)
    filled = [
        {**answer, **dict(zip(header, row, strict=True)), "common": False}
        for answer, row in zip(answers, rows, strict=True)
    ]
    return pages.marking("03", "Arms", header, filled, rubrics, "kept here", **more)


@pytest.fixture(scope="module")
def made():
    roster = Roster(PLAIN, (), (Student("4211", "Ana"), Student("absent", "Nobody <b>")))
    results = tables.with_missing(a_class(), roster, {"03": 15})
    many = {name: page for name, page in zip("abcd", map(pages.feedback, a_class()), strict=True)}
    after = marked(a_class())
    return many | {
        "marked": pages.feedback(after[0], "Arms and energy"),
        "marking": form(MASTERS["03"].rubrics),
        "report": pages.class_report(results, {"03": "Arms and energy"}),
    }


ALL = ["a", "b", "c", "d", "marked", "marking", "report"]


@pytest.mark.parametrize("name", ALL)
def test_a_page_is_safe(made, name):
    assert_safe(made[name], is_form=name == "marking")


def assert_safe(html: str, *, is_form: bool = False) -> None:
    """Fail where a page loads or runs anything but the one script of a form."""
    page = Page(html)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"iframe", "object", "embed", "link", "base", "form", "svg", "b"}
    assert len(page.of("script")) == is_form
    policy = CSP
    if is_form:
        script = re.search(r"<script [^>]*>(.*?)</script>", html, re.DOTALL)[1]
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    policies = [m for m in page.of("meta") if m.get("http-equiv")]
    assert [m["content"] for m in policies] == [policy]
    first = [tag for tag, _ in page.tags if tag in ("meta", "style", "title")]
    assert first[:2] == ["meta", "meta"]  # the policy stands before whatever it is to hold
    for _, attrs in page.tags:
        assert not any(key.startswith("on") for key in attrs)
        for key in ("src", "href"):
            if key in attrs:
                assert attrs[key].startswith(("#", "data:image/png;base64,"))
    assert "url(" not in html and "@import" not in html
    html.encode("utf-8")


@pytest.mark.parametrize("name", ALL)
def test_a_page_can_be_read_by_everyone(made, name):
    page = Page(made[name])
    assert page.of("html")[0]["lang"] == "en" and page.of("title")
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert all(th.get("scope") for th in page.of("th"))
    assert len(page.of("caption")) == len(page.of("table")) or name == "marking"
    assert all(len(img["alt"]) > 20 for img in page.of("img"))
    for pre in page.of("pre"):
        assert pre["tabindex"] == "0" and pre["aria-label"]
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in page.of("a")} <= set(ids)


def test_what_a_student_wrote_is_shown_as_text(made):
    for name, times in (("b", 4), ("marking", 1), ("report", 1)):
        assert Page(made[name]).text.count(EVIL) >= times, name
    assert "\x1b" not in made["b"]


def test_feedback_says_what_counts(made):
    ana, ben, ceda = (Page(made[k]).text for k in "abc")
    assert "12 of 12 points; up to 3 more when your written answers are marked" in ana
    assert "waits for a mark" in ana and "The answer cell of 3.1 was missing." in ana
    assert "Hidden check: other settings" in ana
    assert "Hidden check: years" in ben
    for key in ("close", "not_yet", "error"):
        sign, word = STATUS[key][:2]
        assert sign in ben and word in ben
    assert "(A picture that cannot be shown.)" in ben and "3.1 Shares" in ceda
    # What was checked is shown where a part of it was attempted.
    assert "Parts of 3.6" in made["c"] and "Parts of 3.2" not in made["c"]
    text = Page(made["marked"]).text
    assert "Marked by hand: 2.5 of 3" in text and "Well said." in text and "14.5 of 15" in text
    (alt,) = [img["alt"] for img in Page(made["a"]).of("img")]
    assert alt.startswith("Chart drawn by your answer to 3.2")
    assert "It is no notebook" in Page(made["d"]).text
    prose = question("3.6", "Define", [part("written", "pending", 0, 3)], written="x")
    assert text.count("Marked 2.5 of 3") == 3  # what a person marked is told in the rubric's words
    assert "up to 3 points" in Page(pages.feedback(result("x", "X", [prose]))).text


def test_what_is_too_long_to_show_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(pages, "LONGEST_TEXT", 5)
    shown = question(
        "3.1", "", [part("", "right", 1, 1)], outputs=[{"kind": "text", "text": "12345678"}]
    )
    assert "12345\n… (cut here)" in Page(pages.feedback(result("x", "X", [shown]))).text
    monkeypatch.setattr(results, "MOST_SHOWN", 5)
    rows = [{"outputs": [{"kind": "text", "text": "x" * n} for n in (3, 2, 1, 1)]}]
    results._cut(rows)
    left_out = "[The rest of what was shown is left out.]"
    assert [output["text"] for output in rows[0]["outputs"]] == ["xxx", "xx", left_out]


def test_only_sound_pictures_are_shown():
    good = png()
    data, width, height = pages.sound_png(base64.b64encode(good + b"<script>").decode())
    assert (base64.b64decode(data), width, height) == (good, 3, 2)
    assert pages.sound_png(base64.encodebytes(good).decode())
    damaged = [b"GIF89a", good[:-4], good[:8], good[:20] + b"\x99" + good[21:]]
    damaged += [png(30_000, 1_000), good + b"x" * 4_000_000]
    bad = [None, 5, "", "!!", *(base64.b64encode(each).decode() for each in damaged)]
    assert [pages.sound_png(data) for data in bad] == [None] * len(bad)


def test_the_report_counts(made):
    page = Page(made["report"])
    words = "3 graded, 1 could not be graded, 1 not handed in, 2 with written answers that wait"
    assert words in page.text
    assert len(page.of("table")) == 6 and not page.of("img")
    assert "1 have less than half" in page.text
    # A bar for each count, as long as it says; 3.6 comes last, since its texts wait for a mark.
    widths = [float(w) for w in re.findall(r'class="bar" style="width: ([\d.]+)%"', made["report"])]
    assert len(widths) == 10 and max(widths) == 100 and sum(w > 0 for w in widths) == 3
    stacked = re.findall(r'class="bar (\w+)" style="width: ([\d.]+)%"', made["report"])
    assert stacked[:3] == [("right", "33.0"), ("close", "33.0"), ("not_attempted", "33.0")]
    asked = re.findall(r'<th scope="row">(3\.\d) ', made["report"])
    assert asked == ["3.1", "3.2", "3.6"]
    assert "Nobody <b> (absent)" in page.text and "=1+1 Eva (4214)" in page.text


def test_mistakes_that_differ_in_numbers_are_one():
    results = []
    for n in (1, 2.5, 3):
        one = a_class()[1]
        one["questions"][0]["message"] = f"You have {n}; per head it is another."
        results.append(one)
    mistakes = pages.common_mistakes(results)
    assert ("3.1", "You have 1; per head it is another.", 3) in mistakes
    assert mistakes[0][2] == 3


def test_a_class_of_which_nothing_can_be_graded():
    failed = [result("x", "", [], state="failed", reason="Empty.", exercise="03")]
    assert "Empty." in Page(pages.class_report(failed)).text
    assert "0 graded" in pages.class_report([])


def test_the_text_stands_out_enough():
    """4.5 to 1 for text, 3 to 1 for edges: WCAG 2.2, 1.4.3 and 1.4.11."""
    css = pages.feedback(a_class()[0])
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w+)", block))
        for block in re.findall(r":root \{([^}]*)\}", css)[:2]
    )
    for scheme in (light, dark):
        for paper in ("paper", "soft"):
            assert contrast(scheme["ink"], scheme[paper]) >= 7
            assert contrast(scheme["link"], scheme[paper]) >= 4.5
            assert contrast(scheme["line"], scheme[paper]) >= 3
    for _, _, back, _edge in STATUS.values():
        assert contrast("#1a1a1a", back) >= 7


def test_a_rubric_of_the_key_is_shown_with_its_tags_as_text():
    rubric = "- **Claim.** <i>x</i> [a](javascript:alert(1))\n\n| | no |\n|---|---|\n| **A** | b |"
    page = Page(form({"3.6": rubric}))
    assert "<i>x</i>" in page.text and "javascript:" not in str(page.of("a"))
    assert all(th["scope"] == "col" for th in page.of("th"))


def test_the_form_offers_what_each_row_can_get_and_says_no_names():
    page = Page(form({"3.6": RUBRIC.replace("*Half:*", "*Half:* half")}, tutor=2))
    steps = [step["value"] for step in page.of("input") if step.get("type") == "radio"]
    assert steps == ["0", "0.5", "1"] * 6
    assert [row["data-row"] for row in page.of("fieldset")] == ["Claim", "Evidence", "Caveat"] * 2
    assert "Ana" not in page.text and "Ben" not in page.text
    (script,) = page.of("script")
    assert json.loads(script["data-columns"])[-1] == "tutor"
    assert (script["data-tutor"], script["data-file"]) == ("2", "03_marks_tutor_2.csv")
    assert {json.loads(a["data-fixed"])["student"] for a in page.of("article")} == {"4211", "4212"}
    evil = Page(form({"3.6": RUBRIC}, a_class((EVIL, "b", "c", "d"))))
    assert not evil.of("img") and evil.text.count(EVIL) == 2
    fixed = [json.loads(a["data-fixed"])["student"] for a in evil.of("article")]
    assert sorted(fixed) == sorted([EVIL, "b"])
    # Without rows there is one box for the points; what has a mark shows it.
    plain = Page(form({}, marked(a_class())))
    assert not plain.of("fieldset")
    totals = {i["value"] for i in plain.of("input") if i.get("class") == "total"}
    assert totals == {"2.5", "0"}


def test_points_of_a_rubric_row():
    assert marks.steps_of("half points are possible", 1) == [0, 0.5, 1]
    assert marks.steps_of("for each row 0, 1 or 2", 2) == [0, 1, 2]
    assert marks.steps_of("half", 0.75) == [0, 0.5, 0.75]
    odd = marked(a_class())
    odd[0]["questions"][2]["mark"]["criteria"] = {"Claim": 0.25, "Evidence": 1, "Caveat": 1}
    page = Page(form({"3.6": RUBRIC}, odd))
    chosen = [i["value"] for i in page.of("input") if "checked" in i]
    assert chosen == ["0.25", "1", "1"]


def test_the_three_samples_of_the_marking_guide_stand_beside_its_own_rubric():
    guide = pages.GUIDE.read_text(encoding="utf-8")
    for number in ("0.6", "3.6", "9.6"):
        part = guide.split(f"\n## {number} ·")[1].split("\n## ")[0]
        rubric = part[part.index("**How to mark") : part.index("**Pass")].strip()
        samples = pages._samples(rubric)
        assert [label.split(" ·")[0] for label, _ in samples] == ["Pass", "Good", "Excellent"]
        assert all("\nWhy: " in text and "\n> " in text for _, text in samples)
    assert pages._samples(RUBRIC) == pages._samples("") == []


def test_what_people_mark_is_ranked_among_no_wrong_answers():
    results = marked(a_class(), ("2.5", "0", ""))
    report = pages.class_report(results)
    assert re.findall(r'<th scope="row">(3\.\d) ', report)[:3] == ["3.1", "3.2", "3.6"]
    statuses = [r["questions"][2]["status"] for r in results[:2]]
    assert statuses == ["marked", "error"]
    assert all(status != "marked" for _, status, _ in pages.common_mistakes(results))
