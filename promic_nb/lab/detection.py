"""Objects in images or in bitstreams, as COCO JSON, tables, masks and pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from promic_nb.codecs.base import LatentCodec
from promic_nb.core.cache import ResultCache
from promic_nb.core.files import atomically
from promic_nb.core.window import Window
from promic_nb.datasets.own.planes import SUFFIXES
from promic_nb.errors import UserError
from promic_nb.lab import streams
from promic_nb.lab.coding import save, stream_files
from promic_nb.lab.found import Found
from promic_nb.lab.pictures import PathLike, Picture, as_paths, pictures, unique
from promic_nb.lab.streams import StoredStream
from promic_nb.models.api import detect
from promic_nb.models.detector import Detector
from promic_nb.models.load import load_detector

SCORE = 0.5  # from which an object counts
FILES = ("detections.json", "detections.csv", "counts.csv")
COUNT_COLUMNS = ["image", "class", "objects", "area_px", "area_um2"]
COLUMNS = [
    *("image", "class", "x0", "y0", "x1", "y1"),
    *("score", "area_px", "area_um2", "area_of"),
]
OF_PIXELS = "pixels"
OF_LATENT = "the latent of the bitstream; no image was decoded"
OF_DECODED = "the decoded image of the bitstream"


@dataclass(frozen=True)
class Options:
    """How detections are made and shown.

    Attributes:
        score: from which objects are in tables, masks and pictures; COCO JSON has all.
        rate: label of the rate, for a model of several that a stream does not tell.
        window: samples that become 0 and 255, for images that are not 8-bit.
        pixel_size_nm: side of a pixel; by default what files say.
        decode_for_overlays: decode streams that only their latent was read of, for the pictures.
    """

    score: float = SCORE
    rate: str = ""
    window: Window | None = None
    pixel_size_nm: float | None = None
    decode_for_overlays: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.score <= 1:
            raise UserError(f"the score {self.score} is out of range", "Choose 0 to 1")


def detect_files(
    inputs: PathLike | Iterable[PathLike],
    model: PathLike | Detector,
    out: PathLike,
    options: Options = Options(),
) -> pd.DataFrame:
    """Find objects in images or bitstreams, and write them to a folder.

    A model of latents reads bitstreams of its codec without decoding them to pixels. What an
    earlier call found is kept, so that an interrupted one goes on.

    Args:
        inputs: images or bitstreams, folders of either, or folders with a `stack.yaml`.
        model: a detector, its file, or the name of a shipped one.
        out: gets `detections.json` (COCO), `detections.csv`, `counts.csv`, `overlays/`, and for a
            model with masks `masks/`.

    Returns:
        The rows of `detections.csv`: image, class, x0, y0, x1, y1 (pixels), score, area_px,
        area_um2 (NaN where the size of a pixel is not known), area_of ("mask" or "box").

    Raises:
        UserError: an input that the model cannot read, or a folder that cannot be written to.
        BitstreamError: a damaged stream, or one of an unknown codec or of other weights.
    """
    sources = _sources(as_paths(inputs), options)
    detector = model if isinstance(model, Detector) else load_detector(model)
    folder, identity = Path(out), _identity(detector)
    cache = ResultCache(folder / "done.jsonl")
    found = []
    for source in tqdm(sources, desc="detecting", unit="slice"):
        key = _key(source, identity, options)
        if key not in cache:
            cache[key] = asdict(_find(detector, source, options))
        one = Found(**{**cache[key], "size": tuple(cache[key]["size"])})
        _draw(one, source, folder, options)
        found.append(one)
    return _write(found, detector.card.classes, folder, options.score)


def _sources(paths: list[Path], options: Options) -> list[Picture | StoredStream]:
    """The slices of images, and the streams; not both."""
    found: list[Picture | StoredStream] = []
    for path in paths:
        if _holds_streams(path):
            found += [streams.load(file) for file in stream_files(path)]
        else:
            found += pictures(path, options.window, options.pixel_size_nm)
    if not found:
        raise UserError("no images and no bitstreams were given", "Name files or folders")
    unique([source.name for source in found])
    return found


def _holds_streams(path: Path) -> bool:
    """Whether a path is a stream of `encode`, or a folder of them; a JPEG without a note is an
    image.
    """
    if path.is_dir():
        return any(_is_stream(file) for file in path.iterdir() if file.is_file())
    return path.is_file() and (_is_stream(path) or path.suffix.lower() not in SUFFIXES)


def _is_stream(file: Path) -> bool:
    return streams.note_file(file).is_file() or (
        file.suffix in streams.ENDINGS and file.suffix not in SUFFIXES
    )


def _identity(model: Detector) -> str:
    """A hash of a model's weights and settings."""
    digest = hashlib.sha256(json.dumps(model.note(), sort_keys=True).encode())
    for name, tensor in sorted(model.weights().items()):
        digest.update(name.encode() + tensor.detach().cpu().numpy().tobytes())
    return digest.hexdigest()


