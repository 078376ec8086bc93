"""Arrays that grow on disk slice by slice; a killed run continues after the last whole slice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import (
    dtype_to_descr,
    read_array_header_1_0,
    read_magic,
    write_array_header_1_0,
)

from promic_nb.core.files import atomically
from promic_nb.errors import UserError

NOTE = "unfinished.json"


class GrowingArrays:
    """Several .npy files with one entry for each item, beside a note of the items that are done.

    Args:
        folder: of the files NAME.npy; until `finish` they are named NAME.unfinished.
        names: of the arrays.
        count: number of items in the end.
        made_from: what the items depend on. Files that were made from something else are dropped.

    Raises:
        UserError: a file cannot be written.
    """

    def __init__(
        self, folder: Path, names: tuple[str, ...], count: int, made_from: dict[str, Any]
    ) -> None:
        self.folder, self.names, self.count, self.made_from = folder, names, count, made_from
        folder.mkdir(parents=True, exist_ok=True)
        self.values = self._earlier()

    def add(self, value: float, *entries: np.ndarray) -> None:
        """Add one item: a number for the note, and an entry for each array."""
        for name, entry in zip(self.names, entries, strict=True):
            path = self._part(name)
            try:
                with path.open("ab") as file:
                    if not file.tell():
                        write_array_header_1_0(file, self._header(entry))
                    file.write(np.ascontiguousarray(entry).data)
            except OSError as error:
                raise UserError(
                    f"{self.folder / name}.npy cannot be written ({error.strerror or error})",
                    "Free disk space, or choose a folder that you may write to",
                ) from error
        self.values.append(value)
        note = json.dumps({"of": self.made_from, "values": self.values})
        atomically(self.folder / NOTE, lambda p: p.write_text(note))

    def finish(self) -> list[float]:
        """Give the files their names; returns the number of each item."""
        for name in self.names:
            self._part(name).replace(self.folder / f"{name}.npy")
        (self.folder / NOTE).unlink()
        return self.values

    def _part(self, name: str) -> Path:
        return self.folder / f"{name}.unfinished"

    def _header(self, entry: np.ndarray) -> dict[str, Any]:
        shape = (self.count, *entry.shape)
        return {"descr": dtype_to_descr(entry.dtype), "fortran_order": False, "shape": shape}

    def _earlier(self) -> list[float]:
        """The numbers of the items that an earlier run finished; the files end with those items."""
        try:
            note = json.loads((self.folder / NOTE).read_text())
            values = list(note["values"])
            if note["of"] == self.made_from and all(
                _cut(self._part(name), len(values)) for name in self.names
            ):
                return values
        except (OSError, ValueError, KeyError, TypeError):
            pass
        for file in (*map(self._part, self.names), self.folder / NOTE):
            file.unlink(missing_ok=True)
        return []


def _cut(path: Path, items: int) -> bool:
    """Cut a .npy file after its first items; whether it holds as many."""
    with path.open("r+b") as file:
        read_magic(file)
        shape, _, kind = read_array_header_1_0(file)
        end = file.tell() + items * int(np.prod(shape[1:])) * kind.itemsize
        if path.stat().st_size < end:
            return False
        file.truncate(end)
    return True
