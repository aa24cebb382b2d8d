"""The pages of a grading: feedback for a student, answers to mark, and the class report.

Each is one file that asks for nothing from outside, says so in its content security policy, and
escapes whatever a student wrote. Only the form for marks has a script, which the policy names by
its digest. Pictures are shown only if they are sound PNGs.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from PIL import Image

from belgrade.checks.status import STATUS
from belgrade.grading.marks import FIXED, MARKED, criteria_of, number_in, steps_of
from belgrade.grading.names import clean
from belgrade.grading.tables import FAILED, FORMULA, GRADED, MISSING, Result, tidy
from belgrade.grading.uploads import column_name

LARGEST_PNG = 3_000_000  # bytes
MOST_PIXELS = 20_000_000
MOST_PICTURES = 20  # a question
LONGEST_TEXT = 20_000  # characters of an output
COMMONEST = 10
TENS = range(0, 100, 10)
TEMPLATES = Path(__file__).parent / "templates"
GUIDE = Path(__file__).parents[2] / "docs" / "marking-guide.md"


@cache
def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda v: clean(v) if isinstance(v, str) and not isinstance(v, Markup) else v,
    )
    own = (_points, _score, _cut, _shown, _rubric, _who)
    environment.filters |= {function.__name__[1:]: function for function in own}
    environment.filters |= {"line": partial(clean, keep=""), "word": lambda key: STATUS[key][1]}
    return environment


def _page(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(statuses=STATUS, **values)


def feedback(result: Result, title: str = "") -> str:
    """Return the page of feedback on one result, as HTML."""
    asked = result["questions"] if result["state"] != FAILED else []
    questions = [q | {"parts": _parts(q), "mark": q.get("mark")} for q in asked]
    return _page("feedback.html", r=result, title=title, questions=questions)


def _parts(q: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a question with their names, and a mark in place of its text's part."""
    parts, mark = [], q.get("mark")
    for part in q.get("parts") or []:
        name = part["part"]
        if name == "written":
            by_hand = {**mark, "status": MARKED, "message": ""} if mark else {}
            parts.append(part | by_hand | {"name": "Your text"})
        elif part.get("hidden"):
            name = {"again": "other settings", "b": "other inputs"}.get(name, name)
            parts.append(part | {"name": f"Hidden check: {name}" if name else "Hidden check"})
        else:
            parts.append(part | {"name": name or "Your answer"})
    return parts


def _score(of: Mapping[str, Any]) -> str:
    if not of["max_points"] and of.get("pending_points"):
        return f"up to {_points(of['pending_points'])}"
    return f"{_points(of['points'])} of {_points(of['max_points'])}"


def _points(number: float) -> str:
    return f"{tidy(number):g}"


def _shown(q: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a question's code showed, as it goes into the page."""
    for output in [o for o in q.get("outputs") or [] if isinstance(o, dict)][:MOST_PICTURES]:
        if output.get("kind") != "png":
            yield {"kind": output.get("kind"), "text": _cut(output.get("text"))}
        elif picture := sound_png(output.get("data")):
            data, width, height = picture
            yield {"kind": "png", "data": data, "width": width, "height": height}
        else:
            yield {"kind": "text", "text": "(A picture that cannot be shown.)"}


def _cut(text: Any) -> str:
    text = clean(re.sub(r"\x1b\[[0-9;]*m", "", str(text or ""))).strip("\n")
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}\n… (cut here)"


def sound_png(data: Any) -> tuple[str, int, int] | None:
    """Return (base64, width, height) of a PNG in base64 that is one and not too large, else None.

    It is not unpacked, only walked through. What follows the end of the picture is dropped.
    """
    if not isinstance(data, str) or len(data) > LARGEST_PNG * 2:
        return None
    try:
        raw = base64.b64decode("".join(data.split()), validate=True)
        with io.BytesIO(raw) as file, Image.open(file, formats=["PNG"]) as picture:
            size = picture.size
            picture.verify()
            end = file.tell() + 4  # the last chunk's checksum
    except (ValueError, OSError, SyntaxError, Image.DecompressionBombError):
        return None
    if len(raw) > LARGEST_PNG or end > len(raw) or size[0] * size[1] > MOST_PIXELS:
        return None
    return base64.b64encode(raw[:end]).decode("ascii"), *size


