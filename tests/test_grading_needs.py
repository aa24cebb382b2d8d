"""What a question needs of earlier ones, and what it can do to them: from the names in the code."""

from __future__ import annotations

import pytest

from belgrade.grading.needs import SetupNames, hinted, is_independent, needed

SETUP = SetupNames.of(
    ["from belgrade import data\nimport matplotlib.pyplot as plt", "LIMIT = [1, 2]"]
)
EARLIER = [
    "import numpy as np",
    "arms = data.load('arms')",
    "late = arms[arms['year'] > 2000]",
    "late['share'] = 1",
    "def half(x):\n    return x / 2",
    "data = 5\nsum = 7",
    "rows = []",
    "for n in range(3):\n    rows.append(n)",
    "fig, ax = plt.subplots()",
    "%precision 2\nlevel = 3",
    "broken = (",
]


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("x = 1", []),
        ("arms = data.load('x')\narms", []),
        ("late.sum()", [1, 2, 3]),
        ("half(np.mean([1]))", [0, 4]),
        ("data.load('y'), sum([1])", []),
        ("len(rows)", [6, 7]),
        ("arms.query('year > @level')", [1, 9]),
        ("def f():\n    return late", [1, 2, 3]),
        ("ax.plot([1])", [8]),
        ("broken + 1", [10]),
        ("def f(late, *arms, rows=5):\n    ax = late\n    return [n for n in ax]", []),
        ("def f(late=late):\n    return late", [1, 2, 3]),
        ("def f():\n    global rows\n    rows += [1]", [6, 7]),
        ("lambda late: rows", [6, 7]),
    ],
)
def test_a_question_needs_what_makes_its_names(code: str, wanted: list[int]) -> None:
    assert needed([code], EARLIER, SETUP) == wanted


@pytest.mark.parametrize(
    ("error", "code", "wanted"),
    [
        ("KeyError: 'share'", "x", {3}),
        ("NameError: name 'level' is not defined", "x", {9}),
        ("AttributeError: 'DataFrame' object has no attribute 'share'", "x", {3}),
        ("TypeError: 'int' object is not callable", "sum([1])", {5}),
        ("ZeroDivisionError: division by zero", "x", set()),
    ],
)
def test_an_error_hints_at_what_is_missing(error: str, code: str, wanted: set[int]) -> None:
    assert hinted(error, [code], EARLIER, SETUP) == wanted


INDEPENDENT = [
    "arms = data.load('arms')\nlate = arms[arms['year'] > 2000].sort_values('year')",
    "import numpy as np\nfrom statistics import mean\nlevel = mean([1, 2])",
    "fig, ax = plt.subplots()\nax.set_title('x')\nplt.title('y')",
    "table = arms.copy()\ntable['share'] = 1\ntable.drop(columns='year', inplace=True)",
    "mine = [*LIMIT]\nmine.append(3)",
    "rows = LIMIT[1:].copy().append(3)",
    "register = data.load('arms_register')\nregister.head()",
    "table = arms.copy()\ntable.columns = ['a']\ntable.index.name = 'b'",
    "table = arms.copy().T\ntable['a'] = LIMIT",
    "def f(data, sum):\n    plt = 3\n    return [len for len in data]",
]
# Each changes what other questions see, or might.
REACHING = ["data = 5", "sum = 5", "[data := 5 for n in LIMIT]", "def len(x):\n    return 2"]
REACHING += ["def f():\n    global data\n    data = 5", "import math as data", "LIMIT += [3]"]
REACHING += ["LIMIT.append(3)", "LIMIT[0] = 3", "del LIMIT[0]", "mine, n = LIMIT, 3"]
REACHING += ["mine = LIMIT\nmine.append(3)", "plt.subplots = None", "plt.rcParams['x'] = 1"]
REACHING += ["p = plt\np.show = None", "def f(p):\n    p.show = None\nf(plt)", "del plt.show"]
REACHING += ["[plt][0].show = None", "import math\nmath.pi = 3", "pd.Series.mean = max"]
REACHING += ["import pandas as pd\npd.DataFrame.sum = None", "Frame = pd.DataFrame"]
REACHING += ["from pandas import Series\nSeries.sum = None", "class Lie(float):\n    pass"]
REACHING += ["import numpy as n\ndel n.random.seed", "plt.matplotlib.sys.exit()"]
REACHING += ["pd.api.extensions.register_series_accessor('sum')", "data.load.__globals__"]
REACHING += ["from pandas.api.extensions import register_series_accessor", "import os"]
REACHING += ["import builtins", "from os import path", "from math import *", "exec('x = 1')"]
REACHING += ["from atexit import register", "get_ipython().events", "await thing"]
REACHING += ["!ls", "%reset -f"]


@pytest.mark.parametrize("code", INDEPENDENT)
def test_independent_code_runs_beside_other_questions(code: str) -> None:
    assert is_independent(code, SETUP)


@pytest.mark.parametrize("code", REACHING)
def test_what_reaches_beyond_its_own_names_runs_alone(code: str) -> None:
    assert not is_independent(code, SETUP)
