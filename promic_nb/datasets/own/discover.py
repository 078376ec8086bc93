"""A first `stack.yaml` for a folder: which files are images, which are labels, and of what kind."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from skimage.measure import label as components

from promic_nb.core.window import estimate, luma
from promic_nb.datasets.own.coco import CocoLabels, read_coco
from promic_nb.datasets.own.labels import label_image, match
from promic_nb.datasets.own.manifest import FILE, Blocks, Kind, Labels, Lists, Manifest
from promic_nb.datasets.own.planes import (
    SUFFIXES,
    Plane,
    is_zarr,
    matching,
    natural,
    pixel_size_nm,
    planes_of,
    read,
    some_of,
)
from promic_nb.errors import UserError

PREVIEW = "stack_preview.png"  # written by `promic stack check`; no image of the stack
FLAT = 0.9  # least share of equal neighbours in a label; micrographs have a few per cent
STRAY = 1e-4  # share of a label below which a value is a stray pixel
MOST_CLASSES = 12
GAP_FROM = 10  # slices from which blocks have a gap between them


@dataclass(frozen=True)
class Given:
    """What the user says instead of having it found.

    Attributes:
        name: of the stack; "" for the folder's.
        images, labels: globs below the folder; "" to find them. Labels "none": there are none.
        kind: of the labels; "" to find out.
        pixel_size_nm: 0 for what the files say.
        window: None for what the images span.
    """

    name: str = ""
    images: str = ""
    labels: str = ""
    kind: str = ""
    pixel_size_nm: float = 0.0
    window: tuple[float, float] | None = None


def init_stack(folder: str | Path, given: Given = Given(), *, force: bool = False) -> Manifest:
    """Look at a folder and write its `stack.yaml`.

    Args:
        folder: with images, and maybe labels, in it or in folders below.
        given: what is not to be found out.
        force: replace a `stack.yaml` that is there.

    Raises:
        UserError: no images, several kinds of images or labels among which the user must choose,
            labels that match no slice, or a folder that cannot be written to.
    """
    root = Path(folder)
    if not root.is_dir():
        raise UserError(f"{root} is no folder", "Give the folder that holds the images")
    if is_zarr(root):
        raise UserError(f"{root} is one OME-Zarr image", "Give the folder that holds it")
    if (root / FILE).exists() and not force:
        raise UserError(f"{root / FILE} exists", "Edit it, or replace it with --force")
    images, labels = _choose(root, given)
    planes = _planes(root, images, without=labels)
    values = {
        "name": given.name or _plain(root.resolve().name),
        "images": images,
        **_labelling(root, labels, given.kind, planes),
        "pixel_size_nm": given.pixel_size_nm or pixel_size_nm(planes[0].path),
        "window": given.window or _window(planes),
        "split": _split(len(planes)),
    }
    manifest = Manifest.of(values, root / FILE)
    manifest.write(root)
    return manifest


def _plain(name: str) -> str:
    """A folder's name as one that fits into paths."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.") or "own"


def _planes(root: Path, pattern: str, without: str = "") -> list[Plane]:
    taken = set(matching(root, without)) if without else set()
    files = [path for path in matching(root, pattern) if path not in taken]
    found = [plane for path in files for plane in planes_of(path)]
    if not found:
        raise UserError(f"{root}: no image matches {pattern!r}", "Give another glob")
    return found


def _choose(root: Path, given: Given) -> tuple[str, str]:
    """The globs of images and labels, "" for no labels."""
    groups = [] if given.images and given.labels else _groups(root)
    flat = {pattern: _is_label(root, files) for pattern, files in groups}
    images = [given.images] if given.images else [p for p, is_label in flat.items() if not is_label]
    if given.labels:
        labels = [] if given.labels == "none" else [given.labels]
    else:
        labels = [p for p, is_label in flat.items() if is_label and p not in images]
        labels += [p.name for p in sorted(root.glob("*.json")) if _is_coco(p)]
    if not images:
        raise UserError(
            f"{root} holds no images",
            f"Readable are {', '.join(SUFFIXES)}, in it or one folder below",
        )
    for what, found in (("images", images), ("labels", labels)):
        if len(found) > 1:
            raise UserError(
                f"{root} holds several kinds of {what}: {', '.join(found)}",
                f"Choose one with --{what} {found[0]!r}"
                + (", or --labels none" if what == "labels" else ""),
            )
    return images[0], labels[0] if labels else ""


