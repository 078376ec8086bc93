"""Places that cannot be written to, and artifacts that cannot be read."""

import contextlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bad_input import full_disk, refused

from promic_nb import codecs
from promic_nb.codecs.jpegai import weights as codec_weights
from promic_nb.core.cache import ResultCache
from promic_nb.models.build import build_detector
from promic_nb.models.weights import save_weights
from promic_nb.reporting.report import write_report
from promic_nb.runs.layout import find_run
from promic_nb.runs.provenance import Run


def table(here: Path, path: str):
    return Run("01_dataset", {"profile": "quick"}).save_table(
        pd.DataFrame({"a": np.arange(1000.0)}), here / path, "A table."
    )


WRITES = {
    "table, full disk": (lambda h: table(h, "out/table"), 100, "table.parquet cannot be written"),
    "table, a file in the way": (
        lambda h: table(h, "out/table.parquet/a"),
        None,
        "a.parquet cannot be written",
    ),
    "table, unwritable folder": (
        lambda h: table(h, "/proc/promic/a"),
        None,
        "a.parquet cannot be written",
    ),
    "detector, full disk": (
        lambda h: save_weights(build_detector("small"), h / "out/model.safetensors"),
        4096,
        "model.safetensors cannot be",
    ),
    "detector, a folder in the way": (
        lambda h: save_weights(build_detector("small"), h / "out"),
        None,
        "out cannot be written",
    ),
    "codec, full disk": (
        lambda h: codec_weights.save(
            codecs.get("jpegai_bop_off").model, h / "out/model.safetensors"
        ),
        4096,
        "model.safetensors cannot be written",
    ),
    "cache, full disk": (
        lambda h: ResultCache(h / "cache.jsonl").__setitem__("k", "v" * 1000),
        100,
        "cache.jsonl cannot be written",
    ),
    "a table that is not there": (
        lambda h: Run("08_detection", {}).read_table(h / "none.parquet"),
        None,
        "none.parquet does not exist",
    ),
    "a table that is none": (
        lambda h: Run("08_detection", {}).read_table(h / "out/table.parquet"),
        None,
        "table.parquet is truncated or corrupt",
    ),
    "report, a folder in the way": (
        lambda h: write_report(_with_folder(h)),
        None,
        "report.html cannot be written",
    ),
}


def _with_folder(here: Path):
    (here / "data/runs/quick/phantom/report.html").mkdir()
    return find_run(here, "quick/phantom")


@pytest.mark.parametrize("case", WRITES)
def test_writing_and_reading(here, case):
    act, most, says = WRITES[case]
    with refused(here, says), full_disk(most) if most else contextlib.nullcontext():
        act(here)
