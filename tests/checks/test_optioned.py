"""What a variant's options may be."""

from __future__ import annotations

from typing import Annotated

import ganzoo
from ganzoo.checks.optioned import option_faults, range_faults


class WithFile(ganzoo.Options):
    z_dim: Annotated[int, ganzoo.option("size of z", ge=1)] = 4
    start: Annotated[str, ganzoo.option("weights to start from", file=True)] = ""


def test_a_file_is_an_option_like_any_other() -> None:
    facts = ganzoo.Facts(loss="none", optimiser="none", update_order="none")
    variant = ganzoo.Variant(name="v", backend="b", summary="s", paper="none", options=WithFile, facts=facts)
    assert option_faults(variant) == []
    assert range_faults(WithFile) == []
