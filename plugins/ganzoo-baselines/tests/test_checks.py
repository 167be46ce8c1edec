"""The published checks of ganzoo, on every variant of this package."""

from typing import Any

from ganzoo.testing import parametrize_with_checks


@parametrize_with_checks("gaussian")
def test_gaussian(check: Any) -> None:
    check()


@parametrize_with_checks("memoriser")
def test_memoriser(check: Any) -> None:
    check()
