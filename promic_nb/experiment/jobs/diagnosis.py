"""The diagnosis: trainings that differ from the profile's own in one thing."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from promic_nb.experiment.jobs.rule import (
    SEED,
    Job,
    Rule,
    artifacts,
    figures,
    of_run,
    one_of,
    tables,
    with_sidecars,
)
from promic_nb.experiment.jobs.study import TRANSLATORS, guided_translator, model, models, trained
from promic_nb.experiment.profile import Profile
from promic_nb.experiment.sections import Diagnosis
from promic_nb.models.recipes import RECIPES

OWN = "own"  # question and setting of the profile's own models


def rules(p: Profile) -> dict[str, Rule]:
    """The rules of the diagnosis by name; none if the profile has none."""
    if not p.diagnosis:
        return {}
    run, settings = p.run, p.diagnosis.settings()
    translator = run.experiment("{setting}", "translator-{lrb}", "{rate}", "{seed}")
    common = {"setting": one_of(settings), "rate": one_of(p.rates), "seed": SEED}
    return {
        "diagnosis_translator": Rule(
            p,
            "06_guided_translator",
            partial(diagnosis_translator, p, p.diagnosis),
            {"model": with_sidecars(run.weights(translator))},
            {**common, "lrb": one_of(TRANSLATORS.values())},
            "{setting}-{lrb}-{rate}-seed{seed}",
            training=True,
        ),
        "diagnosis_model": Rule(
            p,
            "07_train_detector",
            partial(diagnosis_model, p, p.diagnosis),
            trained(p, run.experiment("{setting}", "{recipe}", "{rate}", "{seed}")),
            {**common, "recipe": one_of(RECIPES)},
            "{setting}-{recipe}-{rate}-seed{seed}",
            training=True,
        ),
        "diagnosis": Rule(
            p,
            "24_diagnosis",
            partial(diagnosis, p, p.diagnosis),
            {"tables": tables(run, "diagnosis"), "figures": figures(run, "diagnosis_curves")},
            reported=True,
        ),
    }


def diagnosis_translator(
    p: Profile, section: Diagnosis, setting: str, lrb: str, rate: str, seed: str
) -> Job:
    """GDTT of a setting."""
    like, differs = guided_translator(p, lrb, rate, seed), section.settings()[setting]
    folder = p.run.experiment(setting, f"translator-{lrb}", rate, seed)
    changed = {**differs.common, **differs.translator}
    return Job({**_with(like, changed), "folder": folder}, like.inputs)


def diagnosis_model(
    p: Profile, section: Diagnosis, setting: str, recipe: str, rate: str, seed: str
) -> Job:
    """A detector of a setting.

    Its translator is the profile's own, unless the setting changes it.
    """
    like, differs = model(p, recipe, rate, seed), section.settings()[setting]
    folder = p.run.experiment(setting, recipe, rate, seed)
    changed, inputs = {**differs.common, **differs.detector}, dict(like.inputs)
    if RECIPES[recipe].inputs != "latent":
        changed.pop("first_norm", None)
    if RECIPES[recipe].gdtt and (differs.common or differs.translator):
        kind = f"translator-{TRANSLATORS[RECIPES[recipe].lrb]}"
        translator = p.run.weights(p.run.experiment(setting, kind, rate, seed))
        changed["translator"] = inputs["translator"] = translator
    return Job({**_with(like, changed), "folder": folder}, inputs)


def _with(like: Job, changed: dict[str, Any]) -> dict[str, Any]:
    """Parameters with others in their place; options of the solver are merged."""
    if "solver" in changed:
        changed = {**changed, "solver": {**like.parameters["solver"], **changed["solver"]}}
    return {**like.parameters, **changed}


def diagnosis(p: Profile, section: Diagnosis) -> Job:
    """The table of all settings beside the profile's own models."""
    folders: dict[str, list[Path]] = {f"{OWN}.{OWN}": models(p)}
    for question, each in section.questions.items():
        for name in each.settings:
            folders[f"{question}.{name}"] = [
                p.run.experiment(f"{question}.{name}", recipe, rate, seed)
                for recipe in each.recipes
                for rate in each.rates or p.rates
                for seed in p.seeds
            ]
    results = {name: [p.run.results(f) for f in each] for name, each in folders.items()}
    values = {
        "results": results,
        "questions": {name: each.asks for name, each in section.questions.items()},
    }
    read = [file for each in results.values() for file in each]
    return Job({**of_run(p), **values, **artifacts(p)}, {"results": read})
