"""Likeness of images: scikit-image's numbers, closed forms, a plain loop over scales, and what noise does."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from ganzoo.errors import ScoreError
from ganzoo.metrics import similarity
from ganzoo.metrics.similarity import SCALES, ms_ssim, psnr, scales_of, ssim


def pictures(n: int = 3, channels: int = 3, height: int = 40, width: int = 56, seed: int = 0) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    rough = np.random.default_rng(seed).normal(size=(n, channels, height, width))
    smooth = gaussian_filter(rough, (0, 0, 2, 2))
    return np.clip(128 + 300 * smooth, 0, 255).astype(np.uint8)


def noisy(x: np.ndarray, sigma: float) -> np.ndarray:
    return np.clip(np.rint(x + np.random.default_rng(9).normal(0, sigma, x.shape)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_they_are_those_of_scikit_image(channels: int) -> None:
    x = pictures(channels=channels)
    y = noisy(x, 20)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    for i in range(len(x)):
        assert psnr(x, y)[i] == pytest.approx(peak_signal_noise_ratio(x[i], y[i], data_range=255), rel=1e-12)
        wanted = structural_similarity(x[i].astype(float), y[i].astype(float), channel_axis=0, **options)
        assert ssim(x, y)[i] == pytest.approx(wanted, rel=1e-10)


def test_images_of_one_grey_have_a_closed_form() -> None:
    x, y = np.full((1, 1, 20, 20), 100, np.uint8), np.full((1, 1, 20, 20), 150, np.uint8)
    constant = (0.01 * 255) ** 2
    assert ssim(x, y)[0] == pytest.approx((2 * 100 * 150 + constant) / (100**2 + 150**2 + constant), rel=1e-9)
    assert psnr(x, y)[0] == pytest.approx(20 * np.log10(255 / 50))


def test_equal_images() -> None:
    x = pictures()
    assert np.isposinf(psnr(x, x)).all()
    np.testing.assert_allclose(ssim(x, x), 1)
    np.testing.assert_allclose(ms_ssim(x, x), 1)


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim])
def test_they_are_symmetric_and_fall_with_noise(measure) -> None:
    x = pictures()
    np.testing.assert_allclose(measure(x, noisy(x, 9)), measure(noisy(x, 9), x), rtol=1e-12)
    found = [measure(x, noisy(x, sigma)).mean() for sigma in (4, 8, 16, 32)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize(
    ("side", "count"),
    [(8, 1), (10, 1), (11, 1), (21, 1), (22, 2), (28, 2), (44, 3), (88, 4), (175, 4), (176, 5), (512, 5)],
)
def test_as_many_scales_as_hold_a_window(side: int, count: int) -> None:
    assert scales_of(side, side + 50) == scales_of(side + 50, side) == count


def test_scales_are_put_together_by_their_weights() -> None:
    """Scale by scale, with scikit-image's SSIM where it is the last, and the maps by hand elsewhere."""
    x = pictures(2, 1, 90, 90)
    y = noisy(x, 25)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    weights = np.array(SCALES[:4]) / sum(SCALES[:4])
    for i in range(2):
        a, b, product = x[i, 0].astype(float), y[i, 0].astype(float), 1.0
        for scale in range(4):
            whole, whole_map = structural_similarity(a, b, full=True, **options)
            if scale < 3:
                inside = (slice(5, -5), slice(5, -5))
                from scipy.ndimage import gaussian_filter

                means = [gaussian_filter(each, 1.5, truncate=3.5)[inside] for each in (a, b)]
                light = (2 * means[0] * means[1] + 6.5025) / (means[0] ** 2 + means[1] ** 2 + 6.5025)
                whole = (whole_map[inside] / light).mean()
            product *= whole ** weights[scale]
            a, b = (each[: len(each) // 2 * 2, : len(each) // 2 * 2] for each in (a, b))
            a, b = (each.reshape(len(each) // 2, 2, -1, 2).mean(axis=(1, 3)) for each in (a, b))
        assert ms_ssim(x, y)[i] == pytest.approx(product, rel=1e-9)


def test_a_negative_mean_counts_as_nothing() -> None:
    x = pictures(1, 1)
    assert ssim(x, 255 - x)[0] < 0
    assert ms_ssim(x, 255 - x)[0] == 0


def test_parts_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    x = pictures(5)
    whole = [measure(x, noisy(x, 9)) for measure in (psnr, ssim, ms_ssim)]
    monkeypatch.setattr(similarity, "_AT_ONCE", x[:2].size)
    for before, measure in zip(whole, (psnr, ssim, ms_ssim), strict=True):
        np.testing.assert_array_equal(measure(x, noisy(x, 9)), before)


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim])
def test_what_makes_no_pairs_is_refused(measure) -> None:
    x = pictures()
    for first, second in ((x, x[:2]), (x, x[:, :1]), (x[0], x[0]), (x[:0], x[:0])):
        with pytest.raises(ScoreError, match="Pairs are images of one form"):
            measure(first, second)
