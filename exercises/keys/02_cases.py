"""Answers to try on exercise 02: code in place of the solution; the shape is that of 00_cases.py."""

TRADE = 'trade = totals[totals["year"] == YEAR].set_index("flow")["value_usd_million"]\n'
SOLD = """sold = mirror[mirror["direction"] == "serbia_to_russia"]
sold = sold.pivot(index="year", columns="reporter", values="share_pct")
"""
PER = 'sold["russia_per_100"] = 100 * sold["Russia"] / sold["Serbia"]\n'
LIMITS = "if weight < 0 or weight > 1:\n    return None\n"
ENDS = """w = []
for t in (shares["total"] - {0}, shares["total"] + {0}):
    for x in (shares["export"] - {0}, shares["export"] + {0}):
        for m in (shares["import"] - {0}, shares["import"] + {0}):
            w.append((t - m) / (x - m))
"""
NAMES = 'ax.set_xlabel("year")\nax.set_ylabel("per cent of GDP")\nax.set_title("Aid")\nax.legend()\n'
OF_GDP = '100 * rows["net_aid_usd_million"] / rows["gdp_usd_million"]'


def lines(y, donors='["European Union", DONOR]', end=NAMES):
    """Return code that draws a line of `y` for each donor."""
    return (
        "fig, ax = plt.subplots()\n"
        f"for donor in {donors}:\n"
        '    rows = aid[aid["donor"] == donor]\n'
        f'    ax.plot(rows["year"], {y}, label=donor)\n{end}'
    )


