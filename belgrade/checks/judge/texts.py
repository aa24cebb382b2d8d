"""Texts, choices, truth values and prose; and what makes two texts the same."""

from __future__ import annotations

import difflib
import functools
import html
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from belgrade.checks.judge.outcome import (
    CLOSE,
    NOT_ATTEMPTED,
    NOT_YET,
    PENDING,
    YES,
    describe,
    show,
)

if TYPE_CHECKING:
    from belgrade.checks.capture import Captured
    from belgrade.checks.judge.outcome import Outcome
    from belgrade.checks.spec import Spec

# A word in Cyrillic as Serbian writes it in Latin letters, without accents; Russian letters too.
LATIN: dict[int, Any] = str.maketrans(
    "абвгдежзијклмнопрстћуфхцчшыэ", "abvgdezzijklmnoprstcufhccsye", "ъь"
)
SEVERAL = {"ђ": "dj", "љ": "lj", "њ": "nj", "џ": "dz", "щ": "sc", "ю": "ju", "я": "ja"}
LATIN |= str.maketrans(SEVERAL)
# Letters of other alphabets that look like Latin ones, in small or in capitals: a key on another
# keyboard is the same answer.
LOOKS_LIKE = str.maketrans(
    "авеіјкмнорсѕтухԁαβεικνορτυχ",
    "abeijkmhopcstyxdabeikvoptux",
)
MONTHS = [
    "january januar",
    "february februar",
    "march mart",
    "april",
    "may maj",
    "june jun",
    "july jul",
    "august avgust",
    "september septembar",
    "october oktobar",
    "november novembar",
    "december decembar",
]
DATES = [
    r"(?P<y>\d{4})[-/.](?P<m>\d{1,2})(?:[-/.](?P<d>\d{1,2}))?",
    r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\. ?(?P<y>\d{4})\.?",
    r"(?P<m>\d{1,2})[-/.](?P<y>\d{4})",
    r"(?P<n>[a-z]{3,9})[ .,'-]+(?P<y>\d{4}|\d\d)",
    r"(?P<y>\d{4})[ ,-]+(?P<n>[a-z]{3,9})",
    r"(?P<d>\d{1,2})[ .-]+(?P<n>[a-z]{3,9})[ .,-]+(?P<y>\d{4})",
    r"(?P<n>[a-z]{3,9})\.? (?P<d>\d{1,2}),? (?P<y>\d{4})",
    r"(?P<y>\d{4})[ -]?q(?P<q>[1-4])",
]
DATE = [re.compile(pattern) for pattern in DATES]
# What is said with a letter: "option c", "Answer: c".
LEAD = re.compile(r"^(?:the )?(?:option|answer|letter|choice|odgovor)\b[ :=-]*")


def normalized(text: object) -> str:
    """Return text as it is compared: without case, accents, spacing and outer punctuation.

    Words in Cyrillic become Latin; a letter that only looks Latin, in a Latin word, is taken for
    what it looks like. A hyphen or an underscore within a text is a space.
    """
    return _normalized(str(text))


@functools.lru_cache(maxsize=512)  # one value is compared with many
def _normalized(text: str) -> str:
    text = text.casefold().replace("đ", "dj")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(
        c for c in text if not unicodedata.combining(c) and unicodedata.category(c) != "Cf"
    )
    if not text.isascii():
        text = re.sub(r"\w+", _in_latin, text)
    text = re.sub(r"(?<=\w)[-_\u2010-\u2015](?=\w)", " ", text)
    return " ".join(text.split()).strip(" .,;:!?'\"`“”„’‘«»()")


def _in_latin(word: re.Match[str]) -> str:
    mixed = any("a" <= c <= "z" for c in word[0])
    return word[0].translate(LOOKS_LIKE if mixed else LATIN)


def looks(text: str) -> str:
    """Return `normalized(text)` with each letter taken for the Latin one that it looks like."""
    return normalized(unicodedata.normalize("NFKD", text.casefold()).translate(LOOKS_LIKE))


def same_text(one: str, other: str) -> bool:
    """Tell whether two texts say the same: the same words, or the same day."""
    if normalized(one) == normalized(other):
        return True
    day = as_date(one)
    return day is not None and day == as_date(other)


@functools.lru_cache(maxsize=2048)
def as_date(text: str) -> tuple[int, int, int] | None:
    """Return the day that a text names as (year, month, day), or None.

    A month or a quarter is its first day, and a span ("2020-03-02/2020-03-08") its last.
    """
    if not 6 <= len(text) <= 40 or not any(c.isdigit() for c in text):
        return None
    text = text.casefold().strip().rpartition("/")[2] if text.count("-") == 4 else text.casefold()
    text = re.sub(r"[t ]00:00(?::00(?:\.0+)?)?$", "", text.strip())
    for pattern in DATE:
        if hit := pattern.fullmatch(text):
            part = hit.groupdict()
            month = _month(part["n"]) if part.get("n") else int(part.get("m") or 1)
            if part.get("q"):
                month = 3 * int(part["q"]) - 2
            year, day = int(part["y"]), int(part.get("d") or 1)
            if month and 1 <= month <= 12 and 1 <= day <= 31:
                return (year + 2000 if year < 100 else year), month, day
    return None


