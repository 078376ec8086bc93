"""What every codec is: bytes from a grey image, the image from the bytes, and the true rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from promic_nb.errors import UserError

MAX_SAMPLES = 2**26  # of an image; a decoder allocates no more, whatever a damaged header claims


class BitstreamError(UserError):
    """A bitstream that is truncated, damaged, of another codec, or made with other weights."""


@dataclass(frozen=True)
class RateControl:
    """The setting that moves a codec's rate.

    Attributes:
        setting: its name, as in `codecs.get`.
        lowest, highest: its values at the lowest and at the highest rate; the rate is monotone in
            between.
        integer: whether it takes whole numbers only.
        guess: a value to start from for a rate in bpp; by default the middle.
        models: of the settings that the caller fixed, further ones that stand for coarse steps of
            the rate, from the lowest to the highest, such as one for each trained model; they are
            compared with the setting at `neutral`.
        neutral: the setting's value that changes nothing in a model.
    """

    setting: str
    lowest: float
    highest: float
    integer: bool = True
    guess: Callable[[float], float] | None = None
    models: Callable[[dict[str, Any]], list[dict[str, Any]]] = lambda settings: [{}]
    neutral: float = 0


@runtime_checkable
class Codec(Protocol):
    """A lossy codec of grey images at one setting.

    Attributes:
        name: as in the registry.
        setting: what fixes the rate and the encoder, for tables: e.g. "qp=32 preset=slow" or
            "beta0.02".
    """

    name: str
    setting: str

    @property
    def command(self) -> str:
        """The encoder's exact settings or command line, for `promic codecs`."""
        ...

    def version(self) -> str:
        """Encoder and version, for provenance; of a learned codec also what tells its weights."""
        ...

    def encode(self, image: np.ndarray) -> bytes:
        """Bitstream of a uint8 (H, W) image."""
        ...

    def decode(self, stream: bytes) -> np.ndarray:
        """uint8 (H, W) image of a bitstream."""
        ...

    def overhead(self, stream: bytes) -> int:
        """Bytes of a whole bitstream that hold no coded samples: container, headers, parameter
        sets, tables. They are part of its rate.
        """
        ...


@runtime_checkable
class LatentCodec(Codec, Protocol):
    """A learned codec whose latent can be read without synthesis.

    Attributes:
        sha256: hash of its weights, "" where it has none of its own.
    """

    sha256: str

    def latent(self, stream: bytes) -> np.ndarray:
        """Decoded latent y^, float32 (C, ceil(H/16), ceil(W/16))."""
        ...


@runtime_checkable
class CodecFactory(Protocol):
    """What the registry has for a codec: its class, or an object that makes it when called.

    The arguments are the codec's settings, all with defaults; their types give the ranges that are
    allowed: `qp: Annotated[int, whole(0, 51)] = 32`. A missing encoder is a `UserError`.
    """

    @property
    def rate_control(self) -> RateControl:
        """How the codec's rate is moved."""
        ...

    def __call__(self, *args: Any, **settings: Any) -> Codec:
        """The codec at some settings."""
        ...


def check_image(image: np.ndarray) -> np.ndarray:
    """The image, if it is uint8 (H, W) of at least 16x16 and at most 2^26 samples.

    The one place where codecs of the registry decide what they take: samples of more bits go
    through a `windowed.Windowed` codec, colour through `core.window.luma`, both at the caller's
    word.

    Raises:
        UserError: it is not.
    """
    if image.ndim != 2 or image.dtype != np.uint8 or min(image.shape) < 16:
        remedy = "Give uint8 (H, W) of at least 16x16 samples"
        if image.ndim == 3:
            remedy += "; promic_nb.core.window.luma makes colour grey"
        elif image.ndim == 2 and image.dtype != np.uint8:
            remedy += "; codecs.Windowed(codec, window) takes 16 bits in a window"
        raise UserError(f"a codec got an image of {image.dtype} {image.shape}", remedy)
    if image.size > MAX_SAMPLES:
        raise UserError(
            f"a codec got an image of {image.shape[0]}x{image.shape[1]} samples",
            f"Cut it into parts of at most {MAX_SAMPLES} samples",
        )
    return image


def check_size(height: int, width: int, name: str) -> None:
    """Refuse the size that a bitstream claims before anything of that size is allocated.

    Raises:
        BitstreamError: no encoder here writes such a size.
    """
    if min(height, width) < 16 or height * width > MAX_SAMPLES:
        raise BitstreamError(
            f"the {name} stream claims {height}x{width} samples",
            f"Streams here have 16x16 to {MAX_SAMPLES} samples; encode again",
        )


def check_range(what: str, value: float, low: float, high: float) -> float:
    """The value, if it lies in low..high; else a `UserError` that names both."""
    if not low <= value <= high:
        raise UserError(f"{what} {value} is out of range", f"Choose {low} to {high}")
    return value


def bpp(stream: bytes, shape: tuple[int, ...]) -> float:
    """Rate in bits per pixel of a bitstream, headers included."""
    return 8 * len(stream) / (shape[0] * shape[1])
