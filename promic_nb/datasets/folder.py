"""Images of any folder as grey slices, for what needs no labels."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from promic_nb.datasets.own.manifest import has_manifest
from promic_nb.datasets.own.planes import SUFFIXES, image_files, planes_of, read
from promic_nb.datasets.own.stack import grey8, open_own
from promic_nb.errors import UserError


def read_folder(folder: Path, part: slice = slice(None)) -> dict[str, np.ndarray]:
    """The slices of a folder by name, in order; uint8 (H, W), colour as luma.

    They are those of its `stack.yaml` if it has one, otherwise all its images, whatever their
    sizes.

    Args:
        part: which of them, such as `slice(1, None, 2)` for every second one.

    Raises:
        UserError: no such folder, no images in it or in the part, a damaged image, or one of more
            than 8 bits where no `stack.yaml` gives a window.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder", "Name a folder of images")
    if has_manifest(folder):
        stack = open_own(folder)
        planes, window = list(stack.planes), stack.window
    else:
        files = image_files(folder)
        planes, window = [plane for file in files for plane in planes_of(file)], None
    if not planes[part]:
        raise UserError(
            f"{folder} has {len(planes)} images, none of them in the part that was asked for",
            f"Images are files that end in {', '.join(SUFFIXES)}",
        )
    return {plane.name: grey8(read(plane), window, str(plane)) for plane in planes[part]}


def check_stack(images: dict[str, np.ndarray], least: int, side: int) -> tuple[int, int]:
    """The common size (height, width) of images that are slices of one stack.

    Args:
        least: how many are needed.
        side: shortest side allowed.

    Raises:
        UserError: too few, several sizes, or too small.
    """
    if len(images) < least:
        raise UserError(f"the stack has {len(images)} slices", f"It takes at least {least}")
    first, size = next((name, image.shape) for name, image in images.items())
    for name, image in images.items():
        if image.shape != size:
            raise UserError(
                f"{name} has {image.shape[0]}x{image.shape[1]} samples, "
                f"{first} has {size[0]}x{size[1]}",
                "Slices of a stack have one size: crop them, or take them apart",
            )
    if min(size) < side:
        raise UserError(
            f"the slices have {size[0]}x{size[1]} samples", f"Both sides must be at least {side}"
        )
    return size[0], size[1]
