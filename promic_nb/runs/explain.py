"""Trace an artifact back to its parameters, code, data and weights, and say what is stale."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from promic_nb.core import paths
from promic_nb.core.files import sha256
from promic_nb.errors import UserError
from promic_nb.runs.provenance import environment_lock, sidecar

PLACES = ("tables", "figures", "folder", "profile")  # parameters that say where, not what


def read_sidecar(path: Path) -> dict[str, Any]:
    """The sidecar of an artifact's file, e.g. of a PNG.

    Raises:
        UserError: the file does not exist or has no sidecar.
    """
    file = sidecar(path)
    if not path.exists() and not file.exists():
        raise UserError(
            f"{path} does not exist",
            "Give a figure, table or model of a run, e.g. figures/quick/phantom/ap50_over_rate.png",
        )
    try:
        about = json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError) as error:
        raise UserError(
            f"{path} has no readable sidecar {file.name} ({error.__class__.__name__})",
            "It was not made by these notebooks",
        ) from None
    if "artifact" not in about:
        raise UserError(f"{file} is not a sidecar", "It was not made by these notebooks")
    return about


def stale(about: dict[str, Any], folder: Path) -> list[str]:
    """What has changed since the artifact was made.

    It checks the artifact's files, the code, the lock, and what the artifact was made from.

    Args:
        folder: of the artifact's files.
    """
    root, changes = paths.root(), []
    for name, digest in about["files"].items():
        file = folder / name
        if not file.is_file():
            changes.append(f"{name} is missing")
        elif sha256(file) != digest:
            changes.append(f"{name} has changed")
    code = {name: paths.code_file(name) for name in about["code"]["files"]}
    if gone := sum(not file.is_file() for file in code.values()):
        files = "1 code file" if gone == 1 else f"{gone} code files"
        exist = "no longer exists" if gone == 1 else "no longer exist"
        changes.append(f"{files} of the version that made it {exist} (moved or removed)")
    for name, digest in about["code"]["files"].items():
        if code[name].is_file() and sha256(code[name]) != digest:
            changes.append(f"code {name} changed since")
    if about["environment"]["lock"] != environment_lock():
        changes.append("requirements.lock changed since")
    if lost := sum(not (root / name).is_file() for name in about["upstream"]):
        made = "file that it was made from is" if lost == 1 else "files that it was made from are"
        changes.append(f"{lost} {made} not here (deleted, or in another copy of the project)")
    for name, digest in about["upstream"].items():
        if (root / name).is_file() and sha256(root / name) != digest:
            changes.append(f"{name} was remade since and differs")
    return changes


def explain(path: Path) -> Tree:
    """The chain of an artifact as a tree, for the terminal."""
    return _branch(path, read_sidecar(path), set())


def _branch(path: Path, about: dict[str, Any], seen: set[Path]) -> Tree:
    tree = Tree(f"[bold]{_shown(path)}[/bold]  {escape(about['caption'])}")
    for line in _facts(about):
        tree.add(escape(line), highlight=False)
    for change in stale(about, path.parent):
        tree.add(f"[bold red]stale:[/bold red] {escape(change)}")
    if about["upstream"]:
        origin = tree.add("made from")
        for name in about["upstream"]:
            upstream = paths.root() / name
            if upstream.resolve() in seen or not sidecar(upstream).is_file():
                origin.add(_shown(upstream) + ("  (above)" if upstream.resolve() in seen else ""))
                continue
            seen.add(upstream.resolve())
            origin.children.append(_branch(upstream, read_sidecar(upstream), seen))
    return tree


def _facts(about: dict[str, Any]) -> Iterator[str]:
    """The contents of the sidecar, line by line."""
    smoke = " (smoke)" if about["smoke"] else ""
    yield f"{about['kind']} of profile {about['profile']}{smoke}, made {about['created']}"
    values = {k: v for k, v in about["parameters"].items() if k not in PLACES}
    yield f"notebook {about['notebook']}: {', '.join(f'{k}={v!r}' for k, v in values.items())}"
    code = about["code"]
    dirty = " with uncommitted changes" if code["uncommitted"] else ""
    yield f"code: commit {code['commit'][:12]}{dirty}, {len(code['files'])} files"
    if "data" in about:
        yield f"data: {about['data']['name']}, SHA-256 {about['data']['sha256'][:12]}"
    for name, digest in about.get("weights", {}).items():
        yield f"weights: {name}, SHA-256 {digest[:12]}"
    env = about["environment"]
    yield (
        f"machine: {env['device']}, {env['threads']} thread(s), Python {env['python']}, "
        f"torch {env['packages']['torch']}, lock {env['lock'][:12]}"
    )


def _shown(path: Path) -> str:
    root = paths.root().resolve()
    return (
        str(path.resolve().relative_to(root)) if path.resolve().is_relative_to(root) else str(path)
    )
