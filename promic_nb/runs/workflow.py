"""How Snakemake is called for a run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Workflow:
    """The configuration of a run, as Snakemake gets it.

    Attributes:
        files: YAML files, each of which changes those before it.
        values: keys that are set beside the files.

    Example:
        >>> made = Workflow([Path("config/quick.yaml")], {"dataset": "lucchi"})
        >>> made.command("--cores", "2")[3:]
        ['--configfile', 'config/quick.yaml', '--config', 'dataset=lucchi', '--cores', '2']
    """

    files: Sequence[Path]
    values: Mapping[str, str] = field(default_factory=dict)

    def command(self, *options: str) -> list[str]:
        """Snakemake's command line with more options."""
        config = [f"{key}={value}" for key, value in self.values.items() if value]
        return [
            *(sys.executable, "-m", "snakemake", "--configfile", *map(str, self.files)),
            *(["--config", *config] if config else []),
            *options,
        ]
