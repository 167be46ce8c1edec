"""add: generators as other people write them, in two frameworks, and nothing of ganzoo in their code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ganzoo
from ganzoo.generator.foreign import Reading

CLASSES, Z = 10, 20


def torch_generator(file: Path) -> Any:
    """A conditional ResNet generator in the manner of StudioGAN: z and a label, and a call with more than that."""
    torch = pytest.importorskip("torch")
    from torch import nn

    class ConditionalNorm(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.bn = nn.BatchNorm2d(channels, affine=False)
            self.gain, self.bias = nn.Embedding(CLASSES, channels), nn.Embedding(CLASSES, channels)

        def forward(self, x: Any, label: Any) -> Any:
            shape = (-1, x.shape[1], 1, 1)
            return self.bn(x) * (1 + self.gain(label).view(shape)) + self.bias(label).view(shape)

    class Block(nn.Module):
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.norm, self.conv = ConditionalNorm(channels), nn.Conv2d(channels, channels, 3, padding=1)
            self.skip = nn.Conv2d(channels, channels, 1)

        def forward(self, x: Any, label: Any) -> Any:
            up = nn.functional.interpolate(x, scale_factor=2, mode="nearest")
            h = nn.functional.interpolate(torch.relu(self.norm(x, label)), scale_factor=2, mode="nearest")
            return self.conv(h) + self.skip(up)

    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.blocks = nn.Linear(Z, 8 * 4 * 4), nn.ModuleList([Block(8)])
            self.last = nn.Conv2d(8, 1, 3, padding=1)

        def forward(self, z: Any, label: Any, eval: bool = False) -> Any:
            x = self.linear(z).view(-1, 8, 4, 4)
            for block in self.blocks:
                x = block(x, label)
            return torch.tanh(self.last(torch.relu(x)))

    class Exported(nn.Module):
        def __init__(self, generator: Any) -> None:
            super().__init__()
            self.generator = generator

        def forward(self, z: Any, label: Any) -> Any:
            return self.generator(z, label, eval=True)

    torch.manual_seed(0)
    model = Exported(Generator()).eval()
    batch = torch.export.Dim("batch")
    torch.onnx.export(
        model,
        (torch.zeros(2, Z), torch.zeros(2, dtype=torch.int64)),
        file,
        dynamo=True,
        external_data=False,
        input_names=["z", "label"],
        dynamic_shapes=({0: batch}, {0: batch}),
        verbose=False,
    )
    return lambda z, y: model(torch.from_numpy(z), torch.from_numpy(y)).detach().numpy()


def keras_generator(file: Path) -> Any:
    """A convolutional generator of Keras' tutorials: channels last, pixels from 0 to 1, no labels."""
    keras = pytest.importorskip("keras")
    tf = pytest.importorskip("tensorflow")
    import tf2onnx

    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((Z,)),
            keras.layers.Dense(4 * 4 * 8, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.LeakyReLU(),
            keras.layers.Reshape((4, 4, 8)),
            keras.layers.Conv2DTranspose(1, 5, strides=2, padding="same", activation="sigmoid"),
        ]
    )
    function = tf.function(lambda z: model(z, training=False))
    tf2onnx.convert.from_function(function, [tf.TensorSpec((None, Z), name="z")], opset=18, output_path=str(file))
    return lambda z, _: 2 * np.asarray(model(z, training=False)).transpose(0, 3, 1, 2) - 1


@pytest.mark.usefixtures("without_natural_images")
@pytest.mark.parametrize(
    ("make", "flags", "reading"),
    [
        (torch_generator, ["--latent", f"z:{Z}:normal", "--latent", f"label:{CLASSES}:labels"], None),
        (keras_generator, ["--latent", f"z:{Z}:normal"], None),
    ],
    ids=["torch", "keras"],
)
def test_it_is_on_the_board_and_its_samples_are_its_frameworks(
    make: Any, flags: list[str], reading: Reading | None, run: Any, tmp_path: Path
) -> None:
    file = tmp_path / "theirs.onnx"
    native = make(file)
    result = run("add", file, "--name", "theirs", *flags)
    assert result.exit_code == 0, result.output
    (folder,) = (tmp_path / "runs" / "digits" / "theirs").iterdir()
    generator = ganzoo.load(folder, device="cpu")
    inputs = generator.inputs(16, 5)
    wanted = native(inputs["z"], inputs.get("y"))
    np.testing.assert_allclose(generator.run(inputs), wanted, atol=1e-4)
    assert "theirs (imported)" in run("board", "digits").stdout
