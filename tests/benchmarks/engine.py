"""Samples per second of the ganzoo engine against each framework's own inference on the same generator.

    python tests/benchmarks/engine.py                every model
    python tests/benchmarks/engine.py torch          one framework's models

Batch 256, one compute thread, NumPy latents in and NumPy samples out on both sides; in the rows "drawing latents" both
also draw them, the engine by its addressed Philox streams, the framework by its own generator: 256 samples a call, and
4,096, which the engine draws the latents of at once and the framework batch by batch. Each framework has a process of
its own. The weights are those after two training steps, since speed does not depend on them. Ratios are
medians over interleaved rounds; nothing is asserted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidebyside import Rates, Work, image_data, machine, rates, ratio, recipe, spread, table, trained

BATCH = 256
HEAD = ("model", "framework mode", "engine, samples/s", "framework, samples/s", "ratio", "range")
MANY = 4096
DRAWING, DRAWING_MANY = "drawing latents", f"drawing latents of {MANY:,}"
ENGINE, ENGINE_DRAWING, ENGINE_DRAWING_MANY = "engine", f"engine, {DRAWING}", f"engine, {DRAWING_MANY}"

Modes = dict[str, Work]


@dataclass(frozen=True)
class Case:
    """One generator: the label of its rows, the plugin's module, the data's shape and the options."""

    label: str
    plugin: str
    shape: tuple[int, ...]
    options: dict[str, Any]


def cases(framework: str) -> list[Case]:
    """The generators measured in one framework's process."""
    if framework == "torch":
        return [
            Case("dcgan, digits 8×8", "ganzoo_torch.dcgan", (1, 8, 8), recipe("dcgan", "digits")),
            Case("dcgan, mnist 28×28", "ganzoo_torch.dcgan", (1, 28, 28), recipe("dcgan", "mnist")),
            Case("wgan, ring", "ganzoo_torch.wgan", (2,), recipe("wgan", "ring")),
        ]
    return [
        Case("vanilla, digits 8×8", "ganzoo_tensorflow.vanilla", (1, 8, 8), recipe("vanilla", "digits")),
        Case("cgan, digits 8×8", "ganzoo_tensorflow.cgan", (1, 8, 8), recipe("cgan", "digits")),
    ]


def batches(work: Work) -> Work:
    """As many calls of ``work`` as make ``MANY`` samples."""
    import numpy as np

    return lambda: np.concatenate([work() for _ in range(MANY // BATCH)])


def torch_modes(model: Any, inputs: dict[str, Any]) -> Modes:
    """Eager under inference_mode, TorchScript-free torch.compile, and eager with torch.randn."""
    import torch

    torch.set_num_threads(1)
    compiled = torch.compile(model)

    @torch.inference_mode()
    def eager() -> Any:
        return model(*(torch.from_numpy(value) for value in inputs.values())).numpy()

    @torch.inference_mode()
    def fast() -> Any:
        return compiled(*(torch.from_numpy(value) for value in inputs.values())).numpy()

    @torch.inference_mode()
    def drawing() -> Any:
        return model(torch.randn(BATCH, inputs["z"].shape[1])).numpy()

    modes: Modes = {
        "torch eager": eager,
        "torch.compile": fast,
        f"torch eager, {DRAWING}": drawing,
        f"torch eager, {DRAWING_MANY}": batches(drawing),
    }
    try:
        fast()
    except Exception as error:  # noqa: BLE001 - the compiler behind torch.compile may be missing in many ways
        print(f"torch.compile does not work here: {str(error).splitlines()[0]}", file=sys.stderr)
        del modes["torch.compile"]
    return modes


def tensorflow_modes(model: Any, inputs: dict[str, Any]) -> Modes:
    """Eager call, the call compiled by tf.function, model.predict, and the compiled call with tf.random."""
    from ganzoo_tensorflow.runtime import tf

    def call(*tensors: Any) -> Any:
        return model(tensors[0] if len(tensors) == 1 else list(tensors), training=False)

    function = tf.function(call, autograph=False)
    given = list(inputs.values())

    def drawn() -> list[Any]:
        z = tf.random.normal((BATCH, inputs["z"].shape[1]))
        return [z, tf.random.uniform((BATCH,), maxval=10, dtype=tf.int64)] if "y" in inputs else [z]

    def drawing() -> Any:
        return function(*drawn()).numpy()

    return {
        "Keras eager call": lambda: call(*map(tf.constant, given)).numpy(),
        "tf.function": lambda: function(*map(tf.constant, given)).numpy(),
        "model.predict": lambda: model.predict(given[0] if len(given) == 1 else given, BATCH, verbose=0),
        f"tf.function, {DRAWING}": drawing,
        f"tf.function, {DRAWING_MANY}": batches(drawing),
    }


MODES = {"torch": torch_modes, "tensorflow": tensorflow_modes}


def measure(framework: str, case: Case, folder: Path, rounds: int) -> Rates:
    """Calls per second of the engine's two works and of the framework's modes."""
    import importlib

    from ganzoo.generator.engine import Generator
    from ganzoo.testing import toy_points

    data = toy_points() if len(case.shape) == 1 else image_data(case.shape)
    model, path = trained(importlib.import_module(case.plugin), data, case.options, folder)
    generator = Generator(path, device="cpu", threads=1)
    inputs = generator.inputs(BATCH, seed=1)
    works = {
        ENGINE: lambda: generator.run(inputs),
        ENGINE_DRAWING: lambda: generator.sample(BATCH, seed=1),
        ENGINE_DRAWING_MANY: lambda: generator.sample(MANY, seed=1),
        **MODES[framework](model, inputs),
    }
    return rates(works, rounds=rounds)


def rows(label: str, found: Rates) -> Iterator[list[str]]:
    """One table row per mode of the framework."""
    import statistics

    for mode in found:
        if mode.startswith(ENGINE):
            continue
        drawing = ENGINE_DRAWING_MANY if DRAWING_MANY in mode else ENGINE_DRAWING
        ours, samples = drawing if DRAWING in mode else ENGINE, MANY if DRAWING_MANY in mode else BATCH
        speeds = [f"{samples * statistics.median(found[name]):,.0f}" for name in (ours, mode)]
        yield [label, mode, *speeds, f"{ratio(found, ours, mode):.2f}", spread(found, ours, mode)]


@contextmanager
def quiet_predict() -> Iterator[None]:
    """Without the log lines that model.predict writes about its own thread pool."""
    import logging

    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    yield


def run(framework: str, rounds: int) -> str:
    """The table of one framework, measured in this process."""
    measured: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder, quiet_predict():
        for case in cases(framework):
            measured += rows(case.label, measure(framework, case, Path(folder), rounds))
    return table(HEAD, measured)


def main() -> None:
    """Measure the framework named, or each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("framework", nargs="?", choices=sorted(MODES))
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args()
    if given.framework:
        print(run(given.framework, given.rounds), flush=True)
        return
    print(machine("torch", "tensorflow", "keras", "onnxruntime-gpu", "numpy"), end="\n\n", flush=True)
    for framework in sorted(MODES, reverse=True):
        subprocess.run([sys.executable, __file__, framework, "--rounds", str(given.rounds)], check=True)
        print()


if __name__ == "__main__":
    main()
