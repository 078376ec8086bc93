"""Detector engines by name: the table, and the type of parameters that name one."""

from typing import Annotated

from promic_nb.core.registry import Registry

ENGINES = Registry(
    "detector engine",
    {
        "torchvision": "promic_nb.models.torchvision_engine:TorchvisionDetector",
        "detectron2": "promic_nb.models.engines:detectron2",
    },
    group="promic_nb.detectors",
)
EngineName = Annotated[str, ENGINES]
