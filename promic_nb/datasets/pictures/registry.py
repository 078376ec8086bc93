"""Picture sets by name: the tables, and the type of parameters that name one."""

from typing import Annotated

from promic_nb.core.registry import Registry

PICTURES = Registry(  # read from a folder, or drawn
    "picture set",
    {
        "gratings": "promic_nb.datasets.pictures.synthetic:GRATINGS",
        "drawn_faces": "promic_nb.datasets.pictures.synthetic:DRAWN_FACES",
        "cifar10": "promic_nb.datasets.pictures.folders:CIFAR10",
        "orl": "promic_nb.datasets.pictures.folders:ORL",
        "imagenet": "promic_nb.datasets.pictures.folders:IMAGENET",
        "voc": "promic_nb.datasets.pictures.folders:VOC",
        "lfw": "promic_nb.datasets.pictures.folders:LFW",
    },
)
PICTURE_SETS = Registry(  # and cut from labelled slices
    "picture set",
    {"mitochondria": "promic_nb.datasets.patches:mitochondria_patches"},
    includes=(PICTURES,),
)
PictureSetName = Annotated[str, PICTURE_SETS]
