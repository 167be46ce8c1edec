"""The random subsets of other tools: NumPy's legacy generator, and torch's permutations rebuilt from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from ganzoo.metrics.base import Index

Draws = Callable[[int, int, int, int, int], Iterator[tuple[Index, Index]]]
"""From (seed, rows of the first set, rows of the second, size, subsets) to the rows of each subset's two sides."""


class TorchStream:
    """``torch.randperm`` on the CPU after ``torch.manual_seed(seed)``.

    Both libraries seed the same 32-bit Mersenne Twister in the same way; torch shuffles with it by Fisher–Yates, one
    word a step, word modulo what is left (for n below 2³²/20).
    """

    def __init__(self, seed: int) -> None:
        self._words = np.random.RandomState(seed & 0xFFFFFFFF)

    def permutation(self, n: int, first: int | None = None) -> Index:
        """Return the first entries of a permutation of 0 … n−1; the whole permutation's words are used up."""
        words = self._words.randint(0, 1 << 32, size=n - 1, dtype=np.uint32).astype(np.int64)
        steps = (words % np.arange(n, 1, -1)).tolist()
        order = list(range(n))
        for i, step in enumerate(steps[:first]):
            order[i], order[i + step] = order[i + step], order[i]
        return np.array(order[:first], dtype=np.int64)


def legacy_draws(seed: int, first: int, second: int, size: int, subsets: int) -> Iterator[tuple[Index, Index]]:
    """Yield rows drawn without repetition from two sets in turn, as ``np.random.choice`` after ``np.random.seed``."""
    state = np.random.RandomState(seed)
    for _ in range(subsets):
        a = state.choice(first, size, replace=False)
        yield a, state.choice(second, size, replace=False)


def torch_draws(seed: int, first: int, second: int, size: int, subsets: int) -> Iterator[tuple[Index, Index]]:
    """Yield the same as heads of torch's permutations."""
    stream = TorchStream(seed)
    for _ in range(subsets):
        a = stream.permutation(first, size)
        yield a, stream.permutation(second, size)
