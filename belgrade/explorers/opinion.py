"""Explorers of lesson 04: who people think gives, who is on record as giving, and poll by poll."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.explorers.explorer import Explorer, NothingToShow, Select
from belgrade.methods.polls import margin_of_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

NO_FIGURE = "no figure read"


def _poll_date(row: Any) -> str:
    """Return when a poll was taken, as far as known: "March 2019", "Sep to Oct 2020" or "2018"."""
    start, end = row.fieldwork_start, row.fieldwork_end
    if row.fieldwork_precision == "year":
        return f"{start:%Y}"
    if start.year != end.year:
        return f"{start:%b %Y} to {end:%b %Y}"
    return f"{start:%B %Y}" if start.month == end.month else f"{start:%b} to {end:%b %Y}"


def _pollster(row: Any) -> str:
    """Return who asked or, where that is not stated, who paid."""
    names = (row.pollster, row.commissioned_by)
    return next((name for name in names if isinstance(name, str)), "pollster not stated")


def _asked(row: Any) -> str:
    size = row.sample_size
    return "size not stated" if _missing(size) else f"{size:,} asked"


def _missing(value: Any) -> bool:
    import pandas as pd

    return bool(pd.isna(value))


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _points(low: float, high: float) -> str:
    """Return a range of margins in words: "2.5 points" or "1.9 to 2.7 points"."""
    first, last = f"{low:.1f}", f"{high:.1f}"
    return f"{first} points" if first == last else f"{first} to {last} points"


# --- Guess the donor -------------------------------------------------------------------------

DONORS = (
    "European Union",
    "Russia",
    "China",
    "Germany",
    "United States",
    "Italy",
    "Japan",
    "Norway",
    "Sweden",
    "Switzerland",
)
PLACES = ("1st", "2nd", "3rd")
NOT_IN_AID = ("Russia", "China")
MINISTRY, NEWSPAPER = "sec_pol03", "eco_danas_2012"


def polls_in_order() -> pd.DataFrame:
    """Return the table of polls by date; the answers to a question by share, largest first."""
    keys = ["fieldwork_start", "poll_id", "question"]
    keys += ["share_pct", "share_is", "answer", "source_id"]
    table = data.load("opinion_polls")
    return table.sort_values(keys, ascending=[name != "share_pct" for name in keys], kind="stable")


def guess_the_donor(ranking: Sequence[str] | None = None) -> Explorer:
    """Return the explorer that sets what people say about donors beside what records show.

    `ranking` names up to three donors, first to third, which it shows as the reader's own; what is
    none of `DONORS`, or named a second time, is left out.
    """
    named = dict.fromkeys(name for name in ranking or () if name in DONORS)
    tables = {
        "polls": polls_in_order().query("topic == 'perceived_largest_donor'"),
        "aid": data.load("development_aid"),
        "claims": data.load("donor_claims"),
        "ranking": dict(zip(named, PLACES, strict=False)),
    }
    first_rows = tables["polls"].drop_duplicates("poll_id")
    said = {f"{_poll_date(row)}, {_pollster(row)}": row.poll_id for row in first_rows.itertuples()}
    records = {
        "net official aid from 2006 to the year before the poll (2022 at most)": "to_date",
        "net official aid in the year before the poll (2022 at most)": "one_year",
        "grants 2000 to 2016, according to the Ministry of European Integration": "ministry",
        "grants 2000 to 2012, according to the newspaper Danas": "newspaper",
    }
    controls = {
        "poll": Select("What people said", said, "mei_2018_12"),
        "record": Select("What records show", records, "to_date"),
    }
    return Explorer("Guess the donor", tables, controls, _draw_donors, _describe_donors)


def perceived(tables: dict[str, Any], poll: str) -> pd.DataFrame:
    """Return what one poll printed, indexed by donor: share_pct, margin_pct (nan: unknown).

    Only the donors of `DONORS`, largest share first; `share_is` says how exact the share is.
    """
    rows = tables["polls"].query("poll_id == @poll and answer in @DONORS").copy()
    rows["margin_pct"] = [
        margin_of_error(row.share_pct, row.sample_size) for row in rows.itertuples()
    ]
    rows = rows.set_index("answer").sort_values("share_pct", ascending=False, kind="stable")
    return rows[["share_pct", "share_is", "margin_pct"]]


def recorded(tables: dict[str, Any], poll: str, record: str) -> tuple[pd.Series, str, str]:
    """Return (amount by donor, largest first; what is counted; unit) of one record.

    Net official aid covers the calendar years before the poll, from 2006 and to 2022 at the latest.
    A donor without an entry has no figure, which is not zero.
    """
    if record in ("ministry", "newspaper"):
        claims = tables["claims"]
        page = claims["source_id"] == (MINISTRY if record == "ministry" else NEWSPAPER)
        rows = claims[page & claims["donor"].isin(DONORS)]
        amounts = rows.set_index("donor")["grants_million"]
        years = f"{rows['period_start'].iloc[0]:%Y} to {rows['period_end'].iloc[0]:%Y}"
        who = "the ministry" if record == "ministry" else "Danas"
        return _largest_first(amounts), f"Grants {years}, {who}", "million euros"
    aid = tables["aid"]
    asked = tables["polls"].query("poll_id == @poll")["fieldwork_start"].iloc[0].year
    last = min(asked - 1, int(aid["year"].max()))
    if record == "one_year":
        rows, years = aid[aid["year"] == last], f"{last}"  # the last year there is, for later polls
    else:
        rows, years = aid[aid["year"] <= last], f"{aid['year'].min()} to {last}"
    amounts = rows.groupby("donor")["net_aid_usd_million"].sum()
    return _largest_first(amounts), f"Net official aid, {years}", "million US dollars"


def _largest_first(amounts: pd.Series) -> pd.Series:
    return amounts.sort_values(ascending=False, kind="stable")


def _share(row: Any) -> str:
    """Return a share as the page has it: "25%", "almost 25%" or "about 25%" (said in words)."""
    words = {"slightly_less": "almost ", "slightly_more": "over ", "fraction_in_words": "about "}
    return f"{words.get(row.share_is, '')}{row.share_pct:g}%"


def _amount(million: float) -> str:
    return f"{million:,.0f}" if million >= 1 else f"{million:.1f}"


def _no_record(donor: str, record: str, amounts: pd.Series) -> str:
    if donor in amounts:
        return "none found, says the newspaper"
    if record in ("to_date", "one_year") and donor in NOT_IN_AID:
        return "not in this record"
    return NO_FIGURE


def _draw_donors(tables: Any, poll: str, record: str) -> Figure:
    ranking = tables["ranking"]
    said = perceived(tables, poll)
    amounts, counted, unit = recorded(tables, poll, record)
    widths = [0.42, 2, 2] if ranking else [2, 2]
    fig, axes = figures.new(
        4.6, columns=len(widths), sharey=True, gridspec_kw={"width_ratios": widths}
    )
    *you, people, records = axes
    for ax in you:
        _draw_stars(ax, ranking)
    shades = [figures.colour(donor) for donor in DONORS]
    places = range(len(DONORS))
    people.barh(places, said["share_pct"].reindex(DONORS).fillna(0), color=shades, height=0.62)
    records.barh(places, amounts.reindex(DONORS).fillna(0), color=shades, height=0.62)
    for y, donor in enumerate(DONORS):
        if donor in said.index:
            row = said.loc[donor]
            reach = _margin_bar(people, row.share_pct, y, row.margin_pct, figures.INK)
            _label(people, row.share_pct + reach, y, _share(row))
        else:
            _label(people, 0, y, NO_FIGURE, figures.GREY)
        if amounts.get(donor, 0) > 0:
            _label(records, amounts[donor], y, _amount(amounts[donor]))
        else:
            _label(records, 0, y, _no_record(donor, record, amounts), figures.GREY)
    axes[0].set_yticks(range(len(DONORS)), DONORS)
    axes[0].set_ylim(len(DONORS) - 0.4, -0.6)
    for ax in axes:
        ax.tick_params(axis="y", length=0)
    people.set_xlim(0, 55)
    unknown = said["margin_pct"].isna().all()
    note = "margin of error unknown" if unknown else "with margin of error"
    people.set_xlabel(f"named as the largest donor, %\n({note})")
    records.set_xlim(0, 1.25 * amounts.max())
    records.xaxis.set_major_formatter(lambda amount, _: f"{amount:,.0f}")
    records.locator_params(axis="x", nbins=4)
    records.set_xlabel(unit)
    row = tables["polls"].query("poll_id == @poll").iloc[0]
    people.set_title(f"What people said\n{_poll_date(row)}, {_asked(row)}", fontsize=10.5)
    records.set_title(f"What the record shows\n{counted}", fontsize=10.5)
    return fig


def _draw_stars(ax: Any, ranking: dict[str, str]) -> None:
    for donor, place in ranking.items():
        y = DONORS.index(donor)
        style = {"color": figures.colour("you"), "marker": figures.marker("you")}
        ax.plot(0, y, markersize=11, **style)
        ax.text(0.25, y, place, va="center", color=figures.colour("you"), fontweight="bold")
    ax.set_xlim(-0.3, 1.1)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    ax.set_title("You\n", fontsize=10.5)


def _margin_bar(
    ax: Any, share_pct: float, y: float, margin_pct: float, shade: str, dashes: str = "-"
) -> float:
    """Draw a margin of error unless it is unknown; returns how far it reaches, in points."""
    if math.isnan(margin_pct):
        return 0.0
    ends = [share_pct - margin_pct, share_pct + margin_pct]
    ax.plot(ends, [y, y], color=shade, linewidth=1.5, linestyle=dashes, marker="|", markersize=6)
    return margin_pct


def _label(ax: Any, x: float, y: float, text: str, colour: str = figures.INK) -> None:
    ax.annotate(
        text,
        (x, y),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=colour,
    )


def _describe_donors(tables: Any, poll: str, record: str) -> str:
    ranking = tables["ranking"]
    said = perceived(tables, poll)
    amounts, counted, unit = recorded(tables, poll, record)
    row = tables["polls"].query("poll_id == @poll").iloc[0]
    named = _join([f"{_share(each)} named {each.Index}" for each in said.itertuples()])
    named = named[0].upper() + named[1:]
    margins = said["margin_pct"].dropna()
    if margins.empty:
        margin = "margin of error unknown, as no sample size is stated"
    else:
        margin = f"margin of error {_points(margins.min(), margins.max())}"
    listed = _join([f"{donor} {_amount(amount)}" for donor, amount in amounts[amounts > 0].items()])
    absent = _join([donor for donor in NOT_IN_AID if donor not in amounts])
    none = "".join(
        f" (the newspaper found none from {each})" for each in amounts[amounts == 0].index
    )
    mine = ""
    if ranking:
        top = next(iter(ranking))
        people = f"{_share(said.loc[top])} named it" if top in said.index else "no share was read"
        record_of = (
            f"its record is {_amount(amounts[top])}" if amounts.get(top) else "it has no record"
        )
        own = ", ".join(f"{place} {name}" for name, place in ranking.items())
        mine = f" Your ranking: {own}. For {top}, {people}, and {record_of}."
    question = row.question if row.question.endswith("?") else f"{row.question}."
    return (
        f"{_poll_date(row)}, {_pollster(row)}. Question, in short: {question} {named} ({margin}). "
        f"{counted}, {unit}: {listed}{none}; for {absent} there is no record here, which is not "
        f"zero.{mine}"
    )


# --- One question, many polls ----------------------------------------------------------------

TOPICS = {
    "donor": ("Who is Serbia's largest donor?", ("perceived_largest_donor",)),
    "friend": (
        "Who is Serbia's friend or ally?",
        ("best_friend", "friend_of_serbia", "most_important_ally"),
    ),
    "leader": ("Which foreign leader do people like?", ("leader_rating",)),
    "liking": (
        "Which power is good, liked or trusted?",
        ("influence_positive", "view_positive", "trust"),
    ),
    "nato": ("Should Serbia join NATO?", ("nato_membership",)),
}
# Answers that stand for an actor of the palette; the rest are drawn in grey.
ACTORS = {
    "Vladimir Putin": "Russia",
    "Xi Jinping": "China",
    "Angela Merkel": "Germany",
    "Donald Trump": "United States",
}
SHOWN = ("European Union", "Russia", "China", "Germany", "United States")
MODES = {
    "any way": "any",
    "one answer a person": "one_answer",
    "several answers a person": "several_answers",
    "each name by itself": "asked_one_by_one",
    "not stated": "not_stated",
}
OTHERS = "others"


def polls() -> Explorer:
    """Return the explorer that sets polls on one subject under each other, with their margins."""
    table = polls_in_order()
    controls = {
        "topic": Select("Subject", {words: key for key, (words, _) in TOPICS.items()}, "leader"),
        "mode": Select("How people could answer", MODES, "any"),
        "suppose": Select(
            "Where the sample size is not stated",
            {
                "leave the margin unknown": 0,
                "suppose that 500 were asked": 500,
                "suppose that 1,000 were asked": 1000,
                "suppose that 2,000 were asked": 2000,
            },
            0,
        ),
    }
    return Explorer("One question, many polls", table, controls, _draw_polls, _describe_polls)


def poll_rows(table: pd.DataFrame, topic: str, mode: str, suppose: int) -> pd.DataFrame:
    """Return the answers on a subject: with `shown` (name in the picture), `margin_pct`, `row`.

    `row` numbers the questions asked, oldest first; `size_stated` tells a margin from the sample
    size from one supposed with `suppose` people; 0 leaves it unknown (nan). A share that two
    reports of one poll give alike is kept once. Raises `NothingToShow` where no poll fits.
    """
    rows = table[table["topic"].isin(TOPICS[topic][1])]
    if topic == "nato":
        rows = rows[rows["answer"] == "against"]
    rows = rows[~rows["answer"].isin(["don't know", "no"])]
    if mode != "any":
        ways = set(rows["answer_mode"])
        rows = rows[rows["answer_mode"] == mode]
    if rows.empty:
        there_are = _join([f"“{words}”" for words, way in MODES.items() if way in ways])
        raise NothingToShow(
            "No poll on this subject was asked in that way, as far as the reports say. Choose "
            f"“any way” or {there_are}."
        )
    rows = rows.drop_duplicates(["poll_id", "question", "answer", "share_pct"])
    rows = rows.copy()
    rows["shown"] = [_shown(answer) for answer in rows["answer"]]
    rows["size_stated"] = rows["sample_size"].notna()
    sizes = rows["sample_size"].fillna(suppose) if suppose else rows["sample_size"]
    shares = zip(rows["share_pct"], sizes, strict=True)
    rows["margin_pct"] = [margin_of_error(share, size) for share, size in shares]
    keys = list(zip(rows["poll_id"], rows["question"], strict=True))
    order = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    rows["row"] = [order[key] for key in keys]
    return rows


def _shown(answer: str) -> str:
    if answer == "yes":  # to "Is Russia a friend of Serbia?"
        return "Russia"
    name = ACTORS.get(answer, answer)
    return answer if name in SHOWN or answer == "against" else OTHERS


def _draw_polls(table: Any, topic: str, mode: str, suppose: int) -> Figure:
    rows = poll_rows(table, topic, mode, suppose)
    questions = rows.drop_duplicates("row")
    fig, ax = figures.new(1.35 + 0.6 * len(questions))
    for _, group in rows.groupby("row"):
        level, before = 0.0, -math.inf
        for answer in group.sort_values(["share_pct", "answer"]).itertuples():
            level = level + 0.17 if answer.share_pct - before < 7 else 0.0
            before = answer.share_pct
            _mark(ax, answer, answer.row + level)
    for question in questions.itertuples():
        words = {"y": question.row - 0.26, "fontsize": 9, "color": figures.GREY, "va": "center"}
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        ax.text(1, s=question.question, bbox=behind, zorder=1, **words)
        if math.isnan(question.margin_pct):
            ax.text(100, s="margin unknown", ha="right", **words)
    labels = [
        f"{_poll_date(row)}, {_asked(row)}\n{_pollster(row)}" for row in questions.itertuples()
    ]
    ax.set_yticks(questions["row"], labels, fontsize=9)
    ax.tick_params(axis="y", length=0)
    ax.axvline(50, color=figures.GREY, linewidth=1, linestyle=":", zorder=0.5)
    ax.set_xlim(0, 100)
    ax.set_ylim(len(questions) - 0.35, -0.5)
    ax.set_xlabel("share of those asked, % (dotted line: half)")
    ax.set_title(TOPICS[topic][0])
    _legend(fig, rows)
    return fig


def _mark(ax: Any, answer: Any, y: float) -> None:
    actor = ACTORS.get(answer.shown, answer.shown)
    shade = figures.colour(actor)
    dashes = "-" if answer.size_stated else ":"
    _margin_bar(ax, answer.share_pct, y, answer.margin_pct, shade, dashes)
    exact = answer.share_is == "as_printed"
    ax.plot(
        answer.share_pct,
        y,
        figures.marker(actor),
        color=shade,
        markerfacecolor=shade if exact else "white",
        markeredgewidth=1.5,
        markersize=5 if answer.shown == OTHERS else 7,
    )


def _legend(fig: Any, rows: pd.DataFrame) -> None:
    from matplotlib.lines import Line2D

    def mark(name: str, label: str, **style: Any) -> Line2D:
        actor = ACTORS.get(name, name)
        look = {
            "color": figures.colour(actor),
            "marker": figures.marker(actor),
            "linestyle": "none",
        }
        return Line2D([], [], label=label, **look | style)

    names = [name for name in (*SHOWN, *ACTORS, "against", OTHERS) if name in set(rows["shown"])]
    marks = [mark(name, name) for name in names]
    if (rows["share_is"] != "as_printed").any():
        marks.append(mark(OTHERS, "share given in words", markerfacecolor="white"))
    stated = rows["margin_pct"].notna() & rows["size_stated"]
    bar = {"marker": "", "linewidth": 1.6}
    if stated.any():
        marks.append(mark(OTHERS, "margin of error", linestyle="-", **bar))
    if (rows["margin_pct"].notna() & ~rows["size_stated"]).any():
        marks.append(mark(OTHERS, "margin supposed", linestyle=":", **bar))
    fig.legend(handles=marks, loc="outside lower left", ncols=4, handletextpad=0.5, fontsize=9)


def _describe_polls(table: Any, topic: str, mode: str, suppose: int) -> str:
    rows = poll_rows(table, topic, mode, suppose)
    questions = rows.drop_duplicates("row")
    spans = []
    for name, group in rows[rows["shown"] != OTHERS].groupby("shown", sort=False):
        low, high = group["share_pct"].min(), group["share_pct"].max()
        spans.append(f"{name} {low:g}%" if low == high else f"{name} {low:g} to {high:g}%")
    most = rows.loc[rows["share_pct"].idxmax()]
    if most["share_pct"] <= 50:
        half = "no answer reaches half"
    else:
        number = int((rows["share_pct"] > 50).sum())
        half = f"{number} {'share is' if number == 1 else 'shares are'} above half"
    count, stated = len(questions), int(questions["size_stated"].sum())
    words = f"{count} {'question' if count == 1 else 'questions'}"
    margins = rows.loc[rows["size_stated"], "margin_pct"]
    known = f" (margins {_points(margins.min(), margins.max())})" if stated else ""
    other = ""
    if stated < count:
        supposed = rows.loc[~rows["size_stated"], "margin_pct"]
        rest = "for the rest" if stated else "for all"
        other = f" {rest} the margin is unknown."
        if suppose:
            other = (
                f" {rest}, if {suppose:,} were asked, margins would be "
                f"{_points(supposed.min(), supposed.max())}."
            )
    spoken = ", ".join(spans)
    dates = list(dict.fromkeys(_poll_date(row) for row in questions.itertuples()))
    span = dates[0] if len(dates) == 1 else f"first {dates[0]}, last {dates[-1]}"
    return (
        f"{TOPICS[topic][0]} {words} ({span}): {spoken}; {half}. The sample size is stated for "
        f"{stated or 'none'}{known}{';' if other else '.'}{other}"
    )
