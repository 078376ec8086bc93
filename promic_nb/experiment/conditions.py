"""The conditions of a run, from its effective settings.

Claims are judged by them, and they decide whether a run is a smoke run.
"""

from __future__ import annotations

import json
from typing import Any

from promic_nb.experiment.profile import Profile
from promic_nb.runs.provenance import CONDITIONS

# The minimum for a verdict, whatever a profile says about itself. A smaller run only shows that all
# parts work together.
EVERY_SLICE = 1
LEAST_RATES = 3
LEAST_STEPS = {"original": 1000, "reconstructed": 400, "latent": 600, "guided": 1000}


def shortfalls(profile: Profile) -> list[str]:
    """Why a run earns no verdicts; empty if it does.

    Example:
        `slices.train is 4; verdicts need at most 1`
    """
    short = ["smoke is true"] if profile.smoke else []
    for split in ("train", "test"):
        every = profile.slices.model_dump()[split]
        if every > EVERY_SLICE:
            short.append(f"slices.{split} is {every}; verdicts need at most {EVERY_SLICE}")
    if len(profile.rates) < LEAST_RATES:
        short.append(f"{len(profile.rates)} rates; verdicts need at least {LEAST_RATES}")
    for name, steps in _steps(profile).items():
        if steps < LEAST_STEPS[name]:
            short.append(f"{name}.steps is {steps}; verdicts need at least {LEAST_STEPS[name]}")
    return short


def conditions(profile: Profile) -> dict[str, dict[str, Any]]:
    """The conditions that sidecars record, by study.

    The names are those of `claims.requires.Requires`; the conditions common to all studies are
    under `run`.
    """
    short = shortfalls(profile)
    return {
        "run": {
            "smoke": bool(short),
            "smoke_because": short,
            "labels": _labels(profile),
        },
        "detection": {
            "detector": profile.detector,
            "weights": profile.weights,
            "rates": len(profile.rates),
            "steps": min(_steps(profile).values()),
            "every": max(profile.slices.train, profile.slices.test),
            "trained": "translator only",
            "seeds": len(profile.seeds),
            "engine": profile.engine,
            "hyperparameters": profile.hyperparameters or "the profile's own",
        },
        "benchmark": {"every": profile.benchmark.every},
        **_studies(profile),
    }


def environment(profile: Profile) -> dict[str, str]:
    """The environment variable that tells jobs the conditions of their run."""
    return {CONDITIONS: json.dumps(conditions(profile))}


def _steps(profile: Profile) -> dict[str, int]:
    return {
        "original": profile.original.steps,
        "reconstructed": profile.reconstructed.steps,
        "latent": profile.latent.steps,
        "guided": profile.guided.steps,
    }


def _labels(profile: Profile) -> str:
    if profile.dataset == "phantom":
        return "synthetic"
    return "of a local copy" if profile.data else f"{profile.dataset.capitalize()}++"


def _studies(profile: Profile) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    if cells := profile.studies.deblocking:
        found["deblocking"] = {
            "pictures": "of a local copy" if profile.cells else "synthetic",
            "steps": cells.steps,
            "stop": "a number of steps",
        }
    if learning := profile.studies.latent_learning:
        found["latent_learning"] = {
            "pictures": learning.pictures,
            "width": learning.width,
            "steps": learning.steps,
        }
    if tasks := profile.studies.multitask:
        found["multitask"] = {
            "pictures": tasks.pictures,
            "faces": tasks.faces,
            "width": tasks.width,
            "steps": min(tasks.class_steps, tasks.face_steps),
        }
    return found
