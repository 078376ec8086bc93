"""What every codec is: bytes from a grey image, the image from the bytes, and the true rate."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from promic_nb.errors import UserError


class BitstreamError(UserError):
    """A bitstream that is truncated, damaged, of another codec, or made with other weights."""


@runtime_checkable
class Codec(Protocol):
    """A lossy codec of grey images at one setting.

    Attributes:
        name: as in the registry.
        setting: what fixes the rate and the encoder, for tables: e.g. "q=50" or "beta=0.006".
    """

    name: str
    setting: str

    def encode(self, image: np.ndarray) -> bytes:
        """Bitstream of a uint8 (H, W) image."""
        ...

    def decode(self, stream: bytes) -> np.ndarray:
        """uint8 (H, W) image of a bitstream."""
        ...


@runtime_checkable
class LatentCodec(Codec, Protocol):
    """A learned codec whose latent can be read without synthesis."""

    def latent(self, stream: bytes) -> np.ndarray:
        """Decoded latent y^, float32 (C, ceil(H/16), ceil(W/16))."""
        ...


def check_image(image: np.ndarray) -> np.ndarray:
    """The image, if it is uint8 (H, W) of at least 16x16.

    Raises:
        UserError: it is not.
    """
    if image.dtype != np.uint8 or image.ndim != 2 or min(image.shape) < 16:
        raise UserError(f"a codec got an image of {image.dtype} {image.shape}", "Give uint8 (H, W) of at least 16x16 samples")
    return image


def check_range(what: str, value: float, low: float, high: float) -> float:
    """The value, if it lies in low..high; else a `UserError` that names both."""
    if not low <= value <= high:
        raise UserError(f"{what} {value} is out of range", f"Choose {low} to {high}")
    return value


def bpp(stream: bytes, shape: tuple[int, ...]) -> float:
    """Rate in bits per pixel of a bitstream, headers included."""
    return 8 * len(stream) / (shape[0] * shape[1])
