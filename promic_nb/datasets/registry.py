"""The data sets by name, each with its splits, and `open_stack`, which finds, downloads or
generates one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import yaml

from promic_nb.datasets.download import fetch
from promic_nb.datasets.layout import SliceStack, find_root, stack_ids
from promic_nb.datasets.phantom import write_phantom
from promic_nb.errors import UserError


def lucchi(root: Path) -> SliceStack:
    """Lucchi++: 165 training slices split by Table 9, and the test slices that are there (165 in
    the public archive).
    """
    ids = stack_ids(root, "Train_In")
    if ids != list(range(165)):
        missing = sorted(set(range(165)) - set(ids))
        raise UserError(
            f"{root / 'Train_In'} has {len(ids)} slices, not ids 0..164 (missing: {missing[:5]})",
            "Table 9's split needs the whole stack",
        )
    table = yaml.safe_load(files("promic_nb.datasets").joinpath("table9.yaml").read_text())
    validation = table["validation"]
    splits = {
        "train": sorted(set(ids) - set(validation)),
        "val": validation,
        "test": stack_ids(root, "Test_In"),
    }
    return SliceStack("lucchi", root, splits, note="splits by Table 9 of the dissertation")


def kasthuri(root: Path) -> SliceStack:
    """Kasthuri++: the training stack split at random 85 % to 15 % (section 2.6; the draw itself is
    not published: seed 0).
    """
    ids = stack_ids(root, "Train_In")
    validation = sorted(
        np.random.default_rng(0).choice(ids, round(0.15 * len(ids)), replace=False).tolist()
    )
    return SliceStack(
        "kasthuri",
        root,
        {
            "train": sorted(set(ids) - set(validation)),
            "val": validation,
            "test": stack_ids(root, "Test_In"),
        },
        note="seed-0 85/15 split",
    )


def phantom(root: Path) -> SliceStack:
    """The synthetic stack: every fourth training slice validates."""
    ids = stack_ids(root, "Train_In")
    return SliceStack(
        "phantom",
        root,
        {
            "train": [i for i in ids if i % 4 != 3],
            "val": [i for i in ids if i % 4 == 3],
            "test": stack_ids(root, "Test_In"),
        },
        note="synthetic slices, not micrographs",
    )


DATASETS: dict[str, Callable[[Path], SliceStack]] = {
    "lucchi": lucchi,
    "kasthuri": kasthuri,
    "phantom": phantom,
}


def open_stack(name: str, path: str | Path | None = None, cache: Path = Path("data")) -> SliceStack:
    """A data set by name.

    Args:
        name: one of `DATASETS`.
        path: a local copy in the Lucchi++ layout; by default the environment's PROMIC_DATA, else
            the download (the phantom: else generated).
        cache: folder for downloads and the phantom.

    Raises:
        UserError: unknown name, or a copy that does not fit its layout.
    """
    if name not in DATASETS:
        raise UserError(f"data set {name!r} is unknown", f"Choose one of {', '.join(DATASETS)}")
    if name == "phantom":
        return phantom(find_root(Path(path)) if path else write_phantom(cache / "phantom"))
    path = path or os.environ.get("PROMIC_DATA")
    root = find_root(Path(path)) if path else find_root(fetch(name, cache))
    return DATASETS[name](root)
