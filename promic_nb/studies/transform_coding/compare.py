"""The study's tables: JPEG from its parts against libjpeg, and thresholds on two transforms."""

from __future__ import annotations

import io
from typing import get_args

import numpy as np
import pandas as pd
from PIL import Image

from promic_nb.studies.transform_coding.jpeg import Transform, decode, encode, scan_of
from promic_nb.studies.transform_coding.threshold import TRANSFORMS, keep_largest, quality


def against_libjpeg(image: np.ndarray, qualities: list[int]) -> pd.DataFrame:
    """JPEG from its parts, compared with Pillow's, for a uint8 (H, W) image.

    Returns:
        Columns quality, transform, bytes, jpeg_bytes (libjpeg's), difference_percent, equal_scan
        (the entropy-coded segment, byte by byte), equal_image (the decoded samples),
        zeros_percent (of the coefficients), dc_bpp, ac_bpp, mse, psnr_db, ssim, fsim.
    """
    rows = []
    for q in qualities:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=q)
        real = buffer.getvalue()
        shown = np.array(Image.open(io.BytesIO(real)))
        for transform in get_args(Transform):
            ours = encode(image, q, transform)
            decoded = decode(ours.scan, image.shape, q, transform)
            rows.append(
                {
                    "quality": q,
                    "transform": transform,
                    "bytes": len(ours.stream),
                    "jpeg_bytes": len(real),
                    "difference_percent": 100 * (len(ours.stream) / len(real) - 1),
                    "equal_scan": ours.scan == scan_of(real),
                    "equal_image": bool((decoded == shown).all()),
                    "zeros_percent": 100 * float(np.mean(ours.quantized == 0)),
                    "dc_bpp": ours.dc_bits / image.size,
                    "ac_bpp": ours.ac_bits / image.size,
                    **quality(image, decoded),
                }
            )
    return pd.DataFrame(rows)


def thresholds(image: np.ndarray, blocks: list[int], shares: list[float]) -> pd.DataFrame:
    """Quality of a uint8 (H, W) image rebuilt from the largest coefficients of each transform.

    Args:
        blocks: sides of the blocks, 0 for the whole image.
        shares: shares of the coefficients to keep, 0..1.

    Returns:
        Columns transform, block, share, coefficients (how many were kept), mse, psnr_db, ssim,
        fsim.
    """
    rows = []
    for block in blocks:
        for transform in TRANSFORMS:
            for share in shares:
                kept, count = keep_largest(image, transform, share, block)
                decoded = np.clip(np.round(kept), 0, 255).astype(np.uint8)
                original = image[: kept.shape[0], : kept.shape[1]]  # whole blocks
                row = {"transform": transform, "block": block, "share": share}
                rows.append({**row, "coefficients": count, **quality(original, decoded)})
    return pd.DataFrame(rows)
