"""What a saved detector says of itself: which recipe it followed, and on which inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

CLASSES = ("mitochondrion",)


@dataclass(frozen=True)
class RatePoint:
    """One rate of one codec, as latents and decoded slices know it (`codecs.latents.signature`).

    Attributes:
        label: of the rate, such as "low".
        codec, setting: names as in tables, such as "jpegai_bop_on" and "beta0.02 gain=-100".
        weights: SHA-256 of the codec's weights, "" where it has none.

    Example:
        >>> RatePoint("low", "jpegai_bop_on", "beta0.02 gain=-100", "6aac3a04").gain
        -100
    """

    label: str
    codec: str
    setting: str
    weights: str

    @classmethod
    def of(cls, label: str, signature: Mapping[str, Any]) -> RatePoint:
        """The rate of encoded slices, by their signature."""
        return cls(label, *(str(signature[key]) for key in ("codec", "setting", "weights")))

    @property
    def gain(self) -> int:
        """Displacement of the gain unit in the setting; 0 where it names none."""
        named = dict(part.split("=", 1) for part in self.setting.split() if "=" in part)
        return int(named.get("gain", 0))


@dataclass(frozen=True)
class Card:
    """What a detector was trained for.

    Attributes:
        recipe: its name in `models.recipes`, "" where it followed none.
        classes: names of the objects that it finds.
        rates: the rates that it was trained on, in the order of their numbers (`RateAffine`);
            empty for original images, or where they are not known.
    """

    recipe: str = ""
    classes: tuple[str, ...] = CLASSES
    rates: tuple[RatePoint, ...] = ()


as_json: TypeAdapter[Card] = TypeAdapter(Card)
