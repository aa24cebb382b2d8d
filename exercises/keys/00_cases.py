"""Answers to try on exercise 00; belgrade/authoring/cases.py says what stands where."""

MAIN = 'counted = deliveries[deliveries["is_main_row"]]\n'
BARS = """ax.set_xlabel("of 100 claims")
ax.set_title("Notes by section")
"""

CASES = {
    "0.1": {
        "accepted": [
            MAIN + 'donor_rows = len(counted[counted["donor"] == DONOR])',
            'donor_rows = (deliveries["is_main_row"] & (deliveries["donor"] == DONOR)).sum()',
            "donor_rows = deliveries.query('is_main_row and donor == @DONOR').shape[0]",
            MAIN + 'donor_rows = float(counted["donor"].value_counts()[DONOR])',
            # groupby leaves a number of numpy's own type
            MAIN + 'donor_rows = counted.groupby("donor").size().loc[DONOR]',
        ],
        "wrong": [
            (MAIN + 'donor_rows = counted[counted["donor"] == DONOR]',
             "not_yet", "You have a table with"),
            (MAIN + 'donor_rows = len(counted[counted["donor"] == "russia"])',
             "not_yet", "you have 0. Did a filter keep no row"),
            (MAIN + 'donor_rows = str(len(counted[counted["donor"] == DONOR]))',
             "close", "without quotes"),
            (MAIN + 'donor_rows = len(counted[counted["donor"] = DONOR])',
             "error", "two equals signs"),
            (MAIN + 'donor_rows = len(counted[counted["Donor"] == DONOR])',
             "error", "no column or row named 'Donor'"),
            (MAIN + 'donor_rows = len(counted[counted["donor"] == Russia])',
             "error", "There is no Russia yet"),
            (MAIN + 'print(len(counted[counted["donor"] == DONOR]))\ndonor_rows = ...',
             "not_attempted", "three dots"),
        ],
    },
    "0.2": {
        "accepted": [
            MAIN + 'people_sent = counted[counted["recipient"] == RECIPIENT]["personnel"].sum()',
            MAIN + 'people_sent = counted.groupby("recipient")["personnel"].sum()[RECIPIENT]',
            MAIN + 'people_sent = counted.set_index("recipient").loc[RECIPIENT, "personnel"].sum()',
            MAIN + 'known = counted.dropna(subset="personnel")\n'
            'people_sent = 0.0\n'
            'for place, people in zip(known["recipient"], known["personnel"]):\n'
            '    if place == RECIPIENT:\n'
            '        people_sent += people',
        ],
        "wrong": [
            (MAIN + 'people_sent = counted[counted["recipient"] == RECIPIENT]["personnel"].count()',
             "not_yet", "you have 2"),
            (MAIN + 'people_sent = counted[counted["recipient"] == RECIPIENT]["personnel"]',
             "not_yet", "You have a column with"),
            (MAIN + 'people_sent = counted[counted["is_main_row"] and counted["recipient"] '
             '== RECIPIENT]["personnel"].sum()', "error", "join them with &"),
        ],
    },
    "0.3": {
        "accepted": [
            MAIN + 'planes_by_recipient = counted.groupby("recipient")["planes"].sum()'
            ".sort_values(ascending=False, kind='stable')",
            MAIN + 'planes_by_recipient = counted.groupby("recipient", as_index=False)["planes"]'
            '.sum().sort_values("planes", ascending=False, kind="stable")',
            MAIN + 'planes_by_recipient = counted.pivot_table(index="recipient", values="planes", '
            'aggfunc="sum").sort_values("planes", ascending=False, kind="stable").reset_index()[["planes", '
            '"recipient"]]',
            MAIN + 'planes_by_recipient = counted.groupby("recipient").agg(number=("planes", "sum"))'
            '["number"].nlargest(10).astype(float)',
            MAIN + 'planes_by_recipient = counted.rename(columns={"recipient": "country"}).groupby('
            '"country")[["planes"]].sum().sort_values("planes", ascending=False, kind="stable")',
        ],
        "wrong": [
            (MAIN + 'planes_by_recipient = counted["recipient"].value_counts()',
             "not_yet", "You have counted rows in each group"),
            (MAIN + 'planes_by_recipient = counted.groupby("recipient")["planes"].count()',
             "not_yet", "count() says in how many rows"),
            (MAIN + 'planes_by_recipient = counted.groupby("recipient")["planes"].sum()'
             ".sort_values(kind='stable')", "close", "another order"),
            (MAIN + 'planes_by_recipient = counted.groupby("recipient")["planes"].sum()["Serbia"]',
             "not_yet", "a table (DataFrame) is asked for"),
            (MAIN + 'planes_by_recipient = counted.groupby("donor")["planes"].sum()',
             "not_yet", "planes by donor"),
            (MAIN + 'planes_by_recipient = counted.groupby(["recipient", "donor"])["planes"].sum()',
             "not_yet", "too many"),
            (MAIN + 'planes_by_recipient = counted.groupby("recipient")[["planes", "personnel"]]'
             '.sum().sort_values("planes", ascending=False, kind="stable")', "close", "Leave out"),
            (MAIN + 'planes_by_recipient = counted.groupby("recipient")["plane"].sum()',
             "error", "plane"),
        ],
    },
    "0.4": {
        "accepted": [
            'finding = "b"',
            "finding = 'B'",
            'finding = "(b)"',
            'finding = ["b"]',
            'finding = "Over many years, on several measures such as visits, loans and arms, Moscow '
            'stays ahead of Beijing and the gap does not shrink."',
        ],
        "wrong": [
            ('finding = "a"', "not_yet", "One month is a moment"),
            ('finding = "c"', "not_yet", "badly supported claim can still be true"),
            ('finding = "D"', "not_yet", "a party to the story"),
            ('finding = "e"', "not_yet", "none of the options"),
            ("finding = b", "error", "A letter needs quotation marks"),
            ('finding = ["b", "d"]', "not_yet", "answer with one of a, b, c, d"),
            ('finding = ""', "not_attempted", "Choose one of"),
        ],
    },
    "0.5": {
        "accepted": [
            'ax = (100 * with_note.groupby(claims["section"]).mean()).plot.barh()\n' + BARS,
            "import matplotlib.pyplot as plt\n"
            'ones = with_note.groupby(claims["section"]).agg(["sum", "size"])\n'
            "fig, ax = plt.subplots()\n"
            'ax.barh(ones.index, (100 * ones["sum"] / ones["size"]).round())\n' + BARS,
            'share = with_note.groupby(claims["section"]).mean().mul(100).sort_index(ascending=False, kind="stable")\n'
            'ax = share.plot(kind="bar", title="Notes", ylabel="per cent", rot=45)',
            'table = with_note.groupby(claims["section"]).mean().mul(100).reset_index()\n'
            'ax = table.plot.barh(x="section", y="note_numbers", legend=False)\n' + BARS,
        ],
        "wrong": [
            ('ax = with_note.groupby(claims["section"]).mean().plot.barh()\n' + BARS,
             "close", "shares between 0 and 1"),
            ('ax = with_note.groupby(claims["section"]).sum().plot.bar()',
             "not_yet", "Long sections have more"),
            ('ax = claims["section"].value_counts().plot.barh()\n' + BARS,
             "not_yet", "with and without a note"),
            ('ax = (100 * with_note.groupby(claims["kind"]).mean()).plot.barh()\n' + BARS,
             "not_yet", "Group by section here"),
            ('ax = (100 - 100 * with_note.groupby(claims["section"]).mean()).plot.barh()\n' + BARS,
             "close", "carry no note"),
            ('ax = (100 * with_note.groupby(claims["section"]).mean()).plot.barh()',
             "close", "Still missing: a label on the x axis and a title"),
            ('ax = (100 * with_note.groupby(claims["section"]).mean()).plot(ylabel="per cent", '
             'title="Notes")', "close", "drawn as line"),
            ('ax = 100 * with_note.groupby(claims["section"]).mean()',
             "not_yet", "a chart is asked for"),
            ('whole = data.load("claims")\n'
             'ax = (100 * whole["note_numbers"].notna().groupby(whole["section"]).mean())'
             ".plot.barh()", "not_yet", "not the figures asked for"),
            ('share = 100 * with_note.groupby(claims["section"]).mean()\n'
             "share.plot.barh()\nax = None", "not_attempted", "Keep the axes in a name"),
        ],
    },
}
