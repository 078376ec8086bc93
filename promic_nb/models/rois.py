"""Anchors and box features as Detectron2 defines them, for torchvision's RPN and box head."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse
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


class _Product(torch.autograd.Function):
    """A sparse matrix times a dense one on the CPU, with the gradient of the dense one.

    SciPy multiplies by the transposed matrix without sorting its entries first; PyTorch sorts.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: scipy.sparse.csr_matrix) -> Tensor:
        ctx.matrix = matrix
        return torch.from_numpy(matrix @ rows.detach().numpy())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return torch.from_numpy(ctx.matrix.T @ gradients[0].contiguous().numpy()), None


def _axis(
    start: Tensor, cell: Tensor, length: Tensor, output_size: int, samples: int
) -> tuple[Tensor, Tensor]:
    """Bilinear interpolation along one axis: positions and weights (boxes, output_size, 2 samples).

    Args:
        start, cell: of each box, its lower edge and the side of one of its cells, in positions.
        length: of each box's map, in positions.
    """
    steps = (torch.arange(output_size * samples) + 0.5) / samples
    last = (length - 1)[:, None].to(start)
    at = (start[:, None] + steps * cell[:, None]).clamp(min=0).minimum(last)
    low = at.floor().minimum((last - 1).clamp(min=0))
    high_weight = at - low
    position = torch.stack([low, (low + 1).minimum(last)], -1).int()
    weight = torch.stack([1 - high_weight, high_weight], -1) / samples
    return position.flatten(1).unflatten(1, (output_size, -1)), weight.flatten(1).unflatten(
        1, (output_size, -1)
    )


def pool_on_cpu(
    maps: Sequence[Tensor], rois: Tensor, level: Tensor, output_size: int, samples: int
) -> Tensor:
    """Aligned ROIAlign with a fixed number of sampling points, as one sparse matrix product.

    Each output cell is a weighted sum of (2 samples)^2 rows of the feature maps. It equals
    torchvision's `roi_align` up to rounding; forward and backward pass together take about a
    quarter of its time on one core (tests/benchmarks/test_training_speed.py).

    Args:
        maps: of each level (N, C, H, W), float32, with strides from `STRIDES`.
        rois: (n, 5) image and xyxy pixels, within the image.
        level: (n,) the map of each box.
        samples: sampling points on a cell's side, at least 1.

    Returns:
        (n, C, output_size, output_size).
    """
    scale = 1 / torch.tensor(STRIDES, dtype=rois.dtype)[level]
    height, width = torch.tensor([x.shape[-2:] for x in maps])[level].T
    starts = rois[:, 1:3] * scale[:, None] - 0.5
    cells = (rois[:, 3:] - rois[:, 1:3]) * scale[:, None] / output_size
    x, x_weight = _axis(starts[:, 0], cells[:, 0], width, output_size, samples)
    y, y_weight = _axis(starts[:, 1], cells[:, 1], height, output_size, samples)
    sizes = torch.tensor([0, *(len(m) * m[0, 0].numel() for m in maps)])
    first = sizes.cumsum(0)[level] + rois[:, 0].long() * height * width
    row = first[:, None, None].int() + y * width[:, None, None].int()
    column = row[:, :, None, :, None] + x[:, None, :, None, :]
    weight = y_weight[:, :, None, :, None] * x_weight[:, None, :, None, :]
    terms = (2 * samples) ** 2
    cells_in_all = len(rois) * output_size**2
    matrix = scipy.sparse.csr_matrix(
        (
            weight.flatten().numpy(),
            column.flatten().numpy(),
            np.arange(0, cells_in_all * terms + 1, terms, dtype=np.int32),
        ),
        shape=(cells_in_all, int(sizes.sum())),
    )
    rows = torch.cat([m.permute(0, 2, 3, 1).flatten(0, 2) for m in maps])
    pooled = _Product.apply(rows, matrix)
    return pooled.unflatten(0, (len(rois), output_size, output_size)).permute(0, 3, 1, 2)


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
        if self.samples and flat.device.type == "cpu":
            return pool_on_cpu(
                [m.float() for m in maps], rois, level, self.output_size, self.samples
            )
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
