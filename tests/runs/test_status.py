"""What a run is doing, from its files."""

import csv
import json
import os
import platform
import time
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from promic_nb.cli.main import app
from promic_nb.cli.screens import show
from promic_nb.cli.screens.status import screen
from promic_nb.errors import UserError
from promic_nb.runs.layout import RunFolder, find_run
from promic_nb.runs.status import note_session, read_status

HEAD = """Job stats:
job          count
---------  -------
all              1
benchmark        2
model            2
total            5

"""
BLOCK = """[Sat Jan  1 00:00:00 2030]
rule {rule}:
    input: a, b
    output: c
    log: data/runs/quick/phantom/logs/{name}.log
    jobid: {job}
    reason: Missing output files: c
"""
DONE = "Finished jobid: {job} (Rule: {rule})\n1 of 5 steps (20%) done\n"
ERROR = """Error in rule model:
    message: None
    jobid: {job}
    input: a
    log: data/runs/quick/phantom/logs/{name}.log (check log file(s) for error details)
"""


@pytest.fixture
def run(tmp_path):
    """A run of this process, with an empty log of Snakemake's."""
    log = tmp_path / ".snakemake" / "log" / "now.snakemake.log"
    log.parent.mkdir(parents=True)
    log.touch()
    folder = RunFolder("quick", "phantom", tmp_path)
    note_session(folder, str(log))
    return folder


def say(run: RunFolder, *parts: str) -> None:
    (run.root / ".snakemake" / "log" / "now.snakemake.log").write_text(HEAD + "".join(parts))


def begin(run: RunFolder, name: str, page: dict | None = None) -> None:
    for folder in ("logs", "notebooks"):
        (run.path / folder).mkdir(exist_ok=True)
    (run.path / "logs" / f"{name}.log").touch()
    if page:
        (run.path / "notebooks" / f"{name}.ipynb").write_text(json.dumps(page))


def cell(kind: str, source: str, status: str, ago_s: float = 0) -> dict:
    start = (datetime.now(UTC) - timedelta(seconds=ago_s)).isoformat()
    return {
        "cell_type": kind,
        "source": [source],
        "metadata": {"papermill": {"status": status, "start_time": start}},
    }


def test_done_running_and_waiting_jobs_are_told_apart(run):
    say(
        run,
        BLOCK.format(rule="benchmark", name="03-jpeg", job=1),
        DONE.format(rule="benchmark", job=1),
        BLOCK.format(rule="benchmark", name="03-hevc", job=2),
        BLOCK.format(rule="model", name="07-A", job=3),
    )
    begin(run, "03-hevc")
    now = read_status(run)
    assert (now.state, now.done, now.total) == (
        "running",
        {"benchmark": 1},
        {"all": 1, "benchmark": 2, "model": 2},
    )
    assert [j.name for j in now.running] == ["03-hevc"] and [j.name for j in now.waiting] == [
        "07-A"
    ]


def test_a_training_shows_its_cell_iteration_and_remaining_time(run):
    say(run, BLOCK.format(rule="model", name="07-A", job=3))
    cells = [
        cell("markdown", "# A model", "completed"),
        cell("markdown", "## Training", "completed"),
        cell("code", "fit()", "running", ago_s=100),
    ]
    page = {
        "cells": cells,
        "metadata": {"papermill": {"start_time": cells[2]["metadata"]["papermill"]["start_time"]}},
    }
    page["metadata"]["papermill"]["parameters"] = {
        "folder": "data/runs/quick/phantom/models/A",
        "steps": 1000,
    }
    begin(run, "07-A", page)
    log = run.path / "models" / "A" / "training" / "metrics.csv"
    log.parent.mkdir(parents=True)
    with log.open("w") as file:
        csv.writer(file).writerows([("loss", "step"), (1.0, 99), (0.5, 199)])
    (job,) = read_status(run).running
    assert (job.cell, job.cells, job.heading, job.iteration, job.iterations) == (
        3,
        3,
        "Training",
        200,
        1000,
    )
    assert job.elapsed_s == pytest.approx(100, abs=30)
    assert job.left_s == pytest.approx(400, abs=120)  # 200 of 1000 in 100 seconds


def test_a_job_that_has_just_begun_is_shown_with_unknown_times(run, capsys):
    """Its notebook is not written yet, so there is nothing to tell when it ends."""
    say(run, BLOCK.format(rule="model", name="07-A", job=3))
    begin(run, "07-A")
    show(screen(read_status(run)))
    assert "07-A" in (shown := capsys.readouterr().out) and shown.count("?") == 2


def test_a_failed_job_names_its_log_and_a_second_attempt_clears_it(run):
    failed = BLOCK.format(rule="model", name="07-A", job=3) + ERROR.format(job=3, name="07-A")
    say(run, failed)
    assert [(j.name, j.log) for j in read_status(run).failed] == [
        ("07-A", "data/runs/quick/phantom/logs/07-A.log")
    ]
    say(
        run,
        failed,
        BLOCK.format(rule="model", name="07-A", job=3),
        DONE.format(rule="model", job=3),
    )
    now = read_status(run)
    assert not now.failed and now.done == {"model": 1}
    say(run, failed, "Exiting because a job execution failed. Look below for error messages\n")
    assert read_status(run).state == "failed"


def test_a_killed_run_is_stopped_and_a_complete_one_is_finished(run):
    say(run, BLOCK.format(rule="model", name="07-A", job=3))
    about = json.loads((run.session).read_text())
    (run.session).write_text(json.dumps({**about, "pid": 2**22 + 1}))
    assert read_status(run).state == "stopped" and not read_status(run).running
    jobs = [(1, "benchmark"), (2, "benchmark"), (3, "model"), (4, "model"), (0, "all")]
    say(
        run,
        *(BLOCK.format(rule=r, name=f"{i}", job=i) + DONE.format(rule=r, job=i) for i, r in jobs),
    )
    assert read_status(run).state == "finished"


def test_a_run_on_another_machine_is_read_over_the_file_system(run):
    about = {
        **json.loads((run.session).read_text()),
        "pid": 2**22 + 1,
        "host": f"not-{platform.node()}",
    }
    (run.session).write_text(json.dumps(about))
    say(run, BLOCK.format(rule="model", name="07-A", job=3))
    assert read_status(run).state == "running"


def test_the_run_started_last_is_the_default(run, monkeypatch):
    root = run.root
    other = RunFolder("cpu", "phantom", root)
    note_session(other, str(root / ".snakemake" / "log" / "now.snakemake.log"))
    os.utime(run.session, (time.time() + 10,) * 2)
    assert find_run(root, marker="session") == run
    assert find_run(root, "cpu/phantom", marker="session") == other
    with pytest.raises(UserError, match=r"no run 'x/y'\. Runs: cpu/phantom, quick/phantom"):
        find_run(root, "x/y", marker="session")
    monkeypatch.setenv("PROMIC_ROOT", str(root))
    say(
        run,
        BLOCK.format(rule="benchmark", name="03-jpeg", job=1),
        DONE.format(rule="benchmark", job=1),
    )
    assert "1 of 5 jobs" in CliRunner().invoke(app, ["status"]).stdout
    assert (
        json.loads(CliRunner().invoke(app, ["status", "--json"]).stdout)["run"] == "quick/phantom"
    )


def test_without_a_log_there_is_one_clear_error(run):
    (run.root / ".snakemake" / "log" / "now.snakemake.log").unlink()
    with pytest.raises(UserError, match="has no Snakemake log"):
        read_status(run)
