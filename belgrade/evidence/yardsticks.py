"""Evidence of lesson 07: Russia and China on fifteen yardsticks, and who is ahead on each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from belgrade import data
from belgrade.evidence.china import listed_loans
from belgrade.methods.flows import leads, total_before

if TYPE_CHECKING:
    import pandas as pd

RUSSIA, CHINA, EU = "Russia", "China", "European Union"
LEADERS = {"Vladimir Putin": RUSSIA, "Xi Jinping": CHINA}
# From here on the meetings found with Putin fit the running numbers that the presidency gives (15
# in January 2019, 17 in December); of the fourteen earlier ones only three were found.
MEETINGS_SINCE = 2019
# Members of NATO or the European Union when they delivered; Montenegro's deliveries came before.
NATO_OR_EU = ["Canada", "Cyprus", "Denmark", "France", "Germany", "Hungary", "Slovenia", "Spain"]
NATO_OR_EU += ["United States"]
WESTERN_ARMS = "NATO or EU members"


@dataclass(frozen=True)
class Yardstick:
    """One measure of closeness: its unit, how it is drawn, what to beware of, and its rows.

    `rows` has a row a value: `period` (orders the values), `label` (how the period is called),
    `side` (Russia, China or other), `name` (as shown), `value`, `panel` ("" or a panel's title).
    """

    title: str
    unit: str
    caveat: str
    rows: pd.DataFrame
    kind: str = "lines"  # or points, spans, bars
    decimals: int = 0

    def value(self, number: float) -> str:
        return f"{number:,.{self.decimals}f}"


def measured() -> dict[str, Yardstick]:
    """Return all yardsticks, by key."""
    return _traded() | _invested() | _lent() | {"arms": _arms(), "meetings": _meetings()} | _polls()


def _series(period: Any, name: Any, value: Any, label: Any = None, panel: Any = "") -> pd.DataFrame:
    """Return the rows of a yardstick, from columns or single values; a year labels itself."""
    import pandas as pd

    rows = pd.DataFrame({"period": period, "name": name, "value": value, "panel": panel})
    rows["label"] = rows["period"].astype(str) if label is None else label
    side = rows["name"].replace(LEADERS)
    rows["side"] = side.where(side.isin([RUSSIA, CHINA]), "other")
    return rows.reset_index(drop=True)


def _traded() -> dict[str, Yardstick]:
    table = data.load("trade_partners").sort_values(["year", "partner"])
    table = table[table["partner"].isin([RUSSIA, CHINA, "Germany"])]
    caveat = "Only the five largest partners of a year are listed, and 2020 is missing."
    yardsticks = {}
    for flow, verb, note in (
        ("import", "buys", ""),
        ("export", "sells", " China is never one of the five buyers; that is not zero."),
    ):
        rows = table[table["flow"] == flow]
        series = _series(rows["year"], rows["partner"], rows["share_pct"])
        title, unit = f"Trade: what Serbia {verb}", f"share of Serbia's {flow}s of goods, %"
        yardsticks[f"{flow}s"] = Yardstick(title, unit, caveat + note, series, decimals=1)
    return yardsticks


def _invested() -> dict[str, Yardstick]:
    table = data.load("fdi_by_origin").sort_values(["period_start", "period_end", "origin"])
    table = table[table["origin"].isin([RUSSIA, CHINA, EU])]
    flows = table[(table["measure"] == "gross_inflow") & table["value_eur_million"].notna()]
    yearly = flows[(flows["period_end"] - flows["period_start"]).dt.days > 360]
    years, amounts = yearly["period_start"].dt.year, yearly["value_eur_million"]
    return {
        "inflow": Yardstick(
            "Investment: what came in each year",
            "direct investment in the year, million euros",
            "No amount for the EU in 2020 was found, and none before 2020 for Russia or China.",
            _series(years, yearly["origin"], amounts),
        ),
        "total": Yardstick(
            "Investment: added up since 2010",
            "direct investment since 2010, million euros",
            "We worked the earlier totals back from that of 2022, which assumes one way of "
            "counting; China is counted with Hong Kong, Macao and Taiwan.",
            _rolled_back(table[table["measure"] == "cumulative_inflow"], flows),
        ),
    }


def _rolled_back(totals: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
    """Return inflows added up since 2010, rolled back from the total of mid-2022."""
    totals = totals[totals["period_end"] == "2022-06-30"].set_index("origin")
    ends = flows["period_start"].dt.year, flows["period_end"].dt.strftime("%m-%d")
    flow_of = flows.groupby([flows["origin"], *ends])["value_eur_million"].sum().to_dict()
    rows = []
    for origin in (RUSSIA, CHINA, EU):
        total = float(totals.loc[origin, "value_eur_million"])
        rows.append((2022.5, origin, total, "middle of 2022"))
        for year, end in ((2022, "06-30"), (2021, "12-31"), (2020, "12-31")):
            if (origin, year, end) not in flow_of:
                break
            total = total_before(total, [flow_of[origin, year, end]])
            rows.append((float(year), origin, total, f"end of {year - 1}"))
    return _by_period(_series(*zip(*rows, strict=True)))


def _by_period(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("period", kind="stable", ignore_index=True)


def decimal_year(date: Any) -> float:
    """Return a date as a number of years: 2020.5 is the middle of 2020."""
    return date.year + (date.day_of_year - 1) / 365


def _lent() -> dict[str, Yardstick]:
    units = {"USD": "millions of US dollars", "EUR": "millions of euros"}
    loans = [
        (decimal_year(row.date), lender, amount, row.project, units[row.currency])
        for lender in (RUSSIA, CHINA)
        for row in listed_loans(lender).itertuples()
        for amount in dict.fromkeys((row.low, row.high))
    ]
    owed = data.load("lenders_and_investors").query("kind == 'public_debt'")
    owed = owed[(owed["date"] == "2023-09-01") & (owed["actor_type"] != "group")]
    owed = owed.sort_values(["value_billion", "actor"]).iloc[::-1]
    debt = _series(2023.7, owed["actor"], owed["value_billion"], "September 2023")
    return {
        "loans": Yardstick(
            "Loans: one by one, as they were agreed",
            "size of the loan",
            "The list is not complete; a line joins two amounts that pages give for one loan.",
            _series(*zip(*loans, strict=True)),
            kind="spans",
        ),
        "debt": Yardstick(
            "Loans: what the state still owes",
            "public debt owed in September 2023, billion euros",
            "No page gave Russia's part or one Western government's, so this shows no Russian lead "
            "or loss; holders of bonds are left out, because the page does not say who they are.",
            debt.assign(side=debt["side"].mask(debt["name"].str.contains("China"), CHINA)),
            kind="bars",
            decimals=2,
        ),
    }


def _with_zeros(sums: pd.Series, years: range, names: tuple[str, ...]) -> pd.DataFrame:
    """Return a row for every year and name, with 0 where `sums` by year and name has none."""
    values = sums.to_dict()
    rows = [(year, name, values.get((year, name), 0)) for year in years for name in names]
    return _series(*zip(*rows, strict=True))


def _arms() -> Yardstick:
    table = data.load("arms_deliveries_yearly")
    group = table["supplier"].map(
        dict.fromkeys(NATO_OR_EU, WESTERN_ARMS) | {RUSSIA: RUSSIA, CHINA: CHINA}
    )
    sums = table.groupby([table["year"], group])["tiv_million"].sum()
    return Yardstick(
        "Arms: what was delivered",
        "arms delivered, million TIV",
        "TIV is military worth, not money; gifts count, and orders spread over years are split "
        "evenly. Belarus and Montenegro (before it joined NATO) are left out.",
        _with_zeros(sums, range(2010, 2025), (RUSSIA, CHINA, WESTERN_ARMS)),
    )


def _meetings() -> Yardstick:
    table = data.load("leader_meetings").query("mode == 'in_person'")
    table = table[table["date"].dt.year >= MEETINGS_SINCE].sort_values(["date", "leader"])
    year = table["date"].dt.year
    claimed = table.dropna(subset="running_number_claimed").groupby("leader").last()
    counts = " and ".join(
        f"{row.running_number_claimed} with {leader} by {row.date.year}"
        for leader, row in claimed.iterrows()
    )
    years = range(MEETINGS_SINCE, year.max() + 1)
    return Yardstick(
        "Meetings of the leaders",
        "meetings in person found",
        f"These are the meetings we found, without those before {MEETINGS_SINCE}, most of which we "
        f"did not find; sources count {counts}. Pandemic and war made meetings rarer. No table has "
        "Western leaders.",
        _with_zeros(table.groupby([year, "leader"]).size(), years, tuple(LEADERS)),
    )


def _polls() -> dict[str, Yardstick]:
    caveat = "Pollsters and questions differ, so points are not joined: this is no trend."
    extra = " No table has a large Western country's share."
    sides = [RUSSIA, CHINA, EU]
    donors = _poll_series(sides, "perceived_largest_donor")
    friends = _poll_series([RUSSIA, CHINA], "best_friend", "most_important_ally")
    warmth = _poll_series(sides, "influence_positive", "trust")
    liked = _poll_series([*LEADERS, "Angela Merkel"], "leader_rating")
    polls = {
        "donor": ("who gave most?", "thought to be the largest donor, % of those asked", donors),
        "friend": ("best friend or main ally", "named as best friend or main ally, %", friends),
        "warmth": (
            "good influence (to 2021) or trust (2025)",
            "see a good influence, or trust, %",
            warmth,
        ),
        "leader": ("which foreign leader?", "like, trust or prefer the leader, %", liked),
    }
    polled = {
        key: Yardstick(f"Polls: {title}", unit, caveat + extra * (key == "friend"), rows, "points")
        for key, (title, unit, rows) in polls.items()
    }
    return polled | {"headlines": _headlines(), "airtime": _airtime(), "vaccines": _vaccines()}


def _poll_series(names: list[str], *topics: str) -> pd.DataFrame:
    table = data.load("opinion_polls")
    table = table[table["topic"].isin(topics) & table["answer"].isin(names)]
    start, precision = table["fieldwork_start"], table["fieldwork_precision"]
    middle = start + (table["fieldwork_end"] - start) / 2
    label = start.dt.strftime("%B %Y").mask(precision == "year", start.dt.strftime("%Y"))
    rows = _series(middle.map(decimal_year), table["answer"], table["share_pct"], label)
    return rows.sort_values(["period", "label", "name", "value"], ignore_index=True)


def _headlines() -> Yardstick:
    table = data.load("headline_mentions").query("count_rule == 'strict'")
    table = table[table["actor"].isin([*LEADERS, "Donald Trump", "Emmanuel Macron"])]
    table = table.sort_values(["period_start", "outlet", "actor"])
    period, panel = (
        2025.5 + 0.01 * (table["outlet"] == "RTS"),
        table["outlet"] + ": " + table["unit"],
    )
    label = "October 2024 to January 2026"
    return Yardstick(
        "Headlines: who is named",
        "mentions",
        "October 2024 (N1: November) to January 2026. RTS is the public broadcaster, N1 a private "
        "channel; their units differ, and to be named is not to be praised.",
        _series(period, table["actor"], table["mentions"], label, panel),
        kind="bars",
    )


def _airtime() -> Yardstick:
    table = data.load("media_attention").query("study_id == 'BIRODI2021' and unit == 'seconds'")
    table = table[table["tone"] == "all"].sort_values("actor", kind="stable")
    label = "December 2020 to November 2021"
    return Yardstick(
        "Television: time on the news",
        "hours on five national newscasts",
        f"Five national channels, {label}; officials and embassies. Tone differs: lesson 09.",
        _series(2021.4, table["actor"], table["value"] / 3600, label),
        kind="bars",
        decimals=1,
    )


def _vaccines() -> Yardstick:
    table = data.load("vaccine_deliveries").query("record_type == 'cumulative'")
    table = table[table["date"] == "2021-02-05"].sort_values("maker", kind="stable")
    country = table["maker_country"].reset_index(drop=True)
    name = table["maker"] + " (" + table["maker_country"] + ")"
    rows = _series(2021.1, name, table["doses"] / 1000, "5 February 2021")
    return Yardstick(
        "Vaccines: the first weeks",
        "thousand doses received by 5 February 2021",
        "One early day, as one agency told it; Pfizer/BioNTech had more than the number shown. "
        "Bought and given doses are not told apart.",
        rows.assign(side=country.where(country.isin([RUSSIA, CHINA]), "other")),
        kind="bars",
    )


def standing(rows: pd.DataFrame) -> dict[Any, int]:
    """Return for each period with both: 1 where China is ahead of Russia, -1 behind, 0 level."""
    best = rows.groupby(["side", "period"])["value"].max()
    china, russia = (best.get(side, best[:0]).to_dict() for side in (CHINA, RUSSIA))
    return leads(china, russia)


def labels_of(rows: pd.DataFrame) -> pd.Series:
    """Return how each period is called."""
    return rows.drop_duplicates("period").set_index("period")["label"]


def standings() -> pd.DataFrame:
    """Return one row a yardstick: first and last period with both, and who is ahead in each.

    A period in which both have nothing is passed over. `largest_of_all` is the largest at the last
    period with Western and international partners, empty where the tables have none of them. The
    rest is empty where the two never stand together.
    """
    import pandas as pd

    return pd.DataFrame([_standing_of(measure) for measure in measured().values()])


def _standing_of(measure: Yardstick) -> dict[str, Any]:
    rows, labels, is_list = measure.rows, labels_of(measure.rows), measure.kind == "spans"
    names = {1: CHINA, -1: RUSSIA, 0: "level"}
    leads = {} if is_list else standing(rows)
    highest = rows[rows["side"] != "other"].groupby("period")["value"].max()
    periods = [period for period in leads if highest[period] > 0]
    result: dict[str, Any] = {"yardstick": measure.title}
    for end, ahead, place in (("first", "ahead_then", 0), ("last", "ahead_last", -1)):
        result[end] = labels[periods[place]] if periods else None
        result[ahead] = names[leads[periods[place]]] if periods else None
    last = rows[rows["period"] == (periods[-1] if periods else rows["period"].max())]
    largest = " and ".join(last.loc[last["value"] == last["value"].max(), "name"])
    has_others = not is_list and (last["side"] == "other").any()
    return result | {"largest_of_all": largest if has_others else None}
