"""Results in the documentation come from the published tables.

Two kinds of markers, HTML comments that GitHub does not show, enclose what is generated:

    <!-- value: TABLE[COLUMN=VALUE, ...].COLUMN FORMAT -->TEXT<!-- /value -->
    <!-- text: NAME -->TEXT<!-- /text -->

A value is one cell of a published table, such as `ranking[recipe=ProMIC].bd_pp .2f`; a column may
have a factor, as in `.mean*100`. With `mean`, `min`, `max` or `count` before it, it is that of all
rows that fit. A text is what a function of `reporting.texts` makes of the
tables, such as a table in Markdown. `promic figures` fills them in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pandas as pd

from promic_nb.core.files import atomically
from promic_nb.errors import UserError
from promic_nb.reporting.published import Published
from promic_nb.reporting.texts import TEXTS

MARKER = re.compile(r"<!-- (value|text): (.+?) -->(.*?)<!-- /\1 -->", re.DOTALL)
VALUE = re.compile(
    r"((?P<over>mean|min|max|count) )?(?P<table>\w+)\[(?P<where>[^\]]*)\]"
    r"\.(?P<column>\w+)(\*(?P<factor>[\d.e-]+))? (?P<format>\S+)"
)


def pages(root: Path) -> Iterator[Path]:
    """The pages that results stand in: README.md and docs/."""
    yield from (
        p for p in (root / "README.md", *sorted((root / "docs").rglob("*.md"))) if p.exists()
    )


def fill(text: str, published: Published, page: str = "the page") -> str:
    """The text with everything between markers made anew.

    Args:
        page: its name, for messages.

    Raises:
        UserError: a marker that cannot be read, or that names what is not there.

    Example:
        >>> fill("No result: <!-- setting -->3", Published(Path()))
        'No result: <!-- setting -->3'
    """
    make: dict[str, Callable[[str], str]] = {
        "value": lambda what: value(what, published),
        "text": lambda what: TEXTS[what](published),
    }

    def filled(found: re.Match[str]) -> str:
        kind, what, before = found.groups()
        try:
            made = make[kind](what)
        except UserError as error:
            raise UserError(
                f"{page}: the marker `{kind}: {what}` cannot be filled in ({error})",
                "Correct it, or publish the table that it needs",
            ) from error
        if before.startswith("\n"):
            made = f"\n{made}\n"
        return f"<!-- {kind}: {what} -->{made}<!-- /{kind} -->"

    return MARKER.sub(filled, text)


def value(what: str, published: Published) -> str:
    """One cell of a published table, in a format.

    Raises:
        UserError: another form, an unknown table or column, or not exactly one row.
    """
    form = VALUE.fullmatch(what)
    if form is None:
        raise UserError(f"{what!r} is no value", "Write TABLE[COLUMN=VALUE, ...].COLUMN FORMAT")
    if form["table"] not in published.tables:
        raise UserError(
            f"no table {form['table']!r} is published",
            f"Published are: {', '.join(published.tables)}",
        )
    rows = published.read(form["table"])
    where = dict(part.split("=", 1) for part in form["where"].split(", ") if part)
    if unknown := {form["column"], *where} - set(rows.columns):
        raise UserError(
            f"table {form['table']!r} has no column {sorted(unknown)[0]!r}",
            f"It has: {', '.join(rows.columns)}",
        )
    for column, wanted in where.items():
        rows = rows[rows[column].astype(str) == wanted]
    if not len(rows) or (len(rows) > 1 and not form["over"]):
        raise UserError(f"{len(rows)} rows fit {what!r}", "Name the columns of exactly one")
    column = rows[form["column"]]
    cell = column.agg(form["over"]) if form["over"] else column.iloc[0]
    if pd.isna(cell):
        return "-"
    return format(cell * float(form["factor"]) if form["factor"] else cell, form["format"])


def write_pages(root: Path) -> list[str]:
    """Fill in all pages of a project; return the names of those that changed.

    Nothing is written if a marker cannot be filled in.
    """
    published = Published(root / "figures")
    made = {path: fill(path.read_text(), published, path.name) for path in pages(root)}
    changed = {path: text for path, text in made.items() if text != path.read_text()}
    for path, text in changed.items():
        atomically(path, partial(Path.write_text, data=text))
    return [path.relative_to(root).as_posix() for path in changed]
