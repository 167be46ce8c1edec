"""Shares of samples as estimates."""

from __future__ import annotations

import math

import ganzoo


def share(found: int, n: int) -> ganzoo.Estimate:
    """``found`` of ``n`` samples, with the binomial standard error of the share.

    √(p(1 − p)/(n + 4)) with two more of either kind in p, so that none of n is not taken for none of all (Agresti and
    Coull 1998).
    """
    p = (found + 2) / (n + 4)
    return ganzoo.Estimate(found / n, math.sqrt(p * (1 - p) / (n + 4)), n)
