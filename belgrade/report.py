"""The report as data: its claims, notes, figures, argument tree and glossary, as cards to show.

The report is paraphrased everywhere. `REPORT` says where to read it.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from belgrade import UserError, data
from belgrade.display import Card, escape

if TYPE_CHECKING:
    import pandas as pd

REPORT = "https://www.lse.ac.uk/ideas/publications/old-updates/from-russia-with-love"

GRADE = "Support in the report, by one reader's grade"
SECTIONS = {
    "introduction": "Introduction",
    "aid": "Russia gives but does not get",
    "balkans": "Russia in the Balkans",
    "kosovo": "All roads lead to Kosovo",
    "trust": "How much does Moscow trust Vučić?",
    "conclusion": "Exit Moscow, enter Beijing",
    "press_release": "Press release",
}


class NotInReport(UserError, KeyError):
    """Raised for an id or a term that the report tables do not have."""


def _row(table: str, key: str, wanted: str, kind: str) -> pd.Series:
    frame = data.load(table)
    wanted_text = str(wanted)
    found = frame[frame[key].astype(str).str.casefold() == wanted_text.casefold()]
    if len(found):
        return found.iloc[0]
    near = difflib.get_close_matches(wanted_text, frame[key].astype(str), n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise NotInReport(f"The report has no {kind} {wanted_text!r}.{hint}")


def _split(cell: object) -> list[str]:
    """Return the parts of a cell that holds several values with ';' between them."""
    return [part for part in str(cell).split(";") if part] if isinstance(cell, str) else []


def claim(claim_id: str) -> Card:
    """Return the card of a claim: paraphrase, place, notes as links, how well it is supported.

    The place is the section, the claim's number there in the report's own order, and, where it has
    no note, the notes before and after it: their marks stand in the report's text.

    Raises `NotInReport` for an unknown id.
    """
    row = _row("claims", "claim_id", claim_id, "claim")
    section = SECTIONS.get(row["section"], row["section"])
    notes = _split(row["note_numbers"])
    claims = data.load("claims")
    between = "" if notes else _between_notes(row, claims)
    links = ", ".join(_note_link(number) for number in notes) or between
    place = f"claim {row['claim_order']} of {(claims['section'] == row['section']).sum()}"
    support = f"{row['strength'].capitalize()}: {row['why']}"
    body = (
        f'<p style="margin:0.3em 0">{escape(row["paraphrase"])}</p>'
        f'<p style="margin:0.3em 0"><em>Kind:</em> {escape(row["kind"])}. '
        f"<em>Notes:</em> {links}.</p>"
        f'<p style="margin:0.3em 0"><em>{GRADE}.</em> {escape(support)}</p>'
    )
    text = (
        f"{row['paraphrase']}\nKind: {row['kind']}. Notes: {', '.join(notes) or between}.\n"
        f"{GRADE}. {support}"
    )
    return Card(f"Claim {row['claim_id']} · {section} ({place})", body, text)


def _between_notes(row: pd.Series, claims: pd.DataFrame) -> str:
    """Return "none" and, for a claim of the report's text, the notes that stand around it."""
    if row["section"] == "press_release" or not str(row.get("location", "body")).startswith("body"):
        return "none"
    at = claims["claim_id"].tolist().index(row["claim_id"])
    noted = claims["note_numbers"].map(_split)
    around = [("after", noted[:at], max), ("before", noted[at:], min)]
    places = [
        f"{side} note {which(map(int, numbers.explode().dropna()))}"
        for side, numbers, which in around
        if numbers.str.len().any()
    ]
    return f"none; it stands {' and '.join(places)}" if places else "none"


def _note_link(number: str) -> str:
    row = _row("notes", "note", number, "note").dropna()
    publisher = row.get("publisher", row.get("domain", "publisher not known"))
    return f'<a href="{escape(row["url"])}">note {escape(number)}, {escape(publisher)}</a>'


def note(number: int | str) -> Card:
    """Return the card of a note: publisher, kind, language, country and link.

    Raises `NotInReport` for an unknown number.
    """
    row = _row("notes", "note", str(number), "note").dropna()
    facts = ", ".join(str(row[key]) for key in ("source_type", "language", "country") if key in row)
    publisher = row.get("publisher", row.get("domain", "publisher not known"))
    link = f'<a href="{escape(row["url"])}">{escape(publisher)}</a>'
    return Card(
        f"Note {row['note']}",
        f'<p style="margin:0.3em 0">{link} ({escape(facts)})</p>',
        f"{publisher} ({facts}): {row['url']}",
    )


def figure(figure_id: str) -> Card:
    """Return the card of a number that the report prints: value, unit, entity, date and context.

    Raises `NotInReport` for an unknown id.
    """
    row = _row("figures", "figure_id", figure_id, "figure").dropna()
    value = f"{row['value']:g} {row['unit']}" if "value" in row else f"{row['date']:%Y-%m-%d}"
    about = "about " if row.get("stated_as") == "about" else ""
    about = "more than " if row.get("stated_as") == "more_than" else about
    words = f"{row['entity']}: {about}{value}. {row['context']}."
    return Card(
        f"Figure {row['figure_id']} · claim {row['claim_id']}",
        f'<p style="margin:0.3em 0">{escape(words)}</p>',
        words,
    )


def term(name: str) -> Card:
    """Return the glossary's card of a term. Raises `NotInReport` for an unknown term."""
    row = _row("glossary", "term", name, "term")
    return Card(
        f"{row['term']} ({row['category']})",
        f'<p style="margin:0.3em 0">{escape(row["definition"])}</p>',
        str(row["definition"]),
        colour="#6e6e6e",
    )
