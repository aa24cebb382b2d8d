"""The judge tells right, close, not yet, not attempted and error apart, and says why."""

import time

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import pandas as pd
import pytest

from belgrade.checks.capture import capture
from belgrade.checks.judge import error_message, judge
from belgrade.checks.spec import SpecError, parse_spec


def verdict(spec, reference, answer):
    return judge(spec, capture(reference, spec), capture(answer, spec))


def outcome(spec, reference, answer):
    found = verdict(spec, reference, answer)
    return found.status, found.message


NUMBER = {"kind": "number", "decimals": 1, "points": 2}


@pytest.mark.parametrize(
    ("answer", "status", "word"),
    [
        (6.83, "right", ""),
        ("6.8", "close", "without quotes"),
        ("6,8 %", "close", "without quotes"),
        (pd.Series([6.83]), "close", ".item()"),
        ([6.8], "close", ".item()"),
        (0.0683, "close", "100 times too small"),
        (683, "close", "taken times 100"),
        ((6.83, 0, 0), "not_yet", "1_000_000"),
        (-6.83, "close", "sign"),
        (6830.0, "close", "thousand times too large"),
        (0.00683, "close", "thousand times too small"),
        (6.83e6, "close", "million"),
        (7, "close", "rounded too far"),
        (1 / 6.83, "close", "on top"),
        (6.4, "not_yet", "6.4"),
        (float("nan"), "not_yet", "NaN"),
        (float("inf"), "not_yet", "infinite"),
        ("many", "not_yet", "the text “many”"),
        (True, "not_yet", "truth value"),
        (pd.DataFrame({"a": [1, 2]}), "not_yet", "a table with 2 rows (a)"),
        (..., "not_attempted", "three dots"),
        (None, "not_attempted", "None"),
        (object(), "not_yet", "type object"),
    ],
)
def test_numbers(answer, status, word):
    found, message = outcome(NUMBER, 6.8349, answer)
    assert (found, word in message) == (status, True), message
    if status != "right":
        assert "6.83" not in message.replace(str(answer), "")


def test_points_and_tolerances():
    assert verdict(NUMBER, 6.83, 6.83).points == 2
    assert verdict(NUMBER, 6.83, 683).points == 0
    assert verdict(NUMBER | {"close_points": 1}, 6.83, 683).points == 1
    assert verdict({"kind": "number"}, 6.83, 6.83).max_points == 1
    assert outcome({"kind": "number", "tolerance": 0.5}, 100, 100.4)[0] == "right"
    assert outcome({"kind": "number", "tolerance": 0.5}, 100, 100.6)[0] == "not_yet"
    assert outcome({"kind": "number", "rel_tolerance": 0.1}, 100, 109)[0] == "right"
    assert outcome({"kind": "number"}, 0.1 + 0.2, 0.3)[0] == "right"
    assert outcome({"kind": "number"}, 41, 40)[0] == "not_yet"
    assert outcome({"kind": "number"}, 0, 0)[0] == "right"
    assert outcome({"kind": "number"}, float("nan"), float("nan"))[0] == "right"


@pytest.mark.parametrize("text", ["1234", "1,234", "1 234", "1'234", "1,234.0", "1.234,0"])
def test_a_text_may_be_the_number_in_any_way_of_writing_thousands(text):
    assert outcome({"kind": "number"}, 1234, text)[1].startswith("The figure is right")
    assert outcome({"kind": "number"}, 1235, text)[0] == "not_yet"


def test_a_quarter_is_its_first_day():
    assert outcome({"kind": "list"}, ["2020-04-01"], ["2020-Q2"])[0] == "right"
    assert outcome({"kind": "list"}, ["2020-05-01"], ["2020 Q2"])[0] != "right"


def test_known_wrong_answers_get_their_words_and_right_answers_never_do():
    share = {"answer": capture(0.0683), "message": "A share!", "close": True}
    spec = NUMBER | {"wrong": [share, {"answer": capture(5), "message": "Five?"}]}
    assert outcome(spec, 6.83, 0.0683) == ("close", "A share!")
    assert outcome(spec, 6.83, 5.01) == ("not_yet", "Five?")
    assert outcome(spec, 5, 5)[0] == "right"
    small = NUMBER | {"wrong": [{"answer": capture(0.04), "message": "Upside down!"}]}
    assert outcome(small, 25, 0.0402)[1] == "Upside down!"
    assert "you have 0.002" in outcome(small, 25, 0.002)[1]
    assert "keep no row" in outcome(small, 25, 0)[1]


