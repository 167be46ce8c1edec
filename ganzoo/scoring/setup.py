"""Terms of a comparison (extractor, metrics, profile, size) turned into a setup, and what one comparison can tell."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import UnknownName
from ganzoo.extractors.catalogue import default_extractor
from ganzoo.metrics import builtin_metrics
from ganzoo.scoring import streaming
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.fitting import check_extractor, check_reference, check_sizes
from ganzoo.scoring.protocol import DEFAULT_PROFILE, GANZOO_PROFILES, Protocol, protocol_of
from ganzoo.scoring.reference import DatasetSide, SourceSide

if TYPE_CHECKING:
    from ganzoo.data.base import Dataset
    from ganzoo.extractors.base import Extracted, Extractor, ExtractorSource
    from ganzoo.metrics import Metric, Reference
    from ganzoo.metrics.parity_profiles import Profile
    from ganzoo.metrics.sums import FeatureSums
    from ganzoo.registry import DatasetEntry
    from ganzoo.scoring.reference import RealSide
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.types import DataSpec, Estimate

DRAWN = 10_000
"""Samples drawn from a generator where neither a protocol nor the other side says how many."""
ALL = "all"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may choose of a comparison; what is None follows the dataset's protocol."""

    n: int | None = None
    extractor: str | None = None
    metrics: tuple[str, ...] = ()
    """Names of metrics or of their columns; ``all`` adds those computed on request only."""
    profile: str = DEFAULT_PROFILE
    device: str = "auto"
    threads: int = 1
    total: bool = False
    """Whether total errors are worked out, those of the reference drawn anew, where they cost more."""


@dataclass(frozen=True)
class Setup:
    """What samples are scored against, by which extractor and metrics, and the protocol that these make."""

    side: RealSide
    extractor: Extractor
    metrics: tuple[Metric, ...]
    """Those beside the protocol come last, so that they never give a column that a metric of it gives."""
    protocol: Protocol
    columns: frozenset[str] | None = None
    """What is reported of all that the metrics give; None: everything."""
    extensions: Mapping[str, int] = field(default_factory=dict)
    """Versions of the metrics that are computed beside the protocol."""
    progress: Progress = silent
    total: bool = False

    @cached_property
    def reference(self) -> Reference:
        """The real side, computed on first use."""
        return self.side.build(self.extractor, self.progress)

    def reported(self, estimates: dict[str, Estimate]) -> dict[str, Estimate]:
        """Those of the columns that were asked for."""
        if self.columns is None:
            return estimates
        return {name: estimate for name, estimate in estimates.items() if name in self.columns}


def dataset_setup(
    dataset: Dataset,
    entry: DatasetEntry | None,
    extractors: Mapping[str, ExtractorSource],
    metrics: Mapping[str, Metric],
    terms: Terms | None = None,
    *,
    profiles: Mapping[str, Profile] = {},
    progress: Progress = silent,
) -> Setup:
    """Scoring against a dataset by its registry entry, or by default rules where it has none."""
    terms = terms or Terms()
    tool = _tool(terms.profile, profiles)
    split, n_real, seed = (entry.split, entry.n_real, entry.seed) if entry else ("train", 0, 0)
    name = _named_extractor(terms, tool) or (entry.extractor if entry else default_extractor(dataset.spec))
    side = DatasetSide(dataset, split, n_real, seed)
    n = terms.n or (entry.n_fake if entry else 5000)
    named = entry.metrics if entry else []
    return _setup(side, open_extractor(name, extractors, terms), metrics, terms, n, seed, progress, named, tool=tool)


def source_setup(
    reference: SampleSource,
    candidate: SampleSource,
    extractors: Mapping[str, ExtractorSource],
    metrics: Mapping[str, Metric],
    terms: Terms | None = None,
    *,
    profiles: Mapping[str, Profile] = {},
    progress: Progress = silent,
) -> Setup:
    """Scoring of one source by another, whatever the two are. Raises ScoreError where they do not go together."""
    terms = terms or Terms()
    tool = _tool(terms.profile, profiles)
    extractor = _shared_extractor(reference, candidate, extractors, terms, tool)
    if reference.statistics is not None:
        check_extractor(reference.name, reference.statistics, extractor)
    for each in (candidate, reference):
        check_sizes(each, extractor)
    n = terms.n or max(_lengths(reference, candidate), default=DRAWN)
    side = SourceSide(reference, n, file_order=terms.profile not in GANZOO_PROFILES)
    return _setup(side, extractor, metrics, terms, n, 0, progress, tool=tool)


def _lengths(*sources: SampleSource) -> list[int]:
    return [each.length for each in sources if each.length is not None]


def _setup(
    side: RealSide,
    extractor: Extractor,
    metrics: Mapping[str, Metric],
    terms: Terms,
    n: int,
    seed: int,
    progress: Progress,
    named: Sequence[str] = (),
    *,
    tool: Profile | None,
) -> Setup:
    chosen, columns = _chosen(metrics, terms, named, tool)
    if n > 1:  # where so few were asked for, that is said of the samples
        check_reference(side.name, side.n_real)
    names = _beside(chosen, terms, named)
    within, beside = ([each for each in chosen if (each.name in names) == wanted] for wanted in (False, True))
    protocol = protocol_of(side, extractor, within, n_fake=n, seed=seed, profile=terms.profile)
    extensions = {metric.name: metric.version for metric in beside}
    return Setup(side, extractor, (*within, *beside), protocol, columns, extensions, progress, terms.total)


