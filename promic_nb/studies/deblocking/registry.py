"""The networks and losses of the study by name; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

from promic_nb.core.registry import Registry

if TYPE_CHECKING:
    from torch import nn

    from promic_nb.studies.deblocking.network import Network

_HERE = "promic_nb.studies.deblocking"
NETWORKS: Registry[Network] = Registry(
    "network",
    {
        "unet": f"{_HERE}.networks.unet:UNET",
        "resnet": f"{_HERE}.networks.resnet:RESNET",
        "jjnet": f"{_HERE}.networks.jjnet:JJNET",
        "jjnet_tanh": f"{_HERE}.networks.jjnet:JJNET_TANH",
        "dense_unet": f"{_HERE}.networks.dense_unet:DENSE_UNET",
        "xception": f"{_HERE}.networks.xception:XCEPTION",
        "memnet": f"{_HERE}.networks.memnet:MEMNET",
        "densenet": f"{_HERE}.networks.densenet:DENSENET",
        "resnet_yuv": f"{_HERE}.networks.resnet_yuv:RESNET_YUV",
    },
)
BACKBONES: Registry[Callable[[], nn.Module]] = Registry(
    "backbone",
    {
        "none": f"{_HERE}.losses.perceptual:random_features",
        "imagenet": f"{_HERE}.losses.perceptual:imagenet_features",
    },
)
LOSSES: Registry[Callable[[str], nn.Module]] = Registry(
    "loss",
    {
        "mae": f"{_HERE}.losses.pointwise:mae",
        "mse": f"{_HERE}.losses.pointwise:mse",
        "high_frequency": f"{_HERE}.losses.high_frequency:high_frequency",
        "perceptual": f"{_HERE}.losses.perceptual:perceptual",
    },
)

NetworkName = Annotated[str, NETWORKS]
Backbone = Annotated[str, BACKBONES]
LossName = Annotated[str, LOSSES]
TrainedOn = Literal["25", "40", "50", "75", "random"]  # JPEG qualities of the training images
