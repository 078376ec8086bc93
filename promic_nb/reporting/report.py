"""The report of a run: one self-contained HTML page with figures, tables, verdicts on every claim,
provenance and run times.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from promic_nb.claims import DOCUMENTS, verdicts
from promic_nb.core.files import atomically, read_parquet
from promic_nb.core.paths import relative
from promic_nb.errors import UserError
from promic_nb.runs.explain import read_sidecar
from promic_nb.runs.layout import RunFolder

CHAPTERS = {
    "00_quickstart": "Quickstart",
    "01_dataset": "The slices",
    "03_codec_benchmark": "Codecs",
    "04_rate_distortion": "Rate and distortion",
    "05_latents": "Latents",
    "06_guided_translator": "Translators",
    "07_train_detector": "Models",
    "08_detection": "Detection over rate",
    "09_conformance": "Conformance of the metrics",
    "10_complexity": "Complexity",
    "11_transform_coding": "Study: transform coding, step by step",
    "12_train_deblocking": "Study: deblocking networks",
    "13_deblocking": "Study: JPEG deblocking of blood cells",
    "14_latent_learning_train": "Learning from the latent: one rate",
    "15_latent_learning": "Learning from the CNN-based compressed domain",
    "16_multitask_train": "One decoder, several tasks: trainings",
    "17_multitask": "Reconstruction, super-resolution and recognition",
    "19_features": "Feature maps",
    "20_cross_rate": "Models on other rates",
    "21_probes": "Inside the models",
    "22_search": "Search for hyperparameters",
    "23_search_results": "Hyperparameters",
    "18_extensions": "Beyond the dissertation",
}
VERDICT_ORDER = ("reproduced", "within tolerance", "not reproduced", "smoke", "not run")
WORDS = {
    "reproduced": "equal to the published number as printed",
    "within tolerance": "as near as the claim allows",
    "not reproduced": "measured, and different",
    "smoke": "measured by a smoke profile, which earns no verdict",
    "not run": "not measured in this run",
}
MAX_ROWS = 40


def sidecars(run: RunFolder) -> list[dict[str, Any]]:
    """Sidecars of a run's figures and tables in chapter order, each with its `path`."""
    files = [f for folder in (run.figures, run.tables) for f in sorted(folder.glob("*.json"))]
    order = list(CHAPTERS)

    def place(about: dict[str, Any]) -> tuple[int, str, str]:
        known = about["notebook"] in order
        chapter = order.index(about["notebook"]) if known else len(order)
        return chapter, about["kind"], about["artifact"]

    return sorted(({**read_sidecar(file), "path": file} for file in files), key=place)


def is_smoke(run: RunFolder) -> bool:
    """Whether any artifact is stamped as a smoke run's."""
    return any(about["smoke"] for about in sidecars(run))


def run_verdicts(run: RunFolder) -> pd.DataFrame:
    """Verdicts on all claims by a run's tables."""
    return verdicts(run.tables, run.profile, is_smoke(run))


def durations(run: RunFolder) -> pd.DataFrame:
    """Seconds that each executed notebook took, the slowest first, with the peak memory that
    Snakemake saw ("" where it did not look).
    """
    rows = []
    for file in sorted(run.notebooks.glob("*.ipynb")):
        about = json.loads(file.read_text())["metadata"].get("papermill", {})
        if not about.get("duration"):
            continue
        seen = run.benchmark(file.stem)
        memory = (
            pd.read_csv(seen, sep="\t", na_values="-").max_rss.max()
            if seen.is_file()
            else float("nan")
        )
        rows.append(
            (
                file.stem,
                about["duration"],
                about["end_time"][:19],
                "" if pd.isna(memory) else f"{memory / 1e3:.2f} GB",
            )
        )
    return pd.DataFrame(rows, columns=["notebook", "seconds", "ended", "memory"]).sort_values(
        "seconds", ascending=False
    )


