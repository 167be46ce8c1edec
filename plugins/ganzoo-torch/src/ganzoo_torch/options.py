"""The options of every variant: read by its plugin module and by its model, which need not know each other."""

from __future__ import annotations

from typing import Annotated, Literal

import ganzoo


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
