"""Picture sets by name: the tables, and the type of parameters that name one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from promic_nb.core.registry import Registry

if TYPE_CHECKING:
    from promic_nb.datasets.pictures import PictureSet

PICTURES: Registry[PictureSet] = Registry(  # read from a folder, or drawn
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
PICTURE_SETS: Registry[Any] = Registry(  # and cut from labelled slices
    "picture set",
    {"mitochondria": "promic_nb.datasets.patches:mitochondria_patches"},
    includes=(PICTURES,),
)
PictureSetName = Annotated[str, PICTURE_SETS]
