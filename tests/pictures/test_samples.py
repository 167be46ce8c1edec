from __future__ import annotations

from pathlib import Path

import graphs
import msgspec
import numpy as np
import pytest
from pictured import cells, generator
from PIL import Image

from ganzoo.data.base import quantise
from ganzoo.errors import StoreError, UsageError
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import finalise
from ganzoo.pictures import canvas, samples
from ganzoo.types import DataSpec, LatentSpec


def test_a_tile_shows_every_picture_at_its_place() -> None:
    images = np.arange(3, dtype=np.uint8)[:, None, None, None] * np.full((1, 1, 20, 10), 50, np.uint8)
    whole = canvas.tile(images, 2)
    assert whole.shape == (2 * (40 + 2) + 2, 2 * (20 + 2) + 2, 3)
    corners = [whole[2, 2], whole[2, 24], whole[44, 2]]
    assert [corner.tolist() for corner in corners] == [[0] * 3, [50] * 3, [100] * 3]
    assert whole[44, 24].tolist() == [32] * 3


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_channels_become_rgb(channels: int) -> None:
    image = (np.arange(channels, dtype=np.uint8) * 60)[None, :, None, None] * np.ones((1, 1, 50, 50), np.uint8)
    shown = canvas.tile(image, 1)[10, 10].tolist()
    assert shown == ([0, 60, 120] if channels >= 3 else [0, 0, 0])


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (2, 2), (9, 3), (10, 4), (64, 8)])
def test_best_columns(n: int, columns: int) -> None:
    assert samples.best_columns(n) == columns


@pytest.mark.parametrize(
    ("n", "grid"),
    [
        (1, (1, 1)),
        (3, (1, 3)),
        (5, (2, 3)),
        (7, (3, 3)),
        (10, (2, 5)),
        (13, (4, 4)),
        (64, (8, 8)),
        (67, (8, 9)),
        (80, (8, 10)),
    ],
)
def test_a_grid_has_as_many_as_asked_or_a_few_more(n: int, grid: tuple[int, int]) -> None:
    assert samples.best_grid(n) == grid


@pytest.mark.parametrize(
    ("classes", "n", "margin", "layout"),
    [
        (10, 80, 30, (8, 1, 1)),
        (10, 64, 30, (7, 1, 1)),
        (10, 10, 100, (1, 1, 2)),
        (10, 10, 20, (1, 1, 2)),
        (2, 80, 60, (40, 4, 1)),
        (2, 82, 60, (42, 3, 1)),
        (3, 12, 130, (4, 1, 1)),
        (13, 13, 20, (1, 1, 1)),
        (100, 100, 110, (1, 1, 4)),
        (97, 97, 110, (1, 1, 1)),
    ],
)
def test_classes_are_laid_out_neither_too_wide_nor_too_tall(
    classes: int, n: int, margin: float, layout: tuple[int, int, int]
) -> None:
    assert samples.best_blocks(classes, n, (42, 42), margin) == layout


def test_a_plain_generator_fills_a_square(tmp_path: Path) -> None:
    plain = generator(tmp_path, LatentSpec(z_dim=3))
    assert samples.save_samples(plain, tmp_path / "grid.png", n=9, seed=2) == 9
    assert Image.open(tmp_path / "grid.png").size == (3 * 42 + 2, 3 * 42 + 2), "no margin without names"
    found = cells(tmp_path / "grid.png", 3, 3)
    np.testing.assert_array_equal(found.reshape(9, 1, 8, 8), quantise(plain.sample(9, 2)))


def test_the_last_row_of_a_grid_is_full(tmp_path: Path) -> None:
    plain = generator(tmp_path, LatentSpec(z_dim=3))
    assert samples.save_samples(plain, tmp_path / "grid.png", n=7) == 9
    found = cells(tmp_path / "grid.png", 3, 3)
    np.testing.assert_array_equal(found.reshape(9, 1, 8, 8), quantise(plain.sample(9)))


def test_a_conditional_generator_gets_a_row_per_class(tmp_path: Path) -> None:
    conditional = generator(tmp_path, LatentSpec(z_dim=3, classes=3))
    assert samples.save_samples(conditional, tmp_path / "grid.png", n=11) == 12
    found = cells(tmp_path / "grid.png", 3, 4, between=2)
    for label in range(3):
        np.testing.assert_array_equal(found[label], quantise(conditional.sample(4, label=label))[:, 0])
    margin = np.asarray(Image.open(tmp_path / "grid.png"))[..., 0][:, : -(4 * 42 + 2)]
    assert all((margin[44 * row : 44 * row + 44] > 128).any() for row in range(3)), "each row has its name"


