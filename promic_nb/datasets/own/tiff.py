"""Slices in TIFF files: one page, many pages, ImageJ's and OME's."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from tifffile import TiffFile, TiffPageSeries

from promic_nb.errors import UserError

NM = {"m": 1e9, "cm": 1e7, "mm": 1e6, "µm": 1e3, "um": 1e3, "micron": 1e3, "nm": 1.0, "Å": 0.1}


def layout(path: Path) -> tuple[int, tuple[int, int]]:
    """Number and size (H, W) of the slices."""
    with TiffFile(path) as file:
        series = file.series[0]
        count = _count(path, series)
        return count, (series.shape[series.axes.index("Y")], series.shape[series.axes.index("X")])


def read(path: Path, index: int) -> np.ndarray:
    """One slice, (H, W) or (H, W, samples)."""
    with TiffFile(path) as file:
        series = file.series[0]
        if len(series.pages) == _count(path, series) and (page := series.pages[index]) is not None:
            plane, axes = page.asarray(), page.axes
            return np.moveaxis(plane, 0, -1) if axes == "SYX" else plane
    # ImageJ describes a large stack by its first page alone
    return _whole(path, path.stat().st_mtime_ns)[index]


@lru_cache(maxsize=1)
def _whole(path: Path, _changed: int) -> np.ndarray:
    """All slices, (N, H, W) or (N, H, W, samples)."""
    with TiffFile(path) as file:
        series = file.series[0]
        array = series.asarray()
        kept = [series.shape[series.axes.index(a)] for a in "YXS" if a in series.axes]
        if "S" in series.axes and series.axes[-1] != "S":
            array = np.moveaxis(array, series.axes.index("S"), -1)
        return array.reshape(-1, *kept)


def _count(path: Path, series: TiffPageSeries) -> int:
    """Number of slices; a plane of several channels is none."""
    axes, shape = series.axes, series.shape
    if "Y" not in axes or "X" not in axes:
        raise UserError(f"{path} holds {axes} and no image planes", "Export the stack as TIFF")
    if "C" in axes and (channels := shape[axes.index("C")]) > 1:
        raise UserError(f"{path} has {channels} channels", "Export the one that shows the objects")
    return math.prod(n for n, axis in zip(shape, axes, strict=True) if axis not in "YXSC")


def pixel_size_nm(path: Path) -> float | None:
    """Side of a pixel, from OME's or ImageJ's metadata."""
    with TiffFile(path) as file:
        if file.ome_metadata:
            pixels = ElementTree.fromstring(file.ome_metadata).find(".//{*}Pixels")
            size = None if pixels is None else pixels.get("PhysicalSizeX")
            unit = "µm" if pixels is None else pixels.get("PhysicalSizeXUnit", "µm")
            return float(size) * NM[unit] if size and unit in NM else None
        unit = (file.imagej_metadata or {}).get("unit", "")
        tag = file.pages.first.tags.get("XResolution")
        unit = "µm" if unit == "\\u00B5m" else unit
        if unit not in NM or tag is None or not tag.value[0]:
            return None
        return NM[unit] * tag.value[1] / tag.value[0]
