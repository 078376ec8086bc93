"""One whole run of the smoke profile, in a copy of the project, for the tests of this folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from promic_nb.core.paths import copy_project

ROOT = Path(__file__).parents[2]


def pytest_collection_modifyitems(items):
    """What needs a whole run is slow."""
    for item in items:
        if isinstance(item, pytest.Function) and "finished" in item.fixturenames:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def own_project(tmp_path_factory):
    """A copy of its own: these tests change modules in it."""
    return copy_project(ROOT, tmp_path_factory.mktemp("workflow"))


@pytest.fixture(scope="session")
def snakemake(own_project, tiny_root):
    def run(*args: str, **config: str) -> subprocess.CompletedProcess:
        profile = config.pop("configfile", str(ROOT / "config" / "smoke.yaml"))
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
        environment = {
            **os.environ,
            "PROMIC_ROOT": str(own_project),
            "PYTHONPATH": str(own_project),
        }
        return subprocess.run(
            command, cwd=own_project, capture_output=True, text=True, check=False, env=environment
        )

    return run


@pytest.fixture(scope="session")
def finished(snakemake, own_project):
    done = snakemake("--show-failed-logs")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return own_project / "data" / "runs" / "smoke" / "phantom"
