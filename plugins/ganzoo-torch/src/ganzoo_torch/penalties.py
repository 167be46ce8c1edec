"""Penalties on a discriminator: pure functions of D, the real and the fake batch, averaged over samples.

D maps samples [N, ...] to logits [N] and must not mix the samples of a batch (no batch norm): the gradient of the sum
of logits is then each sample's own gradient. All randomness comes from torch's default generator, which ``kit.reseed``
puts at a place of its own for each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import relu

from ganzoo_torch.augmentation import translate

Critic = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Penalty:
    """A term that is added to D's loss, ``weight`` times, and where it is from."""

    term: Callable[[Critic, Tensor, Tensor], Tensor]
    source: str
    images_only: bool = False


def gradients(d: Critic, x: Tensor) -> Tensor:
    """∇ₓ D(x) of each sample, flat: [N, k]. It can be differentiated again."""
    x = x.detach().requires_grad_()
    return slopes(d(x), x)


def slopes(logits: Tensor, x: Tensor) -> Tensor:
    """∇ₓ of logits [N] that D has given for ``x`` already: each sample's own, flat: [N, k]."""
    (found,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return found.flatten(1)


def interpolates(real: Tensor, fake: Tensor) -> Tensor:
    """Points on the lines between real and fake samples, one α ~ U(0, 1) for each pair."""
    alpha = torch.rand(len(real), *[1] * (real.dim() - 1), device=real.device)
    return real + alpha * (fake - real)


def two_sided(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """(‖∇D(x̂)‖ − 1)² at interpolates (Gulrajani et al. 2017, eq. 3)."""
    return (gradients(d, interpolates(real, fake)).norm(2, 1) - 1).square().mean()


def one_sided(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """max(0, ‖∇D(x̂)‖ − 1)² at interpolates (Petzka et al. 2018, eq. 8)."""
    return relu(gradients(d, interpolates(real, fake)).norm(2, 1) - 1).square().mean()


def zero_centred(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """‖∇D(x̂)‖² at interpolates (Thanh-Tung et al. 2019, eq. 10)."""
    return gradients(d, interpolates(real, fake)).square().sum(1).mean()


def r1(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """½ ‖∇D(x)‖² at real samples (Mescheder et al. 2018, eq. 9)."""
    return 0.5 * gradients(d, real).square().sum(1).mean()


def r2(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """½ ‖∇D(x)‖² at generated samples (Mescheder et al. 2018, eq. 10)."""
    return 0.5 * gradients(d, fake).square().sum(1).mean()


def r1_r2(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """R1 + R2 (Huang et al. 2024, section 2.2)."""
    return r1(d, real, fake) + r2(d, real, fake)


def around_real(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """(‖∇D(x + δ)‖ − 1)² around real samples (Kodali et al. 2017); δ ~ N(0, s²), s half of the batch's deviation."""
    near = real + 0.5 * real.std() * torch.randn_like(real)
    return (gradients(d, near).norm(2, 1) - 1).square().mean()


def consistency(d: Critic, real: Tensor, fake: Tensor) -> Tensor:
    """(D(x) − D(T(x)))² with T a shift by up to an eighth of the side (Zhang et al. 2020, eq. 2).

    The paper also mirrors images; digits, letters and many other things are not their mirror image.
    """
    return (d(real) - d(translate(real))).square().mean()


_MESCHEDER = "Mescheder, Geiger and Nowozin 2018, arXiv:1801.04406"
PENALTIES = {
    "gp": Penalty(two_sided, "Gulrajani et al. 2017, arXiv:1704.00028"),
    "gp-one-sided": Penalty(one_sided, "Petzka, Fischer and Lukovnikov 2018, arXiv:1709.08894"),
    "zero-centred": Penalty(zero_centred, "Thanh-Tung, Tran and Venkatesh 2019, arXiv:1902.03984"),
    "r1": Penalty(r1, _MESCHEDER),
    "r2": Penalty(r2, _MESCHEDER),
    "r1+r2": Penalty(r1_r2, "Huang et al. 2024, arXiv:2501.05441"),
    "dragan": Penalty(around_real, "Kodali, Abernethy, Hays and Kira 2017, arXiv:1705.07215"),
    "consistency": Penalty(consistency, "Zhang, Zhang, Odena and Lee 2020, arXiv:1910.12027", images_only=True),
}
"""Every penalty by the name that the option ``penalty`` takes."""
