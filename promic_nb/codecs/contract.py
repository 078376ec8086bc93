"""What every codec keeps to, checked where one is made and used: a codec of another package that
does not is named with what it broke.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from promic_nb.codecs.base import BitstreamError, Codec, CodecFactory, LatentCodec, RateControl
from promic_nb.errors import ContractError, UserError


def _broken(codec: Codec, what: str) -> ContractError:
    return ContractError("codec", codec.name, what)


def check_factory(name: str, factory: CodecFactory) -> CodecFactory:
    """The registered object, if codecs can be made from it.

    Raises:
        ContractError: it is not callable, has no rate control, or has a setting without a type or
            a default.
    """
    if not isinstance(factory, CodecFactory) or not callable(factory):
        raise ContractError("codec", name, "it is not a class or a function with a rate_control")
    if not isinstance(factory.rate_control, RateControl):
        raise ContractError("codec", name, "its rate_control is no RateControl")
    parameters = inspect.signature(factory).parameters
    for key, p in parameters.items():
        if p.annotation is p.empty or p.default is p.empty:
            raise ContractError("codec", name, f"the setting {key!r} has no type or no default")
    if factory.rate_control.setting not in parameters:
        what = f"its rate_control moves {factory.rate_control.setting!r}, which is no setting"
        raise ContractError("codec", name, what)
    return factory


def check_codec(name: str, codec: Codec) -> Codec:
    """The codec, if it has all that one has and the name under which it is registered.

    Raises:
        ContractError: it has not.
    """
    needed = [*Codec.__annotations__, "command", "version", "encode", "decode", "overhead"]
    if missing := [key for key in needed if getattr(codec, key, None) is None]:
        raise ContractError("codec", name, f"it has no {', '.join(missing)}")
    if codec.name != name:
        raise ContractError("codec", name, f"its name is {codec.name!r}")
    return codec


@contextmanager
def _calling(codec: Codec, method: str) -> Iterator[None]:
    """Turn what a codec must not raise for an image, or a stream of its own, into one line."""
    try:
        yield
    except BitstreamError as error:
        raise ContractError(
            "codec", codec.name, f"{method} refuses its own stream ({error.what})"
        ) from error
    except UserError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise _broken(codec, f"{method} fails ({why})") from error


def encode(codec: Codec, image: np.ndarray) -> bytes:
    """`codec.encode`; raises `ContractError` where it fails or returns no bytes."""
    with _calling(codec, "encode"):
        stream = codec.encode(image)
    if not isinstance(stream, bytes):
        raise ContractError(
            "codec", codec.name, f"encode returns {type(stream).__name__}, not bytes"
        )
    if not stream:
        raise _broken(codec, "encode returns no bytes")
    return stream


def decode(codec: Codec, stream: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """`codec.decode`; raises `ContractError` where it fails, or returns anything but uint8 of the
    shape that was encoded.
    """
    with _calling(codec, "decode"):
        image = codec.decode(stream)
    if not isinstance(image, np.ndarray):
        raise ContractError(
            "codec", codec.name, f"decode returns {type(image).__name__}, not an array"
        )
    if image.dtype != np.uint8 or image.shape != shape:
        what = f"decode returns {image.dtype} {image.shape} for an image of uint8 {shape}"
        raise _broken(codec, what)
    return image


def overhead(codec: Codec, stream: bytes) -> int:
    """`codec.overhead`; raises `ContractError` where it is no number of bytes of the stream."""
    with _calling(codec, "overhead"):
        count = codec.overhead(stream)
    if not isinstance(count, int) or not 0 <= count <= len(stream):
        raise ContractError(
            "codec", codec.name, f"overhead is {count!r} of a stream of {len(stream)} bytes"
        )
    return count


def latent(codec: LatentCodec, stream: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """`codec.latent`; raises `ContractError` where it is not finite float32 (C, ceil(H/16),
    ceil(W/16)).
    """
    with _calling(codec, "latent"):
        values = codec.latent(stream)
    if not isinstance(values, np.ndarray):
        raise ContractError(
            "codec", codec.name, f"latent returns {type(values).__name__}, not an array"
        )
    height, width = (-(-n // 16) for n in shape)
    if values.dtype != np.float32 or values.ndim != 3 or values.shape[1:] != (height, width):
        what = f"latent returns {values.dtype} {values.shape}, not float32 (C, {height}, {width})"
        raise _broken(codec, what)
    if not np.isfinite(values).all():
        raise _broken(codec, "a latent has values that are not finite")
    return values
