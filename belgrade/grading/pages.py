"""The pages of a grading: feedback for a student, answers to mark, and the class report.

Each is one file without scripts that asks for nothing from outside, says so in its content security
policy, and escapes whatever a student wrote. Pictures are shown only if they are sound PNGs.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from belgrade.checks.words import STATUS
from belgrade.grading import pictures
from belgrade.grading.marks import written_answers
from belgrade.grading.names import clean
from belgrade.grading.tables import FAILED, MISSING, Result, tidy

PNG = b"\x89PNG\r\n\x1a\n"
LARGEST_PNG = 3_000_000  # bytes
MOST_PIXELS = 20_000_000
MOST_PICTURES = 20  # a question
LONGEST_TEXT = 20_000  # characters of an output
COMMONEST = 10


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates", encoding="utf-8"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _page(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(statuses=STATUS, **values)


# --- feedback -----------------------------------------------------------------------------------


def feedback(result: Result, title: str = "") -> str:
    """Return the page of feedback on one result, as HTML."""
    return _page(
        "feedback.html",
        exercise=result["exercise"] or "(not recognised)", title=clean(title),
        who=clean(result["name"] or result["student"], keep=""),
        file=clean(result["file"], keep=""),
        reason=clean(result["reason"]), points=_points(result["points"]),
        max_points=_points(result["max_points"]),
        pending=_points(result["pending_points"]) if result["pending_points"] else "",
        questions=[_question(q) for q in result["questions"] if result["state"] != FAILED],
        notes=[clean(note) for note in result["notes"]], master=clean(result["master"]),
    )  # fmt: skip


def _question(q: Mapping[str, Any]) -> dict[str, Any]:
    parts = [
        {
            "name": _part_name(part), "status": part["status"], "message": clean(part["message"]),
            "score": f"{_points(part['points'])} of {_points(part['max_points'])}",
        }
        for part in q.get("parts") or []
    ]  # fmt: skip
    mark = q.get("mark")
    if mark:
        for part, raw in zip(parts, q["parts"], strict=True):
            if raw["part"] == "written":
                part |= {"status": _of_mark(mark), "message": "", "score": _score(mark)}
    message = clean(q["message"])
    return {
        "question": clean(q["question"]), "title": clean(q["title"]), "status": q["status"],
        "score": _score(q), "message": message, "parts": parts,
        "waits": _points(q["pending_points"]) if q["pending_points"] else "",
        "mark": mark and {
            "score": _score(mark), "comment": clean(mark["comment"]),
            "criteria": {clean(k): _points(v) for k, v in mark["criteria"].items()},
        },
        "written": clean(q.get("written") or ""), "code": _cut(q.get("code") or "").strip("\n"),
        "outputs": [_output(o, clean(q["question"]), message) for o in _some(q)],
    }  # fmt: skip


def _some(q: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [o for o in q.get("outputs") or [] if isinstance(o, dict)][:MOST_PICTURES]


def _of_mark(mark: Mapping[str, Any]) -> str:
    if mark["points"] >= mark["max_points"]:
        return "right"
    return "close" if mark["points"] > 0 else "not_yet"


def _score(of: Mapping[str, Any]) -> str:
    if not of["max_points"] and of.get("pending_points"):
        return f"up to {_points(of['pending_points'])}"
    return f"{_points(of['points'])} of {_points(of['max_points'])}"


def _points(number: float) -> str:
    return f"{tidy(number):g}"


def _part_name(part: Mapping[str, Any]) -> str:
    name = clean(part["part"]) or ("Hidden check" if part.get("hidden") else "Your answer")
    if part["part"] == "written":
        return "Your text"
    return f"Hidden check: {name}" if part.get("hidden") and part["part"] else name


def _output(output: Mapping[str, Any], question: str, message: str) -> dict[str, Any]:
    if output.get("kind") == "png":
        picture = sound_png(output.get("data"))
        if picture is None:
            return {"kind": "text", "text": "(A picture that cannot be shown.)"}
        data, width, height = picture
        words = f" {message}" if message else ""
        return {
            "kind": "png", "data": data, "width": width, "height": height,
            "alt": f"Chart drawn by your answer to {question}.{words}",
        }  # fmt: skip
    text = _cut(str(output.get("text", ""))).strip("\n")
    return {"kind": "error" if output.get("kind") == "error" else "text", "text": text}


def _cut(text: str) -> str:
    text = clean(re.sub(r"\x1b\[[0-9;]*m", "", str(text)))
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}\n… (cut here)"


def sound_png(data: Any) -> tuple[str, int, int] | None:
    """Return (base64, width, height) of a PNG in base64 that is one and not too large, else None.

    What follows the end of the picture is dropped. PNG Specification, third edition, 5.2 to 5.6.
    """
    if not isinstance(data, str) or len(data) > LARGEST_PNG * 2:
        return None
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(PNG) or len(raw) > LARGEST_PNG:
        return None
    at, size = len(PNG), None
    while at + 12 <= len(raw):
        length, kind = struct.unpack_from(">I4s", raw, at)
        end = at + 12 + length
        if end > len(raw) or zlib.crc32(raw[at + 4 : end - 4]) != struct.unpack_from(
            ">I", raw, end - 4
        )[0]:  # fmt: skip
            return None
        if size is None:
            if kind != b"IHDR" or length != 13:
                return None
            size = struct.unpack_from(">II", raw, at + 8)
            if not 0 < size[0] * size[1] <= MOST_PIXELS:
                return None
        if kind == b"IEND":
            return base64.b64encode(raw[:end]).decode("ascii"), *size
        at = end
    return None


# --- answers to mark ----------------------------------------------------------------------------


def marking(
    results: list[Result], exercise: str, sheet: str, title: str, rubrics: Mapping[str, str]
) -> str:
    """Return the page to read beside a marking sheet: rubrics, and the answers below each."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for answer in written_answers(results, exercise):
        groups.setdefault(answer["question"], []).append(answer)
    questions = [
        {
            "question": name, "title": clean(answers[0]["title"]),
            "max_points": _points(answers[0]["max_points"]), "rubric": _rubric(rubrics.get(name)),
            "answers": [
                {
                    "student": clean(a["student"], keep=""), "text": clean(a["text"]),
                    "words": len(a["text"].split()), "mark": a["mark"] and _score(a["mark"]),
                }
                for a in answers
            ],
        }
        for name, answers in groups.items()
    ]  # fmt: skip
    return _page("marking.html", exercise=exercise, title=title, sheet=sheet, questions=questions)


