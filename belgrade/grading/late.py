"""Late work: when a submission was due and handed in, and what a delay costs.

The times come from what the platform or the instructor wrote: the column "Last modified
(submission)" of Moodle's grading worksheet, or a table with the columns student, due and handed_in.
A file's own time is the student's affair and is not looked at. Canvas marks down by itself.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, time
from pathlib import Path
from typing import Any

from belgrade.grading import GradingError
from belgrade.grading.roster import Roster, on_roster, read_roster
from belgrade.grading.store import read_json, write_json
from belgrade.grading.tables import GRADED, Result, tidy

KEPT = "late.json"
RULE = re.compile(r"\s*(\d+(?:[.,]\d+)?) ?% (?:a|per) day(?:, at most (\d+)(?: days?)?)?\s*")
UNKNOWN = "When it was handed in is not known, so it is not marked down."


def keep_rule(out: Path, due: str, rule: str, table: Path | None, roster: Roster | None) -> None:
    """Keep in `out` what is asked for, or that nothing is; raise GradingError if it is unclear.

    `due` is a date or a time; `rule` is such as "10% a day, at most 3"; `table` has a row a student
    with another `due`, or with the time at which work was `handed_in`.
    """
    if not rule and not due and table is None:
        (out / KEPT).unlink(missing_ok=True)
        return
    found = RULE.fullmatch(rule)
    if not found or not due:
        raise GradingError(
            "Late work needs both, --due '2026-01-31 23:59' and --late '10% a day, at most 3'."
        )
    own: dict[str, dict[str, str]] = {}
    if table:
        extra = read_roster(table)
        places = {name: extra.column(name) for name in ("due", "handed_in")}
        if set(places.values()) == {None}:
            raise GradingError(f"{table.name} needs the columns student and due (or handed_in).")
        for student, row in on_roster(extra, table.name, roster):
            own[student.id] = {
                name: _time(row[at], table.name).isoformat()
                for name, at in places.items()
                if at is not None and row[at].strip()
            }
    kept = {
        "due": _time(due, "--due").isoformat(),
        "percent": float(found[1].replace(",", ".")),
        "most_days": int(found[2] or 1000),
        "own": own,
    }
    write_json(out / KEPT, kept)


def mark_down(result: Result, out: Path, possible: float, roster: Roster | None) -> Result:
    """Return a result with `days_late` and `late_points`, what counts; `points` stays as it was.

    A day that has begun counts as one. Each takes off a share of what the exercise can give.
    """
    rule = read_json(out / KEPT)
    if not rule or result["state"] != GRADED:
        return result
    own = rule["own"].get(result["student"], {})
    handed_in = own.get("handed_in") or _in_worksheet(result["student"], roster)
    if not handed_in:
        return result | {"notes": [*result["notes"], UNKNOWN]}
    due = datetime.fromisoformat(own.get("due") or rule["due"])
    delay = (datetime.fromisoformat(handed_in) - due).total_seconds()
    days = max(0, math.ceil(delay / 86_400))
    lost = possible * rule["percent"] / 100 * min(days, rule["most_days"])
    return result | {"days_late": days, "late_points": tidy(max(0, result["points"] - lost))}


def _in_worksheet(student: str, roster: Roster | None) -> str:
    if roster is None or student not in roster.by_id:
        return ""
    at = roster.column("last modified (submission)")
    if at is None:
        return ""
    from dateutil import parser

    try:
        return _local(parser.parse(roster.by_id[student].row[at])).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _local(found: datetime) -> datetime:
    """Return what the clock on the wall here showed: days are counted by it, whatever the zone."""
    return found.astimezone().replace(tzinfo=None) if found.tzinfo else found


def _time(text: str, where: str) -> datetime:
    """Return a time; a date alone is its last moment."""
    try:
        found = _local(datetime.fromisoformat(text.strip()))
    except (ValueError, OverflowError, OSError):
        raise GradingError(f"{where}: “{text[:30]}” is no time like 2026-01-31 23:59.") from None
    return datetime.combine(found, time.max) if len(text.strip()) <= 10 else found


def counted_points(result: dict[str, Any]) -> float:
    """Return the points that count: those marked down where it was late."""
    return result.get("late_points", result["points"])
