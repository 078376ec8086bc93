"""The command as a user calls it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd

PROMIC = Path(sys.executable).parent / "promic"


ROOT = Path(__file__).parents[2]


def promic(*args: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [PROMIC, *args],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_a_mistake_is_one_line_without_a_traceback(tmp_path):
    done = promic("data", "lucchi", "--path", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stderr.startswith("promic: data folder ")
    assert done.stderr.count("\n") == 1


def test_data_describes_a_stack(tiny_root, tmp_path):
    done = promic(
        "data", "phantom", "--path", str(tiny_root), "--write", str(tmp_path / "out" / "data.json")
    )
    about = json.loads(done.stdout)
    assert about["slices"] == {"train": 5, "val": 1, "test": 2}
    assert about["size"] == [256, 256]
    assert json.loads((tmp_path / "out" / "data.json").read_text()) == about


def test_verdicts_need_a_run(tmp_path):
    done = promic("verdicts", PROMIC_ROOT=str(tmp_path))
    assert done.returncode == 1
    assert "make reproduce" in done.stderr


def test_without_a_run_verdicts_come_from_the_published_tables(tmp_path):
    """A fresh clone has figures/ and no run: one screen, and the same as JSON."""
    (tmp_path / "figures").mkdir()
    for file in (ROOT / "figures").glob("bd_ap.*"):
        shutil.copy(file, tmp_path / "figures")
    done = promic("verdicts", PROMIC_ROOT=str(tmp_path), COLUMNS="120")
    assert done.returncode == 0, done.stderr
    assert "published results in figures/" in done.stdout
    assert len(done.stdout.splitlines()) <= 45
    rows = json.loads(promic("verdicts", "--json", PROMIC_ROOT=str(tmp_path)).stdout)
    fields = {"document", "id", "location", "published", "ours", "unit", "verdict"}
    assert {*fields, "conditions_met", "conditions", "profile"} <= set(rows[0])
    row = next(r for r in rows if r["id"] == "000-table6-promic-ap50")
    assert (row["published"], round(row["ours"], 2)) == (-0.5, -3.22)
    assert row["verdict"] == "differs (scaled down)" and row["conditions_met"] is False


def test_published_verdicts_and_a_run_exclude_each_other(tmp_path):
    done = promic("verdicts", "--published", "--run", "quick/phantom", PROMIC_ROOT=str(tmp_path))
    assert done.returncode == 1 and "exclude each other" in done.stderr


def test_codecs_lists_what_can_run_and_how_to_get_the_rest():
    done = promic("codecs", "--json", JPEG_AI_REFERENCE="", IMAGEIO_FFMPEG_EXE="/nowhere/ffmpeg")
    assert done.returncode == 0
    about = {entry["codec"]: entry for entry in json.loads(done.stdout)}
    assert (
        about["jpeg"]["available"]
        and "quality=50" in about["jpeg"]["encoder"]
        and "libjpeg" in about["jpeg"]["version"]
    )
    assert about["jpegai_bop_off"]["available"]
    assert not about["hevc"]["available"] and "imageio-ffmpeg" in about["hevc"]["remedy"]
    assert (
        not about["jpegai_reference"]["available"]
        and "JPEG_AI_REFERENCE" in about["jpegai_reference"]["remedy"]
    )


def test_codecs_shows_the_encoders_command():
    done = promic("codecs", JPEG_AI_REFERENCE="")
    assert done.returncode == 0
    assert "missing  jpegai_reference" in done.stdout
    if "ready    hevc" in done.stdout:
        assert "-c:v libx265 -preset slow -tune psnr" in done.stdout


def test_doctor_names_engines_and_weights(tmp_path):
    """By hand in a folder that is no project: the engines are there, a published file is
    recognized, the rest comes with its address.
    """
    folder = tmp_path / "data" / "downloads"
    folder.mkdir(parents=True)
    (folder / "resnet50-0676ba61.pth").write_bytes(b"weights")
    done = promic("doctor", "--json", PROMIC_ROOT=str(tmp_path))
    assert done.returncode == 0
    about = {f["name"]: f for f in json.loads(done.stdout)}
    assert (
        about["torchvision"]["state"] == "ok"
        and "detectron2" in about
        and about["jpegai_bop_off"]["state"] == "ok"
    )
    assert (
        hashlib.sha256(b"weights").hexdigest()[:16] in about["imagenet"]["about"]
        and about["coco"]["state"] == "missing"
    )
    assert about["packages"]["about"] == "there is no requirements.lock to compare with"


def test_verdicts_fold_what_was_not_run(tmp_path):
    tables = tmp_path / "data" / "runs" / "quick" / "phantom" / "tables"
    tables.mkdir(parents=True)
    pd.DataFrame(
        [("ProMIC", "AP50", "linear", -0.5)], columns=["recipe", "metric", "domain", "bd_pp"]
    ).to_parquet(tables / "bd_ap.parquet")
    done = promic("verdicts", "--all", PROMIC_ROOT=str(tmp_path), COLUMNS="300")
    lines = done.stdout.splitlines()
    table6 = [
        line.split()[-1] for line in lines if line.startswith("ProMIC") and " Table 6 " in line
    ]
    assert table6 == ["smoke", "run"]  # one number of unknown origin, and a line for 47 others
    assert sum("48 results; they need " in line for line in lines) == 12
    assert len(lines) < 170  # of more than 900 claims


def test_help_lists_the_commands():
    out = promic("--help").stdout
    assert all(
        name in out
        for name in ("verdicts", "explain", "report", "data", "codecs", "doctor", "status", "plan")
    )
