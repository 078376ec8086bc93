"""The screen of `promic doctor`."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from promic_nb.cli.doctor.findings import Finding

MARKS = {"ok": "[green]ok[/]", "missing": "[yellow]missing[/]", "broken": "[bold red]broken[/]"}


def screen(findings: list[Finding]) -> RenderableType:
    """All findings, each with its remedy, and whether runs are possible."""
    grid = Table(box=None, show_header=False, pad_edge=False)
    part = ""
    for f in findings:
        remedy = f"\n[dim]-> {escape(f.remedy)}[/]" if f.remedy and f.state != "ok" else ""
        title = f"[bold]{f.part}[/]" if f.part != part else ""
        grid.add_row(title, MARKS[f.state], escape(f.name), escape(f.about) + remedy)
        part = f.part
    broken = [f.name for f in findings if f.state == "broken"]
    missing = sum(f.state == "missing" for f in findings)
    verdict = (
        f"[bold red]Broken: {escape(', '.join(broken))}.[/]"
        if broken
        else "[green]Ready to run.[/]"
    )
    return Group(grid, Text.from_markup(f"{verdict} Optional things missing: {missing}."))
