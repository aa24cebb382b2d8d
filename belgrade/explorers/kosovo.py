"""Explorers of lesson 05: a model of the veto, and votes in the General Assembly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from belgrade import data, figures
from belgrade.explorers.explorer import Explorer, NothingToShow, Number, Select
from belgrade.methods.did import DifferenceInDifferences
from belgrade.methods.un_votes import pooled_agreement_pct
from belgrade.methods.veto_game import VetoPlayer, asking_price, settlement, win_set

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- The veto game ---------------------------------------------------------------------------

SETTER = "Pristina and its backers"
BOTH, ALONE = "both", "alone"


def veto_game() -> Explorer:
    """Return the explorer of the one-dimensional game of a setter and one or two veto players."""

    def place(label: str, default: int) -> Number:
        return Number(label, 0, 100, 5, default)

    controls = {
        "status_quo": place("Status quo", 60),
        "belgrade": place("Belgrade likes best", 30),
        "pristina": place("Pristina and its backers like best", 90),
        "moscow": place("Moscow likes best", 60),
        "to_belgrade": Number("Promised to Belgrade for a deal", 0, 60, 5, 20),
        "to_moscow": Number("Promised to Moscow for a deal, elsewhere", 0, 60, 5, 10),
        "needed": Select(
            "Who has to agree",
            {"Belgrade and Moscow (Security Council)": BOTH, "Belgrade only": ALONE},
            BOTH,
        ),
    }
    # What the lesson's tasks move. All together the controls have 65 million combinations.
    walks = {
        "1 and 2: the promises": ("to_belgrade", "to_moscow"),
        "3: what Moscow and Pristina like best": ("pristina", "moscow"),
        "4: who has to agree, and the status quo": ("status_quo", "needed"),
    }
    title = "The veto game (invented numbers)"
    return Explorer(title, None, controls, _draw_game, _describe_game, walks)


def _played(needed: str, belgrade: VetoPlayer, moscow: VetoPlayer) -> list[VetoPlayer]:
    return [belgrade, moscow] if needed == BOTH else [belgrade]


def _draw_game(
    _: Any,
    status_quo: float,
    belgrade: float,
    pristina: float,
    moscow: float,
    to_belgrade: float,
    to_moscow: float,
    needed: str,
) -> Figure:
    players = {
        "Belgrade": VetoPlayer(belgrade, to_belgrade),
        "Moscow": VetoPlayer(moscow, to_moscow),
    }
    chosen = _played(needed, *players.values())
    low, high = win_set(status_quo, chosen)
    outcome = settlement(pristina, status_quo, chosen)

    fig, ax = figures.new(3.5)
    ax.axvspan(low, high, color=figures.FAINT, alpha=0.6, zorder=0)
    ax.plot([status_quo] * 2, [-0.3, 3.5], "--", color=figures.INK, linewidth=1.3, zorder=1)
    ax.text(status_quo, 3.6, f"status quo {status_quo:g}", ha=_side(status_quo), va="bottom")
    labels = [f"{SETTER}\nlike {pristina:g} best, propose"]
    ax.plot(pristina, 3, "D", color=figures.GREY, markersize=10, zorder=4)
    for y, (name, player) in zip((2, 1), players.items(), strict=True):
        asked = player in chosen
        shade = figures.colour({"Belgrade": "Serbia", "Moscow": "Russia"}[name])
        lower, upper = (min(max(end, 0), 100) for end in player.accepts(status_quo))
        look = (
            {"color": shade, "alpha": 0.35}
            if asked
            else {"fill": False, "edgecolor": shade, "linestyle": ":"}
        )
        ax.barh(y, upper - lower, left=lower, height=0.34, zorder=2, **look)
        if lower == upper:
            ax.plot([lower, lower], [y - 0.2, y + 0.2], color=shade, linewidth=3, zorder=3)
        mark = "o" if name == "Belgrade" else "s"
        face = shade if asked else "white"
        ax.plot(player.ideal, y, mark, color=shade, markerfacecolor=face, markersize=10, zorder=4)
        accepts = f"{lower:g} to {upper:g}" if lower < upper else f"only {lower:g}"
        rest = f"accepts {accepts}" if asked else "is not asked"
        labels.append(f"{name}\nlikes {player.ideal:g} best, {rest}")
    ax.barh(0, high - low, left=low, height=0.34, color="white", edgecolor=figures.INK, hatch="///")
    ax.plot(outcome, 0, "*", color=figures.colour("you"), markersize=17, zorder=5)
    passes = f"settlement {outcome:g}" if outcome != status_quo else "nothing passes"
    ax.text(outcome, -0.33, passes, ha=_side(outcome), va="top", fontweight="bold")
    labels.append(f"Win set {low:g} to {high:g}" if low < high else f"Win set: only {low:g}")

    ax.set_yticks([3, 2, 1, 0], labels)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(-0.85, 4.0)
    ax.set_xlim(-3, 103)
    ax.set_xticks(range(0, 101, 20))
    ax.set_xlabel("0 = all that Belgrade claims · 100 = all that Pristina claims")
    ax.set_title("Which settlement passes? A model, not data")
    return fig


def _side(position: float) -> str:
    """Return the alignment that keeps a label inside the axes."""
    return "left" if position < 12 else "right" if position > 88 else "center"


def _describe_game(
    _: Any,
    status_quo: float,
    belgrade: float,
    pristina: float,
    moscow: float,
    to_belgrade: float,
    to_moscow: float,
    needed: str,
) -> str:
    first, second = VetoPlayer(belgrade, to_belgrade), VetoPlayer(moscow, to_moscow)
    without = settlement(pristina, status_quo, [first])
    price = asking_price(moscow, status_quo, without)
    if without == status_quo:
        reason = (
            "the proposer already likes it best"
            if pristina == status_quo
            else "no other point is better for the proposer and acceptable to Belgrade"
        )
        return (
            f"Nothing passes, with or without Moscow: the status quo stays at {status_quo:g}, "
            f"because {reason}. There is nothing for Moscow to block, so its veto has no price."
        )
    if needed == ALONE:
        effect = (
            f"Moscow loses {price:g} by it and cannot stop it, so its agreement has no price."
            if price
            else "Moscow loses nothing by it."
        )
        return (
            f"Belgrade settles without Moscow, at {without:g} (status quo {status_quo:g}). {effect}"
        )
    outcome = settlement(pristina, status_quo, [first, second])
    if not price:
        return (
            f"The settlement is {outcome:g} (status quo {status_quo:g}). Moscow likes it at least "
            "as well as the status quo and gains nothing by a veto: it asks for no payment."
        )
    begin = f"Without Moscow's veto the settlement would be {without:g} (status quo {status_quo:g})"
    asks = f"Moscow would lose {price:g} by that, so it asks for {price:g}, and is promised"
    if outcome == without:
        return f"{begin}. {asks} {to_moscow:g}: it lets the settlement of {outcome:g} pass."
    ends = (
        "nothing passes and the status quo stays"
        if outcome == status_quo
        else f"only a smaller step passes, to {outcome:g}"
    )
    return f"{begin}. {asks} {to_moscow:g}: {ends}."


# --- Vote with whom? -------------------------------------------------------------------------

# The event: Kosovo declared independence on 17 February 2008.
FIRST_YEAR, EVENT_YEAR = 2001, 2008
# Montenegro is left out of the group: until June 2006 it voted as one state with Serbia.
NEIGHBOURS = (
    "Albania",
    "Bosnia and Herzegovina",
    "Bulgaria",
    "Croatia",
    "Hungary",
    "North Macedonia",
    "Romania",
)
GROUPS = {
    "all": ("its seven neighbours", NEIGHBOURS),
    "eu": ("its four neighbours in the EU", ("Bulgaria", "Croatia", "Hungary", "Romania")),
    "not_eu": (
        "its three neighbours outside the EU",
        ("Albania", "Bosnia and Herzegovina", "North Macedonia"),
    ),
    "no_recognition": (
        "Bosnia and Herzegovina and Romania",
        ("Bosnia and Herzegovina", "Romania"),
    ),
}
PARTNERS = {
    "Russia": "Russia",
    "China": "China",
    "United States": "the United States",
    "Germany": "Germany",
    "European Union (most common vote)": "most of the EU",
}
VOTE_SETS = {
    "all_roll_calls": "all recorded votes",
    "final_passage_only": "votes on whole texts",
    "us_important_votes": "votes that Washington called important",
    "adopted_resolutions": "adopted resolutions",
}


def votes_table() -> pd.DataFrame:
    """Return the agreement counts of both sources from 2001 on, one row a country and year."""
    import pandas as pd

    both = [data.load("un_agreement"), data.load("un_agreement_adopted")]
    counts = pd.concat(both, ignore_index=True)
    return counts[(counts["year"] >= FIRST_YEAR) & ~counts["partial_year"]]


def vote_with_whom() -> Explorer:
    """Return the explorer of agreement in UN votes: Serbia beside its neighbours."""
    groups = {
        "all seven": "all",
        "those in the EU by 2013": "eu",
        "those outside the EU": "not_eu",
        "those that do not recognise Kosovo": "no_recognition",
    }
    controls = {
        "partner": Select("Vote with", {words: name for name, words in PARTNERS.items()}, "Russia"),
        "group": Select("Neighbours", groups | {name: name for name in NEIGHBOURS}, "all"),
        "vote_set": Select(
            "Votes",
            {
                "all recorded votes, to 2019": "all_roll_calls",
                "only those on whole texts, to 2019": "final_passage_only",
                "only those that Washington called important, to 2017": "us_important_votes",
                "only adopted resolutions, to 2021": "adopted_resolutions",
            },
            "all_roll_calls",
        ),
        "half_credit": Select(
            "Agreement means",
            {"the same vote": False, "the same vote, and half a point if one abstains": True},
            False,
        ),
    }
    return Explorer("Vote with whom?", votes_table(), controls, _draw_votes, _describe_votes)


def compare_votes(
    counts: pd.DataFrame, partner: str, group: str, vote_set: str, half_credit: bool
) -> tuple[Any, DifferenceInDifferences]:
    """Return agreement by year (columns Serbia, neighbours; per cent) and the comparison at 2008.

    Both pool the counts of all votes. Raises `NothingToShow` where the set has no such partner.
    """
    import pandas as pd

    rows = counts[(counts["partner"] == partner) & (counts["vote_set"] == vote_set)]
    if rows.empty:
        raise NothingToShow(
            "The source of the adopted resolutions was not compared with the European Union's most "
            "common vote. Choose Germany, or another set of votes."
        )
    sides = {
        "Serbia": rows[rows["country"] == "Serbia"],
        "neighbours": rows[rows["country"].isin(members(group))],
    }
    by_year = pd.DataFrame({name: _yearly(side, half_credit) for name, side in sides.items()})
    four = [
        pooled_agreement_pct(part, half_credit)
        for side in sides.values()
        for part in (side[side["year"] < EVENT_YEAR], side[side["year"] >= EVENT_YEAR])
    ]
    return by_year, DifferenceInDifferences(*four)


def members(group: str) -> tuple[str, ...]:
    """Return the countries of a group, or the country itself."""
    return GROUPS[group][1] if group in GROUPS else (group,)


def _yearly(side: pd.DataFrame, half_credit: bool) -> pd.Series:
    sums = side.groupby("year")[["same_votes", "one_abstained_votes", "joint_votes"]].sum()
    points = sums["same_votes"] + half_credit * sums["one_abstained_votes"] / 2
    return 100 * points / sums["joint_votes"]


def _draw_votes(counts: Any, partner: str, group: str, vote_set: str, half_credit: bool) -> Figure:
    by_year, _ = compare_votes(counts, partner, group, vote_set, half_credit)
    name = GROUPS[group][0] if group in GROUPS else group
    fig, ax = figures.new(3.7)
    ax.axvline(EVENT_YEAR - 0.5, color=figures.GREY, linestyle=":", linewidth=1.5)
    ax.text(EVENT_YEAR - 0.35, 109, "from 2008", va="center", color=figures.GREY)
    ax.plot(
        by_year["neighbours"],
        "D--",
        color=figures.GREY,
        markersize=5,
        label=name.removeprefix("its "),
    )
    ax.plot(by_year["Serbia"], "o-", color=figures.colour("Serbia"), markersize=6, label="Serbia")
    ax.set_ylim(0, 114)
    ax.set_yticks(range(0, 101, 20))
    ax.set_xlim(FIRST_YEAR - 0.5, by_year.index.max() + 0.5)
    ax.xaxis.set_major_locator(_whole_years())
    ax.grid(axis="y")
    ax.set_ylabel("agreement, per cent")
    ax.set_xlabel(f"counted: {VOTE_SETS[vote_set]}")
    ax.set_title(f"Voting like {PARTNERS[partner]} in the General Assembly")
    handles, labels = ax.get_legend_handles_labels()
    fig.legend(handles[::-1], labels[::-1], loc="outside lower left", ncols=2)
    return fig


def _whole_years() -> Any:
    from matplotlib.ticker import MultipleLocator

    return MultipleLocator(2, offset=1)


def _describe_votes(counts: Any, partner: str, group: str, vote_set: str, half_credit: bool) -> str:
    by_year, four = compare_votes(counts, partner, group, vote_set, half_credit)
    last = by_year.index.max()
    whose = GROUPS[group][0] if group in GROUPS else group
    return (
        f"Agreement with {PARTNERS[partner]}, {FIRST_YEAR} to {EVENT_YEAR - 1} and {EVENT_YEAR} to "
        f"{last}: Serbia {four.treated_before:.1f} and {four.treated_after:.1f} per cent, {whose} "
        f"{four.control_before:.1f} and {four.control_after:.1f}. Serbia changed by "
        f"{four.treated_change:+.1f} points, {whose} by {four.control_change:+.1f}; the difference "
        f"in differences is {four.estimate:+.1f} points, taken before rounding."
    )
