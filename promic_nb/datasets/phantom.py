"""A synthetic stack that looks enough like electron microscopy to develop on: membranes,
mitochondria with cristae, vesicles, noise.

Not micrographs: numbers from it say that the software works, nothing about biology. It is written
in the Lucchi++ layout, so that one reader serves it and real data.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter
from tqdm.auto import tqdm

from promic_nb.datasets.dataset import DataSet
from promic_nb.datasets.layout import SliceStack, Split, stack_ids

VERSION = 1  # raise it when the pictures change
SIZE = (512, 512)
COUNTS = {"Train": 32, "Test": 8}
# Grey values of a stained section.
CYTOPLASM, MEMBRANE, MATRIX, CRISTA, VESICLE = 160.0, 70.0, 112.0, 78.0, 185.0


def slice_and_mask(
    rng: np.random.Generator, size: tuple[int, int] = SIZE
) -> tuple[np.ndarray, np.ndarray]:
    """One synthetic slice, uint8 (H, W), and its mitochondria, bool (H, W)."""
    rows, columns = np.mgrid[: size[0], : size[1]].astype(float)
    warp = [_field(rng, size, 14) * 9 for _ in range(2)]
    image = CYTOPLASM + _field(rng, size, 40) * 8 + _field(rng, size, 3) * 6
    image = _membranes(rng, rows + warp[0], columns + warp[1], image)
    mask = np.zeros(size, bool)
    for _ in range(rng.integers(9, 16)):
        _mitochondrion(rng, rows + warp[1] / 2, columns + warp[0] / 2, image, mask)
    for _ in range(rng.integers(3, 7)):
        _vesicles(rng, rows, columns, image, mask)
    image = gaussian_filter(image, 0.8) + rng.normal(0, 10, size)
    return np.clip(np.round(image), 0, 255).astype(np.uint8), mask


def _field(rng: np.random.Generator, size: tuple[int, int], scale: float) -> np.ndarray:
    """Smooth random field of unit variance with correlation length `scale` pixels."""
    field = gaussian_filter(rng.normal(size=size), scale, mode="wrap")
    return field / field.std()


def _membranes(
    rng: np.random.Generator, rows: np.ndarray, columns: np.ndarray, image: np.ndarray
) -> np.ndarray:
    """Cell borders: a double dark line where two cells of a random Voronoi tessellation meet; each
    cell has its own grey.
    """
    seeds = rng.uniform(-40, np.array(rows.shape) + 40, size=(14, 2))
    distance = np.hypot(rows[..., None] - seeds[:, 0], columns[..., None] - seeds[:, 1])
    order = np.argsort(distance, axis=-1)[..., :2]
    first, second = np.moveaxis(np.take_along_axis(distance, order, -1), -1, 0)
    image = image + rng.normal(0, 9, len(seeds))[order[..., 0]]
    line = np.exp(-(((second - first) / 2 - 4) ** 2) / 4)
    return image * (1 - line) + MEMBRANE * line


def _mitochondrion(
    rng: np.random.Generator,
    rows: np.ndarray,
    columns: np.ndarray,
    image: np.ndarray,
    mask: np.ndarray,
) -> None:
    """Draw one bean-shaped organelle with a dark rim and wavy cristae, unless it would touch
    another one.
    """
    half_length, half_width, angle = rng.uniform(22, 62), rng.uniform(13, 26), rng.uniform(0, np.pi)
    row, column = rng.uniform(0, image.shape[0]), rng.uniform(0, image.shape[1])
    along = (columns - column) * np.cos(angle) + (rows - row) * np.sin(angle)
    across = -(columns - column) * np.sin(angle) + (rows - row) * np.cos(angle)
    across = across + rng.uniform(-0.3, 0.3) * along**2 / half_length  # bend
    radius = (np.abs(along / half_length) ** 2.5 + np.abs(across / half_width) ** 2.5) ** (1 / 2.5)
    if mask[radius < 1.25].any():
        return
    inside = radius < 1
    period = rng.uniform(7, 11)
    waves = np.sin(2 * np.pi * (along + 3 * np.sin(across / rng.uniform(4, 8))) / period)
    texture = np.where(waves > 0.45, CRISTA, MATRIX + rng.normal(0, 5))
    rim = np.exp(-(((radius - 1) * half_width) ** 2) / 5)
    image[inside] = texture[inside]
    image *= 1 - rim
    image += MEMBRANE * rim
    mask |= inside


def _vesicles(
    rng: np.random.Generator,
    rows: np.ndarray,
    columns: np.ndarray,
    image: np.ndarray,
    mask: np.ndarray,
) -> None:
    """Draw a cluster of small bright rings with dark rims outside mitochondria."""
    centre = rng.uniform(0, image.shape)
    for row, column in centre + rng.normal(0, 22, size=(rng.integers(8, 25), 2)):
        radius = rng.uniform(4, 7)
        window = np.s_[
            max(0, int(row) - 12) : max(0, int(row) + 12),
            max(0, int(column) - 12) : max(0, int(column) + 12),
        ]
        distance = np.hypot(rows[window] - row, columns[window] - column)
        if mask[window].any() or not distance.size:
            continue
        rim = np.exp(-((distance - radius) ** 2) / 2.5)
        view = image[window]
        view[distance < radius] = VESICLE
        view *= 1 - rim
        view += (MEMBRANE + 15) * rim


def write_phantom(
    root: Path, *, seed: int = 0, counts: dict[str, int] | None = None, size: tuple[int, int] = SIZE
) -> Path:
    """Write the stack to `root` in the Lucchi++ layout, unless the same one is there; return
    `root`.
    """
    counts = counts or COUNTS
    signature = {"version": VERSION, "seed": seed, "counts": counts, "size": list(size)}
    note = root / "phantom.json"
    if note.is_file() and json.loads(note.read_text()) == signature:
        return root
    part = root.with_name(root.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    with tqdm(
        total=sum(counts.values()), desc="drawing the phantom", unit="slice", leave=False
    ) as bar:
        for stack, (name, count) in enumerate(counts.items()):
            for folder in (part / f"{name}_In", part / f"{name}_Out"):
                folder.mkdir(parents=True)
            for i in range(count):
                image, mask = slice_and_mask(np.random.default_rng((seed, stack, i)), size)
                Image.fromarray(image).save(part / f"{name}_In" / f"mask{i:04d}.png")
                Image.fromarray(mask.astype(np.uint8) * 255).save(part / f"{name}_Out" / f"{i}.png")
                bar.update()
    (part / "phantom.json").write_text(json.dumps(signature))
    shutil.rmtree(root, ignore_errors=True)
    part.replace(root)
    return root


def phantom(root: Path) -> SliceStack:
    """The stack in a folder: every fourth training slice validates."""
    ids = stack_ids(root, "Train_In")
    splits: dict[Split, list[int]] = {
        "train": [i for i in ids if i % 4 != 3],
        "val": [i for i in ids if i % 4 == 3],
        "test": stack_ids(root, "Test_In"),
    }
    return SliceStack("phantom", root, splits, note="synthetic slices, not micrographs")


PHANTOM = DataSet(phantom, lambda cache: write_phantom(cache / "phantom"), synthetic=True)
