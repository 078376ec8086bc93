"""Slices and their labels: local copies, downloads and the phantom, behind one reader."""

from __future__ import annotations

import os
from pathlib import Path

from promic_nb.datasets.layout import SliceStack, Split, find_root
from promic_nb.datasets.registry import DATASETS
from promic_nb.datasets.source import check_source, own_folder

__all__ = ["DATASETS", "SliceStack", "Split", "open_stack"]


def open_stack(name: str, path: str | Path | None = None, cache: Path = Path("data")) -> SliceStack:
    """A data set by name.

    Args:
        name: one of `DATASETS`, or the name of an own stack.
        path: the folder of an own stack, with its stack.yaml; or a local copy in the Lucchi++
            layout. By default the environment's PROMIC_DATA, else the download (the phantom: else
            generated).
        cache: folder for downloads and the phantom.

    Raises:
        UserError: unknown name, a copy that does not fit its layout, or an own stack with a
            mistake in its stack.yaml.

    Example:
        >>> import tempfile
        >>> from promic_nb.datasets.phantom import write_phantom
        >>> folder = Path(tempfile.mkdtemp()) / "stack"
        >>> _ = write_phantom(folder, counts={"Train": 4, "Test": 1}, size=(64, 64))
        >>> stack = open_stack("phantom", folder)
        >>> stack.ids("train"), stack.ids("val"), stack.image("test", 0).shape
        ([0, 1, 2], [3], (64, 64))
    """
    check_source(name, str(path or ""))
    if own := own_folder(name, str(path or "")):
        from promic_nb.datasets.own.stack import open_own

        return open_own(own)
    dataset = DATASETS[name]
    if not path and not dataset.synthetic:
        path = os.environ.get("PROMIC_DATA")
    return dataset.split(find_root(Path(path) if path else dataset.bring(cache)))
