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

GRADE = "Support (one reader's grade):"
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


def _row(table: str, key: str, value: str, kind: str) -> pd.Series:
    frame = data.load(table)
    text = str(value)
    rows = frame[frame[key].astype(str).str.casefold() == text.casefold()]
    if len(rows):
        return rows.iloc[0]
    matches = difflib.get_close_matches(text, frame[key].astype(str), n=1, cutoff=0.5)
    hint = f" Did you mean {matches[0]!r}?" if matches else ""
    raise NotInReport(f"The report has no {kind} {text!r}.{hint}")


def _split(cell: object) -> list[str]:
    """Return the parts of a cell that holds several values with ';' between them."""
    return [part for part in str(cell).split(";") if part] if isinstance(cell, str) else []


def claim(claim_id: str) -> Card:
    """Return the card of a claim: paraphrase, place, notes as links, grade; why, folded.

    The place is the section, the claim's number there in the report's own order, and, where it has
    no note, those before and after it: their marks stand in the report's text.

    Raises `NotInReport` for an unknown id.
    """
    row = _row("claims", "claim_id", claim_id, "claim")
    section = SECTIONS.get(row["section"], row["section"])
    notes = _split(row["note_numbers"])
    claims = data.load("claims")
    place = f"{row['claim_order']} of {(claims['section'] == row['section']).sum()}"
    none = "" if notes else _between_notes(row, claims)
    links = "; ".join(_note_link(number) for number in notes) or none
    listed = f"Note{'s' * (len(notes) > 1)} {', '.join(notes)}" if notes else none
    grade = f"{GRADE} {row['strength']}."
    body = (
        f'<p style="margin:0.3em 0">{escape(row["paraphrase"])}</p>'
        f'<p style="margin:0.3em 0">Kind: {escape(row["kind"])}. {links}. {grade}</p>'
        f'<details style="margin:0.3em 0"><summary>Why this grade?</summary>'
        f'<p style="margin:0.3em 0 0.3em 1.1em">{escape(row["why"])}</p></details>'
    )
    text = f"{row['paraphrase']}\nKind: {row['kind']}. {listed}. {grade} {row['why']}"
    return Card(f"Claim {row['claim_id']} · {section}, {place}", body, text)


def _between_notes(row: pd.Series, claims: pd.DataFrame) -> str:
    """Return "No note" and, for a claim of the report's text, between which notes it stands."""
    if row["section"] == "press_release" or not str(row.get("location", "body")).startswith("body"):
        return "No note"
    at = claims["claim_id"].tolist().index(row["claim_id"])
    noted = claims["note_numbers"].map(_split)
    before, after = (
        [int(number) for cell in part for number in cell] for part in (noted[:at], noted[at:])
    )
    if before and after:
        return f"No note; it stands between notes {max(before)} and {min(after)}"
    if before or after:
        place = f"after note {max(before)}" if before else f"before note {min(after)}"
        return f"No note; it stands {place}"
    return "No note"


def _note_link(number: str) -> str:
    row = _row("notes", "note", number, "note").dropna()
    publisher = row.get("publisher", row.get("domain", "publisher not known"))
    return f'<a href="{escape(row["url"])}">Note {escape(number)}, {escape(publisher)}</a>'


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
    qualifier = "about " if row.get("stated_as") == "about" else ""
    qualifier = "more than " if row.get("stated_as") == "more_than" else qualifier
    sentence = f"{row['entity']}: {qualifier}{value}. {row['context']}."
    return Card(
        f"Figure {row['figure_id']} · claim {row['claim_id']}",
        f'<p style="margin:0.3em 0">{escape(sentence)}</p>',
        sentence,
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
