"""Which source files of the package a result depends on."""

from __future__ import annotations

import sys
from pathlib import Path

import promic_nb
from promic_nb.core.files import sha256


def loaded_code() -> dict[str, str]:
    """SHA-256 of each promic_nb module in use, by its path in the project."""
    package = Path(promic_nb.__file__).parents[1]
    files = [
        Path(m.__file__)
        for name, m in sys.modules.items()
        if name.partition(".")[0] == "promic_nb" and getattr(m, "__file__", None)
    ]
    return {file.relative_to(package).as_posix(): sha256(file) for file in sorted(files)}
