"""Evidence of lesson 06: events as two coders see them, and democracy on its many scales."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from belgrade import data

if TYPE_CHECKING:
    import pandas as pd

CODES = ("warm", "neutral", "cold")
# Words that make the word counter, an example of a naive coder, say "warm"; the rest is neutral.
WARM_WORDS = re.compile(r"\b(gives|awarding|hand-over|hands over|aid|flown|thanks)\b")
SECTION_ON_TRUST = "How Much Does Moscow Trust"
# One affair, three rows: filmed, posted, confirmed.
SPY_AFFAIR = ("T013.1", "T025.1", "T026.1")
YOU, WORD_COUNTER, ALWAYS_WARM = "you", "word counter", "always warm"


def coded_events() -> pd.DataFrame:
    """Return the events up to the report that coder B has coded, in order of date.

    The index is the id with the version ("T011.2"); `code` is B's, `group` says what the report
    does with the event: trust (told in its section on trust), elsewhere (in another), left_out.
    """
    codes = data.load("event_codes")[["event_id", "version", "code"]]
    events = data.load("events").merge(codes, on=["event_id", "version"])
    events = events[events["period"] == "until_report"]
    events.index = events["event_id"] + "." + events["version"].astype(str)
    sections = events["report_sections"].fillna("")
    events["group"] = "elsewhere"
    events.loc[sections.str.contains(SECTION_ON_TRUST), "group"] = "trust"
    events.loc[events["in_report"] == "no", "group"] = "left_out"
    return events.sort_values(["date", "event_id", "version"])


def naive_code(text: str) -> str:
    """Return "warm" if the text has one of the words of giving, help or thanks, else "neutral"."""
    return "warm" if WARM_WORDS.search(text) else "neutral"


def coders(events: pd.DataFrame, codes: Mapping[str, str] | None) -> dict[str, dict[str, str]]:
    """Return the codes of each coder A, by event: the reader's (if any), and two naive ones."""
    codes = {item: code for item, code in (codes or {}).items() if code in CODES}
    readers = {YOU: codes} if any(item in events.index for item in codes) else {}
    counts = {item: naive_code(text) for item, text in events["event"].items()}
    return readers | {WORD_COUNTER: counts, ALWAYS_WARM: dict.fromkeys(events.index, "warm")}


def coded_by_both(events: pd.DataFrame, codes: Mapping[str, str], spy: int) -> pd.DataFrame:
    """Return one row an event that A (`codes`) and B have coded: a, b, group.

    With `spy` 1 the spy affair counts as one event, with 3 as three.
    """
    if spy == 1:
        events = events.drop(index=list(SPY_AFFAIR[1:]))
    both = events.assign(a=events.index.map(codes), b=events["code"])
    return both.dropna(subset="a")[["a", "b", "group"]]


# --- Democracy -------------------------------------------------------------------------------

SINCE = 2006


@dataclass(frozen=True)
class Index:
    """An index: its name, the ends of its printed scale, which end is best, how to print it."""

    name: str
    scale: tuple[float, float]
    best: float
    digits: int

    @property
    def is_regime(self) -> bool:
        return self is INDICES["regime"]

    @property
    def is_transit(self) -> bool:
        return self is INDICES["transit"]

    @property
    def is_upside_down(self) -> bool:
        return self.best == self.scale[0]

    def format(self, value: float) -> str:
        return f"{value:.{self.digits}f}"


INDICES = {
    "electoral_democracy": Index("V-Dem: electoral democracy", (0, 1), 1, 3),
    "liberal_democracy": Index("V-Dem: liberal democracy", (0, 1), 1, 3),
    "regime": Index("V-Dem: type of regime", (0, 3), 3, 0),
    "total": Index("Freedom House: Freedom in the World, total", (0, 100), 100, 0),
    "rights": Index("Freedom House: political rights", (1, 7), 1, 0),
    "transit": Index("Freedom House: Nations in Transit", (1, 7), 7, 2),
}


# Table -> its columns in the long table. Names that stand for themselves are left out.
_COLUMNS = {
    "democracy_vdem": {
        "indicator": "index",
        "score_0_to_1": "score",
        "low_0_to_1": "low",
        "high_0_to_1": "high",
    },
    "democracy_regimes": {"regime_code": "score"},
    "nations_in_transit": {
        "edition_year": "year",
        "score_published_1_to_7": "score",
        "score_2020_scale_1_to_7": "turned",
        "best_score": "best",
    },
}


def democracy_scores() -> pd.DataFrame:
    """Return all indices in one long table: index, country, year, score, low, high, turned, best.

    `score` is as printed and `turned` on the scale whose upper end is best where the two differ;
    `year` is the year described, for Nations in Transit the year of the edition.
    """
    import pandas as pd

    vdem, regimes, transit = (
        data.load(table).rename(columns=columns) for table, columns in _COLUMNS.items()
    )
    freedom_house = data.load("democracy_freedom_house")
    total = freedom_house.rename(columns={"total_score_0_to_100": "score"}).dropna(subset="score")
    rights = freedom_house.rename(columns={"political_rights_1_to_7": "score"})
    by_index = {"regime": regimes, "total": total, "rights": rights, "transit": transit}
    parts = [vdem, *(part.assign(index=name) for name, part in by_index.items())]
    numeric = ["score", "low", "high", "turned", "best"]
    columns = ["index", "country", "year", *numeric]
    scores = pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True)
    scores = scores.astype(dict.fromkeys(numeric, "float64"))
    scores = scores.sort_values(["index", "country", "year"], ignore_index=True)
    return scores[scores["year"] >= SINCE]
