"""Walk an artifact back to its parameters, code, data and weights, and say what has gone stale."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.tree import Tree

from promic_nb.core import paths
from promic_nb.core.files import sha256
from promic_nb.errors import UserError
from promic_nb.runs.provenance import environment_lock, sidecar


def read_sidecar(path: Path) -> dict[str, Any]:
    """The sidecar of an artifact's file, e.g. of a PNG.

    Raises:
        UserError: no such file, or no sidecar beside it.
    """
    file = sidecar(path)
    if not path.exists() and not file.exists():
        raise UserError(
            f"{path} does not exist",
            "Name a figure, table or model of a run, e.g. figures/quick/phantom/ap50_over_rate.png",
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


def _changed(file: Path, digest: str) -> bool:
    return not file.is_file() or sha256(file) != digest


def stale(about: dict[str, Any], folder: Path) -> list[str]:
    """What changed since the artifact was made: its files, the code, the lock, and what it was made
    from.
    """
    root, changes = paths.root(), []
    for name, digest in about["files"].items():
        file = folder / name
        if _changed(file, digest):
            changes.append(f"{name} is {'changed' if file.is_file() else 'missing'}")
    for name, digest in about["code"]["files"].items():
        if _changed(paths.code_file(name), digest):
            changes.append(f"code {name} changed since")
    if about["environment"]["lock"] != environment_lock():
        changes.append("requirements.lock changed since")
    for name, digest in about["upstream"].items():
        if _changed(root / name, digest):
            changes.append(f"{name} was made anew or is missing")
    return changes


def explain(path: Path) -> Tree:
    """The chain of an artifact as a tree for the terminal."""
    return _branch(path, read_sidecar(path), set())


def _branch(path: Path, about: dict[str, Any], seen: set[Path]) -> Tree:
    tree = Tree(f"[bold]{_shown(path)}[/bold]  {about['caption']}")
    code = about["code"]
    dirty = " with uncommitted changes" if code["uncommitted"] else ""
    tree.add(
        f"{about['kind']} of profile {about['profile']}{' (smoke)' if about['smoke'] else ''}, made {about['created']}"
    )
    values = ", ".join(
        f"{k}={v!r}"
        for k, v in about["parameters"].items()
        if k not in ("tables", "figures", "folder", "profile")
    )
    tree.add(f"notebook {about['notebook']}: {values}", highlight=False)
    tree.add(f"code: commit {code['commit'][:12]}{dirty}, {len(code['files'])} files")
    if "data" in about:
        tree.add(f"data: {about['data']['name']}, SHA-256 {about['data']['sha256'][:12]}")
    for name, digest in about.get("weights", {}).items():
        tree.add(f"weights: {name}, SHA-256 {digest[:12]}")
    env = about["environment"]
    tree.add(
        f"machine: {env['device']}, {env['threads']} thread(s), Python {env['python']}, torch {env['packages']['torch']}, lock {env['lock'][:12]}"
    )
    for change in stale(about, path.parent):
        tree.add(f"[bold red]stale:[/bold red] {change}")
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


def _shown(path: Path) -> str:
    root = paths.root().resolve()
    return (
        str(path.resolve().relative_to(root)) if path.resolve().is_relative_to(root) else str(path)
    )
