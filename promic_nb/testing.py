"""Contract tests that the author of a plug-in calls: what a codec, a metric, a data set or a
detector engine must do to work in every notebook and table.

Each raises a `UserError` or an `AssertionError` that names what is broken. This package's own
entries pass the same functions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from promic_nb.codecs import contract
from promic_nb.codecs.base import BitstreamError, Codec, CodecFactory, LatentCodec
from promic_nb.codecs.settings import check_settings
from promic_nb.datasets.layout import SliceStack
from promic_nb.errors import ContractError, UserError
from promic_nb.metrics.front_end import frame
from promic_nb.metrics.metric import Metric
from promic_nb.metrics.quality import measure

if TYPE_CHECKING:
    from promic_nb.models.config import DetectorConfig
    from promic_nb.models.registry import EngineFactory

SIZES = ((64, 96), (67, 83), (16, 16))
NOT_IMAGES = (np.zeros((64, 64), np.float32), np.zeros((64, 64, 3), np.uint8))


def _images(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A texture, and the same with weak and with strong noise; uint8 (H, W)."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:height, :width]
    clean = 128 + 40 * np.sin(rows / 5 + np.cos(columns / 9)) + 30 * np.sin(columns / 4)
    noise = rng.normal(size=clean.shape)
    first, weak, strong = (
        np.clip(np.round(clean + sigma * noise), 0, 255).astype(np.uint8) for sigma in (1, 3, 15)
    )
    return first, weak, strong


def _need(holds: bool, kind: str, name: str, what: str) -> None:
    if not holds:
        raise ContractError(kind, name, what)


def check_codec(codec: CodecFactory, **settings: Any) -> None:
    """Whether a codec can be registered.

    Args:
        codec: what the registry gets: a class, or an object that makes the codec when called.
        settings: at which it is tested; the defaults otherwise.

    Raises:
        UserError: it breaks the contract (`codecs.base`), or its encoder is missing.

    Example:
        >>> from promic_nb.codecs.pillow import Jpeg
        >>> check_codec(Jpeg, quality=30)
    """
    label = codec.__name__ if isinstance(codec, type) else type(codec).__name__
    contract.check_factory(label, codec)
    made = codec(**check_settings(label, codec, settings))
    contract.check_codec(getattr(made, "name", label), made)
    for key, text in (
        ("name", made.name),
        ("setting", made.setting),
        ("command", made.command),
        ("version()", made.version()),
    ):
        _need(isinstance(text, str) and text != "", "codec", made.name, f"{key} is {text!r}")
    for size in SIZES:
        _round_trip(made, _images(*size)[1])
    _check_bad_input(made)
    _check_rate_control(codec, made.name, settings)


def _round_trip(codec: Codec, image: np.ndarray) -> None:
    before = image.copy()
    stream = contract.encode(codec, image)
    decoded = contract.decode(codec, stream, image.shape)
    _need(contract.encode(codec, image) == stream, "codec", codec.name, "encode differs each time")
    again = contract.decode(codec, stream, image.shape)
    _need((again == decoded).all(), "codec", codec.name, "decode differs each time")
    _need((image == before).all(), "codec", codec.name, "encode changes its input")
    contract.overhead(codec, stream)
    if isinstance(codec, LatentCodec):
        contract.latent(codec, stream, image.shape)
        _need(isinstance(codec.sha256, str), "codec", codec.name, "sha256 is no string")


def _check_bad_input(codec: Codec) -> None:
    """What cannot be coded is refused with a `UserError`, what is no stream with its
    `BitstreamError`.
    """
    for bad in NOT_IMAGES:
        refused = False
        try:
            codec.encode(bad)
        except UserError:
            refused = True
        except Exception as error:
            what = f"encode raises {type(error).__name__} for {bad.dtype} {bad.shape}"
            raise ContractError("codec", codec.name, f"{what}, no UserError") from error
        _need(refused, "codec", codec.name, f"encode takes {bad.dtype} {bad.shape}")
    for bad_stream in (b"", b"no stream of this codec" * 4):
        refused = False
        try:
            codec.decode(bad_stream)
        except BitstreamError:
            refused = True
        except Exception as error:
            what = f"decode raises {type(error).__name__} for a foreign stream, no BitstreamError"
            raise ContractError("codec", codec.name, what) from error
        _need(refused, "codec", codec.name, f"decode takes {bad_stream[:9]!r} for a stream")


def _check_rate_control(codec: CodecFactory, name: str, settings: dict[str, Any]) -> None:
    """The setting that moves the rate gives less at its lowest than at its highest."""
    control, image = codec.rate_control, _images(64, 96)[1]
    models = control.models({})
    _need(bool(models), "codec", name, "its rate_control has no models")
    fixed = {k: v for k, v in settings.items() if k != control.setting}
    rates = []
    for model, value in ((models[0], control.lowest), (models[-1], control.highest)):
        chosen = check_settings(name, codec, {**fixed, **model, control.setting: value})
        rates.append(len(contract.encode(codec(**chosen), image)))
    what = f"{control.setting} from {control.lowest} to {control.highest} gives {rates} bytes"
    _need(rates[0] < rates[1], "codec", name, what)


def check_metric(metric: Metric) -> None:
    """Whether a quality metric can be registered.

    Raises:
        ContractError: it is no finite float, equal images do not have its value `identical`, more
            noise is not worse in its direction, or it fails where it says that it is defined.

    Example:
        >>> from promic_nb.metrics.psnr import PSNR
        >>> check_metric(PSNR)
    """
    name = metric.label
    _need(bool(name), "metric", repr(metric.function), "it has no label")
    side = max(192, metric.smallest)
    clean, weak, strong = (frame(image) for image in _images(side, side + 8))
    same = measure(name, metric, clean, clean)
    what = f"equal images give {same}, and identical is {metric.identical}"
    _need(abs(same - metric.identical) <= 0.005, "metric", name, what)
    better, worse = measure(name, metric, clean, weak), measure(name, metric, clean, strong)
    what = f"little noise gives {better}, much noise {worse}: higher_is_better is wrong"
    _need((better > worse) == metric.higher_is_better and better != worse, "metric", name, what)
    n = metric.smallest
    small = [frame(image[:n, : n + 1]) for image in _images(max(n, 16), max(n, 16) + 1)[:2]]
    measure(name, metric, small[0], small[1])
    if not metric.needs_content:
        flat = frame(np.full((side, side + 8), 100, np.uint8))
        measure(name, metric, flat, clean)


def check_dataset(stack: SliceStack) -> None:
    """Whether a data set's slices can be trained and tested on. Reads all of them.

    Raises:
        UserError: a file that is missing or damaged, splits that share a slice or are not train,
            val and test, or a name that does not fit into paths.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from promic_nb.datasets import open_stack
        >>> from promic_nb.datasets.phantom import write_phantom
        >>> folder = Path(tempfile.mkdtemp()) / "stack"
        >>> _ = write_phantom(folder, counts={"Train": 4, "Test": 1}, size=(64, 64))
        >>> check_dataset(open_stack("phantom", folder))
    """
    name = stack.name
    path = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name)
    _need(path is not None, "dataset", name, "its name does not fit into paths")
    splits = stack.split_ids
    _need(set(splits) == {"train", "val", "test"}, "dataset", name, f"it has {[*splits]}")
    for split, ids in splits.items():
        in_order = ids == sorted(set(ids)) and len(ids) > 0
        _need(in_order, "dataset", name, f"the ids of {split} are empty, doubled or not in order")
    both = set(splits["train"]) & set(splits["val"])
    _need(not both, "dataset", name, f"train and val share the slices {sorted(both)[:5]}")
    size = stack.check()
    for split in splits:
        slice_id = stack.ids(split)[0]
        image, mask = stack.image(split, slice_id), stack.mask(split, slice_id)
        good = image.dtype == np.uint8 and image.shape == size
        _need(good, "dataset", name, f"an image is {image.dtype} {image.shape}")
        good = mask.dtype == bool and mask.shape == size
        _need(good, "dataset", name, f"a mask is {mask.dtype} {mask.shape}")
    _need(len(stack.fingerprint) == 64, "dataset", name, "its fingerprint is no SHA-256")


def check_detector(engine: EngineFactory, config: DetectorConfig | None = None) -> None:
    """Whether a detector engine can be registered: it trains, and finds the boxes that the engine
    torchvision finds with the same weights.

    Args:
        engine: what the registry gets: makes a detector of a configuration and a translator.
        config: at which it is tested; the small one otherwise.

    Raises:
        UserError: it breaks the contract (`models.detector`), or needs something that is not
            installed.
    """
    import torch

    from promic_nb.models.build import build_translator
    from promic_nb.models.config import CONFIGS
    from promic_nb.models.detector import Detector
    from promic_nb.models.inputs import Batch
    from promic_nb.models.torchvision_engine import TorchvisionDetector

    config = config or CONFIGS["small"]
    pixels = torch.from_numpy(_images(128, 160)[2].astype(np.float32))[None]
    latent = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 8, 10))).float()
    for source, translator in ((pixels, None), (latent, build_translator(config, 8, False))):
        torch.manual_seed(0)
        ours, theirs = TorchvisionDetector(config, translator).eval(), engine(config, translator)
        name = theirs.engine
        _need(isinstance(theirs, Detector), "detector", name, "it is no models.detector.Detector")
        weights = ours.weights()
        same = set(theirs.weights()) == set(weights)
        _need(same, "detector", name, "its weights have other names than those of torchvision")
        theirs.load_weights(weights)
        batch = Batch([source], [(128, 160)], [torch.tensor([[10.0, 12.0, 70.0, 90.0]])])
        with torch.inference_mode():
            (a,), (b,) = ours.predict(batch), theirs.eval().predict(batch)
        _need(np.shape(b.boxes)[1:] == (4,), "detector", name, f"boxes are {np.shape(b.boxes)}")
        falling = bool((np.diff(b.scores) <= 0).all())
        _need(falling, "detector", name, "its boxes are not in the order of falling scores")
        equal = len(a.boxes) == len(b.boxes) and np.allclose(a.boxes, b.boxes, atol=0.1)
        _need(equal, "detector", name, "it finds other boxes than torchvision's with its weights")
        losses = theirs.train().losses(batch)
        finite = len(losses) >= 4 and all(bool(torch.isfinite(x)) for x in losses.values())
        _need(finite, "detector", name, f"its losses are {[*losses]}, or not finite")
