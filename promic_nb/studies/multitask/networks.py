"""Networks on the latent (Tables 4.2, 4.4, 5.4 and 5.5)."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from promic_nb.codecs.jpegai.networks import LATENT_CHANNELS
from promic_nb.studies.multitask.codec import LAYER4_CHANNELS
from promic_nb.studies.multitask.mobilefacenet import FACE_SIDE

# (channels, kernel side) of the convolutions of each classifier.
ON_LATENT = ((500, 2), (420, 2), (250, 2), (170, 2))  # Table 4.2
ON_LAYER4 = ((480, 3), (960, 3), (460, 2), (300, 2), (150, 2))  # Table 4.4
SUPNET = (700, 500, 400, 300)  # Table 5.4; the last layer outputs the latent's channels
FACENET = (400, 360, 240, 120, 60)  # Table 5.5; the last layer outputs three channels


def _conv(inputs: int, outputs: int, kernel: int = 3) -> Conv2dNormActivation:
    """Convolution, batch norm and ReLU that keep the size."""
    return Conv2dNormActivation(inputs, outputs, kernel, padding="same", bias=True)


def classifier(
    inputs: int, rows: tuple[tuple[int, int], ...], classes: int = 10, width: float = 1.0
) -> nn.Sequential:
    """A classifier on features (N, inputs, h, w): scores (N, classes).

    The tables print neither padding nor pooling. Four 2x2 convolutions do not fit into a 4x4 latent
    without padding, so the size is kept, and the fully connected layer reads the mean over all
    positions.
    """
    layers: list[nn.Module] = []
    for channels, kernel in rows:
        layers.append(_conv(inputs, inputs := max(1, round(channels * width)), kernel))
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


def supnet(channels: int, width: float = 1.0) -> nn.Sequential:
    """From a latent (N, channels, h, w) to one of the doubled picture, (N, channels, 2h, 2w).

    See Table 5.4.
    """
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
    """From a latent (N, channels, h, w) to a picture for the teacher, (N, 3, 32h, 32w), around 0.

    See Table 5.5.

    Each of the five layers doubles the size. The table has another row, from 60 to 3 channels.
    """
    layers: list[nn.Module] = []
    for n in FACENET:
        layers += [
            _conv(channels, channels := round(n * width)),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        ]
    return nn.Sequential(*layers, nn.Conv2d(channels, 3, 3, padding=1))


def centre_crop(x: Tensor, side: int = FACE_SIDE) -> Tensor:
    """The central (N, 3, side, side) of x (section 5.4.1.3)."""
    top, left = ((n - side) // 2 for n in x.shape[-2:])
    return x[..., top : top + side, left : left + side]


def network_sizes() -> pd.DataFrame:
    """The size of each network at full width.

    Columns network, latent ("thesis": 220 channels, and 480 at the fourth layer; "here"), channels,
    parameters_m (millions).
    """
    makers: dict[str, tuple[Callable[[int], nn.Module], int, int]] = {
        "classifier on the latent": (lambda n: classifier(n, ON_LATENT), 220, LATENT_CHANNELS),
        "classifier on layer 4": (lambda n: classifier(n, ON_LAYER4), 480, LAYER4_CHANNELS),
        "supnet": (supnet, 220, LATENT_CHANNELS),
        "facenet": (facenet, 220, LATENT_CHANNELS),
    }
    rows = []
    for name, (make, *inputs) in makers.items():
        for latent, channels in zip(("thesis", "here"), inputs, strict=True):
            parameters = sum(p.numel() for p in make(channels).parameters())
            rows.append((name, latent, channels, parameters / 1e6))
    return pd.DataFrame(rows, columns=["network", "latent", "channels", "parameters_m"])
