"""The RO-Crate of a deposit: which file is what, and which version of the code made it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from promic_nb.errors import UserError

# Media types by suffix; https://www.iana.org/assignments/media-types
MEDIA_TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".csv": "text/csv",
    ".tex": "application/x-tex",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ipynb": "application/x-ipynb+json",
    ".yaml": "application/yaml",
    ".cff": "application/yaml",
    ".md": "text/markdown",
}
SPDX = "https://spdx.org/licenses/"
ARCHIVE = "https://archive.softwareheritage.org/"  # shows the commit once it is archived there


@dataclass(frozen=True)
class Commit:
    """A commit of the project.

    Attributes:
        sha: its SHA-1.
        date: when it was made.
    """

    sha: str
    date: datetime

    @property
    def swhid(self) -> str:
        """Its Software Heritage identifier (ISO/IEC 18670).

        Example:
            >>> Commit("2c7fdb8bc8b57a7e5e2bcbd3a4a0b9b5e5a1a9d3", datetime(2026, 1, 1)).swhid
            'swh:1:rev:2c7fdb8bc8b57a7e5e2bcbd3a4a0b9b5e5a1a9d3'
        """
        return swhid(self.sha)


def swhid(sha: str) -> str:
    """The Software Heritage identifier of a commit, which is its SHA-1 with a prefix."""
    return f"swh:1:rev:{sha}"


@dataclass(frozen=True)
class Item:
    """A file of a deposit.

    Attributes:
        name: its path in the deposit.
        source: a file, or the content itself.
        what: one sentence on it.
        made: the sidecar that says how it was made; empty where there is none.
    """

    name: str
    source: Path | str
    what: str
    made: dict[str, Any]

    @property
    def properties(self) -> dict[str, str]:
        """Its properties in the crate's metadata."""
        source = self.source
        text = source.encode() if isinstance(source, str) else source.read_bytes()
        return {
            "name": self.name,
            "description": self.what,
            "encodingFormat": MEDIA_TYPES.get(Path(self.name).suffix, "text/plain"),
            "contentSize": str(len(text)),
            "sha256": hashlib.sha256(text).hexdigest(),
        }


def citation(file: Path) -> dict[str, Any]:
    """What a CITATION.cff says.

    Raises:
        UserError: it is missing, or lacks title, version, license or authors.
    """
    try:
        about = yaml.safe_load(file.read_text(encoding="utf-8"))
        missing = {"title", "version", "license", "authors"} - about.keys()
    except (OSError, yaml.YAMLError, AttributeError) as error:
        raise UserError(
            f"{file} cannot be read ({error.__class__.__name__})", "Restore it from the project"
        ) from None
    if missing:
        raise UserError(f"{file} lacks {', '.join(sorted(missing))}", "Add what is missing")
    return about


def crate(
    items: list[Item], commit: Commit, about: dict[str, Any], description: str, license_file: str
) -> ROCrate:
    """The crate of these files, ready to be written.

    Args:
        commit: the code that the files lie in.
        about: what `citation` gives.
        license_file: the deposit's file with the licence.
    """
    made = ROCrate(gen_preview=True)
    made.preview["name"] = "The deposit as a page"
    root = made.root_dataset
    root["name"] = f"Results of {about['title']}"
    root["description"] = description
    root["datePublished"] = commit.date.isoformat()
    root["version"] = str(about["version"])
    license_name = about["license"]
    root["license"] = entity(
        made,
        f"{SPDX}{license_name}",
        "CreativeWork",
        name=license_name,
        description=f"The licence {license_name}, in the file {license_file}.",
    )
    authors = [_author(made, author) for author in about["authors"]]
    root["author"] = _one_or_all(authors)
    root["publisher"] = authors[0]
    if works := [_reference(made, work) for work in about.get("references", [])]:
        root["about"] = _one_or_all(works)
    files = {
        item.name: made.add_file(
            io.StringIO(item.source) if isinstance(item.source, str) else item.source,
            item.name,
            properties=item.properties,
        )
        for item in items
    }
    code = _code(made, commit.sha, about)
    root["isBasedOn"] = code
    root["mentions"] = _one_or_all(_actions(made, items, files, about))
    return made


def entity(made: ROCrate, identifier: str, kind: str, /, **properties: Any) -> ContextEntity:
    """Add an entity that is no file."""
    return made.add(ContextEntity(made, identifier, {"@type": kind, **properties}))


def _one_or_all(entities: list[ContextEntity]) -> ContextEntity | list[ContextEntity]:
    """A list, or its only entry: RO-Crate has no lists of one."""
    return entities[0] if len(entities) == 1 else entities


def _author(made: ROCrate, author: dict[str, str]) -> ContextEntity:
    if "name" in author:
        return entity(made, "#authors", "Organization", name=author["name"])
    name = f"{author['given-names']} {author['family-names']}"
    identifier = author.get("orcid", f"#{name.lower().replace(' ', '-')}")
    return entity(made, identifier, "Person", name=name)


def _reference(made: ROCrate, work: dict[str, Any]) -> ContextEntity:
    """A publication that the results are about, such as the dissertation."""
    authors = [_author(made, author) for author in work["authors"]]
    identifier = f"#{work['title'].lower().replace(' ', '-')}"
    kind = "Thesis" if work["type"] == "thesis" else "CreativeWork"
    year = str(work["year"])
    return entity(
        made, identifier, kind, name=work["title"], author=_one_or_all(authors), datePublished=year
    )


def _code(made: ROCrate, sha: str, about: dict[str, Any]) -> ContextEntity:
    """The project's code at a commit."""
    return entity(
        made,
        swhid(sha),
        "SoftwareApplication",
        name=f"{about['title']}, commit {sha[:12]}",
        identifier=swhid(sha),
        url=f"{ARCHIVE}{swhid(sha)}",
        version=sha,
    )


def _actions(
    made: ROCrate, items: list[Item], files: dict[str, Any], about: dict[str, Any]
) -> list[ContextEntity]:
    """One action for each notebook of each run: which commit of the code made which files."""
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in items:
        if item.made:
            code = item.made["code"]
            run = "/".join(filter(None, (item.made["profile"], item.made["dataset"])))
            key = (run, item.made["notebook"], code["commit"], code["uncommitted"])
            groups.setdefault(key, []).append(item)
    actions = []
    for number, ((run, notebook, sha, changes), group) in enumerate(sorted(groups.items()), 1):
        smoke = ", a smoke run" if any(item.made["smoke"] for item in group) else ""
        dirty = f", with uncommitted changes (SHA-256 {changes[:12]})" if changes else ""
        known = sha != "unknown"
        action = entity(
            made,
            f"#run-{number}",
            "CreateAction",
            name=f"Notebook {notebook} of the run {run}{smoke}",
            description=f"Code: {'commit ' + sha if known else 'unknown commit'}{dirty}",
            endTime=max(item.made["created"] for item in group),
            result=_one_or_all([files[item.name] for item in group]),
        )
        if known:
            action["instrument"] = made.get(swhid(sha)) or _code(made, sha, about)
        actions.append(action)
    return actions
