"""What this machine has, what is missing, and how to install it."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
from packaging.requirements import Requirement

from promic_nb.core import paths
from promic_nb.core.files import sha256
from promic_nb.errors import UserError
from promic_nb.runs.throughput import read_throughput

State = Literal["ok", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """One line of the examination.

    Attributes:
        part: which examination it belongs to.
        name: what was looked at.
        state: ok; missing, where runs are possible without it; broken, where they are not.
        about: version, place or reason.
        remedy: the command that fixes it, or "".
    """

    part: str
    name: str
    state: State
    about: str
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def examine() -> list[Finding]:
    """All findings, part by part."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of libraries, about each other
        return [Finding(part, *found) for part, look in EXAMINATIONS.items() for found in look()]


def _python() -> Iterator[tuple]:
    fits = (3, 11) <= sys.version_info < (3, 13)
    yield (
        "Python",
        "ok" if fits else "broken",
        f"{platform.python_version()}, {platform.system()} {platform.machine()}",
        "" if fits else "Install 3.11 or 3.12",
    )
    lock = paths.root() / "requirements.lock"
    if not lock.is_file():
        yield (
            "packages",
            "missing",
            "there is no requirements.lock to compare with",
            "Run in the project's folder",
        )
        return
    locked, other = locked_versions(lock.read_text()), []
    for name, wanted in locked.items():
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "not installed"
        if here != wanted:
            other.append(f"{name} {here} (locked: {wanted})")
    yield (
        "packages",
        "missing" if other else "ok",
        "; ".join(other) or f"{len(locked)} as in requirements.lock",
        "make install" if other else "",
    )


def locked_versions(lock: str) -> dict[str, str]:
    """Name to version of what a lock wants on this platform."""
    wanted = [
        Requirement(line.rstrip("\\ "))
        for line in lock.splitlines()
        if line[:1].isalnum() and "==" in line
    ]
    return {
        r.name: next(iter(r.specifier)).version
        for r in wanted
        if not r.marker or r.marker.evaluate()
    }


def _torch() -> Iterator[tuple]:
    try:
        import torch
    except Exception as error:  # whatever a broken install raises
        yield "torch", "broken", f"{error.__class__.__name__}: {error}", "make install"
        return
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    apple = "Apple GPU (MPS)" if torch.backends.mps.is_available() else "CPU only"
    device = ", ".join(gpus) or apple
    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()} cores"
    yield (
        "torch",
        "ok",
        f"{torch.__version__}, {threads}, {device}",
    )


def _engines() -> Iterator[tuple]:
    from promic_nb.models.registry import ENGINES

    for engine in ENGINES:
        yield (
            engine,
            *(
                ("ok", version(engine))
                if find_spec(engine)
                else ("missing", "not installed", "docs/detectors.md; the default is torchvision")
            ),
        )


def _codecs() -> Iterator[tuple]:
    from promic_nb.codecs.inventory import inventory

    for about in inventory():
        yield (
            about["codec"],
            *(
                ("ok", about["version"])
                if about["available"]
                else ("missing", about["missing"], about["remedy"])
            ),
        )


def _metrics() -> Iterator[tuple]:
    from promic_nb.metrics.quality import compute
    from promic_nb.metrics.registry import METRICS

    noise = np.random.default_rng(0).integers(0, 256, (192, 192), dtype=np.uint8)
    works = []
    for name in METRICS:
        try:
            compute(noise, noise[::-1].copy(), [name])
            works.append(name)
        except UserError as error:
            yield name, "missing", error.what, error.remedy
    yield "computed here", "ok", ", ".join(works)


def _data() -> Iterator[tuple]:
    from promic_nb.datasets import DATASETS
    from promic_nb.datasets.layout import find_root

    named = os.environ.get("PROMIC_DATA")
    if named:
        try:
            yield "PROMIC_DATA", "ok", str(find_root(Path(named)))
        except UserError as error:
            yield "PROMIC_DATA", "missing", error.what, error.remedy
    for name in DATASETS:
        folder = paths.root() / "data" / name
        if folder.is_dir():
            yield name, "ok", f"in data/{name}"
        elif name == "phantom":
            yield name, "ok", "synthetic; drawn when it is first needed"
        else:
            yield (
                name,
                "missing",
                "no download yet",
                f"promic data {name}, or name a copy: make reproduce DATA=PATH",
            )


def _weights() -> Iterator[tuple]:
    from promic_nb.codecs.jpegai import weights
    from promic_nb.models.build import DOWNLOADS
    from promic_nb.models.pretrained import inventory

    for name, about in weights.registry().items():
        file = weights.WEIGHTS / name
        if file.is_file() and sha256(file) == about["sha256"]:
            yield name, "ok", f"SHA-256 {about['sha256'][:12]} as registered"
        else:
            yield (
                name,
                "broken",
                "the hash is not the registered one" if file.is_file() else "no such file",
                f"git checkout -- data/weights/{name}",
            )
    for name, what, state in inventory(paths.root() / DOWNLOADS):
        here = state.startswith("here")
        yield (
            name,
            "ok" if here else "missing",
            state if here else what,
            "" if here else "fetched when a profile names it (weights: ...)",
        )


def _disk() -> Iterator[tuple]:
    free = shutil.disk_usage(paths.root()).free / 1e9
    yield (
        "free",
        "ok" if free > 1 else "broken",
        f"{free:.1f} GB",
        "" if free > 1 else "Free some space: a run's notebooks and tables need some",
    )
    for profile, needed in read_throughput().disk_gb.items():
        enough = free > needed
        yield (
            f"for {profile}",
            "ok" if enough else "missing",
            f"{free:.1f} GB free, about {needed:g} GB needed",
            "" if enough else "Free some space",
        )
    writable = os.access(paths.root(), os.W_OK)
    yield (
        "project folder",
        "ok" if writable else "broken",
        "can be written to" if writable else "cannot be written to",
        "" if writable else "chmod u+w .",
    )


def _tools() -> Iterator[tuple]:
    for tool, used, remedy in (
        ("make", "the commands of the README", "apt install make"),
        ("git", "commits in provenance", "apt install git"),
        ("sbatch", "runs on a SLURM cluster", "only on a cluster: docs/reliability.md"),
    ):
        there = shutil.which(tool)
        yield (
            tool,
            "ok" if there else "missing",
            there or f"not found; for {used}",
            "" if there else remedy,
        )


EXAMINATIONS: dict[str, Callable[[], Iterator[tuple]]] = {
    "environment": _python,
    "torch": _torch,
    "engines": _engines,
    "codecs": _codecs,
    "metrics": _metrics,
    "data": _data,
    "weights": _weights,
    "disk": _disk,
    "tools": _tools,
}
