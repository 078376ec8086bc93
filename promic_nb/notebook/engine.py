"""The papermill engine `promic`.

It checks parameters before a kernel starts, and its kernels communicate over files instead of TCP
ports.

Two simultaneous papermill runs can pick the same free TCP port (papermill issue 511); the ipc
transport needs no ports.

    papermill --engine promic notebooks/03_codec_benchmark.ipynb out.ipynb -p codec hevc
"""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from click import ClickException
from papermill.engines import NBClientEngine
from papermill.exceptions import PapermillException
from traitlets.config import Config

from promic_nb.errors import UserError
from promic_nb.notebook.parameters import validate


class ParameterError(PapermillException, ClickException):
    """A wrong parameter, which papermill's command prints as one line without a traceback."""

    def show(self, file: Any = None) -> None:
        print(f"promic: {self.message}", file=file or sys.stderr)


@contextmanager
def alone(output: str | None) -> Iterator[None]:
    """Let only one run at a time on this machine write the notebook `output`.

    Waits for any other one, such as a run that outlived its killed Snakemake.

    The lock ends with its process; without an output there is none.
    """
    if not output:
        yield
        return
    name = sha256(str(Path(output).resolve()).encode()).hexdigest()[:16]
    with Path(tempfile.gettempdir(), f"promic-{os.getuid()}-{name}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(
                f"promic: another run is writing {output}; waiting for it to finish",
                file=sys.stderr,
                flush=True,
            )
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


class StrictEngine(NBClientEngine):
    """nbclient with strict parameters and the ipc transport."""

    @classmethod
    def execute_notebook(cls, nb, kernel_name, output_path=None, **kwargs: Any):
        about = nb.metadata.papermill
        try:
            validate(
                _without_injection(nb),
                dict(about.get("parameters", {})),
                about.get("input_path") or "the notebook",
            )
        except UserError as error:
            raise ParameterError(str(error)) from None
        # A separate folder: the default socket names are the same for all kernels in one working
        # folder, which would mix up their messages.
        with alone(output_path), tempfile.TemporaryDirectory(prefix="promic-") as sockets:
            config = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/k"}})
            return super().execute_notebook(nb, kernel_name, output_path, config=config, **kwargs)


def _without_injection(nb):
    """The notebook without the cell that papermill injected."""
    clean = nb.copy()
    clean["cells"] = [
        c for c in nb.cells if "injected-parameters" not in c.metadata.get("tags", [])
    ]
    return clean
