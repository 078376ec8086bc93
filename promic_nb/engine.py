"""The papermill engine `promic`: parameters are checked before a kernel starts, and kernels talk over files instead of TCP ports.

Two papermill runs at once can pick the same free TCP port (papermill issue 511); the ipc transport has no ports.

    papermill --engine promic notebooks/03_codec_benchmark.ipynb out.ipynb -p codec hevc
"""

from __future__ import annotations

import tempfile
from typing import Any

from papermill.engines import NBClientEngine
from papermill.exceptions import PapermillException
from traitlets.config import Config

from promic_nb.errors import UserError
from promic_nb.parameters import validate


class StrictEngine(NBClientEngine):
    """nbclient with strict parameters and the ipc transport."""

    @classmethod
    def execute_notebook(cls, nb, kernel_name, output_path=None, **kwargs: Any):
        about = nb.metadata.papermill
        try:
            validate(_without_injection(nb), dict(about.get("parameters", {})), about.get("input_path") or "the notebook")
        except UserError as error:
            raise PapermillException(str(error)) from None
        # A folder of its own: the default socket names are equal for all kernels of one working folder, and cross their messages.
        with tempfile.TemporaryDirectory(prefix="promic-") as sockets:
            config = Config({"KernelManager": {"transport": "ipc", "ip": f"{sockets}/k"}})
            return super().execute_notebook(nb, kernel_name, output_path, config=config, **kwargs)


def _without_injection(nb):
    """The notebook without the cell that papermill injected."""
    clean = nb.copy()
    clean["cells"] = [c for c in nb.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    return clean