CASES = {
    "2.1": {
        "accepted": [
            TRADE + 'weight = trade["export"] / trade.sum()',
            'wide = totals.pivot(index="year", columns="flow", values="value_usd_million")\n'
            'weight = float(wide.loc[YEAR, "export"] / (wide.loc[YEAR, "export"] + '
            'wide.loc[YEAR, "import"]))',
            TRADE + "weight = round(trade['export'] / (trade['export'] + trade['import']), 3)",
            "weight = 1 / (1 + totals.query(\"year == @YEAR and flow == 'import'\")"
            '["value_usd_million"].item() / totals.query("year == @YEAR and flow == \'export\'")'
            '["value_usd_million"].item())',
        ],
        "wrong": [
            (TRADE + 'weight = 100 * trade["export"] / trade.sum()', "close", "100 times too large"),
            (TRADE + 'weight = round(trade["export"] / trade.sum(), 2)',
             "close", "rounded too far"),
            (TRADE + "weight = trade / trade.sum()", "not_yet", "You have a column with 2 rows"),
            (TRADE + 'weight = trade["exports"] / trade.sum()',
             "error", "no column or row named 'exports'"),
            ('trade = totals[totals["year"] = YEAR]', "error", "two equals signs"),
            (TRADE + 'print(trade["export"] / trade.sum())\nweight = None',
             "not_attempted", "Did you print the answer"),
        ],
    },
    "2.2": {
        "accepted": [
            SOLD + PER + "per_100 = sold.dropna()",
            SOLD + 'per_100 = (100 * sold["Russia"] / sold["Serbia"]).dropna()',
            SOLD + PER + 'per_100 = sold.reset_index()[["year", "russia_per_100"]].dropna()'
            '.sort_values("year", ascending=False, kind="stable")',
            'here = mirror.query("direction == \'serbia_to_russia\'")\n'
            'two = here[here["reporter"] == "Russia"].merge(here[here["reporter"] == "Serbia"], '
            'on="year", suffixes=("_r", "_s"))\n'
            'two["russia_per_100"] = (two["share_pct_r"] / two["share_pct_s"] * 100)'
            '.round(1)\nper_100 = two[["year", "russia_per_100"]]',
        ],
        "wrong": [
            (SOLD.replace("serbia_to_russia", "russia_to_serbia") + PER
             + "per_100 = sold.dropna()", "not_yet", "as in the lesson"),
            (SOLD + 'sold["russia_per_100"] = 100 * sold["Serbia"] / sold["Russia"]\n'
             "per_100 = sold.dropna()", "close", "Turn the division round"),
            (SOLD + PER + "per_100 = sold", "close", "some years hold NaN"),
            (SOLD + "sold = sold.fillna(0)\n" + PER + "per_100 = sold",
             "not_yet", "Missing is not zero"),
            (SOLD + 'sold["russia_per_100"] = sold["Russia"] - sold["Serbia"]\n'
             "per_100 = sold.dropna()", "not_yet", "That is the difference"),
            (SOLD + PER.replace("100 *", "1 *") + "per_100 = sold.dropna()",
             "close", "100 times too small"),
            (SOLD + PER + "per_100 = sold.loc[2019]", "not_yet", "no column called year"),
            (SOLD + PER + "per_100 = sold.loc[2012:2018]", "not_yet", "too few"),
            (SOLD + PER + 'per_100 = sold.loc[2019, "russia_per_100"]',
             "not_yet", "a table (DataFrame) is asked for"),
            ('per_100 = mirror.pivot(index="year", columns="reporter", '
             'values="share_pct")', "error", "duplicate"),
        ],
    },
    "2.3": {
        "accepted": [
            LIMITS + "return imports + weight * (exports - imports)",
            "if 0 <= weight <= 1:\n    rest = 1 - weight\n"
            "    return exports * weight + imports * rest",
            "return round(weight * exports + (1 - weight) * imports, 9) if 0 <= weight <= 1 else None",
            "from belgrade.methods.intervals import exactly, weighted_average\n"
            "try:\n    return weighted_average(weight, exactly(exports), exactly(imports)).low\n"
            "except ValueError:\n    return None",
        ],
        "wrong": [
            (LIMITS + "print(weight * exports + (1 - weight) * imports)",
             "not_yet", "prints its result"),
            (LIMITS + "total = weight * exports + (1 - weight) * imports",
             "not_attempted", "does not return anything"),
            (LIMITS + "return weight * export + (1 - weight) * imports", "not_yet", "export"),
            ("if weight < 0 or weight > 1:\nreturn None", "error", "four spaces"),
        ],
    },
    "2.4": {
        "accepted": [
            ENDS.format("0.05") + "fitting = [min(w), max(w)]",
            "from belgrade.methods import intervals\n"
            "ranges = [intervals.rounding_interval(shares[f], decimals=1) for f in "
            '("total", "export", "import")]\n'
            "fitting = list(intervals.export_weights(*ranges))",
            ENDS.format("0.05") + "w = sorted(w)\nfitting = (round(w[0], 3), round(w[-1], 3))",
            "import pandas as pd\n" + ENDS.format("0.05")
            + 'fitting = pd.Series(w).agg(["min", "max"])',
        ],
        "wrong": [
            (ENDS.format("0.05") + "fitting = [max(w), min(w)]", "close", "another order"),
            (ENDS.format("0.05") + "fitting = w", "not_yet", "does not belong in it"),
            (ENDS.format("0.05") + "fitting = max(w)", "not_yet", "a list is asked for"),
            (ENDS.format("0.05") + "fitting = [min(w)]", "not_yet", "1 value is still missing"),
            ("fitting = [shares.total - 0.05, shares.exports]", "error", "exports"),
        ],
    },
    "2.5": {
        "accepted": [
            lines(OF_GDP),
            lines('(rows["net_aid_usd_million"] / (rows["gdp_usd_million"] / 100)).round(9)',
                  '[DONOR, "European Union"]'),
            'aid["pct"] = aid["net_aid_usd_million"] / aid["gdp_usd_million"] * 100\n'
            'wide = aid.pivot(index="year", columns="donor", values="pct")\n'
            'ax = wide[["European Union", DONOR]].plot(ylabel="per cent", title="Aid")',
            "fig, ax = plt.subplots()\n"
            'aid["pct"] = 100 * aid["net_aid_usd_million"] / aid["gdp_usd_million"]\n'
            'for name, rows in aid[aid["donor"].isin(["European Union", DONOR])].groupby("donor"):\n'
            '    rows.plot(x="year", y="pct", ax=ax, label=name, style="o-")\n' + NAMES,
        ],
        "wrong": [
            (lines('rows["net_aid_usd_million"]'), "not_yet", "Those are million dollars"),
            (lines(OF_GDP.removeprefix("100 * ")), "close", "shares between 0 and 1"),
            (lines('1e6 * rows["net_aid_usd_million"] / rows["population"]', end=""),
             "not_yet", "dollars per inhabitant"),
            (lines('100 * rows["net_aid_usd_million"] / rows["net_aid_usd_million"].sum()'),
             "not_yet", "each donor's own aid"),
            (lines(OF_GDP, '["European Union"]'), "close", "Add the second one"),
            (lines(OF_GDP, "[DONOR]"), "close", "Add the one of the European Union"),
            (lines(OF_GDP, 'aid["donor"].unique()'), "close", "All donors are drawn"),
            (lines(OF_GDP, end="ax.legend()"),
             "close", "a label on the x axis and a label on the y axis and a title"),
            (lines(OF_GDP).replace("ax.plot", "ax.scatter"), "close", "asked for: line"),
            (lines(OF_GDP, '["European Union", "United States"]'),
             "not_yet", "not the figures asked for"),
            ("fig, ax = plt.subplots()", "not_attempted", "nothing is drawn"),
            ("ax = ...", "not_attempted", "Replace the three dots"),
        ],
    },
    "2.6": {
        "accepted": [
            'sentence = "b"',
            "sentence = '(B)'",
            'sentence = ["b"]',
            'sentence = "From 2010 to 2019 no donor in the aid table gave Serbia more than the '
            "EU's institutions did.\"",
        ],
        "wrong": [
            ('sentence = "a"', "not_yet", "Missing is not zero"),
            ('sentence = "c"', "not_yet", "Look at what is added"),
            ('sentence = "D"', "not_yet", "why there is one is another question"),
            ('sentence = "e"', "not_yet", "none of the options"),
            ("sentence = b", "error", "A letter needs quotation marks"),
            ('sentence = ["a", "b"]', "not_yet", "answer with one of a, b, c, d"),
            ('sentence = ""', "not_attempted", "Choose one of"),
        ],
    },
}
