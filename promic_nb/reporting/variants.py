"""Results of variants (docs/extensions.md) as one table: what a model was trained with stands in
the sidecar of its result.
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
    """Rows of the `ap.parquet` of notebook 07 and, beside it, its `mask_ap.parquet`, with what they
    are of.

    Returns:
        dataset, recipe, rate, bpp, seed, metric, value (0..1), of ("boxes" or "masks"), variant
        ("plain", "channels", "guidance", "one model" or "masks"), and the parameters of notebook 07
        in `PARAMETERS`; channel_choice is "all" where all are read.

    Raises:
        UserError: no results, or one without its sidecar.
    """
    parts = []
    for path in map(Path, results):
        if not sidecar(path).is_file():
            raise UserError(
                f"{path} has no sidecar that says what it is of",
                "Run notebook 07 again, or make reproduce",
            )
        given = json.loads(sidecar(path).read_text())["parameters"]
        chosen = {name: given.get(name, default) for name, default in PARAMETERS.items()}
        if not chosen["channels"]:
            chosen["channel_choice"] = "all"
        for of, file in (("boxes", path), ("masks", path.with_name("mask_ap.parquet"))):
            if of == "boxes" or chosen["masks"]:
                parts.append(
                    run.read_table(file).assign(of=of, variant=_variant(chosen, given), **chosen)
                )
    if not parts:
        raise UserError(
            "no results of variants to compare",
            "Give the ap.parquet of some, or put extensions into a profile and make reproduce",
        )
    return pd.concat(parts, ignore_index=True)


def _variant(chosen: dict, given: dict) -> str:
    names = {
        "channels": chosen["channels"],
        "guidance": chosen["guidance"],
        "one model": given.get("rates"),
        "masks": chosen["masks"],
    }
    return ", ".join(name for name, there in names.items() if there) or "plain"
