"""The marking guide: rubrics as in the keys, marks that add up, figures as in the tables."""

from __future__ import annotations

import re
import tomllib
from functools import cache

import pytest
from guides import NUMBERS, notebook, section, text

from belgrade import data
from belgrade.evidence import weighing
from belgrade.methods.agreement import cohens_kappa, percent_agreement
from belgrade.methods.argument_map import SUPPORTS, consequences
from belgrade.methods.polls import margin_of_lead
from belgrade.methods.security import supplier_shares

PAGE = "marking-guide.md"
ANSWER = re.compile(
    r"^\*\*(Pass|Good|Excellent) · ([\d½]+) of (\d)\*\* \((.*?)\)\n\n((?:>.*\n)+)\nWhy: (.+)$", re.M
)


@cache
def written() -> dict[str, tuple[int, str]]:
    """Return for each written question its points and its rubric, from the keys."""
    found = {}
    for number in NUMBERS:
        spec = {}
        for cell in notebook("exercises/keys", number).cells:
            tags = cell.metadata.get("tags", [])
            if "spec" in tags:
                spec = tomllib.loads(cell.source)
            if "rubric" in tags:
                worth = spec.get("weights", {}).get("written", spec["points"])
                found[spec["question"]] = worth, cell.source.strip()
    return found


def mark(words: str) -> float:
    return sum(0.5 if sign == "½" else int(sign) for sign in words)


def test_each_written_question_stands_there_once() -> None:
    assert re.findall(r"^## (\d\.\d) ·", text(PAGE), re.M) == list(written())


@pytest.mark.parametrize("question", written())
def test_rubric_and_marks(question: str) -> None:
    worth, rubric = written()[question]
    part = section(PAGE, f"## {question} ·")
    assert rubric in part, "the rubric is not that of the key"
    answers = ANSWER.findall(part)
    assert [answer[0] for answer in answers] == ["Pass", "Good", "Excellent"]
    marks = [mark(answer[1]) for answer in answers]
    assert marks == sorted(set(marks)) and marks[-1] == worth
    for _, total, out_of, by_row, _, _ in answers:
        given = re.fullmatch(r"claim ([\d½]+), evidence ([\d½]+), caveat ([\d½]+)", by_row)
        assert sum(map(mark, given.groups())) == mark(total)
        assert int(out_of) == worth


# --- the figures of the sample answers, worked out from the tables -------------------------------


def of_notes() -> list[str]:
    claims = data.load("claims")
    claims = claims[(claims["section"] != "press_release") & (claims["tier"] > 0)]
    noted = claims["note_numbers"].notna()
    kinds = noted.groupby(claims["kind"]).agg(["sum", "size"])
    fact, reading = kinds.loc["fact"], kinds.loc["interpretation"]
    sections = noted.groupby(claims["section"]).agg(["sum", "size"])
    balkans, kosovo = [
        f"{part['sum']} of {part['size']} claims carry a note "
        f"({100 * part['sum'] / part['size']:.0f} in 100)"
        for part in (sections.loc["balkans"], sections.loc["kosovo"])
    ]
    return [
        f"Only {100 * noted.mean():.0f} in 100 claims have a note",
        f"{noted.sum()} of the {len(noted)} claims carry a note",
        f"Of the {fact['size']} facts {fact['sum']} have a note",
        f"of the {reading['size']} interpretations only {reading['sum']}",
        balkans,
        kosovo.replace(" claims carry a note", ""),
    ]


def of_planes() -> list[str]:
    rates = data.load("aid_intensity").query("population_set == 'Our World in Data'")
    serbia = rates[rates["aid_id"] == "RU05"].iloc[0]
    italy = rates[rates["aid_id"] == "IT01"].iloc[-1]
    person, case = "planes_per_million_people", "planes_per_1000_cases"
    daily = data.load("covid_daily")
    daily = daily[daily["date"] == "2020-04-15"].set_index("country")["cum_cases"]
    by_case = (serbia["planes"] / daily["Serbia"]) / (italy["planes"] / daily["Italy"])
    return [
        f"to Italy ({italy['planes']}) than to Serbia ({serbia['planes']})",
        f"{serbia[person]:.1f} planes per million people in Serbia and {italy[person]:.2f} in",
        f"{serbia[person]:.1f} aid planes to Serbia and {italy[person]:.2f} to Italy",
        f"{serbia[case]:.1f} against {italy[case]:.1f}",
        f"about {by_case:.0f} times as many",
        f"{serbia['planes']} planes for {daily['Serbia']:,} cases in Serbia, "
        f"{italy['planes']} for {daily['Italy']:,} in Italy",
        f"Per inhabitant the figure would be {serbia[person] / italy[person]:.1f}",
    ]


