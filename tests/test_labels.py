"""Labels of either side: the classes are a set, and what does not fit is one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.data import load
from ganzoo.data.builtin import builtin_sources
from ganzoo.errors import DataError, ScoreError
from ganzoo.labels import places, set_of
from ganzoo.scoring.setup import Terms
from ganzoo.training.runs import RunFolder

DIGITS = load("digits", {source.name: source for source in builtin_sources()}).train
Y = DIGITS.y if DIGITS.y is not None else np.empty(0, np.int64)
TERMS = Terms(extractor="digits", device="cpu")


def write(path: Path, y: Any = None, rows: Any = slice(None)) -> Path:
    np.savez(path, x=DIGITS.x[rows], **({} if y is None else {"y": np.asarray(y)[rows]}))
    return path


def classes(source: Path, **reference: Any) -> list[Any]:
    comparison = ganzoo.api.comparison(source, terms=TERMS, **reference)
    return comparison.classes()


def test_places_by_name_then_by_number() -> None:
    labels = np.array([7, 3, 7])
    assert places(labels, (), ("3", "5", "7"), "a", "b").tolist() == [2, 0, 2]
    assert places(np.array([1, 0]), ("cat", "dog"), ("cat", "cow", "dog"), "a", "b").tolist() == [2, 0]
    assert places(np.array([1, 2]), (), ("cat", "cow", "dog"), "a", "b").tolist() == [1, 2]
    assert set_of(labels) == ("3", "7")
    assert set_of(np.array([0]), ("cat", "dog")) == ("cat", "dog")
    for strange, known in (((0, 1), ("1", "2")), ((3,), ("cat", "cow", "dog")), ((5,), ("0",))):
        with pytest.raises(ScoreError, match="The labels of a are not those of b"):
            places(np.array(strange), (), known, "a", "b")


@pytest.mark.parametrize("change", [lambda y: y * 10**6 + 7, lambda y: y * 10**8 + 7, lambda y: y + 1, lambda y: y])
def test_any_numbers_will_do_on_both_sides(change: Any, tmp_path: Path) -> None:
    labels = change(Y)
    found = classes(write(tmp_path / "a.npz", labels, slice(0, 900)), reference=write(tmp_path / "b.npz", labels))
    plain = classes(write(tmp_path / "c.npz", Y, slice(0, 900)), reference=write(tmp_path / "d.npz", Y))
    assert [each.label for each in found] == np.unique(labels).tolist()
    assert [each.n_real for each in found] == [each.n_real for each in plain] == np.bincount(Y).tolist()
    assert [each.fid.value for each in found] == pytest.approx([each.fid.value for each in plain], abs=0.02)


def test_label_accuracy_is_of_the_classes_in_their_order(tmp_path: Path) -> None:
    for labels in (Y, Y * 10**8 + 7):
        source, reference = write(tmp_path / "a.npz", labels), write(tmp_path / "b.npz", labels)
        score = ganzoo.api.comparison(source, reference=reference, terms=TERMS).score()
        assert score.estimates["label_accuracy"].value > 0.97


def test_fewer_classes_than_the_classifier_knows_have_no_accuracy(tmp_path: Path) -> None:
    source, reference = (write(tmp_path / name, Y, Y % 2 == 1) for name in ("a.npz", "b.npz"))
    score = ganzoo.api.comparison(source, reference=reference, terms=TERMS).score()
    assert "label_accuracy" not in score.estimates
    assert any("knows 10 classes, the data have 5" in note for note in score.notes)


def test_other_labels_than_the_datasets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match=r"not those of digits: 10 is none of its 10 classes \(0, 1, 2, 3 … 9\)"):
        ganzoo.score(write(tmp_path / "shifted.npz", Y + 1), "digits", device="cpu")
    odd = Y.copy()
    odd[17] = -1
    with pytest.raises(DataError, match="the label -1 in row 17, but labels are 0 or more"):
        ganzoo.score(write(tmp_path / "odd.npz", odd), "digits", device="cpu")
    with pytest.raises(DataError, match="the label -1 in row 17, but labels are 0 or more"):
        ganzoo.api.dataset(f"npz:{tmp_path / 'odd.npz'}")


def test_shifted_labels_against_plain_ones_are_refused(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one.npz", Y + 1), write(tmp_path / "other.npz", Y)
    for pair in ((one, other), (other, one)):
        with pytest.raises(ScoreError, match="are not those of"):
            ganzoo.score(pair[0], reference=pair[1], extractor="digits", device="cpu")


def test_training_takes_the_same_labels(tmp_path: Path) -> None:
    data = ganzoo.api.dataset(f"npz:{write(tmp_path / 'a.npz', Y * 10**6 + 7)}")
    assert data.spec.classes == 10
    assert data.class_names == tuple(str(digit * 10**6 + 7) for digit in range(10))
    assert data.train.y is not None
    assert sorted(set(data.train.y.tolist())) == list(range(10))


def test_held_out_labels_are_counted_like_those_of_training(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=DIGITS.x, y=Y * 2 + 1, x_test=DIGITS.x[:60], y_test=Y[:60] * 2 + 1)
    heldout = ganzoo.api.dataset(f"npz:{path}").heldout
    assert heldout.y is not None
    assert heldout.y.tolist() == Y[:60].tolist()


def test_folders_are_matched_by_the_names_of_their_classes(tmp_path: Path) -> None:
    for folder, names in (("real", "abc"), ("fake", "ac")):
        for name in names:
            (tmp_path / folder / name).mkdir(parents=True)
            for i, image in enumerate(DIGITS.x["abc".index(name) == Y][:60]):
                Image.fromarray(image[0]).save(tmp_path / folder / name / f"{i}.png")
    found = classes(tmp_path / "fake", reference=tmp_path / "real")
    assert [each.n_fake for each in found] == [60, 0, 60]
    assert found[0].fid.value < 1e-6
    assert found[2].fid.value < 1e-6


def test_a_generator_of_other_classes_says_so(labelled: RunFolder, tmp_path: Path) -> None:
    reference = write(tmp_path / "few.npz", Y, Y < 3)
    score = ganzoo.api.comparison(labelled.path, reference=reference, terms=TERMS).score()
    assert "the generator's 10 classes are not the 3 of the reference: what was asked of it is left out" in score.notes
    assert msgspec.json.encode(score)
