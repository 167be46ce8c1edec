"""Checks of the generator: the ONNX file, and that it says what the framework says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import latents
from ganzoo.checks.base import Check, CheckFailed, Inapplicable
from ganzoo.checks.context import FEW, Context, Trained
from ganzoo.errors import GanzooError
from ganzoo.generator.contract import PARITY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ganzoo.checks.toys import Form
    from ganzoo.types import Array, Variant

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
            x = _of_file(context, form)(inputs)
            wanted = (FEW, *form.data.spec.shape)
            if x.shape != wanted:
                raise CheckFailed(f"the ONNX file gives {x.shape} for {form.name}, not {wanted}")
            _require_range(x, trained, "the ONNX file")


def _far(trained: Trained) -> dict[str, Array]:
    """Latents far out: a range that is only probable shows there. U(-1, 1) has no far out."""
    inputs = trained.inputs(seed=2)
    if trained.latent.law == "normal":
        inputs["z"] = inputs["z"] * np.float32(FAR)
    return inputs


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
        native, x = context.native(trained, inputs), _of_file(context, form)(inputs)
        difference = float(np.abs(native - x).max()) if native.shape == x.shape else float("inf")
        if not difference <= PARITY_LIMIT:  # a NaN is no agreement
            raise CheckFailed(
                f"the ONNX file differs from sample by {difference:.3g} on {form.name}, more than {PARITY_LIMIT:g}"
            )


def batch_invariance(context: Context) -> None:
    """A sample alone is the sample in its batch."""
    inputs = context.trained().inputs()
    for who, sample in _samplers(context):
        whole = sample(inputs)
        for i in range(4):
            alone = sample({name: value[i : i + 1] for name, value in inputs.items()})
            if not float(np.abs(alone - whole[i : i + 1]).max()) <= PARITY_LIMIT:
                raise CheckFailed(f"{who}: a sample depends on the rest of its batch")


def _of_file(context: Context, form: Form | None = None) -> Sampler:
    """The samples as the file gives them: values outside of their range are the matter of one check alone."""
    session = context.generator(form).session

    def samples(inputs: Mapping[str, Array]) -> Array:
        found: Array = session.run(inputs)["x"]
        return found

    return samples


def _samplers(context: Context) -> list[tuple[str, Sampler]]:
    """Both ways to the first form's samples."""
    trained = context.trained()
    return [("the ONNX file", _of_file(context)), ("sample", lambda inputs: context.native(trained, inputs))]


def dynamic_batch(context: Context) -> None:
    """Batches of several sizes, an odd one above the engine's own among them."""
    trained = context.trained()
    for n in COUNTS:
        wanted = (n, *trained.form.data.spec.shape)
        for who, run in (("the ONNX file", _of_file(context)), ("sample", _raw_sample(context, trained))):
            try:
                x = run(trained.inputs(n))
            except GanzooError as error:
                raise CheckFailed(f"{who} fails at a batch of {n}: {error}") from error
            if x.shape != wanted:
                raise CheckFailed(f"{who} gives {x.shape} for a batch of {n}, not {wanted}")


def _raw_sample(context: Context, trained: Trained) -> Sampler:
    context.native(trained, trained.inputs())  # whoever fails at any batch fails another check
    return lambda inputs: context.plugin.sample(trained.model, dict(inputs))


def latents_matter(context: Context) -> None:
    """Other z, other samples."""
    trained = context.trained()
    x = _of_file(context)({**trained.inputs(), "z": trained.inputs(seed=2)["z"]})
    if np.array_equal(x, _of_file(context)(trained.inputs())):
        raise CheckFailed("other z give the same samples")


def labels_obeyed(context: Context) -> None:
    """Each label is taken, and gives something of its own."""
    trained = context.trained()
    option = context.variant.inputs.labels
    if isinstance(option, str) and not trained.latent.classes:
        raise Inapplicable(f"for {option}=true: 'ganzoo check {context.variant.name} --set {option}=true' makes it")
    base = trained.inputs()
    for who, sample in _samplers(context):
        each = [sample({**base, "y": np.full(FEW, label)}) for label in range(trained.latent.classes)]
        for label, x in enumerate(each):
            twin = next((other for other in range(label) if np.array_equal(each[other], x)), None)
            if twin is not None:
                raise CheckFailed(f"{who} gives the same for the labels {twin} and {label}")


