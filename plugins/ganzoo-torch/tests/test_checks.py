"""The published checks of ganzoo, on every variant of this package."""

from typing import Any

from ganzoo.testing import parametrize_with_checks


@parametrize_with_checks("acgan")
def test_acgan(check: Any) -> None:
    check()


@parametrize_with_checks("began")
def test_began(check: Any) -> None:
    check()


@parametrize_with_checks("dcgan")
def test_dcgan(check: Any) -> None:
    check()


@parametrize_with_checks("fgan")
def test_fgan(check: Any) -> None:
    check()


@parametrize_with_checks("gan")
def test_gan(check: Any) -> None:
    check()


@parametrize_with_checks("gman")
def test_gman(check: Any) -> None:
    check()


@parametrize_with_checks("hgan")
def test_hgan(check: Any) -> None:
    check()


@parametrize_with_checks("infogan")
def test_infogan(check: Any) -> None:
    check()


@parametrize_with_checks("lsgan")
def test_lsgan(check: Any) -> None:
    check()


@parametrize_with_checks("madgan")
def test_madgan(check: Any) -> None:
    check()


@parametrize_with_checks("mgan")
def test_mgan(check: Any) -> None:
    check()


@parametrize_with_checks("pacgan")
def test_pacgan(check: Any) -> None:
    check()


@parametrize_with_checks("r3gan")
def test_r3gan(check: Any) -> None:
    check()


@parametrize_with_checks("sngan")
def test_sngan(check: Any) -> None:
    check()


@parametrize_with_checks("ssgan")
def test_ssgan(check: Any) -> None:
    check()


@parametrize_with_checks("stylegan")
def test_stylegan(check: Any) -> None:
    check()


@parametrize_with_checks("unrolled")
def test_unrolled(check: Any) -> None:
    check()


@parametrize_with_checks("wgan")
def test_wgan(check: Any) -> None:
    check()
