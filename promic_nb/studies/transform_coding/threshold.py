"""Compression by a threshold (section III).

The largest coefficients of a transform are kept, the others are set to zero.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import fft

from promic_nb.errors import UserError
from promic_nb.metrics.quality import compute

# Forward and inverse transform of the last two axes, orthonormal.
TRANSFORMS: dict[str, tuple[Callable, Callable]] = {
    "DFT": (lambda x: fft.fft2(x, norm="ortho"), lambda c: fft.ifft2(c, norm="ortho").real),
    "DCT": (
        lambda x: fft.dctn(x, axes=(-2, -1), norm="ortho"),
        lambda c: fft.idctn(c, axes=(-2, -1), norm="ortho"),
    ),
}


def keep_largest(
    image: np.ndarray, transform: str, share: float, block: int = 0
) -> tuple[np.ndarray, int]:
    """Rebuild an image from the largest coefficients of a transform.

    The DFT of N samples has N complex numbers, of which one of each conjugate pair is stored: two
    real numbers for two coefficients. So K coefficients cost K real numbers with either transform.
    A pair is kept or dropped as a whole. Samples are first shifted by -128, as in JPEG.

    Args:
        image: grey (H, W), 0..255.
        transform: one of `TRANSFORMS`.
        share: share of the coefficients to keep, 0..1.
        block: side of the blocks; 0 transforms the whole image. Rows and columns beyond the last
            whole block are cut off.

    Returns:
        The image, float64, not rounded, and the number of coefficients kept, at most `share` of
        all.

    Raises:
        UserError: an unknown transform, a share out of range, or an image smaller than a block.
    """
    if transform not in TRANSFORMS:
        raise UserError(
            f"transform {transform!r} is unknown", f"Choose one of {', '.join(TRANSFORMS)}"
        )
    if not 0 <= share <= 1:
        raise UserError(f"the share of coefficients is {share}", "Choose 0 to 1")
    if block and min(image.shape) < block:
        raise UserError(
            f"blocks of {block} do not fit an image of {image.shape}", "Use smaller blocks"
        )
    forward, inverse = TRANSFORMS[transform]
    blocks = cut(image, block).astype(float) - 128
    coefficients = forward(blocks)
    size = np.abs(coefficients)
    if transform == "DFT":  # one magnitude per pair: rounding may have separated the two
        size = np.maximum(size, mirrored(size))
    count = round(share * size.size)
    kept = np.zeros(size.size, bool)
    kept[np.argsort(-size, axis=None, kind="stable")[:count]] = True
    kept = kept.reshape(size.shape)
    if transform == "DFT":
        kept &= mirrored(kept)
    return paste(inverse(np.where(kept, coefficients, 0))) + 128, int(kept.sum())


def mirrored(array: np.ndarray) -> np.ndarray:
    """The array at the conjugate frequencies: -k of each of the last two axes."""
    return np.roll(array[..., ::-1, ::-1], 1, axis=(-2, -1))


def cut(image: np.ndarray, block: int) -> np.ndarray:
    """Whole blocks of an image, (rows, columns, block, block).

    With block 0, the image is the only block.
    """
    height, width = (n // block * block for n in image.shape) if block else image.shape
    size = (block, block) if block else (height, width)
    return (
        image[:height, :width]
        .reshape(height // size[0], size[0], width // size[1], size[1])
        .swapaxes(1, 2)
    )


def paste(blocks: np.ndarray) -> np.ndarray:
    """Inverse of `cut`: (H, W)."""
    rows, columns, height, width = blocks.shape
    return blocks.swapaxes(1, 2).reshape(rows * height, columns * width)


def quality(original: np.ndarray, decoded: np.ndarray) -> dict[str, float]:
    """Quality of a decoded image on the scale 0..255; both images are grey, uint8 (H, W).

    The keys are mse (Eq. 5), psnr_db, ssim and fsim.

    PSNR is 10 log10(255^2 / MSE); Eq. 6 as printed takes the logarithm of the peak only. SSIM (Eq.
    7) is the mean over Gaussian windows.
    """
    mse = float(np.mean((original.astype(float) - decoded.astype(float)) ** 2))
    found = compute(original, decoded, ["psnr", "ssim", "fsim"], front_end="8bit")
    return {"mse": mse, "psnr_db": found["psnr"], "ssim": found["ssim"], "fsim": found["fsim"]}
