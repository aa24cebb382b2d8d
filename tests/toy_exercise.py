"""A small answer key, exercise 90, with a question of every kind; for the tests of checking."""

import textwrap

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

SETUP = """
import matplotlib.pyplot as plt
import pandas as pd
from belgrade.checks import check, check_notebook, hint
"""
TABLE = """
flights = pd.DataFrame(
    {"donor": ["Russia", "China", "Norway"], "planes": [11, 3, 1], "people": [87, 6, 0]}
)
flights.plot.bar(x="donor", y="planes")
plt.close("all")
"""
QUESTIONS = [
    (
        """
        question = "90.1"
        title = "Planes a million people"
        kind = "number"
        points = 2
        decimals = 2
        hints = ["Divide.", "Mind the million."]
        [[wrong]]
        code = "11 / 60.0 * 1000"
        message = "That is Italy's population."
        [[wrong]]
        code = '''
        people = 6.9
        PLANES * people
        '''
        message = "Divide, do not multiply."
        close = true
        """,
        "Planes for each million people.",
        "# Your work here\n### BEGIN SOLUTION\nper_million = PLANES / 6.945\n### END SOLUTION",
        'check("90.1", per_million)',
        [],
    ),
    (
        """
        question = "90.2"
        title = "Planes by donor"
        kind = "table"
        key = ["donor"]
        columns = ["donor", "planes"]
        ordered = true
        [[wrong]]
        code = "flights[['donor', 'people']].rename(columns={'people': 'planes'})"
        message = "These are people, not planes."
        """,
        "A table of planes by donor, the fewest first.",
        "### BEGIN SOLUTION\nby_donor = flights[['donor', 'planes']].sort_values('planes')\n"
        "### END SOLUTION",
        'check("90.2", by_donor)',
        [],
    ),
    (
        """
        question = "90.3"
        title = "A share"
        kind = "function"
        points = 2
        inputs = [[1, 4], [0, 5], [3, 0]]
        [[wrong]]
        code = '''
        def wrong(part, whole):
            return whole - part
        wrong
        '''
        message = "A share is a ratio, not a difference."
        """,
        "A function for the share of a part in a whole, in per cent; None of nothing is 0.",
        'def share_pct(part, whole):\n    """Return the share of part in whole."""\n'
        "    ### BEGIN SOLUTION\n    return 100 * part / whole if whole else 0\n"
        "    ### END SOLUTION",
        'check("90.3", share_pct)',
        ['check("90.3", share_pct, inputs=[[7, 8], [9, 0]], part="b")'],
    ),
    (
        """
        question = "90.4"
        title = "A bar chart"
        kind = "chart"
        mark = "bar"
        require_labels = true
        [[wrong]]
        code = "flights.plot.bar(x='donor', y='people')"
        message = "Planes, not people."
        """,
        "Draw the planes by donor as bars.",
        "### BEGIN SOLUTION\nax = flights.plot.bar(x='donor', y='planes', ylabel='planes')\n"
        "### END SOLUTION",
        'check("90.4", ax)',
        [],
    ),
    (
        """
        question = "90.5"
        title = "Which baseline"
        kind = "choice"
        [options]
        a = "The number of planes"
        b = "The number of people"
        [feedback]
        a = "A count says nothing about need."
        """,
        "- a) The number of planes\n- b) The number of people",
        '### BEGIN SOLUTION\nbaseline = "b"\n### END SOLUTION',
        'check("90.5", baseline)',
        [],
    ),
]


def toy_key():
    """Return the key as a notebook without outputs, with stable cell ids."""
    cells = [
        new_markdown_cell("# A toy exercise", id="title"),
        new_code_cell(SETUP.strip(), id="setup"),
        new_code_cell("PLANES = 11", id="params", metadata={"tags": ["parameters"]}),
        new_code_cell(TABLE.strip(), id="data"),
    ]
    for spec, prompt, answer, check, hidden in QUESTIONS:
        spec = textwrap.dedent(spec).strip()
        n = spec.split('"')[1].split(".")[1]
        cells += [
            new_raw_cell(spec, id=f"spec-{n}", metadata={"tags": ["spec"]}),
            new_markdown_cell(prompt, id=f"prompt-{n}"),
            new_code_cell(answer, id=f"answer-{n}", metadata={"tags": ["answer"]}),
            new_code_cell(check, id=f"check-{n}", metadata={"tags": ["check"]}),
        ]
        cells += [
            new_code_cell(h, id=f"hidden-{n}-{i}", metadata={"tags": ["hidden"]})
            for i, h in enumerate(hidden)
        ]
    spec = 'question = "90.6"\ntitle = "In words"\nkind = "written"\npoints = 3'
    cells += [
        new_raw_cell(spec, id="spec-6", metadata={"tags": ["spec"]}),
        new_markdown_cell("Why?", id="prompt-6"),
        new_markdown_cell("Because need differs.", id="w-6", metadata={"tags": ["written"]}),
        new_markdown_cell("One point each", id="rubric-6", metadata={"tags": ["rubric"]}),
        new_code_cell('check_notebook("90")', id="close"),
    ]
    return new_notebook(cells=cells)


# Right answers to all of it: the id of the cell -> what stands in it.
RIGHT = {
    "answer-1": "per_million = round(PLANES / 6.945, 2)",
    "answer-2": "by_donor = flights[['planes', 'donor']].sort_values('planes')",
    "answer-3": "def share_pct(part, whole):\n    return part * 100 / whole if whole else 0",
    "answer-4": "ax = flights.plot.bar(x='donor', y='planes')\n_ = ax.set_ylabel('planes')",
    "answer-5": "baseline = 'B'",
    "w-6": "Because need differs between places.",
}


def varied_key(variant="PLANES = 7"):
    """Return the toy key with a rerun: 90.1, 90.2 and 90.4 answer to the parameters."""
    key = toy_key()
    at = {cell.id: n for n, cell in enumerate(key.cells)}
    key.cells[at["data"]].source = key.cells[at["data"]].source.replace("[11,", "[PLANES,")
    spec = key.cells[at["spec-3"]]
    spec.source = spec.source.replace("inputs =", "weights = { check = 1, b = 2 }\ninputs =")
    cell = new_raw_cell(variant, id="variant", metadata={"tags": ["variant"]})
    key.cells.insert(at["params"] + 1, cell)
    return key
