"""Errors in a student's words: slips that beginners make, and where nothing may change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from belgrade import data, errors
from belgrade.grading import forkserver

DELIVERIES = data.load("aid_deliveries")

# Code of a cell, and words that the explanation has. Grouped by what went wrong.
SLIPS = [
    # brackets, quotes, commas, colons
    ('print("planes"', "never closed: ("),
    ('deliveries[["what", "donor"]', "never closed: ["),
    ("print(3))", "one bracket too many: )"),
    ("deliveries[3)", "Brackets do not fit together: [ was opened, ) closes"),
    ('who = "Serbia', "quotation mark is missing"),
    ("who = 'Serbia\"", "quotation mark is missing"),
    ('f"{3"', "curly brackets"),
    ("if 3 > 2\n    print(3)", "colon is missing"),
    ("for n in [1, 2]\n    print(n)", "colon is missing"),
    ("def half(x)\n    return x / 2", "colon is missing"),
    ("while True print(3)", "colon is missing"),
    ("[1 2]", "comma is missing"),
    ('print("a" "b" 3)', "comma is missing"),
    ("deliveries.query(“donor == 1”)", "“ is a quotation mark of a word processor"),
    ("x = 3\u00a0+ 4", "unseen sign"),
    ("х = сount(3,，4)", "looks like a usual sign"),
    # signs
    ("if deliveries = 3:\n    pass", "Write == in place of ="),
    ("3 = x", "name to the left"),
    ("len(deliveries) = 3", "write == ."),
    ("x + 1 = 3", "to the left"),
    ('print "planes"', "print needs round brackets"),
    ("2nd = 3", "cannot begin with a digit"),
    ("x = 07", "must not begin with 0"),
    ("dict(a=1, 2)", "comes after"),
    ("x = 3 \\ 4", "backslash"),
    ("return 3", "outside of a function"),
    ("x = 3\nhalf = # later", "Nothing stands to the right of ="),
    ("3 ==", "Python cannot read this line"),
    ("break", "outside of a loop"),
    ("x = ", "Nothing stands to the right of ="),
    # indentation
    ("if 3 > 2:\nprint(3)", "further in"),
    ("x = 3\n  y = 4", "begins too far in"),
    ("if True:\n        x = 3\n    y = 4", "same place"),
    # names
    ("deliverys", "Did you mean deliveries?"),
    ("Deliveries.head()", "Did you mean deliveries?"),
    ("prin(3)", "Did you mean print?"),
    ("lenght = 3\nlength", "Did you mean lenght?"),
    ('check("1.1", 3)', "Run the first cell again"),
    ("pd.DataFrame()", "Run the first cell again"),
    ("true", "Python writes it True"),
    ("x = null", "Python writes it None"),
    ("deliveries[recipient]", "It is a column of deliveries: write it in quotes"),
    ("share_of_all", "Run the cells above first"),
    ("donor = Serbia", 'If it is a text, put it in quotes: "Serbia".'),
    ("Београд", "letters that are not Latin"),
    # columns, rows, keys
    ('deliveries["Recipient"]', "The nearest is “recipient”"),
    ('deliveries["recipent"]', "The nearest is “recipient”"),
    ('deliveries["recipient "]', "The nearest is “recipient”"),
    ('deliveries["xyz"]', "Columns here: aid_id"),
    ('deliveries["donor", "what"]', 'Write table[["donor", "what"]]'),
    ('deliveries[["donor", "whatt"]]', "The nearest is “what”"),
    ("deliveries[0]", ".iloc[0]"),
    ('deliveries.groupby("Donor")["what"].count()', "The nearest is “donor”"),
    ('deliveries.sort_values("dat")', "The nearest is “date”"),
    ('deliveries.set_index("aid_id").loc["RU5"]', "“RU5”"),
    ('rates.loc["Rusia"]', "“Russia”"),
    ('capitals["serbia"]', "The nearest is 'Serbia'"),
    ('deliveries.drop(columns="recipents")', "The nearest is “recipient”"),
    ('deliveries.merge(deliveries, on="id")', "There is no column or row “id”"),
    ('deliveries.merge(rates.reset_index(), on="planes")', "only another table has it"),
    ('named = deliveries.set_index("aid_id")\nnamed["aid_id"]', "It names the rows"),
    ('deliveries.query("recipient == Serbia")', "neither a column nor a text in quotes"),
    ("deliveries.query(\"recipent == 'Serbia'\")", "The nearest is recipient"),
    ("deliveries.query(\"recipient = 'Serbia'\")", "compare with =="),
    # what stands after a dot
    ("deliveries.Recipient", 'with square brackets and quotes: ["recipient"]'),
    ('deliveries.groupBy("donor")', "Did you mean .groupby?"),
    ("deliveries.haed()", "Did you mean .head?"),
    ("[1, 2].mean()", "A list has no .mean"),
    ("deliveries.head.sum()", "without its round brackets"),
    ('print("a").upper()', "is None"),
    ("import pandas\npandas.read_cvs('x')", "Did you mean .read_csv?"),
    # text and number, dots, None
    ('"planes: " + 3', "Text and number do not go together"),
    ('3 + "4"', "Text and number do not go together"),
    ("3 * ...", "three dots are still there"),
    ("half = ...\nhalf(3)", "three dots are still there"),
    ("x = None\nx + 3", "is None"),
    ("x = None\nx[0]", "is None"),
    ('deliveries["donor"] > 3', "holds text"),
    ('deliveries["donor"].mean()', "holds text"),
    ('"a" > 3', "compared or computed with text"),
    ('deliveries["date"] > 2020', "date was compared with a number"),
    ('d = deliveries\nd[d["donor"] == "Russia" & d["recipient"] == "Serbia"]', "round brackets"),
    ('d = deliveries\nd[(d.donor == "Russia") and (d.recipient == "Serbia")]', "join them with &"),
    ('if deliveries["donor"] == "Russia":\n    pass', "join them with &"),
    # the wrong brackets, the wrong arguments
    ('deliveries("donor")', "square brackets"),
    ("len[deliveries]", "round brackets"),
    ("deliveries.head[5]", "round brackets"),
    ("sum = 3\nsum([1, 2])", "given away"),
    ("3(4 + 5)", "To multiply, write *"),
    ("deliveries.head() + deliveries.head", "round brackets"),
    ('[1, 2]["a"]', "counted from 0"),
    ("len()", "brackets"),
    ("len(1)", "one number was used"),
    ("len([1], [2])", "too much in the brackets"),
    ("for n in 3:\n    pass", "One number was used"),
    ("def half(x):\n    return x / 2\nhalf()", "half needs more in its brackets: 'x'"),
    ("def half(x):\n    return x / 2\nhalf(1, 2)", "too much in the brackets"),
    ("sorted([2, 1], backwards=True)", "knows no backwards="),
    ("{[1]: 2}", "A list stands where one value is wanted"),
    ("<<<<<<< local\nn = 1\n=======\nn = 2\n>>>>>>> remote", "a merge conflict"),
    ("n = 1\n=======", "Keep one of the two versions"),
    # values
    ('float("12,5")', "Python writes a decimal point: 12.5"),
    ('int("3.5")', "is not a number as it stands"),
    ('float("many")', "is not a number as it stands"),
    ("a, b = [1, 2, 3]", "number of names to the left"),
    ('deliveries["x"] = [1, 2]', "differ in length"),
    ('deliveries["what"].item()', "exactly one row"),
    ('int(float("nan"))', "empty cell"),
    ("[1, 2][2]", "counting begins at 0"),
    ("deliveries.iloc[999]", "counting begins at 0"),
    ("1 / 0", "divided by 0"),
    ("half = 1 / len([])", "divided by 0"),
    ('open("aid.csv")', "There is no such file here: aid.csv"),
    ('pd_.read_csv("aid.csv")', "There is no such file here: aid.csv"),
    ("import pandsa", "no package pandsa"),
    ("from math import squareroot", "math has no squareroot"),
    ("def f():\n    n += 1\nn = 3\nf()", "before it has a value"),
    ("def f():\n    return f()\nf()", "calls itself without end"),
    ('data_.load("aid_deliverys")', "aid_deliveries"),
    # what fits no other heading, so that each entry of the table is met
    ("dict(a=1, a=2)", "The same name stands twice"),
    ("data_()", "a box of functions"),
    ("def f(x):\n    return x\nf(y=1)", "knows no y="),
    ('deliveries["donor"].value_counts().plot(colour="red")', "American in matplotlib"),
    ("if 3 > 2:", "an empty line after a colon"),
    ("numbers = [1, 2\nx = 3\ny = 4", "never closed: ["),
    ("~pd_.Series([float('nan'), True])", "Some cells are empty"),
    ("[1] - 2", "do not go together: 'list' and 'int'"),
    ('"a" * 1.5', "multiplied by a number"),
    ("deliveries.head(2) == deliveries.head(3)", "compared row by row"),
    ("deliveries.join(deliveries)", "of this name is there already"),
    ('pd_.to_datetime("x", format="%Y")', "not read as a date"),
    ("deliveries[[True]]", "made from another table"),
    ('deliveries.merge(pd_.DataFrame({"z": [1]}))', "no column of the same name"),
    ('import matplotlib.pyplot as plt\nplt.plot([1], marker="zz")', "does not know the value"),
]

# Nobody wants a test that uses up all memory.
NEVER_MET = {"MemoryError"}


@pytest.fixture
def explained(_shell: Any, displayed: list, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that runs a cell as a student would and gives back what is shown."""
    names = {
        "deliveries": DELIVERIES,
        "rates": pd.Series({"Russia": 1.0, "China": 2.0}),
        "capitals": {"Serbia": "Belgrade"},
        "pd_": pd,
        "data_": data,
    }
    errors.attach(_shell)

    def run(code: str) -> dict[str, str]:
        before = dict(_shell.user_ns)
        _shell.user_ns.update(names)
        displayed.clear()
        try:
            result = _shell.run_cell(code)
        finally:
            for name in set(_shell.user_ns) - set(before):
                del _shell.user_ns[name]
        assert not result.success
        return displayed[-1]["data"]

    yield run
    _shell.set_custom_exc((), None)
    del _shell.showsyntaxerror


