"""The Dirac-GAN (Mescheder, Geiger and Nowozin 2018, section 2): the smallest game that shows who converges.

Data are the point 0, G gives the point θ, D(x) = ψx; the only equilibrium is θ = ψ = 0. Gradient descent on the losses
of this package either reaches it, or circles. ``python -m ganzoo_torch.dirac -o FILE.png`` draws the paths.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from ganzoo_torch.objectives import OBJECTIVES
from ganzoo_torch.penalties import PENALTIES

START = (1.0, 1.0)
BATCH = 64
SHOWN = (
    ("nonsaturating", "none", 0.0),
    ("minimax", "none", 0.0),
    ("wasserstein", "none", 0.0),
    ("relativistic", "none", 0.0),
    ("wasserstein", "gp", 0.25),
    ("nonsaturating", "dragan", 0.25),
    ("nonsaturating", "r1", 0.3),
    ("nonsaturating", "zero-centred", 0.15),
    ("relativistic", "r1+r2", 0.15),
)
"""Loss, penalty and weight of each path in the picture."""


def path(
    loss: str, penalty: str = "none", weight: float = 0.0, *, noise: float = 0.0, steps: int = 2000, lr: float = 0.05
) -> Tensor:
    """(θ, ψ) after each of ``steps`` alternating updates, D first, from (1, 1): [steps + 1, 2].

    ``noise`` is the σ of Gaussian noise on all that D sees; it is averaged over a batch drawn from torch's generator.
    """
    objective, term = OBJECTIVES[loss], PENALTIES.get(penalty)
    theta, psi = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in START)
    found = [(theta.item(), psi.item())]

    def points(place: Tensor | float) -> Tensor:
        blur = (
            noise * torch.randn(BATCH, 1, dtype=torch.float64) if noise else torch.zeros(BATCH, 1, dtype=torch.float64)
        )
        return blur + place

    def judge(x: Tensor) -> Tensor:
        return (psi * x).squeeze(1)

    for _ in range(steps):
        real, fake = points(0.0), points(theta.detach())
        d_loss = objective.discriminator(judge(real), judge(fake))
        d_loss = d_loss + weight * term.term(judge, real, fake) if term else d_loss
        (slope,) = torch.autograd.grad(d_loss, psi)
        psi = (psi.detach() - lr * slope).requires_grad_()
        (slope,) = torch.autograd.grad(objective.generator(judge(real), judge(points(theta))), theta)
        theta = (theta.detach() - lr * slope).requires_grad_()
        found.append((theta.item(), psi.item()))
    return torch.tensor(found)


def draw(file: Path) -> None:
    """Draw the paths of ``SHOWN``, each in a panel of its own, as PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 9.6), layout="constrained")
    for axes, (loss, penalty, weight) in zip(figure.subplots(3, 3).flat, SHOWN, strict=True):
        theta, psi = path(loss, penalty, weight).T
        axes.plot(theta, psi, linewidth=0.8)
        axes.plot(*START, "o", color="tab:orange", markersize=5)
        axes.plot(0, 0, "+", color="black", markersize=10)
        axes.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), aspect="equal", xlabel="θ", ylabel="ψ")
        axes.set_title(loss if penalty == "none" else f"{loss}, {penalty}", fontsize=10)
    figure.savefig(file, dpi=80, metadata={"Software": None})


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Draw the Dirac-GAN's paths.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="PNG file to write")
    torch.manual_seed(0)
    draw(parser.parse_args(arguments).output)


if __name__ == "__main__":
    main()
