"""The Domain Translator (Figs. 21 and 22 of the dissertation): from a codec's latent to the
features after stage 2 of a detector.
"""

from __future__ import annotations

from torch import Tensor, nn

from promic_nb.codecs.jpegai.networks import LightResidualBlock


class DomainTranslator(nn.Module):
    """[entry] - [LRB] - BN - TConv - BN - ReLU - TConv - BN - ReLU; each transposed convolution
    doubles the resolution.

    Args:
        in_channels: of the latent, 160 (128 for VM 3.3), or as many as `entry` passes on.
        out_channels: of the detector's stage 2, 256 for ResNet-50.
        lrb: whether the Lightweight Residual Block (1x1) comes first.
        kernel_size: of the transposed convolutions; 3 gives Table 8's operations.
        hidden_channels: between the two of them, 256 in the dissertation.
        entry: what the latent passes first (`models.entry`); the dissertation has nothing there.
    """

    def __init__(
        self,
        in_channels: int = 160,
        out_channels: int = 256,
        lrb: bool = True,
        kernel_size: int = 3,
        hidden_channels: int = 256,
        entry: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.entry = entry or nn.Identity()
        self.lrb = (
            LightResidualBlock(in_channels, kernel_size=1, bias=False) if lrb else nn.Identity()
        )

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
            nn.BatchNorm2d(in_channels),
            up(in_channels, hidden_channels),
            nn.BatchNorm2d(hidden_channels),
            nn.ReLU(),
            up(hidden_channels, out_channels),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        )

    def forward(self, latent: Tensor) -> Tensor:
        """(N, in_channels, h, w), or what `entry` takes, to (N, out_channels, 4h, 4w)."""
        return self.upsample(self.lrb(self.entry(latent)))
