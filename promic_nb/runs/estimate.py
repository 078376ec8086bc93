"""Estimate the cost of a run before it starts.

Jobs come from Snakemake's dry run, hours and disk space from the throughput of earlier runs.

Time is assumed to be proportional to a job's work (pixels coded, pixels trained on), at the speed
of the machine that the throughput was measured on.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from promic_nb.core import paths
from promic_nb.datasets.own.manifest import has_manifest
from promic_nb.datasets.own.stack import open_own
from promic_nb.errors import UserError
from promic_nb.runs.dry_run import PlannedJob
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.throughput import Throughput, read_throughput
from promic_nb.runs.work import AMOUNTS, Setting

# Number of training, validation and test slices and their size, until a run has counted them.
SIZES = {
    "lucchi": Setting({"train": 125, "val": 40, "test": 165}, (768, 1024)),
    "lucchi_block": Setting({"train": 120, "val": 40, "test": 165}, (768, 1024)),
    "kasthuri": Setting({"train": 72, "val": 13, "test": 75}, (1463, 1613)),
    "phantom": Setting({"train": 24, "val": 8, "test": 8}, (512, 512)),
}
COLUMNS = ["rule", "hours", "disk_gb", "memory_mb", "guessed", "not_estimated"]


@dataclass(frozen=True)
class Cost:
    """The cost of one job; NaN if unknown.

    Attributes:
        guessed: the key whose throughput was not measured, or "".
        not_estimated: the notebook whose amount of work is unknown, or "".
    """

    seconds: float
    disk_mb: float
    guessed: str = ""
    not_estimated: str = ""


def setting_of(run: RunFolder, jobs: Iterable[tuple[str, dict[str, Any]]]) -> Setting:
    """What a run's jobs share: its slices as counted by the run, otherwise the published counts,
    or those of an own stack.

    Args:
        jobs: notebooks and their parameters.

    Raises:
        UserError: a data set of unknown size.
    """
    jobs = list(jobs)
    detector = next((v["config"] for name, v in jobs if name == "07_train_detector"), "small")
    if run.data.is_file():
        about = json.loads(run.data.read_text())
        slices, size = about["slices"], tuple(about["size"])
    elif run.dataset in SIZES:
        slices, size = SIZES[run.dataset].slices, SIZES[run.dataset].size
    elif own := [
        v["data"] for _, v in jobs if v.get("data") and has_manifest(paths.root() / v["data"])
    ]:
        stack = open_own(paths.root() / own[0])
        slices = {str(split): len(ids) for split, ids in stack.split_ids.items()}
        height, width = stack.image("test", stack.ids("test")[0]).shape
        size = height, width
    else:
        raise UserError(
            f"the size of data set {run.dataset!r} is not known yet",
            f"Count its slices first: promic data {run.dataset} --write {run.data}",
        )
    return Setting(slices, size, detector)


def cost(job: PlannedJob, throughput: Throughput, setting: Setting) -> Cost:
    """The cost of a job on the measured machine."""
    if not job.notebook:
        return Cost(0, 0)
    if job.notebook not in AMOUNTS:
        return Cost(float("nan"), float("nan"), not_estimated=job.notebook)
    work = AMOUNTS[job.notebook](job.parameters, setting)
    seconds, disk = (
        throughput.per_unit(job.notebook, work.key, column) for column in ("seconds", "disk_mb")
    )
    guessed = "" if throughput.measured(job.notebook, work.key) else work.key or job.notebook
    return Cost(throughput.start + seconds * work.units, disk * work.files, guessed)


def expected_s(run: RunFolder, jobs: dict[str, PlannedJob]) -> dict[str, float | None]:
    """The seconds that each job of a run is expected to take; None if unknown.

    A job without a notebook counts as much as the start of one.
    """
    known = read_throughput()
    try:
        setting = setting_of(run, [(job.notebook, job.parameters) for job in jobs.values()])
    except UserError:  # the size of the data set is not known yet
        return dict.fromkeys(jobs)
    seconds = {
        name: cost(job, known, setting).seconds if job.notebook else known.start
        for name, job in jobs.items()
    }
    return {name: round(s, 1) if s == s else None for name, s in seconds.items()}


def estimate(jobs: list[PlannedJob], throughput: Throughput, setting: Setting) -> pd.DataFrame:
    """One row per rule.

    Returns:
        Columns rule, jobs, hours (sum), longest_h, disk_gb, memory_mb (of one job); guessed: keys
        that were not measured, so the mean of their notebook's other keys is used, or NaN if no
        run with that notebook was measured; not_estimated: notebooks without an entry in
        `runs.work.AMOUNTS`, whose hours are NaN.
    """
    costs = [cost(job, throughput, setting) for job in jobs]
    rows = [
        (j.rule, c.seconds / 3600, c.disk_mb / 1e3, j.memory_mb, c.guessed, c.not_estimated)
        for j, c in zip(jobs, costs, strict=True)
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).groupby("rule", sort=False)
    return table.agg(
        jobs=("hours", "size"),
        hours=("hours", _sum),
        longest_h=("hours", "max"),
        disk_gb=("disk_gb", _sum),
        memory_mb=("memory_mb", "max"),
        guessed=("guessed", _names),
        not_estimated=("not_estimated", _names),
    ).reset_index()


def _sum(values: pd.Series) -> float:
    """The sum; NaN if one value is NaN."""
    return values.sum(skipna=False)


def _names(values: pd.Series) -> str:
    return ", ".join(sorted(set(values) - {""}))
