"""What a saved detector says of itself: which recipe it followed, and on which inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from promic_nb.errors import UserError

CLASSES = ("mitochondrion",)
HASH = 8  # digits of a SHA-256 that a bitstream has, and that messages show


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


def check_weights(weights: str, card: Card, what: str = "the bitstream") -> None:
    """Refuse the latent of other weights than the detector's, where its card knows them.

    Args:
        weights: SHA-256 of the codec's weights, or its beginning.
        what: holds the latent, for the message.

    Raises:
        UserError: naming both hashes.
    """
    here = weights[:HASH]
    known = sorted({p.weights[:HASH] for p in card.rates if p.weights})
    if known and not any(k.startswith(here) or here.startswith(k) for k in known):
        raise UserError(
            f"{what} was made with codec weights {here}..., the detector was trained on "
            f"latents of {', '.join(f'{k}...' for k in known)}",
            "Encode with those weights, or use a detector of this codec",
        )
