"""What each notebook shows, by the notebook's name."""

from promic_nb.core.registry import Registry
from promic_nb.reporting.drawing import Page

_PAGES = {
    "01_dataset": "dataset",
    "04_rate_distortion": "rate_distortion",
    "05_latents": "latents",
    "08_detection": "detection",
    "09_conformance": "conformance",
    "10_complexity": "complexity",
    "11_transform_coding": "transform_coding",
    "13_deblocking": "deblocking",
    "15_latent_learning": "latent_learning",
    "17_multitask": "multitask",
    "18_extensions": "extensions",
    "21_probes": "probes",
    "23_search_results": "search",
    "24_diagnosis": "diagnosis",
}
PAGES: Registry[Page] = Registry(
    "page", {name: f"promic_nb.reporting.pages.{module}:PAGE" for name, module in _PAGES.items()}
)
