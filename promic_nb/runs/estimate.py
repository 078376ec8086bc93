"""What a run will cost before it starts: jobs from Snakemake's dry run, hours and disk from rates
measured on former runs.

An estimate. Time is taken to grow with what a job works through (pixels coded, pixels trained on),
at the rate of the machine that the table of rates was measured on (`plan.yaml`, made by `promic
plan --measure RUN`).
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from promic_nb.core import paths
from promic_nb.core.paths import relative
from promic_nb.errors import UserError
from promic_nb.models.recipes import RECIPES
from promic_nb.notebook import parameters

# slices for training, validation and test, and their size, where a run has not yet counted them
SIZES = {
    "lucchi": {"slices": {"train": 125, "val": 40, "test": 165}, "size": [768, 1024]},
    "kasthuri": {"slices": {"train": 72, "val": 13, "test": 75}, "size": [1463, 1613]},
    "phantom": {"slices": {"train": 24, "val": 8, "test": 8}, "size": [512, 512]},
}
SEARCHED = 8  # encodings that a search for a target rate takes, about
FORWARD = 1 / 3  # cost of detection against that of training on as many pixels
RATES = "estimate.yaml"


@dataclass(frozen=True)
class Job:
    """One job: its rule, memory asked for (MB), and its notebook with all parameters; "" and {}
    where it runs none.
    """

    rule: str
    memory_mb: int
    notebook: str = ""
    parameters: dict[str, Any] | None = None


def dry_run(profile: str, settings: str, again: bool, **config: str) -> tuple[list[Job], str]:
    """The jobs that a run would execute, from Snakemake, and the data set that it uses.

    Args:
        profile: name of a file in config/.
        settings: a YAML file that replaces keys of the profile, or "".
        again: count finished jobs too.
        config: data, dataset, cells, as `make reproduce` passes them.

    Raises:
        UserError: no such profile, or Snakemake's own reason.
    """
    file = paths.root() / "config" / f"{profile}.yaml"
    if not file.is_file():
        raise UserError(
            f"profile {profile!r} is unknown",
            f"Choose one of: {', '.join(sorted(p.stem for p in file.parent.glob('*.yaml')))}",
        )
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--dry-run",
        "--printshellcmds",
        "--quiet",
        "host",
        "reason",
        *(["--forceall"] if again else []),
        "--configfile",
        file,
        *([settings] if settings else []),
        "--config",
        *(f"{k}={v}" for k, v in config.items() if v),
    ]
    done = subprocess.run(command, cwd=paths.root(), capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    if done.returncode:
        said = next(
            (
                line.removeprefix("promic: ")
                for line in text.splitlines()
                if line.startswith("promic: ")
            ),
            text.strip()[-400:],
        )
        raise UserError(f"Snakemake could not plan the run: {said.rstrip('.')}", "Mend that first")
    place = re.search(rf"data/runs/{re.escape(profile)}/(\w+)/", text)
    return parse(text), place[1] if place else config["dataset"] or "phantom"


def parse(text: str) -> list[Job]:
    """Jobs in the output of `snakemake --dry-run --printshellcmds`."""
    found = []
    for block in re.split(r"^(?=(?:local)?rule \w+:)", text, flags=re.M)[1:]:
        rule = re.match(r"(?:local)?rule (\w+):", block)[1]
        memory = re.search(r"mem_mb=(\d+)", block)
        command = re.search(r"^ *Shell command: (papermill .*)$", block, flags=re.M)
        notebook, values = "", None
        if command:
            words = shlex.split(command[1])
            notebook = Path(next(w for w in words if w.endswith(".ipynb"))).stem
            values = everything(notebook, yaml.safe_load(words[words.index("-y") + 1]))
        if rule != "all":
            found.append(Job(rule, int(memory[1]) if memory else 0, notebook, values))
    return found


def everything(notebook: str, values: dict[str, Any]) -> dict[str, Any]:
    """A notebook's parameters with its defaults."""
    return parameters.validate(paths.root() / "notebooks" / f"{notebook}.ipynb", values)


