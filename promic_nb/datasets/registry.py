"""Data sets by name: the table, and the type of parameters that name one."""

from typing import Annotated

from promic_nb.core.registry import Registry
from promic_nb.datasets.dataset import DataSet

DATASETS = Registry[DataSet](
    "data set",
    {
        "lucchi": "promic_nb.datasets.lucchi:LUCCHI",
        "kasthuri": "promic_nb.datasets.kasthuri:KASTHURI",
        "phantom": "promic_nb.datasets.phantom:PHANTOM",
    },
    group="promic_nb.datasets",
)
DatasetName = Annotated[str, DATASETS]
