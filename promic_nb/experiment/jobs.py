"""What the Snakefile needs to know of notebooks: their parameters, checked, the modules they stand
on, and the weights they read.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import Any

import grimp
import yaml

from promic_nb.notebook import parameters


def weight_files(codec: str, settings: list[dict]) -> list[str]:
    """Weight files in the repository that a codec reads at some settings: those of its betas; with
    a target rate all that are registered.
    """
    if codec == "jpegai_vm33":
        return ["data/weights/jpegai_vm33_prior.safetensors"]
    if not codec.startswith("jpegai"):
        return []
    files = [f"data/weights/jpegai_beta{s['beta']:g}.safetensors" for s in settings if "beta" in s]
    return files + (
        ["data/weights/registry.yaml"] if any("target_bpp" in s for s in settings) else []
    )


def notebook_parameters(notebook: str, values: dict[str, Any]) -> str:
    """Checked parameters of a notebook as YAML for papermill; raises `UserError` as
    `parameters.validate` does.
    """
    parameters.validate(Path("notebooks") / f"{notebook}.ipynb", values)
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=True, width=10**6).strip()


@cache
def modules(notebook: str) -> list[str]:
    """Source files of promic_nb that a notebook imports, directly or not: a change in one of them
    reruns it.
    """
    source = "\n".join(
        source for source, _ in parameters.code_cells(Path("notebooks") / f"{notebook}.ipynb")
    )
    graph = grimp.build_graph("promic_nb")
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("promic_nb"):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.startswith("promic_nb")]
        else:
            continue
        found |= {n for n in names if n in graph.modules}
    found |= {m for name in list(found) for m in graph.find_upstream_modules(name)}
    # Importing a module runs the __init__ of each package above it, and what that imports.
    while parents := {m.rpartition(".")[0] for m in found if "." in m} - found:
        found |= parents | {m for p in parents for m in graph.find_upstream_modules(p)}
    return sorted(_file(m) for m in found)


def _file(module: str) -> str:
    path = Path(*module.split("."))
    return str(path / "__init__.py" if path.is_dir() else path.with_suffix(".py"))
