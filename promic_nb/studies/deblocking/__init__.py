"""Restoring JPEG images of blood cells (Hafstrandt Fovaeus and Ma, *JPEG-deblocking of blood cell
images using deep learning*, Lund 2020).
"""

from promic_nb.studies.deblocking.jpeg import jpeg, storage_table
from promic_nb.studies.deblocking.losses import LOSSES, build_loss
from promic_nb.studies.deblocking.networks import NETWORKS, build_network, parameter_count
from promic_nb.studies.deblocking.restore import measure, restore, summary, train_deblocker

__all__ = [
    "LOSSES",
    "NETWORKS",
    "build_loss",
    "build_network",
    "jpeg",
    "measure",
    "parameter_count",
    "restore",
    "storage_table",
    "summary",
    "train_deblocker",
]
