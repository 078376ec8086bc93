"""Slices in OME-Zarr images (https://ngff.openmicroscopy.org, versions 0.4 and 0.5), at their
full resolution.
"""

from __future__ import annotations

import math
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from promic_nb.errors import UserError

NM = {"nanometer": 1.0, "micrometer": 1e3, "millimeter": 1e6, "angstrom": 0.1, "meter": 1e9}


def layout(path: Path) -> tuple[int, tuple[int, int]]:
    """Number and size (H, W) of the slices."""
    array, axes, _ = _open(path)
    leading = array.shape[:-2]
    if "c" in axes and (channels := leading[axes.index("c")]) > 1:
        raise UserError(f"{path} has {channels} channels", "Export the one that shows the objects")
    return math.prod(leading), (array.shape[-2], array.shape[-1])


def read(path: Path, index: int) -> np.ndarray:
    """One slice, (H, W)."""
    array, _, _ = _open(path)
    return np.asarray(array[tuple(map(int, np.unravel_index(index, array.shape[:-2])))])


def pixel_size_nm(path: Path) -> float | None:
    """Side of a pixel, from the scale of the x axis."""
    _, _, scales = _open(path)
    unit = next((a.get("unit") for a in scales["axes"] if a["name"] == "x"), None)
    for step in scales["datasets"][0].get("coordinateTransformations", []):
        if step["type"] == "scale" and unit in NM:
            return float(step["scale"][-1]) * NM[unit]
    return None


def _open(path: Path) -> tuple[Any, list[str], dict[str, Any]]:
    """The array of full resolution, the names of its axes, and the image's metadata."""
    if find_spec("zarr") is None:
        raise UserError(
            f"{path} is Zarr, and the package zarr is not installed",
            "Install it: pip install zarr",
        )
    import zarr

    group = zarr.open_group(path, mode="r")
    about: Any = dict(group.attrs)
    about = about.get("ome", about)  # version 0.5 keeps it one level deeper
    if not isinstance(about, dict) or not about.get("multiscales"):
        raise UserError(f"{path} is Zarr without OME's metadata", "Give an OME-Zarr image")
    scales = about["multiscales"][0]
    axes = [axis["name"] for axis in scales["axes"]]
    if axes[-2:] != ["y", "x"]:
        raise UserError(f"{path} has the axes {', '.join(axes)}", "The last two must be y and x")
    array: Any = group[scales["datasets"][0]["path"]]
    return array, axes, scales
