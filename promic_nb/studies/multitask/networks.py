"""Networks on the latent (Tables 4.2, 4.4, 5.4 and 5.5), and MobileFaceNet, the teacher (Table
5.2).
"""

from __future__ import annotations

import pickle
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor, nn
from torchvision.models.mobilenetv2 import InvertedResidual
from torchvision.ops import Conv2dNormActivation

from promic_nb.codecs.jpegai.networks import LATENT_CHANNELS
from promic_nb.errors import UserError
from promic_nb.studies.multitask.codec import LAYER4_CHANNELS

FACE_SIDE, EMBEDDING = 112, 128
# (channels, kernel side) of the convolutions of each classifier.
ON_LATENT = ((500, 2), (420, 2), (250, 2), (170, 2))  # Table 4.2
ON_LAYER4 = ((480, 3), (960, 3), (460, 2), (300, 2), (150, 2))  # Table 4.4
SUPNET = (700, 500, 400, 300)  # Table 5.4; the last layer gives the latent's own channels
FACENET = (400, 360, 240, 120, 60)  # Table 5.5; the last layer gives three channels


def _conv(inputs: int, outputs: int, kernel: int = 3) -> Conv2dNormActivation:
    """Convolution, batch norm and ReLU at equal size."""
    return Conv2dNormActivation(inputs, outputs, kernel, padding="same", bias=True)


def classifier(
    inputs: int, rows: tuple[tuple[int, int], ...], classes: int = 10, width: float = 1.0
) -> nn.Sequential:
    """Classifier on features (N, inputs, h, w): scores (N, classes).

    The tables do not print padding or pooling. Four 2x2 convolutions do not fit into a 4x4 latent
    without padding, so the size is kept, and the fully connected layer reads the mean over the
    positions.
    """
    layers: list[nn.Module] = []
    for channels, kernel in rows:
        layers.append(_conv(inputs, inputs := max(1, round(channels * width)), kernel))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def supnet(channels: int, width: float = 1.0) -> nn.Sequential:
    """Latent (N, channels, h, w) to that of twice the picture, (N, channels, 2h, 2w) (Table 5.4)."""
    a, b, c, d = (round(n * width) for n in SUPNET)
    up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
    return nn.Sequential(
        _conv(channels, a),
        _conv(a, b),
        _conv(b, c),
        up,
        _conv(c, d),
        nn.Conv2d(d, channels, 3, padding=1),
    )


def facenet(channels: int, width: float = 1.0) -> nn.Sequential:
    """Latent (N, channels, h, w) to a picture for the teacher, (N, 3, 32h, 32w), about 0 (Table
    5.5).

    Each of the five layers doubles the size. The table has one more row, from 60 to 3 channels.
    """
    layers: list[nn.Module] = []
    for n in FACENET:
        layers += [
            _conv(channels, channels := round(n * width)),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        ]
    return nn.Sequential(*layers, nn.Conv2d(channels, 3, 3, padding=1))


def centre_crop(x: Tensor, side: int = FACE_SIDE) -> Tensor:
    """The middle (N, 3, side, side) of x (section 5.4.1.3)."""
    top, left = ((n - side) // 2 for n in x.shape[-2:])
    return x[..., top : top + side, left : left + side]


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
    """One 7x7 filter for each channel of a 7x7 map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, groups=channels, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.depthwise(x))


class MobileFaceNet(nn.Module):
    """MobileFaceNet (Chen et al. 2018; Table 5.2), in the variant of the published PyTorch weights:
    ReLU6 for PReLU, 1.02 M parameters.

    Its tensors carry the names of those weights, so that their state dict loads as it is.
    """

    MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    ROWS = (
        (2, 64, 5, 2),
        (4, 128, 1, 2),
        (2, 128, 6, 1),
        (4, 128, 1, 2),
        (2, 128, 2, 1),
    )  # t, c, n, s

    def __init__(self) -> None:
        super().__init__()
        relu6 = {"activation_layer": nn.ReLU6}
        self.conv1 = Conv2dNormActivation(3, 64, 3, 2, **relu6)
        self.dw_conv = _Separable(64)
        channels, blocks = 64, []
        for t, c, n, s in self.ROWS:
            for i in range(n):
                blocks.append(InvertedResidual(channels, channels := c, s if i == 0 else 1, t))
        self.features = nn.Sequential(*blocks)
        self.conv2 = Conv2dNormActivation(128, 512, 1, **relu6)
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
        UserError: no file of that name, or one that holds something else.
    """
    remedy = "Name the state dict of MobileFaceNet (data/README.md)"
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
    """A stand-in to try the software without weights: random ones (seed 0), with batch-norm
    statistics of luma faces (N, 1, 112, 112).

    Without those statistics all its embeddings would point one way.
    """
    torch.manual_seed(0)
    teacher = MobileFaceNet()
    for module in teacher.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.momentum = None  # the mean over all that it sees
    with torch.no_grad():
        teacher(faces.expand(-1, 3, -1, -1))
    return teacher.eval().requires_grad_(False)


def network_sizes() -> pd.DataFrame:
    """Columns network, latent ("thesis": 220 channels, and 480 at the fourth layer; "here"),
    channels, parameters_m, at full width.
    """
    makers = {
        "classifier on the latent": (lambda n: classifier(n, ON_LATENT), 220, LATENT_CHANNELS),
        "classifier on layer 4": (lambda n: classifier(n, ON_LAYER4), 480, LAYER4_CHANNELS),
        "supnet": (supnet, 220, LATENT_CHANNELS),
        "facenet": (facenet, 220, LATENT_CHANNELS),
    }
    rows = []
    for name, (make, *inputs) in makers.items():
        for latent, channels in zip(("thesis", "here"), inputs, strict=True):
            rows.append(
                (name, latent, channels, sum(p.numel() for p in make(channels).parameters()) / 1e6)
            )
    return pd.DataFrame(rows, columns=["network", "latent", "channels", "parameters_m"])
