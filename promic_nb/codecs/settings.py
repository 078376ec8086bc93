"""Settings of codecs, checked against the signatures that declare them: no network is loaded and
nothing is encoded.
"""

from __future__ import annotations

import inspect
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, create_model

from promic_nb.codecs.base import CodecFactory
from promic_nb.core.fields import check, number
from promic_nb.errors import UserError

TargetBpp = Annotated[float, number(0.001, 24)]


def schema(codec: CodecFactory) -> type[BaseModel]:
    """The settings of a codec as a pydantic model."""
    parameters = inspect.signature(codec, eval_str=True).parameters
    fields: Any = {name: (p.annotation, p.default) for name, p in parameters.items()}
    return create_model("Settings", __config__=ConfigDict(extra="forbid", strict=True), **fields)


def check_settings(name: str, codec: CodecFactory, settings: dict[str, Any]) -> dict[str, Any]:
    """All settings of a codec, with `settings` in place of defaults.

    Raises:
        UserError: unknown setting, a wrong type, or a value out of range; the choices are named.
    """
    return check(schema(codec), settings, f"codec {name!r}")


def expand(name: str, codec: CodecFactory, settings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Checked settings of a benchmark: one for each point of a curve.

    Args:
        name: of the codec.
        codec: as the registry has it.
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
        check_settings(name, codec, fixed)
        if "target_bpp" not in given:
            points.append(fixed)
            continue
        moved = codec.rate_control.setting
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
