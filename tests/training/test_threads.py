"""Another number of threads sums in another order: it is noted beside every artifact, and stays
within a tolerance.
"""

import json

import pandas as pd
import pytest
import torch

from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.models.build import build_detector
from promic_nb.runs.provenance import Run
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.detection import train_detector
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import Solver

TOLERANCE = 1e-4  # of each tensor's norm, after four iterations


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_weights_after_a_short_training(tmp_path, tiny, threads):
    ids = tiny.ids("train")
    slices = Slices(
        [tiny.image("train", i) for i in ids],
        [boxes_from_mask(tiny.mask("train", i)) for i in ids],
        (256, 256),
    )
    states = []
    for count in (1, 2):
        threads(count)
        model = train_detector(
            build_detector("small"),
            DetectorData(slices, crop=128),
            Solver(4, 0.02),
            FitOptions(tmp_path / str(count), progress=False),
        )
        states.append(
            {k: v.double() for k, v in model.state_dict().items() if v.is_floating_point()}
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