@pytest.mark.parametrize(("code", "words"), SLIPS, ids=[code for code, _ in SLIPS])
def test_a_slip_is_said_in_a_students_words(explained: Any, code: str, words: str) -> None:
    shown = explained(code)
    said = shown["text/plain"].partition("\n\n")[0]
    assert words.casefold() in said.casefold()
    assert not re.search(r"\{\w*\}", said.replace(code, "").replace('f"{number}"', ""))
    happened = said.removeprefix("! ").splitlines()
    assert 1 <= len(happened) <= 3
    assert all(len(line) <= 260 for line in happened)
    assert "<details>" in shown["text/html"]
    assert shown["text/plain"].count("\n\n") >= 1  # Python's own words, folded


def test_the_line_of_the_slip_is_named(explained: Any) -> None:
    shown = explained('x = 3\ny = deliveries["Donor"]\nz = 4')
    assert 'Line 2: y = deliveries["Donor"]' in shown["text/plain"]
    shown = explained("def half(x):\n    return x / zero\n\n\nhalf(3)")
    assert "Line 2: return x / zero" in shown["text/plain"]
    assert "Line 2: return 3" in explained("x = 2\nreturn 3")["text/plain"]


class _IncompleteInput(SyntaxError):
    """As Python 3.13 and later have one for brackets that do not close."""


