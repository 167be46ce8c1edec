"""f-GAN (Nowozin, Cseke and Tomioka 2016): G minimises a variational estimate of any f-divergence.

D's last layer is linear; the output activation of the divergence is part of the loss (section 3.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from ganzoo_torch import adversarial, kit
from ganzoo_torch.adversarial import Game
from ganzoo_torch.divergences import DIVERGENCES
from ganzoo_torch.judges import usual_pair
from ganzoo_torch.objectives import f_gan

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.fgan import FganOptions


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train f-GAN: at each step D, then G with fresh z. Returns G (or its average) in inference mode."""
    o: FganOptions = run.options
    shape = run.data.spec.shape
    return adversarial.train(
        run,
        lambda: usual_pair(shape, o.z_dim, width=o.width, hidden=o.hidden, norm=o.norm),
        lambda g, d: (kit.adam(g.parameters(), o.lr, o.beta1), kit.adam(d.parameters(), o.lr, o.beta1)),
        Game(f_gan(DIVERGENCES[o.divergence], heuristic=o.heuristic), apart=o.norm == "batch" and len(shape) > 1),
    )
