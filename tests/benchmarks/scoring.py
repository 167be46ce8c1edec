"""How much of a scoring is the extractor's own arithmetic: ``python tests/benchmarks/scoring.py``.

50,000 images of 32×32 from an npz against 50,000 others, end to end through ``ganzoo.comparison``, with a small
convolutional extractor (random weights, 64 features), on one thread.
"""

from __future__ import annotations

import os
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save
from sidebyside import machine, table

from ganzoo import api
from ganzoo.extractors.base import ExtractorSource, OnnxExtractor
from ganzoo.generator.engine import Session
from ganzoo.plugin.manager import Zoo
from ganzoo.scoring.opening import open_source
from ganzoo.scoring.setup import Terms, source_setup

N = 50_000
WIDTHS = (3, 32, 64, 64)
STRIDES = (1, 2, 2)


def extractor_file(path: Path) -> Path:
    """Three convolutions and a mean over the image: float32 [N, 3, 32, 32] to features [N, 64]; 60,000 weights."""
    rng, nodes, constants, last = np.random.default_rng(0), [], [], "x"
    for i, (before, after) in enumerate(pairwise(WIDTHS)):
        weight = rng.normal(0, (2 / (9 * before)) ** 0.5, (after, before, 3, 3)).astype(np.float32)
        constants.append(numpy_helper.from_array(weight, f"w{i}"))
        nodes += [
            helper.make_node("Conv", [last, f"w{i}"], [f"c{i}"], strides=[STRIDES[i]] * 2, pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"c{i}"], [f"r{i}"]),
        ]
        last = f"r{i}"
    nodes += [helper.make_node("GlobalAveragePool", [last], ["g"]), helper.make_node("Flatten", ["g"], ["features"])]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 32, 32])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", WIDTHS[-1]])],
        constants,
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


class Clock:
    """Counts the seconds inside ONNX Runtime."""

    def __init__(self) -> None:
        self.seconds = 0.0
        inner = Session.bind

        def timed(session: Session, inputs: Any) -> Any:
            before = time.perf_counter()
            try:
                return inner(session, inputs)
            finally:
                self.seconds += time.perf_counter() - before

        Session.bind = timed


def main() -> None:
    """Print the seconds of a scoring and the share inside ONNX Runtime."""
    clock, zoo, rng = Clock(), Zoo.discover(), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GANZOO_CACHE"] = folder
        file = extractor_file(Path(folder) / "small.onnx")
        small = ExtractorSource(name="small", summary="", open=lambda d, t: OnnxExtractor("small", file, d, t))
        for name in ("real", "fake"):
            np.savez(Path(folder) / f"{name}.npz", x=rng.integers(0, 256, (N, 3, 32, 32)).astype(np.uint8))
        rows = []
        for profile, metrics in (("ganzoo-1", ("fid",)), ("one-pass", ())):
            clock.seconds, before = 0.0, time.perf_counter()
            fake, real = (open_source(Path(folder) / f"{name}.npz", device="cpu") for name in ("fake", "real"))
            terms = Terms(extractor="small", metrics=metrics, profile=profile, device="cpu")
            setup = source_setup(real, fake, {"small": small}, zoo.metrics(), terms)
            api.Comparison(setup, fake).score()
            total = time.perf_counter() - before
            what = f"`--profile {profile}`" + (f", {', '.join(metrics)}" if metrics else "")
            rows.append([what, f"{total:.1f}", f"{clock.seconds / total:.0%}"])
    print(table([f"{N} images of 32×32 against as many", "seconds", "inside ONNX Runtime"], rows))
    print(machine("onnxruntime-gpu"))


if __name__ == "__main__":
    main()
