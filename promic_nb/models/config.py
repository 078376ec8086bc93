"""Detector settings: the dissertation's (Table 3) and a reduced one that trains in minutes on two CPU cores."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DetectorConfig:
    """A Faster R-CNN with FPN, engine-independent.

    Attributes:
        backbone: "small" or "resnet50".
        fpn_channels, head_channels: widths of the neck and of the two-layer box head.
        anchor_sizes: sides in pixels, one tuple for each of the levels p2..p6.
        aspect_ratios: height to width of the anchors, on every level.
        pre_nms, post_nms: proposals a level before and an image after NMS, (training, test).
        roi_batch: sampled proposals an image in training.
        score_threshold, nms_threshold, detections: of the final boxes.
        mean, std: of the pixels, on the 0..255 scale.
    """

    backbone: str
    fpn_channels: int
    head_channels: int
    anchor_sizes: tuple[tuple[int, ...], ...]
    aspect_ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    pre_nms: tuple[int, int] = (2000, 1000)
    post_nms: tuple[int, int] = (1000, 1000)
    roi_batch: int = 128
    score_threshold: float = 0.5
    nms_threshold: float = 0.5
    detections: int = 100
    mean: float = 130.0
    std: float = 30.0


CONFIGS: dict[str, DetectorConfig] = {
    # Reduced backbone and head for CPUs: 0.9 M parameters.
    "small": DetectorConfig(
        "small", 48, 128, ((24,), (40,), (64,), (110,), (200,)), pre_nms=(300, 500), post_nms=(100, 200), roi_batch=64, score_threshold=0.05
    ),
    # Table 3: its anchor list has one entry, so all five sizes stand on every level, 15 anchors a position.
    "resnet50": DetectorConfig("resnet50", 256, 1024, ((32, 64, 128, 256, 512),) * 5),
}