def _month(name: str) -> int | None:
    found = (n for n, names in enumerate(MONTHS, 1) if re.search(rf"\b{re.escape(name)}", names))
    return next(found, None)


def only_one(answer: Captured) -> Captured:
    """Return the one text or number that a list or a column of one holds; else the answer."""
    if answer["type"] == "list" and len(answer["items"]) == 1:
        return answer["items"][0]
    if answer["type"] == "table" and answer.get("series") and len(answer["rows"]) == 1:
        value = answer["rows"][0][-1]
        return {"type": "text" if isinstance(value, str) else "number", "value": value}
    return answer


def text(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept the words asked for, however they are written; name a near miss as one."""
    answer = only_one(answer)
    if answer["type"] != "text":
        return NOT_YET, f"You have {describe(answer)}; a text is asked for, in quotes."
    wanted = [normalized(t) for t in [reference["value"], *spec.get("accept", [])]]
    value = normalized(answer["value"])
    if value in wanted or looks(answer["value"]) in wanted:
        return YES
    if not value:
        return NOT_ATTEMPTED, "The text is still empty."
    near = len(value) < 200 and any(
        len(w) > 3 and difflib.SequenceMatcher(None, w, value).ratio() >= 0.85 for w in wanted
    )
    if near:
        return CLOSE, f"Close: check the spelling of {show(answer['value'])}."
    return NOT_YET, f"Not yet: you have {show(answer['value'])}."


def choice(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept the letter, or the words of its option; say what speaks against another."""
    options = spec["options"]
    letters = ", ".join(options)
    answer = only_one(answer)
    if answer["type"] not in ("text", "number"):
        return NOT_YET, f"You have {describe(answer)}; answer with one of {letters}, in quotes."
    value = str(answer["value"])
    if not normalized(value):
        return NOT_ATTEMPTED, f"Choose one of {letters}."
    chosen = _chosen(options, value)
    if chosen is None:
        more = (
            ""
            if value.isascii() or len(normalized(value)) > 2
            else " Write it with a Latin letter."
        )
        return NOT_YET, f"{show(value)} is none of the options: {letters}.{more}"
    if normalized(chosen) == normalized(reference["value"]):
        return YES
    feedback = spec.get("feedback", {}).get(chosen)
    return NOT_YET, feedback or f"You chose {chosen}. Read the others again with the evidence."


def _chosen(options: dict[str, str] | list[str], value: str) -> str | None:
    """Return the one option that a text names, by letter, by words or by both; else None."""
    words = options if isinstance(options, dict) else {}
    whole = LEAD.sub("", normalized(value))
    forms = [whole, LEAD.sub("", looks(value))]  # what it looks like counts before its sound
    for form in [forms[1], forms[0]]:
        hits = {o for o in options if normalized(o) == normalized(form)}
        hits |= {o for o, option in words.items() if normalized(option) == form}
        # "c) A deal with Pristina": the letter and the words of the same option.
        letter, _, rest = re.sub(r"[).:,-]", " ", form).partition(" ")
        hits |= {
            o
            for o, option in words.items()
            if normalized(o) == letter and rest and _bare(rest) == _bare(normalized(option))
        }
        if len(hits) == 1:
            return hits.pop()
    return None


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[^\w ]", " ", text).split())


def truth(spec: Spec, reference: Captured, answer: Captured) -> Outcome:
    """Accept a truth value, and 1 or 0 for one; not the word in quotes."""
    if answer["type"] == "text" and normalized(answer["value"]) in ("true", "false"):
        right = (normalized(answer["value"]) == "true") is reference["value"]
        words = "True and False are written without quotes."
        return (CLOSE if right else NOT_YET), words
    if answer["type"] not in ("bool", "number") or answer["value"] not in (0, 1):
        return NOT_YET, f"You have {describe(answer)}; True or False is asked for."
    same = bool(answer["value"]) == reference["value"]
    return YES if same else (NOT_YET, f"Not yet: you have {answer['value']}.")


def written(spec: Spec, answer: Captured) -> Outcome:
    """Take prose in for a person to mark, unless nothing was written."""
    value = str(answer.get("value", ""))
    if _words(value) in ([], _words(spec.get("starter", ""))):
        return NOT_ATTEMPTED, "Write your answer in the text cell, in place of what stands there."
    words = len(value.split())
    return PENDING, f"Received, {words} word{'s' * (words != 1)}; a person reads and marks it."


def _words(text: str) -> list[str]:
    """Return the words of a text in Markdown: signs, spaces, comments and tags are none."""
    text = html.unescape(re.sub(r"<!--.*?(-->|$)|<(?!img)/?[a-z][^<>]*>", " ", text, flags=re.S))
    return re.findall(r"[^\W_]+", text.casefold())
