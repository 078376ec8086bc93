"""The related studies that the profile has settings for."""

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
    weight_files,
    with_sidecars,
)
from promic_nb.experiment.profile import Profile
from promic_nb.experiment.sections import Deblocking, LatentLearning, Multitask, TransformCoding

LEARNED = ("learned", "rates", "channels", "networks")
MULTITASK = ("classification", "cosine", "faces", "parameters")


def rules(p: Profile) -> dict[str, Rule]:
    """The rules of the related studies by name."""
    made: dict[str, Rule] = {}
    if p.studies.transform_coding:
        made |= transform_coding_rules(p, p.studies.transform_coding)
    if p.studies.deblocking:
        made |= deblocking_rules(p, p.studies.deblocking)
    if p.studies.latent_learning:
        made |= latent_learning_rules(p, p.studies.latent_learning)
    if p.studies.multitask:
        made |= multitask_rules(p, p.studies.multitask)
    return made


def transform_coding_rules(p: Profile, study: TransformCoding) -> dict[str, Rule]:
    return {
        "transform_coding": Rule(
            p,
            "11_transform_coding",
            partial(transform_coding, p, study),
            {
                "tables": tables(p.run, "transform_jpeg", "transform_threshold"),
                "figures": figures(p.run, "dft_dct"),
            },
            reported=True,
        )
    }


def transform_coding(p: Profile, study: TransformCoding) -> Job:
    """JPEG step by step (document 002)."""
    return Job({**of_stack(p), **study.model_dump(), **artifacts(p)}, {"data": p.run.data})


def deblocking_rules(p: Profile, study: Deblocking) -> dict[str, Rule]:
    folder = p.run.deblocking("{network}", "{loss}", "{trained_on}", "{seed}", not p.cells)
    return {
        "train_deblocking": Rule(
            p,
            "12_train_deblocking",
            partial(train_deblocking, p, study),
            {
                "model": with_sidecars(p.run.weights(folder)),
                "table": with_sidecars(*tables_in(folder, ["results"])),
            },
            {
                "network": r"[a-z_]+",
                "loss": r"[a-z_]+",
                "trained_on": r"\d+|random",
                "seed": SEED,
            },
            "{network}-{loss}-{trained_on}-seed{seed}",
            training=True,
        ),
        "deblocking": Rule(
            p,
            "13_deblocking",
            partial(deblocking, p, study),
            {
                "tables": tables(
                    p.run, "deblocking_summary", "deblocking_reach", "deblocking_outliers"
                ),
                "figures": figures(p.run, "deblocking_violins", "deblocking_change"),
            },
            reported=True,
        ),
    }


def train_deblocking(
    p: Profile, study: Deblocking, network: str, loss: str, trained_on: str, seed: str
) -> Job:
    """One network for JPEG deblocking of cell images (document 003)."""
    settings = study.model_dump(
        include={"qualities", "steps", "batch", "crop", "backbone", "every"}
    )
    values = {
        "profile": p.profile,
        "cells": p.cells,
        "network": network,
        "loss": loss,
        "trained_on": trained_on,
        "seed": int(seed),
        **settings,
        "folder": p.run.deblocking(network, loss, trained_on, seed, not p.cells),
    }
    return Job(values, {"cells": cell_files(p)})


def deblocking(p: Profile, study: Deblocking) -> Job:
    """The gains of the deblocking networks."""
    results = [
        p.run.deblocking(network, loss, trained_on, seed, not p.cells) / "results.parquet"
        for network, loss, trained_on in study.trainings()
        for seed in study.seeds
    ]
    values = {"cells": p.cells, "results": results, "shown": study.qualities}
    return Job(
        {"profile": p.profile, **values, **artifacts(p)},
        {"cells": cell_files(p), "results": results},
    )


def cell_files(p: Profile) -> list[Path]:
    """The real cell images; none if synthetic cells are used."""
    return sorted(Path(p.cells, "images").glob("*")) if p.cells else []


def latent_learning_rules(p: Profile, study: LatentLearning) -> dict[str, Rule]:
    learned = tables_in(p.run.latent_learning("{point}"), LEARNED)
    shown = ("latent_learning", "latent_learning_gains", "latent_learning_networks")
    return {
        "latent_learning_train": Rule(
            p,
            "14_latent_learning_train",
            partial(latent_learning_train, p, study),
            {"tables": with_sidecars(*learned)},
            {"point": one_of(study.betas)},
            "{point}",
            training=True,
        ),
        "latent_learning": Rule(
            p,
            "15_latent_learning",
            partial(latent_learning, p, study),
            {
                "tables": tables(p.run, *shown, "latent_codec", "rate_term"),
                "figures": figures(p.run, "latent_learning_plot", "rate_term_plot"),
            },
            reported=True,
        ),
    }


def latent_learning_train(p: Profile, study: LatentLearning, point: str) -> Job:
    """Learning from the CNN-based compressed domain at one rate point (document 004)."""
    values = {
        **study.model_dump(exclude={"betas"}),
        "rate": point,
        "beta": study.betas[point],
        "train_every": p.slices.train,
        "test_every": p.slices.test,
        "seed": p.seeds[0],
        "folder": p.run.latent_learning(point),
    }
    return Job({**of_stack(p), **values}, {"data": p.run.data})


def latent_learning(p: Profile, study: LatentLearning) -> Job:
    """The tables and figures of all rate points."""
    folders = [p.run.latent_learning(point) for point in study.betas]
    learned = [table for folder in folders for table in tables_in(folder, LEARNED)]
    return Job({**of_run(p), "results": folders, **artifacts(p)}, {"tables": learned})


def multitask_rules(p: Profile, study: Multitask) -> dict[str, Rule]:
    return {
        "multitask_train": Rule(
            p,
            "16_multitask_train",
            partial(multitask_train, p, study),
            {"tables": with_sidecars(*tables_in(p.run.multitask, [*MULTITASK, "course"]))},
            training=True,
        ),
        "multitask": Rule(
            p,
            "17_multitask",
            partial(multitask, p),
            {
                "tables": tables(p.run, *(f"multitask_{name}" for name in MULTITASK)),
                "figure": figures(p.run, "multitask_course"),
            },
            reported=True,
        ),
    }


def multitask_train(p: Profile, study: Multitask) -> Job:
    """JPEG AI for reconstruction, super-resolution and recognition (document 001)."""
    values = {**study.model_dump(), "seed": p.seeds[0], "folder": p.run.multitask}
    weights = weight_files("jpegai_bop_off", [{"beta": study.beta}], "lucchi")
    return Job({**of_run(p), **values}, {"weights": weights})


def multitask(p: Profile) -> Job:
    """The study's tables and figures."""
    read = with_sidecars(*tables_in(p.run.multitask, [*MULTITASK, "course"]))
    return Job({**of_run(p), "results": p.run.multitask, **artifacts(p)}, {"tables": read})
