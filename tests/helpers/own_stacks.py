"""Own stacks of every form, drawn for tests, as a user's tools would write them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

SIZE = (97, 131)  # odd, as real sections are
# Boxes of the objects in each slice, xyxy pixels; the second and third are of another class.
BOXES = ((10, 12, 40, 30), (60, 20, 100, 45), (20, 60, 52, 88))
CLASSES = (0, 1, 1)


def slices(count: int, size: tuple[int, int] = SIZE) -> list[np.ndarray]:
    """Noise with darker objects, uint8 (H, W), another for each slice."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(count):
        image = rng.normal(150, 20, size)
        for x0, y0, x1, y1 in BOXES:
            image[y0:y1, x0:x1] -= 60
        found.append(image.clip(0, 255).astype(np.uint8))
    return found


def labels(values: tuple[int, int, int], size: tuple[int, int] = SIZE) -> np.ndarray:
    """A label with a value in each object, uint16 (H, W)."""
    label = np.zeros(size, np.uint16)
    for (x0, y0, x1, y1), value in zip(BOXES, values, strict=True):
        label[y0:y1, x0:x1] = value
    return label


def sixteen_bits(image: np.ndarray) -> np.ndarray:
    """The samples of a 12-bit camera with an offset."""
    return (image.astype(np.uint16) * 16) + 500


def folder_of_pngs(
    folder: Path, count: int = 12, values: tuple[int, int, int] = (255, 255, 255)
) -> Path:
    """`em/section_07.png` with `seg/section_07.png`."""
    for name in ("em", "seg"):
        (folder / name).mkdir(parents=True)
    for i, image in enumerate(slices(count)):
        Image.fromarray(image).save(folder / "em" / f"section_{i:02d}.png")
        Image.fromarray(labels(values).astype(np.uint8)).save(
            folder / "seg" / f"section_{i:02d}.png"
        )
    return folder


def ome_tiff(folder: Path, count: int = 12) -> Path:
    """A 16-bit OME-TIFF of 8 nm pixels, with instances in a TIFF of as many pages."""
    folder.mkdir(parents=True)
    tifffile.imwrite(
        folder / "em.ome.tif",
        np.stack([sixteen_bits(image) for image in slices(count)]),
        metadata={"axes": "ZYX", "PhysicalSizeX": 0.008, "PhysicalSizeXUnit": "µm"},
    )
    tifffile.imwrite(folder / "instances.tif", np.stack([labels((1, 2, 3))] * count))
    return folder


def multi_page(folder: Path, count: int = 12) -> Path:
    """ImageJ's TIFF of many slices, 5 nm pixels, and masks alike."""
    folder.mkdir(parents=True)
    about = {"imagej": True, "metadata": {"axes": "ZYX", "unit": "nm"}, "resolution": (0.2, 0.2)}
    tifffile.imwrite(folder / "volume.tif", np.stack(slices(count)), **about)
    masks = np.stack([labels((255, 255, 255)).astype(np.uint8)] * count)
    tifffile.imwrite(folder / "masks.tif", masks, **about)
    return folder


def ome_zarr(folder: Path, count: int = 12, version: int = 2) -> Path:
    """An OME-Zarr of 4 nm pixels with two resolutions, and instances in its `labels`."""
    import zarr

    image = zarr.open_group(folder / "em.zarr", mode="w", zarr_format=version)
    _zarr_image(image, np.stack([sixteen_bits(i) for i in slices(count)]), version)
    group = image.create_group("labels")
    group.attrs["labels"] = ["mito"]
    _zarr_image(group.create_group("mito"), np.stack([labels((1, 2, 3))] * count), version)
    return folder


def _zarr_image(group, volume: np.ndarray, version: int) -> None:
    for name, data in (("0", volume), ("1", volume[:, ::2, ::2])):
        array = group.create_array(name, shape=data.shape, chunks=(1, 64, 64), dtype=data.dtype)
        array[:] = data
    axes = [{"name": a, "type": "space", "unit": "nanometer"} for a in "zyx"]
    scale = [{"type": "scale", "scale": [40.0, 4.0, 4.0]}]
    about = {"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
    scales = [{**about, "version": "0.4"}]
    if version == 2:
        group.attrs["multiscales"] = scales
    else:
        group.attrs["ome"] = {"version": "0.5", "multiscales": scales}


def coco(folder: Path, count: int = 12) -> Path:
    """RGB pictures with a COCO file: a polygon, run lengths and a bare box in each."""
    folder.mkdir(parents=True)
    images, annotations = [], []
    for i, image in enumerate(slices(count)):
        Image.fromarray(np.repeat(image[..., None], 3, axis=2)).save(folder / f"tile{i}.png")
        images.append({"id": 100 + i, "file_name": f"tile{i}.png", "width": 131, "height": 97})
        for k, (x0, y0, x1, y1) in enumerate(BOXES):
            outline: list | dict = [[x0, y0, x1, y0, x1, y1, x0, y1]] if k == 0 else []
            if k == 1:
                flat = labels((0, 1, 0)).ravel(order="F")
                edges = np.flatnonzero(np.diff(flat, prepend=0, append=0))
                counts = np.diff(edges, prepend=0, append=flat.size).tolist()
                outline = {"size": list(SIZE), "counts": counts}
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": 100 + i,
                    "category_id": 7 + CLASSES[k],
                    "bbox": [x0, y0, x1 - x0, y1 - y0],
                    "segmentation": outline,
                    "area": (x1 - x0) * (y1 - y0),
                    "iscrowd": 0,
                }
            )
    categories = [{"id": 7, "name": "healthy"}, {"id": 8, "name": "swollen"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder
