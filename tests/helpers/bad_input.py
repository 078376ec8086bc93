"""What the tests of bad input share: ways to damage input, the doors that it goes through, and the
check that it is refused.
"""

import contextlib
import io
import resource
import struct
import sys
import zlib
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promic_nb.cli import main as cli
from promic_nb.errors import UserError

ROOT = Path(__file__).parents[2]


GREY = np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8)


def files(top: Path) -> dict[str, str]:
    return {
        str(p.relative_to(top)): sha256(p.read_bytes()).hexdigest()
        for p in top.rglob("*")
        if p.is_file()
    }


@contextlib.contextmanager
def refused(top: Path, says: str):
    """The block ends in one clear line and leaves the folder as it was."""
    before = files(top)
    with pytest.raises((UserError, SystemExit)) as raised:
        yield
    line = str(raised.value)
    if isinstance(raised.value, SystemExit):
        assert line.startswith("promic: "), f"exit code {line}"
    assert says in line and "\n" not in line and "Traceback" not in line, line
    assert len(line.split(". ")) > 1, f"no remedy: {line}"
    after = files(top)
    assert {k: after.get(k) for k in before} == before, "something of the user's was changed"
    left = [k for k in after.keys() - before.keys() if k.endswith((".part", ".tmp", ".partial"))]
    assert not left, f"half-written: {left}"


@contextlib.contextmanager
def full_disk(most: int = 100):
    """No file of this process can grow beyond `most` bytes: the kernel refuses the write in the
    middle, as it does on a full disk.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def promic(monkeypatch, *args: object) -> None:
    """The command `promic` in this process."""
    monkeypatch.setattr(sys, "argv", ["promic", *map(str, args)])
    cli.main()


def png(width: int, height: int) -> bytes:
    """A PNG that claims a size and has next to no samples."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
    )


def encoded(array: np.ndarray, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, kind)
    return buffer.getvalue()


def cut(name: str, share: float = 0.5):
    return lambda stack: (stack / name).write_bytes(
        (stack / name).read_bytes()[: int((stack / name).stat().st_size * share)]
    )


def put(name: str, content: bytes):
    return lambda stack: (stack / name).write_bytes(content)


class Evil:
    """A pickle that writes a file when it is read."""

    def __reduce__(self):
        return (exec, ("import pathlib; pathlib.Path('/tmp/promic-was-here').touch()",))


def merged(base: dict, change: dict) -> dict:
    """As Snakemake merges `--configfile` files."""
    return {
        **base,
        **{
            k: merged(base[k], v)
            if isinstance(v, dict) and isinstance(base.get(k), dict) and k != "rates"
            else v
            for k, v in change.items()
        },
    }
