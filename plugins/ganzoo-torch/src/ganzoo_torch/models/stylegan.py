"""StyleGAN2 (Karras et al. 2020), small: networks, losses, the lazy terms, one step of each network, training.

A mapping network makes w of z; w scales the weights of every layer of the synthesis network, which begins at a constant
and adds up images of growing size. Noise is an input: nothing is drawn inside the generator.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ganzoo_torch import kit
from ganzoo_torch.filters import WIDE, Resampling, Size
from ganzoo_torch.modulated import EPSILON, GAIN, Conv, Deviation, Linear, StyledLayer, ToImage, active, halving_conv
from ganzoo_torch.networks import Shape
from ganzoo_torch.normfree import sizes
from ganzoo_torch.objectives import OBJECTIVES
from ganzoo_torch.penalties import r1

if TYPE_CHECKING:
    import ganzoo
    from ganzoo_torch.stylegan import StyleganOptions

OBJECTIVE = OBJECTIVES["nonsaturating"]
LEAST = 5  # images are halved while their shorter side is that or more: 28 → 14 → 7 → 4
MAPS = 3  # of noise
MOST = 4  # times as many channels as next to the image
SPEED = 0.01  # of the mapping network
MEMORY = 0.995  # of the mean of w
PATH_MEMORY = 0.99  # of the mean path length


class Mapping(nn.Sequential):
    """z [N, z_dim], brought to unit mean square, → w [N, w_dim]: linear layers with leaky ReLU."""

    def __init__(self, z_dim: int, w_dim: int, depth: int) -> None:
        widths = [z_dim, *[w_dim] * depth]
        super().__init__(*(Linear(a, b, gain=GAIN, speed=SPEED) for a, b in pairwise(widths)))

    def forward(self, z: Tensor) -> Tensor:
        """Latents w for z."""
        x = z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt()
        for layer in self:
            x = active(layer(x))
        return x


def noise_of_layers(noise: Tensor, larger: Sequence[Size], base: Size) -> list[Tensor]:
    """A map of noise for each layer, from the base up: [N, 1, h, w] each, of the input [N, 3, H, W].

    The two layers of the largest size have the first two maps. All others lie in the third, as levels of a mip-map do,
    but row by row one behind the other: the levels of odd sizes do not fit side by side. No pixel is used twice.
    """
    layers = [*(size for size in larger for _ in range(2)), base]
    used = [height * width for height, width in layers]
    flat = noise.flatten(1).split([*used, MAPS * used[0] - sum(used)], 1)  # no other number of pixels fits
    return [piece.unflatten(1, (1, *size)) for piece, size in zip(flat, layers, strict=False)][::-1]


def widths(width: int, count: int) -> list[int]:
    """Channels at each of ``count`` sizes from the image down: doubled at half the size, up to ``MOST`` times."""
    return [width * min(2**number, MOST) for number in range(count)]


class Synthesis(nn.Module):
    """Latents w for each layer, and noise → images [N, C, H, W], unbounded.

    One layer at the base and two at each size above it; the image of each size is doubled and added to the next.
    """

    def __init__(self, shape: Shape, w_dim: int, width: int) -> None:
        super().__init__()
        channels, height, breadth = shape
        *self.larger, self.base = sizes(height, breadth, LEAST)
        wide, *narrower = reversed(widths(width, len(self.larger) + 1))
        self.constant = nn.Parameter(torch.randn(1, wide, *self.base))
        layers, images, doublings = [StyledLayer(w_dim, wide, wide)], [ToImage(w_dim, wide, channels)], []
        for size, after in zip(reversed(self.larger), narrower, strict=True):
            layers += [StyledLayer(w_dim, wide, after, doubles=size), StyledLayer(w_dim, after, after)]
            images.append(ToImage(w_dim, after, channels))
            doublings.append(Resampling(size, up=True, taps=WIDE))
            wide = after
        self.layers, self.images = nn.ModuleList(layers), nn.ModuleList(images)
        self.doublings = nn.ModuleList(doublings)
        self.styles = len(layers) + 1

    def forward(self, ws: Sequence[Tensor], noise: Tensor) -> Tensor:
        """Images for ``styles`` latents [N, w_dim], from the base up, and noise [N, 3, H, W]."""
        noises = noise_of_layers(noise, self.larger, self.base)
        x = self.layers[0](self.constant, ws[0], noises[0])
        image = self.images[0](x, ws[1])
        for i, (doubling, to_image) in enumerate(zip(self.doublings, self.images[1:], strict=True)):
            for k in (2 * i + 1, 2 * i + 2):
                x = self.layers[k](x, ws[k], noises[k])
            image = doubling(image) + to_image(x, ws[2 * i + 3])
        return image


class Generator(nn.Module):
    """z [N, z_dim] and noise [N, 3, H, W] → images [N, C, H, W].

    Nothing bounds the images while training. In evaluation they are clipped to [−1, 1], and w is drawn towards its mean
    over the training by ``truncation`` (Karras et al. 2019, arXiv:1812.04948, appendix B).
    """

    mean: Tensor

    def __init__(self, o: StyleganOptions, shape: Shape, noise: Shape) -> None:
        super().__init__()
        self.input_sizes = {"z": o.z_dim, "noise": noise}
        self.truncation = o.truncation
        self.mapping = Mapping(o.z_dim, o.w_dim, o.mapping)
        self.synthesis = Synthesis(shape, o.w_dim, o.width)
        self.register_buffer("mean", torch.zeros(o.w_dim))

    def latents(self, z: Tensor) -> list[Tensor]:
        """The w of every layer, all the same; while training, their mean is followed."""
        w = self.mapping(z)
        if self.training:
            self.mean.lerp_(w.detach().mean(0), 1 - MEMORY)
        elif self.truncation < 1:
            w = self.mean + self.truncation * (w - self.mean)
        return [w] * self.synthesis.styles

    def mixed(self, z: Tensor, mixing: float) -> list[Tensor]:
        """The same; of a share ``mixing`` of batches, the layers from a random one on have w of other z."""
        ws = self.latents(z)
        if mixing and torch.rand(()) < mixing:
            first = int(torch.randint(1, len(ws), ()))
            ws[first:] = [self.mapping(torch.randn_like(z))] * (len(ws) - first)
        return ws

    def forward(self, z: Tensor, noise: Tensor) -> Tensor:
        """Images for ``z`` and ``noise``."""
        x = self.synthesis(self.latents(z), noise)
        return x if self.training else x.clamp(-1, 1)


class Halving(nn.Module):
    """Two convolutions, the second of which halves the size; with ``residual``, a 1×1 of the halved input beside."""

    def __init__(self, before: int, after: int, size: Size, *, residual: bool) -> None:
        super().__init__()
        part = math.sqrt(0.5) if residual else 1.0
        self.first = Conv(before, before, 3, gain=GAIN)
        self.second = halving_conv(before, after, size, gain=GAIN * part)
        skip = nn.Sequential(Resampling(size, up=False, taps=WIDE), Conv(before, after, 1, bias=False, gain=part))
        self.skip = skip if residual else None

    def forward(self, x: Tensor) -> Tensor:
        """[N, before, h, w] → [N, after, ⌈h/2⌉, ⌈w/2⌉]."""
        y = active(self.second(active(self.first(x))))
        return y if self.skip is None else y + self.skip(x)


class Discriminator(nn.Module):
    """Images [N, C, H, W] → logits [N]. It sees how much the samples of a batch differ, and mixes them so."""

    def __init__(self, shape: Shape, width: int, *, group: int, residual: bool) -> None:
        super().__init__()
        channels, height, breadth = shape
        *larger, base = sizes(height, breadth, LEAST)
        pairs = list(pairwise(widths(width, len(larger) + 1)))
        wide = pairs[-1][1]
        self.entry = Conv(channels, width, 1, gain=GAIN)
        blocks = [Halving(*pair, size, residual=residual) for pair, size in zip(pairs, larger, strict=True)]
        self.blocks = nn.Sequential(*blocks)
        self.last = nn.Sequential(Deviation(group), Conv(wide + 1, wide, 3, gain=GAIN))
        self.dense = Linear(wide * math.prod(base), wide, gain=GAIN)
        self.logit = Linear(wide, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of images."""
        x = active(self.last(self.blocks(active(self.entry(x)))))
        return self.logit(active(self.dense(x.flatten(1)))).squeeze(1)