def added_up() -> dict[str, float]:
    """Return direct investment from 2010 to June 2022 by origin, in million euros."""
    fdi = data.load("fdi_by_origin")
    fdi = fdi[(fdi["measure"] == "cumulative_inflow") & (fdi["period_end"] == "2022-06-30")]
    return fdi.set_index("origin")["value_eur_million"].to_dict()


def of_trade_and_aid() -> list[str]:
    invested = added_up()
    mirror = data.load("trade_mirror").query("direction == 'russia_to_serbia'")
    mirror = mirror.pivot(index="year", columns="reporter", values="share_pct").dropna()
    assert (mirror["Russia"] < mirror["Serbia"]).all()
    per_100 = 100 * mirror["Russia"] / mirror["Serbia"]
    aid = data.load("development_aid")
    ten = aid[aid["year"].between(2010, 2019)].groupby("donor")["net_aid_usd_million"].sum()
    assert ten.sort_values(kind="stable").index[-2:].tolist() == ["Germany", "European Union"]
    union = aid.merge(data.load("macro_serbia"), on="year").query("donor == 'European Union'")
    union = union.set_index("year")
    of_gdp = 100 * union["net_aid_usd_million"] / union["gdp_usd_million"]
    assert of_gdp.loc[[2011, 2012]].round().tolist() == [2, 2]
    return [
        f"EU invested {invested['European Union']:,.0f} million euros and China "
        f"{invested['China']:,.0f} million euros",
        f"In every year from {mirror.index.min()} to {mirror.index.max()} Russia",
        f"In 2010 Russia reported {per_100[2010]:.0f} dollars for every 100 that Serbia reported, "
        f"in 2019 it was {per_100[2019]:.0f}",
        f"{ten['European Union']:,.0f} million dollars from the EU's institutions and "
        f"{ten['Germany']:.0f} million from Germany",
        f"about 2 per cent of GDP each, against {of_gdp[2019]:.2f} in 2019",
    ]


def of_gas() -> list[str]:
    gas = data.load("gas_imports").set_index(["country", "year"])
    share = gas["russia_share_pct"].unstack("country")
    five, in_2019 = share.loc[2015:2019], share.loc[2019]
    assert (share.loc[:2018, "Bulgaria"].dropna() > 90).all()
    assert set(share.loc[2013:, "Hungary"]) == {95.0}
    used = {country: gas.loc[(country, 2019), "total_tj"] for country in share.columns}
    bosnia = "Bosnia and Herzegovina"
    return [
        f"Serbia gets {in_2019['Serbia']:g} per cent, so it depends, and Croatia gets "
        f"{in_2019['Croatia']:g}",
        f"Serbia was between {five['Serbia'].min():g} and {five['Serbia'].max():g} per cent",
        f"Italy was between {five['Italy'].min():g} and {five['Italy'].max():g}",
        "from 2017 to 2019: {:g}, {:g} and {:g}".format(*share.loc[2017:2019, "Serbia"]),
        f"until 2018 ({share.loc[2018, 'Bulgaria']:g}), but not with {in_2019['Bulgaria']:g} in",
        f"In 2020 Serbia has {share.loc[2020, 'Serbia']:.1f}",
        f"{bosnia} was at {in_2019[bosnia]:g} per cent of {used[bosnia]:,.0f} terajoules, "
        f"Hungary at {in_2019['Hungary']:g} per cent of {used['Hungary']:,.0f}",
    ]


def of_donors() -> list[str]:
    polls = data.load("opinion_polls").query("topic == 'perceived_largest_donor'")
    asked = polls.set_index(["poll_id", "answer"])["share_pct"]
    sizes = polls.drop_duplicates("poll_id").set_index("poll_id")
    assert sizes.loc["mei_2018_12", ["sample_size"]].isna().all()
    assert sizes.loc["mei_2018_12", "answer_mode"] == "not_stated"
    spring, winter, june = asked["iea_2019_03"], asked["mei_2018_12"], asked["demostat_2022_06"]
    people = sizes.loc["demostat_2022_06", "sample_size"]
    lead = june["European Union"] - june["Russia"]
    margin = margin_of_lead(june["European Union"], june["Russia"], people)
    aid = data.load("development_aid")
    record = aid[aid["year"].between(2015, 2019)].groupby("donor")["net_aid_usd_million"].sum()
    union = f"{100 * record['European Union'] / record.sum():.1f}% of"
    everything = aid[aid["donor"] == "European Union"]["net_aid_usd_million"].sum()
    both = winter["Russia"] + winter["China"]
    return [
        f"of March 2019 {spring['Russia']:g}% said Russia and {spring['China']:g}% said China",
        f"two shares that make {spring['Russia'] + spring['China']:.0f};",
        f"The EU gave {everything:,.0f} million dollars",
        f"Demostat asked {people:,} people: {june['European Union']:g}% named the EU, "
        f"{june['Russia']:g}% Russia",
        f"The lead is {lead:g} points and its margin {margin:.1f}",
        f"the EU's institutions gave {union} what the five donors gave",
        f"In the record, {union} the net aid that the five donors gave from 2015 to 2019",
        f"{both:g}% named Russia or China as the largest donor and {winter['European Union']:g}%",
        f"{both:g} is {winter['Russia']:g} and {winter['China']:g} added up",
    ]


