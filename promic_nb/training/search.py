"""Hyperparameter search (section 4.1.1, Table 4).

The Optuna study is kept in a file that several processes can share and that survives kills.
"""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.trial import TrialState

from promic_nb.core.fields import PrunerName
from promic_nb.errors import UserError
from promic_nb.training.hyperparameters import SEARCH, Hyperparameters

Limits = Mapping[str, Sequence[float]]
LOGARITHMIC = {"base_lr", "delta_lr"}
ENDED = (TrialState.COMPLETE, TrialState.PRUNED)
NAME = "search"


@dataclass(frozen=True)
class StudyOptions:
    """How a study samples and prunes.

    Attributes:
        pruner: ends trials that fall behind: below the median of the others, or by Hyperband's
            successive halving.
        seed: of the sampler; processes with the same seed would sample the same parameters.
        heartbeat: seconds; a trial silent for twice this time is taken as killed.
        about: what the study searches; must match what an existing study was created for.
    """

    pruner: PrunerName = "none"
    seed: int = 0
    heartbeat: int = 60
    about: Mapping[str, Any] = field(default_factory=dict)


def open_study(file: Path, options: StudyOptions | None = None) -> optuna.Study:
    """Open the study in an SQLite file, or create it. Its objective is maximized.

    The next process queues a killed trial again.

    Raises:
        UserError: the file holds a different search; the first differing key is named.
    """
    options = options or StudyOptions()
    file.parent.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruners = {
        "median": optuna.pruners.MedianPruner,
        "hyperband": optuna.pruners.HyperbandPruner,
        "none": optuna.pruners.NopPruner,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        again = optuna.storages.RetryHeartbeatStaleTrialCallback(inherit_intermediate_values=True)
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{file}",
            {"connect_args": {"timeout": 120}},
            heartbeat_interval=options.heartbeat,
            heartbeat_stale_trial_callback=again,
        )
        study = optuna.create_study(
            storage=storage,
            study_name=NAME,
            direction="maximize",
            load_if_exists=True,
            pruner=pruners[options.pruner](),
        )
        # A process must not repeat what an earlier one with the same seed has sampled.
        state = int(np.random.SeedSequence((options.seed, len(study.trials))).generate_state(1)[0])
        study.sampler = optuna.samplers.TPESampler(seed=state, constant_liar=True)
    for key, value in options.about.items():
        if (known := study.user_attrs.get(key, value)) != value:
            raise UserError(
                f"the study in {file} searches with {key}={known!r}, not {value!r}",
                "Use another file, or delete this one",
            )
        study.set_user_attr(key, value)
    return study


def suggest(trial: optuna.Trial, limits: Limits | None = None) -> Hyperparameters:
    """Suggest parameters within the limits of Table 4, learning rates on a log scale.

    The learning rate never falls by more than its own value.

    Args:
        limits: (lowest, highest), used instead of Table 4's.

    Raises:
        UserError: limits for a parameter that is not searched, or that are not a range.
    """
    space = {**SEARCH, **(limits or {})}
    values: dict[str, Any] = {}
    for name, bounds in space.items():
        if (
            name not in SEARCH
            or len(bounds) != 2
            or not bounds[0] <= bounds[1]
            or (name in LOGARITHMIC and bounds[0] <= 0)
        ):
            raise UserError(
                f"limits {name}: {list(bounds)} are not a range of Table 4",
                f"Give [lowest, highest] of {', '.join(SEARCH)}",
            )
        if name in LOGARITHMIC:
            values[name] = trial.suggest_float(name, *bounds, log=True)
        else:
            values[name] = trial.suggest_int(name, *map(int, bounds))
    return within_learning_rate(values)


def within_learning_rate(values: Mapping[str, Any]) -> Hyperparameters:
    """Sampled values as they are used.

    `delta_lr` is limited to `base_lr`, as in many columns of Tables 10-19.
    """
    return Hyperparameters(**{**values, "delta_lr": min(values["delta_lr"], values["base_lr"])})


