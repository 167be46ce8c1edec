"""Fixed filters of rows and columns, as matrices.

Sizes are so small that products with fixed matrices are faster than strided convolutions of single channels.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

Size = tuple[int, int]
BINOMIAL = (1 / 4, 2 / 4, 1 / 4)
"""[1, 2, 1], of R3GAN."""
WIDE = (1 / 8, 3 / 8, 3 / 8, 1 / 8)
"""[1, 3, 3, 1], of StyleGAN."""
WHOLE = 100  # pixels up to which one product with a matrix for all of them is faster than one each for rows and columns


def band(before: int, after: int, taps: Sequence[float], *, first: int, stride: int = 1) -> Tensor:
    """The matrix [before, after] that filters a row: value j is Σ taps[t] · row[stride·j + first + t]; 0 outside."""
    matrix = torch.zeros(before, after)
    for target in range(after):
        for place, weight in enumerate(taps, start=stride * target + first):
            if 0 <= place < before:
                matrix[place, target] = weight
    return matrix


class Separable(nn.Module):
    """Rows and columns filtered by a matrix each: [h, h'] over the height, [w, w'] over the width."""

    matrix: Tensor
    rows: Tensor
    columns: Tensor

    def __init__(self, rows: Tensor, columns: Tensor) -> None:
        super().__init__()
        self.size = rows.shape[1], columns.shape[1]
        self.whole = len(rows) * len(columns) <= WHOLE
        if self.whole:
            self.register_buffer("matrix", torch.kron(rows, columns), persistent=False)
        else:
            self.register_buffer("rows", rows.t().contiguous(), persistent=False)
            self.register_buffer("columns", columns.contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, h, w] → [N, C, h', w']."""
        if self.whole:
            return (x.flatten(2) @ self.matrix).unflatten(2, self.size)
        return self.rows @ (x @ self.columns)


class Resampling(Separable):
    """Rows and columns filtered and halved, rounded up, or doubled: the transpose, which keeps the mean."""

    def __init__(self, large: Size, *, up: bool, taps: Sequence[float] = BINOMIAL) -> None:
        halving = [band(side, -(-side // 2), taps, first=-1, stride=2) for side in large]
        super().__init__(*(2 * matrix.t() if up else matrix for matrix in halving))
