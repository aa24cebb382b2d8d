"""What happens when a student runs a check: capture, judge, show; and the same under nbval."""

from __future__ import annotations

import dataclasses
import difflib
import html
import os
import sys
from typing import TYPE_CHECKING, Any

from belgrade.checks import blanks, versions
from belgrade.checks.compiled import ChecksError
from belgrade.checks.judge import CLOSE, ERROR, NOT_YET, RIGHT, Verdict, error_message, judge
from belgrade.checks.notebook_file import NotFound, notebook_file
from belgrade.checks.record import bundle, captured_or_error, publish
from belgrade.checks.stale import UNRUN, watch
from belgrade.checks.status import STATUS, box

if TYPE_CHECKING:
    from belgrade.checks.capture import Captured
    from belgrade.checks.compiled import Compiled
    from belgrade.checks.examine import Report
    from belgrade.checks.spec import Spec

_hints_shown: dict[str, int] = {}


def check(
    question: object, answer: object, inputs: list[Any] | None = None, part: str = ""
) -> None:
    """Judge `answer` at once against the packed data and show one output; never raises."""
    if step := blanks.steps().get(str(question)):
        return _line(step, answer)
    captured, version = None, ""
    try:
        compiled, why = versions.compiled_for(str(question))
        version = compiled["version"]
        runs = watch()
        if why := why or (runs.doubt(str(question)) if runs else ""):
            raise ChecksError(why)
        entry = _entry(compiled, str(question), part)
        captured = captured_or_error(answer, entry["spec"], inputs)
        verdict = judge(entry["spec"], entry["reference"], captured)
        if entry["spec"].get("hints"):
            more = f'Not clear? Run hint("{question}").'
            verdict = _with_next_step(verdict, entry["spec"], more)
    except ChecksError as error:
        verdict = Verdict(ERROR, 0, 0, str(error))
    except Exception as error:
        verdict = Verdict(ERROR, 0, 0, f"The check itself failed ({type(error).__name__}).")
    drawn = chart_in_words(captured) if captured else ""
    page, text = _rendered(str(question), verdict, drawn)
    publish(bundle(question, part, captured, version), f"<div>{page}{UNRUN}</div>", text)


def _with_next_step(verdict: Verdict, spec: Spec, words: str) -> Verdict:
    """Return a verdict that says what to do where it says only what is wrong."""
    known = [wrong["message"] for wrong in spec.get("wrong", [])]
    if verdict.status not in (NOT_YET, CLOSE) or verdict.message in known:
        return verdict
    return dataclasses.replace(verdict, message=f"{verdict.message} {words}")


def _line(step: Spec, answer: object) -> None:
    """Judge a line of a lesson that was filled in, and show what it gave; never raises."""
    from IPython import get_ipython
    from IPython.display import display

    try:
        captured = captured_or_error(answer, step, None)
        verdict = judge(step, blanks.reference(step, get_ipython().user_ns), captured)
    except Exception:
        words = "The cells above are needed first: run them from the top, then this one."
        verdict = Verdict(ERROR, 0, 0, words)
    verdict = _with_next_step(verdict, step, step["hint"])
    if verdict.status == RIGHT and step["kind"] == "table":
        display(answer)
    elif verdict.status == RIGHT and step["kind"] in ("number", "list"):
        verdict = dataclasses.replace(verdict, message=f"You have {answer}.")
    page, text = _rendered(step["question"], verdict, what="line")
    publish({}, f"<div>{page}</div>", text)


def hint(question: object) -> None:
    """Show the next hint to a question; the first again after the last."""
    question = str(question)
    try:
        compiled, why = versions.compiled_for(question)
        if why:
            raise ChecksError(why)
        written = {spec["question"]: spec for spec in compiled["written"]}
        spec = written.get(question) or _entry(compiled, question, "")["spec"]
    except ChecksError as error:
        return publish({}, f"<p>{html.escape(str(error))}</p>", str(error))
    hints = spec.get("hints", [])
    if not hints:
        text = f"There is no hint to question {question}: read the prompt and the lesson again."
        return publish({}, f"<p>{text}</p>", text)
    step = _hints_shown.get(question, 0) % len(hints)
    _hints_shown[question] = step + 1
    head = f"Hint {step + 1} of {len(hints)} to question {question}"
    body = html.escape(hints[step])
    page = box("pending", f"<strong>? {head}.</strong> {body}")
    return publish({}, page, f"{head}: {hints[step]}")


def check_notebook(exercise: object) -> None:
    """Show a table of all questions of the exercise, from the notebook as it is saved."""
    if os.environ.get("BELGRADE_EXAM"):
        return  # the notebook is being examined already
    from belgrade.checks import examine  # it takes a second, and `check` does without

    exercise = str(exercise).zfill(2)
    try:
        if sys.platform == "emscripten":  # no second process in the browser
            report = _in_kernel(exercise)
        else:
            report = examine.check(exercise, notebook_file())
        publish({}, _page(report), examine.as_text(report))
    except (ChecksError, NotFound, examine.ExamineError) as error:
        publish({}, box("error", html.escape(str(error))), str(error))


