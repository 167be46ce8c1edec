"""The one sampler: ONNX Runtime on whatever a plugin exported. The only module that imports onnxruntime."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import latents
from ganzoo.errors import DeviceError, GanzooError, ModelError, UsageError
from ganzoo.generator.causes import cause
from ganzoo.generator.contract import DTYPES, NUMPY_TYPES, read_info, tails
from ganzoo.generator.declared import check_border, check_graph
from ganzoo.generator.flags import examples
from ganzoo.generator.graphs import refuse_external_data
from ganzoo.generator.spread import Spread
from ganzoo.labels import called, number_of
from ganzoo.limits import check_size
from ganzoo.types import LatentSpec

if TYPE_CHECKING:
    from ganzoo.types import Array, FloatArray

BATCH = 256
DRAWN = 4096
"""Samples whose latents are drawn at once, fewer of long ones."""
_MOST_DRAWN = 1 << 22
"""Numbers of latents that are drawn at once, where they are of more than one batch."""
_MOST_MADE = 1 << 26
"""Numbers of samples, or of their latents, that are made at once (256 MB), where they are more than one sample."""
_KINDS = {1: "float", 7: "int64"}
"""onnx.TensorProto's element types as ONNX Runtime spells them."""
_QUIET = 4  # onnxruntime's "fatal only": a provider that does not load is reported by us, once
WRONG_RANGE = "Give the right --range."
_BOUND_IT = "End its graph in tanh or a clip, and export it again."


def cuda_device_count() -> int:
    """CUDA GPUs that the driver shows; 0 without a driver."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def built_for_cuda() -> bool:
    """Whether the onnxruntime that is installed has the CUDA provider at all."""
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers()


class Session:
    """One ONNX graph on one provider.

    ``device`` is "auto" (CUDA where it really loads, else CPU), "cpu" or "cuda". Raises DeviceError where CUDA was
    asked for and is not to be had, ModelError where the bytes are no ONNX graph or leave weights in another file.
    """

    def __init__(self, model: bytes, name: str, *, device: str = "auto", threads: int = 1) -> None:
        self._name = name
        self._session = _open(model, name, device, threads)
        self.provider: str = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        self.inputs = {item.name: item for item in self._session.get_inputs()}
        self.outputs = {item.name: item for item in self._session.get_outputs()}
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map

    @property
    def _memory(self) -> str:
        return "cuda" if self.provider == "CUDA" else "cpu"

    def bind(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Run on arrays or on another session's outputs; the results stay where they were computed."""
        binding = self._session.io_binding()
        for name, value in inputs.items():
            if isinstance(value, np.ndarray):
                binding.bind_cpu_input(name, np.ascontiguousarray(value))
            else:
                binding.bind_ortvalue_input(name, value)
        for name in self.outputs:
            binding.bind_output(name, self._memory)
        try:
            self._session.run_with_iobinding(binding)
            binding.synchronize_outputs()
        except Exception as error:  # onnxruntime's errors share no public base class
            why = cause(error)
            raise ModelError(f"{self._name} failed to run: {why.sentence}", why.hint) from error
        return dict(zip(self.outputs, binding.get_outputs(), strict=True))

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Like ``bind``, with the outputs as arrays."""
        return {name: value.numpy() for name, value in self.bind(inputs).items()}


def _open(model: bytes, name: str, device: str, threads: int) -> Any:
    import onnxruntime

    _check(model, name)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _QUIET
    wanted = _providers(device)
    try:
        session = onnxruntime.InferenceSession(model, options, providers=wanted)
    except Exception as error:  # onnxruntime's errors share no public base class
        why = cause(error)
        raise ModelError(f"{name} is no ONNX model that can be run: {why.sentence}", why.hint) from error
    if device == "cuda" and session.get_providers()[0] != "CUDAExecutionProvider":
        raise DeviceError("The CUDA provider of onnxruntime did not load.", "'ganzoo doctor' says what is missing.")
    return session


def _check(content: bytes, name: str) -> None:
    """Raise ModelError for what onnxruntime must not be given to open."""
    import onnx

    try:
        model = onnx.load_model_from_string(content)
        refuse_external_data(model, name)  # onnxruntime would look for it in the current directory
        check_graph(model, name)
    except GanzooError:
        raise
    except Exception as error:  # protobuf's errors share no public base class
        raise ModelError(f"{name} is no ONNX model that can be run: it cannot be parsed.") from error


def _providers(device: str) -> list[Any]:
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"Unknown device '{device}'.", "Use auto, cpu or cuda.")
    available = built_for_cuda() and cuda_device_count() > 0
    if device == "cuda" and not available:
        raise DeviceError(
            "--device cuda was asked for, but no CUDA GPU or no CUDA build of onnxruntime is here.", "Use --device cpu."
        )
    if device == "cpu" or not available:
        return ["CPUExecutionProvider"]
    _preload_cuda()
    # TF32 keeps ten bits of the mantissa: a GPU's samples would leave the parity limit.
    return [("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider"]


@functools.cache
def _preload_cuda() -> None:
    """Let onnxruntime find the CUDA libraries that pip packages brought, torch's included."""
    import onnxruntime

    if hasattr(onnxruntime, "preload_dlls"):
        onnxruntime.preload_dlls()