class PathLength(nn.Module):
    """(‖∇_w (G(w)·y)‖ − a)² with images y of noise, a the running mean of the norm (eq. 4).

    y is N(0, 1) over the root of the pixels' number. Over the layers, the squares of the norms are averaged. The mean
    starts at 0; a module, so that it is saved with the networks.
    """

    mean: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(()))

    def forward(self, synthesis: Synthesis, ws: Sequence[Tensor], noise: Tensor) -> Tensor:
        """The penalty, a mean over the batch; a is moved."""
        latents = torch.stack(tuple(ws), 1)
        image = synthesis(latents.unbind(1), noise)
        y = torch.randn_like(image) / math.sqrt(math.prod(image.shape[2:]))
        (slopes,) = torch.autograd.grad((image * y).sum(), latents, create_graph=True)
        lengths = slopes.square().sum(2).mean(1).sqrt()
        self.mean.lerp_(lengths.detach().mean(), 1 - PATH_MEMORY)
        return (lengths - self.mean).square().mean()


def generator_step(g: Generator, d: nn.Module, optimiser: Optimizer, ws: Sequence[Tensor], noise: Tensor) -> Tensor:
    """Update G once, through a D that stays as it is."""
    with kit.frozen(d):
        judged = d(g.synthesis(ws, noise))
        loss = OBJECTIVE.generator(judged, judged)
        kit.descend(optimiser, loss)
    return loss.detach()


