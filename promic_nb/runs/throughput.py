"""The speed of a machine: seconds and disk space per unit of work, by notebook."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml

from promic_nb.errors import UserError


@dataclass(frozen=True)
class Throughput:
    """The throughput measured on one machine.

    Attributes:
        machine: processor and cores.
        origin: the runs that were measured.
        start: seconds that every notebook takes before its work starts.
        throughput: by notebook, then "seconds" and "disk_mb", then by key, for one unit of
            `runs.work.Work`.
        disk_gb: that each profile needs on all of Lucchi.
    """

    machine: str
    origin: str
    start: float
    throughput: dict[str, dict[str, dict[str, float]]]
    disk_gb: dict[str, float] = field(default_factory=dict)

    def measured(self, notebook: str, key: str) -> bool:
        """Whether the throughput of this key itself was measured."""
        return key in self.throughput.get(notebook, {}).get("seconds", {})

    def per_unit(self, notebook: str, key: str, column: str) -> float:
        """Seconds or megabytes per unit of work.

        If the key was not measured, it is the mean of the notebook's other keys, otherwise NaN.
        """
        known = self.throughput.get(notebook, {}).get(column, {})
        return known.get(key, fmean(known.values()) if known else float("nan"))

    def as_yaml(self) -> str:
        """The file that `read_throughput` reads."""
        about = asdict(self)
        return yaml.safe_dump(about, sort_keys=False, default_flow_style=None, width=100)


def read_throughput(file: Path | None = None) -> Throughput:
    """Read a file made by `promic measure`; by default the one in this package.

    Raises:
        UserError: the file has another form.
    """
    text = file.read_text() if file else files(__package__).joinpath("throughput.yaml").read_text()
    try:
        about: dict[str, Any] = yaml.safe_load(text)
        return Throughput(**about)
    except (yaml.YAMLError, TypeError) as error:
        raise UserError(
            f"{file} is not a table of throughput ({str(error).splitlines()[0]})",
            "Make one with: promic measure quick/lucchi > throughput.yaml",
        ) from None
