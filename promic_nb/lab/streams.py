"""Bitstreams in files, each with a note of what it is: STREAM and STREAM.json.

A stream without its note is recognized by its first bytes or its ending.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from promic_nb import codecs
from promic_nb.codecs.base import BitstreamError, Codec
from promic_nb.codecs.jpegai import weights
from promic_nb.codecs.jpegai.bitstream import MAGIC, unpack
from promic_nb.codecs.jpegai.vm33_codec import Vm33Codec
from promic_nb.core.files import atomically
from promic_nb.core.window import Window
from promic_nb.errors import UserError

SUFFIXES = {
    "jpeg": ".jpg",
    "jpeg2000": ".j2k",
    "jpegxl": ".jxl",
    "avif": ".avif",
    "hevc": ".hevc",
    "vvc": ".vvc",
}
LATENT_SUFFIX, OTHER_SUFFIX = ".pmai", ".bin"
ENDINGS = (*SUFFIXES.values(), LATENT_SUFFIX, OTHER_SUFFIX)
_BY_SUFFIX = {suffix: name for name, suffix in SUFFIXES.items()}
_STARTS = {
    b"\xff\xd8\xff": "jpeg",
    b"\xff\x4f\xff\x51": "jpeg2000",
    b"\xff\x0a": "jpegxl",
}


@dataclass(frozen=True)
class Note:
    """What a stream is.

    Attributes:
        codec: its name.
        settings: of the encoder; with `target_bpp`, but the one that the search for the rate set.
        setting: the encoder's setting in words.
        target_bpp: the rate that was asked for; None if a setting was.
        met: whether the rate is within the tolerance of the target.
        encoder: its version.
        height, width: of the image in pixels.
        source: name of the image.
        source_sha256: of its samples as 8 bits.
        sha256: of the stream.
        window: samples of the image that 0 and 255 stand for; None for 8 bits.
        dtype: of the image's samples.
        pixel_size_nm: side of a pixel; None where it is not known.
    """

    codec: str
    settings: dict[str, Any]
    setting: str
    target_bpp: float | None
    met: bool
    encoder: str
    height: int
    width: int
    source: str
    source_sha256: str
    sha256: str
    window: tuple[float, float] | None
    dtype: str
    pixel_size_nm: float | None

    @property
    def range(self) -> Window | None:
        """The window of samples."""
        return Window(*self.window) if self.window else None


@dataclass(frozen=True)
class StoredStream:
    """A stream in a file, with its note if there is one."""

    path: Path
    data: bytes
    note: Note | None

    @property
    def name(self) -> str:
        """For files made from it."""
        return self.path.stem

    @property
    def is_latent(self) -> bool:
        """Whether it is one of the learned codecs here."""
        return self.data[:4] == MAGIC


def suffix_of(codec: str) -> str:
    """The ending of a codec's streams.

    Example:
        >>> suffix_of("jpeg"), suffix_of("jpegai_hop_on"), suffix_of("of_another_package")
        ('.jpg', '.pmai', '.bin')
    """
    if codec.startswith("jpegai_") and codec != "jpegai_reference":
        return LATENT_SUFFIX
    return SUFFIXES.get(codec, OTHER_SUFFIX)


def note_file(path: Path) -> Path:
    """Where the note of a stream lies."""
    return path.with_name(f"{path.name}.json")


def write(path: Path, data: bytes, note: Note) -> None:
    """Write a stream, then its note: a stream with a note is whole."""
    if note_file(path).is_file():
        note_file(path).unlink()
    atomically(path, lambda p: p.write_bytes(data))
    atomically(note_file(path), lambda p: p.write_text(json.dumps(asdict(note), indent=1)))


def load(path: Path) -> StoredStream:
    """A stream with its note.

    Raises:
        UserError: no such file, or a note that is damaged or of another stream.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist", "Name bitstreams, such as promic encode writes")
    data, file = path.read_bytes(), note_file(path)
    if not file.is_file():
        return StoredStream(path, data, None)
    try:
        content = json.loads(file.read_text())
        window = content.pop("window")
        note = Note(**content, window=tuple(window) if window else None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"{file} is no note of a stream ({error!r})", "Encode again, or delete it"
        ) from None
    if hashlib.sha256(data).hexdigest() != note.sha256:
        raise BitstreamError(
            f"{path} is not the stream that {file.name} describes", "Copy both again, or encode"
        )
    return StoredStream(path, data, note)


def codec_of(stream: StoredStream) -> Codec:
    """The codec that decodes a stream.

    Raises:
        BitstreamError: no codec is known, or no weights with the hash that the stream names.
    """
    if stream.is_latent:
        return _latent_codec(stream)
    name = stream.note.codec if stream.note else _recognized(stream)
    if name not in codecs.CODECS:
        raise BitstreamError(
            f"{stream.path} is a stream of the codec {name!r}, which is not known here"
            if name
            else f"{stream.path} is a stream of no codec that is known here",
            "See promic codecs; keep the file STREAM.json beside a stream",
        )
    return codecs.get(name)


def _recognized(stream: StoredStream) -> str:
    starts = (name for start, name in _STARTS.items() if stream.data.startswith(start))
    if stream.data[4:12] == b"ftypavif":
        return "avif"
    return next(starts, _BY_SUFFIX.get(stream.path.suffix, ""))


def _latent_codec(stream: StoredStream) -> Codec:
    head = unpack(stream.data)
    if head.codec_id == Vm33Codec.codec_id:
        return codecs.get("jpegai_vm33")
    here = head.weights.hex()
    name = stream.note.codec if stream.note else "jpegai_bop_off"
    own = str(stream.note.settings.get("weights", "")) if stream.note else ""
    file = weights.shipped(here) or Path(own)
    if not file.is_file():
        raise BitstreamError(
            f"{stream.path} was made with the weights {here}..., which are not here",
            "Put the weight file where STREAM.json says, or encode with shipped weights",
        )
    return codecs.get(name, weights=str(file))


def size_of(stream: StoredStream) -> tuple[int, int]:
    """(H, W) in pixels of the image in a stream of a learned codec here."""
    head = unpack(stream.data)
    return head.height, head.width
