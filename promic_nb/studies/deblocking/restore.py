"""Restore images, and measure how far they are from the originals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import nn

from promic_nb.metrics.quality import compute
from promic_nb.studies.deblocking.jpeg import jpeg
from promic_nb.studies.deblocking.training import to_tensor

MIDDLE = 192 / 360  # side of the thesis's crops relative to its images


def restore(network: nn.Module, image: np.ndarray) -> np.ndarray:
    """Restore a compressed image with the network: uint8 (H, W, 3)."""
    with torch.inference_mode():
        restored = network.eval()(to_tensor(image)[None])[0]
    return (restored.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def measure(original: np.ndarray, image: np.ndarray) -> dict[str, float]:
    """MAE and MSE (Eqs. 6 and 7), PSNR in dB (Eq. 9) and SSIM (Eq. 14).

    MAE and MSE are over RGB in 0..1, PSNR is 100 for equal images, and SSIM is on grey.
    """
    difference = (original.astype(float) - image.astype(float)) / 255
    mse = float(np.mean(difference**2))
    first, second = (np.array(Image.fromarray(x).convert("L")) for x in (original, image))
    psnr = min(100.0, -10 * np.log10(mse)) if mse else 100.0
    return {
        "mae": float(np.mean(np.abs(difference))),
        "mse": mse,
        "psnr_db": psnr,
        "ssim": compute(first, second, ["ssim"], front_end="8bit")["ssim"],
    }


def centre(image: np.ndarray, side: int) -> np.ndarray:
    """The middle of an image, at most `side` pixels high and wide."""
    top, left = (max(0, (n - side) // 2) for n in image.shape[:2])
    return image[top : top + side, left : left + side]


def distances(
    network: nn.Module, original: np.ndarray, qualities: list[int]
) -> Iterator[dict[str, float | int | str]]:
    """Distances between an image and its original, compressed and then restored.

    Yields:
        Rows of size ("full", or "centre" for the middle), quality, metric (see `measure`), jpeg and
        restored (the distances after compression and after restoration).
    """
    sides = {"full": max(original.shape), "centre": round(min(original.shape[:2]) * MIDDLE)}
    for quality in qualities:
        compressed, _ = jpeg(original, quality)
        restored = restore(network, compressed)
        for size, side in sides.items():
            before, after = (
                measure(centre(original, side), centre(image, side))
                for image in (compressed, restored)
            )
            for metric, value in before.items():
                yield {
                    "size": size,
                    "quality": quality,
                    "metric": metric,
                    "jpeg": value,
                    "restored": after[metric],
                }
