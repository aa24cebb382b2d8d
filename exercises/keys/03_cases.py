"""Answers to try on exercise 03: code in place of the solution; the shape is that of 00_cases.py."""

RUSSIAN = """russian = deliveries[deliveries["supplier"] == "Russia"]
russian = russian[russian["year"].between(FIRST_YEAR, LAST_YEAR)]
"""
GIVEN = 'given = russian[russian["aid"] == "yes"]["tiv_million"].sum()\n'
PART = 'gift_pct = 100 * given / russian["tiv_million"].sum()'
NOW = 'now = gas[(gas["year"] == YEAR) & (gas["country"] != "European Union")]\n'
OVER = 'dependent = now[now["russia_share_pct"] > LIMIT]["country"]'
RATE = """paper["rate"] = 1.0
paper.loc[paper["currency"] == "USD", "rate"] = USD_PER_EUR
paper.loc[paper["currency"] == "GBP", "rate"] = GBP_PER_EUR
"""
EUR = 'paper["eur_million"] = paper["amount"] / paper["rate"] / 1_000_000\n'
KNOWN = 'paper = paper.dropna(subset="amount").sort_values("eur_million", ascending=False, kind="stable")\n'
KEEP = 'worth = paper[["donor", "eur_million"]]'
EMPTY = "if len(neighbours) < RING:\n    return None\n"
BELONG = "[n for n in neighbours if n in members]"
LOOP = "count = 0\nfor n in neighbours:\n    if n in members:\n        count += 1\n"
SUMS = """sums = orders.groupby("supplier")[["delivered_items", "tiv_delivered_million"]].sum()
shares = 100 * sums / sums.sum()
"""
NAMES = 'ax.set_xlabel("per cent")\nax.set_title("Arms by supplier")\n'

