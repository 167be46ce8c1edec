"""Values outside of the range: clipped when images become bytes, and said wherever samples are drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import graphs
import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from onnx import helper

from ganzoo.cli import main
from ganzoo.errors import ModelError
from ganzoo.generator.engine import Generator
from ganzoo.generator.export import finalise
from ganzoo.generator.foreign import Reading, open_foreign
from ganzoo.generator.spread import Spread
from ganzoo.types import LatentSpec

LATENT = LatentSpec(z_dim=8)


def linear(path: Path, gain: float, range_: str = "-1,1") -> Path:
    """1.9 times a tanh, in the numbers of a range: with a gain of 0.09 some in a hundred values lie outside."""
    low, high = map(float, range_.split(","))
    nodes = [
        helper.make_node("Constant", [], ["half"], value_float=1.9 * (high - low) / 2),
        helper.make_node("Constant", [], ["middle"], value_float=(high + low) / 2),
        helper.make_node("Mul", ["flat", "half"], ["wide"]),
        helper.make_node("Add", ["wide", "middle"], ["odd"]),
    ]
    return graphs.linear(path, LATENT, (1, 8, 8), gain=gain, extra=nodes, source="odd")


def finished(folder: Path, gain: float) -> Path:
    """The same as a generator of ganzoo's own; its export would have refused it, had these values come up there."""
    finalise(linear(folder / "raw.onnx", gain), folder / "g.onnx", graphs.info(LATENT))
    return folder / "g.onnx"


def outside(path: Path, n: int) -> tuple[float, float]:
    """The share of the values outside and the worst, by the graph itself."""
    generator = Generator(path, device="cpu")
    x = generator.session.run(generator.inputs(n, 0))["x"]
    return float((np.abs(x) > 1 + 1e-4).mean()), float(x.flat[np.abs(x).argmax()])


def command(*words: object) -> Any:
    return CliRunner().invoke(main, [*map(str, words), "--device", "cpu"])


def sentence(share: float, worst: float, name: str, range_: str = "-1,1") -> str:
    low, high = map(float, range_.split(","))
    value = low + (worst + 1) / 2 * (high - low)
    return f"{100 * share:.2g} % of the values of '{name}' lie outside of the range {range_} (the worst is {value:.4g})"


@pytest.mark.parametrize("range_", ["-1,1", "0,1", "0,255"])
@pytest.mark.parametrize("protocol", ["ganzoo-1", "one-pass", "pytorch-fid"])
def test_a_foreign_generator_is_scored_with_a_note(range_: str, protocol: str, tmp_path: Path) -> None:
    path = linear(tmp_path / "theirs.onnx", 0.09, range_)
    share, worst = outside(finished(tmp_path, 0.09), 500)
    assert 0.005 < share < 0.1
    words = ["score", path, "--latent", "normal", "--range", range_, "-n", 500, "--data", "digits"]
    words += ["--extractor", "digits", "--profile", protocol]
    result = command(*words)
    assert result.exit_code == 0, result.output
    note = f"{sentence(share, worst, 'theirs', range_)} and were clipped"
    notes = [line for line in result.output.splitlines() if line.startswith("Note: ")]
    assert notes[0] == f"Note: {note}.", "it comes before the other notes"
    assert result.output.index(note) < result.output.index("standard error"), "and before the numbers"
    assert msgspec.json.decode(command(*words, "--json").stdout)["notes"][0] == note


