"""The faults that `run.py test --faults` tries are still there to be made."""

from __future__ import annotations

from faults import ROOT, faults


def test_each_fault_changes_one_place_and_names_tests_that_there_are() -> None:
    assert len({fault["what"] for fault in faults()}) == len(faults())
    for fault in faults():
        code = (ROOT / fault["file"]).read_text(encoding="utf-8")
        assert code.count(fault["right"]) == 1, f"{fault['what']}: {fault['file']} has changed"
        for test in fault["tests"].split():
            assert (ROOT / test.partition("::")[0]).exists(), test
