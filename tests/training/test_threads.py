"""Another number of threads sums in another order: it is noted beside every artifact, and stays
within a tolerance.
"""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from promic_nb.datasets.phantom import slice_and_mask
from promic_nb.models.build import build_detector, build_translator
from promic_nb.runs.provenance import Run
from promic_nb.training.data import TranslatorData
from promic_nb.training.detection import train_translator
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver

TOLERANCE = 1e-4  # of each tensor's norm, after four iterations


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_weights_of_a_translator_after_a_short_training(tmp_path, threads):
    # Not a detector's: its proposals are ranked by score, and a rounded last digit can swap two.
    generator = np.random.default_rng(0)
    pixels = [slice_and_mask(np.random.default_rng(i), (256, 256))[0] for i in range(2)]
    latents = [generator.normal(size=(160, 16, 16)).astype("f4") for _ in pixels]
    states = []
    for count in (1, 2):
        threads(count)
        translator = train_translator(
            build_translator("small", 160, lrb=True),
            build_detector("small"),
            TranslatorData(pixels, latents, (256, 256), crop=128),
            Solver(4, 0.02),
            FitOptions(tmp_path / str(count), progress=False),
        )
        states.append(
            {k: v.double() for k, v in translator.state_dict().items() if v.is_floating_point()}
        )
    one, two = states
    apart = {k: float((one[k] - two[k]).norm() / one[k].norm().clamp(min=1e-12)) for k in one}
    assert max(apart.values()) < TOLERANCE, max(apart, key=apart.get)


def test_the_number_of_threads_is_in_the_sidecar(tmp_path, monkeypatch, threads):
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    noted = []
    for count in (1, 2):
        namespace = {"__annotations__": {"threads": int}, "threads": count}
        table = Run.start("07_train_detector", namespace).save_table(
            pd.DataFrame({"a": [1]}), tmp_path / f"t{count}", "A table."
        )
        noted.append(json.loads(table.with_suffix(".json").read_text())["environment"]["threads"])
    assert noted == [1, 2]
