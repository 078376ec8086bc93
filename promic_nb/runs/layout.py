"""The layout of a run: where each job of the workflow writes its results.

No other module builds paths under data/runs.

Names may be wildcards of the workflow: `run.model("{recipe}", "{rate}", "{seed}")`.
"""

from __future__ import annotations

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
    """The folder of one run, and the paths of everything in it.

    Attributes:
        profile: of the run.
        dataset: of the run.
        root: the project; by default, paths are relative to the working folder.

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
            UserError: the path has another form.
        """
        path = path.absolute()  # symbolic links stay: data/runs may be one
        if path.parts[-4:-2] != RUNS.parts:
            raise UserError(
                f"{path} is not the folder of a run", f"Give a path such as {RUNS}/quick/phantom"
            )
        return cls(path.parent.name, path.name, path.parents[3])

    @property
    def name(self) -> str:
        """PROFILE/DATASET, as in commands."""
        return f"{self.profile}/{self.dataset}"

    def inside(self, root: Path) -> RunFolder:
        """The same run with the paths of a project elsewhere."""
        return RunFolder(self.profile, self.dataset, root)

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
        """The summary of the stack checked by `promic data`."""
        return self.path / "data.json"

    @property
    def session(self) -> Path:
        """A note of which Snakemake logs belong to the run's last session, and its jobs."""
        return self.path / "session.json"

    @property
    def full_log(self) -> Path:
        """All output of Snakemake, session after session."""
        return self.path / "reproduce.log"

    @property
    def up_to_date(self) -> Path:
        """The fingerprint of the files with which Snakemake had nothing to do."""
        return self.path / "up_to_date"

    @property
    def verdicts(self) -> Path:
        """The verdicts that `make reproduce` showed last."""
        return self.path / "verdicts.parquet"

    def marker(self, of: Marker) -> Path:
        """The file that shows that this run has tables, or that it was started."""
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
        """Time and memory of a job, measured by Snakemake."""
        return self.path / "benchmarks" / f"{job}.tsv"

    def latents(self, rate: str) -> Path:
        """Latents and decoded slices at one rate point, with a folder per split."""
        return self.path / "latents" / rate

    def signature(self, rate: str, split: str) -> Path:
        """The record of what the latents of a split were made from."""
        return self.latents(rate) / split / "signature.json"

    def signatures(self, split: str) -> dict[str, Path]:
        """The signatures that exist, by rate point."""
        files = sorted(self.path.glob(f"latents/*/{split}/signature.json"))
        return {file.parent.parent.name: file for file in files}

    def model(self, recipe: str, rate: str, seed: Label, variant: str = "") -> Path:
        """The folder of a trained detector.

        `rate` is "pixels" for `original` and "all" for a model of all rates.

        Args:
            variant: one of the profile's extensions; "" for the study's own models.
        """
        top = self.path / "extensions" / variant if variant else self.path / "models"
        return top / recipe / rate / f"seed{seed}"

    def translator(self, kind: str, rate: str, seed: Label, variant: str = "") -> Path:
        """The folder of a translator trained by GDTT; its `kind` is "lrb" or "base"."""
        return self.model(f"translator-{kind}", rate, seed, variant)

    def experiment(self, name: str, recipe: str, rate: str, seed: Label) -> Path:
        """The folder of a model of the diagnosis; its `name` is QUESTION.SETTING."""
        return self.path / "diagnosis" / name / recipe / rate / f"seed{seed}"

    def search(self, recipe: str, rate: str) -> Path:
        """The results of a search for a model's hyperparameters."""
        return self.path / "search" / recipe / rate

    def features(self, rate: str, seed: Label) -> Path:
        """The compared feature maps."""
        return self.path / "features" / rate / f"seed{seed}"

    def translator_alone(self, rate: str, seed: Label) -> Path:
        """The detector with only its translator trained, whose feature maps are compared."""
        return self.features(rate, seed) / "translator_alone"

    def pretrained(self, rate: str, seed: Label) -> Path:
        """The detector that starts from pretrained weights, not from model A."""
        return self.features(rate, seed) / "pretrained"

    def cross_rate(self, recipe: str, seed: Label) -> Path:
        """Results of one recipe's models on inputs of other rates."""
        return self.path / "cross_rate" / recipe / f"seed{seed}"

    def deblocking(
        self, network: str, loss: str, trained_on: str, seed: Label, synthetic: bool
    ) -> Path:
        """A trained deblocking network, in separate folders for real and synthetic cells."""
        cells = "phantom-cells" if synthetic else "cells"
        return self.path / "deblocking" / cells / network / loss / trained_on / f"seed{seed}"

    def latent_learning(self, point: str) -> Path:
        """Classifiers of one rate point, trained on latents and on pixels."""
        return self.path / "latent_learning" / point

    @property
    def multitask(self) -> Path:
        """Trainings of the multi-task study."""
        return self.path / "multitask"

    @staticmethod
    def weights(folder: Path) -> Path:
        """The trained model in one of these folders."""
        return folder / "model.safetensors"

    @staticmethod
    def results(folder: Path) -> Path:
        """The average precision of the detector in one of these folders."""
        return folder / "ap.parquet"

    @staticmethod
    def detections(folder: Path) -> Path:
        """The boxes that the detector in one of these folders finds on test slices."""
        return folder / "detections.parquet"

    def others(self) -> list[RunFolder]:
        """Runs of the same profile on other data sets, sorted by name."""
        folders = sorted(p for p in self.path.parent.glob("*") if p.is_dir())
        return [
            RunFolder(self.profile, p.name, self.root) for p in folders if p.name != self.dataset
        ]


def all_runs(root: Path, marker: Marker = "tables") -> list[RunFolder]:
    """The runs of a project that have a marker; the one whose marker changed last comes last.

    A marker is a run's tables, or the session note that the workflow writes when it starts.
    """
    runs = [RunFolder(p.parent.name, p.name, root) for p in (root / RUNS).glob("*/*")]
    there = [run for run in runs if run.marker(marker).exists()]
    return sorted(there, key=lambda run: run.marker(marker).stat().st_mtime)


def find_run(root: Path, name: str = "", marker: Marker = "tables") -> RunFolder:
    """Find a run by `PROFILE/DATASET` or path; by default the one whose marker changed last.

    The hash in a profile's name and the data set may be left out if only one run fits.

    Raises:
        UserError: the run does not exist, or several fit; lists those that do.
    """
    runs = all_runs(root, marker)
    if not name and runs:
        return runs[-1]
    fit = [run for run in runs if name in _short_names(run)]
    if len(fit) == 1:
        return fit[0]
    if fit:
        raise UserError(
            f"{name!r} stands for several runs",
            f"Choose one of: {', '.join(run.name for run in fit)}",
        )
    if name and (root / name).is_dir():
        run = RunFolder.at(root / name)
        if run.marker(marker).exists():
            return run
    there = ", ".join(run.name for run in runs) or "none yet"
    raise UserError(
        f"there is no run {name!r}" if name else "there is no run yet",
        f"Runs: {there}. Start one with: make reproduce",
    )


def _short_names(run: RunFolder) -> set[str]:
    """The names that may stand for a run.

    Example:
        >>> sorted(_short_names(RunFolder("quick+mine-3f9a", "lucchi")))
        ['quick+mine', 'quick+mine-3f9a', 'quick+mine-3f9a/lucchi', 'quick+mine/lucchi']
    """
    profiles = {run.profile}
    if "+" in run.profile:
        profiles.add(run.profile.rpartition("-")[0])
    return profiles | {f"{profile}/{run.dataset}" for profile in profiles}
