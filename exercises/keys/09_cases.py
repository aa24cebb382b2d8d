"""Answers to try on exercise 09: code in place of the solution; the shape is that of 00_cases.py."""

N1 = 'n1 = mentions[mentions["outlet"] == "N1"].set_index("actor")["mentions"]\n'
FULL = 'full = monthly[monthly["headlines_total"] >= 100]\n'
NAMES = (
    'ax.set_xlabel("month")\nax.set_ylabel("per cent")\nax.set_title("Headlines")\nax.legend()\n'
)
SHARE = '100 * rows["headlines_mentioning"] / rows["headlines_total"]'


def lines(y=SHARE, actors='["Russia", ACTOR]', end=NAMES):
    """Return code that draws a line of `y` for each actor, over the full months."""
    return (
        FULL + "fig, ax = plt.subplots()\n"
        f"for actor in {actors}:\n"
        '    rows = full[full["actor"] == actor]\n'
        f'    ax.plot(rows["month_start"], {y}, label=actor)\n{end}'
    )


def loop(add, end="return sum(squares) / len(squares) if len(squares) >= FEWEST else None"):
    """Return the body of a score that goes through the decided forecasts."""
    return (
        "squares = []\n"
        "for said, outcome in zip(probabilities, outcomes):\n"
        '    happened = 1 if outcome == "yes" else 0\n'
        '    if outcome != "undecided":\n'
        f"        squares.append({add})\n{end}"
    )


SQUARE = "(said - happened) ** 2"
MERGED = 'table = said.merge(outcomes, on="claim_id")\n'
DECIDED = MERGED + 'table = table[table["outcome"] != "undecided"]\n'
DISTANCE = 'distance = table["probability"] - (table["outcome"] == "yes").astype(int)\n'
MEAN = 'ranking = table.groupby("forecaster")["brier"].mean().reset_index()\n'
BEST = 'ranking = ranking.sort_values("brier", kind="stable")'
SQUARED = 'table["brier"] = distance**2\n'

