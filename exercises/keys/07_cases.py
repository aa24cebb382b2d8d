"""Answers to try on exercise 07: code in place of the solution; the shape is in 00_cases.py."""

DEBT = """debt = registers[registers["kind"] == "public_debt"]
debt = debt[debt["date"] == "2023-09-01"]
debt = debt.set_index("actor")["value_billion"]
"""
EIB = "LENDER"
CHINESE = 'own = loans[(loans["lender_country"] == "China") & (loans["currency"] == CURRENCY)]\n'
SUM = 'by_stage = own.groupby("stage")["amount_million"].sum()'
SORT = ".sort_values(ascending=False, kind='stable')"
IMPORTS = 'trade[trade["flow"] == "import"]'
VALUE = 'rows["value_usd_million"]'
NAMES = 'ax.set_xlabel("year")\nax.set_ylabel("million USD")\nax.set_title("Bought")\nax.legend()\n'


def lines(y=VALUE, countries='["China", RIVAL]', end=NAMES, flow=IMPORTS):
    """Return code that draws a line of `y` for each country."""
    return (
        f"imports = {flow}\nfig, ax = plt.subplots()\n"
        f"for country in {countries}:\n"
        '    rows = imports[imports["partner"] == country]\n'
        f'    ax.plot(rows["year"], {y}, label=country)\n{end}'
    )


