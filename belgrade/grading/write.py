"""Everything that a grading leaves behind, written from its results.

| file | what |
|---|---|
| `grades.csv`, `questions.csv` | a row a student and exercise; a row a question as well |
| `feedback/*.html` | a page for each result |
| `marking/NN_answers.html`, `NN_marks.csv` | written answers to mark: a form, a sheet |
| `marking/NN_tutors.csv`, `NN_answers_tutor_*.html` | who marks whom, and a form for each tutor |
| `uploads/` | marks and pages for Canvas, Moodle or a mail program |
| `report.html` | the class |
| `alike.html` | if asked for: pairs whose code is alike |
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from belgrade.files import write_whole
from belgrade.grading import GradingError, marks, pages, tables
from belgrade.grading.alike import alike
from belgrade.grading.late import mark_down
from belgrade.grading.names import digest_of
from belgrade.grading.roster import Roster, read_rows
from belgrade.grading.store import safe_name
from belgrade.grading.tables import Result
from belgrade.grading.uploads import upload_files, write_feedback

HEAVY = ("outputs", "code")  # not needed once a page is written


def write_all(
    results: Iterable[Result],
    out: Path,
    roster: Roster | None = None,
    masters: Mapping[str, Any] | None = None,
    tutors: int = 0,
    replaced: Mapping[str, Any] | None = None,
) -> list[tables.Result]:
    """Write all tables and pages into the folder `out`, each file in one step.

    Return the rows of the table of grades: a result each, those who handed in nothing too.

    `results` are gone through once and may be read from files as they come. `masters` gives, by
    exercise, what has a `title` and `rubrics` (texts in Markdown by question). Files of an earlier
    call that nothing stands for any more are removed; marks that somebody wrote into a sheet stay,
    but for those `replaced`, by answer_id, that a merge put others in the place of.
    `tutors` share the written answers; 0 leaves it as an earlier call had it.
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
            write_whole(written[key], pages.feedback(one, titles.get(number, "")))
            light.append(one | {"questions": questions})
    _remove_others(out / "feedback", {path.name for path in written.values()})

    rows = tables.with_missing(light, roster, possible)
    tables.write_tables(out, rows, possible)
    for exercise in sorted(possible):
        folder, master = out / "marking", masters.get(exercise)
        _write_marking(handed_in, folder, exercise, master, tutors, replaced)
    uploads = upload_files(light, roster, possible, titles)
    for name, text in uploads.items():
        write_whole(out / "uploads" / name, text)
    zips = write_feedback(light, roster, written, out / "uploads")
    _remove_others(out / "uploads", {*uploads, *zips})
    write_whole(out / "report.html", pages.class_report(rows, titles))
    return rows


def write_alike(results: Iterable[Result], out: Path, masters: Mapping[str, Any]) -> None:
    """Write `alike.html` on pairs whose code is alike beyond what the exercise gives."""
    provided = {n: [cell["source"] for cell in m.notebook["cells"]] for n, m in masters.items()}
    write_whole(out / "alike.html", pages.alike(alike(results, provided)))


def _bare_title(title: str) -> str:
    """Return "Arms and energy" for "Exercise 03 · Arms and energy": pages say the number anyway."""
    return re.sub(r"^Exercise \d+\W+", "", title)


def _write_marking(
    results: list[Result],
    folder: Path,
    exercise: str,
    master: Any,
    tutors: int,
    replaced: Mapping[str, Any] | None,
) -> None:
    """Write an exercise's sheet and forms; a sheet that somebody began to fill is never lost."""
    answers = marks.written_answers(results, exercise)
    path, before = folder / f"{exercise}_marks.csv", None
    if path.exists():
        with contextlib.suppress(GradingError):
            before = marks.read_sheet(path)
        if before is None or marks.lost_marks(before, answers):
            _set_aside(path)
    forms = {*folder.glob(f"{exercise}_answers*.html")}
    if not answers:
        for file in (path, *forms):
            file.unlink(missing_ok=True)
        return
    rubrics, title = (master.rubrics, _bare_title(master.title)) if master else ({}, "")
    header, rows = marks.sheet_table(answers, rubrics, before, replaced)
    tables.write_csv(path, header, rows)
    tutor_of = _assigned(folder / f"{exercise}_tutors.csv", {a["student"] for a in answers}, tutors)
    filled = [
        {**answer, **dict(zip(header, row, strict=True)), "common": tutor_of.get(row[0]) == 0}
        for answer, row in zip(answers, rows, strict=True)
    ]
    for tutor in range(max(tutor_of.values(), default=0) + 1):
        mine = [a for a in filled if not tutor or tutor_of[a["student"]] in (0, tutor)]
        if not mine:  # whoever was theirs has withdrawn
            continue
        kept = f"belgrade {digest_of(str(folder.resolve()))} {exercise} {tutor}"
        page = folder / f"{exercise}_answers{f'_tutor_{tutor}' if tutor else ''}.html"
        write_whole(page, pages.marking(exercise, title, header, mine, rubrics, kept, tutor))
        forms.discard(page)
    for old in forms:
        old.unlink()


def _assigned(path: Path, students: set[str], tutors: int) -> dict[str, int]:
    """Return whose answers which tutor marks, as kept in `path`; 0 is for all of them."""
    before: dict[str, int] = {}
    with contextlib.suppress(GradingError, ValueError):
        before = {
            tables.unescape_formula(student): int(tutor) for student, tutor in read_rows(path)[1:]
        }
    most = max(before.values(), default=0)
    tutors = tutors or most
    if tutors < 2:
        path.unlink(missing_ok=True)
        return {}
    tutor_of = marks.assign_tutors(students, tutors, before if tutors == most else {})
    tables.write_csv(path, ("student", "tutor"), sorted(tutor_of.items()))
    return tutor_of


def _set_aside(path: Path) -> None:
    """Copy a sheet to a name that is free, so that no mark in it is lost."""
    number = 1
    while (to := path.with_name(f"{path.stem}_before_{number}.csv")).exists():
        if to.read_bytes() == path.read_bytes():
            return
        number += 1
    write_whole(to, path.read_bytes())


def _remove_others(folder: Path, keep: set[str]) -> None:
    for path in folder.glob("*.*"):
        if path.name not in keep:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
