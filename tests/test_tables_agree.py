"""Tables that hold the same fact: they agree, or a note beside the row says why they do not.

The pairs were found by hand. A pair gives a table with one line a fact: what the two tables say,
and the notes beside their rows. A difference that runs through a whole series is explained once, in
the description of one of the two tables, which then names the other.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from belgrade import data

VOTES = {"yes": "for", "no": "against", "abstain": "abstained", "absent": "absent"}


def pair(one: pd.DataFrame, other: pd.DataFrame, on: list[str], value: str) -> pd.DataFrame:
    """Return what two tables say about the same, with their notes ("" where there is none)."""
    both = one.merge(other, on=on, suffixes=("_one", "_other"))
    notes = [both[name].fillna("") for name in both if name.startswith("note")]
    said = {"one": both[f"{value}_one"], "other": both[f"{value}_other"]}
    note = sum(notes[1:], notes[0]) if notes else ""
    return both[on].assign(**said, note=note).dropna(subset=["one", "other"])


def votes_on_ukraine() -> pd.DataFrame:
    """un_key_votes.vote and un_votes_ukraine.serbia_vote, china_vote, by resolution."""
    key = data.load("un_key_votes").assign(
        resolution=lambda rows: (
            rows["resolution"]
            .str.removeprefix("A/RES/")
            .replace({"Ukrainian and European text of 2025": "2025 Ukrainian text"})
        ),
        vote=lambda rows: rows["vote"].map(VOTES),
    )
    wide = data.load("un_votes_ukraine").rename(
        columns={"serbia_vote": "Serbia", "china_vote": "China"}
    )
    war = wide.melt(["resolution", "note"], ["Serbia", "China"], "country", "vote")
    return pair(key, war[war["vote"] != "not_stated"], ["resolution", "country"], "vote")


def russian_trade_as_serbia_reports_it() -> pd.DataFrame:
    """trade_partners.share_pct and trade_mirror.share_pct, reporter Serbia."""
    mirror = data.load("trade_mirror").query("reporter == 'Serbia'")
    flow = {"russia_to_serbia": "import", "serbia_to_russia": "export"}
    mirror = mirror.assign(flow=mirror["direction"].map(flow))
    partners = data.load("trade_partners").query("partner == 'Russia'")
    return pair(partners, mirror, ["year", "flow"], "share_pct")


def suppliers_of_arms() -> pd.DataFrame:
    """arms_shares_published.share_pct, and shares of arms_deliveries_yearly.tiv_million."""
    yearly = data.load("arms_deliveries_yearly")

    def share(row: pd.Series) -> float:
        years = yearly[yearly["year"].between(row["period_start"].year, row["period_end"].year)]
        named = years["supplier"] == row["supplier"]
        return 100 * years.loc[named, "tiv_million"].sum() / years["tiv_million"].sum()

    printed = data.load("arms_shares_published").query("supplier != 'all others'")
    own = printed.drop(columns="note").assign(share_pct=printed.apply(share, axis=1))
    return pair(printed, own, ["period_start", "supplier"], "share_pct")


def orders_of_arms() -> pd.DataFrame:
    """arms_register.tiv_delivered_million, and the sum of arms_deliveries_yearly.tiv_million."""
    sums = data.load("arms_deliveries_yearly").groupby("order_id", as_index=False)["tiv_million"]
    sums = sums.sum().rename(columns={"tiv_million": "tiv_delivered_million"})
    return pair(data.load("arms_register"), sums, ["order_id"], "tiv_delivered_million")


def headlines() -> pd.DataFrame:
    """headline_mentions.mentions at RTS, and headline_mentions_monthly.headlines_mentioning."""
    months = data.load("headline_mentions_monthly").groupby("actor", as_index=False)
    months = (
        months["headlines_mentioning"].sum().rename(columns={"headlines_mentioning": "mentions"})
    )
    whole = data.load("headline_mentions").query("outlet == 'RTS' and count_rule == 'strict'")
    return pair(whole, months, ["actor"], "mentions")


def cases_of_covid() -> pd.DataFrame:
    """covid_weekly.cum_cases and covid_daily.cum_cases at the end of each week."""
    weekly = data.load("covid_weekly").rename(columns={"week_end": "date"})
    return pair(weekly, data.load("covid_daily"), ["country", "date"], "cum_cases")


def planes_of_aid() -> pd.DataFrame:
    """aid_intensity.planes and aid_deliveries.planes, by delivery."""
    main = data.load("aid_deliveries").query("is_main_row")
    return pair(data.load("aid_intensity"), main, ["aid_id"], "planes")


def hosts_at_the_airport() -> pd.DataFrame:
    """aid_receptions.highest_host and aid_deliveries.highest_host, by delivery."""
    main = data.load("aid_deliveries").query("is_main_row")
    met = data.load("aid_receptions").query("occasion == 'airport'")
    return pair(met, main, ["aid_id"], "highest_host")


def chinese_deals() -> pd.DataFrame:
    """The sum of china_deals.value_usd_million, and china_deals_to_date at the end of 2021."""
    sums = data.load("china_deals").groupby("kind", as_index=False)["value_usd_million"].sum()
    to_date = data.load("china_deals_to_date")
    last = to_date[to_date["date"] == to_date["date"].max()]
    return pair(
        sums, last[last["kostolac_counted_as"] == "investment"], ["kind"], "value_usd_million"
    )


def tracked_deals() -> pd.DataFrame:
    """china_deals_to_date.value_usd_million and lenders_and_investors.value_billion."""
    to_date = data.load("china_deals_to_date").query("kostolac_counted_as == 'investment'")
    kinds = {"investment": "tracked_investment", "construction_contract": "construction_contracts"}
    to_date["kind"] = to_date["kind"].map(kinds)
    to_date["value_billion"] = to_date["value_usd_million"] / 1000
    return pair(data.load("lenders_and_investors"), to_date, ["date", "kind"], "value_billion")


def investment_to_2022() -> pd.DataFrame:
    """lenders_and_investors.value_billion and fdi_by_origin.value_eur_million."""
    fdi = data.load("fdi_by_origin").query("measure == 'cumulative_inflow'")
    fdi = fdi.assign(actor=fdi["origin"], value_billion=fdi["value_eur_million"] / 1000)
    fdi = fdi[fdi["period_end"] == "2022-06-30"]
    listed = data.load("lenders_and_investors").query("kind == 'direct_investment'")
    return pair(listed[listed["date"] == "2022-06-01"], fdi, ["actor"], "value_billion")


def inflows_of_a_year() -> pd.DataFrame:
    """fdi_by_origin.value_eur_million, where two offices give it for one origin and period."""
    rows = data.load("fdi_by_origin").query("measure == 'gross_inflow'")
    rows = rows.dropna(subset="value_eur_million")
    on = ["origin", "china_scope", "period_start", "period_end"]
    both = pair(rows, rows, on, "value_eur_million")
    return both[both["one"] != both["other"]]


def exercises_of_2019() -> pd.DataFrame:
    """military_exercises.events_count by the report's source; rows of exercises_2019_named."""
    named = data.load("exercises_2019_named").value_counts("partner_group")
    named = named.rename("events_count").rename_axis("partner").reset_index()
    counted = data.load("military_exercises").query("counted_by == 'Balkan Security Network'")
    return pair(
        counted[counted["period_start"] == "2019-01-01"], named, ["partner"], "events_count"
    )


