"""What a study of a dataset shows: which generators, how many images, in which way; fixed when it begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

from ganzoo.errors import Incompatible, StoreError, UnknownName, UsageError
from ganzoo.leaderboard import aggregate, board
from ganzoo.sealed import read_json, write_json
from ganzoo.training.runs import ONNX, slug
from ganzoo.types import TRAINED

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.training.runs import RunFolder, RunStore

Mode = Literal["untimed", "timed"]
STUDY_FILE = "study.json"
IMAGES = {"untimed": 100, "timed": 150}
"""Judged images of a round: of all generators together, and of each one where the time is limited (HYPE, section 3)."""
POOL = 500
"""Different images of each generator, and of the held-out real ones, that raters are shown."""
FEWEST = 10


class Model(msgspec.Struct, frozen=True):
    """One generator that is judged."""

    variant: str
    run: str
    """Its folder, in the run store."""
    onnx_sha256: str


class Study(msgspec.Struct, frozen=True, kw_only=True):
    """What all raters of a folder are shown."""

    dataset: str
    """As boards call it."""
    dataset_digest: str
    mode: Mode
    images: int
    """Of a round: of all models together, or of each one where the time is limited. Half of them are real."""
    models: tuple[Model, ...]
    seed: int = 0
    """Of the orders, and of the sampling stream that the images are of."""


def planned(
    dataset: Dataset,
    out: Path,
    store: RunStore,
    *,
    variants: Sequence[str] = (),
    mode: Mode = "untimed",
    images: int | None = None,
    seed: int = 0,
) -> Study:
    """A study of the models on a dataset's board, or of the rows named, by the first seed of each.

    Raises UnknownName for a row that is not there, UsageError where no generator is, or for too few images, and
    Incompatible for points: nobody knows what a real one looks like.
    """
    name, images = dataset.spec.name, IMAGES[mode] if images is None else images
    if dataset.spec.kind != "image":
        raise Incompatible(
            f"{name} has points, which nobody can tell to be real by looking.", "Name a dataset of images."
        )
    found = generators(out, store, name, variants)
    of_all = mode == "untimed"
    fewest = max(FEWEST, 2 * len(found) if of_all else 0)
    if images < fewest or images % 2:
        raise UsageError(
            f"{images} images are {'an odd number' if images % 2 else 'too few'}: half of them are real"
            + (f", and {len(found)} models need one each." if of_all and not images % 2 else "."),
            f"Ask for {fewest}, or an even number above.",
        )
    models = tuple(Model(variant, str(run.path), run.manifest().onnx_sha256) for variant, run in found)
    return Study(dataset=name, dataset_digest=dataset.digest, mode=mode, images=images, models=models, seed=seed)


def not_judged(study: Study, out: Path) -> list[str]:
    """Trained rows of a study's board that it leaves out."""
    rows = aggregate.aggregate(board.read_runs(out), study.dataset)
    names = [str(name) for name in rows["variant"][rows["role"].isin(TRAINED)]]
    return [name for name in names if name not in {each.variant for each in study.models}]


def generators(out: Path, store: RunStore, dataset: str, variants: Sequence[str]) -> list[tuple[str, RunFolder]]:
    """Rows of a board with the run of each, by default those of what is trained. Raises UnknownName, UsageError."""
    table = board.require_dataset(out, dataset)
    rows = aggregate.aggregate(table, dataset)
    roles = dict(zip(map(str, rows["variant"]), map(str, rows["role"]), strict=True))
    for each in variants:
        if each not in roles:
            raise UnknownName(f"row on the board of {dataset}", each, roles)
    there = board.exemplars(store, table, dataset, rows)
    wanted = variants or [name for name in roles if roles[name] in TRAINED]
    found = [(name, run) for name, run in there if name in wanted]
    missing = [name for name in variants if name not in dict(found)]
    if missing or not found:
        named = f"of {missing[0]} " if missing else ""
        raise UsageError(
            f"{store.root} has no generator {named}that the board of {dataset} scored.",
            "Name the store that the bench wrote with --runs, or run 'ganzoo bench' again.",
        )
    return found


def require_same(folder: Path, study: Study) -> None:
    """Begin a study in a folder, or go on with the one that is there. Raises UsageError where it is another one."""
    stored = stored_study(folder)
    if stored is None:
        write_json(folder / STUDY_FILE, study)
    elif changed := _changed(stored, study):
        raise UsageError(f"The study in {folder} {changed}.", "Name another folder with --ratings, or remove this one.")


def stored_study(folder: Path) -> Study | None:
    """The study of a folder; None where there is none. Raises StoreError where it is damaged."""
    try:
        return read_json(folder / STUDY_FILE, Study)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"Cannot read {folder / STUDY_FILE}: {error.strerror or error}.") from error


def _changed(stored: Study, study: Study) -> str:
    """What another study is about, as the rest of a sentence; "" where it is the same."""
    if (stored.dataset, stored.dataset_digest) != (study.dataset, study.dataset_digest):
        return f"is of other images: those of {stored.dataset} that were there when it began"
    if stored.images != study.images:
        return f"shows {stored.images} images a round, not {study.images}"
    if stored.seed != study.seed:
        return f"has the seed {stored.seed}, not {study.seed}"
    old, new = ({each.variant: each.onnx_sha256 for each in models} for models in (stored.models, study.models))
    if old.keys() != new.keys():
        return f"is of {', '.join(old)}, not of {', '.join(new)}"
    other = next((name for name in old if old[name] != new[name]), "")
    return f"is of another generator of {other}, which was trained again since" if other else ""


def folder_of(root: Path, dataset: str, mode: Mode) -> Path:
    """Where the study of a dataset lies."""
    return root / f"{slug(dataset)}-{mode}"


def onnx_of(model: Model) -> Path:
    """The file of a model."""
    return Path(model.run) / ONNX
