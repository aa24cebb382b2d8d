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
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from belgrade import UserError, files, forms
from belgrade.display import escape

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
RUN_HINT = "Run this cell to answer."

_memory: dict[str, dict[str, Any]] = {}


class Damaged(UserError):
    """Raised for a text that is not a journal's."""


def module_folder() -> Path:
    """Return the nearest folder upwards that has `notebooks/` or `exercises/`, else this one."""
    cwd = Path.cwd()
    for folder in (cwd, *cwd.parents):
        if (folder / "notebooks").is_dir() or (folder / "exercises").is_dir():
            return folder
    return cwd


def folder() -> Path:
    """Return the folder of the journal; it need not exist yet.

    It is the one that `BELGRADE_WORK` names, else `my_work/` in the module's folder.
    """
    if named := os.environ.get("BELGRADE_WORK"):
        return Path(named)
    return module_folder() / "my_work"


def new_backup_folder() -> Path:
    """Return a folder in `folder()` that does not exist yet, for what makes way for something."""
    stem = f"before_{datetime.now():%Y-%m-%d_%H%M%S}"
    names = (stem, *(f"{stem}_{n}" for n in range(2, 1000)))
    return next(folder() / name for name in names if not (folder() / name).exists())


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
        content = files.with_retries(Path.read_bytes, path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    try:
        return parse(content.decode("utf-8-sig"))
    except (Damaged, UnicodeDecodeError):
        aside = path.with_name(damaged_name())
        files.with_retries(os.replace, path, aside)
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
            files.write_whole(path, as_bytes(_stored() | _memory | changed))
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
    answers = get(f"codes/{key}")
    return dict(answers) if isinstance(answers, dict) else {}


def probabilities(key: str) -> dict[str, float]:
    """Return the probabilities given under `key`: id of the item -> 0 to 1; {} if none."""
    answers = get(f"probabilities/{key}")
    pairs = answers.items() if isinstance(answers, dict) else ()
    return {item: value for item, value in pairs if value in PROBABILITIES.values()}


def verdicts() -> pd.DataFrame:
    """Return the verdicts: lesson, verdict, confidence_pct (0 to 100), reason, saved."""
    import pandas as pd

    rows = [
        {"lesson": key.removeprefix("verdict/"), **entry["value"], "saved": entry["saved"]}
        for key, entry in sorted(entries().items())
        if key.startswith("verdict/")
    ]
    return pd.DataFrame(rows, columns=["lesson", "verdict", "confidence_pct", "reason", "saved"])


def _labels(options: Sequence[str]) -> list[list[str]]:
    """Return options whose label is what they stand for."""
    return [[option, option] for option in options]


def ask_guess(
    key: str, question: str, *, unit: str, minimum: float, maximum: float, step: float = 1
) -> None:
    """Show a box for a number and a button that commits it under `key`, in `unit`.

    Only whole numbers are taken where `minimum`, `maximum` and `step` are whole.
    """
    earlier = guess(key)
    field = {"name": "", "kind": "number", "label": f"Your guess ({unit})", "min": minimum}
    field |= {"max": maximum, "whole": all(float(n).is_integer() for n in (minimum, maximum, step))}
    schema = {"question": question, "button": "Commit", "key": f"guess/{key}", "fields": [field]}

    def commit(number: float) -> str:
        return f"{save(f'guess/{key}', number)} You guessed {number:g} {unit}."

    def fallback() -> forms.Fallback:
        shown = forms.Fallback(question, RUN_HINT)
        if (number := guess(key)) is not None:
            shown.line(f"Your guess: {number:g} {unit}.")
        return shown

    message = "" if earlier is None else f"You guessed {earlier:g} {unit}. You may change it."
    forms.ask("guess", schema, {"": earlier}, commit, fallback, message)


def ask_ranking(key: str, question: str, options: Sequence[str], places: Sequence[str]) -> None:
    """Show a list of `options` for each of `places`, and a button that commits what was chosen.

    Once all places are filled, each with another option, they are kept as a list under `key`.
    """
    earlier = guess(key)
    if not (isinstance(earlier, list) and all(each in options for each in earlier)):
        earlier = []
    fields = [
        {"name": place, "kind": "list", "label": place, "options": _labels(options)}
        for place in places
    ]
    schema = {"question": question, "button": "Commit", "key": f"guess/{key}", "fields": fields}
    schema["different"] = "Choose a different one for each place."

    def sentence(chosen: Sequence[str]) -> str:
        return f"You said: {', '.join(map(str, chosen))}."

    def fallback() -> forms.Fallback:
        shown = forms.Fallback(question, RUN_HINT)
        if chosen := guess(key):
            shown.line(sentence(chosen))
        return shown

    def commit(chosen: list[str]) -> str:
        return f"{save(f'guess/{key}', chosen)} {sentence(chosen)}"

    message = f"{sentence(earlier)} You may change it." if earlier else ""
    previous = dict(zip(places, earlier, strict=False))
    forms.ask("ranking", schema, previous, commit, fallback, message)


def ask_verdict(lesson: str, question: str) -> None:
    """Show the form for the verdict on a lesson: verdict, confidence (percent), one sentence."""
    earlier = dict(get(f"verdict/{lesson}") or {})
    percentages = range(0, 101, 5)
    confidence = earlier.get("confidence_pct")
    if isinstance(confidence, int | float):
        earlier["confidence_pct"] = min(percentages, key=lambda number: abs(number - confidence))
    percent = [[f"{number}%", number] for number in percentages]
    hint = "One sentence: the evidence that weighs most"
    fields = [
        {"name": "verdict", "kind": "radio", "options": _labels(VERDICTS), "label": "Verdict"}
        | {"missing": "Choose a verdict first."},
        {"name": "confidence_pct", "kind": "list", "options": percent, "label": "How sure are you?"}
        | {"missing": "Choose how sure you are."},
        {"name": "reason", "kind": "text", "placeholder": hint, "label": "Because"}
        | {"missing": "Write one sentence first: which evidence weighs most?"},
    ]
    schema: dict[str, Any] = {"question": question, "button": "Save my verdict"}
    schema |= {"key": f"verdict/{lesson}", "fields": fields}

    def commit(answer: dict[str, Any]) -> str:
        return f"{save(f'verdict/{lesson}', answer)} Lesson 08 brings your verdicts together."

    message = "You have a verdict already. You may change it." if earlier else ""
    fallback = partial(_verdict_fallback, lesson, question)
    forms.ask("verdict", schema, earlier, commit, fallback, message)


def _verdict_fallback(lesson: str, question: str) -> forms.Fallback:
    """Return a verdict's form as a page without widgets has it."""
    shown = forms.Fallback(question, RUN_HINT)
    answer = get(f"verdict/{lesson}") or {}
    picked = answer.get("verdict")
    shown.items([(each, "your verdict" * (each == picked)) for each in VERDICTS])
    if answer:
        shown.line(f"You are {answer['confidence_pct']}% sure, because: {answer['reason']}")
    return shown


def ask_codes(key: str, question: str, items: Mapping[str, str], options: Sequence[str]) -> None:
    """Show `items` (id -> text) one at a time, with a button for each code in `options`.

    Each click keeps the code of the item that it was made on under `key`, and goes on to the next.
    """
    ids = list(items)
    texts = {item: text[:1].upper() + text[1:] for item, text in items.items()}
    widgets: dict[str, tuple[Any, list[Any]]] = {}

    def build(item: str) -> list[Any]:
        text_widget = forms.text("")
        choices = [forms.button(option, partial(choose, item, option)) for option in options]
        widgets[item] = text_widget, choices
        show(item)
        return [text_widget, forms.row(choices)]

    def show(item: str) -> None:
        text_widget, choices = widgets[item]
        code = codes(key).get(item)
        state = f"You coded it {code}." if code else "Not coded yet."
        text_widget.value = forms.card(f"{ids.index(item) + 1} of {len(ids)}. {state}", texts[item])
        for choice, option in zip(choices, options, strict=True):
            choice.icon = "check" if option == code else ""

    def choose(item: str, option: str) -> None:
        answers = codes(key) | {item: option}
        message = save(f"codes/{key}", answers)
        show(item)
        at = ids.index(item)
        uncoded = [n for n, each in enumerate(ids) if each not in answers]
        cards.leave(item, at + 1 if at + 1 < len(ids) else min(uncoded, default=at))
        form.tell(tally(message))

    def tally(message: str = "") -> str:
        count = sum(item in codes(key) for item in ids)
        finished = " That was all. Run the next cell." if count == len(ids) else ""
        return f"{count} of {len(ids)} coded.{finished} {message}".strip()

    def fallback() -> forms.Fallback:
        listed = f"{', '.join(options[:-1])} or {options[-1]}"
        hint = f"Run this cell to code {len(ids)} items as {listed}."
        shown, coded = forms.Fallback(question, hint), codes(key)
        shown.items([(text, coded.get(item, "")) for item, text in texts.items()], numbered=True)
        return shown

    coded = codes(key)
    first = next((at for at, item in enumerate(ids) if item not in coded), len(ids) - 1)
    cards = forms.Cards(ids, build, first)
    labels = _labels(options)
    fields = [
        {"name": item, "kind": "radio", "label": text, "options": labels, "optional": True}
        for item, text in texts.items()
    ]
    schema = {"key": f"codes/{key}", "question": question, "button": "Commit", "fields": fields}
    form = forms.Form("codes", [forms.heading(question), cards.box], fallback, schema)
    form.show(tally())


def ask_probabilities(key: str, question: str, items: Mapping[str, str]) -> None:
    """Show `items` (id -> text), each with a list of `PROBABILITIES`; a button keeps them.

    They are kept under `key`; items without an answer are left out.
    """
    earlier = probabilities(key)
    choices = [[name, value] for name, value in PROBABILITIES.items()]
    fields = [
        {"name": item, "kind": "list", "label": f"{number}. {text}", "options": choices}
        | {"optional": True, "short": f"Forecast {number}"}
        for number, (item, text) in enumerate(items.items(), start=1)
    ]
    schema: dict[str, Any] = {"question": question, "button": "Commit"}
    schema |= {"key": f"probabilities/{key}", "fields": fields}

    def commit(answers: dict[str, float]) -> str:
        return f"{save(f'probabilities/{key}', answers)} {len(answers)} of {len(items)} answered."

    def fallback() -> forms.Fallback:
        shown, answers = forms.Fallback(question, RUN_HINT), probabilities(key)
        named: dict[float | None, str] = {value: name for name, value in PROBABILITIES.items()}
        chosen = [(text, named.get(answers.get(item), "")) for item, text in items.items()]
        shown.items(chosen, numbered=True)
        return shown

    message = f"You have answered {len(earlier)}. You may change them." if earlier else ""
    forms.ask("probabilities", schema, earlier, commit, fallback, message)


def checkpoint(*question_ids: str) -> None:
    """Show questions of the bank (table `questions`) with feedback for each option.

    Raises `KeyError` for an id that the bank does not have.
    """
    import ipywidgets

    from belgrade import data

    bank = data.load("questions").set_index("question_id")
    count = len(question_ids)
    asked: list[tuple[str, list[tuple[str, bool, str]]]] = []
    chosen: dict[int, str] = {}
    parts: list[Any] = []

    def answered(number: int, radio: Any, reply: Any, _: object) -> None:
        options = asked[number - 1][1]
        is_right, why = next(rest for text, *rest in options if text == radio.value)
        reply.value = escape(f"{'✓ Right.' if is_right else '✗ Not this one.'} {why}")
        chosen[number] = radio.value
        right = sum((text, True) in {o[:2] for o in asked[n - 1][1]} for n, text in chosen.items())
        message = f"Question {number}: {'right' if is_right else 'not this one'}. {why}"
        form.tell(f"{message} {right} of {count} right so far.")

    def fallback() -> forms.Fallback:
        shown = forms.Fallback("Checkpoint.", "Run this cell to answer.")
        for number, (prompt, options) in enumerate(asked, start=1):
            shown.line(prompt)
            picked = chosen.get(number)
            shown.items([(text, "your answer" * (text == picked)) for text, _, _ in options])
            answer, why = next((text, why) for text, is_right, why in options if is_right)
            shown.folded(f"Answer to question {number}", f"{answer}. {why}")
        return shown

    for number, question_id in enumerate(question_ids, start=1):
        row = bank.loc[question_id]
        prompt, options = f"{number}. {row['question']}", _options(row)
        asked.append((prompt, options))
        radio = ipywidgets.RadioButtons(
            options=[text for text, _, _ in options],
            value=None,
            layout={"width": "auto", "max_width": "100%"},
        )
        reply = forms.text("")
        forms.on_change(radio, partial(answered, number, radio, reply))
        parts += [forms.heading(prompt), radio, reply]
    schema = {"questions": [{"question": prompt, "options": options} for prompt, options in asked]}
    form = forms.Form("checkpoint", parts, fallback, schema)
    form.show(f"{count} questions to answer.")


def _options(row: Any) -> list[tuple[str, bool, str]]:
    """Return (text, is right, feedback) for each option, in an order that is fixed by its text."""
    options = [(row["answer"], True, row["feedback"])]
    for number in (1, 2, 3):
        options.append((row[f"distractor_{number}"], False, row[f"feedback_{number}"]))
    return sorted(((str(a), b, str(c)) for a, b, c in options), key=lambda option: option[0])


def as_bytes(merged: dict[str, dict[str, Any]] | None = None) -> bytes:
    """Return the journal, or the entries given, as the content of a file, which `merge` reads."""
    content = {"format": FORMAT, "entries": entries() if merged is None else merged}
    text = json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)
    # A half of an emoji that a browser cut in two has no bytes of its own.
    return text.encode("utf-8", "replace")


def merge(text: str) -> str:
    """Bring the entries of a journal's text back; newer entries win. Returns a sentence.

    Raises `Damaged` where the text is not a journal's; what you have stays as it is.
    """
    incoming = parse(text)
    current = entries()
    newer = {
        key: entry
        for key, entry in incoming.items()
        if key not in current or entry.get("saved", "") > current[key].get("saved", "")
    }
    reason = _write(newer)
    count = len(newer)
    counted = f"{count} entries were" if count != 1 else "1 entry was"
    return f"{counted} brought back." + (f" Kept in memory only ({reason})." if reason else "")
