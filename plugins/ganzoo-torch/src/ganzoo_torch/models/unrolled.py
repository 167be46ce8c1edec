"""Unrolled GAN (Metz, Poole, Pfau and Sohl-Dickstein 2017): networks, unrolled updates, one step, training.

f(θ_G, θ_D) is the cross-entropy that D minimises. D takes its plain update. G's loss is taken with θ_D^k, where D would
be after k updates on this batch (eq. 7–9), and its gradient flows through those updates: G sees how D would answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils import parameters_to_vector

from ganzoo_torch import kit
from ganzoo_torch.adversarial import Player
from ganzoo_torch.judges import Judge
from ganzoo_torch.networks import ConvGenerator, ConvTrunk, Shape, dcgan_init
from ganzoo_torch.objectives import cross_entropy, non_saturating

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.unrolled import UnrolledOptions

BETA2, EPS = 0.999, 1e-8
GAIN = 1.4


def minimax(real: Tensor, fake: Tensor) -> Tensor:
    """−f: what G minimises in the game of eq. 1. Real samples count, since θ_D^k depends on G."""
    return -cross_entropy(real, fake)


LOSSES = {"minimax": minimax, "nonsaturating": non_saturating}


def perceptron(entry: int, hidden: int) -> nn.Sequential:
    """Two hidden tanh layers, as in the authors' demonstration."""
    return nn.Sequential(nn.Linear(entry, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh())


class PointGenerator(nn.Module):
    """z [N, z_dim] → points [N, d]."""

    def __init__(self, z_dim: int, shape: Shape, hidden: int) -> None:
        super().__init__()
        self.input_sizes = {"z": z_dim}
        self.layers = nn.Sequential(perceptron(z_dim, hidden), nn.Linear(hidden, shape[0]))

    def forward(self, z: Tensor) -> Tensor:
        """Points for ``z``."""
        return self.layers(z)


class PointTrunk(nn.Module):
    """Points [N, d] → features [N, hidden]."""

    def __init__(self, shape: Shape, hidden: int) -> None:
        super().__init__()
        self.layers = perceptron(shape[0], hidden)
        self.features = hidden

    def forward(self, x: Tensor) -> Tensor:
        """Features of a batch of points."""
        return self.layers(x)


def orthogonal(net: nn.Module) -> None:
    """Orthogonal weights of gain 1.4, biases 0, as in the authors' demonstration."""
    for part in net.modules():
        if isinstance(part, nn.Linear):
            nn.init.orthogonal_(part.weight, GAIN)
            nn.init.zeros_(part.bias)


def build(o: UnrolledOptions, shape: Shape) -> tuple[nn.Module, nn.Module]:
    """Generator and discriminator: the demonstration's for points (d,); for images DCGAN's, without BN in D."""
    if len(shape) == 1:
        g: nn.Module = PointGenerator(o.z_dim, shape, o.hidden)
        d = Judge(PointTrunk(shape, o.hidden))
        for net in (g, d):
            orthogonal(net)
        return g, d
    d = Judge(ConvTrunk(shape, o.width, norm="none"))
    dcgan_init(d)
    return ConvGenerator({"z": o.z_dim}, shape, o.width), d


@dataclass(frozen=True)
class Place:
    """Where D is on its way: weights and Adam's two moments as vectors [P], and how many updates it has had."""

    weights: Tensor
    mean: Tensor
    square: Tensor
    count: Tensor


def place(d: Player) -> Place:
    """Where D is now; nothing that is computed from it moves D."""
    weights = parameters_to_vector(d.net.parameters()).detach()
    states = [d.optimiser.state[parameter] for parameter in d.net.parameters()]
    count = torch.zeros((), dtype=torch.float64, device=weights.device)  # 1 − β2 of the first updates needs 64 bits
    if not states[0]:
        zeros = torch.zeros_like(weights)
        return Place(weights.requires_grad_(), zeros, zeros, count)
    mean, square = (torch.cat([state[key].flatten() for state in states]) for key in ("exp_avg", "exp_avg_sq"))
    return Place(weights.requires_grad_(), mean, square, count + states[0]["step"])


def adam(at: Place, gradient: Tensor, lr: float, beta1: float) -> Place:
    """One update of Adam (Kingma and Ba 2015, algorithm 1), differentiable in the weights and the gradient."""
    count = at.count + 1
    mean = beta1 * at.mean + (1 - beta1) * gradient
    square = BETA2 * at.square + (1 - BETA2) * gradient.square()
    # The root's slope at 0 is infinite: a weight whose gradient has always been 0 stays out of it.
    root = torch.where(square > 0, square, 1).sqrt() * (square > 0) / (1 - BETA2**count).sqrt()
    return Place(at.weights - lr / (1 - beta1**count) * mean / (root + EPS), mean, square, count)


def with_weights(net: nn.Module, weights: Tensor) -> Callable[[Tensor], Tensor]:
    """The network with this vector in place of its parameters."""
    named = dict(net.named_parameters())
    parts = weights.split([parameter.numel() for parameter in named.values()])
    values = {name: part.view_as(old) for part, (name, old) in zip(parts, named.items(), strict=True)}
    return lambda x: functional_call(net, values, (x,))


def unroll(
    loss: Callable[[Tensor], Tensor], start: Place, k: int, lr: float, beta1: float
) -> tuple[Place, Tensor, Tensor]:
    """Where D would be after ``k`` updates along ``loss`` of its weights; the loss and its gradient at the start."""
    first_loss = loss(start.weights)
    (first,) = torch.autograd.grad(first_loss, start.weights, create_graph=k > 0)
    at, gradient = start, first
    for left in reversed(range(k)):
        at = adam(at, gradient, lr, beta1)
        if left:
            (gradient,) = torch.autograd.grad(loss(at.weights), at.weights, create_graph=True)
    return at, first_loss, first


def step_both(o: UnrolledOptions, g: Player, d: Player, real: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    """Update D once and G once, both from where D is now (eq. 10 and 11).

    The first unrolled update is D's own, so that its gradient is computed once. Returns the losses of D and G, G's with
    the D of k updates later.
    """
    fake = g.net(z)

    def logits(weights: Tensor) -> tuple[Tensor, Tensor]:
        judge = with_weights(d.net, weights)
        of_real, of_fake = judge(torch.cat((real, fake))).tensor_split(2)
        return of_real, of_fake

    ahead, d_loss, gradient = unroll(
        lambda weights: cross_entropy(*logits(weights)), place(d), o.unroll, o.lr_d, o.beta1
    )
    g_loss = LOSSES[o.loss](*logits(ahead.weights))
    kit.step_along(g.optimiser, torch.autograd.grad(g_loss, kit.moved(g.optimiser)))
    parts = gradient.detach().split([parameter.numel() for parameter in d.net.parameters()])
    kit.step_along(d.optimiser, [part.view_as(old) for part, old in zip(parts, d.net.parameters(), strict=True)])
    return d_loss.detach(), g_loss.detach()


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train the unrolled GAN: D and G at once in every step. Returns G (or its average) in inference mode."""
    o: UnrolledOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            nets = [net.to(device) for net in build(o, run.data.spec.shape)]
        rates = (o.lr_g, o.lr_d)
        g, d = (Player(net, kit.adam(net.parameters(), lr, o.beta1)) for net, lr in zip(nets, rates, strict=True))
        ema = kit.Ema(g.net, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g.net, "d": d.net, **ema.nets}, {"g": g.optimiser, "d": d.optimiser})
        for step in run.steps(o.steps, state=state):
            d_loss, g_loss = step_both(o, g, d, feed.reals(o.batch, step), feed.latents(o.batch, step, "both")["z"])
            ema.update(step)
            run.log(d_loss=d_loss, g_loss=g_loss)
    return ema.result.eval()
