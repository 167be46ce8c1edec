from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from ganzoo import files, registry
from ganzoo.columns import MEASURED
from ganzoo.errors import StoreError
from ganzoo.leaderboard import board, page, rows
from ganzoo.leaderboard.aggregate import aggregate, left_out
from ganzoo.leaderboard.index import StoreIndex
from ganzoo.options import content_hash
from ganzoo.scoring.protocol import Protocol, Score
from ganzoo.sealed import write_json
from ganzoo.training.runs import REAL, SCORE, Failure, Manifest, RunStore
from ganzoo.types import DataSpec, Estimate, LatentSpec

BOOK = registry.parse('api = 1\n[datasets.digits]\nextractor = "digits"\n', "here")
PROTOCOL = Protocol(
    dataset="digits",
    dataset_digest="abc",
    split="train",
    n_real=100,
    n_fake=200,
    extractor="digits",
    extractor_sha256="0123456789abcdef",
    metrics={"fid": 1},
    seed=0,
)
PINNED = """
variant backend distribution version dataset protocol extractor n_real n_fake seed status fid fid_se is is_se
kid kid_se precision recall density coverage modes mode_kl vendi memorised parameters steps train_seconds
samples_per_second provider parity onnx_sha256 options_hash ganzoo_version date_utc note fid_unbiased
memorised_heldout ct hq spread label_accuracy code_error role run duplicates content_hash train_cpu_seconds
bench attempt repeats precision_se recall_se density_se coverage_se modes_se mode_kl_se vendi_se memorised_se
fid_unbiased_se memorised_heldout_se ct_se hq_se spread_se label_accuracy_se code_error_se duplicates_se repeats_se
fid_total fid_unbiased_total precision_total recall_total density_total coverage_total mode_kl_total repeats_total
"""
ROLES = {"gaussian": "floor", "memoriser": "ceiling", "vae": "comparator", "autoencoder": "comparator"}


def add(
    store: RunStore,
    variant: str,
    seed: int,
    fid: float,
    *,
    modes: float = 10,
    quick: bool = False,
    day: int = 1,
    protocol: Protocol = PROTOCOL,
    steps: int = 5,
    bench: int = 1,
    attempt: int = 1,
    content: str = "",
    cells: dict[str, tuple[int, int]] | None = None,
) -> None:
    """A finished and scored run."""
    sha = f"{variant}{seed}{fid}{quick}"
    manifest = Manifest(
        key=sha,
        variant=variant,
        backend="numpy",
        role=ROLES.get(variant, "model"),
        distribution=f"{variant}-dist",
        version="1.0",
        dataset="digits",
        dataset_digest="abc",
        data_reference="digits",
        data=DataSpec(name="digits", kind="image", shape=(1, 8, 8), classes=10),
        latent=LatentSpec(z_dim=3),
        options={"steps": steps},
        seed=seed,
        device="cpu",
        quick=quick,
        status="finished",
        finished_utc=f"2026-01-{day:02}T00:00:00Z",
        train_seconds=12.5,
        train_cpu_seconds=11.5,
        content_hash=content or sha,
        steps=5,
        parameters=1000,
        parity=1e-7,
        onnx_sha256=sha,
        ganzoo_version="0.1.0",
    )
    estimates = {
        "fid": Estimate(fid, 0.01, 200),
        "modes": Estimate(modes, None, 200),
        "kid": Estimate(fid / 100, 0.001, 200),
    }
    score = Score(
        protocol=protocol,
        protocol_hash=protocol.hash,
        estimates=estimates,
        sampled_sha256=sha,
        scored_utc=f"2026-01-{day:02}T00:00:00Z",
        bench=bench,
        attempt=attempt,
        cells=cells or {},
        samples_per_second=1000.0,
        provider="CPU",
    )
    folder = store.folder("digits", variant, sha)
    folder.write_manifest(manifest)
    write_json(folder.file(SCORE), score)


