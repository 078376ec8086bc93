"""Registries: names without imports, other packages' entries, and one line for a wrong one."""

import subprocess
import sys
from importlib.metadata import EntryPoint
from typing import Annotated

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from promic_nb.codecs.registry import CODECS, LATENT_CODECS
from promic_nb.core import registry
from promic_nb.core.fields import choices
from promic_nb.core.registry import Registry
from promic_nb.datasets.pictures.registry import PICTURE_SETS
from promic_nb.datasets.registry import DATASETS
from promic_nb.errors import UserError
from promic_nb.metrics.registry import METRICS
from promic_nb.models.backbones import BACKBONES
from promic_nb.models.config import CONFIGS
from promic_nb.models.recipes import RECIPES
from promic_nb.models.registry import ENGINES

NUMBERS = Registry("number", {"pi": "math:pi", "tau": "math:tau", "gone": "math:gone"})
ALL = [
    CODECS,
    LATENT_CODECS,
    METRICS,
    DATASETS,
    PICTURE_SETS,
    ENGINES,
    CONFIGS,
    RECIPES,
    BACKBONES,
]


@pytest.fixture
def foreign(monkeypatch):
    """Entry points of the group "numbers", as another package has them."""
    points = []
    monkeypatch.setattr(
        registry, "entry_points", lambda group: points if group == "numbers" else ()
    )
    return lambda name, value: points.append(EntryPoint(name, value, "numbers"))


@pytest.mark.parametrize("of", ALL, ids=lambda r: r.kind)
def test_every_entry_exists(of):
    for name in of:
        assert of[name] is not None
        assert of.module(name) in sys.modules


def test_a_wrong_name_gives_one_line_with_the_nearest_name():
    with pytest.raises(UserError, match=r"^number 'pie' is unknown\. Did you mean 'pi'\? Choose"):
        NUMBERS["pie"]
    with pytest.raises(ValidationError, match="Choose one of pi, tau, gone"):
        TypeAdapter(Annotated[str, NUMBERS]).validate_python("pie")


def test_what_cannot_be_imported_is_named():
    with pytest.raises(UserError, match="number 'gone' cannot be imported from math:gone"):
        NUMBERS["gone"]


def test_another_package_adds_by_an_entry_point(foreign):
    foreign("e", "math:e")
    numbers = Registry("number", {"pi": "math:pi"}, group="numbers")
    both = Registry("number", {"tau": "math:tau"}, includes=(numbers,))
    assert list(numbers) == ["pi", "e"] and list(both) == ["tau", "pi", "e"]
    assert 2.71 < both["e"] < 2.72 and both.module("e") == "math"


def test_a_name_cannot_be_registered_twice(foreign):
    foreign("pi", "math:e")
    with pytest.raises(UserError, match="'pi' is registered twice, by math:pi and by math:e"):
        list(Registry("number", {"pi": "math:pi"}, group="numbers"))


def test_choices_of_a_field_are_the_names():
    class Model(BaseModel):
        one: Annotated[str, NUMBERS]
        many: list[Annotated[str, NUMBERS]]

    assert choices(Model, "one") == "'pi', 'tau', 'gone'"
    assert choices(Model, "many") == "names of 'pi', 'tau', 'gone'"


def test_tables_import_no_implementation():
    code = (
        "import sys, promic_nb.codecs.registry, promic_nb.metrics.registry\n"
        "import promic_nb.datasets.registry, promic_nb.datasets.pictures.registry\n"
        "import promic_nb.models.registry\n"
        "print([m for m in ('torch', 'torchvision', 'imagecodecs', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
