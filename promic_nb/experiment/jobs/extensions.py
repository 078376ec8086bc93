"""Variants of ProMIC beyond the dissertation: the same trainings, except for what is varied."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from promic_nb.experiment.jobs.rule import (
    SEED,
    Job,
    Rule,
    artifacts,
    of_run,
    one_of,
    tables,
    with_sidecars,
)
from promic_nb.experiment.jobs.study import (
    guided_translator,
    model,
    signatures,
    trained,
    truth,
)
from promic_nb.experiment.profile import Profile
from promic_nb.experiment.sections import Extensions

ALL = "all"  # rate label of a model for all rates
KIND = "lrb"  # of ProMIC's translator
OF_TRANSLATOR = ("channels", "channel_choice", "rate_input")  # options that affect it, too


def rules(p: Profile) -> dict[str, Rule]:
    """The rules of the extensions by name; none if the profile has no extensions."""
    if not p.extensions:
        return {}
    run, variants = p.run, p.extensions.variants()
    rates = one_of([*p.rates, ALL])
    translator = run.translator(KIND, "{rate}", "{seed}", "{variant}")
    return {
        "extension_translator": Rule(
            p,
            "06_guided_translator",
            partial(extension_translator, p, variants),
            {"model": with_sidecars(run.weights(translator))},
            {"variant": one_of(variants), "rate": rates, "seed": SEED},
            "{variant}-{rate}-seed{seed}",
            training=True,
        ),
        "extension_model": Rule(
            p,
            "07_train_detector",
            partial(extension_model, p, variants),
            trained(p, run.model("{recipe}", "{rate}", "{seed}", "{variant}")),
            {
                "variant": one_of(variants),
                "recipe": one_of(["A", "ProMIC"]),
                "rate": rates,
                "seed": SEED,
            },
            "{variant}-{recipe}-{rate}-seed{seed}",
            training=True,
        ),
        "extensions": Rule(
            p,
            "18_extensions",
            partial(extensions, p, p.extensions),
            {"tables": tables(run, "extensions", "extension_matches", "extension_differences")},
            reported=True,
        ),
    }


def nearest(p: Profile, rate: str) -> str:
    """The rate from which a variant takes its initial model, its teacher and its hyperparameters.

    It is the variant's own rate. A model for all rates takes the highest one, which is closest to
    the originals.
    """
    return list(p.rates)[-1] if rate == ALL else rate


def extension_translator(
    p: Profile, variants: dict[str, dict[str, Any]], variant: str, rate: str, seed: str
) -> Job:
    """GDTT of a variant with its own translator."""
    like = guided_translator(p, KIND, nearest(p, rate), seed)
    options = {k: v for k, v in variants[variant].items() if k in OF_TRANSLATOR}
    folder = p.run.translator(KIND, rate, seed, variant)
    return _varied(p, like, options, rate, seed, folder)


def extension_model(
    p: Profile,
    variants: dict[str, dict[str, Any]],
    variant: str,
    recipe: str,
    rate: str,
    seed: str,
) -> Job:
    """The detector of a variant."""
    options = variants[variant]
    like = model(p, recipe, nearest(p, rate), seed)
    job = _varied(p, like, options, rate, seed, p.run.model(recipe, rate, seed, variant))
    if "translator" not in like.inputs:
        return job
    own = variant if "channels" in options or rate == ALL else ""
    translator = p.run.weights(p.run.translator(KIND, rate, seed, own))
    return Job(
        {**job.parameters, "translator": translator}, {**job.inputs, "translator": translator}
    )


def _varied(
    p: Profile, like: Job, options: dict[str, Any], rate: str, seed: str, folder: Path
) -> Job:
    """A training of the study with a variant's options, in its own folder."""
    changed: dict[str, Any] = {"rate": rate, **options, "folder": folder}
    read = dict(like.inputs)
    if rate == ALL:
        changed |= {"latents": "", "rates": {r: p.run.latents(r) for r in p.rates}}
        read.pop("signature", None)
        read["signatures"] = [file for r in p.rates for file in signatures(p, r)]
    if options.get("channel_choice") == "importance":
        # Channels are ranked by the translator for all of them.
        ranked = p.run.weights(p.run.translator(KIND, rate, seed))
        changed["importance_of"] = read["ranked"] = ranked
    return Job({**like.parameters, **changed}, read)


def extensions(p: Profile, section: Extensions) -> Job:
    """The comparison of the variants with the plain models."""
    plain_rates = list(p.rates) if section.one_model else [section.rate]
    folders = [
        *(
            p.run.model(recipe, rate, seed)
            for recipe in ("A", "ProMIC")
            for rate in plain_rates
            for seed in p.seeds
        ),
        *(
            p.run.model(recipe, rate, seed, variant)
            for variant, options in section.variants().items()
            for recipe in (("A", "ProMIC") if "masks" in options else ("ProMIC",))
            for rate in [ALL if "rate_input" in options else section.rate]
            for seed in p.seeds
        ),
    ]
    results = [p.run.results(folder) for folder in folders]
    values = {"results": results, "rate": section.rate, "config": p.detector}
    read = {"results": results, "detections": [p.run.detections(folder) for folder in folders]}
    return Job({**of_run(p), **values, **artifacts(p)}, {**read, "truth": truth(p)})
