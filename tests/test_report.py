"""Cards, tables and their errors: what a student meets first."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from belgrade import data, report
from belgrade.publishing import dictionary

ROOT = Path(__file__).resolve().parent.parent


def test_every_claim_note_figure_and_term_has_a_card() -> None:
    makers = {
        "claims": ("claim_id", report.claim),
        "notes": ("note", report.note),
        "figures": ("figure_id", report.figure),
        "glossary": ("term", report.term),
    }
    for table, (key, make) in makers.items():
        for value in data.load(table)[key]:
            card = make(value)
            for text in (repr(card), card._repr_html_()):
                assert "nan" not in text.split()
                assert "<NA>" not in text


def test_a_claim_card_links_its_notes() -> None:
    page = report.claim("C044")._repr_html_()
    assert page.count("<a href=") == 2


@pytest.mark.parametrize(
    ("make", "wanted", "near"),
    [(report.claim, "C4", "C"), (report.term, "EAUE", "EAEU"), (report.figure, "F999", "F")],
)
def test_what_is_not_in_the_report_names_the_nearest(make: object, wanted: str, near: str) -> None:
    with pytest.raises(report.NotInReport, match=wanted) as caught:
        make(wanted)
    assert "\n" not in str(caught.value)
    assert near in str(caught.value)


def test_a_misspelt_table_gives_one_line_that_names_the_nearest() -> None:
    with pytest.raises(data.NoSuchTable) as caught:
        data.load("clams")
    words = "There is no table 'clams'. Did you mean 'claims' or 'donor_claims'?"
    assert str(caught.value) == words
    assert caught.value._render_traceback_() == [f"NoSuchTable: {caught.value}"]


def test_load_gives_a_fresh_frame() -> None:
    first = data.load("claims")
    first.loc[0, "claim_id"] = "changed"
    assert data.load("claims").loc[0, "claim_id"] == "C001"
    assert data.load("claims").shape[0] == 189


def test_tables_load_with_the_types_that_they_declare() -> None:
    import pandas as pd

    kinds = {"integer": pd.api.types.is_integer_dtype, "number": pd.api.types.is_float_dtype}
    kinds |= {"date": pd.api.types.is_datetime64_any_dtype, "boolean": pd.api.types.is_bool_dtype}
    kinds["string"] = pd.api.types.is_string_dtype
    for table in (each["name"] for each in data.package()["resources"]):
        frame = data.load(table)
        for field in data.resource(table)["schema"]["fields"]:
            column = frame[field["name"]]
            assert kinds[field["type"]](column), (table, field, column.dtype)
        assert table in repr(data.describe(table))


def test_citing_a_table_tells_how_each_source_was_read() -> None:
    cited = data.cite("aid_deliveries")
    assert set(cited["how_read"]) <= {"opening_text", "whole_file", "whole_document", "derived"}
    assert len(cited) == data.load("aid_deliveries")["source_id"].nunique()


def test_the_data_dictionary_is_what_build_makes() -> None:
    made = dictionary.dictionary(data.package())
    assert (ROOT / "data" / "README.md").read_text(encoding="utf-8") == made


def test_the_data_dictionary_is_of_the_folders_own_data_whatever_the_variable_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who adapts the module beside the original sets the variable for the whole shell."""
    (tmp_path / "datapackage.json").write_text('{"resources": []}', encoding="utf-8")
    monkeypatch.setenv("BELGRADE_DATA", str(tmp_path))
    assert dictionary.write(ROOT, check=True) == []
    assert "data/lesson-01.md" in dictionary.pages(ROOT)


def test_importing_the_package_does_not_import_pandas_or_matplotlib() -> None:
    code = (
        "import sys; from belgrade import data, explorers, figures, journal, report\n"
        "heavy = {'pandas', 'matplotlib', 'belgrade.checks'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_claim_without_a_note_is_found_between_those_around_it() -> None:
    claims = data.load("claims")
    body = claims[claims["location"].str.startswith("body")]
    assert body["note_numbers"].isna().any()
    last = 0
    for row in body[body["section"] != "press_release"].itertuples():
        text = report.claim(row.claim_id).text
        if isinstance(row.note_numbers, str):  # the report's notes are numbered as they come
            numbers = [int(number) for number in row.note_numbers.split(";")]
            assert last <= min(numbers)
            last = max(numbers)
        elif last:
            assert re.search(
                rf"No note; it stands (between notes {last} and \d+|after note {last})\.", text
            )
