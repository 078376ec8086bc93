"""Lucchi++, split as in the dissertation."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import yaml

from promic_nb.datasets.dataset import DataSet
from promic_nb.datasets.download import Archive, fetch
from promic_nb.datasets.layout import SliceStack, Split, stack_ids
from promic_nb.errors import UserError

ARCHIVE = Archive(
    "http://www.casser.io/files/lucchi_pp.zip",
    "770ce9e98fc6f29c1b1a250c637e6c5125f2b5f1260e5a7687b55a79e2e8844d",
    "Lucchi++",
)


def lucchi(root: Path) -> SliceStack:
    """165 training slices split by Table 9, and the test slices that are there (165 in the public
    archive).
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
    splits: dict[Split, list[int]] = {
        "train": sorted(set(ids) - set(validation)),
        "val": validation,
        "test": stack_ids(root, "Test_In"),
    }
    return SliceStack("lucchi", root, splits, note="splits by Table 9 of the dissertation")


def lucchi_block(root: Path) -> SliceStack:
    """The same slices with the end of the training stack for validation.

    Table 9 takes its validation slices from between the training slices, 5 nm away from them, where
    a model that has learned its slices by heart does well. Here they are the last 40, and the five
    before them are left out.
    """
    whole = lucchi(root)
    ids = sorted({*whole.ids("train"), *whole.ids("val")})
    splits: dict[Split, list[int]] = {
        "train": ids[:-45],
        "val": ids[-40:],
        "test": whole.ids("test"),
    }
    note = "validation slices: the end of the training stack"
    return SliceStack("lucchi_block", root, splits, note=note)


LUCCHI = DataSet(lucchi, lambda cache: fetch("lucchi", ARCHIVE, cache))
LUCCHI_BLOCK = DataSet(lucchi_block, LUCCHI.bring)
