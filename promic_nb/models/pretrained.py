"""Where a detector's first weights come from: nowhere, a published file, or a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import URLError

import torch
from torch import Tensor

from promic_nb.errors import UserError
from promic_nb.models.checkpoints import read_state
from promic_nb.models.config import STYLES, DetectorConfig
from promic_nb.models.conversion import from_detectron2, from_torchvision, recognize


@dataclass(frozen=True)
class Published:
    """A file of weights.

    Attributes:
        url: its address.
        prefix: how its SHA-256 begins, as far as its publisher says; None where it says nothing.
            The hash of the file that came is recorded.
        what: one line.
    """

    url: str
    prefix: str | None
    what: str


PUBLISHED: dict[str, Published] = {
    "coco": Published(
        "https://dl.fbaipublicfiles.com/detectron2/COCO-Detection/faster_rcnn_R_50_FPN_3x/137849458/model_final_280758.pkl",
        None,
        "Detectron2's Faster R-CNN R50-FPN, 3x schedule, COCO: the start of the dissertation's "
        "detectors (Table 3)",
    ),
    "coco_torchvision": Published(
        "https://download.pytorch.org/models/fasterrcnn_resnet50_fpn_coco-258fb6c6.pth",
        "258fb6c6",
        "torchvision's Faster R-CNN R50-FPN, COCO",
    ),
    "imagenet": Published(
        "https://download.pytorch.org/models/resnet50-0676ba61.pth",
        "0676ba61",
        "torchvision's ResNet-50, ImageNet",
    ),
}
READ: dict[str, Callable[[Mapping[str, Tensor]], dict[str, Tensor]]] = {
    "detectron2": from_detectron2,
    "torchvision": from_torchvision,
    "classifier": from_torchvision,
    "own": dict,
}


def fetch(name: str, cache: Path) -> Path:
    """The published file `name`, downloaded once into `cache`; a file that does not begin with the
    published hash is not kept.

    Raises:
        UserError: no network, or the wrong file.
    """
    source = PUBLISHED[name]
    path = cache / source.url.rpartition("/")[2]
    if not path.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(
                source.url, str(path), hash_prefix=source.prefix, progress=False
            )
        except (URLError, OSError, RuntimeError) as error:
            remedy = (
                f"Put the file there by hand ({source.url}), give its path as weights, or choose "
                "weights 'none'"
            )
            raise UserError(f"{path} could not be downloaded ({error})", remedy) from error
    return path


def inventory(cache: Path) -> list[tuple[str, str, str]]:
    """(name, what, state) of the published weights: whether they are here, and their hash."""
    rows = []
    for name, source in PUBLISHED.items():
        path = cache / source.url.rpartition("/")[2]
        here = (
            f"here, SHA-256 {sha256(path.read_bytes()).hexdigest()[:16]}..."
            if path.is_file()
            else f"not here; from {source.url}"
        )
        rows.append((name, source.what, here))
    return rows


def starting_point(
    weights: str, config: DetectorConfig, cache: Path
) -> tuple[DetectorConfig, dict[str, Tensor], dict[str, Any]]:
    """Settings, tensors and provenance of a start.

    Args:
        weights: "none", one of `PUBLISHED`, or the path of a Detectron2, torchvision or promic_nb
            file.
        config: settings; those that belong to the weights (`STYLES`) are replaced.
        cache: folder of downloads.

    Raises:
        UserError: `fetch`'s and `read_state`'s reasons; weights for another backbone; a file of
            unknown layout.
    """
    if config.backbone != "resnet50" and weights != "none":
        raise UserError(
            f"there are no weights {weights!r} for the backbone {config.backbone!r}",
            "Choose weights 'none', or configuration resnet50",
        )
    if weights == "none":
        return (
            (replace(config, **STYLES["scratch"]) if config.backbone == "resnet50" else config),
            {},
            {"weights": "none"},
        )
    path = fetch(weights, cache) if weights in PUBLISHED else Path(weights)
    state = read_state(path)
    style = recognize(state)
    if style is None:
        raise UserError(
            f"{path} is no ResNet-50 detector or classifier by the names of its tensors",
            "Give one of Detectron2 or torchvision",
        )
    facts = {
        "weights": weights,
        "file": path.name,
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "layout": style,
    }
    if weights in PUBLISHED:
        facts["source"] = PUBLISHED[weights].url
    return replace(config, **STYLES.get(style, {})), READ[style](state), facts


def adopt(
    own: Mapping[str, Tensor], other: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], list[str]]:
    """`own` with each tensor of equal name and shape taken from `other`; the names of those kept.

    COCO's 80 classes and 3 anchors a position do not fit Table 3's one class and 15 anchors: those
    layers start from random weights, as in the dissertation's Detectron2.
    """
    taken = {
        k: other[k].to(v.dtype) for k, v in own.items() if k in other and other[k].shape == v.shape
    }
    return {**own, **taken}, [
        k for k in own if k not in taken and not k.endswith("num_batches_tracked")
    ]
