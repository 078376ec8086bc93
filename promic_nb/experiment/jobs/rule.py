"""What a rule of the workflow is: a notebook, and what turns wildcards into one run of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from promic_nb.codecs.learned import DEFAULT_SET, weight_file
from promic_nb.experiment.profile import Profile
from promic_nb.notebook import dependencies, parameters
from promic_nb.runs.layout import RunFolder


@dataclass(frozen=True)
class Job:
    """One run of a notebook.

    Attributes:
        parameters: of the notebook; what is missing takes its default.
        inputs: files that it reads beside its code, by what they are.
    """

    parameters: dict[str, Any]
    inputs: dict[str, Path | list[Path]] = field(default_factory=dict)


@dataclass(frozen=True)
class Rule:
    """A rule of the workflow: all runs of a notebook that differ by their wildcards.

    Attributes:
        profile: that the run follows.
        notebook: its name, such as "08_detection".
        job: makes one run; its arguments are the wildcards.
        outputs: what it writes beside the executed notebook, with wildcards in braces.
        wildcards: what each may be, a regular expression.
        label: what tells the runs apart, such as "{recipe}-{rate}-seed{seed}".
        training: whether it trains: it may take longer, and a cluster gives it a GPU.
        priority: the higher, the sooner it runs.
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
        """Of its executed notebook, log and benchmark, with wildcards in braces."""
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
        """All that one run depends on: its stored notebook, the code behind it, and what it reads.

        Raises:
            UserError: as `dependencies.code` does.
        """
        job = self.job(**wildcards)
        return {
            "notebook": stored(self.notebook).as_posix(),
            "code": dependencies.code(stored(self.notebook), plain(job.parameters)),
            **plain(job.inputs),
        }

    def yaml(self, **wildcards: str) -> str:
        """The parameters of one run, checked, for papermill.

        Raises:
            UserError: as `parameters.validate` does.
        """
        return notebook_parameters(self.notebook, plain(self.job(**wildcards).parameters))

    @property
    def memory_mb(self) -> int:
        """To ask a cluster for; a run that hits it is repeated with more."""
        if self.profile.smoke:
            return 3000
        return 12000 if self.training and self.profile.detector == "resnet50" else 6000

    @property
    def minutes(self) -> int:
        """To ask a cluster for; a training that hits it goes on where it was."""
        if self.profile.smoke:
            return 60
        return 1440 if self.training else 360


def stored(notebook: str) -> Path:
    """A stored notebook by name."""
    return Path("notebooks") / f"{notebook}.ipynb"


def notebook_parameters(notebook: str, values: dict[str, Any]) -> str:
    """Checked parameters of a notebook as YAML for papermill, in one line.

    Raises:
        UserError: as `parameters.validate` does.
    """
    parameters.validate(stored(notebook), values)
    return yaml.safe_dump(values, sort_keys=False, default_flow_style=True, width=10**6).strip()


def plain(value: Any) -> Any:
    """A value with its paths as text.

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
    """Files, each with the sidecar that says where it comes from.

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
    """A wildcard's regular expression: one of the names.

    Example:
        >>> one_of(["low", "high"])
        'low|high'
    """
    return "|".join(map(str, names))


SEED = r"\d+"


def of_run(p: Profile) -> dict[str, Any]:
    """Parameters of a notebook that reads what other notebooks made."""
    return {"profile": p.profile, "dataset": p.dataset}


def of_stack(p: Profile) -> dict[str, Any]:
    """Parameters of a notebook that reads slices."""
    return {**of_run(p), "data": p.data}


def artifacts(p: Profile) -> dict[str, Any]:
    """Parameters of a notebook that writes tables and figures of the run."""
    return {"tables": p.run.tables, "figures": p.run.figures}


def weight_files(codec: str, settings: list[dict[str, Any]]) -> list[Path]:
    """Weight files in the repository that a codec reads at some settings: those of its betas; with
    a target rate all that are registered.
    """
    folder = Path("data") / "weights"
    if codec == "jpegai_vm33":
        return [folder / "jpegai_vm33_prior.safetensors"]
    if not codec.startswith("jpegai"):
        return []
    files = [
        folder / weight_file(s.get("weights", DEFAULT_SET), s["beta"])
        for s in settings
        if "beta" in s
    ]
    return files + ([folder / "registry.yaml"] if any("target_bpp" in s for s in settings) else [])
