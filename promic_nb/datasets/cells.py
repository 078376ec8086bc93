"""Colour images of blood cells: a local copy, or synthetic ones, behind one reader.

    ROOT/images/*.png (or .bmp)     RGB, 8 bits, any size from 32 x 32

The images have to be free of earlier JPEG compression, as they are the truth that restored images
are compared with.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from promic_nb.datasets.layout import read_pixels
from promic_nb.errors import UserError

_REMEDY = "Expected images/*.png or *.bmp, RGB of 8 bits (data/README.md)"
VERSION, COUNT, SIDE, SMALLEST = 1, 40, 96, 32
SHARES = {"train": 0.6, "val": 0.2, "test": 0.2}


@dataclass(frozen=True)
class CellImages:
    """Images of one folder.

    Attributes:
        name: part of every output path: "cells" or "phantom-cells".
        root: the folder that holds `images`.
        names: file names, sorted; an image's id is its place in them.
        note: what a reader of its numbers must know.
    """

    name: str
    root: Path
    names: tuple[str, ...]
    note: str = ""

    def splits(self, seed: int = 100) -> dict[str, list[int]]:
        """Ids of the splits train, val and test, 60/20/20 % drawn by `seed` (section 3.2 of the
        thesis: seeds 100 and 101).
        """
        order = np.random.default_rng(seed).permutation(len(self.names)).tolist()
        first, second = (
            round(SHARES["train"] * len(order)),
            round((1 - SHARES["test"]) * len(order)),
        )
        return {
            "train": sorted(order[:first]),
            "val": sorted(order[first:second]),
            "test": sorted(order[second:]),
        }

    def image(self, image_id: int) -> np.ndarray:
        """uint8 (H, W, 3).

        Raises:
            UserError: the file is missing or damaged, or not an RGB image of 8 bits of at least 32
                x 32.
        """
        path = self.root / "images" / self.names[image_id]
        array = read_pixels(path)
        if (
            array.dtype != np.uint8
            or array.ndim != 3
            or array.shape[2] != 3
            or min(array.shape[:2]) < SMALLEST
        ):
            raise UserError(
                f"{path} has {array.dtype} samples {array.shape}",
                f"Give RGB of 8 bits, at least {SMALLEST} x {SMALLEST}",
            )
        return array

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over the names and bytes of all images."""
        digest = hashlib.sha256()
        for name in self.names:
            digest.update(f"{name}\0".encode() + (self.root / "images" / name).read_bytes())
        return digest.hexdigest()


def open_cells(path: str | Path = "", cache: Path = Path("data")) -> CellImages:
    """Cell images.

    Args:
        path: a folder with `images/`; by default the environment's PROMIC_CELLS, else synthetic
            cells, drawn once into `cache`.

    Raises:
        UserError: no such folder, or too few images in it for three splits.
    """
    path = path or os.environ.get("PROMIC_CELLS", "")
    if not path:
        return _open(
            write_phantom_cells(cache / "phantom-cells"),
            "phantom-cells",
            "synthetic cells, not micrographs",
        )
    return _open(Path(path), "cells", f"local copy of {Path(path).name}")


def _open(root: Path, name: str, note: str) -> CellImages:
    if not (root / "images").is_dir():
        raise UserError(
            f"data folder {root}: no images/ in it"
            if root.is_dir()
            else f"data folder {root} does not exist",
            _REMEDY,
        )
    names = tuple(
        sorted(p.name for p in (root / "images").iterdir() if p.suffix.lower() in (".png", ".bmp"))
    )
    if len(names) < 5:
        raise UserError(
            f"{root / 'images'} holds {len(names)} images",
            f"Three splits need at least 5. {_REMEDY}",
        )
    return CellImages(name, root, names, note)


def draw_cell(rng: np.random.Generator, side: int = SIDE) -> np.ndarray:
    """A synthetic stained smear, uint8 (side, side, 3): pale background, red cells, a white cell
    with granules and a lobed violet nucleus.
    """
    rows, columns = np.mgrid[:side, :side] / side - 0.5

    def smooth(scale: float) -> np.ndarray:
        field = gaussian_filter(rng.normal(size=(side, side)), scale, mode="wrap")
        return field / field.std()

    image = np.ones((side, side, 3)) * (rng.normal((228, 218, 205), 8))

    def paint(
        distance: np.ndarray, colour: tuple[float, float, float], texture: np.ndarray
    ) -> None:
        alpha = 1 / (1 + np.exp(distance * side * 1.2))[..., None]
        image[:] = image * (1 - alpha) + alpha * (np.array(colour) + texture[..., None])

    wobble = 0.015 * smooth(6)
    for _ in range(rng.integers(2, 5)):
        angle = rng.uniform(0, 2 * np.pi)
        distance = np.hypot(rows - 0.5 * np.sin(angle), columns - 0.5 * np.cos(angle))
        paint(
            distance - 0.17 + wobble,
            (214, 160, 150),
            20 * np.exp(-((distance / 0.06) ** 2)) + 2 * smooth(2),
        )
    radius = rng.uniform(0.26, 0.34)
    paint(np.hypot(rows, columns) - radius + wobble, (190, 168, 196), 9 * smooth(1.2))
    for _ in range(rng.integers(1, 5)):
        row, column = rng.normal(0, 0.08, 2)
        paint(
            np.hypot(rows - row, columns - column) - rng.uniform(0.08, 0.15) + wobble,
            (104, 62, 138),
            11 * smooth(1.6) + 3 * smooth(0.7),
        )
    return np.clip(
        np.round(gaussian_filter(image, (0.6, 0.6, 0)) + rng.normal(0, 2.5, image.shape)), 0, 255
    ).astype(np.uint8)


def write_phantom_cells(root: Path, *, seed: int = 0, count: int = COUNT, side: int = SIDE) -> Path:
    """Write synthetic cells to `root`, unless the same ones are there; return `root`."""
    signature = {"version": VERSION, "seed": seed, "count": count, "side": side}
    note = root / "phantom.json"
    if note.is_file() and json.loads(note.read_text()) == signature:
        return root
    shutil.rmtree(root, ignore_errors=True)
    part = root.with_name(f"{root.name}.{os.getpid()}.part")
    (part / "images").mkdir(parents=True)
    for i in range(count):
        Image.fromarray(draw_cell(np.random.default_rng((seed, i)), side)).save(
            part / "images" / f"{i:03d}.png"
        )
    (part / "phantom.json").write_text(json.dumps(signature))
    try:
        part.replace(root)
    except OSError:  # a process beside this one drew them first
        shutil.rmtree(part)
    return root
