"""What every data set of labelled slices is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from promic_nb.datasets.layout import SliceStack


@dataclass(frozen=True)
class DataSet:
    """What the registry has for a data set.

    Attributes:
        split: the stack in a folder of the Lucchi++ layout, with its splits.
        bring: puts the data set into a cache folder once, by a download or by drawing it, and
            returns its folder.
        synthetic: drawn, so that the environment's PROMIC_DATA does not stand for it.
    """

    split: Callable[[Path], SliceStack]
    bring: Callable[[Path], Path]
    synthetic: bool = False
