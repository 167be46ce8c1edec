"""The page of a card, below its header: every section in the order in which it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from ganzoo.cards.sampling import N, lines
from ganzoo.cards.scores import limit_lines, score_lines, seed_lines, sentence
from ganzoo.escaping import markdown, markdown_block, markdown_code
from ganzoo.leaderboard.page import grid
from ganzoo.training.runs import ONNX, PICTURE
from ganzoo.verify import command_of

if TYPE_CHECKING:
    from ganzoo.cards.record import Record
    from ganzoo.training.runs import Manifest
    from ganzoo.types import ImportedFrom

UNKNOWN = "The run is of an older ganzoo, which kept no words on its variant: 'ganzoo info {}' has them."


def body(record: Record, licence: str = "") -> str:
    """The page as Markdown, with a line end."""
    manifest = record.manifest
    sections = {
        "": _top(record),
        "How to sample": _sampling(manifest),
        "Scores": score_lines(record),
        "Seeds": seed_lines(record),
        "Limits": limit_lines(record),
        "Model": _model(manifest),
        "Data": _data(manifest),
        "Options": _options(manifest),
        "Where it comes from": _origin(manifest),
        "Licence": _licence(manifest, licence),
    }
    titled = [[*([f"## {title}", ""] if title else []), *text] for title, text in sections.items()]
    return "\n".join("\n".join([*section, ""]) for section in titled)


def _top(record: Record) -> list[str]:
    manifest, about = record.manifest, record.manifest.about
    text = sentence(about.summary) if about else markdown(UNKNOWN.format(manifest.variant))
    picture = [
        "",
        f"![Samples]({PICTURE})",
        "",
        "The first samples of sampling seed 0, not chosen ones.",
    ]
    return [
        f"# {markdown(manifest.variant)} on {markdown(manifest.dataset)}",
        "",
        text,
        _made(manifest),
        f"One file, {markdown_code(ONNX)}, which NumPy and ONNX Runtime are enough to sample.",
        *(picture if record.has_picture else []),
    ]


def _made(manifest: Manifest) -> str:
    where = f"on {markdown(manifest.dataset)}"
    if manifest.imported:
        return f"Not trained with ganzoo, but scored by it {where}, as every other model there."
    return f"Trained with ganzoo {where}."


def _sampling(manifest: Manifest) -> list[str]:
    latent = manifest.latent
    sentences = {"z": f"`z` is {_law(latent.law)}"}
    if latent.classes:
        sentences["y"] = f"`y` the class, 0 … {latent.classes - 1}"
    if latent.code_dim:
        parts = [f"{latent.categorical} one-hot columns"] * bool(latent.categorical)
        parts += [f"{latent.continuous} columns from U(-1, 1)"] * bool(latent.continuous)
        sentences["c"] = f"`c` a code of {' and '.join(parts)}"
    if latent.noise:
        sentences["noise"] = "`noise` maps of N(0, 1)"
    return [
        markdown_block(lines(manifest, ONNX), "python"),
        "",
        f"{', '.join(sentences.values())}. With ganzoo, the samples of a seed are the same everywhere:",
        "",
        markdown_block(f"ganzoo sample {ONNX} -n {N} --seed 0 -o samples.npz", "sh"),
        "",
        "They are not those of the lines above, whose numbers are drawn by another rule.",
    ]


def _law(law: str) -> str:
    return "drawn from N(0, 1)" if law == "normal" else "drawn from U(-1, 1)"


def _model(manifest: Manifest) -> list[str]:
    about = manifest.about
    facts = msgspec.structs.asdict(about.facts) if about else {}
    rows = [["variant", manifest.variant], *([["paper", about.paper]] if about else [])]
    rows += [[name.replace("_", " "), str(value)] for name, value in facts.items()]
    rows += [["framework", manifest.backend], ["parameters", f"{manifest.parameters:,}"]]
    return grid(["", ""], rows)


def _data(manifest: Manifest) -> list[str]:
    spec, about = manifest.data, manifest.about
    form = (
        f"{' × '.join(map(str, spec.shape))} ({'channels × height × width' if spec.kind == 'image' else 'coordinates'})"
    )
    named = "" if manifest.class_names == tuple(map(str, range(spec.classes))) else ", ".join(manifest.class_names)
    classes = f"{spec.classes}{f', from 0 on: {named}' if named else ''}"
    rows = [
        ["name", manifest.dataset],
        ["one sample", form],
        ["classes", classes if spec.classes else "none"],
        *([["training samples", f"{about.rows:,}"]] if about else []),
        ["digest of both splits", manifest.dataset_digest],
        *[["note", note] for note in (about.notes if about else ())],
    ]
    return grid(["", ""], rows)


def _options(manifest: Manifest) -> list[str]:
    if not manifest.options:
        return ["None."]
    rows = [[name, str(value)] for name, value in sorted(manifest.options.items())]
    rows += [[f"{name}, sha256", digest] for name, digest in sorted(manifest.option_files.items())]
    return grid(["option", "value"], rows)


def _origin(manifest: Manifest) -> list[str]:
    parity = "" if manifest.parity is None else f"{manifest.parity:.1e}"
    rows = [
        [f"sha256 of {ONNX}", manifest.onnx_sha256],
        ["sha256 without metadata", manifest.content_hash],
        ["largest difference from the framework", parity],
        ["run", manifest.key],
        *(provenance(manifest.imported) if manifest.imported else _training(manifest)),
    ]
    return [
        *grid(["", ""], rows),
        "",
        "The command that makes it again:",
        "",
        markdown_block(command_of(manifest), "sh"),
    ]


def _training(manifest: Manifest) -> list[list[str]]:
    cpu = "" if manifest.train_cpu_seconds is None else f"{manifest.train_cpu_seconds:.1f} CPU seconds, "
    steps = f"{manifest.steps:,} step{'' if manifest.steps == 1 else 's'}"
    return [
        ["trained by", f"{manifest.distribution} {manifest.version}, ganzoo {manifest.ganzoo_version}"],
        ["training", f"{steps}, {cpu}{manifest.train_seconds:.1f} s on {manifest.device}"],
        ["finished", manifest.finished_utc],
        ["installed", ", ".join(f"{name} {version}" for name, version in sorted(manifest.environment.items()))],
    ]


def provenance(imported: ImportedFrom) -> list[list[str]]:
    """Where a generator comes from that was not trained here, as rows of names and values."""
    return [
        ["added from", imported.file],
        ["sha256 of that file", imported.sha256],
        *([["source", imported.source]] if imported.source else []),
        ["added", imported.added_utc],
    ]


def _licence(manifest: Manifest, licence: str) -> list[str]:
    if licence:
        return [f"{markdown_code(licence)}, as given when this card was written."]
    if manifest.imported:
        return ["None was given for these weights, which were trained elsewhere."]
    return [
        f"None was given for these weights. That of the code of {markdown(manifest.distribution)} is not theirs, and",
        "the data may have terms of their own.",
    ]
