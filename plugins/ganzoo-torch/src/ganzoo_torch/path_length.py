"""How smooth a generator is in z: the length of small steps on z's sphere, in pixels."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

import ganzoo

STEP, PAIRS = 1e-4, 512  # how far and how often the path is measured
EPSILON = 1e-8


def slerp(a: Tensor, b: Tensor, t: float) -> Tensor:
    """The unit vectors a share ``t`` of the way from a to b on the sphere: [N, k]."""
    a, b = (x / x.norm(dim=1, keepdim=True) for x in (a, b))
    cosine = (a * b).sum(1, keepdim=True)
    across = b - cosine * a
    angle = t * cosine.clamp(-1, 1).acos()
    return a * angle.cos() + across / across.norm(dim=1, keepdim=True).clamp(min=EPSILON) * angle.sin()


@torch.no_grad()
def path_length(g: nn.Module, run: ganzoo.MeasureRun) -> ganzoo.Estimate:
    """E ‖G(slerp(z, z'; ε)) − G(z)‖² / ε² in pixels of [−1, 1], of samples as they are drawn (Karras et al. 2019).

    The paper's perceptual path length takes a network's features in place of pixels. In double precision, as ε is
    10⁻⁴; the noise of both ends is the same.
    """
    precise = copy.deepcopy(g).double().eval()
    drawn = [run.latents(PAIRS, tick) for tick in range(2)]
    a, b = (torch.from_numpy(each["z"]).double() for each in drawn)
    noise = torch.from_numpy(drawn[0]["noise"]).double()
    device = next(precise.parameters()).device
    found = []
    for part in torch.arange(PAIRS).split(64):
        ends = (slerp(a[part], b[part], t).to(device) for t in (0.0, STEP))
        first, second = (precise(z, noise[part].to(device)) for z in ends)
        found.append((second - first).flatten(1).square().sum(1) / STEP**2)
    lengths = torch.cat(found)
    return ganzoo.Estimate(lengths.mean().item(), lengths.std().item() / math.sqrt(PAIRS), PAIRS)
