"""What this machine can run: each codec with version, exact encoder settings, and how to get what
is missing.
"""

from __future__ import annotations

from typing import Any

from promic_nb import codecs
from promic_nb.codecs.registry import CODECS
from promic_nb.codecs.settings import schema
from promic_nb.core.fields import choices
from promic_nb.errors import UserError


def inventory() -> list[dict[str, Any]]:
    """One entry for each codec of the registry.

    Returns:
        `codec`; `available`; `version` of the encoder; `encoder`, its exact settings or command
        line at the defaults; `settings`, what can be chosen, in words; `rate_control`, the setting
        that moves the rate; `missing` and `remedy`, "" where it is available.
    """
    return [_entry(name) for name in CODECS]


def _entry(name: str) -> dict[str, Any]:
    about: dict[str, Any] = {
        "codec": name,
        "settings": {},
        "rate_control": "",
        "available": False,
        "version": "",
        "encoder": "",
        "missing": "",
        "remedy": "",
    }
    try:
        about["rate_control"] = codecs.rate_control(name).setting
        model = schema(CODECS[name])
        about["settings"] = {
            key: {"choices": choices(model, key), "default": field.default}
            for key, field in model.model_fields.items()
        }
        codec = codecs.get(name)
        return {**about, "available": True, "version": codec.version(), "encoder": codec.command}
    except UserError as error:
        return {**about, "missing": error.what, "remedy": error.remedy}
