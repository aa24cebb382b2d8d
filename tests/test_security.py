"""Lesson 03: the methods against cases worked out by hand, and the key figures of the sentences."""

from __future__ import annotations

import pandas as pd
import pytest
from shown import said

from belgrade import data, explorers
from belgrade.explorers.explorer import NothingToShow
from belgrade.methods import security

COUNTS = pd.DataFrame(
    [
        ("NATO", "NATO", "drills", "2019", "A", 6),
        ("NATO", "NATO", "drills", "2019", "B", 9),
        ("NATO", "NATO", "visits", "2019", "A", 90),
        ("Russia", "Russia", "drills", "2019", "A", 2),
        ("Russia", "Russia", "drills", "2018", "B", 3),
    ],
    columns=["side", "partner", "unit", "period", "counted_by", "events"],
)


def test_only_counts_made_alike_are_a_fair_pair() -> None:
    # Of the six possible pairs only the first NATO count meets a Russian one of the same unit,
    # period and counter: 6 and 2, so NATO has 6 / 8 = 75 per cent.
    pairs = security.fair_pairs(COUNTS)
    assert pairs[["nato", "russia", "nato_share_pct"]].to_numpy().tolist() == [[6, 2, 75.0]]


def test_same_terms_names_what_differs() -> None:
    assert security.same_terms(COUNTS.loc[1], COUNTS.loc[4]) == {
        "unit": True,
        "period": False,
        "counted_by": True,
    }


def test_fair_pairs_of_2019_are_those_of_the_monitors() -> None:
    pairs = security.fair_pairs(explorers.exercises_counted().data)
    found = set(zip(pairs["nato"], pairs["russia"], strict=True))
    # 13 to 4 is the report's; 11 are named, of which 2 are evaluations and 1 is a cyber drill.
    assert found == {(13, 4), (11, 4), (11 - 2 - 1, 4), (23, 5), (116, 17), (206, 17), (14, 4)}
    assert 96 not in set(pairs["russia"])


def test_supplier_shares_by_hand() -> None:
    toy = pd.DataFrame(
        {
            "supplier": ["A", "B", "A", "C"],
            "year": [2001, 2002, 2003, 2004],
            "tiv_million": [1.0, 1.0, 2.0, 50.0],
        }
    )
    # 2001 to 2003: A has 1 + 2 of 4, B has 1 of 4; both end years count, 2004 does not.
    assert security.supplier_shares(toy, 2001, 2003).to_dict() == {"A": 75.0, "B": 25.0}
    assert security.supplier_shares(toy, 1990, 1991).empty


def test_shares_agree_with_those_that_sipri_published() -> None:
    # The press printed China 57, Russia 20 and France 7.7 per cent for 2020 to 2024.
    shares = security.supplier_shares(data.load("arms_deliveries_yearly"), 2020, 2024)
    published = data.load("arms_shares_published").query("period_end.dt.year == 2024")
    published = published.set_index("supplier")["share_pct"]
    for supplier in ("China", "Russia", "France"):
        assert shares[supplier] == pytest.approx(published[supplier], abs=0.5)


def test_members_count_from_the_year_of_joining() -> None:
    steps = data.load("memberships")
    # Montenegro joined NATO on 5 June 2017 and North Macedonia on 27 March 2020 (F040, F041).
    assert "Montenegro" not in security.members(steps, "NATO", 2016)
    assert security.members(steps, "NATO", 2017)["Montenegro"] == 2017
    assert "North Macedonia" not in security.members(steps, "NATO", 2019)
    assert "North Macedonia" in security.members(steps, "NATO", 2020)
    assert security.members(steps, "CSTO", 2024).empty


def test_kosovo_takes_the_place_of_albania_among_the_neighbours() -> None:
    separate = set(security.neighbours("separate"))
    included = set(security.neighbours("included"))
    assert separate - included == {"Kosovo"}
    assert included - separate == {"Albania"}
    assert len(separate) == len(included) == 8
    with pytest.raises(ValueError, match="'separate' or 'included'"):
        security.neighbours("both")


def test_exercises_say_the_report_s_pair_and_what_is_unfair() -> None:
    # 13 / (13 + 4) = 76 per cent.
    words = said("exercises_counted")
    assert "13 exercises" in words and "4 exercises" in words and "76 of 100" in words
    explorer = explorers.exercises_counted()
    minister = next(
        value for label, value in explorer.controls["russia"].options.items() if "Vulin" in label
    )
    words = said("exercises_counted", russia=minister)
    assert "96 activities" in words
    assert "What differs: unit, period, counter." in words


def test_arms_say_period_gifts_and_edition() -> None:
    # 2015 to 2019, edition of 2025: 14.5 + 65.26 + 71.235 of 176.62 million TIV from Russia.
    assert "Russia 85%" in said("arms_suppliers")
    # Without the MiGs 65.26 drop out on both sides: 85.735 of 111.36.
    assert "Russia 77%" in said("arms_suppliers", counted="no_migs")
    # Edition of 2022: 14 + 65 + 67 of 237.
    assert "Russia 62%, Belarus 32%" in said("arms_suppliers", counted="older")
    assert "China 57%" in said("arms_suppliers", last_year=2024)
    with pytest.raises(NothingToShow, match="ends with 2021"):
        said("arms_suppliers", counted="older", last_year=2024)
    with pytest.raises(NothingToShow, match="2003 to 2007"):
        said("arms_suppliers", last_year=2007)


def test_encircled_counts_the_ring_either_way() -> None:
    words = said("encircled")
    assert "6 of the 8" in words
    assert "Not a member: Bosnia and Herzegovina, Kosovo." in words
    words = said("encircled", kosovo="included")
    assert "7 of the 8" in words
    assert "Not a member: Bosnia and Herzegovina." in words
    assert "0 of the 8" in said("encircled", year=1998)
    assert "0 of the 8" in said("encircled", organisation="CSTO")
    assert "4 of the 8" in said("encircled", organisation="European Union")
