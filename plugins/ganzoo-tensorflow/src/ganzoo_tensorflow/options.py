"""The options of every variant: read by its plugin module and by its model, which need not know each other."""

from __future__ import annotations

from typing import Annotated, Literal

import ganzoo


class VanillaOptions(ganzoo.Options, frozen=True):
    """Defaults fit 8×8 to 28×28 grey images and 2-D points."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("images per step and network", ge=2)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    hidden: Annotated[int, ganzoo.option("units of a hidden layer", ge=1)] = 256
    depth: Annotated[int, ganzoo.option("hidden layers of each network", ge=1)] = 2
    batch_norm: Annotated[bool, ganzoo.option("batch norm in G's hidden layers")] = True
    loss: Annotated[
        Literal["non-saturating", "minimax"],
        ganzoo.option("G maximises log D(G(z)), or minimises log(1 - D(G(z)))"),
    ] = "non-saturating"
    k: Annotated[int, ganzoo.option("D updates before each G update", ge=1)] = 1
    lr: Annotated[float, ganzoo.option("learning rate of both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's first decay", ge=0, lt=1)] = 0.5
    ema: Annotated[float, ganzoo.option("decay of G's running average; 0: off", ge=0, lt=1)] = 0.0


class CganOptions(ganzoo.Options, frozen=True):
    """Defaults fit 8×8 to 32×32 images."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 4000
    batch: Annotated[int, ganzoo.option("images per step and network", ge=2)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    width: Annotated[int, ganzoo.option("channels next to the image; they double at each halving", ge=1)] = 32
    lr: Annotated[float, ganzoo.option("learning rate of both networks", gt=0)] = 2e-4
    beta1: Annotated[float, ganzoo.option("Adam's first decay", ge=0, lt=1)] = 0.5
    ema: Annotated[float, ganzoo.option("decay of G's running average; 0: off", ge=0, lt=1)] = 0.0


class VaeOptions(ganzoo.Options, frozen=True):
    """Defaults fit 8×8 to 28×28 grey images and 2-D points."""

    steps: Annotated[int, ganzoo.option("updates of encoder and decoder", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("images per step", ge=1)] = 100
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 20
    likelihood: Annotated[
        Literal["auto", "bernoulli", "gaussian"],
        ganzoo.option("of x given z; bernoulli takes grey levels as means of 0 and 1; auto: gaussian for points alone"),
    ] = "auto"
    sigma: Annotated[
        float,
        ganzoo.option("gaussian: its standard deviation where images lie in [-1, 1]; 0: learned, one for all", ge=0),
    ] = 0.0
    beta: Annotated[float, ganzoo.option("weight of the KL; 1: the bound itself", ge=0)] = 1.0
    net: Annotated[Literal["mlp", "conv"], ganzoo.option("perceptrons, or convolutions for images")] = "mlp"
    hidden: Annotated[int, ganzoo.option("mlp: units of a hidden layer", ge=1)] = 400
    depth: Annotated[int, ganzoo.option("mlp: hidden layers of each network; 0: linear ones", ge=0)] = 1
    width: Annotated[int, ganzoo.option("conv: channels next to the image; they double at each halving", ge=1)] = 32
    lr: Annotated[float, ganzoo.option("learning rate", gt=0)] = 1e-3
    ema: Annotated[float, ganzoo.option("decay of the decoder's running average; 0: off", ge=0, lt=1)] = 0.0
