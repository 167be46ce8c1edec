"""LSGAN (Mao et al. 2017): DCGAN's networks, D's output linear, least squares in place of cross-entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from ganzoo_torch import adversarial, kit
from ganzoo_torch.adversarial import Game
from ganzoo_torch.judges import usual_pair
from ganzoo_torch.objectives import Objective, least_squares

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.lsgan import LsganOptions


def objective(o: LsganOptions) -> Objective:
    """Labels 0 and 1 and the aim 1 (eq. 9), or −1, 1 and 0, which is the Pearson χ² divergence (eq. 8)."""
    return least_squares(-1.0, 1.0, 0.0) if o.coding == "pearson" else least_squares(0.0, 1.0, 1.0)


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train LSGAN: at each step D, then G with fresh z. Returns G (or its average) in inference mode."""
    o: LsganOptions = run.options
    shape = run.data.spec.shape
    return adversarial.train(
        run,
        lambda: usual_pair(shape, o.z_dim, width=o.width, hidden=o.hidden, norm=o.norm),
        lambda g, d: (kit.adam(g.parameters(), o.lr, o.beta1), kit.adam(d.parameters(), o.lr, o.beta1)),
        Game(objective(o), apart=o.norm == "batch" and len(shape) > 1),
    )