def of_events() -> list[str]:
    codes = data.load("event_codes")[["event_id", "version", "code"]]
    events = data.load("events").merge(codes, on=["event_id", "version"])
    counts = events.groupby("period")["code"].value_counts().unstack()
    before, after = counts.loc["until_report"], counts.loc["after_report"]
    later = events[events["period"] == "after_report"].set_index("event_id")["code"]
    good = later.where(later.index != "A05", "warm")
    best = good.where(good.index != "A24", "cold")
    tally = good.value_counts()
    return [
        f"I called {tally['warm']} of the {len(later)} events warm, {tally['cold']} cold and "
        f"{tally['neutral']} neutral",
        f"{(good == later).sum()} of {len(later)} ({percent_agreement(good, later):.0f} per cent)",
        f"{before['warm']} of {before.sum()} events warm and {before['cold']} cold, after it "
        f"{after['warm']} of {after.sum()} and {after['cold']}",
        f"({100 * before['cold'] / before.sum():.0f} and {100 * after['cold'] / after.sum():.0f} "
        "per cent)",
        f"{(best == later).sum()} of the {len(later)} events; kappa is "
        f"{cohens_kappa(best, later):.2f}",
    ]


def of_imports() -> list[str]:
    trade = data.load("trade_partners").query("flow == 'import'")
    part = trade.pivot(index="year", columns="partner", values="share_pct")
    bought = data.load("trade_totals").query("flow == 'import'").set_index("year")
    dollars = part.mul(bought["value_usd_million"] / 100, axis="index").round(-1)
    italy, china = dollars["Italy"], dollars["China"]
    assert dollars.query("China > Italy").index.min() == 2019
    return [
        f"{china[2021]:,.0f} million dollars from China and for only {italy[2021]:,.0f} million",
        f"{italy[2018]:,.0f} million dollars against {china[2018]:,.0f} million. In 2019 China "
        f"passed it with {china[2019]:,.0f} against {italy[2019]:,.0f}",
        f"in 2021 it was {china[2021]:,.0f} against {italy[2021]:,.0f}",
        f"{italy[2013]:,.0f} million in 2013 and for {italy[2021]:,.0f} million in 2021",
        f"from {part['Italy'][2013]} per cent in 2013 to {part['Italy'][2019]} in 2019, the year "
        f"in which China passed it, and {part['Italy'][2021]} in 2021",
        "from {} to {} and {}".format(*part["China"][[2013, 2019, 2021]]),
        f"from {part['Germany'][2013]} in 2013 to {part['Germany'][2021]} in 2021",
    ]


