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
from ganzoo.errors import DataError, ScoreError, UsageError
from ganzoo.labels import all_known, folder_name, folder_names, number_of, places, set_of
from ganzoo.pictures import samples
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring.scorer import draw_source, sets_of
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


def test_a_class_may_be_called_as_its_folder() -> None:
    known = ("cat", "T-shirt/top", "T-shirt-top")
    assert folder_names(known) == ("cat", "T-shirt-top", "T-shirt-top-2")
    assert places(np.array([1, 0]), ("cat", "T-shirt-top-2"), known, "a", "b").tolist() == [2, 0]
    assert places(np.array([0]), ("T-shirt-top",), known, "a", "b").tolist() == [2], "a name goes before a folder"
    assert places(np.array([1, 0]), ("a", "b/c"), ("a", "b-c"), "a", "b").tolist() == [1, 0]
    assert all_known(("cat", "T-shirt/top"), known)
    assert not all_known(("cat", "dog"), known)
    assert not all_known((), known)


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("cat", "cat"),
        ("7", "7"),
        ("Ankle boot", "Ankle boot"),
        ("猫 é", "猫 é"),
        ("a/b\\c:d", "a-b-c-d"),
        ("..", "-"),
        ("", "-"),
        (".hidden", "hidden"),
        ("end. ", "end"),
        ("line\nbreak\0", "line-break-"),
        ("con", "con_"),
        ("LPT1.txt", "LPT1.txt_"),
        ("console", "console"),
        ("é" * 300, "é" * 100),
        ("\udcff", "-"),
    ],
)
def test_a_folder_is_called_as_its_class_as_far_as_it_can_be(name: str, folder: str, tmp_path: Path) -> None:
    assert folder_name(name) == folder
    (tmp_path / folder).mkdir()
    assert [path.name for path in tmp_path.iterdir()] == [folder]


def test_no_two_classes_share_a_folder() -> None:
    names = ("Cat", "cat", "CAT-1", "a/b", "a:b", "..", "")
    found = folder_names(names)
    assert len({folder.casefold() for folder in found}) == len(found) == len(names)
    assert found[:1] == ("Cat",)


def test_a_class_is_asked_for_by_name_or_number() -> None:
    names = ("cat", "dog", "7", "0")
    assert [number_of(label, names) for label in ("dog", "cat", "1", 1, "7", "0", 0)] == [1, 0, 1, 1, 2, 3, 0]
    with pytest.raises(UsageError, match=r"Unknown class 'dgo'\. Did you mean 'dog'"):
        number_of("dgo", names)
    for label in (4, "4", "-1", -1):
        with pytest.raises(UsageError, match=f"Label {label} is not one of 0 to 3"):
            number_of(label, names)


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


def named(folder: Path, zoo: Zoo, names: str, digits: tuple[int, ...]) -> RunFolder:
    """A conditional generator of some digits, in folders of these names."""
    for name, digit in zip(names, digits, strict=True):
        (folder / name).mkdir(parents=True)
        for i, image in enumerate(DIGITS.x[digit == Y][:60]):
            Image.fromarray(image[0]).save(folder / name / f"{i}.png")
    return ganzoo.train("labelled", f"folder:{folder}", runs=folder.parent / "runs", zoo=zoo)


def test_a_generators_classes_are_matched_by_name(fake_zoo: Zoo, tmp_path: Path) -> None:
    few = named(tmp_path / "few", fake_zoo, "bc", (1, 2))
    assert few.manifest().class_names == ("b", "c")
    named(tmp_path / "more", fake_zoo, "abc", (0, 1, 2))
    source, reference = few.path, tmp_path / "more"
    comparison = ganzoo.api.comparison(source, reference=reference, terms=TERMS)
    found = comparison.classes()
    assert [each.name for each in found] == ["a", "b", "c"]
    assert found[0].n_fake == 0
    assert min(each.n_fake for each in found[1:]) > 50
    assert not [note for note in comparison.score().notes if "classes" in note and "generator" in note]


def test_classes_of_other_names_are_told_by_number_with_a_note(fake_zoo: Zoo, tmp_path: Path) -> None:
    one = named(tmp_path / "one", fake_zoo, "ab", (0, 1))
    named(tmp_path / "other", fake_zoo, "xy", (0, 1))
    comparison = ganzoo.api.comparison(one.path, reference=tmp_path / "other", terms=TERMS)
    assert [each.name for each in comparison.classes()] == ["x", "y"]
    note = "the generator's 2 classes have other names than those of the reference: told by number"
    assert note in comparison.score().notes


def test_a_generator_is_a_reference_by_the_names_of_its_classes(fake_zoo: Zoo, tmp_path: Path) -> None:
    reference = named(tmp_path / "abc", fake_zoo, "abc", (0, 1, 2))
    named(tmp_path / "ca", fake_zoo, "ac", (0, 2))
    found = classes(tmp_path / "ca", reference=reference.path)
    assert [(each.name, each.n_fake) for each in found] == [("a", 60), ("b", 0), ("c", 60)]


def test_samples_in_folders_are_those_classes_again(fake_zoo: Zoo, tmp_path: Path) -> None:
    run = named(tmp_path / "ab", fake_zoo, "ab", (0, 1))
    samples.save_folder(ganzoo.load(run.path, device="cpu"), tmp_path / "made", 300)
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["a", "b"]
    found = classes(tmp_path / "made", reference=run.path)
    assert all(each.fid.value < 1 for each in found)


def test_a_generator_of_other_classes_says_so(labelled: RunFolder, tmp_path: Path) -> None:
    reference = write(tmp_path / "few.npz", Y, Y < 3)
    comparison = ganzoo.api.comparison(labelled.path, reference=reference, terms=TERMS)
    assert sets_of(comparison.setup, draw_source(comparison.setup, comparison.source)).asked is None
    score = comparison.score()
    assert "the generator's 10 classes are not the 3 of the reference: what was asked of it is left out" in score.notes
    assert msgspec.json.encode(score)
