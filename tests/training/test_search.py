"""The search: within Table 4's limits, resumed after a kill, shared by processes, and with results
that a profile can train with.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace

import optuna
import pandas as pd
import pytest
import torch
import yaml

from promic_nb.errors import UserError
from promic_nb.training.hyperparameters import SEARCH, Hyperparameters, get, tables
from promic_nb.training.objective import DetectorObjective, Report
from promic_nb.training.search import (
    StudyOptions,
    as_tables,
    best,
    ended,
    importances,
    open_study,
    search,
    suggest,
    trial_table,
)

WORK = """
import os, sys, time
from pathlib import Path
from promic_nb.training.search import StudyOptions, search_in_parallel, suggest

def objective(trial):
    found = suggest(trial)
    trial.set_user_attr("process", os.getpid())
    trial.report(0.5, 1)
    if sys.argv[3] == "hang" and trial.number == 2:
        Path(sys.argv[1]).with_suffix(".hangs").touch()
        time.sleep(600)
    time.sleep(0.5)
    return found.base_lr

if __name__ == "__main__":
    search_in_parallel(Path(sys.argv[1]), objective, 6, int(sys.argv[2]), StudyOptions(heartbeat=1))
"""


def start(file: Path, workers: int, mode: str) -> subprocess.Popen:
    script = file.with_name("work.py")
    script.write_text(WORK)
    return subprocess.Popen(
        [sys.executable, script, file, str(workers), mode],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def test_a_killed_search_resumes_the_interrupted_trial(tmp_path):
    file = tmp_path / "study.db"
    process = start(file, 1, "hang")
    deadline = time.monotonic() + 300
    while (
        not file.with_suffix(".hangs").exists()
        and process.poll() is None
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the search ended before it could be killed"
    assert file.with_suffix(".hangs").exists(), "the search did not come to its third trial"
    study = open_study(file)
    assert ended(study) == 2
    time.sleep(3)  # two heartbeats and a little
    assert start(file, 1, "").wait() == 0
    cut = study.trials[2]
    again = next(t for t in study.trials if t.system_attrs.get("failed_trial") == 2)
    assert ended(study) == 6 and cut.state == optuna.trial.TrialState.FAIL
    assert again.params == cut.params and again.state == optuna.trial.TrialState.COMPLETE
    assert (
        len({str(t.params) for t in study.trials}) == len(study.trials) - 1
    )  # a new process does not repeat the old one's samples


def test_two_processes_share_a_study(tmp_path):
    assert start(tmp_path / "study.db", 2, "").wait() == 0
    done = [
        t
        for t in open_study(tmp_path / "study.db").trials
        if t.state == optuna.trial.TrialState.COMPLETE
    ]
    assert len({t.user_attrs["process"] for t in done}) == 2
    assert 6 <= len(done) <= 7  # the other may be within a trial when the last one ends
    assert len({str(t.params) for t in done}) == len(done)


@pytest.fixture
def study(tmp_path):
    """Twenty trials whose value depends on the learning rate alone."""
    study = open_study(tmp_path / "study.db", StudyOptions(about={"recipe": "B"}))
    return search(study, lambda trial: suggest(trial).base_lr, 20)


def test_samples_lie_within_table_4(study):
    table = trial_table(study)
    assert (
        len(table) == 20
        and (table.state == "complete").all()
        and (table.value == table.base_lr).all()
    )
    for name, (low, high) in SEARCH.items():
        assert table[name].between(low, high).all()
    assert (table.delta_lr <= table.base_lr).all()
    assert (
        table.base_lr.head(10).median() < 0.2
    )  # TPE begins with ten random samples: over the logarithm, half of them lie below 0.01


def test_importances_find_the_parameter_that_matters(study):
    found = importances(study)
    assert set(found) == set(SEARCH) and max(found, key=found.get) == "base_lr"
    assert sum(found.values()) == pytest.approx(1)
    assert best(study).base_lr == trial_table(study).base_lr.max()


def test_a_file_with_another_search_is_refused(study, tmp_path):
    with pytest.raises(UserError, match=r"searches with recipe='B', not 'F'"):
        open_study(tmp_path / "study.db", StudyOptions(about={"recipe": "F"}))


def test_a_study_without_a_finished_trial_has_no_best(tmp_path):
    empty = open_study(tmp_path / "study.db")
    assert importances(empty) == {} and trial_table(empty).empty
    with pytest.raises(UserError, match="no trial"):
        best(empty)


@pytest.mark.parametrize(
    "limits", [{"rate": [1, 2]}, {"batch": [4]}, {"batch": [8, 4]}, {"base_lr": [0, 1]}]
)
def test_invalid_limits_are_named(limits):
    trial = optuna.create_study().ask()
    with pytest.raises(UserError, match=f"limits {next(iter(limits))}: "):
        suggest(trial, limits)


def test_diverged_and_poor_trainings_are_pruned():
    study = optuna.create_study(direction="maximize", pruner=optuna.pruners.MedianPruner())
    trainer = SimpleNamespace(global_step=7, callback_metrics={"AP50": torch.tensor(0.5)})
    for _ in range(6):
        trial = study.ask()
        Report(trial).on_validation_end(trainer, None)
        study.tell(trial, 0.5)
    late = Report(study.ask())
    late.on_train_batch_end(trainer, None, {"loss": torch.tensor(1.0)})
    with pytest.raises(optuna.TrialPruned, match="diverged at iteration 7"):
        late.on_train_batch_end(trainer, None, {"loss": torch.tensor(float("nan"))})
    trainer.callback_metrics["AP50"] = torch.tensor(0.1)
    with pytest.raises(optuna.TrialPruned, match="behind the others after evaluation 1"):
        late.on_validation_end(trainer, None)


def test_results_can_be_used_in_a_profile(tmp_path):
    found = {
        ("B", 0.25): get("B", 0.25),
        ("B", 0.12): get("B", 0.12),
        ("original", 0.0): get("original"),
    }
    file = tmp_path / "found.yaml"
    file.write_text(yaml.safe_dump(as_tables(found)))
    assert tables(str(file))["rates"] == [0.12, 0.25]
    for (recipe, rate), values in found.items():
        assert get(recipe, rate, str(file)) == values
    with pytest.raises(UserError, match=r"no search for C at 0\.25 bpp"):
        as_tables(found | {("C", 0.12): Hyperparameters(**asdict(get("C", 0.12)))})


def test_a_trial_trains_a_detector(tmp_path, tiny_root):
    limits = {"base_lr": [1e-3, 2e-2], "batch": [1, 2], "initial": [1, 2], "interval": [1, 2]}
    problem = DetectorObjective(
        "original",
        "phantom",
        str(tiny_root),
        str(tmp_path),
        steps=4,
        eval_every=2,
        crop=128,
        limits=limits,
    )
    study = search(open_study(tmp_path / "study.db"), problem, 1)
    (trial,) = study.trials
    log = pd.read_csv(tmp_path / "trial0" / "metrics.csv")
    assert list(trial.intermediate_values.values()) == pytest.approx(log.AP50.dropna().to_list())
    assert trial.value == pytest.approx(
        max(trial.intermediate_values.values())
    )  # the best weights are kept


def test_a_recipe_that_trains_no_detector_is_refused(tmp_path):
    with pytest.raises(UserError, match="recipe D trains only its translator"):
        DetectorObjective("D", "phantom", "", str(tmp_path), steps=4, eval_every=2)
