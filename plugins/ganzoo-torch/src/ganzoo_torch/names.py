"""The names that options take for blocks. No framework is imported here; the blocks' modules say what they mean."""

from __future__ import annotations

from typing import Literal

LossName = Literal[
    "nonsaturating",
    "minimax",
    "lsgan",
    "hinge",
    "wasserstein",
    "relativistic",
    "relativistic-average",
    "f-kl",
    "f-reverse-kl",
    "f-pearson",
    "f-hellinger",
    "f-jensen-shannon",
    "f-gan",
    "f-total-variation",
]
DivergenceName = Literal["kl", "reverse-kl", "pearson", "hellinger", "jensen-shannon", "gan", "total-variation"]
PenaltyName = Literal["none", "gp", "gp-one-sided", "zero-centred", "r1", "r2", "r1+r2", "dragan", "consistency"]
NetName = Literal["auto", "dcgan", "resnet", "densenet", "mlp"]
Norm = Literal["none", "batch", "layer", "group", "instance", "spectral"]
Init = Literal["default", "normal", "glorot", "he", "orthogonal"]
OptimiserName = Literal["adam", "rmsprop", "sgd"]
Augment = Literal[
    "none",
    "translation",
    "cutout",
    "colour",
    "translation+cutout",
    "colour+translation",
    "colour+cutout",
    "colour+translation+cutout",
]