def russian_gas() -> pd.DataFrame:
    """gas_imports.russia_share_pct and energy_facts.value, for Serbia."""
    said = data.load("energy_facts").query("topic == 'gas_share_claim'").dropna(subset="date")
    said = said.assign(year=said["date"].dt.year, russia_share_pct=said["value"])
    own = data.load("gas_imports").query("country == 'Serbia'")
    return pair(own, said, ["year"], "russia_share_pct")


def recognitions_of_a_day() -> pd.DataFrame:
    """kosovo_recognition_counts.states_count, where two print it of one day and the same thing."""
    rows = data.load("kosovo_recognition_counts")
    both = pair(rows, rows, ["date", "what_is_counted"], "states_count")
    return both[both["one"] != both["other"]]


def hybrid_regime() -> pd.DataFrame:
    """The first hybrid edition in nations_in_transit.category, and the downgrade of C135's note."""
    rows = data.load("nations_in_transit").query("country == 'Serbia'")
    rows = rows[rows["category"] == "transitional or hybrid regime"].head(1)
    told = pd.DataFrame({"country": ["Serbia"], "edition_year": [2020]})
    return pair(rows, told, ["country"], "edition_year")


# An event, and how another table names it.
SAME_EVENTS = {
    "T002": "Kosovo declares independence",
    "T011": "Vučić meets Putin in Moscow on Kosovo",
    "T021": "Grenell named US special envoy",
    "A03": "Washington economic normalisation agreement",
    "A33": "Banjska attack",
}
MEETINGS = ["T011", "T016", "T027", "A01", "A11", "A25", "A28"]


