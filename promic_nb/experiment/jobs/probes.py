"""Probes of trained models.

They are feature maps of stages 3 and 4 (Figs. 25 and 26), and models on inputs of other rates
(section 4.3.1.2).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from promic_nb.experiment.jobs.rule import (
    SEED,
    Job,
    Rule,
    artifacts,
    figures,
    of_run,
    of_stack,
    one_of,
    tables,
    tables_in,
    with_sidecars,
)
from promic_nb.experiment.jobs.study import model, start, trained, weights_of
from promic_nb.experiment.profile import Profile
from promic_nb.experiment.sections import Probes

ALONE = "C"  # the recipe whose PD-FT is made to train the translator alone
CROSSED = ["cross_rate", "matches", "test_slices"]


def rules(p: Profile) -> dict[str, Rule]:
    """The rules of the probes by name; none if the profile has no probes."""
    if not p.probes:
        return {}
    run, probes, seed = p.run, p.probes, "{seed}"
    folder = run.features(probes.rate, seed)
    crossed = run.cross_rate("{recipe}", "{seed}")
    return {
        "translator_alone": Rule(
            p,
            "07_train_detector",
            partial(translator_alone, p, probes),
            trained(p, run.translator_alone(probes.rate, seed)),
            {"seed": SEED},
            f"translator-alone-{probes.rate}-seed{{seed}}",
            training=True,
        ),
        **_without_start(p, probes),
        "features": Rule(
            p,
            "19_features",
            partial(features, p, probes),
            {
                "table": with_sidecars(*tables_in(folder, ["feature_correlation"])),
                "arrays": with_sidecars(folder / "feature_means.npz"),
            },
            {"seed": SEED},
            "seed{seed}",
        ),
        "cross_rate": Rule(
            p,
            "20_cross_rate",
            partial(cross_rate, p, probes),
            {"tables": with_sidecars(*tables_in(crossed, CROSSED))},
            {"recipe": one_of(probes.cross), "seed": SEED},
            "{recipe}-seed{seed}",
        ),
        "probes": Rule(
            p,
            "21_probes",
            partial(shown, p, probes),
            {
                "tables": tables(
                    run,
                    *("feature_correlation", "features", "frozen_stages", "cross_rate"),
                    *(["starting_weights"] if p.weights != "none" else []),
                    "cross_rate_differences",
                ),
                "figures": figures(
                    run, "feature_correlation_plot", "feature_means", "cross_rate_plot"
                ),
            },
            reported=True,
        ),
    }


def translator_alone(p: Profile, probes: Probes, seed: str) -> Job:
    """A detector on latents in which only the translator is trained."""
    plain = model(p, ALONE, probes.rate, seed)
    own = {
        "fine_tuning": {"frozen_share": 1.0, "frozen_parts": "detector"},
        "folder": p.run.translator_alone(probes.rate, seed),
    }
    return Job({**plain.parameters, **own}, plain.inputs)


def _without_start(p: Profile, probes: Probes) -> dict[str, Rule]:
    """The rule of a model that starts from the profile's pretrained weights, if it has some."""
    if p.weights == "none":
        return {}
    rate, seed = probes.rate, p.seeds[0]
    return {
        "pretrained_model": Rule(
            p,
            "07_train_detector",
            partial(pretrained_model, p, probes),
            trained(p, p.run.pretrained(rate, seed)),
            label=f"{p.weights}-{rate}-seed{seed}",
            training=True,
        )
    }


def pretrained_model(p: Profile, probes: Probes) -> Job:
    """The fully trained model, but from the profile's pretrained weights instead of model A's."""
    seed = p.seeds[0]
    plain = model(p, probes.full, probes.rate, str(seed))
    changed = {"start": "", "folder": p.run.pretrained(probes.rate, seed)}
    return Job(
        {**plain.parameters, **changed},
        {role: files for role, files in plain.inputs.items() if role != "start"},
    )


def features(p: Profile, probes: Probes, seed: str) -> Job:
    """Feature maps of that model and of a fully trained one, compared with model A's."""
    rate = probes.rate
    compared: dict[str, Path | list[Path]] = {
        "reference": start(p, ALONE, rate, seed),
        "full": weights_of(p, probes.full, rate, seed),
        "translator": p.run.weights(p.run.translator_alone(rate, seed)),
    }
    values = {
        "rate": rate,
        "engine": p.engine,
        **compared,
        "latents": p.run.latents(rate),
        "every": probes.every,
        "seed": int(seed),
        "folder": p.run.features(rate, seed),
    }
    inputs = {"data": p.run.data, "signature": p.run.signature(rate, "test"), **compared}
    return Job({**of_stack(p), **values}, inputs)


def cross_rate(p: Profile, probes: Probes, recipe: str, seed: str) -> Job:
    """The models of one recipe on latents of all rates."""
    models = {rate: weights_of(p, recipe, rate, seed) for rate in p.rates_of(recipe)}
    values = {
        "recipe": recipe,
        "engine": p.engine,
        "models": models,
        "latents": {rate: p.run.latents(rate) for rate in p.rates},
        "every": probes.every,
        "seed": int(seed),
        "folder": p.run.cross_rate(recipe, seed),
    }
    return Job(
        {**of_stack(p), **values},
        {
            "data": p.run.data,
            "signatures": [p.run.signature(rate, "test") for rate in p.rates],
            "models": list(models.values()),
        },
    )


def shown(p: Profile, probes: Probes) -> Job:
    """The tables and figures of the probes."""
    rate = probes.rate
    folders = [p.run.features(rate, seed) for seed in p.seeds]
    full = [p.run.results(p.run.model(probes.full, rate, seed)) for seed in p.seeds]
    alone = [p.run.results(p.run.translator_alone(rate, seed)) for seed in p.seeds]
    starts = (
        {"pixels": full[0], p.weights: p.run.results(p.run.pretrained(rate, p.seeds[0]))}
        if p.weights != "none"
        else {}
    )
    crossed = [
        tables_in(p.run.cross_rate(recipe, seed), CROSSED)
        for recipe in probes.cross
        for seed in p.seeds
    ]
    features_made = [
        file
        for folder in folders
        for file in with_sidecars(
            folder / "feature_correlation.parquet", folder / "feature_means.npz"
        )
    ]
    return Job(
        {
            **of_run(p),
            "features": folders,
            "alone": alone,
            "full": full,
            "starts": starts,
            "cross_rates": [t[0] for t in crossed],
            **artifacts(p),
        },
        {
            "features": features_made,
            "cross": [file for t in crossed for file in t],
            "results": [*alone, *full, *starts.values()],
        },
    )
