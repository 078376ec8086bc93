"""The losses of section 2.7.

Each takes a prediction and a target, RGB float32 (N, 3, H, W) in 0..1, and is a mean over all
samples.
"""

from __future__ import annotations

from torch import nn

from promic_nb.studies.deblocking.registry import LOSSES


def build_loss(name: str, backbone: str = "none") -> nn.Module:
    """A loss by name.

    Args:
        backbone: weights of the perceptual loss's network, one of `BACKBONES`; ignored by the
            other losses.

    Raises:
        UserError: the name is unknown, or the weights could not be downloaded.
    """
    return LOSSES[name](backbone)
