"""Which codec reads a bitstream, and whether a detector can use its latent."""

from __future__ import annotations

from promic_nb import codecs
from promic_nb.codecs.base import BitstreamError, Codec
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.bitstream import Stream
from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec
from promic_nb.codecs.jpegai.vm33_codec import Vm33Codec
from promic_nb.errors import UserError
from promic_nb.models.card import Card, RatePoint


def codec_of(head: Stream, card: Card) -> Codec:
    """The latent codec with the weights that a bitstream names.

    A stream does not say which synthesis transform is meant; it is the one of the codec on the
    detector's card, else the base operation point's.

    Raises:
        BitstreamError: no shipped weights have that hash.
    """
    if head.codec_id == Vm33Codec.codec_id:
        return codecs.get("jpegai_vm33")
    here = head.weights.hex()
    file = weights.shipped(here)
    if head.codec_id != JpegAiStyleCodec.codec_id or not file:
        raise BitstreamError(
            f"no codec here has the weights {here}... of the bitstream",
            "Give the codec that made it: detect(model, stream, codec=...)",
        )
    on_card = [p.codec for p in card.rates if p.weights.startswith(here)]
    name = on_card[0] if on_card else "jpegai_bop_off"
    return codecs.get(name, weights=str(file))


def rate_number(card: Card, label: str, head: Stream | None = None) -> int:
    """The number of a rate for a detector of several rates.

    Args:
        label: of the rate; "" to find it from the bitstream.
        head: the bitstream, if there is one.

    Raises:
        UserError: no such rate, or none can be told.
    """

    def fits(point: RatePoint) -> bool:
        if label or head is None:
            return point.label == label
        return point.weights.startswith(head.weights.hex()) and point.gain == head.gain

    found = [i for i, point in enumerate(card.rates) if fits(point)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(point.label for point in card.rates) or "none on its card"
    raise UserError(
        f"the detector reads several rates, and {f'rate {label!r}' if label else 'the rate'} of "
        "this input is not known to it",
        f"Give rate=, one of: {known}",
    )
