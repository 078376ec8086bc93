"""The learning networks of the study by name; nothing here needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from promic_nb.core.registry import Registry

if TYPE_CHECKING:
    from promic_nb.studies.latent_learning.learner import Architecture

_HERE = "promic_nb.studies.latent_learning.learners"
# Runs choose from these: each is compared with a network on pixels (`tables.ON_PIXELS`).
LATENT_LEARNERS: Registry[Architecture] = Registry(
    "learner",
    {
        "resnet41": f"{_HERE}.resnet:RESNET41",
        "mobilenetv2_45": f"{_HERE}.mobilenet:MOBILENETV2_45",
    },
)
OTHER_LEARNERS: Registry[Architecture] = Registry(
    "learner",
    {
        "resnet49": f"{_HERE}.resnet:RESNET49",
        "resnet50": f"{_HERE}.resnet:RESNET50",
        "mobilenetv2": f"{_HERE}.mobilenet:MOBILENETV2",
    },
)
LEARNERS: Registry[Architecture] = Registry(
    "learner", {}, includes=(LATENT_LEARNERS, OTHER_LEARNERS)
)

LearnerName = Annotated[str, LATENT_LEARNERS]
