"""A student's code goes into a fresh copy, whatever was done to the notebook."""

import copy
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from toy_exercise import toy_key

from belgrade.authoring import key as keys
from belgrade.checks import versions
from belgrade.checks.assemble import about, assemble, assigned, fresh_copy, role
from belgrade.checks.cells import is_prose


@pytest.fixture(scope="module")
def fresh():
    key = toy_key()
    notebook = keys.student_copy(key, keys.read_questions(key))
    reference = {"type": "number", "value": 1}
    checks = [
        {"question": f"90.{n}", "part": "", "spec": {"question": f"90.{n}"}, "reference": reference}
        for n in range(1, 6)
    ]
    return fresh_copy(notebook, checks)


def submission(fresh, **changes):
    """Return a student's notebook; `changes` are new sources by cell id, None deletes."""
    notebook = copy.deepcopy(fresh)
    for cell in notebook.cells:
        cell.metadata.belgrade.pop("spec", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    for name, source in changes.items():
        at = next(i for i, c in enumerate(notebook.cells) if c.id == name.replace("_", "-"))
        if source is None:
            del notebook.cells[at]
        else:
            notebook.cells[at].source = source
    return notebook


def insert(notebook, after, *cells):
    at = next(i for i, c in enumerate(notebook.cells) if c.id == after)
    notebook.cells[at + 1 : at + 1] = cells
    return notebook


def run_order(fresh, submitted):
    notebook, repairs = assemble(fresh, submitted)
    nbformat.validate(notebook)
    assert about(notebook)["assembled"]
    ids = [c.id for c in notebook.cells]
    assert len(set(ids)) == len(ids)
    for cell in notebook.cells:
        if role(cell) == "check":  # always the fresh one, with its reference
            assert "spec" in about(cell)
            assert cell.outputs
    return [c.source for c in notebook.cells if c.cell_type == "code"], repairs


def between(sources, first, last):
    return sources[sources.index(first) + 1 : sources.index(last)]


CHECK_1, CHECK_2 = 'check("90.1", per_million)', 'check("90.2", by_donor)'


def test_an_untouched_copy_stays_as_it_is(fresh):
    sources, repairs = run_order(fresh, submission(fresh))
    assert sources == [c.source for c in fresh.cells if c.cell_type == "code"]
    assert repairs == []


def test_answers_and_added_cells_travel(fresh):
    mine = submission(fresh, answer_1="per_million = helper(11)")
    insert(mine, "prompt-1", new_code_cell("helper = lambda n: n / 7"), new_code_cell("  "))
    insert(mine, "check-1", new_code_cell("print('debug')"), new_markdown_cell("note"))
    sources, repairs = run_order(fresh, mine)
    assert sources.index("helper = lambda n: n / 7") < sources.index("per_million = helper(11)")
    assert between(sources, CHECK_1, "by_donor = ...") == ["print('debug')"]
    assert repairs == []


def test_deleted_and_edited_checks_are_put_back(fresh):
    mine = submission(fresh, check_1=None, check_2=f"# NBVAL_SKIP\ncheck = print\n{CHECK_2}")
    sources, repairs = run_order(fresh, mine)
    assert CHECK_1 in sources
    assert between(sources, "by_donor = ...", CHECK_2) == [f"#\ncheck = print\n{CHECK_2}"]
    assert len(repairs) == 3
    assert any("missing: put back" in r for r in repairs)


def test_asking_for_a_hint_in_a_check_cell_is_no_edit(fresh):
    mine = submission(fresh, check_1=f"{CHECK_1}  # done\n\nhint('90.1')\nhint(\"90.1\")")
    sources, repairs = run_order(fresh, mine)
    assert repairs == []
    assert not any("hint(" in source for source in sources)
    _, repairs = run_order(fresh, submission(fresh, check_1=f"hint = print\n{CHECK_1}"))
    assert len(repairs) == 1


def test_markers_and_tags_do_not_travel(fresh):
    code = "x = 1\n## NBVAL_IGNORE_OUTPUT \n  # NBVAL_SKIP\nper_million = 2"
    mine = submission(fresh, answer_1=code)
    for cell in mine.cells:
        cell.metadata["tags"] = ["nbval-skip", "raises-exception"]
    notebook, repairs = assemble(fresh, mine)
    assert not any("NBVAL" in c.source or c.metadata.get("tags") for c in notebook.cells)
    assert repairs == ["Markers for nbval were taken out of 1 cell(s)."]


@pytest.mark.parametrize("lost", [False, True])
def test_an_answer_shown_as_code_in_a_text_cell_is_run(fresh, lost):
    submitted = submission(fresh, answer_1="```python\nper_million = 1\n```\n")
    cell = next(c for c in submitted.cells if c.id == "answer-1")
    cell.cell_type = "markdown"
    if lost:
        del cell["id"]
        cell.metadata = {}
    cells = assemble(fresh, submitted)[0].cells
    assert "per_million = 1" in [c.source for c in cells if c.cell_type == "code"]


def test_a_copy_of_an_untouched_answer_undoes_none(fresh):
    starter = next(c.source for c in fresh.cells if c.id == "answer-1")
    submitted = submission(fresh, answer_1="per_million = 1")
    insert(submitted, "answer-1", new_code_cell(f"{starter}  # to try"))
    sources = [c.source for c in assemble(fresh, submitted)[0].cells]
    assert "per_million = 1" in sources and not any(starter in each for each in sources)


def test_what_a_merge_left_in_a_cell_is_named(fresh):
    both = "<<<<<<< local\nx = 1\n=======\nx = 2\n>>>>>>> remote"
    repairs = assemble(fresh, submission(fresh, answer_1=both))[1]
    assert repairs == ["A merge left its marks, <<<<<<< and >>>>>>>, in a cell of 90.1."]


def test_edited_setup_runs_after_the_original_and_parameters_stay(fresh):
    mine = submission(fresh, data="flights = 5", params="PLANES = 12")
    sources, repairs = run_order(fresh, mine)
    assert sources[sources.index("flights = 5") - 1].startswith("flights = pd.DataFrame")
    assert "PLANES = 12" not in sources
    assert len(repairs) == 2
    assert "The parameters were changed: the given ones are used." in repairs


def test_copied_split_and_retyped_answers(fresh):
    mine = submission(fresh, answer_1="per_million = 1", answer_2=None, answer_4=None)
    second = copy.deepcopy(next(c for c in mine.cells if c.id == "answer-1"))
    second.update(id="other", source="per_million = 2")
    insert(mine, "answer-1", second)
    insert(mine, "close", new_code_cell("by_donor = flights"))  # far away, without metadata
    sources, repairs = run_order(fresh, mine)
    assert sources[sources.index("per_million = 1") :][:2] == ["per_million = 1", "per_million = 2"]
    assert sources[sources.index(CHECK_2) - 1] == "by_donor = flights"
    assert "ax = ..." in sources
    assert any("the cell that sets by_donor was taken" in r for r in repairs)
    assert "The answer cell of 90.4 was missing." in repairs


@pytest.mark.parametrize("after", ["prompt-1", "answer-1", "check-1"])
def test_an_answer_beside_its_empty_cell_counts(fresh, after):
    mine = insert(submission(fresh), after, new_code_cell("per_million = 3"))
    sources, repairs = run_order(fresh, mine)
    assert sources[sources.index(CHECK_1) - 1] == "per_million = 3"
    assert len(repairs) == 1


def test_lost_ids_and_metadata_are_no_hindrance(fresh):
    answers = {"answer_1": "per_million = 4", "answer_2": "by_donor = flights"}
    stripped = submission(fresh, **answers)
    for i, cell in enumerate(stripped.cells):
        cell.metadata, cell["id"] = nbformat.from_dict({}), f"new-{i}"
    lied = submission(fresh, **answers)
    for cell in lied.cells:
        cell.metadata["belgrade"] = {"question": "90.5", "role": "check", "spec": {"points": 99}}
    renamed = copy.deepcopy(lied)
    for i, cell in enumerate(renamed.cells):
        cell["id"] = f"new-{i}"
    damaged = submission(fresh, **answers)
    for cell in damaged.cells:
        cell.metadata["belgrade"] = "x"
    for mine in (stripped, lied, renamed, damaged):
        sources, _ = run_order(fresh, mine)
        assert sources[sources.index(CHECK_1) - 1] == "per_million = 4"
        assert sources[sources.index(CHECK_2) - 1] == "by_donor = flights"
        assert sum(s.startswith("flights =") for s in sources) == 1


def test_cells_in_another_order(fresh):
    mine = submission(fresh, answer_1="per_million = 4", answer_5="baseline = 'b'")
    mine.cells.reverse()
    sources, _ = run_order(fresh, mine)
    assert sources[sources.index(CHECK_1) - 1] == "per_million = 4"
    assert sources.index(CHECK_1) < sources.index("baseline = 'b'")


def test_written_answers(fresh):
    notebook, _ = assemble(fresh, submission(fresh, w_6="My words."))
    assert next(c for c in notebook.cells if role(c) == "written").source == "My words."
    below = insert(submission(fresh), "w-6", new_markdown_cell("Typed below."))
    notebook, _ = assemble(fresh, below)
    assert "Typed below." in next(c for c in notebook.cells if role(c) == "written").source
    _, repairs = assemble(fresh, submission(fresh, w_6=None))
    assert repairs == ["The text cell of 90.6 was missing."]


def test_an_empty_or_strange_notebook(fresh):
    sources, repairs = run_order(fresh, new_notebook())
    assert sources == [c.source for c in fresh.cells if c.cell_type == "code"]
    assert len(repairs) == 11
    strange = new_notebook(cells=[new_code_cell("x")])
    strange.cells[0] = nbformat.from_dict({"cell_type": "code", "source": ["a = 1\n", "b = 2"]})
    strange.cells.append(nbformat.from_dict({"cell_type": "poem"}))
    sources, _ = run_order(fresh, strange)
    assert "a = 1\nb = 2" in sources


def test_names_that_code_assigns():
    assert assigned("a = b, c = 1, 2\ndef f(): x = 1\nd.e = 2\ng += 1") >= {"a", "f", "g"}
    assert "x" not in assigned("def f(): x = 1")
    assert assigned("a = (\nf(") >= {"a"}


def written_in(notebook):
    return next(c.source for c in notebook.cells if role(c) == "written")


WORDS = (
    "Eleven planes came to Serbia in these weeks, and nobody says how many had been needed there."
)


@pytest.mark.parametrize("kind", ["raw", "code"])
def test_words_in_a_cell_of_another_type_are_words(fresh, kind):
    mine = submission(fresh, w_6=WORDS)
    next(c for c in mine.cells if c.id == "w-6")["cell_type"] = kind
    notebook, repairs = assemble(fresh, mine)
    assert written_in(notebook) == WORDS
    assert repairs == [f"The text of 90.6 stood in a {kind} cell: it is shown as text."]
    assert WORDS not in [c.source for c in notebook.cells if c.cell_type == "code"]
    # Its own cell is gone, and the words stand below the prompt.
    mine = insert(submission(fresh, w_6=None), "prompt-6", new_code_cell(WORDS))
    notebook, repairs = assemble(fresh, mine)
    assert written_in(notebook) == WORDS
    assert "The text of 90.6 stood in a code cell: it is shown as text." in repairs


def test_words_in_the_prompt_or_elsewhere_are_found_and_named(fresh):
    prompt = next(c.source for c in fresh.cells if c.id == "prompt-6")
    notebook, repairs = assemble(fresh, submission(fresh, prompt_6=f"{prompt}\n\n{WORDS}"))
    assert (written_in(notebook), len(repairs)) == (WORDS, 1)
    assert "90.6 stood in the prompt" in repairs[0]
    mine = insert(submission(fresh, w_6=None), "check-1", new_markdown_cell(WORDS))
    notebook, repairs = assemble(fresh, mine)
    assert written_in(notebook) == WORDS
    assert repairs == ["The text of 90.6 was found elsewhere in the notebook."]
    starter = next(c.source for c in fresh.cells if c.id == "w-6")
    mine = submission(fresh, prompt_6=prompt + "\n\nOK.")  # a slip, and no answer
    assert written_in(assemble(fresh, mine)[0]) == starter


def test_code_in_a_text_cell_runs(fresh):
    mine = submission(fresh, answer_1="per_million = 4")
    next(c for c in mine.cells if c.id == "answer-1")["cell_type"] = "markdown"
    sources, repairs = run_order(fresh, mine)
    assert sources[sources.index(CHECK_1) - 1] == "per_million = 4"
    assert repairs == ["The answer to 90.1 stood in a text cell: it is run as code."]


def test_answers_in_one_cell_go_to_their_questions(fresh):
    whole = (
        "import math\nper_million = 1; half = 2\n\n# the second\nby_donor = flights\n"
        "by_donor = by_donor.head()\nax = by_donor.plot()\nax.set_title('T')\nbaseline = 'a'"
    )
    for gone in ({}, {"answer_2": None, "answer_4": None}, {"answer_2": "", "answer_5": ""}):
        sources, repairs = run_order(fresh, submission(fresh, answer_1=whole, **gone))
        assert sources[sources.index(CHECK_1) - 1] == "import math\nper_million = 1; half = 2"
        # What stands in one line with the end of another part is in both.
        own = "per_million = 1; half = 2\n\n# the second\nby_donor = flights\n"
        own += "by_donor = by_donor.head()"
        assert sources[sources.index(CHECK_2) - 1] == own
        assert "ax = by_donor.plot()\nax.set_title('T')" in sources
        assert "baseline = 'a'" in sources
        assert repairs == [
            "The answers to 90.1, 90.2, 90.4, 90.5 stood in one cell: each takes its lines."
        ]
    # A question that has an answer of its own keeps it.
    sources, _ = run_order(fresh, submission(fresh, answer_1=whole, answer_5="baseline = 'b'"))
    assert sources[sources.index('check("90.5", baseline)') - 1] == "baseline = 'b'"


@pytest.mark.parametrize("lost", [False, True])
def test_a_name_that_two_questions_ask_for_leaves_each_its_own_answer(fresh, lost):
    """A chart from the template is in `ax`, as every exercise's first chart is."""
    shared = copy.deepcopy(fresh)
    for cell in shared.cells:
        if about(cell).get("question") == "90.2" and cell.cell_type == "code":
            cell.source = cell.source.replace("by_donor", "ax")
    first, second = "fig, ax = plt.subplots()\nax.plot([1])", "ax = plt.gca()"
    for one, other in ((first, "ax = ..."), ("ax = ...", second), (first, second)):
        mine = submission(shared, answer_4=one, answer_2=other, w_6=WORDS)
        if lost:
            for i, cell in enumerate(mine.cells):
                cell.metadata, cell["id"] = nbformat.from_dict({}), f"new-{i}"
        sources, repairs = run_order(shared, mine)
        assert repairs == [f for f in repairs if "as some programs save it" in f]
        assert sources[sources.index('check("90.4", ax)') - 1] == one
        assert sources[sources.index('check("90.2", ax)') - 1] == other
    # What is told apart by its name still leaves the cell of a chart.
    both = submission(shared, answer_4=f"{first}\nbaseline = 'a'")
    sources, repairs = run_order(shared, both)
    assert repairs == ["The answers to 90.4, 90.5 stood in one cell: each takes its lines."]
    assert sources[sources.index('check("90.5", baseline)') - 1] == "baseline = 'a'"


def test_ids_that_a_program_lost_are_told_once(fresh):
    mine = submission(fresh, answer_1="per_million = 4", answer_5="baseline = 'b'", w_6=WORDS)
    for i, cell in enumerate(mine.cells):
        cell.metadata, cell["id"] = nbformat.from_dict({"id": f"x{i}"}), f"new-{i}"
    notebook, repairs = assemble(fresh, mine)
    assert len(repairs) == 1 and "as some programs save it" in repairs[0]
    assert written_in(notebook) == WORDS
    for cell, known in zip(mine.cells, fresh.cells, strict=True):
        cell["id"] = known.id  # metadata alone are no loss
    assert assemble(fresh, mine)[1] == []


def test_a_notebook_that_lost_its_mark_is_not_of_another_version(fresh):
    mine = submission(fresh, answer_1="per_million = 4")
    assert versions.has_lost_its_mark(mine | {"metadata": {}}, {"notebook": fresh})
    assert not versions.has_lost_its_mark(
        mine | {"metadata": {"belgrade": {"version": "0"}}}, {"notebook": fresh}
    )
    mine.metadata = nbformat.from_dict({})
    fresh.cells[0].source += "\n%pip install git+ADDRESS"
    mine.cells[0].source += "\n%pip install git+https://example.org/uni/course"
    assert versions.has_lost_its_mark(mine, {"notebook": fresh})
    next(c for c in mine.cells if c.id == "prompt-1").source += " As a share."
    assert not versions.has_lost_its_mark(mine, {"notebook": fresh})


def test_prose_is_told_from_code():
    assert is_prose("I think that it was so (see C015), because of the count.")
    codes = ["x = 1", "print('a b c d e f')", "for x in y z", "a b c", "import this and that x"]
    for code in (*codes, "df[df.a == 1] and then so on", ""):
        assert not is_prose(code), code


def test_a_notebook_made_to_be_slow_is_not(fresh):
    prompt = next(c.source for c in fresh.cells if c.id == "prompt-1")
    name, deep = "a" * 100_000, "(" * 50_000
    odd = [name + "\n" * 100_000 + "?", deep, "\n" * 100_000 + "x y z w", "x = 1\n" * 20_000 + "?"]
    cells = [new_code_cell(text) for text in odd]
    cells += [new_markdown_cell(prompt[n % 9 + 1 :] + str(n)) for n in range(400)]
    start = time.process_time()
    assemble(fresh, new_notebook(cells=cells))
    assert time.process_time() - start < 5
