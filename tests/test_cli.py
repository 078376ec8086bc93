"""The command as a user calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

PROMIC = Path(sys.executable).parent / "promic"


def promic(*args: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run([PROMIC, *args], capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_a_mistake_is_one_line_without_a_traceback(tmp_path):
    done = promic("data", "lucchi", "--path", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr.startswith("promic: data folder ")
    assert done.stderr.count("\n") == 1


def test_data_describes_a_stack(tiny_root, tmp_path):
    done = promic("data", "phantom", "--path", str(tiny_root), "--write", str(tmp_path / "out" / "data.json"))
    about = json.loads(done.stdout)
    assert about["slices"] == {"train": 5, "val": 1, "test": 2}
    assert about["size"] == [256, 256]
    assert json.loads((tmp_path / "out" / "data.json").read_text()) == about


def test_verdicts_need_a_run(tmp_path):
    done = promic("verdicts", PROMIC_ROOT=str(tmp_path))
    assert done.returncode == 1
    assert "make reproduce" in done.stderr


def test_verdicts_fold_what_was_not_run(tmp_path):
    tables = tmp_path / "data" / "runs" / "quick" / "phantom" / "tables"
    tables.mkdir(parents=True)
    pd.DataFrame([("ProMIC", "AP50", "linear", -0.5)], columns=["recipe", "metric", "domain", "bd_pp"]).to_parquet(tables / "bd_ap.parquet")
    lines = promic("verdicts", PROMIC_ROOT=str(tmp_path), COLUMNS="250").stdout.splitlines()
    table6 = [line.split()[-1] for line in lines if " Table 6 " in line]
    assert table6 == ["reproduced", "run"]  # one number, and one line for the 47 others
    assert sum("48 numbers: need a long training of JJNet" in line for line in lines) == 3  # Tables 8, 18 and 19
    assert len(lines) < 60


def test_help_lists_the_commands():
    out = promic("--help").stdout
    assert all(name in out for name in ("verdicts", "explain", "report", "data"))
