"""Kasthuri++, split at random."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from promic_nb.datasets.dataset import DataSet
from promic_nb.datasets.download import Archive, fetch
from promic_nb.datasets.layout import SliceStack, Split, stack_ids

ARCHIVE = Archive(
    "http://www.casser.io/files/kasthuri_pp.zip",
    "bbb78fd205ec9b57feb8f93ebbdf1666261cbc3e0305e7f11583ab5157a3d792",
    "Kasthuri++",
)


def kasthuri(root: Path) -> SliceStack:
    """The training stack split at random 85 % to 15 % (section 2.6; the draw itself is not
    published: seed 0).
    """
    ids = stack_ids(root, "Train_In")
    validation = sorted(
        np.random.default_rng(0).choice(ids, round(0.15 * len(ids)), replace=False).tolist()
    )
    splits: dict[Split, list[int]] = {
        "train": sorted(set(ids) - set(validation)),
        "val": validation,
        "test": stack_ids(root, "Test_In"),
    }
    return SliceStack("kasthuri", root, splits, note="seed-0 85/15 split")


KASTHURI = DataSet(kasthuri, lambda cache: fetch("kasthuri", ARCHIVE, cache))
