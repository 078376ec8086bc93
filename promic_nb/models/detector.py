"""The torchvision engine: Faster R-CNN with FPN on pixels, or on latents with a translator for stem and stage 2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from promic_nb.metrics.detection import Detections
from promic_nb.models.backbones import BACKBONES
from promic_nb.models.config import DetectorConfig
from promic_nb.models.translator import DomainTranslator

STRIDE = 64  # of p6: inputs are padded to multiples, so that every level's stride is exact


@dataclass
class Batch:
    """Inputs of one size.

    Attributes:
        inputs: pixels (N, 1, H, W) in 0..255, or latents (N, C, ceil(H/16), ceil(W/16)); float32.
        size: (H, W) in pixels.
        boxes: for each image float32 (n, 4), xyxy pixels; empty for prediction.
    """

    inputs: Tensor
    size: tuple[int, int]
    boxes: list[Tensor]


class PixelFront(nn.Module):
    """Normalization, stem and stage 2."""

    cell = 1  # pixels that one input sample stands for

    def __init__(self, layers: nn.Module, config: DetectorConfig) -> None:
        super().__init__()
        self.layers, self.mean, self.std = layers, config.mean, config.std

    def forward(self, pixels: Tensor) -> Tensor:
        return self.layers((pixels - self.mean) / self.std)


class LatentFront(nn.Module):
    """A translator in the place of stem and stage 2."""

    cell = 16

    def __init__(self, translator: DomainTranslator) -> None:
        super().__init__()
        self.translator = translator

    def forward(self, latent: Tensor) -> Tensor:
        return self.translator(latent)


class Detector(nn.Module):
    """Faster R-CNN: FPN, RPN and box head over stages 3-5, behind an exchangeable front.

    Args:
        config: settings.
        translator: None for the pixel detector; else it replaces stem and stage 2.
    """

    def __init__(self, config: DetectorConfig, translator: DomainTranslator | None = None) -> None:
        super().__init__()
        self.config = config
        layers, self.stages, widths = BACKBONES[config.backbone]()
        self.front = LatentFront(translator) if translator else PixelFront(layers, config)
        self.neck = FeaturePyramidNetwork(list(widths), config.fpn_channels, LastLevelMaxPool())
        levels = len(config.anchor_sizes)
        anchors = AnchorGenerator(config.anchor_sizes, (config.aspect_ratios,) * levels)
        self.rpn = RegionProposalNetwork(
            anchors, RPNHead(config.fpn_channels, anchors.num_anchors_per_location()[0]),
            fg_iou_thresh=0.7, bg_iou_thresh=0.3, batch_size_per_image=256, positive_fraction=0.5,
            pre_nms_top_n=dict(zip(("training", "testing"), config.pre_nms, strict=True)),
            post_nms_top_n=dict(zip(("training", "testing"), config.post_nms, strict=True)), nms_thresh=0.7,
        )  # fmt: skip
        self.heads = RoIHeads(
            MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=7, sampling_ratio=2),
            TwoMLPHead(config.fpn_channels * 49, config.head_channels), FastRCNNPredictor(config.head_channels, num_classes=2),
            fg_iou_thresh=0.5, bg_iou_thresh=0.5, batch_size_per_image=config.roi_batch, positive_fraction=0.25, bbox_reg_weights=None,
            score_thresh=config.score_threshold, nms_thresh=config.nms_threshold, detections_per_img=config.detections,
        )  # fmt: skip

    @staticmethod
    def stage2_channels(config: DetectorConfig) -> int:
        """Channels after stage 2, which a translator has to give."""
        return BACKBONES[config.backbone]()[2][0]

    def features(self, inputs: Tensor) -> dict[str, Tensor]:
        """Feature pyramid p2..p6 of pixels or latents, keys "0".."3" and "pool"."""
        step = STRIDE // self.front.cell
        padding = (0, -inputs.shape[-1] % step, 0, -inputs.shape[-2] % step)
        x = self.front(F.pad(inputs, padding, mode="replicate") if any(padding) else inputs)
        outputs = [x]
        for stage in self.stages:
            outputs.append(stage(outputs[-1]))
        return self.neck({str(i): x for i, x in enumerate(outputs)})

    def _run(self, batch: Batch, targets: list[dict[str, Tensor]] | None) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        features = self.features(batch.inputs)
        h, w = features["0"].shape[-2:]
        canvas = torch.empty((len(batch.inputs), 1, 4 * h, 4 * w), device="meta")  # only its shape is read
        images = ImageList(canvas, [batch.size] * len(batch.inputs))
        proposals, rpn_losses = self.rpn(images, features, targets)
        found, head_losses = self.heads(features, proposals, images.image_sizes, targets)
        return found, {**rpn_losses, **head_losses}

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The four Faster R-CNN losses of a training batch."""
        targets = [{"boxes": b, "labels": torch.ones(len(b), dtype=torch.int64, device=b.device)} for b in batch.boxes]
        return self._run(batch, targets)[1]

    @torch.inference_mode()
    def predict(self, batch: Batch) -> list[Detections]:
        """Detections of each image, by falling score. The model must be in evaluation mode."""
        found, _ = self._run(batch, None)
        return [Detections(f["boxes"].cpu().numpy().astype(np.float32), f["scores"].cpu().numpy()) for f in found]
