"""datapackage.json: what every column of the leaderboards' CSV files is, for readers that are programs.

The form is Frictionless Data's Tabular Data Package (https://specs.frictionlessdata.io). A column that is empty in
every row of a dataset keeps its type, which a reader of the CSV alone would have to guess.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from ganzoo.columns import MEASURED
from ganzoo.files import write_bytes
from ganzoo.leaderboard.human import columns_of
from ganzoo.metrics import builtin_metrics

FILE = "datapackage.json"
Field = dict[str, str]

_TEXT = {
    "variant": "its name, and what a cell of a grid was given",
    "backend": "framework that trained it",
    "role": "model, comparator (trained like one, but no GAN), real, floor or ceiling",
    "distribution": "package that provides the variant",
    "version": "version of that package",
    "dataset": "what it was trained and is scored on",
    "protocol": "hash of how it is scored; only rows of one protocol compare",
    "extractor": "feature extractor, with the start of its sha256",
    "status": "ok, failed or diverged",
    "provider": "execution provider of ONNX Runtime while scoring",
    "onnx_sha256": "hash of the generator's file",
    "content_hash": "hash of the generator without its metadata",
    "options_hash": "hash of the resolved options",
    "run": "key of the run",
    "ganzoo_version": "ganzoo that trained it",
    "note": "what a reader must know before believing the row, or why it failed or diverged",
    "behind": "models that are significantly better",
    "not_ranked": "why a model has no rank",
    "table": "table in print, by its name in published.toml",
    "row": "its row",
    "quantity": "its column, by its key in published.toml",
    "trained_seeds": "training seeds that were measured, blanks between them",
    "values": "our number for each of them, in the unit of print, blanks between them",
    "printed": "the number as it is printed",
    "verdict": "whether ours agrees with it, or why nothing is said",
    "runs": "keys of the runs, blanks between them",
    "settings": "hash of what was trained and how it was measured, but seeds and budget",
    "mode": "how people were asked: untimed or timed",
    "column": "column of an extension's metric, or self:NAME:DIRECTION of a number that the run reported of itself",
}
_WHOLE = {
    "rank": "the best place that it may have: one more than the number of models that are significantly better",
    "rank_to": "the worst place that it may have: the number of ranked models less those significantly worse",
    "n_real": "reference samples",
    "n_fake": "generated samples",
    "seed": "training seed",
    "seeds": "different generators, one a seed",
    "copies": "seeds whose generator is that of another seed",
    "failed": "seeds without a model",
    "bench": "number of the bench",
    "attempt": "how often the run had been tried",
    "raters": "people who judged and passed the attention checks",
    "judgements": "generated images that they judged",
}


def _parts(what: str) -> tuple[str, str, str, str]:
    """What the four columns are that boards have of people's judgements, see ``human.columns_of``."""
    return what, f"lower end of the 95 % bootstrap interval of {what}", "its upper end", "people who were counted"


_NUMBER = {
    "parameters": "numbers stored in the generator's file",
    "steps": "generator updates",
    "train_seconds": "wall time of the training in seconds",
    "train_cpu_seconds": "CPU time of the training in seconds",
    "samples_per_second": "speed of the generator while scoring",
    "parity": "largest difference between the framework and the file",
    "collapse_rate": "share of seeds that failed, diverged or reached less than half of the modes of the best row",
    "budget": "part of the paper's updates of G that was trained",
    "p_value": "of the difference from the number in print, corrected for all numbers of its table",
    "p_best": "probability that its mean is the best of the ranked models",
    "best_seed": "best value of one seed in the column that ranks the dataset",
    "value": "value of that column; of people's judgements the share of errors or milliseconds; beside print our mean",
    "se": "its standard error",
    "low": "lower end of the 95 % bootstrap interval",
    "high": "its upper end",
    "fake_error": "share of generated images that people took for real",
    "real_error": "share of real images that people took for generated",
    **dict(zip(columns_of("human_error"), _parts("share of errors of people asked: real or fake?"), strict=True)),
    **dict(zip(columns_of("human_ms"), _parts("milliseconds that people need to see an image"), strict=True)),
}
_ERRORS = {
    "_se": "standard error of {}, given the reference",
    "_total": "error of {} with the reference drawn anew, too",
    "_ci": "half of the 95 % confidence interval of {} over seeds, of which sampling is a part",
}


def field(name: str) -> Field:
    """One column of any of the files: its name, Frictionless type and meaning; "any" for one that is not ganzoo's."""
    if name == "date_utc":
        return {"name": name, "type": "datetime", "description": "when it was scored or failed"}
    for kind, known in (("string", _TEXT), ("integer", _WHOLE), ("number", _NUMBER)):
        if name in known:
            return {"name": name, "type": kind, "description": known[name]}
    for suffix, text in _ERRORS.items():
        if name.removesuffix(suffix) in MEASURED and name.endswith(suffix):
            return {"name": name, "type": "number", "description": text.format(name.removesuffix(suffix))}
    if name in MEASURED:
        return {"name": name, "type": "number", "description": _summary(name)}
    return {"name": name, "type": "any", "description": "not a column of ganzoo's"}


def _summary(column: str) -> str:
    return next(metric.summary for metric in builtin_metrics() if column in metric.columns)


def resource(path: str, header: Iterable[str]) -> dict[str, Any]:
    """One CSV file and its columns."""
    return {
        "name": path.removesuffix(".csv").lower().replace("_", "-"),
        "path": path,
        "profile": "tabular-data-resource",
        "encoding": "utf-8",
        "schema": {"fields": [field(name) for name in header], "missingValues": [""]},
    }


def with_resource(folder: Path, path: str, header: Sequence[str]) -> None:
    """Describe one more CSV file in the datapackage.json of a folder, or describe it anew; the caller holds the folder.

    Where there is no datapackage.json, or none that can be read, it describes this file alone.
    """
    try:
        old = msgspec.json.decode((folder / FILE).read_bytes())["resources"]
        known = [(each["path"], [one["name"] for one in each["schema"]["fields"]]) for each in old]
    except (OSError, msgspec.DecodeError, KeyError, TypeError):
        known = []
    files = [(name, fields) for name, fields in known if name != path and (folder / name).is_file()]
    write_bytes(folder / FILE, descriptor([*files, (path, header)]))


def descriptor(files: Sequence[tuple[str, Sequence[str]]]) -> bytes:
    """The content of datapackage.json for files and their headers."""
    package = {
        "name": "ganzoo-leaderboards",
        "title": "Generative models on one board, scored by one harness",
        "profile": "tabular-data-package",
        "resources": [resource(path, header) for path, header in files],
    }
    return msgspec.json.format(msgspec.json.encode(package), indent=1) + b"\n"
