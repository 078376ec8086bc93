"""Redraw everything that is published from the published tables: `promic figures`.

Nothing is trained or measured, and no run is read. A figure's new sidecar names the tables that it
was drawn from, with their hashes, and the code that drew it. A table's sidecar keeps what its run
recorded; only the hashes of its readable forms change.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt

from promic_nb.core.files import atomically, read_parquet, sha256
from promic_nb.errors import UserError
from promic_nb.reporting.drawing import Drawing, Figures
from promic_nb.reporting.published import (
    Published,
    all_figures,
    figures_of,
    form_of,
    refuse_mixed_runs,
)
from promic_nb.reporting.style import use_style
from promic_nb.reporting.verdicts import write_verdicts
from promic_nb.runs.provenance import code_state, environment, sidecar
from promic_nb.runs.writing import write_figure, write_forms

OF_ITS_RUN = ("smoke", "profile", "dataset", "conditions", "notebook", "parameters", "seed")
# Printed panels one by one stay in the folder of their run.
PUBLISHED = {"singles": False}
MOST_ROWS = 5000  # longer tables are published as Parquet only


@dataclass
class Redrawn:
    """What `redraw` did.

    Attributes:
        figures, tables: names of what was drawn and written.
        kept: figures that lie there but could not be redrawn, each with the reason.
        undrawn: figures that are not there, because tables are not, each with these tables.
        changed: tables that are not as their run saved them.
    """

    figures: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    kept: dict[str, str] = field(default_factory=dict)
    undrawn: dict[str, list[str]] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)


def redraw(folder: Path, note: Callable[[str], None] = lambda name: None) -> Redrawn:
    """Draw all published figures, write the readable forms of all tables, and the verdicts.

    Args:
        folder: figures/ of the project, or a copy of it.
        note: is told the name of each artifact before it is made.

    Raises:
        UserError: a table is unreadable, or has no sidecar; or a figure cannot be drawn, or would
            show several runs.
    """
    published, done = Published(folder), Redrawn()
    if not published.tables:
        raise UserError(f"there is no table in {folder}", "Publish a run: promic publish RUN")
    refuse_mixed_runs({name: published.sidecar(name) for name in published.tables})
    use_style()
    for figures in all_figures():
        if missing := published.missing(figures):
            done.undrawn[figures.names] = missing
            continue
        note(figures.names)
        done.figures += _draw(published, figures)
    for name, about in published.figures.items():
        if name not in done.figures:
            known = figures_of(about["notebook"], name)
            missing = published.missing(known) if known else []
            needs = f"needs {', '.join(missing)}" if missing else "nothing draws it from tables"
            done.kept[name] = needs
            if known:
                done.undrawn.pop(known.names, None)
    for name, path in published.tables.items():
        note(name)
        _write_forms(published, name)
        done.tables.append(name)
        if sha256(path) != published.sidecar(name)["files"][path.name]:
            done.changed.append(name)
    note("verdicts")
    write_verdicts(folder)
    return done


def _draw(published: Published, figures: Figures) -> list[str]:
    """Draw and save figures of the same tables; return their names."""
    source, upstream = published.about(figures), published.upstream(figures)
    tables = [published.read(name) for name in figures.tables]
    names = []
    with _one_line(f"{figures.names} cannot be drawn from {', '.join(figures.tables)}"):
        for drawing in figures.draw(*tables, {**source["parameters"], **PUBLISHED}):
            _save(published.folder, drawing, source, upstream)
            names.append(drawing.name)
    plt.close("all")
    return names


@contextmanager
def _one_line(what: str) -> Iterator[None]:
    """Tables of another version lack columns or parameters: one line says which."""
    try:
        yield
    except (KeyError, AttributeError, ValueError) as error:
        raise UserError(
            f"{what} ({type(error).__name__}: {error})",
            "Publish these tables again from a run of this version",
        ) from error


def _save(folder: Path, drawing: Drawing, source: dict[str, Any], upstream: dict[str, str]) -> None:
    path = folder / drawing.name
    suffixes = write_figure(drawing.figure, path)
    made = {
        "artifact": drawing.name,
        "kind": "figure",
        "caption": drawing.caption,
        "alt": drawing.alt,
        "files": {f"{drawing.name}{s}": sha256(path.with_suffix(s)) for s in suffixes},
        **{key: source[key] for key in OF_ITS_RUN if key in source},
        "upstream": dict(sorted(upstream.items())),
    }
    note = sidecar(path.with_suffix(".png"))
    before = json.loads(note.read_text()) if note.is_file() else {}
    if all(before.get(key) == value for key, value in made.items()):
        return  # as it was: the sidecar still says who drew it
    code = code_state(made["notebook"])
    code["files"] = {n: h for n, h in code["files"].items() if "/reporting/" in n}
    now = datetime.now(UTC).isoformat(timespec="seconds")
    about = {**made, "code": code, "environment": environment(), "created": now}
    atomically(note, lambda p: p.write_text(json.dumps(about, indent=1)))


def _write_forms(published: Published, name: str) -> None:
    """Write the readable forms of a table, and their hashes into its sidecar."""
    path, about = published.tables[name], published.sidecar(name)
    files = {path.name: about["files"][path.name]}  # as its run saved it
    table = read_parquet(path)
    if about["kind"] == "table" and len(table) <= MOST_ROWS:
        make = form_of(about["notebook"], name)
        with _one_line(f"table {name} cannot be shown"):
            form = (
                make(table, {**about["parameters"], "caption": about["caption"]}) if make else None
            )
        suffixes = write_forms(
            table,
            path,
            form.caption if form else about["caption"],
            form.as_latex() if form else None,
            form.as_html(name) if form else None,
        )
        files |= {f"{name}{s}": sha256(path.with_suffix(s)) for s in suffixes}
    for old in set(about["files"]) - set(files):
        path.with_name(old).unlink(missing_ok=True)
    if files != about["files"]:
        text = json.dumps({**about, "files": files}, indent=1)
        atomically(sidecar(path), lambda p: p.write_text(text))