def _beside(chosen: Sequence[Metric], terms: Terms, named: Sequence[str]) -> frozenset[str]:
    """Metrics of extensions that were not requested: an installed package must not change a protocol."""
    if terms.metrics or terms.profile != DEFAULT_PROFILE:
        return frozenset()
    builtin = {metric.name for metric in builtin_metrics()}
    return frozenset(metric.name for metric in chosen) - builtin - set(named)


def _chosen(
    metrics: Mapping[str, Metric], terms: Terms, named: Sequence[str], tool: Profile | None
) -> tuple[list[Metric], frozenset[str] | None]:
    """The metrics to compute, and the columns to report (None: all of them)."""
    if tool is not None:
        metrics = {metric.name: metric for metric in tool.metrics}
    elif unknown := [name for name in named if name not in metrics]:
        raise UnknownName("metric of the dataset's entry in the registry", unknown[0], metrics)
    usual = [metric for metric in metrics.values() if not metric.on_request or metric.name in named]
    if not terms.metrics:
        return usual, None
    if ALL in terms.metrics:
        return list(metrics.values()), None
    columns = [column for name in terms.metrics for column in _columns(name, metrics)]
    return [each for each in metrics.values() if not set(each.columns).isdisjoint(columns)], frozenset(columns)


def _columns(name: str, metrics: Mapping[str, Metric]) -> tuple[str, ...]:
    if name in metrics:
        return metrics[name].columns
    known = {column for metric in metrics.values() for column in metric.columns}
    if name not in known:
        raise UnknownName("metric", name, known | set(metrics))
    return (name,)


def _tool(profile: str, profiles: Mapping[str, Profile]) -> Profile | None:
    """The tool whose rules are followed; None where they are ganzoo's. Raises UnknownName."""
    if profile in GANZOO_PROFILES:
        return None
    if profile not in profiles:
        raise UnknownName("profile", profile, [*GANZOO_PROFILES, *profiles])
    return profiles[profile]


def _named_extractor(terms: Terms, tool: Profile | None) -> str | None:
    """What was requested, by name or by the profile of a tool."""
    return terms.extractor or (tool.extractor if tool else None)


def open_extractor(name: str, extractors: Mapping[str, ExtractorSource], terms: Terms) -> Extractor:
    """Open an extractor as the terms say. Raises UnknownName."""
    if name not in extractors:
        raise UnknownName("extractor", name, extractors)
    return extractors[name].open(terms.device, terms.threads)


@dataclass
class GivenFeatures:
    """Stands where both sides bring features or statistics: nothing is left to extract."""

    name: str = "given features"
    sha256: str = hashlib.sha256(b"ganzoo given features 1").hexdigest()
    policy: str = ""

    @property
    def known_name(self) -> str | None:
        """The extractor's name; None where the files do not say."""
        return None if self.sha256 == GivenFeatures.sha256 else self.name

    def extract(self, x: Any) -> Extracted:
        """Never called: neither side has samples."""
        raise AssertionError(x)

    extract_bound = extract


def _shared_extractor(
    reference: SampleSource,
    candidate: SampleSource,
    extractors: Mapping[str, ExtractorSource],
    terms: Terms,
    tool: Profile | None,
) -> Extractor:
    """The extractor for both sides: the one named, that of saved statistics, or by the form of the samples."""
    given, forms = _given([reference, candidate]), _forms([reference, candidate])
    if not forms:
        return given
    name = terms.extractor or given.known_name or _named_extractor(terms, tool)
    return open_extractor(name or default_extractor(forms[0]), extractors, terms)


def _given(sources: Sequence[SampleSource]) -> GivenFeatures:
    """The extractor that saved statistics name; an unnamed one where they name none."""
    for each in sources:
        if each.statistics and each.statistics.extractor and each.statistics.extractor_sha256:
            return GivenFeatures(each.statistics.extractor, each.statistics.extractor_sha256)
    return GivenFeatures()


def _forms(sources: Sequence[SampleSource]) -> list[DataSpec]:
    """The forms of those that have samples: what the default extractor depends on."""
    return [each.form for each in sources if each.form is not None]


def sums_of(
    sources: Sequence[SampleSource],
    extractors: Mapping[str, ExtractorSource],
    terms: Terms,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[FeatureSums, Extractor]:
    """Add up several sources, and say by which extractor: the one named, that of saved statistics, or by the form."""
    given, forms = _given(sources), _forms(sources)
    if not forms:
        return streaming.summed(sources, given, terms.n or DRAWN, seed, progress), given
    extractor = open_extractor(terms.extractor or given.known_name or default_extractor(forms[0]), extractors, terms)
    for each in sources:
        check_sizes(each, extractor)
    n = terms.n or max([DRAWN, *_lengths(*sources)])
    return streaming.summed(sources, extractor, n, seed, progress), extractor
