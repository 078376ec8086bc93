"""Weight averaging: what is kept is the average, and a resumed training has the same one."""

from functools import partial

import lightning
import numpy as np
import pandas as pd
import pytest
import torch

from promic_nb.datasets.boxes import boxes_from_mask
from promic_nb.models.adapters import ChannelSelection
from promic_nb.models.build import build_detector
from promic_nb.models.recipes import RECIPES
from promic_nb.training.data import DetectorData, Slices
from promic_nb.training.detection import train_detector
from promic_nb.training.fine_tuning import FineTuning, train_recipe
from promic_nb.training.fit import SampleStream, fit
from promic_nb.training.log import curve
from promic_nb.training.options import FitOptions, Loop
from promic_nb.training.samples import collate, detection_crops
from promic_nb.training.solver import Solver
from promic_nb.training.tasks import DetectorTask

DECAY = 0.9


class Falling(lightning.LightningModule):
    """One weight that starts at 10 and loses 1 in each iteration."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(10.0))

    def training_step(self, _, __):
        return self.weight

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1.0)


def averaged(folder, steps, upto=None):
    stream = SampleStream(lambda rng: torch.zeros(1), 0)
    options = FitOptions(folder, progress=False, checkpoint_every=2)
    task = fit(Falling(), stream, Loop(upto or steps, 1, average=DECAY), options)
    return task.weight.item()


def expected(steps):
    """The average starts at the first weight and moves a tenth of the way to each later one."""
    average = 9.0
    for k in range(2, steps + 1):
        average = DECAY * average + (1 - DECAY) * (10 - k)
    return average


def test_the_average_is_exponential(tmp_path):
    assert averaged(tmp_path, 6) == pytest.approx(expected(6), rel=1e-6)


def test_a_resumed_average_goes_on(tmp_path):
    averaged(tmp_path, 6, upto=4)
    assert averaged(tmp_path, 6) == pytest.approx(expected(6), rel=1e-6)
    assert averaged(tmp_path, 6) == pytest.approx(expected(6), rel=1e-6)  # nothing left to do


def test_whole_numbers_are_not_averaged(tmp_path):
    """The numbers of a translator's channels; averages of floats, rounded down, lose them."""
    task = Falling()
    task.channels = ChannelSelection(range(160))
    stream = SampleStream(lambda rng: torch.zeros(1), 0)
    fit(task, stream, Loop(30, 1, average=DECAY), FitOptions(tmp_path, progress=False))
    assert task.channels.index.tolist() == list(range(160))
    assert task.weight.item() == pytest.approx(expected(30), rel=1e-6)


@pytest.fixture(scope="module")
def slices(tiny):
    return {
        split: Slices(
            [tiny.image(split, i) for i in tiny.ids(split)],
            [boxes_from_mask(tiny.mask(split, i)) for i in tiny.ids(split)],
            (256, 256),
        )
        for split in ("train", "val")
    }


def test_the_best_average_is_kept(tmp_path, slices):
    """The evaluated and returned weights are the average, not those of the last iteration."""
    data = DetectorData(slices["train"], slices["val"], crop=128)
    solver = Solver(4, 0.02, average=0.5, eval_every=2)
    model = train_detector(
        build_detector("small"), data, solver, FitOptions(tmp_path, progress=False)
    )
    best = torch.load(tmp_path / "best.ckpt", weights_only=True)
    key = next(iter(model.state_dict()))
    assert torch.equal(model.state_dict()[key], best["state_dict"][f"model.{key}"])
    assert not torch.equal(
        best["state_dict"][f"model.{key}"], best["current_model_state"][f"model.{key}"]
    )
    found = curve(tmp_path)
    assert found.iteration.tolist() == [2, 4] and set(found.phase) == {""}
    assert found.AP50.between(0, 1).all()


def test_a_resumed_detector_ends_at_the_same_average(tmp_path, slices):
    def trained(folder, upto):
        train = slices["train"]
        stream = detection_crops(train.inputs, train.boxes, train.size, 128, seed=5)
        model = build_detector("small")
        task = DetectorTask(model, Solver(4, 0.01))
        options = FitOptions(folder, progress=False, checkpoint_every=2)
        loop = Loop(upto, 2, 5.0, average=0.5)
        fit(task, stream, loop, options, collate=partial(collate, cell=1))
        return model.state_dict()

    whole = trained(tmp_path / "whole", 4)
    trained(tmp_path / "cut", 2)
    resumed = trained(tmp_path / "cut", 4)
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())


def test_the_curve_of_two_phases_counts_on(tmp_path):
    """As PD-FT logs them: each phase counts its iterations from 0."""
    for phase, steps in (("frozen", [1, 3]), ("free", [1, 3, 5])):
        (tmp_path / phase).mkdir()
        rows = {"step": steps, "AP50": np.linspace(0.1, 0.5, len(steps)), "loss": 1.0}
        pd.DataFrame(rows).to_csv(tmp_path / phase / "metrics.csv", index=False)
    found = curve(tmp_path)
    assert found.iteration.tolist() == [2, 4, 6, 8, 10]
    assert found.phase.tolist() == ["frozen"] * 2 + ["free"] * 3


def test_the_curve_has_no_phases_of_an_earlier_training(tmp_path, slices):
    """The same folder with PD-FT, with its frozen phase alone, and as one training."""
    data = DetectorData(slices["train"], slices["val"], crop=128)
    solver, options = Solver(2, 1e-3, eval_every=1), FitOptions(tmp_path, progress=False)
    seen = []
    for name, share in (("C", 0.5), ("C", 1.0), ("original", 0.0), ("C", 0.0), ("D", 0.0)):
        tuning = FineTuning(frozen_share=share)
        train_recipe(RECIPES[name], build_detector("small"), data, solver, tuning, options)
        seen.append(curve(tmp_path).phase.tolist())
    assert seen == [["frozen", "free"], ["frozen"] * 2, [""] * 2, ["free"] * 2, []]


def test_a_training_that_does_not_evaluate_has_no_curve(tmp_path):
    assert curve(tmp_path).empty and list(curve(tmp_path)) == ["phase", "iteration", "AP50"]
