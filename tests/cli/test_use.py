"""The commands that use what was trained: sample, score, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from PIL import Image

from ganzoo.extractors.catalogue import shipped_file
from ganzoo.generator.engine import Generator
from ganzoo.training.runs import RunFolder

Refused = Callable[..., str]


def test_sample_writes_a_grid(run: Any, gaussian: RunFolder, tmp_path: Path) -> None:
    result = run("sample", gaussian.path, "-n", 9, "--device", "cpu", "-o", "grid.png")
    assert result.exit_code == 0, result.output
    assert result.output == "9 samples of gaussian (CPU) in grid.png\n"
    assert Image.open(tmp_path / "grid.png").size == (3 * 42 + 2, 3 * 42 + 2)


def test_a_grid_without_holes_says_what_it_added(run: Any, gaussian: RunFolder, labelled: RunFolder) -> None:
    words = ("--device", "cpu", "-o", "grid.png")
    result = run("sample", gaussian.path, "-n", 7, *words)
    assert result.output == "9 samples of gaussian (CPU) in grid.png, 2 more than asked for, to fill its rows\n"
    result = run("sample", labelled.path, "-n", 64, *words)
    assert result.output == "70 samples of labelled (CPU) in grid.png, 6 more than asked for, to fill its rows\n"


@pytest.mark.parametrize("made", [True, False])
def test_samples_in_a_folder_are_scored_as_the_generator_is(
    made: bool, run: Any, labelled: RunFolder, tmp_path: Path
) -> None:
    if made:
        (tmp_path / "images").mkdir()
    name = "images" if made else "images/"
    assert run("sample", labelled.path, "-n", 200, "--device", "cpu", "-o", name).exit_code == 0
    words = ("-n", 200, "--metrics", "fid,label_accuracy", "--json", "--device", "cpu")
    scores = [
        msgspec.json.decode(run("score", source, "--data", "digits", *words).stdout)["estimates"]
        for source in ("images", labelled.path)
    ]
    assert scores[0]["fid"]["value"] == pytest.approx(scores[1]["fid"]["value"], rel=1e-6)
    assert scores[0]["label_accuracy"]["value"] == scores[1]["label_accuracy"]["value"]


def test_sample_writes_an_npz_of_one_class(run: Any, labelled: RunFolder, tmp_path: Path) -> None:
    words = ("-n", 5, "--seed", 2, "--label", 3, "--device", "cpu", "-o", "x.npz")
    assert run("sample", labelled.file("generator.onnx"), *words).exit_code == 0
    with np.load(tmp_path / "x.npz") as arrays:
        assert arrays["x"].shape == (5, 1, 8, 8)
        assert arrays["y"].tolist() == [3] * 5


def test_the_same_seed_gives_the_same_file(run: Any, gaussian: RunFolder, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run("sample", gaussian.path, "--seed", seed, "--device", "cpu", "-o", f"{name}.png")
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


def test_export_copies_the_generator(run: Any, gaussian: RunFolder, tmp_path: Path) -> None:
    result = run("export", gaussian.path, "-o", "out/gan.onnx")
    assert result.exit_code == 0
    assert result.output == "gaussian on digits in out/gan.onnx: takes z, gives x [1, 8, 8]; all of it in gan.json\n"
    assert Generator(tmp_path / "out" / "gan.onnx", device="cpu").sha256 == gaussian.manifest().onnx_sha256


def test_export_says_beside_it_what_it_takes_and_gives(run: Any, labelled: RunFolder, tmp_path: Path) -> None:
    (tmp_path / "gan.json").write_text('{"latent": 0, "inputs": 0, "output": "of an older export"}')
    assert run("export", labelled.path, "-o", "gan.onnx").exit_code == 0
    said = msgspec.json.decode((tmp_path / "gan.json").read_bytes())
    generator = Generator(tmp_path / "gan.onnx", device="cpu")
    metadata = msgspec.json.decode(generator.session.metadata["ganzoo"])
    assert {name: said[name] for name in metadata} == metadata
    assert {each["name"]: each["shape"] for each in said["inputs"]} == {"z": ["N", 2], "y": ["N"]}
    assert said["output"]["shape"] == ["N", 1, 8, 8]


def test_score_prints_a_table(run: Any, gaussian: RunFolder) -> None:
    result = run("score", gaussian.path, "-n", 200, "--device", "cpu")
    assert result.exit_code == 0, result.output
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines() if line}
    assert rows["metric"] == ["metric", "value", "standard", "error", "n"]
    assert float(rows["fid"][1]) > 1
    assert rows["fid"][-1] == "200"
    assert "200 samples against 1347 of digits (train), extractor digits" in result.stdout
    assert "not comparable with its rows" in result.stderr


def test_score_as_json(run: Any, gaussian: RunFolder, tmp_path: Path) -> None:
    assert run("sample", gaussian.path, "-n", 60, "--device", "cpu", "-o", "x.npz").exit_code == 0
    result = run("score", "x.npz", "--data", "digits", "--json", "--device", "cpu")
    assert result.exit_code == 0, result.output
    score = msgspec.json.decode(result.stdout)
    assert score["protocol"]["n_fake"] == 60
    assert set(score["estimates"]["fid"]) == {"value", "se", "n", "total"}


@pytest.mark.parametrize("command", ["sample", "score", "export"])
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("nowhere.onnx", None, "nowhere.onnx"),
        ("text.onnx", b"I am a text", "text.onnx is no ONNX model that can be run"),
        ("digits.onnx", "extractor", "digits.onnx is an ONNX file, but no ganzoo generator"),
    ],
    ids=["missing", "text", "no generator"],
)
def test_a_file_that_is_no_generator(
    command: str, name: str, content: Any, sentence: str, refused: Refused, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(shipped_file("digits").read_bytes() if content == "extractor" else content)
    more = ("-o", "out.onnx") if command == "export" else ("--device", "cpu")
    assert sentence in refused(1, command, name, *more)
    assert not (tmp_path / "out.onnx").exists()
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["sample", "RUN", "-o", "x.jpg"], "Samples are written as .png or .npz, not as 'x.jpg'."),
        (["sample", "RUN", "-o", "images"], "or end it with '/' for a folder of images: images/"),
        (["sample", "RUN", "--label", "3"], "gaussian takes no class label."),
        (["sample", "RUN", "-n", "0"], "0 is not in the range"),
        (["sample", "RUN", "--seed", str(2**64)], "18446744073709551616 is not in the range"),
        (["export", "RUN", "-o", "x.h5"], "A generator is written as .onnx, not as 'x.h5'."),
        (["export", "RUN"], "Missing option '-o'"),
        (["score", "RUN", "--data", "digit"], "Unknown dataset 'digit'. Did you mean 'digits'?"),
        (["score", "RUN", "-n", "49"], "49 is not in the range"),
    ],
)
def test_a_wrong_request_is_exit_code_2(
    words: list[str], sentence: str, refused: Refused, gaussian: RunFolder, tmp_path: Path
) -> None:
    assert sentence in refused(2, *[gaussian.path if word == "RUN" else word for word in words])
    assert list(tmp_path.iterdir()) == []


def test_a_label_that_is_no_class(refused: Refused, labelled: RunFolder) -> None:
    words = ("sample", labelled.path, "--label", "cat", "--device", "cpu")
    assert "Unknown class 'cat'. There is: 0, 1, 2" in refused(2, *words)


def test_a_label_out_of_range(refused: Refused, labelled: RunFolder) -> None:
    assert "Label 10 is not one of 0 to 9." in refused(2, "sample", labelled.path, "--label", 10, "--device", "cpu")


@pytest.mark.parametrize("command", ["sample", "score"])
def test_cuda_without_a_gpu(
    command: str, refused: Refused, gaussian: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("ganzoo.generator.engine.cuda_device_count", lambda: 0)
    assert "--device cuda was asked for, but no CUDA GPU" in refused(1, command, gaussian.path, "--device", "cuda")
    assert list(tmp_path.iterdir()) == []


def npz(folder: Path, x: Any) -> Path:
    np.savez(folder / "x.npz", x=x)
    return folder / "x.npz"


@pytest.mark.parametrize(
    ("make", "code", "sentence"),
    [
        (lambda d: npz(d, np.zeros((60, 1, 28, 28), np.uint8)), 1, "The samples are 1×28×28, but digits is 1×8×8."),
        (lambda d: npz(d, np.zeros((60, 2))), 1, "The samples are 2, but digits is 1×8×8."),
        (lambda d: npz(d, np.zeros((20, 1, 8, 8), np.uint8)), 1, "There are 20 samples; a score needs at least 50."),
        (lambda d: npz(d, np.zeros((60, 1, 8, 8))), 1, "images are uint8, 0 to 255"),
        (lambda d: npz(d, np.full((60, 2), np.nan)), 1, "not finite"),
        (lambda d: d, 1, "There are no images in"),
    ],
    ids=["size", "points", "few", "floats", "nan", "empty"],
)
def test_samples_that_cannot_be_scored(
    make: Callable[[Path], Path],
    code: int,
    sentence: str,
    refused: Refused,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    assert sentence in refused(code, "score", make(tmp_path_factory.mktemp("samples")), "--device", "cpu")


def test_a_corrupt_image_among_samples(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "0.png").write_bytes(b"\x89PNG no more")
    assert "0.png cannot be read" in refused(1, "score", "s")


def test_a_file_of_an_unknown_kind(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("1,2")
    assert "neither a run folder, an .onnx, .npz or .npy file nor a folder" in refused(2, "score", "x.csv")
