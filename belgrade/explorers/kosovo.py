"""Explorers of lesson 05: a model of the veto, and votes in the General Assembly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import figures
from belgrade.evidence import kosovo as evidence
from belgrade.evidence.kosovo import EVENT_YEAR, FIRST_YEAR, GROUPS
from belgrade.explorers.explorer import Control, Explorer, NothingToShow, Number, Select
from belgrade.explorers.kit import legend
from belgrade.methods.did import DifferenceInDifferences
from belgrade.methods.veto_game import VetoPlayer, asking_price, settlement, win_set

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

# --- The veto game ---------------------------------------------------------------------------

SETTER = "Pristina and its backers"
BOTH, ALONE = "both", "alone"


def veto_game() -> Explorer:
    """Return the explorer of the one-dimensional game of a setter and one or two veto players."""

    def position(label: str, default: int) -> Number:
        return Number(label, 0, 100, 5, default)

    needed = {"Belgrade and Moscow (Security Council)": BOTH, "Belgrade only": ALONE}
    controls: dict[str, Control] = {
        "status_quo": position("Status quo", 60),
        "belgrade": position("Belgrade likes best", 30),
        "pristina": position("Pristina and its backers like best", 90),
        "moscow": position("Moscow likes best", 60),
        "to_belgrade": Number("Promised to Belgrade for a deal", 0, 60, 5, 20),
        "to_moscow": Number("Promised to Moscow for a deal, elsewhere", 0, 60, 5, 10),
        "needed": Select("Who has to agree", needed, BOTH),
    }
    # What the lesson's tasks move. All together the controls have 65 million combinations.
    slices = {
        "1 and 2: the promises": ("to_belgrade", "to_moscow"),
        "3: what Moscow and Pristina like best": ("pristina", "moscow"),
        "4: who has to agree, and the status quo": ("status_quo", "needed"),
    }
    title = "The veto game (invented numbers)"
    return Explorer(title, None, controls, _game_view, slices)


@dataclass(frozen=True)
class Game:
    """A game as the controls have it: places from 0 to 100, payments, and who has to agree."""

    status_quo: float
    belgrade: float
    pristina: float
    moscow: float
    to_belgrade: float
    to_moscow: float
    needed: str

    @property
    def players(self) -> dict[str, VetoPlayer]:
        return {
            "Belgrade": VetoPlayer(self.belgrade, self.to_belgrade),
            "Moscow": VetoPlayer(self.moscow, self.to_moscow),
        }

    @property
    def needed_players(self) -> list[VetoPlayer]:
        """Those who have to agree."""
        return list(self.players.values())[: 2 if self.needed == BOTH else 1]

    def settlement_with(self, players: list[VetoPlayer]) -> float:
        return settlement(self.pristina, self.status_quo, players)


def _game_view(_: Any, **choices: Any) -> tuple[Figure, str]:
    game = Game(**choices)
    return _draw_game(game), _describe_game(game)


def _draw_game(game: Game) -> Figure:
    status_quo, outcome = game.status_quo, game.settlement_with(game.needed_players)
    low, high = win_set(status_quo, game.needed_players)
    fig, ax = figures.new(3.5)
    ax.axvspan(low, high, color=figures.FAINT, alpha=0.6, zorder=0)
    ax.plot([status_quo] * 2, [-0.3, 3.5], "--", color=figures.INK, linewidth=1.3, zorder=1)
    ax.text(status_quo, 3.6, f"status quo {status_quo:g}", ha=_alignment(status_quo), va="bottom")
    ax.plot(game.pristina, 3, "D", color=figures.GREY, markersize=10, zorder=4)
    labels = [f"{SETTER}\nlike {game.pristina:g} best, propose"]
    for y, name in ((2, "Belgrade"), (1, "Moscow")):
        labels.append(f"{name}\n{_draw_player(ax, y, name, game)}")
    ax.barh(0, high - low, left=low, height=0.34, color="white", edgecolor=figures.INK, hatch="///")
    ax.plot(outcome, 0, "*", color=figures.colour("you"), markersize=17, zorder=5)
    result = f"settlement {outcome:g}" if outcome != status_quo else "nothing passes"
    ax.text(outcome, -0.33, result, ha=_alignment(outcome), va="top", fontweight="bold")
    labels.append(f"Win set {low:g} to {high:g}" if low < high else f"Win set: only {low:g}")
    ax.set_yticks([3, 2, 1, 0], labels)
    ax.tick_params(axis="y", length=0)
    ax.set(ylim=(-0.85, 4.0), xlim=(-3, 103), xticks=range(0, 101, 20))
    ax.set_xlabel("0 = all that Belgrade claims · 100 = all that Pristina claims")
    ax.set_title("Which settlement passes? A model, not data")
    return fig


def _draw_player(ax: Any, y: int, name: str, game: Game) -> str:
    """Draw what a player likes best and accepts; return it in words."""
    player = game.players[name]
    is_asked = player in game.needed_players
    shade = figures.colour({"Belgrade": "Serbia", "Moscow": "Russia"}[name])
    lower, upper = (min(max(end, 0), 100) for end in player.accepts(game.status_quo))
    bar_style = {"color": shade, "alpha": 0.35}
    if not is_asked:
        bar_style = {"fill": False, "edgecolor": shade, "linestyle": ":"}
    ax.barh(y, upper - lower, left=lower, height=0.34, zorder=2, **bar_style)
    if lower == upper:
        ax.plot([lower, lower], [y - 0.2, y + 0.2], color=shade, linewidth=3, zorder=3)
    style = {"color": shade, "markerfacecolor": shade if is_asked else "white", "markersize": 10}
    ax.plot(player.ideal, y, "o" if name == "Belgrade" else "s", zorder=4, **style)
    accepts = f"accepts {lower:g} to {upper:g}" if lower < upper else f"accepts only {lower:g}"
    return f"likes {player.ideal:g} best, {accepts if is_asked else 'is not asked'}"


def _alignment(position: float) -> str:
    """Return the alignment that keeps a label inside the axes."""
    return "left" if position < 12 else "right" if position > 88 else "center"


def _describe_game(game: Game) -> str:
    status_quo, to_moscow = game.status_quo, game.to_moscow
    without = game.settlement_with([game.players["Belgrade"]])
    price = asking_price(game.moscow, status_quo, without)
    if without == status_quo:
        reason = "no other point is better for the proposer and acceptable to Belgrade"
        if game.pristina == status_quo:
            reason = "the proposer already likes it best"
        return (
            f"Nothing passes, with or without Moscow: the status quo stays at {status_quo:g}, "
            f"because {reason}. There is nothing for Moscow to block, so its veto has no price."
        )
    if game.needed == ALONE:
        effect = "Moscow loses nothing by it."
        if price:
            effect = (
                f"Moscow loses {price:g} by it and cannot stop it, so its agreement has no price."
            )
        return (
            f"Belgrade settles without Moscow, at {without:g} (status quo {status_quo:g}). {effect}"
        )
    outcome = game.settlement_with(game.needed_players)
    if not price:
        return (
            f"The settlement is {outcome:g} (status quo {status_quo:g}). Moscow likes it at least "
            "as well as the status quo and gains nothing by a veto: it asks for no payment."
        )
    consequence = f"only a smaller step passes, to {outcome:g}"
    if outcome == without:
        consequence = f"it lets the settlement of {outcome:g} pass"
    elif outcome == status_quo:
        consequence = "nothing passes and the status quo stays"
    return (
        f"Without Moscow's veto the settlement would be {without:g} (status quo {status_quo:g}). "
        f"Moscow would lose {price:g} by that, so it asks for {price:g}, and is promised "
        f"{to_moscow:g}: {consequence}."
    )


# --- Vote with whom? -------------------------------------------------------------------------

PARTNERS = {
    "Russia": "Russia",
    "China": "China",
    "United States": "the United States",
    "Germany": "Germany",
    "European Union (most common vote)": "most of the EU",
}


def vote_with_whom() -> Explorer:
    """Return the explorer of agreement in UN votes: Serbia beside its neighbours."""
    groups = {
        "all seven": "all",
        "those in the EU by 2013": "eu",
        "those outside the EU": "not_eu",
        "those that do not recognise Kosovo": "no_recognition",
    }
    votes = {
        "all recorded votes, to 2019": "all_roll_calls",
        "only those on whole texts, to 2019": "final_passage_only",
        "only those that Washington called important, to 2017": "us_important_votes",
        "only adopted resolutions, to 2021": "adopted_resolutions",
    }
    means = {"the same vote": False, "the same vote, and half a point if one abstains": True}
    controls: dict[str, Control] = {
        "partner": Select("Vote with", {words: name for name, words in PARTNERS.items()}, "Russia"),
        "group": Select("Neighbours", groups | {name: name for name in evidence.NEIGHBOURS}, "all"),
        "vote_set": Select("Votes", votes, "all_roll_calls"),
        "half_credit": Select("Agreement means", means, False),
    }
    return Explorer("Vote with whom?", evidence.votes_table(), controls, _votes_view)


def _votes_view(
    counts: Any, partner: str, group: str, vote_set: str, half_credit: bool
) -> tuple[Figure, str]:
    if not ((counts["partner"] == partner) & (counts["vote_set"] == vote_set)).any():
        raise NothingToShow(
            "The source of the adopted resolutions was not compared with the European Union's most "
            "common vote. Choose Germany, or another set of votes."
        )
    by_year, did = evidence.compare_votes(counts, partner, group, vote_set, half_credit)
    group_name = GROUPS[group][0] if group in GROUPS else group
    fig = _draw_votes(by_year, group_name, PARTNERS[partner], evidence.VOTE_SETS[vote_set])
    return fig, _describe_votes(did, group_name, PARTNERS[partner], by_year.index.max())


def _draw_votes(by_year: pd.DataFrame, group_name: str, partner: str, counted: str) -> Figure:
    from matplotlib.ticker import MultipleLocator

    fig, ax = figures.new(3.7)
    ax.axvline(EVENT_YEAR - 0.5, color=figures.GREY, linestyle=":", linewidth=1.5)
    ax.text(EVENT_YEAR - 0.35, 109, "from 2008", va="center", color=figures.GREY)
    line = {"color": figures.GREY, "markersize": 5}
    ax.plot(by_year["neighbours"], "D--", label=group_name.removeprefix("its "), **line)
    ax.plot(by_year["Serbia"], "o-", color=figures.colour("Serbia"), markersize=6, label="Serbia")
    ax.set(ylim=(0, 114), yticks=range(0, 101, 20), ylabel="agreement, per cent")
    ax.set_xlim(FIRST_YEAR - 0.5, by_year.index.max() + 0.5)
    ax.xaxis.set_major_locator(MultipleLocator(2, offset=1))
    ax.grid(axis="y")
    ax.set(xlabel=f"counted: {counted}", title=f"Voting like {partner} in the General Assembly")
    legend(fig, ax.get_legend_handles_labels()[0][::-1], ncols=2)
    return fig


def _describe_votes(did: DifferenceInDifferences, group: str, partner: str, last: int) -> str:
    return (
        f"Agreement with {partner}, {FIRST_YEAR} to {EVENT_YEAR - 1} and {EVENT_YEAR} to "
        f"{last}: Serbia {did.treated_before:.1f} and {did.treated_after:.1f} per cent, {group} "
        f"{did.control_before:.1f} and {did.control_after:.1f}. Serbia changed by "
        f"{did.treated_change:+.1f} points, {group} by {did.control_change:+.1f}; the difference "
        f"in differences is {did.estimate:+.1f} points, taken before rounding."
    )
