"""The two JPEG AI tools that touch the latent, with constants fitted for each model: RVS and LSBS.

RVS (residual and variance scale) quantizes finer or coarser by local variance; LSBS (latent scale
before synthesis) multiplies the decoded latent by a constant for each band of sigma. Both follow
from what the hyper-latent says, so they cost no bits. The structure is that of the standard's
overview (Esenlik et al., IEEE TCSVT 36(2), 2026); bands and constants are our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

RVS, LSBS = 1, 2  # bits in the container
TOOLS = {"off": 0, "on": RVS | LSBS}
POOL = 8  # side of the blocks of latent positions that share one RVS band
# Upper edges of the sigma bands of LSBS, in levels of the scale grid; the first is the skip
# threshold.
LSBS_EDGES = torch.tensor([382 / 128, 5, 8, 12, 16, 24], dtype=torch.float64)


@dataclass(frozen=True)
class Tools:
    """Constants of one model.

    Attributes:
        thresholds: (4) upper edges of the RVS bands, in levels of the scale grid.
        rvs: (5) displacement of the quantization step in each band, in 1/128 levels.
        channels: (160) whether RVS acts on a channel (GRFS).
        lsbs: (7) factor of the latent in each sigma band; multiples of 1/1024.
    """

    thresholds: Tensor
    rvs: Tensor
    channels: Tensor
    lsbs: Tensor

    @staticmethod
    def of(tables: dict[str, Tensor]) -> Tools | None:
        """Constants from a weight file's tensors, or none where it has none."""
        names = ("thresholds", "rvs", "channels", "lsbs")
        return (
            Tools(*(tables[f"tools.{n}"].double() for n in names))
            if "tools.rvs" in tables
            else None
        )

    def tensors(self) -> dict[str, Tensor]:
        """As stored in a weight file, float32."""
        return {f"tools.{k}": v.float() for k, v in vars(self).items()}

    def bands(self, index: Tensor) -> Tensor:
        """RVS band 0..4 of each position (1, C, h, w), from the mean scale index of its block of
        8x8.
        """
        h, w = index.shape[-2:]
        padded = (
            F.pad(index, (0, -w % POOL, 0, -h % POOL), mode="replicate")
            if h % POOL or w % POOL
            else index
        )
        # A sum of 64 numbers on the fixed-point grid is exact in float64: the band does not depend
        # on the machine.
        mean = F.avg_pool2d(padded, POOL, divisor_override=1) / POOL**2
        band = torch.bucketize(mean, self.thresholds, right=True)
        return band.repeat_interleave(POOL, -2).repeat_interleave(POOL, -1)[..., :h, :w]

    def displacement(self, index: Tensor) -> Tensor:
        """RVS displacement of each position, in 1/128 levels, of the scale index (1, C, h, w)
        before the gain D.
        """
        return self.rvs[self.bands(index)] * self.channels.view(1, -1, 1, 1)

    def latent_scale(self, index: Tensor) -> Tensor:
        """LSBS factor of each position."""
        return self.lsbs[torch.bucketize(index, LSBS_EDGES)]
