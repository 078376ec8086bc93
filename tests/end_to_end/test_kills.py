"""A few kills of a part of the tiny run; `kills.py` is the whole test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from promic_nb.compare import compare
from promic_nb.report import find_run

pytestmark = pytest.mark.end_to_end
RUN = "data/runs/test/phantom"
TARGETS = ["tables/bd_rate.parquet", "models/A/low/seed0/ap.parquet"]


def test_a_killed_run_ends_where_an_undisturbed_one_does(finished, project, tmp_path):
    command = [sys.executable, Path(__file__).with_name("kills.py"), "--kills", "3", "--seed", "2", "--delay", "10"]
    done = subprocess.run([*command, "--reference", project, "--folder", tmp_path, *TARGETS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout.splitlines()[-1])["kills"] == 3
    # The same by `promic compare`, which also sees figures and names no cause; what was not asked for is in the whole run only.
    found = {c.artifact: c for c in compare(find_run(project, RUN), find_run(tmp_path / "killed0", RUN))}
    assert {c.state for c in found.values()} <= {"equal", "measured", "only in A"}
    assert found["tables/bd_rate"].state == found["models/A/low/seed0/model"].state == "equal"
    assert found["tables/benchmark_jpeg"].state == "measured"
