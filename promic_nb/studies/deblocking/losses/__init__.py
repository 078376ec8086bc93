"""The losses of section 2.7: of a prediction and a target, RGB float32 (N, 3, H, W) in 0..1, each a
mean over all samples.
"""

from __future__ import annotations

from torch import nn

from promic_nb.studies.deblocking.registry import LOSSES


def build_loss(name: str, backbone: str = "none") -> nn.Module:
    """A loss by name.

    Args:
        backbone: weights of the network that the perceptual loss looks through, of `BACKBONES`; the
            other losses have none.

    Raises:
        UserError: the name is unknown, or the weights could not be downloaded.
    """
    return LOSSES[name](backbone)
