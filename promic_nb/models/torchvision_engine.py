"""The torchvision engine: Faster R-CNN with FPN, set up to compute what Detectron2's computes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from promic_nb.metrics.detection import Detections
from promic_nb.models.backbones import BACKBONES
from promic_nb.models.config import DetectorConfig
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch, LatentFront, PixelFront, Tensors
from promic_nb.models.rois import Anchors, BoxPooler
from promic_nb.models.translator import DomainTranslator


def _named(features: list[Tensor]) -> dict[str, Tensor]:
    return {str(i): x for i, x in enumerate(features)}


class _Proposer(RPNHead):
    """Scores and deltas in float32 also under autocast, so that boxes are computed in it."""

    def forward(self, x: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        logits, deltas = super().forward(x)
        return [t.float() for t in logits], [t.float() for t in deltas]


class _Predictor(FastRCNNPredictor):
    """As above; initial weights as small as Detectron2's."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__(in_channels, num_classes)
        for layer, std in ((self.cls_score, 0.01), (self.bbox_pred, 0.001)):
            nn.init.normal_(layer.weight, std=std)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scores, deltas = super().forward(x)
        return scores.float(), deltas.float()


class _MaskPredictor(MaskRCNNPredictor):
    """Initial weights as small as Detectron2's: torchvision's are made for many classes, and start
    two of them with large logits.
    """

    def __init__(self, in_channels: int, width: int, classes: int) -> None:
        super().__init__(in_channels, width, classes + 1)
        nn.init.normal_(self.mask_fcn_logits.weight, std=0.001)
        nn.init.zeros_(self.mask_fcn_logits.bias)


def _mask_head(config: DetectorConfig) -> dict[str, nn.Module]:
    """Mask R-CNN's: four 3x3 convolutions on 14x14 cells, then 28x28 mask logits (He et al., ICCV
    2017, Fig. 4, right).
    """
    width = config.fpn_channels
    return {
        "mask_roi_pool": BoxPooler(14, config.roi_samples),
        "mask_head": MaskRCNNHeads(width, (width,) * 4, 1),
        "mask_predictor": _MaskPredictor(width, width, config.classes),
    }


class TorchvisionDetector(Detector):
    """Faster R-CNN: FPN, RPN and box head over stages 3-5, behind an exchangeable front; with
    `config.masks` Mask R-CNN.

    Args:
        config: settings.
        translator: None for the pixel detector; else it replaces stem and stage 2.
    """

    engine = "torchvision"

    def __init__(self, config: DetectorConfig, translator: DomainTranslator | None = None) -> None:
        super().__init__(config)
        layers, self.stages, widths = BACKBONES[config.backbone].build(config)
        self.front = LatentFront(translator) if translator else PixelFront(layers, config)
        self.neck = FeaturePyramidNetwork(list(widths), config.fpn_channels, LastLevelMaxPool())
        anchors = Anchors(config.anchor_sizes, (config.aspect_ratios,) * len(config.anchor_sizes))
        self.rpn = RegionProposalNetwork(
            anchors,
            _Proposer(config.fpn_channels, anchors.num_anchors_per_location()[0]),
            fg_iou_thresh=0.7,
            bg_iou_thresh=0.3,
            batch_size_per_image=config.rpn_batch,
            positive_fraction=0.5,
            pre_nms_top_n=dict(zip(("training", "testing"), config.pre_nms, strict=True)),
            post_nms_top_n=dict(zip(("training", "testing"), config.post_nms, strict=True)),
            nms_thresh=0.7,
        )
        self.heads = RoIHeads(
            BoxPooler(samples=config.roi_samples),
            TwoMLPHead(config.fpn_channels * 49, config.head_channels),
            _Predictor(config.head_channels, config.classes + 1),
            fg_iou_thresh=0.5,
            bg_iou_thresh=0.5,
            batch_size_per_image=config.roi_batch,
            positive_fraction=0.25,
            bbox_reg_weights=config.box_weights,
            score_thresh=config.score_threshold,
            nms_thresh=config.nms_threshold,
            detections_per_img=config.detections,
            **(_mask_head(config) if config.masks else {}),
        )

    def features(self, inputs: Tensors) -> list[Tensor]:
        """Feature pyramid p2..p6, strides 4..64, of images or latents."""
        outputs = [self.front(inputs)]
        for stage in self.stages:
            outputs.append(stage(outputs[-1]))
        return list(self.neck(_named(outputs)).values())

    def propose(self, batch: Batch, features: list[Tensor]) -> list[Tensor]:
        """The RPN's boxes of each image, (n, 4) xyxy pixels, by falling score."""
        return self.rpn(ImageList(torch.empty(0), batch.sizes), _named(features))[0]

    def refine(
        self, batch: Batch, features: list[Tensor], proposals: list[Tensor]
    ) -> list[Detections]:
        """What the box head makes of proposals: detections of each image, by falling score."""
        found, _ = self.heads(_named(features), proposals, batch.sizes)
        as_arrays = ({k: v.float().cpu().numpy() for k, v in f.items()} for f in found)
        return [
            Detections(
                f["boxes"],
                f["scores"],
                f["masks"][:, 0] if "masks" in f else None,
                f["labels"].astype(np.int64) - 1,
            )
            for f in as_arrays
        ]

    @torch.inference_mode()
    def predict(self, batch: Batch) -> list[Detections]:
        """Detections of each image, by falling score. The model must be in evaluation mode."""
        features = self.features(batch.inputs)
        return self.refine(batch, features, self.propose(batch, features))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The four Faster R-CNN losses of a training batch, and the mask head's if there is one."""
        classes = batch.classes or [torch.zeros(len(b), dtype=torch.int64) for b in batch.boxes]
        targets = [
            {"boxes": b, "labels": c.to(b.device) + 1}  # 0 is the background
            for b, c in zip(batch.boxes, classes, strict=True)
        ]
        if self.config.masks:
            targets = [
                {**target, "masks": masks.to(torch.uint8)}
                for target, masks in zip(targets, batch.masks, strict=True)
            ]
        features = _named(self.features(batch.inputs))
        proposals, rpn_losses = self.rpn(ImageList(torch.empty(0), batch.sizes), features, targets)
        return {**rpn_losses, **self.heads(features, proposals, batch.sizes, targets)[1]}
