"""ganzoo extractor: what there is, and importing more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from onnx import helper, numpy_helper

from ganzoo.cli import doctor_, extractor_
from ganzoo.errors import GanzooError, ModelError, OptionError, UsageError
from ganzoo.extractors import importing, natural
from ganzoo.extractors.catalogue import builtin_extractors, imported_file
from ganzoo.generator.nodes import IR_VERSION, tensor

Run = Callable[..., Result]
OPSET = [helper.make_opsetid("", 17)]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The group by itself, with an empty cache."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(extractor_.command, [str(word) for word in words])


@pytest.fixture
def refused(run: Run) -> Callable[..., GanzooError]:
    """The error that the edge turns into a sentence and an exit code."""

    def check(*words: object) -> GanzooError:
        error = run(*words).exception
        assert isinstance(error, GanzooError), error
        return error

    return check


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """A linear map of the mean colour to five features and two logits."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["image"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("MatMul", ["flat", "five"], ["embedding"]),
        helper.make_node("MatMul", ["flat", "two"], ["classes"]),
    ]
    constants = [numpy_helper.from_array(np.ones((3, n), np.float32), name) for name, n in (("five", 5), ("two", 2))]
    outputs = [tensor("embedding", "float32", ["n", 5]), tensor("classes", "float32", ["n", 2])]
    graph = helper.make_graph(nodes, "net", [tensor("image", "float32", ["n", 3, "h", "w"])], outputs, constants)
    path = tmp_path / "net.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION).SerializeToString())
    return path


def rows(result: Result) -> dict[str, str]:
    assert result.exit_code == 0, result.output
    return {line.split()[0]: line for line in result.stdout.splitlines()[1:] if line.strip()}


def test_the_list(run: Run) -> None:
    shown = rows(run("list"))
    digits = next(source for source in builtin_extractors() if source.name == "digits").open("cpu", 1)
    assert shown["digits"].split()[1:4] == ["64", "shipped", digits.sha256[:12]]
    assert shown["points"].split()[1:3] == ["built", "in"]
    for name in ("inception", "inception-64"):
        assert "not imported" in shown[name]
    assert str(imported_file("inception").parent) in run("list").stdout


def test_an_import_is_said_listed_and_opens(run: Run, net: Path) -> None:
    words = ("--features", "embedding", "--logits", "classes", "--range", "0,1", "--resize", "bicubic", "--size", 16)
    result = run("import", "mine", net, *words, "--mean", "imagenet", "--std", "0.5,0.5,0.25")
    assert result.exit_code == 0, result.output
    extractor = next(source for source in builtin_extractors() if source.name == "mine").open("cpu", 1)
    assert f"Imported 'mine' (5 features, sha256 {extractor.sha256[:12]}) as " in result.stdout
    assert "--input is 'image'." in result.stdout
    assert (
        "It does: resize bicubic 16×16; range 0..1; mean 0.485, 0.456, 0.406; std 0.5, 0.5, 0.25.\n"
    ) in result.stdout
    assert rows(run("list"))["mine"].split()[1:] == [
        *("5", "imported", extractor.sha256[:12]),
        *("imported", "from", "net.onnx"),
    ]
    extracted = extractor.extract(np.zeros((2, 1, 8, 8), np.float32))
    assert extracted.logits is not None
    assert (extracted.features.shape, extracted.logits.shape) == ((2, 5), (2, 2))


def test_a_broken_file_in_the_cache_spoils_nothing(run: Run) -> None:
    target = imported_file("mine")
    target.parent.mkdir(parents=True)
    target.write_bytes(b"no model")
    shown = rows(run("list"))
    assert "broken" in shown["mine"]
    assert "shipped" in shown["digits"]


