"""The Detectron2 engine: its FPN, RPN and box head behind the common interface
(https://github.com/facebookresearch/detectron2).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import torch
from detectron2.config import CfgNode, get_cfg
from detectron2.modeling import build_backbone, build_proposal_generator, build_roi_heads
from detectron2.structures import Boxes, ImageList, Instances
from detectron2.utils.events import EventStorage
from torch import Tensor, nn

from promic_nb.errors import UserError
from promic_nb.metrics.detection import Detections
from promic_nb.models.config import DetectorConfig
from promic_nb.models.conversion import from_detectron2, to_detectron2
from promic_nb.models.detector import Detector
from promic_nb.models.inputs import Batch, LatentFront, PixelFront, Tensors
from promic_nb.models.translator import DomainTranslator

# Detectron2's names of the four losses, in torchvision's
LOSSES = {
    "loss_rpn_cls": "loss_objectness",
    "loss_rpn_loc": "loss_rpn_box_reg",
    "loss_cls": "loss_classifier",
    "loss_box_reg": "loss_box_reg",
}
# Stem and stage 2 live in the front, outside Detectron2's backbone.
FRONT, NATIVE = "front.layers.", "backbone.bottom_up."


def _named(features: list[Tensor]) -> dict[str, Tensor]:
    return {f"p{i}": x for i, x in enumerate(features, 2)}


def native_config(config: DetectorConfig) -> CfgNode:
    """The settings as Detectron2's: what COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml says, changed
    by Table 3 where `config` is.
    """
    if config.backbone != "resnet50":
        raise UserError(
            f"the detectron2 engine has no backbone {config.backbone!r}",
            "Use the configuration resnet50, or the engine torchvision",
        )
    cfg = get_cfg()
    model = cfg.MODEL
    model.DEVICE, model.MASK_ON = "cpu", False
    model.BACKBONE.NAME, model.BACKBONE.FREEZE_AT = (
        "build_resnet_fpn_backbone",
        config.frozen_stages,
    )
    model.RESNETS.DEPTH, model.RESNETS.STRIDE_IN_1X1 = 50, config.stride_in_1x1
    model.RESNETS.NORM = {"frozen": "FrozenBN", "batch": "BN"}[config.norm]
    model.RESNETS.OUT_FEATURES = model.FPN.IN_FEATURES = ["res2", "res3", "res4", "res5"]
    model.FPN.OUT_CHANNELS = config.fpn_channels
    model.PIXEL_MEAN, model.PIXEL_STD = list(config.mean[::-1]), list(config.std[::-1])
    model.ANCHOR_GENERATOR.SIZES = [list(s) for s in config.anchor_sizes]
    model.ANCHOR_GENERATOR.ASPECT_RATIOS = [list(config.aspect_ratios)]
    model.RPN.IN_FEATURES = ["p2", "p3", "p4", "p5", "p6"]
    model.RPN.PRE_NMS_TOPK_TRAIN, model.RPN.PRE_NMS_TOPK_TEST = config.pre_nms
    model.RPN.POST_NMS_TOPK_TRAIN, model.RPN.POST_NMS_TOPK_TEST = config.post_nms
    model.RPN.BATCH_SIZE_PER_IMAGE = config.rpn_batch
    heads, box = model.ROI_HEADS, model.ROI_BOX_HEAD
    heads.NAME, heads.IN_FEATURES, heads.NUM_CLASSES = (
        "StandardROIHeads",
        ["p2", "p3", "p4", "p5"],
        1,
    )
    heads.BATCH_SIZE_PER_IMAGE = config.roi_batch
    heads.SCORE_THRESH_TEST, heads.NMS_THRESH_TEST = config.score_threshold, config.nms_threshold
    cfg.TEST.DETECTIONS_PER_IMAGE = config.detections
    box.NAME, box.NUM_FC, box.FC_DIM = "FastRCNNConvFCHead", 2, config.head_channels
    box.POOLER_RESOLUTION, box.POOLER_SAMPLING_RATIO, box.BBOX_REG_WEIGHTS = (
        7,
        config.roi_samples,
        config.box_weights,
    )
    return cfg


class Detectron2Detector(Detector):
    """Detectron2's Faster R-CNN with an exchangeable front; arguments and methods as
    `TorchvisionDetector`'s.
    """

    engine = "detectron2"

    def __init__(self, config: DetectorConfig, translator: DomainTranslator | None = None) -> None:
        super().__init__(config)
        cfg = native_config(config)
        self.backbone = build_backbone(cfg)
        self.proposal_generator = build_proposal_generator(cfg, self.backbone.output_shape())
        self.roi_heads = build_roi_heads(cfg, self.backbone.output_shape())
        for module in self.backbone.modules():
            if type(module).__name__ in ("FrozenBatchNorm2d", "BatchNorm2d"):
                module.eps = config.norm_eps
        body = self.backbone.bottom_up
        layers = nn.Sequential(OrderedDict(stem=body.stem, res2=body.res2))
        body.stem, body.res2 = nn.Identity(), nn.Identity()
        body.stages[0] = body.res2
        self.front = LatentFront(translator) if translator else PixelFront(layers, config, bgr=True)

    @property
    def stages(self) -> nn.ModuleList:  # type: ignore[override]
        """Stages 3, 4 and 5."""
        body = self.backbone.bottom_up
        return nn.ModuleList([body.res3, body.res4, body.res5])

    def features(self, inputs: Tensors) -> list[Tensor]:
        """Feature pyramid p2..p6, strides 4..64, of images or latents."""
        return list(self.backbone(self.front(inputs)).values())

    def propose(self, batch: Batch, features: list[Tensor]) -> list[Tensor]:
        """The RPN's boxes of each image, (n, 4) xyxy pixels, by falling score."""
        proposals, _ = self.proposal_generator(
            ImageList(features[0], batch.sizes), _named(features)
        )
        return [p.proposal_boxes.tensor for p in proposals]

    def refine(
        self, batch: Batch, features: list[Tensor], proposals: list[Tensor]
    ) -> list[Detections]:
        """What the box head makes of proposals: detections of each image, by falling score."""
        instances = [
            Instances(size, proposal_boxes=Boxes(p))
            for size, p in zip(batch.sizes, proposals, strict=True)
        ]
        found, _ = self.roi_heads(ImageList(features[0], batch.sizes), _named(features), instances)
        found = [
            f[f.pred_boxes.nonempty(1e-2)] for f in found
        ]  # boxes cut to nothing by the image's border; torchvision drops them too
        return [
            Detections(f.pred_boxes.tensor.cpu().numpy(), f.scores.cpu().numpy()) for f in found
        ]

    @torch.inference_mode()
    def predict(self, batch: Batch) -> list[Detections]:
        """Detections of each image, by falling score. The model must be in evaluation mode."""
        features = self.features(batch.inputs)
        return self.refine(batch, features, self.propose(batch, features))

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """The four Faster R-CNN losses of a training batch, by torchvision's names."""
        targets = [
            Instances(
                size,
                gt_boxes=Boxes(boxes),
                gt_classes=torch.zeros(len(boxes), dtype=torch.int64, device=boxes.device),
            )
            for size, boxes in zip(batch.sizes, batch.boxes, strict=True)
        ]
        features = self.features(batch.inputs)
        images, named = (
            ImageList(features[0], batch.sizes),
            _named(features),
        )  # of images, only the sizes are read
        with EventStorage():  # Detectron2 writes its statistics somewhere
            proposals, losses = self.proposal_generator(images, named, targets)
            losses |= self.roi_heads(images, named, proposals, targets)[1]
        return {LOSSES[name]: value for name, value in losses.items()}

    def weights(self) -> dict[str, Tensor]:
        """All tensors by the names that weights files have, in any engine: the torchvision
        engine's.
        """
        return from_detectron2({k.replace(FRONT, NATIVE): v for k, v in self.state_dict().items()})

    def load_weights(self, state: Mapping[str, Tensor]) -> None:
        """Take tensors as `weights` gives them; all must be there."""
        front = (f"{NATIVE}stem.", f"{NATIVE}res2.")
        native = to_detectron2(state)
        self.load_state_dict(
            {k.replace(NATIVE, FRONT) if k.startswith(front) else k: v for k, v in native.items()}
        )
