"""The slices that a user names: image files, folders of them, or own stacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from promic_nb.core.window import Window, estimate, luma
from promic_nb.datasets.own.manifest import has_manifest
from promic_nb.datasets.own.planes import (
    SUFFIXES,
    Plane,
    image_files,
    is_zarr,
    pixel_size_nm,
    planes_of,
    read,
    some_of,
)
from promic_nb.datasets.own.stack import grey8, open_own
from promic_nb.errors import UserError

PathLike = str | Path


@dataclass(frozen=True)
class Picture:
    """One slice to work on.

    Attributes:
        plane: where it lies.
        window: samples that become 0 and 255; None for 8 bits.
        pixel_size_nm: side of a pixel; None where it is not known.
    """

    plane: Plane
    window: Window | None = None
    pixel_size_nm: float | None = None

    @property
    def name(self) -> str:
        """For files made from it."""
        return self.plane.name

    def stored(self) -> np.ndarray:
        """Its samples as they are stored."""
        return read(self.plane)

    def pixels(self) -> np.ndarray:
        """uint8 (H, W)."""
        return self.grey(self.stored())

    def grey(self, stored: np.ndarray) -> np.ndarray:
        """uint8 (H, W), of its samples as they are stored."""
        return grey8(stored, self.window, str(self.plane))


def as_paths(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """One path or several, as a list."""
    return [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]


def pictures(
    paths: PathLike | Iterable[PathLike],
    window: Window | None = None,
    pixel_size: float | None = None,
) -> list[Picture]:
    """The slices in files and folders.

    Args:
        paths: image files, OME-Zarr folders, folders of images, or folders with a `stack.yaml`.
        window: for samples that are not 8-bit; by default that of the `stack.yaml`.
        pixel_size: side of a pixel in nanometres; by default what `stack.yaml` or the file says.

    Raises:
        UserError: nothing to read, two slices of one name, or samples that are not 8-bit without
            a window; one is suggested.
    """
    found = [p for path in as_paths(paths) for p in _at(path, window, pixel_size)]
    if not found:
        raise UserError("no images were given", "Name files, or folders that hold them")
    unique([picture.name for picture in found])
    first = found[0]
    if first.window is None and first.stored().dtype not in (np.uint8, bool):
        span = estimate(luma(picture.stored()) for picture in some_of(found))
        raise UserError(
            f"{first.plane} has {first.stored().dtype} samples, and no window says which of them "
            "are black and white",
            f"Give one: --window {span.low:g},{span.high:g} is what these images span",
        )
    return found


def unique(names: Sequence[str]) -> None:
    """Refuse slices of one name, whose results would have one file."""
    if doubled := [name for name, count in Counter(names).items() if count > 1]:
        raise UserError(
            f"{len(names)} inputs, and several are called {doubled[0]!r}",
            "Give them one folder after another, each with its own --out",
        )


def _at(path: Path, window: Window | None, pixel_size: float | None) -> list[Picture]:
    if has_manifest(path):
        stack = open_own(path)
        size = pixel_size or stack.pixel_size_nm
        return [Picture(plane, window or stack.window, size) for plane in stack.planes]
    files = [path]
    if path.is_dir() and not is_zarr(path):
        files = image_files(path)
        if not files:
            raise UserError(f"{path} holds no images", f"Readable are {', '.join(SUFFIXES)}")
    return [
        Picture(plane, window, size)
        for file in files
        for size in [pixel_size or pixel_size_nm(file)]
        for plane in planes_of(file)
    ]
