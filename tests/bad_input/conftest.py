"""Bad input through the doors that users have: one line that says what, where and what to do;
nothing lost, nothing half-written.

Each case is a line of a table: what is done to good input, the door that it goes through, and what
the line must say. A door is the command `promic`, papermill's command with the engine `promic`,
`make`, Snakemake, or the function that notebooks call.
"""

import shutil

import pytest


@pytest.fixture
def here(tmp_path, tiny_root, monkeypatch):
    """A project with a good stack, and something of the user's in each place that is written to."""
    shutil.copytree(tiny_root, tmp_path / "stack")
    for name in (
        "data/runs/quick/phantom/tables/old.parquet",
        "out/model.safetensors",
        "out/table.parquet",
        "out/data.json",
        "out/out.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"earlier work")
    monkeypatch.setenv("PROMIC_ROOT", str(tmp_path))
    for name in ("PROMIC_DATA", "PROMIC_CELLS", "PROMIC_VM33"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path
