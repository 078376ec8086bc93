"""Detector engines by name: the table, and the type of parameters that name one."""

from typing import TYPE_CHECKING, Annotated, Protocol

from promic_nb.core.registry import Registry

if TYPE_CHECKING:
    from promic_nb.models.config import DetectorConfig
    from promic_nb.models.detector import Detector
    from promic_nb.models.translator import DomainTranslator


class EngineFactory(Protocol):
    """What the registry has for an engine: its class, or a function that makes a detector."""

    def __call__(
        self, config: "DetectorConfig", translator: "DomainTranslator | None" = None
    ) -> "Detector":
        """A detector of pixels, or with a translator of latents, with random weights."""
        ...


ENGINES = Registry[EngineFactory](
    "detector engine",
    {
        "torchvision": "promic_nb.models.torchvision_engine:TorchvisionDetector",
        "detectron2": "promic_nb.models.engines:detectron2",
    },
    group="promic_nb.detectors",
)
EngineName = Annotated[str, ENGINES]
