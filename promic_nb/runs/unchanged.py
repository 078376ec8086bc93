"""A short cut: what Snakemake found up to date stays so until a file changes.

Snakemake needs seconds to find out that there is nothing to do. So a run keeps a fingerprint of all
files that its answer may depend on, by size and time of change. It covers more files than
Snakemake looks at: any doubt leads to Snakemake.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from promic_nb.core import paths
from promic_nb.core.files import atomically
from promic_nb.runs.layout import RunFolder
from promic_nb.runs.session import ALWAYS
from promic_nb.runs.workflow import Workflow

PACKAGE = Path(__file__).parents[1]
PLUGINS = "promic_nb."  # the beginning of entry points' groups
CODE = ("Snakefile", "config", "notebooks", "data/weights")


def fingerprint(run: RunFolder, workflow: Workflow, options: list[str]) -> str:
    """Of Snakemake's command line and of all files that a run of it reads or writes.

    They are its results and those of the same profile on other data sets, notebooks, code,
    profiles, settings, weights, and modules of plug-ins.
    """
    of_profile = [run.path.parent, run.figures.parent]
    tops = [PACKAGE, *(run.root / name for name in CODE), *workflow.files, *of_profile, *_plugins()]
    volatile = {run.full_log, run.session, run.up_to_date, run.verdicts}
    digest = hashlib.sha256(repr(workflow.command(*options)).encode())
    for top in tops:
        for path, about in sorted(_files(top)):
            if Path(path) not in volatile:
                digest.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def is_unchanged(run: RunFolder, now: str) -> bool:
    """Whether a run was up to date with this fingerprint."""
    return run.up_to_date.is_file() and run.up_to_date.read_text() == now


def note_unchanged(run: RunFolder, now: str) -> None:
    """Note that Snakemake found the run up to date with this fingerprint."""
    atomically(run.up_to_date, lambda path: path.write_text(now))


class Check:
    """A check, after jobs have run, that nothing is left to do; it runs beside other work."""

    def __init__(self, run: RunFolder, workflow: Workflow, options: list[str]) -> None:
        self.run, self._of = run, (run, workflow, options)
        self._before = fingerprint(*self._of)
        self._process = subprocess.Popen(
            workflow.command(*ALWAYS, *options, "--dry-run"),
            cwd=paths.root(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def note(self) -> None:
        """Wait for the answer, and note it if nothing has changed meanwhile."""
        answer = self._process.communicate()[0]
        if "\nNothing to be done" in answer and fingerprint(*self._of) == self._before:
            note_unchanged(self.run, self._before)


def _files(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The files in a folder, however deep, or the file itself; without compiled code."""
    if top.is_file():
        yield str(top), top.stat()
    elif top.is_dir():
        for entry in os.scandir(top):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    yield from _files(Path(entry.path))
            elif entry.is_file():
                yield entry.path, entry.stat()


def _plugins() -> list[Path]:
    """The modules that other packages register."""
    found = entry_points()
    groups = [name for name in found.groups if name.startswith(PLUGINS)]
    modules = {point.module for name in groups for point in found.select(group=name)}
    specs = [find_spec(module) for module in sorted(modules)]
    return [Path(spec.origin) for spec in specs if spec and spec.has_location and spec.origin]