def of_briefs() -> list[str]:
    votes = data.load("un_votes_ukraine")["serbia_vote"].value_counts().to_dict()
    assert votes == {"for": 6, "abstained": 3, "absent": 1}
    joined = data.load("eu_alignment").query("country == 'Serbia' and period_kind == 'year'")
    joined = joined.set_index(joined["period_end"].dt.year)["alignment_pct"]
    heads = data.load("headline_mentions").query("count_rule == 'strict'")
    heads = heads.set_index(["actor", "outlet"])["mentions"]
    putin, xi = heads["Vladimir Putin"], heads["Xi Jinping"]
    ally = data.load("opinion_polls").query("topic == 'most_important_ally'")
    ally = ally.set_index(["poll_id", "answer"])["share_pct"]
    first, second = ally["iri_2024_02"], ally["iri_2025_05"]
    hungary = data.load("gas_imports").query("country == 'Hungary' and year == 2020")

    fdi = data.load("fdi_by_origin").query("measure == 'gross_inflow'")
    fdi = fdi[fdi["period_end"].dt.month == 12].assign(year=fdi["period_end"].dt.year)
    world = fdi[fdi["origin"] == "World"].groupby("year")["value_eur_million"].mean()
    worked_out = 100 * fdi["value_eur_million"] / fdi["year"].map(world)
    fdi = fdi.assign(part=fdi["share_pct"].fillna(worked_out))
    part = fdi.pivot_table(index="year", columns="origin", values="part").map("{:.0f}".format)
    assert part.loc[2022, "China"] == part.loc[2022, "European Union"]
    invested = {origin: f"{value / 1000:.1f}" for origin, value in added_up().items()}
    deliveries = data.load("arms_deliveries_yearly")
    new, old = supplier_shares(deliveries, 2020, 2024), supplier_shares(deliveries, 2015, 2019)
    imports = data.load("trade_partners").query("flow == 'import' and partner == 'China'")
    imports = imports.set_index("year")["share_pct"]
    return [
        f"In 2021 Serbia joined {joined[2021]:g} percent of them, in 2022 only {joined[2022]:g} "
        f"percent, and in 2025 it was {joined[2025]:g} percent",
        f"Putin is named in {putin['RTS']} and Xi in {xi['RTS']}",
        f"{putin['N1']} words against {xi['N1']}",
        f"{first['Russia']:g} percent named Russia as the most important ally and "
        f"{first['China']:g} percent China; in May 2025 it was {second['Russia']:g} and "
        f"{second['China']:g} percent",
        f"({hungary['russia_share_pct'].item():g} percent in 2020 by table `gas_imports`)",
        "{} percent in 2019, {} in 2020, {} in 2022, {} in 2023 and {} in 2024".format(
            *part.loc[[2019, 2020, 2022, 2023, 2024], "China"]
        ),
        f"{invested['European Union']} billion euros, China's {invested['China']} and Russia's "
        f"{invested['Russia']}",
        "from {} percent in 2019 to {} in 2024".format(*part.loc[[2019, 2024], "European Union"]),
        f"China has {new['China']:.0f} percent of the volume of 2020 to 2024 and Russia "
        f"{new['Russia']:.0f}, where Russia had {old['Russia']:.0f} percent",
        f"{part.loc[2022, 'China']} percent each",
        f"from {imports[2019]:.1f} percent in 2019 to {imports[2021]:.1f} in 2021",
    ]


def of_map() -> list[str]:
    notes = data.load("claims").set_index("claim_id")["note_numbers"]
    points = weighing.report_points().set_index("node_id")
    tree = weighing.as_points(weighing.report_points())
    behind = points["claim_ids"].str.split(";")
    noted, reached = {}, {}
    for fallen in ("G1.07", "G4.2", "G4.3"):
        effects = consequences(tree, [fallen])
        weaker = {name for name, effect in effects.items() if effect.change == "weaker"}
        weaker.remove("G0")
        (reached[fallen],) = weaker
        noted[fallen] = notes[behind[fallen]].dropna()
    assert "C038" not in noted["G1.07"]
    five = {5: "Five"}[len(behind["G4.3"])]
    (only,) = set(noted["G4.2"])
    ((claim, note),) = noted["G4.3"].items()
    reason = points.loc[reached["G4.2"], "text"].partition(":")[0].lower()
    rest = [name for name, point in tree.items() if point.parent == "G4"]
    rest = [name for name in rest if tree[name].role in SUPPORTS and name != "G4.3"]
    signed = data.load("events").set_index("event_id").loc["T014"]
    assert "Nevsky" in signed["event"] and signed["in_report"] == "no"
    received = data.load("aid_receptions").query("president_present == 'yes'")["date"]
    return [
        f"There is only one note for it ({only})",
        f"If the point falls, {reason} gets weaker, and so does the thesis",
        f"Behind it stand {' and '.join(behind['G1.07'])}, and C038 has no note",
        f"If G1.07 falls, {reached['G1.07']} is weaker, and with it the thesis",
        f"in person on {received[received == '2020-04-25'].item().day} April",
        f"{five} claims stand behind it and only one has a note ({claim}, note {note})",
        f"on {signed['date'].day} January Putin signed the decree",
        f"If it falls, {reached['G4.3']} is weaker and with it the thesis; "
        f"{', '.join(rest[:-1])} and {rest[-1]} still hold {reached['G4.3']} up",
    ]


FIGURES = {"0.6": of_notes, "1.6": of_planes, "2.6": of_trade_and_aid, "3.6": of_gas}
FIGURES |= {"4.6": of_donors, "6.6": of_events, "7.6": of_imports, "8.6": of_map}
FIGURES |= {"9.6": of_briefs}


@pytest.mark.parametrize("question", FIGURES)
def test_figures_in_the_sample_answers_are_those_of_the_tables(question: str) -> None:
    part = section(PAGE, f"## {question} ·")
    assert [phrase for phrase in FIGURES[question]() if phrase not in part] == []
