"""The JPEG-AI-style codec: fixed-point hyper networks, four-phase means, gain unit, skip mode and
the two tools on the latent.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from promic_nb.codecs.jpegai import networks as nets
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.coder import EntropyCoder
from promic_nb.codecs.jpegai.exact import fixed_point, on_grid
from promic_nb.codecs.jpegai.hyperprior import HyperpriorCodec, inverse_step
from promic_nb.codecs.jpegai.model import LEVELS, SKIP_INDEX, JpegAiStyle
from promic_nb.codecs.jpegai.refine import refined
from promic_nb.codecs.jpegai.tools import LSBS, RVS, TOOLS, Tools
from promic_nb.errors import UserError


@dataclass(frozen=True)
class Side:
    """Side information: psi (1, 4C, h'/2, w'/2); scale index, inverse quantization step and coded
    flag, all (1, C, h', w').
    """

    psi: Tensor
    index: Tensor
    step: Tensor
    coded: Tensor
    lsbs: Tensor | None


class JpegAiStyleCodec(HyperpriorCodec[Side]):
    """JPEG-AI-style luma codec. Not JPEG AI: its bitstreams are its own.

    Hyper and context networks run in fixed point (`exact`), so the decoded latent is bit-identical
    wherever it is decoded; analysis and synthesis run in float32.

    Args:
        path: weight file.
        gain: displacement D of the gain unit: quantization steps are divided by exp(D/128 *
            0.200365).
        op: operation point of the transforms, "bop" or "hop".
        tools: "on" uses RVS and LSBS when encoding; a decoder follows the stream.
        refine: passes of rate-distortion optimized quantization when encoding (`refine`); the
            decoder is the same. 0: plain rounding.

    Raises:
        UserError: no such file, operation point or tools in it, or a gain out of range.
    """

    codec_id, channels = 1, nets.LATENT_CHANNELS
    model: JpegAiStyle

    def __init__(
        self, path: Path, gain: int = 0, *, op: str = "bop", tools: str = "off", refine: int = 0
    ) -> None:
        if tools not in TOOLS:
            raise UserError(f"tools {tools!r} are unknown", f"Choose one of {', '.join(TOOLS)}")
        self.path, (self.model, tensors, sha256) = path, weights.load(path, op)
        self.constants = Tools.of(tensors)
        if TOOLS[tools] and self.constants is None:
            raise UserError(
                f"{path} has no constants for the tools RVS and LSBS",
                "Use tools=off, or train the model again",
            )
        super().__init__(
            f"jpegai_{op}_{tools}",
            path.stem.rpartition("_")[2],
            sha256,
            EntropyCoder(tensors),
            gain,
            TOOLS[tools],
        )
        self.refine = refine
        self.setting += f" refine={refine}" if refine else ""
        self._hyper = fixed_point(self.model.hyper_decoder)
        self._scale = fixed_point(self.model.hyper_scale_decoder)
        self._means = fixed_point(self.model.context)
        self._gain = (self.model.gain.double() * 128).round().view(1, -1, 1, 1)

    @property
    def decoder_networks(self) -> nn.ModuleDict:
        """The networks that decode a bitstream, by part."""
        hyper = nn.ModuleList([self._hyper, self._scale])
        return nn.ModuleDict(
            {"hyperprior": hyper, "context": self._means, "synthesis": self.model.synthesis}
        )

    def side_information(self, z: Tensor, size: tuple[int, int], gain: int, tools: int) -> Side:
        h, w = (math.ceil(n / 2) for n in size)
        psi = self._hyper(z)[..., :h, :w]
        index = self._scale(z).abs()[..., : 2 * h, : 2 * w] + self._gain / 128
        displacement = self._gain + gain
        constants = self._constants_for(tools)
        lsbs = constants.latent_scale(index) if constants and tools & LSBS else None
        index = index + gain / 128
        if constants and tools & RVS:
            extra = constants.displacement(index - gain / 128)
            displacement, index = displacement + extra, index + extra / 128
        # Rows and columns that only pad the latent to even size are never coded.
        index[..., size[0] :, :] = 0
        index[..., :, size[1] :] = 0
        index = index.clamp(0, LEVELS - 1)
        return Side(
            psi, index, inverse_step(displacement).expand(index.shape), index > SKIP_INDEX, lsbs
        )

    def _constants_for(self, tools: int) -> Tools | None:
        """Constants where a stream uses tools."""
        if tools and self.constants is None:
            raise UserError(
                f"the bitstream uses tools that {self.path} has no constants for",
                "Decode with the weights it was made with",
            )
        return self.constants if tools else None

    def quantize(self, y: Tensor, side: Side) -> Tensor:
        h, w = side.index.shape[-2:]
        parts = nets.deinterleave(
            torch.nn.functional.pad(y, (0, w - y.shape[-1], 0, h - y.shape[-2]))
        )
        return self.code_phases(
            side, lambda phase, mean, step: ((parts[phase] - mean) * step).round()
        )[0]

    def choose(self, x: Tensor, y: Tensor, side: Side) -> Tensor:
        return refined(self, x, y, side, self.refine) if self.refine else super().choose(x, y, side)

    def dequantize(self, symbols: Tensor, side: Side) -> Tensor:
        parts = nets.deinterleave(symbols)
        y = self.code_phases(side, lambda phase, *_: parts[phase])[1]
        return y if side.lsbs is None else on_grid(y * side.lsbs)

    def code_phases(
        self, side: Side, symbols_of: Callable[[int, Tensor, Tensor], Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Walk the four phases: symbols r^ and latent y^ = r^ / step + mean, both (1, 160, h', w')
        in float64.

        Args:
            symbols_of: symbols of a phase, from its number, its means and its inverse steps.
        """
        symbols: list[Tensor] = []
        decoded: list[Tensor] = []
        for phase, (coded, step) in enumerate(
            zip(nets.deinterleave(side.coded), nets.deinterleave(side.step), strict=True)
        ):
            mean = self._means.mean(phase, side.psi, decoded)
            symbols.append(symbols_of(phase, mean, step) * coded)
            decoded.append(on_grid(symbols[-1] / step + mean))
        return nets.interleave(symbols), nets.interleave(decoded)
