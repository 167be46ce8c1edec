"""MAD-GAN (Ghosh, Kulharia, Namboodiri, Torr and Dokania 2018): networks, losses, training.

One D tells real samples and the fakes of each of k generators apart. To tell generators apart it has to find what they
differ in, and each of them, in looking real, moves away from what D takes for another's. The update step is that of
``ganzoo_torch.components``: D once, then all generators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.functional import cross_entropy, log_softmax

from ganzoo_torch import components
from ganzoo_torch.components import Generators
from ganzoo_torch.judges import Trunk, usual_trunk
from ganzoo_torch.networks import Shape, dcgan_init

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.madgan import MadganOptions


class Discriminator(nn.Module):
    """k + 1 logits per sample: one for each generator, the last for "this sample is real"."""

    def __init__(self, trunk: Trunk, k: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.logits = nn.Linear(trunk.features, k + 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [N, k + 1] of samples [N, ...]."""
        return self.logits(self.trunk(x))

    def tell(self, x: Tensor) -> Tensor:
        """The generator that D holds for the likeliest, as if no sample were real: int64 [N]."""
        return self(x)[:, :-1].argmax(1)


def as_real(logits: Tensor) -> Tensor:
    """−log D_{k+1}(x), the mean over a batch, from logits [N, k + 1]."""
    return -log_softmax(logits, 1)[:, -1].mean()


class Losses:
    """Sums over generators of each one's mean: the fakes of all of them weigh in D's loss k times what the reals do.

    Where the generators together are perfect, and nowhere apart, D thus gives every class the probability 1/(k + 1).
    """

    def judges(self, of_real: Tensor, of_fake: Tensor) -> dict[str, Tensor]:
        """−E log D_{k+1}(x) − Σ_i E log D_i(G_i(z)), from logits [N, k + 1] of reals and [k·M, k + 1] of fakes."""
        k = of_fake.shape[1] - 1
        return {"d_loss": as_real(of_real) + k * cross_entropy(of_fake, components.makers(k, of_fake))}

    def generators(self, of_fake: Tensor) -> Tensor:
        """−Σ_i E log D_{k+1}(G_i(z)): each generator wants its own fakes to be taken for real."""
        return (of_fake.shape[1] - 1) * as_real(of_fake)


def build(o: MadganOptions, shape: Shape) -> tuple[Generators, Discriminator]:
    """Generators that share all but their last layers, and D, for images (C, H, W) or points (d,)."""
    last = slice(-o.own_layers, None)  # -0: all of them
    g = components.usual_generators(o.generators, o.z_dim, shape, width=o.width, hidden=o.hidden, own=last)
    d = Discriminator(usual_trunk(shape, width=o.width, hidden=o.hidden, norm=o.norm), o.generators)
    if len(shape) > 1:
        dcgan_init(d)
    return g, d


def train(run: ganzoo.TrainRun) -> Generators:
    """Train MAD-GAN. Returns the generators (or their average) in inference mode."""
    o: MadganOptions = run.options
    return components.train(run, lambda: build(o, run.data.spec.shape), Losses())
