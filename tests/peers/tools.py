"""The real tools, called on equal features. Runs in ``.venv-peers`` alone: it needs torch."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable

import numpy as np
import torch
from recipes import Case

SEED = 0
Numbers = dict[str, float]


class Identity(torch.nn.Module):
    """A feature extractor that hands on what it is given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.num_features = width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``x`` [n, width]."""
        return x


def pytorch_fid(case: Case) -> dict[str, Callable[[], Numbers]]:
    """``calculate_frechet_distance`` on statistics made as ``calculate_activation_statistics`` makes them."""
    from pytorch_fid.fid_score import calculate_frechet_distance

    def fid() -> Numbers:
        real, fake = case.real.astype(np.float64), case.fake.astype(np.float64)
        sides = [(np.mean(x, axis=0), np.cov(x, rowvar=False)) for x in (real, fake)]
        return {"fid": float(calculate_frechet_distance(*sides[0], *sides[1]))}

    return {"fid": fid}


def torch_fidelity(case: Case) -> dict[str, Callable[[], Numbers]]:
    """Its four ``*_features_to_metric`` functions with the defaults of its command line; input 1 is generated."""
    from torch_fidelity import metric_fid, metric_isc, metric_kid, metric_prc

    real, fake, logits = (torch.from_numpy(x) for x in (case.real, case.fake, case.logits))

    def fid() -> Numbers:
        made, goal = metric_fid.fid_features_to_statistics(fake), metric_fid.fid_features_to_statistics(real)
        return {"fid": metric_fid.fid_statistics_to_metric(made, goal, False)[metric_fid.KEY_METRIC_FID]}

    def inception() -> Numbers:
        return {"is": metric_isc.isc_features_to_metric(logits)[metric_isc.KEY_METRIC_ISC_MEAN]}

    def kid() -> Numbers:
        return {"kid": metric_kid.kid_features_to_metric(fake, real, verbose=False)[metric_kid.KEY_METRIC_KID_MEAN]}

    def prc() -> Numbers:
        found = metric_prc.prc_features_to_metric(fake, real, verbose=False)
        return {"precision": found["precision"], "recall": found["recall"]}

    return {"fid": fid, "is": inception, "kid": kid, "prc": prc}


def clean_fid(case: Case) -> dict[str, Callable[[], Numbers]]:
    """``fid_from_feats`` and ``kernel_distance``, NumPy's global generator seeded before."""
    from cleanfid.fid import fid_from_feats, kernel_distance

    def kid() -> Numbers:
        np.random.seed(SEED)
        return {"kid": kernel_distance(case.real, case.fake)}

    return {"fid": lambda: {"fid": float(fid_from_feats(case.real, case.fake))}, "kid": kid}


def torchmetrics(case: Case) -> dict[str, Callable[[], Numbers]]:
    """Its three modules around an identity extractor, torch's generator seeded before ``compute``."""
    from torchmetrics.image.fid import FrechetInceptionDistance
    from torchmetrics.image.inception import InceptionScore
    from torchmetrics.image.kid import KernelInceptionDistance

    real, fake, logits = (torch.from_numpy(x) for x in (case.real, case.fake, case.logits))

    def two_sided(module: type) -> torch.nn.Module:
        metric = module(feature=Identity(real.shape[1]))
        metric.update(real, real=True)
        metric.update(fake, real=False)
        return metric

    def fid() -> Numbers:
        return {"fid": float(two_sided(FrechetInceptionDistance).compute())}

    def inception() -> Numbers:
        metric = InceptionScore(feature=Identity(logits.shape[1]))
        metric.update(logits)
        torch.manual_seed(SEED)
        return {"is": float(metric.compute()[0])}

    def kid() -> Numbers:
        metric = two_sided(KernelInceptionDistance)
        torch.manual_seed(SEED)
        return {"kid": float(metric.compute()[0])}

    return {"fid": fid, "is": inception, "kid": kid}


def seqme(case: Case) -> dict[str, Callable[[], Numbers]]:
    """Its Gaussian MMD on rows of length one, and its clipped scores, in float64; "sequences" are row numbers."""
    from seqme.metrics import MMD, ClippedCoverage, ClippedDensity

    real, fake = case.real.astype(np.float64), case.fake.astype(np.float64)
    n = len(real)
    every = np.concatenate([real, fake])
    rows = [str(i) for i in range(len(every))]

    def plain(names: list[str]) -> np.ndarray:
        return every[[int(name) for name in names]]

    def unit(names: list[str]) -> np.ndarray:
        found = plain(names)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def cmmd() -> Numbers:
        kinds = {"cmmd": "biased", "cmmd_unbiased": "unbiased"}
        return {key: float(MMD(rows[:n], unit, estimate=kind)(rows[n:]).value) for key, kind in kinds.items()}

    def clipped() -> Numbers:
        kinds = {"clipped_density": ClippedDensity, "clipped_coverage": ClippedCoverage}
        return {key: float(kind(5, rows[:n], plain, strict=False)(rows[n:]).value) for key, kind in kinds.items()}

    return {"cmmd": cmmd, "clipped": clipped}


def run(measure: Callable[[], Numbers]) -> Numbers | str:
    """Return a tool's numbers, or in one line how it fails."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return measure()
    except Exception as failure:  # noqa: BLE001  whatever a tool raises is what is recorded
        return f"{type(failure).__name__}: {str(failure).splitlines()[0][:160]}"


def prdc(case: Case) -> dict[str, Callable[[], Numbers]]:
    """``compute_prdc`` with k = 5 on equally many rows a side, in float64."""
    from prdc import compute_prdc

    rows = min(len(case.real), len(case.fake))

    def scores() -> Numbers:
        real, fake = (x[:rows].astype(np.float64) for x in (case.real, case.fake))
        return {name: float(value) for name, value in compute_prdc(real, fake, nearest_k=5).items()}

    return {"prdc": scores}


def vendi_score(case: Case) -> dict[str, Callable[[], Numbers]]:
    """``score_dual``, or ``score_X`` where there are fewer rows than features, q = 1."""
    from vendi_score import vendi

    fake = case.fake.astype(np.float64)
    score = vendi.score_dual if len(fake) >= fake.shape[1] else vendi.score_X
    return {"vendi": lambda: {"vendi": float(score(fake))}}
