"""The examples in docstrings do what they say, and the public functions have one."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

import promic_nb
from promic_nb import codecs
from promic_nb.datasets import open_stack
from promic_nb.metrics.bjontegaard import bd_rate
from promic_nb.metrics.detection import average_precision
from promic_nb.metrics.quality import compute
from promic_nb.models.api import detect
from promic_nb.models.load import load_detector
from promic_nb.runs.provenance import Run

PACKAGE = Path(promic_nb.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(["promic_nb", *p.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")
    for p in PACKAGE.rglob("*.py")
    if ">>> " in p.read_text()
)
PUBLIC = [
    codecs.get,
    codecs.target,
    compute,
    bd_rate,
    average_precision,
    open_stack,
    load_detector,
    detect,
    Run,
]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    failed, tried = doctest.testmod(
        import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    )
    assert tried and not failed


@pytest.mark.parametrize("function", PUBLIC, ids=lambda f: f.__qualname__)
def test_public_functions_have_an_example(function):
    assert ">>> " in (function.__doc__ or "")
