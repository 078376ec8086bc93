"""Results of variants (docs/extensions.md) as one table.

How a model was trained is read from the sidecar of its result.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from promic_nb.errors import UserError
from promic_nb.runs.provenance import Run, sidecar

PARAMETERS = {
    "channels": 0,
    "channel_choice": "variance",
    "guidance": 0.0,
    "rate_input": "none",
    "masks": False,
}


def read_variants(run: Run, results: Sequence[str | Path]) -> pd.DataFrame:
    """The rows of each `ap.parquet` of notebook 07 and its `mask_ap.parquet`, with their variant.

    Returns:
        dataset, recipe, rate, bpp, seed, metric, value (0..1), of ("boxes" or "masks"), variant
        ("plain", "channels", "guidance", "one model" or "masks"), the parameters of notebook 07 in
        `PARAMETERS`, and model (its name in text); channel_choice is "all" if all channels are
        read.

    Raises:
        UserError: there are no results, or one has no sidecar.
    """
    parts = []
    for path in map(Path, results):
        if not sidecar(path).is_file():
            raise UserError(
                f"{path} has no sidecar that describes it",
                "Run notebook 07 again, or make reproduce",
            )
        given = json.loads(sidecar(path).read_text())["parameters"]
        chosen = {name: given.get(name, default) for name, default in PARAMETERS.items()}
        if not chosen["channels"]:
            chosen["channel_choice"] = "all"
        for of, file in (("boxes", path), ("masks", path.with_name("mask_ap.parquet"))):
            if of == "boxes" or chosen["masks"]:
                rows = run.read_table(file).assign(
                    of=of, variant=", ".join(_parts(chosen, given)) or "plain", **chosen
                )
                named = [rows.recipe.iloc[0], *_parts(chosen, given).values()]
                parts.append(rows.assign(model=", ".join(named)))
    if not parts:
        raise UserError(
            "there are no results of variants to compare",
            "Give their ap.parquet files, or add extensions to a profile and run make reproduce",
        )
    return pd.concat(parts, ignore_index=True)


def _parts(chosen: dict, given: dict) -> dict[str, str]:
    """What is varied, and how, in words."""
    words = {
        "channels": chosen["channels"]
        and f"{chosen['channels']} channels by {chosen['channel_choice']}",
        "guidance": chosen["guidance"] and f"guidance {chosen['guidance']:g}",
        "one model": given.get("rates") and f"one model ({chosen['rate_input']})",
        "masks": chosen["masks"] and "with masks",
    }
    return {name: text for name, text in words.items() if text}
