"""Which generators are judged, and that a study stays what it was."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ganzoo import api
from ganzoo.errors import Damaged, Incompatible, UnknownName, UsageError
from ganzoo.rating.images import Images
from ganzoo.rating.questions import REAL
from ganzoo.rating.study import STUDY_FILE, Model, Study, not_judged, planned, require_same, stored_study
from ganzoo.training.runs import RunFolder, RunStore
from tests.fakes.boards import seeds, write_runs
from tests.fakes.rated import rated_board
from tests.rating.conftest import study_of


@pytest.fixture
def store(store_root: Path) -> RunStore:
    return RunStore(store_root)


@pytest.fixture
def out(tmp_path: Path, gaussian: RunFolder, memoriser: RunFolder) -> Path:
    return rated_board(tmp_path / "boards", gaussian, memoriser)


def test_all_that_was_trained_is_judged_by_the_generators_of_the_board(out: Path, store: RunStore) -> None:
    digits = api.dataset("digits")
    study = planned(digits, out, store)
    assert {each.variant for each in study.models} == {"gaussian", "memoriser"}
    assert (study.dataset, study.dataset_digest, study.images) == ("digits", digits.digest, 100)
    assert planned(digits, out, store, mode="timed").images == 150
    assert [each.variant for each in planned(digits, out, store, variants=["memoriser"]).models] == ["memoriser"]


def test_floors_are_judged_where_they_are_named(
    tmp_path: Path, store: RunStore, gaussian: RunFolder, memoriser: RunFolder
) -> None:
    out = rated_board(tmp_path / "boards", gaussian, memoriser, role="floor")
    with pytest.raises(UsageError, match="has no generator that the board of digits scored"):
        planned(api.dataset("digits"), out, store)
    assert planned(api.dataset("digits"), out, store, variants=["gaussian"]).models[0].variant == "gaussian"


def test_a_row_without_its_generator_is_left_out_and_said(
    tmp_path: Path, store: RunStore, gaussian: RunFolder, memoriser: RunFolder
) -> None:
    out = rated_board(tmp_path / "boards", gaussian)
    gone = seeds("gone", [1.0], dataset="digits", onnx_sha256="s")
    rows = (out / "runs.csv").read_text()
    write_runs(tmp_path / "more", gone)
    (out / "runs.csv").write_text(rows + (tmp_path / "more" / "runs.csv").read_text().split("\n", 1)[1])
    study = planned(api.dataset("digits"), out, store)
    assert [each.variant for each in study.models] == ["gaussian"]
    assert not_judged(study, out) == ["gone"]
    with pytest.raises(UsageError, match="no generator of gone"):
        planned(api.dataset("digits"), out, store, variants=["gone"])


def test_what_cannot_be_judged_is_a_sentence(out: Path, store: RunStore, tmp_path: Path) -> None:
    digits = api.dataset("digits")
    with pytest.raises(Incompatible, match="ring has points"):
        planned(api.dataset("ring"), out, store)
    with pytest.raises(UnknownName, match="row on the board of digits 'gausian'"):
        planned(digits, out, store, variants=["gausian"])
    with pytest.raises(UnknownName, match="leaderboard in"):
        planned(api.dataset("patches"), out, store)
    with pytest.raises(UsageError, match="15 images are an odd number"):
        planned(digits, out, store, images=15)
    with pytest.raises(UsageError, match="8 images are too few"):
        planned(digits, out, store, images=8)


def test_the_same_study_goes_on_and_another_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "d-untimed"
    study = study_of()
    require_same(folder, study)
    require_same(folder, study)
    assert stored_study(folder) == study
    retrained = tuple(Model(each.variant, each.run, "c" * 64) for each in study.models)
    changes: dict[str, tuple[Study, str]] = {
        "images": (study_of(images=40), "shows 20 images a round, not 40"),
        "seed": (study_of(seed=1), "has the seed 0, not 1"),
        "data": (msgspec.structs.replace(study, dataset_digest="1" * 12), "is of other images"),
        "models": (msgspec.structs.replace(study, models=study.models[:1]), "is of good, bad, not of good"),
        "generators": (msgspec.structs.replace(study, models=retrained), "another generator of good"),
    }
    for other, sentence in changes.values():
        with pytest.raises(UsageError, match=sentence):
            require_same(folder, other)
    assert stored_study(folder) == study
    moved = tuple(Model(each.variant, f"elsewhere/{each.run}", each.onnx_sha256) for each in study.models)
    require_same(folder, msgspec.structs.replace(study, models=moved))


def test_a_damaged_study_is_said_to_be(tmp_path: Path) -> None:
    require_same(tmp_path, study_of())
    path = tmp_path / STUDY_FILE
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 5'))
    with pytest.raises(Damaged):
        stored_study(tmp_path)


def test_images_are_samples_of_the_seed_and_real_ones_are_held_out(out: Path, store: RunStore) -> None:
    digits = api.dataset("digits")
    study = planned(digits, out, store, variants=["gaussian"], seed=3)
    images = Images.of(study, digits, device="cpu")
    folder = Path(study.models[0].run)
    x = api.sample(folder, 8, seed=3, device="cpu")
    from PIL import Image

    Image.fromarray(((x[7, 0] + 1) * 127.5).round().clip(0, 255).astype("uint8")).save(out / "expected.png")
    assert images.png("gaussian", 7) == (out / "expected.png").read_bytes()
    heldout = {each.tobytes() for each in digits.heldout.x}
    assert images.real == min(500, len(heldout))
    assert all(each.tobytes() in heldout for each in images._pools[REAL])
