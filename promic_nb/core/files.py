"""How files are hashed, read and written: a kill or an error never leaves half of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from promic_nb.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


def sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Write to a temporary name, then rename, so that a kill or an error leaves the old file or the
    new one, never half of it.

    Args:
        write: gets the temporary path; its folder is made first.

    Raises:
        UserError: the folder or the file cannot be written: no permission, no space, a file in the
            way.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            remedy = "Free disk space, or choose a folder that you may write to"
            raise UserError(
                f"{path} cannot be written ({error.strerror or error})", remedy
            ) from error
        raise


def note_in_order(data: bytes) -> bytes:
    """A safetensors file with its note sorted: safetensors writes the note's keys in an order of
    chance, and equal models are to be equal files.
    """
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # tensors begin at multiples of eight bytes
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def read_parquet(path: Path) -> pd.DataFrame:
    """A Parquet table.

    Raises:
        UserError: a damaged file.
    """
    import pandas as pd
    from pyarrow.fs import LocalFileSystem

    # Arrow opens the file: with one opened by Python, its threads may abort the process at exit
    # (apache/arrow issues 34314 and 50482).
    try:
        return pd.read_parquet(path, filesystem=LocalFileSystem())
    except (ValueError, OSError) as error:  # pyarrow's errors are of both kinds
        raise UserError(
            f"{path} is truncated or corrupt ({error})",
            "Delete it and make it again: make reproduce",
        ) from None
