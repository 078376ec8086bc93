"""A deposit of results: tables, figures, verdicts, executed pages and what identifies the code,
as an RO-Crate (https://www.researchobject.org/ro-crate).

Equal results at an equal commit give an equal deposit, byte for byte.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from promic_nb.claims import VERDICTS
from promic_nb.core.files import atomically, sha256
from promic_nb.core.paths import relative
from promic_nb.errors import UserError
from promic_nb.reporting.artifacts import is_smoke, published_verdicts, run_verdicts
from promic_nb.reporting.crate import Commit, Item, citation, crate
from promic_nb.runs.explain import read_sidecar
from promic_nb.runs.layout import FIGURES, RunFolder
from promic_nb.runs.provenance import git
from promic_nb.runs.status import read_status

PROJECT = {
    "README.md": "What promic_nb is and how a run is made.",
    "CITATION.cff": "How to cite the results and the code.",
    "LICENSE": "The licence of the code and of the results.",
    "requirements.lock": "The versions and hashes of all packages.",
}
WEIGHTS = Path("data") / "weights"
COLUMNS = [  # of verdicts.csv; verdicts.json has all, with the conditions one by one
    *("id", "document", "location", "what", "printed", "published", "ours", "ours_11_points"),
    *("unit", "verdict", "conditions_met", "needs", "profile"),
]


def bundle(root: Path, out: Path, run: RunFolder | None = None) -> Path:
    """Write the deposit of a run, or of the published results; return its path.

    Args:
        root: the project, a git checkout without uncommitted changes.
        out: a folder, or a file that ends in `.zip`. It must not exist.
        run: None for the results in figures/.

    Raises:
        UserError: `out` exists or cannot be written, the project has uncommitted changes, the run
            is unfinished, or a file is not as its sidecar describes it. Nothing is written then.
    """
    if out.exists():
        raise UserError(f"{out} exists", "Remove it, or choose another path with --out")
    commit = _clean_commit(root)
    about = citation(root / "CITATION.cff")
    items, remarks = _of_run(run) if run else _published(root)
    table = run_verdicts(run) if run else published_verdicts(root)
    items += [*_verdicts(table), *_weights(root, items), *_project(root)]
    description = " ".join([_summary(run, table, commit), *remarks])
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".deposit", dir=out.parent) as folder:
            made = Path(folder) / "deposit"
            crate(items, commit, about, description, "LICENSE").write(made)
            if out.suffix == ".zip":
                atomically(out, lambda path: _zip(made, path, commit.date))
            else:
                made.rename(out)
    except OSError as error:
        raise UserError(
            f"{out} cannot be written ({error.strerror or error})",
            "Free disk space, or choose a folder that you may write to with --out",
        ) from None
    return out


def _clean_commit(root: Path) -> Commit:
    """The commit that the project is at.

    Raises:
        UserError: it is no git checkout, or has changes that no commit has.
    """
    sha, _, date = git("log", "-1", "--format=%H %cI").strip().partition(" ")
    if not sha:
        raise UserError(
            f"{root} is not a git checkout, so no commit identifies the code",
            "Make the deposit in a clone of the project",
        )
    if changed := git("status", "--porcelain").splitlines():
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(
            f"{changed[0][3:]}{more} has uncommitted changes, so no commit identifies the code",
            "Commit or remove them",
        )
    return Commit(sha, datetime.fromisoformat(date).astimezone(UTC))


def _of_run(run: RunFolder) -> tuple[list[Item], list[str]]:
    """The files of a finished run."""
    status = read_status(run)
    if status.state != "finished":
        done, total = sum(status.done.values()), sum(status.total.values())
        raise UserError(
            f"the run {run.name} is not finished: {status.state}, {done} of {total} jobs done",
            "Resume it with make reproduce",
        )
    items = [*_artifacts(run.figures), *_artifacts(run.tables), *_pages(run)]
    if run.report.is_file():
        items.append(Item(relative(run.report), run.report, "The report of the run.", {}))
    return items, []


def _published(root: Path) -> tuple[list[Item], list[str]]:
    """The published files, and the pages of the runs that made them where those are here."""
    items = list(_artifacts(root / FIGURES))
    _refuse_stale(items)
    # Figures are drawn from the tables here, not copied from a run.
    made = {
        item.name: item.made
        for item in items
        if item.made.get("dataset") and item.made["kind"] != "figure"
    }
    remarks = []
    for profile, dataset in sorted({(a["profile"], a["dataset"]) for a in made.values()}):
        run = RunFolder(profile, dataset, root)
        own = [a for a in made.values() if (a["profile"], a["dataset"]) == (profile, dataset)]
        if all(_has(run, artifact) for artifact in own):
            items += _pages(run)
        else:
            remarks.append(
                f"The executed pages of the run {run.name} are not included: the run with these "
                "results is not on the machine that made this deposit."
            )
    return items, remarks


def _refuse_stale(items: list[Item]) -> None:
    """Refuse published figures that were drawn from other versions of the published tables.

    Raises:
        UserError: there is one.
    """
    tables = {i.name: sha256(i.source) for i in items if isinstance(i.source, Path)}
    for item in items:
        for name, digest in item.made.get("upstream", {}).items():
            if item.made["kind"] == "figure" and tables.get(name, digest) != digest:
                raise UserError(
                    f"the figure {item.made['artifact']} was drawn before {name} changed",
                    "Draw it again: make figures",
                )


def _has(run: RunFolder, about: dict[str, Any]) -> bool:
    """Whether a run has the table with equal values."""
    name = f"{about['artifact']}.parquet"
    path = run.tables / name
    return path.is_file() and sha256(path) == about["files"].get(name)


def _artifacts(folder: Path) -> Iterator[Item]:
    """The files directly in a folder, with what their sidecars say.

    Raises:
        UserError: a file is not as its sidecar describes it.
    """
    about: dict[str, dict[str, Any]] = {}
    for file in sorted(folder.glob("*.json")):
        sidecar = read_sidecar(file)
        about[file.name] = sidecar
        for name, digest in sidecar["files"].items():
            path = folder / name
            if not path.is_file() or sha256(path) != digest:
                what = "has changed since it was made" if path.is_file() else "is missing"
                raise UserError(f"{path} {what}", "Make it again: make reproduce")
            about[name] = sidecar
    for path in sorted(folder.iterdir() if folder.is_dir() else []):
        if path.is_file() and not path.name.startswith("."):
            made = about.get(path.name, {})
            what = made.get("caption", "A published file.")
            if path.suffix == ".json" and made:
                what = f"How {made['artifact']} was made: parameters, code, data and machine."
            yield Item(relative(path), path, what, made)


def _pages(run: RunFolder) -> list[Item]:
    """The executed notebooks of a run."""
    return [
        Item(relative(file), file, f"The executed page {file.stem} of the run {run.name}.", {})
        for file in sorted(run.notebooks.glob("*.ipynb"))
    ]


def _verdicts(table: pd.DataFrame) -> list[Item]:
    """The verdict on each claim, as JSON and CSV."""
    what = "The verdict on each registered result of the five documents."
    return [
        Item("verdicts.json", table.to_json(orient="records", indent=1), what, {}),
        Item("verdicts.csv", table[COLUMNS].to_csv(index=False), what, {}),
    ]


def _weights(root: Path, items: list[Item]) -> list[Item]:
    """A table of the hashes of all weights: those in the repository, and those that the results
    were made from.
    """
    hashes = {relative(f): sha256(f) for f in sorted((root / WEIGHTS).glob("*.safetensors"))}
    for item in items:
        upstream = item.made.get("upstream", {})
        hashes |= {k: v for k, v in upstream.items() if k.endswith(".safetensors")}
        hashes |= item.made.get("weights", {})
    table = pd.DataFrame(sorted(hashes.items()), columns=["file", "sha256"])
    what = "SHA-256 of the weights in the repository and of the trained models in use."
    return [Item("weights.csv", table.to_csv(index=False), what, {})]


def _project(root: Path) -> list[Item]:
    """The project's files that say what the results are, whose they are, and what they need."""
    files = {name: root / name for name in PROJECT}
    if missing := [name for name, file in files.items() if not file.is_file()]:
        raise UserError(f"{root} has no {missing[0]}", "Restore it from the project")
    return [Item(name, file, PROJECT[name], {}) for name, file in files.items()]


def _summary(run: RunFolder | None, table: pd.DataFrame, commit: Commit) -> str:
    counts = [f"{n} {v}" for v in VERDICTS if (n := int((table.verdict == v).sum()))]
    of = f"of the run {run.name}" if run else "published with the package"
    smoke = " It is a smoke run, whose numbers earn no verdicts." if run and is_smoke(run) else ""
    return (
        f"Tables and figures {of}, and verdicts on {len(table)} results of the dissertation "
        f"and four related documents: {', '.join(counts)}.{smoke} The code is at commit "
        f"{commit.swhid}; the sidecar (.json) of each file names the commit that made it."
    )


def _zip(folder: Path, path: Path, date: datetime) -> None:
    """Pack a folder's files in a fixed order, all with the same date."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(f for f in folder.rglob("*") if f.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), date.timetuple()[:6])
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
