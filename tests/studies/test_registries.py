import subprocess
import sys

import pytest
from pydantic import TypeAdapter, ValidationError

from promic_nb.studies.deblocking.registry import BACKBONES, LOSSES, NETWORKS, LossName
from promic_nb.studies.latent_learning.registry import LATENT_LEARNERS, LEARNERS
from promic_nb.studies.latent_learning.tables import ON_PIXELS


def test_a_name_is_checked_without_torch():
    code = """
import sys
from pydantic import TypeAdapter
from promic_nb.studies.deblocking.registry import Backbone, LossName, NetworkName, TrainedOn
from promic_nb.studies.latent_learning.registry import LearnerName
for kind, name in [(Backbone, "none"), (LossName, "mse"), (NetworkName, "jjnet"),
                   (TrainedOn, "75"), (LearnerName, "resnet41")]:
    TypeAdapter(kind).validate_python(name)
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_entry_can_be_imported():
    for registry in (NETWORKS, LOSSES, BACKBONES, LEARNERS):
        assert all(callable(entry) or entry.build for entry in registry.values())


def test_every_learner_on_latents_has_one_on_pixels():
    assert list(ON_PIXELS) == list(LATENT_LEARNERS)
    assert set(ON_PIXELS.values()) <= set(LEARNERS)


def test_a_misspelt_loss_is_refused():
    with pytest.raises(ValidationError, match="loss 'perceptaul' is unknown"):
        TypeAdapter(LossName).validate_python("perceptaul")


def test_networks_have_modules_of_their_own():
    modules = [NETWORKS.module(name) for name in NETWORKS]
    assert len(set(modules)) == 8  # jjnet and its variant share one
