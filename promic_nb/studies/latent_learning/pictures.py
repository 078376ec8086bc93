"""Pictures as tensors, and at other sizes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

STRIDE = 16  # side in pixels of one latent value


def to_tensor(image: np.ndarray) -> Tensor:
    """Convert uint8 (H, W, 3) to float32 (3, H, W) in 0..1."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).float() / 255


def resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    """Resize x (C, H, W), bilinear with antialiasing."""
    return nn.functional.interpolate(x[None], size, mode="bilinear", antialias=True)[0]


def original_size(image: np.ndarray, enlarged: int = 1) -> Tensor:
    """A picture for the codec at `enlarged` times its own size: (1, 3, H, W) in 0..1.

    It is resized to the nearest multiples of 16.
    """
    height, width = (max(1, round(enlarged * n / STRIDE)) * STRIDE for n in image.shape[:2])
    return resized(to_tensor(image), (height, width))[None]
