"""Shared fixtures: a tiny phantom, and real slices and networks where a copy lies beside the
project or a variable names one.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from promic_nb.core.paths import copy_project
from promic_nb.datasets import open_stack
from promic_nb.datasets.phantom import write_phantom

ROOT = Path(__file__).parents[1]
torch.set_num_threads(1)
# The same examples in every run; HYPOTHESIS_PROFILE=default draws new ones.
settings.register_profile("fixed", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_collection_modifyitems(items):
    """The longest files first, so that several processes end at about the same time."""
    items.sort(key=lambda item: item.path.parent.name not in ("end_to_end", "notebooks"))


def kept_files() -> dict[str, int]:
    """What belongs to the project's user, with the time of its last change: runs, figures, and
    what the quick start trained.
    """
    tops = [ROOT / "data" / "runs", ROOT / "figures", ROOT / "data" / "quickstart"]
    return {
        path.relative_to(ROOT).as_posix(): path.stat().st_mtime_ns
        for top in tops
        for path in (top, *top.rglob("*"))
        if path.exists()
    }


@pytest.fixture(scope="session", autouse=True)
def project(tmp_path_factory):
    """A copy of the project without runs and figures, where all helpers, notebooks and commands of
    a test work; the project itself is left as it was.
    """
    before = kept_files()
    copy = copy_project(ROOT, tmp_path_factory.mktemp("project"))
    os.environ["PROMIC_ROOT"] = str(copy)
    yield copy
    after = kept_files()
    changed = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
    assert not changed, f"tests changed files of the project: {changed}"


@pytest.fixture(scope="session")
def tiny_root(tmp_path_factory):
    """Six training and two test slices of 256x256, in the Lucchi++ layout."""
    return write_phantom(
        tmp_path_factory.mktemp("phantom") / "stack",
        counts={"Train": 6, "Test": 2},
        size=(256, 256),
    )


@pytest.fixture(scope="session")
def tiny(tiny_root):
    return open_stack("phantom", tiny_root)


@pytest.fixture(scope="session")
def lucchi_root():
    """A local copy of Lucchi, or a skip that says where it was looked for."""
    for place in (os.environ.get("PROMIC_DATA"), ROOT.parent / "shared" / "data" / "lucchi"):
        if place and Path(place).is_dir():
            return Path(place)
    pytest.skip("no Lucchi slices: set PROMIC_DATA, or put a copy in ../shared/data/lucchi")


@pytest.fixture(scope="session")
def lucchi(lucchi_root):
    return open_stack("lucchi", lucchi_root)


@pytest.fixture(scope="session")
def vm33_folder():
    """A local copy of the JPEG AI VM 3.3 networks, or a skip that says where it was looked for."""
    for place in (os.environ.get("PROMIC_VM33"), ROOT.parent / "shared" / "data" / "jpeg-ai-vm3.3"):
        if place and Path(place).is_dir():
            return Path(place)
    pytest.skip(
        "no JPEG AI VM 3.3 networks: set PROMIC_VM33, or put a copy in ../shared/data/jpeg-ai-vm3.3"
    )
