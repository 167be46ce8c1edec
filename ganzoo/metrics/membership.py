"""Membership inference: whether generated samples betray what a model was trained on.

Chen, Yu, Zhang & Fritz 2020, "GAN-Leaks: A Taxonomy of Membership Inference Attacks against Generative Models",
section 4.2: the attack by full black box, which has samples alone.
"""

from __future__ import annotations

import math

import numpy as np

from ganzoo.metrics.arrays import checked, same_width
from ganzoo.metrics.base import Features, Metric, Sets
from ganzoo.metrics.nearest import TrainIndex
from ganzoo.metrics.shares import share_below
from ganzoo.types import Estimate

MINIMAL = 20
"""Training and held-out samples below which no error can be told."""
GROUPS = 20
"""Parts of the generated samples that are left out in turn."""


def membership_auc(train: Features, heldout: Features, fake: Features) -> Estimate:
    """Return the area under the ROC curve (0 … 1) of telling training [n, d] from held-out samples [m, d].

    The attack calls a sample a member that lies near to a generated one [k, d]: the area is the chance that a training
    sample is nearer to its nearest generated sample than a held-out one is to its own, equal distances counted half.
    0.5: generated samples say nothing of who was trained on. 1: they betray all. A held-out sample that is among the
    generated ones, as where held-out samples are scored themselves, is compared with the others.
    The standard error counts the training and the held-out samples (DeLong et al. 1988) and the generated ones, by a
    jackknife that leaves out a twentieth of them at a time.
    Raises ScoreError for bad shapes or values, or fewer than 20 training, held-out or generated samples.
    """
    train = checked(train, "the training features", least=MINIMAL, keep_single=True)
    heldout = checked(heldout, "the held-out features", least=MINIMAL, keep_single=True)
    fake = checked(fake, "the generated features", least=MINIMAL, keep_single=True)
    same_width(train.shape[1], heldout)
    groups = min(GROUPS, len(fake) // 2)
    indices = [TrainIndex(fake[start::groups]) for start in range(groups)]
    members = np.stack([index.nearest(train)[0] for index in indices])
    others = np.stack([_to_others(index, heldout) for index in indices])
    near, far = members.min(axis=0), others.min(axis=0)
    nearer, farther = share_below(near, far), share_below(far, near)
    left_out = [_area(_without(members, i), _without(others, i)) for i in range(groups)]
    jackknife = (groups - 1) * float(np.var(left_out))
    variance = float(nearer.var(ddof=1)) / len(near) + float(farther.var(ddof=1)) / len(far) + jackknife
    return Estimate(float(farther.mean()), math.sqrt(variance), len(near) + len(far))


def _to_others(index: TrainIndex, points: Features) -> Features:
    """The distance of each point to the nearest generated one of a part that is not itself."""
    distance, row = index.nearest(points)
    same = distance == 0
    found: Features = distance.copy()
    found[same] = index.train_distance(row[same])
    return found


def _without(distances: Features, part: int) -> Features:
    """The distances [parts, n] to the nearest generated sample [n] where those of one part were not there."""
    rest: Features = np.delete(distances, part, axis=0).min(axis=0)
    return rest


def _area(members: Features, others: Features) -> float:
    """The chance that a member is nearer than another is; equal distances count half."""
    return float(share_below(others, members).mean())


def _compute(sets: Sets) -> dict[str, Estimate]:
    reference = sets.reference
    if min(len(reference.train), len(reference.heldout), len(sets.fake)) < MINIMAL:
        return {}
    return {"mia_auc": membership_auc(reference.train, reference.heldout, sets.fake)}


MEMBERSHIP = Metric(
    name="mia_auc",
    summary="Membership inference by samples alone: the area under the ROC curve of training against held-out samples "
    "(Chen et al. 2020); 0.5: nothing leaks",
    columns=("mia_auc",),
    compute=_compute,
    needs=("train", "heldout"),
    better="lower",
    on_request=True,
)