CASES = {
    "7.1": {
        "accepted": [
            DEBT + f'euros_each = debt["China Eximbank"] / debt[{EIB}]',
            DEBT + f'euros_each = round(float(debt.loc["China Eximbank"] / debt.loc[{EIB}]), 2)',
            "day = registers.query(\"kind == 'public_debt'\").sort_values(\"date\", kind='stable')\n"
            'day = day.drop_duplicates("actor", keep="last")\n'
            'china = day[day["actor"] == "China Eximbank"]["value_billion"].item()\n'
            f'eib = day[day["actor"] == {EIB}]["value_billion"].item()\n'
            "euros_each = china / eib",
            'owed = registers[registers["stage"] == "owed"].pivot_table(index="date", '
            'columns=["kind", "actor"], values="value_billion")["public_debt"]\n'
            f'euros_each = (owed["China Eximbank"] / owed[{EIB}]).dropna().iloc[0]',
        ],
        "wrong": [
            (DEBT + f'euros_each = debt[{EIB}] / debt["China Eximbank"]',
             "close", "one divided by what is asked for"),
            (DEBT + f'euros_each = 100 * debt["China Eximbank"] / debt[{EIB}]',
             "close", "100 times too large"),
            # Of a small number so few decimals are no slip, but another number.
            (DEBT + f'euros_each = debt["China Eximbank"] / debt[{EIB}]\n'
             "short = round(euros_each, 1)\n"
             "euros_each = short if abs(short / euros_each - 1) < 0.05 else 1000 * euros_each",
             "close", "too "),
            (DEBT + "euros_each = debt", "not_yet", "a number is asked for"),
            (DEBT + 'euros_each = debt["China"] / debt["EIB"]', "error", "named 'China'"),
        ],
    },
    "7.2": {
        "accepted": [
            CHINESE + SUM + SORT,
            CHINESE + 'by_stage = own.groupby("stage", as_index=False)["amount_million"].sum()'
            '.sort_values("amount_million", ascending=False, kind="stable")',
            CHINESE + 'by_stage = own.pivot_table(index="stage", values="amount_million", '
            'aggfunc="sum").round().nlargest(10, "amount_million").reset_index()',
            'sums = {}\nfor loan in loans.itertuples():\n'
            '    if loan.lender_country == "China" and loan.currency == CURRENCY:\n'
            "        sums[loan.stage] = sums.get(loan.stage, 0) + loan.amount_million\n"
            'import pandas as pd\nby_stage = pd.DataFrame({"stage": list(sums), "amount_million": '
            'list(sums.values())}).sort_values("amount_million", ascending=False, kind="stable")',
        ],
        "wrong": [
            (CHINESE + 'by_stage = own["stage"].value_counts()',
             "not_yet", "You have counted the loans"),
            (CHINESE + SUM.replace('"stage"', '"project"') + SORT,
             "not_yet", "no column called stage"),
            (CHINESE + SUM, "close", "another order"),
            (CHINESE + SUM + SORT + " / 1000", "close", "a thousand times too small"),
            (CHINESE + 'by_stage = own["amount_million"].sum()', "not_yet", "a table (DataFrame)"),
            (CHINESE + SUM.replace('"stage"', '["stage", "project"]') + SORT,
             "not_yet", "too many"),
            ('own = loans[loans["lender_country"] == "China" & loans["currency"] == CURRENCY]\n'
             + SUM, "error", "condition in round brackets"),
        ],
    },
    "7.3": {
        "accepted": [
            "if one <= other + LEAD:\n    since = None\nelif since is None:\n    since = year",
            "if one > other + LEAD:\n    if since is None:\n        since = year\nelse:\n    since = None",
            "since = (since or year) if one > other + LEAD else None",
            "rest = [x > y + LEAD for t, x, y in zip(years, a, b) if t >= year]\n"
            "if all(rest) and since is None:\n    since = year",
        ],
        "wrong": [
            ("if one > other:\n    print(year)", "not_yet", "prints its result"),
            ("since = None", "not_attempted", "does not return anything"),
            ("if one > others:\n    since = year", "error", "others"),
            ("if one = other:\n    since = None", "error", ""),
        ],
    },
    "7.4": {
        "accepted": [
            lines(),
            lines(countries='[RIVAL, "China"]', y=VALUE + ".round()"),
            'wide = trade[trade["flow"] == "import"].pivot(index="year", columns="partner", '
            'values="value_usd_million")\n'
            'ax = wide[["China", RIVAL]].plot(ylabel="million USD", title="Bought")',
            "fig, ax = plt.subplots()\n"
            "two = trade.query(\"flow == 'import' and partner in ['China', @RIVAL]\")\n"
            'for name, rows in two.groupby("partner"):\n'
            '    rows.plot(x="year", y="value_usd_million", ax=ax, label=name, style="o-")\n'
            + NAMES,
        ],
        "wrong": [
            (lines('rows["share_pct"]'), "not_yet", "shares of all imports"),
            (lines(flow="trade"), "not_yet", "Exports and imports are mixed"),
            (lines(countries='["Russia", RIVAL]'),
             "not_yet", "Russia and China were in the lesson"),
            (lines(countries='["China"]'), "close", "China's line is right"),
            (lines(VALUE + " / 1000"), "close", "thousands of millions"),
            (lines(countries='["China", "Germany" if RIVAL != "Germany" else "Italy"]'),
             "not_yet", "not the figures asked for"),
            (lines(flow='trade[trade["flow"] == "export"]'),
             "not_yet", "not the figures asked for"),
            (lines(end='ax.set_xlabel("year")'),
             "close", "Still missing: a label on the y axis and a title"),
            (lines().replace("ax.plot", "ax.bar"), "close", "asked for: line"),
            ("fig, ax = plt.subplots()", "not_attempted", "nothing is drawn"),
            (lines('rows["value"]'), "error", "named 'value'"),
        ],
    },
    "7.5": {
        "accepted": [
            'pair = "d"',
            "pair = ['D']",
            'pair = " (d) "',
            'pair = "Deals listed as investment by the China Global Investment Tracker, in dollars '
            'since 2010: up to September 2019, and up to December 2021."',
        ],
        "wrong": [
            ('pair = "a"', "not_yet", "one is claimed, the other paid in"),
            ('pair = "B"', "not_yet", "The first is part of the second"),
            ('pair = "c"', "not_yet", "paid with the very loans"),
            ('pair = "e"', "not_yet", "none of the options"),
            ("pair = d", "error", "A letter needs quotation marks"),
            ('pair = ["a", "d"]', "not_yet", "answer with one of a, b, c, d"),
            ('pair = ""', "not_attempted", "Choose one of"),
        ],
    },
}
