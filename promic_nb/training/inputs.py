"""What a recipe sees of a stack: original or decoded slices or latents, with boxes and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from promic_nb.codecs.latents import EncodedSlices, load_rates
from promic_nb.core.fields import Augmentation, TeacherImages
from promic_nb.datasets.layout import SliceStack, Split
from promic_nb.datasets.views import IDENTITY, VIEWS, View
from promic_nb.models.card import Card, RatePoint
from promic_nb.models.recipes import RECIPES
from promic_nb.training.data import Slices
from promic_nb.training.multirate import pooled


@dataclass(frozen=True)
class RecipeInputs:
    """The slices of some splits as a recipe sees them; several rates follow one another.

    Training slices are there in each view of the augmentation, view after view.

    Attributes:
        recipe: its name.
        slices: by split.
        ids: of the slices at one rate, by split.
        encoded: by rate label and split; empty for original images.
        files: the arrays that were opened.
        classes: names of the objects.
    """

    recipe: str
    slices: dict[Split, Slices]
    ids: dict[Split, list[int]]
    encoded: dict[str, dict[str, EncodedSlices]]
    files: list[Path]
    classes: tuple[str, ...]

    @property
    def card(self) -> Card:
        """The card of a detector trained on these inputs."""
        points = (RatePoint.of(k, e["train"].signature) for k, e in self.encoded.items())
        return Card(self.recipe, self.classes, tuple(points))

    @property
    def latents(self) -> list[Sequence[np.ndarray]]:
        """The training latents of each rate."""
        return [list(e["train"].latents) for e in self.encoded.values()]

    def rates(self, split: Split, label: str) -> dict[str, float]:
        """Mean rate in bpp by label; NaN under `label` for original images."""
        count = len(self.ids[split])
        means = {k: sum(e[split].bpp) / count for k, e in self.encoded.items()}
        return means or {label: float("nan")}

    def as_they_are(self, split: Split) -> Slices:
        """The slices of a split without their other views, to measure on."""
        whole, count = self.slices[split], len(self.ids[split])
        each = len(whole.inputs) // max(1, len(self.encoded))
        at = [rate + i for rate in range(0, len(whole.inputs), each) for i in range(count)]
        return Slices(
            [whole.inputs[i] for i in at],
            [whole.boxes[i] for i in at],
            whole.size,
            [whole.labels[i] for i in at] if whole.labels else None,
            [whole.classes[i] for i in at] if whole.classes else None,
        )

    def summary(self) -> str:
        """The numbers of slices and objects in all views, as text."""
        return ", ".join(
            f"{split}: {len(s.inputs)} slices with {sum(map(len, s.boxes))} objects"
            for split, s in self.slices.items()
        )


def load_inputs(
    stack: SliceStack,
    recipe: str,
    folders: Mapping[str, str | Path],
    splits: Mapping[Split, int],
    *,
    augmentation: Augmentation = "none",
    numbered: bool = False,
    masks: bool = False,
) -> RecipeInputs:
    """The slices that a recipe is trained, validated and tested on.

    Args:
        recipe: a name in `models.recipes`.
        folders: of encoded slices, by rate label; ignored for original images.
        splits: for each split, use every Nth slice. Only for original images: encoded slices
            have been selected already.
        augmentation: of the training slices (`datasets.views.VIEWS`).
        numbered: add the number of its rate to each latent, see `multirate.pooled`.
        masks: include label images.

    Raises:
        UserError: see `codecs.latents.load_rates` and `EncodedSlices.seen_by`.
    """
    sees = RECIPES[recipe].inputs
    folders = {} if sees == "original" else folders
    encoded = load_rates(folders, splits, {"data": stack.fingerprint}, augmentation)
    kind = "latents" if sees == "latent" else "images"
    slices: dict[Split, Slices] = {}
    ids: dict[Split, list[int]] = {}
    for split, every in splits.items():
        of_rates = [e[split] for e in encoded.values()]
        ids[split] = of_rates[0].ids if of_rates else stack.ids(split, every)
        views = VIEWS[augmentation] if split == "train" else IDENTITY
        seen: list[Sequence[np.ndarray]] = [
            list(e.latents if sees == "latent" else e.images) for e in of_rates
        ] or [originals(stack, split, ids[split], views)]
        boxes, labels, classes = [], [], []
        whole = [stack.objects(split, i) for i in ids[split]]
        for view in views:
            for found in map(view.objects, whole):
                boxes.append(found.boxes)
                classes.append(found.classes)
                if masks:
                    labels.append(found.labels)
        height, width = stack.image(split, ids[split][0]).shape
        slices[split] = Slices(
            pooled(seen, numbered),
            boxes * len(seen),
            (height, width),
            labels * len(seen) if masks else None,
            classes * len(seen) if len(stack.classes) > 1 else None,
        )
    files = [Path(at) / split / f"{kind}.npy" for split in splits for at in folders.values()]
    return RecipeInputs(recipe, slices, ids, encoded, files, stack.classes)


def originals(
    stack: SliceStack, split: Split, ids: Sequence[int], views: Sequence[View]
) -> list[np.ndarray]:
    """Slices as they were taken, uint8 (H, W), in each view, view after view."""
    images = [stack.image(split, i) for i in ids]
    return [view.picture(image) for view in views for image in images]


def teacher_pixels(
    encoded: Sequence[EncodedSlices],
    images: TeacherImages,
    augmentation: Augmentation = "none",
    stack: SliceStack | None = None,
) -> Sequence[np.ndarray]:
    """The teacher's inputs while its student sees latents of training slices.

    One uint8 (H, W) per latent, rate after rate.

    Args:
        encoded: the training slices of each rate.
        images: "reconstructed", decoded at the same rate, or "original", from the `stack`.
        augmentation: whose views the encoded slices hold.
    """
    if images == "reconstructed" or stack is None:
        return pooled([list(e.images) for e in encoded])
    seen = originals(stack, "train", encoded[0].ids, VIEWS[augmentation])
    return pooled([seen] * len(encoded))
