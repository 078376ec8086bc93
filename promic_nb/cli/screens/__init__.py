"""What the commands show on a terminal: one module for each, drawn with rich."""

from __future__ import annotations

from rich.console import Console, RenderableType


def show(screen: RenderableType, soft_wrap: bool = False) -> None:
    """Print a screen.

    With `soft_wrap`, the terminal breaks long lines, so that they can be searched and copied.
    """
    Console(highlight=False, soft_wrap=soft_wrap).print(screen)