def _groups(root: Path) -> list[tuple[str, list[Path]]]:
    """Globs of files that belong together, each with its files: one folder, one ending, and where
    a folder holds both images and labels, one form of the name.
    """
    by_place: dict[tuple[Path, str], dict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(root.rglob("*"), key=natural):
        inside = path.relative_to(root)
        hidden = any(part.startswith(".") for part in inside.parts) or path.name == PREVIEW
        if hidden or any(is_zarr(parent) for parent in path.parents if parent != root):
            continue
        if is_zarr(path) or (path.is_file() and path.suffix.lower() in SUFFIXES):
            form = re.sub(r"\d+", "*", path.stem)
            by_place[inside.parent, path.suffix][form].append(path)
            if is_zarr(path):
                for name in sorted(p.name for p in (path / "labels").glob("*") if is_zarr(p)):
                    place = inside / "labels", ""
                    by_place[place][name].append(path / "labels" / name)
    groups = []
    for (folder, suffix), forms in by_place.items():
        parts = list(forms.values())
        if len({_is_label(root, files) for files in parts}) > 1:
            groups += [((folder / f"{form}{suffix}").as_posix(), f) for form, f in forms.items()]
        else:
            every = [path for files in parts for path in files]
            pattern = every[0].name if len(every) == 1 else f"*{suffix}"
            groups.append(((folder / pattern).as_posix(), every))
    return groups


def _is_label(root: Path, files: Sequence[Path]) -> bool:
    """Whether images are labels: most neighbours are equal, unlike in a micrograph."""
    plane = planes_of(files[len(files) // 2])
    pixels = read(plane[len(plane) // 2])
    equal = (pixels[:, 1:] == pixels[:, :-1]).mean()
    return bool(equal >= FLAT)


def _is_coco(path: Path) -> bool:
    try:
        read_coco(path)
    except UserError:
        return False
    return True


def _labelling(root: Path, pattern: str, kind: str, planes: list[Plane]) -> dict[str, Any]:
    """`labels` and `classes` of the manifest; the labels match the slices `planes`."""
    if kind and kind not in get_args(Kind):
        raise UserError(f"labels of kind {kind!r}", f"Choose one of {', '.join(get_args(Kind))}")
    if not pattern:
        return {}
    if pattern.endswith(".json"):
        about = read_coco(root / pattern)
        names = [c["name"] for c in sorted(about["categories"], key=lambda c: c["id"])]
        CocoLabels(root / pattern, planes, names)
        return {"labels": Labels(kind="coco", files=pattern), "classes": names}
    own = _planes(root, pattern)
    match(planes, own)
    looked = [label_image(plane) for plane in some_of(own)]
    found = kind or _kind(looked)
    labels = Labels.model_validate({"kind": found, "files": pattern})
    if found != "classes":
        return {"labels": labels}
    values = sorted({int(v) for image in looked for v in _values(image)})
    return {"labels": labels, "classes": {f"class{v}": v for v in values}}


def _values(image: np.ndarray) -> list[int]:
    """The values of a label but 0 and those of stray pixels."""
    values, counts = np.unique(image, return_counts=True)
    return [int(v) for v in values[counts > STRAY * image.size] if v]


def _kind(looked: list[np.ndarray]) -> Kind:
    """Masks where each label has one value; classes where few values stand for several objects
    each; else instances.
    """
    values = [_values(image) for image in looked]
    if max(map(len, values)) <= 1:
        return "masks"
    parts = [
        components(image == v, connectivity=2).max()
        for image, own in zip(looked, values, strict=True)
        for v in own
    ]
    few = len({v for own in values for v in own}) <= MOST_CLASSES
    return "classes" if few and float(np.mean(parts)) > 1.5 else "instances"


def _window(planes: Sequence[Plane]) -> tuple[float, float] | None:
    """What the images span, where they are not 8-bit."""
    looked = [luma(read(plane)) for plane in some_of(planes)]
    if looked[0].dtype in (np.uint8, bool):
        return None
    window = estimate(looked)
    return window.low, window.high


def _split(count: int) -> Blocks | Lists:
    if count < 3:
        return Lists(test=list(range(count)))
    return Blocks(gap=1 if count >= GAP_FROM else 0)
