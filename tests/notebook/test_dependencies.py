"""A notebook reruns for the code that it uses, and for no other."""

import ast
import json
from importlib import import_module
from inspect import isclass, isfunction
from pathlib import Path

import pytest

from promic_nb.core.code import import_graph, tables
from promic_nb.errors import UserError
from promic_nb.notebook.dependencies import code, imports, modules
from promic_nb.notebook.parameters import code_cells

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
TRAININGS = [
    "02_train_codec",
    "06_guided_translator",
    "07_train_detector",
    "12_train_deblocking",
    "14_latent_learning_train",
    "16_multitask_train",
    "19_features",
    "20_cross_rate",
]

# A package with two registries. `measure` asks for metrics by name, `overview` imports a module of
# the codecs only, `choose` asks for codecs.
PACKAGE = {
    "__init__": "",
    "codecs/__init__": "from soup.codecs.registry import CODECS",
    "codecs/registry": """
from typing import Annotated
from promic_nb.core.registry import Registry
LATENT = Registry("codec", {"own": "soup.codecs.own:Own"})
CODECS = Registry("codec", {
    "jpeg": "soup.codecs.jpeg:Jpeg",
    "hevc": "soup.codecs.video:Hevc",
    "vvc": "soup.codecs.video:Vvc",
    "far": "faraway:Far",
}, includes=(LATENT,))
CodecName = Annotated[str, CODECS]
LatentCodecName = Annotated[str, LATENT]
""",
    "codecs/jpeg": "Jpeg = 1",
    "codecs/own": "Own = 1",
    "codecs/video": "from soup.encoder import ENCODER; Hevc = Vvc = ENCODER",
    "codecs/latents": "",
    "encoder": "ENCODER = 1",
    "metrics/__init__": "",
    "metrics/registry": """
from typing import Annotated
from promic_nb.core.registry import Registry
METRICS = Registry("metric", {"psnr": "soup.metrics.psnr:psnr", "ssim": "soup.metrics.ssim:ssim"})
MetricName = Annotated[str, METRICS]
""",
    "metrics/psnr": "psnr = 1",
    "metrics/ssim": "ssim = 1",
    "measure": "from soup.metrics.registry import METRICS",
    "choose": "from soup import codecs",
    "overview": "from soup.codecs import latents",
    "unused": "",
}


@pytest.fixture(scope="module", autouse=True)
def soup(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soup")
    for name, text in PACKAGE.items():
        file = folder / "soup" / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "faraway.py").write_text("Far = 1")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder


@pytest.fixture
def notebook(tmp_path):
    def make(parameters: str, body: str) -> Path:
        cells = [
            {"cell_type": "code", "source": parameters, "metadata": {"tags": ["parameters"]}},
            {"cell_type": "code", "source": body, "metadata": {}},
        ]
        (tmp_path / "page.ipynb").write_text(json.dumps({"cells": cells}))
        return tmp_path / "page.ipynb"

    return make


def used(notebook, **values):
    return {m.removeprefix("soup.") for m in modules(notebook, values, "soup")} - {"soup"}


ONE_CODEC = "from soup.codecs.registry import CodecName\ncodec: CodecName = 'jpeg'"


def test_a_run_depends_on_the_codec_that_its_parameters_name(notebook):
    page = notebook(ONE_CODEC, "from soup import choose")
    assert used(page) == {"choose", "codecs", "codecs.jpeg"}
    assert used(page, codec="hevc") == {"choose", "codecs", "codecs.video", "encoder"}


def test_names_are_found_in_lists_and_keys(notebook):
    page = notebook(
        "from soup.codecs.registry import CodecName\n"
        "from soup.metrics.registry import MetricName\n"
        "references: list[CodecName] = []\nsettings: dict[CodecName, int] = {'jpeg': 3}\n"
        "metrics: list[MetricName] = ['psnr']\nlabel: str = 'ssim'",
        "from soup import choose, measure",
    )
    assert {m for m in used(page) if "." in m} == {"codecs.jpeg", "metrics.psnr"}
    found = used(page, references=["vvc"], metrics=["psnr", "ssim"], settings={})
    assert {m for m in found if "." in m} == {"codecs.video", "metrics.psnr", "metrics.ssim"}


