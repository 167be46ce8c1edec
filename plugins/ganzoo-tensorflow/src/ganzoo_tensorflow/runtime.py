"""TensorFlow as this distribution needs it: quiet, one compute thread, Keras on TensorFlow, one chosen device.

Import ``tf`` and ``keras`` from here, so that the environment is set before either of them starts.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

from ganzoo import DeviceError, PluginError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # a quarter slower on small nets, and it reorders sums
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


_CHATTER = re.compile(rb"WARNING: All log messages before absl|[IW]\d{4} ")


def require_backend(name: str) -> None:
    """Raise PluginError unless ``name``, Keras's backend, is TensorFlow: it is fixed once per process."""
    if name != "tensorflow":
        raise PluginError(
            f"Keras runs on '{name}' here, but ganzoo-tensorflow needs it on TensorFlow.",
            "Unset KERAS_BACKEND, or set it to tensorflow, and start again.",
        )


require_backend(sys.modules["keras"].config.backend() if "keras" in sys.modules else os.environ["KERAS_BACKEND"])


@contextmanager
def _without_native_chatter() -> Iterator[None]:
    """Drop what TensorFlow's C++ side tells a machine without CUDA before its own log level takes effect."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            sys.stderr.writelines(line.decode(errors="replace") for line in caught if not _CHATTER.match(line))


with _without_native_chatter():
    import keras
    import tensorflow as tf

__all__ = ["keras", "on_device", "require_backend", "tf"]


def _one_thread() -> None:
    # Small nets run many times slower on two threads than on one; too late where TensorFlow has started already.
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)


_one_thread()


def on_device(device: str) -> AbstractContextManager[Any]:
    """Place everything made inside the context on ``device``, "cpu" or "cuda".

    Raises DeviceError where "cuda" is asked for and TensorFlow sees no GPU. A run on the CPU hides the GPUs from
    the whole process, so that it takes no memory there.
    """
    if device != "cuda":
        with suppress(RuntimeError):  # TensorFlow has started: it has taken what it takes
            tf.config.set_visible_devices([], "GPU")
        return tf.device("/CPU:0")  # type: ignore[no-any-return]
    if not tf.config.get_visible_devices("GPU"):
        raise DeviceError(
            "TensorFlow sees no CUDA device in this process.",
            "Use --device cpu, or install tensorflow[and-cuda] and check 'nvidia-smi'.",
        )
    with suppress(RuntimeError):
        for gpu in tf.config.get_visible_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
    tf.config.experimental.enable_op_determinism()
    return tf.device("/GPU:0")  # type: ignore[no-any-return]
