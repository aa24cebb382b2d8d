"""Answers are captured as typed data at full precision, and always fit into JSON."""

import datetime
import decimal
import fractions
import itertools
import json
import math
import time
import warnings

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from belgrade.checks.capture import MAX_ROWS, capture


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.1 + 0.2, 0.30000000000000004),
        (7, 7),
        (np.float64(2.5), 2.5),
        (np.int32(3), 3),
        (np.float32(0.5), 0.5),
        (decimal.Decimal("1.5"), 1.5),
        (fractions.Fraction(1, 4), 0.25),
        (pd.Series([4, 5]).sum(), 9),
        (math.nan, "NaN"),
        (pd.NA, "NaN"),
        (np.inf, "Infinity"),
        (-np.inf, "-Infinity"),
        (np.array(3.5), 3.5),
    ],
)
def test_numbers(value, expected):
    assert capture(value) == {"type": "number", "value": expected}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, {"type": "bool", "value": True}),
        (np.bool_(False), {"type": "bool", "value": False}),
        ("Vučić", {"type": "text", "value": "Vučić"}),
        (np.str_("a"), {"type": "text", "value": "a"}),
        (datetime.date(2020, 4, 3), {"type": "text", "value": "2020-04-03"}),
        (pd.Timestamp("2020-04-03"), {"type": "text", "value": "2020-04-03"}),
        (pd.Timestamp("2020-04-03 12:30"), {"type": "text", "value": "2020-04-03T12:30:00"}),
        (np.datetime64("2020-04-03"), {"type": "text", "value": "2020-04-03"}),
        (..., {"type": "missing", "value": "..."}),
        (None, {"type": "missing", "value": "None"}),
        (object(), {"type": "other", "name": "object"}),
        ([1, "a"], {"type": "list", "items": [capture(1), capture("a")]}),
        ((1,), {"type": "list", "items": [capture(1)]}),
        ({"a": 1}, {"type": "map", "items": [[capture("a"), capture(1)]]}),
        (np.array([1, 2]), {"type": "list", "items": [capture(1), capture(2)]}),
        (pd.Index([1]), {"type": "list", "items": [capture(1)]}),
        (np.array(["2020-04-03"], "M8[ns]"), {"type": "list", "items": [capture("2020-04-03")]}),
    ],
)
def test_other_values(value, expected):
    assert capture(value) == expected


def test_a_table_keeps_an_index_that_says_something():
    frame = pd.DataFrame({"donor": ["a", "b", "b"], "n": [1, 2.5, None]})
    captured = capture(frame)
    assert captured["columns"] == ["donor", "n"]
    assert captured["rows"] == [["a", 1], ["b", 2.5], ["b", None]]
    assert captured["dtypes"] == ["text", "number"]
    assert capture(frame[frame.n > 2])["columns"] == ["donor", "n"]
    table = {"type": "table", "columns": ["donor", "n"], "dtypes": ["text", "number"], "count": 2}
    table |= {"rows": [["a", 1.0], ["b", 2.5]], "series": True}
    assert capture(frame.groupby("donor")["n"].sum()) == table
    assert capture(frame.groupby("donor").agg(["sum"]))["columns"] == ["donor", "n sum"]
    assert capture(frame.groupby(["donor", "n"]).size())["columns"] == ["donor", "n", "value"]
    assert capture(frame["donor"].value_counts())["columns"] == ["donor", "count"]
    assert capture(frame.describe())["columns"] == ["index", "n"]


def test_a_long_table_keeps_its_count():
    captured = capture(pd.DataFrame({"x": range(MAX_ROWS + 10)}))
    assert (len(captured["rows"]), captured["count"]) == (MAX_ROWS, MAX_ROWS + 10)


def test_a_function_is_called_on_each_input():
    def f(x, y):
        print("debugging")
        return x / y if y != 3 else None

    spec = {"kind": "function", "inputs": [[1, 2], [1, 0], [1, 3]]}
    one, two, three = capture(f, spec)["results"]
    assert one == {"type": "number", "value": 0.5}
    assert two == {"type": "error", "error": "ZeroDivisionError: division by zero"}
    assert three == {"type": "missing", "value": "None", "printed": True}
    assert len(capture(f, spec, inputs=[[4, 4]])["results"]) == 1
    assert capture(5, spec)["type"] == "number"


def test_a_function_gets_its_own_copy_and_data_tables(monkeypatch):
    import belgrade.data

    monkeypatch.setattr(belgrade.data, "load", lambda name: pd.DataFrame({name: [1, 2]}))
    spec = {"kind": "function", "inputs": [[[3, 1]], ["@planes"]]}
    for function, expected in ((lambda v: v.pop(), 1), (len, 2)):
        for _ in range(2):
            results = capture(function, spec)["results"]
            assert expected in [r.get("value") for r in results]


def series_of(drawn):
    return capture(drawn)["axes"][0]["series"]


