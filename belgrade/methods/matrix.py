"""Rival explanations held against the evidence: the analysis of competing hypotheses.

Source: Richards J. Heuer, "Psychology of Intelligence Analysis" (CIA, 1999), chapter 8. A table of
marks has a row for each piece of evidence and a column for each explanation; a cell says whether
the evidence is consistent with the explanation, inconsistent with it, or neutral. A missing value
means that it was not marked. The method asks which explanation has the least evidence *against*
it, because much evidence fits several explanations at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

CONSISTENT, INCONSISTENT, NEUTRAL = MARKS = ("consistent", "inconsistent", "neutral")


def complete(marks: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in which every explanation is marked: only these compare all of them.

    Raises `ValueError` for a mark that is not one of `MARKS`.
    """
    given = set(marks.stack().dropna()) if marks.size else set()
    if unknown := given - set(MARKS):
        raise ValueError(f"Marks that are not known: {', '.join(sorted(map(str, unknown)))}.")
    return marks.dropna(how="any")


def counts(marks: pd.DataFrame) -> pd.DataFrame:
    """Return for each explanation how many complete rows carry each mark, fewest against first."""
    import pandas as pd

    rows = complete(marks)
    table = pd.DataFrame({mark: (rows == mark).sum() for mark in MARKS}).astype(int)
    return table.sort_values(INCONSISTENT, kind="stable")


def tells_apart(marks: pd.DataFrame) -> pd.Series:
    """Return for each complete row whether it tells any two explanations apart (is diagnostic).

    A row with the same mark everywhere fits all explanations alike, and says nothing about which
    of them is right, however true and important it is.
    """
    return complete(marks).nunique(axis=1) > 1


def least_contradicted(marks: pd.DataFrame) -> list[str]:
    """Return the explanations with the fewest inconsistent marks; [] where no row is complete."""
    rows = complete(marks)
    if rows.empty:
        return []
    against = (rows == INCONSISTENT).sum()
    return list(against.index[against == against.min()])


def rows_that_decide(marks: pd.DataFrame) -> list[str]:
    """Return the rows without which other explanations would be the least contradicted.

    Heuer's test of sensitivity: a result that hangs on one row is only as good as that row.
    """
    rows = complete(marks)
    if len(rows) < 2:
        return []
    found = least_contradicted(rows)
    return [row for row in rows.index if least_contradicted(rows.drop(index=row)) != found]
