"""Explorers of lesson 04: who people think gives, who is on record as giving, and poll by poll."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.display import count, joined
from belgrade.evidence import opinion as evidence
from belgrade.evidence.opinion import DONORS, NAMED, NOT_IN_AID, OTHERS, PAGES
from belgrade.explorers.explorer import Explorer, NothingToShow, Select
from belgrade.explorers.kit import (
    NO_LINE,
    WHITE_BOX,
    annotate,
    handle,
    label_rows,
    legend,
    span,
    style_of,
)

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


def _sample(row: Any) -> str:
    import pandas as pd

    return "size not stated" if pd.isna(row.sample_size) else f"{row.sample_size:,} asked"


def _margin_range(margins: pd.Series) -> str:
    """Return a range of margins in words: "2.5 points" or "1.9 to 2.7 points"."""
    return f"{span(f'{margins.min():.1f}', f'{margins.max():.1f}')} points"


# --- Guess the donor -------------------------------------------------------------------------


def guess_the_donor(ranking: Sequence[str] | None = None) -> Explorer:
    """Return the explorer that sets what people say about donors beside what records show.

    `ranking` names up to three donors, first to third, which it shows as the reader's own; what is
    none of `DONORS`, or named a second time, is left out.
    """
    tables = evidence.donor_tables(ranking)
    asked = tables["polls"].drop_duplicates("poll_id").itertuples()
    polls = {f"{_poll_date(row)}, {_pollster(row)}": row.poll_id for row in asked}
    records = {
        "net official aid from 2006 to the year before the poll (2022 at most)": "to_date",
        "net official aid in the year before the poll (2022 at most)": "one_year",
        "grants 2000 to 2016, according to the Ministry of European Integration": "ministry",
        "grants 2000 to 2012, according to the newspaper Danas": "newspaper",
    }
    controls = {
        "poll": Select("What people said", polls, "mei_2018_12"),
        "record": Select("What records show", records, "to_date"),
    }
    return Explorer("Guess the donor", tables, controls, _donors_view)


def _donors_view(tables: Any, poll: str, record: str) -> tuple[Figure, str]:
    ranking, named = tables["ranking"], evidence.perceived(tables, poll)
    amounts, counted, unit = evidence.recorded(tables, poll, record)
    row = tables["polls"].query("poll_id == @poll").iloc[0]
    widths = [0.42, 2, 2] if ranking else [2, 2]
    fig, axes = figures.new(4.6, columns=len(widths), sharey=True, width_ratios=widths)
    *you, people, records = axes
    for ax in you:
        _draw_ranking(ax, ranking)
    _draw_people(people, named)
    _draw_record(records, amounts, record)
    label_rows(axes[0], DONORS, 0.6)
    axes[0].set_ylim(top=-0.6)
    for ax in axes:
        ax.tick_params(axis="y", length=0)
    records.set_xlabel(unit)
    people.set_title(f"What people said\n{_poll_date(row)}, {_sample(row)}", fontsize=10.5)
    records.set_title(f"What the record shows\n{counted}", fontsize=10.5)
    question = row.question if row.question.endswith("?") else f"{row.question}."
    return fig, (
        f"{_poll_date(row)}, {_pollster(row)}. Question, in short: {question} "
        f"{_describe_people(named)} {counted}, {unit}: {_describe_record(amounts)}"
        f"{_describe_ranking(ranking, named, amounts)}"
    )


def _share(row: Any) -> str:
    """Return a share as the page has it: "25%", "almost 25%" or "about 25%" (said in words)."""
    words = {"slightly_less": "almost ", "slightly_more": "over ", "fraction_in_words": "about "}
    return f"{words.get(row.share_is, '')}{row.share_pct:g}%"


def _amount(million: float) -> str:
    return f"{million:,.0f}" if million >= 1 else f"{million:.1f}"


def _draw_ranking(ax: Any, ranking: dict[str, str]) -> None:
    for donor, place in ranking.items():
        y = DONORS.index(donor)
        ax.plot(0, y, markersize=11, **style_of("you"))
        ax.text(0.25, y, place, va="center", color=figures.colour("you"), fontweight="bold")
    ax.set(xlim=(-0.3, 1.1), xticks=[])
    ax.spines["bottom"].set_visible(False)
    ax.set_title("You\n", fontsize=10.5)


def _donor_bars(ax: Any, values: pd.Series) -> None:
    shades = [figures.colour(donor) for donor in DONORS]
    ax.barh(range(len(DONORS)), values.reindex(DONORS).fillna(0), color=shades, height=0.62)


def _label(ax: Any, x: float, y: float, text: str, colour: str = figures.INK) -> None:
    annotate(ax, (x, y), text, 4, fontsize=9, color=colour)


def _draw_people(ax: Any, shares: pd.DataFrame) -> None:
    _donor_bars(ax, shares["share_pct"])
    for y, donor in enumerate(DONORS):
        if donor in shares.index:
            row = shares.loc[donor]
            margin = _draw_margin(ax, row.share_pct, y, row.margin_pct, color=figures.INK)
            _label(ax, row.share_pct + margin, y, _share(row))
        else:
            _label(ax, 0, y, NO_FIGURE, figures.GREY)
    unknown = shares["margin_pct"].isna().all()
    note = "margin of error unknown" if unknown else "with margin of error"
    ax.set(xlim=(0, 55), xlabel=f"named as the largest donor, %\n({note})")


def _draw_margin(ax: Any, share_pct: float, y: float, margin_pct: float, **style: Any) -> float:
    """Draw a margin of error unless it is unknown; returns how far it reaches, in points."""
    if math.isnan(margin_pct):
        return 0.0
    ends = [share_pct - margin_pct, share_pct + margin_pct]
    ax.plot(ends, [y, y], linewidth=1.5, marker="|", markersize=6, **style)
    return margin_pct


def _draw_record(ax: Any, amounts: pd.Series, record: str) -> None:
    _donor_bars(ax, amounts)
    for y, donor in enumerate(DONORS):
        if amounts.get(donor, 0) > 0:
            _label(ax, amounts[donor], y, _amount(amounts[donor]))
            continue
        note = NO_FIGURE
        if donor in amounts:
            note = "none found, says the newspaper"
        elif record not in PAGES and donor in NOT_IN_AID:
            note = "not in this record"
        _label(ax, 0, y, note, figures.GREY)
    ax.set_xlim(0, 1.25 * amounts.max())
    ax.xaxis.set_major_formatter(lambda amount, _: f"{amount:,.0f}")
    ax.locator_params(axis="x", nbins=4)


def _describe_people(shares: pd.DataFrame) -> str:
    named = joined(f"{_share(each)} named {each.Index}" for each in shares.itertuples())
    margins = shares["margin_pct"].dropna()
    margin = f"margin of error {_margin_range(margins)}"
    if margins.empty:
        margin = "margin of error unknown, as no sample size is stated"
    return f"{named[0].upper()}{named[1:]} ({margin})."


def _describe_record(amounts: pd.Series) -> str:
    listed = joined(f"{donor} {_amount(each)}" for donor, each in amounts[amounts > 0].items())
    none = amounts[amounts == 0].index
    found_none = "".join(f" (the newspaper found none from {donor})" for donor in none)
    absent = joined(donor for donor in NOT_IN_AID if donor not in amounts)
    return f"{listed}{found_none}; for {absent} there is no record here, which is not zero."


def _describe_ranking(ranking: dict[str, str], shares: pd.DataFrame, amounts: pd.Series) -> str:
    if not ranking:
        return ""
    top = next(iter(ranking))
    people = f"{_share(shares.loc[top])} named it" if top in shares.index else "no share was read"
    record = "it has no record"
    if amounts.get(top):
        record = f"its record is {_amount(amounts[top])}"
    own = ", ".join(f"{place} {name}" for name, place in ranking.items())
    return f" Your ranking: {own}. For {top}, {people}, and {record}."


# --- One question, many polls ----------------------------------------------------------------

SUBJECTS = {
    "donor": "Who is Serbia's largest donor?",
    "friend": "Who is Serbia's friend or ally?",
    "leader": "Which foreign leader do people like?",
    "liking": "Which power is good, liked or trusted?",
    "nato": "Should Serbia join NATO?",
}
MODES = {
    "any way": "any",
    "one answer a person": "one_answer",
    "several answers a person": "several_answers",
    "each name by itself": "asked_one_by_one",
    "not stated": "not_stated",
}


def polls() -> Explorer:
    """Return the explorer that sets polls on one subject under each other, with their margins."""
    sizes = {f"suppose that {size:,} were asked": size for size in (500, 1000, 2000)}
    supposed = {"leave the margin unknown": 0} | sizes
    controls = {
        "topic": Select("Subject", {words: topic for topic, words in SUBJECTS.items()}, "leader"),
        "mode": Select("How people could answer", MODES, "any"),
        "suppose": Select("Where the sample size is not stated", supposed, 0),
    }
    table = evidence.polls_in_order()
    return Explorer("One question, many polls", table, controls, _polls_view)


def _polls_view(table: Any, topic: str, mode: str, suppose: int) -> tuple[Figure, str]:
    rows = evidence.poll_rows(table, topic, mode, suppose)
    if rows.empty:
        ways = set(evidence.poll_answers(table, topic)["answer_mode"])
        there_are = joined(f"“{words}”" for words, way in MODES.items() if way in ways)
        raise NothingToShow(
            "No poll on this subject was asked in that way, as far as the reports say. Choose "
            f"“any way” or {there_are}."
        )
    questions = rows.drop_duplicates("row")
    return _draw_polls(rows, questions, SUBJECTS[topic]), (
        f"{SUBJECTS[topic]} {_describe_polls(rows, questions)} "
        f"{_describe_sizes(rows, questions, suppose)}"
    )


def _draw_polls(rows: pd.DataFrame, questions: pd.DataFrame, title: str) -> Figure:
    fig, ax = figures.new(1.35 + 0.6 * len(questions))
    for _, group in rows.groupby("row"):
        level, before = 0.0, -math.inf
        for answer in group.sort_values(["share_pct", "answer"]).itertuples():
            level = level + 0.17 if answer.share_pct - before < 7 else 0.0
            before = answer.share_pct
            _draw_answer(ax, answer, answer.row + level)
    for question in questions.itertuples():
        style = {"y": question.row - 0.26, "fontsize": 9, "color": figures.GREY, "va": "center"}
        ax.text(1, s=question.question, bbox=WHITE_BOX | {"pad": 0.5}, zorder=1, **style)
        if math.isnan(question.margin_pct):
            ax.text(100, s="margin unknown", ha="right", **style)
    labels = [
        f"{_poll_date(row)}, {_sample(row)}\n{_pollster(row)}" for row in questions.itertuples()
    ]
    label_rows(ax, labels, 0.65, fontsize=9)
    ax.axvline(50, color=figures.GREY, linewidth=1, linestyle=":", zorder=0.5)
    ax.set(xlim=(0, 100), xlabel="share of those asked, % (dotted line: half)", title=title)
    legend(fig, _poll_handles(rows), ncols=4, handletextpad=0.5, fontsize=9)
    return fig


def _draw_answer(ax: Any, answer: Any, y: float) -> None:
    style = style_of(answer.label)
    line = {"color": style["color"], "linestyle": "-" if answer.size_stated else ":"}
    _draw_margin(ax, answer.share_pct, y, answer.margin_pct, **line)
    face = style["color"] if answer.share_is == "as_printed" else "white"
    size = NO_LINE | {"markeredgewidth": 1.5, "markersize": 5 if answer.label == OTHERS else 7}
    ax.plot(answer.share_pct, y, markerfacecolor=face, **style, **size)


def _poll_handles(rows: pd.DataFrame) -> list[Any]:
    order = (*NAMED, *figures.STANDS_FOR, "against", OTHERS)
    names = [name for name in order if name in set(rows["label"])]
    handles = [handle(name, **style_of(name), **NO_LINE) for name in names]
    if (rows["share_is"] != "as_printed").any():
        open_marker = style_of(OTHERS) | NO_LINE | {"markerfacecolor": "white"}
        handles.append(handle("share given in words", **open_marker))
    known, line = rows["margin_pct"].notna(), {"color": figures.GREY, "linewidth": 1.6}
    if (known & rows["size_stated"]).any():
        handles.append(handle("margin of error", linestyle="-", **line))
    if (known & ~rows["size_stated"]).any():
        handles.append(handle("margin supposed", linestyle=":", **line))
    return handles


def _describe_polls(rows: pd.DataFrame, questions: pd.DataFrame) -> str:
    shares = rows[rows["label"] != OTHERS].groupby("label", sort=False)["share_pct"]
    spans = ", ".join(
        f"{name} {span(f'{each.min():g}', f'{each.max():g}')}%" for name, each in shares
    )
    above = int((rows["share_pct"] > 50).sum())
    half = f"{above} {'share is' if above == 1 else 'shares are'} above half"
    dates = list(dict.fromkeys(map(_poll_date, questions.itertuples())))
    period = dates[0] if len(dates) == 1 else f"first {dates[0]}, last {dates[-1]}"
    return (
        f"{count(len(questions), 'question')} ({period}): {spans}; "
        f"{half if above else 'no answer reaches half'}."
    )


def _describe_sizes(rows: pd.DataFrame, questions: pd.DataFrame, suppose: int) -> str:
    stated = int(questions["size_stated"].sum())
    text = f"The sample size is stated for {stated or 'none'}"
    if stated:
        text += f" (margins {_margin_range(rows.loc[rows['size_stated'], 'margin_pct'])})"
    if stated == len(questions):
        return f"{text}."
    rest = "for the rest" if stated else "for all"
    if not suppose:
        return f"{text}; {rest} the margin is unknown."
    margins = _margin_range(rows.loc[~rows["size_stated"], "margin_pct"])
    return f"{text}; {rest}, if {suppose:,} were asked, margins would be {margins}."
