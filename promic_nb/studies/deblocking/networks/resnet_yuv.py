"""ResNetYUV: restores luma first, then chroma with its help."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.studies.deblocking.network import Network
from promic_nb.studies.deblocking.networks.resnet import resnet

# JFIF: RGB in 0..1 to luma in 0..1 and colour differences around 0.
YCBCR = torch.tensor(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)


class ResNetYuv(nn.Module):
    """ResNet in YCbCr: two blocks restore Y from Y, five restore Cb and Cr from all three.

    See section 3.4; its Fig. 23 is missing from the text.
    """

    matrix: Tensor
    inverse: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.luma, self.chroma = resnet(1, 1, blocks=2), resnet(3, 2, blocks=5)
        self.register_buffer("matrix", YCBCR[..., None, None], persistent=False)
        self.register_buffer("inverse", torch.linalg.inv(YCBCR)[..., None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        yuv = F.conv2d(x, self.matrix)
        luma = self.luma(yuv[:, :1])
        chroma = self.chroma(torch.cat([yuv[:, :1] + luma, yuv[:, 1:]], dim=1))
        return F.conv2d(torch.cat([luma, chroma], dim=1), self.inverse)


RESNET_YUV = Network(ResNetYuv, "ResNetYUV", parts=("luma", "chroma"))
