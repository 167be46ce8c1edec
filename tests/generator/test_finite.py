"""Samples that are not finite: noticed where they come out of the engine, whoever asked for them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphs
import numpy as np
import pytest
from click.testing import CliRunner
from onnx import helper

from ganzoo.cli import main
from ganzoo.errors import ModelError
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import finalise
from ganzoo.types import LatentSpec

LATENT = LatentSpec(z_dim=8)


def model(folder: Path, operator: str, gain: float) -> Path:
    """Acos is NaN beyond ±1, so that the gain says how many samples are; Log of a negative number is NaN, of 0 -inf."""
    odd = {"extra": [helper.make_node(operator, ["flat"], ["odd"])], "source": "odd"}
    raw = graphs.linear(folder / "raw.onnx", LATENT, (1, 8, 8), squash=None, gain=gain, **odd)
    finalise(raw, folder / "g.onnx", graphs.info(LATENT))
    return folder / "g.onnx"


@pytest.fixture
def some(tmp_path: Path) -> Path:
    return model(tmp_path, "Acos", 0.1)


def first_odd(path: Path, n: int) -> tuple[int, int]:
    """The number of odd samples, and which is the first, by the graph itself."""
    generator = Generator(path, device="cpu")
    x = generator.session.run(generator.inputs(n, 0))["x"]
    odd = np.flatnonzero(~np.isfinite(x).reshape(n, -1).all(axis=1))
    return len(odd), int(odd[0])


def test_how_many_and_which(some: Path) -> None:
    count, first = first_odd(some, 256)
    assert 0 < count < 200
    with pytest.raises(
        ModelError, match=rf"not finite: {count} of the samples 0 to 255, the first of them sample {first}\."
    ):
        Generator(some, device="cpu").sample(256, 0)


def test_samples_are_called_by_their_own_numbers(some: Path) -> None:
    generator = Generator(some, device="cpu")
    _, first = first_odd(some, 64)
    with pytest.raises(ModelError, match=f"the first of them sample {first + 1000}"):
        generator.run(generator.inputs(64, 0), first=1000)


COMMANDS: list[tuple[str, Callable[[Path], list[Any]]]] = [
    ("score", lambda out: ["--data", "digits", "-n", "300"]),
    ("score", lambda out: ["--data", "digits", "-n", "300", "--profile", "one-pass"]),
    ("score", lambda out: ["--data", "digits", "--until", "fid_se=0.1"]),
    ("stats", lambda out: ["-o", out / "x.npz", "-n", "300"]),
    ("sample", lambda out: ["-o", out / "x.npz"]),
    ("sample", lambda out: ["-o", out / "x.png"]),
]


@pytest.mark.parametrize(("command", "options"), COMMANDS)
@pytest.mark.parametrize(("operator", "gain"), [("Acos", 0.1), ("Log", 0.2)], ids=["some", "all"])
def test_every_command_refuses_them(command: str, options: Any, operator: str, gain: float, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    source, out = model(tmp_path / "model", operator, gain), tmp_path / "out"
    out.mkdir()
    words = [command, source, *options(out), "--device", "cpu"]
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == 1, result.output
    assert "fake generates values that are not finite: " in result.stderr
    assert not list(out.iterdir())
    assert "fid" not in result.stdout


def test_a_foreign_generator_is_no_exception(tmp_path: Path) -> None:
    odd = [helper.make_node("Acos", ["flat"], ["angle"]), helper.make_node("Sin", ["angle"], ["odd"])]
    path = graphs.linear(tmp_path / "theirs.onnx", LATENT, (1, 8, 8), squash=None, gain=0.1, extra=odd, source="odd")
    words = ["score", str(path), "--data", "digits", "--latent", "z:8:normal", "--range", "0,1", "-n", "300"]
    result = CliRunner().invoke(main, [*words, "--device", "cpu"])
    assert result.exit_code == 1
    assert "theirs generates values that are not finite" in result.stderr
