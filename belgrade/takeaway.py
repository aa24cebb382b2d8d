"""What a student takes away from lesson 08: rival explanations held against the evidence, on file.

The evidence comes from lessons 01 to 07, with figures computed from the tables; the marks are the
student's own and are kept in the journal. `methods.matrix` scores them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

from belgrade import data, forms, journal
from belgrade.display import Card, escape, joined, spoken_date
from belgrade.evidence.kosovo import NEIGHBOURS
from belgrade.files import write_whole
from belgrade.methods import matrix

if TYPE_CHECKING:
    import pandas as pd

KEY = "matrix/08"
QUESTION = "If Belgrade thanked Moscow less than Beijing in spring 2020: why?"
# Id -> name, who proposes it, what it says.
EXPLANATIONS = {
    "means": (
        "Limited means",
        "the report, reason 1",
        "Russia has little to offer in the Balkans.",
    ),
    "kosovo": (
        "Kosovo",
        "the report, reason 2",
        "Belgrade and Moscow want different things over Kosovo.",
    ),
    "distrust": ("Distrust", "the report, reason 3", "Moscow does not trust Serbia's president."),
    "timing": ("Timing", "a rival", "China's help came first, when Serbia had least."),
    "content": ("Content", "a rival", "What China brought was scarcer than what Russia brought."),
    "audience": (
        "Audience",
        "a rival",
        "The thanks to China were a message to the European Union.",
    ),
    "courting": (
        "Courting all",
        "a rival",
        "Belgrade adds partners without dropping any.",
    ),
}
SYMBOLS = {matrix.CONSISTENT: "+", matrix.INCONSISTENT: "−", matrix.NEUTRAL: "0"}
FILES = ("evidence_matrix.csv", "evidence_matrix.html")
WORTH_SCORING = 4

# --- The evidence ----------------------------------------------------------------------------


def evidence() -> pd.DataFrame:
    """Return the evidence, a row each: lesson, evidence (a sentence), table that it comes from."""
    import pandas as pd

    pieces = [
        *_aid(),
        ("02", _trade(), "trade_statements"),
        ("03", _gas(), "gas_imports"),
        ("04", _helper(), "opinion_polls"),
        ("05", _votes(), "un_agreement"),
        ("05", _china_and_kosovo(), "kosovo_p5_positions"),
        *_trust(),
        ("07", _invested(), "fdi_by_origin"),
    ]
    rows = [(f"E{number:02}", *row) for number, row in enumerate(pieces, start=1)]
    columns = ["evidence_id", "lesson", "evidence", "table"]
    return pd.DataFrame(rows, columns=columns).set_index("evidence_id")


def _aid() -> Iterator[tuple[str, str, str]]:
    rates = data.load("aid_intensity").set_index("aid_id")
    rates = rates[rates["population_set"] == "Our World in Data"]["planes_per_million_people"]
    times = rates["RU05"] / rates["IT01"].max()
    yield (
        "01",
        f"Per person, Russia sent {times:.1f} times as many planes to Serbia as to Italy.",
        "aid_intensity",
    )
    met = data.load("aid_receptions").query("recipient == 'Serbia'")
    met = met.sort_values(["date", "aid_id"])
    landed = met.set_index("aid_id")["date"]
    days = (landed["RU03"] - landed["CN02"]).days
    yield (
        "01",
        f"China's government plane came on {spoken_date(landed['CN02'])}, the first of Russia's "
        f"planes {days} days later.",
        "aid_receptions",
    )
    deliveries = data.load("aid_deliveries").set_index("aid_id")
    sent = deliveries.loc[deliveries["is_main_row"], "what"]
    bought = deliveries[deliveries["goods_status"] == "mixed"].loc[["CN02"], "what"].item()
    chinese = sent["CN02"].partition(", Air Serbia")[0]
    russian = sent["RU05"].partition(": ")[2]
    yield (
        "01",
        f"China's plane brought {chinese} (one source says that {bought}); Russia's brought "
        f"{russian}.",
        "aid_deliveries",
    )
    airport = met[met["occasion"] == "airport"]
    himself = _named(joined(airport.loc[airport["president_present"] == "yes", "donor"]))
    others = _named(joined(airport.loc[airport["president_present"] == "no", "donor"]))
    yield (
        "01",
        f"At the airport Serbia's president met aid from {himself}; others met aid from {others}.",
        "aid_receptions",
    )
    team = met[(met["donor"] == "Russia") & (met["president_present"] == "yes")].iloc[0]
    joint = met[met["aid_id"] == "NO02"].iloc[0]
    yield (
        "01",
        "Serbia's president thanked Russia's team in person on "
        f"{spoken_date(team['date'])}, and received help from "
        f"{_named(joint['donor'])} in person on {spoken_date(joint['date'])}.",
        "aid_receptions",
    )
    event = data.load("events").set_index("event_id").loc["T029"]
    yield (
        "01",
        f"On {spoken_date(event['date'])} Serbia's president called European solidarity a "
        "fairy tale and turned to China.",
        "events",
    )


def _trade() -> str:
    statements = data.load("trade_statements")
    statements = statements[
        (statements["said_by"] == "The report") & (statements["flow"] == "total")
    ]
    share = statements[statements["period_start"] == "2019-01-01"].set_index("partner")["value"]
    return (
        f"Of Serbia's trade in 2019, the report gives {share['European Union']:g} per cent to the "
        f"European Union, {share['Eurasian Economic Union']:g} to Russia and its economic union."
    )


def _gas() -> str:
    gas = data.load("gas_imports").query("country == 'Serbia' and year == 2019").iloc[0]
    return f"In 2019 Russia supplied {gas['russia_share_pct']:g} per cent of Serbia's gas imports."


def _helper() -> str:
    polls = data.load("opinion_polls").query("poll_id == 'bcsp_2020_09'")
    helped = polls[polls["topic"] == "covid_helper"].set_index("answer")["share_pct"]
    friend = polls[polls["topic"] == "best_friend"].set_index("answer")["share_pct"]
    return (
        f"In one poll of autumn 2020, {helped['China']:g} per cent named China as the country that "
        f"helped most, {friend['Russia']:g} named Russia as Serbia's best friend, "
        f"{friend['China']:g} China."
    )


def _votes() -> str:
    votes = data.load("un_agreement").query("vote_set == 'all_roll_calls' and partner == 'Russia'")
    votes = votes[votes["year"].between(2001, 2019)]

    def change(countries: tuple[str, ...]) -> float:
        chosen = votes[votes["country"].isin(countries)]
        sums = chosen.groupby(chosen["year"] >= 2008)[["same_votes", "joint_votes"]].sum()
        share = 100 * sums["same_votes"] / sums["joint_votes"]
        return share[True] - share[False]

    return (
        "From 2001-2007 to 2008-2019, agreement with Russia in the UN General Assembly changed by "
        f"{change(('Serbia',)):+.1f} percentage points for Serbia and "
        f"{change(NEIGHBOURS):+.1f} for its neighbours."
    )


def _china_and_kosovo() -> str:
    positions = data.load("kosovo_p5_positions").query("item == 'recognition of Kosovo'")
    others = _named(joined(positions.loc[positions["position"] != "recognised", "state"]))
    return (
        f"Of the states that have a veto, {others} did not recognise Kosovo when it declared "
        "independence in 2008."
    )


def _trust() -> Iterator[tuple[str, str, str]]:
    day = data.load("events").groupby("event_id")["date"].min()
    yield (
        "06",
        f"In {day['T025']:%B %Y} a video showed a Russian officer paying a retired Serbian "
        "officer; Serbia's president confirmed that it was genuine.",
        "events",
    )
    yield (
        "06",
        f"In {day['T014']:%B %Y} Russia's president signed a decree that gives Serbia's president "
        f"a decoration; in {day['T027']:%B %Y} he gave him a rifle that had been a king's.",
        "events",
    )


def _invested() -> str:
    from belgrade.evidence.yardsticks import measured

    rows = measured()["total"].rows
    rows = rows[rows["label"] == "end of 2019"].set_index("name")["value"]
    return (
        f"Direct investment from 2010 to the end of 2019, as worked back in lesson 07: Russia "
        f"{rows['Russia']:,.0f} million euros, China {rows['China']:,.0f}."
    )


def _named(names: str) -> str:
    return names.replace("European Union", "the European Union")


# --- The marks -------------------------------------------------------------------------------


def marks() -> pd.DataFrame:
    """Return your marks: a row for each piece of evidence, a column for each explanation.

    What was not marked, or cannot be read, is a missing value.
    """
    import pandas as pd

    table = pd.DataFrame(None, index=evidence().index, columns=list(EXPLANATIONS), dtype=object)
    for row, row_marks in _stored_marks().items():
        for name, mark in row_marks.items():
            if row in table.index:
                table.loc[row, name] = mark
    return table


def _stored_marks() -> dict[str, dict[str, str]]:
    """Return the marks in the journal that can be read: evidence -> explanation -> mark."""
    stored = journal.get(KEY)
    return {
        row: {
            name: mark
            for name, mark in row_marks.items()
            if name in EXPLANATIONS and mark in matrix.MARKS
        }
        for row, row_marks in (stored.items() if isinstance(stored, dict) else ())
        if isinstance(row_marks, dict)
    }


def ask_marks() -> None:
    """Show the evidence piece by piece, with a list of marks for each explanation.

    Each mark is kept in the journal at once, under the piece whose list was changed.
    """
    table = evidence()
    ids = list(table.index)

    def build(row: str) -> list[Any]:
        index, row_marks = ids.index(row), _stored_marks().get(row, {})
        head = f"Evidence {index + 1} of {len(ids)}, from lesson {table.loc[row, 'lesson']}."
        fields = []
        for name, (title, _, claim) in EXPLANATIONS.items():
            options = [("not marked", None), *((mark, mark) for mark in matrix.MARKS)]
            field = forms.dropdown(f"{title}: {claim}", options, row_marks.get(name))
            forms.on_change(field, partial(commit, row, name))
            fields.append(field)
        return [forms.text(forms.card(head, table.loc[row, "evidence"])), *fields]

    def commit(row: str, name: str, change: Mapping[str, Any]) -> None:
        stored = _stored_marks()
        row_marks = stored.get(row, {}) | {name: change["new"]}
        stored[row] = {name: mark for name in EXPLANATIONS if (mark := row_marks.get(name))}
        form.tell(tally(journal.save(KEY, stored)))

    def tally(message: str = "") -> str:
        stored = _stored_marks()
        done = sum(len(stored.get(row, {})) == len(EXPLANATIONS) for row in ids)
        return f"{done} of {len(ids)} pieces of evidence marked in full. {message}".strip()

    def fallback() -> forms.Fallback:
        how = f"Run this cell to mark each as {', '.join(matrix.MARKS[:-1])} or {matrix.MARKS[-1]}."
        shown, stored = forms.Fallback(QUESTION, how), _stored_marks()
        shown.line("Explanations:")
        shown.items(
            [(f"{title} ({who}): {claim}", "") for title, who, claim in EXPLANATIONS.values()]
        )
        shown.line("Evidence:")
        titles = names()
        shown.items(
            [
                (
                    f"Lesson {row.lesson}: {row.evidence}",
                    "; ".join(f"{titles[n]} {m}" for n, m in stored.get(row.Index, {}).items()),
                )
                for row in table.itertuples()
            ],
            numbered=True,
        )
        return shown

    marked = _stored_marks()
    first = next(
        (index for index, row in enumerate(ids) if len(marked.get(row, {})) < len(EXPLANATIONS)), 0
    )
    cards = forms.Cards(ids, build, first)
    form = forms.Form("marks", [forms.heading(QUESTION), cards.box], fallback)
    form.show(tally())


def names() -> dict[str, str]:
    """Return what each explanation is called: id -> name."""
    return {key: title for key, (title, _, _) in EXPLANATIONS.items()}


def result(marked: pd.DataFrame) -> str:
    """Return in words what the marks say, or how to make some: one to five sentences."""
    complete = len(matrix.complete(marked))
    if complete == 0:
        return (
            "No piece of evidence is marked in full yet. That is fine: mark a few above, run this "
            "cell again, and the scores appear."
        )
    titles = names()
    telling = len(matrix.telling(marked))
    pieces = "1 piece" if complete == 1 else f"{complete} pieces"
    beginning = f"You marked {pieces} of evidence in full; {telling or 'none'} of them "
    if telling == 0:
        return f"{beginning}tells the explanations apart, so there is nothing to count yet."
    least = matrix.least_contradicted(marked)
    against = matrix.counts(marked).loc[least[0], matrix.INCONSISTENT]
    sentences = [
        f"{beginning}{'tells' if telling == 1 else 'tell'} the explanations apart, and only "
        f"{'it counts' if telling == 1 else 'they count'}.",
        f"Least evidence against it ({against}): {joined(titles[name] for name in least)}.",
    ]
    if untested := [titles[name] for name in matrix.untested(marked) if name in least]:
        sentences.append(
            f"But {joined(untested)} {'was' if len(untested) == 1 else 'were'} neutral throughout: "
            "without anything held against it, an explanation comes first untested."
        )
    if deciding := matrix.rows_that_decide(marked):
        sentences.append(f"Without {' or without '.join(deciding)} this would be otherwise.")
    if complete < WORTH_SCORING:
        sentences.append(
            "That is few: a score from so little evidence may turn with the next piece."
        )
    return " ".join(sentences)


# --- The files -------------------------------------------------------------------------------


def as_csv() -> str:
    """Return the evidence matrix as CSV: the evidence in rows, your marks in columns.

    Beside them stands your verdict on the lesson; one on a lesson without evidence has a row of
    its own.
    """
    table = evidence().reset_index().join(marks().rename(columns=names()), on="evidence_id")
    verdicts = journal.verdicts().drop(columns="saved")
    verdicts = verdicts.rename(columns={"verdict": "my_verdict", "reason": "because"})
    table = table.merge(verdicts, on="lesson", how="outer").sort_values(["evidence_id", "lesson"])
    return table.to_csv(index=False, lineterminator="\r\n")


def _last_entry() -> str:
    """Return the date of what was last kept in the journal ("28 November 2026"), or ""."""
    latest = max((entry.get("saved", "") for entry in journal.entries().values()), default="")
    try:
        date = datetime.fromisoformat(latest).astimezone()
    except ValueError:
        return ""
    return f"{spoken_date(date)} {date.year}"


def as_page(name: str = "") -> str:
    """Return the evidence matrix as an HTML page that needs nothing else to be read.

    It bears `name` (a line to write it on where there is none) and the date of the last entry.
    """
    marked, titles = marks(), names()
    date = _last_entry()
    rows = [
        [
            f"{row.Index}. {escape(row.evidence)} <small>(lesson {row.lesson}, "
            f"table {escape(row.table)})</small>",
            *(_mark(marked.loc[row.Index, name]) for name in titles),
        ]
        for row in evidence().itertuples()
    ]
    scores = [
        [escape(titles[name]), *map(str, numbers)]
        for name, *numbers in matrix.counts(marked).itertuples()
    ]
    key = ", ".join(f"{symbol} {mark}" for mark, symbol in SYMBOLS.items())
    page = Path(__file__).parent / "static" / "evidence_matrix.html"
    return Template(page.read_text(encoding="utf-8")).substitute(
        question=escape(QUESTION),
        name=escape(name.strip()) or '<span class="line"></span>',
        dated=f"<p>Last entry: {date}</p>" if date else "",
        explanations="".join(
            f"<li><strong>{escape(title)}</strong> ({escape(proposer)}): {escape(claim)}</li>"
            for title, proposer, claim in EXPLANATIONS.values()
        ),
        matrix=_table(
            ["Evidence", *map(escape, titles.values())],
            rows,
            f"{escape(key)}; an empty cell was not marked.",
        ),
        score=escape(result(marked)),
        scores=_table(
            ["Explanation", *matrix.MARKS],
            scores,
            "Marks in rows that are marked in full and tell explanations apart; the fewest against "
            "come first.",
        ),
        verdicts=_verdicts(),
    )


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Return a table of HTML: column heads, and rows that begin with theirs."""
    lines = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for first, *cells in rows
    )
    heads = "".join(f'<th scope="col">{each}</th>' for each in columns)
    caption = f"<caption>{caption}</caption>" if caption else ""
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"


