"""The data package: valid, described, resolved, and derived tables equal to what they say they are.

A message names the table, the row (as in the file: the header is line 1) and what was expected.
"""

from __future__ import annotations

import copy
import csv
import datetime
import functools
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from frictionless import Package

# One worker: frictionless reads all tables once.
pytestmark = pytest.mark.xdist_group("data")
DATA = Path(os.environ.get("BELGRADE_DATA", Path(__file__).resolve().parents[1] / "data"))
PACKAGE = json.loads((DATA / "datapackage.json").read_text(encoding="utf-8"))
RESOURCES = {resource["name"]: resource for resource in PACKAGE["resources"]}
CLASSES = {"verbatim", "transcribed", "derived"}
LESSONS = [f"{number:02d}" for number in range(10)]
NOT_A_VALUE = {"nan", "na", "n/a", "null", "nat", "<na>", "-"}


# Helpers


@functools.cache
def rows(table: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table as text, cells as they stand in the file."""
    assert table in RESOURCES, f"the package has no table {table!r}"
    with open(DATA / RESOURCES[table]["path"], encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def lines(table: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row of a table with its number in the file."""
    return enumerate(rows(table), start=2)


@functools.cache
def frame(table: str) -> pd.DataFrame:
    """Return a table with numbers as floats, dates as timestamps and the rest as text."""
    result = pd.DataFrame(rows(table)).replace("", None)
    for name, kind in kinds(table).items():
        if kind in {"number", "integer", "year"}:
            result[name] = pd.to_numeric(result[name])
        elif kind == "date":
            result[name] = pd.to_datetime(result[name], format="%Y-%m-%d")
    return result


def kinds(table: str) -> dict[str, str]:
    """Return the type of each column of a table."""
    return {field["name"]: field["type"] for field in RESOURCES[table]["schema"]["fields"]}


def split(cell: str) -> list[str]:
    """Return the parts of a cell that holds several values."""
    return [part.strip() for part in cell.split(";") if part.strip()]


def report(problems: Iterable[str]) -> None:
    """Fail with the first problems, one a line, and with the number of all."""
    problems = list(problems)
    shown = problems[:12] + ([f"... and {len(problems) - 12} more"] if len(problems) > 12 else [])
    assert not problems, f"{len(problems)} problem(s)\n" + "\n".join(shown)


def each_of(things: Iterable[Any]) -> Callable[[Callable[..., Iterable[str]]], Callable[[], None]]:
    """Make one test, which fails with all problems, of what yields the problems of one thing."""

    def all_in_one(problems: Callable[..., Iterable[str]]) -> Callable[[], None]:
        def test() -> None:
            report(
                problem
                for thing in things
                for problem in problems(*(thing if isinstance(thing, tuple) else (thing,)))
            )

        test.__doc__ = problems.__doc__
        return test

    return all_in_one


every_table = each_of(RESOURCES)


def differences(
    printed: pd.Series, expected: pd.Series, decimals: int, label: pd.Series
) -> list[str]:
    """Return where a printed column is not the expected value rounded to `decimals`.

    A missing value has to be missing in both.
    """
    tolerance = 0.5 * 10**-decimals + 1e-9
    wrong = (printed.isna() != expected.isna()) | ((printed - expected).abs() > tolerance)
    return [
        f"{label[index]}: {printed.name} is {printed[index]}, expected {expected[index]:.5g}"
        for index in printed.index[wrong]
    ]


def label(data: pd.DataFrame, *columns: str) -> pd.Series:
    """Return a name for each row, made from some of its cells."""
    return data[list(columns)].astype(str).agg(" ".join, axis=1)


# 1. The package is valid


@pytest.fixture(scope="module")
def validation() -> dict[str, list[str]]:
    """The errors that frictionless finds, by table; those of the descriptor under an empty name."""
    # frictionless takes the descriptor apart as it reads it, so it gets a copy.
    package = Package.from_descriptor(copy.deepcopy(PACKAGE), basepath=str(DATA))
    outcome = package.validate()
    found: dict[str, list[str]] = defaultdict(list)
    found[""] = [error.message for error in outcome.errors]
    for task in outcome.tasks:
        found[task.name] = [error.message for error in task.errors]
    return found


def test_descriptor_is_valid(validation: dict[str, list[str]]) -> None:
    report(validation[""])


def test_tables_are_valid(validation: dict[str, list[str]]) -> None:
    assert set(validation) == {"", *RESOURCES}, "frictionless did not read all tables"
    report(f"{table}: {error}" for table, errors in validation.items() for error in errors)


# 2. Sources


@every_table
def test_sources_resolve(table: str) -> Iterator[str]:
    known = {row["source_id"] for row in rows("sources")}
    if "source_id" not in kinds(table):
        yield f"{table} has no column source_id"
    for line, row in lines(table):
        for source in [row.get("source_id", ""), *split(row.get("other_source_ids", ""))]:
            if source not in known:
                yield f"{table}, line {line}: no source {source!r}"


def test_every_source_is_used() -> None:
    """A source counts as used if any cell outside its own row names it."""
    mentioned: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for table in RESOURCES:
        for line, row in lines(table):
            for cell in row.values():
                for word in re.findall(r"[a-z0-9_]+", cell):
                    mentioned[word].add((table, line))
    report(
        f"sources, line {line}: {row['source_id']} is used by no table and no note"
        for line, row in lines("sources")
        if not mentioned[row["source_id"]] - {("sources", line)}
    )


# 3. The report's tables refer to each other

REFERENCES = [
    ("claims", "note_numbers", "notes", "note"),
    ("claims", "supports", "claims", "claim_id"),
    ("claims", "restates", "claims", "claim_id"),
    ("argument", "parent_id", "argument", "node_id"),
    ("argument", "claim_ids", "claims", "claim_id"),
    ("figures", "claim_id", "claims", "claim_id"),
    ("figures", "note_number", "notes", "note"),
    ("notes", "claim_ids", "claims", "claim_id"),
    ("questions", "claim_ids", "claims", "claim_id"),
    ("aid_deliveries", "report_notes", "notes", "note"),
    ("aid_deliveries", "part_of", "aid_deliveries", "aid_id"),
    ("aid_items", "aid_id", "aid_deliveries", "aid_id"),
    ("aid_intensity", "aid_id", "aid_deliveries", "aid_id"),
    ("aid_receptions", "aid_id", "aid_deliveries", "aid_id"),
    ("events", "report_notes", "notes", "note"),
    ("event_codes", "event_id", "events", "event_id"),
    ("arms_deliveries_yearly", "order_id", "arms_register", "order_id"),
]


@each_of(REFERENCES)
def test_references_resolve(table: str, column: str, target: str, key: str) -> Iterator[str]:
    known = {row[key] for row in rows(target)}
    for line, row in lines(table):
        for part in split(row[column]):
            if part not in known:
                yield f"{table}, line {line}: {column} names {part!r}, which {target} has not"


def test_claims_and_notes_name_each_other() -> None:
    of_claims = {(row["claim_id"], n) for row in rows("claims") for n in split(row["note_numbers"])}
    of_notes = {(c, row["note"]) for row in rows("notes") for c in split(row["claim_ids"])}
    one_way = sorted(of_claims ^ of_notes)
    report(f"claim {claim} and note {note}: only one names the other" for claim, note in one_way)


def test_figures_cite_notes_of_their_claim() -> None:
    notes = {row["claim_id"]: split(row["note_numbers"]) for row in rows("claims")}
    report(
        f"{row['figure_id']}: note {row['note_number']} is no note of {row['claim_id']}"
        for row in rows("figures")
        if row["note_number"] and row["note_number"] not in notes[row["claim_id"]]
    )


def test_claims_are_numbered_in_order() -> None:
    ids = [row["claim_id"] for row in rows("claims")]
    assert ids == [f"C{number:03d}" for number in range(1, len(ids) + 1)]
    for section, group in frame("claims").groupby("section"):
        order = [int(value) for value in group["claim_order"]]
        assert order == list(range(1, len(order) + 1)), f"section {section}: {order}"


def test_only_the_press_release_restates() -> None:
    report(
        f"{row['claim_id']} restates {row['restates']} but is a claim of the report"
        for row in rows("claims")
        if row["restates"] and row["source_id"] != "press_release"
    )


def test_argument_is_one_tree_over_all_claims() -> None:
    parents = {row["node_id"]: row["parent_id"] for row in rows("argument")}
    assert [node for node, parent in parents.items() if not parent] == ["G0"]
    for node in parents:
        path = [node]
        while parents[path[-1]]:
            path.append(parents[path[-1]])
            assert path.count(path[-1]) == 1, f"{node}: its parents go round in a circle, {path}"
    placed = {claim for row in rows("argument") for claim in split(row["claim_ids"])}
    report(
        f"{row['claim_id']} (tier {row['tier']}) has no place in the tree"
        for row in rows("claims")
        if row["tier"] != "0" and row["claim_id"] not in placed
    )


def test_report_is_whole() -> None:
    assert len(rows("claims")) == 189
    assert [row["note"] for row in rows("notes")] == [str(number) for number in range(1, 68)]


def test_questions_do_not_give_the_answer_away() -> None:
    """The right one does not stand out by its length."""
    problems = []
    for row in rows("questions"):
        others = [row[f"distractor_{number}"] for number in (1, 2, 3)]
        lengths = [len(other) for other in others]
        if not min(lengths) - 15 <= len(row["answer"]) <= max(lengths) + 15:
            problems.append(f"{row['question_id']}: answer {len(row['answer'])}, others {lengths}")
    report(problems)


# 4. Shares and intervals


def upper(column: str, columns: Iterable[str]) -> str | None:
    """Return the column that holds the upper end of what `column` begins, if there is one."""
    for low, high in (("low", "high"), ("start", "end")):
        parts = column.split("_")
        if low in parts:
            other = "_".join(high if part == low else part for part in parts)
            return other if other in columns else None
    return f"{column}_end" if f"{column}_end" in columns else None


SHARES = [
    (table, column) for table in RESOURCES for column in kinds(table) if column.endswith("_pct")
]
INTERVALS = [
    (table, low, high)
    for table in RESOURCES
    for low in kinds(table)
    if (high := upper(low, kinds(table)))
]


@each_of(SHARES)
def test_shares_are_between_0_and_100(table: str, column: str) -> Iterator[str]:
    for line, row in lines(table):
        if row[column] and not 0 <= float(row[column]) <= 100:
            yield f"{table}, line {line}: {column} is {row[column]}"


@each_of(SHARES)
def test_shares_are_no_fractions(table: str, column: str) -> Iterator[str]:
    values = frame(table)[column].dropna()
    if not values.empty and values.max() <= 1:
        yield f"{table}: no {column} is above 1, are they fractions?"


@each_of(INTERVALS)
def test_intervals_are_ordered(table: str, low: str, high: str) -> Iterator[str]:
    read: Callable[[str], Any] = str if kinds(table)[low] == "date" else float
    for line, row in lines(table):
        if row[low] and row[high] and read(row[low]) > read(row[high]):
            yield f"{table}, line {line}: {low} {row[low]} is above {high} {row[high]}"


def test_exclusive_answers_add_up_to_no_more_than_100() -> None:
    polls = frame("opinion_polls")
    single = polls[polls["answer_mode"] == "one_answer"]
    assert len(single)
    sums = single.groupby(["poll_id", "topic", "question"], dropna=False)["share_pct"].sum()
    report(f"{key}: {total:.1f}%" for key, total in sums.items() if total > 101.5)


# 5. Derived tables agree with their inputs


def test_aid_intensity_uses_the_population_table() -> None:
    keys = ["population_set", "population"]
    known = {tuple(row) for row in frame("covid_population")[["country", *keys]].to_numpy()}
    report(
        f"{row['event']}: no population {row['population']} of {row['recipient']} in "
        f"{row['population_set']}"
        for row in frame("aid_intensity").to_dict("records")
        if (row["recipient"], row["population_set"], row["population"]) not in known
    )


def test_aid_intensity_uses_the_cases_of_the_day() -> None:
    daily = frame("covid_daily").set_index(["country", "date"])[["cum_cases", "cum_deaths"]]
    problems = []
    for row in frame("aid_intensity").to_dict("records"):
        expected = daily.loc[(row["recipient"], row["date"])]
        problems += [
            f"{row['event']}: {column} is {row[column]}, the daily table has {expected[column]}"
            for column in daily
            if row[column] != expected[column]
        ]
    report(problems)


def test_aid_intensity_uses_the_deliveries() -> None:
    deliveries = frame("aid_deliveries")
    problems = []
    for row in frame("aid_intensity").to_dict("records"):
        same = deliveries[
            (deliveries["aid_id"] == row["aid_id"])
            & (deliveries["donor"] == row["donor"])
            & (deliveries["recipient"] == row["recipient"])
        ]
        for column in ("planes", "personnel"):
            if pd.notna(row[column]) and row[column] not in set(same[column]):
                found = sorted(same[column].dropna().unique())
                problems.append(f"{row['event']}: {column} {row[column]}, deliveries have {found}")
    report(problems)


RATES = [
    ("cases_per_100k", "cum_cases", "population", 100_000, 2),
    ("planes_per_million_people", "planes", "population", 1_000_000, 3),
    ("personnel_per_million_people", "personnel", "population", 1_000_000, 2),
    ("planes_per_1000_cases", "planes", "cum_cases", 1_000, 3),
    ("personnel_per_1000_cases", "personnel", "cum_cases", 1_000, 2),
]


@each_of(RATES)
def test_aid_intensity_rates(
    column: str, over: str, under: str, per: int, decimals: int
) -> list[str]:
    data = frame("aid_intensity")
    expected = data[over] / data[under] * per
    return differences(data[column], expected, decimals, label(data, "event", "population_set"))


def test_aid_receptions_agree_with_the_deliveries() -> None:
    deliveries = frame("aid_deliveries")
    problems = []
    for row in frame("aid_receptions").to_dict("records"):
        same = deliveries[deliveries["aid_id"] == row["aid_id"]]
        problems += [
            f"{row['aid_id']}: {column} {row[column]!r} is in no row of aid_deliveries"
            for column in ("donor", "recipient", "president_present")
            if row[column] not in set(same[column])
        ]
    report(problems)


def test_covid_weeks_agree_with_the_days() -> None:
    cumulative = ["cum_cases", "cum_deaths"]
    days = frame("covid_daily")[["country", "date", *cumulative]]
    both = frame("covid_weekly").merge(
        days, left_on=["country", "week_end"], right_on=["country", "date"], suffixes=("", "_day")
    )
    assert len(both), "no week ends on a day of covid_daily"
    names = label(both, "country", "week_end")
    for column in cumulative:
        report(differences(both[column], both[f"{column}_day"], 0, names))


@pytest.mark.parametrize("what", ["cases", "deaths"])
def test_covid_weeks_are_differences(what: str) -> None:
    weeks = frame("covid_weekly").sort_values(["country", "week_end"])
    by_country = weeks.groupby("country")
    expected = by_country[f"cum_{what}"].diff()
    later = expected.notna() & (by_country["week_end"].diff() == pd.Timedelta(days=7))
    assert later.any()
    weeks, expected = weeks[later], expected[later]
    report(differences(weeks[f"new_{what}"], expected, 0, label(weeks, "country", "week_end")))
    assert (frame("covid_weekly")["week_end"].dt.day_of_week == 6).all(), "a week ends on a Sunday"


def test_gas_share_is_russia_over_total() -> None:
    gas = frame("gas_imports")
    expected = 100 * gas["from_russia_tj"] / gas["total_tj"]
    report(differences(gas["russia_share_pct"], expected, 1, label(gas, "country", "year")))


def test_shares_of_trade_are_parts_of_one_whole() -> None:
    """Shares that were worked out from records which may not be passed on."""
    wholes = {
        "trade_partners": ["year", "flow"],
        "trade_products": ["year", "direction"],
    }
    for table, whole in wholes.items():
        (share,) = [name for name in frame(table) if name.endswith("_pct")]
        assert frame(table).groupby(whole)[share].sum().between(30, 100).all(), table


def test_no_record_of_un_comtrade_is_passed_on() -> None:
    restricted = [name for name, its in RESOURCES.items() if "UN Comtrade" in str(its["licenses"])]
    assert restricted == ["trade_partners", "trade_mirror", "trade_products"]
    for name in restricted:
        assert not [column for column in frame(name) if "usd" in column or "value" in column]


def test_trade_has_at_most_five_partners_a_flow() -> None:
    count = frame("trade_partners").groupby(["year", "flow"]).size()
    report(f"{key}: {number} partners" for key, number in count.items() if number > 5)


def test_china_deals_to_date_are_sums_of_the_years() -> None:
    sums = frame("china_deals").groupby("kind")["value_usd_million"].sum()
    to_date = frame("china_deals_to_date")
    last = to_date[to_date["date"] == to_date["date"].max()]
    plain = last[last["kostolac_counted_as"] == "investment"].set_index("kind")
    assert plain["value_usd_million"].to_dict() == sums.to_dict()
    assert frame("china_deals")["deals"].sum() == 28
    by_reading = to_date.groupby(["date", "kostolac_counted_as"])["value_usd_million"].sum()
    for date, both_readings in by_reading.groupby("date"):
        assert both_readings.nunique() == 1, f"{date:%Y-%m}: one project moves, the sum stays"


def test_arms_years_add_up_to_the_order() -> None:
    orders = frame("arms_register").set_index("order_id")
    yearly = frame("arms_deliveries_yearly")
    problems = []
    for order, group in yearly.groupby("order_id"):
        years = split(orders.loc[order, "delivery_years"])
        if sorted(years) != sorted(str(int(year)) for year in group["year"]):
            problems.append(f"{order}: years {list(group['year'])}, the register has {years}")
        total, expected = group["tiv_million"].sum(), orders.loc[order, "tiv_delivered_million"]
        if abs(total - expected) > 0.00005 * len(years) + 1e-9:
            problems.append(f"{order}: the years add up to {total}, the register has {expected}")
    delivered = orders[orders["delivery_years"].notna() & (orders["tiv_delivered_million"] > 0)]
    problems += [f"{order} is missing" for order in set(delivered.index) - set(yearly["order_id"])]
    report(problems)


def test_arms_shares_come_out_as_published() -> None:
    yearly = frame("arms_deliveries_yearly")
    problems = []
    published = frame("arms_shares_published")
    # Later editions are known from the press alone: the deliveries end before their last year.
    covered = published["period_end"].dt.year <= yearly["year"].max()
    assert covered.any()
    for row in published[covered].to_dict("records"):
        period = yearly[yearly["year"].between(row["period_start"].year, row["period_end"].year)]
        ours = 100 * period.groupby("supplier")["tiv_million"].sum() / period["tiv_million"].sum()
        supplier = row["supplier"]
        if supplier in ours and abs(ours[supplier] - row["share_pct"]) > 1:
            problems.append(f"{supplier}: {ours[supplier]:.1f}%, published {row['share_pct']}%")
    report(problems)


def test_assembly_has_no_more_than_193_votes() -> None:
    votes = frame("un_votes_ukraine")
    cast = votes[["votes_for", "votes_against", "votes_abstained"]].sum(axis=1)
    report(f"{votes['resolution'][index]}: {cast[index]} votes" for index in cast.index[cast > 193])


def test_alignment_is_declarations_joined_over_all() -> None:
    data = frame("eu_alignment").dropna(subset=["declarations_aligned", "declarations_total"])
    expected = 100 * data["declarations_aligned"] / data["declarations_total"]
    names = label(data, "country", "period_start")
    report(differences(data["alignment_pct"], expected, 0, names))


def test_headline_months_add_up_to_the_whole() -> None:
    monthly, whole = frame("headline_mentions_monthly"), frame("headline_mentions")
    sums = monthly.groupby(["outlet", "actor"])[["headlines_mentioning", "headlines_total"]].sum()
    both = whole[whole["outlet"].isin(monthly["outlet"]) & (whole["count_rule"] == "strict")].merge(
        sums.reset_index(), on=["outlet", "actor"], suffixes=("", "_summed")
    )
    assert len(both) == len(sums), "an outlet or an actor is in only one of the two tables"
    names = label(both, "outlet", "actor")
    report(differences(both["mentions"], both["headlines_mentioning"], 0, names))
    report(differences(both["headlines_total"], both["headlines_total_summed"], 0, names))
    expected = 100 * monthly["headlines_mentioning"] / monthly["headlines_total"]
    names = label(monthly, "month_start", "actor")
    report(differences(monthly["share_pct"], expected, 2, names))


def test_vaccine_shares_are_of_all_makers_of_the_day() -> None:
    doses = frame("vaccinations_by_maker")
    total = doses.groupby(["country", "date"])["cum_doses"].transform("sum")
    names = label(doses, "country", "date", "maker")
    report(differences(doses["share_pct"], 100 * doses["cum_doses"] / total, 2, names))


def test_disinformation_cases_of_a_tag_are_among_all() -> None:
    cases = frame("disinfo_cases")
    report(
        f"{row['year']:.0f} {row['tag']}: {row['cases']:.0f} of {row['cases_total']:.0f} cases"
        for row in cases.to_dict("records")
        if row["cases"] > row["cases_total"]
    )
    totals = cases.groupby("year")["cases_total"].nunique()
    report(f"{year:.0f}: two totals" for year in totals.index[totals > 1])


@each_of(
    [name for name in RESOURCES if {"joint_votes", "half_credit_share_pct"} <= set(kinds(name))]
)
def test_un_agreement_follows_from_the_votes(table: str) -> Iterator[str]:
    votes = frame(table)
    names = label(votes, *[name for name in ("country", "partner", "year") if name in votes])
    joint = votes[["same_votes", "one_abstained_votes", "opposed_votes"]].sum(axis=1)
    yield from differences(votes["joint_votes"], joint, 0, names)
    some = votes["joint_votes"].where(votes["joint_votes"] > 0)
    half = votes["same_votes"] + votes["one_abstained_votes"] / 2
    yield from differences(votes["same_share_pct"], 100 * votes["same_votes"] / some, 2, names)
    yield from differences(votes["half_credit_share_pct"], 100 * half / some, 2, names)


# 6. Everything is described


@every_table
def test_tables_are_described(table: str) -> Iterator[str]:
    resource = RESOURCES[table]
    for name in (table, *kinds(table)):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield f"{table}, {name}: not snake_case"
    for key in ("title", "description", "path"):
        if not resource.get(key, "").strip():
            yield f"{table} has no {key}"
    if not resource["description"].startswith(("One row", "Each row")):
        yield f"{table}: the description has to begin by saying what a row is"
    for field in resource["schema"]["fields"]:
        if not field.get("description", "").strip() or not field.get("type"):
            yield f"{table}.{field['name']}: no description or no type"


@every_table
def test_tables_have_one_licence_and_a_class(table: str) -> Iterator[str]:
    licences, kind = RESOURCES[table].get("licenses", []), RESOURCES[table].get("x_class")
    if len(licences) != 1 or not licences[0].get("name") or not licences[0].get("title"):
        yield f"{table}: not one licence with a name and a title, {licences}"
    if kind not in CLASSES:
        yield f"{table}: {kind!r} is no class"
    if kind == "derived" and len(RESOURCES[table].get("x_derivation", "")) <= 20:
        yield f"{table} does not say how it is derived"


@every_table
def test_tables_name_the_lessons_that_may_use_them(table: str) -> Iterator[str]:
    lessons = RESOURCES[table].get("x_lessons", [])
    if not lessons or not set(lessons) <= set(LESSONS):
        yield f"{table}: {lessons}"


# 7. Files and cells


def test_every_file_is_in_the_package() -> None:
    listed = [resource["path"] for resource in PACKAGE["resources"]]
    found = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*.csv")}
    assert len(listed) == len(set(listed)) == len(RESOURCES), "a path or a name is listed twice"
    gone = [path for path in listed if path not in found]
    report(
        [f"{path} is not in the package" for path in sorted(found - set(listed))]
        + [f"{path} is in the package, but there is no such file" for path in gone]
    )


@every_table
def test_files_are_plain_utf8(table: str) -> Iterator[str]:
    raw = (DATA / RESOURCES[table]["path"]).read_bytes()
    if raw.startswith(b"\xef\xbb\xbf"):
        yield f"{table}: begins with a byte order mark"
    if b"\r" in raw or not raw.endswith(b"\n"):
        yield f"{table}: not every line ends with a plain line feed"
    text = raw.decode("utf-8")
    for mark in ("\ufffd", "Ã", "Ä‡", "Å¡"):
        if mark in text:
            yield f"{table}: {mark!r} looks like a wrong encoding"


@every_table
def test_cells_are_clean(table: str) -> Iterator[str]:
    for line, row in lines(table):
        for column, cell in row.items():
            where = f"{table}, line {line}: {column}"
            if cell != cell.strip() or "\n" in cell:
                yield f"{where} has spaces around {cell!r}"
            if cell.casefold() in NOT_A_VALUE:
                yield f"{where} is {cell!r}; leave it empty"
            if kinds(table)[column] == "integer" and cell.endswith(".0"):
                yield f"{where} is {cell!r}, not a whole number"


@every_table
def test_no_row_stands_twice(table: str) -> Iterator[str]:
    seen: dict[tuple[str, ...], int] = {}
    for line, row in lines(table):
        if (first := seen.setdefault(tuple(row.values()), line)) != line:
            yield f"{table}, line {line}: the same as line {first}"


@every_table
def test_dates_parse_and_fit_their_precision(table: str) -> Iterator[str]:
    columns = kinds(table)
    dates = [name for name, kind in columns.items() if kind == "date"]
    for line, row in lines(table):
        for column in dates:
            where = f"{table}, line {line}: {column} {row[column]!r}"
            precision = row.get(f"{column}_precision")
            if not row[column]:
                if precision:
                    yield f"{where} is empty, but has a precision"
                continue
            try:
                date = datetime.datetime.strptime(row[column], "%Y-%m-%d").date()
            except ValueError:
                yield f"{where} is not a date"
                continue
            if precision == "month" and date.day != 1:
                yield f"{where} is known to the month: write the first day"
            if precision == "year" and (date.month, date.day) != (1, 1):
                yield f"{where} is known to the year: write 1 January"
            if precision == "":
                yield f"{where} has no precision"


@every_table
def test_no_column_is_empty(table: str) -> Iterator[str]:
    for column in kinds(table):
        if not any(row[column] for row in rows(table)):
            yield f"{table}: {column} has no value in any row"
