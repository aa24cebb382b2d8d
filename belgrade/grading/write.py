"""Everything that a grading leaves behind, written from its results.

| file | what |
|---|---|
| `grades.csv`, `questions.csv` | a row a student and exercise; a row a question as well |
| `feedback/*.html` | a page for each result |
| `marking/NN_marks.csv`, `NN_answers.html` | written answers to mark |
| `uploads/` | marks and pages for Canvas, Moodle or a mail program |
| `report.html` | the class |
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from belgrade.files import write_whole
from belgrade.grading import GradingError, marks, pages, tables
from belgrade.grading.late import mark_down
from belgrade.grading.roster import Roster
from belgrade.grading.store import safe_name
from belgrade.grading.tables import Result
from belgrade.grading.uploads import upload_files, write_feedback

HEAVY = ("outputs", "code")  # not needed once a page is written


def write_all(
    results: Iterable[Result], out: Path, roster: Roster | None = None,
    masters: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Write all tables and pages into the folder `out`, each file in one step.

    `results` are gone through once and may be read from files as they come. `masters` gives, by
    exercise, what has a `title` and `rubrics` (texts in Markdown by question). Files of an earlier
    call that nothing stands for any more are removed; marks that somebody wrote into a sheet stay.
    Raises OSError where a file cannot be written.
    """
    masters, possible = masters or {}, {}
    titles = {number: _bare_title(master.title) for number, master in masters.items()}
    light, handed_in, written = [], [], {}
    for result in results:
        questions = [{k: v for k, v in q.items() if k not in HEAVY} for q in result["questions"]]
        handed_in.append(result | {"questions": questions})
        number, whole = result["exercise"], 0
        if number:
            if number in masters:
                whole = sum(q["points"] for q in masters[number].questions)
            possible[number] = whole
        for one in tables.for_each_member(result):
            one = mark_down(one, out, whole, roster)
            key = one["student"], one["exercise"]
            written[key] = out / "feedback" / f"{safe_name(key[0], key[1] or '')}.html"
            _write(written[key], pages.feedback(one, titles.get(number, "")))
            light.append(one | {"questions": questions})
    _remove_others(out / "feedback", {path.name for path in written.values()})

    rows = tables.with_missing(light, roster, possible)
    tables.write_tables(out, rows, possible)
    for exercise in sorted(possible):
        _write_marking(handed_in, out / "marking", exercise, masters.get(exercise))
    uploads = upload_files(light, roster, possible, titles)
    for name, text in uploads.items():
        write_whole(out / "uploads" / name, text.encode("utf-8", "replace"))
    zips = write_feedback(light, roster, written, out / "uploads")
    _remove_others(out / "uploads", {*uploads, *zips})
    _write(out / "report.html", pages.class_report(rows, titles))


def _bare_title(title: str) -> str:
    """Return "Arms and energy" for "Exercise 03 · Arms and energy": pages say the number anyway."""
    return re.sub(r"^Exercise \d+\W+", "", title)


def _write_marking(results: list[Result], folder: Path, exercise: str, master: Any) -> None:
    """Write an exercise's sheet and page; a sheet that somebody began to fill is never lost."""
    answers = marks.written_answers(results, exercise)
    path, page = folder / f"{exercise}_marks.csv", folder / f"{exercise}_answers.html"
    before = None
    if path.exists():
        with contextlib.suppress(GradingError):
            before = marks.read_sheet(path)
        if before is None or marks.lost_marks(before, answers):
            _set_aside(path)
    if not answers:
        for file in (path, page):
            file.unlink(missing_ok=True)
        return
    rubrics = master.rubrics if master else {}
    tables.write_csv(path, *marks.sheet_table(answers, rubrics, before))
    title = _bare_title(master.title) if master else ""
    _write(page, pages.marking(results, exercise, path.name, title, rubrics))


def _set_aside(path: Path) -> None:
    """Copy a sheet to a name that is free, so that no mark in it is lost."""
    number = 1
    while (to := path.with_name(f"{path.stem}_before_{number}.csv")).exists():
        if to.read_bytes() == path.read_bytes():
            return
        number += 1
    write_whole(to, path.read_bytes())


def _write(path: Path, page: str) -> None:
    write_whole(path, page.encode("utf-8", "replace"))


def _remove_others(folder: Path, keep: set[str]) -> None:
    for path in folder.glob("*.*"):
        if path.name not in keep:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
