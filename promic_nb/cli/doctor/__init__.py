"""What this machine has, what is missing, and how to install it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

from promic_nb.cli.doctor import machine, parts
from promic_nb.cli.doctor.findings import Check, Finding

EXAMINATIONS: dict[str, Callable[[], Iterator[Check]]] = {
    "environment": machine.environment,
    "torch": machine.torch_and_device,
    "engines": parts.engines,
    "codecs": parts.codecs,
    "metrics": parts.metrics,
    "data": parts.data,
    "weights": parts.weights,
    "disk": machine.disk,
    "tools": machine.tools,
}


def examine() -> list[Finding]:
    """All findings, part by part."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # libraries warn about each other
        return [Finding(part, *found) for part, look in EXAMINATIONS.items() for found in look()]
