"""Judgements on the disk: nothing is lost, nothing is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.errors import StoreError, UsageError
from ganzoo.rating.journal import Journal, Judgement, rater_name, read_all


def judged(number: int, rater: str = "anna", **more: object) -> Judgement:
    fields: dict[str, object] = {"part": "judged", "source": "good", "index": 7, "fake": True, "said_fake": True}
    fields |= {"seconds": 0.5, "exposure": None, "shown": None, "date_utc": "2026-01-01T00:00:00Z"} | more
    return Judgement(rater=rater, number=number, **fields)  # type: ignore[arg-type]


def filled(folder: Path, n: int = 3, rater: str = "anna") -> Journal:
    journal = Journal(folder, rater)
    for number in range(n):
        journal.append(judged(number, rater))
    return journal


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    before = filled(tmp_path).judgements
    assert Journal(tmp_path, "anna").judgements == before
    assert read_all(tmp_path) == {"anna": before}


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_line_that_a_kill_cut_short_was_never_said(tmp_path: Path, cut: int) -> None:
    path = filled(tmp_path).path
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    journal = Journal(tmp_path, "anna")
    assert [each.number for each in journal.judgements] == [0, 1]
    journal.append(judged(2))
    assert path.read_bytes() == whole


def test_a_damaged_line_is_named_with_its_file(tmp_path: Path) -> None:
    path = filled(tmp_path).path
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], b"{}", *lines[2:]]))
    with pytest.raises(StoreError, match=rf"{path}.* line 2 is no judgement"):
        Journal(tmp_path, "anna")


def test_a_line_that_is_gone_is_noticed(tmp_path: Path) -> None:
    path = filled(tmp_path).path
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([lines[0], *lines[2:]]))
    with pytest.raises(StoreError, match="line 2 is of image 3"):
        read_all(tmp_path)


def test_a_journal_that_cannot_be_written_keeps_what_it_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = filled(tmp_path)
    before = journal.path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        journal.append(judged(3))
    assert len(journal.judgements) == 3
    assert journal.path.read_bytes() == before


def test_names_that_differ_have_files_that_differ(tmp_path: Path) -> None:
    names = ["anna", "Anna", "../anna", "a b", "a-b", "Ä", "ä", "x" * 60]
    paths = {Journal(tmp_path, name).path for name in names}
    assert len({str(path).lower() for path in paths}) == len(names)
    assert {path.parent for path in paths} == {tmp_path}


@pytest.mark.parametrize("text", ["", "  ", "a\x00b", "x" * 61])
def test_a_name_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="1 to 60 letters"):
        rater_name(text)


def test_a_name_is_the_same_however_it_is_spaced() -> None:
    assert rater_name("  Anna \n  B ") == "Anna B"
