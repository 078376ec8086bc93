"""The public interface: what it exports, and that importing it imports nothing heavy."""

import subprocess
import sys

import promic_nb
from promic_nb.datasets import open_stack
from promic_nb.models.api import detect
from promic_nb.models.load import load_detector
from promic_nb.runs.provenance import Run


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_package_imports_nothing_heavy():
    heavy = "('torch', 'numpy', 'pandas', 'scipy', 'matplotlib', 'pydantic')"
    code = f"import sys, promic_nb; print([m for m in {heavy} if m in sys.modules])"
    assert python(code) == "[]"


def test_the_names_are_those_of_their_modules():
    assert promic_nb.open_stack is open_stack and promic_nb.load_detector is load_detector
    assert promic_nb.detect is detect and promic_nb.Run is Run
    assert issubclass(promic_nb.UserError, ValueError)
    assert callable(promic_nb.codecs.get) and callable(promic_nb.codecs.target)
    for name in promic_nb.metrics.__all__:
        assert getattr(promic_nb.metrics, name) is not None
    for name in ("compute", "bd_rate", "average_precision"):
        assert name in promic_nb.metrics.__all__


def test_a_submodule_is_an_attribute_without_its_import():
    code = "import promic_nb; print(promic_nb.codecs.rate_control('jpeg').setting)"
    assert python(code) == "quality"
