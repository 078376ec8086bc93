"""Which source files a result depends on."""

from functools import partial

from promic_nb.core import code
from promic_nb.core.files import sha256
from promic_nb.training.samples import detection_crops
from promic_nb.training.solver import Solver


def test_a_module_depends_on_its_imports_and_on_its_parent_packages():
    found = code.closure(["promic_nb.training.solver"])
    assert {
        "promic_nb",
        "promic_nb.training",
        "promic_nb.training.solver",
        "promic_nb.training.fit",
        "promic_nb.core.files",
        "promic_nb.errors",
    } <= found
    assert not [m for m in found if m.startswith(("promic_nb.reporting", "promic_nb.codecs"))]


def test_tables_of_names_and_other_packages_are_not_included():
    assert code.closure(["promic_nb.datasets.registry", "torch.nn"]).isdisjoint(
        {"promic_nb.datasets.registry", "torch.nn"}
    )
    assert "promic_nb.core.registry" in code.closure(["promic_nb.core.registry"])


def test_hashes_are_those_of_the_files():
    found = code.closure_code(["promic_nb.core.files"])
    assert found["promic_nb/core/files.py"] == sha256(code._PACKAGES / "promic_nb/core/files.py")
    assert set(found) >= {"promic_nb/__init__.py", "promic_nb/core/__init__.py"}


def test_functions_are_found_in_partials_closures_and_methods():
    def around(value):
        return lambda: value

    solver = Solver(1, 0.1)
    for thing in (
        partial(print, solver),
        around(solver),
        around(partial(print, x=solver)),
        [(solver, 1)],
        {"a": [solver]},
    ):
        assert "promic_nb.training.solver" in code.defining_modules(thing)
    assert "promic_nb.training.samples" in code.defining_modules(detection_crops)
    assert code.defining_modules(solver.__post_init__) == {"promic_nb.training.solver"}
    assert code.defining_modules(Solver) == {"promic_nb.training.solver"}


def test_a_function_that_refers_to_itself_terminates():
    def again():
        return again

    assert __name__ in code.defining_modules(again)
