"""Boxes from an image, a latent or a bitstream."""

from __future__ import annotations

import math

import numpy as np

from promic_nb.codecs.base import Codec, LatentCodec
from promic_nb.codecs.jpegai.bitstream import MAGIC, Stream, unpack
from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.models.bitstreams import codec_of, rate_number
from promic_nb.models.card import check_weights
from promic_nb.models.detector import Detector
from promic_nb.models.slices import Size, predict


def detect(
    model: Detector,
    source: np.ndarray | bytes,
    size: Size | None = None,
    *,
    codec: Codec | None = None,
    rate: str = "",
) -> Detections:
    """Objects in one slice.

    Args:
        model: of pixels or of latents, such as `load_detector` gives.
        source: the slice as pixels, uint8 (H, W); as latent, float32 (C, ceil(H/16), ceil(W/16));
            or as bitstream. A model of latents reads a bitstream without synthesis, one of pixels
            decodes it.
        size: (H, W) of the slice in pixels. Needed for a latent, and for a bitstream whose
            container does not say it.
        codec: that reads the bitstream; by default the latent codec that the stream names.
        rate: label of the rate, for a model of several rates, where the stream does not tell it.

    Returns:
        Boxes (n, 4), xyxy pixels, and scores, by falling score.

    Raises:
        UserError: an input that the model cannot read, and what it reads.
        BitstreamError: a damaged or foreign bitstream.

    Example:
        >>> from promic_nb.models.build import build_detector
        >>> found = detect(build_detector("small"), np.zeros((64, 96), np.uint8))
        >>> found.boxes.shape[1]
        4
    """
    if isinstance(source, bytes):
        return _of_stream(model, source, size, codec, rate)
    if source.ndim == 2:
        return _of_pixels(model, source)
    number = rate_number(model.card, rate) if _reads_rates(model) else None
    return predict(model, _latent(model, source, size, number), size or (0, 0), ())


def _of_stream(
    model: Detector, stream: bytes, size: Size | None, codec: Codec | None, rate: str
) -> Detections:
    head: Stream | None = unpack(stream) if codec is None or stream[:4] == MAGIC else None
    if head:
        size = head.height, head.width
    codec = codec or codec_of(unpack(stream), model.card)
    if not model.translator:
        return _of_pixels(model, codec.decode(stream))
    if not isinstance(codec, LatentCodec):
        raise UserError(
            f"this detector reads latents, and codec {codec.name!r} has none",
            "Load a detector of pixels, or encode with a latent codec",
        )
    if head:
        check_weights(head.weights.hex(), model.card)
    number = rate_number(model.card, rate, head) if _reads_rates(model) else None
    return predict(model, _latent(model, codec.latent(stream), size, number), size or (0, 0), ())


def _reads_rates(model: Detector) -> bool:
    return bool(model.translator and model.translator.config.rates)


def _of_pixels(model: Detector, image: np.ndarray) -> Detections:
    if model.translator:
        raise UserError(
            f"this detector reads latents of {model.translator.config.in_channels} channels and "
            "cannot read pixels",
            "Give a latent or a bitstream, or load a detector of pixels",
        )
    if image.dtype != np.uint8:
        raise UserError(f"the image is {image.dtype} {image.shape}", "Give uint8 (H, W), 0..255")
    return predict(model, image, (image.shape[0], image.shape[1]), ())


def _latent(
    model: Detector, latent: np.ndarray, size: Size | None, number: int | None
) -> np.ndarray:
    """The latent as the model reads it: with the number of its rate in a last plane, if needed."""
    if not model.translator:
        raise UserError(
            f"this detector reads pixels and cannot read a latent ({latent.dtype} {latent.shape})",
            "Give uint8 (H, W) or a bitstream, or load a detector of latents",
        )
    channels = model.translator.config.in_channels
    if latent.dtype != np.float32 or latent.ndim != 3 or len(latent) != channels:
        raise UserError(
            f"the latent is {latent.dtype} {latent.shape}",
            f"This detector reads float32 ({channels}, h, w)",
        )
    if size is None:
        raise UserError(
            "a latent does not say how many pixels its slice has", "Give size=(height, width)"
        )
    if latent.shape[1:] != tuple(math.ceil(n / 16) for n in size):
        raise UserError(
            f"a latent of {latent.shape[1]}x{latent.shape[2]} is not that of a slice of "
            f"{size[0]}x{size[1]} pixels",
            "Give the height and width of the slice in pixels",
        )
    if number is None:
        return latent
    return np.concatenate([latent, np.full_like(latent[:1], number)])
