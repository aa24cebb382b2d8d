"""Sentences of the lessons on how the world is now say as of when; old ones are listed."""

from __future__ import annotations

import calendar
import re
import warnings
from datetime import date

import pytest
from guides import NUMBERS, notebook

MONTHS = list(calendar.month_name)[1:]
MARKER = re.compile(rf"(?i)\bas of (?:(\d{{1,2}}) )?({'|'.join(MONTHS)}) (\d{{4}})")
# How a sentence says that something is so to this day, and may not be so tomorrow.
PRESENT = re.compile(
    r"\b(?:do|does) not recognise\b|\brecognises Kosovo\b|\brecognise it\b"
    r"|\bhas been (?:president|in Kosovo)\b"
    r"|\bno sanctions on Russia\b.*\bsince\b|\blatest votes\b|\bcurrently\b|\bnowadays\b"
    r"|\b(?:to this day|at present|so far, (?:Serbia|Russia|China))\b"
)
YEAR_DAYS = 365


def sentences(text: str) -> list[str]:
    """Return the sentences of a text in Markdown, without the addresses of links."""
    plain = re.sub(r"\]\([^)]*\)", "]", text)
    return re.split(r"(?<=[.!?])\s+(?=[A-Z*_\[(])|\n\s*\n|\n(?=- |#)", plain)


def undated(text: str) -> list[str]:
    """Return the sentences in the present tense about the world that do not say as of when."""
    return [each for each in sentences(text) if PRESENT.search(each) and not MARKER.search(each)]


def older(text: str, today: date) -> list[str]:
    """Return the sentences whose marker is older than a year."""
    found = []
    for each in sentences(text):
        for _, month, year in MARKER.findall(each):
            said = date(int(year), MONTHS.index(month.title()) + 1, 1)
            if (today - said).days > YEAR_DAYS + 31:  # the month's end counts
                found.append(" ".join(each.split()))
    return found


def lesson(number: str) -> str:
    cells = notebook("notebooks", number).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@pytest.mark.parametrize("number", NUMBERS)
def test_what_is_so_now_says_as_of_when(number: str) -> None:
    text = lesson(number)
    assert undated(text) == []
    # A calendar fails no test: what has to be read again is told as a warning.
    for each in older(text, date.today()):
        warnings.warn(f"lesson {number}: more than a year old: {each}", stacklevel=1)


def test_undated_and_old_sentences_are_found() -> None:
    text = (
        "As of May 2026 Russia does not recognise Kosovo. China does not recognise Kosovo. It fell."
    )
    assert undated(text) == ["China does not recognise Kosovo."]
    assert older(text, date(2027, 5, 30)) == []
    assert older(text, date(2027, 7, 1)) == ["As of May 2026 Russia does not recognise Kosovo."]
    assert older("It led (as of 3 March 2024).", date(2026, 1, 1)) == [
        "It led (as of 3 March 2024)."
    ]


def test_the_lessons_have_such_sentences() -> None:
    marked = [number for number in NUMBERS if MARKER.search(lesson(number))]
    assert len(marked) >= 4, marked
