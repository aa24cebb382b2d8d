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
    used = set(marks.stack().dropna()) if marks.size else set()
    if unknown := used - set(MARKS):
        raise ValueError(f"Marks that are not known: {', '.join(sorted(map(str, unknown)))}.")
    return marks.dropna(how="any")


def counts(marks: pd.DataFrame) -> pd.DataFrame:
    """Return for each explanation how many rows carry each mark, fewest against first.

    Only rows that tell explanations apart are counted.
    """
    import pandas as pd

    rows = telling(marks)
    table = pd.DataFrame({mark: (rows == mark).sum() for mark in MARKS}).astype(int)
    return table.sort_values(INCONSISTENT, kind="stable")


def tells_apart(marks: pd.DataFrame) -> pd.Series:
    """Return for each complete row whether it tells any two explanations apart (is diagnostic).

    A row with the same mark everywhere fits all explanations alike, and says nothing about which
    of them is right, however true and important it is.
    """
    return complete(marks).nunique(axis=1) > 1


def telling(marks: pd.DataFrame) -> pd.DataFrame:
    """Return the complete rows that tell explanations apart."""
    return complete(marks)[tells_apart(marks)]


def untested(marks: pd.DataFrame) -> list[str]:
    """Return the explanations that are neutral in every row that tells explanations apart.

    Nothing speaks against them, so they tie for first or come first, and have won nothing.
    """
    rows = telling(marks)
    is_neutral = (rows == NEUTRAL).all()
    return [] if rows.empty else list(is_neutral.index[is_neutral])


def least_contradicted(marks: pd.DataFrame) -> list[str]:
    """Return the explanations with the fewest inconsistent marks; [] where no row tells apart."""
    rows = telling(marks)
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
    winners = least_contradicted(rows)
    diagnostic = telling(rows).index
    return [row for row in diagnostic if least_contradicted(rows.drop(index=row)) != winners]
