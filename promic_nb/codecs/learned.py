"""The learned codecs as the registry has them: settings and rate control, without torch.

The networks are imported when a codec is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promic_nb.codecs.base import LatentCodec, RateControl
from promic_nb.core.fields import Gain, Positive


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
        return RateControl("gain", -1069, 702, models=self._models)

    def __call__(
        self, beta: Positive = 0.02, gain: Gain = 0, weights_file: str = ""
    ) -> LatentCodec:
        """The codec.

        Args:
            beta: which of the shipped models; a higher beta gives a higher rate.
            gain: displacement D of the gain unit, a finer rate control around a model.
            weights_file: another weight file than the shipped one.
        """
        from promic_nb.codecs.jpegai import weights
        from promic_nb.codecs.jpegai.codec import JpegAiStyleCodec

        shipped = weights.WEIGHTS / f"jpegai_beta{beta:g}.safetensors"
        path = Path(weights_file) if weights_file else shipped
        return JpegAiStyleCodec(path, gain, op=self.op, tools=self.tools)

    def _models(self) -> list[dict[str, Any]]:
        """The shipped models of the operation point, from the lowest to the highest rate."""
        from promic_nb.codecs.jpegai import weights

        betas = sorted(
            about["beta"]
            for about in weights.registry().values()
            if self.op in about.get("operation_points", [])
        )
        return [{"beta": beta} for beta in betas]


class Vm33:
    """The pretrained JPEG AI VM 3.3 luma networks, one model of low rates."""

    rate_control = RateControl("gain", -1069, 702)

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
