"""Pictures for codec training.

They are the slices of one stack, or mixed material for a codec that must handle unseen stacks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from skimage import data as pictures
from skimage.util import img_as_ubyte
from torch import Tensor

from promic_nb.datasets.layout import SliceStack
from promic_nb.datasets.phantom import slice_and_mask
from promic_nb.errors import UserError
from promic_nb.training.fit import SampleStream

# Groups of uint8 pictures (H, W); crops come from each group equally often.
Material = list[list[np.ndarray]]

# scikit-image's own pictures, shipped in its wheel (public domain or CC0, see its LICENSE.txt).
SCIKIT_IMAGE: tuple[Callable[[], np.ndarray], ...] = (
    pictures.astronaut,
    pictures.brick,
    pictures.camera,
    pictures.cell,
    pictures.chelsea,
    pictures.coffee,
    pictures.coins,
    pictures.grass,
    pictures.gravel,
    pictures.hubble_deep_field,
    pictures.immunohistochemistry,
    pictures.moon,
    pictures.retina,
    pictures.rocket,
)
SYNTHETIC_SIDE, SYNTHETIC_COUNT = 512, 12
TOOL_SIDE = 256
VARIED = 0.5  # share of the crops of mixed material that are rescaled, change contrast or get noise


def training_slices(stack: SliceStack) -> Material:
    """The training slices of a stack, as one group."""
    return [[stack.image("train", i) for i in stack.ids("train")]]


def mixed(stack: SliceStack, folder: Path, seed: int = 0) -> Material:
    """Four groups of pictures, for a codec that must handle unseen stacks.

    They are the training slices of a stack, scikit-image's pictures, every second picture of
    `folder` (the others are kept for tests), and synthetic pictures.

    Args:
        folder: natural images as PNG files, such as Kodak's; colour is converted to luma.

    Raises:
        UserError: the folder has no PNG files.
    """
    files = sorted(folder.glob("*.png"))[::2]
    if not files:
        raise UserError(f"{folder} holds no PNG files", "Name a folder of natural images")
    rng = np.random.default_rng(seed)
    return [
        *training_slices(stack),
        [luma(Image.fromarray(img_as_ubyte(picture()))) for picture in SCIKIT_IMAGE],
        [luma(Image.open(f)) for f in files],
        [synthetic(rng, i) for i in range(SYNTHETIC_COUNT)],
    ]


def tool_pictures(material: Material, count: int) -> list[np.ndarray]:
    """`count` pictures of each group, for fitting the constants of RVS and LSBS.

    Those of mixed material are cut to their middle 256x256, for there are several groups.
    """
    found = [image for group in material for image in group[:: max(1, len(group) // count)][:count]]
    return found if len(material) == 1 else [middle(image, TOOL_SIDE) for image in found]


def middle(image: np.ndarray, side: int) -> np.ndarray:
    """The middle of a picture (H, W), at most `side` samples a side."""
    top, left = (max(0, n - side) // 2 for n in image.shape)
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def luma(image: Image.Image) -> np.ndarray:
    """The luma of an image, uint8 (H, W)."""
    return np.array(image.convert("L"))


def synthetic(rng: np.random.Generator, kind: int) -> np.ndarray:
    """A synthetic picture, uint8 (512, 512), of one of three kinds.

    The kinds are, in turn: a phantom slice; a random field whose spectrum falls as 1 / f^p; shapes
    with sharp edges in noise.
    """
    size = (SYNTHETIC_SIDE, SYNTHETIC_SIDE)
    if kind % 3 == 0:
        return slice_and_mask(rng, size)[0]
    white = rng.normal(size=size)
    if kind % 3 == 1:
        frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size[0]), np.fft.fftfreq(size[1])))
        spectrum = np.fft.fft2(white) / np.maximum(frequency, 1 / size[0]) ** rng.uniform(0.3, 1.6)
        field = np.fft.ifft2(spectrum).real
    else:
        smooth = gaussian_filter(white, rng.uniform(4, 16), mode="wrap")
        field = np.round(smooth / smooth.std() * 2) / 2 + rng.normal(size=size) * rng.uniform(0, 1)
    image = 127.5 + field / field.std() * rng.uniform(20, 60)
    return np.clip(np.round(image), 0, 255).astype(np.uint8)


def crops(material: Material, size: int, seed: int) -> SampleStream:
    """Random square crops, flipped and rotated: float32 (1, size, size), 0..255.

    Crops of mixed material (several groups) are also varied, see `varied`.
    """

    def draw(rng: np.random.Generator) -> Tensor:
        group = material[rng.integers(len(material))]
        image = group[rng.integers(len(group))]
        scale = 1.0
        if vary := len(material) > 1 and rng.random() < VARIED:
            scale = rng.uniform(1, max(1, min(2, min(image.shape) / size)))
        side = int(size * scale)
        top, left = (rng.integers(0, n - side + 1) for n in image.shape)
        crop = np.rot90(image[top : top + side, left : left + side], rng.integers(4))
        crop = crop if rng.random() < 0.5 else crop[::-1]
        return torch.from_numpy(
            varied(rng, crop, size) if vary else np.ascontiguousarray(crop, np.float32)
        )[None]

    return SampleStream(draw, seed)


def varied(rng: np.random.Generator, crop: np.ndarray, size: int) -> np.ndarray:
    """A crop scaled to `size`, with changed contrast and brightness, and often some noise.

    float32 whole numbers in 0..255.
    """
    small = Image.fromarray(np.ascontiguousarray(crop)).resize((size, size), Image.Resampling.BOX)
    x = np.array(small, np.float32)
    x = (x - x.mean()) * rng.uniform(0.5, 1.6) + x.mean() + rng.uniform(-30, 30)
    x += rng.normal(size=x.shape) * max(0, rng.uniform(-12, 15))
    return np.clip(np.round(x), 0, 255).astype(np.float32)