def _key(source: Picture | StoredStream, model: str, options: Options) -> str:
    if isinstance(source, StoredStream):
        content = source.data
        said = [source.path.name, source.note and source.note.pixel_size_nm]
    else:
        content = source.pixels().tobytes()
        said = [str(source.plane), source.pixel_size_nm]
    about = repr([model, options.rate, options.pixel_size_nm, *said]).encode()
    return hashlib.sha256(about + content).hexdigest()


def _find(model: Detector, source: Picture | StoredStream, options: Options) -> Found:
    if isinstance(source, StoredStream):
        return _of_stream(model, source, options)
    return _of_picture(model, source)


def _of_picture(model: Detector, picture: Picture) -> Found:
    pixels = picture.pixels()
    size = pixels.shape[0], pixels.shape[1]
    return Found.of(picture.name, size, detect(model, pixels), OF_PIXELS, picture.pixel_size_nm)


def _of_stream(model: Detector, stream: StoredStream, options: Options) -> Found:
    codec, note = streams.codec_of(stream), stream.note
    known = note.pixel_size_nm if note else None
    pixel_size = options.pixel_size_nm or known
    if model.translator is None:
        pixels = codec.decode(stream.data)
        size = pixels.shape[0], pixels.shape[1]
        return Found.of(stream.name, size, detect(model, pixels), OF_DECODED, pixel_size)
    if not isinstance(codec, LatentCodec):
        raise UserError(
            f"{stream.path} is of the codec {codec.name!r}, which has no latent, and this detector "
            "reads latents",
            "Encode with the detector's codec, or use a detector of pixels",
        )
    told = (note.height, note.width) if note else None
    found = detect(model, stream.data, told, codec=codec, rate=options.rate)
    size = told or streams.size_of(stream)
    return Found.of(stream.name, size, found, OF_LATENT, pixel_size)


def _draw(found: Found, source: Picture | StoredStream, folder: Path, options: Options) -> None:
    """The pictures of one slice."""
    pixels: np.ndarray | None = None
    if isinstance(source, Picture):
        pixels = source.pixels()
    elif found.read == OF_DECODED or options.decode_for_overlays:
        pixels = streams.codec_of(source).decode(source.data)
    save(found.overlay(options.score, pixels), folder / "overlays" / f"{found.image}.png")
    if any("segmentation" in record for record in found.records):
        save(found.labels(options.score), folder / "masks" / f"{found.image}.tif")


def _write(
    found: Sequence[Found], classes: Sequence[str], folder: Path, score: float
) -> pd.DataFrame:
    records = [
        {**record, "image_id": i, "iscrowd": 0}
        for i, one in enumerate(found, 1)
        for record in one.records
    ]
    content = {
        "info": {"description": "detections of promic_nb", "score_of_counts": score},
        "images": [
            {
                "id": i,
                "file_name": one.image,
                "height": one.size[0],
                "width": one.size[1],
                "read": one.read,
                "pixel_size_nm": one.pixel_size_nm,
            }
            for i, one in enumerate(found, 1)
        ],
        "categories": [{"id": k, "name": name} for k, name in enumerate(classes, 1)],
        "annotations": [{"id": k, **record} for k, record in enumerate(records, 1)],
    }
    rows = [row for one in found for row in one.rows(score, classes)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    counts = pd.DataFrame(
        [row for one in found for row in _counts(one, table, classes)], columns=COUNT_COLUMNS
    )
    json_file, table_file, counts_file = (folder / name for name in FILES)
    atomically(table_file, lambda p: table.to_csv(p, index=False))
    atomically(counts_file, lambda p: counts.to_csv(p, index=False))
    atomically(json_file, lambda p: p.write_text(json.dumps(content)))
    return table


def _counts(one: Found, table: pd.DataFrame, classes: Sequence[str]) -> list[dict]:
    rows = []
    for name in classes:
        own = table[(table.image == one.image) & (table["class"] == name)]
        area = float(own.area_px.sum())
        about = {"image": one.image, "class": name, "objects": len(own), "area_px": area}
        rows.append({**about, "area_um2": one.square_micrometres(area)})
    return rows
