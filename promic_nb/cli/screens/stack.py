"""The screen of `promic stack check`."""

from __future__ import annotations

from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table

from promic_nb.datasets.own.stack import Survey


def screen(name: str, survey: Survey, picture: Path, folder: Path) -> RenderableType:
    """What a stack holds, and what can be done with it."""
    classes = list(survey.objects.get("train", {}))
    table = Table("split", "slices", *classes, box=None, pad_edge=False)
    for split, slices in survey.splits.items():
        counts = survey.objects.get(split, {})
        table.add_row(split, str(slices), *(str(counts[c]) for c in classes))
    height, width = survey.size
    unused = survey.slices - sum(survey.splits.values())
    lines = [f"{name}: {survey.slices} slices of {height}x{width} pixels, {survey.dtype}", ""]
    after = ["", f"Preview: {picture}"]
    if unused:
        after.insert(0, f"{unused} slices are in no split: gaps, or slices without a label.")
    if missing := [c for c in classes if not sum(o[c] for o in survey.objects.values())]:
        after.append(f"No label in a split shows: {', '.join(missing)}.")
    trains = all(survey.splits.values()) and sum(survey.objects.get("train", {}).values()) > 0
    after.append(
        f"Next: make reproduce DATA={folder}"
        if trains
        else "There is nothing to train on; promic encode, decode and detect work."
    )
    return Group("\n".join(lines), table, "\n".join(after))
