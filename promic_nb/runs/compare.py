"""Compare two runs: which artifacts differ, by how much, and why, according to their sidecars."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from promic_nb.core.files import sha256
from promic_nb.runs.changes import MEASURED, READERS, Change
from promic_nb.runs.explain import read_sidecar
from promic_nb.runs.layout import RunFolder


@dataclass
class Comparison:
    """One artifact in two runs.

    Attributes:
        artifact: its path in the run, without suffix.
        kind: table, figure, model or array.
        state: "equal"; "measured" (only measured times and memory differ, or figures drawn from
            them); "different"; "only in A", "only in B".
        changes: what differs in it.
        rows: number of rows in A only, and in B only.
        causes: what differs in its sidecars, by cause: "data", "weights", "code", "parameters",
            "seed", "environment", "device", "threads", "made from" (upstream artifacts that
            differ). Empty if nothing in the sidecars differs.
    """

    artifact: str
    kind: str
    state: str
    changes: list[Change] = field(default_factory=list)
    rows: tuple[int, int] = (0, 0)
    causes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether it counts as a difference between the runs."""
        return self.state not in ("equal", "measured")


def compare(a: RunFolder, b: RunFolder) -> list[Comparison]:
    """All artifacts of two runs, in order of their names.

    Raises:
        UserError: an unreadable sidecar.
    """
    ours, theirs = _artifacts(a), _artifacts(b)
    found: dict[str, Comparison] = {}
    # Upstream artifacts come first, so that "measured" is passed on.
    for name in sorted(ours.keys() | theirs.keys(), key=lambda n: (n.startswith("figures/"), n)):
        path, other = ours.get(name), theirs.get(name)
        if path and other:
            if sha256(path) == sha256(other):
                found[name] = Comparison(name, read_sidecar(path)["kind"], "equal")
            else:
                causes = _causes(_plain(read_sidecar(path), a), _plain(read_sidecar(other), b))
                found[name] = _differing(name, path, other, causes, found)
        elif path:
            found[name] = Comparison(name, read_sidecar(path)["kind"], "only in A")
        elif other:
            found[name] = Comparison(name, read_sidecar(other)["kind"], "only in B")
    return [found[name] for name in sorted(found)]


def _artifacts(run: RunFolder) -> dict[str, Path]:
    """The first file of each artifact that has a sidecar, by its name in the run."""
    found = {}
    for top, prefix in ((run.path, ""), (run.figures, "figures/")):
        for note in sorted(top.rglob("*.json")):
            files = (note.with_suffix(suffix) for suffix in READERS)
            if first := next((file for file in files if file.is_file()), None):
                name = note.relative_to(top).with_suffix("").as_posix()
                found[prefix + name] = first
    return found


def _differing(
    name: str, a: Path, b: Path, causes: dict[str, list[str]], before: dict[str, Comparison]
) -> Comparison:
    """Compare two files of one artifact that are not equal byte for byte."""
    kind = read_sidecar(a)["kind"]
    changes, rows = READERS[a.suffix](a, b)
    if not changes and rows == (0, 0):
        state = "equal"  # the same values, written by different library versions
    elif kind == "table":
        state = (
            "measured"
            if rows == (0, 0) and all(c.name in MEASURED for c in changes)
            else "different"
        )
    else:
        sources = [before[n] for n in causes.get("made from", ()) if n in before]
        drawn = (
            set(causes) == {"made from"}
            and len(sources) == len(causes["made from"])
            and all(s.state == "measured" for s in sources)
        )
        state = "measured" if kind == "figure" and drawn else "different"
    return Comparison(name, kind, state, changes, rows, causes if state != "equal" else {})


def _plain(about: dict[str, Any], run: RunFolder) -> dict[str, Any]:
    """A sidecar without the run's own folder names, so that sidecars of two runs can be equal."""

    bare = RunFolder(run.profile, run.dataset)
    folder, figures = bare.path.as_posix(), bare.figures.as_posix()

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {strip(k): strip(v) for k, v in value.items()}
        if isinstance(value, list):
            return [strip(v) for v in value]
        if not isinstance(value, str):
            return value
        return value.replace(f"{folder}/", "").replace(folder, "").replace(figures, "figures")

    return strip(about)


def _causes(a: dict[str, Any], b: dict[str, Any]) -> dict[str, list[str]]:
    """The differences between two sidecars, by cause."""
    here, there = ({**x["environment"], **x["environment"]["packages"]} for x in (a, b))
    seeds = ("seed", "seeds", "split_seed")
    elsewhere = [*seeds, "threads", "profile"]  # seed and threads are causes of their own
    if a.get("data") and b.get("data"):
        elsewhere.append("data")  # where equal slices lie is no cause
    given = {
        k: (a["parameters"].get(k), b["parameters"].get(k))
        for k in a["parameters"].keys() | b["parameters"].keys()
    }
    pairs = {
        "data": (a.get("data"), b.get("data")),
        "weights": (a.get("weights"), b.get("weights")),
        "code": (a["code"]["files"], b["code"]["files"]),
        "parameters": tuple(
            {k: v[i] for k, v in given.items() if k not in elsewhere} for i in (0, 1)
        ),
        "seed": tuple({k: v[i] for k, v in given.items() if k in seeds} for i in (0, 1)),
        "environment": tuple(
            {k: v for k, v in x.items() if k not in ("device", "threads", "packages")}
            for x in (here, there)
        ),
        "device": (here["device"], there["device"]),
        "threads": (here["threads"], there["threads"]),
    }
    made = a["upstream"].keys() | b["upstream"].keys()
    causes = {cause: _differences(*pair) for cause, pair in pairs.items()}
    causes["made from"] = sorted(
        str(Path(n).with_suffix("")) for n in made if a["upstream"].get(n) != b["upstream"].get(n)
    )
    return {cause: what for cause, what in causes.items() if what}


def _differences(a: Any, b: Any) -> list[str]:
    """`key: old -> new` for each difference; hashes are shortened."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [
            f"{k}: {_short(a.get(k))} -> {_short(b.get(k))}"
            for k in sorted(a.keys() | b.keys())
            if a.get(k) != b.get(k)
        ]
    return [] if a == b else [f"{_short(a)} -> {_short(b)}"]


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 and " " not in text else text


def as_json(found: list[Comparison]) -> list[dict[str, Any]]:
    """The comparisons as plain objects."""
    return [asdict(c) for c in found]
