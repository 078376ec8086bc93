"""The layout of a run: where each job of the workflow keeps what it makes. No other module builds
paths under data/runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from promic_nb.errors import UserError

RUNS = Path("data") / "runs"
FIGURES = Path("figures")


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
        """The run whose folder is `path`, ROOT/data/runs/PROFILE/DATASET."""
        path = path.resolve()
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

    def model(self, recipe: str, rate: str, seed: int | str) -> Path:
        """A trained detector's folder; `rate` is "pixels" for `original`."""
        return self.path / "models" / recipe / rate / f"seed{seed}"

    def translator(self, lrb: bool, rate: str, seed: int | str) -> Path:
        """The folder of a translator trained by GDTT."""
        return self.model(f"translator-{'lrb' if lrb else 'base'}", rate, seed)

    def weights(self, folder: Path) -> Path:
        """The model in one of these folders."""
        return folder / "model.safetensors"


def all_runs(root: Path) -> list[RunFolder]:
    """The runs of a project that have tables, the one whose tables changed last at the end."""
    folders = [p for p in (root / RUNS).glob("*/*") if (p / "tables").is_dir()]
    return [RunFolder.at(p) for p in sorted(folders, key=lambda p: (p / "tables").stat().st_mtime)]


def find_run(root: Path, name: str = "") -> RunFolder:
    """A run by `PROFILE/DATASET` or path; by default the one whose tables changed last.

    Raises:
        UserError: no such run, with the ones that there are.
    """
    runs = all_runs(root)
    if not name and runs:
        return runs[-1]
    for path in (root / RUNS / name, root / name):
        if name and (path / "tables").is_dir():
            return RunFolder.at(path)
    there = ", ".join(run.name for run in runs) or "none yet"
    raise UserError(
        f"there is no run {name!r}" if name else "there is no run yet",
        f"Runs: {there}. Make one with: make reproduce",
    )
