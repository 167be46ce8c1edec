"""The options of the variants: read by their plugin modules and by their models."""

from __future__ import annotations

from typing import Annotated, Literal

import ganzoo


class WganGpOptions(ganzoo.Options):
    """Defaults are those of the paper's Algorithm 1, batch and z_dim those of the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=1)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 128
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 1e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.0
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.9
    penalty: Annotated[float, ganzoo.option("λ, the gradient penalty's weight", ge=0)] = 10.0
    n_critic: Annotated[int, ganzoo.option("critic updates per generator update", ge=1)] = 5
    critic_norm: Annotated[
        Literal["none", "layer"], ganzoo.option("images: norm layers of the critic; never batch norm")
    ] = "none"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 512
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class DraganOptions(ganzoo.Options):
    """Defaults of λ, rate, β1, β2, batch, z_dim and of updates one to one are those of the authors' code."""

    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 5000
    batch: Annotated[int, ganzoo.option("samples per batch", ge=1)] = 128
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 100
    lr: Annotated[float, ganzoo.option("Adam's learning rate, both networks", gt=0)] = 1e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.9
    penalty: Annotated[float, ganzoo.option("λ, the gradient penalty's weight", ge=0)] = 10.0
    noise: Annotated[
        Literal["gaussian", "positive-uniform", "centred-uniform"],
        ganzoo.option("law of δ: the paper's, that of its first code, that of Lucic et al. 2018"),
    ] = "gaussian"
    c: Annotated[
        float, ganzoo.option("gaussian: variance of δ, for images in [-1, 1] and points as they are", ge=0)
    ] = 0.01
    d_norm: Annotated[Literal["none", "layer"], ganzoo.option("images: norm layers of D; never batch norm")] = "none"
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 64
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 512
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0


class DpganOptions(ganzoo.Options):
    """Either ``epsilon``, from which the noise follows, or ``sigma``, from which ε follows; the other one is 0."""

    epsilon: Annotated[float, ganzoo.option("ε that the training may spend; 0: sigma says the noise", ge=0)] = 10.0
    sigma: Annotated[
        float, ganzoo.option("noise multiplier: its standard deviation is sigma · clip; 0: epsilon says", ge=0, le=100)
    ] = 0.0
    delta: Annotated[float, ganzoo.option("δ, below one over the training samples", gt=0, lt=1)] = 1e-5
    clip: Annotated[float, ganzoo.option("C, the largest norm of one sample's gradient", gt=0)] = 1.0
    key: Annotated[
        str, ganzoo.option("a secret file of random bytes that noise and sampling are drawn from", file=True)
    ] = ""
    steps: Annotated[int, ganzoo.option("generator updates", ge=1)] = 2000
    batch: Annotated[int, ganzoo.option("samples per batch; of real ones the expected number", ge=1)] = 64
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 32
    lr_g: Annotated[float, ganzoo.option("Adam's learning rate of G", gt=0)] = 5e-4
    lr_d: Annotated[float, ganzoo.option("Adam's learning rate of D", gt=0)] = 5e-4
    beta1: Annotated[float, ganzoo.option("Adam's β1", ge=0, lt=1)] = 0.5
    beta2: Annotated[float, ganzoo.option("Adam's β2", ge=0, lt=1)] = 0.9
    n_critic: Annotated[int, ganzoo.option("updates of D per generator update", ge=1)] = 1
    width: Annotated[int, ganzoo.option("images: channels of the layers next to the image", ge=1)] = 32
    hidden: Annotated[int, ganzoo.option("points: units of each hidden layer", ge=1)] = 128
    ema: Annotated[float, ganzoo.option("decay of G's moving average; 0: off", ge=0, lt=1)] = 0.0

    def __post_init__(self) -> None:
        if self.epsilon and self.sigma:
            raise ValueError(
                f"epsilon={self.epsilon:g} and sigma={self.sigma:g} both say how much noise: set one of them to 0"
            )
        if not (self.epsilon or self.sigma):
            raise ValueError("epsilon=0 and sigma=0 leave the training without noise: set one of them")
