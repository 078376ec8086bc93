"""What it takes to decode bitstreams of the JPEG-AI-style codec, over the rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec
from promic_nb.codecs.learned import JPEGAI_BOP_OFF, JPEGAI_HOP_OFF
from promic_nb.models.complexity import Convention, macs_of_call

CODECS = {"bop": JPEGAI_BOP_OFF, "hop": JPEGAI_HOP_OFF}


def decoding_operations(
    codec: JpegAiStyleCodec, stream: bytes, convention: Convention = "true"
) -> dict[str, int]:
    """Multiply-accumulates that a bitstream takes to decode, counted while it is decoded.

    Example:
        >>> from promic_nb.codecs.learned import JPEGAI_BOP_OFF
        >>> codec = JPEGAI_BOP_OFF(beta=0.005)
        >>> stream = codec.encode(np.zeros((64, 64), np.uint8))
        >>> sorted(decoding_operations(codec, stream))
        ['context', 'hyperprior', 'synthesis']
    """
    return macs_of_call(codec.decoder_networks, lambda: codec.decode(stream), convention)


def decoder_complexity(
    image: np.ndarray, settings: dict[str, list[dict[str, Any]]]
) -> pd.DataFrame:
    """Operations of the decoder at several rates, on bitstreams of one image.

    Args:
        image: uint8 (H, W).
        settings: of the codec, by operation point ("bop" or "hop").

    Returns:
        Columns op, beta, gain, bpp, gmac (transposed convolutions counted as in Table 7) and
        gmac_true.
    """
    rows = []
    for op, points in settings.items():
        for point in points:
            codec = CODECS[op](**point)
            assert isinstance(codec, JpegAiStyleCodec)
            stream = codec.encode(image)
            counts = [
                sum(decoding_operations(codec, stream, convention).values()) / 1e9
                for convention in ("paper", "true")
            ]
            bpp = 8 * len(stream) / image.size
            rows.append((op, point["beta"], point.get("gain", 0), bpp, *counts))
    return pd.DataFrame(rows, columns=["op", "beta", "gain", "bpp", "gmac", "gmac_true"])
