"""The machine: Python, packages, device, disk, tools."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from packaging.requirements import Requirement

from promic_nb.cli.doctor.findings import Check
from promic_nb.core import paths
from promic_nb.runs.throughput import read_throughput

TOOLS = (
    ("make", "the commands of the README", "apt install make"),
    ("git", "commits in provenance", "apt install git"),
    ("sbatch", "runs on a SLURM cluster", "only on a cluster: docs/reliability.md"),
)


def environment() -> Iterator[Check]:
    """Python, and whether the packages match the lock."""
    about = f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info < (3, 13):
        yield Check("Python", "ok", about)
    else:
        yield Check("Python", "broken", about, "Install 3.11 or 3.12")
    lock = paths.root() / "requirements.lock"
    if not lock.is_file():
        reason = "there is no requirements.lock to compare with"
        yield Check("packages", "missing", reason, "Run in the project's folder")
        return
    locked = locked_versions(lock.read_text())
    here = {name: _version(name) for name in locked}
    other = [
        f"{n} {here[n]} (locked: {wanted})" for n, wanted in locked.items() if here[n] != wanted
    ]
    if other:
        yield Check("packages", "missing", "; ".join(other), "make install")
    else:
        yield Check("packages", "ok", f"{len(locked)} as in requirements.lock")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def locked_versions(lock: str) -> dict[str, str]:
    """Name to version of the packages that a lock requires on this platform."""
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


def torch_and_device() -> Iterator[Check]:
    """PyTorch and its devices."""
    try:
        import torch
    except Exception as error:  # whatever a broken installation raises
        yield Check("torch", "broken", f"{error.__class__.__name__}: {error}", "make install")
        return
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    apple = "Apple GPU (MPS)" if torch.backends.mps.is_available() else "CPU only"
    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()} cores"
    yield Check("torch", "ok", f"{torch.__version__}, {threads}, {', '.join(gpus) or apple}")


def disk() -> Iterator[Check]:
    """Free space, the space that each profile needs, and the project folder."""
    free = shutil.disk_usage(paths.root()).free / 1e9
    if free > 1:
        yield Check("free", "ok", f"{free:.1f} GB")
    else:
        remedy = "Free some space: a run needs it for notebooks and tables"
        yield Check("free", "broken", f"{free:.1f} GB", remedy)
    for profile, needed in read_throughput().disk_gb.items():
        about = f"{free:.1f} GB free, about {needed:g} GB needed"
        if free > needed:
            yield Check(f"for {profile}", "ok", about)
        else:
            yield Check(f"for {profile}", "missing", about, "Free some space")
    if os.access(paths.root(), os.W_OK):
        yield Check("project folder", "ok", "can be written to")
    else:
        yield Check("project folder", "broken", "cannot be written to", "chmod u+w .")


def tools() -> Iterator[Check]:
    """Programs other than Python."""
    for tool, used, remedy in TOOLS:
        if there := shutil.which(tool):
            yield Check(tool, "ok", there)
        else:
            yield Check(tool, "missing", f"not found; for {used}", remedy)