def fail(
    store: RunStore,
    variant: str,
    seed: int,
    note: str = "killed by signal 9",
    quick: bool = False,
    run: str = "",
    bench: int = 1,
    attempt: int = 0,
) -> None:
    """A failure; ``run`` is the key where it was known."""
    known = {"run": run, "version": "1.0", "options_hash": content_hash({"steps": 5})} if run else {}
    failure = Failure(
        variant=variant,
        dataset="digits",
        seed=seed,
        quick=quick,
        note=note,
        date_utc="2026-02-01T00:00:00Z",
        bench=bench,
        attempt=attempt,
        **known,
    )
    write_json(store.failure_file("digits", variant, seed, quick), failure)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    """good is better than two that cannot be told apart; lonely has one seed; broken has none."""
    store = RunStore(tmp_path / "runs")
    for variant, values in {"good": (1.0, 1.1), "one": (20.0, 20.5), "other": (20.5, 21.2), "lonely": (0.5,)}.items():
        for seed, fid in enumerate(values):
            add(store, variant, seed, fid)
    add(store, "gaussian", 0, 30.0)
    add(store, "memoriser", 0, 0.1)
    fail(store, "broken", 0)
    return store


def table(store: RunStore, out: Path, quick: bool = False) -> pd.DataFrame:
    board.write(store, out, BOOK, quick)
    return aggregate(board.read_runs(out), "digits").set_index("variant")


def test_every_metric_has_its_errors_among_the_columns() -> None:
    errors = {f"{name}_se" for name in rows.MEASURED} | {f"{name}_total" for name in rows.TOTALS}
    assert errors <= set(rows.COLUMNS)
    assert set(rows.MEASURED) <= set(rows.COLUMNS) and set(rows.TOTALS) <= set(rows.MEASURED)
    assert len(set(rows.COLUMNS)) == len(rows.COLUMNS)


def test_the_columns_of_runs_csv_never_move() -> None:
    """People read this file with their own scripts: add new names at the end of both lists, change nothing else."""
    assert list(board.COLUMNS) == PINNED.split()
    assert len(set(board.COLUMNS)) == len(board.COLUMNS)
    assert set(MEASURED) < set(board.COLUMNS)


def test_the_same_store_gives_the_same_bytes(store: RunStore, tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in board.write(store, tmp_path / "a", BOOK)}
    second = {path.name: path.read_bytes() for path in board.write(store, tmp_path / "b", BOOK)}
    again = {path.name: path.read_bytes() for path in board.write(store, tmp_path / "a", BOOK)}
    assert set(first) == {"runs.csv", "digits.csv", "digits.md", "datapackage.json"}
    assert first == second == again
    assert all(b"\r" not in content for content in first.values())


def test_ranks_have_ties_and_leave_out_what_cannot_be_ranked(store: RunStore, tmp_path: Path) -> None:
    found = table(store, tmp_path)
    assert found["rank"].to_dict() == {
        "good": "1",
        "one": "2",
        "other": "2",
        "lonely": "",
        "broken": "",
        "gaussian": "",
        "memoriser": "",
    }
    assert list(found.index[-2:]) == ["gaussian", "memoriser"], "floors and ceilings come after the models"


def with_comparators(store: RunStore) -> None:
    """Two that no GAN is: one better than every model, and one worse."""
    for variant, values in {"vae": (0.2, 0.3), "autoencoder": (25.0, 25.5)}.items():
        for seed, fid in enumerate(values):
            add(store, variant, seed, fid)


def test_comparators_stand_between_models_and_floors_without_a_rank(store: RunStore, tmp_path: Path) -> None:
    before = table(store, tmp_path / "before")
    with_comparators(store)
    found = table(store, tmp_path / "after")
    assert list(found.index) == [
        *("lonely", "good", "one", "other", "broken"),
        *("vae", "autoencoder"),
        *("gaussian", "memoriser"),
    ]
    assert found.loc["vae", "fid"] == pytest.approx(0.25)
    assert found.loc["vae", "fid_ci"] == pytest.approx(np.hypot(12.7062 * 0.05, 1.96 * 0.01), rel=1e-4)
    assert list(found.loc[["vae", "autoencoder"], "rank"]) == ["", ""]
    assert list(found.loc[["vae", "autoencoder"], "behind"]) == ["", ""]
    ours = found.loc[before.index, ["rank", "behind"]]
    assert ours.equals(before[["rank", "behind"]]), "nobody is behind them"


