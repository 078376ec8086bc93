"""The layout of a run: where each job of the workflow keeps what it makes. No other module builds
paths under data/runs.

Names may be wildcards of the workflow: `run.model("{recipe}", "{rate}", "{seed}")`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from promic_nb.errors import UserError

RUNS = Path("data") / "runs"
FIGURES = Path("figures")
Label = int | str  # a number, or a wildcard of the workflow such as "{seed}"
Marker = Literal["tables", "session"]


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run, and the names of all that is in it.

    Attributes:
        profile: the profile that it runs.
        dataset: the stack that it runs on.
        root: the project; by default paths are relative to the working folder.

    Example:
        >>> run = RunFolder("quick", "phantom")
        >>> run.model("ProMIC", "low", 0).as_posix()
        'data/runs/quick/phantom/models/ProMIC/low/seed0'
        >>> run.table("ap").as_posix()
        'data/runs/quick/phantom/tables/ap.parquet'
    """

    profile: str
    dataset: str
    root: Path = Path()

    @classmethod
    def at(cls, path: Path) -> RunFolder:
        """The run whose folder is `path`, ROOT/data/runs/PROFILE/DATASET.

        Raises:
            UserError: it is not such a path.
        """
        path = path.absolute()  # symbolic links stay: data/runs may be one
        if path.parts[-4:-2] != RUNS.parts:
            raise UserError(
                f"{path} is not the folder of a run", f"Name one like {RUNS}/quick/phantom"
            )
        return cls(path.parent.name, path.name, path.parents[3])

    @property
    def name(self) -> str:
        """PROFILE/DATASET, as commands take it."""
        return f"{self.profile}/{self.dataset}"

    @property
    def path(self) -> Path:
        return self.root / RUNS / self.profile / self.dataset

    @property
    def figures(self) -> Path:
        return self.root / FIGURES / self.profile / self.dataset

    @property
    def tables(self) -> Path:
        return self.path / "tables"

    @property
    def notebooks(self) -> Path:
        """Executed notebooks."""
        return self.path / "notebooks"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def data(self) -> Path:
        """Summary of the stack that `promic data` checked."""
        return self.path / "data.json"

    @property
    def session(self) -> Path:
        """Which of Snakemake's logs belongs to the run's last session."""
        return self.path / "session.json"

    def marker(self, of: Marker) -> Path:
        """What tells that this run has tables, or that it was started."""
        return self.session if of == "session" else self.tables

    def table(self, name: str) -> Path:
        return self.tables / f"{name}.parquet"

    def figure(self, name: str) -> Path:
        return self.figures / f"{name}.png"

    def notebook(self, job: str) -> Path:
        """The executed notebook of a job."""
        return self.notebooks / f"{job}.ipynb"

    def log(self, job: str) -> Path:
        return self.path / "logs" / f"{job}.log"

    def benchmark(self, job: str) -> Path:
        """Time and memory of a job, as Snakemake saw them."""
        return self.path / "benchmarks" / f"{job}.tsv"

    def latents(self, rate: str) -> Path:
        """Latents and decoded slices at one rate point, a folder for each split."""
        return self.path / "latents" / rate

    def signature(self, rate: str, split: str) -> Path:
        """What the latents of a split were made from."""
        return self.latents(rate) / split / "signature.json"

    def signatures(self, split: str) -> dict[str, Path]:
        """The signatures that are there, by rate point."""
        files = sorted(self.path.glob(f"latents/*/{split}/signature.json"))
        return {file.parent.parent.name: file for file in files}

    def model(self, recipe: str, rate: str, seed: Label, variant: str = "") -> Path:
        """A trained detector's folder; `rate` is "pixels" for `original` and "all" for a model of
        all rates.

        Args:
            variant: of the profile's extensions; "" for the study's own models.
        """
        top = self.path / "extensions" / variant if variant else self.path / "models"
        return top / recipe / rate / f"seed{seed}"

    def translator(self, kind: str, rate: str, seed: Label, variant: str = "") -> Path:
        """The folder of a translator trained by GDTT; its `kind` is "lrb" or "base"."""
        return self.model(f"translator-{kind}", rate, seed, variant)

    def search(self, recipe: str, rate: str) -> Path:
        """What a search for a model's hyperparameters found."""
        return self.path / "search" / recipe / rate

    def features(self, rate: str, seed: Label) -> Path:
        """Compared feature maps."""
        return self.path / "features" / rate / f"seed{seed}"

    def frozen(self, rate: str, seed: Label) -> Path:
        """The detector with frozen stages whose feature maps are compared."""
        return self.features(rate, seed) / "frozen"

    def cross_rate(self, recipe: str, seed: Label) -> Path:
        """How the models of one recipe do on inputs of other rates."""
        return self.path / "cross_rate" / recipe / f"seed{seed}"

    def deblocking(
        self, network: str, loss: str, trained_on: str, seed: Label, synthetic: bool
    ) -> Path:
        """A trained deblocking network; networks of real and of synthetic cells are kept apart."""
        cells = "phantom-cells" if synthetic else "cells"
        return self.path / "deblocking" / cells / network / loss / trained_on / f"seed{seed}"

    def latent_learning(self, point: str) -> Path:
        """Classifiers of one rate point, learned from latents and from pixels."""
        return self.path / "latent_learning" / point

    @property
    def multitask(self) -> Path:
        """Trainings of the study of several tasks."""
        return self.path / "multitask"

    @staticmethod
    def weights(folder: Path) -> Path:
        """The trained model in one of these folders."""
        return folder / "model.safetensors"

    @staticmethod
    def results(folder: Path) -> Path:
        """The average precision of the detector in one of these folders."""
        return folder / "ap.parquet"

    def others(self) -> list[RunFolder]:
        """The runs of the same profile on other data sets, by name."""
        folders = sorted(p for p in self.path.parent.glob("*") if p.is_dir())
        return [
            RunFolder(self.profile, p.name, self.root) for p in folders if p.name != self.dataset
        ]


def named_dataset(text: str, profile: str) -> str | None:
    """The data set of the first path in a text that lies in a run of a profile.

    Example:
        >>> named_dataset("output: data/runs/quick/lucchi/data.json", "quick")
        'lucchi'
    """
    place = re.search(rf"{RUNS.as_posix()}/{re.escape(profile)}/([\w.-]+)/", text)
    return place[1] if place else None


def all_runs(root: Path, marker: Marker = "tables") -> list[RunFolder]:
    """The runs of a project that have a marker: tables, or the note of a session that the workflow
    writes when it starts. The one whose marker changed last stands at the end.
    """
    runs = [RunFolder(p.parent.name, p.name, root) for p in (root / RUNS).glob("*/*")]
    there = [run for run in runs if run.marker(marker).exists()]
    return sorted(there, key=lambda run: run.marker(marker).stat().st_mtime)


def find_run(root: Path, name: str = "", marker: Marker = "tables") -> RunFolder:
    """A run by `PROFILE/DATASET` or path; by default the one whose marker changed last.

    Raises:
        UserError: no such run, with the ones that there are.
    """
    runs = all_runs(root, marker)
    if not name and runs:
        return runs[-1]
    for path in (root / RUNS / name, root / name):
        if name and path.is_dir() and RunFolder.at(path).marker(marker).exists():
            return RunFolder.at(path)
    there = ", ".join(run.name for run in runs) or "none yet"
    raise UserError(
        f"there is no run {name!r}" if name else "there is no run yet",
        f"Runs: {there}. Start one with: make reproduce",
    )
