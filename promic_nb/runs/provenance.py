"""Artifacts and their origin: every figure, table and model has a JSON sidecar.

The sidecar of `NAME.png` or `NAME.parquet` is `NAME.json`. It lists the artifact's files and
their hashes, the notebook and its parameters, the code (commit, hash of uncommitted changes, hash
of each promic_nb module in use), the lock, data and weights, the device, and the artifacts that it
was made from.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promic_nb.core import paths
from promic_nb.core.code import loaded_code
from promic_nb.core.files import atomically, read_parquet, sha256
from promic_nb.core.paths import relative
from promic_nb.errors import UserError
from promic_nb.runs.writing import write_figure, write_forms

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

CONDITIONS = "PROMIC_CONDITIONS"  # as JSON; experiment/conditions.py sets it
PACKAGES = ("numpy", "torch", "torchvision", "compressai", "lightning", "pandas", "matplotlib")


def sidecar(path: Path) -> Path:
    """The sidecar of an artifact's file."""
    return path.with_suffix(".json")


@dataclass
class Run:
    """One execution of a notebook.

    It knows the notebook's parameters, records what was read, and saves the results.

    Args:
        notebook: name of the notebook, as in notebooks/.
        parameters: its parameters; `profile`, `dataset` and `seed` also get entries of their own.
        facts: hashes of data and weights, added by the notebook.

    Example:
        >>> import pandas as pd
        >>> run = Run("try", {"profile": "interactive"})
        >>> table = pd.DataFrame({"codec": ["jpeg"], "bpp": [0.5]})
        >>> run.save_table(table, "tables/rates", "Rate of a codec in bits per pixel.").name
        'rates.parquet'
    """

    notebook: str
    parameters: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)
    upstream: dict[str, str] = field(default_factory=dict)

    @classmethod
    def start(cls, notebook: str, namespace: dict[str, Any]) -> Run:
        """Start from a notebook: `run = Run.start("04_rate_distortion", globals())`.

        Sets torch's number of threads if there is a parameter `threads`.
        """
        os.chdir(
            paths.root()
        )  # so that relative paths mean the same in JupyterLab and in a batch run
        names = namespace.get("__annotations__", {})
        parameters = {name: namespace[name] for name in names}
        if "threads" in parameters:
            import torch

            torch.set_num_threads(parameters["threads"])
        return cls(notebook, parameters)

    @property
    def conditions(self) -> dict[str, Any]:
        """The conditions of the run that a job belongs to, as given by the workflow.

        They are empty for a notebook that is run by hand.
        """
        return json.loads(os.environ.get(CONDITIONS, "{}"))

    @property
    def smoke(self) -> bool:
        """Whether this run's numbers earn no verdict.

        They earn one only if the workflow says so, by the run's effective settings.
        """
        return self.conditions.get("run", {}).get("smoke", True)

    def read(self, path: str | Path) -> Path:
        """A file that this run depends on; its hash is recorded in everything saved afterwards."""
        path = Path(path)
        if not path.is_file():
            raise UserError(
                f"{path} does not exist", "Run the notebook that makes it, or make reproduce"
            )
        self.upstream[relative(path)] = sha256(path)
        return path

    def read_table(self, path: str | Path) -> pd.DataFrame:
        """A Parquet table that this run depends on; for errors see `read_parquet`."""
        return read_parquet(self.read(path))

    def save_table(
        self,
        table: pd.DataFrame,
        path: str | Path,
        caption: str,
        latex: str | None = None,
        html: str | None = None,
    ) -> Path:
        """Save a tidy table as Parquet and CSV, and formatted as LaTeX and HTML.

        Args:
            path: with or without suffix.
            caption: one sentence, with units.
            latex, html: formatted versions; by default the plain table.
        """
        path = _prepared(path)
        parquet = path.with_suffix(".parquet")
        atomically(parquet, lambda p: table.to_parquet(p, index=False, compression="zstd"))
        forms = write_forms(table, path, caption, latex, html)
        return self.stamp(path, [".parquet", *forms], "table", caption)

    def save_arrays(self, table: pd.DataFrame, path: str | Path, caption: str) -> Path:
        """Save a table of arrays (`reporting.arrays`), as Parquet only.

        Args:
            path: with or without suffix.
            caption: one sentence.
        """
        path = _prepared(path)
        parquet = path.with_suffix(".parquet")
        atomically(parquet, lambda p: table.to_parquet(p, index=False, compression="zstd"))
        return self.stamp(path, [".parquet"], "arrays", caption)

    def save_figure(self, figure: Figure, path: str | Path, caption: str, alt: str) -> Path:
        """Save a figure as PDF and PNG.

        Args:
            caption: what it shows, with units.
            alt: the same for people who cannot see it: what rises, and which line is above which.
        """
        path = _prepared(path)
        forms = write_figure(figure, path)
        return self.stamp(path, forms, "figure", caption, alt=alt)

    def stamp(
        self, path: str | Path, suffixes: list[str], kind: str, caption: str, **more: Any
    ) -> Path:
        """Write the sidecar of the files `path` with these suffixes; return the first file."""
        path = _prepared(path)
        files = {path.with_suffix(s).name: sha256(path.with_suffix(s)) for s in suffixes}
        about = {
            "artifact": path.stem,
            "kind": kind,
            "caption": caption,
            **more,
            "files": files,
            "smoke": self.smoke,
            "profile": self.parameters.get("profile", "interactive"),
            "dataset": self.parameters.get("dataset"),
            "conditions": self.conditions,
            "notebook": self.notebook,
            "parameters": self.parameters,
            "seed": self.parameters.get("seed"),
            **self.facts,
            "code": code_state(self.notebook),
            "environment": environment(),
            "upstream": dict(sorted(self.upstream.items())),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        atomically(
            sidecar(path.with_suffix(suffixes[0])),
            lambda p: p.write_text(json.dumps(about, indent=1, default=str)),
        )
        return path.with_suffix(suffixes[0])


def _prepared(path: str | Path) -> Path:
    path = Path(path)
    return (
        path
        if path.suffix in (".parquet", ".png", ".pdf", ".json", ".npy", ".safetensors")
        else path.with_name(path.name + ".json")
    )


def git(*args: str) -> str:
    """What a git command on the project prints; "" if it fails."""
    try:
        done = subprocess.run(
            ["git", "-C", str(paths.root()), *args], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def code_state(notebook: str) -> dict[str, Any]:
    """The state of the code that a notebook runs.

    It consists of the commit, the hash of uncommitted changes ("" if there are none), and the
    hashes of the notebook and of each promic_nb module in use.
    """
    changes = git("diff", "HEAD")
    page = paths.code_file(f"notebooks/{notebook}.ipynb")
    return {
        "commit": git("rev-parse", "HEAD").strip() or "unknown",
        "uncommitted": hashlib.sha256(changes.encode()).hexdigest() if changes else "",
        "files": {
            **loaded_code(),
            **({f"notebooks/{notebook}.ipynb": sha256(page)} if page.is_file() else {}),
        },
    }


def environment() -> dict[str, Any]:
    """Python, packages, device, threads and the hash of the lock."""
    import torch

    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "threads": torch.get_num_threads(),
        "packages": {name: version(name) for name in PACKAGES},
        "lock": environment_lock(),
    }


def environment_lock() -> str:
    """SHA-256 of the project's lock; "" if there is none."""
    lock = paths.root() / "requirements.lock"
    return sha256(lock) if lock.is_file() else ""