def _mark(mark: Any) -> str:
    if not isinstance(mark, str):
        return ""
    return f'<span class="{mark}" aria-hidden="true">{SYMBOLS[mark]}</span> <small>{mark}</small>'


def _verdicts() -> str:
    verdicts = journal.verdicts().drop(columns="saved")
    if verdicts.empty:
        return "<p>None yet.</p>"
    rows = [[f"Lesson {lesson}", *others] for lesson, *others in verdicts.itertuples(index=False)]
    escaped = [[escape(cell) for cell in row] for row in rows]
    return _table(["Lesson", "Verdict", "Confidence, %", "Because"], escaped)


def evidence_matrix(name: str = "") -> Card:
    """Write the evidence matrix to your work folder and return a card with links to download it.

    `name` is your name, for the page.

    The files are `evidence_matrix.csv`, for a spreadsheet, and `evidence_matrix.html`, to read or
    print. Without any mark or verdict nothing is written. Where the folder cannot be written, the
    links still work and the card says so.
    """
    # The mark at the start makes spreadsheets read the names as UTF-8.
    contents = dict(zip(FILES, ("\ufeff" + as_csv(), as_page(name)), strict=True))
    types = dict(zip(FILES, ("text/csv", "text/html"), strict=True))
    labels = dict(zip(FILES, ("as a table (CSV)", "as a page (HTML)"), strict=True))
    if marks().isna().all(axis=None) and journal.verdicts().empty:
        message = "No mark or verdict yet: the links give the empty form, and no file was written."
    else:
        message = f"Written to my_work: {' and '.join(FILES)}."
        try:
            for file, text in contents.items():
                write_whole(journal.folder() / file, text.encode("utf-8"))
        except OSError as error:
            message = f"Not written ({error.strerror or error}): use the links to download."
    links = ""
    for file, text in contents.items():
        encoded = base64.b64encode(text.encode("utf-8")).decode("ascii")
        links += (
            f'<li><a download="{file}" href="data:{types[file]};charset=utf-8;base64,{encoded}">'
            f"Download {labels[file]}</a></li>"
        )
    return Card(
        "Take your evidence matrix away", f"<ul>{links}</ul><p>{escape(message)}</p>", message
    )
