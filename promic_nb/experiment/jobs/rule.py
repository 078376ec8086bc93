"""A rule of the workflow: a notebook, and how wildcards become one run of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from promic_nb.codecs.learned import set_of, weight_path
from promic_nb.experiment.profile import Profile
from promic_nb.notebook import dependencies, parameters
from promic_nb.runs.layout import RunFolder


@dataclass(frozen=True)
class Job:
    """One run of a notebook.

    Attributes:
        parameters: of the notebook; missing ones have their defaults.
        inputs: files that it reads besides its code, by role.
    """

    parameters: dict[str, Any]
    inputs: dict[str, Path | list[Path]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A rule of the workflow: all runs of one notebook that differ in their wildcards.

    Attributes:
        profile: of the run.
        notebook: its name, such as "08_detection".
        job: makes one run; its arguments are the wildcards.
        outputs: files besides the executed notebook, with wildcards in braces.
        wildcards: a regular expression for each.
        label: distinguishes the runs, such as "{recipe}-{rate}-seed{seed}".
        training: whether it trains: it may take longer, and a cluster gives it a GPU.
        priority: rules with a higher one run earlier.
        reported: whether the report waits for it.
    """

    profile: Profile
    notebook: str
    job: Callable[..., Job]
    outputs: dict[str, list[Path]]
    wildcards: dict[str, str] = field(default_factory=dict)
    label: str = ""
    training: bool = False
    priority: int = 0
    reported: bool = False

    @property
    def name(self) -> str:
        """The name of its executed notebook, log and benchmark, with wildcards in braces."""
        return f"{self.notebook}-{self.label}" if self.label else self.notebook

    @property
    def files(self) -> dict[str, str | list[str]]:
        """All outputs, for Snakemake."""
        return plain({"notebook": self.profile.run.notebook(self.name), **self.outputs})

    @property
    def log(self) -> str:
        return self.profile.run.log(self.name).as_posix()

    @property
    def benchmark(self) -> str:
        return self.profile.run.benchmark(self.name).as_posix()

    def inputs(self, **wildcards: str) -> dict[str, str | list[str]]:
        """Everything that one run depends on: its stored notebook, its code, and what it reads.

        Raises:
            UserError: see `dependencies.code`.
        """
        job = self.job(**wildcards)
        return {
            "notebook": stored(self.notebook).as_posix(),
            "code": dependencies.code(stored(self.notebook), plain(job.parameters)),
            **plain(job.inputs),
        }

    def yaml(self, **wildcards: str) -> str:
        """The checked parameters of one run, for papermill.

        Raises:
            UserError: see `parameters.validate`.
        """
        return notebook_parameters(self.notebook, plain(self.job(**wildcards).parameters))

    @property
    def memory_mb(self) -> int:
        """Memory to request from a cluster; a run that exceeds it is repeated with more."""
        if self.profile.smoke:
            return 3000
        return 12000 if self.training and self.profile.detector == "resnet50" else 6000

    @property
    def minutes(self) -> int:
        """Minutes to request from a cluster; a training that exceeds them is resumed."""
        if self.profile.smoke:
            return 60
        return 1440 if self.training else 360


def stored(notebook: str) -> Path:
    """A stored notebook by name."""
    return Path("notebooks") / f"{notebook}.ipynb"


def notebook_parameters(notebook: str, values: dict[str, Any]) -> str:
    """Checked parameters of a notebook for papermill, as one line of YAML.

    Raises:
        UserError: see `parameters.validate`.
    """
    parameters.validate(stored(notebook), values)
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=True, width=10**6).strip()


def plain(value: Any) -> Any:
    """A value with its paths converted to strings.

    Example:
        >>> plain({"folder": Path("data") / "runs", "seeds": [0, 1]})
        {'folder': 'data/runs', 'seeds': [0, 1]}
    """
    if isinstance(value, Path):
        return value.as_posix()
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def with_sidecars(*files: Path) -> list[Path]:
    """Files, each with its sidecar, which states its origin.

    Example:
        >>> [str(path) for path in with_sidecars(Path("ap.parquet"))]
        ['ap.parquet', 'ap.json']
    """
    return [path for file in files for path in (file, file.with_suffix(".json"))]


def tables(run: RunFolder, *names: str) -> list[Path]:
    """Tables of a run with their sidecars."""
    return with_sidecars(*map(run.table, names))


def figures(run: RunFolder, *names: str) -> list[Path]:
    """Figures of a run with their sidecars."""
    return with_sidecars(*map(run.figure, names))


def tables_in(folder: Path, names: Iterable[str]) -> list[Path]:
    """Tables in a folder of a run."""
    return [folder / f"{name}.parquet" for name in names]


def one_of(names: Iterable[str | int]) -> str:
    """A regular expression for a wildcard: one of the names.

    Example:
        >>> one_of(["low", "high"])
        'low|high'
    """
    return "|".join(map(str, names))


SEED = r"\d+"


def of_run(p: Profile) -> dict[str, Any]:
    """Parameters of a notebook that reads other notebooks' results."""
    return {"profile": p.profile, "dataset": p.dataset}


def of_stack(p: Profile) -> dict[str, Any]:
    """Parameters of a notebook that reads slices."""
    return {**of_run(p), "data": p.data}


def artifacts(p: Profile) -> dict[str, Any]:
    """Parameters of a notebook that writes tables and figures of the run."""
    return {"tables": p.run.tables, "figures": p.run.figures}


def weight_files(codec: str, settings: list[dict[str, Any]], dataset: str) -> list[Path]:
    """The weight files in the repository that a codec reads at these settings on a data set.

    They are those of its betas; with a target rate, all registered ones.
    """
    folder = Path("data") / "weights"
    if codec == "jpegai_vm33":
        return [folder / "jpegai_vm33_prior.safetensors"]
    if not codec.startswith("jpegai"):
        return []
    files = [
        weight_path(s.get("weights", set_of(dataset)), s["beta"], folder)
        for s in settings
        if "beta" in s
    ]
    return files + ([folder / "registry.yaml"] if any("target_bpp" in s for s in settings) else [])
