"""Layers that compute what torch's own do, faster on a CPU: no part of any architecture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import fold, linear, pad

THIN = 4  # channels up to which a convolution is faster as one matrix product


class Pointwise(nn.Conv2d):
    """A 1×1 convolution; training on a CPU, one matrix product over all places, and so are its derivatives."""

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] → [N, C', H, W], channels last in memory."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        return linear(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias).permute(0, 3, 1, 2)


class ThinConv(nn.Conv2d):
    """A 4×4 convolution of stride 2 from few channels; training on a CPU, one matrix product."""

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] → [N, C', ⌊H/2⌋, ⌊W/2⌋]."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x)
        patches = pad(x, (1, 1, 1, 1)).unfold(2, 4, 2).unfold(3, 4, 2).permute(0, 2, 3, 1, 4, 5)
        n, height, width = patches.shape[:3]
        product = patches.reshape(n * height * width, -1) @ self.weight.flatten(1).t()
        product = product if self.bias is None else product + self.bias
        return product.view(n, height, width, -1).permute(0, 3, 1, 2)


class ThinUpsampling(nn.ConvTranspose2d):
    """A transposed 4×4 convolution of stride 2 to few channels; training on a CPU, one matrix product and a fold."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        """[N, C, h, w] → [N, C', 2h, 2w]."""
        if not self.training or x.device.type != "cpu":
            return super().forward(x, output_size)
        n, channels, height, width = x.shape
        columns = x.permute(0, 2, 3, 1).reshape(-1, channels) @ self.weight.flatten(1)
        columns = columns.view(n, height * width, -1).transpose(1, 2)
        y = fold(columns, (2 * height, 2 * width), kernel_size=4, padding=1, stride=2)
        return y if self.bias is None else y + self.bias[:, None, None]


class ChannelsLast(nn.Module):
    """In training, lays activations out so that a CPU's convolutions need not reorder them; the values stay."""

    def forward(self, x: Tensor) -> Tensor:
        """The same tensor."""
        return x.contiguous(memory_format=torch.channels_last) if self.training else x
