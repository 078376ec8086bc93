"""Data sets and picture sets by name: the tables, and the types of parameters that name one."""

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
PICTURES = Registry(  # read from a folder, or drawn
    "picture set",
    {
        "gratings": "promic_nb.datasets.synthetic:GRATINGS",
        "drawn_faces": "promic_nb.datasets.synthetic:DRAWN_FACES",
        "cifar10": "promic_nb.datasets.picture_sets:CIFAR10",
        "orl": "promic_nb.datasets.picture_sets:ORL",
        "imagenet": "promic_nb.datasets.picture_sets:IMAGENET",
        "voc": "promic_nb.datasets.picture_sets:VOC",
        "lfw": "promic_nb.datasets.picture_sets:LFW",
    },
)
PICTURE_SETS = Registry(  # and cut from labelled slices
    "picture set",
    {"mitochondria": "promic_nb.datasets.patches:mitochondria_patches"},
    includes=(PICTURES,),
)
DatasetName = Annotated[str, DATASETS]
PictureSetName = Annotated[str, PICTURE_SETS]
