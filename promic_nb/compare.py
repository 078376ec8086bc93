"""Two runs side by side: which artifacts differ, by how much, and which cause their sidecars name."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image
from rich.markup import escape
from rich.tree import Tree
from safetensors.numpy import load_file

from promic_nb.explain import read_sidecar
from promic_nb.provenance import read_parquet, sha256
from promic_nb.report import RunFolder

# Columns of measured times and memory: never equal twice, so they are shown and not counted.
MEASURED = frozenset(["encode_s", "decode_s", "encode_mb", "decode_mb", "encode_mpixel_s", "decode_mpixel_s", "seconds", "peak_mb"])

SHOWN = 5  # changes and reasons of an artifact on the terminal


@dataclass(frozen=True)
class Change:
    """What differs in one column, tensor, array or picture.

    Attributes:
        name: of the column or tensor.
        values: how many differ.
        absolute, relative: largest difference, and largest one as a share of the larger value; None for what is no number.
    """

    name: str
    values: int
    absolute: float | None = None
    relative: float | None = None


@dataclass
class Comparison:
    """One artifact of two runs.

    Attributes:
        artifact: its path in the run, without suffix.
        kind: table, figure, model or array.
        state: "equal"; "measured" (only measured times and memory differ, or what was drawn from them); "different"; "only in A", "only in B".
        changes: what differs in it.
        rows: rows that are in A only, and in B only.
        causes: what its sidecars name, by cause: "data", "weights", "code", "parameters", "seed", "environment", "device", "threads",
            "made from" (the artifacts before it that differ). Empty where nothing in the sidecars differs.
    """

    artifact: str
    kind: str
    state: str
    changes: list[Change] = field(default_factory=list)
    rows: tuple[int, int] = (0, 0)
    causes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """Whether it counts as a difference of the runs."""
        return self.state not in ("equal", "measured")


def compare(a: RunFolder, b: RunFolder) -> list[Comparison]:
    """All artifacts of two runs, in the order of their names.

    Raises:
        UserError: an unreadable sidecar.
    """
    ours, theirs = _artifacts(a), _artifacts(b)
    both = ours.keys() & theirs.keys()
    digests = {run: {name: sha256(path) for name, path in there.items()} for run, there in (("a", ours), ("b", theirs))}
    found = {}
    # What an artifact was made from comes first, so that "measured" is handed on.
    for name in sorted(ours.keys() | theirs.keys(), key=lambda n: (n.startswith("figures/"), n)):
        path, other = ours.get(name), theirs.get(name)
        about = read_sidecar(path or other)
        if name not in both:
            found[name] = Comparison(name, about["kind"], f"only in {'A' if path else 'B'}")
        elif digests["a"][name] == digests["b"][name]:
            found[name] = Comparison(name, about["kind"], "equal")
        else:
            found[name] = _differing(name, path, other, _causes(_plain(about, a), _plain(read_sidecar(other), b)), found)
    return [found[name] for name in sorted(found)]


def _artifacts(run: RunFolder) -> dict[str, Path]:
    """The first file of each artifact that has a sidecar, by its name in the run."""
    found = {}
    for top, prefix in ((run.path, ""), (run.figures, "figures/")):
        for note in sorted(top.rglob("*.json")):
            if note.with_suffix(".parquet").is_file() or any(note.with_suffix(s).is_file() for s in (".png", ".safetensors", ".npy")):
                suffix = next(s for s in (".parquet", ".png", ".safetensors", ".npy") if note.with_suffix(s).is_file())
                found[prefix + note.relative_to(top).with_suffix("").as_posix()] = note.with_suffix(suffix)
    return found


def _differing(name: str, a: Path, b: Path, causes: dict[str, list[str]], before: dict[str, Comparison]) -> Comparison:
    """Two files of one artifact that are not equal byte for byte."""
    kind = read_sidecar(a)["kind"]
    changes, rows = READERS[a.suffix](a, b)
    if not changes and rows == (0, 0):
        state = "equal"  # the same values, written by other versions of a library
    elif kind == "table":
        state = "measured" if rows == (0, 0) and all(c.name in MEASURED for c in changes) else "different"
    else:
        sources = [before[n] for n in causes.get("made from", ()) if n in before]
        drawn = set(causes) == {"made from"} and len(sources) == len(causes["made from"]) and all(s.state == "measured" for s in sources)
        state = "measured" if kind == "figure" and drawn else "different"
    return Comparison(name, kind, state, changes, rows, causes if state != "equal" else {})


def _tables(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    left, right = read_parquet(a), read_parquet(b)
    changes = [Change(column, len(left if column in left else right)) for column in left.columns.symmetric_difference(right.columns)]
    columns = [c for c in left.columns if c in right.columns]
    key = _key(left[columns], right[columns])
    left, right = (t.assign(_copy=t.groupby(key, dropna=False).cumcount() if key else range(len(t))) for t in (left, right))
    both = left[[*columns, "_copy"]].merge(right[[*columns, "_copy"]], on=[*key, "_copy"], how="outer", suffixes=("_a", "_b"), indicator="_side")
    side = both._side.value_counts()
    both = both[both._side == "both"]
    for column in (c for c in columns if c not in key):
        change = _values(column, both[f"{column}_a"], both[f"{column}_b"])
        changes += [change] if change.values else []
    return changes, (int(side["left_only"]), int(side["right_only"]))


def _key(a: pd.DataFrame, b: pd.DataFrame) -> list[str]:
    """The columns that tell rows apart in both tables: names first, then whole numbers, then numbers; no more than needed."""
    rank = {"b": 0, "O": 0, "i": 1, "u": 1, "f": 2}
    candidates = [c for c in a.columns if c not in MEASURED and not isinstance(a[c].iloc[0] if len(a) else None, (list, np.ndarray))]
    ordered = sorted(candidates, key=lambda c: rank.get(a[c].dtype.kind, 0))

    def unique(columns: list[str]) -> bool:
        return all(not t.duplicated(columns).any() if columns else len(t) < 2 for t in (a, b))

    key: list[str] = []
    for column in ordered:
        if unique(key):
            break
        key.append(column)
    for column in reversed(key[:]):
        rest = [c for c in key if c != column]
        key = rest if unique(rest) else key
    return key


def _values(name: str, a: Any, b: Any) -> Change:
    """How two columns or arrays of one shape differ; two NaN are equal."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return Change(name, max(a.size, b.size))
    if a.dtype.kind in "iufb" and b.dtype.kind in "iufb":
        a, b = a.astype(float), b.astype(float)
        gap = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, np.nan_to_num(np.abs(a - b), nan=np.inf))
        if not gap.any():
            return Change(name, 0)
        return Change(name, int((gap > 0).sum()), float(gap.max()), float((gap / np.fmax(np.fmax(abs(a), abs(b)), np.finfo(float).tiny)).max()))
    return Change(name, sum(str(x) != str(y) for x, y in zip(a.ravel(), b.ravel(), strict=True)))


