"""Which run a command means: a profile, the settings that change it, and the name that follows.

A run of changed settings has a name and a folder of its own, so that it never mixes with another.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from promic_nb.core import paths
from promic_nb.datasets.source import name_at
from promic_nb.errors import UserError
from promic_nb.experiment.profile import Profile, load_profile
from promic_nb.runs.workflow import Workflow

WHERE = ("profile", "data", "cells", "dataset")  # keys that do not change what is computed


@dataclass(frozen=True)
class Choice:
    """The run that the arguments of a command stand for.

    Relative paths start at the project's folder.

    Attributes:
        profile: name of a file in config/.
        settings: a YAML file that replaces keys of the profile, or "".
        data, cells: folders of slices and of cell images; "": the profile's own.
        dataset: "" for Lucchi if there is `data`, otherwise the profile's own, or the phantom.
    """

    profile: str
    settings: str = ""
    data: str = ""
    dataset: str = ""
    cells: str = ""

    @cached_property
    def files(self) -> list[Path]:
        """The YAML files, each of which changes those before it.

        Raises:
            UserError: one does not exist.
        """
        file = _file(self.profile)
        if not file.is_file():
            known = sorted(p.stem for p in file.parent.glob("*.yaml"))
            raise UserError(
                f"profile {self.profile!r} is unknown", f"Choose one of: {' '.join(known)}"
            )
        settings = paths.root() / self.settings
        if self.settings and not settings.is_file():
            raise UserError(
                f"settings {self.settings} do not exist",
                "Give a YAML file that replaces keys of the profile",
            )
        return [file, *([settings] if self.settings else [])]

    def values(self) -> dict[str, str]:
        """The keys that arguments set beside the files.

        Raises:
            UserError: a folder does not exist.
        """
        if self.data and not (paths.root() / self.data).is_dir():
            raise UserError(
                f"data folder {self.data} does not exist", "See data/README.md for its layout"
            )
        if self.cells and not (paths.root() / self.cells / "images").is_dir():
            raise UserError(f"cell images {self.cells}/images do not exist", "See data/README.md")
        dataset = self.dataset or (name_at(self.data) if self.data else "")
        given = {"data": self.data, "dataset": dataset, "cells": self.cells}
        return {key: value for key, value in given.items() if value}

    def workflow(self, **more: str) -> Workflow:
        """What Snakemake is told; `more` are further keys of its configuration.

        Raises:
            UserError: see `files` and `values`.
        """
        return Workflow(self.files, self.values() | more)

    def load(self) -> Profile:
        """The checked profile, with the run's name.

        Raises:
            UserError: see `files`, `values` and `load_profile`; a file is not valid YAML.
        """
        config: dict[str, Any] = {}
        for file in self.files:
            merge(config, _read(file))
        return named(config | self.values(), self.files)


def named(config: dict[str, Any], files: Sequence[str | Path]) -> Profile:
    """The profile in a merged configuration, under the name of its run.

    It is the profile's own name if all that counts equals `config/PROFILE.yaml`. Otherwise it is
    followed by the name of the last file and a hash of the changed values, as in
    `quick+mine-3f9a`.

    Args:
        config: of all files and arguments, as Snakemake merges them.
        files: that it was read from.

    Raises:
        UserError: see `load_profile`.
    """
    data = str(config.get("data") or "")
    config = {
        **config,
        "data": data,
        "cells": str(config.get("cells") or os.environ.get("PROMIC_CELLS", "")),
        "dataset": config.get("dataset") or name_at(data),
    }
    profile = load_profile(config)
    file = _file(profile.profile)
    if not file.is_file():  # a profile of the user's own
        return profile
    where = {key: config[key] for key in WHERE}
    changed = changes(load_profile(_read(file) | where), profile)
    if not changed:
        return profile
    label = next((p.stem for p in map(Path, reversed(files)) if p.stem != file.stem), "changed")
    label = re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-.") or "changed"
    text = json.dumps(changed, sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode()).hexdigest()[:4]
    return profile.model_copy(update={"profile": f"{file.stem}+{label}-{digest}"})


def changes(before: Profile, after: Profile) -> dict[str, Any]:
    """The values that differ between two profiles, by key, such as `latent.steps`."""
    old, new = (_flat(p.model_dump(exclude=set(WHERE))) for p in (before, after))
    return {
        key: new.get(key) for key in sorted(old.keys() | new.keys()) if old.get(key) != new.get(key)
    }


def merge(config: dict[str, Any], over: dict[str, Any]) -> None:
    """Change a configuration by another one as Snakemake does: nested keys one by one."""
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(config.get(key), dict):
            merge(config[key], value)
        else:
            config[key] = value


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, with dots in its keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return flat


def _file(profile: str) -> Path:
    return paths.root() / "config" / f"{profile}.yaml"


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text()) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(
            f"{file} is not valid YAML ({' '.join(str(error).split())})", "Correct it"
        ) from None
    if not isinstance(values, dict):
        raise UserError(f"{file} is not a mapping of keys to values", "See config/quick.yaml")
    return values
