"""The jobs that a run would execute, from Snakemake's dry run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from promic_nb.core import paths
from promic_nb.errors import UserError
from promic_nb.notebook import parameters
from promic_nb.runs.layout import named_dataset

SNAKEMAKE = (sys.executable, "-m", "snakemake", "--dry-run", "--printshellcmds")
QUIET = ("--quiet", "host", "reason")


@dataclass(frozen=True)
class PlannedJob:
    """One job.

    Attributes:
        memory_mb: that it requests.
        notebook, parameters: with all defaults; "" and {} if it does not run a notebook.
    """

    rule: str
    memory_mb: int
    notebook: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


def dry_run(
    profile: str, settings: str = "", again: bool = False, **config: str
) -> tuple[list[PlannedJob], str]:
    """The jobs that a run would execute, and its data set.

    Args:
        profile: name of a file in config/.
        settings: a YAML file that replaces keys of the profile, or "".
        again: count finished jobs too.
        config: data, dataset and cells, as in `make reproduce`.

    Raises:
        UserError: the profile does not exist, or Snakemake's own reason.
    """
    file = paths.root() / "config" / f"{profile}.yaml"
    if not file.is_file():
        raise UserError(
            f"profile {profile!r} is unknown",
            f"Choose one of: {', '.join(sorted(p.stem for p in file.parent.glob('*.yaml')))}",
        )
    command = [*SNAKEMAKE, *QUIET, *(["--forceall"] if again else []), "--configfile", str(file)]
    command += [settings] if settings else []
    command += ["--config", *(f"{k}={v}" for k, v in config.items() if v)]
    done = subprocess.run(command, cwd=paths.root(), capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    if done.returncode:
        raise UserError(
            f"Snakemake could not plan the run: {_reason(text)}", "Fix that, then retry"
        )
    return parse(text), named_dataset(text, profile) or config.get("dataset") or "phantom"


def _reason(text: str) -> str:
    """The Snakefile's own message, otherwise the end of Snakemake's output."""
    own = (line for line in text.splitlines() if line.startswith("promic: "))
    return next(own, text.strip()[-400:]).removeprefix("promic: ").rstrip(".")


def parse(text: str) -> list[PlannedJob]:
    """Jobs in the output of `snakemake --dry-run --printshellcmds`."""
    found = []
    for block in re.split(r"^(?=(?:local)?rule \w+:)", text, flags=re.M)[1:]:
        rule = block.partition(":")[0].split()[-1]
        memory = re.search(r"mem_mb=(\d+)", block)
        command = re.search(r"^ *Shell command: (papermill .*)$", block, flags=re.M)
        notebook, values = "", {}
        if command:
            words = shlex.split(command[1])
            notebook = Path(next(w for w in words if w.endswith(".ipynb"))).stem
            values = all_parameters(notebook, yaml.safe_load(words[words.index("-y") + 1]))
        if rule != "all":
            found.append(PlannedJob(rule, int(memory[1]) if memory else 0, notebook, values))
    return found


def all_parameters(notebook: str, values: dict[str, Any]) -> dict[str, Any]:
    """A notebook's parameters with its defaults."""
    return parameters.validate(paths.root() / "notebooks" / f"{notebook}.ipynb", values)
