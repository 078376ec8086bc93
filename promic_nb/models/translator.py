"""The Domain Translator (Figs. 21 and 22 of the dissertation): from a codec's latent to the
features after stage 2 of a detector.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn

from promic_nb.codecs.jpegai.networks import LightResidualBlock
from promic_nb.core.fields import FirstNorm
from promic_nb.models.adapters import ChannelSelection, RateAffine, RateInput

NO_RATE_INPUT: RateInput = "none"


@dataclass(frozen=True)
class TranslatorConfig:
    """How a translator is built.

    Attributes:
        in_channels: of the latent, 160 (128 for VM 3.3).
        out_channels: of the detector's stage 2, 256 for ResNet-50.
        lrb: whether the Lightweight Residual Block (1x1) comes first.
        kernel_size: of the transposed convolutions; 3 gives Table 8's operations.
        hidden_channels: between the two of them, 256 in the dissertation.
        first_norm: how the first batch norm starts: "one" (the dissertation's: every channel at
            unit variance, also one of mere rounding noise), "natural" (`keep_spread`), or "none":
            there is no such norm.
        channels: numbers of those that it reads; empty: all.
        rates: how many rates it tells apart; 0: it is not told.
        rate_input: how (`RateAffine`).
    """

    in_channels: int = 160
    out_channels: int = 256
    lrb: bool = True
    kernel_size: int = 3
    hidden_channels: int = 256
    first_norm: FirstNorm = "one"
    channels: tuple[int, ...] = ()
    rates: int = 0
    rate_input: RateInput = "none"


class DomainTranslator(nn.Module):
    """[adapters] - [LRB] - BN - TConv - BN - ReLU - TConv - BN - ReLU; each transposed convolution
    doubles the resolution.

    Args:
        in_channels, out_channels, lrb, kernel_size, hidden_channels, first_norm, channels: as in
            `TranslatorConfig`.
        rates: for latents of several rates, their affine. It and the choice of channels are the
            adapters; the dissertation has neither.

    Example:
        >>> DomainTranslator(lrb=False)(torch.zeros(1, 160, 2, 3)).shape
        torch.Size([1, 256, 8, 12])
    """

    def __init__(
        self,
        in_channels: int = 160,
        out_channels: int = 256,
        lrb: bool = True,
        kernel_size: int = 3,
        hidden_channels: int = 256,
        *,
        first_norm: FirstNorm = "one",
        channels: Sequence[int] = (),
        rates: RateAffine | None = None,
    ) -> None:
        super().__init__()
        read = len(channels) or in_channels
        self._built = TranslatorConfig(
            in_channels, out_channels, lrb, kernel_size, hidden_channels, first_norm
        )
        selection = ChannelSelection(channels) if len(channels) else None
        self.adapters = nn.Sequential(*(a for a in (rates, selection) if a is not None))
        self.lrb = LightResidualBlock(read, kernel_size=1, bias=False) if lrb else nn.Identity()

        def up(inputs: int, outputs: int) -> nn.ConvTranspose2d:
            padding = (kernel_size - 1) // 2
            return nn.ConvTranspose2d(
                inputs,
                outputs,
                kernel_size,
                2,
                padding,
                output_padding=2 + 2 * padding - kernel_size,
                bias=False,
            )

        self.upsample = nn.Sequential(
            nn.Identity() if first_norm == "none" else nn.BatchNorm2d(read),
            up(read, hidden_channels),
            nn.BatchNorm2d(hidden_channels),
            nn.ReLU(),
            up(hidden_channels, out_channels),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, latent: Tensor) -> Tensor:
        """(N, in_channels, h, w) to (N, out_channels, 4h, 4w); a translator of several rates takes
        one plane more, as `RateAffine` does.
        """
        return self.upsample(self.lrb(self.adapters(latent)))

    @torch.no_grad()
    def keep_spread(self, latents: Iterable[Tensor]) -> None:
        """Start the first batch norm at the natural scale: its weights are the standard deviations
        of the channels that reach it, over the largest one.

        A norm with weights of one makes channels of rounding noise as loud as the strongest. Does
        nothing without a first norm.

        Args:
            latents: of training slices, each float32 (C, h, w), as `forward` takes them.
        """
        norm = self.upsample[0]
        if not isinstance(norm, nn.BatchNorm2d):
            return
        count, total, squares = 0, torch.zeros(()), torch.zeros(())
        for latent in latents:
            x = self.lrb(self.adapters(latent[None])).double().transpose(0, 1).flatten(1)
            count += x.shape[1]
            total, squares = total + x.sum(1), squares + x.square().sum(1)
        spread = (squares / count - (total / count).square()).clamp_min(0).sqrt()
        norm.weight.copy_(spread / spread.max())

    @property
    def config(self) -> TranslatorConfig:
        """How it is built; the channels are those of its weights."""
        channels: tuple[int, ...] = ()
        rates, rate_input = 0, NO_RATE_INPUT
        for adapter in self.adapters:
            if isinstance(adapter, ChannelSelection):
                channels = tuple(adapter.index.tolist())
            if isinstance(adapter, RateAffine):
                rates, rate_input = len(adapter.scale), adapter.rate_input
        return replace(self._built, channels=channels, rates=rates, rate_input=rate_input)

    @classmethod
    def of(cls, config: TranslatorConfig) -> DomainTranslator:
        """A translator with random weights; the affine of its rates is still the identity."""
        rates = None
        if config.rates:
            ones = torch.ones(config.rates, config.in_channels)
            rates = RateAffine(ones, learned=config.rate_input == "affine")
        return cls(
            config.in_channels,
            config.out_channels,
            config.lrb,
            config.kernel_size,
            config.hidden_channels,
            first_norm=config.first_norm,
            channels=config.channels,
            rates=rates,
        )

    def weights(self) -> dict[str, Tensor]:
        """All tensors by name."""
        return self.state_dict()

    def load_weights(self, state: Mapping[str, Tensor]) -> None:
        """Take tensors as `weights` gives them; all must be there."""
        self.load_state_dict(dict(state))

    def note(self) -> dict[str, str]:
        """What a file holds beside the tensors: how the translator is built, as JSON."""
        return {"translator": json.dumps(asdict(self.config))}
