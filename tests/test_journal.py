"""The journal: what is kept survives crashes, damage, two writers, and a folder without rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from shown import form_of, last_text

from belgrade import data, files, journal


@pytest.fixture
def path() -> Path:
    return journal.folder() / "journal.json"


def test_an_entry_is_kept_and_read_again(path: Path) -> None:
    assert journal.guess("x") is None
    assert journal.save("guess/x", 6.5).startswith("Saved")
    assert journal.guess("x") == 6.5
    assert json.loads(path.read_text(encoding="utf-8"))["entries"]["guess/x"]["value"] == 6.5


def test_verdicts_come_as_a_table() -> None:
    value = {"verdict": "supported", "confidence_pct": 70, "reason": "Vučić was there"}
    journal.save("verdict/01", value)
    table = journal.verdicts()
    assert table.loc[0, "reason"] == "Vučić was there"
    assert list(table.columns) == ["lesson", "verdict", "confidence_pct", "reason", "saved"]


def test_no_verdicts_is_an_empty_table() -> None:
    assert journal.verdicts().empty


@pytest.mark.parametrize("text", ["", '{"format": 1, "entr', "[]", '{"format": 9, "entries": {}}'])
def test_a_damaged_file_is_set_aside(
    path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert journal.entries() == {}
    assert "kept as journal-damaged-" in capsys.readouterr().out
    aside = list(path.parent.glob("journal-damaged-*.json"))
    assert [each.read_text(encoding="utf-8") for each in aside] == [text]
    journal.save("guess/x", 1)
    assert journal.guess("x") == 1


def test_two_notebooks_do_not_overwrite_each_other(path: Path) -> None:
    code = (
        "import sys; from belgrade import journal\n"
        "for n in range(25): journal.save(f'guess/{sys.argv[1]}.{n}', n)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert len(journal.entries()) == 50


def test_a_killed_kernel_leaves_a_whole_journal(path: Path) -> None:
    journal.save("guess/before", 1)
    code = (
        "from belgrade import journal\n"
        "while True: print(journal.save('guess/x', 'y' * 5000), flush=True)"
    )
    for seconds in (0.01, 0.08, 0.15):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline().startswith(b"Saved")
            time.sleep(seconds)
            writer.kill()
        assert json.loads(path.read_text(encoding="utf-8"))["entries"]["guess/before"]["value"] == 1
        path.with_suffix(".lock").unlink(missing_ok=True)  # or it is broken after ten seconds
    assert journal.save("guess/after", 2).startswith("Saved")


def test_a_notebook_waits_for_another_that_writes_and_never_writes_with_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.save("guess/before", 1)
    monkeypatch.setattr(files, "WAIT_S", 0.1)
    with files.locked(path.with_suffix(".lock")):
        assert "memory only (another notebook holds it)" in journal.save("guess/x", 2)
        assert set(journal.parse(path.read_text("utf-8"))) == {"guess/before"}
    assert journal.save("guess/y", 3).startswith("Saved")
    assert set(journal.parse(path.read_text("utf-8"))) == {"guess/before", "guess/x", "guess/y"}


@pytest.mark.parametrize("made", [1, time.time() + 3600], ids=["long ago", "in the future"])
def test_the_lock_of_a_dead_process_is_broken_at_once(path: Path, made: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_suffix(".lock")
    lock.touch()
    os.utime(lock, (made, made))
    began = time.monotonic()
    assert journal.save("guess/x", 1).startswith("Saved")
    assert time.monotonic() - began < files.WAIT_S  # it did not wait for the dead


@pytest.mark.parametrize("name", ["replace", "open"])
def test_a_file_that_is_in_use_for_a_moment_is_tried_again(
    path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OneDrive and virus scanners hold it, or Windows a lock that is being deleted."""
    journal.save("guess/before", 1)
    real, refused = getattr(os, name), []

    def once(target: Any, *rest: Any, **options: Any) -> Any:
        if "journal" in f"{target}{rest}" and not refused:
            refused.append(target)
            raise PermissionError(13, "The file is being used by another process")
        return real(target, *rest, **options)

    monkeypatch.setattr(os, name, once)
    assert journal.save("guess/x", 2).startswith("Saved")
    assert refused
    assert set(journal.parse(path.read_text("utf-8"))) == {"guess/before", "guess/x"}


def test_a_journal_that_cannot_be_read_now_is_not_replaced(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.save("guess/before", 1)
    content = path.read_bytes()

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "The file is being used by another process")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "memory only" in journal.save("guess/x", 2)
    assert journal.guess("x") == 2
    monkeypatch.undo()
    monkeypatch.setenv("BELGRADE_WORK", str(path.parent))
    assert path.read_bytes() == content
    assert journal.save("guess/y", 3).startswith("Saved")  # and what was in memory with it
    assert set(journal.parse(path.read_text("utf-8"))) == {"guess/before", "guess/x", "guess/y"}


def test_what_editors_and_browsers_put_into_a_text_is_read(path: Path) -> None:
    entry = {"format": 1, "entries": {"guess/x": {"value": 1, "saved": ""}}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry), encoding="utf-8-sig")
    assert journal.guess("x") == 1
    assert journal.save("brief/09", "half an emoji \ud83d").startswith("Saved")
    assert journal.get("brief/09") == "half an emoji ?"