# The parameters are what stands in the page.
def marking(
    exercise: str,
    title: str,
    header: Sequence[str],
    answers: Iterable[dict[str, Any]],
    rubrics: Mapping[str, str],
    kept: str,
    tutor: int = 0,
) -> str:
    """Return the form to mark written answers in.

    `answers` have a `title`, whether they are `common` to all tutors, and what stands in the row of
    the sheet with this `header`. The browser keeps what is entered under the name `kept`, and saves
    it as a sheet. Answers stand in the order of their digests, which does not say whose they are.
    """
    from markupsafe import Markup

    questions: dict[str, dict[str, Any]] = {}
    count = 0
    for count, one in enumerate(sorted(answers, key=_order), 1):
        name, most = one["question"], one["max_points"]
        rubric = rubrics.get(name, "")
        if name not in questions:
            samples = _samples(rubric)
            questions[name] = {"rubric": rubric, "samples": samples, "most": most, "answers": []}
        criteria = []
        for row, limit in criteria_of(rubric).items():
            entered = number_in(one[row])
            steps = set(steps_of(rubric, min(limit, most)))
            if entered is not None:
                steps.add(entered)
            criteria.append((row, sorted(steps), entered))
        fixed = {column: one[column] for column in FIXED if column != "text"}
        more = {"number": count, "criteria": criteria, "fixed": fixed}
        questions[name]["answers"].append(one | more)
    script = Markup((TEMPLATES / "marking.js").read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    columns = [column for column in header if column != "text"] + ["tutor"] * bool(tutor)
    return _page(
        "marking.html",
        exercise=exercise,
        title=title,
        questions=questions,
        count=count,
        tutor=tutor,
        kept=kept,
        script=script,
        digest=digest,
        columns=columns,
        formula=FORMULA.pattern,
        file=f"{exercise}_marks{f'_tutor_{tutor}' if tutor else ''}.csv",
    )


def _order(answer: Mapping[str, Any]) -> tuple[Any, ...]:
    return answer["question"], not answer["common"], answer["answer_id"]


def _samples(rubric: str) -> list[tuple[str, str]]:
    """Return the marking guide's answers by this very rubric: (what they get, Markdown)."""
    guide = GUIDE.read_text(encoding="utf-8") if rubric.strip() and GUIDE.exists() else ""
    after = guide.partition(rubric.strip())[2] if guide else ""
    parts = re.split(r"^\*\*(\w+ · .* of \d+)\*\*", after.split("\n## ")[0], flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _rubric(text: str) -> Any:
    """Return a rubric of the answer key as HTML; its own tags are shown as text."""
    import mistune
    from markupsafe import Markup

    html = str(mistune.create_markdown(escape=True, plugins=["table"])(text))
    html = html.replace("<th></th>", "<td></td>").replace("<th>", '<th scope="col">')
    return Markup(html)


def alike(exercises: Mapping[str, Sequence[Any]]) -> str:
    """Return the page on pairs whose code is alike, `exercises` as `alike.alike` returns them."""
    return _page("alike.html", exercises=exercises)


def class_report(results: list[Result], titles: Mapping[str, str] | None = None) -> str:
    """Return the report on the class, as HTML: `results` with those of state "missing"."""
    numbers = sorted({r["exercise"] for r in results if r["exercise"]})
    exercises = [
        _exercise(n, (titles or {}).get(n, ""), [r for r in results if r["exercise"] == n])
        for n in numbers
    ]
    lost = (r for r in results if r["state"] == FAILED)
    failed = [[_who(r), r["exercise"] or "not recognised", r["file"], r["reason"]] for r in lost]
    absent = [[_who(r), r["exercise"] or ""] for r in results if r["state"] == MISSING]
    strangers = [
        [_who(r), r["exercise"] or "not recognised", r["file"], " ".join(r.get("doubts", []))]
        for r in results
        if r.get("is_stranger")
    ]
    return _page(
        "report.html",
        exercises=exercises,
        summary=summary(results),
        failed=failed,
        missing=absent,
        strangers=strangers,
    )


def summary(results: list[Result]) -> str:
    """Return how many submissions were graded, failed, are missing, and wait, in a sentence."""
    count = Counter(r["state"] for r in results)
    waiting = sum(bool(r["pending_points"]) for r in results)
    parts = [f"{count[GRADED]} graded"]
    parts += [f"{count[FAILED]} could not be graded"] * bool(count[FAILED])
    parts += [f"{count[MISSING]} not handed in"] * bool(count[MISSING])
    parts += [f"{waiting} with written answers that wait for marks"] * bool(waiting)
    strangers = sum(bool(r.get("is_stranger")) for r in results)
    parts += [f"{strangers} of nobody on the roster"] * bool(strangers)
    return ", ".join(parts) + "."


def _exercise(number: str, title: str, mine: list[Result]) -> dict[str, Any]:
    """Return what the report says of an exercise: a sentence, and the numbers of its tables."""
    graded = [r for r in mine if r["state"] == GRADED]
    shares = [100 * r["points"] / r["max_points"] if r["max_points"] else 0.0 for r in graded]
    text, tenths = summary(mine), Counter(min(max(int(share // 10), 0), 9) for share in shares)
    if graded:
        text += (
            f" Of the points that are marked so far, the mean is {statistics.mean(shares):.0f}%, "
            f"the median {statistics.median(shares):.0f}%, from {min(shares):.0f}% to "
            f"{max(shares):.0f}%; {sum(share < 50 for share in shares)} have less than half. "
            f"Running the answers took {sum(r['seconds'] for r in graded):.0f} s in all."
        )
    counts: dict[str, Counter[str]] = {}
    for q in (q for r in graded for q in r["questions"]):
        counts.setdefault(f"{q['question']} {q['title']}", Counter())[q["status"]] += 1

    def hardest(item: tuple[str, Counter[str]]) -> tuple[float, str]:
        # What people mark is right or wrong for nobody: it comes last.
        name, of_it = item
        by_hand = of_it["pending"] or of_it[MARKED]
        return 2 if by_hand else of_it["right"] / of_it.total(), name

    tens = [(f"{n} to {'' if n == 90 else 'under '}{n + 10}%", tenths[n // 10]) for n in TENS]
    return {
        "heading": column_name(number, {number: title}),
        "summary": text,
        "tenths": tens if graded else [],
        "questions": sorted(counts.items(), key=hardest),
        "mistakes": common_mistakes(graded),
        "present": [key for key in STATUS if any(of_it[key] for of_it in counts.values())],
    }


def common_mistakes(graded: list[Result]) -> list[tuple[str, str, int]]:
    """Return the commonest messages on answers that are not right: (question, message, count).

    Messages that differ only in numbers count as one, and the first of them is shown.
    """
    counts: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], str] = {}
    for q in (q for r in graded for q in r["questions"]):
        if q["status"] in ("close", "not_yet", "error") and q["message"]:
            message = clean(q["message"])
            key = q["question"], re.sub(r"\d+([.,]\d+)*", "#", message)
            counts[key] += 1
            first.setdefault(key, message)
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:COMMONEST]
    return [(key[0], first[key], n) for key, n in most]


def _who(result: Result) -> str:
    name, student = result["name"], result["student"]
    return f"{name} ({student})" if name and name != student else student