def test_comparators_are_no_part_of_the_correction(store: RunStore, tmp_path: Path) -> None:
    """With p = .011, one pair of two models is told apart, and one of six would not be."""
    two = RunStore(tmp_path / "two")
    for variant, values in {
        "a": (1.0, 2.0, 3.0),
        "b": (4.5, 5.5, 6.2),
        "vae": (1.5, 3.5, 5.5),
        "autoencoder": (2.0, 3.5, 5.0),
    }.items():
        for seed, fid in enumerate(values):
            add(two, variant, seed, fid)
    assert list(table(two, tmp_path)["behind"]) == ["", "a", "", ""]


def test_a_comparator_that_failed_is_no_model(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    add(store, "good", 0, 1.0)
    failure = Failure(variant="vae", dataset="digits", seed=0, quick=False, note="x", date_utc="", role="comparator")
    write_json(store.failure_file("digits", "vae", 0, False), failure)
    assert table(store, tmp_path).loc["vae", "role"] == "comparator"
    assert "(vae, comparator)" in (tmp_path / "digits.md").read_text()


def test_means_and_intervals_over_seeds(store: RunStore, tmp_path: Path) -> None:
    found = table(store, tmp_path)
    assert found.loc["one", "fid"] == pytest.approx(20.25)
    assert found.loc["one", "fid_ci"] == pytest.approx(12.7062 * 0.25, rel=1e-4)  # t(0.975, 1) · s / √2
    assert np.isnan(found.loc["lonely", "fid_ci"])
    assert found.loc["one", "seeds"] == 2


def test_a_failed_run_is_a_row_with_its_reason(store: RunStore, tmp_path: Path) -> None:
    fail(store, "good", 2, "out of memory")
    found = table(store, tmp_path)
    assert (found.loc["broken", "seeds"], found.loc["broken", "failed"]) == (0, 1)
    assert found.loc["broken", "collapse_rate"] == 1
    assert (found.loc["good", "seeds"], found.loc["good", "failed"]) == (2, 1)
    assert found.loc["good", "collapse_rate"] == pytest.approx(1 / 3)
    page = (tmp_path / "digits.md").read_text()
    assert "- broken: killed by signal 9" in page
    assert "- good: out of memory" in page
    assert "2 (1 failed)" in page


def test_a_board_of_failures_alone(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    fail(store, "broken", 0)
    assert table(store, tmp_path).loc["broken", "collapse_rate"] == 1
    assert "- broken: killed" in (tmp_path / "digits.md").read_text()


def test_half_the_modes_lost_is_a_collapse(store: RunStore, tmp_path: Path) -> None:
    add(store, "good", 2, 9.0, modes=4)
    add(store, "good", 3, 9.0, modes=5)
    assert table(store, tmp_path).loc["good", "collapse_rate"] == pytest.approx(1 / 4)


def test_old_rows_stay_as_they_are_and_new_ones_follow(store: RunStore, tmp_path: Path) -> None:
    board.write(store, tmp_path, BOOK)
    file = tmp_path / "runs.csv"
    before = file.read_text()
    add(store, "good", 7, 1.05, day=3)
    board.write(store, tmp_path, BOOK)
    assert file.read_text().startswith(before)
    assert len(file.read_text().splitlines()) == len(before.splitlines()) + 1
    for folder in store.all():
        folder.file("run.json").unlink()
    board.write(store, tmp_path, BOOK)
    assert file.read_text().startswith(before), "rows outlive the runs they came from"


RUN = "good21.2False"
"""The key of ``add(store, "good", 2, 1.2)``."""


def test_a_run_tried_again_with_success_counts_as_one(store: RunStore, tmp_path: Path) -> None:
    """Scored, then it failed to be scored again, then scored; each attempt counts over those before, any clock says."""
    add(store, "good", 2, 1.2, day=30)
    assert table(store, tmp_path).loc["good", "failed"] == 0
    fail(store, "good", 2, run=RUN, bench=2, attempt=2)
    row = table(store, tmp_path).loc["good"]
    assert (row["seeds"], row["failed"]) == (2, 1)
    store.failure_file("digits", "good", 2, False).unlink()
    add(store, "good", 2, 1.2, day=1, bench=3, attempt=3)
    row = table(store, tmp_path).loc["good"]
    assert (row["seeds"], row["failed"]) == (3, 0)
    assert "killed by signal 9" in (tmp_path / "runs.csv").read_text(), "what happened is not forgotten"


@pytest.mark.parametrize("known", [True, False], ids=["same attempt", "run not known"])
def test_a_failure_beside_a_good_run_hides_nothing(known: bool, store: RunStore, tmp_path: Path) -> None:
    """A later bench, and a later clock; but it tried at the same time, or never got to the run."""
    add(store, "good", 2, 1.2)
    fail(store, "good", 2, **({"run": RUN, "bench": 2, "attempt": 1} if known else {"bench": 2}))
    row = table(store, tmp_path).loc["good"]
    assert (row["seeds"], row["failed"]) == (3, 0)


def test_new_options_replace_old_ones_on_the_board(store: RunStore, tmp_path: Path) -> None:
    board.write(store, tmp_path, BOOK)
    for seed, fid in enumerate((3.0, 3.2)):
        add(store, "good", seed, fid, steps=50, bench=2)
    found = table(store, tmp_path)
    assert found.loc["good", "fid"] == pytest.approx(3.1)
    assert found.loc["good", "seeds"] == 2


def test_new_options_that_fail_are_what_the_board_shows(store: RunStore, tmp_path: Path) -> None:
    board.write(store, tmp_path, BOOK)
    for path in sorted(store.root.glob("digits/good/*/score.json")):
        path.unlink()
    rows = board.read_runs(tmp_path)
    rows.loc[rows["variant"] == "good", "options_hash"] = "older"
    (tmp_path / "runs.csv").write_text(board.to_csv(rows))
    fail(store, "good", 0, run="new", bench=2, attempt=1)
    row = table(store, tmp_path).loc["good"]
    assert (row["seeds"], row["failed"], row["rank"]) == (0, 1, "")


def test_cells_of_a_grid_and_the_recipe_hide_nothing_of_each_other(store: RunStore, tmp_path: Path) -> None:
    """Other options, and later benches; a run that stands for two of them is a row of both."""
    for seed in (0, 1):
        add(store, "good", seed, 5.0 + seed / 10, steps=50, cells={"steps=50": (3, 1)})
        add(store, "good", seed, 7.0 + seed / 10, steps=70, cells={"steps=70": (4, 1), 'name="a b"': (5, 1)})
    fail(store, "good", 2)
    found = table(store, tmp_path)
    assert found.loc["good", "fid"] == pytest.approx(1.05)
    assert found.loc["good steps=50", "fid"] == pytest.approx(5.05)
    assert found.loc["good steps=70", "fid"] == found.loc['good name="a b"', "fid"] == pytest.approx(7.05)
    assert (found.loc["good", "failed"], found.loc["good steps=50", "failed"]) == (1, 0)
    assert len({found.loc[name, "options_hash"] for name in ("good", "good steps=50", "good steps=70")}) == 3
    assert found.loc["good steps=70", "behind"] == "good steps=50", "the recipe itself has a seed that failed"
    assert found.loc["good", "not_ranked"] == "1 of 3 failed"
    bytes_of = {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")}
    (tmp_path / "runs.csv").unlink()
    board.write(store, tmp_path, BOOK)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.csv")} == bytes_of, "from the store alone"
    for seed in (0, 1):
        add(store, "good", seed, 2.0 + seed / 10, steps=51, cells={"steps=50": (6, 1)})
    again = table(store, tmp_path)
    assert again.loc["good steps=50", "fid"] == pytest.approx(2.05), "a new recipe of one cell is that cell's row"
    assert again.loc[["good", "good steps=70"], "fid"].tolist() == pytest.approx([1.05, 7.05])


def test_protocols_are_never_mixed(store: RunStore, tmp_path: Path) -> None:
    """The last bench's is shown, whatever the clocks say."""
    other = msgspec.structs.replace(PROTOCOL, n_fake=999)
    add(store, "good", 0, 1.0, day=30)
    add(store, "new", 0, 2.0, protocol=other, day=1, bench=2)
    found = table(store, tmp_path)
    assert set(found.index) == {"new", "broken"}
    assert set(board.read_runs(tmp_path)["protocol"]) == {PROTOCOL.hash, other.hash, ""}


def test_rows_without_numbers_of_benches_count_as_they_stand(store: RunStore, tmp_path: Path) -> None:
    """As versions before wrote them: what was appended last is the newest."""
    board.write(store, tmp_path, BOOK)
    rows = board.read_runs(tmp_path).assign(bench="", attempt="")
    later = rows[rows["variant"] == "good"].assign(fid="7", options_hash="other")
    (tmp_path / "runs.csv").write_text(board.to_csv(pd.concat([rows, later])))
    assert aggregate(board.read_runs(tmp_path), "digits").set_index("variant").loc["good", "fid"] == 7


def test_copies_are_no_seeds(store: RunStore, tmp_path: Path) -> None:
    """A variant that ignores its seed has one generator, no interval and no rank."""
    for seed in range(3):
        add(store, "stuck", seed, 0.2, content="the same")
        add(store, "twin", seed, 0.3 + 0.01 * (seed > 0), content=f"the same {seed > 0}")
    found = table(store, tmp_path)
    stuck, twin = found.loc["stuck"], found.loc["twin"]
    assert (stuck["seeds"], stuck["copies"], stuck["rank"]) == (1, 2, "")
    assert np.isnan(stuck["fid_ci"])
    assert (twin["seeds"], twin["copies"], twin["rank"]) == (2, 1, "1")
    assert twin["fid"] == pytest.approx(0.305), "of two copies one counts"
    page = (tmp_path / "digits.md").read_text()
    assert "| – | stuck | numpy | 1 (2 the same again) | 0.2 |" in page


def test_cpu_time_is_shown_and_wall_time_kept(store: RunStore, tmp_path: Path) -> None:
    row = table(store, tmp_path).loc["good"]
    assert (row["train_cpu_seconds"], row["train_seconds"]) == (11.5, 12.5)
    header, rows = page.shown_table(aggregate(board.read_runs(tmp_path), "digits"))
    assert rows[0][header.index("train CPU s")] == "12"


def test_quick_runs_have_tables_of_their_own(store: RunStore, tmp_path: Path) -> None:
    add(store, "good", 0, 8.0, quick=True)
    fail(store, "broken", 5, quick=True)
    quick = table(store, tmp_path / "quick", quick=True)
    assert set(quick.index) == {"good", "broken"}
    assert quick.loc["good", "fid"] == 8
    assert (tmp_path / "quick" / "digits.md").read_text().startswith("# digits (quick recipes: not comparable")
    assert table(store, tmp_path / "full").loc["good", "fid"] == pytest.approx(1.05)


def test_the_real_floor_is_shown_beside_the_models(store: RunStore, tmp_path: Path) -> None:
    score = Score(
        protocol=msgspec.structs.replace(PROTOCOL, n_fake=40),
        protocol_hash="other",
        estimates={"fid": Estimate(0.2, 0.1, 40), "modes": Estimate(10, None, 40)},
    )
    write_json(store.folder("digits", REAL, PROTOCOL.hash).file(SCORE), score)
    found = table(store, tmp_path)
    assert found.loc[REAL, "fid"] == 0.2
    assert found.loc[REAL, "rank"] == ""
    assert "| (real, n = 40) |" in (tmp_path / "digits.md").read_text()


def test_a_score_of_an_older_generator_is_no_row(store: RunStore, tmp_path: Path) -> None:
    folder = store.all()[0]
    folder.write_manifest(msgspec.structs.replace(folder.manifest(), onnx_sha256="made again"))
    assert (
        len(StoreIndex(store).collect().rows) == len(RunStore(store.root).all()) - 1 + 1
    )  # one run less, one failure more


@pytest.mark.parametrize("name", ["score.json", "run.json", "failed.json", "real"])
@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe{}", b'{"bench": "one"}', b"\0" * 9])
def test_a_damaged_file_costs_its_own_row_and_is_named(
    name: str, content: bytes, store: RunStore, tmp_path: Path
) -> None:
    """One empty run.json used to stop every table, after every run had been done."""
    board.write(store, tmp_path / "sound", BOOK)
    if name == "real":
        file = store.folder("digits", REAL, "a").file(SCORE)
        file.parent.mkdir(parents=True)
    else:
        file = store.failure_files()[0] if name == "failed.json" else store.all()[0].file(name)
    file.write_bytes(content)
    told: list[str] = []
    board.write(store, tmp_path / "damaged", BOOK, warn=told.append)
    assert [sentence.startswith(f"{file} is damaged: ") for sentence in told] == [True]
    sound, left = (board.read_runs(tmp_path / part) for part in ("sound", "damaged"))
    assert len(left) == len(sound) - (name != "real")
    assert (tmp_path / "damaged" / "digits.md").exists()


def test_a_changed_score_is_no_row(store: RunStore, tmp_path: Path) -> None:
    file = store.all()[0].file(SCORE)
    file.write_text(file.read_text().replace('"fid"', '"kid"', 1))
    told: list[str] = []
    board.write(store, tmp_path, BOOK, warn=told.append)
    assert "does not say what was written" in told[0]


def test_a_runs_csv_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_bytes(b"")
    with pytest.raises(StoreError, match=r"runs\.csv is no leaderboard"):
        board.read_runs(tmp_path)


def test_a_board_says_how_many_rows_it_leaves_out(store: RunStore, tmp_path: Path) -> None:
    board.write(store, tmp_path / "out", BOOK)
    rows = board.read_runs(tmp_path / "out")
    assert left_out(rows, "digits") == ""
    assert "left out" not in (tmp_path / "out" / "digits.md").read_text()
    rows.loc[rows["variant"] == "one", ["protocol", "bench"]] = ["0ld", "0"]
    assert left_out(rows, "digits") == "2 rows scored under other protocols are left out (0ld)"
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "runs.csv").write_text(board.to_csv(rows))
    board.write(RunStore(tmp_path / "none"), tmp_path / "two", BOOK)
    page = (tmp_path / "two" / "digits.md").read_text()
    assert "2 rows scored under other protocols are left out (0ld)." in page


def packaged(folder: Path) -> list[str]:
    """The files that datapackage.json describes."""
    return [each["path"] for each in msgspec.json.decode((folder / "datapackage.json").read_bytes())["resources"]]


def test_values_of_extensions_go_to_a_long_table(store: RunStore, tmp_path: Path) -> None:
    board.write(store, tmp_path, BOOK)
    assert not (tmp_path / "metrics.csv").exists()
    assert packaged(tmp_path) == ["runs.csv", "digits.csv"]
    folder = store.all()[0]
    score = msgspec.json.decode(folder.file("score.json").read_bytes(), type=Score)
    estimates = {**score.estimates, "width": Estimate(2.0, 0.5, 9), "area": Estimate(3.0, None, 9)}
    write_json(folder.file("score.json"), msgspec.structs.replace(score, estimates=estimates))
    (tmp_path / "metrics.csv").write_text("run,column,value,se\nzz,width,7,\n")
    board.write(store, tmp_path, BOOK)
    key = folder.manifest().key
    lines = f"run,column,value,se\n{key},area,3,\n{key},width,2,0.5\nzz,width,7,\n"
    assert (tmp_path / "metrics.csv").read_bytes() == lines.encode()
    assert packaged(tmp_path) == ["runs.csv", "metrics.csv", "digits.csv"]


def test_values_of_extensions_are_found_behind_runs_that_are_not_scored(store: RunStore, tmp_path: Path) -> None:
    first, last = store.all()[0], store.all()[-1]
    score = msgspec.json.decode(last.file("score.json").read_bytes(), type=Score)
    write_json(last.file("score.json"), msgspec.structs.replace(score, estimates={"width": Estimate(2.0, 0.5, 9)}))
    first.file("score.json").unlink()
    assert [row["column"] for row in StoreIndex(store).collect().long] == ["width"]


def test_a_board_is_in_the_order_of_the_datasets_own_column(store: RunStore, tmp_path: Path) -> None:
    book = registry.parse('api = 1\n[datasets.digits]\nextractor = "digits"\nrank_by = "kid"\n', "here")
    for folder in store.all():
        score = msgspec.json.decode(folder.file("score.json").read_bytes(), type=Score)
        turned = {**score.estimates, "kid": Estimate(-score.estimates["kid"].value, 0.001, 200)}
        write_json(folder.file("score.json"), msgspec.structs.replace(score, estimates=turned))
    board.write(store, tmp_path, book)
    shown = [line.split(",")[1] for line in (tmp_path / "digits.csv").read_text().splitlines()[1:]]
    assert shown.index("other") < shown.index("one") < shown.index("good")


def test_a_column_of_an_extension_named_like_one_of_ours_changes_no_row(store: RunStore, tmp_path: Path) -> None:
    board.write(store, tmp_path / "before", BOOK)
    folder = store.all()[0]
    score = msgspec.json.decode(folder.file("score.json").read_bytes(), type=Score)
    odd = {name: Estimate(9.0, None, 9) for name in ("seed", "run", "dataset", "fid_se", "note")}
    write_json(folder.file("score.json"), msgspec.structs.replace(score, estimates={**score.estimates, **odd}))
    board.write(store, tmp_path / "after", BOOK)
    same = [(tmp_path / part / "runs.csv").read_bytes() for part in ("before", "after")]
    assert same[0] == same[1]
    assert len((tmp_path / "after" / "metrics.csv").read_text().splitlines()) == 1 + len(odd)


def test_total_intervals_count_the_reference_once(tmp_path: Path) -> None:
    """Two seeds at 1 and 2 and equal errors of .3 given the reference and .5 in all: the reference's part is .4."""
    row = dict.fromkeys(rows.COLUMNS, "") | {"dataset": "d", "protocol": "p", "status": "ok", "role": "model"}
    cells = {"variant": "a", "fid": "1", "fid_se": "0.3", "fid_total": "0.5", "vendi": "7", "vendi_se": "0.1"}
    seeds = [{"seed": str(i), "content_hash": str(i), "fid": str(1 + i), "vendi": str(7 + i)} for i in (0, 1)]
    made = [row | cells | seed for seed in seeds]
    alone = 12.7062 / 2
    made.append(made[0] | {"variant": "old", "fid_total": ""})
    found = aggregate(board.pd.DataFrame(made, columns=list(rows.COLUMNS), dtype="str"), "d", total=True)
    found = found.set_index("variant")
    assert found.loc["a", "fid_ci"] == pytest.approx(np.hypot(1.96 * 0.5, alone), rel=1e-4)
    assert found.loc["a", "vendi_ci"] == pytest.approx(np.hypot(1.96 * 0.1, alone), rel=1e-4)
    assert np.isnan(found.loc["old", "fid_ci"])
    older = [each | {"variant": "older", "fid_total": ""} for each in made[:2]]
    without = aggregate(board.pd.DataFrame(older, columns=list(rows.COLUMNS), dtype="str"), "d", total=True)
    assert without.loc[0, "fid_ci"] == pytest.approx(np.hypot(1.96 * 0.3, alone), rel=1e-4), (
        "what is not known adds nothing"
    )
    given = aggregate(board.pd.DataFrame(made, columns=list(rows.COLUMNS), dtype="str"), "d")
    assert given.set_index("variant").loc["a", "fid_ci"] == pytest.approx(np.hypot(1.96 * 0.3, alone), rel=1e-4)


def test_metrics_csv_keeps_its_cells_as_text(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text("run,column,value,se\n007,NA,1.50,NA\n007,b,2,\n")
    new = [
        {"run": "007", "column": "b", "value": "3", "se": "1"},
        {"run": "006", "column": "b", "value": "4", "se": ""},
    ]
    assert board._write_long(path, new) == [path]
    assert path.read_bytes() == b"run,column,value,se\n006,b,4,\n007,NA,1.50,NA\n007,b,3,1\n"
    path.unlink()
    board._write_long(path, new)
    assert path.read_bytes() == b"run,column,value,se\n006,b,4,\n007,b,3,1\n"
    path.write_text("run,column,value\n")
    with pytest.raises(StoreError, match="has the columns run, column, value, not run, column, value, se"):
        board._write_long(path, new)


def test_numbers_of_a_table_have_six_digits_and_lines_end_in_lf() -> None:
    table = pd.DataFrame({"a": [1 / 3, 2.0], "b": ["x", ""]})
    assert board.to_csv(table) == "a,b\n0.333333,x\n2,\n"


def test_one_row_is_left_out_in_the_singular() -> None:
    cells = dict.fromkeys(rows.COLUMNS, "") | {"dataset": "d", "bench": "1"}
    table = pd.DataFrame([cells | {"protocol": "old"}, cells | {"protocol": "new", "bench": "2"}])
    assert left_out(table, "d") == "1 row scored under other protocols is left out (old)"


def test_pictures_are_of_good_runs_that_are_still_there(store: RunStore) -> None:
    cells = dict.fromkeys(rows.COLUMNS, "") | {"dataset": "digits", "status": "ok", "seed": "0"}
    folder = next(each for each in store.all() if each.manifest().variant == "one")
    sound = folder.manifest()
    folder.file("generator.onnx").write_bytes(b"x")
    named = {"run": folder.path.name, "onnx_sha256": files.sha256(folder.file("generator.onnx"))}
    folder.write_manifest(msgspec.structs.replace(sound, status="finished", onnx_sha256=named["onnx_sha256"]))
    made = [
        cells | {"variant": "one"} | named,
        cells | {"variant": "good", "status": "failed"} | named,
        cells | {"variant": "other", "run": "gone", "onnx_sha256": "aa"},
    ]
    table = pd.DataFrame(made)
    assert board.exemplars(store, table, "digits", table) == [("one", folder)]
    cell = pd.concat([table, pd.DataFrame([made[0] | {"variant": "one a=1 b=2"}])])
    assert board.exemplars(store, cell, "digits", cell) == [("one", folder), ("one a=1 b=2", folder)]
    assert board.exemplars(store, table, "ring", table) == []
    table.loc[0, "onnx_sha256"] = "of another training"
    assert board.exemplars(store, table, "digits", table) == []


def test_a_picture_that_is_there_is_shown_and_one_that_is_made_is_told(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def written(draws: bool) -> list[str]:
        monkeypatch.setattr(board.gallery, "write", lambda runs, path: draws)
        return [path.name for path in board.write(store, tmp_path, BOOK)]

    assert "digits.png" not in written(False)
    assert "![" not in (tmp_path / "digits.md").read_text()
    (tmp_path / "digits.png").write_bytes(b"of an earlier bench")
    assert "digits.png" not in written(False)
    assert "(digits.png)" in (tmp_path / "digits.md").read_text()
    assert "digits.png" in written(True)
