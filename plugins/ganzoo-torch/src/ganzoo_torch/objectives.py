"""Adversarial losses on logits: each a pair of pure functions, the discriminator's and the generator's, both minimised.

``real`` are D(x) and ``fake`` D(G(z)), logits [N] without a sigmoid; a loss is the mean over the batch. G's loss gets
the real logits too, since relativistic ones compare with them; ``needs_real`` tells who looks at them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor
from torch.nn.functional import relu, softplus

from ganzoo_torch.divergences import DIVERGENCES, Divergence

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """What D and what G minimise, and where it is from."""

    discriminator: Loss
    generator: Loss
    source: str
    needs_real: bool = False
    """Whether G's loss depends on the logits of real samples."""


def cross_entropy(real: Tensor, fake: Tensor) -> Tensor:
    """−log σ(D(x)) − log(1 − σ(D(G(z)))) (Goodfellow et al. 2014, eq. 1)."""
    return softplus(-real).mean() + softplus(fake).mean()


def saturating(real: Tensor, fake: Tensor) -> Tensor:
    """log(1 − σ(D(G(z)))): G's side of the minimax game (Goodfellow et al. 2014, eq. 1)."""
    return -softplus(fake).mean()


def non_saturating(real: Tensor, fake: Tensor) -> Tensor:
    """−log σ(D(G(z))) (Goodfellow et al. 2014, section 3)."""
    return softplus(-fake).mean()


def least_squares(low: float = 0.0, high: float = 1.0, aim: float = 1.0) -> Objective:
    """½ (D(x) − b)² + ½ (D(G(z)) − a)², and for G ½ (D(G(z)) − c)² (Mao et al. 2017, eq. 2).

    ``low`` is a, ``high`` b and ``aim`` c: 0, 1, 1 in the paper's eq. 9; −1, 1, 0 in its eq. 8, where G minimises the
    Pearson χ² divergence.
    """

    def discriminator(real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * (real - high).square().mean() + 0.5 * (fake - low).square().mean()

    def generator(real: Tensor, fake: Tensor) -> Tensor:
        return 0.5 * (fake - aim).square().mean()

    return Objective(discriminator, generator, "Mao et al. 2017, arXiv:1611.04076")


def hinge(real: Tensor, fake: Tensor) -> Tensor:
    """max(0, 1 − D(x)) + max(0, 1 + D(G(z))) (Lim and Ye 2017; Miyato et al. 2018, eq. 16)."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def wasserstein(real: Tensor, fake: Tensor) -> Tensor:
    """E D(G(z)) − E D(x) (Arjovsky et al. 2017, eq. 2)."""
    return fake.mean() - real.mean()


def raise_score(real: Tensor, fake: Tensor) -> Tensor:
    """−E D(G(z)): G's loss of the Wasserstein and the hinge GAN (Miyato et al. 2018, eq. 17)."""
    return -fake.mean()


def pairing(real: Tensor, fake: Tensor) -> Tensor:
    """−log σ(D(x) − D(G(z))), each real sample against one fake (Jolicoeur-Martineau 2018, eq. 10)."""
    return softplus(fake - real).mean()


def pairing_generator(real: Tensor, fake: Tensor) -> Tensor:
    """−log σ(D(G(z)) − D(x)) (Jolicoeur-Martineau 2018, eq. 11)."""
    return softplus(real - fake).mean()


def average(real: Tensor, fake: Tensor) -> Tensor:
    """−log σ(D(x) − E D(G(z))) − log(1 − σ(D(G(z)) − E D(x))) (Jolicoeur-Martineau 2018, eq. 14)."""
    return softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean()


def average_generator(real: Tensor, fake: Tensor) -> Tensor:
    """The same with real and fake exchanged (Jolicoeur-Martineau 2018, eq. 15)."""
    return average(fake, real)


def f_gan(divergence: Divergence, *, heuristic: bool = True) -> Objective:
    """Variational divergence minimisation (Nowozin et al. 2016, eq. 6): F = E g(D(x)) − E f*(g(D(G(z)))).

    D maximises F. G minimises it, or with ``heuristic`` maximises E g(D(G(z))) (section 3.2), whose gradient is large
    where D tells fakes apart.
    """

    def discriminator(real: Tensor, fake: Tensor) -> Tensor:
        return divergence.conjugate(fake).mean() - divergence.activation(real).mean()

    def generator(real: Tensor, fake: Tensor) -> Tensor:
        return -(divergence.activation if heuristic else divergence.conjugate)(fake).mean()

    return Objective(discriminator, generator, "Nowozin, Cseke and Tomioka 2016, arXiv:1606.00709")


_GOODFELLOW = "Goodfellow et al. 2014, arXiv:1406.2661"
_RELATIVISTIC = "Jolicoeur-Martineau 2018, arXiv:1807.00734"
OBJECTIVES = {
    "nonsaturating": Objective(cross_entropy, non_saturating, _GOODFELLOW),
    "minimax": Objective(cross_entropy, saturating, _GOODFELLOW),
    "lsgan": least_squares(),
    "hinge": Objective(hinge, raise_score, "Lim and Ye 2017, arXiv:1705.02894"),
    "wasserstein": Objective(wasserstein, raise_score, "Arjovsky, Chintala and Bottou 2017, arXiv:1701.07875"),
    "relativistic": Objective(pairing, pairing_generator, _RELATIVISTIC, needs_real=True),
    "relativistic-average": Objective(average, average_generator, _RELATIVISTIC, needs_real=True),
    **{f"f-{name}": f_gan(divergence) for name, divergence in DIVERGENCES.items()},
}
"""Every loss by the name that the option ``loss`` takes."""


def smoothed(name: str, target: float) -> Objective:
    """The objective with the one-sided label ``target`` in place of 1 for real samples in D's loss.

    (Salimans et al. 2016, section 3.4.) Only cross-entropies and least squares have labels: KeyError for others.
    """

    def entropy(real: Tensor, fake: Tensor) -> Tensor:
        return cross_entropy(real, fake) + (1 - target) * real.mean()  # softplus(r) − softplus(−r) = r

    squares = least_squares(high=target).discriminator
    labelled: dict[str, Loss] = {"nonsaturating": entropy, "minimax": entropy, "lsgan": squares}
    return replace(OBJECTIVES[name], discriminator=labelled[name])
