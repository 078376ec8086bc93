"""The losses of section 2.7: of a target and a prediction, RGB float32 (N, 3, H, W) in 0..1, each a
mean over all samples.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.errors import UserError

Backbone = Literal["none", "imagenet"]
SIGMA, KERNEL = 3.0, 7


class HighFrequency(nn.Module):
    """alpha h_f + (1 - alpha) MAE (Eqs. 10-12): h_f is the mean magnitude of the residual less its
    blur, where the 7x7 kernel fits.
    """

    def __init__(self, alpha: float = 0.99) -> None:
        super().__init__()
        self.alpha = alpha
        line = torch.exp(-((torch.arange(KERNEL) - KERNEL // 2) ** 2) / (2 * SIGMA**2))
        kernel = torch.outer(line, line) / line.sum() ** 2
        self.register_buffer("kernel", kernel.expand(3, 1, KERNEL, KERNEL).clone())

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        residual, edge = target - prediction, KERNEL // 2
        sharp = residual[..., edge:-edge, edge:-edge] - F.conv2d(residual, self.kernel, groups=3)
        return self.alpha * sharp.abs().mean() + (1 - self.alpha) * residual.abs().mean()


class Perceptual(nn.Module):
    """beta p + (1 - beta) MAE (Eq. 13): p is the MAE between feature maps of VGG16 up to its last
    layer before the classifier.

    There a 192x192 image has 512 maps of 6x6, as the thesis says. Inputs are normalized as VGG16's
    training images were; they need sides of 32 pixels and more.

    Args:
        backbone: "imagenet", torchvision's trained weights, downloaded once; "none", random
            weights: random features measure structure too, but not what the thesis measured.

    Raises:
        UserError: the trained weights could not be obtained.
    """

    def __init__(self, beta: float = 0.9, backbone: Backbone = "none") -> None:
        super().__init__()
        from torchvision.models import VGG16_Weights, vgg, vgg16

        self.beta = beta
        if backbone == "imagenet":
            try:
                self.features = vgg16(weights=VGG16_Weights.IMAGENET1K_V1).features
            except OSError as error:
                raise UserError(
                    f"VGG16's ImageNet weights could not be downloaded ({error})",
                    "Choose backbone 'none', or go online once",
                ) from None
        else:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                self.features = vgg.make_layers(vgg.cfgs["D"])
        self.requires_grad_(False)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def maps(self, image: Tensor) -> Tensor:
        """Feature maps, float32 (N, 512, H // 32, W // 32)."""
        return self.features((image - self.mean) / self.spread)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        structure = F.l1_loss(self.maps(prediction), self.maps(target))
        return self.beta * structure + (1 - self.beta) * F.l1_loss(prediction, target)


LOSSES: dict[str, Callable[..., nn.Module]] = {
    "mae": nn.L1Loss,
    "mse": nn.MSELoss,
    "high_frequency": HighFrequency,
    "perceptual": Perceptual,
}


def build_loss(name: str, backbone: Backbone = "none") -> nn.Module:
    """A loss by name; raises `UserError` for an unknown one."""
    if name not in LOSSES:
        raise UserError(f"loss {name!r} is unknown", f"Choose one of {', '.join(LOSSES)}")
    return LOSSES[name](backbone=backbone) if name == "perceptual" else LOSSES[name]()
