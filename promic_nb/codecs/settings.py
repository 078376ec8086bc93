"""Settings of codecs, checked against the signatures that declare them: no network is loaded and
nothing is encoded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model

from promic_nb.codecs.base import Codec
from promic_nb.core.fields import check, number
from promic_nb.errors import UserError

TargetBpp = number(0.001, 24)


def schema(codec: Callable[..., Codec]) -> type[BaseModel]:
    """The settings of a codec's class or function as a pydantic model."""
    function = codec.__init__ if inspect.isclass(codec) else codec
    hints = get_type_hints(function, include_extras=True)
    fields: Any = {
        name: (hints[name], p.default) for name, p in inspect.signature(codec).parameters.items()
    }
    return create_model("Settings", __config__=ConfigDict(extra="forbid", strict=True), **fields)


def check_settings(
    codecs: dict[str, Callable[..., Codec]], name: str, settings: dict[str, Any]
) -> dict[str, Any]:
    """All settings of a codec, with `settings` in place of defaults.

    Raises:
        UserError: unknown codec or setting, a wrong type, or a value out of range; the choices are
            named.
    """
    if name not in codecs:
        raise UserError(f"codec {name!r} is unknown", f"Choose one of {', '.join(codecs)}")
    return check(schema(codecs[name]), settings, f"codec {name!r}")


def expand(
    codecs: dict[str, Callable[..., Codec]], name: str, settings: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Checked settings of a benchmark: one for each point of a curve.

    Args:
        codecs: the registry.
        name: of the codec.
        settings: the codec's settings; or `target_bpp`, a list of rates, with further settings but
            the one that moves the rate.

    Returns:
        The same, with one rate under `target_bpp` at a time.

    Raises:
        UserError: as `check_settings`, or a target beside the setting that it moves, or a point
            given twice.
    """
    points = []
    for given in settings:
        fixed = {key: value for key, value in given.items() if key != "target_bpp"}
        check_settings(codecs, name, fixed)
        if "target_bpp" not in given:
            points.append(fixed)
            continue
        moved = codecs[name].rate_control.setting
        if moved in fixed:
            raise UserError(
                f"codec {name!r}: target_bpp is given with {moved}",
                "The search for the rate sets it: leave it out",
            )
        targets = create_model(
            "Target", __config__=ConfigDict(strict=True), target_bpp=(list[TargetBpp], ...)
        )
        points += [
            {"target_bpp": rate, **fixed}
            for rate in check(targets, {"target_bpp": given["target_bpp"]}, f"codec {name!r}")[
                "target_bpp"
            ]
        ]
    for i, point in enumerate(points):
        if point in points[:i]:
            raise UserError(
                f"codec {name!r}: the settings {point} are given twice", "Keep one of them"
            )
    return points
