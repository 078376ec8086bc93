"""Images to bitstreams, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tifffile
from PIL import Image
from tqdm.auto import tqdm

from promic_nb import codecs
from promic_nb.codecs import contract
from promic_nb.core.files import atomically
from promic_nb.core.window import Window
from promic_nb.errors import UserError
from promic_nb.lab import streams
from promic_nb.lab.pictures import PathLike, Picture, as_paths, pictures, unique
from promic_nb.lab.streams import Note, StoredStream


@dataclass(frozen=True)
class Coding:
    """How images are encoded.

    Attributes:
        codec: its name.
        settings: checked, without defaults.
        target_bpp: the rate; None if the settings fix it.
    """

    codec: str
    settings: dict[str, Any] = field(default_factory=dict)
    target_bpp: float | None = None

    @cached_property
    def encoders(self) -> set[str]:
        """Versions of the encoder, with the hash of weights for a learned codec: one, or one for
        each model that the search for a rate chooses from.
        """
        models = codecs.rate_control(self.codec).models(self.settings) if self.target_bpp else [{}]
        return {codecs.get(self.codec, **{**m, **self.settings}).version() for m in models}

    def run(self, picture: Picture) -> tuple[bytes, Note]:
        """The stream of a slice, and its note."""
        stored = picture.stored()
        image, met = picture.grey(stored), True
        if self.target_bpp is None:
            codec = codecs.get(self.codec, **self.settings)
            data = contract.encode(codec, image)
        else:
            found = codecs.target(self.codec, image, self.target_bpp, **self.settings)
            codec, data, met = found.codec, found.stream, found.met
        return data, Note(
            codec=self.codec,
            settings=self.settings,
            setting=codec.setting,
            target_bpp=self.target_bpp,
            met=met,
            encoder=codec.version(),
            height=image.shape[0],
            width=image.shape[1],
            source=str(picture.plane.path.name),
            source_sha256=_sha256(image),
            sha256=hashlib.sha256(data).hexdigest(),
            window=(picture.window.low, picture.window.high) if picture.window else None,
            dtype=str(stored.dtype),
            pixel_size_nm=picture.pixel_size_nm,
        )

    def made(self, path: Path, picture: Picture) -> StoredStream | None:
        """The stream that an earlier call made of the slice in the same way, if there is one."""
        try:
            stream = streams.load(path)
        except UserError:
            return None
        note, window = stream.note, picture.window
        if note is None:
            return None
        same = (note.codec, note.settings, note.target_bpp, note.window) == (
            self.codec,
            self.settings,
            self.target_bpp,
            (window.low, window.high) if window else None,
        )
        same = same and note.encoder in self.encoders
        return stream if same and note.source_sha256 == _sha256(picture.pixels()) else None


def _sha256(image: np.ndarray) -> str:
    return hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest()


def encode(
    images: PathLike | Iterable[PathLike],
    codec: str,
    out: PathLike,
    *,
    bpp: float | None = None,
    settings: Mapping[str, Any] | None = None,
    window: Window | None = None,
) -> pd.DataFrame:
    """Encode images to bitstreams in a folder, each with a note beside it (`STREAM.json`).

    What an earlier call finished is kept, so that an interrupted one goes on.

    Args:
        images: files, folders of images, or folders with a `stack.yaml`.
        codec: one of `codecs.CODECS`.
        out: the folder.
        bpp: rate in bits per pixel, headers included; within -10 % and +5 %, where the codec can.
        settings: of the codec.
        window: samples that become 0 and 255, for images that are not 8-bit.

    Returns:
        A row for each slice: image, stream, codec, setting, height, width, bytes, bpp, target_bpp,
        met.

    Raises:
        UserError: an unknown codec or setting, an image that cannot be read, or a folder that
            cannot be written to.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> folder = Path(tempfile.mkdtemp())
        >>> noise = np.random.default_rng(0).integers(0, 256, (64, 96), dtype=np.uint8)
        >>> Image.fromarray(noise).save(folder / "a.png")
        >>> table = encode(folder / "a.png", "jpeg", folder / "out", settings={"quality": 20})
        >>> table.stream[0], bool(table.bpp[0] < 8)
        ('a.jpg', True)
    """
    chosen = dict(settings or {})
    if bpp is None:
        codecs.check(codec, **chosen)
    else:
        codecs.expand(codec, [{**chosen, "target_bpp": [bpp]}])
    coding = Coding(codec, chosen, bpp)
    rows = []
    for picture in tqdm(pictures(images, window), desc=f"encoding ({codec})", unit="slice"):
        path = Path(out) / f"{picture.name}{streams.suffix_of(codec)}"
        made = coding.made(path, picture)
        if made is None:
            data, note = coding.run(picture)
            streams.write(path, data, note)
            made = StoredStream(path, data, note)
        rows.append(_row(made, picture))
    return pd.DataFrame(rows)


def _row(stream: StoredStream, picture: Picture) -> dict[str, Any]:
    note = stream.note
    assert note
    return {
        "image": str(picture.plane),
        "stream": stream.path.name,
        "codec": note.codec,
        "setting": note.setting,
        "height": note.height,
        "width": note.width,
        "bytes": len(stream.data),
        "bpp": codecs.bpp(stream.data, (note.height, note.width)),
        "target_bpp": note.target_bpp,
        "met": note.met,
    }


def decode(paths: PathLike | Iterable[PathLike], out: PathLike) -> pd.DataFrame:
    """Decode bitstreams to images in a folder: PNG of 8 bits, or TIFF with the samples that the
    window of the stream's note gives back (256 levels of them).

    Args:
        paths: files of `encode`, or folders of them.
        out: the folder.

    Returns:
        A row for each stream: stream, image, codec, height, width, dtype.

    Raises:
        BitstreamError: a stream that is damaged, of no known codec, or of weights that are not
            here.
        UserError: no streams, or a folder that cannot be written to.

    Example:
        >>> import tempfile
        >>> from PIL import Image
        >>> folder = Path(tempfile.mkdtemp())
        >>> Image.fromarray(np.full((64, 96), 99, np.uint8)).save(folder / "a.png")
        >>> _ = encode(folder / "a.png", "jpeg", folder / "streams")
        >>> decode(folder / "streams", folder / "images").image[0]
        'a.png'
    """
    rows = []
    for path in tqdm(stream_files(paths), desc="decoding", unit="slice"):
        stream = streams.load(path)
        codec = streams.codec_of(stream)
        image = codec.decode(stream.data)
        note = stream.note
        window = note.range if note else None
        samples = window.from_uint8(image, note.dtype) if note and window else image
        target = Path(out) / f"{stream.name}{'.tif' if window else '.png'}"
        save(samples, target)
        rows.append(
            {
                "stream": str(path),
                "image": target.name,
                "codec": codec.name,
                "height": image.shape[0],
                "width": image.shape[1],
                "dtype": str(samples.dtype),
            }
        )
    return pd.DataFrame(rows)


def save(image: np.ndarray, path: Path) -> None:
    """Write an image as PNG (uint8) or TIFF (any samples), by the path's ending."""
    if path.suffix == ".tif":
        atomically(path, lambda p: tifffile.imwrite(p, image, compression="zlib"))
    else:
        atomically(path, lambda p: Image.fromarray(image).save(p, format="PNG"))


def stream_files(paths: PathLike | Iterable[PathLike]) -> list[Path]:
    """The bitstreams in files and folders, without their notes.

    Raises:
        UserError: none, or two of one name.
    """
    found = []
    for path in as_paths(paths):
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [p for p in inside if not path.is_dir() or p.suffix in streams.ENDINGS]
    if not found:
        raise UserError("no bitstreams were given", "Name files of promic encode, or their folder")
    unique([path.stem for path in found])
    return found