@pytest.mark.parametrize(
    ("words", "kind", "code", "reason"),
    [
        (["mine"], UsageError, 2, "No ONNX file was given for the extractor 'mine'"),
        (["mine", "nowhere.onnx"], ModelError, 1, "Cannot read nowhere.onnx"),
        (["Mine", "net.onnx"], OptionError, 2, "'Mine' cannot be the name of an extractor"),
        (["digits", "net.onnx"], UsageError, 2, "There is an extractor 'digits' already"),
        (["mine", "net.onnx"], OptionError, 2, "Say which with --features"),
        (["mine", "net.onnx", "--features", "embedding"], OptionError, 2, "Say it with --range"),
        (["mine", "net.onnx", "--mean", "half"], OptionError, 2, "--mean 'half' is no list of numbers"),
        (["inception", "net.onnx"], ModelError, 1, "net.onnx is not the file of the FID Inception"),
        (["inception", "--size", "299"], UsageError, 2, "'inception' takes no options"),
    ],
)
def test_what_is_refused(
    refused: Callable[..., GanzooError], net: Path, words: list[str], kind: type[GanzooError], code: int, reason: str
) -> None:
    assert net.exists()
    error = refused("import", *words)
    assert isinstance(error, kind)
    assert error.exit_code == code
    assert reason in str(error)


def test_inception_is_converted_and_shown(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversion itself has its own tests; here a small file with the same outputs stands for it."""

    def convert(file: Path | None) -> Path:
        assert file is None
        target = imported_file("inception")
        target.parent.mkdir(parents=True)
        graph = helper.make_graph(
            [helper.make_node("Flatten", ["x"], ["2048"])],
            "net",
            [tensor("x", "uint8", ["N", 3, "H", "W"])],
            [tensor("2048", "uint8", ["N", 2048])],
        )
        target.write_bytes(helper.make_model(graph, opset_imports=OPSET, ir_version=IR_VERSION).SerializeToString())
        return target

    monkeypatch.setattr(importing, "import_inception", convert)
    result = run("import", "inception")
    assert result.exit_code == 0, result.output
    assert "Imported 'inception' (2048 features, sha256 " in result.stdout
    shown = rows(run("list"))
    assert shown["inception"].split()[1:3] == ["2048", "imported"]
    assert "broken" in shown["inception-64"], "this small file has no such output"


def test_ranges_and_resizers_are_those_of_the_library() -> None:
    """The command names them itself, so that its help imports nothing."""
    from ganzoo.extractors.importing.reading import RANGES
    from ganzoo.extractors.resize import RESIZERS

    assert tuple(extractor_.RANGES) == RANGES
    assert tuple(extractor_.RESIZERS) == RESIZERS


def test_an_extractor_is_put_to_the_test(run: Run, tmp_path: Path) -> None:
    result = run("test", "digits", "-n", 60, "-o", "report", "--device", "cpu")
    assert result.exit_code == 0, result.output
    assert "60 images of digits against 60 others, extractor digits" in result.stdout
    first = result.stdout.split("\n\n")[0].splitlines()
    assert first[0].split() == ["disturbance", "fid", "fid_unbiased", "kid", "precision", "density", "coverage"]
    assert first[1].startswith("noise (4, 8, 16, 32, 64 grey levels)")
    assert "copies (10, 25, 50, 100 % of the images)" in result.stdout
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"disturbances.csv", "disturbances.png"}


def test_what_cannot_be_tested_is_refused(refused: Callable[..., GanzooError]) -> None:
    unknown = refused("test", "digit")
    assert unknown.exit_code == 2 and "Did you mean 'digits'" in str(unknown)
    assert "Disturbances are for images, and ring holds points" in str(refused("test", "points", "--data", "ring"))


@pytest.mark.usefixtures("natural_images")
def test_the_list_says_whether_the_weights_are_installed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "installed" in rows(run("list"))["natural"] and "not installed" not in rows(run("list"))["natural"]
    monkeypatch.setattr(natural, "PACKAGE", "no_such_package")
    assert "not installed" in rows(run("list"))["natural"]


def test_the_doctor_says_what_sees_images(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for there, words in (
        (True, "scored by 'natural'\n"),
        (False, "scored by 'pixels', which sees little; pip install"),
    ):
        monkeypatch.setattr(natural, "available", lambda name, there=there: there)
        doctor_._report_extractor()
        assert words in capsys.readouterr().out