def test_a_known_wrong_answer_is_known_whatever_its_order_or_further_columns():
    other = PLANES.assign(planes=[1, 2, 3])
    spec = TABLE | {"ordered": "planes", "columns": ["donor", "planes"], "key": ["donor"]}
    wrongs = [other, pd.concat([PLANES, other]), PLANES.iloc[::-1]]
    spec |= {
        "wrong": [{"answer": capture(t), "message": f"Wrong {n}"} for n, t in enumerate(wrongs)]
    }
    assert outcome(spec, PLANES, other.iloc[::-1].assign(x=0))[1] == "Wrong 0"
    assert outcome(spec, PLANES, pd.concat([other, PLANES]))[1] == "Wrong 1"
    assert outcome(spec, PLANES, PLANES.iloc[::-1])[1] == "Wrong 2"
    assert outcome(spec, PLANES, PLANES.iloc[[1, 0, 2]])[1].startswith("The right rows")
    assert outcome(spec, PLANES, PLANES.assign(x=0))[1].startswith("The rows are right")


def test_a_known_wrong_answer_of_a_chart_is_known_by_its_figures_or_else_by_its_looks():
    figures, looks = draw(data=PLANES.replace(3, 4), title=""), draw(ylabel="", title="")
    wrongs = [(figures, "Those are others."), (looks, "No words at all.")]
    spec = CHART | {"wrong": [{"answer": capture(a), "message": m} for a, m in wrongs]}
    reference = draw()
    assert outcome(spec, reference, draw(data=PLANES.replace(3, 4)))[1] == "Those are others."
    assert outcome(spec, reference, draw(ylabel="", title=""))[1] == "No words at all."
    assert "Still missing" in outcome(spec, reference, draw(ylabel=""))[1]
    plt.close("all")


def test_an_empty_text_is_not_attempted():
    assert outcome({"kind": "text"}, "Vučić", "")[0] == "not_attempted"


def test_choices_have_feedback_for_each_option():
    spec = {"kind": "choice", "options": {"a": "Yes", "b": "No"}, "feedback": {"a": "Read on."}}
    for right in ("b", "B", " b) ", "(b)", "No", ["b"]):
        assert outcome(spec, "b", right)[0] == "right", right
    assert outcome(spec, "b", "A") == ("not_yet", "Read on.")
    assert "none of the options" in outcome(spec, "b", "z")[1]
    assert outcome(spec, "b", "")[0] == "not_attempted"
    assert outcome(spec, "b", True)[0] == "not_yet"


def test_lists_and_truth_values():
    assert outcome({"kind": "list"}, ["a", "b"], ["B", "a"])[0] == "right"
    assert outcome({"kind": "list"}, ["a", "b"], pd.Series(["b", "a"]))[0] == "right"
    ordered = {"kind": "list", "ordered": True}
    assert outcome(ordered, [3, 2], [2, 3])[0] == "close"
    assert "1 value is still missing" in outcome(ordered, [3, 2], [3])[1]
    assert "“c” does not belong" in outcome({"kind": "list"}, ["a"], ["a", "c"])[1]
    assert outcome({"kind": "list"}, ["a"], "a")[0] == "not_yet"


PLANES = pd.DataFrame({"donor": ["Russia", "China", "Norway"], "planes": [11, 3, 1]})
TABLE = {"kind": "table"}


@pytest.mark.parametrize(
    ("answer", "status", "word"),
    [
        (PLANES, "right", ""),
        (PLANES[["planes", "donor"]].sort_values("planes", kind="stable"), "right", ""),
        (PLANES.rename(columns={"planes": "n"}), "close", "rename the column n"),
        (PLANES.assign(x=1), "close", "not asked for: x"),
        (PLANES.drop(columns="donor"), "not_yet", "no column called donor"),
        (PLANES.head(2), "not_yet", "1 too few"),
        (pd.concat([PLANES, PLANES]), "not_yet", "3 too many"),
        (PLANES.replace("China", "Cuba"), "not_yet", "donor = “Cuba”"),
        (PLANES.replace(3, 4), "not_yet", "column planes differ in 1 row, first where donor"),
        (PLANES.assign(planes=PLANES.planes / 100), "close", "100 times too small"),
        (14, "not_yet", "the number 14; a table"),
        ({"Russia": 11}, "not_yet", "a dictionary"),
        (PLANES.head(0), "not_yet", "3 too few"),
    ],
)
def test_tables(answer, status, word):
    found, message = outcome(TABLE, PLANES, answer)
    assert (found, word in message) == (status, True), message


