"""The question bank: what it says is right, and both exports can be read back without a loss."""

from __future__ import annotations

import csv
import html
import re
import zipfile
from dataclasses import replace
from itertools import product
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest

from belgrade import cli, data
from belgrade.publishing import bank

ROOT = Path(__file__).resolve().parent.parent
LESSONS = [f"{number:02d}" for number in range(10)]
QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
WRONG = ("distractor_1", "distractor_2", "distractor_3")


@pytest.fixture(scope="module")
def rows():
    """The rows of the bank as they are in the file, by question id."""
    path = ROOT / "data" / "report" / "questions.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {row["question_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """The folder that `belgrade bank` writes."""
    folder = tmp_path_factory.mktemp("bank")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        assert cli.main(["bank", str(folder)]) == 0
    return folder


def wanted(row):
    """Return what a reader must find: the text, and {option: (is right, feedback)}."""
    options = {row["answer"]: (True, row["feedback"])}
    options |= {row[name]: (False, row[f"feedback_{name[-1]}"]) for name in WRONG}
    return row["question"], options


def plain(markup):
    """Return the text of HTML that may be in one paragraph."""
    return html.unescape(re.fullmatch(r"(?:<p>)?([^<]*)(?:</p>)?", markup)[1])


# --- what the bank says --------------------------------------------------------------------------


def test_each_lesson_is_covered(rows):
    assert len(rows) >= 60
    for lesson in LESSONS:
        assert sum(row["lesson"] == lesson for row in rows.values()) >= 5, lesson


def test_a_checkpoint_asks_about_its_own_lesson(rows):
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        call = re.search(r"journal\.checkpoint\((.*?)\)", path.read_text(encoding="utf-8"))[1]
        asked = re.findall(r"Q\d+", call)
        assert len(asked) >= 3, path.name
        assert {rows[number]["lesson"] for number in asked} == {path.name[:2]}


def test_the_tables_that_questions_name_exist(rows):
    known = set(data.tables()["table"])
    for number, row in rows.items():
        assert set(filter(None, row["tables"].split(";"))) <= known, number


def figures():
    """Return for each question with figures what they must be, worked out from the tables."""
    load, printed = data.load, data.load("figures").set_index("figure_id")["value"]
    people = load("covid_population").query("population_set == 'Our World in Data'")
    people = people.set_index("country")["population"] / 1e6
    serbia, italy = printed["F004"] / people["Serbia"], printed["F007"] / people["Italy"]
    total, out_share, in_share = printed[["F019", "F020", "F021"]]
    weights = [  # at the ends of what rounding leaves open
        (total + t - in_share - m) / (out_share + x - in_share - m)
        for t, x, m in product((-0.5, 0.5), (-0.05, 0.05), (-0.05, 0.05))
    ]
    mirror = load("trade_mirror").query("year == 2019 and direction == 'russia_to_serbia'")
    bought = load("trade_totals").query("year == 2019 and flow == 'import'")
    mirror = mirror.set_index("reporter")["share_pct"] / 1e5 * bought["value_usd_million"].item()
    arms = load("arms_deliveries_yearly").query("2015 <= year <= 2019")
    arms = arms.groupby("supplier")["tiv_million"].sum()
    crude = load("crude_oil").query("origin == 'Russia' and year == 2020")["share_pct"].item()
    poll = load("opinion_polls").query(
        "poll_id == 'iea_2019_03' and topic == 'perceived_largest_donor' and answer == 'China'"
    )
    notes = load("notes").set_index("note")["is_self_citation"].astype(str).str.lower() == "true"
    noted = load("claims").dropna(subset="note_numbers").set_index("claim_id")["note_numbers"]
    own = noted[noted.map(lambda cell: all(notes[int(n)] for n in cell.split(";")))].index
    return [
        ("Q02", f"{printed['F004']:g}"),
        ("Q07", {9: "Ninth"}[printed["F037"]]),
        ("Q14", f"{people['Serbia']:.1f} million"),
        ("Q14", f"{serbia:.2f} against {italy:.2f}"),
        ("Q14", f"about {({7: 'seven'})[round(serbia / italy)]} times"),
        ("Q17", f"= {(total - in_share) / (out_share - in_share):.3f}"),
        ("Q18", f"{min(weights):.3f} to {max(weights):.3f}"),
        ("Q45", f"USD {mirror['Serbia']:.2f} billion"),
        ("Q45", f"USD {mirror['Russia']:.2f} billion"),
        ("Q45", f"about {mirror.mean():.2f}"),
        ("Q47", f"about {100 * arms['Russia'] / arms.sum():.0f}%"),
        ("Q48", f"about {crude:g}%"),
        ("Q49", f"about {196 * (0.25 * 0.75 / 1200) ** 0.5:.1f} points"),
        ("Q50", f"{poll['share_pct'].item()}% for China"),
        ("Q61", f"{({4: 'Four'})[len(own)]} claims ({', '.join(own)})"),
        ("Q62", f"is {(0.7 - 1) ** 2:.2f}"),
        ("Q62", f"{0.7**2:.2f} would be"),
        ("Q69", f"of {(3 * (4 / 7) ** 2 + 4 * (3 / 7) ** 2) / 7:.3f}"),
        ("Q69", f"scores {(3 * 0.1**2 + 4 * 0.9**2) / 7:.3f}"),
    ]


