"""Answers to try on exercise 05: code in place of the solution."""

REACH = "reach = abs(status_quo - player) + promise\n"
CLAMP = "return min(max(setter, player - reach), player + reach)"
ROWS = 'rows = votes[(votes["vote_set"] == "final_passage_only") & (votes["partner"] == PARTNER)]\n'
SUMS = 'sums = rows.groupby(["country", "period"])[["same_votes", "joint_votes"]].sum()\n'
SHARE = 'share = (100 * sums["same_votes"] / sums["joint_votes"]).unstack()\n'
CHANGE = 'share["change"] = share["after"] - share["before"]\n'
SORT = 'changes = share.sort_values("change", ascending=False, kind="stable")\n'
KEEP = 'changes = changes.reset_index()[["country", "change"]]'
EARLY = (
    'sums = early.groupby(["who", "period"])[["same_votes", "joint_votes"]].sum()\n'
    'share = (100 * sums["same_votes"] / sums["joint_votes"]).unstack()\n'
)
SERBIA = '(share.loc["Serbia", "after"] - share.loc["Serbia", "before"])'
OTHERS = '(share.loc["neighbours", "after"] - share.loc["neighbours", "before"])'
HALF = '100 * (rows["same_votes"] + rows["one_abstained_votes"] / 2) / rows["joint_votes"]'
NAMES = (
    'ax.set_xlabel("year")\nax.set_ylabel("per cent")\nax.set_title("Voting alike")\nax.legend()\n'
)


def lines(y=HALF, countries='["Serbia", COMPARED]', end=NAMES):
    """Return code that draws a line of `y` for each country."""
    return (
        "fig, ax = plt.subplots()\n"
        f"for country in {countries}:\n"
        '    rows = whole[whole["country"] == country]\n'
        f'    ax.plot(rows["year"], {y}, label=country)\n{end}'
    )


