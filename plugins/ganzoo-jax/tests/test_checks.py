"""Everything that 'ganzoo check' looks at."""

from __future__ import annotations

from collections.abc import Callable

from ganzoo.testing import parametrize_with_checks


@parametrize_with_checks("wgan-gp")
def test_wgan_gp_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("dragan")
def test_dragan_keeps_the_contract(check: Callable[[], None]) -> None:
    check()


@parametrize_with_checks("dpgan")
def test_dpgan_keeps_the_contract(check: Callable[[], None]) -> None:
    check()
