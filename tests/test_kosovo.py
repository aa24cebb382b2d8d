"""Lesson 05: the veto game against cases solved by hand, agreement, difference-in-differences."""

from __future__ import annotations

import itertools
import random

import pandas as pd
import pytest

from belgrade import explorers
from belgrade.explorers import kosovo
from belgrade.explorers.explorer import NothingToShow
from belgrade.methods.did import DifferenceInDifferences
from belgrade.methods.un_votes import pooled_agreement_pct
from belgrade.methods.veto_game import VetoPlayer, asking_price, settlement, win_set

# --- the veto game ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setter", "status_quo", "expected"),
    [
        # Romer and Rosenthal, one voter at 50. From a status quo of 30 the voter accepts up to its
        # mirror image, 2 * 50 - 30 = 70.
        (100, 30, 70),
        (60, 30, 60),  # the setter's own wish lies inside
        (100, 50, 50),  # the voter has what it likes best
        (100, 80, 80),  # the status quo lies between the two: gridlock
        (0, 80, 20),  # the mirror image on the other side, 2 * 50 - 80
        (30, 30, 30),  # the setter likes the status quo best
    ],
)
def test_one_veto_player_as_romer_and_rosenthal(
    setter: float, status_quo: float, expected: float
) -> None:
    assert settlement(setter, status_quo, [VetoPlayer(50)]) == expected


def test_two_veto_players_by_hand() -> None:
    # Belgrade: |60 - 30| + 20 = 50, so it accepts 30 - 50 to 30 + 50, on the line 0 to 80.
    belgrade = VetoPlayer(30, 20)
    assert belgrade.accepts(60) == (-20, 80)
    assert win_set(60, [belgrade]) == (0, 80)
    # Moscow at the status quo accepts only that, or as far from it as it is paid.
    assert win_set(60, [belgrade, VetoPlayer(60)]) == (60, 60)
    assert win_set(60, [belgrade, VetoPlayer(60, 10)]) == (50, 70)
    assert settlement(90, 60, [belgrade, VetoPlayer(60)]) == 60
    assert settlement(90, 60, [belgrade, VetoPlayer(60, 10)]) == 70
    assert settlement(90, 60, [belgrade, VetoPlayer(60, 25)]) == 80
    assert asking_price(60, 60, 80) == 20
    # Belgrade unpaid, between its wish and the proposer's: nothing to block.
    assert settlement(90, 60, [VetoPlayer(30)]) == 60


def test_friend_and_spoiler_differ_only_where_the_deal_suits_belgrade() -> None:
    # Beyond the status quo both lose 80 - 60; for a deal at 45 the friend (30) gains.
    assert asking_price(30, 60, 80) == asking_price(60, 60, 80) == 20
    assert asking_price(30, 60, 45) == 0
    assert asking_price(45, 60, 45) == 0
    assert asking_price(60, 60, 45) == 15


def test_a_brute_force_search_finds_the_same_settlement() -> None:
    chance = random.Random(1244)
    for _ in range(300):
        setter, status_quo, first, second = (chance.randint(0, 100) for _ in range(4))
        players = [VetoPlayer(first, chance.randint(0, 40)), VetoPlayer(second)]
        passing = [
            x
            for x in range(101)
            if all(
                abs(x - player.ideal) <= abs(status_quo - player.ideal) + player.payment
                for player in players
            )
        ]
        best = min(passing, key=lambda x: abs(x - setter))
        assert settlement(setter, status_quo, players) == best


def test_paying_the_asking_price_is_just_enough() -> None:
    for ideal, status_quo, outcome in itertools.product(range(0, 101, 20), repeat=3):
        price = asking_price(ideal, status_quo, outcome)
        low, high = VetoPlayer(ideal, price).accepts(status_quo)
        assert low <= outcome <= high
        if price:
            low, high = VetoPlayer(ideal, price - 1).accepts(status_quo)
            assert not low <= outcome <= high


def test_impossible_games_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        VetoPlayer(50, -1).accepts(50)
    with pytest.raises(ValueError, match="not between"):
        win_set(120, [VetoPlayer(50)])


# --- agreement -------------------------------------------------------------------------------


def test_counts_are_added_before_they_are_divided() -> None:
    # 9 of 10 and 10 of 90: 19 of 100, where the average of the shares would be 50.6.
    counts = pd.DataFrame(
        {"joint_votes": [10, 90], "same_votes": [9, 10], "one_abstained_votes": [0, 40]}
    )
    assert pooled_agreement_pct(counts) == pytest.approx(19)
    assert pooled_agreement_pct(counts, half_credit=True) == pytest.approx(39)
    with pytest.raises(ValueError, match="no joint votes"):
        pooled_agreement_pct(counts.head(0))


# --- difference-in-differences ---------------------------------------------------------------


def test_card_and_krueger() -> None:
    """Employment per restaurant, table 3 of the article, which prints 2.76 from unrounded means."""
    four = DifferenceInDifferences(20.44, 21.03, 23.33, 21.17)
    assert four.treated_change == pytest.approx(0.59)
    assert four.control_change == pytest.approx(-2.16)
    assert four.estimate == pytest.approx(2.76, abs=0.015)
    assert four.counterfactual == pytest.approx(20.44 - 2.16)


# --- the explorers' sentences ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({}, "settlement would be 80 (status quo 60). Moscow would lose 20 by that"),
        ({}, "only a smaller step passes, to 70"),
        ({"to_moscow": 0}, "nothing passes and the status quo stays"),
        ({"to_moscow": 20}, "it lets the settlement of 80 pass"),
        ({"to_belgrade": 0}, "its veto has no price"),
        ({"needed": kosovo.ALONE}, "Belgrade settles without Moscow, at 80"),
        ({"pristina": 45, "moscow": 30}, "it asks for no payment"),
        ({"pristina": 60}, "the proposer already likes it best"),
    ],
)
def test_the_game_in_words(choice: dict, words: str) -> None:
    assert words in explorers.veto_game().bundle(**choice)["text/plain"]


def test_votes_in_words() -> None:
    """The counts of Serbia and Russia, added by hand from un_agreement."""
    words = explorers.vote_with_whom().bundle()["text/plain"]
    before = 100 * (56 + 67 + 62 + 56 + 62 + 64 + 57) / (80 + 103 + 91 + 90 + 97 + 111 + 89)
    assert f"Serbia {before:.1f} and 64.9 per cent" in words
    assert "difference in differences is +7.7 points" in words


def test_the_library_counts_have_no_european_union() -> None:
    partner = "European Union (most common vote)"
    explorer = explorers.vote_with_whom(partner=partner, vote_set="adopted_resolutions")
    with pytest.raises(NothingToShow, match="Choose Germany"):
        explorer.view(explorer.data, **explorer.defaults)[1]
