"""What a student commits to before and after seeing the evidence: guesses, verdicts, answers.

Entries live in one JSON file, `my_work/journal.json`, or in the folder that the environment
variable `BELGRADE_WORK` names. Every write reads the file again under a lock, so that two
notebooks open at once do not overwrite each other, and replaces it in one step, so that a crash or
a full disk leaves the old file whole. Where nothing can be written, entries stay in memory and a
word says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade import files
from belgrade.display import escape, show_widget, status

if TYPE_CHECKING:
    import pandas as pd

VERDICTS = ("supported", "complicated", "contradicted")
# Answers to a forecast, in words and as a probability. Nothing is certain, so 0 and 1 are missing.
PROBABILITIES = {
    "almost surely not (5%)": 0.05,
    "probably not (25%)": 0.25,
    "could go either way (50%)": 0.5,
    "probably (75%)": 0.75,
    "almost surely (95%)": 0.95,
}
FORMAT = 1

_memory: dict[str, dict[str, Any]] = {}


class Damaged(ValueError):
    """Raised for a text that is not a journal's."""

    def _render_traceback_(self) -> list[str]:
        """Show students the sentence alone: IPython prints these lines in place of a traceback."""
        return [f"Damaged: {self}"]


def module() -> Path:
    """Return the nearest folder upwards that has `notebooks/` or `exercises/`, else this one."""
    here = Path.cwd()
    for place in (here, *here.parents):
        if (place / "notebooks").is_dir() or (place / "exercises").is_dir():
            return place
    return here


def folder() -> Path:
    """Return the folder of the journal; it need not exist yet.

    It is the one that `BELGRADE_WORK` names, else `my_work/` in the module's folder.
    """
    if named := os.environ.get("BELGRADE_WORK"):
        return Path(named)
    return module() / "my_work"


def _path() -> Path:
    return folder() / "journal.json"


def parse(text: str) -> dict[str, dict[str, Any]]:
    """Return the entries of a journal's text. Raises `Damaged` where it is none."""
    try:
        content = json.loads(text)
        entries = content["entries"]
        if content["format"] != FORMAT:
            raise Damaged(f"This journal has format {content['format']}, not {FORMAT}.")
        for entry in entries.values():
            if "value" not in entry or not isinstance(entry.get("saved", ""), str):
                raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, Damaged):
            raise
        raise Damaged("This file is not a journal, or it was cut short.") from None
    return entries


def entries() -> dict[str, dict[str, Any]]:
    """Return all entries: key -> {"value": ..., "saved": ISO time in UTC}.

    A damaged file is set aside under another name, not deleted, and the journal starts afresh.
    """
    try:
        return _stored() | _memory
    except OSError:
        return dict(_memory)