def test_what_cannot_be_written_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELGRADE_WORK", str(Path(sys.executable) / "not-a-folder"))
    monkeypatch.setattr(journal, "_memory", {})
    assert "memory only" in journal.save("guess/x", 3)
    assert journal.guess("x") == 3
    assert b'"guess/x"' in journal.as_bytes()


def test_a_journal_is_taken_away_and_brought_back(path: Path) -> None:
    journal.save("guess/x", 1)
    away = journal.as_bytes().decode("utf-8")
    path.unlink()
    assert journal.merge(away) == "1 entry was brought back."
    assert journal.guess("x") == 1


def test_bringing_back_keeps_the_newer_entry() -> None:
    old = {"format": 1, "entries": {"guess/x": {"value": 1, "saved": "2020-01-01T00:00:00Z"}}}
    journal.save("guess/x", 2)
    assert journal.merge(json.dumps(old)) == "0 entries were brought back."
    assert journal.guess("x") == 2


def test_a_text_that_is_no_journal_is_refused() -> None:
    journal.save("guess/x", 2)
    with pytest.raises(journal.Damaged, match="not a journal"):
        journal.merge("[1, 2")
    assert journal.guess("x") == 2


def test_the_guess_form_commits(displayed: list) -> None:
    journal.ask_guess("k", "How many?", unit="planes", minimum=0, maximum=9)
    _, field, button = form_of(displayed).children
    button.click()
    assert "Type a number first." in last_text(displayed)
    assert journal.guess("k") is None
    field.value = "4"
    assert journal.guess("k") == 4  # the press came before what was typed
    button.click()
    assert "You guessed 4 planes" in last_text(displayed)
    page = displayed[-1]["data"]["text/html"]
    assert "How many?" in page
    assert "Your guess: 4 planes." in page
    for wrong, words in [("12", "outside of what is asked: 0 to 9"), ("3,5", "no whole number")]:
        field.value = wrong
        assert words in last_text(displayed)
        assert journal.guess("k") == 4


def test_a_guess_is_kept_only_when_it_is_committed(displayed: list) -> None:
    journal.ask_guess("k", "How many?", unit="planes", minimum=0, maximum=9, step=0.5)
    _, field, button = form_of(displayed).children
    field.value = "3,7"
    assert journal.guess("k") is None
    button.click()
    assert journal.guess("k") == 3.7


def test_the_verdict_form_asks_for_what_is_missing(displayed: list) -> None:
    journal.ask_verdict("01", "What do you make of it?")
    _, verdict, confidence, reason, button = form_of(displayed).children
    button.click()
    assert "Choose a verdict" in last_text(displayed)
    verdict.value = "complicated"
    button.click()
    assert "Choose how sure" in last_text(displayed)
    confidence.value = 80
    assert "Write one sentence" in last_text(displayed)
    reason.value = "Two receptions were left out."
    button.click()
    assert journal.get("verdict/01") == {
        "verdict": "complicated",
        "confidence_pct": 80,
        "reason": "Two receptions were left out.",
    }
    assert "complicated → your verdict" in last_text(displayed)
    assert "80% sure, because: Two receptions were left out." in last_text(displayed)


def test_a_code_belongs_to_the_item_that_it_was_clicked_on(displayed: list) -> None:
    items = {"a": "warm words", "b": "cold words", "c": "no words"}
    journal.ask_codes("k", "Warm or cold?", items, ["warm", "cold"])
    cards = form_of(displayed).children[1]
    warm, cold = cards.children[1].children
    warm.click()
    cold.click()  # by a hand that still saw the first card
    assert journal.codes("k") == {"a": "cold"}
    assert "2 of 3. Not coded yet." in cards.children[0].value
    assert "Warm words → cold" in last_text(displayed)
    for _ in range(2):
        cards.children[1].children[0].click()
    assert journal.codes("k") == {"a": "cold", "b": "warm", "c": "warm"}
    assert "That was all" in last_text(displayed)


def test_probabilities_that_arrive_after_the_press_are_kept(displayed: list) -> None:
    journal.ask_probabilities("k", "How likely?", {"C1": "rain", "C2": "snow"})
    _, _, first, _, second, button = form_of(displayed).children
    first.value = 0.25
    button.click()
    second.value = 0.95
    assert journal.probabilities("k") == {"C1": 0.25, "C2": 0.95}
    assert "2 of 2 answered" in last_text(displayed)
    assert "snow → almost surely (95%)" in last_text(displayed)


@pytest.mark.parametrize("lesson", [f"{number:02d}" for number in range(10)])
def test_every_checkpoint_question_gives_feedback_on_each_option(
    lesson: str, displayed: list
) -> None:
    bank = data.load("questions").query("lesson == @lesson")
    journal.checkpoint(*bank["question_id"])
    box = form_of(displayed)
    for number, (_, row) in enumerate(bank.iterrows()):
        _, radio, reply = box.children[3 * number : 3 * number + 3]
        assert len(set(radio.options)) == 4
        for option in radio.options:
            radio.value = option
            right = option == str(row["answer"])
            assert reply.value.startswith("✓ Right." if right else "✗ Not this one.")
            assert len(reply.value) > len("✗ Not this one. ") + 15
            outcome = "right" if right else "not this one"
            assert f"Question {number + 1}: {outcome}" in last_text(displayed)