def test_a_private_class_of_pythons_is_named_as_the_one_above() -> None:
    assert errors.kind_of(_IncompleteInput("incomplete")) == "SyntaxError"
    assert errors.kind_of(KeyError("x")) == "KeyError"
    assert forkserver.error_text(_IncompleteInput("incomplete")) == "SyntaxError: incomplete"


def test_what_a_student_wrote_is_harmless(explained: Any) -> None:
    shown = explained('deliveries["<img src=x onerror=alert(1)>"]')
    assert "<img" not in shown["text/html"]


def test_a_check_of_a_name_without_value_is_no_raw_error(explained: Any) -> None:
    shown = explained("def check(*_): pass\ncheck('1.2', serbian_rows)")
    assert "serbian_rows has no value yet, so there is nothing to check." in shown["text/plain"]


def test_every_entry_of_the_table_is_met_by_a_slip(
    explained: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = errors.known_errors()
    numbered = [entry | {"happened": f"entry {n}"} for n, entry in enumerate(entries)]
    monkeypatch.setattr(errors, "known_errors", lambda: numbered)
    said = {explained(code)["text/plain"].partition("\n")[0] for code, _ in SLIPS}
    never = {
        f"{entry['error']} {entry['pattern']}".strip()
        for n, entry in enumerate(entries)
        if f"! entry {n}" not in said
    }
    assert never <= NEVER_MET
    for entry in entries:
        assert set(entry) == {"error", "pattern", "happened", "todo"}
        assert entry["happened"].endswith((".", "}."))
        assert entry["todo"].endswith((".", ")", "]", "?", "..."))


class Shell:
    installed = False
    showsyntaxerror: Any = None

    def set_custom_exc(self, kinds: Any, handler: Any) -> None:
        self.installed = True


@pytest.mark.parametrize(
    ("environment", "inside", "expected"),
    [
        ({"JPY_SESSION_NAME": "notebooks/01.ipynb"}, True, True),
        ({"JPY_SESSION_NAME": "notebooks/01.ipynb"}, False, False),  # somebody's other notebook
        ({}, True, False),  # nbclient, nbgrader, a terminal
        ({"JPY_SESSION_NAME": "x", "BELGRADE_EXAM": "1"}, True, False),  # nbval
        ({"JPY_SESSION_NAME": "x", "BELGRADE_PLAIN_ERRORS": "1"}, True, False),  # by wish
    ],
)
def test_it_is_there_for_students_only(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, environment: Any, inside: bool, expected: bool
) -> None:
    for name in ("JPY_SESSION_NAME", "BELGRADE_EXAM", "BELGRADE_PLAIN_ERRORS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    if inside:
        (tmp_path / "notebooks").mkdir()
        (tmp_path / "exercises").mkdir()
    monkeypatch.chdir(tmp_path)
    shell = Shell()
    errors.load_ipython_extension(shell)
    assert shell.installed == expected


def test_an_unseen_sign_after_a_number_is_told_whatever_python_names() -> None:
    """Python 3.11.2 names the number, 3.11.7 the sign."""
    for text in ("invalid decimal literal", "invalid non-printable character U+00A0"):
        said = errors.explain(SyntaxError(text), {}, "x = 3\u00a0+ 4").happened
        assert "unseen sign" in said
