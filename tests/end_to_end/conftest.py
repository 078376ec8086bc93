"""One whole run of the tiny profile, shared by the tests of this folder, in a temporary copy of the
project.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from promic_nb.core.paths import copy_project

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    return copy_project(ROOT, tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="session")
def snakemake(project, tiny_root):
    def run(*args: str, **config: str) -> subprocess.CompletedProcess:
        profile = config.pop("configfile", str(ROOT / "tests" / "end_to_end" / "tiny.yaml"))
        settings = [
            f"{k}={v}" for k, v in {"data": str(tiny_root), "dataset": "phantom", **config}.items()
        ]
        command = [
            Path(sys.executable).parent / "snakemake",
            "--configfile",
            profile,
            "--config",
            *settings,
            "--cores",
            "2",
            *args,
        ]
        environment = {**os.environ, "PROMIC_ROOT": str(project), "PYTHONPATH": str(project)}
        return subprocess.run(
            command, cwd=project, capture_output=True, text=True, check=False, env=environment
        )

    return run


@pytest.fixture(scope="session")
def finished(snakemake, project):
    done = snakemake("--show-failed-logs")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return project / "data" / "runs" / "test" / "phantom"
