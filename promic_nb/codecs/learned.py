"""The learned codecs as the registry has them: settings and rate control, without torch.

The networks are imported when a codec is made.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promic_nb.codecs.base import LatentCodec, RateControl
from promic_nb.core.fields import GAINS, Gain, NonNegative, Positive
from promic_nb.errors import UserError


@dataclass(frozen=True)
class WeightSet:
    """A set of shipped weights.

    Attributes:
        stem: of its files' names, which beta follows.
        only_beta: beta of its one model, which was trained at all rates: another beta is the gain
            that amounts to it. None: a model for each beta.
    """

    stem: str
    only_beta: float | None = None


SETS = {"lucchi": WeightSet("jpegai_beta"), "general": WeightSet("jpegai_general", 0.02)}
DEFAULT_SET = "general"


def set_of(dataset: str) -> str:
    """The set of weights for a data set: its own, or the general one.

    Example:
        >>> set_of("lucchi_block"), set_of("phantom")
        ('lucchi', 'general')
    """
    own = dataset.removesuffix("_block")  # the same slices, split otherwise
    return own if own in SETS else DEFAULT_SET


def weight_file(weights: str, beta: float) -> str:
    """The weight file of a codec's settings: a name in data/weights, or the path that was given.

    Raises:
        UserError: neither a set nor a path to a weight file.

    Example:
        >>> weight_file("lucchi", 0.02), weight_file("my/own.safetensors", 0.02)
        ('jpegai_beta0.02.safetensors', 'my/own.safetensors')
    """
    if weights in SETS:
        return f"{SETS[weights].stem}{SETS[weights].only_beta or beta:g}.safetensors"
    if Path(weights).suffix != ".safetensors":
        raise UserError(
            f"codec weights {weights!r} are unknown",
            f"Choose one of {', '.join(SETS)}, or give the path of a .safetensors file",
        )
    return weights


def weight_path(weights: str, beta: float, folder: Path) -> Path:
    """Where the weight file of a codec's settings lies: a shipped one in `folder`."""
    name = weight_file(weights, beta)
    return folder / name if weights in SETS else Path(name)


@dataclass(frozen=True)
class JpegAiStyle:
    """The JPEG-AI-style codec at one of the dissertation's four settings.

    Attributes:
        op: operation point, "bop" or "hop".
        tools: "on" or "off", the tools on the latent.
    """

    op: str
    tools: str

    @property
    def rate_control(self) -> RateControl:
        """The gain, around each of the shipped models."""
        return RateControl("gain", *GAINS, models=self._models)

    def __call__(
        self,
        beta: Positive = 0.02,
        gain: Gain = 0,
        weights: str = DEFAULT_SET,
        refine: NonNegative = 0,
    ) -> LatentCodec:
        """The codec.

        Args:
            beta: which model of a set; a higher beta gives a higher rate. The general set has one
                model for all rates; there, a beta is the gain at which quantization steps are
                optimal for rate + beta MSE.
            gain: displacement D of the gain unit, a finer rate control around a model.
            weights: a set of shipped models, "lucchi" (trained on that stack alone) or "general"
                (on mixed material); or the path of a weight file, for which beta says nothing.
            refine: passes of rate-distortion optimized quantization at the encoder, 0 for none;
                every decoder reads the stream.
        """
        from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec
        from promic_nb.codecs.jpegai.model import LOG_STEP
        from promic_nb.codecs.jpegai.weights import WEIGHTS

        path = weight_path(weights, beta, WEIGHTS)
        own = SETS[weights].only_beta if weights in SETS else None
        if own:  # a step 1 / s is optimal for s^2 times the beta
            gain += round(128 / LOG_STEP * math.log(beta / own) / 2)
        return JpegAiStyleCodec(path, gain, op=self.op, tools=self.tools, refine=refine)

    def _models(self, settings: dict[str, Any]) -> list[dict[str, Any]]:
        """The models of a set at the operation point, from the lowest to the highest rate."""
        from promic_nb.codecs.jpegai.weights import registry

        shipped = SETS.get(settings.get("weights", DEFAULT_SET))
        betas = sorted(
            about["beta"]
            for name, about in registry().items()
            if shipped
            and name.startswith(shipped.stem)
            and self.op in about.get("operation_points", [])
        )
        return [{"beta": beta} for beta in betas] or [{}]


class Vm33:
    """The pretrained JPEG AI VM 3.3 luma networks, one model of low rates."""

    rate_control = RateControl("gain", *GAINS)

    def __call__(self, gain: Gain = 0, folder: str = "") -> LatentCodec:
        """The codec.

        Args:
            gain: displacement D of the gain unit.
            folder: of the five ONNX files; by default the environment variable PROMIC_VM33, else
                data/jpeg-ai-vm3.3.
        """
        from promic_nb.codecs.jpegai.vm33_codec import Vm33Codec

        return Vm33Codec(gain, folder)


JPEGAI_BOP_OFF, JPEGAI_BOP_ON = JpegAiStyle("bop", "off"), JpegAiStyle("bop", "on")
JPEGAI_HOP_OFF, JPEGAI_HOP_ON = JpegAiStyle("hop", "off"), JpegAiStyle("hop", "on")
JPEGAI_VM33 = Vm33()
