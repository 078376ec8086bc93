"""Parallel efficiency of a profile: the whole workflow with one and with N jobs at a time, each in
a fresh copy of the project.

    python tests/benchmarks/parallel.py quick --data PATH --jobs 2
    python tests/benchmarks/parallel.py cpu --data PATH
    models/{A,B,C,D,E,F,G,H,ProMIC}/low/seed0/ap.parquet   # a part, by its tables

Prints wall times T1 and TN and the efficiency T1 / (N TN). Use a quiet machine.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from promic_nb.core.paths import copy_project

ROOT = Path(__file__).parents[2]


def run(profile: str, data: str, jobs: int, targets: list[str]) -> tuple[float, float]:
    """Wall seconds of the workflow, and the sum of its notebooks' seconds."""
    with tempfile.TemporaryDirectory(prefix="promic-") as folder:
        top = Path(folder)
        copy_project(ROOT, top)
        dataset = "lucchi" if data else "phantom"
        settings = [f"dataset={dataset}", *([f"data={Path(data).resolve()}"] if data else [])]
        command = [
            sys.executable,
            "-m",
            "snakemake",
            "--configfile",
            f"config/{profile}.yaml",
            "--config",
            *settings,
            "--cores",
            str(jobs),
        ]
        command += [f"data/runs/{profile}/{dataset}/{target}" for target in targets]
        began = time.perf_counter()
        subprocess.run(
            command,
            cwd=top,
            check=True,
            env={**os.environ, "PROMIC_ROOT": folder, "PYTHONPATH": folder},
            stderr=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - began
        executed = [
            json.loads(p.read_text())["metadata"]["papermill"]["duration"]
            for p in (top / "data" / "runs").glob("*/*/notebooks/*.ipynb")
        ]
        return seconds, sum(executed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("profile")
    parser.add_argument("--data", default="")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "targets", nargs="*", help="tables of the run's folder to make; by default all"
    )
    asked = parser.parse_intermixed_args()
    one, work_one = run(asked.profile, asked.data, 1, asked.targets)
    many, work_many = run(asked.profile, asked.data, asked.jobs, asked.targets)
    print(
        f"1 job: {one:.0f} s ({work_one:.0f} s in notebooks); "
        f"{asked.jobs} jobs: {many:.0f} s ({work_many:.0f} s in notebooks)"
    )
    print(f"speed-up {one / many:.2f}, efficiency {one / many / asked.jobs:.2f}")
