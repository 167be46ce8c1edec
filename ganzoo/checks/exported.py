"""Checks of the generator: the ONNX file, and that it says what the framework says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ganzoo.checks.base import Check, CheckFailed
from ganzoo.checks.context import FEW, Context, Trained
from ganzoo.errors import GanzooError
from ganzoo.generator.contract import PARITY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ganzoo.checks.toys import Form
    from ganzoo.types import Array

    Sampler = Callable[[Mapping[str, Array]], Array]

FAR = 30.0
COUNTS = (1, 2, 257)


def onnx_valid(context: Context) -> None:
    """The file of each form keeps the contract, and the engine opens it."""
    for form in context.exported_forms:
        context.generator(form)


def range_and_shape(context: Context) -> None:
    """Type, shape, finite values and range of what both sides give."""
    for form in context.forms:
        trained = context.trained(form)
        _require_range(context.native(trained, trained.inputs()), trained, "sample")
    for form in context.exported_forms:
        trained = context.trained(form)
        for inputs in (trained.inputs(), _far(trained)):
            x = of_file(context, form)(inputs)
            wanted = (FEW, *form.data.spec.shape)
            if x.shape != wanted:
                raise CheckFailed(f"the ONNX file gives {x.shape} for {form.name}, not {wanted}")
            _require_range(x, trained, "the ONNX file")


def _far(trained: Trained) -> dict[str, Array]:
    """Latents far out: a range that is only probable shows there. U(-1, 1) has no far out."""
    inputs = trained.inputs(seed=2)
    far = [*(["z"] if trained.latent.law == "normal" else []), *(["noise"] if trained.latent.noise else [])]
    return inputs | {name: inputs[name] * np.float32(FAR) for name in far}


def _require_range(x: Array, trained: Trained, who: str) -> None:
    if not np.isfinite(x).all():
        raise CheckFailed(f"{who} gives values that are not finite, on {trained.form.name}")
    most = float(np.abs(x).max())
    if trained.form.data.spec.kind == "image" and most > 1 + PARITY_LIMIT:
        raise CheckFailed(f"{who} gives values up to {most:.4g} on {trained.form.name}: images lie in [-1, 1]")


def parity(context: Context) -> None:
    """The file says what the framework says, on each form."""
    for form in context.exported_forms:
        trained = context.trained(form)
        inputs = trained.inputs()
        native, x = context.native(trained, inputs), of_file(context, form)(inputs)
        difference = float(np.abs(native - x).max()) if native.shape == x.shape else float("inf")
        if not difference <= PARITY_LIMIT:  # a NaN is no agreement
            raise CheckFailed(
                f"the ONNX file differs from sample by {difference:.3g} on {form.name}, more than {PARITY_LIMIT:g}"
            )


def batch_invariance(context: Context) -> None:
    """A sample alone is the sample in its batch."""
    inputs = context.trained().inputs()
    for who, sample in samplers(context):
        whole = sample(inputs)
        for i in range(4):
            alone = sample({name: value[i : i + 1] for name, value in inputs.items()})
            if not float(np.abs(alone - whole[i : i + 1]).max()) <= PARITY_LIMIT:
                raise CheckFailed(f"{who}: a sample depends on the rest of its batch")


def of_file(context: Context, form: Form | None = None) -> Sampler:
    """The samples as the file gives them: values outside of their range are the matter of one check alone."""
    session = context.generator(form).session

    def samples(inputs: Mapping[str, Array]) -> Array:
        found: Array = session.run(inputs)["x"]
        return found

    return samples


def samplers(context: Context) -> list[tuple[str, Sampler]]:
    """Both ways to the first form's samples."""
    trained = context.trained()
    return [("the ONNX file", of_file(context)), ("sample", lambda inputs: context.native(trained, inputs))]


def dynamic_batch(context: Context) -> None:
    """Batches of several sizes, an odd one above the engine's own among them."""
    trained = context.trained()
    for n in COUNTS:
        wanted = (n, *trained.form.data.spec.shape)
        for who, run in (("the ONNX file", of_file(context)), ("sample", _raw_sample(context, trained))):
            try:
                x = run(trained.inputs(n))
            except GanzooError as error:
                raise CheckFailed(f"{who} fails at a batch of {n}: {error}") from error
            if x.shape != wanted:
                raise CheckFailed(f"{who} gives {x.shape} for a batch of {n}, not {wanted}")


def _raw_sample(context: Context, trained: Trained) -> Sampler:
    context.native(trained, trained.inputs())  # whoever fails at any batch fails another check
    return lambda inputs: context.plugin.sample(trained.model, dict(inputs))


CHECKS = (
    Check(
        "range-and-shape",
        "`sample` and the ONNX file give float32 [N, C, H, W] or [N, d], finite, images in [-1, 1] even for latents "
        "far out.",
        "End the generator of images in tanh or a clip, and put channels first.",
        range_and_shape,
    ),
    Check(
        "onnx-valid",
        "`export` writes one file that onnx's checker accepts and that keeps the contract of docs/onnx.md: inputs "
        "z, y, c, noise, output x, types, a dynamic batch axis, standard operators, no second file.",
        "The message names the first rule that is broken.",
        onnx_valid,
    ),
    Check(
        "parity",
        f"The ONNX file and `sample` agree to {PARITY_LIMIT:g} on the same latents, on small images, on RGB ones that "
        "are not square and on points.",
        "Export in float32 and inference mode, the same weights (EMA or not) that `sample` uses.",
        parity,
    ),
    Check(
        "batch-invariance",
        "A sample is the same alone and in a batch.",
        "Freeze batch norm: `eval()` or `training=False`, for the export too.",
        batch_invariance,
    ),
    Check(
        "dynamic-batch",
        f"Batches of {', '.join(map(str, COUNTS))} give as many samples.",
        "Trace with a dynamic batch axis and reshape with -1, not with the example's batch.",
        dynamic_batch,
    ),
)
