"""Generators that are not ganzoo's: the same flags in every command, and none after an export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import graphs
import msgspec
import numpy as np
import onnx
import pytest
from PIL import Image

from ganzoo import api
from ganzoo.generator.engine import Session
from ganzoo.training.runs import RunFolder

Refused = Callable[..., str]
CPU = ("--device", "cpu")
FLAGS = ("--latent", "noise:5:normal")
SCORED = ("-n", 100, "--metrics", "fid,kid", "--json", *CPU)


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """A generator of bytes, channels last, that takes three samples at a time."""
    return graphs.foreign(tmp_path / "theirs.onnx", shape=(8, 8, 1), last="uint8", batch=3, inside=3)


def own_bytes(path: Path, z: Any) -> Any:
    """What it gives itself."""
    session = Session(path.read_bytes(), path.name, device="cpu")
    x = np.concatenate([session.run({"noise": z[i : i + 3]})["image"] for i in range(0, len(z), 3)])
    return x.transpose(0, 3, 1, 2)


@pytest.mark.parametrize("content", ["{}", '["latent", "inputs", "output"]x', "not JSON"])
def test_a_json_that_is_no_export_is_not_overwritten(
    run: Any, refused: Refused, theirs: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "g.json").write_text(content)
    line = refused(2, "export", theirs, "-o", "g.onnx", *FLAGS)
    assert "g.json is there already and does not say what a generator takes: it would be lost." in line
    assert (tmp_path / "g.json").read_text() == content and not (tmp_path / "g.onnx").exists()
    (tmp_path / "g.json").unlink()
    for _ in range(2):  # an older export is replaced
        assert run("export", theirs, "-o", "g.onnx", *FLAGS).exit_code == 0


def test_it_is_sampled_in_every_form(run: Any, theirs: Path, tmp_path: Path) -> None:
    for output in ("x.npz", "x/", "x.png"):
        result = run("sample", theirs, *FLAGS, "-n", 6, "-o", output, *CPU)
        assert result.exit_code == 0, result.output
        assert result.stdout == f"6 samples of theirs (CPU) in {output}\n"
        assert result.stderr.splitlines() == [
            "Note: theirs.onnx: its batch axis is fixed at 3: samples are made 3 at a time.",
            "Note: theirs.onnx: its images (8, 8, 1) are read as NHWC.",
            "Note: theirs.onnx: its pixels are read as 0 to 255.",
        ]
    with np.load(tmp_path / "x.npz") as arrays:
        x, z = arrays["x"], arrays["z"]
    np.testing.assert_array_equal(x, own_bytes(theirs, z))
    for i, image in enumerate(x):
        with Image.open(tmp_path / "x" / f"{i:05}.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), image[0])
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.size == (3 * 42 + 2, 2 * 42 + 2)


@pytest.mark.parametrize(
    "words",
    [("--grid", "2x4"), ("--interpolate", 4), ("--traverse", "z0"), ("--neighbours", 2, "--data", "digits")],
    ids=lambda words: words[0],
)
def test_its_pictures_are_those_of_its_export(
    words: tuple[object, ...], run: Any, theirs: Path, tmp_path: Path
) -> None:
    assert run("export", theirs, *FLAGS, "-o", "ours.onnx").exit_code == 0
    (tmp_path / "ours").mkdir()
    for source, flags, output in ((theirs, FLAGS, "theirs.png"), (tmp_path / "ours.onnx", (), "ours/x.png")):
        result = run("sample", source, *flags, *words, *CPU, "-o", output)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "theirs.png").read_bytes() == (tmp_path / "ours" / "x.png").read_bytes()


def test_an_export_needs_no_flags(run: Any, theirs: Path, tmp_path: Path) -> None:
    result = run("export", theirs, *FLAGS, "-o", "ours.onnx")
    assert result.exit_code == 0, result.output
    assert result.stdout == "theirs in ours.onnx: takes z, gives x [1, 8, 8]; all of it in ours.json\n"
    assert "theirs.onnx: its images (8, 8, 1) are read as NHWC" in result.stderr
    said = msgspec.json.decode((tmp_path / "ours.json").read_bytes())
    assert (said["variant"], said["output"]["layout"], said["output"]["range"]) == ("theirs", "NCHW", [-1, 1])
    for command, more in (("sample", ("-n", 6, "-o")), ("stats", ("-n", 60, "--extractor", "digits", "-o"))):
        for name, source in (("a.npz", (theirs, *FLAGS)), ("b.npz", ("ours.onnx",))):
            assert run(command, *source, *more, name, *CPU).exit_code == 0
        with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
            for key in ("x", "z") if command == "sample" else ("mu", "sigma"):
                np.testing.assert_array_equal(a[key], b[key])
    scores = [
        msgspec.json.decode(run("score", *source, *SCORED).stdout) for source in ((theirs, *FLAGS), ("ours.onnx",))
    ]
    assert scores[0]["estimates"] == scores[1]["estimates"]
    assert scores[0]["protocol_hash"] == scores[1]["protocol_hash"]


def test_flags_are_for_whichever_is_not_ganzoos(run: Any, theirs: Path, gaussian: RunFolder) -> None:
    assert run("export", theirs, *FLAGS, "-o", "ours.onnx").exit_code == 0

    def compared(*words: Any) -> Any:
        result = run("compare", *words, *SCORED)
        assert result.exit_code == 0, result.output
        return msgspec.json.decode(result.stdout)["differences"]

    assert compared(theirs, gaussian.path, *FLAGS) == compared("ours.onnx", gaussian.path)
    assert compared(gaussian.path, theirs, *FLAGS) == compared(gaussian.path, "ours.onnx")
    assert {each["verdict"] for each in compared(theirs, theirs, *FLAGS)} == {"no difference"}
    as_reference = ("--extractor", "digits")
    found = compared(gaussian.path, "ours.onnx", theirs, *FLAGS, *as_reference)
    assert found == compared(gaussian.path, "ours.onnx", "ours.onnx", *as_reference)
    scores = [
        msgspec.json.decode(run("score", gaussian.path, *other, *SCORED, *as_reference).stdout)["estimates"]
        for other in ((theirs, *FLAGS), ("ours.onnx",))
    ]
    assert scores[0] == scores[1]


def test_a_shape_for_flat_outputs(run: Any, refused: Refused, tmp_path: Path) -> None:
    flat = graphs.foreign(tmp_path / "flat.onnx", shape=(64,))
    assert "are read as points (with --shape C,H,W: as pixels)" in run("sample", flat, *FLAGS, *CPU).stderr
    result = run("export", flat, *FLAGS, "--shape", "1,8,8", "-o", "ours.onnx")
    assert result.stdout.endswith("gives x [1, 8, 8]; all of it in ours.json\n")
    assert "--shape '8x8' is not C,H,W" in refused(2, "sample", flat, *FLAGS, "--shape", "8x8")


def test_flat_outputs_take_the_form_of_what_they_are_compared_with(
    run: Any, gaussian: RunFolder, tmp_path: Path
) -> None:
    flat = graphs.foreign(tmp_path / "flat.onnx", shape=(64,))
    for words in (
        ("score", flat),
        ("score", flat, gaussian.path, "--extractor", "digits"),
        ("compare", gaussian.path, flat),
        ("compare", gaussian.path, flat, gaussian.path, "--extractor", "digits"),
    ):
        result = run(*words, *FLAGS, *SCORED)
        assert result.exit_code == 0, result.output
        assert "flat.onnx: its 64 outputs are read as 1×8×8 pixels" in result.output


def test_flags_for_nothing_are_said_before_the_work_on_the_data(refused: Refused, gaussian: RunFolder) -> None:
    line = refused(2, "score", gaussian.path, *FLAGS, "--data", "npz:nowhere.npz")
    assert "have nothing to act on" in line


def test_a_comparison_is_on_the_data_of_whichever_is_a_run(
    run: Any, theirs: Path, gaussian: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(api, "data_of", lambda *sources: asked.append(sources) or "digits")
    assert run("compare", theirs, gaussian.path, *FLAGS, *SCORED).exit_code == 0
    assert asked == [(str(theirs), str(gaussian.path))]


COMMANDS: list[tuple[str, tuple[Any, ...]]] = [
    ("sample", ()),
    ("score", ()),
    ("compare", ("RUN",)),
    ("stats", ("-o", "s.npz")),
    ("export", ("-o", "o.onnx")),
]


@pytest.mark.parametrize(("command", "more"), COMMANDS)
def test_every_command_refuses_alike(
    command: str, more: tuple[Any, ...], refused: Refused, theirs: Path, gaussian: RunFolder, tmp_path: Path
) -> None:
    more = tuple(gaussian.path if word == "RUN" else word for word in more)
    assert refused(1, command, theirs, *more).endswith("drawn, for example --latent noise:5:normal.")
    wrong = refused(2, command, theirs, *more, "--latent", "z:5:normal")
    assert wrong.startswith("Error: theirs.onnx has no input 'z'; it takes noise")
    assert "alike" not in wrong, "there is one such file only"
    layout = refused(2, command, theirs, *more, "--layout", "nhwc")
    assert layout.endswith("Say how 'noise' is drawn, for example --latent noise:5:normal.")
    own = refused(2, command, gaussian.path, *more, *FLAGS)
    assert own == (
        "Error: generator.onnx is ganzoo's own, and read by its metadata: "
        "--latent and the flags beside it have nothing to act on."
    )
    assert not (tmp_path / "o.onnx").exists()


def test_two_that_need_different_flags(run: Any, refused: Refused, theirs: Path, tmp_path: Path) -> None:
    other = graphs.foreign(tmp_path / "other.onnx", inputs={"latent:0": (1, ["N", 5])})
    sentence = "The flags act on {} and {} alike: where these differ, 'ganzoo export' each first."
    words = ("--data", "digits", *CPU)
    assert sentence.format(theirs, other) in refused(2, "compare", theirs, other, *FLAGS, *words)
    assert sentence.format(other, theirs) in refused(2, "compare", other, theirs, *FLAGS, *words)
    assert "alike" not in refused(2, "compare", other, other, *FLAGS, *words)
    assert sentence.format(other, theirs) in refused(2, "stats", other, theirs, *FLAGS, "-o", "s.npz")
    assert run("export", other, "--latent", "latent:0:5:normal", "-o", "ours.onnx").exit_code == 0
    assert run("compare", theirs, "ours.onnx", *FLAGS, *SCORED).exit_code == 0


def test_the_whole_error_of_the_graph(run: Any, refused: Refused, theirs: Path) -> None:
    """One sentence as a rule, and all that ONNX Runtime says with --verbose."""
    model = onnx.load(theirs)
    model.graph.initializer[0].dims[:] = [64, 5]
    onnx.save(model, theirs)
    line = refused(1, "sample", theirs, *FLAGS)
    assert line == (
        "Error: theirs.onnx is no ONNX model that can be run: "
        "its MatMul says: Incompatible dimensions for matrix multiplication."
    )
    result = run("--verbose", "sample", theirs, *FLAGS)
    assert "[ShapeInferenceError] Incompatible dimensions for matrix multiplication" in str(result.exception.__cause__)
