"""The published verdicts as files: figures/verdicts.parquet and figures/verdicts.html."""

from __future__ import annotations

import json
from pathlib import Path

import jinja2

from promic_nb.claims import DOCUMENTS, VERDICTS
from promic_nb.claims.judging import verdicts
from promic_nb.core.files import atomically
from promic_nb.reporting.published import VERDICTS as NAME
from promic_nb.reporting.published import Published


def template(name: str) -> jinja2.Template:
    """The template of an HTML page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("promic_nb.reporting", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


def write_verdicts(folder: Path) -> None:
    """Judge all claims by the published tables; write the table and the page of verdicts.

    In the table, `also` and `conditions` are JSON.

    Args:
        folder: figures/ of the project, or a copy of it.
    """
    claims, published = verdicts(folder), Published(folder)
    plain = claims.assign(
        also=claims.also.map(list).map(json.dumps), conditions=claims.conditions.map(json.dumps)
    )
    atomically(
        folder / f"{NAME}.parquet", lambda p: plain.to_parquet(p, index=False, compression="zstd")
    )
    runs: dict[str, list[str]] = {}
    for name in published.tables:
        about = published.sidecar(name)
        kind = "smoke run" if about["smoke"] else "run"
        run = f"{kind} {about['profile']} on {about['dataset'] or 'no slices'}"
        runs.setdefault(run, []).append(name)
    page = template("verdicts.html.j2").render(
        runs=runs,
        claims=claims.to_dict("records"),
        counts={v: int((claims.verdict == v).sum()) for v in VERDICTS},
        words=VERDICTS,
        documents=DOCUMENTS,
    )
    atomically(folder / f"{NAME}.html", lambda p: p.write_text(page))
