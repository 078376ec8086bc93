"""The screen of `promic codecs`."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.text import Text


def screen(entries: list[dict[str, Any]]) -> RenderableType:
    """Two lines per codec: version and settings, or what is missing and how to install it."""
    lines = []
    for about in entries:
        mark = "[green]ready[/]  " if about["available"] else "[yellow]missing[/]"
        state = escape(about["version"] or about["missing"])
        lines.append(f"{mark}  [bold]{about['codec']}[/]  {state}")
        lines.append(f"           [dim]{escape(about['encoder'] or about['remedy'])}[/]")
    return Group(*(Text.from_markup(line) for line in lines))
