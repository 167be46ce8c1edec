"""Everything that 'ganzoo check' looks at."""

from __future__ import annotations

from collections.abc import Callable

from ganzoo.testing import parametrize_with_checks


@parametrize_with_checks("wgan-gp")
def test_it_keeps_the_contract(check: Callable[[], None]) -> None:
    check()
