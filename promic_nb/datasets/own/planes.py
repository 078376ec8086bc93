"""The slices in image files of many kinds, one plane at a time: PNG and other pictures, TIFF of one
or many pages, OME-TIFF and OME-Zarr.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from promic_nb.datasets.layout import MAX_SAMPLES, read_pixels
from promic_nb.datasets.own import tiff, zarr
from promic_nb.errors import UserError

PICTURES = (".png", ".bmp", ".jpg", ".jpeg", ".pgm", ".webp")
TIFFS = (".tif", ".tiff")
ZARR = ".zarr"
SUFFIXES = (*PICTURES, *TIFFS, ZARR)
LOOKED_AT = 8  # slices from which the kind of labels and the window are told
_PNG_RGB16 = ((16, 2), (16, 6))  # bits and colour type, which Pillow would reduce to 8 bits


Item = TypeVar("Item")


@dataclass(frozen=True)
class Plane:
    """One slice.

    Attributes:
        path: of the file, or of the OME-Zarr folder.
        index: of the slice in it.
        of: number of slices in it.
    """

    path: Path
    index: int = 0
    of: int = 1

    def __str__(self) -> str:
        return f"{self.path} (slice {self.index})" if self.of > 1 else str(self.path)

    @property
    def name(self) -> str:
        """A name for files that are made from the slice.

        Example:
            >>> Plane(Path("a/em.tif"), 3, 20).name, Plane(Path("b/007.png")).name
            ('em_0003', '007')
        """
        stem = self.path.name.removesuffix(self.path.suffix).removesuffix(".ome")
        return f"{stem}_{self.index:04d}" if self.of > 1 else stem


def planes_of(path: Path) -> list[Plane]:
    """The slices in a file or OME-Zarr folder, in order.

    Raises:
        UserError: no such file, of no readable kind, damaged, of several channels, or too large.
    """
    with _reading(path):
        if is_zarr(path):
            count, size = zarr.layout(path)
        elif path.suffix.lower() in TIFFS:
            count, size = tiff.layout(path)
        elif path.suffix.lower() in PICTURES:
            return [Plane(path)]
        else:
            raise UserError(
                f"{path} is no image that can be read", f"Readable: {', '.join(SUFFIXES)}"
            )
    if size[0] * size[1] > MAX_SAMPLES:
        raise UserError(
            f"{path} claims more than {MAX_SAMPLES} samples a slice", "Cut the slices into parts"
        )
    return [Plane(path, i, count) for i in range(count)]


def read(plane: Plane) -> np.ndarray:
    """The samples of a slice as they are stored, (H, W), or (H, W, 3 or 4) in colour.

    Raises:
        UserError: a missing or damaged file.
    """
    path = plane.path
    with _reading(path):
        if is_zarr(path):
            return zarr.read(path, plane.index)
        if path.suffix.lower() in TIFFS:
            return tiff.read(path, plane.index)
        return _png_rgb16(path) if _is_png_rgb16(path) else read_pixels(path)


def pixel_size_nm(path: Path) -> float | None:
    """Side of a pixel in nanometres as the file's metadata says it; None where it does not."""
    with _reading(path):
        if is_zarr(path):
            return zarr.pixel_size_nm(path)
        return tiff.pixel_size_nm(path) if path.suffix.lower() in TIFFS else None


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group."""
    return path.is_dir() and any((path / name).is_file() for name in (".zgroup", "zarr.json"))


def matching(folder: Path, pattern: str) -> list[Path]:
    """Files and Zarr groups in a folder that match a glob, in natural order: 2 before 10.

    Raises:
        UserError: a glob that leads out of the folder.
    """
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        raise UserError(f"{folder}: {pattern!r} leads out of the folder", "Give a path below it")
    found = folder.glob(pattern)
    return sorted((p for p in found if p.is_file() or is_zarr(p)), key=natural)


def image_files(folder: Path) -> list[Path]:
    """The files and Zarr groups in a folder that can be read as images, in natural order."""
    return [path for path in matching(folder, "*") if path.suffix.lower() in SUFFIXES]


def some_of(items: Sequence[Item]) -> Sequence[Item]:
    """A few items, evenly apart, where looking at all would take long.

    Example:
        >>> some_of(range(20))[:3]
        range(0, 6, 2)
    """
    return items[:: max(1, len(items) // LOOKED_AT)][:LOOKED_AT]


def natural(path: Path) -> list[tuple[bool, int, str]]:
    """A sort key by which numbers in names count as numbers.

    Example:
        >>> sorted([Path("s10.png"), Path("s2.png")], key=natural)[0].name
        's2.png'
    """
    parts = re.split(r"(\d+)", path.as_posix())
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]


def _is_png_rgb16(path: Path) -> bool:
    if path.suffix.lower() != ".png" or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(26)
    return len(head) == 26 and (head[24], head[25]) in _PNG_RGB16


def _png_rgb16(path: Path) -> np.ndarray:
    import imagecodecs

    data = path.read_bytes()
    width, height = (int.from_bytes(data[i : i + 4], "big") for i in (16, 20))
    if width * height > MAX_SAMPLES:
        raise UserError(f"{path} claims more than {MAX_SAMPLES} samples", "Cut the slice")
    return imagecodecs.png_decode(data)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """One line for whatever a decoder of another library raises for a damaged file."""
    try:
        yield
    except UserError:
        raise
    except FileNotFoundError:
        raise UserError(f"{path} is missing", "Put it back, or edit stack.yaml") from None
    except Exception as error:
        raise UserError(
            f"{path} cannot be read as an image ({error or type(error).__name__})",
            "Copy or export the file again",
        ) from None
