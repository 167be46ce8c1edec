"""The variational autoencoder: hooks and options. Networks and update step are in ``models/vae.py``."""

from __future__ import annotations

from typing import Any

import ganzoo
from ganzoo_tensorflow.hooks import export, sample
from ganzoo_tensorflow.options import VaeOptions

__all__ = ["describe", "export", "sample", "train", "validate"]


@ganzoo.hookimpl
def describe() -> ganzoo.Variant:
    """The variational autoencoder: no GAN, but what GANs are compared with."""
    return ganzoo.Variant(
        name="vae",
        backend="tensorflow",
        summary="Variational autoencoder, to compare GANs with",
        paper="Kingma and Welling 2013, arXiv:1312.6114",
        options=VaeOptions,
        facts=ganzoo.Facts(
            loss="negative ELBO in nats: reconstruction + beta·KL, summed over pixels and over z, mean over the batch",
            optimiser="Adam 1e-3 (0.9, 0.999) for both networks at once (the paper: Adagrad)",
            update_order="encoder and decoder in one step",
            n_critic="none: there is no critic",
            step_counts="updates of encoder and decoder",
            latents="one draw of z from q(z|x) per image and step; a sample is the decoder's mean at z from N(0, 1), "
            "not a draw of x around it",
            batches="real images alone (no batch norm)",
        ),
        inputs=ganzoo.Inputs(z="z_dim"),
        role="comparator",
        takes=("image", "points"),
        sizes=(1, 64),
    )


@ganzoo.hookimpl
def validate(options: VaeOptions, data: ganzoo.DataSpec) -> str | None:
    """What is of pixels cannot be had of points."""
    if data.kind == "points" and options.likelihood == "bernoulli":
        return f"{data.name} has points, and likelihood=bernoulli is of pixels: use gaussian."
    if data.kind == "points" and options.net == "conv":
        return f"{data.name} has points, and net=conv is for images: use mlp."
    return None


@ganzoo.hookimpl
def train(run: ganzoo.TrainRun) -> Any:
    """Return the trained decoder, a Keras model that gives the mean of x."""
    from ganzoo_tensorflow import kit
    from ganzoo_tensorflow.models.vae import Vae

    return kit.train(Vae, run)
