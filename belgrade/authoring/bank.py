"""The question bank for learning platforms: Moodle XML, and QTI 1.2 in a zip for Canvas.

The table `questions` is the one source. Formats: https://docs.moodle.org/en/Moodle_XML_format and
IMS Question & Test Interoperability 1.2.1 (https://www.imsglobal.org/question/), in which Canvas
reads a bank's name from the metadata field `bank_title`. Identifiers are made from the question's
number and the option's column, never from their words, so that a mended question stays the same.
"""

from __future__ import annotations

import hashlib
import html
import io
import textwrap
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

from belgrade import UserError, data
from belgrade.authoring.links import title_of

MOODLE, CANVAS = "moodle.xml", "canvas.zip"
QTI = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
PACKAGE = "http://www.imsglobal.org/xsd/imscp_v1p1"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
# The right answer and the others: the column of each and of what is said to who chooses it.
COLUMNS = {"answer": "feedback"} | {f"distractor_{n}": f"feedback_{n}" for n in (1, 2, 3)}
NAME_LENGTH = 80
RESPONSE = "response1"


class BankError(UserError):
    """The bank cannot be exported; its text names the question and what to change."""


@dataclass(frozen=True)
class Option:
    """One of the answers to choose from, and what is said to those who choose it."""

    ident: str
    text: str
    is_right: bool
    feedback: str


@dataclass(frozen=True)
class Question:
    """A multiple-choice question; `about` says where to read on."""

    number: str
    ident: str
    lesson: str
    kind: str
    text: str
    options: tuple[Option, ...]
    about: str

    @property
    def name(self) -> str:
        """The question's number and first words, for lists."""
        return textwrap.shorten(f"{self.number}: {self.text}", NAME_LENGTH, placeholder=" …")


def export(root: Path, out: Path, lessons: Iterable[str] = (), name: str = "") -> list[Question]:
    """Write the bank to the folder `out`, for Moodle and for Canvas; return its questions.

    `lessons` are numbers, such as 01; all if none is given. `name` is what the bank is called on
    the platform, by default the title of the README at `root`. Raises BankError.
    """
    asked = questions(lessons)
    titles = lesson_titles(root)
    name = name or _heading(root / "README.md") or data.package()["title"]
    out.mkdir(parents=True, exist_ok=True)
    (out / MOODLE).write_bytes(moodle_xml(asked, titles, name))
    (out / CANVAS).write_bytes(zipped(qti_files(asked, titles)))
    return asked


def questions(lessons: Iterable[str] = ()) -> list[Question]:
    """Return the questions of the bank, of these lessons or of all; raise BankError."""
    table = data.load("questions")
    wanted = [number.zfill(2) for number in lessons]
    if missing := sorted(set(wanted) - set(table["lesson"])):
        raise BankError(f"The bank has no question for lesson {missing[0]}.")
    rows = table[table["lesson"].isin(wanted)] if wanted else table
    prefix = data.package()["name"]
    return [_question(prefix, row) for row in rows.to_dict("records")]


def _question(prefix: str, row: Mapping[str, Any]) -> Question:
    number = row["question_id"]
    ident = f"{prefix}-{number}"
    options = []
    for column, feedback in COLUMNS.items():
        text, why = row[column], row[feedback]
        if not (isinstance(text, str) and isinstance(why, str)):
            raise BankError(f"Question {number}: {column} or {feedback} is empty.")
        # Says nothing of which is right; a letter first, as XML wants it of an identifier.
        mark = "o" + hashlib.sha256(f"{number} {column}".encode()).hexdigest()[:8]
        options.append(Option(mark, text, column == "answer", why))
    if len({option.text for option in options}) < len(options):
        raise BankError(f"Question {number}: two of its options are the same.")
    # In the order that the lessons' checkpoints have.
    options.sort(key=lambda option: option.text)
    lesson, kind = row["lesson"], row["type"]
    return Question(number, ident, lesson, kind, row["question"], tuple(options), _about(row))


