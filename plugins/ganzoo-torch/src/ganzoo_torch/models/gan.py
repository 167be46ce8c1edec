"""The workbench: a GAN put together from blocks by their names.

Nothing here is a paper's; each block is, and its module names the paper. ``ganzoo_torch.combinations`` says which
combinations make no sense.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo_torch import adversarial, augmentation, kit, norms
from ganzoo_torch.adversarial import Game
from ganzoo_torch.combinations import network
from ganzoo_torch.densenet import DenseNetGenerator, DenseNetTrunk
from ganzoo_torch.initialisation import initialise
from ganzoo_torch.judges import Judge, MlpTrunk, Trunk
from ganzoo_torch.models import wgan
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, MlpGenerator, Shape
from ganzoo_torch.objectives import OBJECTIVES, Objective, smoothed
from ganzoo_torch.penalties import PENALTIES
from ganzoo_torch.resnet import ResNetGenerator, ResNetTrunk

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.gan import GanOptions

GENERATORS = {
    "dcgan": ConvGenerator,
    "resnet": ResNetGenerator,
    "densenet": DenseNetGenerator,
    "mlp": MlpGenerator,
}
TRUNKS: dict[str, Callable[..., Trunk]] = {
    "dcgan": ConvTrunk,
    "resnet": ResNetTrunk,
    "densenet": DenseNetTrunk,
    "mlp": MlpTrunk,
}


def build(o: GanOptions, shape: Shape, classes: int) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator for images (C, H, W) or points (d,); ``classes`` 0: without labels."""
    net = network(o, shape)
    size = o.hidden if net == "mlp" else o.width
    inputs = {"z": o.z_dim, **({"y": 0} if classes else {})}
    g = GENERATORS[net](inputs, shape, size, norm=o.norm_g, classes=classes)
    d = Judge(TRUNKS[net](shape, size, norm=o.norm, dropout=o.dropout), classes)
    for part, norm in ((g, o.norm_g), (d, o.norm)):
        initialise(part, o.init)
        if norm == "spectral":
            norms.spectral(part)
    return g, d


def optimiser(o: GanOptions, parameters: Iterable[nn.Parameter], lr: float) -> Optimizer:
    """The optimiser by its name."""
    if o.optimiser == "rmsprop":
        return kit.rmsprop(parameters, lr)
    return kit.sgd(parameters, lr, o.beta1) if o.optimiser == "sgd" else kit.adam(parameters, lr, o.beta1, o.beta2)


def objective(o: GanOptions) -> Objective:
    """The loss by its name, with smoothed labels where wanted."""
    return OBJECTIVES[o.loss] if o.smoothing == 1 else smoothed(o.loss, o.smoothing)


def view(o: GanOptions) -> adversarial.View:
    """What D sees: augmented samples, then Gaussian noise whose σ falls linearly to 0 at the last step."""
    augment = augmentation.policy(o.augment)

    def see(x: Tensor, step: int) -> Tensor:
        x = augment(x)
        return x + o.noise * (1 - step / o.steps) * torch.randn_like(x) if o.noise else x

    return see


def decay(o: GanOptions) -> Callable[[nn.Module], Tensor | float]:
    """l1 · Σ|w| + l2 · ½ Σw² over the weights of a network; biases, scales and shifts are left alone."""

    def penalty(net: nn.Module) -> Tensor | float:
        weights = [p for p in net.parameters() if p.dim() > 1]
        absolute = sum(w.abs().sum() for w in weights) if o.l1 else 0.0
        squares = sum(w.square().sum() for w in weights) if o.l2 else 0.0
        return o.l1 * absolute + 0.5 * o.l2 * squares

    return penalty


def clip(bound: float) -> Callable[[nn.Module], None]:
    """Clamp every parameter of a network to [−bound, bound]; 0: leave it."""
    return lambda net: wgan.clip(net, bound) if bound else None


def rules(o: GanOptions) -> Game:
    """The game that the options describe."""
    return Game(
        objective(o),
        penalty=PENALTIES.get(o.penalty),
        weight=o.penalty_weight,
        n_critic=o.n_critic,
        apart=o.norm == "batch",
        view=view(o),
        decay=decay(o),
        after_d=clip(o.clip),
    )


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train the GAN that the options describe. Returns G (or its average) in inference mode."""
    o: GanOptions = run.options
    return adversarial.train(
        run,
        lambda: build(o, run.data.spec.shape, run.latent.classes),
        lambda g, d: (optimiser(o, g.parameters(), o.lr_g), optimiser(o, d.parameters(), o.lr_d)),
        rules(o),
    )