def _rubric(text: str | None) -> Any:
    """Return a rubric of the answer key as HTML; its own tags are shown as text."""
    if not text:
        return ""
    import mistune
    from markupsafe import Markup

    html = mistune.create_markdown(escape=True, plugins=["table"])(text)
    html = html.replace("<th></th>", "<td></td>").replace("<th>", '<th scope="col">')
    return Markup(html)


# --- the class ----------------------------------------------------------------------------------


def class_report(results: list[Result], titles: Mapping[str, str] | None = None) -> str:
    """Return the report on the class, as HTML: `results` with those of state "missing"."""
    titles = titles or {}
    numbers = sorted({r["exercise"] for r in results if r["exercise"]})
    exercises = [_exercise(n, titles.get(n, ""), results) for n in numbers]
    failed = [
        [_who(r), r["exercise"] or "not recognised", clean(r["file"], keep=""), clean(r["reason"])]
        for r in results if r["state"] == FAILED
    ]  # fmt: skip
    absent = [[_who(r), r["exercise"] or ""] for r in results if r["state"] == MISSING]
    return _page(
        "report.html", exercises=exercises, summary=summary(results),
        failed=_table("Files and reasons", ["Student", "Exercise", "File", "Why"], failed),
        missing=_table("Enrolled students without a file", ["Student", "Exercise"], absent),
    )  # fmt: skip


def summary(results: list[Result]) -> str:
    """Return how many submissions were graded, failed, are missing, and wait, in a sentence."""
    count = Counter(r["state"] for r in results)
    waiting = sum(bool(r["pending_points"]) for r in results)
    said = [f"{count['graded']} graded"]
    said += [f"{count[FAILED]} could not be graded"] * bool(count[FAILED])
    said += [f"{count[MISSING]} not handed in"] * bool(count[MISSING])
    said += [f"{waiting} with written answers that wait for marks"] * bool(waiting)
    return ", ".join(said) + "."


