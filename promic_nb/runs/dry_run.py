"""The jobs that a run would execute, from Snakemake's dry run."""

from __future__ import annotations

import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from promic_nb.core import paths
from promic_nb.errors import UserError
from promic_nb.notebook import parameters
from promic_nb.runs.workflow import Workflow

DRY = ("--dry-run", "--printshellcmds", "--quiet", "host", "reason")


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


def dry_run(workflow: Workflow, again: bool = False) -> list[PlannedJob]:
    """The jobs that a run would execute.

    Args:
        again: count finished jobs too.

    Raises:
        UserError: Snakemake's own reason.
    """
    command = workflow.command(*DRY, *(["--forceall"] if again else []))
    done = subprocess.run(command, cwd=paths.root(), capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    if done.returncode:
        raise UserError(
            f"Snakemake could not plan the run: {_reason(text)}", "Fix that, then retry"
        )
    return parse(text)


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
        command = re.search(r"^ *Shell command: (.*)$", block, flags=re.M)
        if rule != "all":
            found.append(
                planned(rule, command[1] if command else "", int(memory[1]) if memory else 0)
            )
    return found


def planned(rule: str, command: str, memory_mb: int = 0) -> PlannedJob:
    """A job by its shell command, which is papermill's if the job runs a notebook."""
    if not command.startswith("papermill "):
        return PlannedJob(rule, memory_mb)
    words = shlex.split(command)
    notebook = Path(next(w for w in words if w.endswith(".ipynb"))).stem
    values = all_parameters(notebook, yaml.safe_load(words[words.index("-y") + 1]))
    return PlannedJob(rule, memory_mb, notebook, values)


def all_parameters(notebook: str, values: dict[str, Any]) -> dict[str, Any]:
    """A notebook's parameters with its defaults."""
    return parameters.validate(paths.root() / "notebooks" / f"{notebook}.ipynb", values)
