"""The terms under which a number holds, and the record of a score.

A protocol fixes everything a number depends on besides the model; its hash stands on every row, and rows of different
protocols are never ranked together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ganzoo.latents import SAMPLING
from ganzoo.options import content_hash
from ganzoo.types import ClassScore, Estimate, SelfReported

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extractor
    from ganzoo.metrics import Metric
    from ganzoo.scoring.reference import RealSide

DEFAULT_PROFILE = "ganzoo-1"
ONE_PASS = "one-pass"
GANZOO_PROFILES = (DEFAULT_PROFILE, ONE_PASS)
"""Profiles under which rows of files come in a random order; other tools look at them as they stand."""


class Protocol(msgspec.Struct, frozen=True, kw_only=True):
    """All that a score depends on besides the model."""

    dataset: str
    dataset_digest: str
    split: str
    n_real: int
    n_fake: int
    extractor: str
    extractor_sha256: str
    metrics: dict[str, int]
    """Versions by name."""
    seed: int
    profile: str = DEFAULT_PROFILE
    """Whose rules are followed: ganzoo's, ganzoo's in one pass, or those of another tool."""
    latents: int | msgspec.UnsetType = msgspec.UNSET
    """Version of the rules by which a generator's latents are drawn; unset for the first, as in old files."""

    @property
    def hash(self) -> str:
        """Stands on every row."""
        return content_hash(self)

    @property
    def file_order(self) -> bool:
        """Whether rows of files are looked at in the order of the file, as other tools do."""
        return self.profile not in GANZOO_PROFILES


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """score.json: the protocol, one estimate per metric column, and how the samples were made."""

    protocol: Protocol
    protocol_hash: str
    estimates: dict[str, Estimate]
    extensions: dict[str, int] = {}
    """Versions of the metrics that were computed beside the protocol."""
    notes: tuple[str, ...] = ()
    """What a reader must know before believing a number."""
    policy: str = ""
    """What the extractor does to images before it looks at them."""
    sampled_sha256: str = ""
    scored_utc: str = ""
    bench: int = 0
    attempt: int = 0
    """Which bench scored this last, and at which attempt at its run; see ``ganzoo.training.runs.Turn``."""
    cells: dict[str, tuple[int, int]] = {}
    """The same by the label of each cell that the run stands for; none in files of older versions."""
    samples_per_second: float | None = None
    provider: str = ""
    classes: tuple[ClassScore, ...] = ()
    """Of a bench: each class apart, where there are labels; none in files of older versions."""
    reported: tuple[SelfReported, ...] = ()
    """Numbers that the run reported of itself, where a run was scored: nothing here measured them."""

    @property
    def turns(self) -> dict[str, tuple[int, int]]:
        """Bench and attempt by label; a score without labels is that of the recipe as it is, whose label is ""."""
        return self.cells or {"": (self.bench, self.attempt)}


def protocol_of(
    side: RealSide, extractor: Extractor, metrics: Sequence[Metric], *, n_fake: int, seed: int, profile: str
) -> Protocol:
    """The protocol of ``n_fake`` samples against a reference by these metrics."""
    return Protocol(
        dataset=side.name,
        dataset_digest=side.digest,
        split=side.split,
        n_real=side.n_real,
        n_fake=n_fake,
        extractor=extractor.name,
        extractor_sha256=extractor.sha256,
        metrics={metric.name: metric.version for metric in metrics},
        seed=seed,
        profile=profile,
        latents=SAMPLING,
    )
