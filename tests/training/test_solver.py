"""The learning-rate schedule of section 4.1.1, and what the optimizer treats how."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from promic_nb.errors import UserError
from promic_nb.models.build import build_detector, build_translator
from promic_nb.training.data import TranslatorData
from promic_nb.training.detection import train_translator
from promic_nb.training.fit import one_cycle
from promic_nb.training.options import FitOptions
from promic_nb.training.solver import OPTIONS, TABLE3, Solver, fast_bfloat16

# Appendix B, Table 10: the detector for uncompressed images
TABLE10 = Solver(
    50000,
    1.88e-3,
    1,
    **{
        **TABLE3,
        "delta": 1.01e-3,
        "initial_iteration": 1328,
        "decay_steps": 38,
        "iteration_step": 915,
    },
)


def test_table_10_by_hand():
    step = 1.01e-3 / 38
    expected = {
        0: 1.88e-3,
        1327: 1.88e-3,
        1328: 1.88e-3 - step,
        2242: 1.88e-3 - step,
        2243: 1.88e-3 - 2 * step,
    }
    expected |= {1328 + 37 * 915 - 1: 1.88e-3 - 37 * step, 1328 + 37 * 915: 0.87e-3, 49999: 0.87e-3}
    assert {i: TABLE10.learning_rate_at(i) for i in expected} == pytest.approx(expected, rel=1e-12)


def test_without_decay_steps_the_learning_rate_is_constant():
    solver = Solver(
        10000,
        6e-3,
        schedule="delta",
        delta=1e-4,
        initial_iteration=5000,
        decay_steps=0,
        iteration_step=1000,
    )
    assert {solver.learning_rate_at(i) for i in (0, 4999, 5000, 9999)} == {6e-3}


def test_the_optimizer_follows_the_schedule():
    model = nn.Linear(2, 2)
    solver = Solver(
        6, 0.1, schedule="delta", delta=0.06, initial_iteration=2, decay_steps=3, iteration_step=1
    )
    entry = solver.configure(model)
    rates = []
    for _ in range(6):
        rates.append(entry["optimizer"].param_groups[0]["lr"])
        entry["optimizer"].step()
        entry["lr_scheduler"]["scheduler"].step()
    assert rates == pytest.approx([0.1, 0.1, 0.08, 0.06, 0.04, 0.04])


def test_table_3():
    group = TABLE10.configure(nn.Linear(2, 2))["optimizer"].param_groups[0]
    assert (group["momentum"], group["weight_decay"], group["lr"]) == (0.949, 1e-5, 1.88e-3)
    assert set(TABLE3) < OPTIONS
    on_cpu = "bf16-mixed" if fast_bfloat16() else "32-true"
    assert TABLE10.precision == ("16-mixed" if torch.cuda.is_available() else on_cpu)


def test_norms_do_not_decay():
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    groups = Solver(1, 0.1, weight_decay=0.3).configure(model)["optimizer"].param_groups
    decay = {id(p): g["weight_decay"] for g in groups for p in g["params"]}
    assert [decay[id(p)] for p in model.parameters()] == [0.3, 0.3, 0.0, 0.0]


def test_a_plateau_halves_the_learning_rate(tmp_path):
    """Section 4.1 on a loss that never falls: the first epoch sets the mark, and after
    `plateau_patience` more and one the rate is halved.
    """
    teacher = build_detector("small")
    translator = build_translator("small", 8, lrb=False)
    pixels, latents = [np.zeros((64, 64), np.uint8)], [np.zeros((8, 4, 4), np.float32)]
    solver = Solver(
        12,
        1e-9,
        1,
        schedule="plateau",
        momentum=0.0,
        epoch=2,
        plateau_patience=1,
        min_learning_rate=0,
    )
    train_translator(
        translator,
        teacher,
        TranslatorData(pixels, latents, (64, 64), crop=64),
        solver,
        FitOptions(tmp_path, progress=False),
    )
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)
    assert state["optimizer_states"][0]["param_groups"][0]["lr"] == pytest.approx(
        1e-9 / 4
    )  # epochs 3 and 5 of 6
    log = pd.read_csv(tmp_path / "metrics.csv")
    assert log.epoch_loss[1] == pytest.approx(log.mse[:2].mean())
    assert log.epoch_loss[2] == pytest.approx(log.mse[2])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"schedule": "delta", "delta": 0.2},
            r"delta is 0\.2, outside 0\.\.learning_rate \(0\.1\)",
        ),
        ({"patience": 10}, "patience needs evaluations"),
    ],
)
def test_impossible_settings(options, message):
    with pytest.raises(UserError, match=message):
        Solver(10, 0.1, **options)


@pytest.mark.parametrize(
    ("steps", "warm_up"), [(10, 0.1), (20, 0.05), (1, 0.1), (4, 0.1), (30, 0.1)]
)
def test_one_cycle_takes_any_number_of_steps(steps, warm_up):
    """A rise of up to one iteration has no length: the rate begins at its peak.

    The end is a ten-thousandth of a tenth of it.
    """
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], 1.0)
    schedule = one_cycle(optimizer, 1.0, steps, warm_up)["lr_scheduler"]["scheduler"]
    rates = []
    for _ in range(steps):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step() if len(rates) < steps else None
    assert all(np.isfinite(rates))
    assert rates[-1] == pytest.approx(1e-5) and max(rates) <= 1
    if steps * warm_up == 1:
        assert rates[0] == pytest.approx(1, abs=1e-5)
        middle = 1e-5 + (1 - 1e-5) * (1 + np.cos(np.pi * np.arange(steps) / (steps - 1))) / 2
        assert rates == pytest.approx(middle, abs=1e-5)