def test_rows_and_folders_are_called_as_the_classes(tmp_path: Path) -> None:
    latent = LatentSpec(z_dim=3, classes=3)
    plain = generator(tmp_path, latent)
    raw = graphs.linear(tmp_path / "raw.onnx", latent, graphs.IMAGES.shape)
    info = msgspec.structs.replace(graphs.info(latent), class_names=("cat", "T-shirt/top", "a rather long name"))
    finalise(raw, tmp_path / "named.onnx", info)
    named = Generator(tmp_path / "named.onnx", device="cpu")
    assert named.info.content_hash == plain.info.content_hash, "names are no part of the model"
    widths = []
    for model in (plain, named):
        samples.save_samples(model, tmp_path / "grid.png", n=12)
        widths.append(Image.open(tmp_path / "grid.png").width)
    assert widths[1] > widths[0] + 50
    samples.save_folder(named, tmp_path / "made", 60, seed=1)
    labels = named.inputs(60, 1)["y"]
    folders = ("cat", "T-shirt-top", "a rather long name")
    found = {file.name: file.parent.name for file in (tmp_path / "made").rglob("*.png")}
    assert found == {f"{i:05}.png": folders[label] for i, label in enumerate(labels)}
    np.testing.assert_array_equal(named.sample(3, label="T-shirt/top"), named.sample(3, label=1))


def test_few_classes_are_blocks_of_rows(tmp_path: Path) -> None:
    conditional = generator(tmp_path, LatentSpec(z_dim=3, classes=2))
    assert samples.save_samples(conditional, tmp_path / "grid.png", n=24) == 24
    pixels = np.asarray(Image.open(tmp_path / "grid.png"))
    assert pixels.shape[0] == 2 * (2 * 42 + 2)
    found = cells(tmp_path / "grid.png", 2, 6)
    np.testing.assert_array_equal(found.reshape(12, 1, 8, 8), quantise(conditional.sample(12, label=0)))


def test_fewer_samples_than_classes_are_those_of_the_seed(tmp_path: Path) -> None:
    conditional = generator(tmp_path, LatentSpec(z_dim=3, classes=10))
    assert samples.save_samples(conditional, tmp_path / "grid.png", n=4) == 4
    found = cells(tmp_path / "grid.png", 2, 2)
    np.testing.assert_array_equal(found.reshape(4, 1, 8, 8), quantise(conditional.sample(4)))


def test_of_many_classes_each_has_a_sample(tmp_path: Path) -> None:
    many = generator(tmp_path, LatentSpec(z_dim=3, classes=100), graphs.IMAGES)
    assert samples.save_samples(many, tmp_path / "grid.png") == 100
    width, height = Image.open(tmp_path / "grid.png").size
    assert 0.5 <= width / height <= 2


def test_a_generator_with_codes_gets_a_row_per_code(tmp_path: Path) -> None:
    coded = generator(tmp_path, LatentSpec(z_dim=3, categorical=3, continuous=2))
    samples.save_samples(coded, tmp_path / "grid.png", n=12)
    found = cells(tmp_path / "grid.png", 3, 4, between=2)
    inputs = coded.inputs(4)
    inputs["c"][:, :3] = np.eye(3)[1]
    np.testing.assert_array_equal(found[1], quantise(coded.run(inputs))[:, 0])


def test_one_label_fills_a_square(tmp_path: Path) -> None:
    conditional = generator(tmp_path, LatentSpec(z_dim=3, classes=3))
    samples.save_samples(conditional, tmp_path / "grid.png", n=4, label=1)
    found = cells(tmp_path / "grid.png", 2, 2).reshape(4, 1, 8, 8)
    np.testing.assert_array_equal(found, quantise(conditional.sample(4, label=1)))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
def test_points_become_a_scatter_plot(tmp_path: Path, dimensions: int) -> None:
    data = DataSpec(name="p", kind="points", shape=(dimensions,))
    samples.save_samples(generator(tmp_path, LatentSpec(z_dim=3), data), tmp_path / "plot.png")
    pixels = np.asarray(Image.open(tmp_path / "plot.png").convert("RGB"))
    assert pixels.shape == (400, 400, 3)
    blue = (pixels[..., 2].astype(int) - pixels[..., 0] > 40).sum()
    assert blue > 100, "there are points to be seen"


def test_the_same_samples_give_the_same_bytes(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(50, 2))
    for name in ("a", "b"):
        samples.save_points(x, tmp_path / f"{name}.png")
        samples.save_grid(x[:, :1, None, None], tmp_path / f"{name}-grid.png", 5)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a-grid.png").read_bytes() == (tmp_path / "b-grid.png").read_bytes()


