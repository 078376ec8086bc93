"""Data sets by name: the table, and the type of parameters that name one."""

from typing import Annotated

from pydantic import Field

from promic_nb.core.registry import Registry
from promic_nb.datasets.dataset import DataSet

DATASETS = Registry[DataSet](
    "data set",
    {
        "lucchi": "promic_nb.datasets.lucchi:LUCCHI",
        "lucchi_block": "promic_nb.datasets.lucchi:LUCCHI_BLOCK",
        "kasthuri": "promic_nb.datasets.kasthuri:KASTHURI",
        "phantom": "promic_nb.datasets.phantom:PHANTOM",
    },
    group="promic_nb.datasets",
)
# One of these, or the name in the stack.yaml of an own stack: `source.check_source` tells
DatasetName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$",
        description="a data set's name, or the name in the stack.yaml of your own stack",
    ),
]
