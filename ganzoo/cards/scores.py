"""The numbers of a card, and what they do not prove: errors, seeds, collapse, copies."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ganzoo.cards.record import SeedRun
from ganzoo.escaping import markdown, markdown_block, markdown_code
from ganzoo.extractors.base import column_label
from ganzoo.leaderboard.page import SHOWN, grid, plus_minus
from ganzoo.metrics.regions import CLUSTERS
from ganzoo.verify import scoring_command_of

if TYPE_CHECKING:
    from ganzoo.cards.record import Record
    from ganzoo.scoring.protocol import Score
    from ganzoo.training.runs import Manifest
    from ganzoo.types import Estimate

OF_DATA = ("memorised_heldout",)
"""Columns that say what real samples score, not the model."""
BY_SEED = ("fid", "kid", "precision", "recall", "modes", "memorised")
CLEARLY = 2.0
"""Two shares differ where they are further apart than so many standard errors of their difference."""


def six_digits(value: float) -> float:
    """A number as the tables of a leaderboard have it."""
    return float(f"{value:.6g}")


def label(column: str) -> str:
    """What boards call a column, without the arrow that says where better is."""
    return SHOWN.get(column, column).rstrip(" ↓↑")


def sentence(text: str) -> str:
    """Text as a sentence of a Markdown page."""
    return _ended(f"{text[:1].upper()}{text[1:]}")


def _ended(text: str) -> str:
    return markdown(f"{text.rstrip('.')}.")


def of_model(score: Score) -> dict[str, Estimate]:
    """The estimates of the model, those that boards show first, in their order."""
    named = [*(name for name in SHOWN if name in score.estimates), *sorted(set(score.estimates) - set(SHOWN))]
    return {name: score.estimates[name] for name in named if name not in OF_DATA}


def score_lines(record: Record) -> list[str]:
    """The section of the scores: a table, and under which protocol; or how to come by a score."""
    score = record.score
    if score is None:
        return [*_unscored(record.manifest), *_own(record.manifest)]
    protocol, real = score.protocol, record.real
    header = [
        "metric",
        "value",
        "standard error",
        "n",
        *([f"real samples (n = {real.protocol.n_fake})"] if real else []),
    ]
    rows = [_row(name, estimate, score, real) for name, estimate in of_model(score).items()]
    against = f"{protocol.n_fake} samples (seed {protocol.seed}) against {protocol.n_real} of"
    policy = f" ({markdown(score.policy)})" if score.policy else ""
    rules = "" if protocol.profile == "ganzoo-1" else f", by the rules of {markdown(protocol.profile)}"
    scored = f", {score.scored_utc}" if score.scored_utc else ""
    lines = [
        *grid(header, rows),
        "",
        f"{against} {markdown(protocol.dataset)} (split {markdown(protocol.split)}, digest "
        f"{markdown_code(protocol.dataset_digest)}), extractor "
        f"{markdown_code(f'{protocol.extractor}@{protocol.extractor_sha256[:12]}')}{policy}{rules}.",
        f"Protocol {markdown_code(score.protocol_hash)}: numbers of another protocol do not compare. Scored on "
        f"{score.provider or 'CPU'}{scored}. What each number is stands in docs/metrics.md of ganzoo.",
    ]
    return [*lines, *_own(record.manifest)]


def _row(name: str, estimate: Estimate, score: Score, real: Score | None) -> list[str]:
    shown = SHOWN.get(name, name)
    written = column_label(name, score.protocol.extractor)
    title = shown if written == name else f"{shown} ({written})"
    error = "" if estimate.se is None else f"{estimate.se:.2g}"
    row = [title, f"{estimate.value:.6g}", error, str(estimate.n)]
    floor = real.estimates.get(name) if real else None
    return row if real is None else [*row, "" if floor is None else f"{floor.value:.6g}"]


def _unscored(manifest: Manifest) -> list[str]:
    return [
        "This run has no score yet, so that nothing is known of how good, how varied or how new its samples are.",
        "This command scores it without training it again, and keeps the score for the card:",
        "",
        markdown_block(scoring_command_of(manifest), "sh"),
    ]


def _own(manifest: Manifest) -> list[str]:
    """What the variant reported of itself."""
    if not manifest.reported:
        return []
    rows = [
        [r.name, f"{r.value:.6g}", "" if r.se is None else f"{r.se:.2g}", str(r.n or ""), r.direction, r.help]
        for r in manifest.reported
    ]
    header = ["number", "value", "standard error", "n", "better", "what it is"]
    return ["", "Measured by the variant itself, in a way of its own:", "", *grid(header, rows)]


def seed_lines(record: Record) -> list[str]:
    """The section of the seeds: this one and the others of the same work, each with its main numbers."""
    ours, others = record.manifest, record.seeds
    if not others:
        return [
            f"Seed {ours.seed} is the only one of this work in its run store. How much the numbers change from one",
            "training to another is not known; standard errors are of sampling alone.",
        ]
    every = sorted([SeedRun(ours, record.score), *others], key=lambda each: each.manifest.seed)
    protocol = (
        record.score.protocol_hash if record.score else next((e.score.protocol_hash for e in every if e.score), "")
    )
    columns = [name for name in BY_SEED if any(_value(each, name, protocol) for each in every)]
    header = ["seed", "run", "status", *(SHOWN[name] for name in columns)]
    rows = [
        [
            f"{each.manifest.seed}{' (this card)' if each.manifest is ours else ''}",
            each.manifest.key,
            _status(each, every, protocol),
            *(_value(each, name, protocol) for name in columns),
        ]
        for each in every
    ]
    return [
        f"This is seed {ours.seed}, one of {len(every)} of the same work in its run store.",
        "",
        *grid(header, rows),
        "",
        "± is one standard error of sampling; what differs from seed to seed is the training.",
    ]


def _value(each: SeedRun, name: str, protocol: str) -> str:
    if each.score is None or each.score.protocol_hash != protocol or name not in each.score.estimates:
        return ""
    estimate = each.score.estimates[name]
    return f"{estimate.value:.4g}" + ("" if estimate.se is None else f" ± {estimate.se:.1g}")


def _status(each: SeedRun, every: list[SeedRun], protocol: str) -> str:
    manifest = each.manifest
    if manifest.status != "finished":
        return manifest.status
    twin = next(
        (o.manifest.seed for o in every if manifest.content_hash and o.manifest.content_hash == manifest.content_hash),
        manifest.seed,
    )
    if twin != manifest.seed:
        return f"the same generator as seed {twin}"
    if each.score is None:
        return "not scored"
    return "finished" if each.score.protocol_hash == protocol else "scored under another protocol"


def limit_lines(record: Record) -> list[str]:
    """What the scores say of collapse and of copies, what they carry as cautions, and what nobody looked at."""
    manifest, score = record.manifest, record.score
    found = [f"**Collapse.** {_collapse(manifest, score)}", f"**Memorisation.** {_copies(score)}"]
    found += [
        f"**Diagnosis: {each.failure} ({each.sure}).** {' '.join(map(markdown, each.evidence))}"
        for each in record.verdicts
    ]
    if manifest.quick:
        found.append("**Quick run.** Trained by a shortened recipe: not comparable with runs of the full one.")
    if manifest.role != "model":
        found.append(f"**Role.** {_ROLES.get(manifest.role, manifest.role)}")
    found += [f"**Caution:** {_ended(note)}" for note in (score.notes if score else ())]
    if manifest.note:
        found.append(f"**Note of the run:** {_ended(manifest.note)}")
    found.append(
        "**Not looked at.** Anything but the numbers above: whether samples are fit for a purpose, fair to whom they "
        "show, or safe to publish. It was trained to be compared with other generators, by its samples."
    )
    return [f"- {text}" for text in found]


_ROLES = {
    "floor": "A floor: a baseline that a GAN should beat, and none itself.",
    "ceiling": "A ceiling: a baseline to compare GANs with, and none itself.",
    "comparator": "A comparator: trained and scored like a GAN, and none itself.",
}


def _collapse(manifest: Manifest, score: Score | None) -> str:
    modes = score.estimates.get("modes") if score else None
    if modes is None:
        return "Not measured."
    total = manifest.data.classes or CLUSTERS
    found = f"It finds {modes.value:g} of {total} modes"
    if modes.value < total / 2:
        return f"{found}: it has collapsed."
    if modes.value < total:
        return f"{found}: the others are missing from its samples, or rare."
    return f"{found}. That says nothing of how varied the samples of one mode are: recall and coverage do."


def _copies(score: Score | None) -> str:
    ours = score.estimates.get("memorised") if score else None
    if score is None or ours is None:
        return "Not measured."
    text = (
        f"{_percent(ours)} of the samples are nearer to a training sample than that one's own nearest neighbour among "
        "the training samples is"
    )
    real = score.estimates.get("memorised_heldout")
    if real is None:
        return f"{text}. What is usual is not known, as there are no held-out samples."
    gap, error = ours.value - real.value, math.hypot(ours.se or 0.0, real.se or 0.0)
    more = f"{text}; of held-out real samples it is {_percent(real)}. "
    if gap > CLEARLY * error:
        return f"{more}That is more than chance: it repeats training samples, or comes close to them."
    if gap < -CLEARLY * error:
        return f"{more}That is less: its samples lie further from the training samples than real ones do."
    return f"{more}The difference may be chance: there is no sign of copies."


def _percent(share: Estimate) -> str:
    return f"{plus_minus(100 * share.value, math.nan if share.se is None else 100 * share.se)} %"
