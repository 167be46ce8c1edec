"""Checks of the generator's inputs: each of them matters, and what is none of them is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ganzoo import latents
from ganzoo.checks.base import Check, CheckFailed, Inapplicable
from ganzoo.checks.context import FEW, Context, Trained
from ganzoo.checks.exported import of_file, samplers
from ganzoo.errors import GanzooError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ganzoo.types import Array, Variant


def latents_matter(context: Context) -> None:
    """Other z, other samples."""
    trained = context.trained()
    x = of_file(context)({**trained.inputs(), "z": trained.inputs(seed=2)["z"]})
    if np.array_equal(x, of_file(context)(trained.inputs())):
        raise CheckFailed("other z give the same samples")


def labels_obeyed(context: Context) -> None:
    """Each label is taken, and gives something of its own."""
    trained = context.trained()
    option = context.variant.inputs.labels
    if isinstance(option, str) and not trained.latent.classes:
        raise Inapplicable(f"for {option}=true: 'ganzoo check {context.variant.name} --set {option}=true' makes it")
    base = trained.inputs()
    for who, sample in samplers(context):
        each = [sample({**base, "y": np.full(FEW, label)}) for label in range(trained.latent.classes)]
        for label, x in enumerate(each):
            twin = next((other for other in range(label) if np.array_equal(each[other], x)), None)
            if twin is not None:
                raise CheckFailed(f"{who} gives the same for the labels {twin} and {label}")


def codes_matter(context: Context) -> None:
    """Each value of the categorical code and each continuous code changes the samples."""
    trained = context.trained()
    latent, base = trained.latent, trained.inputs()
    for who, sample in samplers(context):
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


def noise_matters(context: Context) -> None:
    """Other noise in any one of the maps, other samples."""
    trained = context.trained()
    option = context.variant.inputs.noise
    if not trained.latent.noise:
        raise Inapplicable(f"for {option} above 0: 'ganzoo check {context.variant.name} --set {option}=1' makes it")
    base, other = trained.inputs(), trained.inputs(seed=2)["noise"]
    for who, sample in samplers(context):
        still = sample(base)
        for number in range(trained.latent.noise[0]):
            noise = base["noise"].copy()
            noise[:, number] = other[:, number]
            if np.array_equal(still, sample({**base, "noise": noise})):
                raise CheckFailed(f"{who} gives the same whatever the map {number} of the noise is")


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
    if "noise" in good:
        more = np.concatenate([good["noise"], good["noise"][:, :1]], axis=1)
        found.append((f"{more.shape[1]} maps of noise in place of {more.shape[1] - 1}", {**good, "noise": more}))
    if "y" in good:
        found.append(("fewer labels than z", {**good, "y": good["y"][: FEW // 2]}))
    return found


def _wider(trained: Trained, field: str) -> Any:
    return msgspec.structs.replace(trained.latent, **{field: getattr(trained.latent, field) + 1})


def _has_labels(variant: Variant) -> bool:
    return bool(variant.inputs.labels)


def _has_noise(variant: Variant) -> bool:
    return bool(variant.inputs.noise)


def _has_codes(variant: Variant) -> bool:
    return bool(variant.inputs.categorical or variant.inputs.continuous)


CHECKS = (
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
        "noise-matters",
        "Other noise in any one map changes the samples.",
        "Check that every map reaches the output, with a strength that the first steps move away from zero.",
        noise_matters,
        _has_noise,
        "variants with `Inputs(noise=...)`",
    ),
    Check(
        "bad-latents-refused",
        "Latents that are missing or of a wrong width are an error in `sample` and in the ONNX file, never samples, "
        "and end no process.",
        "Declare every width in the graph; do not slice or pad what does not fit.",
        bad_latents_refused,
    ),
)
