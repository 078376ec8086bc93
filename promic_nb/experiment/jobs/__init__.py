"""The jobs of the workflow, built from the profile.

For each rule they define the notebook, its parameters, and what it reads and writes. The Snakefile
turns them into Snakemake rules.
"""

from __future__ import annotations

from pathlib import Path

from promic_nb.core.code import closure, source_file
from promic_nb.experiment.jobs import diagnosis, extensions, probes, studies, study
from promic_nb.experiment.jobs.rule import Job, Rule
from promic_nb.experiment.profile import Profile

__all__ = ["Job", "Rule", "data_code", "report_code", "rules"]


def rules(profile: Profile) -> dict[str, Rule]:
    """All rules of a profile's run, by name."""
    made: dict[str, Rule] = {}
    for part in (study, studies, probes, extensions, diagnosis):
        made |= part.rules(profile)
    return made


def data_code(profile: Profile) -> list[str]:
    """The files that opening the data set depends on: what its notebook uses of `datasets`."""
    code = rules(profile)["dataset"].inputs()["code"]
    return [file for file in code if "/datasets/" in file]


def report_code() -> list[str]:
    """The files that the report depends on besides the notebooks: code, template and claims."""
    package = Path("promic_nb")
    claims = sorted(path.as_posix() for path in (package / "claims").glob("*.yaml"))
    code = sorted(map(source_file, closure(["promic_nb.reporting.report"])))
    return [*code, (package / "reporting" / "report.html.j2").as_posix(), *claims]
