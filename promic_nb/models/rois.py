"""Anchors and box features as Detectron2 defines them, for torchvision's RPN and box head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import roi_align

STRIDES = (4, 8, 16, 32, 64)  # of p2..p6


class Anchors(AnchorGenerator):
    """Anchors without rounding, all ratios of one size after another, at fixed strides; float32
    also under autocast.
    """

    def generate_anchors(self, scales, aspect_ratios, dtype=torch.float32, device="cpu") -> Tensor:
        """(sizes x ratios, 4) boxes around the origin; a ratio is height to width."""
        sizes, roots = (
            torch.tensor(scales, dtype=dtype)[:, None],
            torch.tensor(aspect_ratios, dtype=dtype).sqrt(),
        )
        w, h = (sizes / roots).flatten(), (sizes * roots).flatten()
        return (torch.stack([-w, -h, w, h], 1) / 2).to(device)

    def forward(self, images: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        """The anchors of all levels, (A, 4) xyxy pixels, once for each image."""
        self.set_cell_anchors(torch.float32, feature_maps[0].device)
        grids = self.grid_anchors([f.shape[-2:] for f in feature_maps], [[s, s] for s in STRIDES])
        return [torch.cat(grids)] * len(images.image_sizes)


class BoxPooler(nn.Module):
    """Aligned ROIAlign from the level that fits a box's size: p4 for 224 pixels, half the side a
    level lower (FPN paper, Eq. 1).

    Args:
        output_size: cells a side.
        samples: sampling points a cell side, 0 for as many as the box has feature positions there.
    """

    def __init__(self, output_size: int = 7, samples: int = 0) -> None:
        super().__init__()
        self.output_size, self.samples = output_size, samples

    def forward(
        self, features: dict[str, Tensor], boxes: list[Tensor], _: list[tuple[int, int]]
    ) -> Tensor:
        """Features (all boxes, C, output_size, output_size), the first image's boxes first."""
        flat = torch.cat(boxes)
        image = torch.repeat_interleave(
            torch.arange(len(boxes), device=flat.device),
            torch.tensor([len(b) for b in boxes], device=flat.device),
        )
        rois = torch.cat([image[:, None].to(flat), flat], 1)
        sides = (flat[:, 2:] - flat[:, :2]).prod(1).sqrt()
        level = (4 + torch.log2(sides / 224 + 1e-8)).floor().clamp(2, 5).long() - 2
        maps = list(features.values())[:4]
        pooled = flat.new_zeros(len(rois), maps[0].shape[1], self.output_size, self.output_size)
        for i, (x, stride) in enumerate(zip(maps, STRIDES, strict=False)):
            here = torch.where(level == i)[0]  # float: half precision cannot hold coordinates
            pooled = pooled.index_put(
                (here,),
                roi_align(
                    x.float(), rois[here], self.output_size, 1 / stride, self.samples, aligned=True
                ),
            )
        return pooled