def dates_of_events() -> pd.DataFrame:
    """events.date and kosovo_events.date, leader_meetings.date, as exact as the less exact one."""
    events = data.load("events").query("version == 1")
    kosovo, met = data.load("kosovo_events"), data.load("leader_meetings")
    told = kosovo.assign(name=kosovo["event"])[["name", "date", "date_precision"]]
    rows = events.assign(name=events["event_id"].map(SAME_EVENTS)).dropna(subset="name")
    both = rows.merge(told, on="name", suffixes=("_one", "_other"))
    exact = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
    lines = []
    for row in both.to_dict("records"):
        coarse = max(row["date_precision_one"], row["date_precision_other"], key=list(exact).index)
        shape = exact[coarse]
        one, other = (row[date].strftime(shape) for date in ("date_one", "date_other"))
        lines.append((row["event_id"], one, other, row["note"]))
    for row in events[events["event_id"].isin(MEETINGS)].itertuples():
        found = row.date if row.date in set(met["date"]) else None
        lines.append((row.event_id, row.date, found, ""))
    return pd.DataFrame(lines, columns=["event_id", "one", "other", "note"])


# Pair -> what difference rounding allows.
PAIRS: dict[Callable[[], pd.DataFrame], float] = {
    votes_on_ukraine: 0,
    russian_trade_as_serbia_reports_it: 0.051,
    suppliers_of_arms: 0.3,
    orders_of_arms: 0.001,
    headlines: 0,
    cases_of_covid: 0,
    planes_of_aid: 0,
    hosts_at_the_airport: 0,
    chinese_deals: 0,
    tracked_deals: 0.001,
    investment_to_2022: 0.001,
    inflows_of_a_year: 0,
    exercises_of_2019: 0,
    russian_gas: 0.1,
    recognitions_of_a_day: 0,
    hybrid_regime: 0,
    dates_of_events: 0,
}
# Of these the differences run through the series: table, the table that its description names.
SERIES = [
    ("gdp_neighbours", "macro_serbia"),
    ("china_commitments", "macro_serbia"),
    ("arms_tiv_2022_release", "arms_deliveries_yearly"),
]
# Facts that are known to be told in two ways: without them a pair would look at nothing.
DIFFER = {"suppliers_of_arms", "planes_of_aid", "inflows_of_a_year", "exercises_of_2019"}
DIFFER |= {"russian_gas", "recognitions_of_a_day", "hybrid_regime"}


def apart(rows: pd.DataFrame, tolerance: float) -> pd.DataFrame:
    """Return the facts on which two tables differ by more than rounding."""
    if not pd.api.types.is_numeric_dtype(rows["one"]):
        return rows[rows["one"] != rows["other"]]
    return rows[(rows["one"] - rows["other"]).abs() > tolerance]


@pytest.mark.parametrize("facts", PAIRS, ids=lambda facts: facts.__name__)
def test_two_tables_agree_or_a_note_says_why_not(facts: Callable[[], pd.DataFrame]) -> None:
    rows = facts()
    assert len(rows), "the two tables have nothing in common"
    different = apart(rows, PAIRS[facts])
    assert (len(different) > 0) == (facts.__name__ in DIFFER), different.to_string()
    unexplained = different[different["note"].str.strip() == ""]
    assert unexplained.empty, unexplained.to_string()


@pytest.mark.parametrize(("table", "other"), SERIES)
def test_a_series_that_differs_throughout_says_so(table: str, other: str) -> None:
    assert other in data.resource(table)["description"]


def test_a_difference_without_a_note_is_found() -> None:
    one = pd.DataFrame({"year": [1, 2, 3], "value": [1.0, 2.0, 3.0], "note": ["", "why", None]})
    other = pd.DataFrame({"year": [1, 2, 3], "value": [1.2, 9.0, 9.0]})
    different = apart(pair(one, other, ["year"], "value"), 0.5)
    assert different["year"].tolist() == [2, 3]
    assert different["note"].tolist() == ["why", ""]
