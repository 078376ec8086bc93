"""Read a session from Snakemake's log: jobs planned, started, finished and failed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from promic_nb.runs.progress import Job

EVENT = re.compile(
    r"^(?:local)?rule (?P<rule>\w+):$"
    r"|^    jobid: (?P<started>\d+)$"
    r"|^    log: (?P<log>[^,\s]+)"
    r"|^Finished jobid: (?P<finished>\d+)"
    r"|^Error in rule (?P<error>\w+)"
    r"|^(?P<count>\w+) +(?P<jobs>\d+)$"
    r"|^(?P<end>Exiting because|Nothing to be done)",
    re.MULTILINE,
)


@dataclass
class Events:
    """The events so far.

    Attributes:
        total: number of jobs by rule.
        jobs: started jobs by Snakemake's number, in the order of their last start.
        finished, failed: their numbers.
        ended: whether Snakemake said that it exits, or that there is nothing to do.
    """

    total: dict[str, int] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    failed: set[int] = field(default_factory=set)
    ended: bool = False


def read_events(text: str) -> Events:
    """The events in the text of a log.

    Example:
        >>> job = "rule model:\\n    log: logs/07.log\\n    jobid: 3\\n"
        >>> events = read_events("model 1\\n" + job + "Finished jobid: 3\\n")
        >>> events.total, events.jobs[3].name, events.finished
        ({'model': 1}, '07', {3})
    """
    events = Events()
    rule = log = ""
    error = False
    for event in EVENT.finditer(text):
        if event["count"] and not events.jobs:
            events.total[event["count"]] = int(event["jobs"])
        elif name := event["rule"] or event["error"]:
            rule, log, error = name, "", bool(event["error"])
        elif event["log"]:
            log = event["log"]
        elif event["started"]:
            _start(events, int(event["started"]), rule, log, error)
        elif event["finished"]:
            events.finished.add(int(event["finished"]))
        elif event["end"]:
            events.ended = True
    events.total.pop("total", None)
    return events


def _start(events: Events, number: int, rule: str, log: str, error: bool) -> None:
    """Record that a job starts, or that an error block names it."""
    events.failed.discard(number)
    if error:
        events.failed.add(number)
    elif rule:
        # A second attempt moves to the end.
        job = events.jobs.pop(number, None) or Job(rule, Path(log).stem or rule, log)
        events.jobs[number] = job
