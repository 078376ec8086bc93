from pathlib import Path

import nbformat
import pytest

from promic_nb.notebook.stored import problems

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebooks_are_clean_pages(path):
    assert problems(path) == []


def test_stored_outputs_are_reported(tmp_path):
    nb = nbformat.read(NOTEBOOKS[0], as_version=4)
    code = next(c for c in nb.cells if c.cell_type == "code")
    code.outputs = [nbformat.v4.new_output("stream", text="left behind")]
    nbformat.write(nb, tmp_path / "x.ipynb")
    assert problems(tmp_path / "x.ipynb") == [
        "it is stored with outputs: clear them (Edit > Clear Outputs of All Cells)"
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_no_function_is_longer_than_a_screen(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", []):
            assert len(cell.source.splitlines()) <= 30
