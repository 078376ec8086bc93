"""Codecs by name; `registry` has the table, and docs/extending.md says how to add one.

Importing this package loads no network: settings can be checked in a moment. What a codec needs is
imported when it is first asked for.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from promic_nb.codecs import settings as _settings
from promic_nb.codecs.base import BitstreamError, Codec, LatentCodec, RateControl, bpp
from promic_nb.codecs.contract import check_codec, check_factory
from promic_nb.codecs.learned import JpegAiStyle, set_of
from promic_nb.codecs.registry import CODECS
from promic_nb.codecs.target import Target, search
from promic_nb.codecs.windowed import Windowed

__all__ = [
    "CODECS",
    "BitstreamError",
    "Codec",
    "LatentCodec",
    "RateControl",
    "Target",
    "Windowed",
    "bpp",
    "check",
    "expand",
    "for_dataset",
    "get",
    "rate_control",
    "target",
]


def check(name: str, **settings: Any) -> dict[str, Any]:
    """All settings of a codec, with `settings` in place of defaults; raises as `get`, but needs no
    encoder.

    Example:
        >>> check("hevc", qp=37)
        {'qp': 37, 'preset': 'slow'}
    """
    return _settings.check_settings(name, check_factory(name, CODECS[name]), settings)


def get(name: str, **settings: Any) -> Codec:
    """A codec by name and settings.

    Raises:
        UserError: unknown name or setting, a value out of range, or a missing encoder.

    Example:
        >>> import numpy as np
        >>> image = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
        >>> codec = get("jpeg", quality=75)
        >>> codec.decode(codec.encode(image)).shape
        (64, 64)
    """
    return check_codec(name, CODECS[name](**check(name, **settings)))


def for_dataset(name: str, settings: dict[str, Any], dataset: str) -> dict[str, Any]:
    """Settings of a codec for a data set.

    Where they do not choose the weights of a JPEG-AI-style codec, the data set does: its own set
    if it has one, otherwise the general one.

    Example:
        >>> for_dataset("jpegai_bop_off", {"beta": 0.005}, "lucchi")
        {'weights': 'lucchi', 'beta': 0.005}
        >>> for_dataset("jpegai_bop_off", {}, "vnc")
        {'weights': 'general'}
        >>> for_dataset("hevc", {"qp": 30}, "lucchi")
        {'qp': 30}
    """
    learned = isinstance(CODECS[name], JpegAiStyle)
    return {"weights": set_of(dataset), **settings} if learned else settings


def rate_control(name: str) -> RateControl:
    """How a codec's rate is moved.

    Example:
        >>> rate_control("jpeg").setting
        'quality'
    """
    return check_factory(name, CODECS[name]).rate_control


def expand(name: str, settings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Checked settings of a benchmark, a dict for each point; `target_bpp: [...]` stands for a
    point at each of these rates.

    Example:
        >>> expand("hevc", [{"qp": 30}, {"preset": "fast", "target_bpp": [0.25, 0.5]}])[1:]
        [{'target_bpp': 0.25, 'preset': 'fast'}, {'target_bpp': 0.5, 'preset': 'fast'}]
    """
    return _settings.expand(name, check_factory(name, CODECS[name]), settings)


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

    Example:
        >>> import numpy as np
        >>> image = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
        >>> found = target("jpeg", image, bpp=4)
        >>> found.met, abs(found.bpp - 4) < 0.4
        (True, True)
    """
    (point,) = expand(name, [{**settings, "target_bpp": [bpp]}])
    del point["target_bpp"]
    return search(partial(get, name), rate_control(name), image, bpp, point)
