"""The perceptual loss and its feature networks."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from promic_nb.errors import UserError
from promic_nb.studies.deblocking.registry import BACKBONES


def random_features() -> nn.Module:
    """VGG16's layers before the classifier, with random weights (seed 0).

    They also measure structure, but not what the thesis measured.
    """
    from torchvision.models import vgg

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return vgg.make_layers(vgg.cfgs["D"])


def imagenet_features() -> nn.Module:
    """VGG16's layers before the classifier, with torchvision's trained weights, downloaded once.

    Raises:
        UserError: the weights could not be downloaded.
    """
    from torchvision.models import VGG16_Weights, vgg16

    try:
        return vgg16(weights=VGG16_Weights.IMAGENET1K_V1).features
    except OSError as error:
        raise UserError(
            f"VGG16's ImageNet weights could not be downloaded ({error})",
            "Choose backbone 'none', or connect to the internet once",
        ) from None


class Perceptual(nn.Module):
    """beta p + (1 - beta) MAE (Eq. 13), with p the MAE between feature maps of VGG16.

    The maps come from the last layer before the classifier.

    For a 192x192 image there are 512 maps of 6x6, as the thesis says. Inputs are normalized like
    VGG16's training images; their sides must be at least 32 pixels.

    Args:
        features: VGG16's layers, from one of `BACKBONES`.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, features: nn.Module, beta: float = 0.9) -> None:
        super().__init__()
        self.features, self.beta = features, beta
        self.requires_grad_(False)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.register_buffer("spread", torch.tensor([0.229, 0.224, 0.225])[:, None, None])

    def maps(self, image: Tensor) -> Tensor:
        """Feature maps, float32 (N, 512, H // 32, W // 32)."""
        return self.features((image - self.mean) / self.spread)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        structure = F.l1_loss(self.maps(prediction), self.maps(target))
        return self.beta * structure + (1 - self.beta) * F.l1_loss(prediction, target)


def perceptual(backbone: str) -> nn.Module:
    """The loss with the thesis's beta, 0.9."""
    return Perceptual(BACKBONES[backbone]())
