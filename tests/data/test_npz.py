from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from ganzoo.data.npz import load_npz
from ganzoo.errors import DataError

RNG = np.random.default_rng(3)
GREY = RNG.integers(256, size=(40, 6, 5), dtype=np.uint8)
NCHW = RNG.integers(256, size=(40, 3, 6, 5), dtype=np.uint8)
POINTS = RNG.normal(size=(40, 7))
LABELS = np.arange(40) % 4


def save(path: Path, **arrays: object) -> str:
    np.savez(path / "my data.npz", **arrays)  # type: ignore[arg-type]
    return str(path / "my data.npz")


@pytest.mark.parametrize("key", ["x", "images", "x_train", "arr_0"])
def test_keys_for_samples(tmp_path: Path, key: str) -> None:
    data = load_npz(save(tmp_path, **{key: NCHW}), None)
    assert data.spec.shape == (3, 6, 5)
    assert data.spec.name == "npz-my_data"
    assert (len(data.train), len(data.heldout), data.spec.classes) == (36, 4, 0)
    assert data.train.y is None
    rows = sorted(map(bytes, np.concatenate([data.train.x, data.heldout.x])))
    assert rows == sorted(map(bytes, NCHW))


def test_layouts_agree(tmp_path: Path) -> None:
    first = load_npz(save(tmp_path, x=NCHW), None)
    last = load_npz(save(tmp_path, x=NCHW.transpose(0, 2, 3, 1)), None)
    assert first.digest == last.digest
    assert load_npz(save(tmp_path, x=GREY), None).digest == load_npz(save(tmp_path, x=GREY[..., None]), None).digest


def test_labels_and_stratified_split(tmp_path: Path) -> None:
    data = load_npz(save(tmp_path, x=GREY, y=LABELS[:, None].astype(np.uint8)), None)
    assert data.spec.classes == 4
    assert data.heldout.y is not None
    assert np.bincount(data.heldout.y).tolist() == [1, 1, 1, 1]
    match = (GREY[:, None] == data.heldout.x[:, 0]).all((2, 3))
    assert LABELS[match.argmax(0)].tolist() == data.heldout.y.tolist()


def test_own_test_split(tmp_path: Path) -> None:
    path = save(tmp_path, x=GREY, labels=LABELS, x_test=GREY[:3], y_test=LABELS[:3])
    data = load_npz(path, None)
    assert (len(data.train), len(data.heldout)) == (40, 3)
    np.testing.assert_array_equal(data.train.x[:, 0], GREY)


def test_points(tmp_path: Path) -> None:
    data = load_npz(save(tmp_path, x=POINTS), None)
    assert (data.spec.kind, data.spec.shape, data.train.x.dtype) == ("points", (7,), np.float32)


def test_three_samples_are_enough(tmp_path: Path) -> None:
    data = load_npz(save(tmp_path, x=GREY[:3]), None)
    assert (len(data.train), len(data.heldout)) == (2, 1)


