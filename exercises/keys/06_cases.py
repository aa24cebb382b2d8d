"""Answers to try on exercise 06: code in place of the solution; the shape is in 00_cases.py."""

ROWS = 'rows = vdem[(vdem["country"] == COUNTRY) & (vdem["indicator"] == "liberal_democracy")]\n'
SCORES = 'scores = rows.set_index("year")["score_0_to_1"]\n'
CHANCE = "chance = (a.value_counts(normalize=True) * b.value_counts(normalize=True)).sum()\n"
TURNED = '8 - rows["civil_liberties_1_to_7"]'
NAMES = 'ax.set_xlabel("year")\nax.set_ylabel("7 is best")\nax.set_title("L")\nax.legend()\n'


def lines(y, countries='["Serbia", COUNTRY]', end=NAMES):
    """Return code that draws a line of `y` for each country."""
    return (
        "fig, ax = plt.subplots()\n"
        f"for country in {countries}:\n"
        '    rows = years[years["country"] == country]\n'
        f'    ax.plot(rows["year"], {y}, label=country)\n{end}'
    )


CASES = {
    "6.1": {
        "accepted": [
            ROWS + SCORES + "change = scores[LAST] - scores[FIRST]",
            ROWS + 'late = rows[rows["year"] == LAST]["score_0_to_1"].item()\n'
            'early = rows[rows["year"] == FIRST]["score_0_to_1"].item()\n'
            "change = round(late - early, 3)",
            'wide = vdem.pivot(index="year", columns=["indicator", "country"], '
            'values="score_0_to_1")["liberal_democracy"][COUNTRY]\n'
            "change = float(wide.loc[[FIRST, LAST]].diff().iloc[-1])",
            'one = vdem.query("country == @COUNTRY and indicator == \'liberal_democracy\' and '
            '@FIRST <= year <= @LAST").sort_values("year", kind="stable")\n'
            'change = one["score_0_to_1"].diff().sum()',
        ],
        "wrong": [
            (ROWS + SCORES + "change = scores[FIRST] - scores[LAST]", "close", "look at the sign"),
            (ROWS + SCORES + "change = 100 * (scores[LAST] - scores[FIRST]) / scores[FIRST]",
             "not_yet", "in per cent of the first score"),
            (ROWS + SCORES + "change = 100 * (scores[LAST] - scores[FIRST])",
             "close", "100 times too large"),
            # So few decimals may be right by chance, and of a small change another number.
            (ROWS + SCORES + "change = scores[LAST] - scores[FIRST]\nshort = round(change, 2)\n"
             "change = short if 6e-4 < abs(short - change) < abs(change) / 20 else 1000 * change",
             "close", "too "),
            (ROWS + 'change = rows["score_0_to_1"]', "not_yet", "You have a column with"),
            ('rows = vdem[vdem["country"] == "COUNTRY"]\nchange = rows["score_0_to_1"].sum()',
             "not_yet", "you have 0. Did a filter keep no row"),
            (ROWS + 'change = rows[rows["year"] == LAST]["score"].item()',
             "error", "named 'score'"),
        ],
    },
    "6.2": {
        "accepted": [
            'mood = 100 * pd.crosstab(coded["code"], coded["period"], normalize="columns")',
            'counts = pd.crosstab(coded["code"], coded["period"])\n'
            "mood = (100 * counts / counts.sum()).round().reset_index()",
            'mood = coded.groupby("period")["code"].value_counts(normalize=True).mul(100)'
            '.unstack("period")[["until_report", "after_report"]]',
            'before = coded[coded["period"] == "until_report"]["code"]\n'
            'after = coded[coded["period"] == "after_report"]["code"]\n'
            'mood = pd.DataFrame([{"code": c, "until_report": 100 * (before == c).mean(), '
            '"after_report": 100 * (after == c).mean()} for c in ["warm", "cold", "neutral"]])',
        ],
        "wrong": [
            ('mood = 100 * pd.crosstab(coded["period"], coded["code"], normalize="index")',
             "not_yet", "no column called after_report, code, until_report"),
            ('mood = 100 * pd.crosstab(coded["code"], coded["period"], normalize="columns", '
             "margins=True)", "close", "Leave out what is not asked for: All"),
            ('mood = 100 * pd.crosstab(coded["code"], coded["period"], normalize="columns")\n'
             'mood["change"] = mood["after_report"] - mood["until_report"]',
             "close", "Leave out what is not asked for"),
            ('mood = 100 * coded["code"].value_counts(normalize=True)',
             "not_yet", "no column called after_report, until_report"),
            ('mood = pd.crosstab("code", "period")', "error", ""),
        ],
    },
    "6.3": {
        "accepted": [
            "observed = (a == b).mean()\n" + CHANCE
            + "return None if chance == 1 or len(a) < FEWEST else (observed - chance) / (1 - chance)",
            "value = agreement.cohens_kappa(list(a), list(b))\n"
            "return value if value == value and len(a) >= FEWEST else None",
            "n = len(a)\nagreed = sum(x == y for x, y in zip(a, b)) / n\n"
            "luck = 0\nfor word in set(a):\n"
            "    luck = luck + (list(a).count(word) / n) * (list(b).count(word) / n)\n"
            "if luck == 1 or n < FEWEST:\n    return None\nreturn round(1 - (1 - agreed) / (1 - luck), 2)",
            "table = pd.crosstab(a, b, normalize=True)\n"
            "words = sorted(set(a) | set(b))\n"
            "table = table.reindex(index=words, columns=words, fill_value=0)\n"
            "chance = sum(table.loc[w].sum() * table[w].sum() for w in words)\n"
            "if chance < 1 and len(a) >= FEWEST:\n"
            "    return (sum(table.loc[w, w] for w in words) - chance) / (1 - chance)",
        ],
        "wrong": [
            ("if len(a) >= FEWEST:\n    return ((a == b).mean() - 1 / 3) / (2 / 3)", "not_yet", "not always one in three"),
            (CHANCE + "print(((a == b).mean() - chance) / (1 - chance))",
             "not_yet", "prints its result"),
            (CHANCE + "kappa = ((a == b).mean() - chance) / (1 - chance)",
             "not_attempted", "does not return anything"),
            ('return (both["a"] == both["code"]).mean()', "error", "both"),
            ("return (a == b).mean() - chance", "error", "chance"),
        ],
    },
    "6.4": {
        "accepted": [
            lines(TURNED),
            lines('1 + (7 - rows["civil_liberties_1_to_7"].astype(float))', '[COUNTRY, "Serbia"]'),
            'wide = 8 - years.pivot(index="year", columns="country", '
            'values="civil_liberties_1_to_7")\n'
            'ax = wide[["Serbia", COUNTRY]].plot(ylabel="7 is best", title="Liberties")',
            "fig, ax = plt.subplots()\n"
            'two = years[years["country"].isin(["Serbia", COUNTRY])]\n'
            'for name, rows in two.assign(turned=8 - two["civil_liberties_1_to_7"])'
            '.groupby("country"):\n'
            '    rows.plot(x="year", y="turned", ax=ax, label=name, style="o-")\n' + NAMES,
        ],
        "wrong": [
            (lines('rows["civil_liberties_1_to_7"]'), "not_yet", "the scores as printed"),
            (lines('7 - rows["civil_liberties_1_to_7"]'), "close", "the best score is 6"),
            (lines('-rows["civil_liberties_1_to_7"]'), "close", "leaves it below zero"),
            (lines('8 - rows["political_rights_1_to_7"]'), "not_yet", "those are the political"),
            (lines('rows["total_score_0_to_100"]'), "not_yet", "the total score"),
            (lines(TURNED, '["Serbia"]'), "close", "Serbia's line is right"),
            ("years = house\n" + lines(TURNED), "close", "all the years of the table"),
            (lines(TURNED, '["Serbia", "Romania"]'), "not_yet", "not the figures asked for"),
            (lines(TURNED, end='ax.set_xlabel("year")'),
             "close", "Still missing: a label on the y axis and a title"),
            (lines(TURNED).replace("ax.plot", "ax.bar"), "close", "asked for: line"),
            (lines(TURNED, end=NAMES + "ax.invert_yaxis()").replace("8 - ", ""),
             "not_yet", "the scores as printed"),
            ("fig, ax = plt.subplots()", "not_attempted", "nothing is drawn"),
            (lines("8 - rows[civil_liberties_1_to_7]"), "error", "civil_liberties_1_to_7"),
        ],
    },
    "6.5": {
        "accepted": [
            'plan = "c"',
            "plan = ['C']",
            'plan = "(c)"',
            'plan = "List all meetings with foreign leaders on the presidency\'s website in two '
            "years chosen beforehand, and have two people who do not know the claim code each of "
            'them by a written rule."',
        ],
        "wrong": [
            ('plan = "a"', "not_yet", "picked because they are cold"),
            ('plan = "b"', "not_yet", "Better than one section alone"),
            ('plan = "D"', "not_yet", "who looks for quarrels"),
            ('plan = "f"', "not_yet", "none of the options"),
            ("plan = c", "error", "A letter needs quotation marks"),
            ("plan = True", "not_yet", "answer with one of a, b, c, d"),
            ('plan = ""', "not_attempted", "Choose one of"),
        ],
    },
}
