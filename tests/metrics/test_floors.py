"""Floors and references against their closed forms."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from promic_nb.errors import UserError
from promic_nb.metrics import floors as f

NOISE = np.random.default_rng(3).normal(0, 6, (512, 640))


def test_noise_of_a_smooth_picture_is_found():
    smooth = 40 * gaussian_filter(np.random.default_rng(1).normal(size=NOISE.shape), 12) * 12
    assert f.noise_sigma(smooth + NOISE) == pytest.approx(6, rel=0.02)


def test_blurred_noise_comes_out_lower_than_it_is():
    blurred = gaussian_filter(NOISE, 0.7)
    assert f.noise_sigma(blurred) < blurred.std()


@pytest.mark.parametrize(("distortion", "bits"), [(36, 0), (9, 1), (2.25, 2), (72, 0)])
def test_each_six_decibels_below_the_noise_cost_a_bit(distortion, bits):
    assert f.noise_rate(6, distortion) == pytest.approx(bits)


def test_the_mean_of_a_spectrum_is_the_variance():
    assert f.power_spectrum(NOISE).mean() == pytest.approx(NOISE.var(), rel=0.02)


def test_white_noise_has_the_rate_of_a_memoryless_gaussian():
    """R(D) = 1/2 log2(sigma^2 / D): noise floor and Gaussian reference coincide."""
    spectrum = f.power_spectrum(NOISE)
    for distortion in (18.0, 9.0, 1.0):
        bits = 0.5 * np.log2(36 / distortion)
        assert f.gaussian_rate(spectrum, distortion) == pytest.approx(bits, abs=0.02)


def test_water_filling_of_two_bands():
    """Powers 4 and 1, halves: at a level of 1/2 both are coded; at 2 just the stronger one is."""
    spectrum = np.array([[4.0, 1.0], [1.0, 4.0]])
    rates = f.gaussian_rate(spectrum, np.array([0.5, 1.5, 2.5, 3.0]))
    assert rates == pytest.approx([(1.5 + 0.5) / 2, 0.5 / 2, 0, 0])


def test_a_markov_field_has_its_published_rate_at_small_errors():
    """AR(1) along rows: innovations of variance 1 - rho^2, so R(D) = 1/2 log2((1 - rho^2) / D)."""
    rho, rng = 0.9, np.random.default_rng(5)
    x = np.empty((512, 512))
    x[:, 0] = rng.normal(size=512)
    for column in range(1, 512):
        x[:, column] = rho * x[:, column - 1] + np.sqrt(1 - rho**2) * rng.normal(size=512)
    bits = 0.5 * np.log2((1 - rho**2) / 0.01)
    assert f.gaussian_rate(f.power_spectrum(x), 0.01) == pytest.approx(bits, abs=0.03)


def test_floors_of_slices_are_means_over_slices():
    images = [np.clip(128 + k * NOISE, 0, 255).round().astype(np.uint8)[:256, :256] for k in (1, 2)]
    found = f.floors(images, np.array([30.0, 40.0]))
    assert found.sigma == pytest.approx(np.sqrt((36 + 144) / 2), rel=0.03)
    floor = found.table[found.table.kind == f.NOISE_FLOOR].set_index("psnr_db").bpp
    mse = 255**2 / 10**4
    assert floor[40] == pytest.approx(np.mean(0.5 * np.log2(np.array([36, 144]) / mse)), abs=0.03)
    assert found.psnr_db == pytest.approx(10 * np.log10(255**2 / 90), abs=0.2)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([], "no slices"),
        ([np.zeros((64, 64), np.uint8)], "no noise"),
        ([np.arange(48 * 64, dtype=np.uint8).reshape(48, 64) ** 2], "at least 64x64"),
    ],
)
def test_slices_that_have_no_floor_are_refused(images, message):
    with pytest.raises(UserError, match=message):
        f.floors(images)
