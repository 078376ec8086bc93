"""Detector settings: the dissertation's (Table 3) and a reduced one that trains in minutes on two
CPU cores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from promic_nb.core.registry import Registry


@dataclass(frozen=True)
class DetectorConfig:
    """A Faster R-CNN with FPN, engine-independent; each engine maps these settings to its own.

    Attributes:
        backbone: a name of `backbones.BACKBONES`; "small" in the torchvision engine only.
        fpn_channels, head_channels: widths of the neck and of the two-layer box head.
        anchor_sizes: sides in pixels, one tuple for each of the levels p2..p6.
        aspect_ratios: height to width of the anchors, on every level.
        pre_nms, post_nms: proposals a level before and an image after NMS, (training, test).
        rpn_batch, roi_batch: sampled anchors and sampled proposals an image in training.
        score_threshold, nms_threshold, detections: of the final boxes.
        box_weights: of (dx, dy, dw, dh) in the box head's regression; the RPN's are 1.
        roi_samples: sampling points a bin side of ROIAlign; 0: as many as the box has cells, as in
            Detectron2.
        mean, std: of the pixels on the 0..255 scale, one a plane in RGB order; their number is that
            of the backbone's input planes.
        stride_in_1x1: where ResNet's stride 2 sits: in the first 1x1 convolution of a block (MSRA,
            Detectron2) or in its 3x3 (torchvision).
        norm: "frozen" batch norms keep their statistics and scales, "batch" ones learn.
        norm_eps: added to the variance.
        masks: whether it adds a mask head (Mask R-CNN; torchvision engine only).
        classes: kinds of objects (more than one: torchvision engine only).
        frozen_stages: leading stages of a pixel detector that are not trained (Detectron2's
            FREEZE_AT): 2 is stem and stage 2.
    """

    backbone: str
    fpn_channels: int
    head_channels: int
    anchor_sizes: tuple[tuple[int, ...], ...]
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    pre_nms: tuple[int, int] = (2000, 1000)
    post_nms: tuple[int, int] = (1000, 1000)
    rpn_batch: int = 256
    roi_batch: int = 128
    score_threshold: float = 0.5
    nms_threshold: float = 0.5
    detections: int = 100
    box_weights: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0)
    roi_samples: int = 0
    mean: tuple[float, ...] = (123.675, 116.28, 103.53)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    stride_in_1x1: bool = True
    norm: Literal["frozen", "batch"] = "frozen"
    norm_eps: float = 1e-5
    frozen_stages: int = 2
    masks: bool = False
    classes: int = 1


# Settings that belong to weights: those of Detectron2's model zoo, of torchvision's detectors
# (https://github.com/pytorch/vision/pull/2933 for the epsilon), of torchvision's classifiers, and
# those that a ResNet needs to learn from random weights on micrographs.
_TORCHVISION = {
    "mean": (123.675, 116.28, 103.53),
    "std": (58.395, 57.12, 57.375),
    "stride_in_1x1": False,
    "norm": "frozen",
    "frozen_stages": 2,
}
STYLES: dict[str, dict] = {
    "detectron2": {
        "mean": (123.675, 116.28, 103.53),
        "std": (1.0, 1.0, 1.0),
        "stride_in_1x1": True,
        "norm": "frozen",
        "norm_eps": 1e-5,
        "frozen_stages": 2,
    },
    "torchvision": {**_TORCHVISION, "norm_eps": 0.0},
    "classifier": {**_TORCHVISION, "norm_eps": 1e-5},
    "scratch": {"mean": (130.0,) * 3, "std": (30.0,) * 3, "norm": "batch", "frozen_stages": 0},
}

_CONFIGS = {
    # Reduced backbone and head for CPUs: 0.9 M parameters.
    "small": DetectorConfig(
        "small",
        48,
        128,
        ((24,), (40,), (64,), (110,), (200,)),
        pre_nms=(300, 500),
        post_nms=(100, 200),
        roi_batch=64,
        score_threshold=0.05,
        roi_samples=2,
        mean=(130.0,),
        std=(30.0,),
        norm="batch",
        frozen_stages=0,
    ),
    # Table 3: its anchor list has one entry, so all five sizes stand on every level, 15 anchors a
    # position.
    "resnet50": DetectorConfig("resnet50", 256, 1024, ((32, 64, 128, 256, 512),) * 5),
}
CONFIGS = Registry.of("detector configuration", _CONFIGS, __name__)
ConfigName = Annotated[str, CONFIGS]
