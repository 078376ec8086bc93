import subprocess
import sys
from pathlib import Path
from typing import get_args

import nbformat
import pytest
from papermill.exceptions import PapermillException

from promic_nb.core import fields
from promic_nb.errors import UserError
from promic_nb.notebook import parameters
from promic_nb.notebook.engine import StrictEngine
from promic_nb.training.channels import CHOICES
from promic_nb.training.multirate import RATE_INPUTS
from promic_nb.training.solver import OPTIONS

SOURCE = """
from promic_nb.codecs.registry import CodecName
from promic_nb.core.fields import Count, CropSide, Positive
from promic_nb.metrics.registry import MetricName
codec: CodecName = "jpeg"
metrics: list[MetricName] = ["psnr"]
steps: Count = 3
rate: Positive = 0.5
crop: CropSide = 64
names: list[str] = []
flag: bool = True
"""


@pytest.fixture
def notebook():
    cell = nbformat.v4.new_code_cell(SOURCE, metadata={"tags": ["parameters"]})
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1"), cell])


def test_defaults_and_given_values_are_merged(notebook):
    assert parameters.validate(notebook, {"steps": 7, "rate": 2}) == {
        "codec": "jpeg",
        "metrics": ["psnr"],
        "steps": 7,
        "rate": 2,
        "crop": 64,
        "names": [],
        "flag": True,
    }


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"stpes": 3},
            "unknown parameter 'stpes'. Did you mean 'steps'\\? Choices: codec, metrics, steps",
        ),
        (
            {"codec": "jpg"},
            "parameter 'codec' is 'jpg'. Choices: 'jpeg', 'jpeg2000', .*'jpegai_bop_off'",
        ),
        ({"codec": 3}, "parameter 'codec' is 3. Choices: 'jpeg', .*valid string"),
        ({"metrics": ["pnsr"]}, "is \\['pnsr'\\]. Choices: names of 'psnr', 'ssim', .*'fsim'$"),
        ({"steps": 0}, "parameter 'steps' is 0. Choices: a whole number from 1"),
        ({"steps": 2.5}, "parameter 'steps' is 2.5. Choices: a whole number"),
        ({"steps": "3"}, "parameter 'steps' is '3'"),
        ({"rate": -1.0}, "Choices: a number above 0"),
        ({"rate": float("nan")}, "parameter 'rate' is nan"),
        ({"crop": 100}, "Choices: a multiple of 64"),
        ({"names": "one"}, "parameter 'names' is 'one'"),
        ({"flag": "yes"}, "parameter 'flag' is 'yes'. Choices: bool"),
    ],
)
def test_one_line_names_notebook_parameter_and_choices(notebook, values, message):
    with pytest.raises(UserError, match=message) as error:
        parameters.validate(notebook, values, "notebooks/x.ipynb")
    assert str(error.value).startswith("notebooks/x.ipynb: ")
    assert "\n" not in str(error.value)


def test_a_notebook_without_parameters_says_so():
    with pytest.raises(UserError, match="no cell tagged 'parameters'"):
        parameters.declared(nbformat.v4.new_notebook())
    with pytest.raises(UserError, match="does not exist"):
        parameters.declared(Path("none.ipynb"))


def test_the_engine_refuses_before_a_kernel_starts(notebook, monkeypatch):
    started = []
    monkeypatch.setattr(
        "papermill.engines.NBClientEngine.execute_managed_notebook",
        lambda *a, **k: started.append(1),
    )
    injected = nbformat.v4.new_code_cell("stpes = 3", metadata={"tags": ["injected-parameters"]})
    notebook.cells.append(injected)
    notebook.metadata["papermill"] = {"parameters": {"stpes": 3}, "input_path": "notebooks/x.ipynb"}
    with pytest.raises(PapermillException, match=r"notebooks/x\.ipynb: unknown parameter 'stpes'"):
        StrictEngine.execute_notebook(notebook, "python3")
    assert not started


def test_names_are_those_of_the_registries():
    assert set(get_args(fields.ChannelChoice)) == set(CHOICES)
    assert set(get_args(fields.RateInput)) == set(RATE_INPUTS)
    assert set(fields.SolverOptions.__annotations__) == OPTIONS


def test_checking_parameters_imports_no_torch():
    code = (
        "import sys; from pathlib import Path; from promic_nb.notebook.parameters import declared; "
        "[declared(p) for p in Path('notebooks').glob('*.ipynb')]; "
        "import promic_nb.experiment.profile; print('torch' in sys.modules)"
    )
    project = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project
    )
    assert done.stdout.strip() == "False"