def codes_matter(context: Context) -> None:
    """Each value of the categorical code and each continuous code changes the samples."""
    trained = context.trained()
    latent, base = trained.latent, trained.inputs()
    for who, sample in _samplers(context):
        still = sample({**base, "c": _code(base["c"], latent.categorical, 0)})
        for value in range(1, latent.categorical):
            if np.array_equal(still, sample({**base, "c": _code(base["c"], latent.categorical, value)})):
                raise CheckFailed(f"{who} gives the same for the values 0 and {value} of the categorical code")
        for column in range(latent.categorical, latent.code_dim):
            if np.array_equal(sample(base), sample({**base, "c": _moved(base["c"], column)})):
                raise CheckFailed(f"{who} gives the same whatever the continuous code {column - latent.categorical} is")


def _code(c: Array, categorical: int, value: int) -> Array:
    """The codes with one categorical value throughout."""
    changed = c.copy()
    if categorical:
        changed[:, :categorical] = 0
        changed[:, value] = 1
    return changed


def _moved(c: Array, column: int) -> Array:
    changed = c.copy()
    changed[:, column] = -np.sign(c[:, column]) * 0.5
    return changed


def bad_latents_refused(context: Context) -> None:
    """Inputs that are missing, or of a wrong width, are an error of both sides and never samples."""
    trained = context.trained()
    generator = context.generator()
    context.native(trained, trained.inputs())
    for what, inputs in _bad(trained):
        if not _refuses(generator.session.run, inputs):
            raise CheckFailed(f"the ONNX file takes {what} and gives samples")
        if not _refuses(lambda given: context.plugin.sample(trained.model, given), inputs):
            raise CheckFailed(f"sample takes {what} and gives samples")


def _refuses(run: Callable[[Any], Any], inputs: dict[str, Array]) -> bool:
    try:
        run(inputs)
    except GanzooError:
        return True
    return False


def _bad(trained: Trained) -> list[tuple[str, dict[str, Array]]]:
    good = trained.inputs()
    wide = latents.samples(_wider(trained, "z_dim"), 1, 0, FEW)["z"]
    found = [
        (f"z of width {wide.shape[1]} in place of {good['z'].shape[1]}", {**good, "z": wide}),
        ("no z at all", {name: value for name, value in good.items() if name != "z"}),
    ]
    if "c" in good:
        code = latents.samples(_wider(trained, "continuous"), 1, 0, FEW)["c"]
        found.append((f"c of width {code.shape[1]} in place of {good['c'].shape[1]}", {**good, "c": code}))
    if "y" in good:
        found.append(("fewer labels than z", {**good, "y": good["y"][: FEW // 2]}))
    return found


def _wider(trained: Trained, field: str) -> Any:
    import msgspec

    return msgspec.structs.replace(trained.latent, **{field: getattr(trained.latent, field) + 1})


def _has_labels(variant: Variant) -> bool:
    return bool(variant.inputs.labels)


def _has_codes(variant: Variant) -> bool:
    return bool(variant.inputs.categorical or variant.inputs.continuous)


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
        "z, y, c, output x, types, a dynamic batch axis, standard operators, no second file.",
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
    Check(
        "latents-matter",
        "Other z give other samples.",
        "Check that z reaches the output in the exported graph.",
        latents_matter,
    ),
    Check(
        "labels-obeyed",
        "Every label is accepted, and no two labels give the same samples for the same z.",
        "Check that y reaches the output, with a weight per class that does not start at zero.",
        labels_obeyed,
        _has_labels,
        "variants with `Inputs(labels=...)`",
    ),
    Check(
        "codes-matter",
        "Every value of the categorical code, and every continuous code, changes the samples.",
        "Check that all of c reaches the output.",
        codes_matter,
        _has_codes,
        "variants with categorical or continuous codes",
    ),
    Check(
        "bad-latents-refused",
        "Latents that are missing or of a wrong width are an error in `sample` and in the ONNX file, never samples, "
        "and end no process.",
        "Declare every width in the graph; do not slice or pad what does not fit.",
        bad_latents_refused,
    ),
)