def _in_kernel(exercise: str) -> Report:
    """Judge what the names in this kernel hold now: where no second process can be started."""
    from IPython import get_ipython

    from belgrade.checks import examine

    compiled, _ = versions.compiled_here(exercise)
    space, verdicts = dict(get_ipython().user_ns), {}

    def check(
        question: object, answer: object, inputs: list[Any] | None = None, part: str = ""
    ) -> None:
        entry = _entry(compiled, str(question), part)
        verdicts[question, part] = judge(
            entry["spec"], entry["reference"], captured_or_error(answer, entry["spec"], inputs)
        )

    for cell in compiled["notebook"]["cells"]:
        about = cell["metadata"].get("belgrade", {})
        if about.get("role") == "check":
            try:
                exec(cell["source"], space | {"check": check})
            except Exception as error:
                words = error_message(f"{type(error).__name__}: {error}")
                verdict = Verdict(ERROR, 0, 1, words)
                verdicts[about["question"], about.get("part", "")] = verdict
    note = (
        "Judged in this kernel, since nbval cannot run in the browser, and as the names stand now: "
        "run all cells first."
    )
    records = [
        {"question": q, "part": part, **vars(verdict)} for (q, part), verdict in verdicts.items()
    ]
    return examine.report_of(compiled, records, [note])


def _entry(compiled: Compiled, question: str, part: str) -> dict[str, Any]:
    for entry in compiled["checks"]:
        if entry["question"] == question and entry["part"] == part:
            return entry
    known = sorted({entry["question"] for entry in compiled["checks"]})
    near = difflib.get_close_matches(question, known, n=1, cutoff=0)
    raise ChecksError(
        f"Exercise {compiled['exercise']} has no question {question!r} to check; "
        f"the nearest is {near[0] if near else 'none'}."
    )


def chart_in_words(captured: Captured) -> str:
    """Return a sentence or two on what a captured chart holds, or "" if it holds nothing.

    For readers who do not see the picture, and for all to compare it with what they meant to draw.
    """
    sentences = []
    for axes in captured.get("axes", []):
        for number, series in enumerate(axes["series"], 1):
            points = [
                (y, x)
                for x, y in zip(series["x"], series["y"], strict=True)
                if isinstance(y, int | float)
            ]
            if not points:
                continue
            name = series["label"] or f"series {number}"
            head = f"{name} ({MARK_NAMES[series['mark']]})"
            if len(points) <= 8:
                sentences.append(f"{head}: " + ", ".join(f"{_brief(x)} {y:.3g}" for y, x in points))
            else:
                low, high = min(points, key=_height), max(points, key=_height)
                sentences.append(
                    f"{head}: {len(points)} values, lowest {low[0]:.3g} at {_brief(low[1])}, "
                    f"highest {high[0]:.3g} at {_brief(high[1])}"
                )
    titles = "; ".join(axes["title"] for axes in captured.get("axes", []) if axes["title"])
    if not sentences:
        return ""
    return f"Your chart{f' “{titles}”' if titles else ''} in words. {'; '.join(sentences)}."


MARK_NAMES = {
    "bar": "bars",
    "barh": "bars",
    "line": "line",
    "scatter": "points",
    "hist": "histogram",
}


def _height(point: tuple[float, object]) -> float:
    return point[0]


def _brief(x: float | str) -> str:
    return x if isinstance(x, str) else f"{x:g}"


def _rendered(
    question: str, verdict: Verdict, drawn: str = "", what: str = "question"
) -> tuple[str, str]:
    """Return a verdict as HTML and as text, with what a chart shows below it."""
    sign, word, *_ = STATUS[verdict.status]
    message = "" if verdict.message == f"{word}." else verdict.message
    page = f"<strong>{sign} {word}</strong> · {what} {html.escape(question)}"
    text = f"{sign} {word} · {what} {question}"
    if message:
        page, text = f"{page}<br>{html.escape(message)}", f"{text}\n{message}"
    if drawn:
        page, text = f"{page}<br><small>{html.escape(drawn)}</small>", f"{text}\n{drawn}"
    return box(verdict.status, page), text


def _page(report: Report) -> str:
    """Return a report on a whole notebook as an HTML table."""
    rows = []
    for row in report["questions"]:
        sign, word, back, edge = STATUS[row["status"]]
        cells = [row["question"], row["title"], None, f"{row['points']:g} of {row['max_points']:g}"]
        style = (
            f"background:{back};color:#1a1a1a;border-left:5px solid {edge};"
            "text-align:left;white-space:nowrap"
        )
        status = f'<td style="{style}"><strong>{sign} {word}</strong></td>'
        inner = "".join(
            status if c is None else f'<td style="text-align:left">{html.escape(c)}</td>'
            for c in [*cells, row["message"]]
        )
        rows.append(f"<tr>{inner}</tr>")
    head = "".join(
        f'<th scope="col" style="text-align:left">{h}</th>'
        for h in ("Question", "Title", "Status", "Points", "What to do")
    )
    notes = "".join(f"<li>{html.escape(n)}</li>" for n in report["notes"])
    return (
        f"<table><caption>Exercise {report['exercise']}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table><p>{html.escape(report['next'])}</p><ul>{notes}</ul>"
    )