def test_tables_with_order_keys_and_other_names():
    ordered = TABLE | {"ordered": True}
    assert outcome(ordered, PLANES, PLANES)[0] == "right"
    assert outcome(ordered, PLANES, PLANES.iloc[::-1])[0] == "close"
    tie = pd.DataFrame({"donor": ["a", "b", "c"], "n": [2, 1, 1]})
    swapped = tie.iloc[[0, 2, 1]]
    assert outcome(TABLE | {"ordered": "n"}, tie, swapped)[0] == "right"
    names = TABLE | {"columns": {"donor": ["giver"], "planes": ["flights", "n"]}}
    renamed = PLANES.rename(columns={"donor": "giver", "planes": "n"})
    assert outcome(names, PLANES, renamed)[0] == "right"
    only = TABLE | {"columns": ["donor", "planes"], "extra_columns": True}
    assert outcome(only, PLANES, PLANES.assign(x=1))[0] == "right"
    no_key = pd.DataFrame({"x": [1.0, 1.0, 2.5]})
    assert outcome(TABLE, no_key, pd.DataFrame({"x": [2.5, 1, 1]}))[0] == "right"
    assert outcome(TABLE, no_key, pd.DataFrame({"x": [2.5, 2.5, 1]}))[0] == "not_yet"
    gaps = pd.DataFrame({"d": ["a", "b"], "x": [1.0, None]})
    assert outcome(TABLE, gaps, gaps.copy())[0] == "right"
    assert outcome(TABLE, gaps, gaps.fillna(0))[0] == "not_yet"


def test_labels_are_compared_by_what_they_say():
    by_year = pd.DataFrame({"year": [2019, 2020], "n": [1, 2]})
    for year in (["2019", "2020"], [2019.0, 2020.0], [" 2019", "2020 "]):
        assert outcome(TABLE | {"key": ["year"]}, by_year, by_year.assign(year=year))[0] == "right"
    ages = pd.DataFrame({"age": ["5 or more", "5 or less"], "n": [1, 2]})
    assert outcome(TABLE | {"key": ["age"]}, ages, ages.iloc[::-1])[0] == "right"
    swapped = ages.assign(n=[2, 1])
    assert outcome(TABLE | {"key": ["age"]}, ages, swapped)[0] == "not_yet"
    days = pd.DataFrame({"day": ["2020-04-03", "2020-04-05"], "n": [1, 2]})
    for day in (
        ["3.4.2020", "5.4.2020"],
        pd.to_datetime(days.day),
        ["3 April 2020", "Apr 5, 2020"],
    ):
        assert outcome(TABLE | {"key": ["day"]}, days, days.assign(day=day))[0] == "right"


FUNCTION = {"kind": "function", "inputs": [[1, 4], [0, 5], [3, 0]]}


def share(part, whole):
    return 100 * part / whole if whole else 0


@pytest.mark.parametrize(
    ("answer", "status", "word"),
    [
        (lambda p, w: p / w * 100, "not_yet", "Right for 2 of 3 inputs. With 3, 0: the function"),
        (lambda p, w: p / w if w else 0, "close", "100 times too small"),
        (lambda p, w: print(p), "not_yet", "prints its result"),
        (lambda p, w: None, "not_attempted", "does not return"),
        (lambda p: p, "error", "more or fewer inputs (2) than it takes (1)"),
        (25.0, "not_yet", "the number 25; give the function itself"),
        (lambda p, w: "x", "not_yet", "a number is asked for"),
    ],
)
def test_functions(answer, status, word):
    found, message = outcome(FUNCTION, share, answer)
    assert (found, word in message) == (status, True), message


def test_hidden_inputs_are_not_told():
    hidden = FUNCTION | {"part": "b"}
    _, message = outcome(hidden, share, lambda p, w: p / w * 100)
    assert "With 3" not in message


def test_a_function_that_should_raise():
    def strict(x):
        if x < 0:
            raise ValueError("no")
        return x

    spec = {"kind": "function", "inputs": [[1], [-1]]}
    assert outcome(spec, strict, strict)[0] == "right"
    assert outcome(spec, strict, lambda x: x)[0] == "not_yet"


CHART = {"kind": "chart", "mark": "bar", "require_labels": True, "require_title": True}


def draw(kind="bar", ylabel="planes", title="Aid", data=PLANES):
    ax = data.plot(kind=kind, x="donor", y="planes", title=title)
    ax.set_ylabel(ylabel)
    return ax


