import numpy as np
import pytest
from PIL import Image

from promic_nb.datasets.cells import open_cells, write_phantom_cells
from promic_nb.errors import UserError


def test_splits_are_disjoint_whole_and_follow_the_seed(tmp_path):
    cells = open_cells(write_phantom_cells(tmp_path / "p", count=10, side=40))
    splits = cells.splits(100)
    assert {k: len(v) for k, v in splits.items()} == {"train": 6, "val": 2, "test": 2}
    assert sorted(i for ids in splits.values() for i in ids) == list(range(10))
    assert cells.splits(100) == splits != cells.splits(101)


def test_synthetic_cells_are_drawn_once_and_repeat(tmp_path, monkeypatch):
    monkeypatch.delenv("PROMIC_CELLS", raising=False)
    monkeypatch.setattr("promic_nb.datasets.cells.COUNT", 5)
    cells = open_cells(cache=tmp_path)
    assert cells.name == "phantom-cells" and cells.image(0).shape == (96, 96, 3)
    written = (tmp_path / "phantom-cells" / "images" / cells.names[0]).stat().st_mtime_ns
    again = open_cells(cache=tmp_path)
    assert again.fingerprint == cells.fingerprint
    assert (tmp_path / "phantom-cells" / "images" / cells.names[0]).stat().st_mtime_ns == written


def test_a_copy_is_found_by_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv(
        "PROMIC_CELLS", str(write_phantom_cells(tmp_path / "mine", count=5, side=40))
    )
    assert open_cells().name == "cells"


def test_what_is_wrong_with_a_folder_is_named(tmp_path):
    with pytest.raises(UserError, match="does not exist"):
        open_cells(tmp_path / "none")
    with pytest.raises(UserError, match="no images/"):
        open_cells(tmp_path)
    write_phantom_cells(tmp_path / "few", count=2, side=40)
    with pytest.raises(UserError, match="holds 2 images"):
        open_cells(tmp_path / "few")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda p: Image.fromarray(np.zeros((40, 40), np.uint8)).save(p),
            r"uint8 samples \(40, 40\)",
        ),
        (lambda p: Image.fromarray(np.zeros((20, 40, 3), np.uint8)).save(p), "at least 32"),
        (lambda p: p.write_bytes(b"no image"), "cannot be read"),
    ],
)
def test_what_is_wrong_with_an_image_is_named(tmp_path, make, message):
    root = write_phantom_cells(tmp_path / "p", count=5, side=40)
    make(root / "images" / "000.png")
    with pytest.raises(UserError, match=message):
        open_cells(root).image(0)
