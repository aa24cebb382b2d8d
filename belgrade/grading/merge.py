"""Bring marks for written answers, from the sheets that people filled in, into a grading."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from belgrade.grading import GradingError
from belgrade.grading.grade import full
from belgrade.grading.marks import agreement, answer_id, merge_marks, read_sheet
from belgrade.grading.master import read_masters
from belgrade.grading.result import Results
from belgrade.grading.roster import read_roster
from belgrade.grading.store import locked, write_json
from belgrade.grading.write import write_all


def merge(out: Path, sheets: Sequence[Path], say: Callable[[str], None] = print) -> int:
    """Bring the marks in `sheets` into the results in `out`, and write the tables again.

    Returns 0, or 1 if some rows could not be taken or answers still wait.
    """
    out = Path(out)
    paths = sorted((out / "results").glob("*.json"))
    if not paths:
        raise GradingError(f"There is no grading in {out}: grade first, then merge marks.")
    try:
        with locked(out / ".lock"):
            results, masters = Results(paths), read_masters(out / "masters")
            rubrics = {number: master.rubrics for number, master in masters.items()}
            read = [read_sheet(Path(sheet)) for sheet in sheets]
            merged, problems = merge_marks(map(_without_outputs, results), read, rubrics)
            count, replaced = 0, {}
            for path, old, new in zip(paths, results, merged, strict=True):
                for row, before in zip(new["questions"], old["questions"], strict=True):
                    row["outputs"] = before["outputs"]
                    if before.get("mark") not in (None, row.get("mark")):
                        replaced[answer_id(new, row)] = before["mark"]
                if new != old:
                    write_json(path, new)
                    count += 1
            kept = out / "roster.csv"
            roster = read_roster(kept) if kept.exists() else None
            write_all(results, out, roster, masters, replaced=replaced)
    except OSError as error:
        raise full(out, error) from error
    for words in agreement(read) + problems:
        say(words)
    say(f"Marks changed for {count} of {len(paths)} submissions.")
    return 1 if problems else 0


def _without_outputs(result: dict[str, Any]) -> dict[str, Any]:
    rows = [{k: v for k, v in row.items() if k != "outputs"} for row in result["questions"]]
    return result | {"questions": rows}
