"""Answers to try on exercise 04: code in place of the solution."""

ROW = 'row = poll[poll["answer"] == "for"]\n'
BOTH = ROW + 'p, n = row["share_pct"].iloc[0], row["sample_size"].iloc[0]\n'
UNKNOWN = 'if size is None:\n    return "unknown"\n'
LEAD = "lead = first - second\nchance = WIDER * margin_of_lead(first, second, size)\n"
THREE = (
    'if lead > chance:\n    return "ahead"\nif lead < -chance:\n    return "behind"\n'
    'return "too close"'
)
YEARS = 'rows = aid[(aid["year"] >= SINCE) & (aid["year"] <= 2019)]\n'
SUMS = 'sums = rows.groupby("donor")["net_aid_usd_million"].sum()\n'
SHARE = 'recorded = (100 * sums / sums.sum()).sort_values(ascending=False, kind="stable")\n'
NAMED = 'recorded = recorded.reset_index(name="share_pct")'
SERIES = (
    'rows = asked[(asked["pollster"] == MINISTRY) & (asked["answer"] == "for")]\n'
    'rows = rows[rows["fieldwork_start"].dt.year >= SINCE]\n'
)
NAMES = 'ax.set_ylabel("for, per cent")\nax.set_title("Joining the EU")\n'


def line(rows=SERIES, x='rows["fieldwork_start"]', y='rows["share_pct"]', end=NAMES):
    """Return code that draws a line through the polls."""
    return f"{rows}fig, ax = plt.subplots()\nax.plot({x}, {y}, 'o-')\n{end}"


