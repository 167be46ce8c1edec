"""The published checks of ganzoo, on every variant of this package."""

from typing import Any

from ganzoo.testing import parametrize_with_checks


@parametrize_with_checks("cgan")
def test_cgan(check: Any) -> None:
    check()


@parametrize_with_checks("vae")
def test_vae(check: Any) -> None:
    check()


@parametrize_with_checks("vanilla")
def test_vanilla(check: Any) -> None:
    check()
