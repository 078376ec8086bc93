"""The dissertation's study, from slices to the ablation tables."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from promic_nb.experiment.differences import differences
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
    weight_files,
    with_sidecars,
)
from promic_nb.experiment.profile import Profile
from promic_nb.models.recipes import RECIPES, STUDIES

TRANSLATORS = {False: "base", True: "lrb"}  # kind, by whether it has the LRB
START = "start"  # the A that others start from, where the compared A is trained for longer
BEFORE_MODELS = 1  # priority of the longest chain; other jobs fill the gaps


def rules(p: Profile) -> dict[str, Rule]:
    """The rules of the study by name."""
    run = p.run
    start_rule = Rule(
        p,
        "07_train_detector",
        partial(start_model, p),
        trained(p, run.model(START, "{rate}", "{seed}")),
        {"rate": one_of(p.rates), "seed": SEED},
        f"{START}-{{rate}}-seed{{seed}}",
        training=True,
        priority=BEFORE_MODELS,
    )
    return {
        **({"start_model": start_rule} if p.equal_budget else {}),
        "dataset": Rule(
            p,
            "01_dataset",
            partial(dataset, p),
            {
                "tables": tables(run, "table2", "objects", "split_mitochondria"),
                "figure": figures(run, "samples"),
            },
            reported=True,
        ),
        "benchmark": Rule(
            p,
            "03_codec_benchmark",
            partial(benchmark, p),
            {"table": tables(run, "benchmark_{codec}")},
            {"codec": one_of(p.benchmark.codecs)},
            "{codec}",
        ),
        "rate_distortion": Rule(
            p,
            "04_rate_distortion",
            partial(rate_distortion, p),
            {
                "tables": tables(run, "bd_rate", "coding_cost", "rate_floors"),
                "figures": figures(
                    run,
                    "rate_distortion",
                    "coding_cost_plot",
                    *(f"rd_{metric}" for metric in p.benchmark.metrics),
                ),
            },
            reported=True,
        ),
        "latents": Rule(
            p,
            "05_latents",
            partial(latents, p),
            {
                "signatures": signatures(p, "{rate}"),
                "table": tables(run, "rates_{rate}"),
                "figure": figures(run, "latent_{rate}"),
            },
            {"rate": one_of(p.rates)},
            "{rate}",
            priority=BEFORE_MODELS,
        ),
        "guided_translator": Rule(
            p,
            "06_guided_translator",
            partial(guided_translator, p),
            {"model": with_sidecars(run.weights(run.translator("{lrb}", "{rate}", "{seed}")))},
            {"lrb": one_of(TRANSLATORS.values()), "rate": one_of(p.rates), "seed": SEED},
            "{lrb}-{rate}-seed{seed}",
            training=True,
            priority=BEFORE_MODELS,
        ),
        "model": Rule(
            p,
            "07_train_detector",
            partial(model, p),
            trained(p, run.model("{recipe}", "{rate}", "{seed}")),
            {"recipe": one_of(RECIPES), "rate": one_of([*p.rates, "pixels"]), "seed": SEED},
            "{recipe}-{rate}-seed{seed}",
            training=True,
            priority=BEFORE_MODELS,
        ),
        "detection": Rule(
            p,
            "08_detection",
            partial(detection, p),
            {
                "tables": tables(
                    run,
                    *("ap", "ap_over_seeds", "bd_ap", "bd_ap_seeds", "table5", "table6", "ranking"),
                    *("matches", "test_slices", "ap_differences", "bd_ap_differences"),
                    *("falls_at_highest_rate", "differences"),
                ),
                "figures": figures(
                    run, "ap50_over_rate", "ap75_over_rate", "ap_all", "bd_ap_ranking"
                ),
            },
            reported=True,
        ),
        "conformance": Rule(
            p,
            "09_conformance",
            partial(conformance, p),
            {"table": tables(run, "conformance")},
            reported=True,
        ),
        "complexity": Rule(
            p,
            "10_complexity",
            partial(complexity, p),
            {"tables": tables(run, "table7", "table8", "decoder_complexity")},
            reported=True,
        ),
    }


def dataset(p: Profile) -> Job:
    """The data set's description and samples (Table 2)."""
    return Job({**of_stack(p), "every": 1, **artifacts(p)}, {"data": p.run.data})


