"""Where the project lies, from a notebook, the command line or a test."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def root() -> Path:
    """The project's folder: PROMIC_ROOT, or the nearest one at or above the working folder with a
    Snakefile, or the working folder.
    """
    if "PROMIC_ROOT" in os.environ:
        return Path(os.environ["PROMIC_ROOT"])
    here = Path.cwd()
    return next((p for p in (here, *here.parents) if (p / "Snakefile").is_file()), here)


def copy_project(project: Path, to: Path) -> Path:
    """What a run needs of a project, without runs and data, in another folder: for a run that
    nothing disturbs. Returns that folder.
    """
    for name in ("notebooks", "promic_nb", "config", "data/weights"):
        shutil.copytree(project / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Makefile", "Snakefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(project / name, to / name)
    return to


def relative(path: Path) -> str:
    """A path as it is written into sidecars: relative to the project where it lies inside, else its
    name only.
    """
    path, top = path.resolve(), root().resolve()
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else path.name


def code_file(name: str) -> Path:
    """A source file by the name that sidecars give it: `promic_nb/...` of the installed package,
    anything else of the project.
    """
    return (Path(__file__).parents[2] if name.startswith("promic_nb/") else root()) / name
