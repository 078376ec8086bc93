"""`stack.yaml`: what a user says of an own stack, and its splits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from promic_nb.core.fields import Name, NonNegative, Positive, Share
from promic_nb.core.files import atomically
from promic_nb.core.window import Window
from promic_nb.errors import UserError

FILE = "stack.yaml"
BUILT_IN = ("lucchi", "kasthuri", "phantom")  # names that an own stack must not take
Kind = Literal["masks", "instances", "classes", "coco"]
ClassName = Annotated[str, Field(min_length=1, max_length=60)]
HEADER = """\
# A stack for promic_nb; docs/own-stack.md explains every key. `promic stack check` reads it.
"""


class Strict(BaseModel):
    """A section of the file: unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Labels(Strict):
    """Where the labels are, and what they say.

    Attributes:
        kind: "masks", nonzero inside objects of one class; "instances", a value for each object;
            "classes", a value for each class; "coco", a COCO JSON file.
        files: a glob below the folder, an image file of many slices, an OME-Zarr, or the JSON.
    """

    kind: Kind
    files: str


class Blocks(Strict):
    """Contiguous blocks of labelled slices: training, validation, test.

    Attributes:
        train, val, test: shares, which add up to 1.
        gap: slices left out between two blocks, because neighbours look alike.
    """

    train: Share = 0.6
    val: Share = 0.15
    test: Share = 0.25
    gap: NonNegative = 1

    @model_validator(mode="after")
    def _whole(self) -> Blocks:
        if abs(self.train + self.val + self.test - 1) > 1e-6:
            raise ValueError("the shares train, val and test must add up to 1")
        return self

    def ids(self, among: list[int]) -> dict[str, list[int]]:
        """The slices of each split.

        Raises:
            UserError: too few slices.

        Example:
            >>> Blocks(train=0.5, val=0.25, test=0.25, gap=1).ids(list(range(10)))
            {'train': [0, 1, 2, 3], 'val': [5, 6], 'test': [8, 9]}
        """
        count = len(among) - 2 * self.gap
        val, test = (max(1, round(share * count)) for share in (self.val, self.test))
        train = count - val - test
        if train < 1:
            raise UserError(
                f"{len(among)} slices are too few for three blocks with a gap of {self.gap}",
                "Set split.gap to 0, or list the slices of each split",
            )
        second, third = train + self.gap, train + val + 2 * self.gap
        return {
            "train": among[:train],
            "val": among[second : second + val],
            "test": among[third:],
        }


class Lists(Strict):
    """The slices of each split by number, from 0."""

    train: list[NonNegative] = []
    val: list[NonNegative] = []
    test: list[NonNegative]

    @model_validator(mode="after")
    def _apart(self) -> Lists:
        every = [*self.train, *self.val, *self.test]
        if doubled := sorted({i for i in every if every.count(i) > 1}):
            raise ValueError(f"slice {doubled[0]} is listed twice")
        return self

    def ids(self, among: list[int]) -> dict[str, list[int]]:
        """The slices of each split; raises `UserError` where one of them is not `among` those
        that can be used.
        """
        listed = {"train": sorted(self.train), "val": sorted(self.val), "test": sorted(self.test)}
        for split, ids in listed.items():
            if missing := sorted(set(ids) - set(among)):
                raise UserError(
                    f"split.{split} lists slice {missing[0]}, which does not exist or has no label",
                    f"Choose from {len(among)} slices, {among[0]} to {among[-1]}",
                )
        return listed


def _form(split: Any) -> str:
    """Whether a split is given as lists of slices or as blocks."""
    listed = isinstance(split, Lists) or (
        isinstance(split, dict) and any(isinstance(value, list) for value in split.values())
    )
    return "lists" if listed else "blocks"


Split = Annotated[
    Annotated[Blocks, Tag("blocks")] | Annotated[Lists, Tag("lists")], Discriminator(_form)
]


class Manifest(Strict):
    """The content of `stack.yaml`.

    Attributes:
        name: part of output paths, and in captions.
        images: a glob below the folder, an image file of many slices, or an OME-Zarr.
        labels: None where there are none.
        classes: names of the objects; for labels of kind "classes" name to value.
        pixel_size_nm: side of a pixel in nanometres; None where it is not known.
        window: samples that become 0 and 255, for images that are not 8-bit.
        split: which slices train, validate and test.
    """

    name: Name
    images: str
    labels: Labels | None = None
    classes: dict[ClassName, int] | list[ClassName] = Field(default=["mitochondrion"], min_length=1)
    pixel_size_nm: Positive | None = None
    window: tuple[float, float] | None = None
    split: Split = Blocks()

    @model_validator(mode="after")
    def _consistent(self) -> Manifest:
        if self.name in BUILT_IN:
            raise ValueError(f"the name {self.name!r} is that of a built-in data set")
        if self.window:
            Window(*self.window)
        valued = isinstance(self.classes, dict)
        if self.labels and valued != (self.labels.kind == "classes"):
            form = "name: value" if not valued else "a list of names"
            raise ValueError(f"for labels of kind {self.labels.kind!r}, classes must be {form}")
        if self.labels and self.labels.kind in ("masks", "instances") and len(self.classes) > 1:
            raise ValueError(f"labels of kind {self.labels.kind!r} have one class")
        return self

    @classmethod
    def of(cls, values: Any, where: Path) -> Manifest:
        """A manifest from the values of its keys.

        Raises:
            UserError: a wrong key or value; it and the file `where` are named.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(str(part) for part in first["loc"] if part not in ("blocks", "lists"))
            what = first["msg"].removeprefix("Value error, ").rstrip(".")
            place = f"{where}: {key}" if key else f"{where}"
            raise UserError(f"{place}: {what}", "See docs/own-stack.md") from None

    def write(self, folder: Path) -> Path:
        """Write the file into a folder; returns its path."""
        text = yaml.safe_dump(
            self.model_dump(mode="json"),
            sort_keys=False,
            default_flow_style=None,
            allow_unicode=True,
            width=96,
        )
        atomically(folder / FILE, lambda p: p.write_text(HEADER + text))
        return folder / FILE


def has_manifest(folder: str | Path) -> bool:
    """Whether a folder holds an own stack."""
    return bool(str(folder)) and (Path(folder) / FILE).is_file()


def read_manifest(folder: str | Path) -> Manifest:
    """The `stack.yaml` of a folder.

    Raises:
        UserError: no such file, or a wrong key or value, which is named.
    """
    file = Path(folder) / FILE
    if not file.is_file():
        raise UserError(f"{file} does not exist", f"Make one: promic stack init {folder}")
    try:
        values = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is no YAML ({error})", "See docs/own-stack.md") from None
    return Manifest.of(values, file)
