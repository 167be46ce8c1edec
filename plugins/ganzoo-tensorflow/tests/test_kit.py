"""Adam, the average, seeds and start-up."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest


def python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("KERAS_BACKEND", "TF_CPP_MIN_LOG_LEVEL")}
    path = os.pathsep.join(entry for entry in sys.path if entry)
    settings = {**clean, "PYTHONPATH": path, **env}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=settings, check=False)


def test_adam_is_the_papers() -> None:
    from ganzoo_tensorflow.kit import Adam
    from ganzoo_tensorflow.runtime import keras, tf

    variable = keras.Variable(np.array([1.0, -2.0], np.float32))
    adam = Adam([variable], lr=0.1, beta1=0.5)
    x, m, v = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2)
    for t, g in enumerate(np.array([[1.0, -3.0], [0.5, 0.1], [-2.0, 4.0]]), 1):
        adam.apply([tf.constant(g, tf.float32)])
        m, v = 0.5 * m + 0.5 * g, 0.999 * v + 0.001 * g**2
        x = x - 0.1 * (m / (1 - 0.5**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(variable.numpy(), x, rtol=1e-4)


def test_the_average_follows_the_generator(case: Any) -> None:
    from ganzoo_tensorflow import kit

    run = case.run(ema=0.15, steps=2)
    gan = case.gan(run)
    histories: list[list[Any]] = [[v.numpy() for v in gan.generator.variables]]
    for part in (range(0, 1), range(1, 2)):
        data = {"x": run.data.scaled(), "y": run.data.y}
        drawn = {name: kit.tf.constant(value) for name, value in gan.draws(run, part).items()}
        gan.advance(data, drawn, kit.tf.constant(1))
        histories.append([v.numpy() for v in gan.generator.variables])
    for start, first, second, mean in zip(*histories, gan.shadow.variables, strict=True):
        after_one = 0.15 * start + 0.85 * first  # min(0.15, 2/11) and min(0.15, 3/12) are both 0.15
        np.testing.assert_allclose(mean.numpy(), 0.15 * after_one + 0.85 * second, atol=1e-6)
    assert gan.result() is gan.shadow


def test_no_average_without_the_option(case: Any) -> None:
    gan = case.gan(case.run())
    assert gan.shadow is None
    assert gan.result() is gan.generator


def test_every_layer_starts_from_a_seed_of_its_own() -> None:
    from ganzoo_tensorflow.kit import Seeds

    seeds = [Seeds(seed, purpose) for seed in (0, 1) for purpose in ("generator", "discriminator")]
    drawn = [s.next() for s in seeds for _ in range(50)]
    assert len(set(drawn)) == 200
    assert Seeds(1, "generator").next() == Seeds(1, "generator").next()


@pytest.mark.parametrize(
    ("height", "width", "expected"),
    [
        (8, 8, [(8, 8), (4, 4), (2, 2)]),
        (12, 20, [(12, 20), (6, 10), (3, 5)]),
        (9, 35, [(9, 35), (5, 18), (3, 9), (2, 5)]),
    ],
)
def test_grids_halve_rounding_up(height: int, width: int, expected: list[tuple[int, int]]) -> None:
    from ganzoo_tensorflow.networks import grids

    assert grids(height, width) == expected


def test_describing_imports_no_framework() -> None:
    done = python(
        "import sys\n"
        "from ganzoo_tensorflow import cgan, vae, vanilla\n"
        "assert [plugin.describe().name for plugin in (cgan, vae, vanilla)] == ['cgan', 'vae', 'vanilla']\n"
        "print(sorted({'tensorflow', 'keras', 'tf2onnx', 'onnx', 'numpy'} & set(sys.modules)))"
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_a_whole_run_prints_nothing(tmp_path: Any) -> None:
    done = python(
        "import pathlib\n"
        "from ganzoo import latents, testing\n"
        "from ganzoo_tensorflow import cgan as plugin\n"
        "run = testing.memory_run(plugin.describe(), testing.toy_images(n=32), {'steps': 2, 'batch': 4, 'width': 2})\n"
        "model = plugin.train(run)\n"
        "plugin.sample(model, latents.samples(run.latent, 0, 0, 2))\n"
        "plugin.export(model, pathlib.Path('" + str(tmp_path / "g.onnx") + "'))\n"
        "from ganzoo_tensorflow.runtime import tf\n"
        "assert tf.config.threading.get_intra_op_parallelism_threads() == 1\n"
        "assert tf.config.threading.get_inter_op_parallelism_threads() == 1\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_foreign_backend_is_refused_before_it_is_loaded() -> None:
    done = python("import ganzoo_tensorflow.kit", KERAS_BACKEND="jax")
    assert done.returncode != 0
    assert "PluginError: Keras runs on 'jax' here" in done.stderr
