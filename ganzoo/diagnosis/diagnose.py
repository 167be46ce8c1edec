"""``ganzoo.diagnose``: what went wrong with a run, by its run folder alone."""

from __future__ import annotations

from pathlib import Path

from ganzoo.diagnosis import curves, samples
from ganzoo.diagnosis.advice import advise
from ganzoo.diagnosis.case import Traces, read_case
from ganzoo.diagnosis.verdicts import FAILURES, Diagnosis, Sign, Verdict
from ganzoo.files import expanded
from ganzoo.verify import scoring_command_of

_SURE = ("certain", "likely", "possible")


def diagnose(run: str | Path) -> Diagnosis:
    """Name what went wrong with a run, from its curves and its score, with the evidence and what may help.

    ``run`` is a run's folder, whatever became of the run. The same folder, beside the same score of real samples, gives
    the same answer. Raises a ganzoo.GanzooError where the folder is no run or run.json is damaged.
    """
    path = expanded(run)
    return judged(read_case(path), str(path))


def judged(case: Traces, path: str = "") -> Diagnosis:
    """The diagnosis of what was read."""
    manifest = case.manifest
    found = [*curves.signs(case), *(samples.signs(case.sampled) if case.sampled else ())]
    return Diagnosis(
        path=path,
        variant=manifest.variant,
        dataset=manifest.dataset,
        seed=manifest.seed,
        status=manifest.status,
        verdicts=tuple(_verdict(case, failure, signs) for failure in FAILURES if (signs := _of(failure, found))),
        looked_at=tuple(_looked_at(case)),
        unseen=tuple(_unseen(case)),
    )


def _of(failure: str, found: list[Sign]) -> list[Sign]:
    """The signs of one failure, the surest first."""
    return sorted((sign for sign in found if sign.failure == failure), key=lambda sign: _SURE.index(sign.sure))


def _verdict(case: Traces, failure: str, signs: list[Sign]) -> Verdict:
    evidence = tuple(sentence for sign in signs for sentence in sign.evidence)
    manifest = case.manifest
    return Verdict(
        failure=failure,
        sure=signs[0].sure,
        evidence=evidence,
        advice=advise(failure, manifest.variant, manifest.options, role=manifest.role, kind=manifest.data.kind),
    )


def _looked_at(case: Traces) -> list[str]:
    found = []
    if case.curves.told:
        found.append(f"{', '.join(case.curves.columns)} of {case.curves.rows} logged steps")
    if case.sampled:
        beside = " beside those of real samples" if case.sampled.real else ""
        found.append(f"{len(case.sampled.ours)} metrics{beside}")
    return found


def _unseen(case: Traces) -> list[str]:
    found = [*case.damage, *curves.blind(case)]
    if case.sampled:
        return [*found, *samples.blind(case.sampled)]
    if case.manifest.status == "finished":
        command = scoring_command_of(case.manifest)
        return [*found, f"It has no score, so that nothing is known of its samples; this makes one: {command}"]
    return [*found, f"The run is {case.manifest.status}: it has no samples to look at."]
