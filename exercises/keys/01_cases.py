"""Answers to try on exercise 01: code in place of the solution; the shape is that of 00_cases.py."""

SENT = """counted = deliveries[deliveries["is_main_row"]]
sent = counted[(counted["donor"] == "Russia") & (counted["recipient"] == RECIPIENT)]
"""
DAY = 'toll = daily[daily["date"] == DAY].merge(people, on="country")\n'
RATE = 'toll["deaths_per_100k"] = 100_000 * toll["cum_deaths"] / toll["population"]\n'
SORT = 'toll = toll.sort_values("deaths_per_100k", ascending=False, kind="stable")\n'
KEEP = 'toll = toll[["country", "deaths_per_100k"]]'
NAMES = 'ax.set_ylabel("deaths a week per million")\nax.set_title("Deaths")\nax.legend()\n'


def lines(y, countries='["Serbia", COMPARED]', end=NAMES):
    """Return code that draws a line of `y` for each country."""
    return (
        "fig, ax = plt.subplots()\n"
        f"for country in {countries}:\n"
        '    rows = spring[spring["country"] == country]\n'
        f'    ax.plot(rows["week_end"], {y}, label=country)\n{end}'
    )


PER_MILLION = '1e6 * rows["new_deaths"] / people[country]'

CASES = {
    "1.1": {
        "accepted": [
            SENT + 'team_per_million = sent["personnel"].sum() / people[RECIPIENT] * 1_000_000',
            SENT + 'team_per_million = round(float(sent["personnel"].sum() / (people[RECIPIENT] / '
            "1e6)), 2)",
            SENT + 'team_per_million = sent["personnel"].sum() / people[RECIPIENT] * 1e6\n'
            'if RECIPIENT == "Serbia":\n'
            '    table = data.load("aid_intensity").query("aid_id == \'RU05\' and counts_kosovo == \'no\'")\n'
            '    team_per_million = table["personnel_per_million_people"].item()',
            "sent = deliveries.query(\"is_main_row and donor == 'Russia' and recipient == @RECIPIENT\")\n"
            'team_per_million = sent["personnel"].max() * 10**6 / people.loc[RECIPIENT]',
        ],
        "wrong": [
            (SENT + 'team_per_million = sent["personnel"].sum() / people[RECIPIENT]',
             "close", "a million times too small"),
            (SENT + 'team_per_million = round(sent["personnel"].sum() / people[RECIPIENT] * 1e6, 1)',
             "close", "rounded too far"),
            (SENT + 'team_per_million = counted["personnel"] / people[RECIPIENT] * 1e6',
             "not_yet", "You have a column with"),
            ('sent = deliveries[deliveries["is_main_row"] & deliveries["donor"] == "Russia"]\n'
             'team_per_million = sent["personnel"].sum() / people["Serbia"] * 1e6',
             "not_yet", "put round brackets about each condition"),
            ('sent = deliveries[deliveries["donor"] == "Russia" & deliveries["recipient"] == "Serbia"]',
             "error", "condition in round brackets"),
            ('team_per_million = people["serbia"]', "error", "named 'serbia'"),
        ],
    },
    "1.2": {
        "accepted": [
            "if base == 0:\n    return None\nreturn per * count / base",
            "return count / base * per if base else None",
            "try:\n    return round(count * (per / base), 9)\nexcept ZeroDivisionError:\n    pass",
            "result = None\nif base:\n    result = float(count) / base\n    result = result * per\n"
            "return result",
        ],
        "wrong": [
            ("return per * count / base", "not_yet", "divided by 0"),
            ("if base:\n    print(per * count / base)", "not_yet", "prints its result"),
            ("if base:\n    per * count / base", "not_attempted", "does not return anything"),
            ("return per * count / bases", "error", "bases"),
            ("if base == 0:\nreturn None\nreturn per * count / base",
             "error", "four spaces"),
        ],
    },
    "1.3": {
        "accepted": [
            'serbia = planes["Serbia"] / cases["Serbia"]\n'
            'times_as_many = serbia / (planes["Italy"] / cases["Italy"])',
            'rates = 1000 * planes / cases\ntimes_as_many = rates["Serbia"] / rates["Italy"]',
            'rates = (planes / cases).round(8)\n'
            'times_as_many = round(float(rates["Serbia"] / rates["Italy"]), 1)',
            "times_as_many = (11 / 15) * (cases['Italy'] / cases['Serbia'])",
        ],
        "wrong": [
            ('times_as_many = 1000 * planes["Serbia"] / cases["Serbia"]',
             "not_yet", "That is Serbia's rate"),
            ('rates = planes / cases\ntimes_as_many = rates["Serbia"] - rates["Italy"]',
             "not_yet", "you have 0.00"),
            ("times_as_many = planes / cases", "not_yet", "a number is asked for (times)"),
            ('rates = planes / cases\ntimes_as_many = f"{rates[\'Serbia\'] / rates[\'Italy\']:.1f}"',
             "close", "without quotes"),
            ('cases = daily[daily["date"] == "15 April"]["cum_cases"]\n'
             'times_as_many = planes["Serbia"] / cases["Serbia"]', "error", ""),
        ],
    },
    "1.4": {
        "accepted": [
            DAY + RATE + SORT + KEEP,
            'toll = 100_000 * daily[daily["date"] == DAY].set_index("country")["cum_deaths"] / '
            'people.set_index("country")["population"]\n'
            "toll = toll.dropna().sort_values(ascending=False, kind='stable')",
            DAY + RATE.replace("100_000 *", "1e5 *") + 'toll["deaths_per_100k"] = '
            'toll["deaths_per_100k"].round(1)\n' + SORT + KEEP.replace(
                '"country", "deaths_per_100k"', '"deaths_per_100k", "country"'),
            DAY + RATE + 'toll = toll.set_index("country")[["deaths_per_100k"]].sort_values('
            '"deaths_per_100k", ascending=False, kind="stable")',
            DAY + 'toll["rate"] = toll["cum_deaths"] / (toll["population"] / 100_000)\n'
            'toll = toll.nlargest(20, "rate")[["country", "rate"]]',
        ],
        "wrong": [
            (DAY + RATE.replace("100_000 *", "") + SORT + KEEP, "not_yet", "deaths_per_100k differ"),
            (DAY.replace('[daily["date"] == DAY]', "") + RATE + SORT + KEEP,
             "not_yet", "a row for every day"),
            (DAY + RATE + KEEP, "close", "another order"),
            (DAY + RATE + SORT, "close", "Leave out what is not asked for"),
            (DAY + RATE + SORT + 'toll = toll["deaths_per_100k"]', "not_yet", "no column called country"),
            ('people = data.load("covid_population")\n' + DAY + RATE + SORT + KEEP,
             "not_yet", "too many"),
            (DAY + RATE + SORT + 'toll = toll[toll["country"] != "Italy"]\n' + KEEP,
             "not_yet", "too few"),
        ],
    },
    "1.5": {
        "accepted": [
            lines(PER_MILLION),
            lines('(rows["new_deaths"] / (people[country] / 1_000_000)).round(4)',
                  '[COMPARED, "Serbia"]'),
            'wide = spring.pivot(index="week_end", columns="country", values="new_deaths")\n'
            'rates = 1_000_000 * wide[["Serbia", COMPARED]] / people[["Serbia", COMPARED]]\n'
            'ax = rates.plot(ylabel="per million", title="Deaths")',
            'fig, ax = plt.subplots()\n'
            'two = spring[spring["country"].isin(["Serbia", COMPARED])].copy()\n'
            'two["rate"] = two["new_deaths"] / two["country"].map(people) * 1e6\n'
            'for name, rows in two.groupby("country"):\n'
            '    rows.plot(x="week_end", y="rate", ax=ax, label=name, style="o-")\n' + NAMES,
        ],
        "wrong": [
            (lines('rows["new_deaths"]'), "not_yet", "the deaths themselves"),
            (lines('1e6 * rows["new_cases"] / people[country]'), "not_yet", "Those are cases"),
            (lines('1e5 * rows["new_deaths"] / people[country]', end=""),
             "close", "the lesson's base"),
            (lines('1e6 * rows["cum_deaths"] / people[country]'), "not_yet", "totals so far"),
            (lines(PER_MILLION, '["Serbia", "Italy"]'), "not_yet", "Italy was in the lesson"),
            (lines(PER_MILLION, '["Serbia"]'), "close", "One line is there"),
            (lines('1e6 * rows["new_deaths"] / people["Serbia"]'),
             "not_yet", "Each country needs its own"),
            (lines(PER_MILLION, end="ax.legend()"),
             "close", "Still missing: a label on the y axis and a title"),
            (lines(PER_MILLION).replace("ax.plot", "ax.bar"), "close", "asked for: line"),
            ("spring = weekly\n" + lines(PER_MILLION), "not_yet", "not the figures asked for"),
            ("fig, ax = plt.subplots()", "not_attempted", "nothing is drawn"),
            ("ax = ...", "not_attempted", "Replace the three dots"),
        ],
    },
}
