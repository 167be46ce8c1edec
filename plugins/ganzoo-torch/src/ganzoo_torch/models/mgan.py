"""MGAN (Hoang, Nguyen, Le and Phung 2018): networks, losses, training.

A classifier C tells which of k generators made a fake; they are rewarded for fakes that it tells apart, so that each
finds a place of its own, while D asks of all together that they look like the data. The update step is that of
``ganzoo_torch.components``: D and C once, then all generators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ganzoo_torch import components
from ganzoo_torch.components import Generators
from ganzoo_torch.judges import Trunk, usual_trunk
from ganzoo_torch.networks import Shape, dcgan_init
from ganzoo_torch.norms import AnyBatchNorm
from ganzoo_torch.objectives import OBJECTIVES

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.mgan import MganOptions

OBJECTIVE = OBJECTIVES["nonsaturating"]
Judged = tuple[Tensor, Tensor]
"""D's logits [N] of "this sample is real", and C's [N, k] of "generator i made it"."""


class Judges(nn.Module):
    """D and C, which share all but the last layer."""

    def __init__(self, trunk: Trunk, k: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.d = nn.Linear(trunk.features, 1)
        self.c = nn.Linear(trunk.features, k)

    def forward(self, x: Tensor) -> Judged:
        """Both logits of samples [N, ...]."""
        h = self.trunk(x)
        return self.d(h).squeeze(1), self.c(h)

    def tell(self, x: Tensor) -> Tensor:
        """The generator that C holds for the likeliest: int64 [N]."""
        return self(x)[1].argmax(1)


def classifier_loss(logits: Tensor) -> Tensor:
    """−log C_i(G_i(z)), the mean over the fakes of all generators, from C's logits [k·M, k] of ``each``."""
    return cross_entropy(logits, components.makers(logits.shape[1], logits))


@dataclass(frozen=True)
class Losses:
    """Cross-entropies, all of them means: together the fakes of all generators weigh in D's what the reals do."""

    beta: float

    def judges(self, of_real: Judged, of_fake: Judged) -> dict[str, Tensor]:
        """D's loss, and beside it with the weight 1, whatever β is, C's, which never looks at real samples."""
        return {"d_loss": OBJECTIVE.discriminator(of_real[0], of_fake[0]), "c_loss": classifier_loss(of_fake[1])}

    def generators(self, of_fake: Judged) -> Tensor:
        """Fakes want to be taken for real and, β times as much, to be told apart."""
        return OBJECTIVE.generator(of_fake[0], of_fake[0]) + self.beta * classifier_loss(of_fake[1])


def build(o: MganOptions, shape: Shape) -> tuple[Generators, Judges]:
    """Generators with a first layer of their own, and D with C, for images (C, H, W) or points (d,).

    Batch norm in the layers that generators share has no shift, as in the authors' code.
    """
    first = slice(0, 1)
    g = components.usual_generators(o.generators, o.z_dim, shape, width=o.width, hidden=o.hidden, own=first)
    for part in g.shared.modules():
        if isinstance(part, AnyBatchNorm):
            part.register_parameter("bias", None)
    judges = Judges(usual_trunk(shape, width=o.width, hidden=o.hidden, norm=o.norm), o.generators)
    if len(shape) > 1:
        dcgan_init(judges)
    return g, judges


def train(run: ganzoo.TrainRun) -> Generators:
    """Train MGAN. Returns the generators (or their average) in inference mode."""
    o: MganOptions = run.options
    return components.train(run, lambda: build(o, run.data.spec.shape), Losses(o.beta))