def amount(
    notebook: str, values: dict[str, Any], stack: dict[str, Any], detector: str
) -> tuple[str, float, float]:
    """What a job works through.

    Args:
        stack: `slices` by split and `size` (H, W) of the data set.
        detector: the profile's detector configuration.

    Returns:
        The key of its rate ("" where a notebook has just one); its amount (megapixels, where it
        reads slices or crops; 1 where it always does the same); and the amount that its files grow
        with.
    """
    whole = stack["size"][0] * stack["size"][1] / 1e6
    count = {
        split: -(-n // values.get(f"{split}_every") if values.get(f"{split}_every") else 0)
        for split, n in stack["slices"].items()
    }
    if notebook == "03_codec_benchmark":
        points = sum(
            SEARCHED * len(s["target_bpp"]) if "target_bpp" in s else 1 for s in values["settings"]
        )
        return (
            values["codec"],
            points
            * whole
            * -(-stack["slices"]["test"] // values["every"])
            * len(values["metrics"]),
            1,
        )
    if notebook == "05_latents":
        return values["codec"], whole * sum(count.values()), whole * sum(count.values())
    if notebook == "06_guided_translator":
        return detector, _trained(values, whole), 1
    if notebook == "07_train_detector":
        plan, every = RECIPES[values["recipe"]], values["solver"].get("eval_every", 0)
        looked_at = count["test"] + (count.get("val", 0) * values["steps"] // every if every else 0)
        kind = "latent" if plan.inputs == "latent" else "pixels"
        return (
            f"{values['config']}/{kind}",
            _trained(values, whole) * plan.trains_detector + FORWARD * whole * looked_at,
            3 if not every else 5,
        )
    if notebook == "12_train_deblocking":
        return values["network"], _trained(values, whole), 1
    if notebook == "14_latent_learning_train":
        learned = (
            values["steps"]
            * values["batch"]
            * sum(s * s for s in values["sides"])
            / 1e6
            * len(values["networks"])
        )
        return (
            "",
            values["codec_steps"] * values["codec_width"] ** 2 / 1e4
            + learned * (values["width"] * 8) ** 2,
            1,
        )
    if notebook == "16_multitask_train":
        pixels = (
            values["class_steps"] * values["class_side"] ** 2
            + values["face_steps"] * values["face_side"] ** 2
        )
        return "", pixels * values["batch"] * (values["width"] * 8) ** 2 / 1e6, 1
    return "", 1, 1


def _trained(values: dict[str, Any], whole: float) -> float:
    """Megapixels that a training goes through; a crop that is a share s of both sides is uniform in
    s..1.
    """
    crop = values["crop"]
    area = crop**2 / 1e6 if crop >= 1 else whole * (1 + crop + crop**2) / 3
    return values["steps"] * values["batch"] * area


def stack_of(run: Path, dataset: str) -> dict[str, Any]:
    """Slices and their size: as the run counted them, else the published counts."""
    note = run / "data.json"
    return json.loads(note.read_text()) if note.is_file() else SIZES[dataset]


def detector_of(jobs: list[tuple[str, dict[str, Any]]]) -> str:
    """The detector configuration that a run's jobs name."""
    return next(
        (values["config"] for notebook, values in jobs if notebook == "07_train_detector"), "small"
    )


def _executed(run: Path) -> dict[Path, dict[str, Any]]:
    """What papermill noted in each executed notebook of a run."""
    return {
        f: json.loads(f.read_text())["metadata"].get("papermill", {})
        for f in sorted((run / "notebooks").glob("*.ipynb"))
    }


def measure(runs: list[Path]) -> dict[str, Any]:
    """Rates of finished runs, for `plan.yaml`.

    Returns:
        `machine` and `origin`; `start`, the shortest notebook's seconds; `rates`, `seconds` and
        `disk_mb` by notebook and key, each for one unit of `amount` (medians).

    Raises:
        UserError: a run without executed notebooks.
    """
    rows = []
    for run in runs:
        here = [
            (Path(m["input_path"]).stem, m)
            for m in _executed(run).values()
            if m.get("duration") and not m.get("exception")
        ]
        if not here:
            raise UserError(
                f"{run} holds no executed notebooks",
                "Name the folder of a finished run, e.g. data/runs/quick/lucchi",
            )
        jobs = [(name, everything(name, m["parameters"])) for name, m in here]
        for (name, m), (_, values) in zip(here, jobs, strict=True):
            key, units, files_grow = amount(
                name, values, stack_of(run, run.name), detector_of(jobs)
            )
            folder = paths.root() / values["folder"] if values.get("folder") else None
            size = (
                sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
                if folder and folder.is_dir()
                else 0.0
            )
            rows.append((name, key, units, m["duration"], size / files_grow))
    table = pd.DataFrame(rows, columns=["notebook", "key", "units", "seconds", "disk_mb"])
    start = float(table.seconds.min())
    table["seconds"] = (table.seconds - start).clip(lower=0) / table.units
    means = table.groupby(["notebook", "key"])[["seconds", "disk_mb"]].median()
    nested = {
        name: {c: {k: float(f"{v:.3g}") for k, v in part.droplevel(0)[c].items()} for c in part}
        for name, part in means.groupby(level=0)
    }
    last = max(m["end_time"] for run in runs for m in _executed(run).values() if m.get("end_time"))
    origin = f"the notebooks of {', '.join(relative(run) for run in runs)}, last on {last[:10]}; other programs may have run beside"
    found = {"machine": machine(), "origin": origin, "start": round(start, 1), "rates": nested}
    return {**found, "disk_gb": _disk_needs(found)}


def _disk_needs(rates: dict[str, Any]) -> dict[str, float]:
    """Disk that each profile takes on the whole of Lucchi, as far as it is known, for `promic
    doctor`.
    """
    needs = {}
    for file in sorted((paths.root() / "config").glob("*.yaml")):
        jobs, name = dry_run(file.stem, "", True, data="", dataset="lucchi", cells="")
        needs[file.stem] = round(float(estimate(jobs, rates, SIZES[name]).disk_gb.sum()), 1)
    return needs


def machine() -> str:
    """Processor and cores of this machine."""
    about = Path("/proc/cpuinfo")
    model = (
        re.search(r"^model name\s*: (.+)$", about.read_text(), flags=re.M)
        if about.is_file()
        else None
    )
    return f"{model[1] if model else platform.processor() or platform.machine()}, {os.cpu_count()} cores, 1 thread a job"


def read_rates(file: Path | None = None) -> dict[str, Any]:
    """The table of rates: a file of `promic plan --measure`, by default the one of the package."""
    return yaml.safe_load(
        file.read_text() if file else files("promic_nb.runs").joinpath(RATES).read_text()
    )


def estimate(jobs: list[Job], rates: dict[str, Any], stack: dict[str, Any]) -> pd.DataFrame:
    """One row for each rule.

    Returns:
        Columns rule, jobs, hours (sum), longest_h, disk_gb, memory_mb (of one job), and guessed:
        keys whose rate was not measured; it is the mean of their notebook's other keys, or NaN
        where no run with that notebook was measured.
    """
    detector, rows = detector_of([(j.notebook, j.parameters) for j in jobs if j.parameters]), []
    for job in jobs:
        seconds = disk = 0.0
        guessed = ""
        if job.notebook:
            key, units, files_grow = amount(job.notebook, job.parameters, stack, detector)
            known = rates["rates"].get(job.notebook, {"seconds": {}, "disk_mb": {}})
            guessed = "" if key in known["seconds"] else key or job.notebook
            # What is not known is the mean of its like, and NaN where there is none.
            per_unit, per_file = (
                known[c].get(key, pd.Series(known[c].values(), dtype=float).mean())
                for c in ("seconds", "disk_mb")
            )
            seconds, disk = rates["start"] + per_unit * units, per_file * files_grow
        rows.append(
            (job.rule, 1, seconds / 3600, seconds / 3600, disk / 1e3, job.memory_mb, guessed)
        )
    table = pd.DataFrame(
        rows, columns=["rule", "jobs", "hours", "longest_h", "disk_gb", "memory_mb", "guessed"]
    )
    total = lambda x: x.sum(skipna=False)  # noqa: E731
    how = {"jobs": "sum", "hours": total, "longest_h": "max", "disk_gb": total, "memory_mb": "max"}
    return table.groupby("rule", sort=False, as_index=False).agg(
        {**how, "guessed": lambda g: ", ".join(sorted(set(g) - {""}))}
    )
