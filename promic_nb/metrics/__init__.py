"""What is measured: image quality, detection, and the deltas between curves over rate."""

from promic_nb.metrics.batch import compute_table
from promic_nb.metrics.bjontegaard import Delta, bd_quality, bd_rate
from promic_nb.metrics.curves import bd_rate_table, mean_curves
from promic_nb.metrics.detection import (
    AP_NAMES,
    Detections,
    ap_family,
    average_precision,
    mean_average_precision,
)
from promic_nb.metrics.masks import mask_average_precision
from promic_nb.metrics.quality import METRICS, Metric, compute

__all__ = [
    "AP_NAMES",
    "METRICS",
    "Delta",
    "Detections",
    "Metric",
    "ap_family",
    "average_precision",
    "bd_quality",
    "bd_rate",
    "bd_rate_table",
    "compute",
    "compute_table",
    "mask_average_precision",
    "mean_average_precision",
    "mean_curves",
]