def test_charts():
    reference = draw()
    lower = PLANES.sort_values("planes", kind="stable")
    for right in (draw(), draw().figure, draw(data=lower)):
        assert outcome(CHART, reference, right) == ("right", "Right.")
    assert outcome(CHART, reference, draw(ylabel=""))[0] == "close"
    assert "y axis and a title" in outcome(CHART, reference, draw(ylabel="", title=""))[1]
    assert "drawn as line" in outcome(CHART, reference, draw("line"))[1]
    status, message = outcome(CHART, reference, draw(data=PLANES.replace(3, 4)))
    assert (status, "bar chart of 3 values" in message) == ("not_yet", True)
    assert outcome(CHART, reference, plt.subplots()[1])[0] == "not_attempted"
    assert outcome(CHART, reference, 5)[0] == "not_yet"
    assert outcome(CHART, reference, None)[0] == "not_attempted"
    both = CHART | {"mark": ["bar", "barh"]}
    _, flat = plt.subplots()
    flat.barh(PLANES.donor, PLANES.planes)
    flat.set(xlabel="planes", title="Aid")
    assert outcome(both, reference, flat)[0] == "right"
    assert outcome(CHART | {"compare": "none"}, reference, draw(data=lower.head(2)))[0] == "right"
    plt.close("all")


def test_swapped_axes_of_a_scatter():
    spec = {"kind": "chart"}
    one, other = plt.subplots()[1], plt.subplots()[1]
    one.scatter([1, 2], [30, 40])
    other.scatter([30, 40], [1, 2])
    assert "swapped" in outcome(spec, one, other)[1]
    plt.close("all")


def test_a_chart_of_no_rows():
    _, empty = plt.subplots()
    empty.plot([], [])
    status, message = outcome({"kind": "chart"}, draw("line"), empty)
    assert (status, message.split(".")[0]) == ("not_yet", "The chart holds no values")
    plt.close("all")


def test_written_answers_wait_for_a_person():
    spec = {"kind": "written", "points": 3, "starter": "*Here.*"}
    assert judge(spec, None, capture("*Here.*")).status == "not_attempted"
    assert judge(spec, None, capture("  ")).status == "not_attempted"
    found = judge(spec, None, capture("Because."))
    assert (found.status, found.points, found.max_points) == ("pending", 0, 3)


def test_an_answer_made_to_take_for_ever_is_refused_or_quick():
    long = ["é" * 3000 + str(n) for n in range(600)]
    wanted = capture([f"w{n}" for n in range(30)])
    start = time.process_time()
    assert judge({"kind": "list"}, wanted, capture(long)).status == "not_yet"
    assert time.process_time() - start < 3
    forged = {"type": "list", "items": [{"type": "text", "value": t} for t in long * 2]}
    found = judge({"kind": "list"}, wanted, forged)
    assert (found.status, "too large" in found.message) == ("error", True)


def series(n, points=1, **more):
    one = {"mark": "line", "label": "", "x": [1.0] * points, "y": [1.0] * points}
    return {"title": "t", "xlabel": "x", "ylabel": "y", "legend": [], "series": [one] * n, **more}


def rows(count, columns):
    names = ["donor", "planes", *(f"c{n}" for n in range(columns - 2))]
    dtypes = ["text", *["number"] * (columns - 1)]
    filled = [["Russia", *[0.5] * (columns - 1)]] * count
    return {"type": "table", "columns": names, "dtypes": dtypes, "rows": filled, "count": count}


LONG = {"type": "list", "items": [{"type": "text", "value": "x" * 400}] * 50}


@pytest.mark.parametrize(
    ("kind", "forged"),
    [
        ("chart", {"type": "chart", "axes": [series(20_000, 19)]}),
        ("chart", {"type": "chart", "axes": [series(2)] * 25_000}),
        ("chart", {"type": "chart", "axes": [series(500, 400)]}),
        ("chart", {"type": "chart", "axes": [series(40, 100, legend=["x" * 20_000] * 99)]}),
        ("table", rows(5000, 61)),
        ("table", rows(5000, 40)),
        ("table", rows(200, 500)),
        ("list", {"type": "list", "items": [{"type": "number", "value": 1.5}] * 5000}),
        ("list", {"type": "list", "items": [LONG] * 100}),
        ("text", {"type": "text", "value": "ab" * 10_000}),
    ],
)
def test_what_is_forged_to_be_slow_costs_no_time(kind, forged):
    wrong = {"table": PLANES.replace(3, 4), "list": [9], "text": "no", "chart": draw("line")}[kind]
    spec = {"kind": kind, "wrong": [{"answer": capture(wrong), "message": "No."}] * 8}
    reference = {"table": PLANES, "list": list("abcdef"), "text": "yes", "chart": draw("line")}
    start = time.process_time()
    assert judge(spec, capture(reference[kind]), forged).status in ("not_yet", "error")
    assert time.process_time() - start < 1.5  # 0.1 to 0.3 on a quiet machine; it was 26
    plt.close("all")


