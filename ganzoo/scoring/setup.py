"""Terms of a comparison (extractor, metrics, profile, size) turned into a judge, and what one comparison can tell."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from ganzoo.errors import ScoreError, UnknownName
from ganzoo.extractors.base import default_extractor
from ganzoo.metrics import builtin_metrics
from ganzoo.scoring import streaming
from ganzoo.scoring.features import Progress, silent
from ganzoo.scoring.fitting import check_reference
from ganzoo.scoring.reference import DatasetSide, SourceSide
from ganzoo.scoring.samples import FeatureSource, GeneratorSource, StatisticsSource
from ganzoo.scoring.scorer import OWN_PROFILE, OWN_PROFILES, Judge
from ganzoo.types import DataSpec

if TYPE_CHECKING:
    from ganzoo.extractors.base import Extracted, Extractor, ExtractorSource
    from ganzoo.metrics import Metric
    from ganzoo.metrics.parity_profiles import Profile
    from ganzoo.metrics.sums import FeatureSums
    from ganzoo.registry import DatasetEntry
    from ganzoo.scoring.reference import RealSide
    from ganzoo.scoring.samples import SampleSource
    from ganzoo.types import FloatArray

DRAWN = 10_000
"""Samples drawn from a generator where neither a protocol nor the other side says how many."""
ALL = "all"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What a user may choose of a comparison; what is None follows the dataset's protocol."""

    n: int | None = None
    extractor: str | None = None
    metrics: tuple[str, ...] = ()
    """Names of metrics or of their columns; ``all`` adds those computed on request only."""
    profile: str = OWN_PROFILE
    device: str = "auto"
    threads: int = 1


def profiles() -> list[str]:
    """Names of the protocols a score can follow: ours, ours in one pass, and those of other tools."""
    return [OWN_PROFILE, streaming.PROFILE, *_tools()]


def _tools() -> Mapping[str, Profile]:
    from ganzoo.metrics.parity_profiles import PROFILES

    return PROFILES


def dataset_judge(
    dataset: Any,
    entry: DatasetEntry | None,
    extractors: Mapping[str, ExtractorSource],
    metrics: Mapping[str, Metric],
    terms: Terms | None = None,
    *,
    progress: Progress = silent,
) -> Judge:
    """The judge of a dataset by its registry entry, or by default rules where it has none."""
    terms = terms or Terms()
    split, n_real, seed = (entry.split, entry.n_real, entry.seed) if entry else ("train", 0, 0)
    name = _own_extractor(terms) or (entry.extractor if entry else default_extractor(dataset.spec))
    side = DatasetSide(dataset, split, n_real, seed)
    n = terms.n or (entry.n_fake if entry else 5000)
    named = entry.metrics if entry else []
    return _judge(side, _opened(name, extractors, terms), metrics, terms, n, seed, progress, named)


def source_judge(
    reference: SampleSource,
    candidate: SampleSource,
    extractors: Mapping[str, ExtractorSource],
    metrics: Mapping[str, Metric],
    terms: Terms | None = None,
    *,
    progress: Progress = silent,
) -> Judge:
    """The judge of one source by another, whatever the two are. Raises ScoreError where they do not go together."""
    terms = terms or Terms()
    extractor = _shared_extractor(reference, candidate, extractors, terms)
    sizes = [len(each) for each in (reference, candidate) if not isinstance(each, GeneratorSource | StatisticsSource)]
    n = terms.n or (max(sizes) if sizes else DRAWN)
    side = SourceSide(reference, n, filed=terms.profile not in OWN_PROFILES)
    return _judge(side, extractor, metrics, terms, n, 0, progress)


def _judge(
    side: RealSide,
    extractor: Extractor,
    metrics: Mapping[str, Metric],
    terms: Terms,
    n: int,
    seed: int,
    progress: Progress,
    named: Sequence[str] = (),
) -> Judge:
    chosen, columns = _chosen(metrics, terms, named)
    if n > 1:  # where so few were asked for, that is said of the samples
        check_reference(side.name, side.n_real)
    return Judge(
        side,
        extractor,
        chosen,
        n_fake=n,
        seed=seed,
        profile=terms.profile,
        columns=columns,
        beside=_beside(chosen, terms, named),
        progress=progress,
    )