def test_figures_are_what_the_tables_give(rows):
    for number, text in figures():
        assert text in " | ".join(rows[number].values()), f"{number}: the tables give {text!r}"


# --- Moodle --------------------------------------------------------------------------------------


def from_moodle(content):
    """Return {idnumber: (category, text, {option: (is right, feedback)})} of Moodle XML.

    Read as https://docs.moodle.org/en/Moodle_XML_format says, and strictly: a category holds for
    the questions after it; a text is HTML; 100 marks the one right answer.
    """
    found, category = {}, ""
    for question in Xml.fromstring(content).iterfind("question"):
        if question.get("type") == "category":
            category = question.findtext("category/text")
            continue
        assert question.get("type") == "multichoice"
        assert (question.findtext("single"), question.findtext("shuffleanswers")) == ("true",) * 2
        assert 0 < len(question.findtext("name/text")) <= 255
        texts = question.findall("questiontext") + question.findall("answer")
        assert {text.get("format") for text in texts} == {"html"}
        options = {
            plain(answer.findtext("text")): (
                {"100": True, "0": False}[answer.get("fraction")],
                plain(answer.findtext("feedback/text")),
            )
            for answer in question.iterfind("answer")
        }
        ident = question.findtext("idnumber")
        assert ident not in found
        found[ident] = category, plain(question.findtext("questiontext/text")), options
    return found


def test_moodle_gets_every_question(out, rows):
    found = from_moodle((out / bank.MOODLE).read_bytes())
    assert list(found) == [f"from-russia-with-love-{number}" for number in sorted_by_lesson(rows)]
    for row, (category, *read) in zip(
        map(rows.get, sorted_by_lesson(rows)), found.values(), strict=True
    ):
        assert tuple(read) == wanted(row)
        assert re.fullmatch(rf"\$course\$/top/[^/]+/{row['lesson']} · [^/]+", category)


def sorted_by_lesson(rows):
    return sorted(rows, key=lambda number: (rows[number]["lesson"], list(rows).index(number)))


# --- QTI 1.2 -------------------------------------------------------------------------------------

