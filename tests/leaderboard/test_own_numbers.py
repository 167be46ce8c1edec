"""The table below a board of what variants report of themselves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ganzoo import files, registry
from ganzoo.leaderboard import board, page, rows, shown
from ganzoo.leaderboard.aggregate import aggregate
from ganzoo.leaderboard.index import StoreIndex
from ganzoo.leaderboard.own_numbers import own_numbers
from ganzoo.leaderboard.rows import COLUMNS
from ganzoo.scoring.protocol import Protocol, Score
from ganzoo.sealed import write_json
from ganzoo.training.runs import SCORE, Manifest, RunStore
from ganzoo.types import DataSpec, Estimate, LatentSpec, SelfReported

BOOK = registry.parse('api = 1\n[datasets.d]\nextractor = "digits"\n', "here")
LONG = [
    ("k0", "self:error:down", "1", "0.1"),
    ("k1", "self:error:down", "2", ""),
    ("k0", "self:purity:up", "0.5", ""),
    ("k0", "self:plain:none", "7", ""),
    ("k1", "self:odd:up", "not a number", ""),
    ("k0", "width", "9", ""),
    ("k0", "selfish", "9", ""),
    ("other", "self:error:down", "50", ""),
]


def test_means_over_the_seeds_of_the_board() -> None:
    found = own_numbers([("b", ["k1", "k0"]), ("a", ["k2"]), ("c", ["other"])], LONG)
    assert found == [
        ["b", "error ↓", "1.5 ± 6.4", "2"],  # t(0.975, 1) · s / √2
        ["b", "plain", "7", "1"],
        ["b", "purity ↑", "0.5", "1"],
        ["c", "error ↓", "50", "1"],
    ]
    assert own_numbers([("a", ["k2"])], LONG) == own_numbers([], LONG) == []


PROTOCOL = Protocol(
    dataset="d",
    dataset_digest="abc",
    split="train",
    n_real=100,
    n_fake=200,
    extractor="digits",
    extractor_sha256="0123456789abcdef",
    metrics={"fid": 1},
    seed=0,
)


def add(
    store: RunStore,
    variant: str,
    seed: int,
    *,
    errors: float,
    content: str = "",
    bench: int = 1,
    protocol: Protocol = PROTOCOL,
) -> None:
    """A scored run that reports one number, and has one of an extension's."""
    key = f"{variant}{seed}{bench}"
    manifest = Manifest(
        key=key,
        variant=variant,
        backend="numpy",
        role="model",
        distribution="dist",
        version="1",
        dataset="d",
        dataset_digest="abc",
        data_reference="d",
        data=DataSpec(name="d", kind="image", shape=(1, 8, 8)),
        latent=LatentSpec(z_dim=3),
        options={},
        seed=seed,
        device="cpu",
        status="finished",
        onnx_sha256=key,
        content_hash=content or key,
    )
    own = (SelfReported(name="error", direction="down", help="h", value=errors, se=0.25, n=9),)
    score = Score(
        protocol=protocol,
        protocol_hash=protocol.hash,
        estimates={"fid": Estimate(seed + 1.0, 0.5, 9), "width": Estimate(2.0, 0.5, 9)},
        sampled_sha256=key,
        bench=bench,
        attempt=1,
        reported=own,
    )
    folder = store.folder("d", variant, key)
    folder.write_manifest(manifest)
    write_json(folder.file(SCORE), score)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """Two variants with two seeds; the third seed of ``b`` gave the generator of its first."""
    store = RunStore(tmp_path / "runs")
    for seed, errors in enumerate((1.0, 2.0)):
        add(store, "b", seed, errors=errors, content=f"b{seed}")
        add(store, "a", seed, errors=errors / 10)
    add(store, "b", 2, errors=99.0, content="b0")
    return store


OWN = [["a", "error ↓", "0.15 ± 0.64", "2"], ["b", "error ↓", "1.5 ± 6.4", "2"]]


