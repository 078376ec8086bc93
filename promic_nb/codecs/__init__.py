"""Codecs by name.

Adding one is a class with `encode`, `decode` and `overhead` (see `base.Codec`) and a line here.

Importing this package loads no network: settings can be checked in a moment. What needs torch is
imported when such a codec is made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from promic_nb.codecs import settings as _settings
from promic_nb.codecs.base import BitstreamError, Codec, LatentCodec, RateControl, bpp
from promic_nb.codecs.ffmpeg import Hevc, Vvc
from promic_nb.codecs.jpegxl import JpegXl
from promic_nb.codecs.pillow import Avif, Jpeg, Jpeg2000
from promic_nb.codecs.reference import JpegAiReference
from promic_nb.codecs.target import Target, search
from promic_nb.core.fields import Positive, whole

__all__ = [
    "CODECS",
    "BitstreamError",
    "Codec",
    "LatentCodec",
    "RateControl",
    "Target",
    "bpp",
    "check",
    "expand",
    "get",
    "target",
]


def _jpegai(op: str, tools: str) -> Callable[..., Codec]:
    """The JPEG-AI-style codec at one operation point, with or without the tools on the latent."""

    def make(beta: Positive = 0.02, gain: whole(-1069, 702) = 0, weights_file: str = "") -> Codec:
        """The codec.

        Args:
            beta: which of the shipped models; a higher beta gives a higher rate.
            gain: displacement D of the gain unit, a finer rate control around a model.
            weights_file: another weight file than the shipped one.
        """
        from promic_nb.codecs.jpegai import weights
        from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec

        path = (
            Path(weights_file)
            if weights_file
            else weights.WEIGHTS / f"jpegai_beta{beta:g}.safetensors"
        )
        return JpegAiStyleCodec(path, gain, op=op, tools=tools)

    make.rate_control = RateControl("gain", -1069, 702, models=partial(_betas, op))
    return make


def _vm33(gain: whole(-1069, 702) = 0, folder: str = "") -> Codec:
    """The pretrained JPEG AI VM 3.3 luma networks, one model of low rates.

    Args:
        gain: displacement D of the gain unit.
        folder: of the five ONNX files; by default the environment variable PROMIC_VM33, else
            data/jpeg-ai-vm3.3.
    """
    from promic_nb.codecs.jpegai.vm33_codec import Vm33Codec

    return Vm33Codec(gain, folder)


_vm33.rate_control = RateControl("gain", -1069, 702)


def _betas(op: str) -> list[dict]:
    """The shipped models that have an operation point, from the lowest to the highest rate."""
    from promic_nb.codecs.jpegai import weights

    return [
        {"beta": beta}
        for beta in sorted(
            about["beta"]
            for about in weights.registry().values()
            if op in about.get("operation_points", [])
        )
    ]


CODECS: dict[str, Callable[..., Codec]] = {
    **{c.name: c for c in (Jpeg, Jpeg2000, JpegXl, Avif, Hevc, Vvc)},
    **{
        f"jpegai_{op}_{tools}": _jpegai(op, tools)
        for op in ("bop", "hop")
        for tools in ("off", "on")
    },  # the dissertation's four settings
    "jpegai_vm33": _vm33,
    JpegAiReference.name: JpegAiReference,
}


def check(name: str, **settings: Any) -> dict[str, Any]:
    """All settings of a codec, with `settings` in place of defaults; raises as `get`, but needs no
    encoder.
    """
    return _settings.check_settings(CODECS, name, settings)


def get(name: str, **settings: Any) -> Codec:
    """A codec by name and settings, e.g. `get("hevc", qp=37)`.

    Raises:
        UserError: unknown name or setting, a value out of range, or a missing encoder.
    """
    return CODECS[name](**check(name, **settings)) if name in CODECS else check(name)


def expand(name: str, settings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Checked settings of a benchmark, a dict for each point; `target_bpp: [...]` stands for a
    point at each of these rates.
    """
    return _settings.expand(CODECS, name, settings)


def target(name: str, image: np.ndarray, bpp: float, **settings: Any) -> Target:
    """Encode an image at a rate, within -10 % and +5 %, as the JPEG AI test conditions allow.

    Args:
        name: of the codec.
        image: uint8 (H, W).
        bpp: target in bits per pixel, headers included.
        settings: further settings of the codec.

    Returns:
        Codec, stream and true rate; `met` is False where no setting comes that near, and the
        nearest is returned.

    Raises:
        UserError: as `get`.
    """
    (point,) = expand(name, [{**settings, "target_bpp": [bpp]}])
    del point["target_bpp"]
    return search(partial(get, name), CODECS[name].rate_control, image, bpp, point)
