"""StyleGAN2-ADA's and ADM's evaluators, which are on no package index: their formulas with ``sqrtm`` and torch.

Written for this comparison from what the two repositories do (metrics/*.py; evaluations/evaluator.py), step by step and
independently of ``ganzoo.metrics``. StyleGAN runs float16 distances on a GPU; here torch does them on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from recipes import Case
from scipy import linalg
from tools import SEED, Numbers


def _sqrt_trace(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.trace(linalg.sqrtm(a @ b).real))


def _raw_moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wide = x.astype(np.float64)
    mean = wide.sum(axis=0) / len(x)
    return mean, wide.T @ wide / len(x) - np.outer(mean, mean)


def _single_softmax(logits: np.ndarray) -> np.ndarray:
    return torch.from_numpy(logits).softmax(dim=1).numpy()


def _exp_kl(part: np.ndarray) -> float:
    kl = part * (np.log(part) - np.log(part.mean(axis=0, keepdims=True)))
    return float(np.exp(kl.sum(axis=1).mean()))


def stylegan(case: Case) -> dict[str, Callable[[], Numbers]]:
    """fid50k, is50k, kid50k, pr50k3."""

    def fid() -> Numbers:
        (mu, sigma), (mu_made, sigma_made) = _raw_moments(case.real), _raw_moments(case.fake)
        squared = float(np.square(mu_made - mu).sum())
        return {"fid": squared + float(np.trace(sigma + sigma_made)) - 2 * _sqrt_trace(sigma_made, sigma)}

    def inception() -> Numbers:
        p, n = _single_softmax(case.logits), len(case.logits)
        return {"is": float(np.mean([_exp_kl(p[i * n // 10 : (i + 1) * n // 10]) for i in range(10)]))}

    def kid() -> Numbers:
        np.random.seed(SEED)
        width, total = case.real.shape[1], np.float32(0)
        m = min(len(case.real), len(case.fake), 1000)
        for _ in range(100):
            made = case.fake[np.random.choice(len(case.fake), m, replace=False)]
            real = case.real[np.random.choice(len(case.real), m, replace=False)]
            own = (made @ made.T / width + 1) ** 3 + (real @ real.T / width + 1) ** 3
            cross = (made @ real.T / width + 1) ** 3
            total += (own.sum() - np.trace(own)) / (m - 1) - 2 * cross.sum() / m
        return {"kid": float(total / 100 / m)}

    def pr() -> Numbers:
        half = {"real": torch.from_numpy(case.real).half(), "fake": torch.from_numpy(case.fake).half()}

        def share(probes: torch.Tensor, centres: torch.Tensor) -> float:
            radii = torch.cdist(centres, centres).float().kthvalue(4).values.half()
            return float((torch.cdist(probes, centres) <= radii).any(dim=1).float().mean())

        return {"precision": share(half["fake"], half["real"]), "recall": share(half["real"], half["fake"])}

    return {"fid": fid, "is": inception, "kid": kid, "prc": pr}


def adm(case: Case) -> dict[str, Callable[[], Numbers]]:
    """FID, IS, precision and recall of the evaluator."""

    def fid() -> Numbers:
        shift = case.fake.mean(axis=0) - case.real.mean(axis=0)
        made, real = np.cov(case.fake, rowvar=False), np.cov(case.real, rowvar=False)
        return {"fid": float(shift.dot(shift) + np.trace(made) + np.trace(real) - 2 * _sqrt_trace(made, real))}

    def inception() -> Numbers:
        p = _single_softmax(case.logits)
        return {"is": float(np.mean([_exp_kl(p[start : start + 5000]) for start in range(0, len(p), 5000)]))}

    def squares(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        own = [(z * z).float().sum(dim=1).to(z.dtype) for z in (x, y)]
        inner = (x.float() @ y.float().T).to(x.dtype)  # summed in float32, as tensor cores do
        return torch.clamp(own[0][:, None] - 2 * inner + own[1][None, :], min=0)

    def rounded(x: np.ndarray, y: np.ndarray) -> torch.Tensor:
        a, b = torch.from_numpy(x), torch.from_numpy(y)
        half = squares(a.half(), b.half())
        return half.float() if bool(half.isfinite().all()) else squares(a, b)

    def pr() -> Numbers:
        radii = [rounded(x, x).kthvalue(4, dim=1).values for x in (case.real, case.fake)]
        distances = rounded(case.real, case.fake)
        precision = (distances <= radii[0][:, None]).any(dim=0).double().mean()
        return {"precision": float(precision), "recall": float((distances <= radii[1]).any(dim=1).double().mean())}

    return {"fid": fid, "is": inception, "prc": pr}