def test_they_are_rows_of_the_long_table_and_no_column_of_runs_csv(store: RunStore, tmp_path: Path) -> None:
    found = StoreIndex(store).collect()
    assert {"run": "a01", "column": "self:error:down", "value": "0.1", "se": "0.25"} in found.long
    assert {"run": "a01", "column": "width", "value": "2", "se": "0.5"} in found.long
    assert len(found.long) == 10
    board.write(store, tmp_path, BOOK)
    assert (tmp_path / "runs.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    assert not any("self:" in (tmp_path / name).read_text() for name in ("runs.csv", "d.csv"))
    assert "b21,self:error:down,99,0.25\n" in (tmp_path / rows.METRICS_FILE).read_text()


def test_a_page_has_them_below_its_board(store: RunStore, tmp_path: Path) -> None:
    board.write(store, tmp_path, BOOK)
    lines = (tmp_path / "d.md").read_text().splitlines()
    place = lines.index("## Self-reported, not ranked")
    assert lines[place - 1 : place + 8] == [
        "",
        "## Self-reported, not ranked",
        "",
        "| variant | number | mean | seeds |",
        "| --- | --- | --- | --- |",
        *("| " + " | ".join(row) + " |" for row in OWN),
        "",
        page.OWN_REMARK,
    ]
    assert place > lines.index(page._LEGEND[-1])


def test_only_what_the_board_shows_counts(store: RunStore, tmp_path: Path) -> None:
    """A later bench tried seed 0 of ``a`` anew, and it had other errors; seed 5 was scored by other rules before."""
    add(store, "a", 0, errors=0.3, bench=2)
    add(store, "a", 5, errors=88.0, protocol=msgspec.structs.replace(PROTOCOL, seed=1))
    board.write(store, tmp_path, BOOK)
    table = board.read_runs(tmp_path)
    found = board.own_rows(tmp_path, table, "d", aggregate(table, "d"))
    assert [row[:2] for row in found] == [row[:2] for row in OWN]
    assert found[0][2:] == ["0.25 ± 0.64", "2"]
    assert board.own_rows(tmp_path, table.assign(dataset="e"), "e", aggregate(table, "d")) == found


def test_boards_without_any_are_as_they_were(store: RunStore, tmp_path: Path) -> None:
    for folder in store.all():
        score = msgspec.json.decode(folder.file(SCORE).read_bytes(), type=Score)
        write_json(folder.file(SCORE), msgspec.structs.replace(score, reported=()))
    board.write(store, tmp_path, BOOK)
    assert "Self-reported" not in (tmp_path / "d.md").read_text()
    assert "self:" not in (tmp_path / rows.METRICS_FILE).read_text()
    assert shown.shown(tmp_path, "d", BOOK).own == []


def test_a_board_that_is_shown_has_them_as_metrics_csv_says(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    board.write(store, tmp_path, BOOK)
    assert shown.shown(tmp_path, "d", BOOK).own == OWN
    with monkeypatch.context() as patch:
        patch.setattr(board, "own_rows", lambda *given: pytest.fail("worked out again"))
        assert shown.shown(tmp_path, "d", BOOK).own == OWN
    path = tmp_path / rows.METRICS_FILE
    files.write_text(path, path.read_text().replace("a01,self:error:down,0.1,", "a01,self:error:down,0.2,"))
    assert shown.shown(tmp_path, "d", BOOK).own == [["a", "error ↓", "0.2", "2"], OWN[1]]
    path.unlink()
    assert shown.shown(tmp_path, "d", BOOK).own == []


def test_a_score_of_an_older_version_has_none(store: RunStore) -> None:
    folder = store.all()[0]
    content = msgspec.json.decode(folder.file(SCORE).read_bytes())
    for name in ("reported", "seal"):
        del content[name]
    write_json(folder.file(SCORE), content)
    found = StoreIndex(store).collect()
    assert (len(found.rows), len(found.long), found.skipped) == (5, 9, [])


def test_what_a_run_reports_is_no_part_of_a_protocol() -> None:
    assert PROTOCOL.hash == "e5b35fb20c62"
