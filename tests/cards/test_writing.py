"""Where a card goes, and what it never replaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from ganzoo.cards.page import card
from ganzoo.cards.record import read_record
from ganzoo.cards.writing import is_ours, marked, write
from ganzoo.errors import StoreError, UsageError
from ganzoo.files import sha256
from ganzoo.training.runs import RunFolder
from ganzoo.verify import verify_run


def test_beside_its_run_by_default(runs: list[RunFolder]) -> None:
    record = read_record(runs[0].path)
    (path,) = write(record, None)
    assert path == runs[0].path / "README.md"
    assert path.read_text() == marked(card(runs[0].path))
    before = path.read_bytes()
    assert write(record, None) == [path]
    assert path.read_bytes() == before
    assert not verify_run(runs[0]).findings


@pytest.mark.parametrize("slash", [True, False])
def test_a_folder_gets_all_that_a_hub_wants(slash: bool, runs: list[RunFolder], tmp_path: Path) -> None:
    target = tmp_path / "up" / "here"
    if not slash:
        target.mkdir(parents=True)
    written = write(read_record(runs[0].path), f"{target}/" if slash else str(target), licence="mit")
    assert written[0] == target / "README.md"
    assert sorted(written) == sorted(target.iterdir())
    assert {path.name for path in written} == {"README.md", "generator.onnx", "generator.json", "samples.png"}
    for name in ("generator.onnx", "samples.png"):
        assert (target / name).read_bytes() == runs[0].file(name).read_bytes()
    assert sha256(target / "generator.onnx") in written[0].read_text()
    before = {path: path.read_bytes() for path in written}
    write(read_record(runs[0].path), str(target), licence="mit")
    assert {path: path.read_bytes() for path in written} == before


def test_the_folder_of_the_run_is_left_as_it_is(runs: list[RunFolder]) -> None:
    before = set(runs[0].path.iterdir())
    assert write(read_record(runs[0].path), f"{runs[0].path}/") == [runs[0].path / "README.md"]
    assert set(runs[0].path.iterdir()) - before == {runs[0].path / "README.md"}


def test_a_file_of_any_name(runs: list[RunFolder], tmp_path: Path) -> None:
    target = tmp_path / "Card.MD"
    assert write(read_record(runs[0].path), str(target)) == [target]
    assert is_ours(target)
    with pytest.raises(UsageError, match=r"written as \.md, not as 'card\.txt'"):
        write(read_record(runs[0].path), str(tmp_path / "card.txt"))


@pytest.mark.parametrize("change", ["# mine\n", "prepended", "appended", "crlf", "mark alone"])
def test_what_somebody_wrote_or_changed_is_not_lost(change: str, runs: list[RunFolder]) -> None:
    record = read_record(runs[0].path)
    (path,) = write(record, None)
    ours = path.read_text()
    theirs = {
        "prepended": f"x{ours}",
        "appended": f"{ours}x",
        "crlf": ours.replace("\n", "\r\n"),
        "mark alone": ours[-36:],
    }.get(change, change)
    path.write_bytes(theirs.encode())
    with pytest.raises(UsageError, match=r"README\.md is there already and is no card that ganzoo wrote"):
        write(record, None)
    assert path.read_bytes() == theirs.encode()
    write(record, None, force=True)
    assert path.read_text() == ours


@pytest.mark.parametrize("name", ["samples.png", "generator.onnx"])
def test_other_files_of_a_folder_are_not_lost(name: str, runs: list[RunFolder], tmp_path: Path) -> None:
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / name).write_text("mine")
    with pytest.raises(UsageError, match=f"{name} is there already beside no card"):
        write(read_record(runs[0].path), f"{tmp_path}/up/")
    assert [path.name for path in (tmp_path / "up").iterdir()] == [name]
    assert len(write(read_record(runs[0].path), f"{tmp_path}/up/", force=True)) == 4


def test_a_link_is_not_lost_where_it_leads_nowhere(runs: list[RunFolder], tmp_path: Path) -> None:
    (runs[0].path / "README.md").symlink_to(tmp_path / "gone.md")
    with pytest.raises(UsageError, match=r"README\.md is there already"):
        write(read_record(runs[0].path), None)


def test_a_folder_that_cannot_be(runs: list[RunFolder], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="Cannot write"):
        write(read_record(runs[0].path), f"{tmp_path}/file/up/")
