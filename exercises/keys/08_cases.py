"""Answers to try on exercise 08: code in place of the solution; the shape is that of 00_cases.py."""

HERE = 'here = claims[claims["section"] == SECTION]\n'
FACTS = HERE + 'facts = here[here["kind"].isin(["fact", "figure"])]\n'
BOTH = 'both = notes.merge(sections, on="claim_id")\nboth = both[both["section"] == SECTION]\n'
MOST = '.sort_values("claims", ascending=False, kind="stable")'
LITTLE = 'little = claims["strength"].isin(["weak", "assertion"])\n'
SHARE = LITTLE + 'share = 100 * little.groupby(claims["section"]).mean()\n'
NAMES = 'ax.set_xlabel("of 100 claims")\nax.set_title("Little support")\n'
EMPTY = 'if "" in marks:\n    return None\n'

CASES = {
    "8.1": {
        "accepted": [
            FACTS + 'noted_pct = facts["note_numbers"].notna().mean() * 100',
            FACTS + 'noted_pct = round(100 * facts["note_numbers"].count() / len(facts), 1)',
            "facts = claims.query(\"section == @SECTION and kind in ['fact', 'figure']\")\n"
            'noted_pct = 100 - 100 * float(facts["note_numbers"].isna().mean())',
            'checkable = (claims["kind"] == "fact") | (claims["kind"] == "figure")\n'
            'noted = claims["note_numbers"].notna()[checkable].groupby(claims["section"]).mean()\n'
            "noted_pct = 100 * noted[SECTION]",
        ],
        "wrong": [
            (FACTS + 'noted_pct = facts["note_numbers"].notna().mean()',
             "close", "is a factor of 100 missing"),
            (FACTS + 'noted_pct = facts["note_numbers"].notna()',
             "not_yet", "You have a column with"),
            (FACTS + 'noted_pct = f"{100 * facts[\'note_numbers\'].notna().mean()}"',
             "close", "without quotes"),
            ('noted_pct = claims[claims["section"] == trust]', "error", "There is no trust yet"),
            ('noted_pct = claims[claims["section"] == SECTION & claims["kind"] == "fact"]',
             "error", "condition in round brackets"),
        ],
    },
    "8.2": {
        "accepted": [
            BOTH + 'carried_by = both.groupby("source_type")["claim_id"].nunique()'
            '.reset_index(name="claims")' + MOST,
            BOTH + 'carried_by = both.groupby("source_type")["claim_id"].nunique()'
            ".sort_values(ascending=False, kind='stable')",
            BOTH + 'pairs = both.drop_duplicates(["claim_id", "source_type"])\n'
            'carried_by = pairs["source_type"].value_counts()',
            'where = sections.set_index("claim_id")["section"]\n'
            'mine = notes[notes["claim_id"].map(where) == SECTION]\n'
            'carried_by = mine.groupby("source_type").agg(number=("claim_id", "nunique"))'
            '.sort_values("number", ascending=False, kind="stable")',
            BOTH + "found = {}\n"
            "for row in both.itertuples():\n"
            "    found.setdefault(row.source_type, set()).add(row.claim_id)\n"
            'carried_by = pd.DataFrame({"source_type": found.keys(), "claims": '
            "[len(one) for one in found.values()]})" + MOST,
        ],
        "wrong": [
            # Where no claim has two notes of a kind, the order alone is wrong.
            (BOTH + 'carried_by = both["source_type"].value_counts()\n'
             'if not both.duplicated(["claim_id", "source_type"]).any():\n'
             "    carried_by = carried_by[::-1]", "close", ""),
            (BOTH + 'carried_by = both.groupby("source_type")["claim_id"].nunique()'
             '.reset_index(name="claims").sort_values("claims", kind="stable")', "close", "another order"),
            (BOTH + 'carried_by = both.groupby("source_type")["claim_id"].nunique()'
             '.reset_index(name="claims")' + MOST + '["claims"]',
             "not_yet", "no column called source_type"),
            (BOTH + 'carried_by = both["claim_id"].nunique()', "not_yet", "a table (DataFrame)"),
            (BOTH + 'carried_by = both[["source_type", "claim_id"]]', "not_yet", "too many"),
            (BOTH + 'carried_by = both.groupby("source_types")["claim_id"].nunique()',
             "error", "named 'source_types'"),
        ],
    },
    "8.3": {
        "accepted": [
            EMPTY + "return len(set(marks)) >= DIFFERENT",
            EMPTY + "return len({*marks}) > DIFFERENT - 1",
            "if not all(marks):\n    return None\nreturn len(dict.fromkeys(marks)) >= DIFFERENT",
            "for mark in marks:\n    if mark == \"\":\n        return None\n"
            "kinds = []\nfor mark in marks:\n    if mark not in kinds:\n        kinds.append(mark)\nreturn len(kinds) >= DIFFERENT",
            EMPTY + "return bool(pd.Series(marks).nunique() >= DIFFERENT)",
        ],
        "wrong": [
            (EMPTY + "return len(set(marks))", "not_yet", "True or False is asked for"),
            (EMPTY + "print(len(set(marks)) >= DIFFERENT)", "not_yet", "prints its result"),
            ("len(set(marks)) >= DIFFERENT", "not_attempted", "does not return anything"),
            (EMPTY + "return len(set(mark)) >= DIFFERENT", "not_yet", "mark"),
            ('if "" in marks\n    return None', "error", "colon"),
        ],
    },
    "8.4": {
        "accepted": [
            SHARE + "ax = share.plot.barh()\n" + NAMES,
            "grades = claims.groupby(\"section\")[\"strength\"].value_counts(normalize=True)"
            ".unstack(fill_value=0)\n"
            'share = (100 * (grades["weak"] + grades["assertion"])).round()\n'
            "fig, ax = plt.subplots()\nax.barh(share.index, share)\n" + NAMES,
            SHARE + 'ax = share.sort_values(kind="stable").plot(kind="bar", title="Support", ylabel="per cent")',
            'grades = pd.crosstab(claims["section"], claims["strength"])\n'
            'grades["share"] = 100 * (grades["weak"] + grades["assertion"]) / grades.sum(axis=1)\n'
            'ax = grades.reset_index().plot.barh(x="section", y="share", legend=False)\n' + NAMES,
        ],
        "wrong": [
            (SHARE + "ax = (share / 100).plot.barh()\n" + NAMES, "close", "between 0 and 1"),
            (LITTLE + 'ax = little.groupby(claims["section"]).sum().plot.bar()',
             "not_yet", "Those are numbers of claims"),
            ('ax = (100 * (claims["strength"] == "weak").groupby(claims["section"]).mean())'
             ".plot.barh()\n" + NAMES, "not_yet", "the grade weak alone"),
            ('ax = (100 * (claims["strength"] == "assertion").groupby(claims["section"]).mean())'
             ".plot.barh()\n" + NAMES, "not_yet", "the grade assertion alone"),
            (SHARE + "ax = (100 - share).plot.barh()\n" + NAMES, "close", "with more support"),
            (SHARE + 'ax = share.drop("press_release").plot.barh()\n' + NAMES,
             "close", "The press release has no bar"),
            (SHARE + "ax = share.plot.barh()",
             "close", "Still missing: a label on the x axis and a title"),
            (SHARE + "ax = share.plot()\n" + NAMES, "close", "drawn as line"),
            (SHARE + "ax = share", "not_yet", "a chart is asked for"),
            (SHARE + "share.plot.barh()\nax = None", "not_attempted", "Keep the axes in a name"),
            ('ax = claims["section"].value_counts().plot.barh()',
             "not_yet", "not the figures asked for"),
        ],
    },
    "8.5": {
        "accepted": [
            'result = "c"',
            "result = 'C'",
            'result = "(c)"',
            'full = marks[(marks != "").all(axis=1)]\n(full == against).sum()\nresult = ["c"]',
            'result = "Ties with every side: the least speaks against it, but only because of a '
            'single piece."',
        ],
        "wrong": [
            ('result = "a"', "not_yet", "so much that fits proves little"),
            ('result = "b"', "not_yet", "leave out one piece after the other"),
            ('result = "d"', "not_yet", "not marked for every explanation"),
            ('result = "every side"', "not_yet", "none of the options"),
            ("result = c", "error", "A letter needs quotation marks"),
            ("result = (marks == against).sum()", "not_yet", "answer with one of a, b, c, d"),
            ('result = ""', "not_attempted", "Choose one of"),
        ],
    },
}
