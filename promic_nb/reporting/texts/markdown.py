"""What the texts share: tables in Markdown, and a line where results are missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from promic_nb.reporting.published import Published

MISSING = "(These results are not published yet.)"


def markdown(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown.

    Example:
        >>> print(markdown(["model", "pp"], [("ProMIC", -3.2)]))
        | model | pp |
        |---|---|
        | ProMIC | -3.2 |
    """
    lines = [header, ["---"] * len(header), *rows]
    plain = [f"| {' | '.join(map(str, cells))} |" for cells in lines]
    plain[1] = f"|{'---|' * len(header)}"
    return "\n".join(plain)


def needing(*tables: str) -> Callable[[Callable[[Published], str]], Callable[[Published], str]]:
    """Says that the results are missing where one of these tables is not published."""

    def decorated(make: Callable[[Published], str]) -> Callable[[Published], str]:
        def made(published: Published) -> str:
            there = all(published.matching(name) for name in tables)
            return make(published) if there else MISSING

        return made

    return decorated
