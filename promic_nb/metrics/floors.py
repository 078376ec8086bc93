"""What any codec must spend: a floor set by the noise of the slices, and a stationary-Gaussian
reference beside it.

Noise floor. Let a slice be X = S + N, with white Gaussian noise N of standard deviation sigma that
does not depend on S. Then R_X(D) >= R_{X|S}(D) = R_N(D) = 1/2 log2(sigma^2 / D) bits a sample for
D < sigma^2, whatever the codec (Cover and Thomas, Elements of Information Theory, section 10.3.2),
and a lossless code needs the noise's entropy, 1/2 log2(2 pi e sigma^2).

Stationary-Gaussian reference. Reverse water-filling over the power spectrum of the slices (the
same, section 10.3.3) is R(D) of a stationary Gaussian field with that spectrum. No floor: of all
sources with this spectrum the Gaussian one is the hardest, and a codec that adapts may need less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import windows
from scipy.stats import median_abs_deviation

from promic_nb.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

PEAK = 255.0
PSNR_DB = np.arange(20.0, 60.01, 0.25)
NOISE_FLOOR, GAUSSIAN_REFERENCE = "noise floor", "stationary-Gaussian reference"
BLOCK = 64  # side of the windows whose spectra are averaged


def noise_sigma(image: np.ndarray) -> float:
    """Standard deviation of an image's noise, in units of its samples.

    The median absolute deviation of the diagonal details of a one-level Haar transform, over 0.6745
    (Donoho and Johnstone, Biometrika 81(3), 1994). It is exact for white Gaussian noise on a smooth
    signal. Noise with less power at the highest frequencies, such as that of a detector with blur,
    comes out lower than it is, so that a floor from it stays a floor.

    Args:
        image: (H, W) of any real kind, at least 2x2.

    Example:
        >>> noise = np.random.default_rng(0).normal(100, 5, (512, 512))
        >>> round(noise_sigma(noise), 1)
        5.0
    """
    height, width = (n // 2 * 2 for n in image.shape)
    x = image[:height, :width].astype(float)
    diagonal = (x[::2, ::2] - x[1::2, ::2] - x[::2, 1::2] + x[1::2, 1::2]) / 2
    return float(median_abs_deviation(diagonal, axis=None, scale="normal"))


def noise_rate(sigma: float, distortion: np.ndarray | float) -> np.ndarray:
    """Least rate, in bits a sample, that white Gaussian noise costs at a mean squared error.

    It is 0 where the error may be as large as the noise.

    Example:
        >>> float(noise_rate(8.0, 16.0)), float(noise_rate(8.0, 100.0))
        (1.0, 0.0)
    """
    return np.maximum(0.0, 0.5 * np.log2(sigma**2 / np.asarray(distortion, float)))


def power_spectrum(image: np.ndarray, block: int = BLOCK) -> np.ndarray:
    """Power of an image's deviation from its mean at each 2-D frequency, (block, block): its mean
    is the variance.

    Welch's method: periodograms of Hann-windowed blocks that overlap by half, averaged.

    Raises:
        UserError: the image is smaller than a block.
    """
    if min(image.shape) < block:
        raise UserError(
            f"a spectrum in blocks of {block} was asked of an image of {image.shape}",
            f"Give at least {block}x{block} samples",
        )
    x = image.astype(float) - image.mean()
    window = windows.hann(block, sym=False)
    window = window[:, None] * window
    blocks = np.lib.stride_tricks.sliding_window_view(x, (block, block))[
        :: block // 2, :: block // 2
    ]
    spectrum = np.zeros((block, block))
    for row in blocks:
        spectrum += (np.abs(np.fft.fft2(row * window)) ** 2).sum(0)
    return spectrum / (blocks.shape[0] * blocks.shape[1]) / (window**2).sum()


def gaussian_rate(spectrum: np.ndarray, distortion: np.ndarray | float) -> np.ndarray:
    """Rate-distortion function, bits a sample, of a stationary Gaussian field with this power
    spectrum, by reverse water-filling.

    Args:
        spectrum: powers whose mean is the variance, in any order.
        distortion: mean squared errors, any shape; the rate is 0 from the variance on.

    Example:
        >>> float(gaussian_rate(np.array([4.0, 4.0, 1.0, 1.0]), 1.5))
        0.25
    """
    power = np.sort(np.ravel(spectrum))
    # D(theta) = mean(min(theta, S)) rises piecewise linearly, with its corners at the powers.
    below = np.concatenate([[0.0], np.cumsum(power)[:-1]])
    corners = (below + power * np.arange(len(power), 0, -1)) / len(power)
    asked = np.atleast_1d(np.asarray(distortion, float))
    level = np.interp(asked, np.concatenate([[0.0], corners]), np.concatenate([[0.0], power]))
    ratio = power / np.maximum(level, 1e-300)[:, None]
    rate = 0.5 * np.log2(np.maximum(ratio, 1.0)).mean(1)
    return rate.reshape(np.shape(distortion))


@dataclass(frozen=True)
class Floors:
    """Floor and reference of some slices.

    Attributes:
        table: columns kind (`NOISE_FLOOR`, `GAUSSIAN_REFERENCE`), psnr_db, bpp (mean over slices at
            the mean squared error of that PSNR), slices, sigma.
        sigma: root mean square of the slices' noise, in samples of 0..255.
    """

    table: pd.DataFrame
    sigma: float

    @property
    def psnr_db(self) -> float:
        """PSNR at which the error is as large as the noise: what is above codes noise."""
        return 10 * float(np.log10(PEAK**2 / self.sigma**2))


def floors(images: Sequence[np.ndarray], psnr_db: np.ndarray = PSNR_DB) -> Floors:
    """Noise floor and stationary-Gaussian reference of slices, uint8 (H, W) of at least 64x64.

    Raises:
        UserError: no slices, one without noise (a floor needs some), or one below 64x64.
    """
    import pandas as pd

    if not images:
        raise UserError("floors were asked of no slices", "Give at least one slice")
    sigmas = [noise_sigma(image) for image in images]
    if not min(sigmas) > 0:
        raise UserError(
            f"slice {int(np.argmin(sigmas))} of {len(images)} has no noise that could be measured",
            "Leave flat or synthetic slices out",
        )
    sigma = float(np.sqrt(np.mean(np.square(sigmas))))
    distortion = PEAK**2 / 10 ** (np.asarray(psnr_db) / 10)
    rates = {
        NOISE_FLOOR: [noise_rate(s, distortion) for s in sigmas],
        GAUSSIAN_REFERENCE: [gaussian_rate(power_spectrum(i), distortion) for i in images],
    }
    rows = [
        pd.DataFrame({"kind": kind, "psnr_db": psnr_db, "bpp": np.mean(each, 0)})
        for kind, each in rates.items()
    ]
    table = pd.concat(rows, ignore_index=True).assign(slices=len(images), sigma=sigma)
    return Floors(table, sigma)
