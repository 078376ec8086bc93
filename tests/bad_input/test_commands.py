"""Mistakes at the command `promic`, at `make reproduce` and in a run that is damaged."""

import contextlib
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from bad_input import ROOT, files, full_disk, promic, refused

from promic_nb.runs.lock import alone
from promic_nb.runs.provenance import Run

COMMANDS = {
    "misspelt data set": (["data", "lucci"], "data set 'lucci' is unknown"),
    "a part of Lucchi": (
        ["data", "lucchi", "--path", "{here}/stack"],
        "has 6 slices, not ids 0..164",
    ),
    "a file in the way": (
        ["data", "phantom", "--path", "{here}/stack", "--write", "{here}/out/data.json/x.json"],
        "x.json cannot be written",
    ),
    "unwritable folder": (
        ["data", "phantom", "--path", "{here}/stack", "--write", "/proc/promic/data.json"],
        "data.json cannot be written",
    ),
    "misspelt run": (["verdicts", "--run", "quik/phantom"], "no run 'quik/phantom'"),
    "report of no run": (["report", "quik/phantom"], "no run 'quik/phantom'"),
    "comparison with no run": (
        ["compare", "quick/phantom", "quik/phantom"],
        "no run 'quik/phantom'",
    ),
    "explain no figure": (["explain", "{here}/none.png"], "none.png does not exist"),
    "explain what has no sidecar": (
        ["explain", "{here}/out/model.safetensors"],
        "has no readable sidecar",
    ),
    "publish no figure": (["publish", "quick/phantom", "ap50"], "has no table 'ap50'"),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_commands(here, monkeypatch, case):
    args, says = COMMANDS[case]
    with refused(here, says):
        promic(monkeypatch, *(a.format(here=here) for a in args))


def test_a_full_disk_at_the_command(here, monkeypatch):
    with refused(here, "data.json cannot be written (File too large)"), full_disk():
        promic(
            monkeypatch,
            "data",
            "phantom",
            "--path",
            here / "stack",
            "--write",
            here / "out" / "data.json",
        )


RUNS = {
    "a truncated table": (
        "tables/bd_ap.parquet",
        b"PAR1 cut",
        "bd_ap.parquet is truncated or corrupt",
    ),
    "a damaged sidecar": (
        "tables/bd_ap.json",
        b'{"artifact": ',
        "bd_ap.json has no readable sidecar",
    ),
    "a foreign sidecar": ("tables/bd_ap.json", b"{}", "bd_ap.json is not a sidecar"),
}


@pytest.mark.parametrize("case", RUNS)
def test_a_damaged_run(here, monkeypatch, case):
    name, content, says = RUNS[case]
    run = here / "data/runs/quick/phantom"
    (run / "tables/old.parquet").unlink()
    Run("08_detection", {"profile": "quick", "dataset": "phantom"}).save_table(
        pd.DataFrame({"recipe": ["B"]}), run / "tables/bd_ap", "BD-AP."
    )
    (run / name).write_bytes(content)
    with refused(here, says):
        promic(monkeypatch, "report", "quick/phantom")


BIN = Path(sys.executable).parent
MAKE = {
    "misspelt profile": (
        ["PROFILE=quik"],
        "profile 'quik' is unknown. Choose one of: converged cpu diagnosis paper quick smoke",
    ),
    "no data folder": (["DATA=none"], "data folder none does not exist"),
    "no settings": (["SETTINGS=none.yaml"], "settings none.yaml do not exist"),
    "no cells": (["CELLS=none"], "cell images none/images do not exist"),
    "two runs in one folder": (
        [],
        "another make reproduce is running in this folder. Wait until it ends",
    ),
}


@pytest.mark.parametrize("case", MAKE)
def test_make_reproduce(here, case):
    args, says = MAKE[case]
    for name in ("Makefile", "config"):
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, here / name)
    before = files(here)
    command = ["make", "--old-file=.venv/.installed", "reproduce", f"BIN={BIN}", *args]
    busy = case == "two runs in one folder"
    with alone(here / "data" / ".lock") if busy else contextlib.nullcontext():
        done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    lines = [
        line for line in (done.stdout + done.stderr).splitlines() if line.startswith("promic: ")
    ]
    assert len(lines) == 1 and says in lines[0]
    assert {k: v for k, v in files(here).items() if k != "data/.lock"} == before