CASES = {
    "4.1": {
        "accepted": [
            BOTH + "margin = 1.96 * (p * (100 - p) / n) ** 0.5",
            ROW + 'margin = margin_of_error(row["share_pct"].item(), row["sample_size"].item())',
            "import math\n" + BOTH + "q = p / 100\n"
            "margin = round(100 * 1.96 * math.sqrt(q * (1 - q) / n), 2)",
            'one = poll.set_index("answer").loc["for"]\nmargin = 1.96 * one["share_pct"] ** 0.5 * '
            '(100 - one["share_pct"]) ** 0.5 / float(one["sample_size"]) ** 0.5',
        ],
        "wrong": [
            (BOTH + "margin = 2 * margin_of_error(p, n)", "close", "the whole width"),
            (BOTH.replace('"for"', '"against"') + "margin = margin_of_error(p, n)",
             "not_yet", "the margin of another answer"),
            (BOTH + "margin = 1.96 * (p / 100 * (1 - p / 100) / n) ** 0.5",
             "close", "100 times too small"),
            (BOTH + "exact = margin_of_error(p, n)\nmargin = next(r for r in (round(exact, 1), "
             "round(exact)) if abs(r - exact) > 0.005)", "close", "rounded too far"),
            (ROW + 'margin = 1.96 * (row["share_pct"] * (100 - row["share_pct"]) / '
             'row["sample_size"]) ** 0.5', "close", "take the number out"),
            (BOTH.replace('"for"', '"For"') + "margin = margin_of_error(p, n)", "error", ""),
            (BOTH + 'margin = f"{margin_of_error(p, n):.2f}"', "close", "without quotes"),
            ('margin = margin_of_error(poll["share"], poll["sample_size"])',
             "error", "named 'share'"),
        ],
    },
    "4.2": {
        "accepted": [
            UNKNOWN + LEAD + THREE,
            LEAD + 'if size is None:\n    word = "unknown"\nelif abs(lead) <= chance:\n'
            '    word = "too close"\nelif lead > 0:\n    word = "ahead"\nelse:\n'
            '    word = "behind"\nreturn word',
            UNKNOWN + 'low = first - second - WIDER * margin_of_lead(first, second, size)\n'
            'high = first - second + WIDER * margin_of_lead(first, second, size)\n'
            'return "Ahead" if low > 0 else "Behind" if high < 0 else "Too close"',
            'if not size:\n    return "unknown"\np, q = first / 100, second / 100\n'
            'chance = WIDER * 196 * ((p + q - (p - q) ** 2) / size) ** 0.5\n'
            'lead = first - second\n' + THREE,
        ],
        "wrong": [
            (UNKNOWN + LEAD + 'if lead > chance:\n    return "ahead"\nif lead < -chance:\n'
             '    return "behind"', "not_yet", "a return on every path"),
            (UNKNOWN + LEAD + THREE.replace("return ", "print(").replace('"\n', '")\n') + ")",
             "not_yet", "use return"),
            (UNKNOWN + LEAD + 'return lead > chance', "not_yet", "a text is asked for"),
            (UNKNOWN + LEAD + THREE.replace("too close", "within the margin"),
             "not_yet", "you have “within the margin”"),
            (UNKNOWN.replace("is None", "= None") + LEAD + THREE, "error", "two equals signs"),
            ("return ahead", "error", "ahead"),
            ("...", "not_attempted", "does not return anything"),
        ],
    },
    "4.3": {
        "accepted": [
            YEARS + SUMS + SHARE + NAMED,
            YEARS + SUMS + SHARE,
            YEARS.replace('(aid["year"] >= SINCE) & (aid["year"] <= 2019)',
                          'aid["year"].between(SINCE, 2019)')
            + 'recorded = rows.pivot_table(index="donor", values="net_aid_usd_million", '
            'aggfunc="sum")\nrecorded["share_pct"] = (recorded["net_aid_usd_million"] / '
            'recorded["net_aid_usd_million"].sum() * 100).round(1)\n'
            'recorded = recorded.sort_values("share_pct", ascending=False, kind="stable")[["share_pct"]]',
            "rows = aid.query('2019 >= year >= @SINCE')\n"
            'wide = rows.pivot(index="year", columns="donor", values="net_aid_usd_million")\n'
            'recorded = (100 * wide.sum() / wide.sum().sum()).nlargest(9).reset_index()\n'
            'recorded.columns = ["Donor", "Share"]',
        ],
        "wrong": [
            ("rows = aid\n" + SUMS + SHARE + NAMED, "not_yet", "over all years of the table"),
            ('rows = aid[aid["year"] >= SINCE]\n' + SUMS + SHARE + NAMED,
             "close", "The years after 2019"),
            (YEARS.replace(">=", ">") + SUMS + SHARE + NAMED, "close", "The first year is missing"),
            (YEARS.replace("<=", "<") + SUMS + SHARE + NAMED, "close", "The last year is missing"),
            (YEARS + SUMS + "recorded = sums.sort_values(ascending=False, kind='stable')\n" + NAMED,
             "not_yet", "Those are millions of dollars"),
            (YEARS + SUMS + SHARE.replace("100 * ", "") + NAMED, "close", "between 0 and 1"),
            (YEARS + SUMS + SHARE.replace("sums.sum()", "sums.max()") + NAMED,
             "not_yet", "divide by the largest donor"),
            (YEARS + 'wide = rows.pivot(index="donor", columns="year", values='
             '"net_aid_usd_million")\nrecorded = (100 * wide / wide.sum()).mean(axis=1)'
             ".sort_values(ascending=False, kind='stable')\n" + NAMED, "not_yet", "the mean of the yearly shares"),
            (YEARS + SUMS + SHARE.replace('.sort_values(ascending=False, kind="stable")', "") + NAMED,
             "close", "another order"),
            (YEARS + SUMS + SHARE.replace("ascending=False, ", "") + NAMED, "close", "another order"),
            (YEARS + SUMS + SHARE + NAMED + '\nrecorded = recorded[recorded["donor"] != "Japan"]',
             "not_yet", "too few"),
            (YEARS + SUMS + SHARE + 'recorded = recorded["Germany"]',
             "not_yet", "a table (DataFrame) is asked for"),
            (YEARS + 'recorded = rows.groupby("donor")["net_aid_usd_million"].count()',
             "not_yet", "differ in 5 rows"),
            (YEARS + SUMS + SHARE + 'recorded = recorded.to_frame("share_pct")'
             '.reset_index(drop=True)', "not_yet", "no column called donor"),
            ('rows = aid[aid["year"] >= SINCE & aid["year"] <= 2019]\n' + SUMS + SHARE,
             "error", "ound brackets"),
        ],
    },
    "4.4": {
        "accepted": [
            line(),
            SERIES + 'ax = rows.plot(x="fieldwork_start", y="share_pct", legend=False)\n' + NAMES,
            SERIES + 'ax = rows.set_index("fieldwork_start")["share_pct"].plot(style="o--", '
            'ylabel="per cent", title="For the EU")',
            SERIES + 'fig, ax = plt.subplots()\nax.scatter(rows["fieldwork_start"].dt.date, '
            'rows["share_pct"])\n' + NAMES,
            line(SERIES + 'rows["share_pct"] = rows["share_pct"].astype(int)\n', end=NAMES
                 + 'ax.set_ylim(0, 100)\nax.grid()\n'),
        ],
        "wrong": [
            (line(SERIES.replace('(asked["pollster"] == MINISTRY) & ', "")),
             "not_yet", "All pollsters are in one line"),
            (line(SERIES.replace(' & (asked["answer"] == "for")', "")),
             "not_yet", "two different answers"),
            (line(SERIES.replace('"for"', '"against"')), "not_yet", "the people against"),
            (line(SERIES.splitlines()[0] + "\n"), "close", "some are too early"),
            (line(SERIES.replace(">= SINCE", "> SINCE")), "close", "polls of the first year"),
            (line(x="range(len(rows))"), "close", "the numbers of the rows"),
            (line(SERIES + 'rows = rows.groupby(rows["fieldwork_start"].dt.year)["share_pct"]'
                  ".mean().reset_index()\n"), "not_yet", "means by year"),
            (line(end=""), "close", "Still missing: a label on the y axis and a title"),
            (line(x='rows["share_pct"]', y='rows["fieldwork_start"]'), "close", "swapped"),
            (line(y='rows["sample_size"].fillna(0)'), "not_yet", "not the figures asked for"),
            (line(SERIES.replace("MINISTRY", '"the ministry"')), "not_yet", "holds no values"),
            (SERIES + 'ax = rows["share_pct"]', "not_yet", "a chart is asked for"),
            (line(SERIES.replace("SINCE", '"SINCE"')), "error", "compared or computed with text"),
        ],
    },
    "4.5": {
        "accepted": [
            'headline = "c"',
            "headline = 'C'",
            'headline = "(c)"',
            'headline = ["c"]',
            'headline = "Most are against joining NATO in both polls; the change between them is '
            'no larger than chance alone may make it."',
        ],
        "wrong": [
            ('headline = "a"', "not_yet", "the difference of two polls"),
            ('headline = "b"', "not_yet", "not the same as shown not to have changed"),
            ('headline = "d"', "not_yet", "come anywhere near half"),
            ('headline = "e"', "not_yet", "none of the options"),
            ("headline = c", "error", "A letter needs quotation marks"),
            ("headline = True", "not_yet", "answer with one of a, b, c, d"),
            ('headline = " "', "not_attempted", "Choose one of"),
        ],
    },
}