def test_an_npz_of_images_holds_bytes_and_labels(tmp_path: Path) -> None:
    conditional = generator(tmp_path, LatentSpec(z_dim=3, classes=3))
    samples.save_npz(conditional, tmp_path / "x.npz", 300, seed=4)
    with np.load(tmp_path / "x.npz") as arrays:
        np.testing.assert_array_equal(arrays["x"], quantise(conditional.sample(300, 4)))
        np.testing.assert_array_equal(arrays["y"], conditional.inputs(300, 4)["y"])
        np.testing.assert_array_equal(arrays["z"], conditional.inputs(300, 4)["z"])
        assert arrays["x"].dtype == np.uint8
        again = conditional.run({"z": arrays["z"], "y": arrays["y"]})
        np.testing.assert_array_equal(quantise(again), arrays["x"])


def test_an_npz_leaves_out_the_noise_which_the_seed_gives_again(tmp_path: Path) -> None:
    noisy = generator(tmp_path, LatentSpec(z_dim=3, noise=(1, 8, 8)))
    samples.save_npz(noisy, tmp_path / "x.npz", 30, seed=4)
    with np.load(tmp_path / "x.npz") as arrays:
        assert sorted(arrays) == ["x", "z"]
        again = noisy.run({"z": arrays["z"], "noise": noisy.inputs(30, 4)["noise"]})
        np.testing.assert_array_equal(quantise(again), arrays["x"])


def test_the_rows_of_classes_have_the_same_z_and_the_same_noise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noisy = generator(tmp_path, LatentSpec(z_dim=3, classes=3, noise=(1, 8, 8)))
    seen: list[dict[str, np.ndarray]] = []
    run = noisy.run
    monkeypatch.setattr(noisy, "run", lambda inputs: seen.append(inputs) or run(inputs))
    samples.save_samples(noisy, tmp_path / "grid.png", 12)
    assert [row["y"][0] for row in seen] == [0, 1, 2]
    for row in seen[1:]:
        for name in ("z", "noise"):
            np.testing.assert_array_equal(row[name], seen[0][name])


def test_a_folder_of_images_has_one_png_a_sample(tmp_path: Path) -> None:
    plain = generator(tmp_path, LatentSpec(z_dim=3))
    samples.save_folder(plain, tmp_path / "out" / "faces", 300, seed=4)
    files = sorted((tmp_path / "out" / "faces").iterdir())
    assert [file.name for file in files] == [f"{i:05}.png" for i in range(300)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["faces"], "nothing is left beside it"
    x = quantise(plain.sample(300, 4))
    for i in (0, 255, 256, 299):
        with Image.open(files[i]) as image:
            np.testing.assert_array_equal(np.asarray(image), x[i][0] if len(x[i]) == 1 else x[i].transpose(1, 2, 0))
    with pytest.raises(UsageError, match="faces is there already and is not empty"):
        samples.save_folder(plain, tmp_path / "out" / "faces", 3)
    (tmp_path / "empty").mkdir()
    samples.save_folder(plain, tmp_path / "empty", 3)
    assert len(list((tmp_path / "empty").iterdir())) == 3


def test_images_of_classes_lie_in_subfolders(tmp_path: Path) -> None:
    conditional = generator(tmp_path, LatentSpec(z_dim=3, classes=3))
    samples.save_folder(conditional, tmp_path / "faces", 30, seed=1)
    labels = conditional.inputs(30, 1)["y"]
    found = {file.name: file.parent.name for file in (tmp_path / "faces").rglob("*.png")}
    assert found == {f"{i:05}.png": str(label) for i, label in enumerate(labels)}


def test_a_folder_that_fails_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = generator(tmp_path, LatentSpec(z_dim=3))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(samples, "save_image", full)
    with pytest.raises(StoreError, match=r"Cannot write .*faces: No space left on device"):
        samples.save_folder(plain, tmp_path / "out" / "faces", 3)
    assert list((tmp_path / "out").iterdir()) == []
    points = generator(tmp_path, LatentSpec(z_dim=3), graphs.POINTS)
    with pytest.raises(UsageError, match="makes points, which are no images"):
        samples.save_folder(points, tmp_path / "points", 3)


def test_an_npz_of_points_holds_floats(tmp_path: Path) -> None:
    points = generator(tmp_path, LatentSpec(z_dim=3), graphs.POINTS)
    samples.save_npz(points, tmp_path / "x.npz", 10)
    with np.load(tmp_path / "x.npz") as arrays:
        assert sorted(arrays) == ["x", "z"]
        np.testing.assert_array_equal(arrays["x"], points.sample(10))