@pytest.mark.parametrize("goal", [(), ("--until", "fid_se=0.5")])
def test_the_whole_drawing_is_counted(goal: tuple[str, ...], tmp_path: Path) -> None:
    """The first 16 samples, at which it is opened, all lie inside; with a goal, samples come in several draws."""
    path = finished(tmp_path, 0.045)
    assert outside(path, 16)[0] == 0
    result = command("score", path, "-n", 2000, "--data", "digits", "--json", *goal)
    found = msgspec.json.decode(result.stdout)
    share, worst = outside(path, found["protocol"]["n_fake"])
    assert 0 < share < 0.01
    assert found["notes"][0] == f"{sentence(share, worst, 'fake')} and were clipped"


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "RUN", "-n", "300", "-o", "x.npz"),
        ("sample", "RUN", "-n", "300", "-o", "x.png"),
        ("stats", "RUN", "-n", "300", "-o", "x.npz"),
        ("compare", "RUN", "OTHER", "-n", "300", "--data", "digits"),
        ("compare", "OTHER", "RUN", "-n", "300", "--data", "digits"),
        ("score", "OTHER", "RUN", "-n", "300"),
    ],
)
def test_every_command_says_it(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = finished(tmp_path, 0.09)
    (tmp_path / "other").mkdir()
    other = finished(tmp_path / "other", 0.01)
    result = command(*({"RUN": path, "OTHER": other}.get(word, word) for word in words))
    assert result.exit_code == 0, result.output
    assert f"Note: {sentence(*outside(path, 300), 'fake')} and were clipped." in result.stderr.splitlines()


def test_values_within_the_range_are_no_matter(tmp_path: Path) -> None:
    generator = Generator(finished(tmp_path, 0.01), device="cpu")
    generator.sample(300)
    assert generator.clipped == ""


@pytest.mark.parametrize("declared", ["-1,1", "0,1"])
def test_the_wrong_range_is_refused(declared: str, tmp_path: Path) -> None:
    linear(tmp_path / "theirs.onnx", 0.1, "0,255")
    words = ("score", tmp_path / "theirs.onnx", "--latent", "normal", "--range", declared, "--data", "digits")
    result = command(*words)
    assert result.exit_code == 2
    assert f"outside of the range {declared}" in result.stderr
    assert "Give the right --range." in result.stderr


def rare(path: Path) -> Path:
    """Small values, but ten times the range where the first number of z is above 2.5: none of the first 16 samples."""
    nodes = [
        helper.make_node("Slice", ["z", "zero_", "one_", "one_"], ["first"]),
        helper.make_node("Greater", ["first", "limit"], ["far"]),
        helper.make_node("Where", ["far", "ten", "flat"], ["odd"]),
    ]
    values = {"zero_": ("value_ints", [0]), "one_": ("value_ints", [1])}
    constants = [helper.make_node("Constant", [], [name], **{key: value}) for name, (key, value) in values.items()]
    constants += [helper.make_node("Constant", [], [n], value_float=v) for n, v in (("limit", 2.5), ("ten", 10.0))]
    return graphs.linear(path, LATENT, (1, 8, 8), squash=None, gain=0.01, extra=[*constants, *nodes], source="odd")


def test_what_shows_later_is_said_then(tmp_path: Path) -> None:
    """A long tail is no wrong range, however far it goes; a reader sees how far."""
    path = rare(tmp_path / "theirs.onnx")
    generator = open_foreign(path, Reading(latents=("normal",), value_range="-1,1"), device="cpu")
    generator.sample(16)
    assert generator.clipped == ""
    generator.sample(4000)
    assert generator.clipped.endswith("lie outside of the range -1,1 (the worst is 10) and were clipped")


def test_an_own_generator_is_refused_by_its_own_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"of the values of 'fake' lie outside.*End its graph in tanh"):
        Generator(finished(tmp_path, 2.0), device="cpu").sample(20)


def add(spread: Spread, values: np.ndarray) -> None:
    spread.add(values, values.min(initial=0), values.max(initial=0))


def test_the_limits() -> None:
    spread = Spread("it", (-1.0, 1.0), "Hint.")
    add(spread, np.array([1.0001, -1.0001], np.float32))
    assert spread.note == "", "float noise"
    add(spread, np.zeros(17, np.float32))
    add(spread, np.array([-1.99], np.float32))
    assert (
        spread.note == "5 % of the values of 'it' lie outside of the range -1,1 (the worst is -1.99) and were clipped"
    )
    with pytest.raises(ModelError, match="lie outside"):
        add(spread, np.full(2, 1.5, np.float32))
    with pytest.raises(ModelError, match=r"the worst is 2\.1\)\. Hint\."):
        add(Spread("it", (-1.0, 1.0), "Hint."), np.array([*[0] * 8, 2.1], np.float32))
