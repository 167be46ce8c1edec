from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
import pytest
from PIL import Image

from ganzoo.training.runs import RunStore

Refused = Callable[..., str]


def test_train_ends_with_run_samples_and_score(run: Any, tmp_path: Path) -> None:
    result = run("train", "gaussian", "--set", "rank=8", "--seed", "3")
    assert result.exit_code == 0, result.output
    (folder,) = RunStore(tmp_path / "runs").all()
    assert folder.manifest().options == {"rank": 8}
    assert folder.manifest().seed == 3
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert set(lines) == {"run", "samples", "model", "trained", "score"}
    assert str(folder.path.relative_to(tmp_path)) in lines["run"]
    assert "fid " in lines["score"]
    assert "1000 samples" in lines["score"]
    assert "gaussian on digits: starting" in result.stderr


def test_train_shows_steps_and_a_resume(run: Any, with_fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPPER_INTERRUPT", "5")
    stopped = run("train", "stepper", "--no-score")
    assert stopped.exit_code == 130
    assert "Stopped by SIGINT after step 6 of 40." in stopped.stderr
    monkeypatch.delenv("STEPPER_INTERRUPT")
    again = run("train", "stepper", "--no-score")
    assert again.exit_code == 0
    assert "resumed after step 6" in again.stderr
    assert "step 40/40" in again.stderr
    assert "score" not in again.stdout


def test_a_plugin_that_fails_is_one_sentence(
    refused: Refused, with_fakes: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STEPPER_RAISE", "2")
    sentence = refused(1, "train", "stepper")
    assert sentence == "Error: Plugin stepper (fakes 3.1) failed in train: RuntimeError: the ground shook."
    assert RunStore(tmp_path / "runs").all()[0].manifest().status == "failed"


def test_divergence_is_one_sentence(refused: Refused, with_fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPPER_NAN", "39")
    assert "loss became nan at step 40 of 40. Try a smaller learning rate, or another seed." in refused(
        1, "train", "stepper"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["gausian"], "Unknown variant 'gausian'. Did you mean 'gaussian'?"),
        (["gaussian", "--data", "digit"], "Unknown dataset 'digit'. Did you mean 'digits'?"),
        (["gaussian", "--set", "rnk=3"], "Unknown option of gaussian 'rnk'. Did you mean 'rank'?"),
        (["gaussian", "--set", "rank=0"], "Option rank=0 of gaussian is not valid"),
        (["gaussian", "--set", "rank=many"], "It takes: int ≥ 1, ≤ 4096."),
        (["gaussian", "--set", "rank"], "--set takes name=value, but 'rank' was given."),
        (["gaussian", "--data", "digits:x"], "takes no argument"),
        (["gaussian", "--data", "npz"], "needs an argument"),
        (["gaussian", "--data", "folder:faces?size=0"], "'size=0' of faces is no size of 1 to 4096 pixels a side."),
        (["gaussian", "--data", "folder:faces?fit=pad"], "needs a size"),
        (["gaussian", "--device", "tpu"], "'tpu' is not one of 'cpu', 'cuda'"),
        (["gaussian", "--seed", "-1"], "-1 is not in the range"),
        (["gaussian", "--registry", "nowhere.toml"], "Cannot read the registry nowhere.toml"),
    ],
)
def test_a_wrong_request_is_exit_code_2_and_writes_nothing(
    words: list[str], sentence: str, refused: Refused, tmp_path: Path
) -> None:
    assert sentence in refused(2, "train", *words)
    assert list(tmp_path.iterdir()) == []


def test_options_that_a_plugin_refuses_are_exit_code_2_and_write_nothing(
    refused: Refused, with_fakes: None, tmp_path: Path
) -> None:
    words = ("train", "choosy", "--set", "pace=bold", "--set", "lr=0.75")
    sentence = "Error: choosy cannot be trained so on digits: pace=bold needs lr of at most 0.5, not 0.75. "
    assert refused(2, *words).startswith(sentence)
    sentence = "Error: These options of choosy do not go together: pace=mad takes at most 20 steps, not 40. "
    assert refused(2, "train", "choosy", "--set", "pace=mad").startswith(sentence)
    assert list(tmp_path.iterdir()) == []


def test_a_variant_that_is_not_installed_says_what_provides_it(refused: Refused, with_fakes: None) -> None:
    assert "'pip install ganzoo-torch' provides it." in refused(2, "train", "dcgan")


def points(folder: Path) -> str:
    np.savez(folder / "points.npz", x=np.random.default_rng(0).normal(size=(20, 2)))
    return f"npz:{folder / 'points.npz'}"


def images(folder: Path, side: int = 8) -> str:
    (folder / "images").mkdir()
    for i in range(12):
        Image.fromarray(np.full((side, side), 20 * i, np.uint8)).save(folder / "images" / f"{i}.png")
    return f"folder:{folder / 'images'}"


def corrupt(folder: Path) -> str:
    reference = images(folder)
    (folder / "images" / "3.png").write_bytes(b"\x89PNG no more")
    return reference


def mixed(folder: Path) -> str:
    reference = images(folder)
    Image.new("L", (9, 30)).save(folder / "images" / "x.png")
    return reference


def empty(folder: Path) -> str:
    (folder / "images").mkdir()
    return f"folder:{folder / 'images'}"


@pytest.mark.parametrize(
    ("variant", "make", "code", "sentence"),
    [
        ("stepper", points, 2, "stepper takes image data, but npz-points is points."),
        ("labelled", images, 2, "labelled is conditional and needs class labels, but folder-images has none."),
        (
            "stepper",
            lambda folder: images(folder, 32),
            2,
            "images of 8 to 16 pixels a side, but folder-images is",
        ),
        ("stepper", empty, 1, "There are no images in"),
        ("stepper", corrupt, 1, "3.png cannot be read"),
        ("stepper", mixed, 1, "images?size=8&fit=crop' (or fit=pad, or fit=stretch)."),
        ("stepper", lambda folder: "npz:nowhere.npz", 1, "There is no file nowhere.npz."),
        ("stepper", lambda folder: "folder:nowhere", 1, "There is no folder nowhere."),
    ],
    ids=["points", "no labels", "size", "empty", "corrupt", "several sizes", "no file", "no folder"],
)
def test_data_that_do_not_fit(
    variant: str,
    make: Callable[[Path], str],
    code: int,
    sentence: str,
    refused: Refused,
    with_fakes: None,
    tmp_path_factory: pytest.TempPathFactory,
    tmp_path: Path,
) -> None:
    reference = make(tmp_path_factory.mktemp("data"))
    assert sentence in refused(code, "train", variant, "--data", reference)
    assert not (tmp_path / "runs").exists()


def test_a_data_dir_that_is_not_there(refused: Refused) -> None:
    assert "nowhere does not exist" in refused(1, "train", "gaussian", "--data-dir", "nowhere")


def test_own_images_train(run: Any, with_fakes: None, tmp_path: Path) -> None:
    result = run("train", "stepper", "--data", images(tmp_path), "--set", "steps=3", "--no-score")
    assert result.exit_code == 0, result.output
    (folder,) = RunStore(tmp_path / "runs").all()
    assert folder.manifest().data_reference == f"folder:{tmp_path / 'images'}"


def test_own_images_of_several_sizes_train_at_the_size_that_is_named(
    run: Any, with_fakes: None, tmp_path: Path
) -> None:
    mixed(tmp_path)
    for sizing, kept in {"size=12": "size=12&fit=crop", "FIT=pad&size=12x12": "size=12&fit=pad"}.items():
        result = run("train", "stepper", "--data", f"images?{sizing}", "--set", "steps=3", "--no-score", "--runs", kept)
        assert result.exit_code == 0, result.output
        (folder,) = RunStore(tmp_path / kept).all()
        manifest = folder.manifest()
        assert manifest.data_reference == f"folder:images?{kept}"
        assert manifest.data.shape == (1, 12, 12)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("shape", [(1, 8, 8), (2,)], ids=["images", "points"])
@pytest.mark.parametrize(("n", "found"), [(1, "1 sample"), (2, "2 samples")])
def test_one_sample_to_train_on_is_too_few(
    n: int, found: str, shape: tuple[int, ...], refused: Refused, tmp_path: Path
) -> None:
    """Of two, one is held out."""
    np.savez(tmp_path / "few.npz", x=np.zeros((n, *shape), np.uint8 if len(shape) == 3 else np.float32))
    line = refused(1, "train", "gaussian", "--data", "npz:few.npz")
    assert line == f"Error: npz-few has {found}, too few to hold 1 out and train on 2 or more. Give 3 or more."
    assert not (tmp_path / "runs").exists()


@pytest.mark.filterwarnings("error")
def test_the_fewest_samples_that_work(run: Any, tmp_path: Path) -> None:
    x = np.random.default_rng(0).integers(0, 256, (3, 1, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "three.npz", x=x)
    np.savez(tmp_path / "two.npz", x=x[:2], x_test=x)
    for name in ("three", "two"):
        result = run("train", "gaussian", "--data", f"npz:{name}.npz", "--no-score")
        assert result.exit_code == 0, result.output


def test_cuda_without_a_gpu(refused: Refused, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ganzoo.training.run.cuda_device_count", lambda: 0)
    sentence = refused(1, "train", "gaussian", "--device", "cuda")
    assert sentence == "Error: --device cuda was asked for, but the driver shows no CUDA GPU. Use --device cpu."
    assert not (tmp_path / "runs").exists()


def test_a_run_store_that_is_a_file(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("mine")
    assert "Cannot use the run folder" in refused(1, "train", "gaussian")
    assert (tmp_path / "runs").read_text() == "mine"


def test_no_space_is_one_sentence_and_loses_nothing(
    run: Any, refused: Refused, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("train", "gaussian", "--no-score").exit_code == 0
    before = {path: path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()}

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in refused(1, "train", "gaussian", "--seed", "1")
    after = {path: path.read_bytes() for path in (tmp_path / "runs").rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert {path.name for path in set(after) - set(before)} <= {".lock"}


def test_a_damaged_run_is_mended_and_said(run: Any, tmp_path: Path) -> None:
    assert run("train", "gaussian", "--no-score").exit_code == 0
    (folder,) = RunStore(tmp_path / "runs").all()
    before = folder.file("generator.onnx").read_bytes()
    folder.file("run.json").write_bytes(msgspec.json.encode({"status": "finished"}))
    again = run("train", "gaussian", "--no-score")
    assert again.exit_code == 0
    assert "run.json is damaged" in again.stderr
    assert "It is made anew." in again.stderr
    assert folder.file("generator.onnx").read_bytes() == before


@pytest.mark.parametrize("command", [("sample",), ("score", "--metrics", "fid"), ("export", "-o", "x.onnx")])
def test_a_generator_that_was_changed_is_refused(
    command: tuple[str, ...], run: Any, refused: Refused, tmp_path: Path
) -> None:
    """Sampled, scored and exported without a word, it stood under its run's name."""
    assert run("train", "gaussian", "--no-score").exit_code == 0
    (folder,) = RunStore(tmp_path / "runs").all()
    model = folder.file("generator.onnx")
    other = onnx.load(model)
    other.doc_string = "changed by hand"
    onnx.save(other, model)
    for source in (folder.path, model):
        said = refused(1, command[0], str(source), *command[1:])
        assert "generator.onnx is damaged: it is not the file that run.json names by its hash" in said
    copy = tmp_path / "mine.onnx"
    copy.write_bytes(model.read_bytes())
    assert run(command[0], str(copy), *command[1:]).exit_code == 0
