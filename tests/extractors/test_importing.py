"""Importing extractors: the official weights by their hash, and foreign networks by what their files say."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pooch
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from ganzoo.errors import ModelError, OptionError
from ganzoo.extractors import importing
from ganzoo.extractors.base import Extractor
from ganzoo.extractors.catalogue import builtin_extractors, imported_file
from ganzoo.extractors.importing import IMAGENET, Imported, import_inception, import_onnx
from ganzoo.extractors.importing.reading import Adapter
from ganzoo.extractors.inception import _Network
from ganzoo.generator.nodes import tensor
from ganzoo.limits import VARIABLE

if TYPE_CHECKING:
    from ganzoo.types import Array, FloatArray


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache."""
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(
    path: Path,
    nodes: Sequence[tuple[str, Sequence[str], Sequence[str], Mapping[str, Any]]],
    inputs: Mapping[str, tuple[str, Sequence[Any]]],
    outputs: Mapping[str, tuple[str, Sequence[Any]]],
    constants: Mapping[str, Array],
    opset: int = 17,
) -> Path:
    """An ONNX file."""
    graph = helper.make_graph(
        [helper.make_node(operator, taken, given, **more) for operator, taken, given, more in nodes],
        "net",
        [tensor(name, *form) for name, form in inputs.items()],
        [tensor(name, *form) for name, form in outputs.items()],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def means(
    path: Path, shape: Sequence[Any] = ("n", 3, "h", "w"), dtype: str = "float32", opset: int = 17, **names: str
) -> Path:
    """A network whose features are the mean of each channel (rank 4 before flattening), under any names."""
    x, y = names.get("x", "image"), names.get("y", "pooled")
    channels = shape[3] if shape[1] not in (1, 3) and len(shape) == 4 and shape[3] in (1, 3) else shape[1]
    nodes = [("Transpose", [x], ["inner"], {"perm": [0, 3, 1, 2]})] if channels != shape[1] else []
    last = "inner" if nodes else x
    nodes += [("Cast", [last], ["float"], {"to": 1}), ("GlobalAveragePool", ["float"], [y], {})]
    return write(path, nodes, {x: (dtype, shape)}, {y: ("float32", ["n", channels, 1, 1])}, {}, opset)


def opened(name: str) -> Extractor:
    (source,) = [source for source in builtin_extractors() if source.name == name]
    return source.open("cpu", 1)


def images(height: int = 20, width: int = 30, channels: int = 3, n: int = 4) -> Array:
    return np.random.default_rng(1).integers(0, 256, (n, channels, height, width)).astype(np.uint8)


def scaled(x: Array) -> FloatArray:
    return (x.astype(np.float32) / 127.5 - 1).astype(np.float32)


# The FID Inception


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of random weights in the form of the official one."""
    torch = pytest.importorskip("torch")
    draw, found = np.random.default_rng(0), {}

    class Recorder(_Network):
        """Makes each weight when the conversion asks for it."""

        def weight(self, key: str, shape: tuple[int, ...]) -> Array:
            made = draw.uniform(0.5, 1, shape) if "running_var" in key else draw.normal(0, 0.05, shape)
            found[key] = made.astype(np.float32)
            return found[key].astype(np.float64)

    Recorder({}).build()
    path = tmp_path_factory.mktemp("weights") / importing.WEIGHTS
    torch.save({key: torch.from_numpy(value) for key, value in found.items()}, path)
    return path


@pytest.fixture
def official(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same file, its hash taken for the published one."""
    monkeypatch.setattr(importing, "WEIGHTS_SHA256", hashlib.sha256(weights.read_bytes()).hexdigest())
    return weights


def test_before_the_import_inception_says_how_to_get_it() -> None:
    for name in ("inception", "inception-64", "inception-192", "inception-768", "inception-spatial"):
        with pytest.raises(
            ModelError, match=rf"'{name}' is not imported yet\. Run 'ganzoo extractor import inception'"
        ):
            opened(name)


def test_the_taps_after_the_import(official: Path) -> None:
    assert import_inception(official) == imported_file("inception")
    x = scaled(images(32, 48, n=3))
    full = opened("inception")
    extracted = full.extract(x)
    assert extracted.logits is not None
    assert extracted.features.shape == (3, 2048)
    assert extracted.logits.shape == (3, 1008)
    assert full.policy == "8-bit grid; grey replicated to RGB; resize tf1 299×299; (x - 128) / 128"
    taps = [opened(f"inception-{width}") for width in (64, 192, 768)]
    assert len({each.sha256 for each in [full, *taps]}) == 4
    small = taps[0].extract(x)
    assert small.features.shape == (3, 64)
    assert small.logits is None
    grey = x[:, :1]
    np.testing.assert_array_equal(taps[0].extract(grey).features, taps[0].extract(grey.repeat(3, 1)).features)
    assert [source.name for source in builtin_extractors()].count("inception") == 1
    # What is there already is not downloaded again.
    assert import_inception() == imported_file("inception")


def test_another_file_is_refused_with_both_hashes(weights: Path) -> None:
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    with pytest.raises(ModelError) as caught:
        import_inception(weights)
    for part in (str(weights), found, importing.WEIGHTS_SHA256, "95,628,359 bytes", importing.WEIGHTS_URL):
        assert part in str(caught.value)
    assert not imported_file("inception").exists()


def test_nvidias_file_is_called_by_its_name(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_TORCHSCRIPT_SHA256", hashlib.sha256(weights.read_bytes()).hexdigest())
    with pytest.raises(ModelError, match="it is NVIDIA's TorchScript file of the same network"):
        import_inception(weights)


def test_the_published_hashes_are_those_of_the_weights() -> None:
    assert importing.WEIGHTS_SHA256.startswith(importing.WEIGHTS.removesuffix(".pth").rpartition("-")[2])


def test_the_download_is_checked_converted_and_not_kept(official: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def retrieve(url: str, *, known_hash: str, fname: str, path: str) -> str:
        asked.append((url, known_hash))
        target = Path(path) / fname
        target.write_bytes(official.read_bytes())
        return str(target)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    target = import_inception()
    assert asked == [(importing.WEIGHTS_URL, f"sha256:{importing.WEIGHTS_SHA256}")]
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize(
    ("error", "reason"),
    [(ConnectionError("no route"), "ConnectionError"), (ValueError("hash"), "its sha256 is not the published one")],
)
def test_without_a_network(error: Exception, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def retrieve(*args: object, **more: object) -> str:
        raise error

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(ModelError, match=rf"could not be downloaded \({reason}\)\. Fetch it elsewhere and run 'ganzoo"):
        import_inception()


# Any network


@pytest.mark.parametrize(
    ("value_range", "expected"),
    [("0,255", lambda m: m), ("0,1", lambda m: m / 255), ("-1,1", lambda m: m / 127.5 - 1)],
)
def test_the_range(tmp_path: Path, value_range: Any, expected: Any) -> None:
    made = import_onnx("mine", means(tmp_path / "net.onnx"), Adapter(value_range=value_range))
    x = images()
    extractor = opened("mine")
    wanted = expected(x.astype(np.float64).mean((2, 3)))
    np.testing.assert_allclose(extractor.extract(scaled(x)).features, wanted, atol=1e-4)
    assert extractor.sha256 == made.sha256 == hashlib.sha256(made.path.read_bytes()).hexdigest()
    told = value_range.replace(",", "..")
    assert extractor.policy == f"8-bit grid; grey replicated to RGB; range {told}; mean over the grid"
    assert made.notes == ("--input is 'image'.", "--features is 'pooled'.")


def test_mean_and_std_are_of_the_range(tmp_path: Path) -> None:
    mean, std = IMAGENET
    import_onnx("mine", means(tmp_path / "net.onnx"), Adapter(value_range="0,1", mean=mean, std=std))
    x = images()
    wanted = (x.mean((2, 3)) / 255 - mean) / std
    np.testing.assert_allclose(opened("mine").extract(scaled(x)).features, wanted, atol=1e-5)


def test_bytes_are_inferred_and_kept_in_range(tmp_path: Path) -> None:
    made = import_onnx("mine", means(tmp_path / "net.onnx", dtype="uint8"), Adapter(resize="bicubic", size=45))
    assert "--range is uint8, the type of its input." in made.notes
    x = (images(30, 30, n=2) > 127).astype(np.uint8) * 255  # the cubic kernel overshoots at every edge
    planes = [Image.fromarray(plane).resize((45, 45), Image.Resampling.BICUBIC) for plane in x.reshape(-1, 30, 30)]
    wanted = np.stack([np.asarray(plane, np.float64).mean() for plane in planes]).reshape(2, 3)
    np.testing.assert_allclose(opened("mine").extract(scaled(x)).features, wanted, atol=0.3)


def test_channels_last_half_precision_and_clashing_names(tmp_path: Path) -> None:
    file = means(tmp_path / "net.onnx", ("n", "h", "w", 3), "float16", x="x", y="before/Cast_0")
    made = import_onnx("mine", file, Adapter(value_range="0,1"))
    assert "The channels of 'x' come last." in made.notes
    x = images()
    np.testing.assert_allclose(opened("mine").extract(scaled(x)).features, x.mean((2, 3)) / 255, atol=1e-3)


def test_an_old_opset_is_brought_up(tmp_path: Path) -> None:
    import_onnx("mine", means(tmp_path / "net.onnx", opset=9), Adapter(value_range="0,1", resize="tf1", size=16))
    assert opened("mine").extract(scaled(images())).features.shape == (4, 3)


def test_a_fixed_size_is_what_it_resizes_to(tmp_path: Path) -> None:
    file = means(tmp_path / "net.onnx", ("n", 1, 24, 16))
    made = import_onnx("mine", file, Adapter(value_range="0,1", resize="bilinear"))
    assert "--size is 24×16, which is what it takes." in made.notes
    extractor = opened("mine")
    x = images(channels=1)
    planes = [
        Image.fromarray(plane.astype(np.float32)).resize((16, 24), Image.Resampling.BILINEAR) for plane in x[:, 0]
    ]
    wanted = np.stack([np.asarray(plane).mean() for plane in planes])[:, None] / 255
    np.testing.assert_allclose(extractor.extract(scaled(x)).features, wanted, atol=1e-5)
    assert extractor.policy == "8-bit grid; resize bilinear 24×16; range 0..1; mean over the grid"
    plain = import_onnx("plain", file, Adapter(value_range="0,1"))
    assert "It takes images of 24×16 only; --resize would let it take any." in plain.notes


def classifier(path: Path) -> Path:
    """Two inputs (the text reaches the score only), a constant used by an inner graph, three outputs."""
    inner = helper.make_graph(
        [helper.make_node("Add", ["pooled", "shift"], ["chosen"])],
        "inner",
        [],
        [tensor("chosen", "float32", ["n", 3, 1, 1])],
    )
    nodes = [
        ("GlobalAveragePool", ["image"], ["pooled"], {}),
        ("If", ["yes"], ["moved"], {"then_branch": inner, "else_branch": inner}),
        ("Flatten", ["moved"], ["embedding"], {}),
        ("MatMul", ["embedding", "matrix"], ["classes"], {}),
        ("Add", ["classes", "text"], ["score"], {}),
    ]
    inputs = {"image": ("float32", ["n", 3, "h", "w"]), "text": ("float32", [1, 5])}
    outputs = {name: ("float32", ["n", size]) for name, size in (("embedding", 3), ("classes", 5), ("score", 5))}
    constants = {
        "yes": np.array(True),
        "shift": np.array(2, np.float32),
        "matrix": np.arange(15, dtype=np.float32).reshape(3, 5),
    }
    return write(path, nodes, inputs, outputs, constants)


def test_features_and_logits_of_a_larger_graph(tmp_path: Path) -> None:
    file = classifier(tmp_path / "net.onnx")
    import_onnx("mine", file, Adapter(input="image", features="embedding", logits="classes", value_range="0,1"))
    x = images()
    extracted = opened("mine").extract(scaled(x))
    wanted = x.mean((2, 3)) / 255 + 2
    np.testing.assert_allclose(extracted.features, wanted, atol=1e-5)
    assert extracted.logits is not None
    np.testing.assert_allclose(extracted.logits, wanted @ np.arange(15).reshape(3, 5), rtol=1e-5)


@pytest.mark.parametrize(
    ("adapter", "reason"),
    [
        (Adapter(), r"takes 'image' \(float \[n, 3, h, w\]\), 'text' \(float \[1, 5\]\)\. Say which with --input"),
        (Adapter(input="photo"), r"takes no 'photo', but 'image' .*, 'text' .*--input"),
        (Adapter(input="image"), r"gives 'embedding' \(float \[n, 3\]\), 'classes' .*'score' .*--features"),
        (Adapter(input="image", features="pool"), "gives no 'pool', but 'embedding'"),
        (Adapter(input="image", logits="pool"), "gives no 'pool', but 'embedding' .*--logits"),
        (Adapter(input="image", features="embedding"), "does not say which numbers .*--range"),
    ],
)
def test_what_must_be_said_is_listed(tmp_path: Path, adapter: Adapter, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        import_onnx("mine", classifier(tmp_path / "net.onnx"), adapter)
    assert not imported_file("mine").exists()


@pytest.mark.parametrize(
    ("adapter", "error", "reason"),
    [
        (Adapter(input="text", features="score"), ModelError, r"takes 'text' .*and images are \[N, C, H, W\]"),
        (Adapter(input="image", features="score", value_range="0,1"), ModelError, "needs more than images.*: text"),
    ],
)
def test_a_graph_that_needs_more_than_images(
    tmp_path: Path, adapter: Adapter, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        import_onnx("mine", classifier(tmp_path / "net.onnx"), adapter)


@pytest.mark.parametrize(
    ("shape", "adapter", "reason"),
    [
        ((4, 3, "h", "w"), {}, "has a fixed batch of 4.*Export it with an open batch axis"),
        (("n", 5, "h", "w"), {}, "neither one nor three channels"),
        (("n", 3, "h", "w"), {"value_range": "uint8"}, "takes float32 numbers, not uint8"),
        (("n", 3, "h", "w"), {"resize": "tf1"}, "Say to which it is to resize them: --size 224"),
        (("n", 3, "h", "w"), {"size": 9}, "--size 9, but no --resize"),
        (("n", 3, 8, 8), {"resize": "tf1", "size": 9}, "takes images of 8×8, not 9×9"),
        (("n", 3, "h", "w"), {"mean": (1.0, 2.0)}, "takes 3 channels, but --mean has 2 numbers"),
        (("n", 3, "h", "w"), {"std": (0.0,)}, "--std .* is out of range"),
        (("n", 3, "h", "w"), {"logits": "pooled"}, r"gives 'pooled' .* only, which --logits names"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, shape: Sequence[Any], adapter: dict[str, Any], reason: str
) -> None:
    file = means(tmp_path / "net.onnx", shape)
    with pytest.raises((ModelError, OptionError), match=reason):
        import_onnx("mine", file, Adapter(**{"value_range": "0,1", **adapter}))


def test_bytes_have_no_mean(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="takes bytes, which have no --mean"):
        import_onnx("mine", means(tmp_path / "net.onnx", dtype="uint8"), Adapter(mean=(1.0,)))


def test_features_that_mix_the_images_of_a_batch_are_refused(tmp_path: Path) -> None:
    """A batch norm in training mode: FID 20 became 400 in other tools."""
    nodes = [
        ("GlobalAveragePool", ["x"], ["pooled"], {}),
        ("Flatten", ["pooled"], ["flat"], {}),
        ("ReduceMean", ["flat"], ["middle"], {"axes": [0], "keepdims": 1}),
        ("Sub", ["flat", "middle"], ["y"], {}),
    ]
    file = write(tmp_path / "net.onnx", nodes, {"x": ("float32", ["n", 3, "h", "w"])}, {"y": ("float32", ["n", 3])}, {})
    with pytest.raises(ModelError, match=r"depend on the other images of a batch\. Export it in evaluation mode"):
        import_onnx("mine", file, Adapter(value_range="0,1"))


def test_features_of_no_known_rank(tmp_path: Path) -> None:
    nodes = [("ReduceMean", ["x"], ["y"], {"axes": [1, 2, 3], "keepdims": 0})]
    file = write(tmp_path / "net.onnx", nodes, {"x": ("float32", ["n", 3, "h", "w"])}, {"y": ("float32", ["n"])}, {})
    with pytest.raises(ModelError, match=r"gives 'y' \['n'\], and features are \[N, d\]"):
        import_onnx("mine", file, Adapter(value_range="0,1"))


@pytest.mark.parametrize("name", ["", "Mine", "a/b", "..", ".a", "ä", "a b"])
def test_bad_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match="cannot be the name of an extractor"):
        import_onnx(name, means(tmp_path / "net.onnx"), Adapter(value_range="0,1"))


@pytest.mark.parametrize("name", ["digits", "points", "inception", "inception-64"])
def test_names_that_are_taken(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=rf"'{name}' is one of ganzoo's own extractors"):
        import_onnx(name, means(tmp_path / "net.onnx"), Adapter(value_range="0,1"))


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Cannot read"):
        import_onnx("mine", tmp_path / "nowhere.onnx")
    (tmp_path / "net.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"net\.onnx cannot be read as an ONNX model"):
        import_onnx("mine", tmp_path / "net.onnx")


def test_weights_beside_the_file_are_measured_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = classifier(tmp_path / "net.onnx")
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="net.data", size_threshold=0)
    with (tmp_path / "net.data").open("ab") as stream:
        stream.truncate(10**7)
    model = onnx.load(path, load_external_data=False)
    for stored in model.graph.initializer:  # each of them all of the file
        del stored.external_data[1:]
    path.write_bytes(model.SerializeToString())
    monkeypatch.setenv(VARIABLE, "11MB")
    with pytest.raises(ModelError, match=r"The weights that .*net.onnx takes of other files would take"):
        import_onnx("mine", path)


def test_a_second_import_is_said_and_has_the_same_bytes(tmp_path: Path) -> None:
    file = means(tmp_path / "net.onnx")
    first = import_onnx("mine", file, Adapter(value_range="0,1"))
    again = import_onnx("mine", file, Adapter(value_range="0,1"))
    assert "It replaces the extractor 'mine' that was imported before." in again.notes
    assert again.sha256 == first.sha256
    assert import_onnx("mine", file, Adapter(value_range="-1,1")).sha256 != first.sha256


# DINOv2


def transformer(path: Path, width: int = 16) -> Path:
    """Like a ViT-L/14 of Hugging Face: 14×14 patches, a first token that averages them, two outputs."""
    nodes = [
        ("Conv", ["pixel_values", "patches"], ["grid"], {"kernel_shape": [14, 14], "strides": [14, 14]}),
        ("Reshape", ["grid", "shape"], ["rows"], {}),
        ("Transpose", ["rows"], ["tokens"], {"perm": [0, 2, 1]}),
        ("ReduceMean", ["tokens"], ["first"], {"axes": [1], "keepdims": 1}),
        ("Concat", ["first", "tokens"], ["last_hidden_state"], {"axis": 1}),
        ("ReduceMean", ["tokens"], ["pooler_output"], {"axes": [1], "keepdims": 0}),
    ]
    patches = np.random.default_rng(0).normal(0, 0.02, (width, 3, 14, 14)).astype(np.float32)
    outputs = {
        "last_hidden_state": ("float32", ["batch", 257, width]),
        "pooler_output": ("float32", ["batch", width]),
    }
    inputs = {"pixel_values": ("float32", ["batch", 3, "height", "width"])}
    return write(path, nodes, inputs, outputs, {"patches": patches, "shape": np.array([0, width, -1])})


def by_hand(x: Array, patches: Array) -> Array:
    """PIL's bicubic on floats, ImageNet's statistics, and the mean over the patches."""
    planes = [
        np.asarray(Image.fromarray(plane.astype(np.float32)).resize((224, 224), Image.Resampling.BICUBIC))
        for plane in x.reshape(-1, *x.shape[2:])
    ]
    mean, std = (np.array(values)[:, None, None] for values in IMAGENET)
    z = (np.stack(planes).reshape(len(x), 3, 224, 224) / 255 - mean) / std
    blocks = z.reshape(len(x), 3, 16, 14, 16, 14).mean((2, 4))
    result: Array = np.einsum("nchw,dchw->nd", blocks, patches)
    return result


@pytest.mark.parametrize("size", [(32, 32), (300, 260)])
def test_dinov2_needs_no_options(tmp_path: Path, size: tuple[int, int]) -> None:
    file = transformer(tmp_path / "dinov2.onnx")
    made = import_onnx("dinov2", file)
    extractor = opened("dinov2")
    x = images(*size, n=2)
    patches = numpy_helper.to_array(onnx.load(file).graph.initializer[0])
    np.testing.assert_allclose(extractor.extract(scaled(x)).features, by_hand(x, patches), atol=1e-4)
    assert extractor.policy == (
        "8-bit grid; grey replicated to RGB; resize bicubic 224×224; range 0..1; "
        "mean 0.485, 0.456, 0.406; std 0.229, 0.224, 0.225; first token"
    )
    assert "It has 16 features, where the published numbers were taken with 1024." in made.notes


def test_dinov2_with_a_flat_output(tmp_path: Path) -> None:
    made: Imported = import_onnx("dinov2", transformer(tmp_path / "d.onnx"), Adapter(features="pooler_output"))
    x = scaled(images(n=2))
    flat = opened("dinov2").extract(x).features
    import_onnx("dinov2", tmp_path / "d.onnx")
    np.testing.assert_allclose(opened("dinov2").extract(x).features, flat, atol=1e-6)
    assert "--input is 'pixel_values'." in made.notes