def _models(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    left, right = load_file(a), load_file(b)
    nothing = np.empty(0)
    found = [_values(name, left.get(name, nothing), right.get(name, nothing)) for name in sorted(left.keys() | right.keys())]
    return [change for change in found if change.values], (0, 0)


def _arrays(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    change = _values("values", np.load(a, mmap_mode="r"), np.load(b, mmap_mode="r"))
    return [change] if change.values else [], (0, 0)


def _pictures(a: Path, b: Path) -> tuple[list[Change], tuple[int, int]]:
    change = _values("samples", *(np.array(Image.open(path).convert("RGB")) for path in (a, b)))
    return [change] if change.values else [], (0, 0)


READERS = {".parquet": _tables, ".safetensors": _models, ".npy": _arrays, ".png": _pictures}


def _plain(about: dict[str, Any], run: RunFolder) -> dict[str, Any]:
    """A sidecar in which the run's own folders have no name, so that those of two runs can be equal."""

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            return {strip(k): strip(v) for k, v in value.items()}
        if isinstance(value, list):
            return [strip(v) for v in value]
        if not isinstance(value, str):
            return value
        place = f"{run.profile}/{run.path.name}"
        return value.replace(f"data/runs/{place}/", "").replace(f"data/runs/{place}", "").replace(f"figures/{place}", "figures")

    return strip(about)


def _causes(a: dict[str, Any], b: dict[str, Any]) -> dict[str, list[str]]:
    """What differs between two sidecars, by cause."""
    here, there = ({**x["environment"], **x["environment"]["packages"]} for x in (a, b))
    seeds = ("seed", "seeds", "split_seed")
    given = {k: (a["parameters"].get(k), b["parameters"].get(k)) for k in a["parameters"].keys() | b["parameters"].keys()}
    pairs = {
        "data": (a.get("data"), b.get("data")),
        "weights": (a.get("weights"), b.get("weights")),
        "code": (a["code"]["files"], b["code"]["files"]),
        "parameters": tuple({k: v[i] for k, v in given.items() if k not in (*seeds, "threads")} for i in (0, 1)),
        "seed": tuple({k: v[i] for k, v in given.items() if k in seeds} for i in (0, 1)),
        "environment": tuple({k: v for k, v in x.items() if k not in ("device", "threads", "packages")} for x in (here, there)),
        "device": (here["device"], there["device"]),
        "threads": (here["threads"], there["threads"]),
    }
    made = a["upstream"].keys() | b["upstream"].keys()
    causes = {cause: _differences(*pair) for cause, pair in pairs.items()}
    causes["made from"] = sorted(str(Path(n).with_suffix("")) for n in made if a["upstream"].get(n) != b["upstream"].get(n))
    return {cause: what for cause, what in causes.items() if what}


def _differences(a: Any, b: Any) -> list[str]:
    """`key: old -> new` of what differs; hashes are cut short."""
    if isinstance(a, dict) and isinstance(b, dict):
        return [f"{k}: {_short(a.get(k))} -> {_short(b.get(k))}" for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)]
    return [] if a == b else [f"{_short(a)} -> {_short(b)}"]


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text[:12] if len(text) == 64 and " " not in text else text


def tree(found: list[Comparison]) -> Tree:
    """The comparisons for the terminal; equal artifacts are counted only."""
    counts = {state: sum(c.state == state for c in found) for state in dict.fromkeys(c.state for c in found)}
    top = Tree(f"{len(found)} artifacts: {', '.join(f'{n} {state}' for state, n in sorted(counts.items()))}")
    for c in found:
        if c.state == "equal":
            continue
        branch = top.add(f"[bold]{escape(c.artifact)}[/]  {c.kind}, [{'red' if c.differs else 'yellow'}]{c.state}[/]")
        if any(c.rows):
            branch.add(f"rows in A only: {c.rows[0]}, in B only: {c.rows[1]}")
        for x in sorted(c.changes, key=lambda x: -(x.relative or 0))[:SHOWN]:
            size = "" if x.absolute is None else f", largest difference {x.absolute:.3g} ({100 * x.relative:.3g} %)"
            branch.add(escape(f"{x.name}: {x.values} values{size}"))
        if len(c.changes) > SHOWN:
            branch.add(f"and {len(c.changes) - SHOWN} more")
        for cause, what in c.causes.items():
            branch.add(escape(f"{cause}: {', '.join(what[:SHOWN])}{f' and {len(what) - SHOWN} more' if len(what) > SHOWN else ''}"))
        if not c.causes and not c.state.startswith("only"):
            branch.add("the sidecars name no cause")
    return top


def as_json(found: list[Comparison]) -> list[dict[str, Any]]:
    """The comparisons as plain objects."""
    return [asdict(c) for c in found]
