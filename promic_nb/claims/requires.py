"""The conditions of claims, and whether a run meets them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Study = Literal[
    "", "detection", "benchmark", "transform_coding", "deblocking", "latent_learning", "multitask"
]
NEAR = 1.25  # rates that differ by no more than this factor are the same rate point
AT_LEAST = ("rates", "steps", "width", "training_pictures")
AT_MOST = ("every",)


class Requires(BaseModel):
    """What a run must be like to answer a claim; what is not named does not matter.

    Attributes:
        study: whose settings the conditions are about.
        dataset: stack of micrographs; a run on the phantom never answers such a claim.
        labels: annotation of the stack.
        detector, weights: backbone and pretrained weights.
        rates: number of rate points, at least.
        steps: iterations of the shortest training, at least.
        every: every Nth slice is used, N at most.
        trained: which parts are trained, where that matters.
        stop: when the trainings end.
        pictures, faces: picture sets of the related studies.
        training_pictures: their number, at least.
        width: of networks, as a share of the printed width, at least.
        codec: the codec, where a study has one of its own.
        bpp: rate of the answering cell, up to a factor of 1.25.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    study: Study = ""
    dataset: str | None = None
    labels: str | None = None
    detector: str | None = None
    weights: str | None = None
    rates: int | None = None
    steps: int | None = None
    every: int | None = None
    trained: str | None = None
    stop: str | None = None
    pictures: str | None = None
    faces: str | None = None
    training_pictures: int | None = None
    width: float | None = None
    codec: str | None = None
    bpp: float | None = None

    def named(self) -> dict[str, Any]:
        """The conditions that are named."""
        return self.model_dump(exclude={"study"}, exclude_none=True)

    def words(self) -> str:
        """The conditions as a line of text."""
        return ", ".join(
            f"{name.replace('_', ' ')} {value}" for name, value in self.named().items()
        )


class Condition(BaseModel):
    """One condition of a claim beside what the run has (None: not recorded)."""

    name: str
    required: Any
    run: Any
    met: bool

    def __str__(self) -> str:
        has = "not recorded" if self.run is None else self.run
        return f"{self.name.replace('_', ' ')}: {has} (published: {self.required})"


def compare(requires: Requires, run: dict[str, Any]) -> list[Condition]:
    """Each condition of a claim, and whether the run meets it.

    Args:
        run: what the sidecar of the answering table records, by the names of `Requires`.

    Example:
        >>> [str(c) for c in compare(Requires(dataset="lucchi", rates=5), {"dataset": "lucchi"})]
        ['dataset: lucchi (published: lucchi)', 'rates: not recorded (published: 5)']
    """
    return [
        Condition(
            name=name, required=value, run=run.get(name), met=_met(name, value, run.get(name))
        )
        for name, value in requires.named().items()
    ]


def _met(name: str, required: Any, has: Any) -> bool:
    if has is None:
        return False
    if name in AT_LEAST:
        return bool(has >= required)
    if name in AT_MOST:
        return bool(has <= required)
    if name == "bpp":
        return required / NEAR <= has <= required * NEAR
    return bool(has == required)