class Generator:
    """A generator.onnx, ready to be sampled.

    ``sample(n, seed)`` gives the same samples whatever the batch size: sample i depends on (seed, i) alone.
    ``content`` is that of the file where it was read before, ``adapted`` the graph to run in the file's place: a
    foreign one that was wrapped to keep the contract, whose range of pixels was ``declared``; ``notes`` say what was
    inferred of it.
    Raises ModelError where the file is missing, no ONNX, or not a generator that keeps the contract.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        device: str = "auto",
        threads: int = 1,
        content: bytes | None = None,
        adapted: bytes | None = None,
        declared: tuple[float, float] = (-1.0, 1.0),
        notes: tuple[str, ...] = (),
    ) -> None:
        self.path = Path(path)
        content = read_model(self.path) if content is None else content
        self.adapted = adapted
        self.notes = notes
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.session = Session(adapted or content, self.path.name, device=device, threads=threads)
        inputs, outputs = self.session.inputs, self.session.outputs
        self.info = read_info(self.session.metadata, inputs, outputs, name=self.path.name, hint=examples(inputs))
        self.latent = self.info.latent
        self.data = self.info.data
        wanted = tails(self.latent, self.data.shape)
        kinds = {key: _KINDS[DTYPES[key]] for key in wanted}
        check_border(wanted, {**inputs, **outputs}, kinds, self.path.name)
        self.provider = self.session.provider
        hint = _BOUND_IT if adapted is None else WRONG_RANGE
        self._spread = Spread(self.info.variant, declared, hint) if self.data.kind == "image" else None

    @property
    def clipped(self) -> str:
        """What lay outside of the range in all that was drawn so far, as a sentence; "" where nothing did."""
        return self._spread.note if self._spread else ""

    def bind(self, inputs: Mapping[str, Array], *, first: int = 0) -> Any:
        """Samples of given inputs (``z``; ``y``, ``c``, ``noise`` as ``latent`` says), left where they were made.

        All samples come out here; ``first`` is the number of the first of them, by which messages call them. Raises
        ModelError for values that are not finite, and for images that are grossly outside of [-1, 1].
        """
        _check_inputs(self.latent, inputs)
        value = self.session.bind(inputs)["x"]
        x = value.numpy()
        if x.shape != (len(inputs["z"]), *self.data.shape):
            raise ModelError(
                f"{self.path.name} gives samples of shape {list(x.shape[1:])}, but by its metadata they have "
                f"{list(self.data.shape)}."
            )
        low, high = float(x.min(initial=0)), float(x.max(initial=0))
        if not np.isfinite(low) or not np.isfinite(high):  # a NaN is both the least and the greatest
            check_finite(x, first, self.info.variant)
        if self._spread:
            self._spread.add(x, low, high)
        return value

    def run(self, inputs: Mapping[str, Array], *, first: int = 0) -> FloatArray:
        """Like ``bind``, with the samples as an array float32 [N, *shape]."""
        x: FloatArray = self.bind(inputs, first=first).numpy()
        return x

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes that it can be asked for are called, by number where they have no names."""
        classes = self.latent.classes
        return called(self.info.class_names if classes else (), classes)

    def inputs(self, n: int, seed: int = 0, *, start: int = 0, label: int | str | None = None) -> dict[str, Array]:
        """The inputs of samples ``start`` … ``start + n - 1``; ``label`` asks for one class, by name or number."""
        drawn = latents.samples(self.latent, seed, start, n)
        if label is not None:
            drawn["y"] = np.full(n, self._checked(label), np.int64)
        return drawn

    def batches(
        self, n: int, seed: int = 0, *, label: int | str | None = None, batch: int = BATCH
    ) -> Iterator[tuple[dict[str, Array], FloatArray]]:
        """Inputs and samples, ``batch`` at a time."""
        for start, inputs in self.each_inputs(0, n, seed, label=label, batch=batch):
            yield inputs, self.run(inputs, first=start)

    def each_inputs(
        self, start: int, stop: int, seed: int = 0, *, label: int | str | None = None, batch: int = BATCH
    ) -> Iterator[tuple[int, dict[str, Array]]]:
        """The inputs of samples ``start`` … ``stop - 1``, ``batch`` at a time, with the number of the first of each;
        of large samples fewer.

        Several batches are drawn at once: of few numbers a sample, most of the time of a draw is its overhead.
        """
        batch = max(1, min(batch, _MOST_MADE // max(math.prod(self.data.shape), self.latent.numbers)))
        drawn_at_once = min(DRAWN, _MOST_DRAWN // self.latent.numbers)
        many = max(batch, drawn_at_once // batch * batch)
        for first in range(start, stop, many):
            drawn = self.inputs(min(many, stop - first), seed, start=first, label=label)
            for at in range(0, len(drawn["z"]), batch):
                yield first + at, {name: value[at : at + batch] for name, value in drawn.items()}

    def sample(self, n: int, seed: int = 0, *, label: int | str | None = None, batch: int = BATCH) -> FloatArray:
        """Draw n samples: float32 [n, C, H, W] in [-1, 1], or [n, d] for points."""
        parts = [x for _, x in self.batches(n, seed, label=label, batch=batch)]
        return np.concatenate(parts) if parts else np.empty((0, *self.data.shape), np.float32)

    def _checked(self, label: int | str) -> int:
        if not self.latent.classes:
            raise UsageError(f"{self.info.variant} takes no class label.", "Leave --label out.")
        return number_of(label, self.class_names)


def read_model(path: Path) -> bytes:
    """The bytes of an ONNX file. Raises ModelError where they cannot be read, or are too many."""
    try:
        check_size(path.stat().st_size, f"The file {path}", ModelError)
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror or error}.") from error


def check_finite(x: FloatArray, first: int, name: str) -> None:
    """Raise ModelError for samples that are not finite: a NaN is a pixel like any other once it was made a byte."""
    if np.isfinite(x).all():
        return
    odd = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
    raise ModelError(
        f"{name} generates values that are not finite: {len(odd)} of the samples {first} to {first + len(x) - 1}, "
        f"the first of them sample {first + odd[0]}.",
        "Its training diverged, or it takes latents of another kind.",
    )


def _check_inputs(spec: LatentSpec, inputs: Mapping[str, Array]) -> None:
    if set(inputs) != set(spec.names):
        raise ModelError(f"The generator takes {list(spec.names)}, but was given {sorted(inputs)}.")
    n, each = len(inputs["z"]), tails(spec, ())
    for name, value in inputs.items():
        shape, dtype = (n, *each[name]), NUMPY_TYPES[DTYPES[name]]
        if value.shape != shape or value.dtype != dtype:
            raise ModelError(f"Input {name} must be {dtype} {list(shape)}, but is {value.dtype} {list(value.shape)}.")
