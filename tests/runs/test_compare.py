"""`promic compare`: what differs between two runs, by how much, and which cause their sidecars
name.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file
from typer.testing import CliRunner

from promic_nb.cli.main import app
from promic_nb.runs.changes import Change
from promic_nb.runs.compare import compare
from promic_nb.runs.layout import find_run
from promic_nb.runs.provenance import Run

TABLE = pd.DataFrame(
    {
        "slice": [0, 0, 1, 1],
        "metric": ["psnr", "nlpd", "psnr", "nlpd"],
        "value": [30.0, 0.5, 32.0, np.nan],
        "bytes": [100, 100, 200, 200],
        "encode_s": [0.1, 0.1, 0.2, 0.2],
    }
)


def make(
    root: Path,
    name: str,
    table: pd.DataFrame = TABLE,
    weight: float = 1.0,
    height: float = 1.0,
    facts=None,
    **parameters,
) -> str:
    """A run with a benchmark, a figure of it and a model; `quick/NAME`."""
    place, runs = f"quick/{name}", root / "data" / "runs"
    run = Run(
        "03_codec_benchmark",
        {"profile": "quick", "seed": 0, "tables": f"data/runs/{place}/tables", **parameters},
        facts or {},
    )
    benchmark = run.save_table(table, runs / place / "tables" / "benchmark", "A benchmark.")
    folder = runs / place / "models" / "A"
    folder.mkdir(parents=True)
    save_file(
        {"front": np.ones((2, 3), np.float32), "head": np.full(2, weight, np.float32)},
        folder / "model.safetensors",
    )
    run.stamp(folder / "model", [".safetensors"], "model", "A model.")
    run.read(benchmark)
    figure, axis = plt.subplots(figsize=(1, 1))
    axis.plot([0, height])
    axis.set_ylim(0, 3)
    run.save_figure(figure, root / "figures" / place / "curve", "A curve.", alt="It rises.")
    plt.close(figure)
    return place


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    make(tmp_path, "one")
    return tmp_path


def found(root: Path, other: str):
    return {c.artifact: c for c in compare(find_run(root, "quick/one"), find_run(root, other))}


def test_equal_runs_are_equal(root):
    comparisons = found(root, make(root, "two"))
    assert list(comparisons) == ["figures/curve", "models/A/model", "tables/benchmark"]
    assert {c.state for c in comparisons.values()} == {"equal"}
    assert CliRunner().invoke(app, ["compare", "quick/one", "quick/two"]).exit_code == 0


def test_differences_are_measured_by_column(root):
    other = TABLE.assign(value=[30.0, 0.5, 24.0, np.nan], bytes=[100, 100, 150, 150])
    table = found(root, make(root, "two", other))["tables/benchmark"]
    assert table.state == "different" and table.rows == (0, 0)
    assert sorted(table.changes, key=lambda c: c.name) == [
        Change("bytes", 2, 50.0, 0.25),
        Change("value", 1, 8.0, 0.25),
    ]


def test_rows_are_matched_by_their_names_and_not_by_their_order(root):
    other = pd.concat([TABLE.iloc[[3, 0, 1]], TABLE.iloc[[2]].assign(slice=7)])
    table = found(root, make(root, "two", other))["tables/benchmark"]
    assert table.rows == (1, 1) and table.changes == []


def test_a_column_in_one_table_only_and_a_missing_number_are_differences(root):
    other = TABLE.drop(columns="bytes").assign(value=[30.0, np.nan, 32.0, np.nan])
    table = found(root, make(root, "two", other))["tables/benchmark"]
    assert {c.name: (c.values, c.absolute) for c in table.changes} == {
        "bytes": (4, None),
        "value": (1, np.inf),
    }


def test_measured_times_do_not_count_nor_what_is_drawn_from_them(root):
    place = make(root, "two", TABLE.assign(encode_s=9.0), height=2.0)
    comparisons = found(root, place)
    assert {a: c.state for a, c in comparisons.items()} == {
        "figures/curve": "measured",
        "models/A/model": "equal",
        "tables/benchmark": "measured",
    }
    assert comparisons["figures/curve"].causes == {"made from": ["tables/benchmark"]}
    result = CliRunner().invoke(app, ["compare", "quick/one", place])
    assert result.exit_code == 0 and "encode_s: 4 values, largest difference 8.9" in result.stdout


def test_where_equal_slices_lie_is_no_cause(root):
    same = {"data": {"name": "phantom", "sha256": "f" * 64}}
    one = make(root, "here", facts=same, data="here")
    two = make(root, "there", TABLE.assign(encode_s=9.0), height=2.0, facts=same, data="there")
    both = compare(find_run(root, one), find_run(root, two))
    assert {c.artifact: c.state for c in both}["figures/curve"] == "measured"


def test_a_figure_that_differs_by_itself_counts(root):
    figure = found(root, make(root, "two", height=2.0))["figures/curve"]
    assert figure.differs and figure.causes == {} and figure.changes[0].name == "samples"


def test_tensors_that_differ_are_named(root):
    model = found(root, make(root, "two", weight=1.5))["models/A/model"]
    assert model.changes == [Change("head", 2, 0.5, pytest.approx(1 / 3))]


def test_an_artifact_of_one_run_only(root):
    place = make(root, "two")
    (root / "figures" / place / "curve.png").unlink()
    figure = found(root, place)["figures/curve"]
    assert figure.state == "only in A" and figure.differs


@pytest.mark.parametrize(
    ("cause", "change", "said"),
    [
        ("data", {"facts": {"data": {"name": "phantom", "sha256": "f" * 64}}}, "phantom"),
        (
            "weights",
            {"facts": {"weights": {"jpegai_beta0.01.safetensors": "e" * 64}}},
            "eeeeeeeeeeee",
        ),
        ("parameters", {"steps": 7, "profile": "quick+mine-3f9a"}, "steps: none -> 7"),
        ("seed", {"seed": 3}, "seed: 0 -> 3"),
        ("threads", {}, "1 -> 2"),
        ("device", {}, "NVIDIA"),
        ("environment", {}, "torch: 2.0 -> 2.1"),
        ("code", {}, "promic_nb/core/cache.py: aaaaaaaaaaaa -> bbbbbbbbbbbb"),
    ],
)
def test_the_cause_is_read_from_the_sidecars(root, cause, change, said):
    """One cause at a time; what no parameter of a test can change is written into the sidecars."""
    place = make(root, "two", TABLE.assign(bytes=1), **change)
    values = {
        "threads": (["environment", "threads"], 1, 2),
        "device": (["environment", "device"], "cpu", "NVIDIA"),
        "environment": (["environment", "packages", "torch"], "2.0", "2.1"),
        "code": (["code", "files", "promic_nb/core/cache.py"], "a" * 64, "b" * 64),
    }
    if cause in values:
        keys, *sides = values[cause]
        for name, value in zip(("one", "two"), sides, strict=True):
            note = root / "data" / "runs" / "quick" / name / "tables" / "benchmark.json"
            about = json.loads(note.read_text())
            at = about
            for key in keys[:-1]:
                at = at[key]
            at[keys[-1]] = value
            note.write_text(json.dumps(about))
    causes = found(root, place)["tables/benchmark"].causes
    assert list(causes) == [cause] and said in causes[cause][0]


def test_as_json_with_exit_code(root):
    place = make(root, "two", TABLE.assign(value=1.0))
    result = CliRunner().invoke(
        app, ["compare", "quick/one", str(root / "data" / "runs" / place), "--json"]
    )
    assert result.exit_code == 1
    table = next(c for c in json.loads(result.stdout) if c["artifact"] == "tables/benchmark")
    assert (
        table["state"] == "different"
        and table["changes"][0]["name"] == "value"
        and table["rows"] == [0, 0]
    )
