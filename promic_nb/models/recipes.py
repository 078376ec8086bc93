"""The models of the ablation (Table 6) as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from promic_nb.core.fields import FirstNorm
from promic_nb.core.registry import Registry
from promic_nb.errors import UserError


@dataclass(frozen=True)
class Recipe:
    """How a detector is built and trained.

    Attributes:
        inputs: what it sees: "original" or "reconstructed" pixels, or the "latent".
        lrb: Lightweight Residual Block in the translator.
        gdtt: translator trained first to match the teacher's stage-2 features (Guided Domain
            Translator Training, Eq. 40).
        pd_ft: stages 3-5 frozen at first, then all free (Pixel Domain Fine Tuning). Without it, a
            latent model trains all parts at
            once, unless only GDTT is asked for: then nothing is trained after it.
        label: for figures.
    """

    inputs: Literal["original", "reconstructed", "latent"]
    lrb: bool = False
    gdtt: bool = False
    pd_ft: bool = False
    label: str = ""

    @property
    def trains_detector(self) -> bool:
        """False for D and H, which put the guided translator before the untouched teacher."""
        return not self.gdtt or self.pd_ft

    def check(
        self, *, guidance: float = 0, masks: bool = False, rates: bool = False, channels: int = 0
    ) -> None:
        """Raises `UserError` for an extension (docs/extensions.md) that means nothing for this
        recipe.
        """
        if (guidance or rates or channels) and self.inputs != "latent":
            raise UserError(
                f"{self.label} reads no latent: guidance, rates and channels mean nothing to it",
                "Choose one of B to H or ProMIC",
            )
        if (guidance or masks) and not self.trains_detector:
            raise UserError(
                f"{self.label} trains nothing behind its translator: no guidance, no masks",
                "Choose a recipe with PD-FT, or B or F",
            )


_RECIPES = {
    "original": Recipe("original", label="Original Images"),
    "A": Recipe("reconstructed", label="Model A"),
    "B": Recipe("latent", label="Model B"),
    "C": Recipe("latent", pd_ft=True, label="Model C"),
    "D": Recipe("latent", gdtt=True, label="Model D"),
    "E": Recipe("latent", gdtt=True, pd_ft=True, label="Model E"),
    "F": Recipe("latent", lrb=True, label="Model F"),
    "G": Recipe("latent", lrb=True, pd_ft=True, label="Model G"),
    "H": Recipe("latent", lrb=True, gdtt=True, label="Model H"),
    "ProMIC": Recipe("latent", lrb=True, gdtt=True, pd_ft=True, label="ProMIC"),
}
RECIPES = Registry.of("recipe", _RECIPES, __name__)
RecipeName = Annotated[str, RECIPES]


@dataclass(frozen=True)
class Study:
    """What two studies of the same recipes differ in.

    Attributes:
        first_norm: how the translator's first batch norm starts (`TranslatorConfig`).
    """

    first_norm: FirstNorm


# "printed" builds the translator as the dissertation does; "improved" as the diagnosis on
# validation slices found better (docs/ablation.md). Both train on true latents of mirrored slices.
STUDIES = {"printed": Study("one"), "improved": Study("natural")}
StudyName = Literal["printed", "improved"]

# The pairs that the ablation compares, in the order of Figs. 36-49 (AP50 and AP75) and 64-105 (all
# six), and what the second adds.
COMPARISONS: dict[tuple[str, str], str] = {
    ("B", "F"): "LRB",
    ("B", "C"): "PD-FT",
    ("F", "G"): "PD-FT, with LRB",
    ("B", "D"): "GDTT",
    ("F", "H"): "GDTT, with LRB",
    ("D", "E"): "PD-FT after GDTT",
    ("H", "ProMIC"): "PD-FT after GDTT, with LRB",
}
