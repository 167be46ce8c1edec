"""Writing JAX functions as ONNX files with jax2onnx: one file, dynamic batch axis, nothing of this machine in it."""

from __future__ import annotations

import importlib.util
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import jax

from ganzoo import PluginError

if TYPE_CHECKING:
    from ganzoo_jax.kit import Generator

OPSET = 18


def require_jax2onnx() -> None:
    """Raise PluginError, with the command that helps, where jax2onnx is missing: before a training, not after it."""
    if importlib.util.find_spec("jax2onnx") is None:
        raise PluginError(
            "ganzoo-jax writes ONNX files with jax2onnx, which is not installed.",
            "Run 'pip install --no-deps jax2onnx' (with its dependencies it would overwrite onnxruntime-gpu).",
        )


def export_generator(model: Generator, path: Path) -> bool:
    """Write a generator to ``path``: input ``z`` float32 [N, z_dim], output ``x``."""
    require_jax2onnx()
    import jax2onnx
    import numpy as np
    import onnx

    params = jax.tree.map(np.asarray, model.params)
    with _quiet():
        proto = jax2onnx.to_onnx(
            lambda z: model.network.apply(params, z),
            [("N", model.network.z_dim)],
            model_name="generator",
            opset=OPSET,
            input_names=["z"],
            output_names=["x"],
        )
    onnx.checker.check_model(proto)
    path.write_bytes(proto.SerializeToString(deterministic=True))
    return True


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence jax2onnx, which warns of each converter whose library is not there, and keep the root logger as it is."""
    level, handlers = logging.root.manager.disable, list(logging.root.handlers)
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
        logging.root.handlers[:] = handlers