def test_errors_are_told_with_the_next_step():
    assert "input() cannot ask" in error_message("StdinNotImplementedError: raw_input was called")
    assert "There is no x yet" in error_message("NameError: name 'x' is not defined")
    assert "it writes None" in error_message("NameError: name 'none' is not defined")
    for text in ("invalid syntax", "invalid syntax. Maybe you meant '==' or ':=' instead of '='?"):
        said = error_message(f"SyntaxError: {text}")
        assert said.count("Python could not read") + said.count("Python cannot read") == 1
    choice = {"kind": "choice", "options": {"a": "One", "b": "Two"}}
    assert "quotation marks: write" in error_message("NameError: name 'b' is not defined", choice)
    assert "There is no x yet" in error_message("NameError: name 'x' is not defined", choice)
    assert "loop without end" in error_message("TimeoutError: longer than 60 s")
    assert (
        error_message("TimeoutError: ") == "Your code stopped with TimeoutError."
    )  # the student's own
    assert "no column or row named 'a'" in error_message("KeyError: 'a'")
    with pytest.raises(ValueError) as several:
        pd.Series([1, 2]).item()
    assert "narrow it to one row" in error_message(f"ValueError: {several.value}")
    assert "cannot be read" in error_message("ValueError while the answer was read")
    assert error_message("OSError: no.") == "Your code stopped with OSError: no."


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("table[table['donor'] = 'China']", "two equals signs"),
        ("print('a' = 'b')", "two equals signs"),
        ("len((1, 2)", "never closed: ("),
        ("if True:\nprint(1)", "four spaces"),
        ("table['Donor']", "named 'Donor'"),
        ("table.grouby('donor')", "after the dot"),
        ("b'\\xe8'.decode('utf-8')", "another encoding"),
        ("table.iloc[99]", "no such place"),
        ("len(table)(1)", "not a function"),
        ("(lambda a: a)(1, 2)", "more or fewer inputs (2) than it takes (1)"),
        ("(lambda a, b: a)(1)", "without 'b'"),
        ("open('no_such.csv')", "no_such.csv cannot be had"),
        ("x = 0,05", "0.05, not 0,05"),
        ("import no_such_thing", "No module named 'no_such_thing'"),
        ("plt.plot([1], colour='red')", "knows no colour="),
    ],
)
def test_the_slips_of_beginners_are_told_in_plain_words(code, words):
    with pytest.raises(Exception) as caught:
        exec(code, {"table": PLANES, "plt": plt})
    message = error_message(f"{caught.type.__name__}: {caught.value}")
    assert message.startswith("Your code stopped. ")
    assert words in message


def test_unreadable_answers_are_errors_and_never_raise():
    reference = capture(1)
    assert judge({"kind": "number"}, reference, None).status == "error"
    assert judge({"kind": "number"}, reference, {"type": "number"}).status == "error"
    assert judge({"kind": "table"}, capture(PLANES), {"type": "table"}).status == "error"
    error = {"type": "error", "error": "NameError: x"}
    assert judge({"kind": "number"}, reference, error).status == "error"


@pytest.mark.parametrize(
    ("toml", "word"),
    [
        ('question = "1.2"\ntolerence = 3', "'tolerance'"),
        ('question = "1.2"\nkind = "nummer"', "'number'"),
        ('question = "1.2"\ntolerance = "a"', "wrong type"),
        ('question = "1.2"\npoints = true', "wrong type"),
        ('question = "one"', "question id"),
        ('question = "1.2"\nunit = no', "the spec 'question = \"1.2\"' is not valid TOML"),
        ('question = "1.2"\nunit = no', "column 8.: unit = no"),
        ('question = "1.2"\nkind = "table"\ncolumns = ["rate"]\nkey = ["rates"]', "'rate'"),
        ('question = "1.2"\nkind = "table"\ncolumns = ["rate"]\nordered = "day"', "column 'day'"),
        ('question = "1.2"\nkind = "choice"', "needs options"),
        ('question = "1.2"\nkind = "choice"\noptions = ["a"]\n[feedback]\nb = ""', "option"),
        ('question = "1.2"\nkind = "function"', "needs inputs"),
        ('question = "1.2"\nmark = "bar"', "does not belong"),
        ('question = "1.2"\nkind = "chart"\nmark = "pie"', "unknown mark"),
        ('question = "1.2"\n[[wrong]]\ncode = "1"', "needs code and message"),
        ('question = "1.2"\n[[wrong]]\ncod = "1"', "'code'"),
    ],
)
def test_specs_are_checked(toml, word):
    with pytest.raises(SpecError, match=word):
        parse_spec(toml)
