"""Views of a slice: what training shows in place of the slice as it is.

The latent of a mirrored slice is not the mirrored latent of the slice: odd basis functions change
their sign, and pictures are mirrored inside each 16-pixel block too. So a view is made of the
pixels and encoded anew.

Slices are not transposed: they need not be square, and all views have one size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from promic_nb.datasets.boxes import Objects


@dataclass(frozen=True)
class View:
    """How a slice is shown: mirrored, then shifted.

    Attributes:
        horizontal: left and right change places.
        vertical: top and bottom change places.
        shift: pixels by which the content moves up and left, which moves it on the codec's grid
            of 16 pixels; the last rows and columns are repeated.

    Example:
        >>> View(horizontal=True, shift=8).name
        'horizontal+8'
        >>> View(horizontal=True).picture(np.array([[1, 2, 3]])).tolist()
        [[3, 2, 1]]
    """

    horizontal: bool = False
    vertical: bool = False
    shift: int = 0

    @property
    def name(self) -> str:
        """For signatures and tables."""
        parts = {(0, 0): "identity", (1, 0): "horizontal", (0, 1): "vertical", (1, 1): "both"}
        shift = f"+{self.shift}" if self.shift else ""
        return parts[int(self.horizontal), int(self.vertical)] + shift

    def picture(self, array: np.ndarray) -> np.ndarray:
        """A slice or a label image (H, W) in this view, (H, W)."""
        seen = array[:: -1 if self.vertical else 1, :: -1 if self.horizontal else 1]
        s = self.shift
        return np.pad(seen[s:, s:], ((0, s), (0, s)), mode="edge") if s else seen

    def objects(self, found: Objects) -> Objects:
        """The objects of a slice in this view; those that a shift moves out are left out."""
        height, width = found.labels.shape
        x0, y0, x1, y1 = found.boxes.T
        if self.horizontal:
            x0, x1 = width - x1, width - x0
        if self.vertical:
            y0, y1 = height - y1, height - y0
        if s := self.shift:  # what touches the last row or column goes on into the repeated ones
            x0, y0 = (x0 - s).clip(0), (y0 - s).clip(0)
            x1, y1 = np.where(x1 < width, x1 - s, x1), np.where(y1 < height, y1 - s, y1)
        kept = (x0 < x1) & (y0 < y1)
        number = np.concatenate([[0], np.where(kept, kept.cumsum(), 0)]).astype(np.int16)
        boxes = np.stack([x0, y0, x1, y1], axis=1).astype(np.float32)
        labels = number[self.picture(found.labels)]
        return Objects(boxes[kept], labels, found.classes[kept])


_MIRRORED = tuple(View(bool(i & 1), bool(i & 2)) for i in range(4))
IDENTITY = _MIRRORED[:1]
# The views of each training slice, by augmentation. Each list begins with those before it, so that
# latents encoded for one serve the smaller ones too. "grid" mirrors crops of the encoded slice when
# they are drawn, which is wrong for latents; it is kept for the diagnosis (docs/ablation.md).
VIEWS: dict[str, tuple[View, ...]] = {
    "none": IDENTITY,
    "grid": IDENTITY,
    "encoded": _MIRRORED,
    "shifted": _MIRRORED + tuple(View(v.horizontal, v.vertical, 8) for v in _MIRRORED),
}
