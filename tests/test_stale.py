"""A check judges no value that its cell did not make: failed, renamed, older, another version."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from belgrade.checks import live, notebook_file, stale, versions
from belgrade.checks.compiled import read_compiled

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def kernel(_shell: Any, displayed: list, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return a function that runs a cell of an exercise in a watched kernel: its id, its code."""
    monkeypatch.delenv("BELGRADE_EXAM", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", "exercises/none.ipynb")
    had = dict(_shell.user_ns)
    runs = stale.watch()
    _shell.user_ns["check"] = live.check

    def run(cell: str, code: str) -> str:
        displayed.clear()
        _shell.run_cell(code, cell_id=cell)
        return displayed[-1]["data"]["text/plain"] if displayed else ""

    yield run
    _shell.events.unregister("pre_run_cell", runs.begin)
    _shell.events.unregister("post_run_cell", runs.end)
    del _shell.belgrade_runs
    for name in set(_shell.user_ns) - set(had):
        del _shell.user_ns[name]


CHECK = 'check("0.1", italian_rows)'
RIGHT = "italian_rows = 3"


@pytest.fixture
def right(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take any answer of 3 for right: what is judged here is whether anything is judged."""
    found = live.Verdict("right", 1, 1, "Right.")
    monkeypatch.setattr(live, "judge", lambda *_: found)


@pytest.mark.usefixtures("right")
def test_an_answer_of_a_cell_that_went_well_is_judged(kernel: Any) -> None:
    kernel("answer", RIGHT)
    assert "✓ Right" in kernel("check", CHECK)
    assert "✓ Right" in kernel("both", f"{RIGHT}\n{CHECK}")


@pytest.mark.usefixtures("right")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("italian_rows = 3 / 0", "ended in an error (ZeroDivisionError)"),
        ("italian_rows = len(rows", "ended in an error (SyntaxError)"),
        ("italian_rows = 3\nprint(nothing)", "ended in an error (NameError)"),
        ("italian_row = 3", "no more: it makes italian_row. Call what it makes italian_rows"),
        ("print(3)", "does so no more. Call what it makes italian_rows"),
    ],
)
def test_an_older_value_under_a_changed_cell_is_not_judged(
    kernel: Any, code: str, words: str
) -> None:
    kernel("answer", RIGHT)
    kernel("answer", code)
    output = kernel("check", CHECK)
    assert "! Could not be checked" in output
    assert words in output
    assert "Right" not in output
    kernel("answer", RIGHT)
    assert "✓ Right" in kernel("check", CHECK)


@pytest.mark.usefixtures("right")
def test_a_cell_that_failed_and_runs_again_with_its_check_is_judged(kernel: Any) -> None:
    kernel("both", f"italian_rows = 3 / 0\n{CHECK}")
    assert "✓ Right" in kernel("both", f"{RIGHT}\n{CHECK}")


@pytest.mark.usefixtures("right")
def test_an_answer_from_what_was_changed_since_is_not_judged(kernel: Any) -> None:
    kernel("rows", "rows = [1, 2, 3]")
    kernel("answer", "italian_rows = len(rows)")
    kernel("rows", "rows = [1, 2, 3]")  # run again as it was
    assert "✓ Right" in kernel("check", CHECK)
    kernel("other", "rows = [1]")  # another cell's, further down
    assert "✓ Right" in kernel("check", CHECK)
    kernel("rows", "rows = [1, 2]")
    assert "rows was made anew, in another way, after italian_rows" in kernel("check", CHECK)
    kernel("answer", "italian_rows = len(rows)")
    assert "✓ Right" in kernel("check", CHECK)


def test_nothing_is_watched_where_nobody_sits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    assert stale.watch() is None
    monkeypatch.setenv("JPY_SESSION_NAME", "x.ipynb")
    monkeypatch.setenv("BELGRADE_EXAM", "1")
    assert stale.watch() is None


# --- versions --------------------------------------------------------------------------------


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that opens exercise 01 as an installed package would meet it."""
    compiled = read_compiled("01")

    def opened(
        version: str = "other", made: str = "", prompt: str = "", cell: str = "prompt-1"
    ) -> str:
        book = json.loads(json.dumps(compiled["notebook"]))
        book["metadata"]["belgrade"] |= {"version": version, "made": made}
        for each in book["cells"]:
            if each["id"] == cell:
                each["source"] += prompt
        about = {"role": "prompt", "question": "1.9"}
        book["cells"].append({"id": "new", "source": "?", "metadata": {"belgrade": about}})
        path = tmp_path / "mine.ipynb"
        path.write_text(json.dumps(book), encoding="utf-8")
        monkeypatch.setattr(versions, "notebook_file", lambda: path)
        return versions.compiled_for("1.1")[1]

    return opened


def test_the_older_side_and_who_must_act_are_named(notebook: Any) -> None:
    day = read_compiled("01")["notebook"]["metadata"]["belgrade"]["made"]
    assert notebook(version=read_compiled("01")["version"], prompt="new") == ""
    assert notebook() == ""  # of another version, but this question is the same
    newer = notebook(made="2199-01-31", prompt="new")
    assert "The module that is installed here is old" in newer
    assert "31 January 2199" in newer
    assert "only your instructor can update" in newer
    older = notebook(made="2001-01-31", prompt="new")
    assert "This notebook is old: it is of 31 January 2001" in older
    assert "take the current notebook" in older
    for unknown in ("", day, "not a day"):
        assert "different versions. Nothing is judged." in notebook(made=unknown, prompt="new")


def test_a_check_looks_at_versions_before_it_judges(
    notebook: Any, displayed: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook(made="2199-01-31", prompt="new")
    live.check("1.1", 5)
    live.check("1.9", 5)  # a question that the module has not yet
    for shown in displayed[-2:]:
        output = shown["data"]["text/plain"]
        assert output.startswith("! Could not be checked")
        assert "installed here is old" in output
    live.hint("1.1")
    assert "installed here is old" in displayed[-1]["data"]["text/plain"]


def test_words_that_belong_to_no_question_change_no_answer(notebook: Any) -> None:
    assert notebook(cell="title", prompt="new") == ""
    assert notebook(cell="setup", prompt="new") != ""


# --- which file ------------------------------------------------------------------------------


def test_a_renamed_file_is_asked_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", "old.ipynb")
    with pytest.raises(notebook_file.NotFound, match=r"opened as old\.ipynb"):
        notebook_file.notebook_file()
    (tmp_path / "old.ipynb").touch()
    (tmp_path / "new name.ipynb").touch()
    assert notebook_file.notebook_file() == Path("old.ipynb")
    monkeypatch.setattr(notebook_file, "_kernel_id", lambda: "k1")
    monkeypatch.setattr(
        notebook_file, "_servers", lambda: [{"root_dir": "x"}, {"root_dir": str(tmp_path)}]
    )
    answers = {
        "x": [{"kernel": {"id": "k2"}, "path": "other.ipynb"}, {}],
        str(tmp_path): [{"kernel": {"id": "k1"}, "path": "new name.ipynb"}],
    }
    monkeypatch.setattr(notebook_file, "_sessions", lambda server: answers[server["root_dir"]])
    assert notebook_file.notebook_file() == tmp_path / "new name.ipynb"
    monkeypatch.delenv("JPY_SESSION_NAME")
    assert notebook_file.notebook_file() is None


def test_a_server_that_does_not_answer_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "jpserver-1.json").write_text("{", encoding="utf-8")
    dead = {"url": "http://127.0.0.1:9/", "root_dir": "/"}
    (tmp_path / "jpserver-2.json").write_text(json.dumps(dead), encoding="utf-8")
    assert list(notebook_file._servers()) == [dead]
    assert notebook_file._sessions(dead) == []
    assert notebook_file._sessions({"url": "nonsense"}) == []
