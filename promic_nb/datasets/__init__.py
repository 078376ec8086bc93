"""Slices and their labels: local copies, downloads and the phantom, behind one reader."""

from promic_nb.datasets.layout import SliceStack, Split
from promic_nb.datasets.registry import DATASETS, open_stack

__all__ = ["DATASETS", "SliceStack", "Split", "open_stack"]
