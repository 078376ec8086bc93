"""SmallXception: separable convolutions."""

from __future__ import annotations

from torch import nn

from promic_nb.studies.deblocking.layers import Add, conv
from promic_nb.studies.deblocking.network import Network


def separable(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Depthwise, then pointwise convolution; one bias, as in Keras."""
    depthwise = nn.Conv2d(inputs, inputs, kernel, padding=kernel // 2, groups=inputs, bias=False)
    return nn.Sequential(depthwise, conv(inputs, outputs, 1))


def xception(width: int = 20, blocks: int = 6) -> nn.Module:
    """Residual blocks of separable convolutions.

    It has 11,183 parameters, as printed; so do many other layouts of width 20.
    """
    body = [
        Add(nn.ReLU(), separable(width, width, 5), nn.ReLU(), separable(width, width, 3))
        for _ in range(blocks)
    ]
    return nn.Sequential(conv(3, width, 5), *body, nn.ReLU(), conv(width, 3, 3))


XCEPTION = Network(xception, "Xception", 11_183)