def test_relative_path_falls_back_to_the_data_dir(tmp_path: Path) -> None:
    save(tmp_path, x=GREY)
    assert len(load_npz("my data.npz", tmp_path).train) == 36


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": GREY}, "has none of the keys x, images, x_train, arr_0; its keys: z"),
        ({"x": GREY, "images": GREY}, "has both 'x' and 'images'"),
        ({"x": GREY[:0]}, "is empty"),
        ({"x": GREY[:1]}, "has 1 sample, too few"),
        ({"x": GREY[:2]}, "has 2 samples, too few"),
        ({"x": NCHW / 255}, "images of type float64, but images are uint8"),
        ({"x": NCHW.astype(np.int64)}, "images of type int64"),
        ({"x": np.zeros((5, 3, 4, 3), np.uint8)}, "both of axes 1 and 3"),
        ({"x": np.zeros((5, 4, 3, 4), np.uint8)}, "neither of axes 1 and 3"),
        ({"x": np.zeros((5, 3, 0, 4), np.uint8)}, "images of no size"),
        ({"x": np.zeros((5, 4), np.uint8)}, r"shape \(5, 4\) and type uint8"),
        ({"x": np.zeros(5)}, r"shape \(5,\)"),
        ({"x": np.float32(1)}, r"shape \(\)"),
        ({"x": np.array([[1.0], [np.nan]])}, "not finite"),
        ({"x": np.array([[1.0], [1e300]])}, "not finite in float32"),
        ({"x": np.zeros((4, 0))}, "no dimension"),
        ({"x": np.array([None, 1])}, "is damaged"),
        ({"x": GREY, "y": LABELS[:-1]}, "labels are 40 integers"),
        ({"x": GREY, "y": LABELS / 2}, "type float64, but labels are 40 integers"),
        ({"x": GREY, "y": np.eye(40, dtype=int)}, "labels are 40 integers"),
        ({"x": GREY, "y": LABELS - 1}, "'y' of .* has the label -1 in row 0, but labels are 0 or more"),
        ({"x": GREY, "y": LABELS.astype(np.uint64) + np.uint64(1 << 63)}, "no 64-bit integer"),
        ({"x": GREY, "x_test": GREY[:, :3]}, r"'x_test' of .* samples of shape \(1, 3, 5\)"),
        ({"x": GREY, "x_test": POINTS}, "'x_test'"),
        ({"x": GREY, "x_test": GREY, "y": LABELS}, "Only one of the two splits"),
        ({"x": GREY, "x_test": GREY, "y_test": LABELS}, "Only one of the two splits"),
        ({"x": GREY, "x_test": GREY, "y": LABELS, "y_test": LABELS + 1}, "has the label 4, which the training"),
    ],
)
def test_bad_arrays_are_one_sentence(tmp_path: Path, arrays: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        load_npz(save(tmp_path, **arrays), None)
    assert caught.value.hint


def test_bad_files_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"There is no file .*none\.npz"):
        load_npz(str(tmp_path / "none.npz"), None)
    with pytest.raises(DataError, match="There is no file"):
        load_npz(str(tmp_path), None)
    path = Path(save(tmp_path, x=GREY))
    for content in (b"", b"text", path.read_bytes()[:-100], path.read_bytes()[:200] + b"?" * 900):
        (tmp_path / "bad.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"bad\.npz cannot be read as \.npz"):
            load_npz(str(tmp_path / "bad.npz"), None)
    for member in (b"no array", b"\x93NUMPY\x01\x00\x10\x00{'descr': ((((  "):
        with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
            archive.writestr("x.npy", member)
        with pytest.raises(DataError, match=r"of .*bad\.npz is (no array|damaged)"):
            load_npz(str(tmp_path / "bad.npz"), None)
    np.save(tmp_path / "one.npy", GREY)
    (tmp_path / "one.npy").rename(tmp_path / "one.npz")
    with pytest.raises(DataError, match="a single array"):
        load_npz(str(tmp_path / "one.npz"), None)
    path.rename(tmp_path / "many.npy")
    with pytest.raises(DataError, match=r"many\.npy cannot be read as \.npy \(an archive of arrays\)"):
        load_npz(str(tmp_path / "many.npy"), None)


def test_an_npy_file_is_its_one_array(tmp_path: Path) -> None:
    wanted = load_npz(save(tmp_path, x=NCHW), None)
    for name in ("a.npy", "b.NPY"):
        with (tmp_path / name).open("wb") as file:
            np.save(file, NCHW)
        found = load_npz(str(tmp_path / name), None)
        np.testing.assert_array_equal(found.train.x, wanted.train.x)
        assert (found.spec.name, found.spec.classes) == (f"npz-{name[0]}", 0)
    np.save(tmp_path / "flat.npy", np.zeros(5))
    with pytest.raises(DataError, match=r"flat\.npy has shape \(5,\)") as caught:
        load_npz(str(tmp_path / "flat.npy"), None)
    assert "arr_0" not in str(caught.value), "the file has no keys"
    np.save(tmp_path / "objects.npy", np.array([None, 1]), allow_pickle=True)
    with pytest.raises(DataError, match=r"objects\.npy cannot be read as \.npy \(Object arrays"):
        load_npz(str(tmp_path / "objects.npy"), None)