# Of the content model of QTI 1.2.1 (ASI XML binding), what a bank of such questions uses: the
# children of an element in their order, and its attributes. All else is refused.
MODEL = {
    "questestinterop": ("objectbank ", {"schemaLocation"}),
    "objectbank": ("qtimetadata (item )+", {"ident"}),
    "qtimetadata": ("(qtimetadatafield )+", set()),
    "qtimetadatafield": ("fieldlabel fieldentry ", set()),
    "item": ("itemmetadata presentation resprocessing (itemfeedback )+", {"ident", "title"}),
    "itemmetadata": ("qtimetadata ", set()),
    "presentation": ("material response_lid ", set()),
    "response_lid": ("render_choice ", {"ident", "rcardinality"}),
    "render_choice": ("(response_label )+", {"shuffle"}),
    "response_label": ("material ", {"ident"}),
    "material": ("mattext ", set()),
    "mattext": ("", {"texttype"}),
    "resprocessing": ("outcomes (respcondition )+", set()),
    "outcomes": ("decvar ", set()),
    "decvar": ("", {"varname", "vartype", "minvalue", "maxvalue"}),
    "respcondition": ("conditionvar (setvar )*(displayfeedback )*", {"continue"}),
    "conditionvar": ("(varequal |other )+", set()),
    "varequal": ("", {"respident"}),
    "other": ("", set()),
    "setvar": ("", {"action", "varname"}),
    "displayfeedback": ("", {"feedbacktype", "linkrefid"}),
    "itemfeedback": ("flow_mat ", {"ident"}),
    "flow_mat": ("material ", set()),
    "fieldlabel": ("", set()),
    "fieldentry": ("", set()),
}
VALUES = {"rcardinality": {"Single"}, "texttype": {"text/html"}, "vartype": {"Decimal"}}
VALUES |= {"continue": {"Yes", "No"}, "action": {"Set"}, "feedbacktype": {"Response"}}
VALUES |= {"shuffle": {"Yes"}, "varname": {"SCORE"}}


def valid(element):
    """Check an element of QTI, and all in it, against the content model."""
    assert element.tag.startswith(f"{{{QTI}}}")
    children, attributes = MODEL[local(element.tag)]
    assert re.fullmatch(children, "".join(f"{local(child.tag)} " for child in element))
    assert {local(name) for name in element.attrib} == attributes
    for name, value in element.attrib.items():
        assert value
        assert value in VALUES.get(local(name), {value})
    text = f"{element.text or ''}{''.join(child.tail or '' for child in element)}".strip()
    assert not (text and (children or local(element.tag) == "other"))
    for child in element:
        valid(child)


def local(name):
    return name.rsplit("}", 1)[-1]


def from_qti(content):
    """Return (title, {ident: (text, {option: (is right, feedback)})}) of a bank in QTI 1.2."""
    root = Xml.fromstring(content)
    valid(root)
    names, found = {"": QTI}, {}
    title = fields(root.find("objectbank", names), names)["bank_title"]
    for item in root.iterfind("objectbank/item", names):
        kind = fields(item.find("itemmetadata", names), names)["question_type"]
        assert kind == "multiple_choice_question"
        labels = item.findall(".//response_label", names)
        texts = {label.get("ident"): label.findtext(".//mattext", None, names) for label in labels}
        shown = {
            feedback.get("ident"): plain(feedback.findtext(".//mattext", None, names))
            for feedback in item.iterfind("itemfeedback", names)
        }
        score, said = dict.fromkeys(texts, 0), {}
        for condition in item.iterfind("resprocessing/respcondition", names):
            chosen = condition.findtext("conditionvar/varequal", None, names)
            for link in condition.iterfind("displayfeedback", names):
                said[chosen] = shown.pop(link.get("linkrefid"))
            for value in condition.iterfind("setvar", names):
                score[chosen] = int(value.text)
        assert not shown  # all feedback is shown to somebody
        assert said.pop(None).startswith("Claims of the report: C")
        assert len(texts) == 4
        options = {
            plain(text): ({100: True, 0: False}[score[ident]], said[ident])
            for ident, text in texts.items()
        }
        text = item.findtext("presentation/material/mattext", None, names)
        found[item.get("ident")] = plain(text), options
    return title, found


def fields(element, names):
    found = element.find("qtimetadata", names)
    return {field[0].text: field[1].text for field in found}