CASES = {
    "5.1": {
        "accepted": [
            "promise = abs(PROPOSAL - backers_like) - abs(STATUS_QUO - backers_like)",
            "from belgrade.methods.veto_game import asking_price\n"
            "promise = asking_price(backers_like, status_quo=STATUS_QUO, outcome=PROPOSAL)",
            "promise, reach = 0, abs(STATUS_QUO - backers_like)\n"
            "while backers_like - reach - promise > PROPOSAL:\n"
            "    promise = promise + 1",
            "import numpy as np\npromise = np.float64(55 - PROPOSAL) - np.abs(STATUS_QUO - 55)",
        ],
        "wrong": [
            ("promise = abs(STATUS_QUO - backers_like) - abs(PROPOSAL - backers_like)",
             "close", "look at the sign"),
            ("promise = PROPOSAL + 0.5", "not_yet", "you have"),
            ('promise = "ten points"', "not_yet", "a number is asked for (points)"),
            ("promise = abs(PROPSAL - backers_like)", "error", "There is no PROPSAL yet"),
            ("print(abs(PROPOSAL - backers_like))\npromise = ...", "not_attempted", "three dots"),
        ],
    },
    "5.2": {
        "accepted": [
            REACH + CLAMP,
            REACH + "if setter < player - reach:\n    return player - reach\n"
            "elif setter > player + reach:\n    return player + reach\nelse:\n    return setter",
            REACH + "return sorted([player - reach, setter, player + reach])[1]",
            "distance = status_quo - player\nif distance < 0:\n    distance = -distance\n"
            "reach = float(distance + promise)\n" + CLAMP,
            "from belgrade.methods.veto_game import VetoPlayer, settlement\n"
            "return settlement(setter, status_quo, [VetoPlayer(player, promise)])",
        ],
        "wrong": [
            (REACH.replace("+ promise", "- promise") + CLAMP, "not_yet", "Right for 2 of 6 inputs"),
            (REACH + CLAMP.replace("return ", "print(") + ")", "not_yet", "use return"),
            (REACH + "if setter < player - reach:\n    return player - reach\n"
             "if setter > player + reach:\n    return player + reach",
             "not_yet", "a return on every path"),
            (REACH + 'return "accepted"', "not_yet", "a number is asked for"),
            ("return abs(status quo - player)", "error", "could not read it"),
            (REACH.replace("promise", "promised") + CLAMP, "error", "promised"),
            ("...", "not_attempted", "does not return anything"),
        ],
    },
    "5.3": {
        "accepted": [
            ROWS + SUMS + SHARE + CHANGE + SORT + KEEP,
            ROWS + SUMS + SHARE + CHANGE + "changes = share['change'].sort_values(ascending=False, kind='stable')",
            ROWS + SUMS + SHARE + CHANGE + SORT,
            ROWS + 'wide = rows.pivot_table(index="country", columns="period", values='
            '["same_votes", "joint_votes"], aggfunc="sum")\n'
            'share = wide["same_votes"] / wide["joint_votes"] * 100\n'
            'change = (share["after"] - share["before"]).round(1).sort_values(kind="stable")[::-1]\n'
            'changes = change.reset_index(name="Change")',
            "found = []\nfor name in [*neighbours, 'Serbia']:\n    shares = {}\n"
            "    for period in ['before', 'after']:\n"
            "        rows = votes.query('country == @name and period == @period and "
            "partner == @PARTNER and vote_set == \"final_passage_only\"')\n"
            "        shares[period] = rows['same_votes'].sum() / rows['joint_votes'].sum()\n"
            "    found.append([name, 100 * (shares['after'] - shares['before'])])\n"
            "import pandas as pd\n"
            "changes = pd.DataFrame(found, columns=['country', 'change'])\n"
            "changes = changes.sort_values('change', ascending=False, kind='stable')",
        ],
        "wrong": [
            (ROWS + 'share = rows.groupby(["country", "period"])["same_share_pct"].mean()'
             ".unstack()\n" + CHANGE + SORT + KEEP, "not_yet", "the mean of yearly shares"),
            (ROWS.replace("final_passage_only", "all_roll_calls") + SUMS + SHARE + CHANGE + SORT
             + KEEP, "not_yet", "the lesson's set"),
            ('rows = votes[votes["partner"] == PARTNER]\n' + SUMS + SHARE + CHANGE + SORT + KEEP,
             "not_yet", "many votes count twice"),
            (ROWS.replace("== PARTNER", '== "Russia"') + SUMS + SHARE + CHANGE + SORT + KEEP,
             "not_yet", "the change with another state"),
            ('rows = votes[votes["vote_set"] == "final_passage_only"]\n' + SUMS + SHARE + CHANGE
             + SORT + KEEP, "not_yet", "All partners are added up"),
            (ROWS + SUMS + SHARE.replace("100 * ", "") + CHANGE + SORT + KEEP,
             "close", "between 0 and 1"),
            (ROWS + SUMS + SHARE + 'share["change"] = share["before"] - share["after"]\n' + SORT
             + KEEP, "close", "after less before"),
            (ROWS + SUMS + SHARE + CHANGE + "changes = share.reset_index()", "close",
             "another order"),
            (ROWS + SUMS + SHARE + 'changes = share["after"].rename("change")',
             "not_yet", "The values in column change differ"),
            (ROWS + SUMS + SHARE + CHANGE + SORT
             + 'changes = changes[changes.index != "Serbia"].reset_index()', "not_yet", "too few"),
            (ROWS + SUMS + SHARE + "changes = share", "not_yet", "no column called change"),
            (ROWS + "changes = rows", "not_yet", "no column called change"),
            (ROWS + SUMS + SHARE + CHANGE + 'changes = share.loc["Serbia", "change"]',
             "not_yet", "a table (DataFrame) is asked for"),
            (ROWS.replace('"final_passage_only"', "final_passage_only") + SUMS,
             "error", "There is no final_passage_only"),
            (ROWS + 'changes = rows.groupby("countries")', "error", "countries"),
        ],
    },
    "5.4": {
        "accepted": [
            EARLY + f"pretended = {SERBIA} - {OTHERS}",
            EARLY + 'gap = share.loc["Serbia"] - share.loc["neighbours"]\n'
            'pretended = round(gap["after"] - gap["before"], 1)',
            "def agreed(who, period):\n"
            '    rows = early[(early["who"] == who) & (early["period"] == period)]\n'
            '    return 100 * rows["same_votes"].sum() / rows["joint_votes"].sum()\n'
            'pretended = agreed("Serbia", "after") - agreed("Serbia", "before")\n'
            'pretended -= agreed("neighbours", "after") - agreed("neighbours", "before")',
            "from belgrade.methods.did import DifferenceInDifferences\n" + EARLY
            + "pretended = DifferenceInDifferences(*share.loc['Serbia', ['before', 'after']], "
            "*share.loc['neighbours', ['before', 'after']]).estimate",
        ],
        "wrong": [
            (EARLY + f"pretended = {OTHERS} - {SERBIA}", "close", "look at the sign"),
            (EARLY.replace("100 * ", "") + f"pretended = {SERBIA} - {OTHERS}",
             "close", "100 times too small"),
            (EARLY + 'pretended = share["after"] - share["before"]',
             "not_yet", "You have a column"),
            (EARLY + 'pretended = share.loc["serbia", "after"]', "error", "named 'serbia'"),
        ],
    },
    "5.5": {
        "accepted": [
            lines(),
            lines('rows["half_credit_share_pct"]', '[COMPARED, "Serbia"]'),
            'two = whole[whole["country"].isin(["Serbia", COMPARED])]\n'
            'wide = two.pivot(index="year", columns="country", values="half_credit_share_pct")\n'
            'ax = wide.plot(ylabel="per cent", title="Voting alike")',
            'two = whole[whole["country"].isin(["Serbia", COMPARED])].copy()\n'
            'two["share"] = 100 - 100 * (two["opposed_votes"] + 0.5 * two["one_abstained_votes"]) '
            '/ two["joint_votes"]\nfig, ax = plt.subplots()\n'
            'for name, part in two.groupby("country"):\n'
            '    ax.plot(part["year"].to_list(), part["share"].to_list(), "o-", label=name)\n'
            + NAMES,
        ],
        "wrong": [
            (lines('100 * rows["same_votes"] / rows["joint_votes"]'),
             "not_yet", "identical votes only"),
            (lines(HALF.replace(" / 2)", ")")), "close", "counts as a whole vote"),
            (lines(HALF.replace(" / 2)", ") / 2")), "close", "Everything is halved"),
            (lines(HALF.replace("100 * ", "")), "close", "between 0 and 1"),
            (lines('rows["same_votes"] + rows["one_abstained_votes"] / 2'),
             "not_yet", "Those are numbers of votes"),
            (lines(countries='["Serbia"]'), "close", "One line is there"),
            (lines(countries='[*neighbours, "Serbia"]'), "close", "All neighbours are drawn"),
            (lines(countries='["Serbia", "Bulgaria"]'), "not_yet", "not the figures asked for"),
            (lines(end="ax.legend()"), "close",
             "Still missing: a label on the x axis and a label on the y axis and a title"),
            (lines().replace("ax.plot", "ax.bar"), "close", "asked for: line"),
            ('whole = data.load("un_agreement").query("partner == @PARTNER and year > 2000 and '
             "vote_set == 'all_roll_calls'\")\n" + lines(), "not_yet", "not the figures asked for"),
            ("fig, ax = plt.subplots()", "not_attempted", "nothing is drawn"),
            (lines(countries="[Serbia, COMPARED]"), "error", "There is no Serbia yet"),
        ],
    },
    "5.6": {
        "accepted": [
            'telling = "c"',
            "telling = ' C. '",
            'telling = ("c",)',
            'telling = "a deal that Belgrade has made with Pristina comes to the Security Council"',
        ],
        "wrong": [
            ('telling = "a"', "not_yet", "Belgrade rejects this draft as well"),
            ('telling = "b"', "not_yet", "says what Belgrade wishes"),
            ('telling = "d"', "not_yet", "Belgrade asked for this veto"),
            ('telling = "the deal"', "not_yet", "none of the options"),
            ("telling = c", "error", "A letter needs quotation marks"),
            ('telling = ["a", "c"]', "not_yet", "answer with one of a, b, c, d"),
            ("telling = ...", "not_attempted", "three dots"),
        ],
    },
}
