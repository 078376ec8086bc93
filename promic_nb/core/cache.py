"""A cache of finished parts: a run that was killed goes on after them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from promic_nb.errors import UserError


class ResultCache:
    """Values by key in a file of JSON lines; the key is a hash of all that the value depends on.

    Args:
        path: the file, made with the first value; with None, values last as long as the object.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.path = Path(path) if path else None
        self._values: dict[str, Any] = {}
        if self.path and self.path.is_file():
            for line in self.path.read_text().splitlines():
                try:
                    record = json.loads(line)
                    self._values[record["key"]] = record["value"]
                except (json.JSONDecodeError, KeyError):
                    continue  # a kill cut this line short

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = value
        if not self.path:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a") as file:
                # A newline first: the line before may have been cut short.
                file.write("\n" + json.dumps({"key": key, "value": value}))
        except OSError as error:
            raise UserError(
                f"{self.path} cannot be written ({error.strerror})",
                "Free disk space; what is in it is not computed again",
            ) from error
