"""The kinds of pictures that `ganzoo sample` draws; what it writes without being asked for one is in test_use.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphs
import numpy as np
import pytest
from pictured import cells, chart_cells, generator
from PIL import Image

from ganzoo.data.base import quantise
from ganzoo.generator.engine import Generator
from ganzoo.training.runs import RunFolder
from ganzoo.types import LatentSpec

Refused = Callable[..., str]
CPU = ("--device", "cpu")


@pytest.fixture
def points(tmp_path: Path) -> Path:
    """A generator of points in a file."""
    return generator(tmp_path, LatentSpec(z_dim=3), graphs.POINTS).path


def opened(run: RunFolder) -> Generator:
    return Generator(run.file("generator.onnx"), device="cpu")


def test_a_grid_of_a_shape(run: Any, labelled: RunFolder, tmp_path: Path) -> None:
    result = run("sample", labelled.path, "--grid", "2x9", "--seed", 3, *CPU, "-o", "grid.png")
    assert result.output == "18 samples of labelled (CPU) in grid.png\n"
    found = cells(tmp_path / "grid.png", 2, 9).reshape(18, 1, 8, 8)
    np.testing.assert_array_equal(found, quantise(opened(labelled).sample(18, 3)))


def test_ways_between_samples(run: Any, gaussian: RunFolder, tmp_path: Path) -> None:
    result = run("sample", gaussian.path, "--interpolate", 5, "-n", 2, *CPU, "-o", "way.png")
    assert result.output == "10 samples of gaussian (CPU) in way.png\n"
    found = chart_cells(tmp_path / "way.png", ["0 → 1", "2 → 3"], 5)
    samples = quantise(opened(gaussian).sample(4))[:, 0]
    np.testing.assert_array_equal(found[:, [0, -1]].reshape(4, 8, 8), samples)
    assert (
        run("sample", gaussian.path, "--interpolate", 5, *CPU).output == "40 samples of gaussian (CPU) in samples.png\n"
    )


def test_values_of_a_code(run: Any, labelled: RunFolder, tmp_path: Path) -> None:
    result = run("sample", labelled.path, "--traverse", "z1", "-n", 2, "--label", 4, *CPU, "-o", "z1.png")
    assert result.output == "18 samples of labelled (CPU) in z1.png\n"
    model = opened(labelled)
    inputs = model.inputs(2, label=4)
    inputs["z"][:, 1] = -2
    found = chart_cells(tmp_path / "z1.png", ["sample 0", "sample 1"], 9)
    np.testing.assert_array_equal(found[:, 0], quantise(model.run(inputs))[:, 0])


def test_a_row_per_class(run: Any, labelled: RunFolder, tmp_path: Path) -> None:
    result = run("sample", labelled.path, "--per-class", "-n", 80, "--seed", 1, *CPU, "-o", "classes.png")
    assert result.output == "80 samples of labelled (CPU) in classes.png\n"
    assert run("sample", labelled.path, "--per-class", "-n", 3, *CPU).output.startswith("10 samples of labelled")
    found = cells(tmp_path / "classes.png", 10, 8, between=2)
    np.testing.assert_array_equal(found[7], quantise(opened(labelled).sample(8, 1, label=7))[:, 0])


def test_points_are_drawn_before_data(run: Any, refused: Refused, points: Path, tmp_path: Path) -> None:
    pictures = []
    for more in ((), ("--data", "ring"), ("--data", "grid")):
        assert run("sample", points, "--interpolate", 4, *more, *CPU, "-o", "way.png").exit_code == 0
        pictures.append((tmp_path / "way.png").read_bytes())
    assert len(set(pictures)) == 3
    line = refused(2, "sample", points, "--interpolate", 4, "--data", "digits", *CPU)
    assert "digits is 1×8×8, but fake makes 2. Name the data that it was trained on." in line


def test_samples_beside_their_neighbours(run: Any, memoriser: RunFolder, refused: Refused, tmp_path: Path) -> None:
    result = run("sample", memoriser.path, "--neighbours", 2, "-n", 3, "--seed", 5, *CPU, "-o", "near.png")
    assert result.output == "3 samples of memoriser (CPU) in near.png\n"
    found = chart_cells(tmp_path / "near.png", [f"sample {i}" for i in range(3)], 3, below=20)
    np.testing.assert_array_equal(found[:, 0], quantise(opened(memoriser).sample(3, 5))[:, 0])
    np.testing.assert_array_equal(found[:, 1], found[:, 0], err_msg="each was copied")
    assert (found[:, 2] != found[:, 1]).any(axis=(1, 2)).all()
    assert run("sample", memoriser.path, "--neighbours", 2, *CPU).output.startswith("8 samples of memoriser")
    by_pixels = run("sample", memoriser.path, "--neighbours", 2, "--extractor", "pixels", *CPU, "-o", "pixels.png")
    assert by_pixels.exit_code == 0, by_pixels.output
    assert (tmp_path / "pixels.png").read_bytes() != (tmp_path / "samples.png").read_bytes()
    assert "Unknown extractor 'nose'" in refused(
        2, "sample", memoriser.path, "--neighbours", 2, "--extractor", "nose", *CPU
    )
    assert "The extractor pixels has no say here" in refused(2, "sample", memoriser.path, "--extractor", "pixels", *CPU)
    first = (tmp_path / "samples.png").read_bytes()
    file = memoriser.file("generator.onnx")
    assert run("sample", file, "--neighbours", 2, "--data", "digits", *CPU).exit_code == 0
    assert (tmp_path / "samples.png").read_bytes() == first
    assert "does not say where its training samples are. Name them: --data NAME." in refused(
        2, "sample", file, "--neighbours", 2, *CPU
    )
    assert "ring is 2, but memoriser makes 1×8×8." in refused(
        2, "sample", file, "--neighbours", 2, "--data", "ring", *CPU
    )


def test_neighbours_of_one_class(run: Any, labelled: RunFolder, tmp_path: Path) -> None:
    words = ("--neighbours", 1, "--label", 4, "-n", 2, "--data", "digits")
    assert run("sample", labelled.path, *words, *CPU, "-o", "near.png").exit_code == 0
    found = chart_cells(tmp_path / "near.png", ["sample 0", "sample 1"], 2, below=20)
    np.testing.assert_array_equal(found[:, 0], quantise(opened(labelled).sample(2, label=4))[:, 0])


def test_neighbours_of_points(run: Any, points: Path, tmp_path: Path) -> None:
    result = run("sample", points, "--neighbours", 3, "--data", "ring", "-n", 4, *CPU, "-o", "near.png")
    assert result.output == "4 samples of fake (CPU) in near.png\n"
    assert Image.open(tmp_path / "near.png").size == (650, 500)


def test_an_animation_of_the_training(run: Any, stepped: RunFolder, tmp_path: Path) -> None:
    result = run("sample", stepped.path, "--gif")
    assert result.output == "16 samples of stepper after 5 steps in samples.gif\n"
    first = (tmp_path / "samples.gif").read_bytes()
    assert run("sample", stepped.path, "--gif", "-o", "b.GIF").exit_code == 0
    assert (tmp_path / "b.GIF").read_bytes() == first
    with Image.open(tmp_path / "b.GIF") as image:
        assert (image.format, image.n_frames, image.size) == ("GIF", 5, (170, 194))


def test_a_run_that_diverged_has_an_animation_too(run: Any, stepped: RunFolder, tmp_path: Path) -> None:
    """It needs no generator, plugin or data."""
    folder = RunFolder(tmp_path / "kept")
    folder.path.mkdir()
    for name in ("run.json", "frames.npz"):
        folder.file(name).write_bytes(stepped.file(name).read_bytes())
    assert run("sample", "kept", "--gif").exit_code == 0


def test_a_run_without_frames_is_said_in_a_sentence(
    refused: Refused, stepped: RunFolder, gaussian: RunFolder, tmp_path: Path
) -> None:
    assert "has no frames.npz: a floor keeps none. Name the run of a model." in refused(
        2, "sample", gaussian.path, "--gif"
    )
    older = RunFolder(tmp_path / "older")
    older.path.mkdir()
    older.file("run.json").write_bytes(stepped.file("run.json").read_bytes())
    assert "has no frames.npz: it is older than they are" in refused(2, "sample", "older", "--gif")
    older.file("frames.npz").write_bytes(b"PK")
    assert "frames.npz is damaged" in refused(1, "sample", "older", "--gif")
    assert "is a file; frames are what a run keeps" in refused(2, "sample", stepped.file("generator.onnx"), "--gif")
    assert "nowhere is no run folder" in refused(1, "sample", "nowhere", "--gif")
    assert not list(tmp_path.glob("*.gif"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--grid", "2x2", "--per-class"), "grid and per_class are two pictures. Ask for one at a time."),
        (("--interpolate", 3, "--traverse", "z0"), "interpolate and traverse are two pictures."),
        (("--grid", "4"), "--grid '4' is not ROWSxCOLUMNS. Write for example --grid 4x10."),
        (("--grid", "0x4"), "--grid '0x4' is not ROWSxCOLUMNS."),
        (("--grid", "2x2", "-n", 5), "A grid of a given shape has as many samples as places, not 5."),
        (("--neighbours", 0), "0 is not in the range"),
        (("--neighbours", 3, "--per-class"), "per_class and neighbours are two pictures."),
        (("--neighbours", 3, "-o", "x.npz"), "--neighbours draws a .png picture, not 'x.npz'."),
        (("--interpolate", 1), "1 is not in the range"),
        (("--traverse", "c0"), "labelled has no code 'c0'; it has y (its class) and z0 to z1."),
        (("--traverse", "y", "--label", 3), "The class cannot be 3 and vary."),
        (("--per-class", "--label", 3), "Of the class 3 alone there is no row per class."),
        (("--per-class", "-o", "x.npz"), "--per-class draws a .png picture, not 'x.npz'."),
        (("--traverse", "y", "-o", "many/"), "--traverse draws a .png picture, not 'many/'."),
        (("--data", "ring"), "--data 'ring' has no say here."),
        (("--gif", "--data", "ring"), "--data 'ring' has no say here."),
        (("--gif", "-o", "x.png"), "--gif draws a .gif picture, not 'x.png'. Name for example -o samples.gif."),
        (("--gif", "-o", "many/"), "--gif draws a .gif picture, not 'many/'."),
        (("--gif", "--grid", "2x2"), "grid and gif are two pictures. Ask for one at a time."),
        (("-o", "x.gif"), "'x.gif' is an animation, which samples are not. Add --gif: it shows the training."),
        (("--grid", "2x2", "-o", "x.gif"), "--grid draws a .png picture, not 'x.gif'."),
        (("--gif", "-n", 5), "n 5 has no say in a GIF, whose samples a run drew long ago. Leave it out."),
        (("--gif", "--seed", 5), "seed 5 has no say in a GIF"),
        (("--gif", "--label", 3), "label 3 has no say in a GIF"),
    ],
)
def test_a_wrong_request_is_one_sentence(
    words: tuple[object, ...], sentence: str, refused: Refused, labelled: RunFolder, tmp_path: Path
) -> None:
    assert sentence in refused(2, "sample", labelled.path, *CPU, *words)
    assert list(tmp_path.iterdir()) == []


def test_what_this_generator_cannot_be_drawn_as(refused: Refused, gaussian: RunFolder, points: Path) -> None:
    line = refused(2, "sample", gaussian.path, "--per-class", *CPU)
    assert "gaussian takes neither a class nor a categorical code to draw a row for each." in line
    assert "fake makes points, which are drawn in one plot." in refused(2, "sample", points, "--grid", "2x2", *CPU)