def benchmark(p: Profile, codec: str) -> Job:
    """Rate, quality and cost of one codec on test slices."""
    settings = p.benchmark.codecs[codec]
    values = {
        "codec": codec,
        "settings": settings,
        "every": p.benchmark.every,
        "metrics": p.benchmark.metrics,
        "tables": p.run.tables,
    }
    weights = weight_files(codec, settings, p.dataset)
    return Job({**of_stack(p), **values}, {"data": p.run.data, "weights": weights})


def rate_distortion(p: Profile) -> Job:
    """All codecs together, including those measured on other data sets."""
    own = [p.run.table(f"benchmark_{codec}") for codec in p.benchmark.codecs]
    others = [
        file for run in p.run.others() for file in sorted(run.tables.glob("benchmark_*.parquet"))
    ]
    values = {
        "benchmarks": [*own, *others],
        "references": p.benchmark.references,
        "every": p.benchmark.every,
    }
    inputs: dict[str, Path | list[Path]] = {
        "data": p.run.data,
        "tables": own,
        "others": others,
    }
    return Job({**of_stack(p), **values, **artifacts(p)}, inputs)


def latents(p: Profile, rate: str) -> Job:
    """Slices encoded at one rate point."""
    point = p.rates[rate]
    values = {
        "rate": rate,
        "codec": point.codec,
        "settings": point.settings,
        "train_every": p.slices.train,
        "test_every": p.slices.test,
        "val_every": p.slices.val,
        "augmentation": p.augmentation,
        "folder": p.run.latents(rate),
    }
    weights = weight_files(point.codec, [point.settings], p.dataset)
    return Job({**of_stack(p), **values, **artifacts(p)}, {"data": p.run.data, "weights": weights})


def guided_translator(p: Profile, lrb: str, rate: str, seed: str) -> Job:
    """GDTT: a translator learns to output the stage-2 features of model A."""
    teacher = weights_of(p, first(p), rate, seed)
    values = {
        "rate": rate,
        "lrb": lrb == TRANSLATORS[True],
        "engine": p.engine,
        "teacher": teacher,
        "latents": p.run.latents(rate),
        "first_norm": STUDIES[p.study].first_norm,
        "augmentation": p.augmentation,
        **p.guided_training(lrb == TRANSLATORS[True], rate),
        "seed": int(seed),
        "folder": p.run.translator(lrb, rate, seed),
    }
    return Job(
        {**of_stack(p), **values},
        {"signature": p.run.signature(rate, "train"), "teacher": teacher},
    )


def model(p: Profile, recipe: str, rate: str, seed: str) -> Job:
    """The training of a detector.

    All but `original` start from an earlier model. Recipes with GDTT also use a guided translator.
    """
    plan = RECIPES[recipe]
    reads: dict[str, Any] = {}
    inputs: dict[str, Path | list[Path]] = {"data": p.run.data}
    if plan.inputs != "original":
        reads["latents"] = p.run.latents(rate)
        inputs["signatures"] = signatures(p, rate)
        reads["start"] = inputs["start"] = start(p, recipe, rate, seed)
    if plan.inputs == "latent":
        reads["first_norm"] = STUDIES[p.study].first_norm
    if plan.gdtt:
        kind = TRANSLATORS[plan.lrb]
        translator = p.run.weights(p.run.translator(kind, rate, seed))
        reads["translator"] = inputs["translator"] = translator
    values = {
        "recipe": recipe,
        "rate": rate,
        "config": p.detector,
        "engine": p.engine,
        "weights": p.weights,
        **reads,
        **p.training(recipe, rate),
        "crop": p.crop,
        "augmentation": p.augmentation,
        "tested": p.tested,
        "study": p.study,
        "train_every": p.slices.train,
        "test_every": p.slices.test,
        **validation(p),
        "seed": int(seed),
        "folder": p.run.model(recipe, rate, seed),
        "figures": p.run.figures,
    }
    if recipe == "A" and p.equal_budget:
        values["steps"] = p.guided.steps + p.latent.steps
    return Job({**of_stack(p), **values}, inputs)