def discriminator_step(d: nn.Module, optimiser: Optimizer, real: Tensor, fake: Tensor) -> Tensor:
    """Update D once; real and fake apart, each with the deviations of its own batch."""
    loss = OBJECTIVE.discriminator(d(real), d(fake))
    kit.descend(optimiser, loss)
    return loss.detach()


def lazy_adam(net: nn.Module, o: StyleganOptions, weight: float, interval: int) -> Optimizer:
    """Adam for k + 1 updates in k steps where a term has one of its own every k (section 3.1 and appendix B).

    Rate and β2 become those of k/(k + 1) of an update: lr·k/(k+1) and β2^(k/(k+1)).
    """
    part = interval / (interval + 1) if weight else 1.0
    return kit.adam(net.parameters(), o.lr * part, 0.0, o.beta2**part)


def due(weight: float, interval: int, step: int) -> float:
    """The factor of a lazy term at a step: ``interval`` times its weight every ``interval`` steps, else 0."""
    return weight * interval if step % interval == 0 else 0.0


def decay(o: StyleganOptions, step: int) -> float:
    """Of G's average at a step: its half-life is that of ``ema``, and at most ``ema_ramp`` of the steps so far."""
    return kit.decay_of(min(kit.half_life(o.ema), o.ema_ramp * (step + 1)))


def build(o: StyleganOptions, shape: Shape, noise: Shape) -> tuple[Generator, Discriminator]:
    """Generator and discriminator for images (C, H, W) and noise (3, H, W)."""
    return Generator(o, shape, noise), Discriminator(shape, o.width, group=o.group, residual=o.residual)


def train(run: ganzoo.TrainRun) -> nn.Module:
    """Train StyleGAN2: at each step G, then D, and now and then each along its lazy term. Returns G or its average."""
    o: StyleganOptions = run.options
    with kit.session(run) as device:
        with kit.seeded(run.seed):
            g, d = (net.to(device) for net in build(o, run.data.spec.shape, run.latent.noise))
        path = PathLength().to(device)
        g_optimiser = lazy_adam(g, o, o.path_weight, o.path_interval)
        d_optimiser = lazy_adam(d, o, o.gamma, o.r1_interval)
        ema = kit.Ema(g, o.ema)
        feed = kit.Feed(run, device)
        state = kit.State({"g": g, "d": d, "path": path, **ema.nets}, {"g": g_optimiser, "d": d_optimiser})
        for step in run.steps(o.steps, state=state):
            kit.reseed(run, step)
            drawn = feed.latents(o.batch, step, "generator")
            z, noise = drawn["z"], drawn["noise"]
            g_loss = generator_step(g, d, g_optimiser, g.mixed(z, o.mixing), noise)
            if weight := due(o.path_weight, o.path_interval, step):
                part = slice(o.batch // 2)
                kit.descend(g_optimiser, weight * path(g.synthesis, g.mixed(z[part], o.mixing), noise[part]))
            drawn, real = feed.latents(o.batch, step, "discriminator"), feed.reals(o.batch, step)
            with torch.no_grad():
                fake = g.synthesis(g.mixed(drawn["z"], o.mixing), drawn["noise"])
            d_loss = discriminator_step(d, d_optimiser, real, fake)
            if weight := due(o.gamma, o.r1_interval, step):
                kit.descend(d_optimiser, weight * r1(d, real, fake))
            if o.ema:
                ema.follow(decay(o, step))
            run.log(d_loss=d_loss, g_loss=g_loss)
    return ema.result.eval()
