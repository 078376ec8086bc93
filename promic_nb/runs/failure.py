"""Why a job or a whole session failed, in one line."""

from __future__ import annotations

import re
from pathlib import Path

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
RAISED = re.compile(
    r"^(?:[\w.]*\.)?(?P<kind>\w*(?:Error|Exception|Interrupt|Exit)): *(?P<what>.+)$"
)
NO_RULE = re.compile(r"Missing input files for rule all:\s*(?:output:.*\s*)?affected files:\s*(.*)")

# Snakemake's own form: the kind and the place, and the message in the next line.
REPORTED = re.compile(r"^(?P<kind>\w+(?:Error|Exception))(?: in [^\n]*)?:\n *(?P<what>\S.*)$", re.M)


def reason_of_job(log: Path) -> str:
    """The line of a job's log that says why it failed.

    That is the last line of a user error or of a traceback, otherwise the last line.
    """
    text = log.read_text(errors="replace") if log.is_file() else ""
    return reason(text) or "it left no message"


def reason(text: str) -> str:
    """The line of an output that says why it failed; "" if there is no output.

    Example:
        >>> reason("Traceback\\nUserError: data folder x does not exist. See README\\nEnding\\n")
        'data folder x does not exist. See README'
        >>> reason("boom\\nValueError: 3\\n"), reason("Killed\\n")
        ('ValueError: 3', 'Killed')
    """
    lines = [line.strip() for line in COLOUR.sub("", text).splitlines() if line.strip()]
    for line in reversed(lines):
        if line.startswith("promic: "):
            return line.removeprefix("promic: ")
        if found := RAISED.match(line):
            own = found["kind"] in ("UserError", "ContractError")
            return found["what"] if own else f"{found['kind']}: {found['what']}"
    return lines[-1] if lines else ""


def reason_of_session(output: str) -> str:
    """Why Snakemake ended without a failed job: a mistake in the profile or in a target."""
    if found := NO_RULE.search(output):
        return f"no job of this run makes {' '.join(found[1].split())}"
    if "\npromic: " not in output and (found := REPORTED.search(output)):
        return f"{found['kind']}: {found['what'].strip()}"
    return reason(output) or "Snakemake left no message"
