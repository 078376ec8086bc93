"""The whole workflow through Snakemake, two jobs at a time, in a temporary copy of the project."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from promic_nb.runs.compare import compare
from promic_nb.runs.layout import find_run

pytestmark = pytest.mark.end_to_end
RUN = "data/runs/smoke/phantom"
TARGETS = ["tables/bd_rate.parquet", "models/A/low/seed0/ap.parquet"]


def test_a_killed_run_ends_where_an_undisturbed_one_does(finished, own_project, tmp_path):
    """Three kills of a part of the run; `kills.py` is the whole test."""
    command = [
        sys.executable,
        Path(__file__).with_name("kills.py"),
        "--kills",
        "3",
        "--seed",
        "2",
        "--delay",
        "10",
    ]
    done = subprocess.run(
        [*command, "--reference", own_project, "--folder", tmp_path, *TARGETS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout.splitlines()[-1])["kills"] == 3
    # The same by `promic compare`, which also sees figures and names no cause; what was not asked
    # for is in the whole run only.
    found = {
        c.artifact: c
        for c in compare(find_run(own_project, RUN), find_run(tmp_path / "killed0", RUN))
    }
    assert {c.state for c in found.values()} <= {"equal", "measured", "only in A"}
    assert found["tables/bd_rate"].state == found["models/A/low/seed0/model"].state == "equal"
    assert found["tables/benchmark_jpeg"].state == "measured"


def test_slices_to_report(finished):
    page = (finished / "report.html").read_text()
    assert "A smoke run." in page and "ap50_over_rate" in page
    bd = pd.read_parquet(finished / "tables" / "bd_ap.parquet")
    assert set(bd.recipe) == {"B", "ProMIC"}
    assert bd.query("metric == 'AP50'").bd_pp.notna().all()


def test_parallel_kernels_do_not_receive_each_others_messages(finished):
    logs = [p.read_text() for p in (finished / "logs").glob("*.log")]
    assert (
        len(logs) == len(list((finished / "notebooks").glob("*.ipynb"))) + 2
    )  # and data and report
    assert not any("Invalid Signature" in log or "Invalid message" in log for log in logs)


def test_a_finished_run_repeats_nothing(finished, snakemake):
    assert "Nothing to be done" in snakemake().stdout + snakemake().stderr


def planned(snakemake) -> set[str]:
    """Rules that a dry run would execute."""
    done = snakemake("--dry-run", "--quiet", "rules")
    lines = (done.stdout + done.stderr).splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith("job ")), None)
    return (
        set()
        if start is None
        else {line.split()[0] for line in lines[start + 2 :] if len(line.split()) == 2}
    )


def test_a_changed_module_reruns_what_imports_it(finished, snakemake, own_project):
    module = own_project / "promic_nb" / "metrics" / "bjontegaard.py"
    before = module.read_text()
    module.write_text(before + "\n# changed\n")
    rules = planned(snakemake)
    module.write_text(before)
    assert {"rate_distortion", "detection", "report"} <= rules
    assert not rules & {"latents", "dataset"}


def test_the_chain_can_be_explained(finished, own_project):
    figure = own_project / "figures" / "smoke" / "phantom" / "ap50_over_rate.png"
    environment = {**os.environ, "PROMIC_ROOT": str(own_project), "COLUMNS": "300"}
    shown = subprocess.run(
        [Path(sys.executable).parent / "promic", "explain", figure],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    ).stdout
    for word in (
        "notebook 08_detection",
        "notebook 07_train_detector",
        "notebook 06_guided_translator",
        "notebook 05_latents",
        "weights: jpegai_general",
    ):
        assert word in shown
    assert "stale" not in shown


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"detector": "large"},
            "profile 'smoke': detector: detector configuration 'large' is unknown. "
            "Choose one of small, resnet50",
        ),
        ({"detectr": "small"}, "Did you mean 'detector'?"),
    ],
)
def test_a_mistake_in_the_profile_stops_with_one_line(snakemake, config, message):
    done = snakemake(**config)
    assert done.returncode != 0
    lines = [line for line in (done.stdout + done.stderr).splitlines() if "promic:" in line]
    assert len(lines) == 1 and message in lines[0]


@pytest.mark.slow
def test_without_data_the_phantom_is_drawn(snakemake, own_project):
    """`make reproduce` passes an empty DATA, which Snakemake reads as null."""
    done = snakemake("data/runs/other/phantom/data.json", data="", profile="other")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (own_project / "data" / "phantom" / "Test_Out" / "7.png").is_file()


def test_a_missing_data_folder_stops_with_one_line(snakemake, tmp_path):
    done = snakemake(data=str(tmp_path / "none"))
    assert done.returncode != 0
    assert "promic: data folder" in done.stdout + done.stderr