def test_canvas_gets_every_question(out, rows):
    with zipfile.ZipFile(out / bank.CANVAS) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
        times = {info.date_time for info in archive.infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}  # the same bank gives the same bytes
    manifest = Xml.fromstring(files.pop("imsmanifest.xml"))
    names = {"": PACKAGE}
    resources = manifest.findall("resources/resource", names)
    assert [resource.get("href") for resource in resources] == list(files)
    assert {resource.get("type") for resource in resources} == {"imsqti_xmlv1p2"}
    assert [file.get("href") for file in manifest.findall(".//file", names)] == list(files)
    idents = [manifest.get("identifier"), *(resource.get("identifier") for resource in resources)]
    found = {}
    for lesson, content in zip(LESSONS, files.values(), strict=True):
        title, here = from_qti(content)
        assert title.startswith(f"{lesson} · ")
        assert [rows[ident[-3:]]["lesson"] for ident in here] == [lesson] * len(here)
        found |= here
    assert {ident[-3:]: read for ident, read in found.items()} == {
        number: wanted(row) for number, row in rows.items()
    }
    idents += found
    assert len(set(idents)) == len(idents)
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", ident) for ident in idents)


# --- both ----------------------------------------------------------------------------------------


def test_signs_that_xml_and_html_use_come_through():
    nasty = "Is 1 < 2 & \"3\" > '2'? <b>Vučić</b> ]]> &amp; $x^2$ \\(y\\)"
    asked = bank.questions(["01"])[:1]
    options = tuple(replace(o, text=f"{n} {nasty}") for n, o in enumerate(asked[0].options))
    asked = [replace(asked[0], text=nasty, options=options)]
    titles = {"01": "And/or <both> & more"}
    moodle = from_moodle(bank.moodle_xml(asked, titles, "A/B"))
    [(category, text, read)] = moodle.values()
    assert category == "$course$/top/A//B/And//or <both> & more"
    assert (text, list(read)) == (nasty, [option.text for option in options])
    title, found = from_qti(bank.qti_files(asked, titles)["lesson_01.xml"])
    assert title == titles["01"]
    [(text, read)] = found.values()
    assert (text, list(read)) == (nasty, [option.text for option in options])


def test_identifiers_stay_when_words_change(monkeypatch):
    def idents():
        return {o.ident: (q.ident, o.is_right) for q in bank.questions() for o in q.options}

    # Where the right answer stands says nothing.
    places = [[o.is_right for o in q.options].index(True) for q in bank.questions()]
    assert min(map(places.count, range(4))) >= len(places) / 10
    before, table = idents(), data.load("questions")
    assert len(before) == 4 * len(table)
    for column in ("question", "answer", "distractor_2", "feedback_1"):
        table[column] = "Z " + table[column]
    monkeypatch.setattr(bank.data, "load", lambda name: table)
    assert idents() == before


def test_a_bank_may_be_of_some_lessons_and_have_a_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    assert cli.main(["bank", str(tmp_path), "3", "09", "--name", "Autumn"]) == 0
    assert "on 2 lessons to" in capsys.readouterr().out
    categories = {c for c, *_ in from_moodle((tmp_path / bank.MOODLE).read_bytes()).values()}
    assert {c.split("/")[2] for c in categories} == {"Autumn"}
    assert cli.main(["bank", str(tmp_path / "no"), "12"]) == 2
    assert capsys.readouterr().err == "belgrade: The bank has no question for lesson 12.\n"
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("column", "words"), [("distractor_2", "options are the same"), ("feedback_2", "is empty")]
)
def test_an_incomplete_question_is_refused(column, words, monkeypatch):
    table = data.load("questions")
    table.loc[3, column] = table.loc[3, "answer"] if column == "distractor_2" else None
    monkeypatch.setattr(bank.data, "load", lambda name: table)
    with pytest.raises(bank.BankError, match=f"Question Q04.*{words}"):
        bank.questions()