def start_model(p: Profile, rate: str, seed: str) -> Job:
    """The A that latent models and the A of equal budget start from."""
    own = p.model_copy(update={"equal_budget": False})
    job = model(own, "A", rate, seed)
    return Job({**job.parameters, "folder": p.run.model(START, rate, seed)}, job.inputs)


def detection(p: Profile) -> Job:
    """The tables and figures of the ablation, compared with the published values."""
    results = [p.run.results(folder) for folder in models(p)]
    values = {"results": results, "min_points": p.min_bd_points, "singles": not p.smoke}
    values["differences"] = differences(p)
    claims = Path("promic_nb") / "claims" / "dissertation.yaml"
    return Job(
        {**of_run(p), **values, **artifacts(p)},
        {
            "results": results,
            "detections": [p.run.detections(folder) for folder in models(p)],
            "truth": truth(p),
            "claims": claims,
        },
    )


def truth(p: Profile) -> list[Path]:
    """The tables that say which slices are tested, and which objects they have."""
    return [p.run.table("objects"), *(p.run.table(f"rates_{rate}") for rate in p.rates)]


def conformance(p: Profile) -> Job:
    """Metrics against reference values."""
    references = Path("promic_nb") / "metrics" / "conformance.yaml"
    return Job({"profile": p.profile, "tables": p.run.tables}, {"references": references})


def complexity(p: Profile) -> Job:
    """Operations and time of each path from a bitstream to boxes."""
    height, width = (256, 256) if p.smoke else (768, 1024)
    values = {"timed_height": height, "timed_width": width, "tables": p.run.tables}
    return Job({"profile": p.profile, **values})


def models(p: Profile) -> list[Path]:
    """The folders of all detectors of the ablation."""
    pixels = [p.run.model("original", "pixels", s) for s in p.seeds if "original" in p.recipes]
    latent = [r for r in p.recipes if r != "original"]
    return pixels + [
        p.run.model(recipe, rate, s)
        for recipe in latent
        for rate in p.rates_of(recipe)
        for s in p.seeds
    ]


def weights_of(p: Profile, recipe: str, rate: str, seed: int | str) -> Path:
    """The weights of a detector of the ablation."""
    return p.run.weights(p.run.model(recipe, rate, seed))


def start(p: Profile, recipe: str, rate: str, seed: int | str) -> Path:
    """The model that a training starts from.

    It is the first A for models on latents and for an A of equal budget, `original` for the first
    A.
    """
    if RECIPES[recipe].inputs == "latent" or (recipe == "A" and p.equal_budget):
        return weights_of(p, first(p), rate, seed)
    return weights_of(p, "original", "pixels", seed)


def first(p: Profile) -> str:
    """The name of the A that latent models start from."""
    return START if p.equal_budget else "A"


def signatures(p: Profile, rate: str) -> list[Path]:
    """The signatures of the latents of each split."""
    splits = ["train", "test", *(["val"] if p.slices.val else [])]
    return [p.run.signature(rate, split) for split in splits]


def trained(p: Profile, folder: Path) -> dict[str, list[Path]]:
    """The files that a detector's training writes to its folder."""
    return {
        "model": with_sidecars(p.run.weights(folder)),
        "tables": with_sidecars(p.run.results(folder), p.run.detections(folder)),
    }


def validation(p: Profile) -> dict[str, Any]:
    """The validation slices that a training reads.

    It reads them only if it evaluates; a profile that evaluates has some.
    """
    return {"val_every": p.slices.val} if p.slices.val else {}
