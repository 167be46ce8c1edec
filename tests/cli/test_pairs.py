"""ganzoo pairs: outputs beside their targets, and how varied a set is."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.data.base import scale
from ganzoo.extractors.catalogue import shipped_file
from ganzoo.extractors.taps import Taps
from ganzoo.metrics.similarity import ms_ssim, psnr, ssim
from ganzoo.scoring.pairs import _disjoint

Refused = Callable[..., str]
CPU = ("--device", "cpu", "--extractor", "digits")


def pictures(n: int, seed: int = 0, side: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 1, side, side)).astype(np.uint8)


def noisy(x: np.ndarray) -> np.ndarray:
    return np.clip(x + np.random.default_rng(7).normal(0, 20, x.shape), 0, 255).astype(np.uint8)


def folder(path: Path, x: np.ndarray, names: list[str]) -> Path:
    path.mkdir()
    for image, name in zip(x, names, strict=True):
        Image.fromarray(image[0]).save(path / name)
    return path


@pytest.fixture
def files(tmp_path: Path) -> Path:
    x = pictures(12)
    np.savez(tmp_path / "target.npz", x=x)
    np.savez(tmp_path / "out.npz", x=noisy(x))
    np.savez(tmp_path / "few.npz", x=x[:5])
    np.savez(tmp_path / "large.npz", x=pictures(12, side=16))
    return tmp_path


def means(run: Any, *words: object) -> dict[str, dict[str, float]]:
    result = run("pairs", *words, *CPU, "--json")
    assert result.exit_code == 0, result.output
    return msgspec.json.decode(result.stdout)["estimates"]


def test_the_means_of_pairs_and_the_values_of_each(run: Any, files: Path) -> None:
    found = means(run, "target.npz", "out.npz", "-o", "pairs.csv")
    x, y = (np.load(files / name)["x"] for name in ("target.npz", "out.npz"))
    taps = Taps(shipped_file("digits"), "features", (1, 8, 8), device="cpu")
    wanted = {
        "psnr": psnr(x, y),
        "ssim": ssim(x, y),
        "ms_ssim": ms_ssim(x, y),
        "perceptual": taps.distance(scale("image", x), scale("image", y)),
    }
    rows = list(csv.DictReader((files / "pairs.csv").open()))
    assert [(row["first"], row["second"]) for row in rows] == [(str(i), str(i)) for i in range(12)]
    for name, values in wanted.items():
        assert found[name]["value"] == pytest.approx(values.mean(), rel=1e-9)
        assert found[name]["se"] == pytest.approx(values.std(ddof=1) / 12**0.5, rel=1e-9)
        assert [float(row[name]) for row in rows] == pytest.approx(values.tolist(), rel=1e-5)


def test_folders_are_paired_by_name_where_they_have_the_same(run: Any, files: Path) -> None:
    x = pictures(6)
    folder(files / "a", x, [f"{i}.png" for i in range(6)])
    folder(files / "b", x[::-1], [f"{i}.png" for i in reversed(range(6))])
    result = run("pairs", "a", "b", *CPU)
    assert "Note: paired by the names of the files." in result.stderr
    assert "Note: 6 of 6 pairs are equal: their PSNR is infinite, and left out of the mean." in result.stderr
    assert "psnr" not in result.stdout and "ssim" in result.stdout
    folder(files / "c", x, [f"other{i}.png" for i in range(6)])
    assert "Note: paired by their order." in run("pairs", "a", "c", *CPU).stderr


def test_equal_pairs_are_left_out_of_the_mean_of_psnr_alone(run: Any, files: Path) -> None:
    x, y = pictures(4), noisy(pictures(4))
    y[0] = x[0]
    np.savez(files / "some.npz", x=y)
    np.savez(files / "four.npz", x=x)
    found = means(run, "four.npz", "some.npz")
    assert found["psnr"]["value"] == pytest.approx(psnr(x[1:], y[1:]).mean())
    assert (found["psnr"]["n"], found["ssim"]["n"]) == (3, 4)


def test_copies_are_not_varied(run: Any, files: Path) -> None:
    np.savez(files / "copies.npz", x=np.repeat(pictures(1), 20, axis=0))
    found = means(run, "copies.npz")
    assert found.keys() == {"ms_ssim", "perceptual"}
    assert (found["ms_ssim"]["value"], found["perceptual"]["value"], found["ms_ssim"]["n"]) == (1, 0, 10)
    result = run("pairs", "copies.npz", "-o", "copies.csv", *CPU)
    assert "PSNR" not in result.stderr
    assert (files / "copies.csv").read_text().splitlines()[0] == "first,second,ms_ssim,perceptual"
    varied = means(run, "target.npz")
    assert varied["ms_ssim"]["value"] < 0.9 and varied["perceptual"]["value"] > 0.1


def test_pairs_are_within_classes_and_no_image_is_in_two() -> None:
    labels = np.random.default_rng(0).integers(0, 4, 101)
    pairs = _disjoint(labels, 1000, 0)
    assert len(pairs) == sum(int((labels == label).sum()) // 2 for label in range(4))
    assert (labels[pairs[:, 0]] == labels[pairs[:, 1]]).all()
    assert len(np.unique(pairs)) == pairs.size
    assert len(_disjoint(labels, 7, 0)) == 7
    assert not np.array_equal(_disjoint(labels, 7, 0), _disjoint(labels, 7, 1))
    assert len(np.unique(labels[_disjoint(labels, 30, 0)])) == 4
    assert _disjoint(np.array([3]), 5, 0).shape == (0, 2)


def test_a_generators_classes_are_kept_apart(run: Any, labelled: Any, tmp_path: Path) -> None:
    result = run("pairs", labelled.path, "-n", 30, "--device", "cpu", "-o", "p.csv")
    assert result.exit_code == 0, result.output
    assert "Note: pairs of one class." in result.stderr
    assert "pairs, perceptual by the layers of digits" in result.stdout
    y = ganzoo.load(labelled.path).inputs(60)["y"]
    rows = list(csv.DictReader((tmp_path / "p.csv").open()))
    assert 25 <= len(rows) <= 30, "of 60 samples, fewer where a class has an odd number"
    assert all(y[int(row["first"])] == y[int(row["second"])] for row in rows)


def test_an_extractor_without_layers_says_so(run: Any, files: Path) -> None:
    result = run("pairs", "target.npz", "out.npz", "--extractor", "pixels", "--device", "cpu")
    assert "Note: perceptual: left out, the extractor 'pixels' has no file of a network." in result.stderr
    assert "perceptual" not in result.stdout


@pytest.mark.parametrize(
    ("code", "words", "sentence"),
    [
        (1, ["target.npz", "few.npz"], "target.npz has 12 images and few.npz 5"),
        (1, ["target.npz", "large.npz"], "target.npz has 1×8×8 and large.npz 1×16×16"),
        (
            1,
            ["large.npz", "large.npz", "--extractor", "digits"],
            "The extractor 'digits' takes 1×8×8 samples, but these",
        ),
        (1, ["ring"], "Pairs are of images, and ring holds none."),
        (2, ["target.npz", "-o", "x.txt"], "The pairs are written as .csv, not as 'x.txt'."),
        (2, ["target.npz", "--extractor", "digit"], "Unknown extractor 'digit'. Did you mean 'digits'?"),
    ],
)
def test_what_makes_no_pairs(refused: Refused, files: Path, code: int, words: list[str], sentence: str) -> None:
    assert sentence in refused(code, "pairs", *words, "--device", "cpu")


def test_one_image_and_several_sizes(refused: Refused, files: Path) -> None:
    folder(files / "one", pictures(1), ["a.png"])
    assert "one holds no two images to compare." in refused(1, "pairs", "one", *CPU)
    folder(files / "mixed", pictures(2), ["a.png", "b.png"])
    Image.new("L", (9, 9)).save(files / "mixed" / "c.png")
    line = refused(1, "pairs", "mixed", *CPU)
    assert "Pairs are of images of one size, and mixed has several. Write 'folder:" in line and "?size=64" in line


def test_python_gives_the_same(files: Path) -> None:
    found = ganzoo.pairs(files / "target.npz", files / "out.npz", extractor="digits", device="cpu")
    assert found.n == 12 and found.extractor == "digits"
    assert found.estimates["ssim"].value == pytest.approx(np.mean(found.values["ssim"]))
