"""The options of every variant: read by its plugin module and by its model, which need not know each other."""

from __future__ import annotations

from typing import Annotated, Literal

import ganzoo
from ganzoo_torch.names import Augment, DivergenceName, Init, LossName, NetName, Norm, OptimiserName, PenaltyName


class DcganOptions(ganzoo.Options):
    """Defaults are the paper's (sections 3 and 4)."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 128
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    width: Annotated[int, ganzoo.option("channels of the layers next to the image", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class WganOptions(ganzoo.Options):
    """Defaults are those of the paper's Algorithm 1 and, for the warm-up, of the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("RMSprop's learning rate, both networks", gt=0)] = 5e-5
    clip: Annotated[float, ganzoo.option("bound of the critic's weights", gt=0)] = 0.01
    n_critic: Annotated[int, ganzoo.option("critic updates per generator update", ge=1)] = 5
    warmup_critic: Annotated[int, ganzoo.option("critic updates at a warm-up step", ge=1)] = 100
    warmup_steps: Annotated[int, ganzoo.option("first generator steps that are warm-up steps; 0: none", ge=0)] = 25
    warmup_every: Annotated[int, ganzoo.option("and so is every such step, 0 included", ge=1)] = 500
    critic_norm: Annotated[bool, ganzoo.option("images: batch norm in the critic, as in the authors' code")] = True
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 512
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class InfoganOptions(ganzoo.Options):
    """Defaults are the paper's MNIST run (Appendix C.1) and, for λ and the variance, the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 128
    z_dim: Annotated[int, ganzoo.option("size of z, the incompressible noise", ge=1)] = 62
    categorical: Annotated[int, ganzoo.option("values of the categorical code", ge=2)] = 10
    continuous: Annotated[int, ganzoo.option("number of continuous codes, U(-1, 1)", ge=0)] = 2
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate, G and Q head", gt=0)] = 1e-3
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate, shared trunk and D head", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    lambda_cat: Annotated[float, ganzoo.option("λ of the categorical code", ge=0)] = 1.0
    lambda_cont: Annotated[float, ganzoo.option("λ of the continuous codes; .1 suits a learned variance", ge=0)] = 1.0
    variance: Annotated[Literal["fixed", "learned"], ganzoo.option("Q's variance of the codes; fixed: 1")] = "fixed"
    dense_norm: Annotated[
        bool, ganzoo.option("batch norm in D's dense layer, as in the paper; off is steadier on narrow nets")
    ] = True
    width: Annotated[int, ganzoo.option("channels next to the image; dense layers have 16 times as many", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class GanOptions(ganzoo.Options):
    """The workbench: every choice is a block's name or a number. Defaults are DCGAN's, with a D without batch norm."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    loss: Annotated[LossName, ganzoo.option("adversarial loss")] = "nonsaturating"
    penalty: Annotated[PenaltyName, ganzoo.option("penalty on D")] = "none"
    penalty_weight: Annotated[float, ganzoo.option("weight of the penalty in D's loss", gt=0)] = 10.0
    net: Annotated[NetName, ganzoo.option("both networks; auto: dcgan for images, mlp for points")] = "auto"
    norm: Annotated[Norm, ganzoo.option("normalisation in D")] = "none"
    norm_g: Annotated[Norm, ganzoo.option("normalisation in G")] = "batch"
    conditional: Annotated[bool, ganzoo.option("class labels: scale and shift by class in G, projection in D")] = False
    init: Annotated[Init, ganzoo.option("initial weights; default: the network's own")] = "default"
    optimiser: Annotated[OptimiserName, ganzoo.option("of both networks")] = "adam"
    lr_g: Annotated[float, ganzoo.option("learning rate of G", gt=0)] = 2e-4
    lr_d: Annotated[float, ganzoo.option("learning rate of D", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1; sgd: the momentum", ge=0, lt=1)] = 0.5
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.999
    n_critic: Annotated[int, ganzoo.option("D updates per G update", ge=1)] = 1
    clip: Annotated[float, ganzoo.option("bound of D's weights, clipped after each update; 0: none", ge=0)] = 0.0
    smoothing: Annotated[float, ganzoo.option("label of real samples in D's loss; 1: off", gt=0.5, le=1)] = 1.0
    noise: Annotated[
        float, ganzoo.option("σ of Gaussian noise on all that D sees, falling to 0 over the run", ge=0)
    ] = 0.0
    augment: Annotated[Augment, ganzoo.option("differentiable augmentation of all that D sees")] = "none"
    dropout: Annotated[float, ganzoo.option("share of D's activations dropped", ge=0, lt=1)] = 0.0
    l1: Annotated[float, ganzoo.option("weight of the sum of |w| in both losses", ge=0)] = 0.0
    l2: Annotated[float, ganzoo.option("weight of half the sum of w² in both losses", ge=0)] = 0.0
    width: Annotated[int, ganzoo.option("images: channels (dcgan: next to the image; densenet: growth)", ge=1)] = 32
    hidden: Annotated[int, ganzoo.option("mlp: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class LsganOptions(ganzoo.Options):
    """Defaults are the paper's: its rate for LSUN, and DCGAN's β1."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 1e-3
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    coding: Annotated[
        Literal["0-1", "pearson"], ganzoo.option("labels of fake, real and G's aim; 0-1: 0, 1, 1; pearson: -1, 1, 0")
    ] = "0-1"
    norm: Annotated[Norm, ganzoo.option("images: normalisation in D")] = "batch"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class FganOptions(ganzoo.Options):
    """Defaults are the paper's MNIST run (section 4.1) but for the networks, which are DCGAN's."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    divergence: Annotated[DivergenceName, ganzoo.option("what G minimises an estimate of")] = "kl"
    heuristic: Annotated[
        bool, ganzoo.option("G maximises E g(D(G(z))) (section 3.2) in place of minimising the divergence's bound")
    ] = True
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("images: normalisation in D")] = "none"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class SnganOptions(ganzoo.Options):
    """Defaults are the authors' run on CIFAR-10 (appendix B.4 and their code), but for the number of updates."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per D batch; G's has twice as many", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 128
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks, at the first step", gt=0)] = 2e-4
    lr_decay: Annotated[bool, ganzoo.option("the rate falls linearly to 0 over the run")] = True
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.0
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.9
    n_critic: Annotated[int, ganzoo.option("D updates per G update", ge=1)] = 5
    width_g: Annotated[int, ganzoo.option("channels of G's layers", ge=1)] = 256
    width_d: Annotated[int, ganzoo.option("channels of D's layers", ge=1)] = 128
    dequantise: Annotated[bool, ganzoo.option("add U(0, 1/128) to the real images that D sees")] = True
    conditional: Annotated[bool, ganzoo.option("class labels: scale and shift by class in G, projection in D")] = False
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class R3ganOptions(ganzoo.Options):
    """Defaults are the paper's where they do not depend on the data: the rates, both β, the tenfold fall of γ.

    Networks and batch are small. γ has no rule across data sets, and the paper searches it for each.
    """

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=1)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 64
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks, at the first step", gt=0)] = 2e-4
    lr_end: Annotated[float, ganzoo.option("and at the last", gt=0)] = 5e-5
    beta2: Annotated[float, ganzoo.option("Adam's β2 at the first step; β1 is 0", ge=0, lt=1)] = 0.9
    beta2_end: Annotated[float, ganzoo.option("and at the last", ge=0, lt=1)] = 0.99
    gamma: Annotated[float, ganzoo.option("γ of R1 and R2 at the first step", gt=0)] = 1.0
    gamma_end: Annotated[float, ganzoo.option("and at the last", gt=0)] = 0.1
    width: Annotated[int, ganzoo.option("images: channels next to the image, doubled at half the size", ge=1)] = 32
    blocks: Annotated[int, ganzoo.option("images: residual blocks at each size", ge=1)] = 2
    cardinality: Annotated[
        int, ganzoo.option("images: groups of the 3×3 convolutions; fewer where they do not divide", ge=1)
    ] = 8
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[
        float, ganzoo.option("decay of G's moving average at the end; its half-life grows from 0; 0: off", ge=0, lt=1)
    ] = 0.999


class PacganOptions(ganzoo.Options):
    """Defaults are the paper's stacked MNIST; its points have z_dim 2, batch 100, lr 1e-4, beta1 .8 (section 4.1)."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    pack: Annotated[int, ganzoo.option("m: samples that D judges together; 1 would be a plain GAN", ge=2, le=4)] = 2
    batch: Annotated[int, ganzoo.option("packs per batch, real ones and fakes each", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer of G; of D half as many", ge=2)] = 400
    pieces: Annotated[int, ganzoo.option("points: linear pieces of each of D's maxout units", ge=2)] = 5
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class UnrolledOptions(ganzoo.Options):
    """Defaults are those of the authors' demonstration on a ring of Gaussians."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    unroll: Annotated[int, ganzoo.option("k: D updates that G looks ahead; 0: a plain GAN", ge=0, le=100)] = 5
    loss: Annotated[Literal["minimax", "nonsaturating"], ganzoo.option("G's loss, with the D of k updates later")] = (
        "minimax"
    )
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 512
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 256
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate of G", gt=0)] = 1e-3
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate of D, of unrolled updates too", gt=0)] = 1e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 32
    hidden: Annotated[int, ganzoo.option("points: units of each of the two hidden layers", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class BeganOptions(ganzoo.Options):
    """Defaults are the paper's (sections 3.5 and 4), the halving of the rates that of a widely used implementation."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 16
    z_dim: Annotated[int, ganzoo.option("size of z, U(-1, 1), and of the autoencoder's code", ge=1)] = 64
    gamma: Annotated[float, ganzoo.option("γ, the diversity: L(G(z)) / L(x) in equilibrium", gt=0, le=1)] = 0.5
    lambda_k: Annotated[float, ganzoo.option("λ_k, the rate at which k follows the balance", gt=0)] = 1e-3
    lr: Annotated[float, ganzoo.option("Adam's learning rate at first, both networks", gt=0)] = 1e-4
    lr_halving: Annotated[int, ganzoo.option("steps after which the rate is halved, again and again", ge=1)] = 100_000
    lr_floor: Annotated[float, ganzoo.option("the rate is never halved to below this", ge=0)] = 2e-5
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.9
    width: Annotated[int, ganzoo.option("n, the channels of the decoders' layers", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class GmanOptions(ganzoo.Options):
    """Defaults are those of the authors' code, and of section 3.4 for λ that G learns; each D is DCGAN's."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    discriminators: Annotated[int, ganzoo.option("N", ge=2)] = 5
    objective: Annotated[
        Literal["mean", "softmax", "max", "learned"],
        ganzoo.option("what G makes of its N losses; learned: softmax with a λ that G learns"),
    ] = "softmax"
    lambda_: Annotated[float, ganzoo.option("softmax: λ; 0 is the mean, a large one the max", ge=0)] = 1.0
    reward: Annotated[float, ganzoo.option("learned: c, G's loss is less by cλ", ge=0)] = 1e-3
    through_weights: Annotated[
        bool, ganzoo.option("softmax, learned: G's gradient passes through the weights, as in the authors' code")
    ] = True
    loss: Annotated[Literal["minimax", "nonsaturating"], ganzoo.option("G's loss with each D")] = "minimax"
    batch: Annotated[int, ganzoo.option("samples per batch of each D; G's has N times as many", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z, U(-1, 1)", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, all networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    dropout: Annotated[float, ganzoo.option("share that the last D drops; the first none", ge=0, lt=1)] = 0.5
    width: Annotated[
        int, ganzoo.option("images: channels next to the image, of G and the first D; the last D has half", ge=2)
    ] = 64
    hidden: Annotated[
        int, ganzoo.option("points: units of each hidden layer of G and the first D; the last D has half", ge=2)
    ] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class HganOptions(ganzoo.Options):
    """Defaults are those of the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    discriminators: Annotated[int, ganzoo.option("K", ge=2)] = 8
    objective: Annotated[
        Literal["hypervolume", "mean", "softmax", "max", "mgda"],
        ganzoo.option("what G makes of its K losses; mgda: their gradients' common descent direction"),
    ] = "hypervolume"
    slack: Annotated[float, ganzoo.option("hypervolume: δ, the nadir point over the largest loss", gt=1)] = 1.1
    lambda_: Annotated[float, ganzoo.option("softmax: λ; 0 is the mean, a large one the max", ge=0)] = 0.8
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, all networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    filters: Annotated[int, ganzoo.option("images: channels of each D's random projection", ge=1)] = 1
    width_g: Annotated[int, ganzoo.option("images: channels of G next to the image", ge=1)] = 64
    width_d: Annotated[int, ganzoo.option("images: channels of each D's first layer", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class MganOptions(ganzoo.Options):
    """Defaults are those of the authors' code for CIFAR-10."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    generators: Annotated[int, ganzoo.option("k, how many; 1 would be a plain GAN", ge=2)] = 10
    beta: Annotated[float, ganzoo.option("β, weight of C's cross-entropy in G's loss; in C's own it is 1", ge=0)] = 0.01
    batch: Annotated[int, ganzoo.option("real samples per batch", ge=2)] = 64
    fakes: Annotated[int, ganzoo.option("fakes of each generator per batch", ge=2)] = 12
    z_dim: Annotated[int, ganzoo.option("size of z, U(-1, 1)", ge=1)] = 100
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate, generators", gt=0)] = 2e-4
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate, D and C", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("images: normalisation in the trunk of D and C")] = "batch"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 128
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class StyleganOptions(ganzoo.Options):
    """Defaults are the authors' configuration for CIFAR-10, but for steps, sizes and the average, which are small.

    "Elsewhere" are their configurations for other data.
    """

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 64
    w_dim: Annotated[int, ganzoo.option("size of w, which the mapping network makes of z", ge=1)] = 64
    mapping: Annotated[int, ganzoo.option("layers of the mapping network, whose rate is a hundredth", ge=1)] = 2
    width: Annotated[
        int, ganzoo.option("channels next to the image, doubled at half the size, up to fourfold", ge=1)
    ] = 64
    residual: Annotated[bool, ganzoo.option("residual blocks in D, as elsewhere")] = False
    group: Annotated[int, ganzoo.option("samples whose deviations D sees together", ge=1)] = 32
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks; β1 is 0", gt=0)] = 2.5e-3
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.99
    gamma: Annotated[float, ganzoo.option("γ of R1, γ/2 ‖∇D(x)‖²; 0: off", ge=0)] = 0.01
    r1_interval: Annotated[int, ganzoo.option("steps from one update along R1 to the next", ge=1)] = 16
    path_weight: Annotated[float, ganzoo.option("weight of the path length in G, elsewhere 2; 0: off", ge=0)] = 0.0
    path_interval: Annotated[int, ganzoo.option("steps from one update along it to the next", ge=1)] = 4
    mixing: Annotated[float, ganzoo.option("share of batches with styles of two z, elsewhere .9", ge=0, le=1)] = 0.0
    truncation: Annotated[float, ganzoo.option("ψ: sampled w lie so far from their mean; 1: off", ge=0, le=1)] = 1.0
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.999
    ema_ramp: Annotated[
        float, ganzoo.option("the average's half-life is at most this share of the steps so far", gt=0, le=1)
    ] = 0.05


class MadganOptions(ganzoo.Options):
    """Defaults are not the paper's, but DCGAN's rates, few generators and few layers of their own."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    generators: Annotated[int, ganzoo.option("k, how many; 1 would be a plain GAN", ge=2)] = 4
    own_layers: Annotated[int, ganzoo.option("last layers that each generator has to itself; 0: all of them", ge=0)] = 2
    batch: Annotated[int, ganzoo.option("real samples per batch", ge=2)] = 64
    fakes: Annotated[int, ganzoo.option("fakes of each generator per batch", ge=2)] = 16
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate, generators", gt=0)] = 2e-4
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate, D", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("images: normalisation in D")] = "batch"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class AcganOptions(ganzoo.Options):
    """Defaults are DCGAN's, in batches of 100 as in the paper."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z, to which G joins the label", ge=1)] = 100
    class_weight: Annotated[float, ganzoo.option("weight of the class loss beside the source loss", gt=0)] = 1.0
    class_fakes: Annotated[
        bool, ganzoo.option("D learns the classes of fakes, too, as in the paper; off: of reals alone, as in StarGAN")
    ] = True
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    norm: Annotated[Norm, ganzoo.option("normalisation in D")] = "batch"
    dropout: Annotated[float, ganzoo.option("share of D's activations dropped", ge=0, lt=1)] = 0.0
    width: Annotated[int, ganzoo.option("channels of the layers next to the image", ge=1)] = 64
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class SsganOptions(ganzoo.Options):
    """Defaults are those of the authors' run on MNIST, but for the number of updates."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    labelled: Annotated[int, ganzoo.option("samples of each class whose labels D is shown", ge=1)] = 10
    batch: Annotated[int, ganzoo.option("samples per batch, of labelled, unlabelled and fakes each", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z, uniform", ge=1)] = 100
    unlabelled_weight: Annotated[float, ganzoo.option("weight of the loss without labels", gt=0)] = 1.0
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 3e-3
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    noise_in: Annotated[float, ganzoo.option("σ of Gaussian noise on D's input in [0, 1]", ge=0)] = 0.3
    noise: Annotated[float, ganzoo.option("and on each of its hidden layers", ge=0)] = 0.5
    hidden: Annotated[int, ganzoo.option("units of D's first layer; the next have 1/2, 1/4, 1/4, 1/4", ge=4)] = 1000
    hidden_g: Annotated[int, ganzoo.option("units of G's two hidden layers", ge=1)] = 500
    ema_d: Annotated[float, ganzoo.option("decay of the average of D that is measured; 0: off", ge=0, lt=1)] = 0.9999
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0
