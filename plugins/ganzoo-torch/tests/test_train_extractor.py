"""The extractor's training command, on toy images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from ganzoo_torch import train_extractor as te

from ganzoo import testing
from ganzoo.data.base import Dataset

TINY = te.Recipe(widths=(4, 8), halve=(1,), shift=1, epochs=12, batch=32)


@pytest.fixture
def dataset() -> Dataset:
    train, heldout = testing.toy_images(), testing.toy_images(seed=1, n=60)
    return Dataset(train.spec, train, heldout)


def test_file_has_features_and_logits_and_says_how_good_it_is(dataset: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "toy.onnx"
    measured = te.build(dataset, TINY, 0, "the command", path)
    assert measured > 0.9
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = dataset.heldout.scaled()
    features, logits = session.run(["features", "logits"], {"x": x})
    assert features.shape == (60, 64)
    assert features.min() >= 0
    assert logits.shape == (60, 3)
    assert (logits.argmax(1) == dataset.heldout.y).mean() == pytest.approx(measured)
    (alone,) = session.run(["features"], {"x": x[:1]})
    np.testing.assert_allclose(alone, features[:1], atol=1e-4)
    props = {p.key: p.value for p in onnx.load(path).metadata_props}
    assert props == {"dataset": "toy", "accuracy": f"{measured:.4f}", "command": "the command"}


def test_same_seed_same_bytes(dataset: Dataset, tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.onnx" for i in range(3)]
    for path, seed in zip(paths, (0, 0, 1), strict=True):
        te.build(dataset, TINY, seed, "", path)
    assert paths[0].read_bytes() == paths[1].read_bytes() != paths[2].read_bytes()


def test_shift_moves_each_image_by_its_own_offset_and_fills_with_black() -> None:
    x = torch.arange(2 * 1 * 3 * 4.0).reshape(2, 1, 3, 4)
    moved = te.shifted(x, torch.tensor([[1, 1], [0, 2]]), 1)
    assert torch.equal(moved[0], x[0])
    assert torch.equal(moved[1, 0, 1:, :-1], x[1, 0, :-1, 1:])  # down by one, left by one
    assert (moved[1, 0, 0] == -1).all()
    assert (moved[1, 0, :, -1] == -1).all()


def test_command_line_trains_on_digits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(te.RECIPES, "digits", te.Recipe(widths=(4, 8), halve=(1,), shift=1, epochs=1))
    threads = torch.get_num_threads()
    try:
        assert te.main(["digits", "-o", str(tmp_path / "d.onnx"), "--seed", "3"]) == 0
    finally:
        torch.set_num_threads(threads)
    assert "held-out accuracy 0." in capsys.readouterr().out
    props = {p.key: p.value for p in onnx.load(tmp_path / "d.onnx").metadata_props}
    assert props["command"] == "python -m ganzoo_torch.train_extractor digits --seed 3 -o d.onnx"