CASES = {
    "3.1": {
        "accepted": [
            RUSSIAN + GIVEN + PART,
            RUSSIAN + 'by = russian.groupby("aid")["tiv_million"].sum()\n'
            'gift_pct = round(by["yes"] / by.sum() * 100, 1)',
            "by = deliveries.query(\"supplier == 'Russia' and @FIRST_YEAR <= year <= @LAST_YEAR\")\n"
            'by = by.pivot_table(index="supplier", columns="aid", values="tiv_million", '
            'aggfunc="sum")\ngift_pct = (100 * by["yes"] / by.sum(axis=1)).loc["Russia"]',
            RUSSIAN + "import numpy as np\n"
            'gift_pct = 100 * np.average(russian["aid"] == "yes", weights=russian["tiv_million"])',
        ],
        "wrong": [
            (RUSSIAN + GIVEN + PART.replace("100 * ", ""), "close", "100 times too small"),
            (RUSSIAN + GIVEN + "gift_pct = f'{100 * given / russian[\"tiv_million\"].sum():.1f} %'",
             "close", "without quotes"),
            (RUSSIAN.replace('"Russia"', '"russia"') + GIVEN + PART, "not_yet", "NaN"),
            ('russian = deliveries[deliveries["supplier"] == "Russia" & deliveries["aid"] == "yes"]',
             "error", "condition in round brackets"),
            (RUSSIAN + 'given = russian[russian["Aid"] == "yes"]',
             "error", "no column or row named 'Aid'"),
        ],
    },
    "3.2": {
        "accepted": [
            NOW + OVER + ".tolist()",
            NOW + OVER,
            NOW + OVER + ".to_numpy()",
            'dependent = []\nfor row in gas[gas["year"] == YEAR].itertuples():\n'
            '    if row.russia_share_pct > LIMIT and row.country != "European Union":\n'
            "        dependent = [row.country] + dependent",
            'wide = gas[gas["year"] == YEAR].set_index("country")["russia_share_pct"]\n'
            'dependent = set(wide[wide > LIMIT].drop("European Union", errors="ignore").index)',
        ],
        "wrong": [
            (NOW + OVER.replace("> LIMIT", "> 99") + ".tolist()", "not_yet", "still missing"),
            (NOW + f"dependent = len({OVER.removeprefix('dependent = ')})",
             "not_yet", "a list is asked for"),
            (NOW + 'dependent = now[now["russia_share_pct"] > LIMIT]', "not_yet",
             "a list is asked for"),
            ("dependent = []", "not_yet", "still missing"),
            ('dependent = gas[gas["year"] == YEAR and gas["russia_share_pct"] > LIMIT]',
             "error", "join them with &"),
        ],
    },
    "3.3": {
        "accepted": [
            RATE + EUR + KNOWN + KEEP,
            'euros = paper.set_index("donor")["amount"] / paper.set_index("donor")["currency"].map('
            '{"EUR": 1, "USD": USD_PER_EUR, "GBP": GBP_PER_EUR})\n'
            "worth = (euros / 1e6).dropna().sort_values(ascending=False, kind='stable')",
            RATE + EUR + 'paper["eur_million"] = paper["eur_million"].round(2)\n' + KNOWN
            + 'worth = paper[["eur_million", "donor"]].reset_index(drop=True)',
            RATE + EUR + 'worth = paper[paper["amount"].notna()].set_index("donor")[["eur_million"]]\n'
            'worth = worth.sort_values("eur_million", kind="stable").iloc[::-1]',
        ],
        "wrong": [
            (RATE + EUR.replace(" / 1_000_000", "") + KNOWN + KEEP,
             "close", "a million times too large"),
            (RATE + EUR + KNOWN.replace(", ascending=False", "") + KEEP, "close", "another order"),
            (RATE + EUR + KNOWN + "worth = paper", "close", "Leave out what is not asked for"),
            (RATE + EUR + KNOWN + 'worth = paper["eur_million"]',
             "not_yet", "no column called donor"),
            (RATE + EUR + KNOWN + KEEP + '.rename(columns={"eur_million": "euros"})',
             "close", "rename the column"),
            (EUR + KNOWN + KEEP, "error", "no column or row named 'rate'"),
        ],
    },
    "3.4": {
        "accepted": [
            EMPTY + LOOP + "return 100 * count / len(neighbours)",
            f"return 100 * len({BELONG}) / len(neighbours) if len(neighbours) >= RING else None",
            EMPTY + "both = set(neighbours) & set(members)\n"
            "return round(len(both) / len(neighbours) * 100, 1)",
            "import pandas as pd\nif RING <= len(neighbours):\n"
            "    return float(100 * pd.Series(neighbours).isin(members).mean())",
        ],
        "wrong": [
            (EMPTY + LOOP + "return count / len(neighbours)", "close", "100 times too small"),
            ("if 0 < len(neighbours) < RING:\n    return None\n" + LOOP
             + "return 100 * count / len(neighbours)",
             "not_yet", "divided by 0"),
            (EMPTY + LOOP + "print(100 * count / len(neighbours))",
             "not_yet", "prints its result"),
            (EMPTY + LOOP, "not_attempted", "does not return anything"),
            ("return 100 * neighbours / members", "error", "do not go together"),
            ("for state in neighbours\n    pass", "error", "could not read it"),
        ],
    },
    "3.5": {
        "accepted": [
            SUMS + "ax = shares.plot.barh()\n" + NAMES,
            'pieces = orders.groupby("supplier")["delivered_items"].sum()\n'
            'volume = orders.groupby("supplier")["tiv_delivered_million"].sum()\n'
            "at = range(len(pieces))\nfig, ax = plt.subplots()\n"
            "ax.bar([a - 0.2 for a in at], 100 * pieces / pieces.sum(), 0.4)\n"
            "ax.bar([a + 0.2 for a in at], 100 * volume / volume.sum(), 0.4)\n"
            "ax.set_xticks(list(at), list(pieces.index), rotation=90)\n"
            'ax.set_ylabel("per cent")\nax.set_title("Arms")',
            SUMS + 'shares = shares[["tiv_delivered_million", "delivered_items"]].round()\n'
            'ax = shares.sort_values("delivered_items", kind="stable").plot(kind="bar", title="Arms", '
            'ylabel="per cent")',
            SUMS + 'ax = shares.reset_index().plot.barh(x="supplier", title="Arms", '
            'xlabel="per cent")',
        ],
        "wrong": [
            (SUMS + "ax = sums.plot.barh()\n" + NAMES, "not_yet", "two units on one axis"),
            (SUMS + "ax = (shares / 100).plot.barh()\n" + NAMES, "close", "between 0 and 1"),
            (SUMS.replace(".sum()\nshares", ".count()\nshares") + "ax = shares.plot.barh()\n"
             + NAMES, "not_yet", "count() says in how many orders"),
            (SUMS.replace("delivered", "ordered") + "ax = shares.plot.barh()\n" + NAMES,
             "close", "what was ordered"),
            (SUMS.replace("orders.", "register.") + "ax = shares.plot.barh()\n" + NAMES,
             "close", "all orders since the 1970s"),
            (SUMS + 'ax = shares["tiv_delivered_million"].plot.barh()\n' + NAMES,
             "close", "Add the second bar for each supplier: the pieces"),
            (SUMS + 'ax = shares["delivered_items"].plot.barh()\n' + NAMES,
             "close", "the volume, tiv_delivered_million"),
            (SUMS + "shares = 100 * sums.div(sums.sum(axis=1), axis=0)\n"
             "ax = shares.plot.barh()\n" + NAMES, "not_yet", "not of one kind"),
            (SUMS + "ax = shares.plot.barh()", "close", "a label on the x axis and a title"),
            (SUMS + 'ax = shares.plot(title="Arms", ylabel="per cent", xticks=range(len(shares)))', "close", "drawn as line"),
            (SUMS + "ax = shares", "not_yet", "a chart is asked for"),
            (SUMS + 'ax = shares[shares["delivered_items"] > 5].plot.barh()',
             "not_yet", "not the figures asked for"),
            ("ax = None", "not_attempted", "There is no chart here"),
        ],
    },
    "3.6": {
        "accepted": [
            'pair = "c"',
            "pair = ' C '",
            'pair = ("c",)',
            'pair = "Russia\'s part of the gas that Serbia imported in 2019 beside Russia\'s part of '
            'the gas that Bulgaria imported in 2019, both from Eurostat."',
        ],
        "wrong": [
            ('pair = "a"', "not_yet", "an activity is not an exercise"),
            ('pair = "b"', "not_yet", "are two units"),
            ('pair = "D"', "not_yet", "of two wholes"),
            ('pair = "f"', "not_yet", "none of the options"),
            ("pair = c", "error", "A letter needs quotation marks"),
            ("pair = 3", "not_yet", "none of the options"),
            ('pair = ""', "not_attempted", "Choose one of"),
        ],
    },
}