def _beside(chosen: Sequence[Metric], terms: Terms, named: Sequence[str]) -> frozenset[str]:
    """Metrics of extensions that nobody asked for: an installed package must not change a protocol."""
    if terms.metrics or terms.profile != OWN_PROFILE:
        return frozenset()
    own = {metric.name for metric in builtin_metrics()}
    return frozenset(metric.name for metric in chosen) - own - set(named)


def _chosen(
    metrics: Mapping[str, Metric], terms: Terms, named: Sequence[str] = ()
) -> tuple[list[Metric], frozenset[str] | None]:
    """The metrics to compute, and the columns to report (None: all of them)."""
    if terms.profile not in profiles():
        raise UnknownName("protocol", terms.profile, profiles())
    if terms.profile in _tools():
        metrics = {metric.name: metric for metric in _tools()[terms.profile].metrics}
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


def _own_extractor(terms: Terms) -> str | None:
    """What was asked for, by name or by the profile of a tool."""
    tool = _tools().get(terms.profile)
    return terms.extractor or (tool.extractor if tool else None)


def _opened(name: str, extractors: Mapping[str, ExtractorSource], terms: Terms) -> Extractor:
    if name not in extractors:
        raise UnknownName("extractor", name, extractors)
    return extractors[name].open(terms.device, terms.threads)


@dataclass
class GivenFeatures:
    """Stands where both sides bring features or statistics: nothing is left to extract."""

    name: str = "given features"
    sha256: str = hashlib.sha256(b"ganzoo given features 1").hexdigest()
    policy: str = ""

    def extract(self, x: FloatArray) -> Extracted:
        """Never called: neither side has samples."""
        raise ScoreError("There are features on one side and samples on the other.", "Name the features' --extractor.")

    def extract_bound(self, value: Any) -> Extracted:
        """See ``extract``."""
        return self.extract(value)


def _shared_extractor(
    reference: SampleSource, candidate: SampleSource, extractors: Mapping[str, ExtractorSource], terms: Terms
) -> Extractor:
    """The extractor for both sides: the one named, that of saved statistics, or by the form of the samples."""
    saved = [each for each in (reference, candidate) if isinstance(each, FeatureSource | StatisticsSource)]
    given = _given(saved)
    if len(saved) == 2:
        return given
    name = terms.extractor or (given.name if given.sha256 != GivenFeatures.sha256 else None) or _own_extractor(terms)
    return _opened(name or default_extractor(_form(reference, candidate)), extractors, terms)


def _given(sources: Sequence[SampleSource]) -> GivenFeatures:
    """The extractor that saved statistics name; an unnamed one where they name none."""
    for each in sources:
        if isinstance(each, StatisticsSource) and each.saved.extractor and each.saved.extractor_sha256:
            return GivenFeatures(each.saved.extractor, each.saved.extractor_sha256)
    return GivenFeatures()


def _form(reference: SampleSource, candidate: SampleSource) -> DataSpec:
    """The form of the samples on either side: what the default extractor depends on."""
    for each in (reference, candidate):
        if not isinstance(each, FeatureSource | StatisticsSource):
            return form_of(each)
    raise ScoreError("Neither side has samples.")


def sums_of(
    sources: Sequence[SampleSource],
    extractors: Mapping[str, ExtractorSource],
    terms: Terms,
    seed: int = 0,
    progress: Progress = silent,
) -> tuple[FeatureSums, Extractor]:
    """Add up several sources, and say by which extractor: the one named, that of saved statistics, or by the form."""
    given = _given(sources)
    forms = [form_of(each) for each in sources if not isinstance(each, FeatureSource | StatisticsSource)]
    if not forms:
        return streaming.summed(sources, given, terms.n or DRAWN, seed, progress), given
    known = given.name if given.sha256 != GivenFeatures.sha256 else None
    extractor = _opened(terms.extractor or known or default_extractor(forms[0]), extractors, terms)
    finite = [len(each) for each in sources if not isinstance(each, GeneratorSource | StatisticsSource)]
    return streaming.summed(sources, extractor, terms.n or max([DRAWN, *finite]), seed, progress), extractor


def form_of(source: SampleSource) -> DataSpec:
    """The form of a source's samples."""
    assert not isinstance(source, FeatureSource | StatisticsSource)
    shape = source.shape
    return DataSpec(name=source.name, kind="points" if len(shape) == 1 else "image", shape=shape)
