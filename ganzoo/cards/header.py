"""The YAML header of a card: what hubs file a model under, and its scores as they read them (``model-index``)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ganzoo.cards.scores import label, of_model, six_digits
from ganzoo.escaping import yaml_text
from ganzoo.extractors.base import column_label

if TYPE_CHECKING:
    from ganzoo.cards.record import Record
    from ganzoo.scoring.protocol import Score

IMAGES = "unconditional-image-generation"
"""The hubs' task of generators of images without a prompt; those that take a class have no other."""
HUB_IDS = {
    "mnist": "ylecun/mnist",
    "fashion-mnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
}
"""What the Hugging Face Hub calls datasets of ganzoo's; others are not there for certain."""


def header(record: Record, licence: str = "") -> str:
    """The header between its two lines of dashes, with a line end."""
    return "\n".join(["---", *_lines(metadata(record, licence)), "---", ""])


def metadata(record: Record, licence: str = "") -> dict[str, Any]:
    """What the header says. Without a licence there is no key: hubs then show that none was given."""
    manifest = record.manifest
    image = manifest.data.kind == "image"
    found: dict[str, Any] = {"library_name": "onnx"}
    if image:
        found["pipeline_tag"] = IMAGES
    if licence:
        found["license"] = licence
    if manifest.data_reference in HUB_IDS:
        found["datasets"] = [HUB_IDS[manifest.data_reference]]
    found["tags"] = _tags(record)
    if record.score and (metrics := _metrics(record.score)):
        task = {"type": IMAGES, "name": "Image generation"} if image else {"type": "other", "name": "Point generation"}
        result = {"task": task, "dataset": _dataset(record.score), "metrics": metrics}
        found["model-index"] = [{"name": f"{manifest.variant}-{manifest.dataset}", "results": [result]}]
    return found


def _tags(record: Record) -> list[str]:
    manifest = record.manifest
    tags = ["ganzoo", "onnx", "onnxruntime", *(["gan"] if manifest.role == "model" else [])]
    tags += [manifest.variant, manifest.backend, *(["class-conditional"] if manifest.latent.classes else [])]
    return list(dict.fromkeys(tags))


def _dataset(score: Score) -> dict[str, Any]:
    """The reference, and in ``args`` the rest of the protocol: numbers of another one do not compare."""
    protocol = score.protocol
    return {
        "name": protocol.dataset,
        "type": HUB_IDS.get(protocol.dataset, protocol.dataset),
        "split": protocol.split,
        "args": {
            "digest": protocol.dataset_digest,
            "n_real": protocol.n_real,
            "n_fake": protocol.n_fake,
            "extractor": f"{protocol.extractor}@{protocol.extractor_sha256[:12]}",
            "protocol": score.protocol_hash,
        },
    }


def _metrics(score: Score) -> list[dict[str, Any]]:
    """Each number of the model with its standard error; ``verified`` is the hub's own word, and not ours to set."""
    extractor, found = score.protocol.extractor, []
    for name, estimate in of_model(score).items():
        if not math.isfinite(estimate.value):
            continue
        args: dict[str, Any] = {"n": estimate.n}
        if estimate.se is not None and math.isfinite(estimate.se):
            args["standard_error"] = six_digits(estimate.se)
        found.append(
            {
                "type": column_label(name, extractor),
                "value": six_digits(estimate.value),
                "name": f"{label(name)} (extractor {extractor})",
                "args": args,
            }
        )
    return found


def _lines(value: Any) -> Iterator[str]:
    """A mapping or a list as lines of YAML, in the order given."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield f"{key}:"
                yield from (f"  {line}" for line in _lines(item))
            else:
                yield f"{key}: {_scalar(item)}"
        return
    for item in value:
        first, *rest = _lines(item) if isinstance(item, dict | list) else [_scalar(item)]
        yield f"- {first}"
        yield from (f"  {line}" for line in rest)


def _scalar(value: str | float) -> str:
    """A string or a number; YAML 1.1 takes 1e-05 for a text, and 1.0e-05 for a number."""
    if isinstance(value, str):
        return yaml_text(value)
    shown = repr(value)
    return shown.replace("e", ".0e") if "e" in shown and "." not in shown else shown