def span(seconds: float | None) -> str:
    """Seconds in words of two units at most; "?" where they are not known (None or NaN)."""
    if seconds is None or seconds != seconds:
        return "?"
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return (
        f"{hours} h {m:02d} min"
        if hours
        else f"{m} min {s:02d} s"
        if m
        else f"{seconds:.1f} s"
        if seconds < 10
        else f"{s} s"
    )


def number(value: Any) -> str:
    """A table cell in short form."""
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:.4g}"
    return str(value)


def _inline(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def _table_html(about: dict[str, Any]) -> tuple[str, bool]:
    """A table as HTML, and whether it is raw data that the page folds away."""
    styled = about["path"].with_suffix(".html")
    if styled.is_file():
        return _scoped(styled.read_text()), False
    table = read_parquet(about["path"].with_suffix(".parquet"))
    cut = (
        f"<p class='quiet'>{MAX_ROWS} of {len(table)} rows; the rest: {relative(about['path'].with_suffix('.csv'))}</p>"
        if len(table) > MAX_ROWS
        else ""
    )
    return _scoped(table.head(MAX_ROWS).map(number).to_html(index=False, border=0)) + cut, True


def _scoped(html: str) -> str:
    """A table whose header cells say what they head, for those who hear it."""
    head, end, body = html.partition("</thead>")
    return (
        re.sub(r"<th\b", '<th scope="col"', head) + end + re.sub(r"<th\b", '<th scope="row"', body)
    )


def publish(run: RunFolder, names: list[str], target: Path) -> list[Path]:
    """Copy artifacts of a run, all their files and the sidecar, to the folder `target`; return the
    copies.

    Raises:
        UserError: the run has no such artifact, or a figure and a table of that name, whose
            sidecars would be one file; nothing is copied then.
    """
    found = sidecars(run)
    there = {a["artifact"]: a for a in found}
    count = Counter(a["artifact"] for a in found)
    if twice := [n for n in names if count[n] > 1]:
        raise UserError(
            f"the run {run.profile}/{run.dataset} has a figure and a table called {twice[0]!r}",
            "Rename one in its notebook",
        )
    if missing := [n for n in names if n not in there]:
        raise UserError(
            f"the run {run.profile}/{run.dataset} has no {missing[0]!r}",
            f"It has: {', '.join(there)}",
        )
    files = [
        there[n]["path"].parent / f
        for n in names
        for f in (*there[n]["files"], there[n]["path"].name)
    ]
    target.mkdir(exist_ok=True)
    return [Path(shutil.copy2(f, target / f.name)) for f in files]


def write_report(run: RunFolder) -> Path:
    """Write the run's `report.html` and return its path."""
    chapters: dict[str, list[dict[str, Any]]] = {}
    for about in sidecars(run):
        shown = dict(
            about,
            name=relative(about["path"].with_suffix("")),
            json=json.dumps({k: v for k, v in about.items() if k != "path"}, indent=1),
        )
        if about["kind"] == "figure":
            shown["src"] = _inline(about["path"].with_suffix(".png"))
        else:
            shown["html"], shown["folded"] = _table_html(about)
        chapters.setdefault(CHAPTERS.get(about["notebook"], about["notebook"]), []).append(shown)
    claims = run_verdicts(run)
    counts = {v: int((claims.verdict == v).sum()) for v in VERDICT_ORDER}
    newest = max(
        (a for items in chapters.values() for a in items), key=lambda a: a["created"], default={}
    )
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("promic_nb.reporting", "."),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(
        profile=run.profile,
        dataset=run.dataset,
        smoke=is_smoke(run),
        chapters=chapters,
        claims=claims.to_dict("records"),
        counts=counts,
        words=WORDS,
        documents=DOCUMENTS,
        durations=durations(run).to_dict("records"),
        newest=newest,
        span=span,
        anchors={
            item["name"]: f"{item['kind']}-{item['artifact']}"
            for items in chapters.values()
            for item in items
        },
    )
    out = run.report
    atomically(out, lambda p: p.write_text(page))
    return out