def _about(row: Mapping[str, Any]) -> str:
    """Return the sentence that names the claims and tables behind a question."""
    parts = []
    for column, what in (("claim_ids", "Claims of the report"), ("tables", "Tables")):
        if isinstance(row.get(column), str):
            parts.append(f"{what}: {', '.join(row[column].split(';'))}.")
    return " ".join(parts)


def lesson_titles(root: Path) -> dict[str, str]:
    """Return the titles of the lessons at `root` by their numbers."""
    paths = sorted((root / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    return {path.name[:2]: title_of(path) for path in paths}


def _heading(path: Path) -> str:
    """Return the first heading of a Markdown file, or "" where there is none."""
    if not path.is_file():
        return ""
    lines = path.read_text(encoding="utf-8").splitlines()
    return next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")


def _by_lesson(
    asked: Iterable[Question], titles: Mapping[str, str]
) -> list[tuple[str, str, list[Question]]]:
    """Return (number, title, questions) of each lesson that has questions."""
    asked = list(asked)
    numbers = sorted({question.lesson for question in asked})
    return [
        (number, titles.get(number, f"Lesson {number}"), [q for q in asked if q.lesson == number])
        for number in numbers
    ]


def _markup(text: str) -> str:
    """Return plain text as HTML."""
    return html.escape(text, quote=False)


def _written(root: Xml.Element) -> bytes:
    Xml.indent(root, " ")
    return Xml.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _add(parent: Xml.Element, tag: str, text: str | None = None, **attributes: str) -> Xml.Element:
    child = Xml.SubElement(parent, tag, attributes)
    child.text = text
    return child


# --- Moodle --------------------------------------------------------------------------------------


def moodle_xml(asked: Iterable[Question], titles: Mapping[str, str], name: str) -> bytes:
    """Return the questions as Moodle XML, in a category for each lesson below the one `name`.

    `titles` are the lessons' titles by number.
    """
    quiz = Xml.Element("quiz")
    for number, title, here in _by_lesson(asked, titles):
        category = _add(quiz, "question", type="category")
        # A slash parts categories; in a name it is doubled.
        path = ["$course$", "top", name.replace("/", "//"), title.replace("/", "//")]
        _add(_add(category, "category"), "text", "/".join(path))
        _add(_add(category, "info", format="plain_text"), "text", f"Questions on lesson {number}")
        for question in here:
            _moodle_question(quiz, question)
    return _written(quiz)


def _moodle_question(quiz: Xml.Element, question: Question) -> None:
    item = _add(quiz, "question", type="multichoice")
    _add(_add(item, "name"), "text", question.name)
    _moodle_text(item, "questiontext", f"<p>{_markup(question.text)}</p>")
    _moodle_text(item, "generalfeedback", f"<p>{_markup(question.about)}</p>")
    for tag, text in {
        "defaultgrade": "1", "penalty": "0.3333333", "hidden": "0", "idnumber": question.ident,
        "single": "true", "shuffleanswers": "true", "answernumbering": "abc",
        "showstandardinstruction": "0",
    }.items():  # fmt: skip
        _add(item, tag, text)
    for tag in ("correctfeedback", "partiallycorrectfeedback", "incorrectfeedback"):
        _moodle_text(item, tag, "")
    for option in question.options:
        answer = _moodle_text(item, "answer", _markup(option.text))
        answer.set("fraction", "100" if option.is_right else "0")
        _moodle_text(answer, "feedback", _markup(option.feedback))
    tags = _add(item, "tags")
    for word in (f"lesson {question.lesson}", question.kind):
        _add(_add(tags, "tag"), "text", word)


def _moodle_text(parent: Xml.Element, tag: str, markup: str) -> Xml.Element:
    child = _add(parent, tag, format="html")
    _add(child, "text", markup)
    return child


# --- QTI 1.2 -------------------------------------------------------------------------------------


def qti_files(asked: Iterable[Question], titles: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files of an IMS content package: a question bank for each lesson, a manifest."""
    prefix = data.package()["name"]
    files, resources = {}, []
    for number, title, here in _by_lesson(asked, titles):
        ident, path = f"{prefix}-lesson-{number}", f"lesson_{number}.xml"
        files[path] = _written(_object_bank(ident, title, here))
        resources.append((ident, path))
    return {"imsmanifest.xml": _written(_manifest(prefix, resources))} | files


def _manifest(prefix: str, resources: Iterable[tuple[str, str]]) -> Xml.Element:
    manifest = Xml.Element("manifest", {"identifier": f"{prefix}-bank", "xmlns": PACKAGE})
    metadata = _add(manifest, "metadata")
    _add(metadata, "schema", "IMS Content")
    _add(metadata, "schemaversion", "1.1.3")
    _add(manifest, "organizations")
    listed = _add(manifest, "resources")
    for ident, path in resources:
        resource = _add(listed, "resource", identifier=ident, type="imsqti_xmlv1p2", href=path)
        _add(resource, "file", href=path)
    return manifest


def _object_bank(ident: str, title: str, here: Iterable[Question]) -> Xml.Element:
    root = Xml.Element("questestinterop", {
        "xmlns": QTI, "xmlns:xsi": INSTANCE,
        "xsi:schemaLocation": f"{QTI} http://www.imsglobal.org/xsd/ims_qtiasiv1p2p1.xsd",
    })  # fmt: skip
    bank = _add(root, "objectbank", ident=ident)
    _fields(bank, bank_title=title)
    for question in here:
        _item(bank, question)
    return root


def _fields(parent: Xml.Element, **values: str) -> None:
    metadata = _add(parent, "qtimetadata")
    for label, entry in values.items():
        field = _add(metadata, "qtimetadatafield")
        _add(field, "fieldlabel", label)
        _add(field, "fieldentry", entry)


def _item(bank: Xml.Element, question: Question) -> None:
    item = _add(bank, "item", ident=question.ident, title=question.name)
    metadata = _add(item, "itemmetadata")
    _fields(metadata, question_type="multiple_choice_question", points_possible="1")
    presentation = _add(item, "presentation")
    _material(presentation, f"<p>{_markup(question.text)}</p>")
    lid = _add(presentation, "response_lid", ident=RESPONSE, rcardinality="Single")
    choices = _add(lid, "render_choice", shuffle="Yes")
    for option in question.options:
        _material(_add(choices, "response_label", ident=option.ident), _markup(option.text))
    processing = _add(item, "resprocessing")
    outcomes = _add(processing, "outcomes")
    _add(outcomes, "decvar", varname="SCORE", vartype="Decimal", minvalue="0", maxvalue="100")
    # As Canvas writes its own: what is said to everybody, then to each choice, then the score.
    _condition(processing, None, shows="general_fb")
    for option in question.options:
        _condition(processing, option, shows=f"{option.ident}_fb")
    right = next(option for option in question.options if option.is_right)
    _condition(processing, right, goes_on=False)
    _feedback(item, "general_fb", question.about)
    for option in question.options:
        _feedback(item, f"{option.ident}_fb", option.feedback)


def _material(parent: Xml.Element, markup: str) -> None:
    _add(_add(parent, "material"), "mattext", markup, texttype="text/html")


def _condition(
    processing: Xml.Element, option: Option | None, shows: str = "", goes_on: bool = True
) -> None:
    """Add what happens if `option` is chosen, or for any choice: words to show, or the score."""
    condition = _add(processing, "respcondition")
    condition.set("continue", "Yes" if goes_on else "No")
    test = _add(condition, "conditionvar")
    if option:
        _add(test, "varequal", option.ident, respident=RESPONSE)
    else:
        _add(test, "other")
    if shows:
        _add(condition, "displayfeedback", feedbacktype="Response", linkrefid=shows)
    else:
        _add(condition, "setvar", "100", action="Set", varname="SCORE")


def _feedback(item: Xml.Element, ident: str, words: str) -> None:
    flow = _add(_add(item, "itemfeedback", ident=ident), "flow_mat")
    _material(flow, f"<p>{_markup(words)}</p>")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return the files in a zip, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)  # dated 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
