"""The artifacts of a run: figures and tables by chapter, verdicts, run times."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from promic_nb.claims.judging import SYNTHETIC, verdicts
from promic_nb.errors import UserError
from promic_nb.runs.explain import read_sidecar
from promic_nb.runs.layout import FIGURES, RunFolder

CHAPTERS = {
    "00_quickstart": "Quickstart",
    "01_dataset": "The slices",
    "03_codec_benchmark": "Codecs",
    "04_rate_distortion": "Rate and distortion",
    "05_latents": "Latents",
    "06_guided_translator": "Translators",
    "07_train_detector": "Models",
    "08_detection": "Detection over rate",
    "09_conformance": "Conformance of the metrics",
    "10_complexity": "Complexity",
    "11_transform_coding": "Study: transform coding, step by step",
    "12_train_deblocking": "Study: deblocking networks",
    "13_deblocking": "Study: JPEG deblocking of blood cells",
    "14_latent_learning_train": "Learning from the latent: one rate",
    "15_latent_learning": "Learning from the CNN-based compressed domain",
    "16_multitask_train": "One decoder, several tasks: trainings",
    "17_multitask": "Reconstruction, super-resolution and recognition",
    "19_features": "Feature maps",
    "20_cross_rate": "Models on other rates",
    "21_probes": "Inside the models",
    "22_search": "Search for hyperparameters",
    "23_search_results": "Hyperparameters",
    "18_extensions": "Beyond the dissertation",
    "24_diagnosis": "What limits the latent models",
}


def sidecars(run: RunFolder) -> list[dict[str, Any]]:
    """Sidecars of a run's figures and tables in chapter order, each with its `path`."""
    files = [f for folder in (run.figures, run.tables) for f in sorted(folder.glob("*.json"))]
    order = list(CHAPTERS)

    def place(about: dict[str, Any]) -> tuple[int, str, str]:
        known = about["notebook"] in order
        chapter = order.index(about["notebook"]) if known else len(order)
        return chapter, about["kind"], about["artifact"]

    return sorted(({**read_sidecar(file), "path": file} for file in files), key=place)


def is_smoke(run: RunFolder) -> bool:
    """Whether any artifact belongs to a smoke run, or the slices are synthetic."""
    return run.dataset == SYNTHETIC or any(about["smoke"] for about in sidecars(run))


def run_verdicts(run: RunFolder) -> pd.DataFrame:
    """Verdicts on all claims from a run's tables."""
    return verdicts(run.tables, run.profile)


def published_verdicts(root: Path) -> pd.DataFrame:
    """Verdicts on all claims from the tables published in a project's figures/.

    Raises:
        UserError: there are no such tables.
    """
    if not list((root / FIGURES).glob("*.parquet")):
        raise UserError(
            f"there is no run and no published table in {root / FIGURES}",
            "Start a run with: make reproduce",
        )
    return verdicts(root / FIGURES)


def durations(run: RunFolder) -> pd.DataFrame:
    """Run time and memory of each executed notebook, slowest first.

    Columns notebook, seconds, ended, memory. The memory is the peak measured by Snakemake, "" if it
    was not measured.
    """
    rows = []
    for file in sorted(run.notebooks.glob("*.ipynb")):
        about = json.loads(file.read_text())["metadata"].get("papermill", {})
        if about.get("duration"):
            memory = _peak_memory(run.benchmark(file.stem))
            rows.append((file.stem, about["duration"], about["end_time"][:19], memory))
    table = pd.DataFrame(rows, columns=["notebook", "seconds", "ended", "memory"])
    return table.sort_values("seconds", ascending=False)


def _peak_memory(benchmark: Path) -> str:
    """Peak memory in one of Snakemake's benchmark files, in gigabytes; "" if there is none."""
    if not benchmark.is_file():
        return ""
    peak_mb = pd.read_csv(benchmark, sep="\t", na_values="-").max_rss.max()
    return "" if pd.isna(peak_mb) else f"{peak_mb / 1e3:.2f} GB"
