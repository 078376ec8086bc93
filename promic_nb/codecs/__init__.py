"""Codecs by name. Adding one is a class with `encode` and `decode` (see `base.Codec`) and a line here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from promic_nb.codecs.base import BitstreamError, Codec, LatentCodec, bpp
from promic_nb.codecs.ffmpeg import Hevc, Vvc
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec
from promic_nb.codecs.jpegai.networks import OPERATION_POINTS
from promic_nb.codecs.jpegai.tools import TOOLS
from promic_nb.codecs.jpegai.vm33_codec import Vm33Codec
from promic_nb.codecs.pillow import Avif, Jpeg, Jpeg2000
from promic_nb.errors import UserError

__all__ = ["CODECS", "BitstreamError", "Codec", "LatentCodec", "bpp", "get"]


def jpegai(op: str, tools: str, beta: float = 0.006, gain: int = 0, weights_file: str = "") -> JpegAiStyleCodec:
    """The JPEG-AI-style codec at one operation point, with or without the tools on the latent.

    Args:
        op: "bop" or "hop".
        tools: "on" or "off".
        beta: which of the shipped models; a higher beta gives a higher rate.
        gain: displacement D of the gain unit, a finer rate control around a model.
        weights_file: another weight file than the shipped one.
    """
    path = Path(weights_file) if weights_file else weights.WEIGHTS / f"jpegai_beta{beta:g}.safetensors"
    return JpegAiStyleCodec(path, gain, op=op, tools=tools)


CODECS: dict[str, Callable[..., Codec]] = {c.name: c for c in (Jpeg, Jpeg2000, Avif, Hevc, Vvc)}
# The four settings of the dissertation.
CODECS |= {f"jpegai_{op}_{tools}": partial(jpegai, op, tools) for op in OPERATION_POINTS for tools in TOOLS}
CODECS[Vm33Codec.name] = Vm33Codec


def get(name: str, **settings) -> Codec:
    """A codec by name and settings, e.g. `get("hevc", qp=37)`.

    Raises:
        UserError: unknown name or setting, a value out of range, or a missing encoder.
    """
    if name not in CODECS:
        raise UserError(f"codec {name!r} is unknown", f"Choose one of {', '.join(CODECS)}")
    try:
        return CODECS[name](**settings)
    except TypeError as error:
        raise UserError(f"settings {settings} do not fit codec {name!r} ({error})", f"See help(promic_nb.codecs.CODECS[{name!r}])") from error
