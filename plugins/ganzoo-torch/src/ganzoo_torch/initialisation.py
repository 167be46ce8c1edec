"""Initial weights by name, the same for every network."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ganzoo_torch.names import Init

_RULES: dict[str, Callable[[Tensor], Tensor]] = {
    "normal": lambda weight: nn.init.normal_(weight, 0.0, 0.02),
    "glorot": nn.init.xavier_uniform_,
    "he": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "orthogonal": nn.init.orthogonal_,
}


def initialise(net: nn.Module, kind: Init) -> None:
    """Draw the weights of every linear layer and convolution anew, biases 0; ``default`` leaves the network's own.

    normal: N(0, .02) (Radford et al. 2015). glorot: uniform ±√(6 / (in + out)) (Glorot and Bengio 2010). he: N(0, σ²)
    with σ² = 2 / in (He et al. 2015). orthogonal: gain 1 (Saxe et al. 2014).
    """
    if kind == "default":
        return
    for part in net.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            _RULES[kind](part.weight)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
