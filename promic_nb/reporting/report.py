"""The report of a run: one self-contained HTML page.

It shows figures, tables, the verdict on every claim, provenance and run times.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

from promic_nb.claims import DOCUMENTS, VERDICTS
from promic_nb.core.files import atomically, read_parquet
from promic_nb.core.paths import relative
from promic_nb.reporting.artifacts import CHAPTERS, durations, is_smoke, run_verdicts, sidecars
from promic_nb.reporting.formats import number, span
from promic_nb.reporting.verdicts import template
from promic_nb.runs.layout import RunFolder

MAX_ROWS = 40


def _inline(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _table_html(about: dict[str, Any]) -> tuple[str, bool]:
    """A table as HTML, and whether it is raw data, which the page collapses."""
    styled = about["path"].with_suffix(".html")
    if styled.is_file():
        return _scoped(styled.read_text()), False
    table = read_parquet(about["path"].with_suffix(".parquet"))
    html = _scoped(table.head(MAX_ROWS).map(number).to_html(index=False, border=0))
    if len(table) > MAX_ROWS:
        rest = relative(about["path"].with_suffix(".csv"))
        html += f"<p class='quiet'>{MAX_ROWS} of {len(table)} rows; all: {rest}</p>"
    return html, True


def _scoped(html: str) -> str:
    """A table whose header cells have a scope, for screen readers."""
    head, end, body = html.partition("</thead>")
    return (
        re.sub(r"<th\b", '<th scope="col"', head) + end + re.sub(r"<th\b", '<th scope="row"', body)
    )


def _shown(about: dict[str, Any]) -> dict[str, Any]:
    """A sidecar, with what the page shows of its artifact."""
    path = about["path"]
    shown = dict(
        about,
        name=relative(path.with_suffix("")),
        json=json.dumps({k: v for k, v in about.items() if k != "path"}, indent=1),
    )
    if about["kind"] == "figure":
        shown["src"] = _inline(path.with_suffix(".png"))
    else:
        shown["html"], shown["folded"] = _table_html(about)
    return shown


def write_report(run: RunFolder) -> Path:
    """Write the run's `report.html` and return its path.

    Raises:
        UserError: a sidecar or table is unreadable, or the page cannot be written.
    """
    items = [_shown(about) for about in sidecars(run) if about["kind"] != "arrays"]
    chapters: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        title = CHAPTERS.get(item["notebook"], item["notebook"])
        chapters.setdefault(title, []).append(item)
    claims = run_verdicts(run)
    page = template("report.html.j2").render(
        profile=run.profile,
        dataset=run.dataset,
        smoke=is_smoke(run),
        chapters=chapters,
        claims=claims.to_dict("records"),
        counts={v: int((claims.verdict == v).sum()) for v in VERDICTS},
        words=VERDICTS,
        documents=DOCUMENTS,
        durations=durations(run).to_dict("records"),
        newest=max(items, key=lambda item: item["created"], default={}),
        span=span,
        anchors={item["name"]: f"{item['kind']}-{item['artifact']}" for item in items},
    )
    atomically(run.report, lambda p: p.write_text(page))
    return run.report