def test_a_table_of_names_is_not_a_dependency(notebook):
    assert not [m for m in used(notebook(ONE_CODEC, "from soup import choose")) if "registry" in m]


def test_a_registry_without_a_parameter_counts_with_all_entries(notebook):
    page = notebook("threads: int = 1", "from soup.measure import METRICS")
    assert used(page) == {"measure", "metrics", "metrics.psnr", "metrics.ssim"}


def test_a_parameter_of_a_part_of_a_registry_chooses_from_the_whole(notebook):
    page = notebook(
        "from soup.codecs.registry import LatentCodecName\ncodec: LatentCodecName = 'own'",
        "from soup import choose",
    )
    assert used(page) == {"choose", "codecs", "codecs.own"}


def test_a_module_in_a_package_of_entries_is_not_use_of_all_entries(notebook):
    assert used(notebook("threads: int = 1", "from soup import overview")) == {
        "overview",
        "codecs",
        "codecs.latents",
    }


def test_an_entry_of_another_package_is_a_dependency(notebook, soup):
    page = notebook(ONE_CODEC, "from soup import choose")
    assert used(page, codec="far") == {"choose", "codecs", "faraway"}


def test_imports_are_found_anywhere_in_the_cells(notebook):
    page = notebook("threads: int = 1", "def f():\n    import soup.measure as m, numpy")
    assert imports(page) == {"soup.measure", "numpy"}


def test_a_missing_notebook_is_named():
    with pytest.raises(UserError, match=r"none\.ipynb does not exist"):
        code(Path("none.ipynb"), {})


def test_the_stored_notebooks_depend_on_what_they_use():
    dataset = code(NOTEBOOKS / "01_dataset.ipynb", {})
    distortion = code(NOTEBOOKS / "04_rate_distortion.ipynb", {})
    assert "promic_nb/datasets/boxes.py" in dataset
    assert "promic_nb/datasets/layout.py" in dataset  # through the package
    assert not [m for m in dataset if "/codecs/" in m or "/models/" in m]
    assert "promic_nb/metrics/bjontegaard.py" in distortion
    assert not [m for m in distortion if "/models/" in m or "/training/" in m]
    for name in dataset + distortion:
        assert (ROOT / name).is_file()


def test_a_deblocking_network_reruns_what_is_trained_with_it():
    page = NOTEBOOKS / "12_train_deblocking.ipynb"
    networks = "promic_nb/studies/deblocking/networks"
    found = {
        name: {m for m in code(page, {"network": name}) if m.startswith(networks)}
        for name in ("memnet", "unet")
    }
    for name, files in found.items():
        assert files == {f"{networks}/__init__.py", f"{networks}/{name}.py"}


@pytest.mark.parametrize("notebook", [*TRAININGS, "03_codec_benchmark", "05_latents"])
def test_a_change_of_style_retrains_and_reencodes_nothing(notebook):
    assert "promic_nb/reporting/plots.py" not in code(NOTEBOOKS / f"{notebook}.ipynb", {})


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_what_a_notebook_imports_of_the_package_exists(notebook):
    nodes = [n for text, _ in code_cells(notebook) for n in ast.walk(ast.parse(text))]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("promic_nb"):
            there = vars(import_module(node.module))
            for alias in node.names:
                assert (
                    alias.name in there or f"{node.module}.{alias.name}" in import_graph().modules
                )


def test_tables_of_names_contain_nothing_else():
    """They are no dependency, so they define no function and no class but an interface."""
    assert len(tables()) >= 4
    for table in tables():
        defined = [v for v in vars(import_module(table)).values() if isfunction(v) or isclass(v)]
        own = [v for v in defined if v.__module__ == table]
        assert not [v for v in own if not getattr(v, "_is_protocol", False)], table