CASES = {
    "9.1": {
        "accepted": [
            N1 + 'for_10 = 10 * n1[ACTOR] / n1["Russia"]',
            N1 + 'for_10 = round(float(n1[ACTOR] / (n1["Russia"] / 10)), 2)',
            "n1 = mentions.query(\"outlet == 'N1'\")\n"
            'for_10 = 10 * n1[n1["actor"] == ACTOR]["mentions"].item() / '
            'n1[n1["actor"] == "Russia"]["mentions"].item()',
            'wide = mentions.pivot_table(index="actor", columns="outlet", values="mentions")\n'
            'for_10 = (10 * wide / wide.loc["Russia"]).loc[ACTOR, "N1"]',
        ],
        "wrong": [
            (N1 + 'for_10 = round(10 * n1[ACTOR] / n1["Russia"])', "close", "rounded too far"),
            (N1 + 'for_10 = 10 * n1 / n1["Russia"]', "not_yet", "You have a column with"),
            ('n1 = mentions.set_index("actor")["mentions"]\n'
             'for_10 = 10 * n1[ACTOR] / n1["Russia"]', "not_yet", "a number is asked for"),
            (N1 + 'for_10 = 10 * n1[ACTOR] / n1["russia"]', "error", "named 'russia'"),
        ],
    },
    "9.2": {
        "accepted": [
            lines(),
            lines('rows["share_pct"]', '[ACTOR, "Russia"]'),
            FULL + 'wide = full.pivot(index="month_start", columns="actor", values="share_pct")\n'
            'ax = wide[["Russia", ACTOR]].plot(xlabel="month", ylabel="per cent", title="RTS")',
            FULL + "fig, ax = plt.subplots()\n"
            'two = full[full["actor"].isin(["Russia", ACTOR])]\n'
            'for name, rows in two.groupby("actor"):\n'
            '    rows.plot(x="month_start", y="share_pct", ax=ax, label=name, style="o-")\n' + NAMES,
        ],
        "wrong": [
            (lines('rows["headlines_mentioning"]'), "not_yet", "Those are numbers of headlines"),
            (lines('rows["headlines_mentioning"] / rows["headlines_total"]'),
             "close", "between 0 and 1"),
            (lines().replace(FULL, "full = monthly\n"), "close", "a handful of headlines"),
            (lines(actors='["Vladimir Putin", "Xi Jinping"]'),
             "not_yet", "the two leaders of the lesson"),
            (lines(actors="[ACTOR]"), "close", "One line is there"),
            (lines(actors='["Russia", "NATO"]'), "not_yet", "not the figures asked for"),
            (lines(end="ax.legend()"), "close", "Still missing: a label on the y axis and a title"),
            (lines().replace("ax.plot", "ax.bar"), "close", "asked for: line"),
            ("fig, ax = plt.subplots()", "not_attempted", "nothing is drawn"),
            ("ax = ...", "not_attempted", "Replace the three dots"),
            (FULL + 'ax = full["share_pct"]', "not_yet", "a chart is asked for"),
        ],
    },
    "9.3": {
        "accepted": [
            loop(SQUARE),
            'pairs = [(p, o == "yes") for p, o in zip(probabilities, outcomes) if o in ("yes", "no")]\n'
            "if len(pairs) >= FEWEST:\n    return sum((p - o) ** 2 for p, o in pairs) / len(pairs)",
            'table = pd.DataFrame({"p": probabilities, "o": outcomes})\n'
            'table = table[table["o"] != "undecided"]\n'
            "if len(table) < FEWEST:\n    return None\n"
            'return ((table["p"] - (table["o"] == "yes").astype(int)) ** 2).mean()',
            "from belgrade.methods import brier\n"
            'decided = [(p, int(o == "yes")) for p, o in zip(probabilities, outcomes) '
            'if o != "undecided"]\n'
            "if len(decided) < FEWEST:\n    return None\nreturn brier.brier_score(*zip(*decided))",
            "total, count = 0, 0\n"
            "for i in range(len(outcomes)):\n"
            '    if outcomes[i] == "yes":\n'
            "        total, count = total + (1 - probabilities[i]) ** 2, count + 1\n"
            '    if outcomes[i] == "no":\n'
            "        total, count = total + probabilities[i] ** 2, count + 1\n"
            "return round(total / count, 4) if count >= FEWEST else None",
        ],
        "wrong": [
            (loop(SQUARE, "if 0 < len(squares) < FEWEST:\n    return None\n"
                  "return sum(squares) / len(squares)"),
             "not_yet", "divided by 0"),
            (loop(SQUARE, "print(sum(squares))"), "not_yet", "prints its result"),
            (loop(SQUARE, "return squares"), "not_yet", "a number is asked for"),
            ("return (probabilities - outcomes) ** 2", "error", "do not go together"),
            ("squares = []", "not_attempted", "does not return anything"),
        ],
    },
    "9.4": {
        "accepted": [
            DECIDED + DISTANCE + SQUARED + MEAN + BEST,
            DECIDED + DISTANCE + SQUARED
            + 'ranking = table.groupby("forecaster")["brier"].mean().sort_values(kind="stable").round(2)',
            'decided = outcomes[outcomes["outcome"] != "undecided"].set_index("claim_id")["outcome"]\n'
            'wide = said.pivot(index="claim_id", columns="forecaster", values="probability")\n'
            'errors = wide.loc[decided.index].sub((decided == "yes").astype(int), axis="index")\n'
            'ranking = (errors**2).mean().sort_values(kind="stable").rename_axis("forecaster")'
            '.reset_index(name="brier")',
            "from belgrade.methods import brier\n" + DECIDED
            + 'table["happened"] = (table["outcome"] == "yes").astype(int)\n'
            'rows = [(name, brier.brier_score(list(t["probability"]), list(t["happened"])))\n'
            '        for name, t in table.groupby("forecaster")]\n'
            'ranking = pd.DataFrame(rows, columns=["forecaster", "score"]).sort_values("score", kind="stable")',
        ],
        "wrong": [
            (DECIDED + DISTANCE + SQUARED + MEAN
             + 'ranking = ranking.sort_values("brier", ascending=False, kind="stable")', "close", "another order"),
            (DECIDED + DISTANCE + SQUARED + 'ranking = table[["forecaster", "brier"]]',
             "not_yet", "too many"),
            (DECIDED + DISTANCE + SQUARED + 'ranking = table["brier"].mean()',
             "not_yet", "a table (DataFrame)"),
            (DECIDED + DISTANCE + SQUARED
             + 'ranking = table.groupby("claim_id")["brier"].mean().reset_index()',
             "not_yet", "no column called forecaster"),
            (DECIDED + 'table["brier"] = (table["probability"] - table["outcome"]) ** 2',
             "error", "do not go together"),
        ],
    },
    "9.5": {
        "accepted": [
            'judgement = "b"',
            "judgement = 'B'",
            'judgement = "(b)"',
            'judgement = ["b"]',
            'judgement = "It came true, by a few points. Squared distance 0.04. The share went up and '
            'down in between, so another year could have given another answer."',
        ],
        "wrong": [
            ('judgement = "a"', "not_yet", "names the year to compare with"),
            ('judgement = "c"', "not_yet", "that it was certain"),
            ('judgement = "d"', "not_yet", "a share shows no cause"),
            ('judgement = "e"', "not_yet", "can be measured"),
            ('judgement = "yes"', "not_yet", "none of the options"),
            ("judgement = b", "error", "A letter needs quotation marks"),
            ('judgement = ""', "not_attempted", "Choose one of"),
        ],
    },
}