def test_charts_hold_what_is_drawn():
    frame = pd.DataFrame({"d": ["Russia", "China"], "n": [11, 3]})
    bars = {"mark": "bar", "x": ["Russia", "China"], "y": [11, 3]}
    fig, ax = plt.subplots()
    container = ax.bar(frame.d, frame.n)
    ax.axhline(5)
    ax.set(title="T", xlabel="X", ylabel="Y")
    for drawn in (fig, ax, container, [ax], container[0]):
        assert series_of(drawn) == [bars | {"label": ""}]
    one = capture(ax)["axes"][0]
    assert (one["title"], one["xlabel"], one["ylabel"]) == ("T", "X", "Y")
    assert series_of(frame.plot.bar(x="d", y="n")) == [bars | {"label": "n"}]
    assert series_of(frame.plot.barh(x="d", y="n"))[0]["mark"] == "barh"
    assert series_of(frame.plot.barh(x="d", y="n"))[0]["x"] == ["Russia", "China"]
    frame = pd.concat([frame, frame])
    lines = frame.set_index("d").plot()
    assert series_of(lines)[0]["x"][:2] == ["Russia", "China"]
    plt.close("all")


def test_charts_of_numbers_dates_and_bins():
    _, ax = plt.subplots()
    ax.plot([2015, 2016], [1, 2])
    ax.plot([2015, 2016], [3, 4], "o", label="b")
    ax.scatter([2017], [9])
    years = [2015.0, 2016.0]
    wanted = [("line", years), ("scatter", years), ("scatter", [2017.0])]
    assert [(s["mark"], s["x"]) for s in series_of(ax)] == wanted
    _, ax = plt.subplots()
    ax.plot(pd.to_datetime(["2020-03-21", "2020-04-03"]), [1, 2])
    assert series_of(ax)[0]["x"] == ["2020-03-21", "2020-04-03"]
    _, ax = plt.subplots()
    ax.hist([1, 1, 2, 5], bins=4)
    assert [(s["mark"], s["y"]) for s in series_of(ax)] == [("hist", [2, 1, 0, 1])]
    wide = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["x", "y"])
    assert [s["x"] for s in series_of(wide.plot.bar())] == [["x", "y"]] * 2
    daily = pd.Series([1, 2], index=pd.to_datetime(["2020-03-21", "2020-03-22"]))
    assert series_of(daily.plot(ax=plt.subplots()[1]))[0]["x"] == ["2020-03-21", "2020-03-22"]
    for freq in ("W-SUN", "MS", "YS"):  # drawn by pandas as periods
        dates = pd.date_range("2020-03-01", periods=3, freq=freq)
        drawn = pd.Series([1, 2, 3], index=dates).plot(ax=plt.subplots()[1])
        assert series_of(drawn)[0]["x"] == list(dates.strftime("%Y-%m-%d"))
    plt.close("all")


def test_a_chart_is_the_same_before_and_after_it_was_painted():
    _, ax = plt.subplots()
    ax.plot([2001, 2002, 2003], [1, 2, 3])
    ax.set_xticks([2001, 2003])
    before = capture(ax)
    assert before["axes"][0]["series"][0]["x"] == [2001, 2002, 2003]
    ax.figure.canvas.draw()
    assert capture(ax) == before
    plt.close("all")


def test_everything_fits_into_json():
    values = [[[[[[[[1]]]]]]], {1, "a"}, 10**30, 1j, b"x", plt.subplots()[0], type, len]
    values += [pd.Categorical(["a"]), pd.Series(["a"], dtype="category"), pd.Timedelta("1D")]
    values += [pd.DataFrame({"x": [np.inf, np.nan], "y": pd.to_datetime(["2020-01-01", None])})]
    values += [pd.DataFrame({"x": [[1], {2}]})]
    values += [pd.Series(pd.period_range("2020", periods=2, freq="M"))]
    for value in values:
        json.dumps(capture(value), allow_nan=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        capture(pd.DataFrame({"x": [1]}))


def test_no_more_is_taken_in_than_a_question_can_need():
    start, endless = time.process_time(), itertools.count()
    answers = [endless, range(10**12), ["x" * 20_000] * 5000, pd.Series(["x" * 20_000] * 5000)]
    answers += [pd.DataFrame({f"c{n}": range(6000) for n in range(300)}), np.ones((3000, 3000))]
    answers += [[[[[1] * 200] * 200] * 200] * 200, {n: [n] * 5000 for n in range(5000)}]
    for answer in answers:
        assert len(json.dumps(capture(answer))) < 3_000_000
    _, ax = plt.subplots()
    for _ in range(300):
        ax.plot([1, 2], [3, 4])
    ax.scatter(range(10_000), range(10_000))
    drawn = series_of(ax)
    assert len(drawn) == 200 and max(len(s["x"]) for s in drawn) <= 3000
    assert time.process_time() - start < 10
    plt.close("all")


def test_reading_an_answer_does_not_use_it_up():
    letters = (c for c in "ab")
    assert capture(letters) == capture(letters) == capture(["a", "b"])
    assert capture(map(str, [1, 2])) == capture(["1", "2"])


def test_axes_in_one_place_are_one_chart_and_error_bars_no_series():
    _, ax = plt.subplots()
    ax.errorbar([1, 2], [3, 4], yerr=1, capsize=2)
    ax.twinx().plot([1, 2], [30, 40])
    ax.figure.supxlabel("both")
    assert [s["y"] for s in series_of(ax)] == [[3, 4], [30, 40]]
    assert series_of(ax.figure.axes[1])[0]["y"] == [30, 40]
    assert capture(ax)["axes"][0]["xlabel"] == "both"
    plt.close("all")