def _exercise(number: str, title: str, results: list[Result]) -> dict[str, Any]:
    mine = [r for r in results if r["exercise"] == number]
    graded = [r for r in mine if r["state"] == "graded"]
    heading = f"Exercise {number}: {title}" if title else f"Exercise {number}"
    sections = []
    if graded:
        sections = [_distribution(graded), _hardest(graded)]
        if turns := wrong_turns(graded):
            sections.append(_wrong_turns(turns))
    return {"heading": heading, "numbers": _numbers(mine, graded), "sections": sections}


def _numbers(mine: list[Result], graded: list[Result]) -> str:
    if not graded:
        return summary(mine)
    shares = sorted(share_pct(r) for r in graded)
    middle = len(shares) // 2
    median = shares[middle] if len(shares) % 2 else (shares[middle - 1] + shares[middle]) / 2
    seconds = sum(r["seconds"] for r in graded)
    return (
        f"{summary(mine)} Of the points that are marked so far, the mean is "
        f"{sum(shares) / len(shares):.0f}%, the median {median:.0f}%, from {shares[0]:.0f}% to "
        f"{shares[-1]:.0f}%. Running the answers took {seconds:.0f} s in all."
    )


def share_pct(result: Result) -> float:
    """Return how much of the points marked so far a result has, in percent."""
    return 100 * result["points"] / result["max_points"] if result["max_points"] else 0.0


def _distribution(graded: list[Result]) -> dict[str, Any]:
    counts = pictures.in_tenths([share_pct(r) for r in graded])
    rows = [[pictures.TENTHS[i], n] for i, n in enumerate(counts)]
    return {
        "title": "Marks", "picture": pictures.distribution(counts),
        "table": _table("Students by share of the points", ["Share", "Students"], rows, (1,)),
    }  # fmt: skip


def _hardest(graded: list[Result]) -> dict[str, Any]:
    titles: dict[str, str] = {}
    counts: dict[str, Counter] = {}
    for result in graded:
        for q in result["questions"]:
            titles[q["question"]] = clean(q["title"])
            counts.setdefault(q["question"], Counter())[q["status"]] += 1
    # A question with answers that wait for a mark is neither hard nor easy yet: it comes last.
    order = sorted(
        counts,
        key=lambda q: (2 if counts[q]["pending"] else counts[q]["right"] / counts[q].total(), q),
    )
    present = [key for key in STATUS if any(counts[q][key] for q in counts)]
    rows = [[f"{q} {titles[q]}", *(counts[q][key] for key in present)] for q in order]
    head = ["Question", *(STATUS[key][1] for key in present)]
    return {
        "title": "Questions, the hardest first",
        "picture": pictures.stacked({q: counts[q] for q in order}, present),
        "table": _table("Answers by question", head, rows, tuple(range(1, len(head)))),
    }  # fmt: skip


def wrong_turns(graded: list[Result]) -> list[tuple[str, str, int]]:
    """Return the commonest messages on answers that are not right: (question, message, count).

    Messages that differ only in numbers count as one, and the first of them is shown.
    """
    counts: Counter = Counter()
    first: dict[tuple[str, str], str] = {}
    for result in graded:
        for q in result["questions"]:
            if q["status"] in ("close", "not_yet", "error") and q["message"]:
                message = clean(q["message"])
                key = q["question"], re.sub(r"\d+([.,]\d+)*", "#", message)
                counts[key] += 1
                first.setdefault(key, message)
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
    return [(key[0], first[key], n) for key, n in most]


def _wrong_turns(turns: list[tuple[str, str, int]]) -> dict[str, Any]:
    letters = [f"{q}{chr(97 + i)}" for i, (q, _, _) in enumerate(turns)]
    rows = [
        [letter, message, n] for letter, (_, message, n) in zip(letters, turns, strict=True)
    ]  # fmt: skip
    return {
        "title": "Commonest wrong turns",
        "picture": pictures.wrong_turns(letters, turns),
        "table": _table("What the answers were told", ["Which", "Message", "Answers"], rows, (2,)),
    }  # fmt: skip


def _table(caption: str, header: list[str], rows: list[list[Any]], numbers: tuple = ()) -> dict:
    return {"caption": caption, "header": header, "rows": rows, "numbers": numbers}


def _who(result: Result) -> str:
    name, student = clean(result["name"], keep=""), clean(result["student"], keep="")
    return f"{name} ({student})" if name and name != student else student