def _stored() -> dict[str, dict[str, Any]]:
    """Return what the file holds. Raises `OSError` where it is there but cannot be read."""
    path = _path()
    try:
        content = files.patiently(Path.read_bytes, path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    try:
        return parse(content.decode("utf-8-sig"))
    except (Damaged, UnicodeDecodeError):
        aside = path.with_name(damaged_name())
        files.patiently(os.replace, path, aside)
        print(f"Your journal could not be read. It was kept as {aside.name}; a new one begins.")
        return {}


def damaged_name() -> str:
    """Return the name under which a damaged journal is kept from now on."""
    return f"journal-damaged-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.json"


def _write(changed: dict[str, dict[str, Any]]) -> str:
    """Merge entries into the file. Returns "" or, where it could not be written, the reason."""
    path = _path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with files.locked(path.with_suffix(".lock")):
            files.write_whole(path, _as_bytes(_stored() | _memory | changed))
        _memory.clear()
    except OSError as error:
        _memory.update(changed)
        return error.strerror or str(error)
    return ""


def save(key: str, value: Any) -> str:
    """Keep `value` (anything that JSON can hold) under `key`; return what happened, in words."""
    reason = _write({key: {"value": value, "saved": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}})
    if reason:
        return (
            f"Kept in memory only ({reason}). Before you close this notebook, run `from belgrade "
            "import keep; keep.panel()`, pack your work and download the file."
        )
    return "Saved in my_work/journal.json."


def get(key: str) -> Any:
    """Return what was kept under `key`, or None."""
    return entries().get(key, {}).get("value")


def guess(key: str) -> Any:
    """Return the guess that was committed under `key`, or None."""
    return get(f"guess/{key}")


def codes(key: str) -> dict[str, str]:
    """Return the codes given under `key`: id of the item -> code; {} if there are none."""
    kept = get(f"codes/{key}")
    return dict(kept) if isinstance(kept, dict) else {}


def probabilities(key: str) -> dict[str, float]:
    """Return the probabilities given under `key`: id of the item -> 0 to 1; {} if none."""
    kept = get(f"probabilities/{key}")
    given = kept.items() if isinstance(kept, dict) else ()
    return {item: value for item, value in given if value in PROBABILITIES.values()}


def verdicts() -> pd.DataFrame:
    """Return the verdicts: lesson, verdict, confidence_pct (0 to 100), reason, saved."""
    import pandas as pd

    rows = [
        {"lesson": key.removeprefix("verdict/"), **entry["value"], "saved": entry["saved"]}
        for key, entry in sorted(entries().items())
        if key.startswith("verdict/")
    ]
    return pd.DataFrame(rows, columns=["lesson", "verdict", "confidence_pct", "reason", "saved"])


def ask_guess(
    key: str, question: str, *, unit: str, minimum: float, maximum: float, step: float = 1
) -> None:
    """Show a box for a number and a button that commits it under `key`, in `unit`."""
    import ipywidgets

    whole = all(float(number).is_integer() for number in (minimum, maximum, step))
    box = ipywidgets.BoundedIntText if whole else ipywidgets.BoundedFloatText
    earlier = guess(key)
    field = box(
        value=max(minimum, 0) if earlier is None else earlier,
        min=minimum,
        max=maximum,
        step=step,
        description=f"Your guess ({unit})",
        style={"description_width": "initial"},
        layout={"width": "auto"},
    )
    said = "" if earlier is None else f"You guessed {earlier:g} {unit}. You may change it."
    _form(
        question,
        [field],
        "Commit",
        lambda: f"{save(f'guess/{key}', field.value)} You guessed {field.value:g} {unit}.",
        said,
    )


def ask_verdict(lesson: str, question: str) -> None:
    """Show the form for the verdict on a lesson: verdict, confidence (percent), one sentence."""
    import ipywidgets

    earlier = get(f"verdict/{lesson}") or {}
    wide = {"description_width": "initial"}
    verdict = ipywidgets.RadioButtons(
        description="Verdict",
        options=list(VERDICTS),
        value=earlier.get("verdict") if earlier.get("verdict") in VERDICTS else None,
        style=wide,
    )
    confidence = ipywidgets.BoundedIntText(
        description="Confidence (0 to 100)",
        min=0,
        max=100,
        step=5,
        value=earlier.get("confidence_pct", 50),
        style=wide,
        layout={"width": "auto"},
    )
    reason = ipywidgets.Textarea(
        description="Because",
        placeholder="One sentence: the evidence that weighs most",
        value=earlier.get("reason", ""),
        style=wide,
        layout={"width": "46em", "max_width": "100%"},
    )

    def keep() -> str:
        if verdict.value is None:
            return "Choose a verdict first."
        if not reason.value.strip():
            return "Write one sentence first: which evidence weighs most?"
        value = {
            "verdict": verdict.value,
            "confidence_pct": confidence.value,
            "reason": reason.value.strip(),
        }
        return f"{save(f'verdict/{lesson}', value)} Lesson 08 brings your verdicts together."

    said = "You have a verdict already. You may change it." if earlier else ""
    _form(question, [verdict, confidence, reason], "Save my verdict", keep, said)


def ask_codes(key: str, question: str, items: Mapping[str, str], options: Sequence[str]) -> None:
    """Show `items` (id -> text) one at a time, with a button for each code in `options`.

    Each click keeps the codes so far under `key` and goes on to the next item.
    """
    import ipywidgets
    from IPython.display import display

    ids = list(items)
    texts = {item: text[:1].upper() + text[1:] for item, text in items.items()}
    place = next((at for at, item in enumerate(ids) if item not in codes(key)), len(ids) - 1)
    card = ipywidgets.HTML(layout={"max_width": "46em"})

    def show() -> None:
        code = codes(key).get(ids[place])
        state = f"You coded it {code}." if code else "Not coded yet."
        card.value = (
            '<div role="status" aria-live="polite" style="line-height:1.45;min-height:5.5em">'
            f"<p>{place + 1} of {len(ids)}. {escape(state)}</p>"
            f'<p style="border-left:4px solid #0072B2;padding-left:1em">{escape(texts[ids[place]])}'
            "</p></div>"
        )
        for choice, option in zip(choices, options, strict=True):
            choice.icon = "check" if option == code else ""

    def tally(said: str = "") -> dict[str, str]:
        done = sum(item in codes(key) for item in ids)
        finished = " That was all. Run the next cell." if done == len(ids) else ""
        return status(f"{done} of {len(ids)} coded.{finished} {said}".strip())

    def move(steps: int) -> Callable[[Any], None]:
        def moved(_: Any) -> None:
            nonlocal place
            place = min(max(place + steps, 0), len(ids) - 1)
            show()

        return moved

    def choose(option: str) -> Callable[[Any], None]:
        def chosen(_: Any) -> None:
            nonlocal place
            given = codes(key) | {ids[place]: option}
            said = save(f"codes/{key}", given)
            left = [at for at, item in enumerate(ids) if item not in given]
            place = place + 1 if place + 1 < len(ids) else min(left, default=place)
            show()
            message.update(tally(said), raw=True)

        return chosen

    def button(text: str, act: Callable[[Any], None], **style: str) -> Any:
        made = ipywidgets.Button(description=text, layout={"width": "auto"}, style=style)
        made.on_click(act)
        return made

    choices = [button(option, choose(option), button_color="#d6e6f2") for option in options]
    moves = [button("‹ Back", move(-1)), button("Next ›", move(1))]
    rows = [ipywidgets.HBox(each, layout={"flex_flow": "row wrap"}) for each in (choices, moves)]
    show()
    heading = ipywidgets.HTML(f"<strong>{escape(question)}</strong>")
    listed = "".join(f"<li>{escape(text)}</li>" for text in texts.values())
    how = f"Run this cell to code {len(ids)} items as {', '.join(options[:-1])} or {options[-1]}."
    show_widget(
        ipywidgets.VBox([heading, card, *rows], layout={"align_items": "flex-start"}),
        f"<p><strong>{escape(question)}</strong> {escape(how)}</p><ol>{listed}</ol>",
        "\n".join([f"{question} ({how})", *(f"  {text}" for text in texts.values())]),
    )
    message = display(tally(), raw=True, display_id=True)


def ask_probabilities(key: str, question: str, items: Mapping[str, str]) -> None:
    """Show `items` (id -> text), each with a list of `PROBABILITIES`; a button keeps them.

    They are kept under `key`; items without an answer are left out.
    """
    import ipywidgets

    earlier = probabilities(key)
    lists: dict[str, Any] = {}
    fields: list[Any] = []
    for number, (item, text) in enumerate(items.items(), start=1):
        lists[item] = ipywidgets.Dropdown(
            description=f"Forecast {number}",
            options=[("not answered", 0.0), *PROBABILITIES.items()],
            value=earlier.get(item, 0.0),
            style={"description_width": "initial"},
            layout={"width": "auto"},
        )
        asked = f'<div style="line-height:1.4">{number}. {escape(text)}</div>'
        fields += [ipywidgets.HTML(asked, layout={"max_width": "46em"}), lists[item]]

    def keep() -> str:
        given = {item: each.value for item, each in lists.items() if each.value}
        said = save(f"probabilities/{key}", given)
        return f"{said} {len(given)} of {len(items)} answered."

    said = f"You have answered {len(earlier)}. You may change them." if earlier else ""
    _form(question, fields, "Commit", keep, said, list(items.values()))


def _form(
    question: str,
    fields: list[Any],
    button_text: str,
    act: Callable[[], str],
    said: str,
    items: Sequence[str] = (),
) -> None:
    """Show a question, its fields, and a button whose action returns the sentence to show.

    `items` are the parts of the question, for readers who see it without a kernel.
    """
    import ipywidgets
    from IPython.display import display

    button = ipywidgets.Button(
        description=button_text, layout={"width": "auto"}, style={"button_color": "#d6e6f2"}
    )
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    listed = f"<ol>{listed}</ol>" if items else ""
    show_widget(
        ipywidgets.VBox(
            [ipywidgets.HTML(f"<strong>{escape(question)}</strong>"), *fields, button],
            layout={"align_items": "flex-start"},
        ),
        f"<p><strong>{escape(question)}</strong> Run this cell to answer.</p>" + listed,
        "\n".join([f"{question} (Run this cell to answer.)", *(f"  {item}" for item in items)]),
    )
    message = display(status(said or "Nothing is kept yet."), raw=True, display_id=True)
    button.on_click(lambda _: message.update(status(act()), raw=True))


def checkpoint(*question_ids: str) -> None:
    """Show questions of the bank (table `questions`) with feedback for each option.

    Raises `KeyError` for an id that the bank does not have.
    """
    import ipywidgets
    from IPython.display import display

    from belgrade import data

    bank = data.load("questions").set_index("question_id")
    asked: list[tuple[Any, Any, list[tuple[str, bool, str]]]] = []
    parts: list[Any] = []
    still: list[str] = []
    plain: list[str] = []
    for number, question_id in enumerate(question_ids, start=1):
        row = bank.loc[question_id]
        options = _options(row)
        prompt = f"{number}. {row['question']}"
        radio = ipywidgets.RadioButtons(
            options=[text for text, _, _ in options],
            value=None,
            layout={"width": "auto", "max_width": "46em"},
        )
        reply = ipywidgets.HTML()
        asked.append((radio, reply, options))
        parts += [ipywidgets.HTML(f"<strong>{escape(prompt)}</strong>"), radio, reply]
        listed = "".join(f"<li>{escape(text)}</li>" for text, _, _ in options)
        answer, why = next((text, why) for text, is_right, why in options if is_right)
        still.append(
            f"<p><strong>{escape(prompt)}</strong></p><ul>{listed}</ul><details><summary>Answer to "
            f"question {number}</summary><p>{escape(answer)}. {escape(why)}</p></details>"
        )
        plain.append(f"{prompt}\n" + "\n".join(f"   - {text}" for text, _, _ in options))
    show_widget(ipywidgets.VBox(parts), "".join(still), "\n".join(plain))
    count = len(question_ids)
    tally = display(status(f"{count} questions to answer."), raw=True, display_id=True)
    right: dict[int, bool] = {}

    def answered(number: int, radio: Any, reply: Any, options: list[tuple[str, bool, str]]) -> None:
        is_right, why = next(rest for text, *rest in options if text == radio.value)
        reply.value = escape(f"{'✓ Right.' if is_right else '✗ Not this one.'} {why}")
        right[number] = is_right
        said = f"Question {number}: {'right' if is_right else 'not this one'}. {why}"
        tally.update(status(f"{said} {sum(right.values())} of {count} right so far."), raw=True)

    for number, (radio, reply, options) in enumerate(asked, start=1):
        act = partial(answered, number, radio, reply, options)
        radio.observe(lambda _, act=act: act(), "value")


def _options(row: Any) -> list[tuple[str, bool, str]]:
    """Return (text, is right, feedback) for each option, in an order that is fixed by its text."""
    options = [(row["answer"], True, row["feedback"])]
    for number in (1, 2, 3):
        options.append((row[f"distractor_{number}"], False, row[f"feedback_{number}"]))
    return sorted(((str(a), b, str(c)) for a, b, c in options), key=lambda option: option[0])


def as_bytes() -> bytes:
    """Return the journal as the content of one file, which `merge` reads."""
    return _as_bytes(entries())


def _as_bytes(kept: dict[str, dict[str, Any]]) -> bytes:
    content = {"format": FORMAT, "entries": kept}
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    # A half of an emoji that a browser cut in two has no bytes of its own.
    return text.encode("utf-8", "replace")


def merge(text: str) -> str:
    """Bring the entries of a journal's text back; newer entries win. Returns a sentence.

    Raises `Damaged` where the text is not a journal's; what you have stays as it is.
    """
    brought = parse(text)
    have = entries()
    newer = {
        key: entry
        for key, entry in brought.items()
        if key not in have or entry.get("saved", "") > have[key].get("saved", "")
    }
    reason = _write(newer)
    count = len(newer)
    words = f"{count} entries were" if count != 1 else "1 entry was"
    return f"{words} brought back." + (f" Kept in memory only ({reason})." if reason else "")
