"""Passages of the documentation that are made from the published tables.

Each is a function of the published tables that gives Markdown, without the newlines around it.
"""

from collections.abc import Callable

from promic_nb.core.registry import Registry
from promic_nb.reporting.published import Published

_PLACES = {
    "ap50_figure": "ablation:ap50_figure",
    "ablation_summary": "ablation:summary",
    "ablation_order": "ablation:order",
    "ablation_tau": "ablation:tau",
    "ablation_differences": "ablation:differences",
    "ablation_ap50": "ablation:ap50",
    "cross_rate": "ablation:cross_rate",
    "features": "ablation:features",
    "diagnosis": "ablation:diagnosis",
    "extensions_rates": "extensions:rates",
    "extensions_variants": "extensions:variants",
    "extensions_operations": "extensions:operations",
    "extensions_differences": "extensions:differences",
    "codec_bd_rates": "codecs:bd_rates",
    "latent_learners": "learning:learners",
    "latent_gains": "learning:gains",
    "multitask_faces": "learning:faces",
    "multitask_classes": "learning:classes",
    "multitask_cosine": "learning:cosine",
    "deblocking_reach": "deblocking:reach",
    "deblocking_storage": "deblocking:storage",
    "deblocking_means": "deblocking:means",
}
TEXTS: Registry[Callable[[Published], str]] = Registry(
    "text", {name: f"promic_nb.reporting.texts.{place}" for name, place in _PLACES.items()}
)
