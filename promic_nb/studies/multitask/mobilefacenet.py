"""MobileFaceNet, the teacher (Table 5.2)."""

from __future__ import annotations

import pickle
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.ops import Conv2dNormActivation

from promic_nb.errors import UserError

FACE_SIDE, EMBEDDING = 112, 128


class _Separable(nn.Module):
    """Depthwise and pointwise 3x3 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn2(self.pointwise(self.bn1(self.depthwise(x)).relu())).relu()


class _GlobalDepthwise(nn.Module):
    """One 7x7 filter per channel of a 7x7 map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, groups=channels, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.depthwise(x))


class MobileFaceNet(nn.Module):
    """MobileFaceNet (Chen et al. 2018; Table 5.2), in the variant of the published PyTorch weights.

    It uses ReLU6 instead of PReLU and has 1.02 M parameters.

    Its tensors have the names used in those weights, so their state dict can be loaded directly.
    """

    MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    # Expansion t, channels c, blocks n, stride s.
    ROWS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        conv = partial(Conv2dNormActivation, activation_layer=nn.ReLU6)
        self.conv1 = conv(3, 64, 3, 2)
        self.dw_conv = _Separable(64)
        channels, blocks = 64, []
        for t, c, n, s in self.ROWS:
            for i in range(n):
                blocks.append(InvertedResidual(channels, channels := c, s if i == 0 else 1, t))
        self.features = nn.Sequential(*blocks)
        self.conv2 = conv(128, 512, 1)
        self.gdconv = _GlobalDepthwise(512)
        self.conv3 = nn.Conv2d(512, EMBEDDING, 1)
        self.bn = nn.BatchNorm1d(EMBEDDING)
        self.register_buffer("mean", torch.tensor(self.MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(self.STD).view(3, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Embedding (N, 128), not normalized, of RGB faces (N, 3, 112, 112) in 0..1."""
        x = self.features(self.dw_conv(self.conv1((x - self.mean) / self.std)))
        return self.bn(self.conv3(self.gdconv(self.conv2(x))).flatten(1))


def load_teacher(path: str | Path) -> MobileFaceNet:
    """MobileFaceNet with the weights of a file, frozen, in evaluation mode.

    Raises:
        UserError: the file does not exist or holds something else.
    """
    remedy = "Give the path of a MobileFaceNet state dict (data/README.md)"
    if not Path(path).is_file():
        raise UserError(f"teacher weights {path} do not exist", remedy)
    teacher = MobileFaceNet()
    try:
        teacher.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, AttributeError, EOFError, TypeError) as error:
        raise UserError(
            f"{path} does not hold MobileFaceNet ({str(error).splitlines()[0]})", remedy
        ) from error
    return teacher.eval().requires_grad_(False)


def untrained_teacher(faces: Tensor) -> MobileFaceNet:
    """A random stand-in for the teacher, to try the software without weights.

    Its weights are drawn with seed 0; its batch-norm statistics are those of luma faces (N, 1, 112,
    112).

    Without those statistics all its embeddings would point in one direction.
    """
    torch.manual_seed(0)
    teacher = MobileFaceNet()
    for module in teacher.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = None  # the mean over everything it sees
    with torch.no_grad():
        teacher(faces.expand(-1, 3, -1, -1))
    return teacher.eval().requires_grad_(False)
