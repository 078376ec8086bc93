"""The smoke profile as jobs of a real SLURM; tests/slurm/start.sh makes a cluster of a machine."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from promic_nb.core.paths import copy_project
from promic_nb.runs.status import read_status

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("sbatch"),
        reason="no sbatch: apt install slurm-wlm munge, then bash tests/slurm/start.sh FOLDER",
    ),
    pytest.mark.skipif(
        not importlib.util.find_spec("snakemake_executor_plugin_slurm"),
        reason="no plugin: see config/slurm/requirements.txt",
    ),
]


def test_the_smoke_profile_runs_as_jobs(tmp_path, tiny_root):
    idle = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True, check=False)
    if idle.returncode or not idle.stdout:
        pytest.skip(
            f"no cluster answers ({idle.stderr.strip()[:80]}): bash tests/slurm/start.sh FOLDER"
        )
    copy_project(ROOT, tmp_path)
    accounting = subprocess.run(["sacct"], capture_output=True, check=False).returncode == 0
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--profile",
        "config/slurm",
        *([] if accounting else ["--slurm-status-command", "squeue"]),
        "--slurm-init-seconds-before-status-checks",
        "10",
        "--configfile",
        ROOT / "config" / "smoke.yaml",
        "--config",
        f"data={tiny_root}",
        "dataset=phantom",
    ]
    environment = {
        **os.environ,
        "PROMIC_ROOT": str(tmp_path),
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr[-4000:]
    run = tmp_path / "data" / "runs" / "smoke" / "phantom"
    now = read_status(run)
    assert now.state == "finished" and (run / "report.html").is_file()
    submitted = done.stderr.count("has been submitted with SLURM jobid")
    notebooks = [
        json.loads(p.read_text())["metadata"]["papermill"]
        for p in (run / "notebooks").glob("*.ipynb")
    ]
    assert submitted == len(notebooks) and not any(
        n["exception"] for n in notebooks
    )  # each notebook was a job of the cluster