def original_number(trial: optuna.Trial) -> int:
    """The trial's number, or that of the killed trial that it repeats."""
    return trial.study.trials[trial.number].system_attrs.get("failed_trial", trial.number)


def ended(study: optuna.Study) -> int:
    """Number of trials that ended, including pruned ones."""
    return len(study.get_trials(deepcopy=False, states=ENDED))


def search(
    study: optuna.Study, objective: Callable[[optuna.Trial], float], trials: int
) -> optuna.Study:
    """Run trials until `trials` trials of the study have ended.

    Earlier trials and those of other processes count.
    """

    def enough(study: optuna.Study, _: Any) -> None:
        parent = multiprocessing.parent_process()
        if ended(study) >= trials or (parent and not parent.is_alive()):
            study.stop()

    if ended(study) < trials:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.optimize(objective, callbacks=[enough])
    return study


def _work(
    file: Path, objective: Callable[[optuna.Trial], float], trials: int, options: StudyOptions
) -> None:
    search(open_study(file, options), objective, trials)


def search_in_parallel(
    file: Path,
    objective: Callable[[optuna.Trial], float],
    trials: int,
    workers: int = 1,
    options: StudyOptions | None = None,
) -> optuna.Study:
    """Run `search` in several processes on one machine.

    For several machines, run it on each with the file on a shared file system.

    Args:
        objective: must be picklable.
        options: of the study; each process samples with its own seed.
    """
    options = options or StudyOptions()
    study = open_study(file, options)
    if workers == 1:
        return search(study, objective, trials)
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        each = [
            pool.submit(_work, file, objective, trials, replace(options, seed=seed))
            for seed in range(1000 * options.seed + 1, 1000 * options.seed + workers + 1)
        ]
        for one in each:
            one.result()
    return study


def trial_table(study: optuna.Study) -> pd.DataFrame:
    """All trials: columns trial, state, value, seconds, and the parameters as used.

    `value` is AP50, 0..1; for a pruned trial, its last report.
    """
    rows = []
    for t in study.trials:
        used = asdict(within_learning_rate(t.params)) if set(t.params) >= set(SEARCH) else {}
        value = (
            t.value
            if t.state == TrialState.COMPLETE
            else (list(t.intermediate_values.values()) or [float("nan")])[-1]
        )
        rows.append(
            {
                "trial": t.number,
                "state": t.state.name.lower(),
                "value": value,
                "seconds": t.duration and t.duration.total_seconds(),
                **used,
            }
        )
    return pd.DataFrame(rows, columns=["trial", "state", "value", "seconds", *SEARCH])


def best(study: optuna.Study) -> Hyperparameters:
    """The best parameters as used; raises `UserError` if no trial was completed."""
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        raise UserError("no trial of the study was completed", "Run more trials")
    return within_learning_rate(study.best_params)


def importances(study: optuna.Study) -> dict[str, float]:
    """Each parameter's share of the objective's variance (PED-ANOVA); they sum to 1.

    Empty if there are too few distinct trials.
    """
    values = {t.value for t in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))}
    return optuna.importance.get_param_importances(study) if len(values) > 3 else {}


def as_tables(found: Mapping[tuple[str, float], Hyperparameters]) -> dict[str, Any]:
    """Parameters by (recipe, target rate in bpp) in the form of Tables 10-19.

    `hyperparameters.tables` reads this form.

    Raises:
        UserError: a recipe lacks one of the rates.
    """
    rates = sorted({rate for recipe, rate in found if recipe != "original"})
    names = [f.name for f in fields(Hyperparameters)]
    tables: dict[str, Any] = {}
    for recipe in dict.fromkeys(r for r, _ in found):
        if recipe == "original":
            tables[recipe] = next(asdict(h) for (r, _), h in found.items() if r == recipe)
            continue
        if missing := [r for r in rates if (recipe, r) not in found]:
            raise UserError(
                f"there is no search for {recipe} at {missing[0]} bpp",
                "Use studies with the same rates for all recipes",
            )
        tables[recipe] = {name: [asdict(found[recipe, r])[name] for r in rates] for name in names}
    return {"rates": rates, "recipes": tables}
