"""The screen of `promic compare`."""

from __future__ import annotations

from collections import Counter

from rich.console import RenderableType
from rich.markup import escape
from rich.tree import Tree

from promic_nb.runs.changes import Change
from promic_nb.runs.compare import Comparison

SHOWN = 5  # maximum number of changes and reasons per artifact


def screen(found: list[Comparison]) -> RenderableType:
    """The artifacts that differ, how and why; equal artifacts are only counted."""
    counts = sorted(Counter(c.state for c in found).items())
    top = Tree(f"{len(found)} artifacts: {', '.join(f'{n} {state}' for state, n in counts)}")
    for c in found:
        if c.state != "equal":
            top.children.append(_branch(c))
    return top


def _branch(c: Comparison) -> Tree:
    state = f"[{'red' if c.differs else 'yellow'}]{c.state}[/]"
    branch = Tree(f"[bold]{escape(c.artifact)}[/]  {c.kind}, {state}")
    if any(c.rows):
        branch.add(f"rows in A only: {c.rows[0]}, in B only: {c.rows[1]}")
    for change in sorted(c.changes, key=lambda x: -(x.relative or 0))[:SHOWN]:
        branch.add(escape(_change(change)))
    if len(c.changes) > SHOWN:
        branch.add(f"and {len(c.changes) - SHOWN} more")
    for cause, what in c.causes.items():
        more = f" and {len(what) - SHOWN} more" if len(what) > SHOWN else ""
        branch.add(escape(f"{cause}: {', '.join(what[:SHOWN])}{more}"))
    if not c.causes and not c.state.startswith("only"):
        branch.add("the sidecars name no cause")
    return branch


def _change(change: Change) -> str:
    size = ""
    if change.absolute is not None and change.relative is not None:
        percent = 100 * change.relative
        size = f", largest difference {change.absolute:.3g} ({percent:.3g} %)"
    return f"{change.name}: {change.values} values{size}"
