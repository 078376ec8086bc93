"""What a data set's name and path mean: a registered data set, or an own stack."""

import os

from promic_nb.datasets.own.manifest import has_manifest, read_manifest
from promic_nb.datasets.registry import DATASETS
from promic_nb.errors import UserError


def own_folder(name: str, path: str) -> str:
    """The folder of an own stack that a data set's name and path mean: the path, else the
    environment's PROMIC_DATA; "" where they mean a registered data set.
    """
    here = path or ("" if name == "phantom" else os.environ.get("PROMIC_DATA", ""))
    return here if has_manifest(here) else ""


def check_source(name: str, path: str) -> str:
    """The name of a data set, if it is registered or that of the own stack at `path`.

    Raises:
        UserError: it is neither.
    """
    folder = own_folder(name, path)
    if not folder:
        return DATASETS.check(name)
    own = read_manifest(folder).name
    if own != name:
        raise UserError(
            f"{folder} holds the stack {own!r}, not {name!r}", f"Use the name {own}: DATASET={own}"
        )
    return name


def name_at(path: str) -> str:
    """The data set that a path means where none is named: an own stack's, else lucchi; without a
    path the phantom.
    """
    if has_manifest(path):
        return read_manifest(path).name
    return "lucchi" if path else "phantom"
